"""Time the engine against its matrix products and against a plain autograd loop, on one core.

Everything is measured in rounds that take turns, and the fastest round of each counts; a ratio of
two such times is steady where the times are not. Prints a table. Run by `make bench`.
"""

import subprocess
import sys
import time

import numpy as np
import torch

from lazytraining import descent, network, problem
from lazytraining.network import Weights

D, N = 100, 1000
ROUNDS, ITERATIONS = 3, 5000
TRAIN_ONE_ITERATION = """
import train
key = dict(experiment="bench", m=50, alpha=1.0, tau=1.0, eta=0.1, seed=0)
problem = dict(d=100, n_train=1000, n_test=1000, teacher_neurons=3, teacher_gain=1.0, seed=0)
settings = dict(problem=problem, symmetrize=False, precision="float64", early_stopping=None, iterations=1, track_best=True)
row, curve, _, _ = train.train(key, settings)
train.records.write(f"{folder}/curve.parquet", curve, train.records.CURVE)
train.records.write(f"{folder}/run.parquet", [row], train.records.RUN)
"""


def students(m: int, stack: int, precision: torch.dtype) -> Weights:
    starts = [network.initialise(m, D, 1.0, seed, symmetrize=False) for seed in range(stack)]
    return Weights(*(torch.cat(parts).to(precision) for parts in zip(*starts, strict=True)))


def engine(data: problem.Problem, start: Weights):
    ones = torch.ones(len(start.output), dtype=torch.float64)
    return lambda: descent.descend(data, start, ones, 0.01 * ones, ITERATIONS)


def products(data: problem.Problem, start: Weights):
    """The three matrix products of an iteration: training and test features, and the gradient."""
    kind = {"dtype": start.hidden.dtype}
    hidden = start.hidden.flatten(0, 1).clone()
    x_train, x_test = (torch.as_tensor(x, **kind) for x in (data.x_train, data.x_test))
    inputs = x_train.T.contiguous(), x_test.T.contiguous()
    features = torch.empty(len(hidden), N, **kind), torch.empty(len(hidden), N, **kind)
    gated, gradient = torch.randn(len(hidden), N, **kind), torch.empty_like(hidden)

    def run() -> None:
        for _ in range(ITERATIONS):
            torch.mm(hidden, inputs[0], out=features[0])
            torch.mm(hidden, inputs[1], out=features[1])
            torch.mm(gated, x_train, out=gradient)

    return run


def plain_loop(data: problem.Problem, start: Weights):
    """What one writes first: autograd, an optimiser, both losses and the weights each iteration."""
    kind = {"dtype": start.hidden.dtype}
    arrays = (
        torch.as_tensor(array, **kind) for array in (data.x_train, data.y_train, data.x_test, data.y_test)
    )
    x_train, y_train, x_test, y_test = arrays
    hidden, output = (torch.nn.Parameter(part[0].clone()) for part in start)
    optimiser = torch.optim.SGD([hidden, output], lr=0.1)

    def run() -> None:
        history = []
        for _ in range(ITERATIONS):
            optimiser.zero_grad()
            loss = (torch.relu(x_train @ hidden.T) @ output - y_train).square().mean() / 2
            with torch.no_grad():
                test = (torch.relu(x_test @ hidden.T) @ output - y_test).square().mean() / 2
            loss.backward()
            optimiser.step()
            weights = np.hstack([hidden.detach().numpy(), output.detach().numpy()[:, None]])
            history.append((loss.item(), test.item(), weights.copy()))

    return run


def fastest(*functions) -> list[float]:
    """Microseconds an iteration, of the fastest round of each; rounds take turns."""
    times = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, record in zip(functions, times, strict=True):
            begin = time.perf_counter()
            function()
            record.append(time.perf_counter() - begin)
    return [min(record) / ITERATIONS * 1e6 for record in times]


def fixed_cost() -> tuple[float, float]:
    """Seconds of a training job of one iteration, and of importing torch: the fastest of five."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        code = f"import sys, snakemake.script; sys.path.insert(0, {sys.path[0]!r}); folder = {folder!r}\n"
        commands = [code + TRAIN_ONE_ITERATION, "import torch"]
        times = [[], []]
        for _ in range(5):
            for command, record in zip(commands, times, strict=True):
                begin = time.perf_counter()
                subprocess.run([sys.executable, "-c", command], check=True)
                record.append(time.perf_counter() - begin)
    return min(times[0]), min(times[1])


def main() -> None:
    data = problem.make_problem(D, N, N, 3, 1.0, seed=0)
    print(f"d = {D}, n = {N} + {N}, one core, microseconds an iteration, fastest of {ROUNDS} rounds\n")
    print("precision   m  stack  engine  products  plain loop  engine/products  plain/engine")
    for precision in (torch.float32, torch.float64):
        for m, stack in ((50, 1), (4, 1), (4, 16)):
            start = students(m, stack, precision)
            made = [make(data, start) for make in (engine, products, plain_loop)[: 3 if stack == 1 else 2]]
            own, floor, *plain = fastest(*made)
            name = str(precision).removeprefix("torch.")
            line = f"{name:9} {m:3} {stack:6} {own:7.0f} {floor:9.0f}"
            line += (
                f" {plain[0]:11.0f} {own / floor:16.2f} {plain[0] / own:13.1f}"
                if plain
                else f"{'':12}{own / floor:17.2f}"
            )
            print(line)
    job, bare = fixed_cost()
    print(f"\ntraining job of one iteration {job:.2f} s, `import torch` {bare:.2f} s, ratio {job / bare:.2f}")


if __name__ == "__main__":
    main()
