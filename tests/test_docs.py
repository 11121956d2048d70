"""What docs say of modules, names, columns, targets and papers is so, and whole; their links are there, their sentences short."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import check_config
import environment
import pyarrow as pa
import pytest
import yaml
from conftest import ROOT

from lazytraining.claims.ledger import CLAIMS
from lazytraining.config import catalogue, kinds
from lazytraining.config.experiments import Config
from lazytraining.files import schemas
from lazytraining.models import tables as models
from lazytraining.student.problem import Stream
from lazytraining.workflow import cost

PACKAGES = [path for path in (ROOT / "scripts/lazytraining").iterdir() if (path / "__init__.py").exists()]
CAPTIONS = [path for path in ROOT.glob("docs/captions/*.rst") if path.stem != "start"]  # a page of HTML
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *(ROOT / f"{folder}/README.md" for folder in ("config", "profiles", "docs/reference")),
]
SOURCES = [path for folder in ("scripts", "tools") for path in (ROOT / folder).rglob("*.py")]
CITED = re.compile(r"\b[A-Z]\w+(?:(?:, [A-Z]\w+)* and [A-Z]\w+| et al\.) (?:19|20)\d\d")
NUMBERED = re.compile(r"(?<![\w)\]])\[\d+\](?!\()")


@pytest.fixture(scope="module")
def paper() -> Config:
    """The paper preset."""
    return check_config.load()


def tables(page: str) -> list[list[list[str]]]:
    """The tables of a page, each a list of rows of cells."""
    text = (ROOT / "docs" / page).read_text()
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[line.strip()[1:-1].split("|") for line in table.splitlines()] for table in found]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


RUNNING = tables("running.md")
"""Its tables: presets, targets of Snakemake, those of make, results, messages."""
MAKE = set(re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split())


def test_the_architecture_names_every_module_and_no_other():
    named = {}
    for (package, _), _, *rows in (table for table in tables("architecture.md") if len(table[0]) == 2):
        if found := names(package):
            named[found[0]] = [name for module, _ in rows for name in names(module)]
    there = {
        package.name: sorted(path.stem for path in package.glob("*.py") if path.stem != "__init__")
        for package in PACKAGES
    }
    assert {package: sorted(modules) for package, modules in named.items()} == there


SCHEMAS = [one for module in (schemas, models) for one in vars(module).values() if isinstance(one, pa.Schema)]


def column(name: str) -> str:
    """A column without the statistic over seeds behind its name."""
    return re.sub(rf"_({'|'.join(schemas.STATISTICS)})$", "", name)


def test_the_model_names_every_column_and_the_symbols_names_exist():
    keys = {"landscape", "seed"}
    for kind in (kinds.Descent, kinds.Population):
        keys |= set(kind.model_fields)
    columns = {column(name) for schema in SCHEMAS for name in schema.names}
    found = set()
    for head, _, *rows in tables("model.md"):
        for row in rows:
            for title, cell in zip(head, row, strict=True):
                if title.strip() == "in the configuration":
                    assert set(names(cell)) <= keys
                found |= set(names(cell)) if title.strip() == "in files" else set()
    assert found == columns | {"start", "end"}  # of the weights' files


def test_running_lists_every_target_of_snakemake_and_of_make():
    snakemake, make = ({name for row in rows for name in names(row[0])} for _, _, *rows in RUNNING[1:3])
    assert snakemake == catalogue.TARGETS | {"plateau"}  # one of the experiments
    assert {name.split()[1] for name in make} == MAKE


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_documents_ask_of_make_is_there(page):
    asked = re.findall(r"(?:`|^ {4})make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE)
    assert set(asked) <= MAKE


def test_paths_of_runs_are_as_they_are_told(paper):
    (told,) = {name for row in RUNNING[3][2:] for name in names(row[0]) if name.startswith("runs/")}
    page = (ROOT / "docs/running.md").read_text()
    template, example = re.search(r"RUN is `(.*?)`.*?`plateau` has `(.*?)`", page, re.DOTALL).groups()
    (run,) = paper.jobs["plateau"][example]
    assert run.path == example and told == "runs/E/RUN.parquet"
    parts = [[part.split("~")[0] for part in path.split("/")] for path in (template, example)]
    assert parts[0] == parts[1] == list(run._fields[1:])


def test_stable_has_every_stream_and_the_pythons_of_the_packages():
    promises, streams = tables("stable.md")
    told = {int(k) for row in streams[2:] for k in re.findall(r"\d+", row[0])}
    assert told == set(Stream)
    (python,) = [row[1] for row in promises if row[0].strip() == "Python"]
    first, *_, last = ((3, int(minor)) for minor in re.findall(r"3\.(\d+)", python))
    assert (first, last) == (environment.OLDEST, environment.NEWEST)
    allowed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert allowed == f">=3.{first[1]},<3.{last[1] + 1}"


def test_tests_lie_in_folders_of_what_they_test():
    folders = {
        path.parent.relative_to(ROOT / "tests").parts[:1] for path in ROOT.glob("tests/*/**/test_*.py")
    }
    assert {folder for (folder,) in folders} <= {package.name for package in PACKAGES} | {"tools"}


def test_make_help_lists_every_target():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    told = re.findall(r"^([a-z-]+) +\S", done.stdout, re.MULTILINE)
    assert sorted(told) == sorted(MAKE)


def without_code(text: str) -> str:
    """A page whose blocks of code are left out, and whose code in a line is one word."""
    text = re.sub(r"^```.*?^```|^ {4}[^\n]*|\{[{%].*?[%}]\}", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"``.*?``|`[^`]*`", "code", text)


def sentences(text: str) -> list[str]:
    """Those of a page's paragraphs and lists."""
    lines = re.sub(r"<[^>]*>|^(#|\|).*$", "", without_code(text), flags=re.MULTILINE).splitlines()
    items = (re.sub(r"^\s*([*-]|\d+\.) ", "\n", line) for line in lines)
    paragraphs = re.split(r"\n\s*\n", "\n".join(items))
    found = (re.split(r"(?<=[.?!])[*_)\"]*\s", " ".join(one.split())) for one in paragraphs)
    return [sentence for one in found for sentence in one if re.search(r"\w", sentence.replace("code", ""))]


