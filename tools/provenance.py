"""Print where results come from: commit, digests of configuration and code, versions, machine, date.

    python tools/provenance.py FILE …

FILE is a Parquet file, PNG, PDF or GIF of this workflow.
"""

import json
import re
import sys
from pathlib import Path

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


def main(*paths: str) -> None:
    for path in paths:
        try:
            found = provenance(Path(path))
        except (OSError, ValueError, pa.ArrowException) as error:
            sys.exit(f"{path}: not readable ({' '.join(str(error).split())})")
        print(path if found else f"{path}: says nothing of where it comes from")
        for key in [*(key for key in FIRST if key in found), *(key for key in found if key not in FIRST)]:
            print(f"  {key:14} {found[key]}")


if __name__ == "__main__":
    main(*sys.argv[1:]) if sys.argv[1:] else sys.exit(__doc__)
