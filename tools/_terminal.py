"""How every tool begins: with its arguments, and how it prints."""

import argparse
import signal
import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).resolve().parents[1] / "scripts")
)  # not another clone's that is installed


def parser(text: str, usage: str | None = None) -> argparse.ArgumentParser:
    """The arguments of a tool, whose docstring is its help.

    Where an option takes several values, `usage` says what stands before it: argparse's own would put it where it swallows them.
    """
    raw = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(description=text, usage=usage, formatter_class=raw)


def begin(arguments: argparse.ArgumentParser) -> None:
    """Prints from here on, what a terminal has no letters for in escapes, and no more once its reader has enough.

    Called before what is slow to import: --help and mistakes in the arguments end here.
    """
    sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head -1` ends a tool, as it ends cat
    arguments.parse_args()
