"""Singular values of the hidden layer before and after training, for every run of one experiment, and what is left of its output layer.

In: weights and rows of its runs or stacks. Out: a row for each run and singular value.
"""

import numpy as np

from lazytraining.files import parquet, schemas
from lazytraining.student.network import norm
from lazytraining.workflow import jobs


def rows(run: dict, start: np.ndarray, end: np.ndarray) -> list[dict]:
    """`start` and `end` are weights (m, d + 1); values in descending order."""
    key = {name: run[name] for name in schemas.KEYS} | {"diverged": run["diverged"]}
    end = np.nan_to_num(end)
    ended, started = norm(np.stack([end[:, -1], start[:, -1]]))
    key["output_kept"] = float(ended / started)
    spectra = (np.linalg.svd(weights[:, :-1], compute_uv=False) for weights in (start, end))
    pairs = enumerate(zip(*spectra, strict=True), start=1)
    return [
        key | {"index": index, "start": float(before), "end": float(after)}
        for index, (before, after) in pairs
    ]


def main(snakemake) -> None:
    jobs.start(snakemake)
    found = []
    for path, weights in zip(snakemake.input.runs, snakemake.input.weights, strict=True):
        for run in parquet.read([path], schemas.RUN).to_pylist():
            found += rows(run, *parquet.weights_of(weights, run))
    parquet.write(snakemake.output[0], found, schemas.SPECTRA)


if __name__ == "__main__":
    main(snakemake)
