"""What a small network learns from: a teacher, its soft labels, and a table of n-grams."""
