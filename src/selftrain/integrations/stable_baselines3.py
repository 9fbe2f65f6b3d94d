"""Vector environments in arrays for Stable-Baselines3, whose own vectors step one environment after another."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from stable_baselines3.common.env_util import is_wrapped
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from selftrain.errors import OptionError


class ArrayVecEnv(VecEnv):
    """What Stable-Baselines3 trains on, from a Gymnasium vector environment that resets in the same step.

    Observations, rewards and the ends of episodes are the vector environment's; the info of an episode that ended is
    its `final_info` with `terminal_observation` and `TimeLimit.truncated`, and all others are empty. As with SB3's own
    vectors, a learner adds the value of what might have come to an episode that a limit cut off.

    Args:
        envs: of numbers, with autoreset mode SAME_STEP, as `gym.make_vec` makes of LabPixels, LabFeatures and the
            games of memory, and with `autoreset_mode=AutoresetMode.SAME_STEP` of TerminalMenu.

    Raises:
        OptionError: it resets in another way, or shows something else.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any]) -> None:
        if envs.metadata.get("autoreset_mode") is not AutoresetMode.SAME_STEP:
            raise OptionError("envs= must reset in the same step: autoreset_mode=AutoresetMode.SAME_STEP")
        if not _are_numbers(envs.single_observation_space):
            raise OptionError(f"envs= shows {envs.single_observation_space}, not numbers: see NumericView")
        self.envs, self._actions = envs, np.zeros(0, np.int64)
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> VecEnvObs:
        """Start all episodes, with the seed that `seed` gave and the options that `set_options` gave.

        Raises:
            OptionError: options differ between environments, or `envs` does not know them.
        """
        if any(options != self._options[0] for options in self._options):
            raise OptionError(f"set_options({self._options!r}) must give the same to all: they are reset together")
        observations, _ = self.envs.reset(seed=self._seeds[0], options=self._options[0] or None)
        self._reset_seeds()
        self._reset_options()
        found: VecEnvObs = observations
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
            told = {name: final[name][place] for name in final if not name.startswith("_") and final[f"_{name}"][place]}
            # of plain types, as a single environment has them: numpy's cannot be written as JSON
            infos[place] = {
                name: value.item() if isinstance(value, np.generic) else value for name, value in told.items()
            }
            infos[place]["terminal_observation"] = info["final_obs"][place]
            infos[place]["TimeLimit.truncated"] = bool(truncated[place] and not terminated[place])
        return observations, rewards.astype(np.float32), ended, infos

    def close(self) -> None:
        self.envs.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        places = list(self._get_indices(indices))
        if isinstance(self.envs, SyncVectorEnv):
            return [self.envs.envs[place].get_wrapper_attr(attr_name) for place in places]
        return [getattr(self.envs, attr_name)] * len(places)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        raise OptionError(f"{attr_name!r} cannot be set: make the environments with it")

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        if not isinstance(self.envs, SyncVectorEnv):
            raise OptionError(f"{method_name!r} cannot be called: episodes in arrays have no methods of their own")
        return [method(*method_args, **method_kwargs) for method in self.get_attr(method_name, indices)]

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        places = list(self._get_indices(indices))
        if isinstance(self.envs, SyncVectorEnv):
            return [is_wrapped(self.envs.envs[place], wrapper_class) for place in places]
        return [False] * len(places)


def _are_numbers(space: gym.Space[Any]) -> bool:
    parts = space.values() if isinstance(space, gym.spaces.Dict) else [space]
    known = (gym.spaces.Box, gym.spaces.Discrete, gym.spaces.MultiDiscrete, gym.spaces.MultiBinary)
    return all(isinstance(part, known) for part in parts)
