"""The ledger as it reads: Markdown and HTML, by the templates beside this module."""

import math
import re

import numpy as np

from lazytraining.claims.measures import LARGE
from lazytraining.claims.verdict import LEVEL, Evidence
from lazytraining.claims.words import written
from lazytraining.student import fits
from lazytraining.student.fits import Interval

HOW = (
    f"τ counts as large from {LARGE:g} on. Values are means over seeds, widths or students, as each claim says, with 95 % "
    "intervals, Student's t: of ratios and sizes on logarithms, of correlations by Fisher's z, of shares by arcsines, of medians by the sign test. A criterion is met if the whole interval meets it, and open if the interval is on "
    "both sides. A claim is an artefact if all is seen that its other cause would show; else it is reproduced if all its "
    "criteria are met and not if none is; it is not decided where its premises are not met, or where a criterion is open. An "
    "identity holds by algebra, so it is shown and not counted as reproduced. That a claim is partly reproduced hangs on the best of its "
    "criteria, so Holm's correction is made there. Criteria were set before their runs, unless a verdict says otherwise beside it."
)
"""How the ledger is to be read."""


def beside(rows: list[dict], other: list[dict]) -> dict[str, str]:
    """Another ledger's verdicts, by claim, for those claims that it has in the same words; none where it says of all of them what these
    rows say."""
    known = {(row["id"], row["claim"]): row["verdict"] for row in other}
    found = {row["id"]: known[key] for row in rows if (key := (row["id"], row["claim"])) in known}
    return found if any(found.get(row["id"]) != row["verdict"] for row in rows) else {}


def diverged(evidence: Evidence) -> str:
    """How many runs of which experiments diverged, in a sentence; empty if none did."""
    tables = evidence.runs | evidence.models | evidence.phase
    counts = {name: (int(rows["diverged"].sum()), len(rows)) for name, rows in tables.items()}
    parts = [f"{count} of {total} in {name}" for name, (count, total) in counts.items() if count]
    return f"Runs that diverged are in no value: {', '.join(parts)}." if parts else ""


def by_chance(rows: list[dict]) -> str:
    """How many verdicts of a whole ledger chance may have made, in two sentences; empty if none was decided by an interval."""
    chances = np.array([row["chance"] for row in rows if not math.isnan(row["chance"])])
    if not len(chances):
        return ""
    sure = int((fits.holm(chances) <= LEVEL).sum())
    return (
        f"{len(chances)} verdicts hang on intervals; if each true value lay on its bound, {LEVEL * len(chances):.1f} of them would be by "
        f"chance. {sure} stay with Holm's correction for all of them."
    )


def one_line(text: str) -> str:
    """Text for a line of Markdown: no line breaks, and no `<` that would begin a tag."""
    return re.sub(r"<(?=[a-zA-Z/!?])", r"\\<", " ".join(text.split()))


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return " ".join(text.split()).replace("<", "\\<").replace("|", "\\|")


def value(row: dict) -> str:
    """A row's value with its interval; empty where there is none."""
    return "" if math.isnan(row["value"]) else str(Interval(row["value"], row["low"], row["high"]))


def _written(template: str, rows: list[dict], **more) -> str:
    filters = {"one_line": one_line, "cell": cell, "value": value}
    return written(template, rows, filters, how=HOW, **more)


def markdown(rows: list[dict], title: str, remark: str = "") -> str:
    """The ledger as a table to read, and below it each claim with its criterion and numbers."""
    return _written("pages.md.jinja", rows, title=title, remark=remark)


def page(rows: list[dict], title: str, beside: dict[str, str], remark: str = "") -> str:
    """The ledger as a web page."""

    def figure(name: str) -> str:
        return name.replace("_", " ")

    return _written("pages.html.jinja", rows, title=title, remark=remark, figure=figure, beside=beside)
