"""Recipes: everything that makes one trained model, as data."""
