"""Take finished results for reference: averages, the ledger and all that it was judged from, and the figures that documents show.

Those of results/paper go to docs/reference/paper, and replace what is there once all is read. What was run where, when and for how long goes
into README.md there, from the provenance of the files. Only a whole preset is taken, as it is configured, from commits in this history, and of
each script only what one state of its code has made. With --only the results need nothing but those experiments: the others stay as they are,
and `tools/judge.py` is then to judge the ledger again.

Ends with 0; with 1 and a line for each reason if the results are not such; with 2 if the arguments are wrong.
"""

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__, usage="%(prog)s RESULTS [--figures] [--only EXPERIMENT ...]")
PARSER.add_argument("results", type=Path, help="a folder of finished results, such as results/paper")
PARSER.add_argument("--figures", action="store_true", help="with the pictures")
PARSER.add_argument(
    "--only", metavar="EXPERIMENT", nargs="+", default=[], help="take these anew, and leave the others"
)
if __name__ == "__main__":
    _terminal.begin(PARSER)

import _account
import _commits
import check_config
import judge_claims
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lazytraining.config import catalogue, experiments, names
from lazytraining.config.kinds import AnyModel, Kind, Neurons, Phase, Sweep
from lazytraining.files import parquet, provenance, schemas
from lazytraining.models import tables
from lazytraining.workflow.inputs import Inputs

ROOT = Path(__file__).resolve().parents[1]
TRAINED = {
    Sweep: ("train_students", "runs", schemas.KEYS),
    AnyModel: ("train_model", "model_runs", [*tables.KEYS, "step"]),
    Phase: ("train_phase", "phase_runs", schemas.PHASE_KEYS),
    Neurons: ("train_neurons", "neurons", ["experiment", "tau", "seed"]),
}
"""Of each kind: the script that trains, the folder of its runs, and what makes the key of one."""
MADE = {
    "curves": "train_students",
    "model_curves": "train_model",
    "paths": "train_neurons",
    "baselines": "measure_baselines",
    "surfaces": "measure_landscape",
    "endpoints": "measure_landscape",
    "spectra": "measure_spectra",
}
"""The script behind each kind of evidence that is no experiment's table."""
SUMMARISED = {
    "train_students": "summarise_runs",
    "train_model": "summarise_models",
    "train_phase": "summarise_phase",
}
DRAWN = {Sweep: "plot_experiment", AnyModel: "plot_model", Phase: "plot_phase", Neurons: "plot_neurons"}


@dataclass(frozen=True)
class Part:
    """Files that one script has made for an experiment, for a part of the theory, or for no one in particular.

    `of` says what they hold, `schema` is of those that a reference has together in one file. What `stays` is in the reference already.
    """

    name: str
    of: str
    script: str
    paths: tuple[Path, ...]
    schema: pa.Schema | None = None
    stays: bool = False

    @property
    def place(self) -> Path | None:
        """Where a reference has it; runs stand in their table alone."""
        if self.schema:
            return Path(self.of, f"{self.name}.parquet")
        folder = {"table": "tables", "averages": "summary", "picture": "figures", "claims": "."}.get(self.of)
        return Path(folder, self.paths[0].name) if folder else None

    @property
    def title(self) -> str:
        return self.name if self.of == "runs" else f"{self.name}, {self.of}"


def of_kind(one: Kind, table: dict) -> object:
    """What the table has for an experiment's kind."""
    return next(value for kind, value in table.items() if isinstance(one, kind))


def parts(results: Path, config: experiments.Config, pictures: Iterable[str] = ()) -> Iterator[Part]:
    """All that a reference is made of."""
    inputs = Inputs(config)

    def there(paths: list[str]) -> tuple[Path, ...]:
        return tuple(results / path.removeprefix("<results>/") for path in paths)

    for name, one in config.experiments.items():
        script, folder, _ = of_kind(one, TRAINED)
        yield Part(name, "runs", script, there(inputs.of_jobs(folder, name)))
        if not isinstance(one, Neurons):
            yield Part(name, "table", script, (results / f"tables/{name}.parquet",))
            yield Part(name, "averages", script, (results / f"summary/{name}.parquet",))
    read = [entry for entry in catalogue.FIGURES.values() if "baselines" in entry.reads]
    drawn = {name for entry in read for name in entry.reads["baselines"] or entry.experiments}
    for of, script in MADE.items():
        names = {*inputs.claiming(of), *(drawn & config.sweeps.keys() if of == "baselines" else ())}
        for name in sorted(names):
            yield Part(name, of, script, there(inputs.data[of](name)), judge_claims.KINDS[of][0])
    for part, schema in judge_claims.THEORY.items():
        if paths := inputs.theory(part):
            yield Part(part, "theory", f"measure_theory_{part}", there(paths), schema)
    yield Part("ledger", "claims", "judge_claims", (results / "claims.parquet",))
    for name in sorted(pictures):
        yield Part(name, "picture", drawing(Path(name).stem, config), (results / "figures" / name,))


