"""The configuration: what is expanded, schema, presets and environments."""

import json

import check_config
import pytest
import yaml
from conftest import ROOT
from entries import config, plane, vgg11
from hypothesis import given
from hypothesis import strategies as st
from snakemake.utils import update_config

from lazytraining.config import experiments
from lazytraining.config.experiments import load
from lazytraining.config.fields import rounded
from lazytraining.config.job import Job, Run
from lazytraining.config.kinds import KINDS, Phase
from lazytraining.student.laziness import Collapse, Lazy


def test_defaults_and_spellings():
    loaded = load(config(seeds=[3, 1], tau=["1e1", 2], iterations="1e3", m=[4.0]))
    experiment = loaded.experiments["tiny"]
    assert experiment.kind == "descent"
    assert experiment.early_stopping is None
    assert experiment.track_best and not experiment.keep_weights
    assert loaded.execution == "separate"
    assert experiment.iterations == 1000
    assert [(run.tau, run.seed) for run in loaded.runs["tiny"]] == [(10, 3), (10, 1), (2, 3), (2, 1)]


def test_expressions_follow_each_run():
    loaded = load(
        config(m=[4, 9], alpha=["1/m", "1/sqrt(m)"], tau=[0.1, 1], step_size="min(10, alpha / tau**2)")
    )
    for run in loaded.runs["tiny"]:
        assert run.alpha in (rounded(1 / run.m), rounded(run.m**-0.5))
        assert run.eta == rounded(min(10, run.alpha / run.tau**2))
    assert len(loaded.runs["tiny"]) == 8


def test_job_of_a_run():
    rule = {"min_delta": "1e-4 * alpha**2", "patience": 5}
    loaded = load(config(alpha=[10], early_stopping=rule, seeds=2))
    first, second = (loaded.job([run]) for run in loaded.runs["tiny"])
    assert first.early_stopping == ((pytest.approx(1e-2), 5),)
    assert (first.problem.seed, second.problem.seed) == (0, 1)
    assert load(config(data_seed=7)).job(loaded.runs["tiny"][1:]).problem.seed == 7
    assert Job.of(json.loads(json.dumps(first.plain()))) == first


@given(st.floats(1e-300, 1e300))
def test_paths_and_values_agree(value):
    tau = rounded(value)
    run = Run("e", 1, 1.0, tau, 1.0, 0)
    assert float(run.path.split("tau~")[1].split("/")[0]) == tau


def test_paths_are_in_shortest_form():
    run = Run("plateau", 50, 1.0, 1e6, rounded(0.1 / 3), 2)
    assert run.path == "m~50/alpha~1/tau~1e+06/eta~0.0333333/seed~2"


def test_an_experiment_that_is_null_is_left_out():
    content = config()
    content["experiments"]["other"] = None
    assert list(load(content).experiments) == ["tiny"]


def test_presets_are_right():
    paper = check_config.load()
    assert len(paper.runs["plateau"]) == 33 * 10
    cifar, quick = (
        check_config.load(ROOT / "config" / overlay) for overlay in ("cifar10.yaml", "quick.yaml")
    )
    assert cifar.experiments.keys() == paper.experiments.keys()
    left_out = paper.experiments.keys() - quick.experiments.keys()
    assert quick.experiments.keys() <= paper.experiments.keys()
    assert {paper.experiments[name].kind for name in left_out} <= {"model"}


def test_the_presets_have_the_thresholds_of_the_one_module():
    planes = check_config.load().of_kind(Phase)
    assert len(planes) == 2
    for one in planes.values():
        assert Lazy(**one.lazy.model_dump()) == Lazy()
        assert Collapse(**one.collapse.model_dump()) == Collapse()


def test_an_odd_m_has_one_start():
    one = load(plane()).experiments["plane"]
    assert [one.starts(m) for m in one.m] == [[False], [True, False]]
    assert [run.path for run in one.runs("plane")] == ["m~3/seed~0", "m~4/seed~0"]