@pytest.mark.parametrize("page", [*PAGES, *CAPTIONS], ids=lambda path: str(path.relative_to(ROOT)))
def test_sentences_are_short(page):
    words = [len(re.findall(r"\S*\w\S*", sentence)) for sentence in sentences(page.read_text())]
    assert sum(words) / len(words) < 17


def test_sentences_are_counted():
    text = "# No. Title\n\nOne two `x. y`. Three\nfour?\n\n* Five.\n* Six [s. t](u.md) 7.5\n\n    no code\n\n| no | table |\n"
    found = ["One two code.", "Three four?", "Five.", "Six [s.", "t](u.md) 7.5"]
    assert sentences(text) == found


def test_rules_that_documents_run_are_there():
    commands = re.compile(r"(?:run_script\.py|slurm-array-jobs:|--forcerun) ([a-z_]+)")
    named = {name for page in PAGES for name in commands.findall(page.read_text())}
    assert len(named) > 2 and named <= catalogue.RULES


def test_the_paper_presets_operations_are_those_of_the_table(paper):
    (table,) = [table for table in tables("performance.md") if "operations" in table[0][-1]]
    told = {tuple(names(row[0])): (int(row[1]), float(row[3])) for row in table[2:]}
    assert {name for of in told for name in of} == set(paper.sweeps)
    total = 0, 0.0
    for of, (runs, operations) in told.items():
        if of:  # the last row that has no experiment is the sum
            jobs = [paper.job(paper.runs[name]) for name in of]
            found = sum(len(job.keys) for job in jobs), sum(map(cost.operations, jobs))
            assert (runs, operations) == (found[0], pytest.approx(found[1], abs=6e11)), of
            total = total[0] + found[0], total[1] + found[1]
    assert told[()] == (total[0], pytest.approx(total[1], abs=3e12))


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 1200


