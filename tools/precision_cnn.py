"""Whether single precision does for the CNN: the same short runs in both precisions, from the smallest α to the largest.

Prints the second table of docs/precision.md. Run by `make precision`; a minute on one core. Ends with 0; with 2 if the arguments are wrong.
"""

import sys

import _terminal

PARSER = _terminal.parser(__doc__)
if __name__ == "__main__":
    _terminal.begin(PARSER)

from lazytraining.config.model_job import ModelJob
from lazytraining.models import lazy, loading

SETTINGS = {"experiment": "precision", "seed": 0, "model": "vgg11", "options": {"width": 0.125}}
SETTINGS |= {"data": "digits_32", "task": "classification", "centre": True, "tau": [1.0], "n_train": 200}
SETTINGS |= {"iterations": 40, "batch": 25, "momentum": 0.9, "decay": 100 / 300, "kernel_points": 2}
STEPS = {0.01: 0.0002, 1.0: 0.02, 1e2: 0.2, 1e3: 0.2, 1e4: 0.2, 1e5: 0.2, 1e6: 0.2, 1e7: 0.2}
"""Of each α, a step size at which it trains."""
SHOWN = {
    "train_loss_end": (".5f", 1 / 5),  # their loss is a mean over ten classes
    "test_loss_end": (".5f", 1 / 5),
    "test_accuracy": (".3f", 1),
    "relative_distance": (".4e", 1),
}


def main(arguments: list[str] | None = None) -> int:
    PARSER.parse_args(arguments)
    names = [
        f"{name.removesuffix('_end').replace('_', ' ')}, {precision}"
        for name in SHOWN
        for precision in ("float32", "float64")
    ]
    print(f"| α | {' | '.join(names)} |")
    print("|---" * (len(names) + 1) + "|")
    for alpha, step in STEPS.items():
        rows = []
        for precision in ("float32", "float64"):
            job = ModelJob(**SETTINGS, alpha=[alpha], step=[step], recorded=2, precision=precision)
            rows += lazy.train(job, *loading.load(job))[0]
        cells = [format(row[name] * factor, look) for name, (look, factor) in SHOWN.items() for row in rows]
        print(f"| {alpha:g} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
