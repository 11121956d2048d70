"""Random streams, teacher and data, to the letter."""

import numpy as np
import pytest

from lazytraining.student.problem import Stream, generator, make_problem


def test_streams_are_seed_sequences_with_a_spawn_key():
    for k, stream in enumerate(Stream):
        expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence(3, spawn_key=(k,))))
        assert generator(3, stream).standard_normal() == expected.standard_normal()


def test_problem_follows_the_streams_to_the_letter():
    d, n_train, n_test, m0, gain, seed = 4, 6, 5, 3, 100.0, 9

    def draws(k):
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(k,))))

    teacher = draws(0)
    hidden = teacher.standard_normal((m0, d))
    hidden /= np.sqrt((hidden**2).sum(1))[:, None]
    signs = np.sign(teacher.standard_normal(m0))
    inputs = {k: draws(k).standard_normal((n, d)) for k, n in ((1, n_train), (2, n_test))}
    inputs = {k: x / np.sqrt((x**2).sum(1))[:, None] for k, x in inputs.items()}

    data = make_problem(d, n_train, n_test, m0, gain, seed)
    np.testing.assert_allclose(data.x_train, inputs[1], rtol=1e-14)
    np.testing.assert_allclose(data.x_test, inputs[2], rtol=1e-14)
    for y, x in ((data.y_train, inputs[1]), (data.y_test, inputs[2])):
        expected = [
            gain * sum(s * max(v @ point, 0) for s, v in zip(signs, hidden, strict=True)) for point in x
        ]
        np.testing.assert_allclose(y, expected, rtol=1e-12)
    assert data.zero_loss == pytest.approx(np.mean(data.y_test**2) / 2)


@pytest.mark.parametrize(("seed", "expected"), [(0, 5.987e-3), (1, 5.843e-3), (2, 1.152e-2)])
def test_zero_predictor_has_the_known_loss(seed, expected):
    """Values of an independent transcription."""
    assert make_problem(100, 1000, 1000, 3, 1.0, seed).zero_loss == pytest.approx(expected, rel=1e-3)
