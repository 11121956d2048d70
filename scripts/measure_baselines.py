"""What theory says of the runs of one experiment, m and seed, without training.

In: nothing but the settings (params). Out: a row for each (alpha, tau, eta): the tangent model's losses
from its closed form, without and with momentum, its best fit and its largest stable step, least squares on the random features at w0, the zero
predictor, and κ.
"""

import numpy as np

from lazytraining.files import parquet, schemas
from lazytraining.student import network, problem, recording, tangent
from lazytraining.workflow import jobs

MOMENTUM = 0.9
"""As is common (Sutskever et al. 2013)."""


def baselines(keys: list[dict], problem_key: dict, symmetrize: bool, iterations: int) -> list[dict]:
    """Rows for runs that differ in alpha, tau and eta alone, so that they share one start up to τ."""
    data = problem.make_problem(**problem_key)
    m, d, seed = keys[0]["m"], problem_key["d"], keys[0]["seed"]
    start = network.initialise(m, d, 1.0, seed, symmetrize)
    model = tangent.TangentModel.at(start, data)
    recorded = recording.recorded_iterations(iterations)
    scales = (np.array([key[name] for key in keys], float) for name in ("tau", "alpha"))
    kappas = tangent.kappa(start, data.x_train, data.y_train, *scales).tolist()
    shared = {
        "tangent_fit_loss": model.best_fit(),
        "random_feature_loss": tangent.random_feature_loss(start, data),
        "zero_loss": data.zero_loss,
    }
    rows = []
    for key, kappa in zip(keys, kappas, strict=True):
        train, test = model.losses(key["alpha"], key["eta"], recorded, key["tau"])
        row = {
            "tangent_train_loss_end": train[-1].item(),
            "tangent_test_loss_end": test[-1].item(),
            "tangent_test_loss_best": test.min().item(),
            "tangent_momentum_loss_end": model.momentum_loss(
                key["alpha"], key["eta"], iterations, MOMENTUM, key["tau"]
            ),
            "kappa": kappa,
            "stable_step": model.stable_step(key["tau"]),
        }
        rows.append(key | row | shared)
    return rows


def main(snakemake) -> None:
    jobs.start(snakemake)
    params = snakemake.params
    rows = baselines(params.runs, params.problem, params.symmetrize, params.iterations)
    parquet.write(snakemake.output[0], rows, schemas.BASELINES)


if __name__ == "__main__":
    main(snakemake)
