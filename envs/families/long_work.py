"""What the long families share: their limits, and how a worker reads its memory and the shell's answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from selftrain.tasks import Limits

SUBMIT = "submit"
_STATUS = re.compile(r"\n?\[[^\n]*exit -?\d+[^\n]*\]\s*\Z")


def long_limits(commands: int) -> Limits:
    """Limits for work that takes a careful engineer so many commands: half as many again, and time to think."""
    steps = commands * 3 // 2
    return Limits(steps=steps, seconds=30.0 * steps)


def recalled(memory: Mapping[str, Any], start: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the memory when it has the very keys of `start`, else `start`: notes of other work tell nothing."""
    return dict(memory if memory.keys() == start.keys() and memory["of"] == start["of"] else start)


def printed(output: str) -> str:
    """What the command printed, without the line that tells how it ended."""
    return _STATUS.sub("", output)
