"""What a contributor adds, in exactly the places that CONTRIBUTING.md names."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT, Workflow
from test_workflow import copy_of_the_project
from tiny import ALL, TINY

SCRIPT = """
from matplotlib import pyplot as plt

from lazytraining.figures import style
from lazytraining.files import parquet, schemas
from lazytraining.workflow import jobs


def main(snakemake) -> None:
    jobs.start(snakemake)
    runs = parquet.read(snakemake.input.runs, schemas.RUN).to_pandas()
    figure, axes = plt.subplots()
    axes.plot(runs["tau"], runs["gate_flips"])
    style.save(figure, snakemake.output.png, snakemake.output.pdf)


if __name__ == "__main__":
    main(snakemake)
"""
pytestmark = pytest.mark.workflow
PLATEAU = ALL["experiments"]["plateau"]
ENTRY = '    "flips": Figure("7 Gates that flip", BEYOND, {"plateau": {"tau"}}, {"runs": ALL}),\n'


@pytest.fixture
def added(tmp_path) -> Workflow:
    """A clone with one figure more: a script, an entry in the table, a caption."""
    root = copy_of_the_project(tmp_path / "clone")
    (root / "scripts/plot_flips.py").write_text(SCRIPT)
    (root / "docs/captions/flips.rst").write_text("How many gates flip.\n")
    table = root / "scripts/lazytraining/config/catalogue.py"
    text = table.read_text()
    place = text.index('    "spectral_bias": Figure(')
    table.write_text(text[:place] + ENTRY + text[place:])
    folder = tmp_path / "work"
    folder.mkdir()
    return Workflow(folder, {"experiments": dict.fromkeys(ALL["experiments"]) | {"plateau": PLATEAU}}, root)


def test_a_figure_is_a_script_an_entry_and_a_caption(added):
    added("flips")
    assert (added.results / "figures/flips.png").stat().st_size
    listed = added("--dry-run", "--", "everything").stdout
    assert "figures/flips.png" in listed
    added("--report", "report.html", "--", "flips")
    assert "Gates that flip" in (added.folder / "report.html").read_text()


LOCAL = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r} + "/scripts")
from lazytraining.workflow import internals
workflow = internals.load(Path({root!r}, "Snakefile"), [Path("overlay.yaml")])
print(*(rule.name for rule in workflow.rules if rule.name in workflow._localrules))
"""


def test_a_figures_jobs_are_not_submitted(added):
    """To a cluster: they run where Snakemake does."""
    code = LOCAL.format(root=str(added.root))
    found = {"cwd": added.folder, "capture_output": True, "text": True, "check": True}
    local = subprocess.run([sys.executable, "-c", code], **found).stdout.split()
    assert "plot_flips" in local
    assert "train_students_keep_weights" not in local


def test_the_name_of_a_new_figure_is_reserved(added):
    added.write({"experiments": {"flips": TINY}})
    done = added("--dry-run", succeeds=False)
    assert re.search("experiments.flips: the name is not allowed", done.stderr)


def test_an_experiment_is_an_entry_in_a_configuration(tmp_path):
    workflow = Workflow(tmp_path, {"experiments": dict.fromkeys(ALL["experiments"]) | {"own": TINY}})
    assert workflow.jobs("everything")["train_students"] == 1
    assert "figures/own.png" in workflow("--dry-run", "--", "everything").stdout


def test_every_figure_of_the_table_has_its_script_and_its_caption():
    from lazytraining.config.catalogue import FIGURES

    for name, figure in FIGURES.items():
        assert (ROOT / f"scripts/{figure.script or f'plot_{name}'}.py").exists()
        assert (ROOT / f"docs/captions/{name}.rst").exists()


def test_every_script_is_one_rules(tmp_path):
    """A script has the name of its rule; figures and rules that inherit may share one."""
    rules = "\n".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    named = set(re.findall(r"^rule (\w+):", rules, re.MULTILINE))
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    in_loop = {f"plot_{name}" for name in Workflow(tmp_path, {})("--list-rules").stdout.split()}
    assert scripts <= named | in_loop
    for name, script in re.findall(
        r'^rule (\w+):(?:(?!^rule ).)*?"../scripts/(\w+)\.py"', rules, re.M | re.S
    ):
        assert name == script
