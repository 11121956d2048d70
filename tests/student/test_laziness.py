"""Measures of laziness against what they are by definition, and regimes against hand-made runs."""

import numpy as np
import pytest

from lazytraining.student import laziness
from lazytraining.student.laziness import Collapse, Lazy

RNG = np.random.default_rng(0)
FEATURES = RNG.standard_normal((30, 5))
KERNEL = FEATURES @ FEATURES.T


def test_a_kernel_times_a_number_has_moved_by_it_and_not_turned():
    moved = laziness.kernel_movement(3 * KERNEL, KERNEL)
    assert moved.plain == pytest.approx(2, rel=1e-12)
    assert moved.centred == pytest.approx(2, rel=1e-12)
    assert moved.turn == pytest.approx(0, abs=1e-15)


def test_a_constant_on_a_kernel_is_movement_that_centring_removes():
    moved = laziness.kernel_movement(KERNEL + 7, KERNEL)
    assert moved.plain == pytest.approx(7 * 30 / np.linalg.norm(KERNEL), rel=1e-12)
    assert moved.centred == pytest.approx(0, abs=1e-13)


def test_centring_a_kernel_is_centring_its_features():
    features = FEATURES - FEATURES.mean(0)
    np.testing.assert_allclose(laziness.centred(KERNEL), features @ features.T, atol=1e-12)


@pytest.mark.parametrize("angle", [1e-7, 1e-3, 1.0])
def test_a_turn_is_one_minus_the_cosine_at_every_angle(angle):
    turn = laziness.turn(np.array([np.cos(angle), np.sin(angle)]), np.array([2.0, 0]))
    assert turn == pytest.approx(2 * np.sin(angle / 2) ** 2, rel=1e-8)


@pytest.mark.parametrize("n", [4, 30])
def test_alignment_is_one_for_features_turned_shifted_and_scaled(n):
    features = RNG.standard_normal((n, 5))
    turned = 3 * features @ np.linalg.qr(RNG.standard_normal((5, 5)))[0] + 2
    assert laziness.feature_alignment(turned, features) == pytest.approx(1, abs=1e-12)


def test_alignment_of_few_points_and_of_many_is_one_formula():
    now, start = RNG.standard_normal((2, 6, 5))
    few = laziness.feature_alignment(np.hstack([now, np.zeros((6, 5))]), start)
    assert few == pytest.approx(laziness.feature_alignment(now, start), rel=1e-12)


def test_nothing_to_move_from_is_not_small():
    assert not np.isfinite(laziness.kernel_movement(KERNEL, 0 * KERNEL)).any()
    assert np.isnan(laziness.feature_alignment(FEATURES, 0 * FEATURES + 1))


RUN = {"diverged": False, "finished": True, "gap": 0.01, "kernel": 0.01, "lazy": Lazy()}


@pytest.mark.parametrize(
    ("changed", "regime"),
    [
        ({}, "lazy"),
        ({"diverged": True}, "diverged"),
        ({"finished": False}, "unfinished"),
        ({"finished": False, "random_features": True}, "random features"),
        ({"kernel": 0.5}, "feature learning"),
        ({"kernel": 0.5, "feature_turn": 0.005}, "crossover"),
        ({"kernel": 0.5, "feature_turn": 0.5}, "feature learning"),
        ({"gap": 0.5}, "crossover"),
        ({"gap": np.nan}, "crossover"),
        ({"kernel": np.nan}, "crossover"),
        ({"gap": 0.5, "lazy": Lazy(gap=1)}, "lazy"),
    ],
)
def test_regimes(changed, regime):
    assert laziness.regime(**RUN | changed) == regime
    assert regime in laziness.REGIMES


COLLAPSED = {"kept": 0.01, "hidden": 0.1, "loss": 4.0, "fit": 4.0, "collapse": Collapse()}


@pytest.mark.parametrize(
    ("changed", "collapsed"),
    [
        ({}, True),
        ({"kept": 0.5}, False),
        ({"hidden": 0.5}, False),
        ({"loss": 4.1}, False),
        ({"kept": 0.5, "collapse": Collapse(kept=0.6)}, True),
        ({"loss": np.nan}, False),
    ],
)
def test_collapse(changed, collapsed):
    assert laziness.collapsed(**COLLAPSED | changed) == collapsed
