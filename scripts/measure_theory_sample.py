"""Towards the lazy limit over the number of training points (§3.1), in few dimensions, at τ = 1 and growing α; one seed.

In: the settings theory.sample of the configuration (params), a seed. Out: a row for each number of points and α: how far a student is from
its tangent model after as many steps. It is not symmetrised, and its initial output is subtracted, α (h(w) − h(w0)).
"""

from dataclasses import replace

import numpy as np

from lazytraining.files import parquet, schemas
from lazytraining.student import descent, network, problem, tangent
from lazytraining.student.students import Students
from lazytraining.workflow import jobs


def measure(
    data: problem.Problem, start: network.Weights, alphas: list[float], step_size: float, iterations: int
) -> list[dict]:
    """Rows for one sample. Gaps of outputs are NaN where y is 0."""
    inputs = data.x_train, data.x_test
    initial = [network.forward(start, x)[0] for x in inputs]
    differential = tangent.differential(start, inputs[0]).matrix()
    linear = tangent.primal_displacement(differential, -data.y_train, step_size, iterations)
    outputs = tangent.differential(start, inputs[1]).apply(linear)
    shared = {
        "d": inputs[0].shape[1],
        "n_train": len(inputs[0]),
        "m": start.output.shape[1],
        "eta": step_size,
    }
    rows = []
    for alpha in alphas:
        shifted = [y + alpha * h for y, h in zip((data.y_train, data.y_test), initial, strict=True)]
        (run,) = descent.descend(
            students=Students(start, alpha, step_size, displaced=False),
            data=replace(data, y_train=shifted[0], y_test=shifted[1]),
            iterations=iterations,
            track_best=False,
        )
        path = run.displacement
        with np.errstate(over="ignore", invalid="ignore"):  # a student that diverges is a result
            moved = alpha * network.change(start, path, inputs[1])[0]
            test_gap = np.linalg.norm(moved - outputs) / np.linalg.norm(data.y_test)
            weight_gap = network.norm(path.vector() - linear / alpha)[0]
        row = {"alpha": alpha, "diverged": run.diverged}
        row |= {"weight_gap": float(weight_gap), "test_gap": float(test_gap)}
        flips = network.gate_flips(start.plus(path), start, inputs[0])[0]
        rows.append(shared | row | {"gate_flips": float(flips)})
    return rows


def main(snakemake) -> None:
    jobs.start(snakemake)
    params, seed, rows = snakemake.params, int(snakemake.wildcards.seed), []
    chosen = params.sample
    for n in chosen["n"]:
        data = problem.make_problem(**params.problem | {"d": chosen["d"], "n_train": n}, seed=seed)
        start = network.initialise(chosen["m"], chosen["d"], 1.0, seed, False)
        rows += measure(data, start, *(chosen[name] for name in ("alpha", "step_size", "iterations")))
    parquet.write(snakemake.output[0], [row | {"seed": seed} for row in rows], schemas.THEORY_SAMPLE)


if __name__ == "__main__":
    main(snakemake)
