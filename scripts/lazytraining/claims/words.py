"""The ledger's words, and its rows in a template. Jinja is all it needs, so that the process that makes the report has it too."""

import math
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


class Verdict(StrEnum):
    """What the ledger says of a claim."""

    IDENTITY = "identity"
    REPRODUCED = "reproduced"
    PARTLY = "partly reproduced"
    NOT = "not reproduced"
    ARTEFACT = "artefact"
    OPEN = "not decided"


MARKS = {
    Verdict.IDENTITY: "≡",
    Verdict.REPRODUCED: "✓",
    Verdict.PARTLY: "◐",
    Verdict.NOT: "✗",
    Verdict.ARTEFACT: "⚠",
    Verdict.OPEN: "?",
}


def counted(rows: list[dict]) -> dict[Verdict, int]:
    """How many of the note's claims have each verdict."""
    note = [row["verdict"] for row in rows if row["section"] != "ours"]
    return {verdict: note.count(verdict) for verdict in Verdict}


def chance(row: dict) -> str:
    """How likely samples so far from the bounds that decide a row are, if the mean lay there; empty where nothing hangs on an interval."""
    p = row.get("chance")
    return (
        ""
        if not isinstance(p, float) or math.isnan(p)
        else f"p {'< 1e-6' if p < 1e-6 else f'= {p:.2g}'} if the mean lay on the bound"
    )


def written(template: str, rows: list[dict], filters: dict[str, Callable] | None = None, **more) -> str:
    """A template beside this module, with these rows, their counts and marks."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=".html." in template,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"chance": chance} | (filters or {})
    more |= {"rows": rows, "counts": counted(rows), "marks": MARKS, "undecided": Verdict.OPEN}
    return environment.get_template(template).render(more)


def table(rows: list[dict], figure: Callable[[str], str], beside: dict[str, str]) -> str:
    """The ledger as an HTML table, where each claim opens to its reason and numbers, and those that are not decided fold into one
    line; `figure` gives HTML for a figure's name, `beside` another ledger's verdicts by claim."""
    return written("pages.table.html.jinja", rows, figure=lambda name: Markup(figure(name)), beside=beside)
