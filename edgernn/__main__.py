"""`python -m edgernn`: the console script, where it is not on the path."""

from edgernn.cli.main import run

if __name__ == "__main__":
    run()
