"""Another workflow imports this one, as a Snakemake module: from a folder, or from a repository beside the installed package."""

import os
import re
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from tiny import TINY, only

from lazytraining.config import catalogue
from lazytraining.files import provenance

pytestmark = pytest.mark.workflow

OWN = only(own=TINY | {"iterations": 30}) | {"theory": None}
IMPORTER = """
module lazy:
    snakefile: {snakefile}
    config: config["lazy"]
    prefix: "theirs"

use rule * from lazy as lazy_*

module other:
    snakefile: {snakefile}
    config: config["other"]

use rule * from other as other_*

rule mine:
    default_target: True
    input: rules.lazy_own.input, "results/b/summary/own.parquet"
    output: report("mine.txt", category="Mine")
    shell: "ls {{input}} > {{output}}"

onstart:
    lazy.onstart()
"""
TARGETS = [
    *catalogue.FIGURES,
    "landscapes",
    "cnn",
    "neurons",
    "phase",
    "models",
    "interactive",
    "claims",
    "all",
    "everything",
]
LISTS = """
import sys
for target in {}:
    if any(map(callable, getattr(rules, "lazy_" + target).input)):
        sys.exit(target + ": a function")
"""
PARTS = ("Snakefile", "rules", "scripts", "config", "envs", "docs/captions", "pyproject.toml", "README.md")


class Importer:
    """A workflow of someone else's, with two instances of this one."""

    def __init__(self, folder: Path, snakefile: str, **environment: str):
        self.folder = folder
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder)} | environment
        (folder / "Snakefile").write_text(IMPORTER.format(snakefile=snakefile))
        content = {"lazy": OWN | {"results": "results/a"}, "other": deepcopy(OWN) | {"results": "results/b"}}
        (folder / "mine.yaml").write_text(yaml.safe_dump(content))

    def __call__(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "mine.yaml", *arguments]
        options = {"cwd": self.folder, "env": self.environment, "capture_output": True, "text": True}
        done = subprocess.run(command, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> Importer:
    """Finished, from a folder."""
    importer = Importer(tmp_path_factory.mktemp("importer"), repr(str(ROOT / "Snakefile")))
    importer()
    return importer


@pytest.fixture(scope="module")
def remote(tmp_path_factory) -> Importer:
    """From a repository that Git finds under GitHub's name, and the package as pip installs it."""
    folder = tmp_path_factory.mktemp("remote")
    for name in ("repository/docs", "importer"):
        (folder / name).mkdir(parents=True)
    repository = folder / "repository"
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / part, repository / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, repository / part)
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    for words in (
        ["init", "--quiet"],
        ["add", "."],
        [*identity, "commit", "--quiet", "-m", "all"],
        ["tag", "v1"],
    ):
        subprocess.run(["git", *words], cwd=repository, check=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    install += ["--no-build-isolation", "--target", str(folder / "packages"), str(repository)]
    subprocess.run(install, check=True)
    settings = folder / "gitconfig"
    settings.write_text(f'[url "file://{repository}"]\n\tinsteadOf = https://github.com/someone/lazy\n')
    return Importer(
        folder / "importer",
        'github("someone/lazy", path="Snakefile", tag="v1")',
        GIT_CONFIG_GLOBAL=str(settings),
        PYTHONPATH=str(folder / "packages"),
    )


def said(importer: Importer, path: str) -> dict[str, str]:
    return provenance.of(importer.folder / path)


def test_both_instances_are_made_where_they_are_asked_to_be(local):
    made = (local.folder / "mine.txt").read_text().split()
    assert made == [
        "results/b/summary/own.parquet",
        "theirs/results/a/figures/own.pdf",
        "theirs/results/a/figures/own.png",
    ]
    assert all(
        list(local.folder.glob(f"{path}/logs/summarise_runs/*")) for path in ("theirs/results/a", "results/b")
    )
    assert not (local.folder / "results/a").exists()


def test_its_handlers_are_the_importers_to_call(local):
    """`lazy.onstart()` takes the lock and keeps the configuration; the other instance was not asked to."""
    kept = yaml.safe_load((local.folder / "theirs/results/a/config.yaml").read_text())
    assert list(kept["experiments"]) == ["own"] and kept["results"] == "results/a"
    assert (local.folder / "theirs/results/a/logs/lock").exists()
    assert not (local.folder / "results/b/config.yaml").exists()


def test_results_without_records_are_held_against_each_instance(local, tmp_path):
    for part in ("theirs", "results", "mine.txt", "Snakefile", "mine.yaml"):
        copy = shutil.copytree if (local.folder / part).is_dir() else shutil.copy2
        copy(local.folder / part, tmp_path / part)
    brought = Importer(tmp_path, repr(str(ROOT / "Snakefile")))
    assert "Nothing to be done" in brought("--dry-run")
    content = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    content["other"]["experiments"]["own"]["iterations"] = 31
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content))
    planned = dict(re.findall(r"^(\w+) +(\d+)$", brought("--dry-run"), re.MULTILINE))
    assert planned == {"other_train_students": "1", "other_summarise_runs": "1", "mine": "1", "total": "3"}


def test_the_importers_report_has_its_figures(local):
    local("--report", "report.html")
    text = (local.folder / "report.html").read_text()
    assert "Lazy training, reproduced" in text and "theirs/results/a/figures/own.png" in text
    assert text.count("<td>own</td><td>1</td><td>1</td>") == 1, "the start page is that of one instance"


def test_from_a_repository_with_the_package_installed(remote, local):
    path = "theirs/results/a/runs/own/m~4/alpha~1/tau~1/eta~0.01/seed~0.parquet"
    remote("--", path)
    ours, theirs = said(local, path), said(remote, path)
    assert (ours["code"], ours["configuration"]) == (theirs["code"], theirs["configuration"])
    assert theirs["commit"] == "unknown"


def test_the_document_is_followed_word_for_word(tmp_path):
    """What docs/module.md has a user write makes his rule, and of this workflow only what that needs. Any target's input can be his."""
    page = (ROOT / "docs/module.md").read_text()
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "Snakefile").write_text(blocks["python"] + LISTS.format(TARGETS))
    (tmp_path / "mine.yaml").write_text(blocks["yaml"])
    (tmp_path / "lazy-training").symlink_to(ROOT)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--dry-run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    planned = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE))
    made = {
        "measure_baselines": "1",
        "train_students_keep_weights": "3",
        "summarise_runs": "1",
        "plot_figure_4": "1",
    }
    assert planned == {f"lazy_{name}": count for name, count in made.items()} | {"mine": "1", "total": "7"}
    (figure,) = re.findall(r"`(lazy/\S+/figure_4.png)`", page)
    assert f"output: {figure}" in done.stdout
    assert "forced" not in done.stdout.lower(), "what is missing is made because it is"


def test_a_bad_configuration_is_one_line(local, tmp_path):
    importer = Importer(tmp_path, repr(str(ROOT / "Snakefile")))
    (tmp_path / "mine.yaml").write_text("lazy: {result: here}\nother: {}\n")
    with pytest.raises(AssertionError, match="Configuration: result: unknown key with value 'here'"):
        importer("--dry-run")
