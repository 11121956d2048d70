"""Batches of training points: their order, and what is done to images."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from lazytraining.config.model_job import ModelJob
from lazytraining.student import problem
from lazytraining.student.problem import Stream

PADDING = 4
"""Pixels by which a random crop may move an image."""


class Batch(NamedTuple):
    rows: Int[Tensor, " b"] | slice
    """Of the training points."""
    x: Shaped[Tensor, "b ..."]
    passes: int
    """Passes through the training points that are done."""


def size(job: ModelJob, n: int) -> int:
    """Training points of an update."""
    return min(job.batch or n, n)


def batches(
    job: ModelJob, x: Shaped[Tensor, "n ..."], black: Float[Tensor, " c"] | None, first: int = 0
) -> Iterator[Batch]:
    """Those of every iteration from number `first` on, without end. The last of a pass may be smaller.

    Stream SHUFFLING: `permutation(n)` for each pass. Stream AUGMENTATION, for each pass: `integers(0, 9, (n, 2))`, how far down and
    right an image starts in itself padded by 4 black pixels; with flips `random(n)`, below ½ for those mirrored left to right.
    """
    n, each = len(x), size(job, len(x))
    if each == n and job.augment == "none":
        while True:
            yield Batch(slice(None), x, first)
            first += 1
    shuffling, moving = (
        problem.generator(job.seed, stream) for stream in (Stream.SHUFFLING, Stream.AUGMENTATION)
    )
    passes, iteration = 0, 0
    while True:
        order = torch.from_numpy(shuffling.permutation(n)).to(x.device)
        corners = flipped = None
        if job.augment != "none":
            corners = torch.from_numpy(moving.integers(0, 2 * PADDING + 1, (n, 2))).to(x.device)
        if job.augment == "crop_and_flip":
            flipped = torch.from_numpy(moving.random(n) < 0.5).to(x.device)
        for at in range(0, n, each):
            if iteration >= first:
                rows, part = order[at : at + each], slice(at, at + each)
                chosen = x[rows] if corners is None else crop(x[rows], corners[part], black)
                if flipped is not None:
                    chosen = torch.where(flipped[part, None, None, None], chosen.flip(-1), chosen)
                yield Batch(rows, chosen, passes)
            iteration += 1
        passes += 1


def crop(
    x: Float[Tensor, "n c side side"], corners: Int[Tensor, "n 2"], black: Float[Tensor, " c"]
) -> Float[Tensor, "n c side side"]:
    """As many pixels of each image, padded by 4 black ones, from its corner on."""
    n, c, side, _ = x.shape
    padded = black.to(x)[:, None, None].expand(n, c, side + 2 * PADDING, side + 2 * PADDING).clone()
    padded[..., PADDING : PADDING + side, PADDING : PADDING + side] = x
    windows = padded.unfold(2, side, 1).unfold(3, side, 1)
    return windows[torch.arange(n, device=x.device), :, corners[:, 0], corners[:, 1]]
