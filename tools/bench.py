"""What training costs against what its arithmetic costs, on one core, and the whole quick preset. Run by `make bench`; ten minutes.

Times the engine against its matrix products alone, a plain autograd loop, and JAX where it is installed (it is no
dependency); where there is a GPU, its engine against its products there; then a training job against the import of torch,
and a job that draws a figure against the imports that it can't do without; then the quick preset from nothing, as `make`
has it. All but the last is pinned to one core. Rounds take turns and the
fastest of each counts: a ratio of two such times is steady where the times are not.

Out: engine.parquet, targets.parquet and operations.parquet (of the paper preset, by experiment) in results/bench, and
the same as tables on the terminal. Ends with 0; with 2 if the arguments are wrong.
"""

import _terminal

PARSER = _terminal.parser(__doc__)
if __name__ == "__main__":
    _terminal.begin(PARSER)

import importlib.util
import itertools
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import _loops
import check_config
import numpy as np
import pandas as pd
import pyarrow as pa
import torch
import yaml

from lazytraining.files import parquet
from lazytraining.student import network, problem
from lazytraining.student.network import Weights
from lazytraining.workflow import cost

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results/bench"
D, N = 100, 1000
ROUNDS, UPDATES = 15, 6_000
"""Rounds of each loop, and about how many neurons × iterations / 50 a round of it has."""
SHAPES = [(4, 1, False), (4, 16, False), (50, 1, False), (50, 2, False), (256, 1, False), (50, 1, True)]
"""Neurons of a student, students in a stack, and whether their displacement is trained."""
GPU_SHAPES = [
    (4, 16, False),
    (50, 1, False),
    (50, 64, False),
    (50, 512, False),
    (256, 64, False),
    (50, 64, True),
]
ENGINE = pa.schema(
    [("precision", pa.string()), ("m", pa.int64()), ("stack", pa.int64()), ("displaced", pa.bool_())]
    + [("loop", pa.string()), ("microseconds", pa.float64()), ("over_products", pa.float64())]
)
OPERATIONS = pa.schema(
    [("experiment", pa.string()), ("runs", pa.int64())]
    + [("precision", pa.string()), ("operations", pa.float64())]
)
TARGETS = pa.schema(
    [("what", pa.string()), ("measured", pa.float64()), ("at_most", pa.float64()), ("at_least", pa.float64())]
)
OVER_PRODUCTS = {
    ("float32", 4, 1, False): 1.05,
    ("float64", 4, 1, False): 1.05,
    ("float32", 4, 16, False): 1.20,
    ("float64", 4, 16, False): 1.08,
    ("float32", 50, 1, False): 1.12,
    ("float64", 50, 1, False): 1.05,
    ("float32", 256, 1, False): 1.15,
    ("float64", 256, 1, False): 1.10,
    ("float32", 50, 1, True): 1.25,
    ("float64", 50, 1, True): 1.08,
}
"""The most that the engine may take of the time of its products."""
PLAIN_OVER_ENGINE = {4: 10.0, 50: 2.3}
"""The least that a plain loop takes of the engine's time, for m neurons."""


