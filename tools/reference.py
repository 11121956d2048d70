"""Take finished results for reference: averages, the ledger and all that it was judged from, and the figures that documents show.

Those of results/paper go to docs/reference/paper, and replace what is there. What was run where, when and for how long goes into README.md
there, from the provenance of the files. Only a whole preset is taken, as it is configured, from commits in this history and one state of the code.

Ends with 0; with 1 and a line for each reason if the results are not such; with 2 if the arguments are wrong.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument("results", type=Path, help="a folder of finished results, such as results/paper")
PARSER.add_argument("--figures", action="store_true", help="with the pictures")
if __name__ == "__main__":
    _terminal.begin(PARSER)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
import check_config
import judge_claims
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lazytraining.config import experiments
from lazytraining.config.kinds import Neurons
from lazytraining.files import parquet
from lazytraining.workflow.inputs import Inputs

ROOT = Path(__file__).resolve().parents[1]


def refusals(results: Path, own: experiments.Config, preset: experiments.Config) -> list[str]:
    """Why these results are no reference: what is missing, of another configuration, code or commit, a line each."""
    found = [
        f"{results}/config.yaml: {name} is not the preset's; expected it as it is configured"
        for name in sorted({*own.experiments, *preset.experiments})
        if own.experiments.get(name) != preset.experiments.get(name)
    ]
    found += [
        f"{results}/config.yaml: {name} is not the preset's; expected it as it is configured"
        for name in ("theory", "landscape")
        if getattr(own, name) != getattr(preset, name)
    ]
    for name in sorted(set(own.runs) - set(own.of_kind(Neurons))):
        path = results / f"tables/{name}.parquet"
        if not path.is_file():
            found.append(f"{path}: missing; expected every experiment of the preset")
            continue
        table, codes = pq.read_table(path, partitioning=None), parquet.run_code(path)
        seeds, configured = set(table["seed"].to_pylist()), set(own.experiments[name].seeds)
        if seeds != configured:
            found.append(f"{path}: {len(seeds)} seeds; expected the {len(configured)} that are configured")
        if name in own.sweeps and len(table) != len(own.runs[name]):
            found.append(f"{path}: {len(table)} runs; expected the {len(own.runs[name])} that are configured")
        if " " in codes:
            found.append(f"{path}: runs of different code ({codes}); expected one")
        if (said := table.schema.metadata.get(b"configuration", b"").decode()) != own.digest(name):
            found.append(f"{path}: made from configuration {said}; expected that of config.yaml beside it")
    commits = {}
    for path in sorted(results.rglob("*.parquet")):
        commits.setdefault(parquet.commit(path), path)
    for commit, path in commits.items():
        if commit.endswith("-dirty"):
            found.append(f"{path}: made at {commit}; expected a commit without changes beside it")
        elif not in_history(commit):
            found.append(f"{path}: made at commit {commit}; expected one in this history")
    return found


def in_history(commit: str) -> bool:
    """Whether HEAD comes after this commit, or is it."""
    command = ["git", "-C", str(ROOT), "merge-base", "--is-ancestor", commit, "HEAD"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def keep(results: Path, config: experiments.Config, reference: Path) -> None:
    """What the ledger was judged from: the table of every experiment's runs, all baselines, and of each other kind of evidence
    what is judged; a file for each experiment."""
    shutil.copytree(results / "tables", reference / "tables")
    inputs = Inputs(config)
    for kind, (schema, _) in judge_claims.KINDS.items():
        names = [path.name for path in results.glob("baselines/*")]
        for name in names if kind == "baselines" else inputs.claiming(kind):
            paths = inputs.data[kind](name)
            if not paths[0].startswith("<results>/tables/"):
                together(results, paths, schema, reference / kind / f"{name}.parquet")
    for part, schema in judge_claims.THEORY.items():
        if paths := inputs.theory(part):
            together(results, paths, schema, reference / "theory" / f"{part}.parquet")


def together(results: Path, paths: list[str], schema: pa.Schema, target: Path) -> None:
    """The rows of these files, which begin with <results>, in one. It says the same of where they come from."""
    files = [results / path.removeprefix("<results>/") for path in paths]
    target.parent.mkdir(exist_ok=True)
    rows = parquet.read(files, schema)
    rows = rows.replace_schema_metadata(pq.read_schema(files[0]).metadata)
    pq.write_table(rows, target, compression="zstd", write_page_checksum=True)


def shown() -> set[str]:
    """Names of the pictures of the paper preset that README.md and the documents show."""
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    place = re.compile(r"reference/paper/figures/([\w=]+\.(?:png|gif))")
    return {name for path in texts for name in place.findall(path.read_text(encoding="utf-8"))}


def account(results: Path) -> str:
    """Markdown: how much of each experiment was run, with what, and what it took."""
    columns = ["experiment", "runs", "seeds", "minutes", "on", "date", "commit", "code"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    total, versions = 0.0, set()
    for path in sorted(results.glob("tables/*.parquet")):
        runs = pq.read_table(path, partitioning=None)
        files = results.glob(f"*runs/{path.stem}/**/*.parquet")
        said = [
            {name.decode(): value.decode() for name, value in pq.read_schema(file).metadata.items()}
            for file in files
        ]
        minutes = pc.sum(runs["wall_seconds"]).as_py() / 60
        total += minutes
        versions |= {tuple(one[name] for name in ("python", "torch", "numpy")) for one in said}
        where = {one["device"] if one.get("device") == "cuda" else one.get("cpu", "cpu") for one in said}
        dates = sorted({one["date"][:10] for one in said if "date" in one})
        shown = [
            path.stem,
            len(runs),
            pc.count_distinct(runs["seed"]),
            f"{minutes:.1f}",
            ", ".join(sorted(where)),
        ]
        shown += [" to ".join(dict.fromkeys(dates[:1] + dates[-1:]))]
        shown += [", ".join(sorted({one["commit"][:9] for one in said})), parquet.run_code(path)]
        lines.append(f"| {' | '.join(map(str, shown))} |")
    used = "; ".join(f"Python {one[0]}, torch {one[1]}, NumPy {one[2]}" for one in sorted(versions))
    return "\n".join([*lines, "", f"{total:.0f} minutes of one core in all. {used}.", ""])


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    results = asked.results
    reference = ROOT / "docs/reference" / results.resolve().name
    if not (results / "claims.parquet").is_file():
        print(
            f"{results}: no claims.parquet; expected finished results, with the target everything",
            file=sys.stderr,
        )
        return 1
    overlay = ROOT / f"config/{reference.name}.yaml"
    preset = check_config.load(*([overlay] if overlay.is_file() else []))
    own = experiments.load(experiments.read_yaml(results / "config.yaml"))
    if found := refusals(results, own, preset):
        print(*found, sep="\n", file=sys.stderr)
        return 1
    shutil.rmtree(reference, ignore_errors=True)
    (reference / "summary").mkdir(parents=True)
    for path in results.glob("summary/*.parquet"):
        shutil.copy(path, reference / "summary")
    keep(results, own, reference)
    for name in ("claims.parquet", "claims.md"):
        shutil.copy(results / name, reference)
    if asked.figures:
        (reference / "figures").mkdir()
        for name in sorted(shown()):
            shutil.copy(results / "figures" / name, reference / "figures")
    (reference / "README.md").write_text(account(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
