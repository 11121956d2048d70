"""A digest of what a script computes: its code, and that of the modules of this project that decide what comes out.

It follows imports from the script through the library and the scripts beside it, and takes templates along that lie beside
a module. Comments, docstrings and layout do not
count, nor does plumbing: how a job starts, how files are written and checked, how progress is shown. So a result is made
again when the code that decides its numbers or its picture has changed, and only then.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1]
SCRIPTS = LIBRARY.parent
INSTALLED = SCRIPTS.name != "scripts"
"""Whether the library is among other packages, and scripts are read from elsewhere."""
PLUMBING = {
    "workflow",
    "files/parquet.py",
    "files/provenance.py",
    "files/checkpoints.py",
    "files/progress.py",
    "files/whole.py",
    "student/compiling.py",
}
"""What decides neither numbers nor pictures, below the library."""


def code_digest(script: Path) -> str:
    """Sixteen hexadecimal digits for the code of `sources`. Raises ImportError as `sources` does."""
    text = "\n".join(_read(path)[0] for path in sources(script))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def content() -> str:
    """A digest of every byte of scripts and library as they stand when it is first asked for: read in milliseconds,
    where `code_digest` takes as long as a short training."""
    beside = () if INSTALLED else SCRIPTS.glob("*.py")
    paths = sorted([*beside, *LIBRARY.rglob("*.py"), *LIBRARY.rglob("*.jinja")])
    parts = (f"{path.relative_to(SCRIPTS)}\0".encode() + path.read_bytes() for path in paths)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def sources(script: Path) -> list[Path]:
    """A script and all of this project that it reaches and that decides what it makes, in a fixed order.

    Raises ImportError where a name of this project does not resolve to a file.
    """
    reached, waiting = set(), [script.resolve()]
    while waiting:
        path = waiting.pop()
        if path not in reached and not _is_plumbing(path):
            reached.update([path, *path.parent.glob("*.jinja")])
            waiting += _read(path)[1]
    return sorted(reached, key=_place)


def _place(path: Path) -> str:
    """The same for the same files, wherever they are."""
    return str(path.relative_to(SCRIPTS) if path.is_relative_to(SCRIPTS) else path.name)


def _is_plumbing(path: Path) -> bool:
    if not path.is_relative_to(LIBRARY):
        return False
    place = path.relative_to(LIBRARY)
    return place.parts[0] in PLUMBING or place.as_posix() in PLUMBING


@cache
def _read(path: Path) -> tuple[str, list[Path]]:
    """A file's code, and the files of this project that it imports."""
    if path.suffix != ".py":
        return path.read_text(encoding="utf-8"), []
    tree = _parsed(path)
    found = []
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found += _files(alias.name, path)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, path)
            found += _files(module, path)
            for alias in node.names:
                found += _files(f"{module}.{alias.name}", path, attribute=True)
    return ast.unparse(_without_docstrings(tree)), found


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """A tree and every statement in it, in functions and branches too; expressions, which are most of it, are left alone."""
    yield tree
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, part, ()):
            yield from _statements(node)


def _parsed(path: Path) -> ast.Module:
    """Raises SyntaxError with the file's name, as where a merge has left its markers."""
    return ast.parse(path.read_bytes(), path)


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    """The name of the module that names are imported from."""
    if not node.level:
        return node.module
    if not path.is_relative_to(LIBRARY):
        raise ImportError(f"{path}: a relative import, which a script can't have")
    package = path.relative_to(SCRIPTS).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _files(name: str, importer: Path, attribute: bool = False) -> list[Path]:
    """The files that are run when a module of this project is imported; none if it is another project's.

    With `attribute` the last part of the name may also be what a module defines.
    """
    first, *rest = name.split(".")
    if not _is_ours(first, importer):
        return []
    place = (SCRIPTS if first == LIBRARY.name else importer.parent) / first
    found = [_module(place)]
    for depth, part in enumerate(rest, 1):
        if attribute and depth == len(rest) and part in _defined(found[-1]):
            return found
        place /= part
        found.append(_module(place))
    if lacking := [path for path in found if not path.exists()]:
        raise ImportError(f"{importer}: imports {name}, but there is no {lacking[0]}")
    return found


def _module(place: Path) -> Path:
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


@cache
def _defined(path: Path) -> set[str]:
    """Every name that a module gives a value to."""
    names = set()
    for node in _statements(_parsed(path)) if path.exists() else ():
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.For | ast.With):
            names.update(part.id for part in ast.walk(node) if _is_given_a_value(part))
    return names


def _is_given_a_value(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _is_ours(name: str, importer: Path) -> bool:
    """Whether a top-level name is the library, or a script beside the one that imports it."""
    beside = importer.parent / name
    return name == LIBRARY.name or beside.with_suffix(".py").exists()


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in _statements(tree):
        if hasattr(node, "body"):
            node.body = [part for part in node.body if not _is_text(part)]
    return tree


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)
