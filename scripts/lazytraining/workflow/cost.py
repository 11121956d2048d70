"""What training costs: the time that a job asks a cluster for."""

import math

from lazytraining.config.job import Job
from lazytraining.config.kinds import Neurons
from lazytraining.config.model_job import ModelJob

UPDATE = 2e-4
"""Seconds of an update that computes next to nothing, on one core."""
FLOPS = {"float32": 6e10, "float64": 3e10}
"""Operations a second in the matrix products of an update, on one core of an AVX2 machine."""
PASSES = 5e-9
"""Seconds for each neuron and point of a step of a flow, beside its products: output, gates, and their product with residuals."""
DESCENTS = 3000
"""Steps of the descents that look for the largest stable one."""
SPARE = 4
"""How much slower a job may be: many points leave the core's cache, and other cores are slower."""
START_MINUTES = 3
"""A cold file system takes minutes to import torch from."""


def operations(job: Job) -> float:
    """Of a job's matrix products, if no run ends early: 2 m d (2 n + k) for each update."""
    points = 2 * job.problem.n_train + job.n_tested
    return 2.0 * sum(key.m for key in job.keys) * job.problem.d * points * job.iterations


def minutes(job: Job) -> int:
    """For runs that train one after the other."""
    products = operations(job) / FLOPS[job.precision]
    seconds = UPDATE * len(job.keys) * job.iterations + products
    return math.ceil(START_MINUTES + SPARE * seconds / 60)


def neuron_minutes(one: Neurons) -> int:
    """For every τ of a seed, in two dimensions."""
    products = 4 * one.m * (2 * one.n_train + one.n_test) / FLOPS["float64"]
    seconds = len(one.tau) * one.iterations * (UPDATE + products)
    return math.ceil(START_MINUTES + SPARE * seconds / 60)


def phase_minutes(job: dict) -> int:
    """For every flow of a job of a phase diagram, if none stops early, and descents that look for the largest stable step: two products a
    step, and passes over the features."""
    n, d = job["problem"]["n_train"], job["problem"]["d"]
    flows = len(job["couplings"]) * len(job["starts"])
    iterations = job["iterations"] + job["steps"] * DESCENTS
    seconds = flows * iterations * (UPDATE + job["m"] * n * (4 * d / FLOPS["float64"] + PASSES))
    return math.ceil(START_MINUTES + SPARE * seconds / 60)


def model_minutes(sizes: dict[str, int | float], job: ModelJob) -> int:
    """For a module and its twin at every α, τ and step: about eight passes through the points at each update and three at each recorded
    iteration, each an operation pair a weight (a convolution's weight is used at every place, so activations count too)."""
    if not sizes:
        return 60
    points = min(job.batch or sizes["n_train"], sizes["n_train"])
    looked_at = min(job.recorded, job.iterations) * (sizes["n_train"] + sizes["n_test"])
    passes = 8 * points * job.iterations + 3 * looked_at
    each = 2 * (sizes["parameters"] + 100 * sizes["activations"]) / FLOPS[job.precision]
    return math.ceil(
        START_MINUTES + SPARE * each * passes * len(job.alpha) * len(job.tau) * len(job.step) / 60
    )
