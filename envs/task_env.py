"""What every environment of tasks is: one task an episode, text in and out, limits, and one verdict at the end."""

from __future__ import annotations

import abc
import copy
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from selftrain.envs import rendering
from selftrain.envs.honeypots.dealing import Honeypots, integrity
from selftrain.envs.rendering import Exchange
from selftrain.envs.spaces import Text
from selftrain.envs.task_choice import TaskChoice
from selftrain.errors import OptionError
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, Taskset
from selftrain.verdicts import Verdict

LONGEST_ACTION = 1 << 20


class Place(Protocol):
    """What an episode works in: a sandbox, a prover, a sheet of paper."""

    def close(self) -> None:
        """Free what it holds; called from another thread it breaks off what is under way. Closing twice is fine."""
        ...


_PlaceT = TypeVar("_PlaceT", bound=Place)


@dataclass(frozen=True)
class Turn:
    """What one action did.

    Attributes:
        observation: what the agent is shown.
        output: what was printed, as it came; for the picture.
        info: facts of this step, besides those that every info has.
        ended: the action ended the episode.
    """

    observation: str
    output: bytes = b""
    info: Mapping[str, Any] = field(default_factory=dict)
    ended: bool = False


@dataclass(frozen=True)
class State:
    """A branch point of an episode, to be restored as often as wanted, in any environment of the same arguments."""

    task: Task
    place: Any
    step: int
    seconds: float
    exchanges: tuple[Exchange, ...]
    info: Mapping[str, Any]
    np_random: np.random.Generator
    np_random_seed: int | None
    honeypots_random: np.random.Generator | None = None


@dataclass
class Episode(Generic[_PlaceT]):
    """An episode under way or just over."""

    task: Task
    limits: Limits
    place: _PlaceT
    exchanges: tuple[Exchange, ...] = ()
    info: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    started: float = field(default_factory=time.monotonic)
    over: bool = False
    verdict: Verdict | None = None
    evidence: Evidence | None = None

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return time.monotonic() - self.started


