"""Choose each α's learning rate, and average its runs over seeds.

In: run.parquet of every run of an experiment.
Out: tables/E.parquet, every run's row, and summary/E.parquet, one row for each α at its best learning rate.
"""

import pandas as pd
import pyarrow as pa

from lazytraining import cnn, jobs, records


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation (ddof 1) at each α's best learning rate, over the seeds that did not diverge."""
    chosen, group = cnn.best(runs), cnn.KEYS[:-1]
    counts = chosen.groupby(group, as_index=False).agg(
        n_seeds=("seed", "size"), n_diverged=("diverged", "sum")
    )
    kept = chosen[~chosen["diverged"]].groupby(group)[cnn.MEASURED].agg(["mean", "std"])
    kept.columns = [f"{column}_{statistic}" for column, statistic in kept.columns]
    return counts.merge(kept, on=group, how="left")


def main(snakemake) -> None:
    jobs.start(snakemake)
    expected = {"configuration": snakemake.params.configuration}
    runs = records.read_runs(snakemake.input, cnn.RUN, cnn.CURVE, **expected)
    codes = jobs.say_if_mixed(runs, snakemake.output.summary)
    runs = runs.sort_by([(key, "ascending") for key in cnn.KEYS])
    summary = pa.Table.from_pandas(summarise(runs.to_pandas()), preserve_index=False)
    records.write(snakemake.output.runs, runs, cnn.RUN, run_code=codes)
    records.write(snakemake.output.summary, summary, cnn.SUMMARY, run_code=codes)


if __name__ == "__main__":
    main(snakemake)
