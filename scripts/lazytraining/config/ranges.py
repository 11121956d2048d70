"""What the arithmetic holds: beyond it weights vanish or squares overflow, and a run would look as if it had diverged."""

import sys

from lazytraining.config.errors import ConfigError

_FLOATS = {
    "float32": (2.0**-126, 2.0**128, 2.0**-23),
    "float64": (sys.float_info.min, sys.float_info.max, sys.float_info.epsilon),
}
"""Of each precision the least normal number, the largest, and how far 1 is from the next."""


def check(
    path: str,
    precision: str,
    *,
    gain: float = 1.0,
    tau: float = 1.0,
    alpha: float = 1.0,
    step: float | None = None,
) -> None:
    """Raises ConfigError unless what training computes of these scales, over and under 1 by its digits, is held by this precision.

    That is the squared norm of the weights, τ²; the loss at the start, (α τ²)² or the teacher's, `gain`²; the gradient,
    τ/α times a residual; and κ, in float64 whatever a student trains in. The step is whatever a user wants to see diverge, but η/α is a number too.
    """
    least, most, low, high = _limits(precision)
    step = alpha if step is None else step
    held = {
        "tau": (tau, low**0.5, high**0.5),
        "alpha": (alpha, low, high),
        "teacher_gain": (gain, low**0.5, high**0.5),
        "tau / alpha": (tau / alpha, low, high),
        "alpha tau²": (alpha * tau * tau, 0.0, high**0.5),
        "teacher_gain / (alpha tau²)": (gain / alpha / tau / tau, 0.0, _limits("float64")[3]),
        "step_size / alpha": (step / alpha, least, most),
    }
    _refuse(path, precision, held)


def check_centred(path: str, precision: str, *, alpha: float, step: float | str) -> None:
    """The same for a network whose output at the start is taken off, and whose objective is of the size of its targets squared, 1/α².

    Its output is a difference of outputs near 1, of which α times the last digit has to be small beside the targets, 1.
    """
    least, most, _, high = _limits(precision)
    held = {"alpha": (alpha, high**-0.5, 1 / 16 / _FLOATS[precision][2])}
    held |= {"step": (step, least, most)} if step != "auto" else {}
    _refuse(path, precision, held)


def _limits(precision: str) -> tuple[float, float, float, float]:
    """The least and the largest number, and those that leave room for the digits of 1."""
    least, most, digit = _FLOATS[precision]
    return least, most, least / digit, most * digit


def _refuse(path: str, precision: str, held: dict[str, tuple[float, float, float]]) -> None:
    """Raises ConfigError for what is not in its range."""
    for name, (value, first, last) in held.items():
        if not first <= value <= last:
            allowed = f"from {first:.2g} to {last:.2g}" if first else f"up to {last:.2g}"
            raise ConfigError(
                f"{path}: {name} {value:.6g} is not allowed; expected {allowed}, which precision {precision} holds"
            )
