"""Play episodes: one, or many at once with retries, a journal and a live view."""

from __future__ import annotations

import contextlib
import functools
import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym

from selftrain.agents.base import Agent, TaskReader, make_agent
from selftrain.agents.plan import Plan
from selftrain.agents.recording import EpisodeRecorder, Sink
from selftrain.agents.report import Outcome, Report
from selftrain.errors import (
    BackendUnavailableError,
    ImageMissingError,
    MissingToolError,
    OptionError,
    SandboxError,
    VerifierError,
)
from selftrain.journal import Journal
from selftrain.records import EpisodeRecord
from selftrain.tasks import Task

ATTEMPTS = 6
FIRST_WAIT_SECONDS = 1.0
_log = logging.getLogger(__name__)


def run_episode(
    env: gym.Env[Any, Any],
    agent: Agent,
    seed: int,
    *,
    task: str | Task | None = None,
    header: EpisodeRecord | None = None,
    sink: Sink = lambda record: None,
) -> EpisodeRecord:
    """Play one episode and return its record.

    Args:
        env: made by `gymnasium.make`; it is not closed.
        agent: who plays.
        seed: for the environment and for the agent.
        task: given to `env.reset` as its option of that name; None leaves the choice to the environment.
        header: fields of the record that are known before.
        sink: takes the record before the last `step` returns, for example `Journal.append`.

    Raises:
        SandboxError, VerifierError: the infrastructure failed; the episode has no reward and no record.
    """
    env_id, kwargs = (env.spec.id, env.spec.kwargs) if env.spec else (type(env.unwrapped).__name__, {})
    known = header or EpisodeRecord(env_id=env_id, env_kwargs=kwargs, agent=type(agent).__name__, seed=seed)
    recorder = EpisodeRecorder(env, known, sink)
    _play(recorder, agent, seed, task)
    if recorder.record is None:
        raise SandboxError("the environment ended the episode as not valid")
    return recorder.record


def _play(recorder: EpisodeRecorder, agent: Agent, seed: int, task: str | Task | None) -> None:
    observation, info = recorder.reset(seed=seed, options=None if task is None else {"task": task})
    agent.reset(seed)
    if isinstance(agent, TaskReader):
        hidden = getattr(recorder.unwrapped, "task", None)
        if not isinstance(hidden, Task):
            raise OptionError(f"{type(agent).__name__} needs an environment of tasks; {recorder.spec} has none")
        agent.read_task(hidden)
    over = False
    while not over:
        observation, _, terminated, truncated, info = recorder.step(agent.act(observation, info))
        over = terminated or truncated


def rollout(
    env_id: str,
    agent: str | Callable[[], Agent],
    episodes: int,
    *,
    parallel: int = 4,
    seed: int = 0,
    out: Path | str | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    tasks: Sequence[str | Task] = (),
    progress: bool = True,
) -> Report:
    """Play many episodes, several at once, and report success per family and level.

    An episode that the infrastructure breaks is played again from its start, with growing waits in between. After
    `ATTEMPTS` failures it is recorded as not valid and counts in no figure; a later call on the same directory
    plays it again.

    Args:
        env_id: a registered id, or `module:id`.
        agent: its name, `module:Class`, or a function that makes one (each worker makes its own).
        episodes: how many.
        parallel: environments at once, each with its own sandbox.
        seed: where all tasks and seeds come from.
        out: directory of the journal. With the same arguments it continues what is missing; others are refused.
        env_kwargs: for `gymnasium.make`.
        tasks: task ids or tasks, dealt to the episodes in turn; none lets the environment draw them.
        progress: show a live view on standard error.

    Raises:
        RecordError: the journal cannot be used, or belongs to other arguments or another process.
        UnknownNameError, OptionError, TaskError: an argument or a task is broken.
        BackendUnavailableError, ImageMissingError, MissingToolError: this machine lacks something; says what.
    """
    if parallel < 1:
        raise OptionError(f"parallel={parallel} must be 1 or more")
    make: Callable[[], Agent]
    if isinstance(agent, str):
        name, make = agent, functools.partial(make_agent, agent)
    else:
        name, make = f"{agent.__module__}:{agent.__qualname__}", agent
    if name == "human":  # one player, one keyboard, and nothing else on the screen
        parallel, progress = 1, False
    plan = Plan(env_id, name, episodes, seed, env_kwargs or {}, tuple(tasks))
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        journal = stack.enter_context(Journal(out)) if out is not None else None
        outcomes = _earlier(journal, plan) if journal else {}
        continued = len(outcomes)
        missing = [index for index in range(episodes) if index not in outcomes]
        show = stack.enter_context(_view(plan, outcomes, out, missing)) if progress else lambda outcome: None
        crew = _Crew(plan, make, journal, missing, parallel)
        for record in stack.enter_context(contextlib.closing(crew.play())):
            outcomes[record.episode] = Outcome.of(record)
            show(outcomes[record.episode])
    ordered = tuple(outcomes[index] for index in sorted(outcomes))
    return Report(env_id, name, episodes, continued, time.monotonic() - began, ordered)


def _earlier(journal: Journal, plan: Plan) -> dict[int, Outcome]:
    """Valid outcomes that the journal already has, after binding it to the plan."""
    journal.claim(plan.as_dict())
    found = {record.episode: Outcome.of(record) for record in journal.records() if record.valid}
    if journal.torn:
        _log.warning("%s: cut off a torn last line of %d bytes", journal.directory, journal.torn)
    return found


