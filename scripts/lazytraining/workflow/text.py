"""Text that comes from a file, made harmless for where it is shown: it may be another's."""

import re


def one_line(text: str) -> str:
    """For a terminal: without line breaks and without what steers it, as escape sequences begin and text is turned round."""
    shown = (char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in " ".join(text.split()))
    return "".join(shown)


def for_rest(text: str) -> str:
    """For a paragraph of reStructuredText: nothing in it is markup, a reference or a directive."""
    return re.sub(r"([^\w\s])|(_)", r"\\\g<0>", one_line(text))
