"""Shared by the tests: small problems, and the real snakemake on a tiny configuration."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a job, and before NumPy and torch look

import pytest
import yaml
from filelock import FileLock
from hypothesis import settings
from tiny import ALL

from lazytraining.student import problem

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list) -> None:
    """The files that take longest come first: two workers then end together."""
    items.sort(key=lambda item: item.path.name not in ("test_slurm.py", "test_workflow.py"))


@pytest.fixture
def small_problem() -> problem.Problem:
    return problem.make_problem(d=5, n_train=40, n_test=30, teacher_neurons=3, teacher_gain=1.0, seed=7)


def run_beside(test: str, script: str, *arguments: str) -> str:
    """What a script beside a test prints, in a process of its own that has the library of this project."""
    paths = os.pathsep.join([str(ROOT / "scripts"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(Path(test).with_name(script)), *arguments]
    options = {"env": os.environ | {"PYTHONPATH": paths}, "capture_output": True, "text": True}
    done = subprocess.run(command, **options, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Workflow:
    """The real snakemake on an overlay, in a working folder of the test's own."""

    def __init__(self, folder: Path, overlay: dict, root: Path = ROOT):
        self.folder, self.root = folder, root
        self.results = folder / "results"
        self.write(overlay)

    def write(self, overlay: dict | str) -> None:
        text = overlay if isinstance(overlay, str) else yaml.safe_dump({"results": "results"} | overlay)
        (self.folder / "overlay.yaml").write_text(text)

    def command(self, *arguments: str, profile: str = "none") -> list[str]:
        where = ["--snakefile", str(self.root / "Snakefile"), "--directory", str(self.folder)]
        how = ["--rerun-incomplete", "--rerun-triggers", "mtime", "input", "params", "software-env"]
        what = [
            "--configfile",
            str(self.folder / "overlay.yaml"),
            "--cores",
            "2",
            "--workflow-profile",
            profile,
        ]
        how = how if profile == "none" else []
        return [sys.executable, "-m", "snakemake", *where, *how, *what, *arguments]

    def __call__(self, *arguments: str, profile: str = "none", succeeds: bool = True):
        command = self.command(*arguments, profile=profile)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
        return done

    def jobs(self, *targets: str) -> dict[str, int]:
        """How many jobs of each rule a dry run lists."""
        lines = self("--dry-run", "--", *targets).stdout.splitlines()
        if "Job stats:" not in lines:
            return {}
        table = lines[lines.index("Job stats:") + 3 :]
        counts = {rule: int(count) for rule, count in map(str.split, table[: table.index("")])}
        del counts["total"]
        return counts


@pytest.fixture(scope="session")
def finished(tmp_path_factory, request) -> Workflow:
    """A whole fresh run of every experiment, with the profile that users have; the workers of a test run share one."""
    shared = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        shared = shared.parent
    folder = shared / "fresh"
    with FileLock(shared / "fresh.lock"):
        if not folder.exists():
            folder.mkdir()
            Workflow(folder, ALL)("everything", profile=str(ROOT / "profiles/default"))
    return Workflow(folder, ALL)


@pytest.fixture(scope="module")
def workflow(finished, tmp_path_factory) -> Workflow:
    """A copy of it for one file of tests, so that others may change the configuration meanwhile."""
    folder = tmp_path_factory.mktemp("copied")
    for part in ("results", ".snakemake/metadata"):
        shutil.copytree(finished.folder / part, folder / part)
    return Workflow(folder, ALL)


@pytest.fixture(scope="session")
def browser():
    import browser

    if not (browser.CHROMIUM and browser.DRIVER):
        pytest.skip("no chromium and chromedriver here (Debian: chromium, chromium-driver)")
    driver = browser.start()
    yield driver
    driver.quit()
