"""What theory says of students at their start: κ, the gradient's norm, the largest stable step; one seed.

In: the theory settings of the configuration (params), a seed. Out: a row for each start: over τ at α = 1,
over α at τ = 1, and over m for α = 1/m, 1/√m and 1 at τ = 1.
"""

import numpy as np

from lazytraining.files import parquet, schemas
from lazytraining.student import network, problem, tangent
from lazytraining.workflow import jobs

SCALINGS = {"1/m": lambda m: 1 / m, "1/sqrt(m)": lambda m: m**-0.5, "1": lambda m: 1.0}


def measure(
    data: problem.Problem, m: int, symmetrize: bool, seed: int, scales: dict[str, list[tuple[float, float]]]
) -> list[dict]:
    """Rows at (α, τ) of each sweep in `scales`, for one draw of the start."""
    x, y = data.x_train, data.y_train
    start = network.initialise(m, x.shape[1], 1.0, seed, symmetrize)
    pairs = [(sweep, *pair) for sweep, points in scales.items() for pair in points]
    alpha, tau = (np.array([pair[i] for pair in pairs], float) for i in (1, 2))
    kappa = tangent.kappa(start, x, y, tau, alpha)
    gradient, first = tangent.gradient_norm(start, x, y, tau, alpha), tangent.first_derivative_norm(start, x)
    residual = (alpha * tau**2)[:, None] * network.forward(start, x)[0] - y
    bound = tau * first * np.sqrt(np.square(residual).mean(1)) / alpha
    with np.errstate(divide="ignore"):  # no neuron is active at any training point: no step is too large
        step = 2 / (tau * first) ** 2
    names = ("sweep", "alpha", "tau", "kappa", "gradient_norm", "gradient_bound", "stable_step")
    sweeps = [sweep for sweep, *_ in pairs]
    columns = (sweeps, *(values.tolist() for values in (alpha, tau, kappa, gradient, bound, step)))
    shared = {"symmetrize": symmetrize, "m": m, "seed": seed}
    return [shared | dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def main(snakemake) -> None:
    jobs.start(snakemake)
    params, seed = snakemake.params, int(snakemake.wildcards.seed)
    data = problem.make_problem(**params.problem, seed=seed)
    sweeps = {"tau": [(1.0, tau) for tau in params.tau], "alpha": [(alpha, 1.0) for alpha in params.alpha]}
    rows = []
    for symmetrize in (False, True):
        rows += measure(data, params.m, symmetrize, seed, sweeps)
    for m in params.widths:
        scalings = {name: [(scaling(m), 1.0)] for name, scaling in SCALINGS.items()}
        rows += measure(data, m, False, seed, scalings)
    parquet.write(snakemake.output[0], rows, schemas.THEORY_START)


if __name__ == "__main__":
    main(snakemake)
