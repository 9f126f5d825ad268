"""What other people's runtimes, and other converters, make of our files and models."""
