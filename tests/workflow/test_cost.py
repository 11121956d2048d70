"""What training jobs ask a cluster for: time and memory."""

import check_config
import pytest

from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.student import flow
from lazytraining.workflow import cost, memory


def job(m: int = 50, count: int = 1, d: int = 100, n_train: int = 1000, **changes) -> Job:
    keys = tuple(Run("e", m, 1.0, 1.0 + i, 0.1, 0) for i in range(count))
    data = ProblemKey(d, n_train, 1000, 3, 1.0, 0)
    return Job(**{"keys": keys, "problem": data, "symmetrize": False, "iterations": 10_000} | changes)


@pytest.mark.parametrize(
    "more", [{"m": 500}, {"count": 30}, {"iterations": 100_000}, {"n_train": 10_000}, {"d": 1000}]
)
def test_requests_grow_with_m_runs_iterations_n_and_d(more):
    assert cost.minutes(job(**more)) > cost.minutes(job())
    assert memory.students(job(**more)) >= memory.students(job())


def test_descents_that_look_for_a_stable_step_count():
    assert cost.DESCENTS == flow.STEPS * flow.HALVINGS
    plane = {
        "problem": {"n_train": 100, "d": 10},
        "couplings": [1],
        "starts": [True],
        "m": 10**6,
        "iterations": 10,
    }
    assert cost.phase_minutes(plane | {"steps": True}) > 30 * cost.phase_minutes(plane | {"steps": False})


def test_memory_grows_with_the_data_and_the_network():
    assert memory.students(job(n_train=1_000_000)) > 3500
    assert memory.students(job(n_train=1_000_000, m=4096)) > 40_000


def test_operations_are_those_of_the_products():
    """(m × d)·(d × (n + k)) and (m × n)·(n × d), multiplications and additions; no k where no test loss is asked for."""
    product = 2 * 50 * 100 * 1000 * 10_000
    assert cost.operations(job(count=2)) == 2 * 3 * product
    assert cost.operations(job(track_best=False)) == 2 * product


def test_neurons_ask_for_the_time_of_their_iterations():
    one = check_config.load().experiments["neuron_paths"]
    longer = one.model_copy(update={"iterations": 1000 * one.iterations})
    assert cost.neuron_minutes(one) <= 20 < 100 * cost.neuron_minutes(one) < cost.neuron_minutes(longer)
