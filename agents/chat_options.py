"""Checks of what a chat agent is given: options come from command lines and files, where anything can stand."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from selftrain.errors import OptionError


def checked_texts(**values: Any) -> None:
    """Raises OptionError where one of these is no text; the value of a key is not told."""
    for name, value in values.items():
        if not isinstance(value, str):
            told = f"{name}={value!r}" if name != "api_key" else f"{name} (of type {type(value).__name__})"
            raise OptionError(f"{told} must be text")


def checked_number(name: str, value: Any, *, most: float = math.inf, positive: bool = False) -> float:
    """`value` as a finite float from 0 to `most`, or above 0.

    Raises:
        OptionError: it is something else.
    """
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not (math.isfinite(number) and 0 <= number <= most) or (positive and not number):
        least = "more than 0" if positive else "0 or more"
        limit = f", at most {most:g}" if math.isfinite(most) else ""
        raise OptionError(f"{name}={value!r} must be a number, {least}{limit}")
    return number


def checked_whole(name: str, value: Any) -> int:
    """`value` as an int of 0 or more.

    Raises:
        OptionError: it is something else.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < 0:
        raise OptionError(f"{name}={value!r} must be a whole number, 0 or more")
    return int(value)


def checked_body(value: Any) -> dict[str, Any]:
    """More fields of a request, as a dict of its own; none for None.

    Raises:
        OptionError: it is no mapping, or JSON cannot hold it.
    """
    if value is not None and not isinstance(value, Mapping):
        raise OptionError(f"extra_body={value!r} must be a mapping of fields")
    fields = dict(value or {})
    try:
        json.dumps(fields, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(f"extra_body={value!r} must be what JSON can hold: {error}") from error
    return fields
