"""The terminal environment: real work in a real shell, judged by a verifier that the agent never meets."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from selftrain.envs import families as terminal_families
from selftrain.envs import observations, rendering
from selftrain.envs.rendering import Exchange
from selftrain.envs.spaces import Text
from selftrain.envs.task_choice import TaskChoice, find_task
from selftrain.envs.task_sandbox import judge_sandbox, open_task_sandbox
from selftrain.errors import OptionError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Backend, Result, Sandbox, Snapshot, make_backend
from selftrain.tasks import Limits, Task, Taskset
from selftrain.verdicts import Verdict

LONGEST_ACTION = 1 << 20
_FEWEST_OBSERVATION_BYTES = 256
_SHORTEST_TIMEOUT = 0.05


@dataclass(frozen=True)
class State:
    """A branch point of an episode, to be restored as often as wanted, in any environment of the same arguments."""

    task: Task
    snapshot: Snapshot
    step: int
    seconds: float
    exchanges: tuple[Exchange, ...]
    info: Mapping[str, Any]
    np_random: np.random.Generator
    np_random_seed: int | None


@dataclass
class _Episode:
    task: Task
    limits: Limits
    backend: Backend
    sandbox: Sandbox
    exchanges: tuple[Exchange, ...] = ()
    info: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    started: float = field(default_factory=time.monotonic)
    over: bool = False
    verdict: Verdict | None = None
    evidence: Evidence | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def limit_reached(self) -> str:
        if self.step >= self.limits.steps:
            return "steps"
        return "seconds" if self.seconds >= self.limits.seconds else ""


class TerminalEnv(gym.Env[str, str]):
    """Work at a terminal.

    ## Description
    The agent gets an instruction and a bash shell in a sandbox without network, with the files that the task needs
    under /workspace. It works as an engineer would, one command at a time, and says when it is done. Then the sandbox
    is frozen, what the task asks for is copied out, and a verifier judges those bytes. Tests, answers and oracle are
    nowhere in the sandbox.

    ## Action Space
    `Text`: any string is run by bash, several lines included. The shell stays: directory, variables and background
    jobs are there for the next action. The action `submit`, alone, ends the episode.

    ## Observation Space
    `Text`: at reset the instruction, then how to work; after each action what the command printed, both streams as
    they came, then a line such as `[exit 0 in /workspace, step 3 of 50]`, which also tells of timeouts and of a shell
    that had to be started again. Where output is longer than `observation_bytes`, the middle is left out and a line
    says so. Control characters are shown as pictures (␛) and bytes that are no UTF-8 as �.

    `info` holds `task`, `family`, `level`, `backend`, `image`, `step`, `exit_code`, `timed_out`, `shell_restarted`,
    `truncated_bytes` and `valid`; after the last step also `verdict` ("pass" or "fail"), `score` (share of checks
    passed), `why` (the class of the first failure), `truncation` ("", "steps" or "seconds") and `evidence_sha256`.

    ## Rewards
    1.0 once, at the end, when every check of the verifier passed; else 0.0. A failure of the machinery raises
    `SandboxError` or `VerifierError`: it is never shown as output and never paid.

    ## Starting State
    The task of `options={"task": ...}`, or else one drawn by the environment's random generator from `tasks` or
    `families`, in a fresh sandbox: same seed, same task, same bytes.

    ## Episode End
    Terminated by `submit`. Truncated when the steps or the seconds are used up; the files are judged then too.

    ## Arguments
    - `backend`: where sandboxes run: "auto", "bubblewrap" or "docker".
    - `image`: what they run in, instead of the task's own image or the backend's default.
    - `tasks`: task ids, selections such as "git-*/train/1-3/0-9", Harbor folders or `Task` objects; or a `Taskset`.
    - `families`, `levels`, `split`: draw from these task families instead (None: all), at these levels.
    - `max_steps`, `max_seconds`: instead of the task's own limits. Gymnasium's `max_episode_steps` ends an episode
      without a verdict; use `max_steps`.
    - `observation_bytes`: of one command's output that are shown.
    - `render_mode`: "ansi" (the transcript) or "rgb_array" (a picture of the terminal).

    ## Version History
    - v0: the first.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}
    pool: ClassVar[tuple[str, ...]] = terminal_families.NAMES

    def __init__(
        self,
        *,
        backend: str = "auto",
        image: str | None = None,
        tasks: Taskset | Sequence[str | Task] | None = None,
        families: Sequence[str] | None = None,
        levels: Sequence[int] = (1,),
        split: str = "train",
        max_steps: int | None = None,
        max_seconds: float | None = None,
        observation_bytes: int = 16_384,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise OptionError(f"render_mode={render_mode!r} must be None, 'ansi' or 'rgb_array'")
        if observation_bytes < _FEWEST_OBSERVATION_BYTES:
            raise OptionError(f"observation_bytes={observation_bytes} must be {_FEWEST_OBSERVATION_BYTES} or more")
        for name, value in {"max_steps": max_steps, "max_seconds": max_seconds}.items():
            if value is not None and not value > 0:
                raise OptionError(f"{name}={value} must be more than 0")
        self._choice = TaskChoice(tasks, families, levels, split, self.pool)
        self._backend, self._image = backend, image or ""
        self._max_steps, self._max_seconds = max_steps, max_seconds
        self._observation_bytes = observation_bytes
        self.render_mode = render_mode
        self.action_space = Text(LONGEST_ACTION)
        longest = max(observation_bytes, observations.LONGEST_INSTRUCTION)
        self.observation_space = Text(longest + observations.STATUS_ROOM)
        self._lock = threading.RLock()
        self._episode: _Episode | None = None

    @property
    def task(self) -> Task | None:
        """The task of the episode under way or just over; for records and reference agents, never for a learner."""
        return self._episode.task if self._episode else None

    @property
    def verdict(self) -> Verdict | None:
        """The whole verdict of an episode that is over; for records."""
        return self._episode.verdict if self._episode else None

    @property
    def evidence(self) -> Evidence | None:
        """What was judged in an episode that is over; for records."""
        return self._episode.evidence if self._episode else None

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Start an episode in a fresh sandbox.

        Args:
            seed: of the generator that draws tasks.
            options: {"task": a task id, a Harbor folder or a `Task`} plays that one.

        Raises:
            TaskError, UnknownNameError, OptionError: the task asked for does not exist or its setup fails.
            SandboxError: no sandbox can be had.
        """
        with self._lock:
            super().reset(seed=seed)
            options = dict(options or {})
            wanted = options.pop("task", None)
            if options:
                raise OptionError(f"reset has no options {sorted(options)}; it knows 'task'")
            task = self._choice.draw(self.np_random) if wanted is None else find_task(wanted)
            self._end_episode()
            backend = make_backend(self._backend)
            sandbox = open_task_sandbox(backend, task, self._image)
            episode = self._begin(task, backend, sandbox)
            episode.info = self._info(episode, Result(b"", 0), 0)
            opening = observations.opening(task, sandbox.spec.workdir, episode.limits)
            episode.exchanges = rendering.remember((), Exchange("", b"", opening))
            return opening, dict(episode.info)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Run one command, or end the episode with `submit`.

        Raises:
            TypeError: the action is not a string.
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
            SandboxError, VerifierError: the machinery failed; there is no reward, and the next call must be `reset`.
        """
        if not isinstance(action, str):
            raise TypeError(f"an action is a string, the next command or {observations.SUBMIT!r}, not {action!r}")
        with self._lock:
            episode = self._playing()
            try:
                return self._advance(episode, str(action))
            except BaseException:  # interrupts too: nobody can tell what the sandbox is in the middle of
                self._end_episode()
                self._episode = None
                raise

    def _advance(self, episode: _Episode, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        episode.step += 1
        submitted = action.strip() == observations.SUBMIT
        if submitted:
            result, missing = Result(b"", 0), 0
            observation, truncation = "[submitted, the episode is over]", ""
        else:
            result, observation, missing = self._run(episode, action)
            if truncation := episode.limit_reached():
                observation += f"\n[the limit of {truncation} is reached, the episode is over]"
        episode.info = self._info(episode, result, missing)
        episode.exchanges = rendering.remember(episode.exchanges, Exchange(action, result.output, observation))
        reward = 0.0
        if submitted or truncation:
            reward = self._judge(episode, truncation)
        return observation, reward, submitted, bool(truncation), dict(episode.info)

    def _run(self, episode: _Episode, action: str) -> tuple[Result, str, int]:
        left = max(_SHORTEST_TIMEOUT, episode.limits.seconds - episode.seconds)
        timeout = min(episode.limits.command_seconds, left)
        command = action.encode("utf-8", "replace")
        result = episode.sandbox.run(command, timeout)
        shown, missing = observations.describe(result, self._observation_bytes, episode.step, episode.limits, timeout)
        return result, shown, missing

    def _judge(self, episode: _Episode, truncation: str) -> float:
        evidence, verdict = judge_sandbox(episode.sandbox, episode.task, episode.backend, self._image)
        episode.sandbox.close()
        episode.over, episode.evidence, episode.verdict = True, evidence, verdict
        episode.info |= {
            "verdict": "pass" if verdict.passed else "fail",
            "score": float(verdict.score),
            "why": verdict.why,
            "truncation": truncation,
            "evidence_sha256": evidence.sha256,
        }
        return verdict.reward

    def truncate(self, limit: str) -> tuple[float, dict[str, Any]]:
        """End the episode from outside, for example at the limit of a context budget: the files are judged as they are.

        Args:
            limit: what `info["truncation"]` is to say.

        Returns:
            The reward and the last info.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
            SandboxError, VerifierError: the machinery failed; there is no reward.
        """
        with self._lock:
            episode = self._playing()
            try:
                return self._judge(episode, limit), dict(episode.info)
            except BaseException:
                self._end_episode()
                self._episode = None
                raise

    def save_state(self) -> State:
        """The episode as it stands: files, shell, counters and random generator; background processes are not kept.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
            SandboxError: the backend failed.
        """
        with self._lock:
            episode = self._playing()
            return State(
                task=episode.task,
                snapshot=episode.sandbox.snapshot(),
                step=episode.step,
                seconds=episode.seconds,
                exchanges=episode.exchanges,
                info=dict(episode.info),
                np_random=copy.deepcopy(self.np_random),
                np_random_seed=self.np_random_seed,
            )

    def restore_state(self, state: State) -> tuple[str, dict[str, Any]]:
        """Go on from `state`, in a sandbox of its own; returns the observation and info that were current there.

        Raises:
            SandboxError: the backend failed.
        """
        with self._lock:
            self._end_episode()
            backend = make_backend(self._backend)
            episode = self._begin(state.task, backend, backend.restore(state.snapshot))
            episode.step, episode.exchanges, episode.info = state.step, state.exchanges, dict(state.info)
            episode.started = time.monotonic() - state.seconds
            self._np_random, self._np_random_seed = copy.deepcopy(state.np_random), state.np_random_seed
            return state.exchanges[-1].observation, dict(state.info)

    def render(self) -> str | npt.NDArray[np.uint8] | None:
        """The transcript or the picture of the episode, as `render_mode` says.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode.
        """
        if self.render_mode is None:
            gym.logger.warn("render() needs render_mode='ansi' or 'rgb_array', given to gym.make")
            return None
        with self._lock:
            if self._episode is None:
                raise gym.error.ResetNeeded("There is no episode to render: call reset() first.")
            if self.render_mode == "ansi":
                return rendering.transcript(self._episode.exchanges)
            return rendering.picture(self._episode.exchanges, f"SelfTrain Terminal   {self._episode.task.id}")

    def close(self) -> None:
        """Close the sandbox; closing twice is fine, and `reset` starts again."""
        if (episode := self._episode) is not None:
            episode.sandbox.close()  # before the lock, so that it breaks off a step of another thread
        with self._lock:
            self._end_episode()
            self._episode = None

    def _begin(self, task: Task, backend: Backend, sandbox: Sandbox) -> _Episode:
        limits = replace(
            task.limits,
            steps=self._max_steps or task.limits.steps,
            seconds=self._max_seconds or task.limits.seconds,
        )
        self._episode = _Episode(task, limits, backend, sandbox)
        return self._episode

    def _playing(self) -> _Episode:
        if self._episode is None or self._episode.over:
            why = "There is no episode" if self._episode is None else "The episode is over"
            raise gym.error.ResetNeeded(f"{why}: call reset() or restore_state() first.")
        return self._episode

    def _end_episode(self) -> None:
        if self._episode is not None:
            self._episode.over = True
            self._episode.sandbox.close()

    def _info(self, episode: _Episode, result: Result, missing: int) -> dict[str, Any]:
        task = episode.task
        return {
            "task": task.id,
            "family": task.family,
            "level": task.level,
            "backend": episode.backend.name,
            "image": self._image or task.image or episode.backend.default_image,
            "step": episode.step,
            "exit_code": result.exit_code,
            "timed_out": result.timed_out,
            "shell_restarted": result.shell_restarted,
            "truncated_bytes": missing,
            "valid": True,
        }
