"""`make environment`: what can't be had is said in one line, by whatever Python, and the same command goes on."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import environment
import pytest
from conftest import ROOT

HERE = ((3, 12), "CPython", "Linux", "x86_64", "2.36")
FINE = [
    HERE,
    ((3, 11), "CPython", "Linux", "aarch64", "2.28"),
    ((3, 13), "CPython", "Darwin", "arm64", "14.0"),
    ((3, 13), "CPython", "Darwin", "arm64", "26.1"),
]
REFUSED = {
    ((3, 10), *HERE[1:]): "is CPython 3.10: try make PYTHON=",
    ((3, 14), *HERE[1:]): "is CPython 3.14: try make PYTHON=",
    ((3, 11), "PyPy", *HERE[2:]): "is PyPy 3.11: try make PYTHON=",
    ((3, 13), "CPython", "Darwin", "x86_64", "14.0"): "Intel",
    ((3, 13), "CPython", "Darwin", "arm64", "13.6"): "macOS 14 or newer",
    ((3, 13), "CPython", "Windows", "AMD64", ""): "WSL",
    ((3, 13), "CPython", "MINGW64_NT-10.0", "x86_64", ""): "WSL",
    ((3, 13), "CPython", "Linux", "ppc64le", "2.36"): "not for Linux on ppc64le",
    ((3, 13), "CPython", "Linux", "x86_64", ""): "Alpine",
    ((3, 13), "CPython", "Linux", "x86_64", "2.27"): "glibc (so no Alpine) 2.28 or newer, and this is 2.27",
}

pytestmark = pytest.mark.workflow


@pytest.fixture
def project(tmp_path) -> Path:
    """What `make environment` reads."""
    for part in ("Makefile", "envs", "tools"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    return tmp_path


def make(project: Path) -> list[str]:
    """What it says that fails, without make's own last line: there is no network, but for a port that nobody listens at."""
    nowhere = "http://127.0.0.1:9"
    settings = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1", "PIP_INDEX_URL": f"{nowhere}/simple"}
    settings |= dict.fromkeys(["http_proxy", "https_proxy"], nowhere)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    command = ["make", "environment", f"PYTHON={sys.executable}"]
    options = {"cwd": project, "env": inherited | settings, "capture_output": True, "text": True}
    done = subprocess.run(command, **options)
    assert done.returncode != 0
    *said, last = done.stderr.splitlines()
    assert re.match(r"make(\[\d+\])?: \*\*\*", last)
    return said


@pytest.mark.parametrize("here", FINE)
def test_what_every_package_has_a_wheel_for_is_fine(here):
    assert environment.refusal(*here) == ""


@pytest.mark.parametrize("here", REFUSED)
def test_what_there_are_no_packages_for_is_refused_in_one_line(here):
    said = environment.refusal(*here)
    assert REFUSED[here] in said and "\n" not in said


def test_an_old_python_can_read_the_refusal():
    ast.parse((ROOT / "tools/environment.py").read_text(), feature_version=(3, 6))


def test_the_project_says_the_same_of_pythons():
    text = (ROOT / "pyproject.toml").read_text()
    (oldest, newest) = environment.OLDEST, environment.NEWEST
    assert f'requires-python = ">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"' in text


@pytest.mark.workflow
def test_without_network_it_is_one_line_and_goes_on(project):
    (line,) = make(project)
    assert line.startswith("Installing the packages: no network (")
    assert line.endswith("Once there is one, the same command goes on.")
    kept = project / ".venv/kept"
    kept.touch()
    make(project)
    assert kept.exists(), "the environment that it has begun"


@pytest.fixture
def small_disk(tmp_path) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no mount on this machine")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.workflow
def test_on_a_full_disk_it_is_one_line(project, small_disk):
    for part in ("Makefile", "envs", "tools"):
        shutil.move(project / part, small_disk / part)
    (line,) = make(small_disk)
    assert line.startswith("Making .venv: the disk is full (0.0 GB free in ")
    assert line.endswith("Make room, and the same command goes on.")


@pytest.mark.workflow
def test_another_torch_is_another_environment(project):
    """`make` alone stays with the one that is there."""

    def planned(*words: str) -> str:
        command = ["make", "--dry-run", "environment", *words]
        return subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout

    assert "--torch cpu" in planned()
    (project / ".venv").mkdir()
    (project / ".venv/torch-cuda").touch()
    assert "Nothing to be done" in planned()
    assert "rm -rf .venv" in planned("TORCH=cpu") and "--torch cpu" in planned("TORCH=cpu")
