"""Models and twins at full size, held against an independent transcription: `make test-reference`."""

import time

import pytest
import torch

from lazytraining.config.model_job import ModelJob
from lazytraining.models import builtin, lazy, loading, losses, norms, twin
from lazytraining.models.module import Network
from lazytraining.student import problem

pytestmark = pytest.mark.reference

SHARED = {"experiment": "mine", "seed": 0, "centre": True}


def test_an_mlp_on_digits_at_five_scales():
    job = ModelJob(
        model="mlp",
        options={"depth": 3, "width": 256},
        data="digits",
        task="classification",
        alpha=[0.1, 1.0, 10.0, 100.0, 1000.0],
        tau=[1.0],
        step=["auto"],
        iterations=400,
        n_train=500,
        n_test=800,
        **SHARED,
    )
    begin = time.process_time()
    network, points = loading.load(job)
    runs, _, _ = lazy.train(job, network, points)
    assert time.process_time() - begin <= 60, "seconds of CPU, of one core"
    assert runs[0]["derivative_norm"] == pytest.approx(1.3496, rel=1e-4)
    assert runs[0]["euler_degree"] == pytest.approx(1.83, rel=2e-3)
    assert runs[0]["regime"] == "unfinished"
    assert [row["regime"] for row in runs[3:]] == ["lazy", "lazy"] and runs[1]["regime"] == "feature learning"
    expected = {
        "kernel_movement": [0.98, 0.104, 3.64e-3, 7.7e-4],
        "test_accuracy": [0.974, 0.959, 0.955, 0.955],
        "twin_test_accuracy": [0.955] * 4,
        "twin_train_loss": [0.0745] * 4,
    }
    for name, values in expected.items():
        assert [row[name] for row in runs[1:]] == pytest.approx(values, rel=0.02), name
    assert in_their_measure(network, points, runs) == pytest.approx([0.36, 0.110, 0.0336, 0.0113], rel=0.1)


def in_their_measure(network: Network, points: loading.Points, runs: list[dict]) -> list[float]:
    """Gaps on test points from α = 1 on, over ‖f̄‖, the size of the twin's outputs, and not of the targets."""
    own = twin.Stepped(network, network.weights, losses.LOSSES["mse"])
    start = torch.zeros_like(points.y_train)
    for _ in range(400):
        own.step(runs[0]["eta"], 0.0, points.x_train, start, points.y_train)
    outputs = network.push(network.weights, points.x_test, own.at(400))
    loss = losses.LOSSES["mse"].value(outputs, points.y_test)
    assert [row["twin_test_loss"] for row in runs] == pytest.approx([loss] * 5, rel=1e-9)
    return [row["gap_test"] * (points.y_test.norm() / outputs.norm()).item() for row in runs[1:]]


def test_the_symmetrised_student_as_a_module_ends_at_the_loss_of_its_twin():
    job = ModelJob(
        model="student",
        options={"m": 50, "symmetrize": True},
        data="teacher",
        task="regression",
        alpha=[1.0],
        tau=[10.0],
        step=[1e-3],
        iterations=10_000,
        n_train=1000,
        n_test=1000,
        **SHARED,
    )
    (row,) = lazy.train(job, *loading.load(job))[0]
    assert row["test_loss_end"] == pytest.approx(3.00731e-3, rel=2e-6)
    assert row["twin_test_loss"] == pytest.approx(3.00731e-3, rel=2e-6)
    assert row["regime"] == "lazy"


def test_the_curvature_of_the_student_from_below():
    x = torch.from_numpy(problem.make_problem(100, 1000, 1, 3, 1.0, 0).x_train)
    network = Network(builtin.student((100,), 1, 0), x)
    assert 0.95 * 0.107443 <= norms.curvature(network, network.weights, x) <= 0.107443 * (1 + 1e-5)
