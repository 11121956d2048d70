"""How every tool prints: what a terminal has no letters for in escapes, and no more once its reader has enough."""

import signal
import sys


def prepare() -> None:
    sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head -1` ends a tool, as it ends cat
