"""Take finished results for reference: averages, baselines, claims, and figures at the size of a web page.

Those of results/paper go to docs/reference/paper, and replace what is there. What was run where, when and for how long goes into README.md
there, from the provenance of the files. Ends with 0; with 1 if the results are not finished; with 2 if the arguments are wrong.
"""

import argparse
import platform
import re
import shutil
import sys
from pathlib import Path

import _terminal

PARSER = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
PARSER.add_argument("results", type=Path, help="a folder of finished results, such as results/paper")
PARSER.add_argument("--figures", action="store_true", help="with the pictures")
if __name__ == "__main__":
    _terminal.prepare()
    PARSER.parse_args()  # --help and mistakes end here, before what is slow to import

import PIL.Image
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL.PngImagePlugin import PngInfo

from lazytraining.files import parquet, schemas

WIDTH = 1000
"""Pixels of a figure, at most."""


def web(source: Path, target: Path) -> None:
    """A PNG as small as a web page wants it, with its provenance."""
    texts = PngInfo()
    with PIL.Image.open(source) as image:
        for key, value in image.text.items():
            texts.add_text(key, value)
        size = (WIDTH, round(WIDTH * image.height / image.width))
        small = image.convert("RGB").resize(size, PIL.Image.Resampling.LANCZOS)
        small.quantize(256, dither=PIL.Image.Dither.NONE).save(target, optimize=True, pnginfo=texts)


def baselines(source: Path, target: Path) -> None:
    """Those of every m and seed of an experiment, in one file."""
    files = sorted(source.rglob("*.parquet"))
    rows = parquet.read(files, schemas.BASELINES).sort_by([(key, "ascending") for key in schemas.KEYS])
    pq.write_table(rows.replace_schema_metadata(pq.read_schema(files[0]).metadata), target)


def processor() -> str:
    """What the machine calls its processor."""
    found = re.search(
        r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE
    )
    return found[1] if found else platform.machine()


def account(results: Path) -> str:
    """Markdown: how much of each experiment was run, with what, and what it took."""
    lines = ["| experiment | runs | seeds | minutes | date | commit |", "|---|---|---|---|---|---|"]
    total, versions = 0.0, set()
    for path in sorted(results.glob("tables/*.parquet")):
        runs = pq.read_table(path)
        files = results.glob(f"*runs/{path.stem}/**/*.parquet")
        said = [pq.read_schema(file).metadata for file in files]
        minutes = pc.sum(runs["wall_seconds"]).as_py() / 60
        total += minutes
        versions |= {tuple(one[name].decode() for name in (b"python", b"torch", b"numpy")) for one in said}
        commits = sorted({one[b"commit"].decode()[:9] for one in said})
        dates = sorted({one[b"date"].decode()[:10] for one in said if b"date" in one})
        shown = [path.stem, len(runs), pc.count_distinct(runs["seed"]), f"{minutes:.1f}"]
        shown += [" to ".join(dict.fromkeys(dates[:1] + dates[-1:])), ", ".join(commits)]
        lines.append(f"| {' | '.join(map(str, shown))} |")
    used = "; ".join(f"Python {one[0]}, torch {one[1]}, NumPy {one[2]}" for one in sorted(versions))
    return "\n".join(
        [*lines, "", f"{total:.0f} minutes of one core in all, of an {processor()}. {used}.", ""]
    )


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    results = asked.results
    reference = Path(__file__).parents[1] / "docs/reference" / results.resolve().name
    if not (results / "claims.parquet").exists():
        print(
            f"{results}: no claims.parquet; expected finished results, with the target claims",
            file=sys.stderr,
        )
        return 1
    shutil.rmtree(reference, ignore_errors=True)
    for name in ("summary", "baselines"):
        (reference / name).mkdir(parents=True)
    for path in results.glob("summary/*.parquet"):
        shutil.copy(path, reference / "summary")
    for path in results.glob("baselines/*"):
        baselines(path, reference / "baselines" / f"{path.name}.parquet")
    for name in ("claims.parquet", "claims.md"):
        shutil.copy(results / name, reference)
    if asked.figures:
        (reference / "figures").mkdir()
        for path in results.glob("figures/*.png"):
            web(path, reference / "figures" / path.name)
        for path in results.glob("figures/*.gif"):
            shutil.copy(path, reference / "figures")
    (reference / "README.md").write_text(account(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
