"""What comes from a file is one line of text wherever it is shown: in the report, on a page, in a terminal."""

import html
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from docutils.core import publish_parts

from lazytraining.claims import pages
from lazytraining.files import parquet, schemas
from lazytraining.workflow import report, text

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


def words(page: str) -> str:
    """What a page shows."""
    found = []
    parser = HTMLParser()
    parser.handle_data = found.append
    parser.feed(page)
    return " ".join("".join(found).split())


def test_in_a_caption_it_is_text_to_the_letter(hostile):
    page = publish_parts(f"Before {text.for_rest(hostile)}, after.", writer="html")["body"]
    assert words(page) == f"Before {text.one_line(hostile)}, after."
    assert SECRET not in page and not any(
        tag in page for tag in ("<a ", "<em", "<strong", "<script", "system-message")
    )


def test_in_the_ledger_it_is_text_to_the_letter(hostile):
    """As the start page has it, in rows of another's claims.parquet."""
    row = dict.fromkeys(("id", "section", "claim", "measured", "criterion", "verdict", "reason", "figure"))
    clean = pages.table([dict.fromkeys(row, "x")], html.escape)
    page = pages.table([dict.fromkeys(row, text.one_line(hostile))], html.escape)
    assert page.count("<") == clean.count("<") and words(page).count(text.one_line(hostile)) == 8


def test_in_a_terminal_it_steers_nothing(hostile, tmp_path):
    path = tmp_path / "run.parquet"
    said = {"commit": hostile, hostile: "1", "settings": json.dumps({"d": 2, hostile: [hostile]})}
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata(said), path)
    command = [sys.executable, str(ROOT / "tools/provenance.py"), str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(printed.rstrip("\n").split("\n")) == 5 and all(map(str.isprintable, printed.split("\n")))


@pytest.fixture
def run(tmp_path) -> Path:
    """The row of a run."""
    key = {"experiment": "own", "m": 4, "alpha": 1.0, "tau": 1.0, "eta": 0.1, "seed": 0}
    parquet.write(tmp_path / "seed~0.parquet", [key | {"wall_seconds": 2.0, "diverged": False}], schemas.RUN)
    return tmp_path / "seed~0.parquet"


def other(column: str, values: pa.Array) -> Callable[[Path], None]:
    """Writes a run's row with something else in a column."""

    def harm(path: Path) -> None:
        table = pq.read_table(path)
        pq.write_table(table.set_column(table.column_names.index(column), column, [values]), path)

    return harm


LATIN = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xe9"))
HARM = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "of no bytes": lambda path: path.write_bytes(b""),
    "of zeros": lambda path: path.write_bytes(bytes(999)),
    "no Parquet": lambda path: path.write_text("run,loss\n0,1\n"),
    "without rows": lambda path: pq.write_table(pq.read_table(path).slice(0, 0), path),
    "of another table": lambda path: pq.write_table(pa.table({"a": [1]}), path),
    "not UTF-8": other("experiment", LATIN),
    "without times": other("wall_seconds", pa.array([None], pa.float64())),
}


@pytest.mark.parametrize("kind", HARM)
def test_a_report_names_what_is_damaged_and_counts_the_rest(run, kind, caplog):
    harmed = run.with_name("harmed.parquet")
    shutil.copy(run, harmed)
    HARM[kind](harmed)
    page = report.runs([run, harmed])
    assert page["experiments"] == {"own": {"runs": 1, "seeds": {0}, "seconds": 2.0, "settings": []}}
    assert len(page["unreadable"]) == 1 and page["unreadable"][0].startswith(f"{harmed} (")
    assert page["unreadable"][0] in caplog.text


def test_metadata_that_is_no_text_is_shown_as_far_as_it_is(run):
    pq.write_table(pq.read_table(run).replace_schema_metadata({b"commit": b"a\xe9", b"\xe9": b"\xff"}), run)
    assert report.runs([run])["commit"] == ["a\N{REPLACEMENT CHARACTER}"]


def test_a_damaged_ledger_is_named_and_has_no_verdicts(tmp_path, caplog):
    (tmp_path / "claims.parquet").write_bytes(b"PAR1")
    assert report.ledger(tmp_path / "claims.parquet") == []
    assert str(tmp_path / "claims.parquet") in caplog.text


def test_the_start_page_gets_lines(hostile, tmp_path):
    path = tmp_path / "run.parquet"
    table = pa.table({"experiment": [hostile], "seed": [0], "wall_seconds": [1.0]})
    names = ("commit", "machine", "torch", "date")
    said = dict.fromkeys(names, hostile) | {"settings": json.dumps({hostile: hostile})}
    pq.write_table(table.replace_schema_metadata(said), path)
    torn = path.with_name("torn\x1b[2J.parquet")
    torn.write_text(hostile)
    page = report.runs([path, torn])
    assert len(page["unreadable"]) == 1 and page["unreadable"][0].isprintable()
    shown = [*page["experiments"], *page["days"], *page["commit"], *page["machine"], *page["torch"]]
    shown += [line for row in page["experiments"].values() for line in row["settings"]]
    assert len(shown) == 6 and all(map(str.isprintable, shown))


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
