"""Limits as ends."""

from __future__ import annotations

from typing import Any

import gymnasium as gym


class LimitIsEnd(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Episodes that a limit cuts off count as terminated.

    Learners add the value of what might have come to an episode that was truncated. An environment of tasks judges the
    final state at a limit as well, so that nothing can come after it: with that value added, a policy learns that never
    to submit is worth more than the verdict.

    Args:
        env: any environment.
    """

    # Gymnasium's annotation gives the inner environment the outer one's types
    env: gym.Env[Any, Any]

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        gym.utils.RecordConstructorArgs.__init__(self)
        super().__init__(env)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """As the wrapped environment, but for the ends; `info["truncation"]` still names the limit."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return observation, float(reward), terminated or truncated, False, info
