"""Draw the rules of the quick preset into docs/architecture.md: which rule's files each rule reads.

Ends with 0; with 1 if Snakemake can't draw them; with 2 if the arguments are wrong.
"""

import re
import subprocess
import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__)
ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/architecture.md"
PICTURE = re.compile(r"(<!-- rulegraph -->\n).*(<!-- /rulegraph -->)", re.DOTALL)


def graph() -> str:
    """The rules as a Mermaid flowchart, without Snakemake's colours."""
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "none", "--rulegraph", "mermaid-js"]
    command += ["--configfile", "config/quick.yaml", "--", "everything"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    lines = done.stdout[done.stdout.index("flowchart") :].splitlines()
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", done.stdout))
    arrows = [re.findall(r"id\d+", line) for line in lines if "-->" in line]
    edges = sorted((names[source], names[target]) for source, target in arrows)
    drawn = [f"    {source} --> {target}" for source, target in edges if target != "everything"]
    return "\n".join(["```mermaid", "flowchart LR", *drawn, "```", ""])


def main(arguments: list[str] | None = None) -> int:
    PARSER.parse_args(arguments)
    try:
        drawn = graph()
    except subprocess.CalledProcessError as error:
        print(error, file=sys.stderr)
        return 1
    text = PICTURE.sub(lambda match: f"{match[1]}{drawn}{match[2]}", PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    _terminal.begin(PARSER)
    sys.exit(main())
