"""What a precision does not hold is refused; all that is left trains, and is held."""

import measure_baselines
import measure_theory_limit
import measure_theory_start
import measure_theory_step
import numpy as np
import pytest
from tiny import TINY

from lazytraining.config import experiments
from lazytraining.student import network, problem, training


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
    "scales",
    [
        {"tau": [1.35e154]},
        {"tau": [1e-160]},
        {"alpha": [1e300]},
        {"teacher_gain": 1e200},
        {"tau": [1e-100], "alpha": [1e-100]},
        {"tau": [1e-200], "alpha": [1e-200]},
    ],
)
def test_float64_out_of_range_is_refused_too(scales):
    with pytest.raises(experiments.ConfigError, match=r"float64 holds$"):
        loaded(**scales)


ENDS = {
    "float32": [(3.2e-16, 1), (1, 9.9e-32), (3.2e-16, 3.2e-16), (7e7, 1), (1, 6.3e15), (3.2e-16, 1e15)],
    "float64": [
        (1.1e-146, 1),
        (1, 1.1e-292),
        (1e-140, 3e-13),
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


THEORY = {name: TINY[name] for name in ("n_train", "n_test", "teacher_neurons")} | {
    "d": 3,
    "seeds": 1,
    "m": 4,
}
THEORY |= {"widths": [4], "tau": [1], "alpha": [1], "teacher_gain": 1.0, "step_size": 0.1, "iterations": 3}
CNN = {"kind": "model", "model": "vgg11", "data": "digits_32", "task": "classification", "alpha": [1]}
CNN |= {"iterations": 1, "seeds": 1, "precision": "float32"}
NEURONS = {"kind": "neurons", "n_train": 5, "n_test": 5, "teacher_neurons": 3, "m": 4, "tau": [1], "seeds": 1}
NEURONS |= {"step_size": 0.1, "iterations": 3}


@pytest.mark.parametrize(
    "part",
    [
        {"theory": THEORY | {"tau": [1e150]}},
        {"theory": THEORY | {"tau": [1e-150]}},
        {"theory": THEORY | {"alpha": [1e150]}},
        {"theory": THEORY | {"alpha": [1e-200], "teacher_gain": 1e100}},
        {"theory": THEORY | {"alpha": [1e-100], "step_size": 1e250}},
        {"experiments": {"paths": NEURONS | {"tau": [1e150]}}},
        {"experiments": {"paths": NEURONS | {"step_size": 1e-310}}},
        {"experiments": {"vgg11": CNN | {"alpha": [1e6]}}},
        {"experiments": {"vgg11": CNN | {"alpha": [1e-20]}}},
        {"experiments": {"vgg11": CNN | {"step": 1e39}}},
        {"experiments": {"vgg11": CNN | {"step": 1e-46}}},
        {"experiments": {"vgg11": CNN | {"alpha": [1e15], "precision": "float64"}}},
    ],
)
def test_every_other_part_has_its_range_too(part):
    assert experiments.load(
        {"results": "r", "theory": THEORY, "experiments": {"paths": NEURONS, "vgg11": CNN}}
    )
    with pytest.raises(experiments.ConfigError, match=r" not allowed; expected .* holds$"):
        experiments.load({"results": "r", "experiments": {}} | part)


@pytest.mark.parametrize(("tau", "alpha"), [(1e73, 1.0), (1.1e-146, 1.0), (1.0, 1e146), (1.0, 1e-290)])
@pytest.mark.parametrize("symmetrize", [False, True])
@pytest.mark.filterwarnings("error")
def test_at_the_ends_of_the_range_theory_is_finite(tau, alpha, symmetrize):
    """At a step that is stable on the tangent model."""
    sizes = {name: THEORY[name] for name in ("d", "n_train", "n_test", "teacher_neurons", "teacher_gain")}
    data, start = problem.make_problem(**sizes, seed=0), network.initialise(4, 3, 1.0, 0, symmetrize)
    (row,) = measure_theory_start.measure(data, 4, symmetrize, 0, {"tau": [(alpha, tau)]})
    eta = 0.5 * row["stable_step"]
    changes = measure_theory_step.measure(data, 4, 0, [("tau", alpha, tau, eta)])
    (key,) = loaded(tau=[tau], alpha=[alpha], step_size=eta).runs["own"]
    (baseline,) = measure_baselines.baselines([key._asdict()], sizes | {"seed": 0}, symmetrize, 3)
    assert not np.isnan(
        [value for found in changes for value in found.values() if isinstance(value, float)]
    ).any()
    rows = [row, baseline]
    if tau == 1:
        rows += measure_theory_limit.measure(data, start, symmetrize, [alpha], eta, 3)
    for found in (found for found in rows if not found.get("diverged")):
        assert np.isfinite([value for value in found.values() if isinstance(value, float)]).all(), found
