"""Kill the workflow at random moments and hold what comes of it against an undisturbed run. Run by `make chaos`.

The quick preset, in a temporary folder: at a random moment SIGKILL for the driver, or for a job of whatever rule has
been hit least so far; then the same command again, KILLS times. Then as often in each update of what is finished: a τ
added, a seed added, the engine changed. Takes an hour on two cores, and in stacked
execution half of that. Ends with 0; with 1 if anything was lost, made twice or other than undisturbed; with 2 if the
arguments are wrong.
"""

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument("kills", metavar="KILLS", type=int, nargs="?", default=20, help="default: 20")
PARSER.add_argument("seed", metavar="SEED", type=int, nargs="?", default=0, help="of the moments; default: 0")
PARSER.add_argument("--stacked", action="store_true", help="in stacked execution")
if __name__ == "__main__":
    _terminal.begin(PARSER)

import base64
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import psutil
import pyarrow.parquet as pq
import yaml

ROOT = Path(__file__).resolve().parents[1]


def contents(results: Path) -> dict[str, bytes]:
    """What must be the same: each data column, the ledger's text, the pixels of each figure."""
    found = {}
    for path in sorted(path for path in results.rglob("*") if path.is_file()):
        name = str(path.relative_to(results))
        if path.suffix == ".parquet":
            table = pq.read_table(path, partitioning=None)
            for column in set(table.column_names) - {"wall_seconds"}:
                found[f"{name}:{column}"] = repr(table[column].to_pylist())
        elif path.suffix == ".npz":
            found[name] = {key: array.tobytes() for key, array in np.load(path).items()}
        elif path.suffix == ".png":
            found[name] = matplotlib.image.imread(path).tobytes()
        elif path.suffix == ".md":
            found[name] = path.read_text(encoding="utf-8")
    return found


def finished(folder: Path) -> dict[str, tuple[int, int]]:
    """Files of jobs that Snakemake has seen to end, and when they were written."""
    markers = folder.glob(".snakemake/incomplete/*")
    unfinished = {base64.urlsafe_b64decode(marker.name).decode() for marker in markers if marker.is_file()}
    paths = [path for path in (folder / "results").rglob("*") if path.is_file() and "logs" not in path.parts]
    files = {str(path.relative_to(folder)): path.stat() for path in paths if path.name[0] != "."}
    return {name: (stat.st_mtime_ns, stat.st_ino) for name, stat in files.items() if name not in unfinished}


def jobs(driver: psutil.Process) -> dict[str, list[psutil.Process]]:
    """The scripts that run under a driver, by the name of their script."""
    found = {}
    for process in driver.children(recursive=True):
        try:
            script = next((word for word in process.cmdline()[1:2] if "/.snakemake/scripts/" in word), None)
        except psutil.Error:
            continue
        if script:
            found.setdefault(Path(script).name.split(".", 1)[1], []).append(process)
    return found


