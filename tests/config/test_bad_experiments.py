"""What a configuration refuses, and the one line for it."""

import itertools

import pytest
from conftest import ROOT
from entries import config, landscape, neurons, plane, theory, vgg11, without
from tiny import TINY

from lazytraining.config import experiments
from lazytraining.config.catalogue import EVIDENCE
from lazytraining.config.experiments import ConfigError, load, read_yaml

BAD = {
    "coupling out of range": (
        plane(coupling=[1e13]),
        "experiments.plane.coupling: 10000000000000.0 is not allowed; expected numbers from 1e-06 to 1e+12",
    ),
    "cfl that is not stable": (
        plane(cfl=1.5),
        "experiments.plane.cfl: 1.5 is not allowed (more than 1); expected a number > 0 and ≤ 1",
    ),
    "stop at the start": (
        plane(stop=1),
        "experiments.plane.stop: 1 is not allowed; expected a number > 0 and < 1",
    ),
    "one start for two": (
        plane(symmetrize=True),
        "experiments.plane.symmetrize: True is not allowed; expected a list",
    ),
    "odd m, symmetrised alone": (
        plane(symmetrize=[True]),
        "experiments.plane.m: 3 is not allowed; expected even integers with symmetrize: [true]",
    ),
    "half of the limits": (
        plane(lazy={"gap": 0.1}),
        "experiments.plane.lazy.kernel: missing key; expected a number > 0",
    ),
    "limit of another name": (
        plane(collapse={"kept": 0.1, "moved": 0.3}),
        "experiments.plane.collapse.moved: unknown key with value 0.3; expected one of hidden, kept",
    ),
    "unknown key": (config(taus=[1]), "experiments.tiny.taus: unknown key"),
    "unknown top key": (config() | {"result": 1}, "result: unknown key"),
    "missing key": (without("m"), "experiments.tiny.m: missing key"),
    "unknown before missing": (
        {"results": "r", "experiments": {"a": {"symmetrise": True}}},
        "experiments.a.symmetrise: unknown key",
    ),
    "misspelt experiment": (
        {"results": "r", "experiments": {"tau_alpha_txt": {"tau": [1]}}},
        "or is tau_alpha_txt meant to be tau_alpha_text?",
    ),
    "missing results": ({"experiments": {}}, "results: missing key"),
    "missing experiments": ({"results": "r"}, "experiments: missing key"),
    "no folder": (config() | {"results": ""}, "results: '' is not allowed"),
    "experiments is a list": ({"results": "r", "experiments": []}, "experiments: [] is not allowed"),
    "experiment is a number": ({"results": "r", "experiments": {"a": 3}}, "experiments.a: 3 is not allowed"),
    "name of a target": (
        {"results": "r", "experiments": {"all": TINY}},
        "experiments.all: the name is not allowed",
    ),
    "name of a rule": (
        {"results": "r", "experiments": {"train_students": TINY}},
        "experiments.train_students: the name",
    ),
    "name with capitals": ({"results": "r", "experiments": {"A": TINY}}, "experiments.A: 'A' is not allowed"),
    "name with a path": ({"results": "r", "experiments": {"../a": TINY}}, "experiments.'../a': '../a'"),
    "name is a number": ({"results": "r", "experiments": {1: TINY}}, "experiments.1: 1 is not allowed"),
    "wrong type": (config(d="many"), "experiments.tiny.d: 'many' is not allowed; expected an integer ≥ 1"),
    "boolean for a number": (config(d=True), "experiments.tiny.d: True is not allowed"),
    "fraction of a point": (config(n_train=10.5), "experiments.tiny.n_train: 10.5 is not allowed"),
    "list for a number": (config(n_test=[1]), "experiments.tiny.n_test: [1] is not allowed"),
    "number for a list": (config(m=4), "experiments.tiny.m: 4 is not allowed"),
    "text for a flag": (config(symmetrize="yes"), "experiments.tiny.symmetrize: 'yes' is not allowed"),
    "no dimension": (config(d=0), "experiments.tiny.d: 0 is not allowed"),
    "negative gain": (config(teacher_gain=-1), "experiments.tiny.teacher_gain: -1 is not allowed"),
    "tau zero": (config(tau=[1, 0]), "experiments.tiny.tau: [1, 0] is not allowed (element 1 is 0)"),
    "tau negative": (config(tau=[-1]), "(element 0 is -1)"),
    "tau nan": (config(tau=[float("nan")]), "experiments.tiny.tau"),
    "tau infinite": (config(tau=["1e999"]), "experiments.tiny.tau"),
    "tau as text": (config(tau=["1/m"]), "experiments.tiny.tau"),
    "logspace of two": (config(tau={"logspace": [1, 2]}), "logspace takes three numbers"),
    "logspace of words": (config(tau={"logspace": [1, 2, "x"]}), "experiments.tiny.tau"),
    "logspace too long": (config(tau={"logspace": [1, 2, 10**9]}), "experiments.tiny.tau"),
    "other space": (config(tau={"linspace": [1, 2, 3]}), "experiments.tiny.tau"),
    "alpha zero": (
        config(alpha=[0]),
        "experiments.tiny.alpha: 0 is not allowed; expected a finite number > 0",
    ),
    "alpha negative": (
        config(alpha=[-2]),
        "experiments.tiny.alpha: -2 is not allowed; expected a finite number > 0",
    ),
    "alpha in tau": (config(alpha=["1/tau"]), "unknown name 'tau'"),
    "alpha not finite": (config(alpha=["1/(m-4)"]), "experiments.tiny.alpha: '1/(m-4)' has no finite value"),
    "alphas that meet": (config(alpha=["1/m", 0.25]), "experiments.tiny: duplicate run m=4, alpha=0.25"),
    "step of unknown name": (config(step_size="0.1 / sigma"), "unknown name 'sigma'"),
    "step not finite": (
        config(step_size="9**9**9"),
        "experiments.tiny.step_size: '9**9**9' has no finite value",
    ),
    "step zero": (
        config(step_size=0),
        "experiments.tiny.step_size: 0 is not allowed; expected a finite number > 0",
    ),
    "step negative for one run": (config(step_size="2-tau", tau=[1, 3]), "'2-tau' is -1 at m = 4"),
    "steps that meet": (config(step_size=["tau", "alpha"]), "duplicate run"),
    "step calls": (config(step_size="__import__('os').getcwd()"), "experiments.tiny.step_size"),
    "odd m": (config(symmetrize=True, m=[4, 5]), "experiments.tiny.m: 5 is not allowed; expected even"),
    "empty list": (config(m=[]), "experiments.tiny.m: [] is not allowed (it is empty)"),
    "duplicate m": (config(m=[4, 4]), "duplicate value 4"),
    "duplicate tau": (config(tau=[1, 1.00000001]), "duplicate value 1.00000001"),
    "seeds negative": (config(seeds=-1), "experiments.tiny.seeds: -1 is not allowed"),
    "seed negative": (config(seeds=[0, -1]), "experiments.tiny.seeds: [0, -1] is not allowed (element 1"),
    "seeds without end": (config(seeds=10**9), "experiments.tiny.seeds: 1000000000 is not allowed"),
    "data_seed negative": (config(data_seed=-1), "experiments.tiny.data_seed: -1 is not allowed"),
    "precision": (config(precision="float16"), "experiments.tiny.precision: 'float16' is not allowed"),
    "iterations": (config(iterations=0), "experiments.tiny.iterations: 0 is not allowed"),
    "kind": (
        config(kind="flow"),
        "experiments.tiny.kind: 'flow' is not allowed; expected one of descent, population, neurons",
    ),
    "execution": (config() | {"execution": "fast"}, "execution: 'fast' is not allowed"),
    "early stopping": (config(early_stopping=3), "experiments.tiny.early_stopping: 3 is not allowed"),
    "no patience": (
        config(early_stopping={"min_delta": 0}),
        "experiments.tiny.early_stopping.patience: missing key",
    ),
    "patience zero": (
        config(early_stopping={"min_delta": 0, "patience": 0}),
        "experiments.tiny.early_stopping.patience: 0 is not allowed",
    ),
    "min_delta negative": (
        config(early_stopping={"min_delta": "-alpha", "patience": 1}),
        "experiments.tiny.early_stopping.min_delta: '-alpha' is -1",
    ),
    "more runs than anyone has": (
        config(tau={"logspace": [0, 1, 9000]}, seeds=9000),
        "experiments.tiny: more than 1000000 runs",
    ),
    "theory of odd m": (theory(m=3), "theory.m: 3 is not allowed; expected an even integer"),
    "neurons of odd m": (neurons(m=3), "experiments.paths.m: 3 is not allowed; expected an even integer"),
    "theory without seeds": (theory(seeds=0), "theory.seeds: 0 is not allowed; expected an integer from 1"),
    "theory's step in alpha": (
        theory(step_size="0.1 / alpha"),
        "theory.step_size: '0.1 / alpha' is not allowed",
    ),
    "theory's step negative": (
        theory(step_size="2 - tau"),
        "theory.step_size: '2 - tau' is -98 at tau = 100",
    ),
    "theory's alpha in m": (
        theory(alpha=["1/m"]),
        "theory.alpha: ['1/m'] is not allowed (element 0 is '1/m')",
    ),
    "theory of a key that is not": (
        theory(taus=[1]),
        "theory.taus: unknown key with value [1]; expected one of alpha,",
    ),
    "theory of a number": (
        theory() | {"theory": 3},
        "theory: 3 is not allowed; expected a mapping of keys, of alpha",
    ),
    "plane": (
        config() | {"landscape": {"plane": "pca"}},
        "landscape.plane: 'pca' is not allowed; expected principal",
    ),
    "landscape grid": (config() | {"landscape": {"grid": 1}}, "landscape.grid: 1 is not allowed"),
    "landscape of two": (
        landscape(seeds=2),
        "experiments.landscape_ntk: keep_weights True, data_seed 0 and 2 seeds",
    ),
    "landscape without weights": (
        landscape(keep_weights=False),
        "experiments.landscape_ntk: keep_weights False",
    ),
    "landscapes of two problems": (
        {
            "results": "r",
            "experiments": landscape()["experiments"]
            | {"landscape_mean_field": landscape(d=4, alpha=["1/m"])["experiments"]["landscape_ntk"]},
        },
        "experiments.landscape_ntk.d: 3 is not allowed; expected 4 as in landscape_mean_field",
    ),
    "figure's experiment over more than it draws": (
        {"results": "r", "experiments": {"plateau": TINY | {"m": [2, 4]}}},
        "experiments.plateau.m: [2, 4] is not allowed; expected one value",
    ),
    "figure's experiment with another start": (
        {"results": "r", "experiments": {"fixed_step": TINY | {"symmetrize": True}}},
        "experiments.fixed_step.symmetrize: True is not allowed; expected False",
    ),
    "landscape of another scaling": (
        landscape(alpha=[1]),
        "experiments.landscape_ntk.alpha: 1 at m = 4 is not allowed; expected 0.5",
    ),
    "a kind that became another": (
        vgg11(kind="cnn"),
        "experiments.vgg11.kind: 'cnn' is not allowed; expected one of descent, population, neurons, model, phase",
    ),
    "another network by the name of one": (
        vgg11() | {"experiments": {"depth_3": vgg11()["experiments"]["vgg11"]}},
        "experiments.depth_3.model: 'vgg11' is not allowed; expected mlp",
    ),
    "another depth than a name says": (
        {
            "results": "r",
            "experiments": {
                "depth_3": vgg11(model="mlp", options={"depth": 4})["experiments"]["vgg11"],
            },
        },
        "experiments.depth_3.options.depth: 4 is not allowed; expected 3",
    ),
    "seed past the last": (config(seeds=[10**12 + 1]), "(element 0 is 1000000000001 (more than 1e+12))"),
    "count past the last": (config(n_train=10**13), "10000000000000 is not allowed (more than 1e+12)"),
    "cnn's name for another kind": (
        {"results": "r", "experiments": {"vgg11": TINY}},
        "experiments.vgg11.kind: descent is not allowed; expected model",
    ),
    "neuron_paths of another kind": (
        {"results": "r", "experiments": {"neuron_paths": TINY}},
        "experiments.neuron_paths.kind: descent is not allowed; expected neurons, as its figure and the ledger read it",
    ),
    "a surface without end": (
        config() | {"landscape": {"extent": 1e300}},
        "landscape.extent: 1e+300 is not allowed (more than 1e+06); expected a number from 1e-6 to 1e6",
    ),
    "key of another kind": (vgg11(d_train=1), "experiments.vgg11.d_train: unknown key"),
    "integer of thousands of digits": (config(d=16**4000), "experiments.tiny.d: a int too large"),
    "key with a line break": (config(**{"a\nb": 1}), "experiments.tiny.'a\\nb': unknown key"),
    "endless key": (config(**{"k" * 300: 1}), "unknown key"),
    "endless name": ({"results": "r", "experiments": {"n" * 61: TINY}}, "at most 60"),
    "digits of other scripts": (config(d="٣"), "experiments.tiny.d: '٣' is not allowed"),
    "experiment without keys": (
        {"results": "r", "experiments": {"a": [1]}},
        "expected a mapping of keys, of alpha",
    ),
}


