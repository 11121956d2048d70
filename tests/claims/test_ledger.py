"""How a verdict follows from what was measured."""

import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from scipy import stats

from lazytraining.claims import pages, verdict, words
from lazytraining.claims.verdict import Check, Claim, Evidence, LackingError, Samples, Verdict, judge


def check(*values, **bounds) -> Check:
    samples = Samples(pd.Series(values, dtype=float), "students")
    return Check("x", lambda evidence: samples, **bounds)


@pytest.mark.parametrize(
    ("values", "bounds", "holds"),
    [
        ((0.9, 1.0, 1.1), {"low": 0.5}, True),
        ((0.9, 1.0, 1.1), {"low": 1.5}, False),
        ((0.9, 1.0, 1.1), {"low": 1.05}, None),
        ((0.9, 1.0, 1.1), {"high": 1.5}, True),
        ((0.9, 1.0, 1.1), {"low": 0.7, "high": 1.3}, True),
        ((0.9, 1.0, 1.1), {"low": 0.99, "high": 1.01}, None),
        ((0.9, 1.0, 1.1), {"low": 2, "high": 3}, False),
        ((1.0, 1.0), {"low": 0.99, "high": 1.01}, True),
        ((1.0, 1.0), {"low": 1.0}, False),
        ((1.0, 1.0), {"high": 1.0}, False),
        ((1.0,), {"low": 0.5}, None),
        ((), {"low": 0.5}, None),
        ((1.0, math.nan), {"low": 0.5}, None),
        ((1.0, 0.0), {"low": 0.5, "scale": "log"}, None),
        ((1e-3, 1.0, 1e3), {"low": 1e-9, "scale": "log"}, True),
        ((0.999, 1.0, 1.0), {"low": 0.5, "scale": "correlation"}, True),
        ((0.2, 0.9, 1.0), {"low": 0.5, "scale": "correlation"}, None),
        ((1.0, 2.0, 3.0, 4.0, 5.0), {"low": 0.5, "scale": "median"}, None),
        ((1.0, 2.0, 3.0, 4.0, 5.0, 1e9), {"low": 0.5, "scale": "median"}, True),
    ],
)
def test_a_check_is_decided_by_its_whole_interval(values, bounds, holds):
    outcome = verdict.examine(check(*values, **bounds), Evidence())
    assert outcome.holds is holds
    assert bool(outcome.lacks) is (holds is None)


def test_a_single_sample_is_named_in_the_singular():
    outcome = verdict.examine(check(1.0, low=0.5), Evidence())
    assert (outcome.samples, outcome.lacks) == ("1 student", "needs more than one student for x")


@pytest.mark.parametrize(
    ("checks", "artefact", "verdict"),
    [
        ([True, True], [], Verdict.REPRODUCED),
        ([True, False], [], Verdict.PARTLY),
        ([False, False], [], Verdict.NOT),
        ([True, None], [], Verdict.OPEN),
        ([False, None], [], Verdict.OPEN),
        ([True], [False], Verdict.REPRODUCED),
        ([False], [False], Verdict.NOT),
        ([True], [True, True], Verdict.ARTEFACT),
        ([False], [True], Verdict.ARTEFACT),
        ([True], [True, False], Verdict.REPRODUCED),
        ([True], [True, None], Verdict.OPEN),
        ([False], [None], Verdict.NOT),
        ([None], [False], Verdict.OPEN),
    ],
)
def test_verdicts(checks, artefact, verdict):
    assert judge(checks, artefact) is verdict


def test_an_identity_is_shown_and_never_refuted():
    assert judge([True, True], identity=True) is Verdict.IDENTITY
    assert judge([False, False], identity=True) is judge([None], identity=True) is Verdict.OPEN
    claim = Claim("7", "§1", "text", "figure_1", [check(2, 2, high=1)], identity=True)
    assert verdict.entry(claim, Evidence())["reason"] == "It holds by algebra, so these numbers are wrong."


