"""Many environments of tasks stepped from one process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, cast

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.vector.utils import concatenate, create_empty_array

from selftrain.envs.task_env import TaskEnv
from selftrain.envs.terminal import TerminalEnv
from selftrain.errors import (
    BackendUnavailableError,
    ImageMissingError,
    MissingToolError,
    OptionError,
    SandboxError,
    VerifierError,
)

_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]
_Info = dict[str, Any]
_Answer = TypeVar("_Answer")

RESET_ATTEMPTS = 3


@dataclass(frozen=True)
class _Outcome:
    """What one environment answers to one vector step; `final` holds observation and info of an episode that ended."""

    observation: Any
    reward: float
    terminated: bool
    truncated: bool
    info: _Info
    final: _Info | None = None


class TaskVectorEnv(SyncVectorEnv):
    """An environment of tasks times `num_envs`, each in a thread of its own: sandboxes make one wait, not compute.

    Step by step it gives what `gymnasium.vector.SyncVectorEnv` gives on the same seeds, sooner. It differs where a
    sandbox or verifier breaks: that episode ends (truncated, reward 0.0, an empty observation, and an info with `valid`
    False, `truncation` "error" and the `error`), another one starts as the autoreset mode says, and the other
    environments go on. Learners and reports leave out what is not valid.

    Args:
        num_envs: how many.
        max_episode_steps: as `max_steps` of the environment, so that the final state is judged at this limit too.
        autoreset_mode: when the next episode starts: Gymnasium's NEXT_STEP, SAME_STEP or DISABLED.
        **kwargs: arguments of every environment.
    """

    env_class: ClassVar[type[TaskEnv[Any]]]

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        **kwargs: Any,
    ) -> None:
        if num_envs < 1:
            raise OptionError(f"num_envs={num_envs} must be 1 or more")
        if max_episode_steps is not None:
            kwargs["max_steps"] = min(max_episode_steps, kwargs.get("max_steps") or max_episode_steps)
        super().__init__([lambda: self.env_class(**kwargs)] * num_envs, autoreset_mode=autoreset_mode)
        self._ended = np.zeros(num_envs, dtype=np.bool_)
        self._shown = [_nothing(self.single_observation_space) for _ in range(num_envs)]
        self._threads = ThreadPoolExecutor(num_envs, thread_name_prefix="selftrain-vector")

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Any, _Info]:
        """Reset all environments, or those that are true in `options["reset_mask"]`.

        Args:
            seed: one for each, or a number that the i-th adds i to.
            options: for each environment's `reset`.

        Raises:
            SandboxError: an environment cannot be reset, not at the third attempt either.
        """
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed
        seeds = [None] * self.num_envs if seeds is None else list(seeds)
        if len(seeds) != self.num_envs:
            raise OptionError(f"seed= has {len(seeds)} numbers for {self.num_envs} environments")
        options = dict(options or {})
        chosen = self._mask(options.pop("reset_mask", None))
        started = self._together(lambda i: _reset(self._env(i), seeds[i], options), np.flatnonzero(chosen))
        infos: _Info = {}
        for i, (observation, info) in started.items():
            self._shown[i], self._ended[i] = observation, False
            infos = self._add_info(infos, info, i)
        return self._batched(), infos

    def step(self, actions: Sequence[Any]) -> tuple[Any, _Floats, _Flags, _Flags, _Info]:
        """Send one action to each environment.

        Raises:
            TypeError, OptionError: the actions are not `num_envs` strings, or not what the environment takes instead.
            gymnasium.error.ResetNeeded: an environment has no episode, or in mode DISABLED one that is over.
            In all of these cases nothing is stepped.
        """
        if len(actions) != self.num_envs:
            raise OptionError(f"{len(actions)} actions for {self.num_envs} environments")
        for action in actions:
            self._check_action(action)
        if self.autoreset_mode is AutoresetMode.DISABLED and self._ended.any():
            raise gym.error.ResetNeeded(
                f"Episodes {np.flatnonzero(self._ended).tolist()} are over: reset them, options={{'reset_mask': ...}}."
            )
        outcomes = self._together(lambda i: self._advance(i, actions[i]), range(self.num_envs))
        infos: _Info = {}
        for i, outcome in outcomes.items():
            self._shown[i] = outcome.observation
            self._ended[i] = outcome.terminated or outcome.truncated
            if outcome.final is not None:
                infos = self._add_info(infos, outcome.final, i)
            infos = self._add_info(infos, outcome.info, i)
        return (
            self._batched(),
            np.array([o.reward for o in outcomes.values()], dtype=np.float64),
            np.array([o.terminated for o in outcomes.values()], dtype=np.bool_),
            np.array([o.truncated for o in outcomes.values()], dtype=np.bool_),
            infos,
        )

    def close_extras(self, **_kwargs: Any) -> None:
        """Close every sandbox and end the threads."""
        self._together(lambda i: self._env(i).close(), range(self.num_envs))
        self._threads.shutdown()

    def _check_action(self, action: Any) -> None:
        """Refuse what no environment takes, before any of them is stepped."""
        if not isinstance(action, str):
            raise TypeError(f"an action is a string, not {action!r}")

    def _advance(self, i: int, action: Any) -> _Outcome:
        env = self._env(i)
        if self._ended[i] and self.autoreset_mode is AutoresetMode.NEXT_STEP:
            observation, info = _reset(env, None, {})
            return _Outcome(observation, 0.0, False, False, info)
        outcome = _step(env, action)
        if not (outcome.terminated or outcome.truncated) or self.autoreset_mode is not AutoresetMode.SAME_STEP:
            return outcome
        final = {"final_obs": outcome.observation, "final_info": outcome.info}
        observation, info = _reset(env, None, {})
        return _Outcome(observation, outcome.reward, outcome.terminated, outcome.truncated, info, final)

    def _together(
        self, work: Callable[[int], _Answer], places: Sequence[int] | npt.NDArray[np.intp]
    ) -> dict[int, _Answer]:
        """Do `work` for each of `places` at once; an error is raised when all have come to their end."""
        jobs: dict[int, Future[_Answer]] = {int(i): self._threads.submit(work, int(i)) for i in places}
        wait(jobs.values())
        return {i: job.result() for i, job in jobs.items()}

    def _batched(self) -> Any:
        """What the environments show: a tuple of texts, or a dict of such tuples and of arrays."""
        space = self.single_observation_space
        return concatenate(space, self._shown, cast("Any", create_empty_array(space, self.num_envs)))

    def _env(self, i: int) -> TaskEnv[Any]:
        return cast("TaskEnv[Any]", self.envs[i])

    def _mask(self, mask: Any) -> _Flags:
        if mask is None:
            return np.ones(self.num_envs, dtype=np.bool_)
        if (
            not isinstance(mask, np.ndarray)
            or mask.shape != (self.num_envs,)
            or mask.dtype != np.bool_
            or not mask.any()
        ):
            raise OptionError(
                f"options['reset_mask'] must be a boolean array of shape ({self.num_envs},) with at least one true, "
                f"not {mask!r}"
            )
        return mask


def _nothing(space: gym.Space[Any]) -> Any:
    """What is shown of a broken episode: nothing that the machinery says may be read as output."""
    if isinstance(space, gym.spaces.Dict):
        return {name: _nothing(part) for name, part in space.items()}
    return "" if isinstance(space, gym.spaces.Text) else np.zeros(space.shape or (), space.dtype)


def _reset(env: TaskEnv[Any], seed: int | None, options: _Info) -> tuple[Any, _Info]:
    """Reset, up to three times: an episode that does not start is replaced by the next."""
    for _ in range(RESET_ATTEMPTS - 1):
        try:
            return env.reset(seed=seed, options=options)
        except (BackendUnavailableError, ImageMissingError, MissingToolError):
            raise  # trying again cannot help
        except SandboxError as error:
            gym.logger.warn(f"A sandbox did not start and is tried again: {error}")
    return env.reset(seed=seed, options=options)


def _step(env: TaskEnv[Any], action: Any) -> _Outcome:
    task = env.task
    try:
        return _Outcome(*env.step(action))
    except (SandboxError, VerifierError) as error:
        assert task is not None  # without an episode, `step` raises ResetNeeded
        info = {
            "task": task.id,
            "family": task.family,
            "level": task.level,
            "valid": False,
            "truncation": "error",
            "error": f"{type(error).__name__}: {error}",
        }
        return _Outcome(_nothing(env.observation_space), 0.0, False, True, info)


class TerminalVectorEnv(TaskVectorEnv):
    """`TerminalEnv` times `num_envs`, stepped from one process."""

    env_class = TerminalEnv
