"""What `edgernn train` makes of somebody's own data, beside what is otherwise trained on it."""
