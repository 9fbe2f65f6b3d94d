"""Recorded evidence, judged again by the verifiers as they are now.

The task of an episode is found by its id, as its environment plays it. Tasks of a pack are taken as they lie there,
locked or not: a verifier that changed is what judging again is for, and `pack_notes` says which packs have.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator

from selftrain.envs.clean_room import NoCleanRoom, SandboxCleanRoom
from selftrain.envs.honeypots.watch import HONEYPOT, INTEGRITY
from selftrain.envs.packs.finding import find_pack
from selftrain.envs.packs.locking import Guard, lock_hash, lock_state
from selftrain.envs.packs.manifest import Pack
from selftrain.envs.packs.tasksets import load_task
from selftrain.envs.task_env import TaskEnv
from selftrain.envs.task_sandbox import built_image
from selftrain.errors import RecordError, SandboxError, SelfTrainError, TaskError, UnknownNameError, VerifierError
from selftrain.records import EpisodeRecord, load_evidence, read_records
from selftrain.sandboxes import make_backend
from selftrain.tasks import Task
from selftrain.verdicts import CleanRoom, Verdict

# which task an environment draws; judging again knows which it was
_CHOICE = ("tasks", "families", "levels", "split", "pack")
_TASKS_AT_HAND = 128


@dataclass(frozen=True)
class Regrade:
    """What came of judging one episode again.

    Attributes:
        episode, task: which.
        was: the recorded verdict, as `Verdict.as_dict` has it.
        reward_was: the recorded reward.
        verdict: the new one; None when there is none.
        why_not: why there is none.
        broken: because a sandbox or the verifier failed, or the evidence is damaged.
    """

    episode: int
    task: str
    was: Mapping[str, Any]
    reward_was: float
    verdict: Verdict | None = None
    why_not: str = ""
    broken: bool = False

    @property
    def changed(self) -> bool:
        """There is a new verdict, and it differs, be it in one check."""
        return self.verdict is not None and self.verdict.as_dict() != dict(self.was)

    @property
    def flipped(self) -> bool:
        """There is a new verdict, and passes where the recorded one failed, or the other way round."""
        return self.verdict is not None and self.verdict.passed != self.was["passed"]

    @property
    def reward(self) -> float:
        """What the new verdict pays; the recorded reward where it says the same, or where there is none."""
        return self.verdict.reward if self.verdict is not None and self.flipped else self.reward_was

    @property
    def difference(self) -> str:
        """The first check that differs, in words; "" when none does."""
        if self.verdict is None:
            return ""
        before, after = self.was["checks"], self.verdict.as_dict()["checks"]
        for one, other in zip(before, after, strict=False):
            if one != other:
                same_name = one["name"] == other["name"]
                return f"{one['name']}: {_said(one)} → {'' if same_name else other['name'] + ': '}{_said(other)}"
        if len(before) != len(after):
            one = (before if len(before) > len(after) else after)[min(len(before), len(after))]
            return f"{one['name']}: {_said(one)} → gone" if len(before) > len(after) else f"{one['name']}: {_said(one)}"
        return f"score {self.was['score']:g} → {self.verdict.score:g}" if self.changed else ""

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for `--json` and `--out`."""
        return {
            "episode": self.episode,
            "task": self.task,
            "changed": self.changed,
            "was": dict(self.was),
            "verdict": self.verdict.as_dict() if self.verdict else None,
            "why_not": self.why_not,
        }


def _said(check: Mapping[str, Any]) -> str:
    why = f" ({check['why']})" if check["why"] else ""
    return f"{'ok' if check['passed'] else 'FAIL'}{why}"


@dataclass(frozen=True)
class Judging:
    """How evidence is judged again.

    Attributes:
        own: id → task, for tasks that no id alone leads to, and those that take another's place.
        backend, image: instead of the recorded ones.
        changed_tasks: judge also where the agent would see another instruction or other files today.
    """

    own: Mapping[str, Task] = field(default_factory=dict)
    backend: str = ""
    image: str = ""
    changed_tasks: bool = False


def recorded_verdicts(path: Path | str, damaged: Callable[[RecordError], None] | None = None) -> list[EpisodeRecord]:
    """The valid records of a run that hold a verdict, in the order of their episodes and without what was said.

    Args:
        path: as `read_records` takes it.
        damaged: is told of each line that is no record, which is left out then.

    Raises:
        RecordError: they cannot be read.
    """
    records = read_records(path, damaged)
    found = (replace(one, segments=()) for one in records if one.valid and one.verdict is not None)
    return sorted(found, key=lambda one: one.episode)


def regrade(
    path: Path | str, records: Sequence[EpisodeRecord], judging: Judging, parallel: int = 4
) -> Iterator[Regrade]:
    """Judge the evidence of `records` again, `parallel` at a time, and tell what came of it in their order.

    What cannot be judged, whatever the reason, is told as such and stops none of the others.

    Args:
        path: as given to `read_records`; nothing there is changed.
        records: those of `recorded_verdicts`.
        judging: how.
        parallel: how many at once.
    """
    tasks = _Tasks(judging.own)
    with ThreadPoolExecutor(parallel) as pool:
        yield from pool.map(lambda record: _judged(path, record, judging, tasks), records)


