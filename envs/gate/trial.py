"""What every check of the gate is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from selftrain.envs.gate.plays import Outcome, play
from selftrain.envs.packs.manifest import Pack
from selftrain.sandboxes import Backend
from selftrain.tasks import Task

State = Literal["pass", "fail", "unchecked"]


@dataclass(frozen=True)
class Finding:
    """What one check found on one task.

    Attributes:
        check: its name, for example "oracle".
        state: "unchecked" where it could not be asked, for the reason in `summary`; that alone refuses no task.
        summary: one line that names the thing, the value and, for a fail, the fix.
        evidence: everything that the line rests on; JSON types.
        seconds: wall time that it took.
        backend_failed: it is unchecked because the backend failed, so the next time may tell.
    """

    check: str
    state: State
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    backend_failed: bool = False


@dataclass(frozen=True)
class Trial:
    """One task before the gate.

    Attributes:
        task: as it is played.
        backend, image: where; "" is the task's own image or the backend's default.
        folder: of the task, None for the tasks of a family in Python.
        pack: whose it is, None for a task that stands alone.
        repetitions: how often the oracle is played.
        oracle: what those plays came to, for the checks that come after them.
        nop: what doing nothing came to, likewise.
    """

    task: Task
    backend: Backend
    image: str = ""
    folder: Path | None = None
    pack: Pack | None = None
    repetitions: int = 3
    oracle: tuple[Outcome, ...] = ()
    nop: Outcome | None = None

    @property
    def slowest_seconds(self) -> float:
        """Wall time of the longest play so far; doing nothing counts, for verifiers wait for what is missing."""
        return max((outcome.seconds for outcome in (*self.oracle, self.nop) if outcome is not None), default=0.0)

    def play(self, player: str, commands: Sequence[str]) -> Outcome:
        """Play `commands` in a fresh sandbox; see `plays.play`."""
        return play(self.task, player, commands, self.backend, self.image)


Check = Callable[[Trial], Finding]
"""A check never raises for what a task or its verifier does."""
