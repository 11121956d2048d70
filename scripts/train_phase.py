"""Follow the gradient flow of every cell of a phase diagram that has one m and seed.

In: a job (params). Out: a row for each start and coupling: where the flow ended, its order parameters and regime, and what its
start says of them without training.
"""

import time

from lazytraining.files import parquet, schemas
from lazytraining.student import phase, problem
from lazytraining.student.laziness import Collapse, Lazy
from lazytraining.workflow import jobs


def cells(job: dict) -> list[dict]:
    """Rows for every start and coupling. `job` is that of `config.kinds.Phase`."""
    data, rows = problem.make_problem(**job["problem"]), []
    limits = {"lazy": Lazy(**job["lazy"]), "collapse": Collapse(**job["collapse"])}
    flow = {name: job[name] for name in ("cfl", "stop", "iterations", "steps")}
    for symmetrize in job["starts"]:
        began = time.perf_counter()
        seed, couplings = job["problem"]["seed"], job["couplings"]
        found = phase.cells(data, job["m"], seed, symmetrize, couplings, **flow, **limits)
        seconds = (time.perf_counter() - began) / len(found)
        rows += [row | {"wall_seconds": seconds} for row in found]
    return rows


def main(snakemake) -> None:
    jobs.start(snakemake)
    jobs.without_pandas()
    experiment = {"experiment": snakemake.wildcards.experiment}
    rows = [experiment | row for row in cells(snakemake.params.job)]
    parquet.write(snakemake.output[0], rows, schemas.PHASE)


if __name__ == "__main__":
    main(snakemake)