def drawing(picture: str, config: experiments.Config) -> str:
    """The script that draws a picture."""
    if figure := catalogue.FIGURES.get(picture):
        return figure.script or f"plot_{picture}"
    if one := config.experiments.get(picture):
        return of_kind(one, DRAWN)
    return "plot_landscape" if picture.startswith("figure_2_") else f"plot_{picture}"


def only(chosen: Iterable[str], found: list[Part], reference: Path, config: experiments.Config) -> list[Part]:
    """Of these parts those of the experiments that are chosen; any other as the reference has it."""
    anew = set(chosen)

    def stays(part: Part) -> Part:
        where = (reference / part.place,) if part.place else ()
        return replace(part, paths=where, stays=True)

    return [part if anew & behind(part, config) else stays(part) for part in found]


def behind(part: Part, config: experiments.Config) -> set[str]:
    """Experiments that a part is made of; the ledger is judged apart."""
    if part.of in ("surfaces", "endpoints") or part.script == "plot_landscape":
        return set(names.LANDSCAPES)
    if part.script == "plot_models":
        return set(config.of_kind(AnyModel))
    figure = catalogue.FIGURES.get(Path(part.name).stem) if part.of == "picture" else None
    return set(figure.experiments) if figure else {Path(part.name).stem}


def refusals(
    results: Path, own: experiments.Config, preset: experiments.Config, made: Iterable[Part]
) -> list[str]:
    """Why these parts are no reference: what is missing, of another configuration, code or commit, a line each."""
    as_configured = "is not the preset's; expected it as it is configured"
    found = [
        f"{results}/config.yaml: {name} {as_configured}"
        for name in sorted({*own.experiments, *preset.experiments})
        if own.experiments.get(name) != preset.experiments.get(name)
    ]
    sections = type(own).model_fields.keys() - {"results", "execution", "experiments"}
    found += [
        f"{results}/config.yaml: {name} {as_configured}"
        for name in sorted(sections)
        if getattr(own, name) != getattr(preset, name)
    ]
    commits, codes, lacking = {}, {}, set()
    for part in made:
        if absent := [path for path in part.paths if not path.is_file()]:
            many = f", with {len(absent) - 1} more of {len(part.paths)}" * (len(absent) > 1)
            if part.name not in lacking:  # what is made of it is missing too
                found.append(f"{absent[0]}: missing{many}; expected all that is configured")
            lacking.add(part.name)
            continue
        try:
            told = {path: provenance.of(path) for path in part.paths}
            found += runs_apart(part, own)
        except (OSError, ValueError, pa.ArrowException) as error:
            found.append(f"{part.paths[0]}: not readable ({' '.join(str(error).split())})")
            continue
        made_from = {(said.get("configuration"), said.get("settings")): path for path, said in told.items()}
        found += [
            f"{path}: made from another configuration; expected that of config.yaml beside it"
            for (configuration, settings), path in made_from.items()
            if not fits(part, configuration, settings, own)
        ]
        for path, said in told.items():
            for commit in said.get("commit", "unknown").split(", "):  # of several files in one
                commits.setdefault(commit, path)
            for script, code in made_by(part, said):
                codes.setdefault(script, {}).setdefault(code, {})[part.title] = None
    for script, made in codes.items():
        if len(made) > 1:
            several = " and ".join(f"{code} in {listed(list(titles))}" for code, titles in made.items())
            found.append(f"{results}: {script} has the code {several}; expected one state of it")
    found += [
        f"{path}: made at commit {commit}; {why}"
        for commit, path in commits.items()
        if (why := _commits.unfit(commit))
    ]
    return list(dict.fromkeys(found))  # paths of neurons are runs and evidence


def listed(titles: list[str]) -> str:
    return titles[0] + f" and {len(titles) - 1} more" * (len(titles) > 1)


