"""Intervals, exponents and spreads where the answer is known."""

import numpy as np
import pandas as pd
import pytest

from lazytraining.student import averages, fits


def test_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for sample in rng.normal(3.0, 2.0, (4000, 4)):
        found = fits.interval(sample)
        inside += found.low <= 3 <= found.high
    assert inside / 4000 == pytest.approx(0.95, abs=0.012)


def test_logarithmic_interval_is_that_of_the_logarithms():
    values = np.array([0.5, 2.0, 7.0])
    plain, logarithmic = fits.interval(np.log(values)), fits.interval(values, scale="log")
    assert np.log(logarithmic) == pytest.approx(list(plain))


def test_an_interval_of_correlations_stays_between_its_ends():
    """By Fisher's z; a perfect correlation counts as 0.999, and three that are perfect have no width."""
    found = fits.interval(np.array([0.3, 0.9, 1.0]), "correlation")
    assert -1 < found.low < found.value < found.high < 1
    assert found.value == pytest.approx(np.tanh(np.arctanh([0.3, 0.9, 0.999]).mean()))
    assert fits.interval(np.ones(3), "correlation") == (1, 1, 1)


def test_an_interval_of_shares_stays_between_none_and_all():
    found = fits.interval(np.array([0.9, 0.98, 1.0]), "share")
    assert 0 < found.low < found.value < found.high <= 1
    assert found.value == pytest.approx(np.sin(np.arcsin(np.sqrt([0.9, 0.98, 1.0])).mean()) ** 2)
    assert fits.interval(np.array([0.0, 0.5]), "share").low == 0
    with pytest.raises(ValueError, match="no interval"):
        fits.interval(np.array([0.5, 1.1]), "share")


def test_the_interval_of_a_median_covers_it_whatever_the_distribution():
    rng, inside = np.random.default_rng(0), 0
    for sample in np.exp(3 * rng.standard_normal((2000, 10))):
        found = fits.interval(sample, "median")
        inside += found.low <= 1 <= found.high
    assert 0.95 <= inside / 2000 < 0.99
    assert np.isnan(fits.interval(np.arange(5.0), "median").low)


@pytest.mark.parametrize("scale", [*fits.SCALES, "median"])
def test_an_interval_ends_where_its_test_refuses(scale):
    values = np.array([0.21, 0.3, 0.35, 0.5, 0.55, 0.6, 0.72])
    found = fits.interval(values, scale)
    for end in (found.low, found.high):
        inwards = end + 1e-6 * (found.value - end)
        outwards = end - 1e-6 * (found.value - end)
        assert fits.chance(values, outwards, scale) < 0.05 < fits.chance(values, inwards, scale)


def test_holms_correction_is_that_of_his_steps():
    assert fits.holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_one_sample_has_no_interval_and_none_no_mean():
    assert fits.interval(np.array([2.0])).value == 2
    assert np.isnan(fits.interval(np.array([2.0])).low)
    assert str(fits.interval(np.array([2.0]))) == "2"
    for values in ([], [1.0, np.nan]):
        with pytest.raises(ValueError, match="no interval"):
            fits.interval(np.array(values))
    with pytest.raises(ValueError, match="no interval"):
        fits.interval(np.array([1.0, 0.0]), scale="log")


def test_slope_is_the_exponent():
    x = np.geomspace(1, 1e4, 7)
    assert fits.slope(x, 3 * x**-1.7) == pytest.approx(-1.7)


@pytest.mark.parametrize("q", [0.7, 1.0, 2.0, 3.3])
def test_level_exponent_is_that_of_the_level_lines(q):
    tau, alpha = (part.ravel() for part in np.meshgrid(np.logspace(-2, 1, 10), np.logspace(0, 3, 10)))
    s = np.log(alpha) + q * np.log(tau)
    loss = np.exp(np.tanh(s / 4) + 0.2 * np.sin(s / 4))
    found, explained = fits.level_exponent(tau, alpha, loss)
    assert found == pytest.approx(q, abs=0.03)
    assert explained > 0.98
    with_holes = np.where(np.arange(100) % 7 == 0, np.nan, loss)
    assert fits.level_exponent(tau, alpha, with_holes)[0] == pytest.approx(q, abs=0.05)


