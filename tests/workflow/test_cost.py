"""What training jobs ask a cluster for."""

import pytest

from lazytraining.config import experiments
from lazytraining.workflow import cost

PROBLEM = {"d": 100, "n_train": 1000, "n_test": 1000}
SETTINGS = {"problem": PROBLEM, "iterations": 10_000, "precision": "float64", "track_best": True}
SETTINGS |= {"early_stopping": None}


def runs(m: int = 50, count: int = 1) -> list[experiments.Run]:
    return [experiments.Run("e", m, 1.0, 1.0 + i, 0.1, 0) for i in range(count)]


@pytest.mark.parametrize(
    ("more_runs", "more_settings"),
    [
        (runs(m=500), SETTINGS),
        (runs(count=30), SETTINGS),
        (runs(), SETTINGS | {"iterations": 100_000}),
        (runs(), SETTINGS | {"problem": PROBLEM | {"n_train": 10_000}}),
        (runs(), SETTINGS | {"problem": PROBLEM | {"d": 1000}}),
    ],
)
def test_requests_grow_with_m_runs_iterations_n_and_d(more_runs, more_settings):
    assert cost.minutes(more_runs, more_settings) > cost.minutes(runs(), SETTINGS)
    assert cost.megabytes(more_runs, more_settings) >= cost.megabytes(runs(), SETTINGS)


def test_memory_grows_with_the_data_and_the_network():
    many = SETTINGS | {"problem": PROBLEM | {"n_train": 1_000_000}}
    assert cost.megabytes(runs(), many) > 4000
    assert cost.megabytes(runs(m=4096), many) > 30_000


def test_operations_are_those_of_the_products():
    """(m × d)·(d × (n + k)) and (m × n)·(n × d), multiplications and additions; no k where no test loss is asked for."""
    product = 2 * 50 * 100 * 1000 * 10_000
    assert cost.operations(runs(count=2), SETTINGS) == 2 * 3 * product
    assert cost.operations(runs(), SETTINGS | {"track_best": False}) == 2 * product
