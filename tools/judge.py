"""Judge the evidence in docs/reference again, by the claims as they are now. Nothing is trained.

For both presets, or those named: claims.parquet and claims.md there are written anew. Run `tools/findings.py` after it. Ends with 0; with
1 and a line if a preset's evidence is not there; with 2 if the arguments are wrong.
"""

import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument("presets", metavar="PRESET", nargs="*", help="paper or quick; default: both")
if __name__ == "__main__":
    _terminal.begin(PARSER)

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import judge_claims

from lazytraining.claims import pages, verdict
from lazytraining.config import catalogue
from lazytraining.files import parquet, schemas, whole


def evidence(reference: Path) -> verdict.Evidence:
    """What a preset's ledger is judged from, as tools/reference.py keeps it."""
    files = {part: sorted(reference.glob(f"theory/{part}.parquet")) for part in judge_claims.THEORY}
    for kind in judge_claims.KINDS:
        folder = reference / kind if (reference / kind).is_dir() else reference / "tables"
        names = [name for name, read in catalogue.EVIDENCE.items() if kind in read]
        files[kind] = [path for name in names if (path := folder / f"{name}.parquet").is_file()]
    return judge_claims.gather(files)


def main(arguments: list[str] | None = None) -> int:
    for preset in PARSER.parse_args(arguments).presets or ["paper", "quick"]:
        reference = ROOT / "docs/reference" / preset
        if not (reference / "tables").is_dir():
            print(
                f"{reference}: no tables of runs; expected evidence that make reference has kept",
                file=sys.stderr,
            )
            return 1
        rows, remark = judge_claims.judged(evidence(reference))
        parquet.write(reference / "claims.parquet", rows, schemas.CLAIMS)
        with whole.replacing(reference / "claims.md") as temporary:
            title = judge_claims.TITLE.format(f"results/{preset}")
            temporary.write_text(pages.markdown(rows, title, remark), encoding="utf-8")
        print(f"{reference}: {len(rows)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
