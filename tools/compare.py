"""Hold results against the reference in docs/reference: averages over seeds, baselines, claims, and runs to the last bit.

Ends with 0 if no average differs by more than the threshold, in units of the spread over seeds; else with 1; with 2 if there
is nothing to compare or the arguments are wrong. What was not run, or only here, is named and is no difference. Nor is what
runs differ by, which is printed where both sides have their tables.
"""

import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument("results", type=Path, help="a folder of results, such as results/quick")
PARSER.add_argument("--reference", type=Path, help="default: docs/reference/ and the name of that folder")
PARSER.add_argument("--threshold", type=float, default=1, help="spreads over seeds; default: 1")
if __name__ == "__main__":
    _terminal.begin(PARSER)

import numpy as np
import pandas as pd
import pyarrow as pa

from lazytraining.files import schemas
from lazytraining.models import tables
from lazytraining.student.averages import over_seeds

ROOT = Path(__file__).parents[1]
CELL = [*schemas.KEYS[:-1], "step", *(key for key in schemas.PHASE_KEYS[:-1] if key not in schemas.KEYS)]
"""What makes a cell, of whatever a summary has of these."""
ONE_SEED = 0.1
"""What stands for the spread of a value that the reference has from one seed, as a share of it."""
RUN = list(dict.fromkeys([*schemas.KEYS, *schemas.PHASE_KEYS, *tables.KEYS, "step"]))
"""What makes a run, of whatever a table has of these."""
DESCENT = [name for name in schemas.AVERAGED if name.endswith(("_end", "_best", "_change", "_distance"))]
"""What descent itself gives a run; the rest is measured of it."""
NO_CELL = "no cell in common"
ROUNDING = 1e-9
"""The least spread that a value can have, as a share of it."""


class NothingError(Exception):
    """There is nothing to compare."""


def table(path: Path) -> pd.DataFrame:
    """Raises NothingError if it is no table."""
    try:
        return pd.read_parquet(path)
    except (OSError, pa.ArrowException) as error:
        raise NothingError(f"{path}: not readable ({' '.join(str(error).split())})") from error


def averages(folder: Path) -> dict[str, pd.DataFrame]:
    """Averages over seeds by name: of runs (E) and of their baselines (E, tangent model). Raises NothingError."""
    found = {path.stem: table(path) for path in sorted(folder.glob("summary/*.parquet"))}
    for path in sorted(folder.glob("baselines/*")):
        files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        rows = pd.concat(map(table, files)).assign(diverged=False)
        columns = [name for name in rows if name not in (*schemas.KEYS, "diverged")]
        found[f"{path.stem}, tangent model"] = over_seeds(rows, schemas.KEYS[:-1], columns, ["mean", "std"])
    return found


