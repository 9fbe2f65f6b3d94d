"""How values cross between the two sides of a forwarded call: plain types by value, everything else by reference.

Runs inside sandboxes, sent there as a file; it imports the standard library only.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 50


def encode(value: Any, refer: Callable[[Any], Any], depth: int = 0) -> Any:
    """`value` as JSON; exact types only, so that an object of a subclass never passes for a plain value.

    `refer` says what stands for a value that is not plain.
    """
    if depth > MAX_DEPTH:
        return {"ref": refer(value)}
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is bytes:
        return {"bytes": base64.b64encode(value).decode()}
    if kind in (list, tuple, set, frozenset):
        return {kind.__name__: [encode(item, refer, depth + 1) for item in value]}
    if kind is dict:
        return {"dict": [[encode(k, refer, depth + 1), encode(v, refer, depth + 1)] for k, v in value.items()]}
    return {"ref": refer(value)}


def decode(frame: Any, resolve: Callable[[Any], Any]) -> Any:
    """The value of `frame`; `resolve` turns a reference into an object."""
    if not isinstance(frame, dict):
        return frame
    ((kind, content),) = frame.items()
    match kind:
        case "ref":
            return resolve(content)
        case "bytes":
            return base64.b64decode(content)
        case "dict":
            return {decode(k, resolve): decode(v, resolve) for k, v in content}
    items = [decode(item, resolve) for item in content]
    return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](items)
