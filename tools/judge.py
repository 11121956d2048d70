"""Judge claims by runs that are there, by the criteria as they are now. Nothing is trained.

WHERE is a folder of results, such as results/mine: every claim that its finished experiments decide is printed, or those that --claims names
with all that was measured. Nothing is written. Or it is paper or quick, a preset in docs/reference; without --claims claims.parquet and
claims.md there are written anew, and `tools/findings.py` is to run after it. The ledger names the commit that it was judged by, so commit
first. Ends with 0; with 1 and a line if there is no evidence, or a ledger to be written and no such commit; with 2 if the arguments are wrong.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__, usage="%(prog)s [WHERE ...] [--claims CLAIM ...]")
PARSER.add_argument("places", metavar="WHERE", nargs="*", default=["paper", "quick"])
PARSER.add_argument("--claims", metavar="CLAIM", nargs="+", help="such as 37a")
if __name__ == "__main__":
    _terminal.begin(PARSER)

ROOT = Path(__file__).resolve().parents[1]
import _commits
import judge_claims
import pandas as pd

from lazytraining.claims import ledger, pages, verdict
from lazytraining.config import catalogue
from lazytraining.files import parquet, provenance, schemas, whole

REFERENCE = ROOT / "docs/reference"
OF_RUNS = ("runs", "models", "phase")
"""Kinds of evidence that are an experiment's table of runs."""


def files(folder: Path, kind: str, name: str) -> list[Path]:
    """Evidence of one kind on an experiment that is finished: of results a file for each job, of a reference one."""
    table = folder / f"tables/{name}.parquet"
    if kind in OF_RUNS:
        return [table] if table.is_file() else []
    if kind != "paths" and not table.is_file():
        return []
    together = folder / kind / f"{name}.parquet"
    return [together] if together.is_file() else sorted((folder / kind / name).rglob("*.parquet"))


def evidence(folder: Path) -> verdict.Evidence:
    """What there is to judge by in a folder of results or in a preset's reference. Raises Damaged with every file that is not right."""
    found = {
        part: sorted([*folder.glob(f"theory/{part}.parquet"), *folder.glob(f"theory/{part}/*.parquet")])
        for part in judge_claims.THEORY
    }
    for kind in judge_claims.KINDS:
        names = [name for name, read in catalogue.EVIDENCE.items() if kind in read]
        found[kind] = [path for name in names for path in files(folder, kind, name)]
    return judge_claims.gather(found)


@dataclass
class Read(verdict.Evidence):
    """Evidence that notes which experiments are asked for."""

    names: list[str] = field(default_factory=list)

    def get(self, kind: str, name: str, diverged: bool = False) -> pd.DataFrame:
        self.names.append(name if kind != "theory" else f"theory ({name})")
        return super().get(kind, name, diverged)


def told(row: dict, found: verdict.Evidence) -> str:
    """All that the ledger says of a claim, which experiments it is judged by, and where the code is that does it."""
    read = Read(**vars(found))
    module, claim = next(
        (module, claim) for module in ledger.MODULES for claim in module.CLAIMS if claim.id == row["id"]
    )
    verdict.entry(claim, read)
    parts = {
        "the note": [row["quote"]],
        "verdict": [row["verdict"]],
        "because": [row["reason"]],
        "measured": row["measured"].split("; "),
        "if": _bounds(claim.premises),
        "criterion": _bounds(claim.checks),
        "artefact": _bounds(claim.artefact),
        "set": [row["criterion_set"]],
        "runs of": [", ".join(dict.fromkeys(read.names))],
        "code": [_place(Path(module.__file__), claim.id)],
    }
    lines = [f"{row['id']}, {row['section']}: {row['claim']}"]
    for name, texts in parts.items():
        for first, text in enumerate(filter(None, texts)):
            lines.append(f"  {'' if first else name:<10} {text}")
    return "\n".join(lines)


def _bounds(checks: list[verdict.Check]) -> list[str]:
    """What is measured, and where it has to lie."""
    return [f"{check.quantity}:{check.criterion.removeprefix(check.quantity)}" for check in checks]


def _place(path: Path, claim: str) -> str:
    """The file, and the line on which the claim begins."""
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next((number for number, line in enumerate(lines, 1) if line.strip() == f'"{claim}",'), 1)
    return f"{path.relative_to(ROOT)}:{number}"


def write(reference: Path, rows: list[dict], remark: str) -> None:
    """A preset's ledger."""
    parquet.write(reference / "claims.parquet", rows, schemas.CLAIMS)
    with whole.replacing(reference / "claims.md") as temporary:
        title = judge_claims.TITLE.format(f"results/{reference.name}")
        temporary.write_text(pages.markdown(rows, title, remark), encoding="utf-8")
    print(f"{reference}: {len(rows)} rows")


def judge(place: str, claims: list[str] | None) -> str:
    """Judge one place; what is wrong with it, or nothing."""
    preset = place in ("paper", "quick")
    folder = REFERENCE / place if preset else Path(place)
    if not (folder / "tables").is_dir():
        return f"{folder}: no tables of runs; expected finished results, such as results/mine, or a reference with its evidence"
    here = provenance.provenance()["commit"]
    if preset and not claims and (why := _commits.unfit(here)):
        return f"{folder}: its ledger would be of commit {here}; {why}"
    found = evidence(folder)
    rows, remark = judge_claims.judged(found)
    unknown = set(claims or ()) - {row["id"] for row in rows}
    if unknown:
        return f"--claims: {', '.join(sorted(unknown))} is not allowed; expected numbers of the ledger, such as 37a"
    if claims:
        print("\n\n".join(told(row, found) for row in rows if row["id"] in claims))
    elif preset:
        write(folder, rows, remark)
    else:
        decided = [row for row in rows if row["verdict"] != verdict.Verdict.OPEN]
        print("\n".join(f"{row['id']:<4} {row['verdict']:<22} {row['claim']}" for row in decided))
        print(f"{len(decided)} of {len(rows)} claims are decided by {folder}. --claims tells all of one.")
    return ""


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    for place in asked.places:
        try:
            problem = judge(place, asked.claims)
        except parquet.Damaged as error:
            problem = f"{error}\nFor files of another version, judge with that one, or make them again."
        if problem:
            print(problem, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
