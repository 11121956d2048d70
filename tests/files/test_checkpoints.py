"""Checkpoints are read unharmed or not at all."""

import os
import random

import numpy as np
import pytest

from lazytraining.files import checkpoints


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "job.checkpoint"
    checkpoints.save(path, "job", {"weights": np.arange(300.0), "iteration": 7, "losses": [0.5, 0.25]})
    assert checkpoints.load(path, "job")["iteration"] == 7
    return path


def test_any_single_flipped_bit_is_one_line(saved, capsys):
    whole, draw = saved.read_bytes(), random.Random(0)
    for bit in draw.sample(range(8 * len(whole)), 1500):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        saved.write_bytes(content)
        assert checkpoints.load(saved, "job") is None
        assert capsys.readouterr().out == f"{saved}: damaged, training starts anew\n"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_what_is_no_file_is_let_be_with_a_line(tmp_path, make, capsys):
    path = tmp_path / "job.checkpoint"
    make(path)
    assert not checkpoints.is_ours(path)
    assert len(capsys.readouterr().out.splitlines()) == 1
    checkpoints.remove(path)
    assert os.path.lexists(path)
