"""Say whether a configuration is right, without Snakemake, which runs Python that a configuration file may hold.

python tools/check_config.py [OVERLAY.yaml …]
"""

import sys
from pathlib import Path

from snakemake.utils import update_config

from lazytraining.config import experiments

ROOT = Path(__file__).resolve().parents[1]


def load(*overlays: str | Path) -> experiments.Config:
    """The paper preset with these files laid over it. Raises ConfigError."""
    content = {}
    for path in (ROOT / "config/config.yaml", *overlays):
        update_config(content, experiments.read_yaml(path))
    return experiments.load(content)


def main(*overlays: str) -> None:
    config = load(*overlays)
    experiments.check_folder(config.results)
    runs = sum(map(len, config.runs.values()))
    print(f"{len(config.experiments)} experiments, {runs} runs, into {config.results}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except experiments.ConfigError as error:
        sys.exit(f"Configuration: {error}")
