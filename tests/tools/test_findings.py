"""README.md, the gallery and the findings say what the reference's ledger says, and that ledger is of today's claims."""

import re

import findings
import pandas as pd
import publish
import pytest
from conftest import ROOT

from lazytraining.claims.ledger import CLAIMS

TEXT = (ROOT / "docs/findings.md").read_text()
LEDGER = pd.read_parquet(findings.LEDGER)


def test_findings_have_the_ledgers_numbers_and_verdicts():
    assert len(findings.NUMBER.findall(TEXT)) > 20
    assert len(findings.VERDICT.findall(TEXT)) > 6
    assert len(findings.VERDICT.findall((ROOT / "README.md").read_text())) > 6
    assert len(findings.VERDICT.findall((ROOT / "docs/gallery.md").read_text())) > 20
    for path in findings.TEXTS:
        assert findings.refreshed(path.read_text(), LEDGER) == path.read_text()


def test_every_number_with_an_interval_names_its_claim():
    left = findings.NUMBER.sub("", TEXT)
    assert not re.search(r"\d \[\S+, \S+\]", left)
    assert "`?`" not in TEXT and "**?**" not in TEXT


def test_every_open_row_has_what_would_decide_it():
    table = TEXT.partition("## What is open\n")[2]
    told = re.findall(r"^\| (\d+[a-h]?) \|.*\| (.+) \|$", table, re.MULTILINE)
    still = LEDGER[LEDGER["verdict"] == "not decided"]
    assert {claim for claim, _ in told} == set(still["id"]) and all(how for _, how in told)
    notes = still[still["section"] != "ours"]["id"]
    assert [claim for claim, _ in told][: len(notes)] == list(notes) and len(notes) <= 5


def test_the_ledger_is_of_todays_claims():
    rows = LEDGER.set_index("id")
    assert dict(rows["claim"]) == {claim.id: claim.text for claim in CLAIMS}


def test_pictures_come_out_of_their_comment_once_they_are_there(tmp_path):
    """And the README's first link is the site's, once it has an address."""
    for path in findings.TEXTS:
        text = path.read_text()
        assert findings.linked(findings.pictured(text, ROOT / "docs"), publish.hosted()) == text
    text = "a\n\n<!-- <img src='reference/paper/figures/a.png'>\n[b](reference/paper/figures/b.png) -->\n\n<!-- c -->\n"
    assert findings.pictured(text, tmp_path) == text
    (tmp_path / "reference/paper/figures").mkdir(parents=True)
    for name in "ab":
        assert findings.pictured(text, tmp_path) == text
        (tmp_path / f"reference/paper/figures/{name}.png").touch()
    there = (
        "a\n\n<img src='reference/paper/figures/a.png'>\n[b](reference/paper/figures/b.png)\n\n<!-- c -->\n"
    )
    assert findings.pictured(text, tmp_path) == there


def test_the_readmes_first_link_is_the_sites():
    text = (ROOT / "README.md").read_text()
    with_link = findings.linked(text, "https://site.example/")
    assert re.search(r"\]\(([^)]*)\)", with_link)[1] == "https://site.example/"
    assert len(with_link.split()) <= 1200
    assert findings.linked(with_link, publish.hosted()) == text


def test_refreshing_takes_the_numbers_of_another_ledger():
    text = "It is `1` (claim 4.2), **x**\n(claims 4, 5), `2 [1, 3]` (claim 5.1)."
    rows = [
        ("4", "a: 7 (3 seeds); b, c: 8e-05 [1, 2] (3 seeds)", "artefact"),
        ("5", "a: -1 (1 seed)", "artefact"),
    ]
    ledger = pd.DataFrame(rows, columns=["id", "measured", "verdict"])
    expected = "It is `8e-05 [1, 2]` (claim 4.2), **artefact**\n(claims 4, 5), `-1` (claim 5.1)."
    assert findings.refreshed(text, ledger) == expected
    with pytest.raises(ValueError, match="claim 5 has no value 2"):
        findings.refreshed("`1` (claim 5.2)", ledger)
    with pytest.raises(ValueError, match="claim 6 is not in the ledger"):
        findings.refreshed("**x** (claim 6)", ledger)
    with pytest.raises(ValueError, match="different verdicts"):
        findings.refreshed("**x** (claims 4, 5)", ledger.assign(verdict=["a", "b"]))
