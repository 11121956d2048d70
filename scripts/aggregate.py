"""Average the runs of one experiment over seeds.

In: run.parquet of every run, or of every stack.
Out: summary/E.parquet, one row for each (m, alpha, tau, eta), and tables/E.parquet, every run's row, in the order of
the keys.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from lazytraining import jobs, records, tables


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean, standard deviation (ddof 1) and median over the seeds whose run did not diverge."""
    counts = runs.groupby(tables.GROUP, as_index=False).agg(
        n_seeds=("seed", "size"), n_diverged=("diverged", "sum")
    )
    kept = runs[~runs["diverged"]].groupby(tables.GROUP)[tables.AVERAGED].agg(tables.STATISTICS)
    kept.columns = [f"{column}_{statistic}" for column, statistic in kept.columns]
    return counts.merge(kept, on=tables.GROUP, how="left")


def check(paths: list[str], **of) -> pa.Table:
    """The rows of run.parquet, once they and curve.parquet beside them are whole; all that is damaged is named at once.

    A job makes both, so that Snakemake makes neither again before run.parquet, which it asks for, is gone.
    """
    found, damaged = {}, {}
    for name, schema in (("run", records.RUN), ("curve", records.CURVE)):
        try:
            found[name] = records.read(
                [Path(path).with_name(f"{name}.parquet") for path in paths], schema, **of
            )
        except records.Damaged as error:
            damaged |= error.files
    for path in [path for path in damaged if path.with_name("run.parquet") not in damaged]:
        damaged[path.with_name("run.parquet")] = f"its {path.name} is damaged"
    if damaged:
        raise records.Damaged(damaged)
    return found["run"]


def main(snakemake) -> None:
    jobs.start(snakemake)
    expected = {"configuration": snakemake.params.configuration}
    expected["runs"] = snakemake.params.rows // len(snakemake.input)
    runs = check(snakemake.input, **expected)
    codes = runs.schema.metadata[b"run_code"].decode()
    if " " in codes:
        jobs.say(f"{snakemake.output.summary}: of runs that different code has made ({codes})")
    runs = runs.sort_by([(key, "ascending") for key in records.KEYS])
    summary = pa.Table.from_pandas(summarise(runs.to_pandas()), preserve_index=False)
    records.write(snakemake.output.runs, runs, records.RUN, run_code=codes)
    records.write(snakemake.output.summary, summary, tables.SUMMARY, run_code=codes)


if __name__ == "__main__":
    main(snakemake)
