"""Towards the lazy limit (§3.1, §3.2): students with h(w0) = 0 at τ = 1, beside their tangent model; one seed.

In: the theory settings of the configuration (params), a seed. Out: a row for each α and recorded iteration,
with η and the number of iterations the same for all.
"""

import torch

from lazytraining import descent, jobs, network, problem, records, tables, tangent


def measure(
    data: problem.Problem, m: int, seed: int, alphas: list[float], step_size: float, iterations: int
) -> list[dict]:
    """All α are one stack from one start. With h(w0) = 0, f̄_t is the same for every α, and w̄_t − w0 ∝ 1/α."""
    x_train, x_test = torch.from_numpy(data.x_train), torch.from_numpy(data.x_test)
    start = network.initialise(m, x_train.shape[1], 1.0, seed, True)
    model, differential = tangent.TangentModel.at(start, data), tangent.jacobian(start, x_train)
    recorded = records.recorded_iterations(iterations).tolist()
    t = torch.tensor(recorded)
    linear_path = model.displacements(1.0, step_size, t, differential)
    linear_outputs = model.outputs(1.0, step_size, t)
    linear_losses = model.losses(1.0, step_size, t)[0].tolist()

    target_norm = data.y_train @ data.y_train / len(data.y_train)
    target_norm, first = target_norm**0.5, tangent.first_derivative_norm(start, x_train)
    second = tangent.second_derivative_norm(start, x_train)
    alpha = torch.tensor(alphas, dtype=torch.float64)
    rows = []

    def observe(iteration: int, running: list[int], displacement: network.Weights) -> None:
        index, scale = recorded.index(iteration), alpha[running, None]
        path = displacement.vector()
        gaps = []
        for x, linear in zip((x_train, x_test), linear_outputs, strict=True):
            outputs = scale * network.change(start, displacement, x)
            gaps.append((outputs - linear[index]).square().mean(1).sqrt() / target_norm)
        flips = network.gate_flips(start.plus(displacement), start, x_train)
        distance = path.norm(dim=1)
        weight_gap = (path - linear_path[index] / scale).norm(dim=1)
        horizon = step_size * iteration * first**2
        names = ("distance", "weight_gap", "train_gap", "test_gap", "gate_flips", "bound")
        bound = horizon**2 * second * target_norm / (scale[:, 0] * first**2)
        columns = zip(*(v.tolist() for v in (distance, weight_gap, *gaps, flips, bound)), strict=True)
        for student, values in zip(running, columns, strict=True):
            key = {"alpha": alphas[student], "iteration": iteration}
            rows.append(key | dict(zip(names, values, strict=True)))

    stack = network.Weights(*(part.expand(len(alphas), *part.shape[1:]).clone() for part in start))
    steps = torch.full_like(alpha, step_size)
    runs = descent.descend(
        data, stack, alpha, steps, iterations, track_best=False, symmetrized=True, observe=observe
    )
    losses = {
        (a, i): loss
        for a, run in zip(alphas, runs, strict=True)
        for i, loss in zip(run.iteration, run.train_loss, strict=True)
    }
    smallest_rate = step_size * model.eigenvalues[0].item() / len(data.y_train)
    shared = {"m": m, "tau": 1.0, "eta": step_size, "seed": seed, "smallest_rate": smallest_rate}
    for row in rows:
        iteration = row["iteration"]
        row |= shared | {
            "train_loss": losses[row["alpha"], iteration],
            "tangent_train_loss": linear_losses[recorded.index(iteration)],
        }
    return rows


def main(snakemake) -> None:
    jobs.start(snakemake.log[0])
    params, seed = snakemake.params, int(snakemake.wildcards.seed)
    data = problem.make_problem(**params.problem, seed=seed)
    rows = measure(data, params.m, seed, params.alpha, params.steps[1.0], params.iterations)
    records.write(snakemake.output[0], rows, tables.THEORY_LIMIT)


if __name__ == "__main__":
    main(snakemake)
