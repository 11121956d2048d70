"""What Snakemake itself spends: dry runs and real jobs of this workflow beside a bare rule. Run by `make bench-snakemake`.

CPU seconds and peak memory: loading and a dry run of the paper preset beside a bare rule of as many jobs; JOBS jobs (1000)
that only touch a file, with the settings of profiles/default and without them; and dry runs of 20 000 runs, separate and
stacked. Out: results/bench/snakemake.parquet, and the same as a table on the terminal. Ends with 0; with 1 and Snakemake's
own output if one of its calls fails; with 2 if the arguments are wrong.
"""

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument("jobs", metavar="JOBS", type=int, nargs="?", default=1000, help="default: 1000")
if __name__ == "__main__":
    _terminal.begin(PARSER)

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import yaml

from lazytraining.config import experiments
from lazytraining.files import parquet

ROOT = Path(__file__).resolve().parents[1]
TABLE = pa.schema(
    [("what", pa.string()), ("jobs", pa.int64()), ("cpu_seconds", pa.float64()), ("peak_mib", pa.float64())]
)
BARE = """
rule all:
    input: expand("out/{{i}}/run.parquet", i=range({jobs}))
rule one:
    output: "out/{{i}}/run.parquet"
    {how}
"""
SCRIPT, SHELL = 'script: "touch.py"', 'shell: "touch {output}"'
PROFILE = ["--workflow-profile", str(ROOT / "profiles/default")]
MANY = {
    "d": 2,
    "n_train": 5,
    "n_test": 5,
    "teacher_neurons": 3,
    "teacher_gain": 1,
    "symmetrize": False,
    "m": [4],
    "alpha": [1],
    "tau": {"logspace": [-2, 2, 200]},
    "seeds": 100,
    "step_size": 0.1,
    "iterations": 1,
    "precision": "float64",
}
"""20 000 runs, all of one experiment."""


def measure(folder: Path, *arguments: str) -> tuple[int, float, float]:
    """Jobs, CPU seconds, and peak memory in MiB, of snakemake and its children."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--directory", str(folder), *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(output.decode())
    jobs = int(re.findall(r"^ *total +(\d+)", output.decode(), re.MULTILINE)[-1])
    return jobs, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def bare(folder: Path, jobs: int, how: str, *arguments: str) -> tuple[int, float, float]:
    """A rule of so many jobs and nothing else."""
    (folder / "touch.py").touch()
    (folder / "Snakefile").write_text(BARE.format(jobs=jobs, how=how), encoding="utf-8")
    return measure(folder, *arguments)


def ours(folder: Path, overlay: dict, *arguments: str) -> tuple[int, float, float]:
    """This workflow with an overlay."""
    (folder / "overlay.yaml").write_text(yaml.safe_dump({"results": "results"} | overlay), encoding="utf-8")
    files = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "overlay.yaml"]
    return measure(folder, *files, *PROFILE, *arguments)


def main(arguments: list[str] | None = None) -> int:
    jobs = PARSER.parse_args(arguments).jobs
    names = experiments.read_yaml(ROOT / "config/config.yaml")["experiments"]
    many = {"experiments": dict.fromkeys(names) | {"many": MANY}}
    rows = []

    def case(what: str, how: Callable, *arguments) -> int:
        with tempfile.TemporaryDirectory() as folder:
            count, seconds, peak = how(Path(folder), *arguments)
        rows.append({"what": what, "jobs": count, "cpu_seconds": seconds, "peak_mib": peak})
        each = seconds / count * 1e3
        print(f"{what:42}{count:7} jobs{seconds:8.1f} s{each:8.1f} ms a job{peak:6.0f} MiB", flush=True)
        return count

    stacked = {"execution": "stacked"}
    paper = case("dry run, paper preset, everything", ours, {}, "-n", "--", "everything")
    case("dry run, bare rule with a script", bare, paper, SCRIPT, *PROFILE, "-n")
    case("dry run, bare rule with a command", bare, paper, SHELL, *PROFILE, "-n")
    case("dry run, paper preset, stacked", ours, stacked, "-n", "--", "everything")
    case("dry run, 20 000 runs", ours, many, "-n", "--", "many")
    case("dry run, 20 000 runs, stacked", ours, many | stacked, "-n", "--", "many")
    case("touch, this profile and progress bars", bare, jobs, SHELL, *PROFILE, "--logger", "rich")
    case("touch, this profile", bare, jobs, SHELL, *PROFILE)
    case("touch, Snakemake's defaults", bare, jobs, SHELL)
    (ROOT / "results/bench").mkdir(parents=True, exist_ok=True)
    parquet.write(ROOT / "results/bench/snakemake.parquet", rows, TABLE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
