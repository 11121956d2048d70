"""Train a seed of an experiment in a terminal, as its jobs do, with a progress bar.

Writes the files of its runs, or of its stack in stacked execution, under the configuration's results. Ends
with 0; with 1 and a line if the configuration is wrong or has no such seed; with 2 if the arguments are wrong.
"""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument("--gpu", action="store_true", help="train on a GPU, if there is one")
PARSER.add_argument("experiment", metavar="EXPERIMENT")
PARSER.add_argument("seed", metavar="SEED", type=int)
PARSER.add_argument("overlays", metavar="FILE", nargs="*", help="laid over the paper preset, in this order")
if __name__ == "__main__":
    _terminal.begin(PARSER)

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a job, and before NumPy and torch look
import check_config
import train_students

from lazytraining.config import experiments
from lazytraining.files import provenance
from lazytraining.workflow import digest, jobs


def train(experiment: str, seed: int, overlays: list[str], gpu: bool) -> None:
    """Train the experiment's runs of this seed, and print the file of each job. Raises ConfigError."""
    config = check_config.load(*overlays)
    chosen = [runs for runs in config.jobs.get(experiment, {}).values() if runs[0].seed == seed]
    if experiment not in config.sweeps or not chosen:
        known = ", ".join(f"{name} {of}" for name, of in config.stacks)
        raise experiments.ConfigError(f"{experiment} {seed} is not configured; expected one of {known}")
    code = digest.code_digest(Path(train_students.__file__))
    settings = config.settings([experiment], swept=False)
    provenance.ORIGIN.update(code=code, configuration=config.digest(experiment), settings=settings)
    for path, runs in config.jobs[experiment].items():
        if runs in chosen:
            files = files_of(config, experiment, path)
            params = SimpleNamespace(job=config.job(runs).plain(), code=code)
            log = files.pop("log")
            job = SimpleNamespace(output=SimpleNamespace(**files), log=[log], params=params)
            train_students.run(job, jobs.device({"gpu": gpu}))
            print(files["run"])


def files_of(config: experiments.Config, experiment: str, path: str) -> dict[str, Path]:
    """The files of a training job, in folders that are there."""
    folders = {"run": "runs", "curve": "curves", "log": "logs/train_students"}
    if config.sweeps[experiment].keep_weights:
        folders["weights"] = "weights"
    suffixes = {"log": "log", "weights": "npz"}
    files = {
        name: Path(config.results, folder, experiment, f"{path}.{suffixes.get(name, 'parquet')}")
        for name, folder in folders.items()
    }
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    return files


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    try:
        train(asked.experiment, asked.seed, asked.overlays, asked.gpu)
    except experiments.ConfigError as error:
        print(f"Configuration: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
