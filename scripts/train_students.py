"""Train students of one seed; write their rows, their curves and, if asked for, their weights.

In: a job (params): one run, or in stacked execution all of a seed.
Out: a row for each run, their curves (recorded iterations), and their weights (w0 and the last w of each run, `start` and
`end`, each (m, d + 1) with b_i in the first d columns and a_i in the last; in stacked execution under the names
m~…/alpha~…/tau~…/eta~…/start and …/end).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lazytraining.config.job import Job, Run
from lazytraining.files import checkpoints, parquet, schemas, whole
from lazytraining.student import compiling, training
from lazytraining.workflow import jobs


def write(output, keys: Sequence[Run], trained: list[training.Trained], device: str) -> None:
    """The files of these runs. `output` has the paths run and curve, and weights if they are kept."""
    where = {"device": device, "cpu": compiling.PROCESSOR[1]}
    if hasattr(output, "weights"):
        arrays = {}
        for key, student in zip(keys, trained, strict=True):
            folder = "" if len(keys) == 1 else parquet.weights_folder(key._asdict())
            arrays |= {f"{folder}start": student.start, f"{folder}end": student.end}
        with whole.replacing(output.weights) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)
    curves = [
        row
        for key, student in zip(keys, trained, strict=True)
        for row in training.curve_rows(key, student.curve)
    ]
    parquet.write(output.curve, curves, schemas.CURVE, **where)
    parquet.write(output.run, [student.row for student in trained], schemas.RUN, **where)


def main(snakemake) -> None:
    jobs.without_pandas()
    jobs.start(snakemake)
    run(snakemake, jobs.device(snakemake.resources))


def run(snakemake, device: str) -> None:
    job, output = Job.of(snakemake.params.job), snakemake.output
    checkpoint = Path(snakemake.log[0]).with_suffix(".checkpoint")
    whole.remove_temporaries([checkpoint])
    trained = training.train(job, device, checkpoint, snakemake.params.code)
    write(output, job.keys, trained, device)
    checkpoints.remove(checkpoint)


if __name__ == "__main__":
    main(snakemake)
