"""What comes from a file is one line of text wherever it is shown: in the report, on a page, in a terminal."""

import html
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from docutils.core import publish_parts

from lazytraining.claims import pages
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
    table = pa.table({"a": [1]}).replace_schema_metadata({"commit": hostile, hostile: "1"})
    pq.write_table(table, path)
    command = [sys.executable, str(ROOT / "tools/provenance.py"), str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(printed.rstrip("\n").split("\n")) == 3 and all(map(str.isprintable, printed.split("\n")))


def test_the_start_page_gets_lines(hostile, tmp_path):
    path = tmp_path / "run.parquet"
    table = pa.table({"experiment": [hostile], "seed": [0], "wall_seconds": [1.0]})
    names = ("commit", "machine", "torch", "date")
    pq.write_table(table.replace_schema_metadata(dict.fromkeys(names, hostile)), path)
    page = report.runs([path])
    shown = [*page["experiments"], *page["days"], *page["commit"], *page["machine"], *page["torch"]]
    assert len(shown) == 5 and all(map(str.isprintable, shown))


def test_no_caption_takes_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("DOCUTILSCONFIG", str(Path(ROOT, "docs/captions/docutils.conf")))
    for directive in (".. include:: {}", ".. raw:: html\n   :file: {}"):
        page = publish_parts(directive.format(tmp_path / "secret"), writer="html")["body"]
        assert SECRET not in page
