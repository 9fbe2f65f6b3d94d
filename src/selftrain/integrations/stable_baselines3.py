"""Vector environments in arrays for Stable-Baselines3, whose own vectors step one environment after another."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from selftrain.errors import OptionError


class ArrayVecEnv(VecEnv):
    """What Stable-Baselines3 trains on, from a Gymnasium vector environment that resets in the same step.

    Observations, rewards and the ends of episodes are the vector environment's; the info of an episode that ended is
    its `final_info` with `terminal_observation` and `TimeLimit.truncated`, and all others are empty.

    Args:
        envs: of observations in one array, with autoreset mode SAME_STEP, as `gym.make_vec` makes of LabPixels and
            LabFeatures.

    Raises:
        OptionError: it resets in another way.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any]) -> None:
        if envs.metadata.get("autoreset_mode") is not AutoresetMode.SAME_STEP:
            raise OptionError("envs= must reset in the same step: autoreset_mode=AutoresetMode.SAME_STEP")
        self.envs, self._actions = envs, np.zeros(0, np.int64)
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> VecEnvObs:
        """Start all episodes, with the seed that `seed` gave."""
        observations, _ = self.envs.reset(seed=self._seeds[0])
        self._reset_seeds()
        found: npt.NDArray[Any] = observations
        return found

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step all episodes."""
        observations, rewards, terminated, truncated, info = self.envs.step(self._actions)
        ended = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for place in np.flatnonzero(ended):
            final = info["final_info"]
            infos[place] = {name: final[name][place] for name in final if not name.startswith("_")}
            infos[place]["terminal_observation"] = info["final_obs"][place]
            infos[place]["TimeLimit.truncated"] = bool(truncated[place] and not terminated[place])
        return observations, rewards.astype(np.float32), ended, infos

    def close(self) -> None:
        self.envs.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        return [getattr(self.envs, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        raise OptionError(f"{attr_name!r} cannot be set: episodes in arrays have no attributes of their own")

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        raise OptionError(f"{method_name!r} cannot be called: episodes in arrays have no methods of their own")

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        return [False] * len(list(self._get_indices(indices)))