def test_partly_hangs_on_the_best_of_several_and_is_corrected():
    """One of five criteria holds at a level of 4 %, which five have with a fifth's chance; alone it would do."""
    found = np.array([0.0, 1.0, 2.0])
    just = check(*(found - found.mean() + 1.05 * stats.t.ppf(0.975, 2) * stats.sem(found)), low=0)
    never = [check(-9.0, -9.1, low=0) for _ in range(4)]
    claim = Claim("7", "§1", "text", "figure_1", [just, *never])
    assert verdict.examine(just, Evidence()).holds
    row = verdict.entry(claim, Evidence())
    assert (row["verdict"], "Holm" in row["reason"]) == (Verdict.OPEN, True)
    sure = Claim("7", "§1", "text", "figure_1", [check(5.0, 5.01, low=0), *never])
    row = verdict.entry(sure, Evidence())
    assert row["verdict"] == Verdict.PARTLY and 0 < row["chance"] < 0.05


def test_a_claim_whose_parts_can_not_be_had_apart_is_refuted_by_one():
    assert judge([True, False], whole=True) is judge([None, False], whole=True) is Verdict.NOT
    assert (
        judge([True, None], whole=True) is Verdict.OPEN
        and judge([True, True], whole=True) is Verdict.REPRODUCED
    )
    fails, open_ = check(5.0, 5.1, high=1), check(-9.0, 9.0, low=0)
    claim = Claim("7", "§1", "text", "figure_1", [open_, fails], whole=True)
    row = verdict.entry(claim, Evidence())
    assert row["verdict"] == Verdict.NOT and 0 < row["chance"] < 0.05
    just = check(
        *(np.array([0.0, 1.0, 2.0]) - 1 + 1.05 * stats.t.ppf(0.975, 2) * stats.sem([0, 1, 2])), high=0
    )
    claim = Claim("7", "§1", "text", "figure_1", [open_, just], whole=True)
    assert verdict.examine(just, Evidence()).holds is False
    assert verdict.entry(claim, Evidence())["verdict"] == Verdict.OPEN, (
        "the worst of two, by Holm's correction"
    )


def test_a_ledger_says_what_chance_would_do():
    rows = [{"chance": chance} for chance in (0.001, 0.03, 0.04, math.nan)]
    text = "3 verdicts hang on intervals; if each true value lay on its bound, 0.2 of them would be by chance. 1 stay with Holm's correction"
    assert pages.by_chance(rows).startswith(text)
    assert pages.by_chance([{"chance": math.nan}]) == ""


def test_a_premise_that_is_not_met_leaves_the_claim_open():
    assert judge([True], [], [True]) is Verdict.REPRODUCED
    assert judge([True], [], [None]) is judge([False], [], [False]) is Verdict.OPEN
    claim = Claim("7", "§1", "text", "figure_1", [check(2, 2, low=1)], premises=[check(3, 3, high=1)])
    assert verdict.entry(claim, Evidence())["reason"] == "not met: x < 1"


def test_an_entry_says_what_was_measured_and_why():
    reasons = {Verdict.PARTLY: "because."}
    checks = [check(2.09, 2.11, low=1), check(0.1, 0.11, low=1)]
    claim = Claim("7", "§1", "text", "figure_1", checks, reasons=reasons)
    row = verdict.entry(claim, Evidence())
    assert row["verdict"] == "partly reproduced"
    assert row["reason"] == "because."
    assert row["criterion"] == "x > 1; x > 1"
    assert row["low"] < row["value"] < row["high"]
    assert row["value"] == pytest.approx(2.1)
    assert "(2 students)" in row["measured"]
    text = pages.markdown([row], "Ledger")
    assert "partly reproduced 1" in text
    assert "| [7](#claim-7) | 1 | text | ◐ partly reproduced |" in text


def test_a_criterion_that_was_set_later_is_marked_beside_its_verdict():
    late = Claim("7", "§1", "text", "figure_1", [check(2, 2, low=1)], criterion_set=verdict.AFTER_QUICK)
    rows = [verdict.entry(claim, Evidence()) for claim in (late, replace(late, id="8", criterion_set=""))]
    assert [row["criterion_set"] for row in rows] == ["after quick runs were seen", ""]
    text, page = pages.markdown(rows, "Ledger"), words.table(rows, str, {})
    assert "| ✓ reproduced, criterion set later |" in text and "| ✓ reproduced |" in text
    assert "- **reproduced** (criterion set after quick runs were seen): " in text
    assert "- **reproduced**: " in text
    assert "reproduced<small>criterion set later</small></td>" in page
    assert "<p>Criterion, set after quick runs were seen: " in page
    assert "reproduced</td>" in page


