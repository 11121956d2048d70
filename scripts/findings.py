"""Take a ledger for reference, and write the numbers and verdicts of docs/findings.md anew from it.

    python scripts/findings.py results/paper/claims.parquet

A number of the text stands as `number` (claim 4.2), the second measured value of claim 4; a verdict as
**verdict** (claim 4), or (claims 2a, 2b).
"""

import re
import shutil
import sys
from pathlib import Path

import pandas as pd

DOCS = Path(__file__).parents[1] / "docs"
NUMBER = re.compile(r"`[^`]*`(\s+)\(claim\s+(\w+)\.(\d)\)")
VERDICT = re.compile(r"\*\*[^*]*\*\*(\s+)\((claims?)\s+([\w, ]+)\)")
VALUE = re.compile(r": (\S+(?: \[[^\]]*\])?) \(\d+ \w+\)(?:; |$)")


def refreshed(text: str, ledger: pd.DataFrame) -> str:
    """The text with the ledger's numbers and verdicts.

    Raises ValueError for a number that the ledger has not, or claims named together whose verdicts differ.
    """
    rows = ledger.set_index("id")

    def number(match: re.Match) -> str:
        space, id, position = match.groups()
        values = VALUE.findall(rows.loc[id, "measured"])
        if len(values) < int(position):
            raise ValueError(f"claim {id} has no value {position}: {rows.loc[id, 'measured']!r}")
        return f"`{values[int(position) - 1]}`{space}(claim {id}.{position})"

    def verdict(match: re.Match) -> str:
        space, word, ids = match.groups()
        verdicts = {rows.loc[id, "verdict"] for id in ids.split(", ")}
        if len(verdicts) > 1:
            raise ValueError(f"claims {ids} have different verdicts: {sorted(verdicts)}")
        return f"**{verdicts.pop()}**{space}({word} {ids})"

    return VERDICT.sub(verdict, NUMBER.sub(number, text))


def main(path: str) -> None:
    source = Path(path)
    for suffix in (".parquet", ".md"):
        shutil.copy(source.with_suffix(suffix), DOCS / "reference" / f"claims{suffix}")
    findings = DOCS / "findings.md"
    findings.write_text(refreshed(findings.read_text(), pd.read_parquet(path)))


if __name__ == "__main__":
    main(sys.argv[1])