@contextlib.contextmanager
def _view(
    plan: Plan, earlier: Mapping[int, Outcome], out: Path | str | None, missing: Sequence[int]
) -> Iterator[Callable[[Outcome], None]]:
    from rich.console import Console

    from selftrain.agents.progress import RolloutProgress

    console = Console(stderr=True)

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    if earlier:
        say(f"continuing {out}: {len(earlier)} episodes are there, {len(missing)} are missing")
    try:
        with RolloutProgress(f"{plan.agent} on {plan.env_id}", plan.episodes, earlier.values(), console) as shown:
            yield shown.add
    except KeyboardInterrupt:
        say(f"interrupted; the same command goes on from here: {out}" if out else "interrupted; nothing was kept")
        raise


class _Crew:
    """Workers that play the missing episodes; each has an environment and an agent of its own."""

    def __init__(
        self, plan: Plan, make: Callable[[], Agent], journal: Journal | None, missing: Sequence[int], parallel: int
    ) -> None:
        self._plan, self._make = plan, make
        self._sink: Sink = journal.append if journal else lambda record: None
        self._count, self._parallel = len(missing), min(parallel, len(missing))
        self._missing: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in missing:
            self._missing.put(index)
        self._done: queue.SimpleQueue[EpisodeRecord | BaseException] = queue.SimpleQueue()
        self._signals = _Signals()

    def play(self) -> Generator[EpisodeRecord, None, None]:
        """Records as they are finished. Closing the iterator stops the workers and drops what they have in hand."""
        if self._parallel == 1:  # in this thread, so that Ctrl-C ends a prompt or a long command at once
            with contextlib.closing(self._worker()) as worker:
                for _ in range(self._count):
                    yield worker.play(self._missing.get_nowait())
            return
        workers = [self._worker() for _ in range(self._parallel)]
        threads = [threading.Thread(target=self._work, args=(worker,), name="rollout") for worker in workers]
        for thread in threads:
            thread.start()
        try:
            for _ in range(self._count):
                item = self._done.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self._signals.stop.set()
            for worker in workers:
                worker.interrupt()
            for thread in threads:
                thread.join()

    def _worker(self) -> _Worker:
        return _Worker(self._plan, self._make(), self._sink, self._signals)

    def _work(self, worker: _Worker) -> None:
        try:
            with contextlib.closing(worker):
                while True:
                    self._done.put(worker.play(self._missing.get_nowait()))
        except (queue.Empty, _StoppedError):
            pass
        except BaseException as error:  # carried to the thread that waits for records, and raised there
            self._done.put(error)


class _StoppedError(Exception):
    """The rollout ends; the episode at hand is dropped."""


class _Signals:
    """What the workers of a rollout tell each other: to stop, and that this machine can start sandboxes."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.sandbox_seen = threading.Event()


class _Worker:
    """One environment and one agent, and the retries of an episode."""

    def __init__(self, plan: Plan, agent: Agent, sink: Sink, signals: _Signals) -> None:
        self._plan, self._agent, self._sink, self._signals = plan, agent, sink, signals
        self._env: gym.Env[Any, Any] | None = None

    def play(self, index: int) -> EpisodeRecord:
        """The record of episode `index`, not valid when the infrastructure failed every attempt."""
        wait = FIRST_WAIT_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            record = self._attempt(index, attempt)
            if record.valid:
                return record
            _log.warning("episode %d, attempt %d of %d: %s", index, attempt, ATTEMPTS, record.error)
            self.close()
            if attempt < ATTEMPTS and self._signals.stop.wait(wait):
                raise _StoppedError
            wait *= 2
        self._sink(record)
        return record

    def _attempt(self, index: int, attempt: int) -> EpisodeRecord:
        if self._env is None:
            self._env = gym.make(self._plan.env_id, **self._plan.env_kwargs)
        header = replace(self._plan.header(index), attempts=attempt)
        recorder = EpisodeRecorder(_Watched(self._env, self._signals), header, self._sink)
        try:
            _play(recorder, self._agent, header.seed, self._plan.task(index))
        except (ImageMissingError, MissingToolError):
            raise  # waiting does not bring what the user has to install
        except (SandboxError, VerifierError) as error:
            if self._signals.stop.is_set():
                raise _StoppedError from error
            if isinstance(error, BackendUnavailableError) and not self._signals.sandbox_seen.is_set():
                raise
            return recorder.failed(f"{type(error).__name__}: {error}")
        return recorder.record or recorder.failed("the environment ended the episode as not valid")

    def interrupt(self) -> None:
        """Break off the step at hand, from another thread."""
        self._close(self._env)

    def close(self) -> None:
        """Close the environment; the next episode makes another one."""
        env, self._env = self._env, None
        self._close(env)

    def _close(self, env: gym.Env[Any, Any] | None) -> None:
        try:
            if env is not None:
                env.close()
        except SandboxError as error:  # what is broken is found again by the next reset
            _log.warning("closing an environment failed: %s", error)


class _Watched(gym.Wrapper[Any, Any, Any, Any]):
    """Ends an episode between two steps when the rollout stops, and notes when a sandbox has started."""

    def __init__(self, env: gym.Env[Any, Any], signals: _Signals) -> None:
        super().__init__(env)
        self._signals = signals

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        if self._signals.stop.is_set():
            raise _StoppedError
        answer = self.env.reset(seed=seed, options=options)
        self._signals.sandbox_seen.set()
        return answer

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        if self._signals.stop.is_set():
            raise _StoppedError
        return self.env.step(action)
