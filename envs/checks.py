"""Safe parsing and exact comparison of submitted bytes, on the host.

Each `*_check` makes one `Check` from evidence. Nothing here evaluates, imports or unpickles what was submitted.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from selftrain.evidence import Evidence
from selftrain.verdicts import Check

MAX_JSON_DEPTH = 64
MAX_NUMBER_DIGITS = 400


class UnreadableError(ValueError):
    """Submitted bytes that do not parse under the strict rules."""


def _no_constant(name: str) -> Any:
    raise UnreadableError(f"{name} is not JSON")


def _bounded_int(digits: str) -> int:
    if len(digits) > MAX_NUMBER_DIGITS:
        raise UnreadableError("a number with too many digits")
    return int(digits)


def _bounded_float(digits: str) -> float:
    value = float(digits) if len(digits) <= MAX_NUMBER_DIGITS else math.inf
    if not math.isfinite(value):
        raise UnreadableError("a number out of range")
    return value


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise UnreadableError("an object with a repeated key")
    return table


def strict_json(data: bytes) -> Any:
    """Parse UTF-8 JSON: no NaN or infinity, no repeated keys, bounded depth and digits.

    Raises:
        UnreadableError: with the reason.
    """
    text = strict_text(data)
    depth = deepest = 0
    for mark in text:  # an upper bound: brackets inside strings count too, which no honest file reaches
        depth += (mark in "[{") - (mark in "]}")
        deepest = max(deepest, depth)
    if deepest > MAX_JSON_DEPTH:
        raise UnreadableError("nested too deeply")
    try:
        return json.loads(
            text,
            parse_constant=_no_constant,
            parse_int=_bounded_int,
            parse_float=_bounded_float,
            object_pairs_hook=_unique_pairs,
        )
    except json.JSONDecodeError as error:
        raise UnreadableError(f"not JSON: {error.msg} at line {error.lineno}") from error


def strict_text(data: bytes) -> str:
    """Decode UTF-8 (a byte order mark is allowed and dropped).

    Raises:
        UnreadableError: not UTF-8, or it holds NUL characters.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError("not UTF-8") from error
    if "\0" in text:
        raise UnreadableError("holds NUL characters")
    return text


def same_value(expected: Any, found: Any, tolerance: float = 0.0) -> bool:
    """Equality over JSON types with exact types: True is not 1, "1" is not 1.

    Where a float is expected, an int or float within `tolerance` (absolute, or relative to the expected value,
    whichever is larger) is equal; with 0.0 it must be the very value.
    """
    if isinstance(expected, float):
        if isinstance(found, bool) or not isinstance(found, int | float):
            return False
        try:
            return abs(float(found) - expected) <= tolerance * max(1.0, abs(expected))
        except OverflowError:
            return False
    if type(expected) is not type(found):
        return False
    if isinstance(expected, dict):
        return expected.keys() == found.keys() and all(same_value(v, found[k], tolerance) for k, v in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(found) and all(
            same_value(one, other, tolerance) for one, other in zip(expected, found, strict=True)
        )
    return bool(expected == found)


def json_check(evidence: Evidence, path: str, expected: Any, tolerance: float = 0.0) -> Check:
    """The file at `path` is JSON equal to `expected` (plain JSON types) under `same_value`."""
    name = f"{path} holds the right JSON"
    data = evidence.get(path)
    if data is None:
        return Check(name, False, missing(evidence, path))
    try:
        found = strict_json(data)
    except UnreadableError as error:
        return Check(name, False, str(error))
    return Check(name, True) if same_value(expected, found, tolerance) else Check(name, False, "wrong content")


def text_check(evidence: Evidence, path: str, expected: str) -> Check:
    """The file at `path` holds `expected`; white space at line ends and blank lines at the end do not count."""
    name = f"{path} holds the right text"
    data = evidence.get(path)
    if data is None:
        return Check(name, False, missing(evidence, path))
    try:
        found = strict_text(data)
    except UnreadableError as error:
        return Check(name, False, str(error))
    return Check(name, True) if tidy(found) == tidy(expected) else Check(name, False, "wrong content")


def csv_check(evidence: Evidence, path: str, expected: Sequence[Sequence[str]], ordered: bool = True) -> Check:
    """The file at `path` is CSV (commas, RFC 4180 quoting) with the rows of `expected`, the header first.

    With `ordered=False` the rows after the header may come in any order.
    """
    name = f"{path} holds the right rows"
    data = evidence.get(path)
    if data is None:
        return Check(name, False, missing(evidence, path))
    try:
        rows = [row for row in csv.reader(io.StringIO(strict_text(data), newline=""), strict=True) if row]
    except (UnreadableError, csv.Error) as error:
        return Check(name, False, f"not CSV: {error}")
    wanted = [list(row) for row in expected]
    if not ordered:
        rows, wanted = rows[:1] + sorted(rows[1:]), wanted[:1] + sorted(wanted[1:])
    return Check(name, True) if rows == wanted else Check(name, False, "wrong rows")


def tidy(text: str) -> str:
    """Lines without white space at their ends, without blank lines at the end, with one kind of line break."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).rstrip("\n")


def missing(evidence: Evidence, path: str) -> str:
    """Why there is no regular file at `path`, in words."""
    if path in evidence.directories:
        return "is a folder"
    if path in evidence.links:
        return "is a symbolic link"
    return evidence.dropped.get(path, "is missing")
