"""Reference agents for text environments: the two ends that every task must have, and guessing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from selftrain.agents.base import SUBMIT
from selftrain.tasks import Task, Worker, stable_key

_PATH = re.compile(r"/?[\w.-]+(?:/[\w.-]+)+|[\w-]+\.\w{1,5}")
_COMMANDS = (
    "ls -la {path}",
    "cat {path}",
    "head -n {number} {path}",
    "wc -l {path}",
    "sort {path}",
    "file {path}",
    "cd {path}",
    "grep -rn {word} .",
    "echo {word} > {path}",
    "echo {number} >> {path}",
    "cp {path} {path}.bak",
    "mkdir -p {path}",
)


_MUST_COMPACT = 1


class OracleAgent:
    """Plays the task's own solution, then submits.

    Under a context budget it plays the task's worker, as a pure function of what it is shown: the worker's memory is
    the notes, and everything since the last cut is learned again from the messages. A task without a worker is played
    from its script, which needs no notes.
    """

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Forget the solution of the last episode; nothing here is random."""
        self._script: Sequence[str] = ()
        self._worker: Worker | None = None
        self._played = 0

    def read_task(self, task: Task) -> None:
        """Take the oracle's commands and the worker from the task."""
        self._script, self._worker = task.oracle, task.worker

    def act(self, observation: Any, info: Mapping[str, Any]) -> str:
        """The next command, or notes where they are asked for."""
        if not isinstance(observation, Mapping) or "messages" not in observation:
            self._played += 1
            return self._line(self._played - 1)
        if self._worker is not None:
            return _work(self._worker, observation, info)
        if observation["phase"] == _MUST_COMPACT:
            return f"{info['env_steps']} commands are done."
        return self._line(info["env_steps"])

    def _line(self, number: int) -> str:
        return self._script[number] if number < len(self._script) else SUBMIT


def _work(worker: Worker, observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """What the worker says to a context of messages: its next command, or its memory when notes are asked for."""
    turns = [message["content"] for message in observation["messages"] if message["role"] != "system"]
    notes = info["notes"]
    memory = _memory(notes)
    if info["compactions"]:
        # what was waiting at the cut answers the command that this very memory leads to
        memory = worker.learn(memory, worker.command(memory), turns[0].partition(notes)[2] if notes else turns[0])
    must_compact = observation["phase"] == _MUST_COMPACT
    said, heard = turns[1::2], turns[2::2]
    for command, output in list(zip(said, heard, strict=True))[: -1 if must_compact else None]:
        memory = worker.learn(memory, command, output)
    return json.dumps(memory, separators=(",", ":")) if must_compact else worker.command(memory)


def _memory(notes: str) -> dict[str, Any]:
    try:
        found = json.loads(notes)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class NopAgent:
    """Submits at once."""

    def reset(self, seed: int) -> None:
        """Nothing to begin."""

    def act(self, observation: Any, info: Mapping[str, Any]) -> str:
        """Submit."""
        return SUBMIT


class RandomAgent:
    """Runs everyday commands over paths and words that it has seen, and submits after about ten of them."""

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Begin an episode with its own generator and nothing seen."""
        self._rng = np.random.default_rng([stable_key("random agent"), seed])
        self._paths = ["."]
        self._words = ["hello"]

    def act(self, observation: Any, info: Mapping[str, Any]) -> str:
        """A command, or a submission."""
        text = str(observation)[:20_000]
        self._paths = (self._paths + _PATH.findall(text))[-200:]
        self._words = (self._words + re.findall(r"[A-Za-z]\w{2,20}", text))[-200:]
        if self._rng.random() < 0.1:
            return SUBMIT
        return self._pick(_COMMANDS).format(
            path=self._pick(self._paths), word=self._pick(self._words), number=self._rng.integers(1, 100)
        )

    def _pick(self, options: list[str] | tuple[str, ...]) -> str:
        return options[self._rng.integers(len(options))]
