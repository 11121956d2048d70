"""Train one student; write its row, its curve and, if asked for, its weights.

In: the run's key (wildcards) and settings (params).
Out: run.parquet (one row), curve.parquet (recorded iterations), weights.npz (`start` and `end`, w0 and
the last w, each (m, d + 1) with b_i in the first d columns and a_i in the last).
"""

import math
import time

import numpy as np
import torch

from lazytraining import descent, jobs, network, problem, records


def train(key: dict, settings: dict) -> tuple[dict, list[dict], network.Weights, network.Weights]:
    """The run's row, its curve, and where it started and ended."""
    data = problem.make_problem(**settings["problem"])
    symmetrize, precision = settings["symmetrize"], getattr(torch, settings["precision"])
    start = network.initialise(key["m"], settings["problem"]["d"], key["tau"], key["seed"], symmetrize).to(
        precision
    )
    stopping = settings["early_stopping"]

    begin = time.perf_counter()
    (run,) = descent.descend(
        data,
        start,
        alpha=torch.tensor([key["alpha"]], dtype=torch.float64),
        step_size=torch.tensor([key["eta"]], dtype=torch.float64),
        iterations=settings["iterations"],
        early_stopping=[descent.EarlyStopping(*stopping)] if stopping else None,
        track_best=settings["track_best"],
        symmetrized=symmetrize,
    )
    seconds = time.perf_counter() - begin

    moved = network.movement(run.displacement, start)
    x_train = torch.as_tensor(data.x_train, dtype=precision)
    row = key | {
        "symmetrize": symmetrize,
        "precision": settings["precision"],
        "iterations": run.iterations,
        "stopped_early": run.stopped_early,
        "diverged": run.diverged,
        "train_loss_end": math.nan if run.diverged else run.train_loss[-1],
        "test_loss_end": math.nan if run.diverged else run.test_loss[-1],
        "test_loss_best": run.test_loss_best,
        "best_iteration": run.best_iteration,
        **{name: value.item() for name, value in moved._asdict().items()},
        "gate_flips": network.gate_flips(run.weights, start, x_train).item(),
        "zero_loss": data.zero_loss,
        "wall_seconds": seconds,
    }
    columns = ("iteration", "train_loss", "test_loss", "relative_change", "relative_distance")
    points = zip(*(getattr(run, name) for name in columns), strict=True)
    return row, [key | dict(zip(columns, point, strict=True)) for point in points], start, run.weights


def main(snakemake) -> None:
    jobs.start(snakemake.log[0])
    wildcards = snakemake.wildcards
    key = {
        "experiment": wildcards.experiment,
        "m": int(wildcards.m),
        "alpha": float(wildcards.alpha),
        "tau": float(wildcards.tau),
        "eta": float(wildcards.eta),
        "seed": int(wildcards.seed),
    }
    row, curve, start, end = train(key, snakemake.params.settings)
    if hasattr(snakemake.output, "weights"):
        with records.replacing(snakemake.output.weights) as temporary:
            np.savez(temporary, start=start.array(), end=end.array())
    where = {"device": str(end.hidden.device), "threads": str(torch.get_num_threads())}
    records.write(snakemake.output.curve, curve, records.CURVE, **where)
    records.write(snakemake.output.run, [row], records.RUN, **where)


if __name__ == "__main__":
    main(snakemake)
