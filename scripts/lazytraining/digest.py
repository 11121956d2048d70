"""A digest of what a script computes: its code and that of the library modules it imports.

Comments, docstrings and layout do not count, so that a run is repeated when the code that made
it has changed, and only then.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

_LIBRARY = Path(__file__).parent


def code_digest(script: Path) -> str:
    """Sixteen hexadecimal digits for the code of `sources`."""
    text = "\n".join(_read(path)[0] for path in sources(script))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sources(script: Path) -> list[Path]:
    """A script and all of `lazytraining` that it reaches, in a fixed order."""
    reached, waiting = set(), [script]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += _read(path)[1]
    return sorted(reached)


@cache
def _read(path: Path) -> tuple[str, list[Path]]:
    """A file's code, and the modules of the library that it imports."""
    tree = ast.parse(path.read_text())
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for name in (node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)):
                if name.startswith(f"{_LIBRARY.name}."):
                    place = _LIBRARY.parent / name.replace(".", "/")
                    found += [place.with_suffix(".py"), place / "__init__.py"]
    return ast.unparse(_without_docstrings(tree)), [file for file in found if file.exists()]


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [
                part
                for part in body
                if not (
                    isinstance(part, ast.Expr)
                    and isinstance(part.value, ast.Constant)
                    and isinstance(part.value.value, str)
                )
            ]
    return tree
