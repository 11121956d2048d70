"""The ledger: what a claim is, and how its verdict follows from what was measured.

A claim has checks. A check is a quantity with one sample for each seed (or student, or width), and the range
that the claim says it is in. It holds where the whole 95 % interval of the mean is in that range, fails where the
whole interval is outside, and is open else, or with one sample only. What has another cause than the
claim says is an artefact; the checks under `artefact` say what that cause would show. What holds by algebra for every input is an
identity: it is shown, and no run could have told otherwise.

A verdict that needs all checks of a claim to hold, or all to fail, is at least as sure as each of them, so each is decided at
95 %. That some hold and some fail, "partly", hangs on the best of several, so there Holm's correction is made (Holm 1979).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from lazytraining.claims.words import Verdict
from lazytraining.files import schemas
from lazytraining.student import fits
from lazytraining.student.fits import Interval, interval

NOTHING = Interval(math.nan, math.nan, math.nan)
LEVEL = 0.05
"""Of an interval of 95 %: how often it misses the mean by chance."""


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
    models: dict[str, pd.DataFrame] = field(default_factory=dict)
    model_curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    phase: dict[str, pd.DataFrame] = field(default_factory=dict)
    theory: dict[str, pd.DataFrame] = field(default_factory=dict)

    def get(self, kind: str, name: str, diverged: bool = False) -> pd.DataFrame:
        """A table; without `diverged`, only what is of runs that did not. Raises LackingError if it is not there.

        Its attribute `whole` has the least and the largest of each number of all rows, so that the largest τ is the
        configured one, and not the largest of those that are left.
        """
        found = getattr(self, kind).get(name)
        if found is None and name in self.runs:
            raise LackingError(f"{kind} of {name}")
        if found is None:
            raise LackingError("the theory" if kind == "theory" else f"the experiment {name}")
        if diverged:
            return found
        kept = found[~self._diverged(kind, name, found)]
        numbers = found.select_dtypes("number")
        kept.attrs["whole"] = {column: (numbers[column].min(), numbers[column].max()) for column in numbers}
        return kept

    def _diverged(self, kind: str, name: str, found: pd.DataFrame) -> pd.Series:
        """For each row, whether its run diverged."""
        if "diverged" in found:
            return found["diverged"].astype(bool)
        if kind != "curves" or name not in self.runs:
            return pd.Series(False, found.index)
        return fits.diverged(found, self.runs[name], schemas.KEYS)


@dataclass(frozen=True)
class Samples:
    """A number for each of several `unit`, a word in the plural: "seeds", "students", "widths"."""

    values: pd.Series
    unit: str

    def __len__(self) -> int:
        return len(self.values)

    def __str__(self) -> str:
        return f"{len(self)} {self.one if len(self) == 1 else self.unit}"

    @property
    def one(self) -> str:
        return self.unit.removesuffix("s")


@dataclass(frozen=True)
class Check:
    """What `measure` gives is from `low` to `high` if the claim is right."""

    quantity: str
    measure: Callable[[Evidence], Samples]
    low: float | int = -math.inf
    high: float | int = math.inf
    scale: str = "linear"
    """On which the mean is taken, one of `fits.SCALES`, or "median"."""

    @property
    def criterion(self) -> str:
        if math.isinf(self.low):
            return f"{self.quantity} < {self.high:g}"
        if math.isinf(self.high):
            return f"{self.quantity} > {self.low:g}"
        return f"{self.quantity} from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Claim:
    """One claim of the note, in our own words and in its own, with what decides it; section "ours" if the note has it not.

    The claim is about the case that its premises are met; else it is open. `identity` if algebra says that it is so, for any input.
    """

    id: str
    section: str
    text: str
    figure: str
    checks: Sequence[Check]
    artefact: Sequence[Check] = ()
    premises: Sequence[Check] = ()
    reasons: dict[Verdict, str] = field(default_factory=dict)
    quote: str = ""
    """The note's own words that are tested here."""
    identity: bool = False
    whole: bool = False
    """Whether its parts can't be had apart: one criterion that fails refutes it, whatever the others are."""
    criterion_set: str = ""
    """When its criterion was set; empty if before its runs."""


AFTER_QUICK = "after quick runs were seen"
AFTER_PAPER = "after runs at the paper preset's settings were seen"
AFTER_BOTH = "after runs of both presets were seen"
"""Values of `Claim.criterion_set`."""


@dataclass(frozen=True)
class Outcome:
    """What a check came to. `holds` is None where it is open; `lacks` says why. `chance` is how likely samples so far from the bound that
    decides are, if the mean were there."""

    holds: bool | None
    found: Interval = NOTHING
    samples: str = ""
    lacks: str = ""
    chance: float = math.nan


