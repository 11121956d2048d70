"""Files that are there whole or not at all. Without any package, for the process that starts jobs."""

import os
import secrets
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path):
    """Give a temporary path beside `path`, of a name that no reader of its folder takes for data; rename it to `path` once
    the block has ended well.

    Raises OSError with the name of `path`, whoever wrote and whatever was missing.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # some file systems say only now that they are full
        temporary.replace(path)
    except OSError as error:
        raise OSError(
            error.errno, os.strerror(error.errno or 0) if error.errno else str(error), str(path)
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def not_a_file(path: Path) -> bool:
    """Whether something else than a file is there: to open a pipe would wait for ever."""
    return path.exists() and not path.is_file()


def remove_temporaries(paths: Iterable[str | Path]) -> None:
    """Remove what a killed process has left of writing these files."""
    for path in map(Path, paths):
        for left in path.parent.glob(f".{path.name}.{'[0-9a-f]' * 8}.part"):
            left.unlink(missing_ok=True)
