"""Train a seed of an experiment in a terminal, as its jobs do, with a progress bar.

    python tools/train_by_hand.py EXPERIMENT SEED [OVERLAY.yaml …]

Writes the files of its runs, or of its stack in stacked execution, under the configuration's results. A GPU is used if there is one.
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
    config = check_config.load(*overlays)
    batches = {
        path: runs
        for path, runs in config.batches.get(experiment, {}).items()
        if path.endswith(f"seed~{seed}")
    }
    if experiment not in config.sweeps or not batches:
        known = ", ".join(f"{name} {of}" for name, of in config.stacks)
        raise experiments.ConfigError(f"{experiment} {seed} is not configured; expected one of {known}")
    code = digest.code_digest(Path(train_students.__file__))
    provenance.ORIGIN.update(code=code, configuration=config.digest(experiment))
    kept = {"weights": "npz"} if config.sweeps[experiment].keep_weights else {}
    for path, runs in batches.items():
        files = {
            name: Path(config.results, folder, experiment, f"{path}.{suffix}")
            for (name, suffix), folder in zip(
                ({"run": "parquet", "curve": "parquet"} | kept).items(),
                ("runs", "curves", "weights"),
                strict=False,
            )
        }
        log = Path(config.results, "logs/train_students", experiment, f"{path}.log")
        for file in (*files.values(), log):
            file.parent.mkdir(parents=True, exist_ok=True)
        params = {"runs": [run._asdict() for run in runs], "settings": config.settings(runs), "code": code}
        job = SimpleNamespace(output=SimpleNamespace(**files), log=[log], params=SimpleNamespace(**params))
        train_students.run(job, "cuda" if torch.cuda.is_available() else "cpu")
        print(files["run"])


if __name__ == "__main__":
    if len(sys.argv) < 3 or not sys.argv[2].isdecimal():
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except experiments.ConfigError as error:
        sys.exit(f"Configuration: {error}")
