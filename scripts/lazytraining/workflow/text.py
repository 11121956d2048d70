"""Text that comes from a file, made harmless for where it is shown: it may be another's."""

import json
import re
from collections.abc import Iterator
from typing import Any


def one_line(text: str) -> str:
    """For a terminal: without line breaks and without what steers it, as escape sequences begin and text is turned round."""
    shown = (char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in " ".join(text.split()))
    return "".join(shown)


def settings(text: str) -> list[str]:
    """JSON as lines, each the path of a key and its value: experiments.plateau.d 100. What is no JSON is one line."""

    def leaves(node: Any, path: str) -> Iterator[str]:
        if not (node and isinstance(node, dict)):
            yield one_line(f"{path} {json.dumps(node, ensure_ascii=False)}".strip())
        else:
            for key, value in node.items():
                yield from leaves(value, f"{path}.{key}" if path else key)

    try:
        return list(leaves(json.loads(text), ""))
    except (ValueError, RecursionError):
        return [one_line(text)]


def for_rest(text: str) -> str:
    """For a paragraph of reStructuredText: nothing in it is markup, a reference or a directive."""
    return re.sub(r"([^\w\s])|(_)", r"\\\g<0>", one_line(text))
