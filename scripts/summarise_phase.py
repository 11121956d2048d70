"""Gather the cells of a phase diagram, and average them over seeds.

In: the rows of every job of an experiment. Out: tables/E.parquet, every cell of every seed; summary/E.parquet, a row for each m,
coupling and start; and trained/E.json, how many there are and where they come from.
"""

import pandas as pd
import pyarrow as pa

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
    codes = jobs.say_if_mixed(rows, snakemake.output.summary)
    rows = rows.sort_by([(key, "ascending") for key in schemas.PHASE_KEYS])
    summary = pa.Table.from_pandas(summarise(rows.to_pandas()), preserve_index=False)
    parquet.write(snakemake.output.cells, rows, schemas.PHASE, run_code=codes)
    parquet.write(snakemake.output.summary, summary, schemas.PHASE_SUMMARY, run_code=codes)
    jobs.describe(rows, snakemake.output.trained)


if __name__ == "__main__":
    main(snakemake)
