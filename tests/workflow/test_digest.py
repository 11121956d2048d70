"""What a job's digest covers: the code that decides its numbers or its picture, and no other."""

from pathlib import Path

import pytest

from lazytraining.workflow import digest
from lazytraining.workflow.digest import LIBRARY, SCRIPTS, code_digest, sources

DRAWN = {"config/names", "figures/labels", "figures/plots", "figures/style"}
STUDENT = {"student/network", "student/problem"}
DESCENT = STUDENT | {
    f"student/{name}" for name in ("descent", "engine", "kernels", "recording", "students", "tiles")
}
MODELS = {"models/module", "student/laziness"}
COVERED = {
    "train_students": DESCENT
    | {"config/job", "files/schemas"}
    | {f"student/{name}" for name in ("gpu", "laziness", "tangent", "training", "twin")},
    "train_neurons": DESCENT | {"files/schemas"},
    "measure_baselines": STUDENT | {"files/schemas", "student/recording", "student/tangent"},
    "measure_landscape": STUDENT | {"files/schemas", "student/landscape"},
    "measure_spectra": STUDENT | {"files/schemas", "student/tangent"},
    "measure_theory_start": STUDENT | {"files/schemas", "student/tangent"},
    "measure_theory_step": STUDENT | {"files/schemas", "student/tangent"},
    "measure_theory_limit": DESCENT | {"files/schemas", "student/tangent"},
    "measure_theory_sample": DESCENT | {"files/schemas", "student/tangent"},
    "train_model": MODELS
    | {"models/builtin", "models/kernels", "models/loading", "models/losses"}
    | {"models/batches", "models/images", "models/lazy", "models/measures", "models/norms"}
    | {"models/pattern", "models/tables", "models/twin", "files/cifar10"}
    | {"config/errors", "config/model_job", "student/network", "student/problem", "student/tangent"},
    "summarise_models": {"models/tables", "student/averages", "student/laziness"},
    "plot_model": DRAWN | {"models/tables", "student/averages", "student/laziness"},
    "plot_models": DRAWN | {"models/tables", "student/laziness"},
    "summarise_runs": STUDENT | {"files/schemas", "student/averages", "student/recording"},
    "train_phase": STUDENT
    | {"files/schemas", "student/flow", "student/laziness", "student/phase", "student/tangent"},
    "summarise_phase": {"files/schemas", "student/averages", "student/laziness"},
    "plot_phase": DRAWN | {"figures/regimes", "files/schemas", "student/laziness"},
    "plot_experiment": DRAWN | {"files/schemas"},
    "plot_figure_1": DRAWN | {"files/schemas", "student/fits", "student/laziness"},
    "plot_figure_2": DRAWN | {"files/schemas", "student/fits"},
    "plot_figure_3": DRAWN | {"files/schemas"},
    "plot_figure_5": DRAWN | {"files/schemas", "student/fits"},
    "plot_figure_6": DRAWN | {"files/schemas"},
    "plot_figure_7": DRAWN | {"files/schemas"},
    "plot_interactive": {
        "config/names",
        "figures/regimes",
        "figures/style",
        "files/schemas",
        "student/laziness",
    },
    "plot_landscape": DRAWN | {"files/schemas"},
    "plot_lazy_limit": DRAWN | {"files/schemas", "student/fits"},
    "plot_neurons": {"figures/style", "files/schemas"},
    "plot_plateaus": DRAWN | {"files/schemas"},
    "plot_population": DRAWN | {"files/schemas"},
    "plot_spectral_bias": DRAWN | {"files/schemas", "student/fits"},
    "plot_step_size": DRAWN | {"files/schemas", "student/step_rules"},
    "plot_theory": DRAWN | {"files/schemas"},
    "plot_width": DRAWN | {"files/schemas"},
}
"""The modules under each script, the ledger's apart: a new import in any of them shows here."""


def modules(script: Path) -> set[str]:
    """The modules of the library that a script's digest covers, but for empty ones."""
    found = (path for path in sources(script) if path.is_relative_to(LIBRARY) and path.read_text())
    return {path.relative_to(LIBRARY).with_suffix("").as_posix() for path in found}


