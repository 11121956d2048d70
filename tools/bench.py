"""What training costs against what its arithmetic costs, on one core. Run by `make bench`; under five minutes.

Times the engine against its matrix products alone, a plain autograd loop, and JAX where it is installed (it is no
dependency), then the fixed cost of a job, then the whole quick preset in stacked execution. Rounds take turns and
the fastest of each counts: a ratio of two such times is steady where the times are not.

Out: engine.parquet, workflow.parquet and operations.parquet (of the paper preset, by experiment) in results/bench, and
the same as tables on the terminal. Ends with 0; with 2 if the arguments are wrong.
"""

import argparse

PARSER = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
if __name__ == "__main__":
    PARSER.parse_args()  # --help and mistakes end here, before what is slow to import

import importlib.util
import itertools
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import check_config
import numpy as np
import pandas as pd
import pyarrow as pa
import torch
import yaml

from lazytraining.config import experiments
from lazytraining.files import parquet, schemas
from lazytraining.student import descent, network, problem, training
from lazytraining.student.network import Weights
from lazytraining.workflow import cost

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results/bench"
D, N = 100, 1000
ROUNDS, UPDATES = 3, 40_000
"""Rounds of each loop, and about how many neurons × iterations / 50 a round of it has."""
SHAPES = [(4, 1), (4, 16), (50, 1), (50, 2), (256, 1)]
"""Neurons of a student, and students in a stack."""
ENGINE = pa.schema(
    [("precision", pa.string()), ("m", pa.int64()), ("stack", pa.int64()), ("loop", pa.string())]
    + [("microseconds", pa.float64()), ("over_products", pa.float64())]
)
OPERATIONS = pa.schema(
    [
        ("experiment", pa.string()),
        ("runs", pa.int64()),
        ("precision", pa.string()),
        ("operations", pa.float64()),
    ]
)
WORKFLOW = pa.schema([("what", pa.string()), ("seconds", pa.float64())])
Loop = Callable[[int], int | None]
"""Does about so many iterations; how many, if not that many."""


def students(m: int, stack: int, precision: torch.dtype, d: int = D) -> Weights:
    starts = [network.initialise(m, d, 1.0, seed, symmetrize=False) for seed in range(stack)]
    return Weights(*(torch.cat(parts).to(precision) for parts in zip(*starts, strict=True)))


def engine(data: problem.Problem, start: Weights) -> Loop:
    """A descent under way: recording is as dense as in the middle of a long run."""
    ones = torch.ones(len(start.output), dtype=torch.float64)
    run = descent.Descent(data, start, ones, 0.01 * ones, 20_000)

    def advance(iterations: int) -> int:
        first = run.iteration
        while run.iteration < first + iterations:
            run.advance()
        return run.iteration - first

    advance(2000)
    return advance


def products(data: problem.Problem, start: Weights) -> Loop:
    """The matrix products of an iteration, of both inputs and of the gradient, by the engine's library."""
    kind = {"dtype": start.hidden.dtype}
    hidden = start.hidden.flatten(0, 1).clone()
    inputs = torch.as_tensor(np.vstack([data.x_train, data.x_test]).T.copy(), **kind)
    x_train = torch.as_tensor(data.x_train, **kind)
    project = descent.product(hidden, inputs, torch.empty(len(hidden), inputs.shape[1], **kind))
    gated = torch.randn(len(hidden), len(x_train), **kind)
    pull_back = descent.product(gated, x_train, torch.empty_like(hidden))

    def run(iterations: int) -> None:
        for _ in range(iterations):
            project()
            pull_back()

    return run


def plain_loop(data: problem.Problem, start: Weights) -> Loop:
    """What one writes first: autograd, an optimiser, both losses and the weights each iteration."""
    kind = {"dtype": start.hidden.dtype}
    arrays = (data.x_train, data.y_train, data.x_test, data.y_test)
    x_train, y_train, x_test, y_test = (torch.as_tensor(array, **kind) for array in arrays)
    hidden, output = (torch.nn.Parameter(part[0].clone()) for part in start)
    optimiser = torch.optim.SGD([hidden, output], lr=0.01)

    def run(iterations: int) -> None:
        history = []
        for _ in range(iterations):
            optimiser.zero_grad()
            loss = (torch.relu(x_train @ hidden.T) @ output - y_train).square().mean() / 2
            with torch.no_grad():
                test = (torch.relu(x_test @ hidden.T) @ output - y_test).square().mean() / 2
            loss.backward()
            optimiser.step()
            weights = np.hstack([hidden.detach().numpy(), output.detach().numpy()[:, None]])
            history.append((loss.item(), test.item(), weights.copy()))

    return run


