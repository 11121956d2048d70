"""Train the students of one seed in the plane and follow their neurons (Chizat, Oyallon and Bach 2019, first figure).

In: τ and what the experiment shares (params). Out: where each neuron is at every recorded iteration, for each τ, with the
losses there; and where the teacher's are.
"""

import numpy as np

from lazytraining.files import parquet, schemas
from lazytraining.student import descent, network, problem
from lazytraining.student.network import Weights
from lazytraining.student.students import Students
from lazytraining.workflow import jobs


def places(b: np.ndarray, a: np.ndarray, first: int = 0) -> list[dict]:
    """Where neurons are: |a_i| b_i, and a_i."""
    points = np.abs(a)[:, None] * b
    return [
        {"neuron": first + i, "x": float(x), "y": float(y), "output": float(output)}
        for i, ((x, y), output) in enumerate(zip(points, a, strict=True))
    ]


def paths(taus: list[float], sizes: dict, m: int, step_size: float, iterations: int, seed: int) -> list[dict]:
    """Rows for every τ, recorded iteration and neuron; the teacher's neurons come first, numbered from −m0 to −1."""
    data = problem.make_problem(d=2, teacher_gain=1.0, seed=seed, **sizes)
    teacher = problem.make_teacher(2, sizes["teacher_neurons"], 1.0, seed)
    start = Weights.stack(network.initialise_on_circle(m, tau, seed) for tau in taus)
    seen = [[] for _ in taus]

    def observe(iteration: int, running: list[int], displacement: Weights) -> None:
        now = start.select(running).plus(displacement)
        for student, b, a in zip(running, *now, strict=True):
            seen[student].append((b, a))

    students = Students(start, 1.0, step_size, displaced=True)
    runs = descent.descend(
        students=students, data=data, iterations=iterations, track_best=False, observe=observe
    )
    rows = []
    for tau, run, states in zip(taus, runs, seen, strict=True):
        key = {"tau": tau, "seed": seed, "diverged": run.diverged}
        fixed = {"iteration": 0, "train_loss": 0.0, "test_loss": 0.0}
        rows += [key | fixed | row for row in places(teacher.hidden, teacher.output, -len(teacher.output))]
        curve = zip(run.iteration, run.train_loss, run.test_loss, states, strict=False)
        for iteration, train_loss, test_loss, state in curve:
            at = {"iteration": iteration, "train_loss": train_loss, "test_loss": test_loss}
            rows += [key | at | row for row in places(*state)]
    return rows


def main(snakemake) -> None:
    jobs.start(snakemake)
    experiment = {"experiment": snakemake.wildcards.experiment}
    rows = paths(**snakemake.params.job, seed=int(snakemake.wildcards.seed))
    parquet.write(snakemake.output[0], [experiment | row for row in rows], schemas.PATHS)


if __name__ == "__main__":
    main(snakemake)
