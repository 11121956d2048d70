"""The ledger: what a claim is, how its verdict follows from what was measured, and how it reads.

A claim has checks. A check is a quantity with one sample for each seed (or plane, or width), and the range
that the claim says it is in. It holds where the whole 95 % interval of the mean is in that range, fails where the
whole interval is outside, and is open else, or with one sample only. What has another cause than the
claim says is an artefact; the checks under `artefact` say what that cause would show.
"""

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from lazytraining.fits import Interval, interval

NOTHING = Interval(math.nan, math.nan, math.nan)


class Verdict(StrEnum):
    """What the ledger says of a claim."""

    REPRODUCED = "reproduced"
    PARTLY = "partly reproduced"
    NOT = "not reproduced"
    ARTEFACT = "artefact"
    OPEN = "not decided"


class LackingError(Exception):
    """The evidence for a check is not there; the text says what it needs."""


@dataclass
class Evidence:
    """Tables that checks read, by experiment or by part of the theory."""

    runs: dict[str, pd.DataFrame] = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    baselines: dict[str, pd.DataFrame] = field(default_factory=dict)
    surfaces: dict[str, pd.DataFrame] = field(default_factory=dict)
    endpoints: dict[str, pd.DataFrame] = field(default_factory=dict)
    spectra: dict[str, pd.DataFrame] = field(default_factory=dict)
    paths: dict[str, pd.DataFrame] = field(default_factory=dict)
    cnn: dict[str, pd.DataFrame] = field(default_factory=dict)
    theory: dict[str, pd.DataFrame] = field(default_factory=dict)

    def get(self, kind: str, name: str, diverged: bool = False) -> pd.DataFrame:
        """A table; of runs, without `diverged`, those that did not. Raises LackingError if it is not there."""
        found = getattr(self, kind).get(name)
        if found is None:
            raise LackingError("the theory" if kind == "theory" else f"the experiment {name}")
        return found if diverged or kind != "runs" else found[~found["diverged"]]


@dataclass(frozen=True)
class Check:
    """`measure` gives a sample for each seed, from `low` to `high` if the claim is right."""

    quantity: str
    measure: Callable[[Evidence], pd.Series]
    low: float | int = -math.inf
    high: float | int = math.inf
    logarithmic: bool = False

    @property
    def criterion(self) -> str:
        if math.isinf(self.low):
            return f"{self.quantity} < {self.high:g}"
        if math.isinf(self.high):
            return f"{self.quantity} > {self.low:g}"
        return f"{self.quantity} from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Claim:
    """One claim of the note, in our own words, with what decides it; section "ours" if the note has it not.

    The claim is about the case that its premises are met; else it is open.
    """

    id: str
    section: str
    text: str
    figure: str
    checks: Sequence[Check]
    artefact: Sequence[Check] = ()
    premises: Sequence[Check] = ()
    reasons: dict[Verdict, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a check came to. `holds` is None where it is open; `lacks` says why."""

    holds: bool | None
    found: Interval = NOTHING
    samples: str = ""
    lacks: str = ""


def examine(check: Check, evidence: Evidence) -> Outcome:
    """Measure and decide one check."""
    try:
        values = check.measure(evidence)
    except LackingError as lacking:
        return Outcome(None, lacks=f"needs {lacking}")
    if values.empty:
        return Outcome(None, lacks=f"needs runs that did not diverge for {check.quantity}")
    kind = {"m": "width", None: "seed"}.get(values.index.name, values.index.name)
    samples = f"{len(values)} {kind}{'s' if len(values) > 1 else ''}"
    try:
        found = interval(values.to_numpy(float), check.logarithmic)
    except ValueError as error:
        return Outcome(None, lacks=f"{error}: {check.quantity}")
    if len(values) == 1:
        return Outcome(None, found, samples, f"needs more than one {kind} for {check.quantity}")
    if check.low < found.low and found.high < check.high:
        return Outcome(True, found, samples)
    if found.high <= check.low or found.low >= check.high:
        return Outcome(False, found, samples)
    return Outcome(None, found, samples, f"the interval from {samples} is on both sides: {check.criterion}")


def judge(
    checks: Sequence[bool | None], artefact: Sequence[bool | None] = (), premises: Sequence[bool | None] = ()
) -> Verdict:
    """The verdict from whether each check holds (None: open)."""
    if not all(premises):
        return Verdict.OPEN
    if artefact and all(artefact):
        return Verdict.ARTEFACT
    if not any(holds is None for holds in checks) and not any(checks):
        return Verdict.NOT
    if None in checks or (artefact and False not in artefact):
        return Verdict.OPEN
    return Verdict.REPRODUCED if all(checks) else Verdict.PARTLY


def entry(claim: Claim, evidence: Evidence) -> dict:
    """The claim's row of the ledger."""
    groups = (claim.checks, claim.artefact, claim.premises)
    outcomes = [[examine(check, evidence) for check in group] for group in groups]
    verdict = judge(*([outcome.holds for outcome in group] for group in outcomes))
    pairs = [pair for group in zip(groups, outcomes, strict=True) for pair in zip(*group, strict=True)]
    measured = dict.fromkeys(
        f"{check.quantity}: {outcome.found} ({outcome.samples})"
        for check, outcome in pairs
        if outcome.samples
    )
    first = outcomes[0][0].found
    return {
        "id": claim.id,
        "section": claim.section,
        "claim": claim.text,
        "measured": "; ".join(measured),
        "value": first.value,
        "low": first.low,
        "high": first.high,
        "criterion": _criterion(claim),
        "verdict": str(verdict),
        "reason": _reason(claim, verdict, pairs),
        "figure": claim.figure,
    }


def _criterion(claim: Claim) -> str:
    checks, artefact, premises = (
        "; ".join(check.criterion for check in group)
        for group in (claim.checks, claim.artefact, claim.premises)
    )
    return (
        (f"If {premises}: " if premises else "") + checks + (f". Artefact if {artefact}" if artefact else "")
    )


def _reason(claim: Claim, verdict: Verdict, pairs: list[tuple[Check, Outcome]]) -> str:
    """What the claim says of this verdict; else what was open, or which criteria were met."""
    if verdict is Verdict.OPEN:
        unmet = [f"not met: {check.criterion}" for check, outcome in pairs if outcome.holds is False]
        lacks = [outcome.lacks for _, outcome in pairs if outcome.lacks]
        return "; ".join(dict.fromkeys(lacks or unmet))
    met = [check.criterion for check, outcome in pairs if outcome.holds and check in claim.checks]
    default = f"Met: {'; '.join(met)}." if met else "None of its criteria is met."
    if lacks := [outcome.lacks for check, outcome in pairs if outcome.lacks and check in claim.artefact]:
        default += f" Whether it is an artefact is open: {'; '.join(lacks)}."
    return claim.reasons.get(verdict, default)


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
