"""Towards the lazy limit (§3.1, §3.2): students beside their tangent model, at τ = 1 and growing α; one seed.

In: the theory settings of the configuration (params), a seed. Out: a row for each start, α and recorded iteration,
with η and the number of iterations the same for all. The starts are two with output 0: a symmetrised student, and
one that is not, with its initial output subtracted, α (h(w) − h(w0)).
"""

from dataclasses import replace

import numpy as np

from lazytraining.files import parquet, schemas
from lazytraining.student import descent, network, problem, recording, tangent
from lazytraining.student.students import Students
from lazytraining.workflow import jobs


def measure(
    data: problem.Problem,
    start: network.Weights,
    symmetrize: bool,
    alphas: list[float],
    step_size: float,
    iterations: int,
) -> list[dict]:
    """Rows for one start. f̄_t is the same for every α, and w̄_t − w0 is ∝ 1/α. Gaps are NaN where y is 0."""
    inputs = data.x_train, data.x_test
    differential = tangent.differential(start, inputs[0]).matrix()
    initial = [network.forward(start, x)[0] for x in inputs]
    centred = tangent.TangentModel.at(start, data)
    centred = replace(
        centred,
        **{f"start_{part}": np.zeros_like(h) for part, h in zip(("train", "test"), initial, strict=True)},
    )
    recorded = recording.recorded_iterations(iterations)
    linear_path = centred.displacements(1.0, step_size, recorded, differential)
    linear_outputs = centred.outputs(1.0, step_size, recorded)
    linear_losses = centred.losses(1.0, step_size, recorded)[0].tolist()

    target_norm = np.sqrt(np.mean(data.y_train**2))
    first, second = (
        norm(start, inputs[0]) for norm in (tangent.first_derivative_norm, tangent.second_derivative_norm)
    )
    shared = {"symmetrize": symmetrize, "m": start.output.shape[1], "tau": 1.0, "eta": step_size}
    shared["smallest_rate"] = step_size * float(centred.eigenvalues[0]) / len(data.y_train)
    rows = []
    for alpha in alphas:
        targets = (data.y_train, data.y_test)
        shifted = [y + alpha * h for y, h in zip(targets, initial, strict=True)]
        seen = []

        def observe(
            iteration: int, _: list[int], displacement: network.Weights, alpha=alpha, seen=seen
        ) -> None:
            index = len(seen)
            path = displacement.vector()
            with np.errstate(over="ignore", invalid="ignore"):  # a student that diverges is a result
                gaps = [
                    np.sqrt(
                        np.square(alpha * network.change(start, displacement, x)[0] - linear[index]).mean()
                    )
                    for x, linear in zip(inputs, linear_outputs, strict=True)
                ]
                measured = {
                    "distance": network.norm(path)[0],
                    "weight_gap": network.norm(path - linear_path[index] / alpha)[0],
                    "train_gap": gaps[0] / target_norm,
                    "test_gap": gaps[1] / target_norm,
                    "gate_flips": network.gate_flips(start.plus(displacement), start, inputs[0])[0],
                    "radius": step_size * iteration * first * target_norm / alpha,
                    "bound": np.square(step_size * iteration * first) * second * target_norm / alpha,
                }
            row = {name: float(value) for name, value in measured.items()}
            seen.append(row | {"alpha": alpha, "iteration": iteration})

        (run,) = descent.descend(
            students=Students(start, alpha, step_size, displaced=symmetrize),
            data=replace(data, y_train=shifted[0], y_test=shifted[1]),
            iterations=iterations,
            track_best=False,
            observe=observe,
        )
        # Fewer if it diverged.
        for row, loss, linear in zip(seen, run.train_loss, linear_losses, strict=False):
            losses = {"train_loss": loss, "tangent_train_loss": linear}
            rows.append(shared | row | losses | {"diverged": run.diverged})
    return rows


def main(snakemake) -> None:
    jobs.start(snakemake)
    params, seed = snakemake.params, int(snakemake.wildcards.seed)
    data = problem.make_problem(**params.problem, seed=seed)
    rows = []
    for symmetrize in (False, True):
        start = network.initialise(params.m, data.x_train.shape[1], 1.0, seed, symmetrize)
        rows += measure(data, start, symmetrize, params.alpha, params.step_size, params.iterations)
    parquet.write(snakemake.output[0], [row | {"seed": seed} for row in rows], schemas.THEORY_LIMIT)


if __name__ == "__main__":
    main(snakemake)
