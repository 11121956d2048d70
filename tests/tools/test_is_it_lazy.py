"""The walk-through of docs/your_model.md, as it stands there."""

import dataclasses
import re
import subprocess
import sys

import check_config
import is_it_lazy
import pytest
from conftest import ROOT

from lazytraining.student import laziness

PAGE = (ROOT / "docs/your_model.md").read_text(encoding="utf-8")


ODD = """import sys, torch
def exits(seed): sys.exit(3)
def unmade(seed): return torch.nn.LazyLinear(2)
"""
"""Module functions that fail otherwise than by an error of their own."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the files of the page."""
    folder = tmp_path_factory.mktemp("yours")
    net, data = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    (folder / "my_net.py").write_text(net)
    (folder / "my_data.py").write_text(data)
    (folder / "odd.py").write_text(ODD)
    subprocess.run([sys.executable, "my_data.py"], cwd=folder, check=True)
    return folder


@pytest.mark.workflow
def test_the_page_shows_what_its_command_prints(folder, monkeypatch, capsys):
    """Words are the same; numbers, which another processor rounds otherwise, are near."""
    monkeypatch.chdir(folder)
    (line,) = re.findall(r"    python tools/is_it_lazy.py (.+)", PAGE)
    (shown,) = re.findall(r"```\n(4610 weights.+?)\n```", PAGE, re.S)
    assert is_it_lazy.main(line.split()) == 0
    printed = capsys.readouterr().out.splitlines()[-len(shown.splitlines()) :]
    for one, other in zip(printed, shown.splitlines(), strict=True):
        number = r"\d[\d.e-]*\d|\d"
        assert re.sub(number, "#", one).split() == re.sub(number, "#", other).split()
        found, expected = ([float(text) for text in re.findall(number, text)] for text in (one, other))
        assert found == pytest.approx(expected, rel=0.05)


def test_the_page_makes_an_experiment_of_the_same(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    (folder / "mine.yaml").write_text(text)
    one = check_config.load("mine.yaml").experiments["mine"]
    (line,) = re.findall(r"    python tools/is_it_lazy.py (.+)", PAGE)
    asked = is_it_lazy.experiment(is_it_lazy.PARSER.parse_args(line.split()))
    all_of_them = {"n_train": 200, "n_test": 200}
    assert dataclasses.replace(one.told("mine", 0), **all_of_them) == asked.told("mine", 0)
    assert one.seeds == [0, 1, 2]


def test_the_page_names_the_verdicts():
    assert all(f"*{name}*" in PAGE for name in laziness.REGIMES if name != laziness.RANDOM)


def test_it_is_asked_over_factors_on_the_weights_too(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    few = ["--iterations", "30", "--points", "40", "--seed", "1"]
    assert is_it_lazy.main(["my_net.py:build", "my_data.npz", "--tau", "4", "0.5", "1", *few]) == 0
    about, heads, *rows, said = capsys.readouterr().out.splitlines()[-6:]
    assert ", 40 training points, " in about and ", alpha = 1, steps " in about
    assert heads.split()[0] == "tau" and [row.split()[0] for row in rows] == ["0.5", "1", "4"]
    assert re.fullmatch(
        r"At tau = 1 it is [a-z ]+\. (Lazy from .+ on|Not lazy at .+|Whether it is lazy at .+)\.", said
    )


@pytest.mark.parametrize(
    ("regimes", "said"),
    [
        (["lazy", "lazy"], "At alpha = 1 it is lazy. Lazy from alpha = 1 on."),
        (["unfinished", "lazy"], "At alpha = 1 it is unfinished. Lazy from alpha = 10 on."),
        (["lazy", "crossover"], "At alpha = 1 it is lazy. Not lazy at the largest alpha."),
        (
            ["lazy", "unfinished"],
            "At alpha = 1 it is lazy. Whether it is lazy at the largest alpha takes more",
        ),
    ],
)
def test_a_run_that_is_unfinished_is_not_called_not_lazy(regimes, said):
    runs = [{"alpha": alpha, "regime": regime} for alpha, regime in zip([1.0, 10.0], regimes, strict=True)]
    assert is_it_lazy.verdict(runs, "alpha").startswith(said)


MINE = ["my_net.py:build", "my_data.npz"]


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["my_net.py:other", "my_data.npz"], "my_net.py has no other, but build)", 1),
        (["my_net.py:Gated", "my_data.npz"], "(a class, whose first argument would be the seed)", 1),
        (["nowhere.py:build", "my_data.npz"], "no such file", 1),
        (["my_net.py:build", "nowhere.npz"], "no such file", 1),
        (["mlp", "digits"], "data: 'digits' is not allowed (no such file); expected an .npz file", 1),
        (["my_net.py:build", "my_net.py"], "data: 'my_net.py' is not allowed (no archive, as", 1),
        (
            ["odd.py:exits", "my_data.npz"],
            "model: 'odd.py:exits' is not allowed (SystemExit: 3); expected",
            1,
        ),
        (["odd.py:unmade", "my_data.npz"], "model: 'odd.py:unmade' is not allowed (RuntimeError: Can't", 1),
        (["cnn", "my_data.npz"], "model: cnn for points of shape (2,) is not allowed", 1),
        ([*MINE, "--alpha", "0"], "--alpha: [0.0] is not allowed; expected numbers > 0", 2),
        ([*MINE, "--alpha", "nan"], "--alpha: [nan] is not allowed; expected numbers > 0", 2),
        ([*MINE, "--alpha", "1e300"], "arguments: alpha 1e+300 is not allowed; expected from ", 2),
        ([*MINE, "--tau", "-1"], "--tau: [-1.0] is not allowed; expected numbers > 0", 2),
        ([*MINE, "--tau", "1", "2", "--alpha", "1", "2"], "expected one value of either", 2),
        ([*MINE, "--seed", "-1"], "--seed: -1 is not allowed; expected an integer from 0", 2),
        ([*MINE, "--seed", "9" * 20], "is not allowed; expected an integer from 0 to 1e12", 2),
        ([*MINE, "--points", "1"], "--points: 1 is not allowed; expected an integer ≥ 2", 2),
        ([*MINE, "--iterations", "0"], "--iterations: 0 is not allowed; expected an integer from 1", 2),
    ],
)
def test_what_is_wrong_is_one_line(folder, monkeypatch, capsys, arguments, said, code):
    monkeypatch.chdir(folder)
    assert is_it_lazy.main(arguments) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Configuration: ") and said in line
