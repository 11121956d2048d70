"""CIFAR-10's binary archive (Krizhevsky 2009): where it is kept, and fetched from if it is not there."""

import hashlib
import http.client
import shutil
import urllib.request
from functools import partial
from pathlib import Path

from lazytraining.files import whole

FOLDER = "data"
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"


class LackingArchiveError(Exception):
    """The archive is not there; the text says what to do by hand."""


def archive() -> Path:
    """Beside where the workflow runs."""
    return Path(FOLDER, URL.rpartition("/")[2])


def fetch() -> Path:
    """The archive, fetched if it is not there or not whole. Raises LackingArchiveError, in one line, if it can't be."""
    path = archive()
    found = _md5(path)
    if found == MD5:
        return path
    other = f"{path} is not CIFAR-10 (md5 {found}). " if found else ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            urllib.request.urlopen(URL, timeout=60) as source,
            whole.replacing(path) as temporary,
            temporary.open("wb") as file,
        ):
            shutil.copyfileobj(source, file)
        why = "" if (fetched := _md5(path)) == MD5 else f"what comes from there has md5 {fetched}"
    except (http.client.HTTPException, OSError) as error:
        why = str(error)
    if why:
        raise LackingArchiveError(
            f"{other}CIFAR-10 can't be fetched from {URL} ({why}): put {path.name} (md5 {MD5}) into {path.parent}/ by hand, "
            "and run again"
        )
    return path


def _md5(path: Path) -> str:
    """Of a file; empty if it is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
