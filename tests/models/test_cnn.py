"""Images, training and tables of the CNN."""

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import plot_cnn
import pytest
import summarise_cnn
import torch
from test_vgg import library

from lazytraining.config import ranges
from lazytraining.config.cnn_job import CnnJob, CnnRun
from lazytraining.figures import style
from lazytraining.files import parquet
from lazytraining.models import cnn, images, sgd, vgg
from lazytraining.models.images import Images

KEY = CnnRun("e", alpha=2.0, learning_rate=0.5, seed=1)
JOB = CnnJob(
    key=KEY,
    dataset="digits",
    images=12,
    width=1 / 16,
    epochs=3,
    batch=5,
    momentum=0.9,
    augment="crop",
    precision="float64",
)


def some_images(train: int = 12, test: int = 7) -> Images:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (train + test, 3, 32, 32), dtype=np.uint8)
    y = rng.integers(0, 10, train + test)
    return Images(x[:train], y[:train], x[train:], y[train:], np.full(3, 0.5), np.array([0.2, 0.3, 0.4]))


def same(one: Images, other: Images) -> bool:
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(one, other, strict=True))


def test_digits_are_images_in_ten_classes(tmp_path):
    data = images.digits()
    assert data.x_train.shape == (1200, 3, 32, 32) and data.x_test.shape == (597, 3, 32, 32)
    assert set(data.y_train) == set(data.y_test) == set(range(10))
    x = data.normalised(data.x_train, dtype=torch.float64)
    assert x.mean().item() == pytest.approx(0, abs=1e-9)
    assert x.square().mean().item() == pytest.approx(1)
    images.save(data, tmp_path / "digits.npz")
    assert same(images.read(tmp_path / "digits.npz"), data)
    assert same(images.digits(), data), "the split is fixed"


def test_crops_are_windows_of_the_padded_image():
    x = some_images().x_train[:2]
    same_place, shifted = (
        images.crop(x, np.array([[4, 4], [4, 4]])),
        images.crop(x, np.array([[0, 8], [7, 4]])),
    )
    assert np.array_equal(same_place, x)
    assert np.array_equal(shifted[0, :, 4:, :28], x[0, :, :28, 4:])
    assert not shifted[0, :, :4].any() and not shifted[0, :, :, 28:].any()
    assert np.array_equal(shifted[1, :, :29], x[1, :, 3:]) and not shifted[1, :, 29:].any()


def test_epochs_draw_order_shifts_and_flips_from_their_own_streams():
    data = some_images()

    def epochs(augment: str, count: int = 2) -> list:
        return list(images.epochs(data, 3, count, augment))

    plain, cropped, flipped = (epochs(name) for name in ("none", "crop", "crop_and_flip"))
    streams = [
        np.random.Generator(np.random.PCG64(np.random.SeedSequence(3, spawn_key=(k,)))) for k in (7, 8)
    ]
    for epoch in range(2):
        order = streams[0].permutation(12)
        for drawn in (plain, cropped, flipped):
            assert np.array_equal(drawn[epoch][0], order)
        assert np.array_equal(plain[epoch][1], data.x_train[order])
        corners, mirrored = streams[1].integers(0, 9, (12, 2)), streams[1].random(12) < 0.5
        expected = images.crop(data.x_train[order], corners)
        expected[mirrored] = expected[mirrored][..., ::-1]
        assert np.array_equal(flipped[epoch][1], expected)
    first = np.random.Generator(np.random.PCG64(np.random.SeedSequence(3, spawn_key=(8,))))
    corners = first.integers(0, 9, (12, 2))
    assert np.array_equal(cropped[0][1], images.crop(data.x_train[cropped[0][0]], corners))


