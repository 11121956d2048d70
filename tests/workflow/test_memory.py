"""The memory that jobs ask for is what they take, and what is beyond the machine's is said before any job."""

import json

import pytest
from conftest import Workflow, run_beside
from tiny import TINY, only

from lazytraining.config.kinds import AnyModel
from lazytraining.workflow import memory, modules

pytestmark = pytest.mark.workflow

KINDS = [
    "students",
    "baselines",
    "landscape",
    "theory_start",
    "theory_step",
    "theory_limit",
    "theory_sample",
    "neurons",
    "model",
    "phase",
]
AROUND = 300
"""MB of the two Snakemakes around a job on a cluster."""
NOISE = 10
"""MB by which two processes that do the same differ."""


@pytest.fixture(scope="module")
def peaks() -> dict[str, list[list[float]]]:
    """What jobs of each kind ask for, take, and take more than a tiny one, in MB."""
    return json.loads(run_beside(__file__, "peaks.py").splitlines()[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_asks_for_what_it_takes(peaks, kind):
    """At four sizes and more, each of which another array fills: all of it, and not twice as much as grows with the sizes."""
    found = peaks[kind]
    assert len(found) >= 4
    for asked, taken, grown in found:
        assert taken + AROUND <= asked and grown <= asked - memory.BASE, found
        assert grown > NOISE, "a size that tells"
        assert (asked - memory.BASE) / memory.SPARE <= 2 * grown + NOISE, found


def test_its_constants_are_those_of_the_code_that_fills_the_memory():
    """It has them again, because a driver has no torch and waits for no compiler."""
    from lazytraining.models import module
    from lazytraining.student import descent, flow, landscape, recording, training

    assert training.CPU_FEATURES == memory.STACK
    assert (descent.OPERATIONS, descent.LONGEST) == memory.LOSSES
    assert (flow.NUMBERS, landscape.FEATURES) == (memory.FLOWS, memory.SURFACE)
    assert module.AT_ONCE == memory.GRADIENTS
    longest = max(len(recording.recorded_iterations(10**power)) for power in range(13))
    assert longest == memory.RECORDED


def test_a_module_of_a_million_weights_stays_below_2_gib_at_16_kernel_points(peaks):
    few = {"n_train": 20, "n_test": 10, "iterations": 2, "alpha": [1.0], "seeds": [0]}
    told = {"model": "mlp", "data": "digits", "task": "classification", "options": {"width": 970}}
    one = AnyModel(kind="model", kernel_points=16, **told, **few)
    sizes = modules.sizes("e", one)
    asked, taken, _ = peaks["model"][0]
    assert sizes["parameters"] >= 1e6 and asked == memory.model(sizes, one.told("e", 0))
    assert taken + AROUND < 2**31 / 1e6


def test_what_is_beyond_the_machine_is_one_line_before_any_job(tmp_path):
    n = int(memory.machine() * 1e6 / 8 / 40) * 5
    workflow = Workflow(tmp_path, {"experiments": {"own": TINY | {"n_train": n}}})
    done = workflow("--", "own", succeeds=False)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Memory: ")]
    assert "train_students of results/runs/own/m~4/" in line and "this machine has" in line
    assert not list(tmp_path.rglob("*.parquet")) and "Traceback" not in done.stderr


def test_of_a_module_that_line_names_the_keys_that_decide(tmp_path):
    width = int((memory.machine() * 1e6 / 8 / 40) ** 0.5) * 2
    big = {"kind": "model", "model": "mlp", "data": "digits", "task": "classification", "alpha": [1, 10]}
    big |= {"options": {"width": width}, "iterations": 1, "n_train": 90, "kernel_points": 16, "seeds": 1}
    done = Workflow(tmp_path, only(big=big))("--", "big", succeeds=False)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Memory: ")]
    assert (
        "(experiments.big: model mlp, options.width " in line
        and f"expected at most {memory.SPARE * memory.machine() / 1000:.0f}: " in line
    )
    assert "weights, n_train 90, n_test 1707, kernel_points 16, 2 alpha)" in line
    assert not list(tmp_path.rglob("*.parquet")) and "Traceback" not in done.stderr
