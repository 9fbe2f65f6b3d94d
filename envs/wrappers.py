"""Other views of the terminal environment: the same task, sandbox and verifier behind other spaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from selftrain.envs.observations import SUBMIT
from selftrain.errors import OptionError

_Window = npt.NDArray[np.uint8]


class ByteView(gym.Wrapper[_Window, np.int64, str, str], gym.utils.RecordConstructorArgs):
    """Numbers for learners that know no text, such as stable-baselines3's.

    The observation is the last `window` bytes of the text in UTF-8, filled up with zeros on the left; the action is
    the number of a command of `menu`, or one more than the last for `submit`.

    Args:
        env: an environment of texts, such as SelfTrain-Terminal-v0.
        menu: the commands.
        window: bytes of the observation.
    """

    # Gymnasium's annotation gives the inner environment the outer one's types
    env: gym.Env[Any, Any]

    def __init__(self, env: gym.Env[Any, Any], menu: Sequence[str], window: int = 256) -> None:
        if isinstance(menu, str) or not menu:
            raise OptionError(f"menu={menu!r} must be a sequence of at least one command")
        if window < 1:
            raise OptionError(f"window={window} must be 1 or more")
        gym.utils.RecordConstructorArgs.__init__(self, menu=menu, window=window)
        super().__init__(env)
        self._commands = (*menu, SUBMIT)
        self._window = window
        self.observation_space = gym.spaces.Box(0, 255, (window,), np.uint8)
        self.action_space = gym.spaces.Discrete(len(self._commands))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[_Window, dict[str, Any]]:
        """Start an episode; see the wrapped environment."""
        text, info = self.env.reset(seed=seed, options=options)
        return self._view(text), info

    def step(self, action: np.int64) -> tuple[_Window, float, bool, bool, dict[str, Any]]:
        """Send the command of this number; see the wrapped environment."""
        text, reward, terminated, truncated, info = self.env.step(self._commands[int(action)])
        return self._view(text), float(reward), terminated, truncated, info

    def _view(self, text: str) -> _Window:
        data = text.encode("utf-8", "replace")[-self._window :]
        return np.frombuffer(data.rjust(self._window, b"\0"), dtype=np.uint8).copy()