class TaskEnv(gym.Env[Any, str], abc.ABC, Generic[_PlaceT]):
    """Base of the environments of tasks; a kind of environment says what its place is and what an action does there.

    Args:
        tasks, families, levels, split, pack: see `TaskChoice`.
        max_steps, max_seconds: instead of the task's own limits.
        longest_observation: most characters of an observation.
        render_mode: "ansi" (the transcript) or "rgb_array" (a picture of it).
        honeypots: share of the episodes that are honeypots, for kinds of environments that have them.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}
    kind: ClassVar[str]
    """The kind of tasks it plays, `Task.kind`."""
    pool: ClassVar[tuple[str, ...]]
    """The families it draws from where neither `tasks` nor `families` says otherwise."""

    def __init__(
        self,
        *,
        tasks: Taskset | Sequence[str | Task] | None,
        families: Sequence[str] | None,
        levels: Sequence[int],
        split: str,
        max_steps: int | None,
        max_seconds: float | None,
        longest_observation: int,
        render_mode: str | None,
        pack: str | None = None,
        honeypots: float = 0.0,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise OptionError(f"render_mode={render_mode!r} must be None, 'ansi' or 'rgb_array'")
        for name, value in {"max_steps": max_steps, "max_seconds": max_seconds}.items():
            if value is not None and not value > 0:
                raise OptionError(f"{name}={value} must be more than 0")
        self._choice = TaskChoice(tasks, families, levels, split, self.pool, self.kind, pack)
        self._honeypots = Honeypots(honeypots)
        self._max_steps, self._max_seconds = max_steps, max_seconds
        self.render_mode = render_mode
        self.action_space = Text(LONGEST_ACTION)
        self.observation_space = Text(longest_observation)
        self._lock = threading.RLock()
        self._episode: Episode[_PlaceT] | None = None

    @abc.abstractmethod
    def _open(self, task: Task) -> _PlaceT:
        """The place where an episode of `task` begins."""

    @abc.abstractmethod
    def _opening(self, episode: Episode[_PlaceT]) -> Turn:
        """The first observation and info."""

    @abc.abstractmethod
    def _act(self, episode: Episode[_PlaceT], action: str) -> Turn:
        """Carry out one action; `episode.step` counts it already."""

    @abc.abstractmethod
    def _verify(self, episode: Episode[_PlaceT]) -> tuple[Evidence, Verdict]:
        """Judge the place as it stands."""

    @abc.abstractmethod
    def _save(self, place: _PlaceT) -> Any:
        """What `_restore` needs to make the same place again."""

    @abc.abstractmethod
    def _restore(self, task: Task, saved: Any) -> _PlaceT:
        """A place as it was saved."""

    def _fitted(self, task: Task) -> Task:
        """The task as it is played here; a kind whose environments have terms of their own puts them in."""
        return task

    def _observation(self, episode: Episode[_PlaceT], text: str) -> Any:
        """What the agent gets of a text; where observations hold more than texts, a kind of environment adds it."""
        return text

    def _limit_reached(self, episode: Episode[_PlaceT]) -> str:
        if episode.step >= episode.limits.steps:
            return "steps"
        return "seconds" if episode.seconds >= episode.limits.seconds else ""

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

    @property
    def peak_memory_bytes(self) -> int | None:
        """The most memory that the place of the episode under way or just over took; None where nobody counts."""
        return None

    def find_task(self, item: str | Task) -> Task:
        """The task that `item` is, or is the id or the folder of, as this environment plays it.

        Raises:
            TaskError, UnknownNameError, OptionError: there is none, or it cannot be played here.
        """
        return self._fitted(self._choice.find(item))

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode in a fresh place.

        Args:
            seed: of the generator that draws tasks.
            options: {"task": a task id, a task folder or a `Task`} plays that one, or with honeypots perhaps its twin.

        Raises:
            TaskError, UnknownNameError, OptionError: the task asked for does not exist or cannot be set up.
            SandboxError: no sandbox can be had.
        """
        with self._lock:
            super().reset(seed=seed)
            options = dict(options or {})
            wanted = options.pop("task", None)
            if options:
                raise OptionError(f"reset has no options {sorted(options)}; it knows 'task'")
            self._honeypots.begin(self.np_random, anew=seed is not None)
            task = self._fitted(self._choice.draw(self.np_random)) if wanted is None else self.find_task(wanted)
            task = self._honeypots.dealt(task)
            self._end_episode()
            episode = self._begin(task, self._open(task))
            opening = self._opening(episode)
            episode.info = self._info(episode, opening)
            episode.exchanges = rendering.remember((), Exchange("", opening.output, opening.observation))
            return self._observation(episode, opening.observation), dict(episode.info)

    def step(self, action: str) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Carry out one action.

        Raises:
            TypeError: the action is not a string.
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
            SandboxError, VerifierError: the machinery failed; there is no reward, and the next call must be `reset`.
        """
        if not isinstance(action, str):
            raise TypeError(f"an action is a string, not {action!r}")
        with self._lock:
            episode = self._playing()
            try:
                return self._advance(episode, str(action))
            except BaseException:  # interrupts too: nobody can tell what the place is in the middle of
                self._give_up()
                raise

    def _advance(self, episode: Episode[_PlaceT], action: str) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        episode.step += 1
        turn = self._act(episode, action)
        observation, truncation = turn.observation, ""
        if not turn.ended and (truncation := self._limit_reached(episode)):
            observation += f"\n[the limit of {truncation} is reached, the episode is over]"
        episode.info = self._info(episode, turn)
        episode.exchanges = rendering.remember(episode.exchanges, Exchange(action, turn.output, observation))
        seen = self._observation(episode, observation)  # before the judgement, which closes the place
        reward = self._judge(episode, truncation) if turn.ended or truncation else 0.0
        return seen, reward, turn.ended, bool(truncation), dict(episode.info)

    def _judge(self, episode: Episode[_PlaceT], truncation: str) -> float:
        evidence, verdict = self._verify(episode)
        episode.place.close()
        episode.over, episode.evidence, episode.verdict = True, evidence, verdict
        episode.info |= {
            "verdict": "pass" if verdict.passed else "fail",
            "score": float(verdict.score),
            "why": verdict.why,
            "truncation": truncation,
            "evidence_sha256": evidence.sha256,
        }
        if self._honeypots.share:
            episode.info["integrity"] = integrity(episode.task, verdict)
        return verdict.reward

    def truncate(self, limit: str) -> tuple[float, dict[str, Any]]:
        """End the episode from outside, for example at the limit of a context budget: it is judged as it stands.

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
                self._give_up()
                raise

    def save_state(self) -> State:
        """The episode as it stands: place, counters and random generator; background processes are not kept.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
            SandboxError: the backend failed.
        """
        with self._lock:
            episode = self._playing()
            return State(
                task=episode.task,
                place=self._save(episode.place),
                step=episode.step,
                seconds=episode.seconds,
                exchanges=episode.exchanges,
                info=dict(episode.info),
                np_random=copy.deepcopy(self.np_random),
                np_random_seed=self.np_random_seed,
                honeypots_random=copy.deepcopy(self._honeypots.random),
            )

    def restore_state(self, state: State) -> tuple[Any, dict[str, Any]]:
        """Go on from `state`, in a place of its own; returns the observation and info that were current there.

        Raises:
            SandboxError: the backend failed.
        """
        with self._lock:
            self._end_episode()
            episode = self._begin(state.task, self._restore(state.task, state.place))
            episode.step, episode.exchanges, episode.info = state.step, state.exchanges, dict(state.info)
            episode.started = time.monotonic() - state.seconds
            self._np_random, self._np_random_seed = copy.deepcopy(state.np_random), state.np_random_seed
            self._honeypots.random = copy.deepcopy(state.honeypots_random)
            return self._observation(episode, state.exchanges[-1].observation), dict(state.info)

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
            return rendering.picture(
                self._episode.exchanges, f"SelfTrain {self.kind.capitalize()}   {self._episode.task.id}"
            )

    def close(self) -> None:
        """Close the place; closing twice is fine, and `reset` starts again."""
        if (episode := self._episode) is not None:
            episode.place.close()  # before the lock, so that it breaks off a step of another thread
        with self._lock:
            self._give_up()

    def _begin(self, task: Task, place: _PlaceT) -> Episode[_PlaceT]:
        limits = replace(
            task.limits,
            steps=self._max_steps or task.limits.steps,
            seconds=self._max_seconds or task.limits.seconds,
        )
        self._episode = Episode(task, limits, place)
        return self._episode

    def _playing(self) -> Episode[_PlaceT]:
        if self._episode is None or self._episode.over:
            why = "There is no episode" if self._episode is None else "The episode is over"
            raise gym.error.ResetNeeded(f"{why}: call reset() or restore_state() first.")
        return self._episode

    def _end_episode(self) -> None:
        if self._episode is not None:
            self._episode.over = True
            self._episode.place.close()

    def _give_up(self) -> None:
        self._end_episode()
        self._episode = None

    def _info(self, episode: Episode[_PlaceT], turn: Turn) -> dict[str, Any]:
        task = episode.task
        about = {"task": task.id, "family": task.family, "level": task.level, "step": episode.step}
        return {**about, **turn.info, "valid": True}
