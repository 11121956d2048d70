"""What a field of the configuration takes: parsers, and types with their JSON schema.

Each parser raises ValueError, with a text where there is more to say than the field's description.
"""

import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from lazytraining.config.errors import because, show
from lazytraining.config.expressions import Expression

MOST_VALUES = 10_000
"""In a list, or of seeds."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def rounded(value: float | int) -> float:
    """The value to six significant digits: what a path shows and a run is trained with."""
    return float(f"{value:.6g}")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def _positive(value: Any) -> float:
    number = _number(value)
    if number <= 0:
        raise ValueError
    return number


def _positive_rounded(value: Any) -> float:
    return rounded(_positive(value))


def _below_one(value: Any) -> float:
    number = _number(value)
    if not 0 <= number < 1:
        raise ValueError
    return number


def _integer(minimum: int, maximum: int = 10**12) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = _number(value)
        if number != int(number) or not minimum <= number <= maximum:
            raise ValueError
        return int(number)

    return parse


def _formula(*names: str) -> Callable[[Any], float | str]:
    """A number, or arithmetic in these names."""

    def parse(value: Any) -> float | str:
        if isinstance(value, str):
            try:
                return _number(value)
            except ValueError:
                Expression(value, names)
                return value
        return _number(value)

    return parse


def _list_of(item: Callable[[Any], Any], single: bool = False) -> Callable[[Any], list]:
    def parse(value: Any) -> list:
        if single and not isinstance(value, list):
            value = [value]
        if not isinstance(value, list):
            raise ValueError
        if not value:
            raise ValueError("it is empty")
        parsed = []
        for index, element in enumerate(value):
            try:
                parsed.append(item(element))
            except ValueError as error:
                raise ValueError(f"element {index} is {show(element)}{because(error)}") from None
            if parsed[-1] in parsed[:-1]:
                raise ValueError(f"duplicate value {show(element)}")
        return parsed

    return parse


def _scales(value: Any) -> list[float]:
    """A list, or {logspace: [first exponent, last exponent, how many]} in base 10."""
    if isinstance(value, dict):
        if set(value) != {"logspace"} or not isinstance(value["logspace"], list):
            raise ValueError
        if len(value["logspace"]) != 3:
            raise ValueError("logspace takes three numbers")
        first, last = (_number(end) for end in value["logspace"][:2])
        count = _integer(1)(value["logspace"][2])
        if count > MOST_VALUES or max(abs(first), abs(last)) > 300:
            raise ValueError
        step = (last - first) / max(count - 1, 1)
        value = [10 ** (first + index * step) for index in range(count)]
    return _list_of(_positive_rounded)(value)


def _scales_or(parse: Callable[[Any], list]) -> Callable[[Any], list]:
    """{logspace: …}, or what `parse` takes."""
    return lambda value: _scales(value) if isinstance(value, dict) else parse(value)


def _seeds(value: Any) -> list[int]:
    """How many (0, 1, …), or a list."""
    if isinstance(value, list):
        return _list_of(_integer(0))(value)
    count = _integer(1)(value)
    if count > MOST_VALUES:
        raise ValueError
    return list(range(count))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


_NUMBER_OR_TEXT = {"type": ["number", "string"]}
_LOGSPACE = {
    "type": "object",
    "properties": {"logspace": {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}},
    "required": ["logspace"],
    "additionalProperties": False,
}


def _array(items: dict) -> dict:
    return {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}


def whole(minimum: int, maximum: int = 10**12) -> Any:
    """The type of an integer from `minimum` to `maximum`."""
    schema = {"type": "integer", "minimum": minimum} | ({"maximum": maximum} if maximum < 10**12 else {})
    return Annotated[int, BeforeValidator(_integer(minimum, maximum)), WithJsonSchema(schema)]


Positive = Annotated[
    float, BeforeValidator(_positive), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
Momentum = Annotated[
    float,
    BeforeValidator(_below_one),
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": 1}),
]
Flag = Annotated[bool, BeforeValidator(_boolean), WithJsonSchema({"type": "boolean"})]
Widths = Annotated[
    list[int],
    BeforeValidator(_list_of(_integer(1))),
    WithJsonSchema(_array({"type": "integer", "minimum": 1})),
]
Scales = Annotated[
    list[float],
    BeforeValidator(_scales),
    WithJsonSchema({"anyOf": [_array({"type": "number", "exclusiveMinimum": 0}), _LOGSPACE]}),
]
AlphaValues = Annotated[
    list[float | str],
    BeforeValidator(_scales_or(_list_of(_formula("m")))),
    WithJsonSchema({"anyOf": [_array(_NUMBER_OR_TEXT), _LOGSPACE]}),
]
StepSizes = Annotated[
    list[float | str],
    BeforeValidator(_scales_or(_list_of(_formula("tau", "alpha", "m"), single=True))),
    WithJsonSchema({"anyOf": [_NUMBER_OR_TEXT, _array(_NUMBER_OR_TEXT), _LOGSPACE]}),
]
MinDelta = Annotated[
    float | str, BeforeValidator(_formula("tau", "alpha", "m")), WithJsonSchema(_NUMBER_OR_TEXT)
]
Seeds = Annotated[
    list[int],
    BeforeValidator(_seeds),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, _array({"type": "integer", "minimum": 0})]}),
]
StepSizeOfTau = Annotated[float | str, BeforeValidator(_formula("tau")), WithJsonSchema(_NUMBER_OR_TEXT)]
