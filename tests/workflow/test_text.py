"""What comes from a file is one line of text wherever it is shown: in the report, on a page, in a terminal."""

import html
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from docutils.core import publish_parts
from tiny import TINY

from lazytraining.claims import words
from lazytraining.config import experiments
from lazytraining.files import parquet
from lazytraining.workflow import jobs, report, text

SECRET = "what no report may have in it"
HOSTILE = [
    "x\n\n.. include:: {file}\n",
    "x\n\n.. raw:: html\n   :file: {file}\n",
    "x\u2028\u2028.. include:: {file}\u2028",
    "*a* **b** `c <{file}>`_ |d| e_ ``f`` [1]_ :math:`g` http://h.org \\\\",
    "<script>alert(1)</script> & \"quotes\" 'more'",
    "\x1b[2J\x1b]0;title\x07 \x9b31m \u202eturned",
]


@pytest.fixture(params=HOSTILE)
def hostile(request, tmp_path) -> str:
    (tmp_path / "secret").write_text(SECRET)
    return request.param.format(file=tmp_path / "secret")


def shown(page: str) -> str:
    """What a page shows."""
    found = []
    parser = HTMLParser()
    parser.handle_data = found.append
    parser.feed(page)
    return " ".join("".join(found).split())


def test_in_a_caption_it_is_text_to_the_letter(hostile):
    page = publish_parts(f"Before {text.for_rest(hostile)}, after.", writer="html")["body"]
    assert shown(page) == f"Before {text.one_line(hostile)}, after."
    assert SECRET not in page and not any(
        tag in page for tag in ("<a ", "<em", "<strong", "<script", "system-message")
    )


def test_in_the_ledger_it_is_text_to_the_letter(hostile):
    """As the start page has it, in rows of another's claims.parquet."""
    row = dict.fromkeys(
        (
            "id",
            "section",
            "quote",
            "claim",
            "measured",
            "criterion",
            "criterion_set",
            "verdict",
            "reason",
            "figure",
        )
    )
    clean = words.table([dict.fromkeys(row, "x")], html.escape, {})
    page = words.table([dict.fromkeys(row, text.one_line(hostile))], html.escape, {})
    assert page.count("<") == clean.count("<") and shown(page).count(text.one_line(hostile)) == 10


def test_in_a_terminal_it_steers_nothing(hostile, tmp_path):
    path = tmp_path / "run.parquet"
    said = {"commit": hostile, hostile: "1", "settings": json.dumps({"d": 2, hostile: [hostile]})}
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata(said), path)
    command = [sys.executable, str(ROOT / "tools/provenance.py"), str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(printed.rstrip("\n").split("\n")) == 5 and all(map(str.isprintable, printed.split("\n")))


CONFIG = experiments.load({"results": "results", "experiments": {"own": TINY}})
FIELDS = (
    "id",
    "section",
    "quote",
    "claim",
    "measured",
    "criterion",
    "criterion_set",
    "verdict",
    "reason",
    "figure",
    "paper",
)


def describer(path: Path, experiment: str = "own") -> SimpleNamespace:
    """A job, as far as the report asks it, that has described an experiment's runs in a file."""
    return SimpleNamespace(output=SimpleNamespace(trained=str(path)), wildcards={"experiment": experiment})


@pytest.fixture
def described(tmp_path) -> Path:
    """What is said of a run."""
    said = json.dumps({"commit": ["a"]})
    table = pa.table({"seed": [0], "wall_seconds": [2.0]}).replace_schema_metadata({"origins": said})
    jobs.describe(table, tmp_path / "own.json")
    return tmp_path / "own.json"


def changed(**content) -> Callable[[Path], None]:
    """Writes something else into what is said."""

    def harm(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | content))

    return harm


HARM = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "of no bytes": lambda path: path.write_bytes(b""),
    "of zeros": lambda path: path.write_bytes(bytes(999)),
    "no JSON": lambda path: path.write_text("run,loss\n0,1\n"),
    "a list": lambda path: path.write_text("[1]"),
    "nested without end": lambda path: path.write_text("[" * 10**6),
    "not UTF-8": lambda path: path.write_bytes(b"\xe9"),
    "without seeds": changed(seeds=None),
    "with no count": changed(runs="many"),
    "of origins that are no text": changed(origins={"commit": [1]}),
    "of origins that are no list": changed(origins="a"),
}