def test_the_ledgers_experiments_are_of_their_kind():
    """Whatever else it is said to be is refused, and not a traceback in the ledger."""
    paper = load(read_yaml(ROOT / "config/config.yaml")).experiments
    entries = {"descent": TINY, "population": paper["population_loss"].model_dump()}
    entries |= {"neurons": neurons()["experiments"]["paths"], "model": vgg11()["experiments"]["vgg11"]}
    entries |= {"phase": plane()["experiments"]["plane"]}
    for name, other in itertools.product(EVIDENCE, entries):
        if other != (kind := paper[name].kind):
            expected = rf"experiments\.{name}\.kind: {other} is not allowed; expected {kind}, "
            with pytest.raises(ConfigError, match=expected):
                load({"results": "r", "experiments": {name: entries[other]}})


@pytest.mark.parametrize("name", BAD)
def test_bad_configuration_is_one_line(name):
    content, expected = BAD[name]
    with pytest.raises(ConfigError) as caught:
        load(content)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "expected" in str(caught.value)


def refused_yaml(path, text: str) -> str:
    """The one line that says what is wrong with this text as a file."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        experiments.read_yaml(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "results: [",
        "- 1",
        "",
        "a: !!python/object/apply:os.getcwd []",
        "a: &a [*a",
        "\x00",
        "a: 2024-13-45",
        "a: !!int x",
        "[" * 3000,
    ],
)
def test_what_is_no_mapping_in_yaml_is_one_line(tmp_path, text):
    assert str(tmp_path) in refused_yaml(tmp_path / "config.yaml", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("results: a\nexperiments: {}\nresults: b\n", "the key 'results' stands there twice"),
        ("experiments:\n  a: {d: 1, m: [2], d: 3}\n", "the key 'd' stands there twice"),
        ("experiments: {a: {}}\nexperiments: {b: {}}\n", "the key 'experiments' stands there twice"),
        ("iterations: 010\n", "'010' is no decimal number"),
        ("iterations: 1:30\n", "'1:30' is no decimal number"),
    ],
)
def test_yaml_that_is_read_otherwise_than_it_looks_is_refused(tmp_path, text, expected):
    line = refused_yaml(tmp_path / "config.yaml", text)
    assert expected in line and "line" in line


def test_a_key_may_replace_what_is_merged(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: &a {d: 1, m: 0}\nb: &b {<<: *a, d: 2}\nc: {<<: *b, d: -1_000}\n", encoding="utf-8")
    content = experiments.read_yaml(path)
    assert (content["b"], content["c"]) == ({"d": 2, "m": 0}, {"d": -1000, "m": 0})
