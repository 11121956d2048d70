"""The process that starts jobs, and what jobs know of it: its number, its command, its configuration.

Handed on in the environment, so that none of it is a reason to run a job again.
"""

import errno
import fcntl
import json
import logging
import os
import shlex
import signal
import socket
import stat
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from lazytraining.workflow import digest

_DRIVER, _COMMAND, _CONFIGURATIONS, _CONTENT = (
    "LAZYTRAINING_DRIVER",
    "LAZYTRAINING_COMMAND",
    "LAZYTRAINING_CONFIGURATIONS",
    "LAZYTRAINING_CONTENT",
)
_DRAWING = {"MPLBACKEND": "Agg", "MATPLOTLIBRC": os.devnull}
"""Figures are drawn as the workflow says, not as a notebook around it or a user's matplotlibrc."""
_PYTHON = sys.executable
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LockedError(Exception):
    """Another process makes these results."""


def announce(command: str, configuration: str, results: str) -> None:
    """Tell jobs that this process starts from now on, and have them import the library that it has imported.

    A process may make several folders of results, if its workflow imports this one more than once.
    """
    sys.executable = shlex.quote(_PYTHON)  # which Snakemake puts into a job's command as it is
    known = _configurations() if os.environ.get(_DRIVER) == str(os.getpid()) else {}
    told = {_DRIVER: str(os.getpid()), _COMMAND: command}
    told[_CONFIGURATIONS] = json.dumps(known | {results: configuration})
    os.environ.update(told | {_CONTENT: digest.content()} | _DRAWING)
    if digest.INSTALLED:
        return
    first, *others = str(digest.SCRIPTS), *os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([first, *(path for path in others if path not in ("", first))])


def command() -> str:
    """The driver's command, without the files that it is to make."""
    return os.environ.get(_COMMAND, "snakemake")


def configuration(path: str | Path) -> str:
    """Digest of the whole configuration behind a file."""
    known = _configurations()
    return known.get(_folder_of(Path(path)), next(iter(known.values()), "unknown"))


def _configurations() -> dict[str, str]:
    """The digest of the configuration of each folder of results."""
    return json.loads(os.environ.get(_CONFIGURATIONS, "{}"))


def _folder_of(path: Path) -> str:
    """The folder of results that a file is in; its own folder if it is in none of them."""
    return max(
        (one for one in _configurations() if path.is_relative_to(one)), key=len, default=str(path.parent)
    )


def has_this_code() -> bool:
    """Whether the driver, if there is one, had the same code when it began."""
    return os.environ.get(_CONTENT) in (None, digest.content())


def set_aside(path: Path) -> Path:
    """Move a damaged file out of its data set. Raises OSError."""
    results = Path(_folder_of(path))
    aside = results / "damaged" / path.relative_to(results)
    aside.parent.mkdir(parents=True, exist_ok=True)
    return path.replace(aside)


def end_with_driver() -> None:
    """End this process soon after the driver's end: two would write the same files, once there is another driver."""

    def watch(driver: int) -> None:
        while True:
            try:
                os.kill(driver, 0)
            except ProcessLookupError:
                os._exit(1)
            time.sleep(0.5)

    if _DRIVER in os.environ:
        threading.Thread(target=watch, args=[int(os.environ[_DRIVER])], daemon=True).start()


def own_file(path: Path, flags: int) -> int:
    """The descriptor of a file that is here and nowhere else, made if there is none. Raises OSError for a link, whose target would be written, and
    for a pipe, which would wait for a reader."""
    flags |= os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise OSError(error.errno, "a link or a pipe, not a file", str(path)) from None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(descriptor)
        raise OSError(errno.EINVAL, "a link or a pipe, not a file", str(path))
    return descriptor


def lock(path: Path) -> TextIO:
    """A lock that goes with this process, however it ends, as long as the returned file is open.

    Raises LockedError, which says who has it; OSError if the file can't be written or is another's, or its file system has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.fdopen(own_file(path, os.O_RDWR), "r+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise LockedError(file.read().strip()) from None
    file.truncate(0)
    print(f"process {os.getpid()} on {socket.gethostname()}", file=file, flush=True)
    return file


def end_when_told(mark: str) -> None:
    """On Ctrl-C, SIGTERM and SIGHUP: one line, then the end of this process and of all under it that have `mark` in
    their command."""

    def end(number: int, frame) -> None:
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        name = signal.Signals(number).name
        same = shlex.join(["snakemake", *sys.argv[1:]])
        line = f"\nStopped by {name}. What is finished stays; the same command goes on: {same}\n"
        os.write(2, line.encode())
        logging.disable()  # of jobs that have failed because they were ended
        threading.Thread(target=_end_children, args=[mark], daemon=True).start()
        sys.exit(128 + number)

    for one in _SIGNALS:
        if signal.getsignal(one) != signal.SIG_IGN:  # as under nohup
            signal.signal(one, end)


def _end_children(mark: str) -> None:
    import psutil

    while True:  # others may be on their way
        for process in psutil.Process().children(recursive=True):
            try:
                if mark in " ".join(process.cmdline()):
                    process.terminate()
            except psutil.Error:
                pass
        time.sleep(0.2)