def examine(check: Check, evidence: Evidence) -> Outcome:
    """Measure and decide one check."""
    try:
        samples = check.measure(evidence)
    except LackingError as lacking:
        return Outcome(None, lacks=f"needs {lacking}")
    if not len(samples):
        return Outcome(None, lacks=f"needs runs that did not diverge for {check.quantity}")
    try:
        values = samples.values.to_numpy(float)
        found = interval(values, check.scale)
    except ValueError as error:
        return Outcome(None, lacks=f"{error}: {check.quantity}")
    size = str(samples)
    if len(samples) == 1:
        return Outcome(None, found, size, f"needs more than one {samples.one} for {check.quantity}")
    if math.isnan(found.low):
        return Outcome(None, found, size, f"needs more than {size} for the median of {check.quantity}")
    bounds = [bound for bound in (check.low, check.high) if math.isfinite(bound)]
    chances = [fits.chance(values, bound, check.scale) for bound in bounds]
    if check.low < found.low and found.high < check.high:
        return Outcome(True, found, size, chance=max(chances))
    if found.high <= check.low or found.low >= check.high:
        return Outcome(False, found, size, chance=min(chances))
    return Outcome(None, found, size, f"the interval from {size} is on both sides: {check.criterion}")


def judge(
    checks: Sequence[bool | None],
    artefact: Sequence[bool | None] = (),
    premises: Sequence[bool | None] = (),
    identity: bool = False,
    whole: bool = False,
) -> Verdict:
    """The verdict from whether each check holds (None: open). An identity that its numbers miss is open: they are wrong then."""
    if not all(premises):
        return Verdict.OPEN
    if identity:
        return Verdict.IDENTITY if all(checks) else Verdict.OPEN
    if artefact and all(artefact):
        return Verdict.ARTEFACT
    if (whole and False in checks) or set(checks) == {False}:
        return Verdict.NOT
    if None in checks or (artefact and False not in artefact):
        return Verdict.OPEN
    return Verdict.REPRODUCED if all(checks) else Verdict.PARTLY


def entry(claim: Claim, evidence: Evidence) -> dict:
    """The claim's row of the ledger."""
    groups = (claim.checks, claim.artefact, claim.premises)
    outcomes = [[examine(check, evidence) for check in group] for group in groups]
    verdict = _judged(outcomes, claim)
    if verdict is Verdict.PARTLY or (claim.whole and verdict is Verdict.NOT):
        outcomes[0] = _corrected(outcomes[0])
        verdict = _judged(outcomes, claim)
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
        "quote": claim.quote,
        "claim": claim.text,
        "measured": "; ".join(measured),
        "value": first.value,
        "low": first.low,
        "high": first.high,
        "chance": _chance(verdict, outcomes),
        "criterion": _criterion(claim),
        "criterion_set": claim.criterion_set,
        "verdict": str(verdict),
        "reason": _reason(claim, verdict, pairs),
        "figure": claim.figure,
    }


def _judged(outcomes: list[list[Outcome]], claim: Claim) -> Verdict:
    held = ([outcome.holds for outcome in group] for group in outcomes)
    return judge(*held, identity=claim.identity, whole=claim.whole)


def _corrected(outcomes: list[Outcome]) -> list[Outcome]:
    """The same, those open that Holm's correction leaves undecided: among all criteria that might have held, or have failed."""
    chances = np.ones(len(outcomes))
    for side in (True, False):
        own = np.array([outcome.holds is side for outcome in outcomes])
        chances[own] = fits.holm(np.where(own, [outcome.chance for outcome in outcomes], 1.0))[own]
    lacks = f"undecided among {len(outcomes)} criteria, by Holm's correction"
    return [
        outcome if chance <= LEVEL else replace(outcome, holds=None, lacks=lacks, chance=math.nan)
        for outcome, chance in zip(outcomes, chances, strict=True)
    ]


def _chance(verdict: Verdict, outcomes: list[list[Outcome]]) -> float:
    """How likely samples so far from the bounds are by chance: of the check that is least sure, of those that the verdict hangs on.
    NaN where nothing is decided, or by algebra."""
    if verdict in (Verdict.OPEN, Verdict.IDENTITY):
        return math.nan
    checks, artefact, premises = outcomes
    if verdict is Verdict.NOT:  # of a claim that is refuted by one criterion, those are left out that are not
        checks = [outcome for outcome in checks if outcome.holds is False]
    return max(
        outcome.chance for outcome in [*(artefact if verdict is Verdict.ARTEFACT else checks), *premises]
    )


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
    if claim.identity and verdict is Verdict.OPEN and not any(outcome.lacks for _, outcome in pairs):
        return "It holds by algebra, so these numbers are wrong."
    if verdict is Verdict.OPEN:
        unmet = [f"not met: {check.criterion}" for check, outcome in pairs if outcome.holds is False]
        lacks = [outcome.lacks for _, outcome in pairs if outcome.lacks]
        return "; ".join(dict.fromkeys(lacks or unmet))
    met = [check.criterion for check, outcome in pairs if outcome.holds and check in claim.checks]
    default = f"Met: {'; '.join(met)}." if met else "None of its criteria is met."
    if lacks := [outcome.lacks for check, outcome in pairs if outcome.lacks and check in claim.artefact]:
        default += f" Whether it is an artefact is open: {'; '.join(lacks)}."
    return claim.reasons.get(verdict, default)
