"""What other programs read of the project: GitHub's CI, a dev container, Jupyter, the workflow catalogue, uv, a shell. As far as it runs here: GitHub and
the container's image are not tried."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import environment
import matplotlib
import nbformat
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import ROOT
from matplotlib import pyplot as plt

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/*.md")),
    ROOT / "docs/reference/README.md",
    ROOT / "config/README.md",
    ROOT / "profiles/README.md",
]
PROGRAMS = ("make", "snakemake", "python", "source", "pip", "uv", "export", "pytest", "jupyter", "git")
NOTED = 'for one in {}; do eval "$one() {{ print -r -- RAN $one \\"\\$@\\" }}"; done\n'
"""Shell functions that say how they were called, in place of programs."""


def pasted(page: Path) -> list[str]:
    """The blocks of commands of a page, as they are copied: comments and all. What is fenced is no command."""
    text, fenced = [], False
    for line in page.read_text().splitlines():
        fenced ^= line.startswith("```")
        text.append("" if fenced or line.startswith("```") else line)
    blocks = re.findall(r"(?:^ {4}\S.*\n(?: {4,}.*\n)*)+", "\n".join([*text, ""]), re.MULTILINE)
    blocks = ["".join(line.removeprefix("    ") for line in block.splitlines(True)) for block in blocks]
    return [block for block in blocks if block.split()[0] in PROGRAMS]


def in_zsh(text: str, settings: Path) -> subprocess.CompletedProcess:
    """As if it were pasted at zsh's prompt."""
    (settings / ".zshrc").write_text(NOTED.format(" ".join(PROGRAMS)))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(settings),
        "ZDOTDIR": str(settings),
        "TERM": "dumb",
    }
    options = {"cwd": settings, "env": environment, "capture_output": True, "text": True, "check": False}
    return subprocess.run(["zsh", "-i", "--no-zle"], input=text, **options)


@pytest.fixture
def zsh():
    if not shutil.which("zsh"):
        pytest.skip("no zsh here (Debian: zsh)")


def test_zsh_takes_no_comments(zsh, tmp_path):
    """Or the next test would find nothing."""
    assert "RAN make # all" in in_zsh("make   # all\n", tmp_path).stdout
    assert in_zsh("# it's all\nmake\n", tmp_path).stdout.count("RAN") == 0


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_can_be_pasted_into_zsh(page, zsh, tmp_path):
    for block in pasted(page):
        done = in_zsh(block, tmp_path)
        commands = re.sub(r"\\\n\s*", "", block).splitlines()
        ran = [line for line in done.stdout.splitlines() if "RAN " in line]
        assert len(ran) == len(commands) and "zsh:" not in done.stderr, f"{block}\n{done.stdout}{done.stderr}"
        assert not any("#" in line for line in ran), block


def test_documents_have_commands():
    assert sum(len(pasted(page)) for page in DOCUMENTS) > 10


def can_make(command: str) -> None:
    subprocess.run(["sh", "-c", f"{command} --dry-run"], cwd=ROOT, capture_output=True, check=True)


def test_ci_makes_targets_with_a_python_that_will_do():
    (job,) = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"].values()
    steps = {step.get("uses", "").split("@")[0]: step.get("with", {}) for step in job["steps"]}
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == ["make lint", "make test-fast", "make"]
    for command in commands:
        can_make(command)
    python = tuple(map(int, steps["actions/setup-python"]["python-version"].split(".")))
    assert environment.OLDEST <= python <= environment.NEWEST
    assert f"/{steps['actions/upload-artifact']['path']}" in (
        (ROOT / "Makefile").read_text().replace("$(PRESET)", "quick")
    )


def test_the_dev_container_makes_what_developers_need():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    can_make(container["postCreateCommand"])
    python = tuple(map(int, re.search(r"python:(\d+)\.(\d+)-", container["image"]).groups()))
    assert environment.OLDEST <= python <= environment.NEWEST


def test_the_catalogue_is_told_what_is_so():
    entry = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    for path in re.findall(r"(?:config|profiles)/[\w./]+\w", entry["mandatory-flags"]["desc"]):
        assert (ROOT / path).exists(), path
    assert entry["report"] and not any(entry["software-stack-deployment"].values())


def test_the_notebook_draws_figure_3_from_the_reference(monkeypatch):
    monkeypatch.chdir(ROOT / "docs")
    notebook = nbformat.read("figure_3.ipynb", as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tree = ast.parse("\n".join(cell.source for cell in cells))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    found = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    found |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in found} == {"matplotlib", "pandas", "pathlib"}
    matplotlib.use("Agg")
    namespace = {}
    for cell in cells:
        exec(cell.source, namespace)
    left, right = namespace["figure"].axes
    table = pq.read_table(ROOT / "docs/reference/paper/summary/plateau.parquet")
    columns = ["test_loss_end_mean", "test_loss_best_mean", "hidden_distance_mean", "output_distance_mean"]
    for line, column in zip([*left.lines[:2], *right.lines], columns, strict=True):
        assert np.array_equal(line.get_ydata(), table[column].to_numpy())
    assert len(left.lines) == 4
    plt.close(namespace["figure"])
    assert cells[-1].outputs[0]["data"]["image/png"], "to be seen without being run"


@pytest.mark.workflow
def test_uv_locks_the_project_at_its_pins(tmp_path):
    """On every platform and Python that it names; asks the package index, for metadata alone."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        pytest.skip("no uv here")
    for part in ("pyproject.toml", "README.md", "envs", "scripts"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    done = subprocess.run([uv, "lock"], cwd=tmp_path, capture_output=True, text=True, check=False)
    if re.search("dns error|Could not connect|Failed to fetch|timed out", done.stderr):
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    locked = {}
    for package in tomllib.loads((tmp_path / "uv.lock").read_text())["package"]:
        locked.setdefault(package["name"], set()).add(package["version"])
    for name in ("requirements.txt", "dev.txt"):
        for pin in environment.pins(name):
            package, version = pin.replace("_", "-").split("==")
            assert locked[package.lower()] == {version}
