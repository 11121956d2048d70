"""Malformed configurations: each one line in seconds, no code run, nothing written, memory left (docs/reliability.md)."""

import datetime
import math
import resource
import time

import check_config
import pytest
from conftest import Workflow
from hypothesis import given
from hypothesis import strategies as st
from tiny import TINY

from lazytraining.config import experiments
from lazytraining.config.parts import PROBLEM

pytestmark = pytest.mark.workflow

LAUGHS = "".join(
    f"  {b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)
OWN = "experiments:\n  own: {{d: 3, n_train: 20, n_test: 15, teacher_neurons: 3, teacher_gain: 1, symmetrize: false, m: [4], "
OWN += "alpha: [1], tau: [1], seeds: 1, step_size: {}, iterations: 5, precision: float64}}\n"
TEXTS = {
    "aliases of aliases": f"landscape:\n  a: &a [1, 1]\n{LAUGHS}experiments: {{plateau: {{tau: *j}}}}\n",
    "aliases of mappings": "a: &a {x: 1}\n"
    + "".join(
        f"{b}: &{b} {{{', '.join(f'{k}: *{a}' for k in 'pqrstuvw')}}}\n"
        for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    ),
    "a mapping in itself": "experiments: &a {plateau: *a}",
    "a list in itself": "experiments: {plateau: {tau: &a [*a]}}",
    "lists in lists": "a: " + "[" * 5000,
    "lists in lists, closed": "a: " + "[" * 500 + "]" * 500,
    "mappings in mappings": "".join(" " * depth + "a:\n" for depth in range(900)),
    "JSON in JSON": '{"a": ' + "[" * 10**5 + "]" * 10**5 + "}",
    "object": "results: !!python/object/apply:os.system [touch PWNED]",
    "object of a class": "results: !!python/object/new:subprocess.Popen [[touch, PWNED]]",
    "name": "results: !!python/name:os.system",
    "module": "results: !!python/module:antigravity",
    "tuple": "experiments: {plateau: {tau: !!python/tuple [1, 2]}}",
    "own tag": "results: !include /etc/passwd",
    "template": "__use_yte__: true\nresults: ?__import__('os').system('touch PWNED')",
    "binary": "results: !!binary aGVsbG8=",
    "set": "experiments: !!set {a, b}",
    "date": "experiments: {plateau: {tau: [2024-01-01]}}",
    "no date": "a: 2024-13-45",
    "nan": OWN.format(".nan"),
    "infinity": OWN.format(".inf"),
    "digits without end": OWN.format("9" * 10**5),
    "exponents": OWN.format("9**9**9"),
    "exponents in exponents": OWN.format("9**9**9**9**9**9"),
    "negative root": OWN.format("(-1)**0.5"),
    "attribute": OWN.format("tau.__class__.__mro__"),
    "import": OWN.format("__import__('os').system('touch PWNED')"),
    "call": OWN.format("open('PWNED','w')"),
    "lambda": OWN.format("'(lambda: tau)()'"),
    "comprehension": OWN.format("'[t for t in (1,)][0]'"),
    "walrus": OWN.format("'(tau:=1)'"),
    "string arithmetic": OWN.format("\"'a'*10**9\""),
    "look-alike letter": OWN.format("'t\u0430u'"),
    "wide letters": OWN.format("'\uff54au'"),
    "other digits": OWN.format("'\u0663'"),
    "long expression": OWN.format("'" + "tau+" * 10**4 + "1'"),
    "parentheses": OWN.format("'" + "(" * 190 + "1'"),
    "name with a path": OWN.format("1").replace("own", "a/b"),
    "name that goes up": OWN.format("1").replace("own", ".."),
    "name of 20 equal letters": OWN.format("1").replace("own", "a" * 20),
    "name of 20 equal parts": OWN.format("1").replace("own", "x_" + "ab" * 20),
    "look-alike name": OWN.format("1").replace("own", "\u043ewn"),
    "name of a device": OWN.format("1").replace("own", "/dev/null"),
    "points without end": OWN.format("1").replace("n_train: 20", "n_train: 1000000000000"),
    "inputs without end": OWN.format("1").replace("d: 3", "d: 1.0e+12"),
    "neurons without end": OWN.format("1").replace("m: [4]", "m: [999999999999]"),
    "seeds without end": OWN.format("1").replace("seeds: 1", "seeds: 1000000000000"),
    "values without end": OWN.format("1").replace("tau: [1]", "tau: {logspace: [0, 1, 1000000000000]}"),
    "runs without end": OWN.format("1")
    .replace("tau: [1]", "tau: {logspace: [0, 1, 9999]}")
    .replace("seeds: 1", "seeds: 9999"),
    "exponents of logspace": OWN.format("1").replace("tau: [1]", "tau: {logspace: [-1000000, 1000000, 2]}"),
    "grid without end": "landscape: {grid: 1000000000000}",
    "null byte": 'results: "a\\0b"',
    "line break": 'results: "a\\nb"',
    "brace": 'results: "{x}"',
    "home": "results: ~/x",
    "root": "results: /",
    "two slashes": "results: //x",
    "where it runs": "results: .",
    "folder of 300 letters": f"results: {'r' * 300}",
    "folder of 5000 letters": f"results: {'r/' * 2500}r",
    "wide folder": "results: \uff41\uff42",
    "turned round": 'results: "res\\u202eults"',
    "half a letter": 'results: "\\ud800"',
    "no text": "results: ~",
    "number for a key": "1: 2",
    "truth for a key": "true: 1",
    "merge of a number": "experiments: {plateau: {<<: 3}}",
    "tab": "results:\n\t- x",
    "nothing": "",
    "list": "- 1",
    "bytes": b"results: r\xe9\n",
    "zeros": b"\0" * 100,
    "UTF-16": "results: x\n".encode("utf-16"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_malformed_file_is_one_line(tmp_path, monkeypatch, capsys, name):
    path = tmp_path / "bad.yaml"
    text = TEXTS[name]
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    monkeypatch.chdir(tmp_path)
    start, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert check_config.main([str(path)]) == 1
    assert time.process_time() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 3e5, "KiB"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Configuration: ") and len(line) < 1000
    assert [left.name for left in tmp_path.iterdir()] == ["bad.yaml"]


WORDS = [
    "",
    "tau",
    "1/0",
    "9**9**9",
    "a/b",
    "..",
    "../x",
    "null",
    "true",
    "nan",
    "-inf",
    "1e999",
    "{x}",
    "\0",
    "\u0430",
    "٣",
    "__import__('os')",
]
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(WORDS)
    | st.integers(10**9, 10**400)
    | st.dates()
    | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["logspace", "min_delta"]), inner, max_size=3)
    ),
    max_leaves=5,
)
PARTS = {
    "experiments": "Descent",
    "theory": "Theory",
    "landscape": "Landscape",
    "early_stopping": "EarlyStoppingRule",
}
DEFINITIONS = experiments.schema()["$defs"]
PLACES = [(part, key) for part, name in PARTS.items() for key in DEFINITIONS[name]["properties"]]
PLACES += [("", key) for key in experiments.schema()["properties"]]
THEORY = {"m": 4, "widths": [4], "tau": [1], "alpha": [1], "seeds": 1, "step_size": 0.1, "iterations": 3}
THEORY |= {key: TINY[key] for key in PROBLEM}


