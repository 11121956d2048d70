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

    That is the squared norm of the weights, τ²; the loss at the start, (α τ²)² or the teacher's, `gain`²; and the gradient,
    τ/α times a residual. The step is whatever a user wants to see diverge, but η/α is a number too.
    """
    least, most, digit = _FLOATS[precision]
    step = alpha if step is None else step
    low, high = least / digit, most * digit
    held = {
        "tau": (tau, low**0.5, high**0.5),
        "alpha": (alpha, low, high),
        "teacher_gain": (gain, low**0.5, high**0.5),
        "tau / alpha": (tau / alpha, low, high),
        "alpha tau²": (alpha * tau * tau, 0.0, high**0.5),
        "step_size / alpha": (step / alpha, least, most),
    }
    for name, (value, first, last) in held.items():
        if not first <= value <= last:
            allowed = f"from {first:.2g} to {last:.2g}" if first else f"up to {last:.2g}"
            raise ConfigError(
                f"{path}: {name} {value:.6g} is not allowed; expected {allowed}, which precision {precision} holds"
            )
