"""What a path means, and the line for one that means nothing."""

import check_config
import pytest
from snakemake.exceptions import WorkflowError
from snakemake.iocontainers import Wildcards
from tiny import TINY

from lazytraining.config import experiments
from lazytraining.workflow.inputs import Inputs

CONFIG = experiments.load({"results": "r", "experiments": {"own": TINY}})
PLANE = check_config.load().experiments["phase_plane"].model_dump()
INPUTS = Inputs(CONFIG)
RUN = "m~4/alpha~1/tau~1/eta~0.01/seed~0"


def wildcards(experiment: str, **named: str) -> Wildcards:
    return Wildcards(fromdict={"experiment": experiment} | named)


def test_a_path_is_its_run():
    (run,) = INPUTS.runs(wildcards("own", run=RUN))
    assert run.path == RUN
    assert INPUTS.at(wildcards("own", m="4", seed="0")) == [run]


@pytest.mark.parametrize(
    "run",
    [RUN.replace("tau~1", "tau~7"), RUN.replace("m~4", "m~x"), RUN.replace("~0.01", "~0.010"), "seed~0"],
)
def test_another_path_of_a_run_is_named(run):
    with pytest.raises(WorkflowError, match=f"^own/{run} is not configured$"):
        INPUTS.runs(wildcards("own", run=run))
    with pytest.raises(WorkflowError, match=r"^other/.* is not configured$"):
        INPUTS.runs(wildcards("other", run=RUN))


@pytest.mark.parametrize(("m", "seed"), [("9", "0"), ("04", "0"), ("4", "1"), ("4", "00")])
def test_another_m_or_seed_is_named(m, seed):
    with pytest.raises(WorkflowError, match=f"^own/m~{m}/seed~{seed} is not configured$"):
        INPUTS.at(wildcards("own", m=m, seed=seed))
    if m == "4":
        with pytest.raises(WorkflowError, match=f"^part/seed~{seed} is not configured$"):
            INPUTS.seeded(wildcards("own", seed=seed), CONFIG.sweeps["own"], "part")


def test_a_part_that_is_left_out_is_named():
    with pytest.raises(WorkflowError, match=r"^theory\.sample is not configured$"):
        INPUTS.given(None, "theory.sample")


@pytest.mark.parametrize(("m", "coupling"), [([3, 16], [0.1, 30]), ([3], [0.1, 30]), ([3, 16], [0.1])])
def test_a_phase_diagram_alone_turns_where_it_is_a_plane(m, coupling):
    own = {"own": PLANE | {"m": m, "coupling": coupling}}
    inputs = Inputs(experiments.load({"results": "r", "experiments": own}))
    if len(m) > 1 < len(coupling):
        assert inputs.interactive() == ["<results>/interactive.html"]
        assert inputs.read_by_turned("figure_6", "surfaces") == []
    else:
        assert inputs.interactive() == []
        with pytest.raises(WorkflowError, match=r"^figure_6 needs the experiment landscape_mean_field"):
            inputs.read_by_turned("figure_6", "surfaces")(None)
