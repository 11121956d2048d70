"""How lazy a module is: what scales as it must, and the verdict."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import torch
from entries import JOB

from lazytraining.config import ranges
from lazytraining.config.model_job import ModelJob
from lazytraining.models import batches, builtin, lazy, loading, losses, norms, tables
from lazytraining.models.module import in_precision
from lazytraining.student import laziness


def trained(**others) -> tuple[list, list, list]:
    job = ModelJob(**JOB | others)
    return lazy.train(job, *loading.load(job))


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """The search for ‖D²h‖ is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(norms, "STARTS", 1)
        patch.setattr(norms, "ROUNDS", 2)
        yield


@pytest.fixture(scope="module")
def smooth() -> tuple[list, list, list]:
    return trained()


def test_rows_have_the_columns_of_their_tables(smooth):
    for rows, schema in zip(smooth, (tables.RUN, tables.CURVE, tables.LAYERS), strict=True):
        assert all(set(row) <= set(schema.names) for row in rows)
    of_a_pattern = {"gates_kept", "choices_kept", "test_loss_frozen", "test_accuracy_frozen"}
    assert set(smooth[0][1]) == set(tables.RUN.names) - of_a_pattern, "tanh has none"
    assert [row["iteration"] for row in smooth[1]][: len(smooth[1]) // 3] == tables.recorded(40, 60)
    assert tables.recorded(100, 2) == [0, 90, 100] and len(tables.recorded(400, 60)) <= 60


def test_a_smooth_module_is_lazy_as_one_over_alpha(smooth):
    """§3.1: ‖w − w0‖, the gap and the kernel's movement fall as 1/α, ‖w − w̄‖ as 1/α²; the twin is one."""
    runs = smooth[0]
    assert [row["regime"] for row in runs][1:] == ["lazy", "lazy"]
    for name, power in {
        "relative_distance": 1,
        "gap_test": 1,
        "kernel_movement": 1,
        "kernel_movement_predicted": 1,
        "weight_gap": 2,
        "differential_change": 1,
        "kappa_from_below": 1,
    }.items():
        assert runs[1][name] / runs[2][name] == pytest.approx(10**power, rel=0.02), name
    assert runs[2]["kernel_movement"] == pytest.approx(runs[2]["kernel_movement_predicted"], rel=1e-2)
    assert len({row["twin_test_loss"] for row in runs}) == 1
    assert runs[2]["test_loss_end"] == pytest.approx(runs[2]["twin_test_loss"], rel=1e-3)


def test_the_closed_form_and_steps_give_one_twin(smooth):
    """Batches as large as the data are the same descent, by steps."""
    other = trained(batch=30, alpha=[1.0])[0][0]
    assert other["twin_test_loss"] == pytest.approx(smooth[0][0]["twin_test_loss"], rel=1e-10)
    assert other["test_loss_end"] == pytest.approx(smooth[0][0]["test_loss_end"], rel=1e-10)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_of_a_homogeneous_module_alpha_and_tau_are_one_scale(depth):
    """With steps of 1/‖Dh‖² a run without biases depends on α τ^q alone, where q is its degree. Far from lazy, training amplifies what
    the step is rounded to."""
    options = {"depth": depth, "width": 12, "bias": False}
    (first,) = trained(options=options, alpha=[40.0])[0]
    tau = 3.0
    alpha = first["alpha"] * tau ** -first["euler_degree"]
    (other,) = trained(options=options, alpha=[alpha], tau=[tau])[0]
    assert first["euler_degree"] == pytest.approx(depth, abs=1e-6)
    for name in ("gap_test", "kernel_movement", "train_loss_end", "differential_change", "relative_distance"):
        assert other[name] == pytest.approx(first[name], rel=1e-3), name
    assert first["kernel_movement"] > 1e-3


def test_without_centring_the_student_is_that_of_the_workflow():
    """Model and twin of the note's student, against its own training and its tangent model in closed form."""
    from lazytraining.student import descent, network, problem, tangent
    from lazytraining.student.students import Students

    given = {
        "model": "student",
        "options": {"m": 6},
        "data": "teacher",
        "d": 5,
        "task": "regression",
        "centre": False,
    }
    alpha, tau, eta = 2.0, 1.5, 0.05
    (row,), _, layers = trained(**given, alpha=[alpha], tau=[tau], step=[eta], iterations=30)
    data = problem.make_problem(5, 30, 30, 3, 1.0, 0)
    start = network.initialise(6, 5, tau, 0, False)
    students = Students(start, alpha, eta, displaced=False)
    (run,) = descent.descend(students=students, data=data, iterations=30, track_best=True)
    assert row["test_loss_end"] == pytest.approx(run.test_loss[-1], rel=1e-10)
    train, test = tangent.TangentModel.at(start, data).losses(alpha, eta, np.array([30]))
    assert (row["twin_train_loss"], row["twin_test_loss"]) == pytest.approx((train[0], test[0]), rel=1e-9)
    (kappa,) = tangent.kappa(start, data.x_train, data.y_train, np.ones(1), np.array([alpha]))
    assert row["kappa_from_below"] <= kappa * (1 + 1e-9)
    change = tangent.step_change(start, data.x_train, data.y_train, alpha, eta, 1.0)
    assert row["objective_change"] == pytest.approx(change.objective_change, rel=1e-9)
    assert row["differential_change"] == pytest.approx(change.differential_change, rel=1e-3)
    assert row["euler_degree"] == pytest.approx(2)
    assert layers[0]["layer"] == "hidden" and layers[0]["gates_kept"] == row["gates_kept"] < 1


def test_a_run_that_diverges_is_a_result_and_ends_where_that_is_seen():
    runs, curves, layers = trained(alpha=[1.0], step=[1e4], options={"depth": 2, "width": 12})
    (row,) = runs
    assert row["diverged"] and row["regime"] == laziness.DIVERGED and "train_loss_end" not in row
    assert curves[-1]["iteration"] == row["iterations"] < 40 and not np.isfinite(curves[-1]["train_loss"])
    assert layers == []


def test_a_run_that_has_hardly_begun_is_unfinished():
    assert {row["regime"] for row in trained(iterations=1, alpha=[1.0])[0]} == {laziness.UNFINISHED}


@pytest.mark.parametrize("name", losses.LOSSES)
def test_no_constant_does_better_than_the_best(name):
    """What leaves more than a share of its loss has learned nothing of x: of two classes a half of the zero predictor's."""
    loss, y = losses.LOSSES[name], torch.eye(3, dtype=torch.float64)[[0, 0, 1, 2, 0]]
    least = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    descent = torch.optim.LBFGS([least], max_iter=100, tolerance_grad=1e-12, tolerance_change=0)

    def closure() -> torch.Tensor:
        descent.zero_grad()
        least.grad = loss.slope(least.detach().expand_as(y), y).mean(0)
        return torch.tensor(loss.value(least.detach().expand_as(y), y))

    descent.step(closure)
    found = loss.value(least.detach().expand_as(y), y)
    assert loss.constant(y) == pytest.approx(found, rel=1e-9) and loss.constant(y) < loss.value(0 * y, y)
    assert np.isfinite(loss.constant(y[:3])), "a class that no point has"


def test_a_network_that_is_no_better_than_a_constant_is_unfinished(tmp_path):
    """Two classes by chance: the constant ½ has half of the zero predictor's loss."""
    random = np.random.default_rng(0)
    arrays = {f"x_{part}": random.standard_normal((60, 3)) for part in ("train", "test")}
    arrays |= {f"y_{part}": np.arange(60) % 2 for part in ("train", "test")}
    np.savez(tmp_path / "d.npz", **arrays)
    runs, *_ = trained(data=str(tmp_path / "d.npz"), n_train=None, n_test=None, alpha=[1000.0], iterations=5)
    assert runs[0]["train_loss_end"] < 0.6 * runs[0]["zero_loss"]
    assert runs[0]["regime"] == laziness.UNFINISHED


def test_cross_entropy_momentum_and_batches_train():
    row = trained(loss="cross_entropy", batch=16, momentum=0.9, alpha=[100.0])[0][0]
    assert row["test_loss_end"] < row["zero_loss"] == pytest.approx(np.log(10))
    assert row["gap_test"] < 0.05


def test_the_smallest_lazy_scale_is_that_from_which_on_all_are():
    names = {1.0: "lazy", 10.0: "crossover", 100.0: "lazy", 1000.0: "lazy"}
    assert laziness.lazy_from(names) == 100
    assert laziness.lazy_from(names | {1000.0: "diverged"}) == np.inf


CNN = {
    "model": "vgg11",
    "options": {"width": 1 / 16},
    "data": "digits_32",
    "alpha": [2.0],
    "step": [0.1],
    "iterations": 7,
    "batch": 5,
    "momentum": 0.9,
    "decay": 100 / 300,
    "augment": "crop",
    "n_train": 12,
    "n_test": 7,
    "kernel_points": 2,
    "recorded": 2,
}


def test_the_cnn_of_chizat_oyallon_and_bach_is_its_transcription():
    """Against torch's own modules, their loss, learning rate and momentum written out; the frozen copy is a second module."""
    (row,), curve, layers = trained(**CNN, seed=1)
    with in_precision(torch.float64):
        network, copy = (builtin.build("vgg11", CNN["options"], (3, 32, 32), 10, 1) for _ in range(2))
    job = ModelJob(**JOB | CNN | {"seed": 1})
    points = loading.data(job)
    parameters, alpha, rate = list(network.parameters()), 2.0, 0.1 * 5
    velocity = [torch.zeros_like(part) for part in parameters]
    drawn = batches.batches(job, points.x_train, points.black)
    for rows, x, passes in itertools.islice(drawn, job.iterations):
        f = network(x) - copy(x).detach()
        loss = (f - points.y_train[rows] / alpha).square().mean()
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for part, speed, gradient in zip(parameters, velocity, gradients, strict=True):
                speed.mul_(0.9).add_(gradient)
                part -= rate / (1 + 100 * passes / 300) * speed
    with torch.no_grad():
        f = alpha * (network(points.x_test) - copy(points.x_test))
    assert row["test_loss_end"] == pytest.approx((f - points.y_test).square().mean().item() * 5, rel=1e-9)
    assert row["test_accuracy"] == losses.accuracy(f, points.y_test)
    assert curve[-1]["iteration"] == 7 and [point["iteration"] for point in curve] == [0, 6, 7]
    squares = [
        sum(part.square().sum().item() for part in parts)
        for parts in ([a - b for a, b in zip(parameters, copy.parameters(), strict=True)], copy.parameters())
    ]
    assert row["relative_distance"] == pytest.approx((squares[0] / squares[1]) ** 0.5)
    gates = [layer["gates_kept"] for layer in layers if "gates_kept" in layer]
    assert len(gates) == 8 and row["gates_kept"] == pytest.approx(np.mean(gates))
    assert len(layers) == 9 and 0 <= row["test_accuracy_frozen"] <= 1


def test_a_job_cut_off_goes_on_where_it_was_and_ends_the_same(tmp_path, monkeypatch):
    """In its second step size, with a twin by steps; another job does not take its checkpoint."""
    monkeypatch.setattr(lazy, "SAVE_EVERY", 0.0)
    given = {"step": [0.1, 0.02], "alpha": [2.0, 3.0], "iterations": 7, "batch": 8, "momentum": 0.9}
    job, path = ModelJob(**JOB | given), tmp_path / "checkpoint"
    whole, calls = lazy.train(job, *loading.load(job)), []

    def cut(updates: int) -> None:
        calls.append(updates)
        if sum(calls) >= 2 * 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lazy.train(job, *loading.load(job), told=cut, checkpoint=path)
    calls.clear()
    again = lazy.train(job, *loading.load(job), told=calls.append, checkpoint=path)
    assert calls[:2] == [14, 4] and sum(calls) == lazy.updates(job), "one step size and two updates were done"
    for rows, others in zip(whole, again, strict=True):
        one, other = (
            pd.DataFrame(found).drop(columns="wall_seconds", errors="ignore") for found in (rows, others)
        )
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    calls.clear()
    lazy.train(dataclasses.replace(job, seed=5), *loading.load(job), told=calls.append, checkpoint=path)
    assert calls[0] == 0


def test_at_the_largest_alpha_that_is_allowed_the_loss_is_that_of_the_lazy_limit():
    """Where the loss no longer depends on α, it is that of an α far from the end."""
    largest = {"float32": 5.2e5, "float64": 2.8e14}
    for precision, alpha in largest.items():
        ranges.check_centred("e", precision, alpha=alpha, step=0.1)
    given = CNN | {"options": {"width": 0.02}}
    far, double = trained(**given | {"alpha": [1e7, largest["float64"]]})[0]
    (single,) = trained(**given | {"alpha": [largest["float32"]]}, precision="float32")[0]
    for name, end in itertools.product(("train_loss_end", "test_loss_end"), (double, single)):
        assert end[name] == pytest.approx(far[name], rel=0.03)
    assert far["test_accuracy"] == far["test_accuracy_frozen"] and far["gates_kept"] > 0.98


def table(**found: list[float]) -> pd.DataFrame:
    """Runs at α = 1 by step size, a training loss for each seed."""
    rows = [
        {"experiment": "e", "alpha": 1.0, "tau": 1.0, "step": name[1:], "eta": float(name[1:]), "seed": seed}
        | {"train_loss_end": loss}
        for name, values in found.items()
        for seed, loss in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(diverged=lambda rows: rows["train_loss_end"].isna())


def test_the_best_step_size_has_the_lowest_mean_training_loss_and_no_divergence():
    nan = float("nan")
    assert set(tables.best(table(r1=[1, 5], r2=[2, 3], r3=[9, 9]))["eta"]) == {2}
    assert set(tables.best(table(r1=[0.1, nan], r2=[2, 3]))["eta"]) == {2}
    assert set(tables.best(table(r1=[nan, nan], r2=[4, nan], r3=[5, nan]))["eta"]) == {2}
    assert len(tables.best(table(r1=[nan, nan]))) == 2


@pytest.mark.parametrize("model", ["cnn", "transformer", "vgg11"])
def test_other_built_in_models_train(model):
    options = {"cnn": {"channels": 2}, "transformer": {"width": 8, "heads": 2}, "vgg11": {"width": 0.02}}[
        model
    ]
    few = {"n_train": 12, "n_test": 5, "kernel_points": 3, "iterations": 2, "alpha": [100.0]}
    (row,) = trained(model=model, options=options, **few)[0]
    assert np.isfinite(row["gap_test"]) and row["gate_flips"] >= 0