def differences(own: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """A row for each average of the cells that both have: `relative` is |own − reference| / |reference|, `spreads` the same
    difference over the reference's standard deviation between seeds. Both are infinite where one of them has no value."""
    keys = [name for name in CELL if name in reference]
    both = own.merge(reference, on=keys, suffixes=("", "_reference"))
    rows = []
    averaged = [
        name for name in reference if f"{name.removesuffix('_mean')}_std" in reference and name in own
    ]
    for column in averaged:
        there, here = both[f"{column}_reference"], both[column]
        spread = both[f"{column.removesuffix('mean')}std_reference"]
        spread = spread.where(spread.notna(), ONE_SEED * there.abs()).clip(lower=ROUNDING * there.abs())
        found = both[keys].assign(column=column.removesuffix("_mean"))
        difference = (here - there).abs()
        for name, unit in (("relative", there.abs()), ("spreads", spread)):
            ratio = (difference / unit).where(difference > 0, 0.0)
            found[name] = ratio.mask(here.isna() != there.isna(), np.inf)
        rows.append(found)
    return pd.concat(rows, ignore_index=True)


def apart_by(own: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """A row for each run that both tables have: its keys, `relative`, the largest |a − b| / max(|a|, |b|) among its values but for
    wall_seconds, and the `column` where that is. It is 0 if all bits are equal, infinite where the two are not of one kind. `descent` is
    that of losses and distances alone."""
    keys = [name for name in RUN if name in reference and name in own and name != "eta"]
    keys += [name for name in ("eta",) if name in reference and "step" not in keys]  # of auto it is measured
    both = own.merge(reference, on=keys, suffixes=("", "_reference"))
    found = pd.DataFrame(index=both.index)
    for column in (name for name in reference if name in own and name not in (*keys, "wall_seconds")):
        here, there = both[column], both[f"{column}_reference"]
        equal = (here == there) | (here.isna() & there.isna())
        if pd.api.types.is_float_dtype(here) and pd.api.types.is_float_dtype(there):
            size = np.maximum(here.abs(), there.abs())
            found[column] = ((here - there).abs() / size).fillna(np.inf).mask(equal, 0.0)
        else:
            found[column] = np.where(equal, 0.0, np.inf)
    descent = found[[name for name in DESCENT if name in found]].max(axis=1)
    return both[keys].assign(relative=found.max(axis=1), column=found.idxmax(axis=1), descent=descent)


def runs_line(own: Path, reference: Path) -> list[str]:
    """How many runs are equal to the last bit, and by how much the others differ at most, of the tables that both have."""
    found = [
        apart_by(table(own / path.name), table(path))
        for path in sorted(reference.glob("*.parquet"))
        if (own / path.name).is_file()
    ]
    if not (runs := sum(map(len, found))):
        return []
    different = pd.concat(rows[rows["relative"] > 0] for rows in found)
    text = f"Runs: {runs} in both, {runs - len(different)} of them equal to the last bit"
    if different.empty:
        return [text]
    alike = runs - int((different["descent"] > 0).sum())
    lines = [f"{text}, {alike} in losses and distances; the others differ by at most, relative:"]
    for name, rows in different.groupby("experiment"):
        worst = rows.loc[rows["relative"].idxmax()]
        at = " ".join(
            f"{key}={shown(worst[key])}" for key in RUN[1:] if key in worst and pd.notna(worst[key])
        )
        lines.append(
            f"  {name}: {worst['relative']:.1e} in {len(rows)} runs, worst in {worst['column']} {at}"
        )
    return lines


def shown(value: object) -> str:
    """A value of a key: the step of a module may be auto."""
    return value if isinstance(value, str) else f"{float(value):.6g}"


def line(name: str, own: pd.DataFrame, reference: pd.DataFrame, threshold: float) -> dict:
    """The row of the table for one experiment."""
    found = differences(own, reference)
    cells = len(found) // max(1, found["column"].nunique())
    if not cells:
        return {"experiment": name, "verdict": NO_CELL, "cells": f"0 of {len(reference)}"}
    worst = found.loc[found["spreads"].idxmax()]
    at = " ".join(f"{key}={shown(worst[key])}" for key in CELL[1:] if key in worst)
    return {
        "experiment": name,
        "verdict": "differs" if worst["spreads"] > threshold else "agrees",
        "cells": f"{cells} of {len(reference)}",
        "relative median": f"{found['relative'].median():.1e}",
        "relative worst": f"{found['relative'].max():.1e}",
        "spreads median": f"{found['spreads'].median():.1e}",
        "spreads worst": f"{worst['spreads']:.1e}",
        "worst at": f"{worst['column']} {at}" if worst["spreads"] else "",
    }


def apart(own: dict[str, pd.DataFrame], theirs: dict[str, pd.DataFrame]) -> str:
    """Why nothing is in common: an experiment that both have, and the values of each key that differs."""
    for name, there in theirs.items():
        for key in (key for key in CELL[1:] if key in there and key in own[name]):
            mine, other = (table[key].drop_duplicates().tolist() for table in (own[name], there))
            if not set(mine) & set(other):
                return f"which has {key} = {', '.join(map(shown, other))} in {name}, not {', '.join(map(shown, mine))}"
    return f"which has {', '.join(theirs) or 'none of its experiments'} at other values"


def verdicts(own: Path, reference: Path) -> list[str]:
    """A line for each claim that is decided in both, and otherwise here; and one that counts them."""
    if not (own.exists() and reference.exists()):
        return ["Claims: not judged here"]
    both = table(own).merge(table(reference), on="id", suffixes=("", "_reference"))
    decided = both[(both["verdict"] != "not decided") & (both["verdict_reference"] != "not decided")]
    other = decided[decided["verdict"] != decided["verdict_reference"]]
    lines = [f"Claims: {len(decided)} decided in both, {len(decided) - len(other)} of them alike"]
    return lines + [
        f"  claim {row.id}: {row.verdict}, reference: {row.verdict_reference}; measured {row.measured}"
        for row in other.itertuples()
    ]


def compare(results: Path, reference: Path, threshold: float) -> int:
    """Print the table and the verdicts that differ; return the exit status. Raises NothingError."""
    if not results.is_dir():
        raise NothingError(f"{results}: no such folder of results")
    own, theirs = averages(results), averages(reference)
    if not theirs:
        presets = sorted(path.name for path in (ROOT / "docs/reference").iterdir() if path.is_dir())
        raise NothingError(
            f"{reference}: no reference; there is one for {' and '.join(presets)}, such as --reference docs/reference/quick"
        )
    both = {name: there for name, there in theirs.items() if name in own}
    rows = pd.DataFrame([line(name, own[name], there, threshold) for name, there in both.items()])
    if rows.empty or (rows["verdict"] == NO_CELL).all():
        raise NothingError(f"{results}: no cell in common with {reference}, {apart(own, both)}")
    print(
        f"{results} against {reference}: by how much averages over seeds differ, in the median and at worst,"
    )
    print(
        f"relative, and in units of the spread over seeds. More than {threshold:g} spreads at worst: differs.\n"
    )
    for name in ("experiment", "verdict"):
        rows[name] = rows[name].str.ljust(rows[name].str.len().max())
    print(rows.fillna("").to_string(index=False))
    print()
    print(*runs_line(results / "tables", reference / "tables"), sep="\n")
    print(*verdicts(results / "claims.parquet", reference / "claims.parquet"), sep="\n")
    for what, names in (("Not run here", theirs.keys() - own), ("Not in the reference", own.keys() - theirs)):
        if names:
            print(f"{what}: {'; '.join(sorted(names))}")
    return int(rows["verdict"].str.startswith("differs").any())


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    try:
        reference = asked.reference or ROOT / "docs/reference" / asked.results.resolve().name
        return compare(asked.results, reference, asked.threshold)
    except NothingError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
