"""Play an episode yourself, in your own terminal or over a pipe."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.rule import Rule

from selftrain.agents.base import SUBMIT

_HELP = f'Type shell commands; a line that ends in "\\" goes on; "{SUBMIT}" or the end of the input submits.'


class HumanAgent:
    """Shows each observation and asks for the next action."""

    def __init__(self) -> None:
        self._console = Console()
        self._first = True
        if sys.stdin.isatty():
            with contextlib.suppress(ImportError):  # editing and history are a comfort that some builds lack
                import readline  # noqa: F401  importing it is what gives input() its line editor

    def reset(self, seed: int) -> None:
        """Begin an episode on a clear line."""
        self._first = True

    def act(self, observation: Any, info: Mapping[str, Any]) -> str:
        """What the player typed."""
        if self._first:
            self._console.print(Rule(str(info.get("task", ""))))
            self._console.print(_HELP, style="dim", markup=False, highlight=False)
            self._first = False
        self._console.print(str(observation), markup=False, highlight=False, soft_wrap=True)
        lines: list[str] = []
        try:
            while True:
                lines.append(input("> " if lines else "$ "))
                if not lines[-1].endswith("\\"):
                    return "\n".join(lines)
        except EOFError:
            return "\n".join(lines) or SUBMIT
