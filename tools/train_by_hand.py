"""Train a seed of an experiment in a terminal, as its job in stacked execution does, with a progress bar.

    python tools/train_by_hand.py EXPERIMENT SEED [OVERLAY.yaml …]

Writes the files of the stack under the configuration's results. A GPU is used if there is one.
"""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a job, and before NumPy and torch look
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
import check_config
import torch
import train_students

from lazytraining.config import experiments
from lazytraining.files import provenance
from lazytraining.workflow import digest


def main(experiment: str, seed: str, *overlays: str) -> None:
    config = check_config.load(*overlays).model_copy(update={"execution": "stacked"})
    if (experiment, int(seed)) not in config.stacks:
        known = ", ".join(f"{name} {of}" for name, of in config.stacks)
        raise experiments.ConfigError(f"{experiment} {seed} is not configured; expected one of {known}")
    runs = config.stacks[experiment, int(seed)]
    folder = Path(config.results) / experiments.stack_path(experiment, seed)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"run": "run.parquet", "curve": "curve.parquet"}
    files |= {"weights": "weights.npz"} if config.sweeps[experiment].keep_weights else {}
    job = SimpleNamespace(
        output=SimpleNamespace(**{name: folder / file for name, file in files.items()}),
        params=SimpleNamespace(
            job=config.job(runs).plain(),
            code=digest.code_digest(Path(train_students.__file__)),
        ),
    )
    provenance.ORIGIN.update(code=job.params.code, configuration=config.digest(experiment))
    train_students.run(job, "cuda" if torch.cuda.is_available() else "cpu")
    print(folder)


if __name__ == "__main__":
    if len(sys.argv) < 3 or not sys.argv[2].isdecimal():
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except experiments.ConfigError as error:
        sys.exit(f"Configuration: {error}")
