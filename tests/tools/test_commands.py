"""Each tool: help that changes nothing and needs no package, one line for wrong arguments, an end when its reader ends."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT

TOOLS = sorted(path.name for path in (ROOT / "tools").glob("[a-z]*.py"))
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""A terminal without Greek letters, and files that are not read as UTF-8 unless it is said."""
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
    return subprocess.run(command, cwd=folder, env=ASCII, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("tool", TOOLS)
def test_help_says_how_to_use_it_and_how_it_ends_and_changes_nothing(tool, copy):
    before = contents(copy)
    done = run(copy, tool, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {tool} ")
    text = " ".join(done.stdout.split())
    assert "Ends with 0" in text and "arguments are wrong" in text
    usage = " ".join(done.stdout.split("\n\n")[0].split())
    assert not re.search(r"\[--\S+ \S+ \[\S+ \.\.\.\]\]", usage), "its values would swallow the arguments"
    assert contents(copy) == before


@pytest.mark.parametrize("tool", TOOLS)
def test_wrong_arguments_end_with_2_and_one_line_of_usage(tool, copy):
    done = run(copy, tool, "--no-such-option")
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert [line for line in lines if line.startswith("usage: ")] == lines[:1]
    assert lines[-1].startswith(f"{tool}: error: ")


@pytest.mark.parametrize("tool", ["provenance.py", "check_config.py"])
def test_a_tool_ends_quietly_when_its_reader_has_enough(tool):
    told = {
        "provenance.py": ["docs/reference/quick/claims.parquet"] * 2000,
        "compare.py": ["docs/reference/quick"],
    }
    command = [sys.executable, f"tools/{tool}", *told.get(tool, [])]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == -signal.SIGPIPE


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "shift_jis"])
def test_what_a_terminal_has_no_letters_for_is_printed_in_escapes(tmp_path, encoding):
    path = tmp_path / "run.parquet"
    said = {"commit": "τ Ω é \N{CJK UNIFIED IDEOGRAPH-4E2D}"}
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata(said), path)
    command = [sys.executable, str(ROOT / "tools/provenance.py"), str(path)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True, check=True
    )
    assert said["commit"].encode(encoding, "backslashreplace") in done.stdout
