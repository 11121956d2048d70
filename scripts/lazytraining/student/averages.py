"""Averages over seeds, of numbers of any size."""

import numpy as np
import pandas as pd


def over_seeds(
    runs: pd.DataFrame, group: list[str], columns: list[str], statistics: list[str]
) -> pd.DataFrame:
    """A row for each group: `n_seeds` (all), `n_diverged`, and statistics of the columns over runs that did not diverge."""
    counts = runs.groupby(group, as_index=False).agg(n_seeds=("seed", "size"), n_diverged=("diverged", "sum"))
    kept = in_groups(runs[~runs["diverged"]], group, columns, statistics)
    kept.columns = [f"{column}_{statistic}" for column, statistic in kept.columns]
    return counts.merge(kept, on=group, how="left")


def in_groups(
    rows: pd.DataFrame, group: list[str], columns: list[str], statistics: list[str]
) -> pd.DataFrame:
    """Statistics of columns in each group of rows, such as mean, std (ddof 1) and median, which scale with the numbers.

    Each group's numbers are multiplied by a power of two, to be at most 1 where they are squared.
    """
    keys, values = [rows[key] for key in group], rows[columns].astype(float)
    powers = pd.DataFrame(np.frexp(values.abs().groupby(keys).transform("max"))[1], values.index, columns)
    found = np.ldexp(values, -powers).groupby(keys).agg(statistics)
    powers = powers.groupby(keys).first()
    for column, statistic in found:
        found[column, statistic] = np.ldexp(found[column, statistic], powers[column])
    return found


def upper_median(values: pd.Series) -> float:
    """The median, and of two in the middle the larger: a value that is there, which may be infinite."""
    ordered = sorted(values)
    return float(ordered[len(ordered) // 2])
