"""The walk-through of docs/your_model.md, as it stands there."""

import re
import subprocess
import sys

import is_it_lazy
import pytest
from conftest import ROOT

from lazytraining.student import laziness

PAGE = (ROOT / "docs/your_model.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the files of the page."""
    folder = tmp_path_factory.mktemp("yours")
    net, data = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    (folder / "my_net.py").write_text(net)
    (folder / "my_data.py").write_text(data)
    subprocess.run([sys.executable, "my_data.py"], cwd=folder, check=True)
    return folder


def test_the_page_ends_with_a_verdict(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    (line,) = re.findall(r"    python tools/is_it_lazy.py (.+)", PAGE)
    assert is_it_lazy.main([*line.split(), "--iterations", "60", "--alpha", "1", "100", "10000"]) == 0
    *_, heads, first, second, third, said = capsys.readouterr().out.splitlines()
    assert heads.split()[:3] == ["alpha", "accuracy", "of"] and heads.endswith("verdict")
    assert [row.split()[0] for row in (first, second, third)] == ["1", "100", "10000"]
    assert any(third.endswith(regime) for regime in laziness.REGIMES)
    assert re.fullmatch(
        r"At alpha = 1 it is [a-z ]+\. (Lazy from alpha = .+ on|Not lazy at the largest alpha)\.", said
    )


def test_the_page_names_the_verdicts():
    assert all(f"*{name}*" in PAGE for name in laziness.REGIMES if name != laziness.RANDOM)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["my_net.py:other", "my_data.npz"], "my_net.py has no other, but Gated, build"),
        (["nowhere.py:build", "my_data.npz"], "no such file"),
        (["my_net.py:build", "nowhere.npz"], "no such file"),
        (["my_net.py:build", "my_data.npz", "--alpha", "0"], "alpha > 0"),
    ],
)
def test_what_is_wrong_is_one_line(folder, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(folder)
    assert is_it_lazy.main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Configuration: ") and said in line
