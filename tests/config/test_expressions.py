"""Arithmetic in the configuration is Python's, and nothing else is allowed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazytraining.config.expressions import Expression, ExpressionError

NAMES = ("tau", "alpha", "m")
positive = st.floats(1e-3, 1e3)


@given(tau=positive, alpha=positive, m=st.integers(1, 1000))
def test_values_are_pythons(tau, alpha, m):
    values = {"tau": tau, "alpha": alpha, "m": m}
    for text, expected in {
        "min(10, 0.1 / tau**2)": min(10, 0.1 / tau**2),
        "1/sqrt(m)": 1 / math.sqrt(m),
        "min(10, 0.1 / (tau**2 * alpha**2)) / alpha": min(10, 0.1 / (tau**2 * alpha**2)) / alpha,
        "-(1 - max(tau, alpha, 2)) + 1e-4": -(1 - max(tau, alpha, 2)) + 1e-4,
    }.items():
        assert Expression(text, NAMES)(values) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "beta",
        "ｔau",
        "tau.real",
        "tau.__class__",
        "__import__('os')",
        "exec('1')",
        "min",
        "min(1)",
        "sqrt(1, 2)",
        "sqrt(x=1)",
        "min(*tau)",
        "[1][0]",
        "(1, 2)",
        "1 if tau else 2",
        "tau < 1",
        "tau // 1",
        "tau % 2",
        "tau @ tau",
        "True",
        "'1'",
        "1j",
        "lambda: 1",
        "(tau := 1)",
        "f'{tau}'",
        "1; 2",
        "+" * 250 + "1",
        "(" * 150,
    ],
)
def test_nothing_else_is_an_expression(text):
    with pytest.raises(ExpressionError):
        Expression(text, NAMES)


@pytest.mark.parametrize(
    "text", ["1/0", "0**-1", "9**9**9", "1e308*10", "sqrt(-1)", "(-1)**0.5", "min(1, (-1)**0.5)", "1e999"]
)
def test_what_is_not_finite_is_refused(text):
    with pytest.raises(ExpressionError, match="no finite value"):
        Expression(text, NAMES)({"tau": 1.0, "alpha": 1.0, "m": 4})
