"""How much one step changes the objective and the differential (§1.1), over τ and over α; one seed.

In: the theory settings of the configuration (params), a seed. Out: a row for each start.
"""

from lazytraining.files import parquet, schemas
from lazytraining.student import network, problem, tangent
from lazytraining.workflow import jobs


def measure(
    data: problem.Problem, m: int, seed: int, points: list[tuple[str, float, float, float]]
) -> list[dict]:
    """Rows for points (sweep, α, τ, η), not symmetrised and symmetrised."""
    x, y = data.x_train, data.y_train
    rows = []
    for symmetrize in (False, True):
        second = {}
        for sweep, alpha, tau, eta in points:
            start = network.initialise(m, x.shape[1], tau, seed, symmetrize)
            if tau not in second:
                second[tau] = tangent.second_derivative_norm(start, x)
            change = tangent.step_change(start, x, y, alpha, eta, second[tau])
            key = {"sweep": sweep, "symmetrize": symmetrize, "m": m, "alpha": alpha, "tau": tau}
            rows.append(key | {"seed": seed, "eta": eta} | change._asdict())
    return rows


def main(snakemake) -> None:
    jobs.start(snakemake)
    params, seed = snakemake.params, int(snakemake.wildcards.seed)
    data = problem.make_problem(**params.problem, seed=seed)
    points = [("tau", 1.0, tau, params.steps[tau]) for tau in params.tau]
    points += [("alpha", alpha, 1.0, params.steps[1.0]) for alpha in params.alpha]
    parquet.write(snakemake.output[0], measure(data, params.m, seed, points), schemas.THEORY_STEP)


if __name__ == "__main__":
    main(snakemake)
