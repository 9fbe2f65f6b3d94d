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

from selftrain.agents.base import Agent, Closeable, ContextUser, Sampler, TaskReader, make_agent
from selftrain.agents.chat_errors import ModelDownError, ModelRefusedError, PromptTooLongError
from selftrain.agents.plan import Plan, context_of, make_environment
from selftrain.agents.recording import EpisodeRecorder, Sink
from selftrain.agents.report import Outcome, Report
from selftrain.agents.watched import Signals, StoppedError, Watched
from selftrain.errors import (
    BackendUnavailableError,
    ContextError,
    ImageMissingError,
    MissingToolError,
    ModelError,
    OptionError,
    SandboxError,
    VerifierError,
)
from selftrain.journal import Journal
from selftrain.records import EpisodeRecord
from selftrain.tasks import Task

ATTEMPTS = 6
FIRST_WAIT_SECONDS = 1.0
_NUMERIC_SPACES = (gym.spaces.Box, gym.spaces.Discrete, gym.spaces.MultiDiscrete, gym.spaces.MultiBinary)
_IN_WORDS = (
    "labs and terminals are in words as SelfTrain-Lab-v0 and SelfTrain-Terminal-v0, "
    "the memory games with --set view=text --budget N --reserve N --notes N"
)
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
        SandboxError, VerifierError, ModelError: what the episode needs failed; it has no reward and no record.
    """
    known = header or EpisodeRecord(
        env_id=_name_of(env),
        env_kwargs=env.spec.kwargs if env.spec else {},
        context=context_of(env),
        agent=type(agent).__name__,
        seed=seed,
    )
    recorder = EpisodeRecorder(env, known, sink)
    return _play(recorder, agent, seed, task)


def _name_of(env: gym.Env[Any, Any]) -> str:
    return env.spec.id if env.spec else type(env.unwrapped).__name__


def _play(recorder: EpisodeRecorder, agent: Agent, seed: int, task: str | Task | None) -> EpisodeRecord:
    observation, info = recorder.reset(seed=seed, options=None if task is None else {"task": task})
    hidden = getattr(recorder.unwrapped, "task", None)
    if task is not None and hidden is None:  # most environments read past an option that they do not know
        raise OptionError(f"{_name_of(recorder)} has no tasks: it cannot play {getattr(task, 'id', task)!r}")
    agent.reset(seed)
    if isinstance(agent, TaskReader):
        if not isinstance(hidden, Task):
            needs = f"{type(agent).__name__} needs an environment of tasks; {_name_of(recorder)} has none"
            raise OptionError(f"{needs}; {_IN_WORDS}")
        agent.read_task(hidden)
    sampler, over = agent if isinstance(agent, Sampler) else None, False
    while not over:
        action = agent.act(observation, info)
        _check_words(recorder, agent, action)
        if sampler is not None:
            recorder.attach(sampler.sample)
        observation, _, terminated, truncated, info = recorder.step(action)
        over = terminated or truncated
    if recorder.record is None:
        raise SandboxError("the environment ended the episode as not valid")
    return recorder.record


def _check_words(env: gym.Env[Any, Any], agent: Agent, action: Any) -> None:
    """Refuse an agent of texts where actions are numbers."""
    if isinstance(action, str) and isinstance(env.action_space, _NUMERIC_SPACES):
        name = type(agent).__name__
        if view := context_of(env).get("view"):
            raise OptionError(f"{name} is an agent of texts, which needs view='messages', not view={view!r}")
        raise OptionError(f"{name} is an agent of texts, and {_name_of(env)} takes {env.action_space}; {_IN_WORDS}")


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
    context: Mapping[str, Any] | None = None,
    agent_options: Mapping[str, Any] | None = None,
    packs: Mapping[str, str] | None = None,
    keep_evidence: bool = True,
    progress: bool = True,
) -> Report:
    """Play many episodes, several at once, and report success per family and level.

    An episode that a broken sandbox, verifier or model interrupts is played again from its start, with growing waits
    in between; its notebook is put back as the attempt found it. After `ATTEMPTS` failures it is recorded as not valid
    and counts in no figure; a later call on the same directory plays it again. So is an episode whose prompt becomes
    too long for the model's endpoint, at once.

    Args:
        env_id: a registered id, or `module:id`.
        agent: its name, `module:Class`, or a function that makes one (each worker has its own).
        episodes: how many.
        parallel: environments at once, each with its own sandbox; one where a notebook outlives the episodes.
        seed: where all tasks and seeds come from.
        out: directory of the journal. With the same arguments it continues what is missing; others are refused.
        env_kwargs: for `gymnasium.make`.
        tasks: task ids or tasks, dealt to the episodes in turn; none lets the environment draw them.
        context: arguments of a `ContextBudget` around the environment, laid over those that the agent asks for.
        agent_options: what a named agent is made with; an `api_key` is written nowhere.
        packs: packs that the tasks come from → hash of the lock, so that the directory goes on with no others.
        keep_evidence: keep what was judged beside the records, so that a changed verifier can judge it again.
        progress: show a live view on standard error.

    Raises:
        RecordError: the journal cannot be used, or belongs to other arguments or another process.
        UnknownNameError, OptionError, TaskError, ContextError: an argument or a task is broken.
        BackendUnavailableError, ImageMissingError, MissingToolError: this machine lacks something; says what.
        ModelDownError, ModelRefusedError, PromptTooLongError: the model's endpoint did not answer or did not take even
            the first call.
    """
    name, make = _named(agent, agent_options or {})
    if name == "human":  # one player, one keyboard, and nothing else on the screen
        parallel, progress = 1, False
    if (context or {}).get("notebook"):  # one notebook, one writer, and what one episode leaves the next one finds
        parallel = 1
    with contextlib.ExitStack() as stack:
        agents = _crew_of(make, parallel, episodes, stack)
        wanted = {**(agents[0].context if isinstance(agents[0], ContextUser) else {}), **(context or {})}
        options = agent_options or {}
        plan = Plan(env_id, name, episodes, seed, env_kwargs or {}, tuple(tasks), wanted, options, packs or {})
        return _play_missing(plan, agents, out, keep_evidence, progress)


def _named(agent: str | Callable[[], Agent], options: Mapping[str, Any]) -> tuple[str, Callable[[], Agent]]:
    if isinstance(agent, str):
        return agent, functools.partial(make_agent, agent, **options)
    if options:
        raise OptionError(f"agent_options={sorted(options)} need an agent by name; {agent!r} makes its own")
    return f"{agent.__module__}:{agent.__qualname__}", agent


def _crew_of(make: Callable[[], Agent], parallel: int, episodes: int, stack: contextlib.ExitStack) -> list[Agent]:
    """An agent for each worker; `stack` closes them."""
    if parallel < 1:
        raise OptionError(f"parallel={parallel} must be 1 or more")
    agents = []
    for _ in range(max(1, min(parallel, episodes))):
        agents.append(agent := make())
        if isinstance(agent, Closeable):
            stack.callback(agent.close)
    return agents


def _play_missing(
    plan: Plan, agents: Sequence[Agent], out: Path | str | None, keep_evidence: bool, progress: bool
) -> Report:
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        journal = stack.enter_context(Journal(out, keep_evidence=keep_evidence)) if out is not None else None
        outcomes = _earlier(journal, plan) if journal else {}
        continued = len(outcomes)
        missing = [index for index in range(plan.episodes) if index not in outcomes]
        show = stack.enter_context(_view(plan, outcomes, out, missing)) if progress else lambda outcome: None
        crew = _Crew(plan, agents, journal, missing)
        for record in stack.enter_context(contextlib.closing(crew.play())):
            outcomes[record.episode] = Outcome.of(record)
            show(outcomes[record.episode])
    ordered = tuple(outcomes[index] for index in sorted(outcomes))
    return Report(plan.env_id, plan.agent, plan.episodes, continued, time.monotonic() - began, ordered)


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

    def __init__(self, plan: Plan, agents: Sequence[Agent], journal: Journal | None, missing: Sequence[int]) -> None:
        self._plan, self._agents = plan, agents[: len(missing)]
        self._sink: Sink = journal.append if journal else lambda record: None
        self._count = len(missing)
        self._missing: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in missing:
            self._missing.put(index)
        self._done: queue.SimpleQueue[EpisodeRecord | BaseException] = queue.SimpleQueue()
        self._signals = Signals()

    def play(self) -> Generator[EpisodeRecord, None, None]:
        """Records as they are finished. Closing the iterator stops the workers and drops what they have in hand."""
        workers = [_Worker(self._plan, agent, self._sink, self._signals) for agent in self._agents]
        if len(workers) == 1:  # in this thread, so that Ctrl-C ends a prompt or a long command at once
            with contextlib.closing(workers[0]) as worker:
                for _ in range(self._count):
                    yield worker.play(self._missing.get_nowait())
            return
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

    def _work(self, worker: _Worker) -> None:
        try:
            with contextlib.closing(worker):
                while True:
                    self._done.put(worker.play(self._missing.get_nowait()))
        except (queue.Empty, StoppedError):
            pass
        except BaseException as error:  # carried to the thread that waits for records, and raised there
            self._done.put(error)


class _Worker:
    """One environment and one agent, and the retries of an episode."""

    def __init__(self, plan: Plan, agent: Agent, sink: Sink, signals: Signals) -> None:
        self._plan, self._agent, self._sink, self._signals = plan, agent, sink, signals
        self._env: gym.Env[Any, Any] | None = None

    def play(self, index: int) -> EpisodeRecord:
        """The record of episode `index`, not valid when the infrastructure failed every attempt."""
        wait = FIRST_WAIT_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            record, hopeless = self._attempt(index, attempt)
            if record.valid:
                return record
            _log.warning("episode %d, attempt %d of %d: %s", index, attempt, ATTEMPTS, record.error)
            self.close()
            if hopeless:
                break
            if attempt < ATTEMPTS and self._signals.stop.wait(wait):
                raise StoppedError
            wait *= 2
        self._sink(record)
        return record

    def _attempt(self, index: int, attempt: int) -> tuple[EpisodeRecord, bool]:
        """The record, and whether all other attempts would fail as this one did."""
        if self._env is None:
            self._env = make_environment(self._plan.env_id, self._plan.env_kwargs, self._plan.context)
        header = replace(self._plan.header(index), attempts=attempt)
        watched = Watched(self._env, self._signals, with_notebook=bool(self._plan.context))
        recorder = EpisodeRecorder(watched, header, self._sink)
        try:
            with watched.keeping_notes_of_whole_episodes():
                return _play(recorder, self._agent, header.seed, self._plan.task(index)), False
        except (SandboxError, VerifierError, ModelError, ContextError) as error:
            if self._signals.stop.is_set():
                raise StoppedError from error
            if self._is_final(error):
                raise
            failed = recorder.failed(f"{type(error).__name__}: {error}")
            return failed, isinstance(error, PromptTooLongError)

    def _is_final(self, error: Exception) -> bool:
        """Whether the rollout has to end: neither waiting nor another episode would bring what is missing."""
        if isinstance(error, ModelDownError | ModelRefusedError | PromptTooLongError):
            return not self._signals.model_seen.is_set()
        if isinstance(error, BackendUnavailableError):
            return not self._signals.sandbox_seen.is_set()
        return isinstance(error, ImageMissingError | MissingToolError | ContextError)

    def interrupt(self) -> None:
        """Break off the step or the call of a model at hand, from another thread."""
        self._close(self._env)
        if isinstance(self._agent, Closeable):
            self._agent.close()

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
