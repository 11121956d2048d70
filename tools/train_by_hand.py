"""Train a seed of an experiment in a terminal, as its job in stacked execution does, with a progress bar.

Writes the files of the stack under the configuration's results. A GPU is used if there is one. Ends with 0; with 1 and a
line if the configuration is wrong or has no such seed; with 2 if the arguments are wrong.
"""

import argparse
import os
import sys
from pathlib import Path
from types import SimpleNamespace

PARSER = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
PARSER.add_argument("experiment", metavar="EXPERIMENT")
PARSER.add_argument("seed", metavar="SEED", type=int)
PARSER.add_argument("overlays", metavar="FILE", nargs="*", help="laid over the paper preset, in this order")
if __name__ == "__main__":
    PARSER.parse_args()  # --help and mistakes end here, before what is slow to import

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a job, and before NumPy and torch look
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
import check_config
import torch
import train_students

from lazytraining.config import experiments
from lazytraining.files import provenance
from lazytraining.workflow import digest


def train(experiment: str, seed: int, overlays: list[str]) -> Path:
    """The folder that the files are in. Raises ConfigError."""
    config = check_config.load(*overlays).model_copy(update={"execution": "stacked"})
    if (experiment, seed) not in config.stacks:
        known = ", ".join(f"{name} {of}" for name, of in config.stacks)
        raise experiments.ConfigError(f"{experiment} {seed} is not configured; expected one of {known}")
    runs = config.stacks[experiment, seed]
    folder = Path(config.results) / experiments.stack_path(experiment, seed)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"run": "run.parquet", "curve": "curve.parquet"}
    files |= {"weights": "weights.npz"} if config.sweeps[experiment].keep_weights else {}
    job = SimpleNamespace(
        output=SimpleNamespace(**{name: folder / file for name, file in files.items()}),
        params=SimpleNamespace(
            runs=[run._asdict() for run in runs],
            settings=config.settings(runs),
            code=digest.code_digest(Path(train_students.__file__)),
        ),
    )
    provenance.ORIGIN.update(code=job.params.code, configuration=config.digest(experiment))
    train_students.run(job, "cuda" if torch.cuda.is_available() else "cpu")
    return folder


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    try:
        print(train(asked.experiment, asked.seed, asked.overlays))
    except experiments.ConfigError as error:
        print(f"Configuration: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
