"""The commands of README.md and docs/running.md: those of the worked example run as they stand, the others as far as a dry run goes."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

pytestmark = pytest.mark.workflow

TEXT = "".join((ROOT / page).read_text() for page in ("README.md", "docs/running.md"))
ONE_LINE = re.sub(r"\\\n\s*", "", TEXT)
EXAMPLE = re.search(r"^## Your own sweep$.*?^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[1]
LINES = re.findall(r"^ {4}((?:make|snakemake|python)\b.*)$", ONE_LINE, re.MULTILINE)
COMMANDS = [shlex.split(line, comments=True) for line in LINES]
MINE = [words for words in COMMANDS if any("mine" in word for word in words)]
PLANNED = {
    tuple(word for word in words if word != "-n")  # which a dry run adds
    for words in COMMANDS
    if words[0] == "snakemake" and words not in MINE
}
MAKE = sorted(set(re.findall(r"`((?:\w+=\S+ )?make(?: [\w=/-]+)*)`", TEXT)))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """The project as a user has it, with the example's file."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("Snakefile", "Makefile", "rules", "scripts", "tools", "config", "profiles", "envs", "docs"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    (folder / "config/mine.yaml").write_text(EXAMPLE)
    return folder


def run(words: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def dry(words: tuple[str, ...]) -> list[str]:
    at = words.index("--") if "--" in words else len(words)
    return [*words[:at], "--dry-run", "--quiet", *words[at:]]


def test_there_are_commands():
    assert len(EXAMPLE.splitlines()) == 5 and len(MINE) == 4
    assert len(COMMANDS) > 10 and len(MAKE) > 8


@pytest.mark.parametrize("command", sorted(PLANNED))
def test_snakemake_commands_are_planned(command, checkout):
    run(dry(command), checkout)


@pytest.mark.parametrize("command", [*MAKE, *(" ".join(words) for words in COMMANDS if words[0] == "make")])
def test_make_has_the_targets(command):
    run(["sh", "-c", f"{command} --dry-run"], ROOT)


def test_the_sweep_of_ones_own(checkout):
    told = {tuple(words): run(words, checkout) for words in MINE}
    swept = yaml.safe_load(EXAMPLE)["experiments"]["plateau_symmetrized"]
    runs = checkout.glob("results/mine/runs/plateau_symmetrized/*/*/*/*/*.parquet")
    assert len(list(runs)) == len(swept["tau"]) * swept["seeds"]
    for name in ("figure_4", "plateau_symmetrized"):
        assert (checkout / f"results/mine/figures/{name}.png").exists()
    assert (checkout / "results/mine/report.html").exists()
    assert any("tangent model" in text for text in told.values())
    assert any("commit" in text for text in told.values())


def test_training_by_hand(checkout):
    (command,) = [words for words in COMMANDS if "tools/train_by_hand.py" in words]
    run(command, checkout)
    assert (checkout / "results/quick/runs/plateau/m~50/alpha~1").exists()
