"""What a precision does not hold is refused; all that is left trains, and is held."""

import numpy as np
import pytest
from conftest import TINY

from lazytraining.config import experiments
from lazytraining.student import training


def loaded(**changes) -> experiments.Config:
    return experiments.load({"results": "r", "experiments": {"own": TINY | changes}})


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    "scales",
    [
        {"tau": [1e-46]},
        {"tau": [1e-15], "alpha": [1e39]},
        {"tau": [1e39]},
        {"alpha": [1e39]},
        {"alpha": [1e-40]},
        {"tau": [1e10]},
        {"teacher_gain": 1e20},
        {"alpha": ["1e-33 * m"]},
        {"tau": [1e15], "alpha": [1e-20]},
        {"step_size": 1e39},
    ],
)
def test_float32_out_of_range_is_refused_with_the_range(precision, scales):
    if precision == "float64":
        assert loaded(**scales)
        return
    with pytest.raises(
        experiments.ConfigError, match=r"experiments\.own: .* not allowed; expected .* float32 holds$"
    ):
        loaded(precision=precision, **scales)


@pytest.mark.parametrize(
    "scales", [{"tau": [1.35e154]}, {"tau": [1e-160]}, {"alpha": [1e300]}, {"teacher_gain": 1e200}]
)
def test_float64_out_of_range_is_refused_too(scales):
    with pytest.raises(experiments.ConfigError, match=r"float64 holds$"):
        loaded(**scales)


ENDS = {
    "float32": [(3.2e-16, 1), (1, 9.9e-32), (3.2e-16, 3.2e-16), (7e7, 1), (1, 6.3e15), (3.2e-16, 1e15)],
    "float64": [
        (1.1e-146, 1),
        (1, 1.1e-292),
        (1.1e-146, 1e-146),
        (1e73, 1),
        (1, 1.9e146),
        (1.1e-146, 1e145),
    ],
}


@pytest.mark.parametrize(("precision", "tau", "alpha"), [(p, *ends) for p in ENDS for ends in ENDS[p]])
def test_at_the_ends_of_the_range_a_step_is_finite(precision, tau, alpha):
    """At a step so small that nothing can diverge."""
    step = 1e-3 * alpha / max(1.0, alpha * tau * tau)
    config = loaded(tau=[tau], alpha=[alpha], precision=precision, step_size=step)
    (runs,) = config.jobs["own"].values()
    (trained,) = training.train(config.job(runs))
    row = trained.row
    assert not row["diverged"]
    measured = (
        "train_loss_end",
        "test_loss_end",
        "relative_change",
        "relative_distance",
        "hidden_distance",
        "output_distance",
    )
    assert np.isfinite([row[name] for name in measured]).all()