def jax_loop(data: problem.Problem, start: Weights) -> Loop:
    """The engine's update as a compiled lax.scan that gives both losses of every iteration."""
    import jax
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", True)
    kind = start.hidden.numpy().dtype
    inputs = jnp.asarray(np.vstack([data.x_train, data.x_test]).T, kind)
    targets = jnp.asarray(np.concatenate([data.y_train, data.y_test]), kind)
    n, (stack, m, d) = len(data.y_train), start.hidden.shape
    x_train = inputs[:, :n].T

    def step(weights, _):
        hidden, output = weights
        features = jax.nn.relu(hidden.reshape(-1, d) @ inputs).reshape(stack, m, -1)
        residual = jnp.einsum("sm,smn->sn", output, features) - targets
        squares = jnp.square(residual)
        losses = squares[:, :n].mean(1) / 2, squares[:, n:].mean(1) / 2
        gated = jnp.where(features[..., :n] > 0, residual[:, None, :n], 0)
        gradient = (gated.reshape(-1, n) @ x_train).reshape(stack, m, d) * (0.01 / n)
        return (hidden - output[..., None] * gradient, output - (hidden * gradient).sum(-1)), losses

    scan = jax.jit(lambda weights, length: jax.lax.scan(step, weights, None, length=length), static_argnums=1)
    weights = tuple(jnp.asarray(part.numpy()) for part in start)

    def run(iterations: int) -> None:
        jax.block_until_ready(scan(weights, iterations))

    return run


def fastest(loops: dict[str, Loop], iterations: int) -> dict[str, float]:
    """Microseconds an iteration, of the fastest round of each; rounds take turns, one before them is not counted."""
    times = {name: [] for name in loops}
    for _ in range(ROUNDS + 1):
        for name, loop in loops.items():
            begin = time.perf_counter()
            done = loop(iterations) or iterations
            times[name].append((time.perf_counter() - begin) / done)
    return {name: min(each[1:]) * 1e6 for name, each in times.items()}