def running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Chaos:
    """Runs a command, kills it, and counts what should not be."""

    def __init__(self, command: list[str], folder: Path, seed: int):
        self.command, self.folder, self.random = command, folder, random.Random(seed)
        self.kills, self.problems = Counter(), []
        self.old = {}

    def update(self) -> None:
        """What is finished now may be made again, once."""
        self.old = finished(self.folder)

    def again(self, before: dict) -> list[str]:
        """Which of these files have been made again, of those that should not be."""
        after = finished(self.folder)
        return [
            f"ran again: {name}"
            for name, stat in before.items()
            if stat not in (after.get(name), self.old.get(name))
        ]

    def round(self, shortest: float, longest: float) -> bool:
        """One run of the command with one kill in it; False if it ended before."""
        before = finished(self.folder)
        with (self.folder / "driver.log").open("ab") as log:
            driver = psutil.Popen(
                self.command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        alive = []
        while driver.poll() is None and not (alive := jobs(driver)):
            time.sleep(0.02)
        time.sleep(self.random.uniform(shortest, longest))
        alive = jobs(driver) if driver.poll() is None else {}
        descendants = driver.children(recursive=True) if driver.poll() is None else []
        kinds = sorted([*alive, "driver"], key=lambda kind: (self.kills[kind], self.random.random()))
        victim = driver if kinds[0] == "driver" or not alive else self.random.choice(alive[kinds[0]])
        try:
            victim.kill()
        except psutil.Error:
            pass
        else:
            self.kills[kinds[0] if alive else "driver"] += 1
        driver.wait()
        ended = time.monotonic()
        while any(running(process) for process in descendants):
            time.sleep(0.05)
        if (waited := time.monotonic() - ended) > 20:  # one is not watching before its imports are done
            self.problems.append(f"jobs ran on for {waited:.0f} s without their driver")
        self.problems += self.again(before)
        return driver.returncode != 0

    def finish(self) -> None:
        before = finished(self.folder)
        done = subprocess.run(
            self.command, cwd=self.folder, capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode:
            self.problems.append(f"did not go on: {done.stdout}{done.stderr}")
        self.problems += self.again(before)

    def compare(self, undisturbed: Path) -> None:
        results = self.folder / "results"
        ours, theirs = contents(results), contents(undisturbed)
        self.problems += [f"differs: {key}" for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
        self.problems += [f"left over: {path}" for path in results.rglob(".*")]


def copy_of_project(folder: Path) -> Path:
    """The project, to be changed."""
    ignored = shutil.ignore_patterns(".*", "results", "data", "__pycache__")
    return Path(shutil.copytree(ROOT, folder / "project", ignore=ignored))


def add_tau(project: Path) -> None:
    change(project, lambda plateau: plateau["tau"].append(3))


def add_seed(project: Path) -> None:
    change(project, lambda plateau: plateau.update(seeds=plateau["seeds"] + 1))


def change(project: Path, how: Callable[[dict], None]) -> None:
    """The quick preset with another experiment plateau, its τ as a list."""
    path = project / "config/quick.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    plateau = content["experiments"]["plateau"]
    if isinstance(plateau["tau"], dict):
        plateau["tau"] = np.logspace(*plateau["tau"]["logspace"]).tolist()
    how(plateau)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def change_engine(project: Path) -> None:
    """To what computes the same, which no digest can know."""
    with (project / "scripts/lazytraining/student/engine.py").open("a", encoding="utf-8") as file:
        file.write("\nCHANGED = True\n")


UPDATES = {
    "from nothing": lambda project: None,
    "τ added": add_tau,
    "seed added": add_seed,
    "engine changed": change_engine,
}


def command(project: Path, folder: Path, *settings: str) -> list[str]:
    where = ["--snakefile", str(project / "Snakefile"), "--directory", str(folder), "--cores", "2"]
    how = [
        "--workflow-profile",
        str(project / "profiles/default"),
        "--configfile",
        str(project / "config/quick.yaml"),
    ]
    what = ["--config", "results=results", *settings, "--", "reported"]
    return [sys.executable, "-m", "snakemake", *where, *how, *what]


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    settings = ["execution=stacked"] if asked.stacked else []
    print(f"{asked.kills} kills for each of {', '.join(UPDATES)}, seed {asked.seed}", *settings, flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        undisturbed, folder = Path(temporary, "undisturbed"), Path(temporary, "killed")
        project = copy_of_project(Path(temporary))
        os.environ["PYTHONPATH"] = str(project / "scripts")  # not the library that is installed
        undisturbed.mkdir()
        folder.mkdir()
        chaos = Chaos(command(project, folder, *settings), folder, asked.seed)
        for name, update in UPDATES.items():
            update(project)
            subprocess.run(command(project, undisturbed, *settings), check=True, capture_output=True)
            print(f"Undisturbed, {name}: done", flush=True)
            chaos.update()
            before = chaos.kills.total()
            while chaos.kills.total() < before + asked.kills and chaos.round(0, 12):
                print(f"{chaos.kills.total():3} kills, {len(chaos.problems)} problems", flush=True)
            chaos.finish()
            chaos.compare(undisturbed / "results")
        print("Killed:", ", ".join(f"{name} {count}" for name, count in sorted(chaos.kills.items())))
        print(f"Compared: {len(contents(undisturbed / 'results'))} columns, arrays, figures and texts")
        print(*chaos.problems, f"{len(chaos.problems)} problems", sep="\n")
    return int(bool(chaos.problems))


if __name__ == "__main__":
    sys.exit(main())
