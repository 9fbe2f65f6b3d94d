"""The side that holds the submission: answers one request a line on standard input, one reply a line on `reply`.

Runs inside a sandbox, sent there as a file; it imports the standard library and `guest_values` only. The submission
shares its process, so nothing that it answers is more than an untrusted value.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

from guest_values import decode, encode  # type: ignore[import-not-found]  # lies beside this file in the sandbox

handles: list[Any] = []


def refer(value: Any) -> Any:
    """A reference to `value`; classes of exceptions are told by name, so that the other side can make its own."""
    handles.append(value)
    is_error = isinstance(value, type) and issubclass(value, BaseException)
    return [len(handles) - 1, value.__name__ if is_error else ""]


def answer(request: dict[str, Any]) -> Any:
    """Carry out one request: import a module, get or set an attribute, or call something."""

    def resolve(reference: Any) -> Any:
        return handles[reference[0]]

    match request["op"]:
        case "import":
            return importlib.import_module(request["name"])
        case "get":
            return getattr(resolve(request["target"]), request["name"])
        case "set":
            return setattr(resolve(request["target"]), request["name"], decode(request["value"], resolve))
        case "call":
            arguments = [decode(argument, resolve) for argument in request["args"]]
            named = {name: decode(value, resolve) for name, value in request["kwargs"].items()}
            return resolve(request["target"])(*arguments, **named)
    raise ValueError(request["op"])


def main() -> None:
    """Serve requests until standard input ends; what the submission prints goes nowhere."""
    folder = sys.argv[1]
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.path.append(folder)
    for line in iter(sys.stdin.buffer.readline, b""):
        try:
            reply: dict[str, Any] = {"value": encode(answer(json.loads(line)), refer)}
        except Exception as error:  # whatever the submission raises is its answer
            reply = {"raised": type(error).__name__, "said": str(error)[:2000]}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
