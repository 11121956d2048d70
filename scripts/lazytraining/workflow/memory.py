"""The memory that a job asks for, in megabytes: its largest arrays, counted in the sizes that they have.

Each counts what is there at once at the job's fullest moment; tests/workflow/test_memory.py holds it against jobs that run. All but a few arrays are
in float64. Names of sizes are those of the configuration: n training points, k test points, p = m (d + 1) weights, T recorded iterations.
"""

import math
from collections import Counter
from pathlib import Path

import psutil

from lazytraining.config.job import Job, ProblemKey
from lazytraining.config.kinds import Neurons
from lazytraining.config.model_job import ModelJob
from lazytraining.config.parts import Landscape, Theory

BASE = 1000
"""A job's packages are up to 350, each of the two Snakemakes around it 150."""
SPARE = 1.25
"""Above what was counted."""
RECORDED = 220
"""Recorded iterations, at most."""
ROW = 1600
"""Bytes of a row on its way into a file."""
STACK = 256_000
"""Neurons times points of students that train together, unless one has more (`training.CPU_FEATURES`)."""
LOSSES = 4e10, 2**18
"""Operations and iterations of one call of the engine, at most (`descent.OPERATIONS`, `descent.LONGEST`): their losses are in memory."""
FLOWS = 2**16
"""Neurons times points of flows that are integrated together, unless one has more (`flow.NUMBERS`)."""
SURFACE = 2**21
"""Neurons times points, or weights, computed at once of a landscape (`landscape.FEATURES`)."""
GRADIENTS = 2**26
"""Numbers of gradients or activations of a module at once (`module.AT_ONCE`)."""


