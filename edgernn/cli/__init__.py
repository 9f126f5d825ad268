"""The command line: parse, call, print; a command imports what it needs when it runs."""

from edgernn.cli.garbage import look_seldom

__all__ = ["look_seldom"]

look_seldom()
