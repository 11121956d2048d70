"""Gather the cells of a phase diagram, and average them over seeds.

In: the rows of every job of an experiment. Out: tables/E.parquet, every cell of every seed; summary/E.parquet, a row for each m,
coupling and start; and trained/E.json, how many there are and where they come from.
"""

import pandas as pd

from lazytraining.files import parquet, schemas
from lazytraining.student import averages, laziness
from lazytraining.workflow import jobs


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Statistics over the seeds that did not diverge; the regime of most seeds, of equally many the first in the list of regimes, and their share."""
    group = schemas.PHASE_KEYS[:-1]
    summary = averages.over_seeds(rows, group, schemas.PHASE_AVERAGED, schemas.STATISTICS)
    counts = pd.crosstab([rows[key] for key in group], rows["regime"]).reindex(
        columns=laziness.REGIMES, fill_value=0
    )
    shares = counts.div(counts.sum(axis=1), axis=0)
    most = pd.DataFrame({"regime": shares.idxmax(axis=1), "regime_share": shares.max(axis=1)})
    return summary.merge(most.reset_index(), on=group)


def main(snakemake) -> None:
    jobs.start(snakemake)
    expected = {"configuration": snakemake.params.configuration}
    rows = parquet.read(snakemake.input, schemas.PHASE, **expected)
    both = schemas.PHASE, schemas.PHASE_SUMMARY
    jobs.summarise(snakemake.output, rows, summarise, schemas.PHASE_KEYS, both)


if __name__ == "__main__":
    main(snakemake)