def made_by(part: Part, said: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Scripts that a file comes from, and the digests of their code."""
    code = said.get("code", "unknown")
    if part.of in ("table", "averages"):
        yield SUMMARISED[part.script], code
        code = said.get("run_code", "unknown")
    for one in code.split():
        yield part.script, one


def fits(part: Part, configuration: str | None, settings: str | None, own: experiments.Config) -> bool:
    """Whether files that say this of it were made from this configuration: runs and tables of runs by a digest of their
    experiment, anything else by the settings that it depends on."""
    if part.of == "claims" and part.stays:  # judged here, and again after this
        return True
    trained = part.of in ("runs", "table", "averages", "curves", "model_curves")
    if trained and part.script != "train_neurons":
        return configuration == own.digest(part.name)
    if configuration == own.digest():
        return True
    sections = json.loads(settings or "{}")
    names = sections.pop("experiments", {})
    if part.of == "claims":
        names, sections = catalogue.EVIDENCE, ("landscape", "theory")
    elif part.script == "plot_models":
        names = own.of_kind(AnyModel)
    return settings in (own.settings(names, sections, swept=swept) for swept in (True, False))


def runs_apart(part: Part, own: experiments.Config) -> list[str]:
    """What a table lacks or has beyond the runs and seeds that are configured."""
    one = own.experiments.get(part.name)
    if one is None or not (part.of == "table" or (part.schema and "seed" in part.schema.names)):
        return []
    keys = [key for key in of_kind(one, TRAINED)[2] if part.schema is None or key in part.schema.names]
    rows = pa.concat_tables(pq.read_table(path, columns=keys, partitioning=None) for path in part.paths)
    rows = rows.filter(pc.equal(rows["experiment"], part.name)).group_by(keys).aggregate([])
    seeds, where = set(rows["seed"].to_pylist()), part.paths[0]
    if seeds != set(one.seeds):
        return [f"{where}: {len(seeds)} seeds; expected the {len(one.seeds)} that are configured"]
    if len(rows) != (expected := configured(one)):
        return [f"{where}: {len(rows)} runs; expected the {expected} that are configured"]
    if isinstance(one, Sweep) and set(zip(*rows.to_pydict().values(), strict=True)) != set(
        own.runs[part.name]
    ):
        return [f"{where}: other runs than are configured; expected those {expected}"]
    return []


def configured(one: Kind) -> int:
    """How many runs an experiment has, a twin and its module as one."""
    if isinstance(one, Phase):
        return sum(len(one.starts(m)) for m in one.m) * len(one.coupling) * len(one.seeds)
    if isinstance(one, AnyModel):
        return len(one.alpha) * len(one.tau) * len(one.step) * len(one.seeds)
    return len(one.tau) * len(one.seeds) if isinstance(one, Neurons) else one.count


def together(part: Part, target: Path) -> None:
    """The rows of these files in one, which says of each thing all that they say of where they come from."""
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = parquet.read(part.paths, part.schema)
    rows = rows.replace_schema_metadata(agreed(map(provenance.of, part.paths)))
    pq.write_table(rows, target, compression="zstd", write_page_checksum=True)


def agreed(origins: Iterable[dict[str, str]]) -> dict[str, str]:
    """What several files say: one value where they agree, from which date to which, else all values."""
    values = {}
    for said in origins:
        for name, value in said.items():
            values.setdefault(name, set()).add(value)
    return {
        name: (" to " if name == "date" else ", ").join(
            _account.ends(found) if name == "date" else sorted(found)
        )
        for name, found in values.items()
    }


def shown() -> set[str]:
    """Names of the pictures of the paper preset that README.md and the documents show, or will once they are there."""
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    place = re.compile(r"reference/paper/figures/([\w=]+\.(?:png|gif))")
    return {name for path in texts for name in place.findall(path.read_text(encoding="utf-8"))}


def build(found: list[Part], before: str, reference: Path) -> None:
    """A reference of what is left of these parts, beside the README.md of what stays. Raises OSError or Damaged."""
    for part in found:
        if part.place is None:
            continue
        target = reference / part.place
        target.parent.mkdir(parents=True, exist_ok=True)
        if part.schema:
            together(part, target)
        else:
            shutil.copy(*part.paths, target)
        if part.of == "claims":
            shutil.copy(part.paths[0].with_suffix(".md"), reference)
    (reference / "README.md").write_text(_account.account(found, before), encoding="utf-8")


def take(found: list[Part], reference: Path) -> None:
    """Put a reference of these parts into the place of the one that is there, which stays until all is read. Raises OSError or Damaged."""
    with tempfile.TemporaryDirectory(prefix=".", dir=reference.parent) as folder:
        new, old = Path(folder, "new"), Path(folder, "old")
        told = reference / "README.md"
        build(found, told.read_text(encoding="utf-8") if any(part.stays for part in found) else "", new)
        if reference.exists():
            reference.rename(old)
        try:
            new.rename(reference)
        except OSError:
            old.rename(reference)
            raise


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    results = asked.results
    reference = ROOT / "docs/reference" / results.resolve().name
    has_some = bool(asked.only) and (reference / "figures").is_dir()
    pictures = shown() if asked.figures or has_some else set()
    overlay = ROOT / f"config/{reference.name}.yaml"
    try:
        preset = check_config.load(*([overlay] if overlay.is_file() else []))
        own = experiments.load(experiments.read_yaml(results / "config.yaml"))
        made = list(parts(results, own, pictures))
        found = [
            f"--only: {name} is not allowed; expected experiments of {results}/config.yaml"
            for name in asked.only
            if name not in own.experiments
        ]
        if asked.only:
            made = only(asked.only, made, reference, own)
        if not (found := found or refusals(results, own, preset, made)):
            take(made, reference)
    except OSError as error:
        found = [f"{error.filename}: {error.strerror}"]
    except (parquet.Damaged, experiments.ConfigError) as error:
        found = [str(error)]
    if found:
        print(*found, sep="\n", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
