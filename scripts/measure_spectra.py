"""Singular values of the hidden layer before and after training, for every run of one experiment, what is left of its output layer, and what its features can do.

In: weights and rows of its runs or stacks, the settings of its data (params). Out: a row for each run and singular value.
"""

import numpy as np
from jaxtyping import Float

from lazytraining.files import parquet, schemas
from lazytraining.student import problem, tangent
from lazytraining.student.network import Weights, norm
from lazytraining.workflow import jobs


def rows(
    run: dict,
    start: Float[np.ndarray, "m d_plus_1"],
    end: Float[np.ndarray, "m d_plus_1"],
    data: problem.Problem,
) -> list[dict]:
    """`start` and `end` are weights; values in descending order."""
    key = {name: run[name] for name in schemas.KEYS} | {"diverged": run["diverged"]}
    end = np.nan_to_num(end)
    ended, started = norm(np.stack([end[:, -1], start[:, -1]]))
    key["output_kept"] = float(ended / started)
    weights = Weights.from_vector(end.reshape(1, -1).astype(float), end.shape[1] - 1)
    key["trained_feature_loss"] = tangent.random_feature_loss(weights, data)
    spectra = (np.linalg.svd(weights[:, :-1], compute_uv=False) for weights in (start, end))
    pairs = enumerate(zip(*spectra, strict=True), start=1)
    return [
        key | {"index": index, "start": float(before), "end": float(after)}
        for index, (before, after) in pairs
    ]


def main(snakemake) -> None:
    jobs.start(snakemake)
    params, found = snakemake.params, []
    for path, weights in zip(snakemake.input.runs, snakemake.input.weights, strict=True):
        for run in parquet.read([path], schemas.RUN).to_pylist():
            seed = run["seed"] if params.data_seed is None else params.data_seed
            data = problem.make_problem(**params.problem, seed=seed)
            found += rows(run, *parquet.weights_of(weights, run), data)
    parquet.write(snakemake.output[0], found, schemas.SPECTRA)


if __name__ == "__main__":
    main(snakemake)