@pytest.fixture
def cifar(tmp_path, monkeypatch) -> tuple[Path, Images]:
    """A folder to be fetched into, and a data set in the format of CIFAR-10's binary archive, to be fetched from a file."""
    data = some_images(20, 6)
    parts = [(data.x_train[4 * i : 4 * i + 4], data.y_train[4 * i : 4 * i + 4]) for i in range(5)]
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    archive = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as files:
        for name, (x, y) in zip(names, [*parts, (data.x_test, data.y_test)], strict=True):
            rows = b"".join(bytes([label]) + image.tobytes() for image, label in zip(x, y, strict=True))
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            entry.size = len(rows)
            files.addfile(entry, io.BytesIO(rows))
    monkeypatch.setattr(images, "CIFAR_MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(images, "CIFAR_URL", archive.as_uri())
    folder = tmp_path / "data"
    folder.mkdir()
    return folder, data


def test_cifars_archive_is_fetched_read_and_trained_on(cifar):
    folder, data = cifar
    loaded = images.load("cifar10", folder)
    assert same(loaded._replace(mean=data.mean, deviation=data.deviation), data)
    assert loaded.mean.shape == (3,)
    row, curve = sgd.train(replace(JOB, dataset="cifar10", images=None, augment="crop_and_flip"), loaded)
    assert (row["images"], row["epochs"], len(curve), row["diverged"]) == (20, 3, 3, False)
    assert row["relative_distance"] > 0


@pytest.mark.parametrize("where", ["http://127.0.0.1:9/cifar-10-binary.tar.gz", "broken"])
def test_what_cant_be_fetched_is_one_line_that_says_what_to_do(cifar, where, monkeypatch):
    folder, data = cifar
    archive = folder.parent / "cifar-10-binary.tar.gz"
    (folder / archive.name).write_bytes(archive.read_bytes()[:-1])
    if where == "broken":
        archive = archive.rename(folder.parent / "whole")
        (folder.parent / "cifar-10-binary.tar.gz").write_bytes(b"broken")
    else:
        monkeypatch.setattr(images, "CIFAR_URL", where)
    expected = r"^\S*/data/cifar-10-binary.tar.gz is not CIFAR-10 \(md5 \w+\)\. .*put cifar-10-binary.tar.gz \(md5 .*\) into .* by hand"
    with pytest.raises(images.LackingImagesError, match=expected) as caught:
        images.load("cifar10", folder)
    assert "\n" not in str(caught.value)
    (folder / "cifar-10-binary.tar.gz").write_bytes(archive.read_bytes())  # by hand
    assert np.array_equal(images.load("cifar10", folder).x_test, data.x_test)


def test_training_is_its_transcription():
    """Against torch's own modules, loss and a momentum written out; the frozen copy is a second module."""
    data = some_images()
    row, curve = sgd.train(JOB, data)
    first = vgg.initialise(JOB.width, KEY.seed)
    network, copy = library(first), library(first)
    parameters, alpha = list(network.parameters()), KEY.alpha
    velocity = [torch.zeros_like(part) for part in parameters]

    def pixels(x: np.ndarray) -> torch.Tensor:
        scaled = (x / 255 - data.mean[:, None, None]) / data.deviation[:, None, None]
        return torch.from_numpy(scaled)

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (network(x) - copy(x).detach() - torch.eye(10)[y] / alpha).square().mean()

    for epoch, (order, x) in enumerate(images.epochs(data, KEY.seed, JOB.epochs, "crop")):
        y, total = torch.from_numpy(data.y_train[order]), 0.0
        for at in (slice(0, 5), slice(5, 10), slice(10, 12)):
            value = loss(pixels(x[at]), y[at])
            gradients = torch.autograd.grad(value, parameters)
            total += value.item() * len(y[at])
            with torch.no_grad():
                for part, speed, gradient in zip(parameters, velocity, gradients, strict=True):
                    speed.mul_(0.9).add_(gradient)
                    part -= KEY.learning_rate / (1 + 100 * epoch / 300) * speed
        assert curve[epoch]["train_loss"] == pytest.approx(alpha**2 * total / 12, rel=1e-9)
    end = loss(pixels(data.x_test), torch.from_numpy(data.y_test)).item() * alpha**2
    assert row["test_loss"] == pytest.approx(end, rel=1e-9)
    x = pixels(data.x_test)
    right = (network(x) - copy(x)).argmax(1).numpy() == data.y_test
    assert row["test_accuracy"] == pytest.approx(right.mean())
    squares = [
        sum(part.square().sum().item() for part in parts)
        for parts in ([a - b for a, b in zip(parameters, copy.parameters(), strict=True)], copy.parameters())
    ]
    assert row["relative_distance"] == pytest.approx((squares[0] / squares[1]) ** 0.5)
    assert set(row) == set(cnn.RUN.names) and set(curve[0]) == set(cnn.CURVE.names)


def without_time(row: dict) -> dict:
    return {name: value for name, value in row.items() if name != "wall_seconds"}


def test_a_job_cut_off_goes_on_where_it_was_and_ends_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(sgd, "SAVE_EVERY", 0.0)
    data, path = some_images(), tmp_path / "checkpoint"
    row, curve = sgd.train(JOB, data)
    epoch, calls = sgd._epoch, []

    def counted(*arguments):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        return epoch(*arguments)

    monkeypatch.setattr(sgd, "_epoch", counted)
    with pytest.raises(KeyboardInterrupt):
        sgd.train(JOB, data, checkpoint=path)
    calls.pop()
    again, points = sgd.train(JOB, data, checkpoint=path)
    assert len(calls) == 2, "one epoch was left"
    assert without_time(again) == without_time(row) and points == curve
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        sgd.train(replace(JOB, key=KEY._replace(alpha=3.0)), data, checkpoint=path)


def test_a_run_that_diverges_is_a_result():
    row, curve = sgd.train(replace(JOB, key=KEY._replace(learning_rate=1e9)), some_images())
    assert row["diverged"] and np.isnan(row["train_loss"]) and np.isnan(row["test_accuracy"])
    assert row["epochs"] == len(curve) < JOB.epochs


def test_in_the_lazy_limit_a_run_does_not_depend_on_alpha():
    rows = [sgd.train(replace(JOB, key=KEY._replace(alpha=alpha)), some_images())[0] for alpha in (1e6, 1e7)]
    for name in ("train_loss", "test_loss"):
        assert rows[0][name] == pytest.approx(rows[1][name], rel=1e-4)
    assert rows[0]["relative_distance"] == pytest.approx(10 * rows[1]["relative_distance"], rel=1e-4)
    assert rows[1]["test_accuracy"] == rows[1]["test_accuracy_frozen"]
    assert min(rows[1][name] for name in (*cnn.GATES, *cnn.CHOICES)) > 0.999


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_at_the_largest_alpha_that_is_allowed_the_loss_is_that_of_the_lazy_limit(precision):
    """Where the loss no longer depends on α, it is that of an α far from the end."""

    def trained(precision: str, alpha: float) -> dict:
        ranges.check_cnn("e", precision, alpha=alpha, learning_rate=0.5)
        return sgd.train(replace(JOB, precision=precision, key=KEY._replace(alpha=alpha)), some_images())[0]

    far, end = trained("float64", 1e7), trained(precision, {"float32": 5.2e5, "float64": 2.8e14}[precision])
    for name in ("train_loss", "test_loss"):
        assert end[name] == pytest.approx(far[name], rel=0.03)


def table(**losses: list[float]) -> pd.DataFrame:
    """Runs at α = 1 by learning rate, a training loss for each seed."""
    rows = [
        {"experiment": "e", "alpha": 1.0, "learning_rate": float(name[1:]), "seed": seed, "train_loss": loss}
        for name, values in losses.items()
        for seed, loss in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(diverged=lambda rows: rows["train_loss"].isna())


def test_the_best_learning_rate_has_the_lowest_mean_training_loss_and_no_divergence():
    nan = float("nan")
    assert set(cnn.best(table(r1=[1, 5], r2=[2, 3], r3=[9, 9]))["learning_rate"]) == {2}
    assert set(cnn.best(table(r1=[0.1, nan], r2=[2, 3]))["learning_rate"]) == {2}
    assert set(cnn.best(table(r1=[nan, nan], r2=[4, nan], r3=[5, nan]))["learning_rate"]) == {2}
    assert len(cnn.best(table(r1=[nan, nan]))) == 2


def test_rows_fit_their_schemas(tmp_path):
    row, curve = sgd.train(replace(JOB, epochs=1), some_images())
    parquet.write(tmp_path / "e.parquet", [row], cnn.RUN)
    (tmp_path / "curves").mkdir()
    parquet.write(tmp_path / "curves/e.parquet", curve, cnn.CURVE)
    assert parquet.read([tmp_path / "e.parquet"], cnn.RUN).to_pylist() == [row]


def measured() -> pd.DataFrame:
    """Two learning rates at three α, three seeds; at the smallest α one seed diverges at every learning rate."""
    rows = []
    for alpha in (0.01, 1.0, 100.0):
        for rate in (0.1, 1.0):
            for seed in range(3):
                diverged = alpha < 1 and seed == 2
                values = {name: 0.1 * seed + rate / 4 for name in cnn.MEASURED}
                if diverged:
                    values = dict.fromkeys(cnn.MEASURED, float("nan"))
                key = {"experiment": "e", "alpha": alpha, "learning_rate": rate, "seed": seed}
                rows.append(key | values | {"diverged": diverged})
    return pd.DataFrame(rows)


def test_a_summary_is_over_the_seeds_that_did_not_diverge():
    summary = summarise_cnn.summarise(measured()).set_index("alpha")
    assert set(summary.columns) | {"alpha"} == set(cnn.SUMMARY.names)
    assert list(summary["learning_rate"]) == [0.1] * 3
    assert list(summary["n_seeds"]) == [3] * 3 and list(summary["n_diverged"]) == [1, 0, 0]
    assert summary.loc[0.01, "test_accuracy_mean"] == pytest.approx(0.05 + 0.025)
    assert summary.loc[1, "test_accuracy_mean"] == pytest.approx(0.1 + 0.025)
    assert summary.loc[1, "test_accuracy_std"] == pytest.approx(0.1)


def test_the_figure_is_drawn_where_runs_diverged_too(tmp_path):
    for name, runs in {"all": measured(), "one": measured().query("alpha == 1")}.items():
        style.save(plot_cnn.draw(runs), tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 0