@contextmanager
def one_core():
    """This process and those it starts keep to one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    yield
    os.sched_setaffinity(0, cores)


def fastest(loops: dict[str, _loops.Loop], iterations: int) -> dict[str, float]:
    """Microseconds an iteration, of the fastest round of each; rounds take turns, one before them is not counted."""
    times = {name: [] for name in loops}
    for _ in range(ROUNDS + 1):
        for name, loop in loops.items():
            begin = time.perf_counter()
            done = loop(iterations) or iterations
            slept = 0.02 if name == "jax" else 0
            times[name].append((time.perf_counter() - begin - slept) / done)
    return {name: min(each[1:]) * 1e6 for name, each in times.items()}


def bench_engine() -> pd.DataFrame:
    data = problem.make_problem(D, N, N, 3, 1.0, seed=0)
    makers = {"products": _loops.products, "engine": _loops.engine}
    makers |= {"plain loop": _loops.plain_loop, "jax": _loops.jax_loop}
    if not importlib.util.find_spec("jax"):
        del makers["jax"]
    rows = []
    for precision, (m, stack, displaced) in itertools.product(("float32", "float64"), SHAPES):
        start = Weights.stack(network.initialise(m, D, 1.0, seed, displaced) for seed in range(stack))
        left_out = {"plain loop"} if stack > 1 else set()
        left_out |= {"plain loop", "jax"} if displaced else set()
        loops = {
            name: make(data, start.astype(precision), displaced)
            for name, make in makers.items()
            if name not in left_out
        }
        found = fastest(loops, max(100, UPDATES // max(m * stack, 20)))
        shape = {"precision": precision, "m": m, "stack": stack, "displaced": displaced}
        for name, microseconds in found.items():
            over = microseconds / found["products"]
            rows.append(shape | {"loop": name, "microseconds": microseconds, "over_products": over})
        print(".", end="", flush=True)
    print()
    return pd.DataFrame(rows)


def bench_gpu() -> pd.DataFrame:
    """Of stacks as a job on a GPU has them; no rows where there is none."""
    data = problem.make_problem(D, N, N, 3, 1.0, seed=0)
    rows = []
    shapes = GPU_SHAPES if torch.cuda.is_available() else []
    for precision, (m, stack, displaced) in itertools.product(("float32", "float64"), shapes):
        start = Weights.stack(network.initialise(m, D, 1.0, seed, displaced) for seed in range(stack))
        arguments = data, start.astype(precision), displaced
        loops = {"GPU products": _loops.gpu_products(*arguments), "GPU engine": _loops.gpu_engine(*arguments)}
        found = fastest(loops, 256)
        shape = {"precision": precision, "m": m, "stack": stack, "displaced": displaced}
        for name, microseconds in found.items():
            over = microseconds / found["GPU products"]
            rows.append(shape | {"loop": name, "microseconds": microseconds, "over_products": over})
    return pd.DataFrame(rows, columns=ENGINE.names)


TRAINS = """
import sys
sys.path.insert(0, {scripts!r})
import snakemake.script
from types import SimpleNamespace as Names
from lazytraining.config.job import Job, ProblemKey, Run
from lazytraining.workflow import jobs
import train_students
key = Run("bench", m=50, alpha=1.0, tau=1.0, eta=0.1, seed=0)
problem = ProblemKey(d=100, n_train=1000, n_test=1000, teacher_neurons=3, teacher_gain=1.0, seed=0)
job = Job(keys=(key,), problem=problem, symmetrize=False, iterations=1)
output = Names(run={folder!r} + "/run.parquet", curve={folder!r} + "/curve.parquet")
jobs.without_pandas()
train_students.run(Names(output=output, log=[{folder!r} + "/run.log"], params=Names(job=job.plain(), code="")), "cpu")
print(next(line.split()[1] for line in open("/proc/self/status", encoding="utf-8") if line.startswith("VmHWM")))
"""
DRAWS = """
import sys
sys.path.insert(0, {scripts!r})
import snakemake.script
from pathlib import Path
import plot_experiment
from lazytraining.figures import style
from lazytraining.files import parquet, schemas
summary = parquet.read([{summary!r}], schemas.SUMMARY).to_pandas()
runs = parquet.read([{runs!r}], schemas.RUN).to_pandas()
style.save(plot_experiment.draw(summary, runs), {folder!r} + "/figure.png", {folder!r} + "/figure.pdf")
"""


def cpu_seconds(command: list[str], **options) -> tuple[float, str]:
    """What a command and all that it starts take, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", **options).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(getattr(after, part) - getattr(before, part) for part in ("ru_utime", "ru_stime")), said


def bench_jobs() -> dict[str, float]:
    """CPU of jobs over the imports that they are measured by, and MiB of a training job: the least of rounds that take turns."""
    reference = ROOT / "docs/reference/quick"
    tables = {
        "summary": str(reference / "summary/plateau.parquet"),
        "runs": str(reference / "tables/plateau.parquet"),
    }
    with tempfile.TemporaryDirectory() as folder:
        texts = {"scripts": str(ROOT / "scripts"), "folder": folder, **tables}
        codes = {
            "trains": TRAINS.format(**texts),
            "torch": "import torch",
            "draws": DRAWS.format(**texts),
            "pictures": "import matplotlib.pyplot, pandas",
        }
        rounds = [
            {name: cpu_seconds([sys.executable, "-c", code]) for name, code in codes.items()}
            for _ in range(5)
        ]
    seconds = {name: min(each[name][0] for each in rounds) for name in codes}
    return {
        "CPU of a training job of one iteration over import torch": seconds["trains"] / seconds["torch"],
        "CPU of a figure job over import matplotlib.pyplot, pandas": seconds["draws"] / seconds["pictures"],
        "MiB of a training job, m = 50": min(int(each["trains"][1]) for each in rounds) / 1024,
    }


