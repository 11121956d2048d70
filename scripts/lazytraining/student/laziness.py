"""How lazy a run was, by measures of any model: gap to its tangent twin, movement of its kernel, and the regime they say.

One module for every kind of experiment, the ledger and the phase diagram.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

LAZY, LEARNING, RANDOM, CROSSOVER = "lazy", "feature learning", "random features", "crossover"
UNFINISHED, DIVERGED = "unfinished", "diverged"
REGIMES = (LAZY, LEARNING, RANDOM, CROSSOVER, UNFINISHED, DIVERGED)


class Lazy(NamedTuple):
    """Below both a run is lazy."""

    gap: float = 0.1
    """Of ‖f_T − f̄_T‖/‖y‖ on the test points."""
    kernel: float = 0.1
    """Of ‖K_T − K_0‖_F / ‖K_0‖_F."""


class Collapse(NamedTuple):
    """Below both of these, at rest as least squares on the features that it has, a run is one on random features."""

    kept: float = 0.1
    """Of ‖a_T‖ / ‖a_0‖, the share of its norm that the output layer keeps."""
    hidden: float = 0.3
    """Of ‖b_T − b_0‖ / ‖b_0‖."""


FEATURE_TURN = 0.01
"""A run learns features if their output-weighted turn, 1 − cos, is more than this, and its kernel moved more than is lazy."""
AT_REST = 1e-3
"""A loss this close to least squares on the trained features, as a share of it, is that of random features."""


class KernelMovement(NamedTuple):
    """How far a kernel K is from K_0, in Frobenius norms."""

    plain: float
    """‖K − K_0‖ / ‖K_0‖."""
    centred: float
    """The same of H K H and H K_0 H, with H = I − 1 1ᵀ/n: of what the kernel says beside the mean."""
    turn: float
    """1 − cos(K, K_0), to which a change of scale adds nothing."""


def kernel_movement(now: Float[np.ndarray, "n n"], start: Float[np.ndarray, "n n"]) -> KernelMovement:
    """Of two tangent kernels on the same n points. Not finite where K_0, or what a measure leaves of it, is 0."""
    now_centred, start_centred = centred(now), centred(start)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        plain = np.linalg.norm(now - start) / np.linalg.norm(start)
        beside_mean = np.linalg.norm(now_centred - start_centred) / np.linalg.norm(start_centred)
    return KernelMovement(float(plain), float(beside_mean), turn(now, start))


def centred(kernel: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n n"]:
    """H K H, with H = I − 1 1ᵀ/n."""
    return kernel - kernel.mean(0) - kernel.mean(1)[:, None] + kernel.mean()


def turn(now: Float[np.ndarray, "*shape"], start: Float[np.ndarray, "*shape"]) -> float:
    """1 − cos of the angle between two arrays of one shape, right to machine precision for small angles:
    ½ ‖u − v‖² of the unit vectors u and v. NaN where one of them is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        units = now / np.linalg.norm(now), start / np.linalg.norm(start)
        return float(np.square(units[0] - units[1]).sum() / 2)


def feature_alignment(now: Float[np.ndarray, "n m"], start: Float[np.ndarray, "n k"]) -> float:
    """Linear CKA of two sets of features of the same n points, from 0 to 1 (Kornblith et al. 2019).

    ‖Φ_0ᵀ Φ‖_F² / (‖Φᵀ Φ‖_F ‖Φ_0ᵀ Φ_0‖_F) of centred features: cos of their centred Gram matrices. NaN for constant features.
    """
    now, start = now - now.mean(0), start - start.mean(0)
    if len(now) < now.shape[1]:
        return 1 - turn(now @ now.T, start @ start.T)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        own = np.linalg.norm(now.T @ now) * np.linalg.norm(start.T @ start)
        return float(np.square(start.T @ now).sum() / own)


def regime(
    *,
    diverged: bool,
    finished: bool,
    gap: float,
    kernel: float,
    feature_turn: float | None = None,
    random_features: bool = False,
    lazy: Lazy,
) -> str:
    """One of REGIMES, from a run's gap on test points and the movement of its kernel (plain), in this order:

    diverged; random features, where `random_features` says that the run has collapsed onto them (see `collapsed`); unfinished,
    unless its loss is as low as was asked for or no longer falls; lazy; feature learning; crossover. `feature_turn` is None
    where features have no turn of their own: the kernel then decides alone. A measure that is NaN is not small.
    """
    if diverged:
        return DIVERGED
    if random_features:
        return RANDOM
    if not finished:
        return UNFINISHED
    if gap < lazy.gap and kernel < lazy.kernel:
        return LAZY
    if kernel > lazy.kernel and (feature_turn is None or feature_turn > FEATURE_TURN):
        return LEARNING
    return CROSSOVER


def collapsed(*, kept: float, hidden: float, loss: float, fit: float, collapse: Collapse) -> bool:
    """Whether a run is one on random features: its output layer has lost its start (`kept`), its hidden layer has not moved far
    (`hidden`), and its test loss is that of least squares on the features that it has now (`fit`)."""
    return kept < collapse.kept and hidden < collapse.hidden and abs(loss - fit) <= AT_REST * fit


def lazy_from(regimes: dict[float, str]) -> float:
    """The smallest α from which on every one is lazy; infinite if the largest is not."""
    found = np.inf
    for alpha in sorted(regimes, reverse=True):
        if regimes[alpha] != LAZY:
            break
        found = alpha
    return found
