"""Write the numbers and verdicts of docs/findings.md and README.md anew from the reference's ledger.

    python tools/findings.py

A number of the text stands as `number` (claim 4.2), the second measured value of claim 4; a verdict as
**verdict** (claim 4), or (claims 2a, 2b).
"""

import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
LEDGER = ROOT / "docs/reference/paper/claims.parquet"
TEXTS = (ROOT / "README.md", ROOT / "docs/findings.md")
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


def main() -> None:
    ledger = pd.read_parquet(LEDGER)
    for path in TEXTS:
        path.write_text(refreshed(path.read_text(), ledger))


if __name__ == "__main__":
    main()
