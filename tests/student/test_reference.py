"""Training at full size against an independent float64 transcription with the same streams.

Four digits agree, or one of the two is wrong. Takes minutes, so it is a target of its own:
`make test-reference`.
"""

import pytest

from lazytraining.config.fields import rounded
from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.student import training

TAUS = (0.1, 0.316228, 1.0, 10.0)
VALUES = {
    (False, 0): [(1.802e-3, 1.575e-3), (2.037e-3, 2.037e-3), (4.189e-3, 4.189e-3), (4.280e-3, 4.279e-3)],
    (False, 1): [(2.158e-3, 1.893e-3), (2.238e-3, 2.238e-3), (3.874e-3, 3.874e-3), (3.969e-3, 3.969e-3)],
    (False, 2): [(1.963e-3, 1.603e-3), (2.033e-3, 2.033e-3), (3.838e-3, 3.838e-3), (3.923e-3, 3.923e-3)],
    (True, 0): [(1.444e-3, 1.272e-3), (2.742e-3, 1.789e-3), (2.963e-3, 1.857e-3), (3.007e-3, 1.859e-3)],
    (True, 1): [(1.546e-3, 1.438e-3), (2.842e-3, 2.030e-3), (3.121e-3, 2.071e-3), (3.128e-3, 2.077e-3)],
    (True, 2): [(1.761e-3, 1.541e-3), (2.795e-3, 2.032e-3), (3.305e-3, 2.062e-3), (3.367e-3, 2.066e-3)],
}
"""Test loss at the end and best throughout, for each tau."""


@pytest.mark.reference
@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize(("symmetrize", "seed"), VALUES)
def test_runs_of_full_size_agree_to_four_digits(symmetrize, seed, tau):
    eta = rounded(min(10, 0.1 / tau**2))
    key = Run("reference", 50, 1.0, tau, eta, seed)
    data = ProblemKey(100, 1000, 1000, 3, 1.0, seed)
    job = Job(keys=(key,), problem=data, symmetrize=symmetrize, iterations=10_000)
    ((row, *_),) = training.train(job)
    end, best = VALUES[symmetrize, seed][TAUS.index(tau)]
    assert row["test_loss_end"] == pytest.approx(end, abs=0.6e-6)
    assert row["test_loss_best"] == pytest.approx(best, abs=0.6e-6)