def quick_preset() -> dict[str, float]:
    """Seconds of the quick preset from nothing on two cores, as `make` has it, report included."""
    targets = re.search(r"^TARGETS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[
        1
    ].split()
    with tempfile.TemporaryDirectory() as folder:
        files = [str(ROOT / "config/quick.yaml"), f"{folder}/bench.yaml"]
        Path(files[1]).write_text(yaml.safe_dump({"results": "results"}), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--workflow-profile", str(ROOT / "profiles/default"), "--configfile", *files]
        options = {"cwd": folder, "env": os.environ | {"OMP_NUM_THREADS": "1"}}
        begin = time.perf_counter()
        made, _ = cpu_seconds([*command, "--cores", "2", "--", *targets], **options)
        reported, _ = cpu_seconds([*command, "--report", "report.html", "--", *targets], **options)
    wall = time.perf_counter() - begin
    return {"CPU seconds of make": made + reported, "seconds of make on two cores": wall}


def judge(found: pd.DataFrame, measured: dict[str, float]) -> pd.DataFrame:
    """Each target beside what was measured; the rest of what was measured has no limits."""
    shape = ["precision", "m", "stack", "displaced"]
    times = found.pivot(index=shape, columns="loop", values="microseconds")
    rows = []
    for key, row in times.iterrows():
        precision, m, stack, displaced = key
        name = f"m = {m}{f' × {stack}' if stack > 1 else ''}{', displaced' if displaced else ''}, {precision}"
        if key in OVER_PRODUCTS:
            over = row["engine"] / row["products"]
            rows.append(
                {"what": f"engine over products, {name}", "measured": over, "at_most": OVER_PRODUCTS[key]}
            )
        if "jax" in times and np.isfinite(row["jax"]):
            over = row["engine"] / row["jax"]
            rows.append({"what": f"engine over JAX, {name}", "measured": over, "at_most": 1.0})
        if m in PLAIN_OVER_ENGINE and np.isfinite(row["plain loop"]):
            over = row["plain loop"] / row["engine"]
            rows.append(
                {
                    "what": f"plain loop over engine, {name}",
                    "measured": over,
                    "at_least": PLAIN_OVER_ENGINE[m],
                }
            )
    limits = dict(zip(measured, (0.6, 1.6, 200.0, 600.0, 330.0), strict=True))
    rows += [{"what": what, "measured": value, "at_most": limits[what]} for what, value in measured.items()]
    return pd.DataFrame(rows, columns=TARGETS.names)


def operations() -> pd.DataFrame:
    """Floating-point operations of the paper preset's matrix products, by experiment, if no run ends early."""
    config = check_config.load()
    rows = []
    for name in config.sweeps:
        runs = config.runs[name]
        job = config.job(runs)
        row = {"experiment": name, "runs": len(runs), "precision": job.precision}
        rows.append(row | {"operations": cost.operations(job)})
    return pd.DataFrame(rows)


def main(arguments: list[str] | None = None) -> int:
    PARSER.parse_args(arguments)
    torch.set_num_threads(1)
    paper = operations()
    print(f"Paper preset\n{paper.to_string(index=False, float_format='{:.2e}'.format)}")
    print(f"in all {paper['operations'].sum():.2e}\n")
    print(f"d = {D}, n = {N} + {N}, one core; microseconds an iteration of a stack, and over its products")
    with one_core():
        found = bench_engine()
        on_gpu = bench_gpu()
        measured = bench_jobs()
    for times in (found, on_gpu) if len(on_gpu) else (found,):
        for value, form in (("microseconds", "{:.0f}".format), ("over_products", "{:.2f}".format)):
            table = times.pivot(index=["precision", "m", "stack", "displaced"], columns="loop", values=value)
            print(f"\n{table.to_string(float_format=form, na_rep='')}")
    print("\nNow the quick preset from nothing, some minutes", flush=True)
    targets = judge(found, measured | quick_preset())
    reached = ~(targets["measured"] > targets["at_most"]) & ~(targets["measured"] < targets["at_least"])
    shown = targets.assign(reached=reached.map({True: "yes", False: "NO"}))
    print(f"\n{shown.to_string(index=False, float_format='{:.2f}'.format, na_rep='')}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    parquet.write(RESULTS / "engine.parquet", pd.concat([found, on_gpu]).to_dict("records"), ENGINE)
    parquet.write(RESULTS / "operations.parquet", paper.to_dict("records"), OPERATIONS)
    parquet.write(RESULTS / "targets.parquet", targets.to_dict("records"), TARGETS)
    print(f"Written to {RESULTS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
