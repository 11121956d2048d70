"""Image sets, and the batches that are made of them."""

import hashlib
import io
import tarfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from lazytraining.config.model_job import ModelJob
from lazytraining.files import cifar10
from lazytraining.models import batches, images, lazy, loading
from lazytraining.workflow import modules

JOB = {"experiment": "e", "seed": 3, "model": "vgg11", "options": {"width": 0.02}, "data": "digits_32"}
JOB |= {"task": "classification", "alpha": [1.0], "tau": [1.0], "centre": True, "step": [0.1]}
JOB |= {"iterations": 3, "batch": 5, "kernel_points": 2}


def pixels(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8), np.arange(n) % 10


def test_digits_are_images_in_ten_classes():
    found = images.digits_32()
    assert found.x_train.shape == (1200, 3, 32, 32) and found.x_test.shape == (597, 3, 32, 32)
    assert set(found.y_train) == set(found.y_test) == set(range(10))
    assert found.x_train.mean() == pytest.approx(0, abs=1e-9)
    assert np.square(found.x_train).mean() == pytest.approx(1)
    assert np.array_equal(found.x_train.min(axis=(0, 2, 3)), found.black)
    small = images.digits(500)
    assert small.x_train.shape == (500, 1, 8, 8) and len(small.x_test) == 1297
    assert np.abs(small.x_train.mean(0)).max() < 1e-12


def test_crops_are_windows_of_the_padded_image():
    x = torch.from_numpy(images.digits_32().x_train[:2])
    black = torch.tensor([-1.0, -2.0, -3.0], dtype=torch.float64)

    def crop(*corners: list[int]) -> torch.Tensor:
        return batches.crop(x, torch.tensor(corners), black)

    assert torch.equal(crop([4, 4], [4, 4]), x)
    shifted = crop([0, 8], [7, 4])
    assert torch.equal(shifted[0, :, 4:, :28], x[0, :, :28, 4:])
    assert torch.equal(shifted[0, :, 0, 0], black) and torch.equal(shifted[0, :, 31, 31], black)
    assert torch.equal(shifted[1, :, :29], x[1, :, 3:])


def test_batches_draw_order_shifts_and_flips_from_their_own_streams():
    x = torch.from_numpy(images.digits_32().x_train[:12])
    black = torch.zeros(3, dtype=torch.float64)

    def drawn(augment: str, first: int = 0, **others) -> list[batches.Batch]:
        job = ModelJob(**JOB | {"augment": augment} | others)
        return list(islice(batches.batches(job, x, black, first), 6 - first))

    plain, cropped, flipped = (drawn(name) for name in ("none", "crop", "crop_and_flip"))
    streams = [
        np.random.Generator(np.random.PCG64(np.random.SeedSequence(3, spawn_key=(k,)))) for k in (7, 8)
    ]
    for passes in range(2):
        order = torch.from_numpy(streams[0].permutation(12))
        corners, mirrored = streams[1].integers(0, 9, (12, 2)), streams[1].random(12) < 0.5
        expected = batches.crop(x[order], torch.from_numpy(corners), black)
        expected[mirrored] = expected[mirrored].flip(-1)
        for number, at in enumerate((slice(0, 5), slice(5, 10), slice(10, 12))):
            rows, found, done = plain[3 * passes + number]
            assert torch.equal(rows, order[at]) and torch.equal(found, x[order[at]]) and done == passes
            assert torch.equal(flipped[3 * passes + number].x, expected[at])
    first = np.random.Generator(np.random.PCG64(np.random.SeedSequence(3, spawn_key=(8,))))
    corners = torch.from_numpy(first.integers(0, 9, (12, 2)))
    assert torch.equal(cropped[0].x, batches.crop(x[cropped[0].rows], corners[:5], black))
    for later, again in zip(flipped[4:], drawn("crop_and_flip", 4), strict=True):
        assert torch.equal(later.x, again.x) and later.passes == again.passes == 1
    rows, whole, done = drawn("none", 2, batch=None)[1]
    assert rows == slice(None) and whole is x and done == 3


@pytest.fixture
def cifar(tmp_path, monkeypatch) -> tuple[Path, tuple]:
    """A place to be fetched into, and a data set in the format of CIFAR-10's binary archive, to be fetched from a file."""
    x, y = pixels(26)
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    archive = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as files:
        for name, at in zip(
            names, [*(slice(4 * i, 4 * i + 4) for i in range(5)), slice(20, 26)], strict=True
        ):
            rows = b"".join(
                bytes([label]) + image.tobytes() for image, label in zip(x[at], y[at], strict=True)
            )
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            entry.size = len(rows)
            files.addfile(entry, io.BytesIO(rows))
    monkeypatch.setattr(cifar10, "MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(cifar10, "URL", archive.as_uri())
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    return archive, (x, y)


def test_cifars_archive_is_fetched_read_and_trained_on(cifar):
    x, y = cifar[1]
    few = {"data": "cifar10", "augment": "crop_and_flip", "options": {"width": 0.02}}
    network, points = loading.load(ModelJob(**JOB | few))
    assert Path("data/cifar-10-binary.tar.gz").is_file()
    mean, deviation = (np.array(part)[:, None, None] for part in (images.CIFAR_MEAN, images.CIFAR_DEVIATION))
    np.testing.assert_allclose(points.x_train.numpy(), (x[:20] / 255 - mean) / deviation)
    assert points.y_test.argmax(1).tolist() == y[20:].tolist()
    np.testing.assert_allclose(points.black.numpy(), (-mean / deviation)[:, 0, 0])
    (row,) = lazy.train(ModelJob(**JOB | few), network, points)[0]
    assert (row["n_train"], row["iterations"], row["diverged"]) == (20, 3, False)
    assert row["relative_distance"] > 0


@pytest.mark.parametrize("where", ["http://127.0.0.1:9/cifar-10-binary.tar.gz", "broken"])
def test_what_cant_be_fetched_is_one_line_that_says_what_to_do(cifar, where, monkeypatch):
    """Before any job: by what the process that starts them asks, which has neither torch nor the images."""
    archive, (x, _) = cifar
    (one,) = experiments_of("cifar10")
    kept = Path("data/cifar-10-binary.tar.gz")
    kept.parent.mkdir()
    kept.write_bytes(archive.read_bytes()[:-1])
    whole = archive.read_bytes()
    if where == "broken":
        archive.write_bytes(b"broken")
    else:
        monkeypatch.setattr(cifar10, "URL", where)
    found = modules.lacking([one])
    assert found.startswith("data/cifar-10-binary.tar.gz is not CIFAR-10 (md5 ") and "\n" not in found
    assert "put cifar-10-binary.tar.gz (md5 " in found and found.endswith("into data/ by hand, and run again")
    assert modules.lacking(experiments_of("digits")) == ""
    kept.write_bytes(whole)  # by hand
    assert modules.lacking([one]) == "" and len(images.cifar10().x_test) == len(x[20:])


def experiments_of(data: str) -> list:
    from lazytraining.config import experiments

    entry = {"kind": "model", "model": "cnn", "data": data, "task": "classification", "alpha": [1]}
    entry |= {"iterations": 1, "seeds": 1}
    return list(experiments.load({"results": "r", "experiments": {"e": entry}}).experiments.values())