def students(job: Job) -> int:
    """The points, as they are and as the engine lays them out; features at the start, and gates at the end; weights, rows and losses;
    and with `laziness` the tangent model and the kernels at start and end, with `recorded` one of each for every student of a stack."""
    size, sizes = 4 if job.precision == "float32" else 8, job.problem
    n, k, d, most = sizes.n_train, sizes.n_test, sizes.d, 0.0
    points, deep, widest = _up(d, 64 // size), _up(d, 4), max(key.m for key in job.keys)
    drawn = min(16, job.iterations) * n if job.batch else n
    data = 8 * d * (n + k) + size * ((points + deep) * drawn + deep * k + deep * max(drawn, k))
    data += 48 * (drawn + k) + 16 * max(n, k) * sizes.teacher_neurons + (16 * d * drawn if job.batch else 0)
    for m, count in Counter(key.m for key in job.keys).items():
        stack = max(1, min(count, STACK // (n + job.n_tested) // m))
        gates = m * n * (size + 2) + (size * (drawn + k) * stack * m // 2 if job.symmetrize else 0)
        operations = 2 * stack * m * d * (2 * n + job.n_tested)
        losses = 32 * stack * min(job.iterations, LOSSES[1], LOSSES[0] / operations)
        most = max(most, gates + losses + stack * m * (d + 1) * (48 + 12 * size))
    weights = 2 * size * sum(key.m for key in job.keys) * (d + 1)
    if job.laziness:
        held = 2 * n * n + k * n
        most += 8 * (held + max(_tangent_model(n, k, widest) - n * n, 8.4 * n * n + 6 * n * widest))
        if job.laziness == "recorded":
            most += 8 * held * max(1, min(len(job.keys), STACK // (n + job.n_tested) // widest))
    return _asked(data + most + weights + ROW * len(job.keys) * min(RECORDED, job.iterations + 1))


def baselines(job: Job) -> int:
    """The tangent kernel, its eigenvectors, what they are at test points; and what κ and least squares need."""
    n, k, d, m = job.problem.n_train, job.problem.n_test, job.problem.d, job.keys[0].m
    spectrum, fit = _tangent_model(n, k, m), 4.4 * n * m + 2.5 * min(n, m) ** 2 + 2 * k * m
    most = max(spectrum, fit, _second_derivative(n, d, m), RECORDED * (9 * n + 3 * k))
    return _asked(8 * (_points(job.problem) + n * n + k * n + most) + ROW * len(job.keys))


def landscape(job: Job, runs: int, chosen: Landscape) -> int:
    """The end points, in two orders, and their principal components, and the features of as many cells as are computed at once."""
    k, m, inputs = job.problem.n_test, job.keys[0].m, job.problem.d + 1
    p, cells = m * inputs, max(1, SURFACE // (m * max(k, inputs)))
    most = max(9.2 * runs * p + 2 * m * m, 5 * runs * p + cells * (1.1 * m * k + 4 * p))
    return _asked(8 * (_points(job.problem) + most) + ROW * (chosen.grid**2 + 2 * runs))


def theory_start(theory: Theory) -> int:
    """A kernel and its factors, for the widest student."""
    n, m = theory.n_train, max(theory.m, *theory.widths)
    most = max(3.2 * n * n + 4.2 * n * m, _second_derivative(n, theory.d, m))
    return _asked(8 * (_points(theory) + most) + ROW * (len(theory.tau) + len(theory.alpha)) * 2)


def theory_step(theory: Theory) -> int:
    """The differential before and after, as a map, and Lanczos vectors; or what ‖D²h‖ needs."""
    n, p = theory.n_train, theory.m * (theory.d + 1)
    most = max(8.7 * n * theory.m + 8 * p + 45 * min(n, p), _second_derivative(n, theory.d, theory.m))
    return _asked(8 * (_points(theory) + most))


def theory_limit(theory: Theory) -> int:
    """The differential as a matrix, the tangent model's path and outputs, beside a student that trains."""
    n, k, d, m = theory.n_train, theory.n_test, theory.d, theory.m
    p, recorded = m * (d + 1), min(RECORDED, theory.iterations + 1)
    held = n * p + recorded * (p + 2 * n + 2 * k) + n * n + k * n
    most = max(n * p, _tangent_model(n, k, m), _second_derivative(n, d, m))
    return _asked(8 * (_points(theory) + held + most + 20 * p) + ROW * 2 * len(theory.alpha) * recorded)


def theory_sample(theory: Theory) -> int:
    """The differential as a matrix, for the largest sample, beside a student that trains."""
    own, n = theory.sample, max(theory.sample.n)
    p, points = own.m * (own.d + 1), n + theory.n_test
    held = points * (3 * own.d + 2 * theory.teacher_neurons + 6 * own.m) + 3 * n * p + 6 * p * p
    return _asked(8 * held + ROW * len(own.n) * len(own.alpha))


def neurons(one: Neurons) -> int:
    """A row for each neuron at each recorded iteration, and the points."""
    recorded = min(RECORDED, one.iterations + 1)
    rows = len(one.tau) * recorded * (one.m + one.teacher_neurons)
    gates = one.n_train * one.m * len(one.tau) * 8
    return _asked(1.1 * ROW * rows + 150 * (one.n_train + one.n_test) + gates)


def phase(job: dict) -> int:
    """Features, gates and their products of flows that are integrated together; the tangent model; kernels at start and end, as they are and
    centred; features at test points; and the differential, with where flows have ended."""
    n, k, d, m = job["problem"]["n_train"], job["problem"]["n_test"], job["problem"]["d"], job["m"]
    together = min(len(job["couplings"]), max(1, FLOWS // (m * n)))
    flows = together * m * (3.2 * n + 6 * d)
    spectrum = _tangent_model(n, k, m) + n * n + k * n + 2 * n * m
    fit = 4.4 * n * m + 2.5 * min(n, m) ** 2 + 2 * k * m + n * n + k * n
    points = 3 * d * (n + k) + 2 * max(n, k) * job["problem"]["teacher_neurons"]
    held = (2.3 * len(job["couplings"]) + n) * m * (d + 1)
    return _asked(
        8 * (points + held + max(flows, spectrum, fit, 10 * n * n)) + 2 * ROW * 2 * len(job["couplings"])
    )


def model(sizes: dict[str, int | float], job: ModelJob) -> int:
    """Weights, their movements and Lanczos vectors; gradients of kernel points or the closed form; activations; the data."""
    if not sizes:
        return _asked(0)
    p, k, n = sizes["parameters"], sizes["outputs"], sizes["n_train"]
    points = min(job.kernel_points, n)
    together = max(1, min(k, GRADIENTS // (points * p)))
    kernel = 1.1 * min(GRADIENTS, points * together * p)
    by_steps = job.batch or job.momentum or job.decay or job.loss != "mse" or job.augment != "none"
    closed = 0 if by_steps or n * k > 4000 else 5 * (n * k) ** 2 + min(GRADIENTS, n * k * p)
    passes = 3 * min(GRADIENTS, sizes["activations"] * max(n, sizes["n_test"]))
    vectors = p * (40 + 3 * len(job.alpha))
    return _asked(8 * (3 * sizes["numbers"] + vectors + max(kernel, closed, passes)))


def said_of_model(sizes: dict[str, int | float], job: ModelJob) -> str:
    """The keys that decide what `model` asks for, with their values."""
    said = "".join(f", options.{name} {value}" for name, value in job.options.items())
    if sizes:
        said += f", {sizes['parameters']:.3g} weights, n_train {sizes['n_train']}, n_test {sizes['n_test']}"
    return f"model {job.model}{said}, kernel_points {job.kernel_points}, {len(job.alpha)} alpha"


def machine() -> float:
    """What this machine has, or a container that this process is in."""
    total = psutil.virtual_memory().total
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # of either version of control groups
        try:
            total = min(total, int(Path("/sys/fs/cgroup", limit).read_text(encoding="ascii")))
        except (OSError, ValueError):  # ValueError: "max"
            continue
    return total / 1e6


def _points(sizes: ProblemKey | Theory) -> float:
    """Numbers of the points, and of their teacher's features."""
    return (
        3 * sizes.d * (sizes.n_train + sizes.n_test)
        + 2 * max(sizes.n_train, sizes.n_test) * sizes.teacher_neurons
    )


def _tangent_model(n: int, k: int, m: int) -> float:
    """Numbers that `TangentModel.at` has beside its own: a kernel on its way, and what eigenvectors are worked out in."""
    return max(4.2 * n * n + 2 * n * m, 2.3 * k * n + 2.5 * m * (n + k))


def _second_derivative(n: int, d: int, m: int) -> float:
    """Numbers of `tangent.second_derivative_norm`: products of inputs at each point, and their sums at each neuron's."""
    return n * d * d + 1.3 * m * d * d + 2 * n * m


def _asked(counted: float) -> int:
    return BASE + math.ceil(SPARE * counted / 1e6)


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple
