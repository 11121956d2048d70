"""Train a torch module of your own and its tangent twin in a terminal, and say from which output scale α on it is lazy.

MODEL is path.py:function, a function of the seed that returns a torch.nn.Module; the file is run, as you. DATA is an .npz file with
x_train, y_train, x_test, y_test, or a .parquet file with the columns split, x, y. Nothing is written. Ends with 0; with 1 and a line
if something is wrong with the model or the data; with 2 if the arguments are wrong.
"""

import argparse
import os
import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument("model", metavar="MODEL")
PARSER.add_argument("data", metavar="DATA")
PARSER.add_argument(
    "--task",
    choices=["classification", "regression"],
    help="else by the type of y_train: integers are classes",
)
PARSER.add_argument("--alpha", type=float, nargs="+", default=[0.1, 1.0, 10.0, 100.0, 1000.0])
PARSER.add_argument("--iterations", type=int, default=400)
PARSER.add_argument("--points", type=int, default=500, help="training points that are used, at most")
PARSER.add_argument("--seed", type=int, default=0)
if __name__ == "__main__":
    _terminal.begin(PARSER)

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a job, and before NumPy and torch look
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from lazytraining.config.any_model import check_function
from lazytraining.config.errors import ConfigError, refused
from lazytraining.config.kinds import AnyModel
from lazytraining.files import progress
from lazytraining.models import lazy, loading
from lazytraining.student import laziness

COLUMNS = {
    "accuracy": "test_accuracy",
    "of twin": "twin_test_accuracy",
    "loss": "test_loss_end",
    "of twin ": "twin_test_loss",
    "gap": "gap_test",
    "kernel moved": "kernel_movement",
    "predicted": "kernel_movement_predicted",
}
"""Of the table: a column of `tables.RUN` each, on test points."""


def experiment(asked: argparse.Namespace) -> AnyModel:
    """What is asked for, as a configuration has it. Raises ConfigError."""
    check_function("model", asked.model)
    sizes = loading.counts(Path(asked.data))
    task = asked.task or ("classification" if sizes.classes else "regression")
    n = min(asked.points, sizes.n_train)
    if n < 2 or min(asked.alpha) <= 0 or asked.iterations < 1:
        raise refused(
            "arguments",
            f"{n} points, alpha {min(asked.alpha):g}, {asked.iterations} iterations",
            "2 points, alpha > 0, 1 iteration or more",
        )
    return AnyModel(
        kind="model",
        model=asked.model,
        data=asked.data,
        task=task,
        alpha=sorted(set(asked.alpha)),
        iterations=asked.iterations,
        n_train=n,
        n_test=min(1000, sizes.n_test),
        kernel_points=min(64, n),
        seeds=[asked.seed],
    )


def table(runs: list[dict]) -> list[str]:
    """A line for each α."""
    shown = {
        name: column for name, column in COLUMNS.items() if any(row.get(column) is not None for row in runs)
    }
    lines = [f"{'alpha':>8}" + "".join(f"{name.strip():>13}" for name in shown) + "  verdict"]
    for row in runs:
        values = (row.get(column) for column in shown.values())
        cells = "".join(f"{'' if value is None else format(value, '.3g'):>13}" for value in values)
        lines.append(f"{row['alpha']:8g}{cells}  {row['regime']}")
    return lines


def verdict(runs: list[dict]) -> str:
    """Whether the module is lazy as it stands, at α = 1 or the next larger, and from which α on it is."""
    first = laziness.lazy_from({row["alpha"]: row["regime"] for row in runs})
    own = next((row for row in runs if row["alpha"] >= 1), runs[-1])
    at = f"At alpha = {own['alpha']:g} it is {own['regime']}."
    if first > max(row["alpha"] for row in runs):
        return f"{at} Not lazy at the largest alpha."
    return f"{at} Lazy from alpha = {first:g} on."


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    try:
        job = experiment(asked).told("mine", asked.seed)
        network, points = loading.load(job)
    except ConfigError as error:
        print(f"Configuration: {error}", file=sys.stderr)
        return 1
    with progress.bar(lazy.updates(job)) as bar:
        runs, _, _ = lazy.train(job, network, points, bar.update)
    first = runs[0]
    print(
        f"{first['parameters']} weights, {first['n_train']} training points, {first['n_test']} test points, step {first['eta']:.3g} = 1/‖Dh‖², "
        f"degree q = {first['euler_degree']:.3g}"
    )
    print("\n".join(table(runs)))
    print(verdict(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
