"""Whether single precision does for the CNN: the same short runs in both precisions, from the smallest α to the largest.

Prints the second table of docs/precision.md. Run by `make precision`; a minute on one core. Ends with 0; with 2 if the arguments are wrong.
"""

import argparse
import sys

import _terminal

PARSER = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
if __name__ == "__main__":
    _terminal.prepare()
    PARSER.parse_args()  # --help and mistakes end here, before what is slow to import

import contextlib
import io

from lazytraining.config.cnn_job import CnnJob, CnnRun
from lazytraining.models import images, sgd

SETTINGS = {"dataset": "digits", "images": 200, "width": 0.125, "epochs": 5, "batch": 25}
SETTINGS |= {"momentum": 0.9, "augment": "none"}
RATES = {0.01: 0.001, 1.0: 0.1, 1e2: 1.0, 1e3: 1.0, 1e4: 1.0, 1e5: 1.0, 1e6: 1.0, 1e7: 1.0}
"""Of each α, a learning rate at which it trains."""
SHOWN = {"train_loss": ".5f", "test_loss": ".5f", "test_accuracy": ".3f", "relative_distance": ".4e"}


def main(arguments: list[str] | None = None) -> int:
    PARSER.parse_args(arguments)
    data = images.digits()
    names = [
        f"{name.replace('_', ' ')}, {precision}" for name in SHOWN for precision in ("float32", "float64")
    ]
    print(f"| α | {' | '.join(names)} |")
    print("|---" * (len(names) + 1) + "|")
    for alpha, rate in RATES.items():
        key = CnnRun("precision", alpha, rate, seed=0)
        with contextlib.redirect_stdout(io.StringIO()):
            rows = [
                sgd.train(CnnJob(key=key, precision=precision, **SETTINGS), data)[0]
                for precision in ("float32", "float64")
            ]
        cells = [format(row[name], look) for name, look in SHOWN.items() for row in rows]
        print(f"| {alpha:g} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
