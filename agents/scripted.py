"""Reference agents for text environments: the two ends that every task must have, and guessing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from selftrain.agents.base import SUBMIT
from selftrain.tasks import Task, stable_key

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


class OracleAgent:
    """Plays the task's own solution, then submits."""

    def __init__(self) -> None:
        self._script: list[str] = []

    def reset(self, seed: int) -> None:
        """Forget the script of the last episode; nothing here is random."""
        self._script = []

    def read_task(self, task: Task) -> None:
        """Take the oracle's commands from the task."""
        self._script = list(task.oracle)

    def act(self, observation: Any, info: Mapping[str, Any]) -> str:
        """The next command of the script."""
        return self._script.pop(0) if self._script else SUBMIT


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
