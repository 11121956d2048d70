"""Arithmetic from the configuration, such as min(10, 0.1 / tau**2), without eval."""

import ast
import math
import operator
import warnings
from collections.abc import Collection, Mapping

FUNCTIONS = {"min": min, "max": max, "sqrt": math.sqrt}
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_LONGEST = 200


class ExpressionError(ValueError):
    """The text is no arithmetic in the allowed names, or has no finite value."""


class Expression:
    """Arithmetic in `names` with + - * / **, parentheses, min, max and sqrt.

    All numbers are floats, so that nothing can grow beyond one.

    Raises ExpressionError, when it is made or when it is evaluated.
    """

    def __init__(self, text: str, names: Collection[str]):
        self.names = names
        if len(text) > _LONGEST or not text.isascii():
            raise ExpressionError(f"longer than {_LONGEST} characters, or not ASCII")
        try:
            with warnings.catch_warnings(action="error"):
                self._body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxWarning, SyntaxError, ValueError, MemoryError, RecursionError):
            raise ExpressionError("not an arithmetic expression") from None
        self._check(self._body)

    def _check(self, node: ast.AST) -> None:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                children = []
            case ast.Name(id=name):
                if name not in self.names:
                    raise ExpressionError(f"unknown name {name!r}")
                children = []
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                children = [left, right]
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                children = [operand]
            case ast.Call(func=ast.Name(id=name), args=children, keywords=[]) if name in FUNCTIONS:
                if len(children) != 1 if name == "sqrt" else len(children) < 2:
                    raise ExpressionError(f"wrong number of arguments for {name}")
            case ast.Call(func=ast.Name(id=name)):
                raise ExpressionError(f"unknown function {name!r}")
            case _:
                raise ExpressionError(f"{ast.unparse(node)!r} is not allowed")
        for child in children:
            self._check(child)

    def __call__(self, values: Mapping[str, float | int]) -> float:
        """The value where the names have these values; it is finite."""
        try:
            result = self._value(self._body, values)
        except (ArithmeticError, TypeError, ValueError):
            result = math.nan
        if isinstance(result, complex) or not math.isfinite(result):
            raise ExpressionError("has no finite value")
        return result

    def _value(self, node: ast.AST, values: Mapping[str, float | int]) -> float:
        match node:
            case ast.Constant(value=value):
                return float(value)
            case ast.Name(id=name):
                return float(values[name])
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](self._value(left, values), self._value(right, values))
            case ast.UnaryOp(op=op, operand=operand):
                return _OPERATORS[type(op)](self._value(operand, values))
            case ast.Call(func=function, args=arguments):
                return FUNCTIONS[function.id](*(self._value(argument, values) for argument in arguments))