def test_level_exponent_says_when_it_describes_nothing():
    tau, alpha = (part.ravel() for part in np.meshgrid(np.logspace(-2, 1, 10), np.logspace(0, 3, 10)))
    loss = np.exp(np.random.default_rng(1).normal(size=100))
    assert fits.level_exponent(tau, alpha, loss)[1] < 0.4
    with pytest.raises(ValueError, match="six cells"):
        fits.level_exponent(tau[:4], alpha[:4], loss[:4])


def test_level_exponent_of_a_sharp_front_is_near():
    tau, alpha = (part.ravel() for part in np.meshgrid(np.logspace(-2.2, 3, 10), np.logspace(0, 3, 10)))
    s = np.log(alpha) + 2 * np.log(tau)
    assert fits.level_exponent(tau, alpha, np.exp(np.tanh(3 * s)))[0] == pytest.approx(2, abs=0.2)
    with pytest.raises(ValueError, match="between 0 and 6"):
        fits.level_exponent(tau, alpha, tau)


def test_spread_at_equal_scale():
    scale = np.array([1.0, 10.0, 1.00001, 10.0, 5.0])
    loss = np.array([2.0, 3.0, 2.2, 3.0, 9.0])
    assert fits.spread_at_equal(scale, loss) == pytest.approx([0.1, 0.0])


def test_first_below_inverts_an_exponential():
    t = np.array([0.0, 3.0, 10.0, 40.0])
    loss = 5 * np.exp(-0.2 * t)
    assert fits.first_below(t, loss, 5 * np.exp(-0.2 * 7)) == pytest.approx(7)
    assert fits.first_below(t, loss, 5.0) == 0
    assert fits.first_below(t, loss, 1e-9) == np.inf


@pytest.mark.parametrize("size", [2.0**-1000, 2.0**940])
def test_numbers_of_any_size_have_their_interval_and_their_averages(size):
    rng = np.random.default_rng(0)
    runs = pd.DataFrame(
        {
            "tau": [1.0, 2.0] * 4,
            "seed": range(8),
            "diverged": [False] * 7 + [True],
            "loss": rng.lognormal(0, 9, 8),
        }
    )
    names = ["mean", "std", "median"]
    found = averages.over_seeds(runs.assign(loss=size * runs["loss"]), ["tau"], ["loss"], names)
    kept = runs[~runs["diverged"]].groupby("tau")["loss"].agg(names)
    assert found[["n_seeds", "n_diverged"]].to_numpy().tolist() == [[4, 0], [4, 1]]
    np.testing.assert_array_equal(found[[f"loss_{name}" for name in names]] / size, kept)
    values = kept["mean"].to_numpy()
    np.testing.assert_array_equal(np.array(fits.interval(size * values)) / size, fits.interval(values))


@pytest.mark.parametrize("factors", [(2.0, 300.0), (2.0, 0.0), (0.0, 300.0)])
def test_a_law_of_two_terms_is_found_from_its_own_gaps(factors):
    """Coherent flips alone give α⁻², incoherent ones alone α^(-3/2) n^(-1/2)."""
    alpha, n = (part.ravel() for part in np.meshgrid([4.0, 16.0, 64.0], [100.0, 10_000.0]))
    gap = np.sqrt(factors[0] * alpha**-4 + factors[1] * alpha**-3 / n)
    np.testing.assert_allclose(fits.two_terms(alpha, n, gap), gap, rtol=1e-9)
    other = alpha**-0.5
    assert np.abs(np.log(fits.two_terms(alpha, n, other) / other)).max() > 0.3
