"""Print where results come from: commit, digests of configuration and code, versions, machine, date, settings.

Ends with 0; with 1 and a line if a file is not readable; with 2 if the arguments are wrong.
"""

import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument(
    "files",
    metavar="FILE",
    type=Path,
    nargs="+",
    help="Parquet, PNG, PDF, GIF or interactive.html of this workflow",
)
if __name__ == "__main__":
    _terminal.begin(PARSER)

import pyarrow as pa

from lazytraining.files import provenance
from lazytraining.workflow.text import one_line, settings

FIRST = ("date", "commit", "configuration", "code", "run_code", "machine")


def main(arguments: list[str] | None = None) -> int:
    for path in PARSER.parse_args(arguments).files:
        try:
            found = provenance.of(path)
        except (OSError, ValueError, pa.ArrowException) as error:
            print(f"{path}: not readable ({' '.join(str(error).split())})", file=sys.stderr)
            return 1
        print(path if found else f"{path}: says nothing of where it comes from")
        for key in [*(key for key in FIRST if key in found), *(key for key in found if key not in FIRST)]:
            lines = settings(found[key]) if key == "settings" else [one_line(str(found[key]))]
            for first, line in zip([one_line(key), *[""] * len(lines)], lines, strict=False):
                print(f"  {first:14} {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
