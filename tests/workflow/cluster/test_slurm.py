"""The workflow on a SLURM cluster: a real one of two nodes, on this machine, through profiles/slurm."""

import os
import signal
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import ROOT, Workflow
from slurm import TIED, Cluster, Job, command_of, missing, until
from tiny import LANDSCAPE, SMALL, only

pytestmark = [pytest.mark.workflow, pytest.mark.cluster]

if missing():
    pytest.skip(f"needs a SLURM to bring up: no {', '.join(missing())}", allow_module_level=True)

PLATEAU = SMALL | {"tau": [0.1, 1], "seeds": 1, "iterations": 30}
PRESET = only(plateau=PLATEAU, landscape_mean_field=LANDSCAPE | {"m": [4]}) | {"theory": None}
SUMMARY = "results/summary/plateau.parquet"
ONE = only(plateau=SMALL | {"tau": [0.1], "seeds": 1, "iterations": 20_000, "keep_weights": False})
RUN = "results/runs/plateau/m~4/alpha~1/tau~0.1/"


class Driver:
    """Snakemake with the SLURM profile, beside the test."""

    def __init__(self, cluster: Cluster, folder: Path, overlay: dict):
        folder.mkdir()
        self.cluster, self.folder = cluster, folder
        self.workflow = Workflow(folder, overlay)

    def start(self, *arguments: str) -> "Driver":
        often = ["--slurm-init-seconds-before-status-checks", "1"]
        profile = str(ROOT / "profiles/slurm")
        with (self.folder / "output").open("w") as output:
            self.process = subprocess.Popen(
                [*TIED, *self.workflow.command(*often, *arguments, profile=profile)],
                cwd=self.folder,
                env=self.cluster.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self

    def finish(self, succeeds: bool = True) -> str:
        """What it printed, once it has ended as it should."""
        self.process.wait(600)
        output = (self.folder / "output").read_text()
        assert (self.process.returncode == 0) is succeeds, output
        return output

    def jobs(self, states: str = "all") -> list[Job]:
        return self.cluster.jobs(self.folder, states)

    def wait(self, condition, what: str):
        """The condition's value once it is true, while the driver runs."""

        def reached():
            assert self.process.poll() is None, (self.folder / "output").read_text()
            return condition()

        return until(reached, what)

    def summaries(self) -> dict:
        files = (self.folder / "results/summary").iterdir()
        return {path.name: pq.read_table(path).replace_schema_metadata(None) for path in files}


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as running:
        yield running


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> dict:
    """The preset's summaries from a run without a cluster."""
    workflow = Workflow(tmp_path_factory.mktemp("local"), PRESET)
    names = ("plateau", "landscape_mean_field")
    workflow(*(f"results/summary/{name}.parquet" for name in names))
    return {f"{name}.parquet": pq.read_table(workflow.results / f"summary/{name}.parquet") for name in names}


@pytest.fixture(scope="module", autouse=True)
def beside(cluster, tmp_path_factory) -> dict[str, Driver]:
    """What takes long and little: the tests before theirs run meanwhile."""

    def start(name: str, overlay: dict, *resources: str) -> Driver:
        driver = Driver(cluster, tmp_path_factory.mktemp(name) / "run", overlay)
        node = f"{resources[0].split(':')[0]}:slurm_extra=--nodelist=n1"  # the other one is to be lost
        return driver.start("--retries", "1", "--set-resources", *resources, node, "--", SUMMARY)

    drivers = {
        "time": start("time", ONE, "train_students:runtime=attempt"),
        "memory": start("memory", ONE, "train_students:mem_mb=50 * attempt"),
        "gpu": start(
            "gpu",
            ONE | {"execution": "stacked"},
            "train_students:gpu=1",
            "train_students:slurm_partition=gpu",
        ),
    }
    hang(cluster, drivers["time"])
    return drivers


def hang(cluster: Cluster, driver: Driver) -> None:
    """Stop the only training of a driver for good: SLURM's shortest limit is a minute."""
    scripts = f"{driver.folder}/.snakemake/scripts/"

    def script() -> list[int]:
        return [process for process in cluster.processes() if scripts in command_of(process)]

    for process in driver.wait(script, "the training to start"):
        os.kill(process, signal.SIGSTOP)


def test_the_whole_preset_survives_a_lost_node_and_a_cancelled_job(cluster, local, tmp_path):
    driver = Driver(cluster, tmp_path / "run", PRESET)
    landscape = "results/summary/landscape_mean_field.parquet"
    components = ("--group-components", "runs=1", "runs_with_weights=2")
    driver.start(*components, "--", "figure_3", "claims", landscape)

    def one_on_each() -> dict[str, Job]:
        running = {job.node: job for job in driver.jobs("running")}
        return running if len(running) == 2 else {}

    running = driver.wait(one_on_each, "jobs on both nodes")
    cluster.kill_node("n2")
    cluster.query("scancel", running["n1"].id)
    driver.finish()
    jobs = {job.id: job.state for job in driver.jobs()}
    assert jobs[running["n1"].id] == "CANCELLED"
    assert jobs[running["n2"].id] == "NODE_FAIL"
    assert driver.summaries() == local
    assert (driver.workflow.results / "figures/figure_3.png").exists()
    assert (driver.workflow.results / "claims.md").exists()
    cluster.start_node("n2")


def test_a_job_over_its_memory_is_retried_with_more_and_named(beside):
    output = beside["memory"].finish(succeeds=False)
    jobs = [(job.state, job.memory) for job in beside["memory"].jobs()]
    assert jobs == [("FAILED", "50M"), ("FAILED", "100M")]
    assert "Error in rule train" in output
    assert RUN in output
    logs = beside["memory"].folder.glob(".snakemake/slurm_logs/**/*.log")
    assert "exceeded memory limit" in "".join(path.read_text() for path in logs)


def test_stacks_ask_for_one_gpu(beside):
    """The cluster counts GPUs, of which there is none here: the job trains on the CPU, and says so."""
    beside["gpu"].finish()
    assert [(job.state, job.gpus) for job in beside["gpu"].jobs()] == [("COMPLETED", "gres:gpu:1")]


def test_an_unknown_partition_is_one_clear_line(cluster, tmp_path):
    driver = Driver(cluster, tmp_path / "run", ONE)
    output = driver.start("--default-resources", "slurm_partition=nowhere", "--", SUMMARY).finish(False)
    assert output.splitlines()[-1] == "SLURM: no partition nowhere; this cluster has cpu, gpu"
    assert not driver.jobs()
    assert not (driver.folder / ".snakemake/locks").exists()


def test_a_killed_driver_repeats_nothing_finished(cluster, local, tmp_path):
    driver = Driver(cluster, tmp_path / "run", only(plateau=PLATEAU)).start("--", SUMMARY)
    logs = driver.workflow.results / "logs/train_students"
    driver.wait(lambda: len(list(logs.rglob("*.log"))) == 2, "the second run of their job to start")
    driver.process.kill()
    driver.process.wait()
    cluster.query("scancel", *(job.id for job in driver.jobs("running")))
    until(lambda: not driver.jobs("running,completing"), "the queue to empty")
    finished = {path: path.stat().st_mtime_ns for path in driver.workflow.results.glob("runs/**/*.parquet")}
    assert finished
    driver.start("--unlock").finish()
    driver.start("--", SUMMARY).finish()
    assert all(path.stat().st_mtime_ns == before for path, before in finished.items())
    assert driver.summaries()["plateau.parquet"] == local["plateau.parquet"]


def test_a_job_over_its_time_is_retried_with_more(beside):
    beside["time"].finish()
    jobs = [(job.state, job.time_limit) for job in beside["time"].jobs()]
    assert jobs == [("TIMEOUT", "1:00"), ("COMPLETED", "2:00")]
