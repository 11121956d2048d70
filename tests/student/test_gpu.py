"""The engine of a GPU against the compiled one: on this machine's CPU, and on a GPU where there is one."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lazytraining.student import descent, engine, gpu, network, problem
from lazytraining.student.network import Weights
from lazytraining.student.students import Students

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
on_cpu = partial(gpu.Engine, device="cpu")


@pytest.mark.parametrize("track_best", [False, True])
@pytest.mark.parametrize("displaced", [False, True])
def test_on_a_cpu_it_is_the_compiled_engine_over_500_iterations(small_problem, displaced, track_best):
    start = Weights.stack(network.initialise(6, 5, tau, 0, displaced) for tau in (0.3, 1.0))
    students = Students(start, [1.0, 2.0], [0.5, 0.1], displaced=displaced, hidden_factor=0.7)
    arguments = {"students": students, "data": small_problem, "iterations": 500, "track_best": track_best}
    ours, theirs = (descent.descend(**arguments, make_engine=make) for make in (engine.Engine, on_cpu))
    for one, other in zip(ours, theirs, strict=True):
        assert (one.iteration, one.best_iteration) == (other.iteration, other.best_iteration)
        for name in ("train_loss", "test_loss", "relative_change", "relative_distance"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, err_msg=name)
        np.testing.assert_allclose(one.weights.hidden, other.weights.hidden, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("displaced", [False, True])
def test_on_a_cpu_it_takes_fresh_batches_as_the_compiled_engine_does(small_problem, displaced):
    teacher = problem.make_teacher(5, 3, 1.0, 0)
    students = Students(network.initialise(6, 5, 0.5, 0, displaced), 1.0, 0.2, displaced=displaced)
    runs = []
    for make in (engine.Engine, on_cpu):
        data = problem.Batches(teacher, 20, 0, small_problem.x_test, small_problem.y_test)
        arguments = {"students": students, "data": data, "iterations": 500, "average_last": 30}
        runs += descent.descend(**arguments, track_best=False, make_engine=make)
    for name in ("train_loss", "test_loss", "relative_distance", "late_loss"):
        np.testing.assert_allclose(*(getattr(run, name) for run in runs), rtol=1e-9)


@pytest.mark.parametrize("track_best", [True, False])
def test_iterations_in_graphs_are_the_same_iterations(small_problem, monkeypatch, track_best):
    """What a GPU captures and replays, with a replay that does the captured iterations here."""
    students = Students(network.initialise(6, 5, 0.5, 0, False), 1.0, 1.0)
    arguments = {"students": students, "data": small_problem, "iterations": 900, "track_best": track_best}
    (plain,) = descent.descend(**arguments, make_engine=on_cpu)
    captured = set()

    def capture(self, count, test):
        captured.add((count, test))
        return SimpleNamespace(replay=lambda: self._iterate(count, test, True))

    def graphed(*arguments):
        made = on_cpu(*arguments)
        made.graphed = True
        return made

    monkeypatch.setattr(gpu.Engine, "_capture", capture)
    (run,) = descent.descend(**arguments, make_engine=graphed)
    assert run.train_loss == plain.train_loss
    assert run.test_loss == plain.test_loss
    np.testing.assert_array_equal(run.weights.hidden, plain.weights.hidden)
    assert captured == {(1, True), (8, track_best)} | ({(1, False)} if not track_best else set())


@needs_gpu
@pytest.mark.parametrize("displaced", [False, True])
@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
def test_gpu_agrees_with_cpu_at_the_papers_size(displaced, precision, tolerance):
    data = problem.make_problem(100, 1000, 1000, 3, 1.0, seed=0)
    start = Weights.stack(network.initialise(50, 100, tau, 0, displaced) for tau in (0.1, 1.0, 10.0))
    students = Students(start.astype(precision), 1.0, [10.0, 0.1, 1e-3], displaced=displaced)
    runs = [
        descent.descend(students=students, data=data, iterations=500, make_engine=make)
        for make in (engine.Engine, gpu.Engine)
    ]
    for ours, theirs in zip(*runs, strict=True):
        np.testing.assert_allclose(theirs.test_loss, ours.test_loss, rtol=tolerance)