def put(place: tuple[str, str], value) -> dict:
    """A right configuration but for one key."""
    own = TINY | {"early_stopping": {"min_delta": 0, "patience": 1}}
    content = {"results": "r", "theory": dict(THEORY), "landscape": {}, "experiments": {"own": own}}
    parts = {"": content, "experiments": own, "early_stopping": own["early_stopping"]}
    parts |= {name: content[name] for name in ("theory", "landscape")}
    parts[place[0]][place[1]] = value
    return content


@given(st.sampled_from(PLACES), JUNK)
def test_anything_at_any_key_is_right_or_one_line(place, value):
    try:
        loaded = experiments.load(put(place, value))
    except experiments.ConfigError as error:
        assert "\n" not in str(error) and "expected" in str(error)
    else:
        assert all(math.isfinite(run.eta) for run in loaded.runs.get("own", []))


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -1, 10**400, "9**9**9", "../x", "tau.real", datetime.date.min, b"", [[]], {"a": 1}],
)
def test_what_no_key_takes_is_named_with_its_key(value):
    folder = {("", "results")} if value in ("../x", "tau.real") else set()
    for part, key in set(PLACES) - folder:
        with pytest.raises(experiments.ConfigError) as caught:
            experiments.load(put((part, key), value))
        assert key in str(caught.value)


@pytest.mark.parametrize(
    "name", ["aliases of aliases", "import", "exponents", "name that goes up", "points without end"]
)
def test_malformed_file_stops_snakemake_in_seconds(tmp_path, name):
    start = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = Workflow(tmp_path, TEXTS[name])(succeeds=False)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - start < 5
    ours = [line for line in done.stderr.splitlines() if not line.startswith("Using ")]
    assert len(ours) == 1 and ours[0].startswith("Configuration: "), done.stderr
    assert {left.name for left in tmp_path.iterdir()} <= {"overlay.yaml", ".snakemake"}
