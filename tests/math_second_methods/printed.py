"""Reads the formulas of a statement as they are printed and computes with them.

The second methods work from the parameters, so a statement that prints other numbers than its parameters would pass
them. Whatever is computed here comes from the statement alone.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from types import CodeType

Value = Fraction | float
_SIZES = re.compile(r"\\left(?![a-z])|\\right(?![a-z])|\\[bB]igl|\\[bB]igr|\\,|\\\\|&|\s")
_OPERATORS = {"+", "-", "/", "**", ","}


def root(value: Value, degree: int) -> float:
    return math.copysign(abs(float(value)) ** (1 / degree), float(value))


def log(value: Value, base: int) -> float:
    return math.log(float(value)) / math.log(base)


def _group(text: str, start: int, pair: str = "{}") -> tuple[str, int]:
    """The inside of the brackets that open at a place, and the place behind them; or the single character there."""
    if text[start] != pair[0]:
        return text[start], start + 1
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] == pair[0]) - (text[place] == pair[1])
        if depth == 0:
            return text[start + 1 : place], place + 1
    raise AssertionError(text)


def _tokens(text: str) -> list[str]:
    text, found, place = _SIZES.sub("", text), [], 0
    while place < len(text):
        if text.startswith("\\frac", place):
            top, place = _group(text, place + 5)
            bottom, place = _group(text, place)
            found += ["(", "(", *_tokens(top), ")", "/", "(", *_tokens(bottom), ")", ")"]
        elif text.startswith("\\sqrt", place):
            degree, place = _group(text, place + 5, "[]") if text[place + 5] == "[" else ("2", place + 5)
            inside, place = _group(text, place)
            found += ["root(", *_tokens(inside), ",", degree, ")"]
        elif text.startswith("\\log_", place):
            base, place = _group(text, place + 5)
            number = re.match(r"[0-9]+", text[place:])
            inside, place = (number.group(), place + number.end()) if number else _group(text, place, "()")
            found += ["log(", *_tokens(inside), ",", base, ")"]
        elif text.startswith("\\lfloor", place):
            end = text.index("\\rfloor", place)
            found += ["math.floor(", *_tokens(text[place + 7 : end]), ")"]
            place = end + 7
        elif text[place] == "^":
            exponent, place = _group(text, place + 1)
            found += ["**", "(", *_tokens(exponent), ")"]
        elif text.startswith("\\cdot", place):
            place += 5
        else:
            number = re.match(r"[0-9]+", text[place:])
            found.append(f"Fraction({number.group()})" if number else text[place])
            place += number.end() if number else 1
    return found


@functools.cache
def _compiled(latex: str) -> CodeType:
    text, before = "", ""
    for token in _tokens(latex):
        operand_ends = bool(before) and before not in _OPERATORS and not before.endswith("(")
        text += "*" * (operand_ends and token not in _OPERATORS and token != ")") + token
        before = token
    return compile(text, latex, "eval")


def evaluate(latex: str, values: Mapping[str, Value]) -> Value:
    """The value of a printed expression."""
    return eval(_compiled(latex), {"Fraction": Fraction, "root": root, "log": log, "math": math}, dict(values))


def holds(equation: str, values: Mapping[str, Value]) -> bool:
    left, right = (evaluate(side.rstrip(".,?;"), values) for side in equation.split("="))
    return abs(left - right) <= 1e-7 * (1 + abs(left))


def formulas(statement: str) -> list[str]:
    """The formulas of a statement, displayed or not, split where several are set side by side."""
    found = re.findall(r"\\\[(.*?)\\\]|\$(.*?)\$", statement)
    return [part.strip() for pair in found for part in re.split(r"\\q?quad|, ", pair[0] or pair[1])]
