"""Average the runs of one experiment over seeds.

In: the rows and the curves of every run, one file for each run or stack.
Out: summary/E.parquet, one row for each (m, alpha, tau, eta); tables/E.parquet, every run's row, in the order of
the keys; and trained/E.json, how many there are and where they come from.
"""

from functools import partial

import pandas as pd

from lazytraining.files import parquet, schemas
from lazytraining.student import averages, recording
from lazytraining.workflow import jobs


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean, standard deviation (ddof 1) and median over the seeds whose run did not diverge."""
    return averages.over_seeds(runs, schemas.GROUP, schemas.AVERAGED, schemas.STATISTICS)


def recorded(run: dict, iterations: int) -> list[int]:
    """The iterations that the curve of a run has: those recorded, up to where it ended."""
    end = run["iterations"] if run["diverged"] or run["stopped_early"] else iterations
    wanted = recording.recorded_iterations(iterations)
    return [*wanted[wanted < end].tolist(), end]


def main(snakemake) -> None:
    jobs.start(snakemake)
    expected = {"configuration": snakemake.params.configuration}
    expected["runs"] = snakemake.params.rows // len(snakemake.input.runs)
    inputs = snakemake.input
    points = partial(recorded, iterations=snakemake.params.iterations)
    runs = parquet.read_runs(inputs.runs, inputs.curves, (schemas.RUN, schemas.CURVE), points, **expected)
    jobs.summarise(snakemake.output, runs, summarise, schemas.KEYS, (schemas.RUN, schemas.SUMMARY))


if __name__ == "__main__":
    main(snakemake)
