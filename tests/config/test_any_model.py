"""Experiments with any network: what is allowed, without running any of the user's code."""

import numpy as np
import pytest

from lazytraining.config import experiments
from lazytraining.config.any_model import DEFAULTS, LEAST, OPTIONS
from lazytraining.config.errors import ConfigError

MINE = {"kind": "model", "model": "mlp", "data": "digits", "task": "classification", "alpha": [1, 10]}
MINE |= {"iterations": 5, "n_train": 100, "seeds": 2}


def load(**others) -> experiments.Config:
    return experiments.load({"results": "r", "experiments": {"mine": MINE | others}})


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("raise SystemExit('run')\ndef build(seed): pass\n")
    (tmp_path / "broken.py").write_text("def build(:\n")
    (tmp_path / "own.py").write_text("import torch\nclass Net: pass\nseven = 7\ndef build(width=64): pass\n")
    (tmp_path / "seeded.py").write_text("def build(seed=0): pass\ndef of(s, width=64): pass\nof_any = of\n")
    np.savez(tmp_path / "d.npz", x=0)
    np.save(tmp_path / "d.npy", 0)
    (tmp_path / "d.csv").write_text("a,b\n1,2\n")
    return tmp_path


BAD = {
    "no such file": (
        {"model": "other.py:build"},
        "model: 'other.py:build' is not allowed (no such file); expected path.py:function",
    ),
    "no such function": ({"model": "own.py:other"}, "(own.py has no other, but build)"),
    "a class, which would have the seed as its width": (
        {"model": "own.py:Net"},
        "model: 'own.py:Net' is not allowed (a class, whose first argument would be the seed); expected a function of the seed",
    ),
    "a function of a width": (
        {"model": "own.py:build"},
        "(its first argument is width, with a default, and would be the seed); expected a function of the seed",
    ),
    "no function": ({"model": "net.py"}, "expected path.py:function, or one of mlp"),
    "no Python": ({"model": "broken.py:build"}, "expected a Python file"),
    "no such data": (
        {"data": "other.npz"},
        "data: 'other.npz' is not allowed (no such file); expected an .npz file with x_train, ",
    ),
    "one array": ({"data": "d.npy"}, "data: 'd.npy' is not allowed (no archive, as numpy.savez writes it)"),
    "a table of text": ({"data": "d.csv"}, "data: 'd.csv' is not allowed (no archive, as numpy.savez writes"),
    "another option": (
        {"options": {"depht": 3}},
        "options.depht: unknown key with value 3; expected one of depth, width",
    ),
    "a bias beside an output that is scaled down": (
        {"options": {"scaling": "mean_field"}},
        "options.bias: true is not allowed; expected false with scaling: mean_field",
    ),
    "an option of a file": ({"model": "net.py:build", "options": {"depth": 3}}, "expected one of none"),
    "an option's value": (
        {"options": {"depth": 0}},
        "options.depth: 0 is not allowed; expected an integer from 1",
    ),
    "a step": ({"step": "max"}, "step: 'max' is not allowed (element 0 is 'max'); expected auto"),
    "a batch": ({"batch": 0}, "batch: 0 is not allowed; expected full, or an integer ≥ 1"),
    "a task": (
        {"task": "regression"},
        "task: regression is not allowed; expected classification with data: digits",
    ),
    "a loss": (
        {"model": "net.py:build", "data": "d.npz", "task": "regression", "loss": "cross_entropy"},
        "loss: cross_entropy is not allowed; expected mse",
    ),
    "points": ({"n_train": 1797}, "n_train: 1797 is not allowed; expected at most 1796"),
    "test points": ({"n_test": 1698}, "n_test: 1698 is not allowed; expected at most 1697"),
    "larger digits": (
        {"data": "digits_32", "n_train": 1201},
        "n_train: 1201 is not allowed; expected at most 1200, as many as digits_32 has",
    ),
    "mirrored digits": (
        {"data": "digits_32", "augment": "crop_and_flip"},
        "augment: crop_and_flip is not allowed; expected none or crop with data: digits_32, because a mirrored digit",
    ),
    "crops of points": ({"augment": "crop"}, "augment: crop is not allowed; expected none with data: digits"),
    "decay": ({"decay": -1}, "decay: -1 is not allowed; expected a number ≥ 0"),
    "records": ({"recorded": 1}, "recorded: 1 is not allowed; expected an integer from 2"),
    "kernel points": ({"kernel_points": 1}, "kernel_points: 1 is not allowed; expected an integer from 2"),
    "a student of images": ({"model": "student"}, "data: 'digits' is not allowed; expected teacher"),
    "images of a teacher": (
        {"model": "cnn", "data": "teacher", "task": "regression"},
        "data: teacher is not allowed; expected images",
    ),
    "momentum": ({"momentum": 1}, "momentum: 1 is not allowed"),
    "heads that do not divide the width": (
        {"model": "transformer", "options": {"heads": 5}},
        "options.heads: 5 is not allowed; expected a divisor of width, 32",
    ),
    "an odd neuron": (
        {
            "model": "student",
            "data": "teacher",
            "task": "regression",
            "options": {"m": 51, "symmetrize": True},
        },
        "options.m: 51 is not allowed; expected an even integer",
    ),
    "too few for the last class": (
        {"n_train": 11},
        "n_train: 11 is not allowed; expected at least 12 with data: digits",
    ),
    "an unknown key": ({"learning_rate": 1}, "learning_rate: unknown key"),
    "alpha beyond the numbers": ({"alpha": [1e200], "precision": "float32"}, "precision float32 holds"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_one_line_and_nothing_is_run(name):
    changed, said = BAD[name]
    with pytest.raises(ConfigError, match=r"^experiments\.mine") as error:
        load(**changed)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("function", ["build", "of", "of_any"])
def test_a_function_of_the_seed_may_have_defaults(function):
    load(model=f"seeded.py:{function}")


def test_a_seed_is_a_job_with_all_that_is_swept():
    config = load(tau=[1, 2], step=["auto", 0.1], batch="full")
    assert list(config.jobs["mine"]) == ["seed~0", "seed~1"]
    assert config.experiments["mine"].count == 2
    job = config.job(config.jobs["mine"]["seed~1"])
    assert (job.seed, job.alpha, job.tau, job.step, job.batch) == (1, [1, 10], [1, 2], ["auto", 0.1], None)


def test_a_change_of_the_users_files_changes_the_digest(files):
    def digest() -> str:
        return load(model="net.py:build", data="d.npz").digest("mine")

    first = digest()
    assert digest() == first
    (files / "net.py").write_text("def build(seed): return 1\n")
    second = digest()
    np.savez(files / "d.npz", x=1)
    assert len({first, second, digest()}) == 3


def test_options_are_those_of_the_built_in_models():
    import inspect

    from lazytraining.models import builtin

    known = builtin.DRAWN_BY_TORCH | builtin.FROM_STREAMS
    assert known.keys() == OPTIONS.keys()
    for name, function in known.items():
        parts = inspect.signature(function).parameters.values()
        defaults = {part.name: part.default for part in parts if part.kind is part.KEYWORD_ONLY}
        assert defaults.keys() == OPTIONS[name].keys()
        assert defaults == DEFAULTS[name]


@pytest.mark.parametrize("data", ["digits", "digits_32"])
def test_so_many_images_have_to_train_that_the_last_class_is_among_them(data):
    from lazytraining.models import images

    found = getattr(images, data)()
    assert int(np.argmax(found.y_train == found.y_train.max())) + 1 == LEAST[data]


def test_what_a_module_prints_is_not_taken_for_its_sizes():
    from lazytraining.workflow import modules

    assert modules._last_object('{"n": 0}\n[1]\n{"n": 1}\nbye\n3\n') == {"n": 1}
    assert modules._last_object("hi\n") == modules._last_object("") == {}


def test_models_are_counted_without_torch_as_they_are():
    """For the memory that their jobs ask for."""
    from lazytraining.models import sizes
    from lazytraining.workflow import modules

    given = {
        "mlp": {"depth": 4, "width": 30},
        "cnn": {"channels": 5},
        "transformer": {"width": 16, "heads": 2},
        "vgg11": {"width": 0.1},
    }
    for model, options in [*given.items(), *((model, {}) for model in given)]:
        one = load(model=model, options=options, n_test=20, kernel_points=4).experiments["mine"]
        job = one.told("mine", 0)
        counted, found = modules.sizes("mine", one), sizes.sizes(job)
        assert counted["parameters"] == pytest.approx(found["parameters"], rel=0.05)
        assert 0.5 < counted["activations"] / found["activations"] < 3, (model, counted, found)
        assert (counted["outputs"], counted["n_train"], counted["n_test"]) == (10, 100, 20)
    one = load(n_train=150).experiments["mine"]
    assert modules.sizes("mine", one)["n_test"] == sizes.sizes(one.told("mine", 0))["n_test"] == 1647