def bench_engine() -> pd.DataFrame:
    data = problem.make_problem(D, N, N, 3, 1.0, seed=0)
    makers = {"products": products, "engine": engine, "plain loop": plain_loop, "jax": jax_loop}
    if not importlib.util.find_spec("jax"):
        del makers["jax"]
    rows, cores = [], os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    for precision, (m, stack) in itertools.product((torch.float32, torch.float64), SHAPES):
        start = students(m, stack, precision)
        kept = {name: make for name, make in makers.items() if stack == 1 or name != "plain loop"}
        iterations = max(500, UPDATES // max(m * stack, 20))
        loops = {name: make(data, start) for name, make in kept.items()}
        apart = {name: loops.pop(name) for name in ("jax",) if name in loops}  # its threads go on spinning
        found = fastest(loops, iterations) | fastest(apart, iterations)
        shape = {"precision": str(precision).removeprefix("torch."), "m": m, "stack": stack}
        for name, microseconds in found.items():
            over = microseconds / found["products"]
            rows.append(shape | {"loop": name, "microseconds": microseconds, "over_products": over})
        print(".", end="", flush=True)
    os.sched_setaffinity(0, cores)
    return pd.DataFrame(rows)


def process_seconds(command: list[str], **options) -> float:
    """CPU seconds of a command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(getattr(after, part) - getattr(before, part) for part in ("ru_utime", "ru_stime"))


ONE_ITERATION = """
import sys
sys.path.insert(0, {scripts!r})
import snakemake.script, train_students
from pathlib import Path
from types import SimpleNamespace as Names
from lazytraining.config.job import Job, ProblemKey, Run
key = Run("bench", m=50, alpha=1.0, tau=1.0, eta=0.1, seed=0)
problem = ProblemKey(d=100, n_train=1000, n_test=1000, teacher_neurons=3, teacher_gain=1.0, seed=0)
job = Job(keys=(key,), problem=problem, symmetrize=False, iterations=1)
output = Names(run={folder!r} + "/run.parquet", curve={folder!r} + "/curve.parquet")
train_students.run(Names(output=output, log=[{folder!r} + "/run.log"], params=Names(job=job.plain(), code="")), "cpu")
"""


def fixed_cost() -> tuple[float, float]:
    """CPU seconds of a training job of one iteration, and of importing torch: the least of three."""
    with tempfile.TemporaryDirectory() as folder:
        job = ONE_ITERATION.format(scripts=str(ROOT / "scripts"), folder=folder)
        rounds = [
            [process_seconds([sys.executable, "-c", code]) for code in (job, "import torch")] for _ in "abc"
        ]
    return tuple(map(min, zip(*rounds, strict=True)))


def product_seconds(config: experiments.Config, results: Path) -> float:
    """CPU seconds of the matrix products of all that a preset trained, in its stacks, at the rates of now."""
    rates, seconds = {}, 0.0
    for name, experiment in config.sweeps.items():
        job = config.job(config.runs[name])
        data = problem.make_problem(*job.problem)
        runs = parquet.read([results / f"tables/{name}.parquet"], schemas.RUN).to_pandas()
        for m, own in runs.groupby("m"):
            size = min(
                max(1, training.CPU_FEATURES // training.points(job) // m),
                own["seed"].value_counts().max(),
            )
            shape = (experiment.precision, m, size, experiment.d, experiment.n_train, experiment.n_test)
            if shape not in rates:
                start = students(m, size, getattr(torch, experiment.precision), experiment.d)
                rates[shape] = fastest({"products": products(data, start)}, 200)["products"] / size * 1e-6
            seconds += own["iterations"].sum() * rates[shape] * (1 if job.n_tested else 2 / 3)
    return seconds


def quick_preset() -> dict[str, float]:
    """CPU seconds of the quick preset from nothing, stacked, and of its training, and of its matrix products."""
    with tempfile.TemporaryDirectory() as folder:
        files = [str(ROOT / "config/quick.yaml"), f"{folder}/bench.yaml"]
        Path(files[1]).write_text(yaml.safe_dump({"results": "results", "execution": "stacked"}))
        config = check_config.load(*files)
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
        command += ["--workflow-profile", str(ROOT / "profiles/default"), "--configfile", *files, "--"]
        options = {"cwd": folder, "env": os.environ | {"OMP_NUM_THREADS": "1"}}
        tables = [f"results/tables/{name}.parquet" for name in config.sweeps]
        begin = time.perf_counter()
        trained = process_seconds([*command, *tables], **options)
        rest = process_seconds([*command, "all", "theory", "claims"], **options)
        wall = time.perf_counter() - begin
        results = Path(folder) / "results"
        descents = sum(
            parquet.read([path], schemas.RUN)["wall_seconds"].to_numpy().sum()
            for path in results.glob("runs/*/*.parquet")
        )
        floor = product_seconds(config, results)
    return {
        "quick preset, stacked: all of it": trained + rest,
        "quick preset, stacked: training jobs and summaries": trained,
        "quick preset, stacked: descent alone (wall)": descents,
        "quick preset, stacked: its matrix products": floor,
        "quick preset, stacked: wall time on two cores": wall,
    }


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
    print(
        f"d = {D}, n = {N} + {N}, one core; microseconds an iteration of a stack, and over its matrix products"
    )
    found = bench_engine()
    for value, form in (("microseconds", "{:.0f}".format), ("over_products", "{:.2f}".format)):
        table = found.pivot(index=["precision", "m", "stack"], columns="loop", values=value)
        print(
            f"\n\n{table.to_string(float_format=form)}"
            if value == "microseconds"
            else table.to_string(float_format=form)
        )
    job, bare = fixed_cost()
    seconds = {"training job of one iteration": job, "import torch": bare} | quick_preset()
    print("\nCPU seconds")
    for what, value in seconds.items():
        print(f"{value:8.2f}  {what}")
    whole, trained, descents, floor, _ = list(seconds.values())[2:]
    print(
        f"over the matrix products: all {whole / floor:.2f}, training {trained / floor:.2f}, descent {descents / floor:.2f}"
    )
    RESULTS.mkdir(parents=True, exist_ok=True)
    parquet.write(RESULTS / "engine.parquet", found.to_dict("records"), ENGINE)
    parquet.write(RESULTS / "operations.parquet", paper.to_dict("records"), OPERATIONS)
    rows = [{"what": what, "seconds": value} for what, value in seconds.items()]
    parquet.write(RESULTS / "workflow.parquet", rows, WORKFLOW)
    print(f"Written to {RESULTS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
