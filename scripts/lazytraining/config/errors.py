"""How a configuration is refused: in one line that names the key, the value and what is expected."""

from typing import Any


class ConfigError(ValueError):
    """One line for the user: where in the configuration, what stands there, what is expected."""


def refused(path: str, what: object, expected: str, why: str = "") -> ConfigError:
    """The error for what stands at a path of the configuration."""
    return ConfigError(f"{path}: {what} is not allowed{because(why)}; expected {expected}")


def show(value: Any) -> str:
    """The value in at most 60 characters of one line."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists without end
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= 60 else f"{text[:57]}..."


def because(error: Exception | str) -> str:
    """A reason in brackets, if there is one."""
    return f" ({error})" if str(error) else ""
