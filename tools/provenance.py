"""Print where results come from: commit, digests of configuration and code, versions, machine, date.

Ends with 0; with 1 and a line if a file is not readable; with 2 if the arguments are wrong.
"""

import argparse
import json
import re
import signal
import sys
from pathlib import Path

PARSER = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
PARSER.add_argument(
    "files", metavar="FILE", type=Path, nargs="+", help="Parquet, PNG, PDF or GIF of this workflow"
)
if __name__ == "__main__":
    PARSER.parse_args()  # --help and mistakes end here, before what is slow to import

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq

FIRST = ("date", "commit", "configuration", "code", "run_code", "machine")


def provenance(path: Path) -> dict[str, str]:
    """What a file says of itself; empty if it says nothing."""
    if path.suffix == ".parquet":
        metadata = pq.read_schema(path).metadata or {}
        return {key.decode(): value.decode() for key, value in metadata.items()}
    if path.suffix == ".png":
        with PIL.Image.open(path) as image:
            return dict(image.text)
    if path.suffix == ".gif":
        with PIL.Image.open(path) as image:
            return json.loads(image.info.get("comment", b"{}"))
    found = re.search(rb"/Keywords \(((?:[^()\\]|\\.)*)\)", path.read_bytes(), re.DOTALL)
    return json.loads(re.sub(rb"\\(.)", rb"\1", found[1])) if found else {}


def main(arguments: list[str] | None = None) -> int:
    for path in PARSER.parse_args(arguments).files:
        try:
            found = provenance(path)
        except (OSError, ValueError, pa.ArrowException) as error:
            print(f"{path}: not readable ({' '.join(str(error).split())})", file=sys.stderr)
            return 1
        print(path if found else f"{path}: says nothing of where it comes from")
        for key in [*(key for key in FIRST if key in found), *(key for key in found if key not in FIRST)]:
            print(f"  {key:14} {found[key]}")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head -1` ends it, as it ends cat
    sys.exit(main())
