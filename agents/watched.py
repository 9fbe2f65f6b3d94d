"""What stands between a worker of a rollout and its environment: the way to stop, and the way back to earlier notes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Protocol

import gymnasium as gym


class StoppedError(Exception):
    """The rollout ends; the episode at hand is dropped."""


class Signals:
    """What the workers of a rollout tell each other: to stop, and that sandboxes start here and a model answers."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.sandbox_seen = threading.Event()
        self.model_seen = threading.Event()


class _Notebook(Protocol):
    def snapshot(self) -> str: ...

    def restore(self, snapshot: str) -> None: ...


class Watched(gym.Wrapper[Any, Any, Any, Any]):
    """Ends an episode between two steps when the rollout stops; notes that a sandbox has started and an agent acted.

    Args:
        env: plays one episode.
        signals: of the rollout.
        with_notebook: `env` is under a context budget, which may have a notebook.
    """

    def __init__(self, env: gym.Env[Any, Any], signals: Signals, *, with_notebook: bool) -> None:
        super().__init__(env)
        self._signals, self._with_notebook = signals, with_notebook
        self._snapshot = ""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin the episode, and keep the notebook as it finds it."""
        if self._signals.stop.is_set():
            raise StoppedError
        answer = self.env.reset(seed=seed, options=options)
        self._signals.sandbox_seen.set()
        if (notebook := self._notebook()) is not None:
            self._snapshot = notebook.snapshot()
        return answer

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step the environment, unless the rollout has stopped."""
        if self._signals.stop.is_set():
            raise StoppedError
        self._signals.model_seen.set()
        return self.env.step(action)

    @contextlib.contextmanager
    def keeping_notes_of_whole_episodes(self) -> Iterator[None]:
        """Put the notebook back to the beginning of the episode when an error breaks it off.

        An attempt that counts in no figure must not help the next one, which plays the same task.
        """
        try:
            yield
        except BaseException:
            # a notebook that was closed in the meantime belongs to a rollout that is over
            if self._snapshot and (notebook := self._notebook()) is not None:
                notebook.restore(self._snapshot)
            raise

    def _notebook(self) -> _Notebook | None:
        return self.env.get_wrapper_attr("notebook") if self._with_notebook else None
