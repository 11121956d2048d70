"""What training costs: the time and memory that a job asks a cluster for."""

import math

from lazytraining.config.cnn_job import CnnJob
from lazytraining.config.job import Job
from lazytraining.config.kinds import IMAGES

UPDATE = 2e-4
"""Seconds of an update that computes next to nothing, on one core."""
FLOPS = {"float32": 6e10, "float64": 3e10}
"""Operations a second in the matrix products of an update, on one core of an AVX2 machine."""
CNN_FLOPS = {"float32": 2.5e10, "float64": 8e9}
"""Operations a second in small convolutions with their gradients."""
VGG_11 = 3.05e8
"""Operations of a forward pass of one 32 × 32 image at width 1; they go with the square of the width."""
SPARE = 4
"""How much slower a job may be: many points leave the core's cache, and other cores are slower."""
START_MINUTES = 3
"""A cold file system takes minutes to import torch from."""
FEATURES = 2_000_000
"""Neurons times points of a stack, at most, those included that are tested now and then."""
BASE_MB = 1500
"""Training takes 290 MB before its data, each of the two Snakemakes around it 150."""


def operations(job: Job) -> float:
    """Of a job's matrix products, if no run ends early: 2 m d (2 n + k) for each update."""
    points = 2 * job.problem.n_train + job.n_tested
    return 2.0 * sum(key.m for key in job.keys) * job.problem.d * points * job.iterations


def minutes(job: Job) -> int:
    """For runs that train one after the other."""
    products = operations(job) / FLOPS[job.precision]
    seconds = UPDATE * len(job.keys) * job.iterations + products
    return math.ceil(START_MINUTES + SPARE * seconds / 60)


def cnn_minutes(job: CnnJob) -> int:
    """For one CNN on one core: forward and backward of the network, forward of its frozen copy; five forwards at the end."""
    images = job.images or sum(IMAGES[job.dataset])
    passes = images * (4 * job.epochs + 5)
    seconds = passes * VGG_11 * job.width**2 / CNN_FLOPS[job.precision]
    return math.ceil(START_MINUTES + SPARE * seconds / 60)


def cnn_megabytes(job: CnnJob) -> int:
    """The images, their augmented copy, and the layers of a batch: 2¹⁸ units and their gradients for each image at width 1."""
    images = sum(IMAGES[job.dataset]) * 3 * 3 * 32**2
    units = 4 * 8 * 2**18 * job.width * max(job.batch, 200)
    return BASE_MB + math.ceil((images + units + 6 * 8 * 1e7 * job.width**2) / 1e6)


def megabytes(job: Job) -> int:
    """The data, and what a stack of students, or one wide student, computes of every point."""
    points, widest = job.problem.n_train + job.problem.n_test, max(key.m for key in job.keys)
    return BASE_MB + math.ceil(8 * (2 * points * job.problem.d + 6 * max(FEATURES, points * widest)) / 1e6)
