"""A user's own module and data: what is read, and the one line for what is wrong."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from entries import JOB

from lazytraining.config.errors import ConfigError
from lazytraining.config.model_job import ModelJob
from lazytraining.models import loading

GOOD = {
    "x_train": np.arange(24.0).reshape(8, 3),
    "y_train": np.arange(8) % 2,
    "x_test": np.ones((4, 3)),
    "y_test": np.array([0, 1, 1, 0]),
}
BAD_DATA = {
    "no array": ({"y_test": None}, "y_test"),
    "not a number": ({"x_test": np.full((4, 3), np.nan)}, "x_test with 12 values that are not finite"),
    "text": ({"x_train": np.full((8, 3), "a")}, "x_train of <U1 is not allowed; expected numbers"),
    "objects": ({"x_train": np.full((8, 3), None)}, "an .npz file with x_train"),
    "too few targets": ({"y_train": np.arange(7) % 2}, "8 x_train and 7 y_train"),
    "other test points": ({"x_test": np.ones((4, 2))}, "one shape"),
    "no points": ({"x_test": np.ones((0, 3)), "y_test": np.ones(0)}, "x_test of shape (0, 3)"),
    "points of no numbers": (
        {"x_train": np.ones((8, 0)), "x_test": np.ones((4, 0))},
        "x_train of shape (8, 0)",
    ),
    "a number alone": ({"y_train": np.array(1)}, "y_train of shape ()"),
    "test points of another kind": (
        {"x_test": np.ones((4, 3), int)},
        "x_train of float64 and x_test of int64 is not allowed; expected one type of numbers",
    ),
    "test classes in columns": (
        {"y_test": np.eye(2)[[0, 1, 1, 0]]},
        "with targets of shape () and test targets of (2,) is not allowed; expected one shape",
    ),
    "a class of millions": ({"y_train": np.arange(8) * 10**9}, "class 7000000000 in y_train"),
    "true alone": ({"y_train": np.full(8, True)}, "y_train from True on"),
    "half a class": ({"y_train": np.arange(8) / 2}, "a class 0, 1, …"),
    "classes from 1 on": ({"y_train": np.arange(8) % 2 + 1}, "y_train from 1 on"),
    "a class below 0": ({"y_train": np.arange(8) % 2 - 1}, "a class 0, 1, …"),
    "a class that is not trained": ({"y_test": np.array([0, 1, 2, 0])}, "class 2 in y_test"),
    "one class": ({"y_train": np.zeros(8), "y_test": np.zeros(4)}, "one value for all points"),
}


BAD_REGRESSIONS = {
    "test targets of one number each": (
        {"y_train": np.ones((8, 2)), "y_test": np.ones((4, 1))},
        "with targets of shape (2,) and test targets of (1,) is not allowed; expected one shape",
    ),
    "test targets in another order": (
        {"y_train": np.ones((8, 2, 3)), "y_test": np.ones((4, 3, 2))},
        "one shape",
    ),
    "test targets of 0": (
        {"y_train": np.arange(8.0), "y_test": np.zeros(4)},
        "y_test with 0 for all points is not allowed; expected some that are not 0",
    ),
    "targets of no numbers": (
        {"y_train": np.ones((8, 0)), "y_test": np.ones((4, 0))},
        "y_train of shape (8, 0)",
    ),
    "more than the precision holds": (
        {"x_test": np.full((4, 3), 1e300)},
        "x_test with 12 values that are not finite in float32 is not allowed",
    ),
    "one value": (
        {"y_train": np.array([1.0] * 7 + [2.0])},
        "y_train (its first 7) with one value for all points",
    ),
}


@pytest.mark.parametrize("name", BAD_DATA | BAD_REGRESSIONS)
def test_bad_data_is_one_line(tmp_path, name):
    changed, said = (BAD_DATA | BAD_REGRESSIONS)[name]
    arrays = {key: value for key, value in (GOOD | changed).items() if value is not None}
    np.savez(tmp_path / "d.npz", **arrays)
    own = {"data": str(tmp_path / "d.npz"), "n_train": 7 if "(its first 7)" in said else None, "n_test": None}
    if name in BAD_REGRESSIONS:
        own |= {"task": "regression", "precision": "float32"}
    with pytest.raises(ConfigError, match=r"^data: ") as error:
        loading.load(ModelJob(**JOB | own))
    assert said in str(error.value) and "expected" in str(error.value) and "\n" not in str(error.value)


BAD_POINTS = {
    "a word that it has not": (
        {"x_train": np.arange(8)[:, None] % 7, "x_test": np.full((4, 1), 9)},
        "torch.nn.Sequential(torch.nn.Embedding(7, 2), torch.nn.Flatten())",
        r"^data: .*x_test, on which .* fails is not allowed \(IndexError",
    ),
    "an output without end": (
        {"x_train": np.arange(8.0)[::-1, None].copy(), "x_test": np.ones((4, 1))},
        "Pole()",
        r"^model: .* with outputs that are not finite at point 7 of x_train in .*; expected finite ones",
    ),
}


@pytest.mark.parametrize("name", BAD_POINTS)
def test_a_point_on_which_the_model_fails_is_one_line(tmp_path, name):
    data, text, said = BAD_POINTS[name]
    np.savez(tmp_path / "d.npz", **GOOD | data)
    (tmp_path / "net.py").write_text(
        "import torch\nclass Pole(torch.nn.Linear):\n    def __init__(self): super().__init__(1, 2)\n"
        f"    def forward(self, x): return super().forward(1 / x)\ndef build(seed): return {text}\n"
    )
    own = {"data": str(tmp_path / "d.npz"), "model": f"{tmp_path}/net.py:build", "options": {}}
    with pytest.raises(ConfigError, match=said) as error:
        loading.load(ModelJob(**JOB | own | {"n_train": None, "n_test": None}))
    assert "\n" not in str(error.value)


def test_numbers_of_any_width_and_order_of_bytes_are_data(tmp_path):
    own = {"data": str(tmp_path / "d.npz"), "n_train": None, "n_test": None, "task": "regression"}
    found = []
    for kind in (np.float64, np.longdouble, ">f4"):
        np.savez(tmp_path / "d.npz", **{name: values.astype(kind) for name, values in GOOD.items()})
        found.append(loading.data(ModelJob(**JOB | own)))
    for points in found[1:]:
        for one, other in zip(points[:4], found[0][:4], strict=True):
            assert torch.equal(one.double(), other)


def test_parquet_and_npz_are_the_same_data(tmp_path):

    np.savez(tmp_path / "d.npz", **GOOD)
    rows = [
        {"split": part, "x": list(x), "y": float(y)}
        for part in ("train", "test")
        for x, y in zip(GOOD[f"x_{part}"], GOOD[f"y_{part}"], strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "d.parquet")
    few = {"n_train": None, "n_test": None}
    one, other = (
        loading.data(ModelJob(**JOB | few | {"data": str(tmp_path / f"d.{kind}")}))
        for kind in ("npz", "parquet")
    )
    assert all(torch.equal(*pair) for pair in zip(one[:4], other[:4], strict=True))


def test_a_column_of_integers_is_classes(tmp_path):
    columns = {name: GOOD[name][:, None] for name in ("y_train", "y_test")}
    for file, changed in (("flat", {}), ("column", columns)):
        np.savez(tmp_path / f"{file}.npz", **GOOD | changed)
    few = {"n_train": None, "n_test": None}
    one, other = (
        loading.data(ModelJob(**JOB | few | {"data": str(tmp_path / f"{file}.npz")}))
        for file in ("flat", "column")
    )
    assert torch.equal(one.y_train, other.y_train) and torch.equal(one.y_test, other.y_test)
    assert loading.counts(tmp_path / "flat.npz") == loading.counts(tmp_path / "column.npz")


def test_a_message_names_what_the_data_may_have_to_do_with_it(tmp_path):
    def said(data: dict, text: str, **job) -> str:
        np.savez(tmp_path / "d.npz", **GOOD | data)
        (tmp_path / "net.py").write_text(f"import torch\ndef build(seed): return {text}\n")
        files = {"data": str(tmp_path / "d.npz"), "model": f"{tmp_path}/net.py:build", "options": {}}
        with pytest.raises(ConfigError) as error:
            loading.load(ModelJob(**JOB | files | {"n_train": None, "n_test": None} | job))
        return str(error.value)

    small = {name: GOOD[name].astype(np.uint8) for name in ("x_train", "x_test")}
    line = said(small, "torch.nn.Linear(3, 2)")
    assert "Linear of float64 fails on inputs of shape (3, 3), uint8" in line
    floats = {name: GOOD[name].astype(float) for name in ("y_train", "y_test")}
    line = said(floats, "torch.nn.Linear(3, 2)", task="regression")
    assert "expected 1, as many as the data have numbers, or task: classification" in line


BAD_FILES = {
    "an error": ("def build(seed): raise KeyError('x')", "KeyError"),
    "an error outside": ("import nowhere_at_all", "ModuleNotFoundError"),
    "no module": ("def build(seed): return 3", "which returns a int"),
    "no argument": ("def build(): pass", "TypeError"),
    "other outputs": (
        "import torch\ndef build(seed): return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))",
        "with 3 outputs is not allowed; expected 10",
    ),
    "training mode": (
        "import torch\ndef build(seed): return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(64), torch.nn.Linear(64, 10))",
        "eval()",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_model_file_is_one_line(tmp_path, name):
    text, said = BAD_FILES[name]
    (tmp_path / "net.py").write_text(text)
    with pytest.raises(ConfigError, match=r"^model: ") as error:
        loading.load(ModelJob(**JOB | {"model": f"{tmp_path}/net.py:build"}))
    assert said in str(error.value) and "expected" in str(error.value) and "\n" not in str(error.value)
