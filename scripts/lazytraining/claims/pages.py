"""The ledger as it reads: Markdown and HTML."""

import html
import math
from collections.abc import Callable

from lazytraining.claims.verdict import Evidence, Verdict
from lazytraining.student.fits import Interval

MARKS = {
    Verdict.REPRODUCED: "✓",
    Verdict.PARTLY: "◐",
    Verdict.NOT: "✗",
    Verdict.ARTEFACT: "⚠",
    Verdict.OPEN: "?",
}


def diverged(evidence: Evidence) -> str:
    """How many runs of which experiments diverged, in a sentence; empty if none did."""
    counts = {name: (int(rows["diverged"].sum()), len(rows)) for name, rows in evidence.runs.items()}
    parts = [f"{count} of {total} in {name}" for name, (count, total) in counts.items() if count]
    return f"Runs that diverged are in no value: {', '.join(parts)}." if parts else ""


def counted(rows: list[dict]) -> dict[Verdict, int]:
    """How many of the note's claims have each verdict."""
    note = [row["verdict"] for row in rows if row["section"] != "ours"]
    return {verdict: note.count(verdict) for verdict in Verdict}


HOW = (
    "Values are means over seeds, widths or planes, as each claim says (geometric means of ratios), with 95 % "
    "intervals, Student's t. A criterion is met if the whole interval meets it, and open if the interval is on "
    "both sides. A claim is an artefact if all is seen that its other cause would show; else it is reproduced if all its "
    "criteria are met and not if none is; it is not decided where its premises are not met, or where a criterion is open."
)


"""How the ledger is to be read."""


def markdown(rows: list[dict], title: str, remark: str = "") -> str:
    """The ledger as a table to read, and below it each claim with its criterion and numbers."""
    counts = counted(rows)
    lines = [
        f"# {title}",
        "",
        f"Of {sum(counts.values())} claims: "
        + ", ".join(f"{MARKS[verdict]} {verdict} {count}" for verdict, count in counts.items() if count)
        + ". Those of section “ours” are not the note's.",
        "",
        f"{HOW} {remark}".strip(),
        "",
        "| | § | claim | verdict | value | figure |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        value = "" if math.isnan(row["value"]) else str(Interval(row["value"], row["low"], row["high"]))
        cells = (
            f"[{row['id']}](#claim-{row['id']})",
            row["section"].replace("§", ""),
            row["claim"],
            f"{MARKS[Verdict(row['verdict'])]} {row['verdict']}",
            value,
            row["figure"].replace("_", " "),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    for row in rows:
        lines += ["", f"## Claim {row['id']}", "", f"{row['claim']} ({row['section']}, {row['figure']})", ""]
        lines += [f"- **{row['verdict']}**: {row['reason']}"]
        lines += [f"- measured: {row['measured']}"] if row["measured"] else []
        lines += [f"- criterion: {row['criterion']}"]
    return "\n".join(lines) + "\n"


STYLE = """
.ledger { width: 100%; border-collapse: collapse; line-height: 1.4 }
.ledger td, .ledger th { padding: .3em .5em; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top }
.ledger td:nth-child(3) { white-space: nowrap }
.ledger small { display: block; color: #666; white-space: nowrap }
.ledger summary { cursor: pointer }
.ledger p { margin: .4em 0; color: #444; overflow-wrap: anywhere }
@media (max-width: 600px) {
  .ledger thead { display: none }
  .ledger tr { display: grid; grid-template-columns: 5em 1fr auto; border-bottom: 1px solid #ddd }
  .ledger td { border: 0 }
  .ledger td:nth-child(2) { grid-column: 2 / 4 }
  .ledger td:nth-child(3) { grid-column: 2 }
}
"""


def table(rows: list[dict], figure: Callable[[str], str] = html.escape) -> str:
    """The ledger as an HTML table, where each claim opens to its reason and numbers; `figure` shows a figure's name."""
    cells = [f"<style>{STYLE}</style><table class='ledger'>"]
    cells += ["<thead><tr><th>claim</th><th></th><th>verdict</th><th>figure</th></tr></thead><tbody>"]
    for row in rows:
        safe = {name: html.escape(str(value)) for name, value in row.items()}
        parts = {"": safe["reason"], "Measured: ": safe["measured"], "Criterion: ": safe["criterion"]}
        details = "".join(f"<p>{name}{part}</p>" for name, part in parts.items() if part)
        cells += [
            f"<tr><td>{safe['id']}<small>{safe['section']}</small></td>",
            f"<td><details><summary>{safe['claim']}</summary>{details}</details></td>",
            f"<td>{MARKS[Verdict(row['verdict'])]} {safe['verdict']}</td><td>{figure(row['figure'])}</td></tr>",
        ]
    return "\n".join(" ".join(cell.split()) for cell in [*cells, "</tbody></table>"])


def page(rows: list[dict], title: str, remark: str = "") -> str:
    """The ledger as a web page."""
    counts = ", ".join(f"{verdict} {count}" for verdict, count in counted(rows).items() if count)
    head = "<meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'>"
    look = "body { font: 15px/1.5 sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem }"
    text = html.escape(f"Of the note's claims: {counts}. Click one to see why. {HOW} {remark}".strip())
    body = f"<h2>{html.escape(title)}</h2><p>{text}</p>{table(rows, lambda name: html.escape(name.replace('_', ' ')))}"
    return f"<!doctype html><html lang='en'><head>{head}<title>Claims</title><style>{look}</style></head><body>{body}</body></html>"
