"""Checkpoints: what is saved comes back, and nothing that was harmed does."""

import os

import numpy as np
import pytest

from lazytraining.files import checkpoints

CONTENT = {
    "arrays": [np.arange(6.0).reshape(2, 3), np.float32([np.nan, np.inf])],
    "state": {"stream": 2**127 + 1, "loss": float("inf"), "best": np.float64(0.1), "name": "αβ"},
    "nothing": None,
}


def test_what_is_saved_comes_back(tmp_path):
    path = tmp_path / "checkpoint"
    checkpoints.save(path, "job", CONTENT)
    again = checkpoints.load(path, "job")
    assert {name: again[name] for name in ("state", "nothing")} == {
        "state": CONTENT["state"],
        "nothing": None,
    }
    for ours, theirs in zip(CONTENT["arrays"], again["arrays"], strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def test_any_flipped_bit_means_to_start_anew(tmp_path, capsys):
    path = tmp_path / "checkpoint"
    checkpoints.save(path, "job", CONTENT)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        harmed = bytearray(whole)
        harmed[place] ^= 1 << place % 8
        path.write_bytes(harmed)
        assert checkpoints.load(path, "job") is None
        assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("make", ["folder", "link", "pipe"])
def test_what_is_no_file_is_let_be(tmp_path, capsys, make):
    path = tmp_path / "checkpoint"
    {"folder": path.mkdir, "link": lambda: path.symlink_to("nowhere"), "pipe": lambda: os.mkfifo(path)}[
        make
    ]()
    assert not checkpoints.is_ours(path)
    checkpoints.remove(path)
    assert os.path.lexists(path)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_checkpoint_has_no_place_for_other_objects(tmp_path):
    with pytest.raises(TypeError, match="set"):
        checkpoints.save(tmp_path / "checkpoint", "job", {"a": {1, 2}})