@pytest.mark.parametrize("kind", HARM)
def test_a_report_names_what_is_damaged_and_counts_the_rest(described, kind, caplog):
    harmed = described.with_name("harmed.json")
    shutil.copy(described, harmed)
    HARM[kind](harmed)
    page = report.runs([describer(described), describer(harmed, "other")], CONFIG)
    assert page["experiments"] == {"own": {"runs": 1, "seeds": {0}, "seconds": 2.0, "settings": []}}
    assert page["commit"] == ["a"]
    assert len(page["unreadable"]) == 1 and page["unreadable"][0].startswith(f"{harmed} (")
    assert page["unreadable"][0] in caplog.text


@pytest.mark.parametrize(
    "content", ["", "PAR1", "[1]", '[{"id": "1a"}]', json.dumps([dict.fromkeys(FIELDS, 1)])]
)
def test_a_damaged_ledger_is_named_and_has_no_verdicts(tmp_path, caplog, content):
    (tmp_path / "claims.json").write_text(content)
    assert report.ledger(tmp_path / "claims.json") == []
    assert str(tmp_path / "claims.json") in caplog.text


def test_metadata_that_is_no_text_is_described_as_far_as_it_is(tmp_path):
    table = pa.table(
        {"experiment": ["own"], "m": [1], "alpha": [1.0], "tau": [1.0], "eta": [1.0], "seed": [0]}
    )
    table = table.append_column("wall_seconds", pa.array([1.0]))
    pq.write_table(
        table.replace_schema_metadata({b"commit": b"a\xe9", b"\xe9": b"\xff"}), tmp_path / "own.parquet"
    )
    schema = pq.read_schema(tmp_path / "own.parquet")
    jobs.describe(parquet.read([tmp_path / "own.parquet"], schema), tmp_path / "own.json")
    page = report.runs([describer(tmp_path / "own.json")], CONFIG)
    assert page["commit"] == ["a\N{REPLACEMENT CHARACTER}"]


def test_the_start_page_gets_lines(hostile, tmp_path):
    said = {name: [hostile] for name in ("commit", "machine", "torch", "date", hostile)}
    said["settings"] = [json.dumps({hostile: hostile})]
    table = pa.table({"seed": [0], "wall_seconds": [1.0]})
    jobs.describe(table.replace_schema_metadata({"origins": json.dumps(said)}), tmp_path / "own.json")
    torn = tmp_path / "torn\x1b[2J.json"
    torn.write_text(hostile)
    page = report.runs([describer(tmp_path / "own.json"), describer(torn, "other")], CONFIG)
    assert len(page["unreadable"]) == 1 and page["unreadable"][0].isprintable()
    lines = [*page["days"], *page["commit"], *page["machine"], *page["torch"]]
    lines += [line for row in page["experiments"].values() for line in row["settings"]]
    assert len(lines) == 5 and all(map(str.isprintable, lines))
    (tmp_path / "claims.json").write_text(json.dumps([dict.fromkeys(FIELDS, hostile)]))
    (row,) = report.ledger(tmp_path / "claims.json")
    assert all(map(str.isprintable, row.values()))


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ('{"b": {"d": 1, "e": {}}, "a": [1, "τ"]}', ["b.d 1", "b.e {}", 'a [1, "τ"]']),
        ("{", ["{"]),
        ("3", ["3"]),
        ("[" * 10**5, ["[" * 10**5]),
        ('{"a":' * 10**5, ['{"a":' * 10**5]),
    ],
)
def test_settings_are_a_line_for_each(settings, lines):
    assert text.settings(settings) == lines


@pytest.fixture
def configured(monkeypatch) -> None:
    """docutils as it makes captions."""
    monkeypatch.setenv("DOCUTILSCONFIG", str(ROOT / "docs/captions/docutils.conf"))


def test_a_start_page_of_any_length_is_made(configured):
    """With the links of hundreds of figures on a line."""
    page = publish_parts(f".. raw:: html\n\n   <p>{'link · ' * 10**5}</p>\n", writer="html")["body"]
    assert page.count("link") == 10**5 and "system-message" not in page


def test_no_caption_takes_in_a_file(tmp_path, configured):
    (tmp_path / "secret").write_text(SECRET)
    for directive in (".. include:: {}", ".. raw:: html\n   :file: {}"):
        page = publish_parts(directive.format(tmp_path / "secret"), writer="html")["body"]
        assert SECRET not in page
