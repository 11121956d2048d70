"""Collect the runs of a module, average them over seeds, and say from which α on it is lazy.

In: the rows and the curves of every seed of an experiment.
Out: tables/E.parquet, every run's row; summary/E.parquet, one row for each (alpha, tau, step); and trained/E.json, how many runs
there are and where they come from.
"""

import pandas as pd

from lazytraining.files import parquet
from lazytraining.models import tables
from lazytraining.student import averages, laziness
from lazytraining.workflow import jobs

GROUP = ["experiment", "alpha", "tau", "step"]


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation (ddof 1) over seeds that did not diverge; the regime of most seeds, of equally many the first in the list
    of regimes; and the smallest lazy α."""
    found = averages.over_seeds(runs, GROUP, tables.MEASURED, ["mean", "std"])
    groups = runs.groupby(GROUP, as_index=False)
    said = groups.agg(
        eta_mean=("eta", "mean"),
        regime=("regime", lambda names: min(names.mode(), key=laziness.REGIMES.index)),
        n_lazy=("regime", lambda names: int((names == laziness.LAZY).sum())),
    )
    smallest = (
        runs.groupby(["tau", "step", "seed"])[["alpha", "regime"]]
        .apply(lambda rows: laziness.lazy_from(dict(zip(rows["alpha"], rows["regime"], strict=True))))
        .groupby(["tau", "step"])
        .agg(lazy_from=averages.upper_median, lazy_from_low="min", lazy_from_high="max")
        .reset_index()
    )
    return found.merge(said, on=GROUP).merge(smallest, on=["tau", "step"])[tables.SUMMARY.names]


def recorded(run: dict) -> list[int]:
    """The iterations that the curve of a run has: one that diverged ends where that is seen."""
    return [
        iteration
        for iteration in tables.recorded(run["asked_iterations"], run["asked_recorded"])
        if iteration <= run["iterations"]
    ]


def main(snakemake) -> None:
    jobs.start(snakemake)
    inputs, expected = snakemake.input, {"configuration": snakemake.params.configuration}
    runs = parquet.read_runs(inputs.runs, inputs.curves, (tables.RUN, tables.CURVE), recorded, **expected)
    jobs.summarise(snakemake.output, runs, summarise, tables.KEYS, (tables.RUN, tables.SUMMARY))


if __name__ == "__main__":
    main(snakemake)
