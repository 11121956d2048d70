"""Say whether a configuration is right, without Snakemake, which runs Python that a configuration file may hold.

Ends with 0; with 1 and a line that says what is wrong with it; with 2 if the arguments are wrong.
"""

import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument("overlays", metavar="FILE", nargs="*", help="laid over the paper preset, in this order")
if __name__ == "__main__":
    _terminal.begin(PARSER)

from snakemake.utils import update_config

from lazytraining.config import experiments

ROOT = Path(__file__).resolve().parents[1]


def load(*overlays: str | Path) -> experiments.Config:
    """The paper preset with these files laid over it. Raises ConfigError."""
    content = {}
    for path in (ROOT / "config/config.yaml", *overlays):
        update_config(content, experiments.read_yaml(path))
    return experiments.load(content)


def main(arguments: list[str] | None = None) -> int:
    try:
        config = load(*PARSER.parse_args(arguments).overlays)
        experiments.check_folder(config.results)
    except experiments.ConfigError as error:
        print(f"Configuration: {error}", file=sys.stderr)
        return 1
    runs = sum(map(len, config.runs.values()))
    print(f"{len(config.experiments)} experiments, {runs} runs, into {config.results}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
