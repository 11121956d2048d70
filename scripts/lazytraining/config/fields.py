"""What a field of the configuration takes: types with pydantic's constraints, in YAML's spellings of numbers.

A validator raises ValueError, with a text where there is more to say than the field's description.
"""

import math
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    FailFast,
    Field,
    StrictBool,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
)

from lazytraining.config.errors import because, show
from lazytraining.config.expressions import Expression

MOST_VALUES = 10_000
"""In a list, or of seeds."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def rounded(value: float | int) -> float:
    """The value to six significant digits: what a path shows and a run is trained with."""
    return float(f"{value:.6g}")


def _number(value: Any) -> float:
    """A finite number, or text such as 1e6, which is no number to YAML; no bool."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError
    try:
        number = float(value)
    except OverflowError:
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def _in_range(value: Any, handler: Callable[[Any], Any]) -> Any:
    try:
        return handler(_number(value))
    except ValidationError as error:  # shows the value as it is read, not as it is written
        context = error.errors()[0].get("ctx", {})
        raise ValueError(f"more than {context['le']:g}" if "le" in context else "") from None


def whole(minimum: int, maximum: int = 10**12) -> Any:
    """The type of an integer from `minimum` to `maximum`."""
    return Annotated[int, Field(ge=minimum, le=maximum), WrapValidator(_in_range)]


def formula(*names: str) -> Any:
    """The type of a number, or arithmetic in these names."""

    def parse(value: Any) -> float | str:
        try:
            return _number(value)
        except ValueError:
            if not isinstance(value, str):
                raise
        Expression(value, names)
        return value

    return Annotated[float | str, BeforeValidator(parse), WithJsonSchema({"type": ["number", "string"]})]


def _several(item: Any, *others: dict, spread: Callable[[Any], Any] = lambda value: value) -> Any:
    """The type of a list of different items, or of what `spread` makes one of, which has the schemas `others`."""

    def parse(value: Any, handler: Callable[[Any], Any]) -> list:
        values, seen = spread(value), set()
        if not isinstance(values, list):
            raise ValueError
        if not values:
            raise ValueError("it is empty")
        try:
            parsed = handler(values)
        except ValidationError as error:
            first = error.errors()[0]
            index, reason = first["loc"][0], because(first["ctx"]["error"])
            raise ValueError(f"element {index} is {show(values[index])}{reason}") from None
        for written, one in zip(values, parsed, strict=True):
            if one in seen:
                raise ValueError(f"duplicate value {show(written)}")
            seen.add(one)
        return parsed

    items = TypeAdapter(item).json_schema()
    schema = {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}
    schema = WithJsonSchema({"anyOf": [schema, *others]} if others else schema)
    return Annotated[list[item], FailFast(), WrapValidator(parse), schema]


def unrepeated(text: str) -> str:
    """Snakemake refuses what ends so, as a wildcard that has no end."""
    if re.search(r"(.+)\1{19}$", text):
        raise ValueError("it ends in 20 times the same")
    return text


def folder(pattern: str) -> Any:
    """The type of a path of this pattern, which is read as Snakemake wants it, x for ./x."""

    def plain(path: str) -> str:
        if (found := str(PurePosixPath(path))) == ".":
            raise ValueError("that is where the workflow runs")
        return found

    return Annotated[str, Field(strict=True, pattern=pattern, max_length=1000), AfterValidator(plain)]


def _count(value: Any) -> int:
    if (number := _number(value)) not in range(1, MOST_VALUES + 1):
        raise ValueError
    return int(number)


def _powers(value: Any) -> Any:
    """{logspace: [first exponent, last exponent, how many]} in base 10, or else the value itself."""
    if not isinstance(value, dict):
        return value
    if set(value) != {"logspace"} or not isinstance(value["logspace"], list):
        raise ValueError
    if len(value["logspace"]) != 3:
        raise ValueError("logspace takes three numbers")
    first, last = (_number(end) for end in value["logspace"][:2])
    count = _count(value["logspace"][2])
    if max(abs(first), abs(last)) > 300:
        raise ValueError
    step = (last - first) / max(count - 1, 1)
    return [rounded(10 ** (first + index * step)) for index in range(count)]


_EXPONENTS = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
_LOGSPACE = {"type": "object", "properties": {"logspace": _EXPONENTS}, "required": ["logspace"]}
_LOGSPACE |= {"additionalProperties": False}
_STEP = formula("tau", "alpha", "m")

Positive = Annotated[float, Field(gt=0), WrapValidator(_in_range)]
Extent = Annotated[float, Field(ge=1e-6, le=1e6), WrapValidator(_in_range)]
NotNegative = Annotated[float, Field(ge=0), WrapValidator(_in_range)]
Momentum = Annotated[float, Field(ge=0, lt=1), WrapValidator(_in_range)]
Courant = Annotated[float, Field(gt=0, le=1), WrapValidator(_in_range)]
Share = Annotated[float, Field(gt=0, lt=1), WrapValidator(_in_range)]
Flag = StrictBool
Flags = _several(Flag)
Widths = _several(whole(1))
Scales = _several(Annotated[Positive, AfterValidator(rounded)], _LOGSPACE, spread=_powers)
AlphaValues = _several(formula("m"), _LOGSPACE, spread=_powers)
StepSizes = _several(
    _STEP,
    TypeAdapter(_STEP).json_schema(),
    _LOGSPACE,
    spread=lambda value: _powers(value) if isinstance(value, list | dict) else [value],
)
MinDelta = _STEP
Seeds = _several(
    whole(0),
    {"type": "integer", "minimum": 1, "maximum": MOST_VALUES},
    spread=lambda value: value if isinstance(value, list) else list(range(_count(value))),
)
StepSizeOfTau = formula("tau")


def _step(value: Any) -> float | str:
    return value if value == "auto" else TypeAdapter(Positive).validate_python(value)


_STEPS = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "auto"}]}
Steps = _several(
    Annotated[float | str, BeforeValidator(_step), WithJsonSchema(_STEPS)],
    *_STEPS["anyOf"],
    spread=lambda value: value if isinstance(value, list) else [value],
)
