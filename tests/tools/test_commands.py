"""Each tool: help that changes nothing and needs no package, one line for wrong arguments, an end when its reader ends."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

TOOLS = sorted(path.name for path in (ROOT / "tools").glob("*.py"))
PARTS = ("tools", "scripts", "rules", "config", "docs", "README.md", "Snakefile")


def contents(folder: Path) -> dict[Path, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The project without its pictures, not to be written to."""
    folder = tmp_path_factory.mktemp("project")
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.png", "*.gif")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, folder / part)
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in folder.rglob("*"):
        path.chmod(0o755)


def run(folder: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess:
    """Without any package: `-S` leaves site-packages out."""
    command = [sys.executable, "-S", "-B", f"tools/{tool}", *arguments]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("tool", TOOLS)
def test_help_says_how_to_use_it_and_how_it_ends_and_changes_nothing(tool, copy):
    before = contents(copy)
    done = run(copy, tool, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {tool} ")
    text = " ".join(done.stdout.split())
    assert "Ends with 0" in text and "arguments are wrong" in text
    assert contents(copy) == before


@pytest.mark.parametrize("tool", TOOLS)
def test_wrong_arguments_end_with_2_and_one_line_of_usage(tool, copy):
    done = run(copy, tool, "--no-such-option")
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert [line for line in lines if line.startswith("usage: ")] == lines[:1]
    assert lines[-1].startswith(f"{tool}: error: ")


def test_provenance_ends_quietly_when_its_reader_has_enough():
    files = [str(ROOT / "docs/reference/quick/claims.parquet")] * 2000
    command = [sys.executable, str(ROOT / "tools/provenance.py"), *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline().strip() == files[0]
        child.stdout.close()
        assert child.stderr.read() == ""
