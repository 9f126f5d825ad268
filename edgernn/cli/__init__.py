"""The command line: parse, call, print; a command imports what it needs when it runs."""
