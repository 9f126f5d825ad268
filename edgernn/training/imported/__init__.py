"""A person's own Keras model and vocabulary made into a run folder, without running their code."""
