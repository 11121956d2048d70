"""The house: which room may know which."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from lazytraining.workflow import internals

LIBRARY = ROOT / "scripts/lazytraining"
BELOW = {
    "config": set(),
    "files": {"config"},
    "student": {"config", "files"},
    "models": {"config", "files", "student"},
    "figures": {"config", "files", "student", "models"},
    "claims": {"config", "files", "student", "models"},
    "workflow": {"config", "files", "student", "models", "figures", "claims"},
}
"""The packages that each may import, beside itself."""


def imported(path: Path) -> set[str]:
    """The full names of the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("package", BELOW)
def test_imports_go_down_only(package):
    for path in (LIBRARY / package).glob("*.py"):
        own = {name.split(".")[1] for name in imported(path) if name.startswith("lazytraining.")}
        assert own <= BELOW[package] | {package}, path


def test_every_package_has_its_place():
    assert {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()} == set(BELOW)


def test_workflow_alone_knows_snakemake():
    for path in LIBRARY.rglob("*.py"):
        if any(name.split(".")[0].startswith("snakemake") for name in imported(path)):
            assert path.parent.name == "workflow", path


def unnamed(path: Path) -> list[str]:
    """Where a file reads or writes text in whatever encoding the locale has."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or any(word.arg == "encoding" for word in node.keywords):
            continue
        name = ast.unparse(node.func)
        last, given = name.split(".")[-1], [ast.unparse(part) for part in node.args]
        given += [ast.unparse(word.value) for word in node.keywords if word.arg == "mode"]
        opens = last in ("open", "fdopen", "NamedTemporaryFile") and name not in (
            "os.open",
            "PIL.Image.open",
            "tarfile.open",
        )
        texts = any(ast.unparse(word) in ("text=True", "universal_newlines=True") for word in node.keywords)
        if (
            last in ("read_text", "write_text")
            or texts
            or (opens and not re.search("'[rwa]b", " ".join(given)))
        ):
            found.append(f"{path}:{node.lineno}")
    return found


def test_no_encoding_is_left_to_the_locale(tmp_path):
    sources = [*ROOT.glob("scripts/**/*.py"), *ROOT.glob("tools/*.py")]
    assert len(sources) > 90 and [place for path in sources for place in unnamed(path)] == []
    for path in ROOT.glob("rules/*.smk"):
        assert not re.search(r"text=True|(open|read_text|write_text)\(", path.read_text(encoding="utf-8")), (
            path
        )
    (tmp_path / "bad.py").write_text(
        "p.open()\nopen(p, 'w')\nopen(p, 'rb')\nrun(c, text=True)\np.read_text()\n"
    )
    assert [place[-1] for place in unnamed(tmp_path / "bad.py")] == ["1", "2", "4", "5"]


def test_tests_beside_ours_run(tmp_path):
    """As `snakemake --generate-unit-tests` writes some into .tests/unit: without this conftest."""
    (tmp_path / "test_one.py").write_text("def test_one():\n    pass\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        str(ROOT / "pyproject.toml"),
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


INTERNALS = (
    r"(?<!lazytraining\.)\bworkflow\.(?!configfiles\b|current_basedir\))\w|snakemake_\w+_plugin"
    r"|module_globals|app\.setView|snakemake\.(api|dag|iocontainers|jobs|rules|settings|sourcecache|workflow)\b"
)
"""All attributes of a workflow but those that `internals` names as used elsewhere; plugins; and the rest."""


def test_internals_of_snakemake_stand_in_one_module():
    for path in [
        ROOT / "Snakefile",
        *(
            path
            for folder in ("rules", "scripts", "tools", "docs/captions")
            for path in ROOT.glob(f"{folder}/**/*.*")
        ),
    ]:
        if path.suffix in ("", ".smk", ".py", ".rst") and path.name != "internals.py":
            assert not re.search(INTERNALS, path.read_text(encoding="utf-8")), path


def test_that_module_was_tried_with_the_version_that_is_pinned():
    assert f"snakemake=={internals.TRIED}\n" in (ROOT / "envs/requirements.txt").read_text()


def test_package_files_are_empty():
    assert not any(path.read_text() for path in LIBRARY.rglob("__init__.py"))


def test_no_file_is_long():
    """About 400 lines, as everywhere in the project."""
    code = ("scripts/**/*.py", "rules/*.smk", "tests/**/*.py", "tools/*.py")
    for path in [path for pattern in code for path in ROOT.glob(pattern)]:
        assert len(path.read_text().splitlines()) <= 420, path