@pytest.mark.parametrize("name", COVERED)
def test_a_digest_covers_exactly_these_modules(name):
    assert modules(SCRIPTS / f"{name}.py") == COVERED[name]


def test_the_ledgers_digest_covers_every_claim_and_what_they_measure_with():
    claims = {f"claims/{path.stem}" for path in LIBRARY.glob("claims/*.*") if path.read_text()}
    assert modules(SCRIPTS / "judge_claims.py") == claims | {
        "config/names",
        "files/schemas",
        "models/tables",
        "student/fits",
        "student/laziness",
        "student/step_rules",
    }


def test_every_script_has_its_list():
    assert {path.stem for path in SCRIPTS.glob("*.py")} == {*COVERED, "judge_claims"}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A library with a package, and a script beside it."""
    library = tmp_path / "scripts/lazytraining"
    for package in ("", "student", "workflow"):
        (library / package).mkdir(parents=True)
        (library / package / "__init__.py").touch()
    (library / "student/network.py").write_text("from .problem import width\n")
    (library / "student/problem.py").write_text("width = 1\n")
    (library / "workflow/jobs.py").write_text("message = 'one word'\n")
    (tmp_path / "scripts/other.py").write_text("factor = 2\n")
    monkeypatch.setattr(digest, "LIBRARY", library)
    monkeypatch.setattr(digest, "SCRIPTS", library.parent)
    return tmp_path / "scripts"


def after(script: Path) -> str:
    """The digest, read anew."""
    digest._read.cache_clear()
    digest._defined.cache_clear()
    return code_digest(script)


FORMS = [
    "from lazytraining.student.problem import width",
    "from lazytraining.student import problem",
    "import lazytraining.student.problem",
    "import lazytraining.student.problem as p",
    "import os, lazytraining.student.problem as p",
    "from lazytraining.student import network",  # which imports it relatively
    "def late():\n    from lazytraining.student.problem import width",
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_import_is_followed(project, form):
    script, library = project / "train.py", project / "lazytraining"
    script.write_text(f"{form}\n")
    before = after(script)
    (library / "student/problem.py").write_text("width = 2\n")
    assert after(script) != before


@pytest.mark.parametrize("form", ["import other", "import other as o", "from other import factor"])
def test_a_script_beside_it_is_followed(project, form):
    script = project / "train.py"
    script.write_text(f"{form}\n")
    before = after(script)
    (project / "other.py").write_text("factor = 3\n")
    assert after(script) != before


def test_templates_beside_a_module_count(project):
    script, template = project / "judge.py", project / "lazytraining/student/page.html.jinja"
    script.write_text("from lazytraining.student import problem\n")
    template.write_text("<p>{{ a }}</p>")
    before = after(script)
    template.write_text("<b>{{ a }}</b>")
    assert after(script) != before
    other = project / "train.py"
    other.write_text("import other\n")
    assert template not in digest.sources(other)


def test_plumbing_does_not_count(project):
    script = project / "train.py"
    script.write_text("from lazytraining.workflow import jobs\n")
    before = after(script)
    (project / "lazytraining/workflow/jobs.py").write_text("message = 'another word'\n")
    assert after(script) == before


def test_comments_and_docstrings_and_layout_do_not_count(project):
    script = project / "train.py"
    script.write_text('"""Doc."""\nx = 1\n')
    before = after(script)
    script.write_text('"""Other."""\n# comment\nx  =  1\n')
    assert after(script) == before
    script.write_text("x = 2\n")
    assert after(script) != before


@pytest.mark.parametrize(
    "form",
    [
        "import lazytraining.student.problm",
        "from lazytraining.student import problm",
        "from lazytraining.student.problem import breadth",
        "from lazytraining.studnt.problem import width",
        "from lazytraining import student, studnt",
        "from . import other",
    ],
)
def test_a_name_of_this_project_that_does_not_resolve_is_an_error(project, form):
    script = project / "train.py"
    script.write_text(f"{form}\n")
    with pytest.raises(ImportError, match=r"train\.py"):
        after(script)
