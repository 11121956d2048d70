"""The ledger: what a claim is, how its verdict follows from what was measured, and how it reads.

A claim has checks. A check is a quantity with one sample for each seed (or plane, or width), and the range
that the claim says it is in. It holds where the whole 95 % interval of the mean is in that range, fails where the
whole interval is outside, and is open else, or with one sample only. What has another cause than the
claim says is an artefact; the checks under `artefact` say what that cause would show.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from lazytraining.fits import Interval, interval

NOTHING = Interval(math.nan, math.nan, math.nan)


class Verdict(StrEnum):
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
    theory: dict[str, pd.DataFrame] = field(default_factory=dict)

    def get(self, kind: str, name: str) -> pd.DataFrame:
        """A table; of runs, those that did not diverge. Raises LackingError if it is not there."""
        found = getattr(self, kind).get(name)
        if found is None:
            raise LackingError("the theory" if kind == "theory" else f"the experiment {name}")
        return found[~found["diverged"]] if kind == "runs" else found


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
    """One claim of the note, in our own words, with what would decide it, written down before looking."""

    id: str
    section: str
    text: str
    figure: str
    checks: Sequence[Check]
    artefact: Sequence[Check] = ()
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
    kind = values.index.name or "seed"
    samples = f"{len(values)} {kind}{'s' if len(values) > 1 else ''}"
    try:
        found = interval(values.to_numpy(float), check.logarithmic)
    except ValueError as error:
        return Outcome(None, lacks=f"{error}: {check.quantity}")
    if len(values) == 1:
        return Outcome(None, found, samples, f"needs more than one {kind} for {check.quantity}")
    if check.low <= found.low and found.high <= check.high:
        return Outcome(True, found, samples)
    if found.high < check.low or found.low > check.high:
        return Outcome(False, found, samples)
    return Outcome(None, found, samples, f"the interval from {samples} is on both sides: {check.criterion}")


def judge(checks: Sequence[bool | None], artefact: Sequence[bool | None] = ()) -> Verdict:
    """The verdict from whether each check holds (None: open)."""
    if artefact and all(artefact):
        return Verdict.ARTEFACT
    if not any(holds is None for holds in checks) and not any(checks):
        return Verdict.NOT
    if None in checks or (artefact and False not in artefact):
        return Verdict.OPEN
    return Verdict.REPRODUCED if all(checks) else Verdict.PARTLY


def entry(claim: Claim, evidence: Evidence) -> dict:
    """The claim's row of the ledger."""
    every = [*claim.checks, *claim.artefact]
    outcomes = [examine(check, evidence) for check in every]
    count = len(claim.checks)
    holds = [outcome.holds for outcome in outcomes]
    verdict = judge(holds[:count], holds[count:])
    measured = [
        f"{check.quantity}: {outcome.found} ({outcome.samples})"
        for check, outcome in zip(every, outcomes, strict=True)
        if outcome.samples
    ]
    reason = claim.reasons.get(verdict, "")
    if verdict is Verdict.OPEN:
        reason = "; ".join(dict.fromkeys(outcome.lacks for outcome in outcomes if outcome.lacks))
    criterion = "; ".join(check.criterion for check in claim.checks)
    if claim.artefact:
        criterion += ". Artefact if " + "; ".join(check.criterion for check in claim.artefact)
    first = outcomes[0].found
    return {
        "id": claim.id,
        "section": claim.section,
        "claim": claim.text,
        "measured": "; ".join(measured),
        "value": first.value,
        "low": first.low,
        "high": first.high,
        "criterion": criterion,
        "verdict": str(verdict),
        "reason": reason,
        "figure": claim.figure,
    }


MARKS = {
    Verdict.REPRODUCED: "✓",
    Verdict.PARTLY: "◐",
    Verdict.NOT: "✗",
    Verdict.ARTEFACT: "⚠",
    Verdict.OPEN: "?",
}


def markdown(rows: list[dict], title: str) -> str:
    """The ledger as a table to read, and below it each claim with its criterion and numbers."""
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in Verdict}
    lines = [
        f"# {title}",
        "",
        ", ".join(f"{MARKS[verdict]} {verdict}: {count}" for verdict, count in counts.items() if count) + ".",
        "",
        "Values are means over seeds (geometric means of ratios) with 95 % intervals, Student's t. A check holds if "
        "its whole interval meets the criterion, and is open if the interval is on both sides.",
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