def test_every_kind_counts_its_runs_and_tells_them_apart():
    paper = check_config.load()
    assert {one.kind for one in paper.experiments.values()} == set(KINDS)
    for name, one in paper.experiments.items():
        assert len({run.path for run in paper.runs[name]}) == len(paper.runs[name]) == one.count


def test_an_overlay_changes_no_other_experiment():
    """Experiments of the base share YAML anchors; what is laid over one must not reach the others."""
    base = experiments.read_yaml(ROOT / "config/config.yaml")
    content = {}
    update_config(content, base)
    overlay = {
        "plateau": {"tau": {"logspace": [-2, 1, 4]}},
        "trajectory": {"early_stopping": {"patience": 7}},
    }
    update_config(content, {"experiments": overlay})
    changed, paper = load(content), load(base)
    assert len(changed.runs["plateau"]) == 40
    for name in paper.experiments.keys() - overlay.keys():
        assert changed.experiments[name] == paper.experiments[name]


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        ({"tau": [1e3], "precision": "float32"}, False),
        ({"tau": [1.1e3], "precision": "float32"}, True),
        ({"tau": [100], "alpha": [1e3], "precision": "float32"}, True),
        ({"tau": [1e6], "precision": "float32", "symmetrize": True}, False),
        ({"tau": [1e6]}, False),
        ({"tau": [2e6]}, True),
    ],
)
def test_doubtful_precision_is_said(changes, warned):
    lines = experiments.doubtful_precision(load(config(**changes)))
    assert len(lines) == warned


def test_doubtful_precision_of_a_centred_network_is_said():
    assert experiments.doubtful_precision(load(vgg11(alpha=[1e4]))) == []
    assert experiments.doubtful_precision(load(vgg11(alpha=[1e7], precision="float64"))) == []
    assert experiments.doubtful_precision(load(vgg11(alpha=[1e5], centre=False))) == []
    (line,) = experiments.doubtful_precision(load(vgg11(alpha=[1, 1e5])))
    assert line.startswith("experiments.vgg11: alpha reaches 1e+05")


def test_presets_are_in_the_range_of_their_precision():
    for overlays in ([], [ROOT / "config/quick.yaml"]):
        assert experiments.doubtful_precision(check_config.load(*overlays)) == []


def test_schema_is_current_and_named_by_the_presets():
    assert json.loads((ROOT / "config/schema.json").read_text()) == experiments.schema()
    for name in ("config.yaml", "quick.yaml", "cifar10.yaml"):
        first = (ROOT / "config" / name).read_text().splitlines()[0]
        assert first == "# yaml-language-server: $schema=schema.json"


def test_schema_knows_every_key_the_presets_use():
    definitions = experiments.schema()["$defs"]
    for entry in experiments.read_yaml(ROOT / "config/config.yaml")["experiments"].values():
        model = KINDS[entry.get("kind", "descent")].__name__
        assert entry.keys() <= definitions[model]["properties"].keys()


def test_environments_agree():
    """requirements.txt and environment.yaml pin the same packages to the same versions."""
    conda_names = {"torch": "pytorch"}
    lines = (ROOT / "envs/requirements.txt").read_text().splitlines()
    pip = dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))
    packages = yaml.safe_load((ROOT / "envs/environment.yaml").read_text())["dependencies"]
    conda = dict(package.split("=") for package in packages if not package.startswith("python="))
    assert {conda_names.get(name, name): version for name, version in pip.items()} == conda


def test_constraints_pin_what_the_requirements_do():
    lines = {
        name: (ROOT / f"envs/{name}.txt").read_text().lower().splitlines()
        for name in ("requirements", "dev", "constraints")
    }
    runs, developers, all_of_them = (
        {line.replace("_", "-") for line in some if not line.startswith("#")} for some in lines.values()
    )
    assert runs | developers <= all_of_them and not runs & developers
    assert all(line.count("==") == 1 for line in all_of_them)
