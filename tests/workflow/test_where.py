"""Where it runs changes nothing: blanks in paths, other encodings, a notebook's or a user's settings of matplotlib."""

import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest
from chaos import contents, copy_of_project
from conftest import ROOT, Workflow
from tiny import TINY

from lazytraining.workflow import digest

pytestmark = pytest.mark.workflow

PROFILE = str(ROOT / "profiles/default")
OWN = {"experiments": {"own": TINY}}
ELSEWHERE = {
    "LC_ALL": "C",  # with the two below: text is ASCII unless it is said otherwise
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "MPLBACKEND": "module://no_such_notebook",
}


def python(folder: Path) -> str:
    """A Python of an environment of its own in this folder, which finds the packages of this one."""
    venv.EnvBuilder(symlinks=True).create(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "tests.pth").write_text(sysconfig.get_path("purelib"))
    return str(folder / "bin/python")


def test_it_makes_the_same_wherever_it_runs(tmp_path, monkeypatch):
    folders = {"here": tmp_path / "here", "there": tmp_path / 'a b/it\'s $HOME; (μ) & "c"'}
    for folder in folders.values():
        folder.mkdir(parents=True)
    here, there = (Workflow(folder, OWN) for folder in folders.values())
    here("--", "own", profile=PROFILE)
    (there.folder / "matplotlibrc").write_text(
        "axes.facecolor: red\nfont.family: monospace\naxes.titleweight: bold\n"
    )
    (tmp_path / "settings/matplotlib").mkdir(parents=True)
    (tmp_path / "settings/matplotlib/matplotlibrc").write_bytes(b"text.usetex: True\nnonsense: \xe9\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    (there.folder / "overlay.yaml").write_text("# τ\n" + (there.folder / "overlay.yaml").read_text(), "utf-8")
    command = [python(there.folder / ".venv"), *there.command("--", "own", profile=PROFILE)[1:]]
    done = subprocess.run(command, cwd=there.folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert contents(there.results) == contents(here.results)


def test_braces_in_the_workflows_path_are_one_line(tmp_path):
    (tmp_path / "a{b}").mkdir()
    done = Workflow(tmp_path, OWN, copy_of_project(tmp_path / "a{b}"))("--dry-run", succeeds=False)
    ours = [line for line in done.stderr.splitlines() if not line.startswith("Using ")]
    assert len(ours) == 1 and ours[0].startswith("Workflow: ") and "expected a path without braces" in ours[0]


def test_a_folder_may_be_written_with_a_point(tmp_path):
    done = Workflow(tmp_path, OWN | {"results": "./x/./y"})("--dry-run", "--", "x/y/tables/own.parquet")
    assert "./" not in done.stdout + done.stderr.replace(str(ROOT), "")


@pytest.mark.parametrize("content", [b"<<<<<<< HEAD\nx = 1\n=======\n", b"x = '\xe9'\n"])
def test_code_that_is_none_is_named(tmp_path, content):
    """As where a merge has left its markers."""
    script = tmp_path / "train.py"
    script.write_bytes(content)
    with pytest.raises(SyntaxError) as caught:
        digest.code_digest(script)
    assert caught.value.filename == str(script)