def test_a_claim_without_its_experiment_says_what_it_needs():
    def measure(evidence):
        raise LackingError("the experiment width_ntk")

    row = verdict.entry(Claim("12", "§4.5", "text", "width", [Check("x", measure, low=0)]), Evidence())
    assert (row["verdict"], row["reason"]) == ("not decided", "needs the experiment width_ntk")
    assert math.isnan(row["value"])
    assert "not decided" in pages.markdown([row], "Ledger")


HOSTILE = 'a|b\n<script>alert(1)</script> & "c" < d'


def hostile() -> dict:
    """A row of the ledger whose every text has what Markdown and HTML would take for their own."""
    row = verdict.entry(Claim("7", "§1", "text", "figure_1", [check(2, 3, low=1)]), Evidence())
    texts = ("section", "quote", "claim", "measured", "criterion", "criterion_set", "reason", "figure")
    return row | dict.fromkeys(texts, HOSTILE)


class Tags(HTMLParser):
    """Every tag of a page, and its text."""

    def __init__(self, page: str):
        super().__init__()
        self.tags, self.text = set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text += data


def test_texts_are_text_in_html():
    page = Tags(pages.page([hostile()], HOSTILE, {"7": "reproduced"}, HOSTILE))
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) == 10
    linked = Tags(words.table([hostile()], lambda name: "<a href='#'>there</a>", {}))
    assert "a" in linked.tags, "a figure is given as HTML"


def test_what_is_not_decided_folds_into_one_line():
    rows = [
        hostile() | {"id": id, "verdict": verdict}
        for id, verdict in (("1", "reproduced"), ("2", "not decided"))
    ]
    page = words.table(rows, str, {})
    shown, folded = page.split("<details class='undecided'>")
    assert "id='claim-1'" in shown and "1 not decided by these runs" in folded and "id='claim-2'" in folded
    assert "undecided'>" not in words.table(rows[:1], str, {}).split("</style>")[1]


def test_the_paper_presets_verdict_stands_beside_where_it_is_of_the_same_claim():
    other = pq.read_table(ROOT / "docs/reference/paper/claims.parquet").to_pylist()
    rows = [row.copy() for row in other if row["verdict"] == Verdict.REPRODUCED]
    known = {row["id"]: row["verdict"] for row in rows}
    assert pages.beside(rows, other) == {}, "which is what it says itself"
    assert pages.beside(rows, []) == {}
    rows[0] |= {"verdict": "not decided"}
    rows[1] |= {"claim": "another one"}
    beside = pages.beside(rows, other)
    del known[rows[1]["id"]]
    assert beside == known
    page = words.table(rows[:2], str, beside)
    assert page.count("<td data-of='paper preset'>") == 2
    assert f"✓&nbsp;{known[rows[0]['id']]}</td>" in page and "<td data-of='paper preset'>–</td>" in page


def test_texts_stay_in_their_line_and_cell_of_markdown():
    text = pages.markdown([hostile()], HOSTILE, HOSTILE)
    (row,) = [line for line in text.splitlines() if line.startswith("| [7]")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 7
    assert not re.search(r"(?<!\\)<script", text)
    assert len(text.splitlines()) == len(
        pages.markdown([hostile() | {"claim": "text"}], "t", "r").splitlines()
    )


def test_a_claim_that_is_added_to_its_module_is_in_the_ledger(tmp_path):
    """One place: a copy of the library with one more entry in one module."""
    library = tmp_path / "lazytraining"
    shutil.copytree(Path(verdict.__file__).parents[1], library)
    with (library / "claims/beyond.py").open("a") as file:
        file.write(
            'CLAIMS.append(Claim("99", "ours", "One more.", "width", [Check("x", paths_moved(largest=True), 0)]))\n'
        )
    show = "from lazytraining.claims import ledger, pages, verdict; rows = [verdict.entry(c, verdict.Evidence()) for c in ledger.CLAIMS]"
    command = [sys.executable, "-c", f"{show}; print(pages.markdown(rows, 'Ledger'))"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert "| [99](#claim-99) | ours | One more. | ? not decided |" in done.stdout


def test_diverged_runs_are_no_evidence():
    runs = pd.DataFrame({"seed": [0, 1], "diverged": [False, True]})
    assert list(Evidence(runs={"e": runs}).get("runs", "e")["seed"]) == [0]
    assert pages.diverged(Evidence(runs={"e": runs}, models={"f": runs})).endswith(
        "1 of 2 in e, 1 of 2 in f."
    )
    with pytest.raises(LackingError, match="the experiment other"):
        Evidence().get("runs", "other")
