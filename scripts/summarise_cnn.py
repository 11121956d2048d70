"""Choose each α's learning rate, and average its runs over seeds.

In: the rows and the curves of every run of an experiment.
Out: tables/E.parquet, every run's row; summary/E.parquet, one row for each α at its best learning rate; and
trained/E.json, how many there are and where they come from.
"""

import pandas as pd
import pyarrow as pa

from lazytraining.files import parquet
from lazytraining.models import cnn
from lazytraining.student import averages
from lazytraining.workflow import jobs


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation (ddof 1) at each α's best learning rate, over the seeds that did not diverge."""
    return averages.over_seeds(cnn.best(runs), cnn.KEYS[:-1], cnn.MEASURED, ["mean", "std"])


def recorded(run: dict) -> list[int]:
    """The epochs that the curve of a run has."""
    return list(range(1, run["epochs"] + 1))


def main(snakemake) -> None:
    jobs.start(snakemake)
    expected = {"configuration": snakemake.params.configuration, "runs": 1}
    inputs = snakemake.input
    runs = parquet.read_runs(inputs.runs, inputs.curves, (cnn.RUN, cnn.CURVE), recorded, **expected)
    codes = jobs.say_if_mixed(runs, snakemake.output.summary)
    runs = runs.sort_by([(key, "ascending") for key in cnn.KEYS])
    summary = pa.Table.from_pandas(summarise(runs.to_pandas()), preserve_index=False)
    parquet.write(snakemake.output.runs, runs, cnn.RUN, run_code=codes)
    parquet.write(snakemake.output.summary, summary, cnn.SUMMARY, run_code=codes)
    jobs.describe(runs, snakemake.output.trained)


if __name__ == "__main__":
    main(snakemake)
