"""What a reference says of itself: of each part how much was run, with what, and what it took."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lazytraining.files import provenance, schemas

COLUMNS = ["experiment", "of", "runs", "seeds", "minutes", "on", "date", "commit", "code"]


def account(found: list, before: str = "") -> str:
    """Markdown, of the parts of a reference; what stays has the line that it had before."""
    had = {tuple(line.split(" | ")[:2]): line for line in before.splitlines()}
    tables = {
        part.name: pq.read_table(*part.paths, partitioning=None) for part in found if part.of == "table"
    }
    minutes = {name: pc.sum(runs["wall_seconds"]).as_py() / 60 for name, runs in tables.items()}
    lines = [row(COLUMNS), "|---" * len(COLUMNS) + "|"]
    for part in found:
        if part.of != "runs" and (part.script.startswith("train_") or part.of == "picture"):
            continue
        if part.stays:
            lines.append(had[f"| {part.name}", part.of])
            continue
        counts = ["", "", ""]
        if part.of == "runs" and part.name in tables:
            runs = tables[part.name]
            counts = [len(runs), pc.count_distinct(runs["seed"]), f"{minutes[part.name]:.1f}"]
        elif "seed" in (names := pq.read_schema(part.paths[0]).names):
            keys = [name for name in schemas.KEYS[1:] if name in names]
            rows = pa.concat_tables(pq.read_table(path, columns=keys) for path in part.paths)
            one_each = rows.group_by(keys).aggregate([]).num_rows if part.of != "theory" else ""
            counts = [one_each, pc.count_distinct(rows["seed"]), ""]
        lines.append(row([part.name, part.of, *counts, *origin(map(provenance.of, part.paths))]))
    pictures = [path for part in found if part.of == "picture" for path in part.paths]
    if pictures:
        told = origin(map(provenance.of, pictures))[:-1]
        lines.append(row([f"{len(pictures)} pictures", "figures", "", "", "", *told, ""]))
    said = [provenance.of(path) for part in found if part.of != "picture" for path in part.paths]
    versions = {tuple(one[name] for name in ("python", "torch", "numpy")) for one in said}
    used = "; ".join(f"Python {one[0]}, torch {one[1]}, NumPy {one[2]}" for one in sorted(versions))
    return "\n".join([*lines, "", f"{sum(minutes.values()):.0f} minutes of one core in all. {used}.", ""])


def row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def origin(said: Iterable[dict[str, str]]) -> list[str]:
    """Processor, date, commit and digest of the code, of files by what they say."""
    said = list(said)
    processors = {
        one["device"] if one.get("device") == "cuda" else one.get("cpu", one["machine"].split()[-1])
        for one in said
    }
    dates = ends({one["date"][:10] for one in said if "date" in one})
    commits, codes = {one["commit"][:9] for one in said}, {one["code"] for one in said}
    return [", ".join(sorted(processors)), " to ".join(dates)] + [
        ", ".join(sorted(each)) for each in (commits, codes)
    ]


def ends(values: Iterable[str]) -> list[str]:
    """The first and the last, or the only one."""
    ordered = sorted(values)
    return list(dict.fromkeys(ordered[:1] + ordered[-1:]))
