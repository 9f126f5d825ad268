"""Data, recipes, models, fitting and evaluating; Keras is imported when a function needs it."""
