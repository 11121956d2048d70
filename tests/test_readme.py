"""The commands of README.md and docs/running.md, pasted into zsh: those of the worked example run as they stand, the others as far as a dry run goes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

pytestmark = pytest.mark.workflow

TEXT = "".join((ROOT / page).read_text() for page in ("README.md", "docs/running.md"))
EXAMPLE = re.search(r"^## Your own sweep$.*?^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[1]
COMMANDS = re.findall(r"^ {4}((?:make|snakemake|python|uv run)\b(?:.*\\\n)*.*)$", TEXT, re.MULTILINE)
MINE = [command for command in COMMANDS if "mine" in command]
PLANNED = {command.replace(" -n ", " ") for command in COMMANDS if "snakemake " in command} - set(MINE)
READING = "".join(re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)).splitlines()
IMPORTS = [line for line in READING if line.startswith("import ")]
READERS = [line for line in READING if line and line not in IMPORTS]
DRY = """
snakemake() { command snakemake --dry-run --quiet "$@" }
uv() { command uv run --no-sync snakemake --dry-run --quiet "${@:3}" }
make() { command make --dry-run "$@" }
"""
"""Shell functions in place of programs that would take long."""
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


def paste(command: str, folder: Path, settings: Path, functions: str = "") -> str:
    """What a command says at zsh's prompt, as it is copied: no line of it changed, comments and all."""
    if not shutil.which("zsh"):
        pytest.skip("no zsh here (Debian: zsh)")
    (settings / ".zshrc").write_text(f"PS1= PS2=\nunsetopt prompt_sp\n{functions}")
    own = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ZDOTDIR": str(settings),
        "TERM": "dumb",
    }
    environment = os.environ | own | {"UV_PROJECT_ENVIRONMENT": sys.prefix}
    options = {"cwd": folder, "env": environment, "capture_output": True, "text": True, "check": False}
    done = subprocess.run(["zsh", "-i", "--no-zle"], input=f"{command}\n", **options)
    assert done.returncode == 0 and "zsh:" not in done.stderr, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_there_are_commands():
    assert len(EXAMPLE.splitlines()) == 5 and len(MINE) == 4
    assert (
        len(READERS) == 4
        and len(COMMANDS) > 10
        and len(MAKE) > 8
        and any(command.startswith("uv run") for command in PLANNED)
    )


@pytest.mark.parametrize("command", sorted(PLANNED))
def test_snakemake_commands_are_planned(command, checkout, tmp_path):
    assert "Building DAG of jobs" in paste(command, checkout, tmp_path, DRY)


@pytest.mark.parametrize("command", [*MAKE, *(command for command in COMMANDS if command.startswith("make"))])
def test_make_has_the_targets(command, tmp_path):
    paste(command, ROOT, tmp_path, DRY)


def test_the_sweep_of_ones_own(checkout, tmp_path, monkeypatch):
    told = [paste(command, checkout, tmp_path) for command in MINE]
    swept = yaml.safe_load(EXAMPLE)["experiments"]["plateau_symmetrized"]
    runs = checkout.glob("results/mine/runs/plateau_symmetrized/*/*/*/*/*.parquet")
    assert len(list(runs)) == len(swept["tau"]) * swept["seeds"]
    for name in ("figure_4", "plateau_symmetrized"):
        assert (checkout / f"results/mine/figures/{name}.png").exists()
    assert (checkout / "results/mine/report.html").exists()
    assert any("tangent model" in text for text in told)
    assert any("commit" in text for text in told)
    monkeypatch.chdir(checkout)
    exec("\n".join(IMPORTS), names := {})
    for line in READERS:
        assert len(eval(line.replace("results/quick", "results/mine"), names)) == 3, line


def test_training_by_hand(checkout, tmp_path):
    (command,) = [command for command in COMMANDS if "tools/train_by_hand.py" in command]
    paste(command, checkout, tmp_path)
    assert (checkout / "results/quick/runs/plateau/m~50/alpha~1").exists()
