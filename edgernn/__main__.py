"""The console script `edgernn`, and `python -m edgernn`."""

import signal

__all__ = ["run"]


def run() -> None:
    """Run the command line."""
    # Outside of a command, as while Python imports or ends, Ctrl-C would be a traceback: it ends in
    # silence.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from edgernn.cli.main import run as run_command

    run_command()


if __name__ == "__main__":
    run()