def _judged(path: Path | str, record: EpisodeRecord, judging: Judging, tasks: _Tasks) -> Regrade:
    assert record.verdict is not None  # of all that `recorded_verdicts` gives
    known = Regrade(record.episode, record.task, record.verdict, float(record.reward or 0.0))
    if not _is_verdict(record.verdict):
        return replace(known, why_not="its record is damaged: what it has for a verdict is none", broken=True)
    # both, for a vendor may call a check of its own by one of these words
    if {HONEYPOT, INTEGRITY} <= {check["name"] for check in record.verdict["checks"]}:
        return replace(known, why_not="a honeypot, which is never paid and has its task's id")
    try:
        evidence = load_evidence(path, record)
        if evidence is None:
            return replace(known, why_not="no evidence was kept")
        task = tasks.find(record)
        if task.start_fingerprint() != record.start_fingerprint and not judging.changed_tasks:
            return replace(known, why_not="another task by now: instruction, files or image differ (--changed-tasks)")
        return replace(known, verdict=task.verifier.verify(evidence, task, _room(task, record, judging)))
    except SelfTrainError as error:
        broken = isinstance(error, SandboxError | VerifierError | RecordError)
        return replace(known, why_not=f"{type(error).__name__}: {error}" if broken else str(error), broken=broken)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a vendor's verifier may do anything, pytest.fail too, and must not stop the others
        return replace(known, why_not=f"judging failed: {error!r}", broken=True)


def _is_verdict(told: Mapping[str, Any]) -> bool:
    """It has the form of `Verdict.as_dict`, as far as anything here reads it."""
    score, checks = told.get("score"), told.get("checks")
    return (
        isinstance(told.get("passed"), bool)
        and isinstance(score, int | float)
        and isinstance(checks, list)
        and all(isinstance(check, dict) and _is_check(check) for check in checks)
    )


def _is_check(told: Mapping[str, Any]) -> bool:
    return isinstance(told.get("passed"), bool) and all(isinstance(told.get(name), str) for name in ("name", "why"))


def _room(task: Task, record: EpisodeRecord, judging: Judging) -> CleanRoom:
    """Where the verifiers of the task's kind run what they have to."""
    if task.kind not in ("terminal", "proof"):
        return NoCleanRoom()
    kwargs = record.env_kwargs
    backend = make_backend(judging.backend or record.backend or kwargs.get("backend") or "auto")
    image = judging.image or kwargs.get("image") or ""
    return SandboxCleanRoom(backend, built_image(backend, task, image) if task.kind == "proof" else image)


class _Tasks:
    """Finds the tasks of records, one at a time; those of late are kept."""

    def __init__(self, own: Mapping[str, Task]) -> None:
        self._own = own
        self._mutex = threading.Lock()
        self._found = functools.lru_cache(maxsize=_TASKS_AT_HAND)(self._find)

    def find(self, record: EpisodeRecord) -> Task:
        """The task of this record, as its environment plays it.

        Raises:
            TaskError: it cannot be found; says why.
            SandboxError: its environment could not start, so nobody knows.
        """
        kwargs = json.dumps(record.env_kwargs, sort_keys=True)
        try:
            with self._mutex:
                return self._found(record.env_id, kwargs, record.task, record.pack.get("name", ""))
        except SandboxError:
            raise
        except (SelfTrainError, gym.error.Error, ImportError, TypeError) as error:
            hint = "--task names your own tasks, --pack those of a pack"
            raise TaskError(f"task {record.task!r} is not found ({error}); {hint}") from error

    def _find(self, env_id: str, env_kwargs: str, task_id: str, pack: str) -> Task:
        kwargs: dict[str, Any] = json.loads(env_kwargs)
        wanted: Task | str = self._own.get(task_id, task_id)
        if isinstance(wanted, str) and pack:
            wanted = load_task(_unlocked(pack, kwargs.get("pack")), task_id.partition("/")[2])
        creator = _creator(env_id)
        if isinstance(creator, type) and issubclass(creator, TaskEnv):
            return creator(**{name: value for name, value in kwargs.items() if name not in _CHOICE}).find_task(wanted)
        env = gym.make(env_id, **kwargs)
        try:
            env.reset(seed=0, options={"task": wanted})
            task = getattr(env.unwrapped, "task", None)
        finally:
            env.close()
        if not isinstance(task, Task):
            raise TaskError(f"{env_id} plays no tasks")
        return task


def _creator(env_id: str) -> Any:
    module, _, name = env_id.rpartition(":")
    if module:
        __import__(module)
    entry_point = gym.spec(name).entry_point
    return load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point


def _unlocked(name: str, given: str | None) -> Guard:
    """The pack of this name, or the one that the environment was given, with no lock to hold its tasks against."""
    try:
        pack = find_pack(name)
    except UnknownNameError:
        if given is None:
            raise
        pack = find_pack(given)
    return Guard(pack, None, "")


def pack_notes(records: Iterable[EpisodeRecord]) -> list[str]:
    """A line for each pack whose tasks are not as they were when these episodes were played, or as they were locked."""
    locks: dict[str, set[str]] = {}
    given: dict[str, str | None] = {}
    for record in records:
        if name := record.pack.get("name", ""):
            locks.setdefault(name, set()).add(record.pack.get("lock", ""))
            where = record.env_kwargs.get("pack")
            given[name] = where if isinstance(where, str) else None
    lines: list[str] = []
    for name, recorded in sorted(locks.items()):
        try:
            pack = _unlocked(name, given[name]).pack
            lines += _notes_of(pack, recorded)
        except SelfTrainError:  # told for each of its tasks
            continue
    return lines


def _notes_of(pack: Pack, recorded: set[str]) -> Iterator[str]:
    state = lock_state(pack)
    if state.startswith("changed"):
        yield f"pack {pack.name} {state}; it is taken as it lies in {pack.folder}"
    elif recorded != {lock_hash(pack)}:
        yield f"pack {pack.name} has another lock than when the episodes were played; it is taken from {pack.folder}"
