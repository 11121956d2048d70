"""Write the numbers and verdicts of README.md, docs/gallery.md and docs/findings.md anew from the reference's ledger.

A number of the text stands as `number` (claim 4.2), the second measured value of claim 4; a verdict as
**verdict** (claim 4), or (claims 2a, 2b). Pictures that the reference has not yet stand in a comment, and come out of it once
it has them. README.md's line <!-- site --> gets a link to the site, if pyproject.toml has its address. Ends with 0; with 1 and a line if the ledger has not what the text asks for; with
2 if the arguments are wrong.
"""

import re
import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__)
if __name__ == "__main__":
    _terminal.begin(PARSER)

import pandas as pd
import publish

ROOT = Path(__file__).parents[1]
LEDGER = ROOT / "docs/reference/paper/claims.parquet"
TEXTS = (ROOT / "README.md", ROOT / "docs/gallery.md", ROOT / "docs/findings.md")
NUMBER = re.compile(r"`[^`]*`(\s+)\(claim\s+(\w+)\.(\d)\)")
VERDICT = re.compile(r"\*\*[^*]*\*\*(\s+)\((claims?)\s+([\w, ]+)\)")
PICTURE = re.compile(r"(reference/paper/figures/[\w=]+\.(?:png|gif))")
WAITING = re.compile(r"^<!-- ((?:(?!-->).)*) -->$", re.MULTILINE | re.DOTALL)
SITE = re.compile(r"^.*<!-- site -->$", re.MULTILINE)
VALUE = re.compile(r": (\S+(?: \[[^\]]*\])?) \(\d+ [\w ]+\)(?:; |$)")


def refreshed(text: str, ledger: pd.DataFrame) -> str:
    """The text with the ledger's numbers and verdicts.

    Raises ValueError for a claim or a number that the ledger has not, or claims named together whose verdicts differ.
    """
    rows = ledger.set_index("id")

    def told(id: str, column: str) -> str:
        if id not in rows.index:
            raise ValueError(f"claim {id} is not in the ledger")
        return rows.loc[id, column]

    def number(match: re.Match) -> str:
        space, id, position = match.groups()
        values = VALUE.findall(told(id, "measured"))
        if len(values) < int(position):
            raise ValueError(f"claim {id} has no value {position}: {rows.loc[id, 'measured']!r}")
        return f"`{values[int(position) - 1]}`{space}(claim {id}.{position})"

    def verdict(match: re.Match) -> str:
        space, word, ids = match.groups()
        verdicts = {told(id, "verdict") for id in ids.split(", ")}
        if len(verdicts) > 1:
            raise ValueError(f"claims {ids} have different verdicts: {sorted(verdicts)}")
        return f"**{verdicts.pop()}**{space}({word} {ids})"

    return VERDICT.sub(verdict, NUMBER.sub(number, text))


def pictured(text: str, docs: Path) -> str:
    """The text with those pictures out of their comment that are there now."""

    def block(match: re.Match) -> str:
        names = PICTURE.findall(match[1])
        return match[1] if names and all((docs / name).is_file() for name in names) else match[0]

    return WAITING.sub(block, text)


def linked(text: str, address: str) -> str:
    """The text with a link to the site where it belongs, or none without an address."""
    link = f"[All of it as a web page]({address}). " if address else ""
    return SITE.sub(lambda match: f"{link}<!-- site -->", text)


def main(arguments: list[str] | None = None) -> int:
    PARSER.parse_args(arguments)
    ledger = pd.read_parquet(LEDGER)
    for path in TEXTS:
        try:
            text = path.read_text(encoding="utf-8")
            text = linked(pictured(text, ROOT / "docs"), publish.hosted())
            path.write_text(refreshed(text, ledger), encoding="utf-8")
        except ValueError as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
