"""Image sets for the CNN: handwritten digits, which need no network, and CIFAR-10.

`digits.npz` beside this module has the 1797 digits that scikit-learn has too: the test set of Alpaydin and Kaynak 1998
(CC BY 4.0). CIFAR-10 is of Krizhevsky 2009.
"""

import hashlib
import http.client
import shutil
import tarfile
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from lazytraining.files import whole
from lazytraining.student import problem
from lazytraining.student.problem import Stream

SIDE = 32
CLASSES = 10
PADDING = 4
"""Pixels by which a random crop may move an image."""
DIGITS_TRAIN = 1200
"""Of the 1797 digits; the rest test."""
CIFAR_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
CIFAR_MEAN, CIFAR_DEVIATION = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
"""Those usual for CIFAR-10, and in Chizat, Oyallon and Bach 2019: the deviation is the mean of the images' own, not that of all pixels."""


class LackingImagesError(Exception):
    """A set of images is not there; the text says what to do by hand."""


class Images(NamedTuple):
    """A classification problem in ten classes; colours from 0 to 255."""

    x_train: UInt8[np.ndarray, "n_train 3 32 32"]
    y_train: Int[np.ndarray, " n_train"]
    x_test: UInt8[np.ndarray, "n_test 3 32 32"]
    y_test: Int[np.ndarray, " n_test"]
    mean: Float[np.ndarray, " 3"]
    deviation: Float[np.ndarray, " 3"]

    def first(self, count: int | None) -> "Images":
        """With the first training images only, or all."""
        return self._replace(x_train=self.x_train[:count], y_train=self.y_train[:count])

    def normalised(
        self, x: UInt8[np.ndarray, "n 3 32 32"], dtype: torch.dtype, device: torch.device | str = "cpu"
    ) -> Float[torch.Tensor, "n 3 32 32"]:
        """(x/255 − mean) / deviation, channel by channel."""
        mean, deviation = (
            torch.as_tensor(part, dtype=dtype, device=device)[:, None, None]
            for part in (self.mean, self.deviation)
        )
        return (torch.as_tensor(x, dtype=dtype, device=device) / 255 - mean) / deviation


def load(dataset: str, folder: str | Path) -> Images:
    """`digits` or `cifar10`, which is fetched into the folder if it is not there."""
    return digits() if dataset == "digits" else cifar10(folder)


def digits() -> Images:
    """The 8 × 8 digits, made 32 × 32 by bilinear interpolation, grey in three channels."""
    with np.load(Path(__file__).with_name("digits.npz")) as data:
        pixels, labels = data["images"].astype(np.float64), data["target"].astype(np.int64)
    small = torch.from_numpy(pixels)[:, None]
    large = torch.nn.functional.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    x = (large * 255 / 16).round().to(torch.uint8).expand(-1, 3, -1, -1).numpy()
    order = problem.generator(0, Stream.IMAGE_SPLIT).permutation(len(x))
    x, y = x[order], labels[order]
    train = x[:DIGITS_TRAIN] / 255
    mean, deviation = train.mean(axis=(0, 2, 3)), train.std(axis=(0, 2, 3))
    return Images(x[:DIGITS_TRAIN], y[:DIGITS_TRAIN], x[DIGITS_TRAIN:], y[DIGITS_TRAIN:], mean, deviation)


def cifar10(folder: str | Path) -> Images:
    """CIFAR-10 from its binary archive, which is fetched into the folder if it is not there or not whole.

    Raises LackingImagesError if it can't be fetched, and says of one that is there if it is another.
    """
    archive = Path(folder) / CIFAR_URL.rpartition("/")[2]
    if _md5(archive) != CIFAR_MD5:
        _fetch(archive)
    with tarfile.open(archive) as files:
        parts = [_batch(files, f"data_batch_{number}") for number in range(1, 6)]
        x, y = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Images(x, y, *_batch(files, "test_batch"), np.array(CIFAR_MEAN), np.array(CIFAR_DEVIATION))


def _batch(files: tarfile.TarFile, name: str) -> tuple[UInt8[np.ndarray, "n 3 32 32"], Int[np.ndarray, " n"]]:
    """Images and labels: of each image a byte for its label, then its red, green and blue pixels, row after row."""
    content = files.extractfile(f"cifar-10-batches-bin/{name}.bin").read()
    rows = np.frombuffer(content, np.uint8).reshape(-1, 1 + 3 * SIDE**2)
    return np.ascontiguousarray(rows[:, 1:]).reshape(-1, 3, SIDE, SIDE), rows[:, 0].astype(np.int64)


def _md5(archive: Path) -> str:
    """Of a file; empty if it is none."""
    if not archive.is_file():
        return ""
    with archive.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def _fetch(archive: Path) -> None:
    found = _md5(archive)
    other = f"{archive} is not CIFAR-10 (md5 {found}). " if found else ""
    try:
        with (
            urllib.request.urlopen(CIFAR_URL, timeout=60) as source,
            whole.replacing(archive) as temporary,
            temporary.open("wb") as file,
        ):
            shutil.copyfileobj(source, file)
        why = "" if (fetched := _md5(archive)) == CIFAR_MD5 else f"what comes from there has md5 {fetched}"
    except (http.client.HTTPException, OSError) as error:
        why = str(error)
    if why:
        raise LackingImagesError(
            f"{other}CIFAR-10 can't be fetched from {CIFAR_URL} ({why}): put {archive.name} (md5 {CIFAR_MD5}) into "
            f"{archive.parent}/ by hand, and run again"
        )


def save(images: Images, path: str | Path) -> None:
    """Write images to an .npz file, whole or not at all."""
    with whole.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **images._asdict())


def read(path: str | Path) -> Images:
    """Images from a file of `save`."""
    with np.load(path) as arrays:
        return Images(**arrays)


def epochs(
    images: Images, seed: int, count: int, augment: str
) -> Iterator[tuple[Int[np.ndarray, " n_train"], UInt8[np.ndarray, "n_train 3 32 32"]]]:
    """For each epoch the order of the training images, and these images, in that order and augmented.

    Stream SHUFFLING: a `permutation(n)` for each epoch. Stream AUGMENTATION, for each epoch: `integers(0, 9, (n, 2))`, how
    far down and right the 32 × 32 pixels start in the image padded by 4 black ones; with flips `random(n)`, below ½ for those
    mirrored left to right.
    """
    shuffling, moving = (
        problem.generator(seed, stream) for stream in (Stream.SHUFFLING, Stream.AUGMENTATION)
    )
    x, n = images.x_train, len(images.x_train)
    for _ in range(count):
        order = shuffling.permutation(n)
        batch = x[order]
        if augment != "none":
            batch = crop(batch, moving.integers(0, 2 * PADDING + 1, (n, 2)))
        if augment == "crop_and_flip":
            flipped = moving.random(n) < 0.5
            batch[flipped] = batch[flipped, :, :, ::-1]
        yield order, batch


def crop(
    x: UInt8[np.ndarray, "n 3 32 32"], corners: Int[np.ndarray, "n 2"]
) -> UInt8[np.ndarray, "n 3 32 32"]:
    """The 32 × 32 pixels of each image, padded by 4 black ones, that start at its corner."""
    padded = np.pad(x, ((0, 0), (0, 0), (PADDING, PADDING), (PADDING, PADDING)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE), axis=(2, 3))
    return views[np.arange(len(x)), :, corners[:, 0], corners[:, 1]]
