"""Image sets: handwritten digits, which need no network, and CIFAR-10; in ten classes, each as four arrays.

`digits.npz` beside this module has the 1797 digits that scikit-learn has too: the test set of Alpaydin and Kaynak 1998
(CC BY 4.0). CIFAR-10 is of Krizhevsky 2009.
"""

import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from lazytraining.files import cifar10 as archive
from lazytraining.student import problem
from lazytraining.student.problem import Stream

SIDE = 32
DIGITS_TRAIN = 1200
"""Of the 1797 digits, where nothing else is asked for; the rest test."""
CIFAR_MEAN, CIFAR_DEVIATION = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
"""Those usual for CIFAR-10, and in Chizat, Oyallon and Bach 2019: the deviation is the mean of the images' own, not that of all pixels."""


class Images(NamedTuple):
    """A classification problem, each channel (x/255 − mean)/deviation."""

    x_train: Float[np.ndarray, "n_train c side side"]
    y_train: Int[np.ndarray, " n_train"]
    x_test: Float[np.ndarray, "n_test c side side"]
    y_test: Int[np.ndarray, " n_test"]
    black: Float[np.ndarray, " c"] | None = None
    """What a black pixel is, with which images can be padded."""


def digits(n_train: int = DIGITS_TRAIN) -> Images:
    """The 8 × 8 digits in the order of `default_rng(0).permutation`, over 16, minus the mean of those that train."""
    x, y = _pixels()
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order, None] / 16, y[order]
    x = x - x[:n_train].mean(0)
    return Images(x[:n_train], y[:n_train], x[n_train:], y[n_train:])


def digits_32() -> Images:
    """The same as photographs have it: 32 × 32 by bilinear interpolation, grey in three channels, normalised over the training images.

    Stream IMAGE_SPLIT of seed 0 has the order: `permutation(1797)`.
    """
    pixels, labels = _pixels()
    small = torch.from_numpy(pixels)[:, None]
    large = torch.nn.functional.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    x = (large * 255 / 16).round().to(torch.uint8).expand(-1, 3, -1, -1).numpy()
    order = problem.generator(0, Stream.IMAGE_SPLIT).permutation(len(x))
    x, y = x[order], labels[order]
    train = x[:DIGITS_TRAIN] / 255
    parts = x[:DIGITS_TRAIN], y[:DIGITS_TRAIN], x[DIGITS_TRAIN:], y[DIGITS_TRAIN:]
    return _normalised(*parts, train.mean(axis=(0, 2, 3)), train.std(axis=(0, 2, 3)))


def cifar10() -> Images:
    """CIFAR-10 from its binary archive. Raises LackingArchiveError if that is not there and can't be fetched."""
    with tarfile.open(archive.fetch()) as files:
        parts = [_batch(files, f"data_batch_{number}") for number in range(1, 6)]
        x, y = (np.concatenate(part) for part in zip(*parts, strict=True))
        test = _batch(files, "test_batch")
    return _normalised(x, y, *test, np.array(CIFAR_MEAN), np.array(CIFAR_DEVIATION))


def _pixels() -> tuple[Float[np.ndarray, "n 8 8"], Int[np.ndarray, " n"]]:
    """Of the digits, from 0 to 16, and what they are."""
    with np.load(Path(__file__).with_name("digits.npz")) as data:
        return data["images"].astype(np.float64), data["target"].astype(np.int64)


def _batch(files: tarfile.TarFile, name: str) -> tuple[UInt8[np.ndarray, "n 3 32 32"], Int[np.ndarray, " n"]]:
    """Images and labels: of each image a byte for its label, then its red, green and blue pixels, row after row."""
    content = files.extractfile(f"cifar-10-batches-bin/{name}.bin").read()
    rows = np.frombuffer(content, np.uint8).reshape(-1, 1 + 3 * SIDE**2)
    return rows[:, 1:].reshape(-1, 3, SIDE, SIDE), rows[:, 0].astype(np.int64)


def _normalised(
    x_train: UInt8[np.ndarray, "n 3 32 32"],
    y_train: Int[np.ndarray, " n"],
    x_test: UInt8[np.ndarray, "m 3 32 32"],
    y_test: Int[np.ndarray, " m"],
    mean: Float[np.ndarray, " 3"],
    deviation: Float[np.ndarray, " 3"],
) -> Images:
    x_train, x_test = (
        (part / 255 - mean[:, None, None]) / deviation[:, None, None] for part in (x_train, x_test)
    )
    return Images(x_train, y_train, x_test, y_test, -mean / deviation)
