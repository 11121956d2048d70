"""The order in α of the weights' gap to the tangent model depends on how the gates' flips add up over the sample."""

import measure_theory_sample
import numpy as np
import pytest

from lazytraining.student import fits, network, problem

ALPHAS = [4.0, 8.0, 16.0, 32.0, 64.0]


def exponents(d: int, n: int, seed: int) -> tuple[float, float]:
    """Over α, of the gap of the weights and of the outputs on test points, from 20 neurons."""
    data = problem.make_problem(d, n, 500, 3, 1.0, seed)
    start = network.initialise(20, d, 1.0, seed, False)
    rows = measure_theory_sample.measure(data, start, ALPHAS, 0.05, 300)
    assert all(row["gate_flips"] > 0 for row in rows)
    return tuple(
        fits.slope(np.array(ALPHAS), np.array([row[name] for row in rows]))
        for name in ("weight_gap", "test_gap")
    )


def test_flips_add_up_coherently_on_many_points_in_few_dimensions():
    """−2, the theorem's order, where ten thousand points are in three dimensions (−1.97 to −2.04 were found by independent code), and −3/2
    where a thousand are in thirty (−1.52); the outputs lose a half in both."""
    many, few = ([exponents(d, n, seed) for seed in (0, 1)] for d, n in ((3, 10_000), (30, 1000)))
    assert np.mean([weights for weights, _ in many]) == pytest.approx(-2, abs=0.06)
    assert np.mean([weights for weights, _ in few]) == pytest.approx(-1.5, abs=0.15)
    assert np.mean([outputs for _, outputs in many]) == pytest.approx(-0.5, abs=0.1)