def test_links_and_pictures_are_there():
    found = 0
    for page in PAGES:
        text = re.sub("<!--.*?-->", "", page.read_text(), flags=re.DOTALL)
        for path, source in re.findall(r'\]\((?!http|#)([^)#]+)[^)]*\)|(?:src|href)="([^"]+)"', text):
            assert (page.parent / (path or source)).exists(), f"{page}: {path or source}"
            found += 1
    assert found > 80


def texts() -> Iterator[tuple[Path, str]]:
    """All documents without their code, and all docstrings."""
    for page in (*PAGES, *CAPTIONS):
        yield page, " ".join(without_code(page.read_text()).split())
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                yield source, " ".join(str(node.value.value).split())


def test_every_paper_that_is_cited_is_among_the_references():
    (table,) = tables("references.md")
    listed, seen = {row[0].strip() for row in table[2:]}, set()
    for path, text in texts():
        cited = set(CITED.findall(text))
        assert cited <= listed, path
        assert path.name == "references.md" or not NUMBERED.search(text), path
        seen |= cited if path.name != "references.md" else set()
    assert len(seen) > 5


def test_version_and_date_are_one():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    number, date = re.search(
        r"^## (\S+) \((.*)\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    ).groups()
    assert citation["version"] == version
    assert version.removesuffix(".dev0") == number
    assert date == str(citation.get("date-released", "not released yet"))
    assert ("date-released" in citation) == (not version.endswith(".dev0"))


def test_the_tags_message_is_the_changelogs(tmp_path):
    """By the command of CONTRIBUTING.md, in a repository of its own."""
    changes = (ROOT / "CHANGELOG.md").read_text()
    (tmp_path / "CHANGELOG.md").write_text(f"{changes}\n## 0.9.0 (2020-01-01)\n\n* Older.\n")
    (command,) = re.findall(
        r"^ +(awk .*\\\n.*git tag .*)$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
    )
    run = {"cwd": tmp_path, "check": True, "capture_output": True, "text": True}
    subprocess.run(["git", "init", "-q"], **run)
    git = "git -c user.name=a -c user.email=a@example.org"
    subprocess.run(
        f"{git} commit -q --allow-empty -m a; {command.replace('git tag', f'{git} tag')}", shell=True, **run
    )
    told = subprocess.run(["git", "tag", "-l", "--format=%(contents)"], **run).stdout.strip()
    title, _, body = told.partition("\n")
    first = re.search(r"^## (\S+) .*\n((?:.*\n)*)", changes, re.MULTILINE)
    assert title.endswith(f": {first[1]}") and body.split() == first[2].split()
    assert "Older" not in told


def test_claims_lists_each_sentence_of_the_note_with_its_rows():
    sentences, ours, later = tables("claims.md")[:3]
    rows = {}
    for claim in CLAIMS:
        if claim.quote:
            rows.setdefault((claim.section.replace("§", ""), claim.quote), []).append(claim.id)
    told = {
        (section.strip(), quote.strip().replace("\\", "")): ids.strip()
        for section, quote, ids in sentences[2:]
    }
    assert told == {sentence: ", ".join(ids) for sentence, ids in rows.items()}
    assert {id.strip(): text.strip() for id, text in ours[2:]} == {
        claim.id: claim.text for claim in CLAIMS if claim.section == "ours"
    }
    told = {when.strip(): ids.strip() for when, ids in later[2:]}
    late = {claim.criterion_set for claim in CLAIMS} - {""}
    assert told == {
        when: ", ".join(claim.id for claim in CLAIMS if claim.criterion_set == when) for when in late
    }
