"""Tasks, task families and tasksets: data, and pure functions that make it.

A task id reads `family/split/level/seed`, for example `log-forensics/train/3/17`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np

from selftrain.errors import OptionError, TaskError, UnknownNameError
from selftrain.verdicts import Verifier

SPLITS: Mapping[str, int] = {"train": 0, "dev": 1, "test": 2}
LEVELS = (1, 2, 3, 4, 5)
_TASK_ID = re.compile(r"(?P<family>[a-z0-9-]+)/(?P<split>[a-z]+)/(?P<level>[0-9]+)/(?P<seed>[0-9]+)")


@dataclass(frozen=True)
class Limits:
    """When an episode is cut off. Reaching one truncates the episode; the final state is judged all the same.

    Attributes:
        steps: actions per episode.
        seconds: wall time per episode, on the monotonic clock.
        command_seconds: wall time per command, after which it is killed and the shell goes on.
    """

    steps: int = 50
    seconds: float = 600.0
    command_seconds: float = 30.0


@dataclass(frozen=True)
class SandboxNeeds:
    """What a task asks of its sandboxes beyond what each of them has.

    Attributes:
        env: environment variables.
        user: "agent", or "root" without privileges outside.
        memory_bytes, disk_bytes, cpus: ceilings instead of the sandbox's own; 0 keeps those. The disk is each
            writable folder's.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    user: Literal["agent", "root"] = "agent"
    memory_bytes: int = 0
    disk_bytes: int = 0
    cpus: float = 0.0


@dataclass(frozen=True)
class OwnImage:
    """The image that a task brings along: one to be built from a Dockerfile, or one that is there by its name.

    Attributes:
        bases: images that must be there, as docker names them; without a Dockerfile the image itself.
        dockerfile: its text, which begins with one of `bases`; "" for none.
        file: where it was read from, for errors.
        lines: line number of each of its instructions.
        context: path → bytes and permission bits, what its COPY lines may read.
        needed: its lines that only an image can honour. Where there are none, a sandbox can do without it.
        copied: absolute path → bytes and permission bits, what it copies to writable folders. It is among the files of
            the task too, for sandboxes that do without the image.
        env: the variables that it sets, which are among the needs of the task too.
        seconds: most that building it may take.
        fills: whether sandboxes that judge start from what it holds below writable folders, as the agent's does.
    """

    bases: tuple[str, ...]
    dockerfile: str = ""
    file: str = ""
    lines: tuple[int, ...] = ()
    context: Mapping[str, tuple[bytes, int]] = field(default_factory=dict, repr=False)
    needed: tuple[str, ...] = ()
    copied: Mapping[str, tuple[bytes, int]] = field(default_factory=dict, repr=False)
    env: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 600.0
    fills: bool = False

    def digest(self, *more: str) -> str:
        """sha256 over what it is made from, and `more`."""
        digest = hashlib.sha256()
        for part in (*self.bases, self.dockerfile, *more):
            digest.update(f"{len(part)}:{part}".encode())
        for path, (data, mode) in sorted(self.context.items()):
            digest.update(f"{path}:{mode:o}:{len(data)}:".encode())
            digest.update(data)
        return digest.hexdigest()


class Worker(Protocol):
    """Solves a long task from what it sees, step by step; all that it knows is a small dict of JSON types.

    It knows the trade, as an engineer would, and nothing of the hidden side of its task. Both methods are pure.
    """

    def command(self, memory: Mapping[str, Any]) -> str:
        """The next command, or "submit"; the memory at the beginning is {}."""
        ...

    def learn(self, memory: Mapping[str, Any], command: str, output: str) -> dict[str, Any]:
        """The memory after `command` was answered with `output`."""
        ...


@dataclass(frozen=True)
class Task:
    """Instruction, starting files, verifier, oracle and limits. Plain data apart from the verifier.

    The oracle, the cheats and the hidden side of the verifier never reach a sandbox, an observation or `info`.

    Attributes:
        instruction: what the agent is told; names every deliverable by absolute path and format.
        verifier: judges the evidence.
        files: absolute path → bytes, present when the episode starts (mode 0o644 unless in `modes`).
        modes: absolute path → permission bits, for those of `files` that need others.
        setup: bash script run once in the fresh sandbox before the agent acts; it must leave no trace of itself.
        setup_files: files that exist only while `setup` runs.
        tools: commands that must be on the sandbox's PATH ("python3", "git", ...).
        oracle: commands that solve the task. A sequence may make them when it is first read; what it is made from is
            then what its repr shows.
        worker: solves it from observations with a small memory; long tasks have one.
        cheats: name → commands that try to be paid without doing the task; each must score 0.
        limits: when the episode is cut off.
        image: image to run in; "" is the backend's default.
        own_image: what the task brings instead, for backends that build images and run any.
        writable: folders that are writable besides /tmp and the home folder.
        needs: what its sandboxes, and those that judge it, have besides.
        kind: which kind of environment plays it: "terminal", "math", "proof", "browser" or "lab".
        id, family, split, level, seed: filled in by the family.
        metadata: anything else, JSON types only.
    """

    instruction: str
    verifier: Verifier
    files: Mapping[str, bytes] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    setup: str = ""
    setup_files: Mapping[str, bytes] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    oracle: Sequence[str] = ()
    worker: Worker | None = None
    cheats: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limits: Limits = Limits()
    image: str = ""
    own_image: OwnImage | None = None
    writable: tuple[str, ...] = ("/workspace",)
    needs: SandboxNeeds = SandboxNeeds()
    kind: str = "terminal"
    id: str = ""
    family: str = ""
    split: str = ""
    level: int = 0
    seed: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """sha256 over everything the agent can see and the commands of oracle and cheats."""
        return self._digest((self.oracle, self.tools, *(self.cheats[name] for name in sorted(self.cheats))))

    def start_fingerprint(self) -> str:
        """sha256 over everything the agent can see alone: with other cheats or tests it is the same task to play."""
        return self._digest((self.tools,))

    def _digest(self, listed: Sequence[Sequence[str]]) -> str:
        digest = hashlib.sha256()
        for part in (self.id, self.instruction, self.setup, self.image):
            digest.update(f"{len(part)}:{part}".encode())
        for commands in listed:
            digest.update(repr(commands).encode())
        for table in (self.files, self.setup_files):
            for path in sorted(table):
                digest.update(f"{path}:{self.modes.get(path, 0o644):o}:{len(table[path])}:".encode())
                digest.update(table[path])
        if self.needs != SandboxNeeds():
            digest.update(repr(self.needs).encode())
        if self.own_image is not None:
            digest.update(self.own_image.digest().encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class TaskFamily:
    """A pure function `(generator, level) -> Task` with a name, and what a reader wants to know about it.

    Attributes:
        name: lower case with hyphens; the first part of its task ids.
        summary: one line on what the agent does.
        skills: what an engineer would say it exercises.
        chance: the score of guessing, 0.0 to 1.0.
        build: makes one task; all randomness comes from the generator, so that the same seed gives the same bytes.
    """

    name: str
    summary: str
    skills: tuple[str, ...]
    chance: float
    build: Callable[[np.random.Generator, int], Task]

    def task(self, seed: int, level: int, split: str = "train") -> Task:
        """The task of this seed and level. Train, dev and test draw from streams that cannot meet.

        Raises:
            OptionError: level outside 1 to 5, a negative seed, or an unknown split.
        """
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        _check_level(level)
        if seed < 0:
            raise OptionError(f"seed={seed} must be 0 or more")
        rng = np.random.default_rng([stable_key(self.name), SPLITS[split], seed])
        task = self.built(rng, level, split, seed)
        name = f"{self.name}/{split}/{level}/{seed}"
        return replace(task, id=name, family=self.name, split=split, level=level, seed=seed)

    def built(self, rng: np.random.Generator, level: int, split: str, seed: int) -> Task:
        """What `build` makes; a family whose tasks share contents within a split overrides this."""
        return self.build(rng, level)


@dataclass(frozen=True)
class Taskset:
    """Many tasks of one split: ids, made into tasks when they are asked for."""

    name: str
    ids: tuple[str, ...]
    load: Callable[[str], Task]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Task]:
        return (self.load(task_id) for task_id in self.ids)


def stable_key(name: str) -> int:
    """A 32-bit number for `name` that is the same on every machine and in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def parse_task_id(task_id: str) -> tuple[str, str, int, int]:
    """Split `family/split/level/seed` into its parts.

    Raises:
        TaskError: the id does not have that form.
    """
    match = _TASK_ID.fullmatch(task_id)
    if match is None:
        raise TaskError(f"task id {task_id!r} must read family/split/level/seed, for example log-forensics/train/3/17")
    return match["family"], match["split"], int(match["level"]), int(match["seed"])


def expand_task_ids(selection: str, families: Sequence[str]) -> tuple[str, ...]:
    """The task ids that a selection `family/split/level/seed` names; parts may be left out from the right.

    A family may be a glob ("git-*"), a split a comma-separated list, levels and seeds numbers or ranges ("1-3"),
    and "*" means every family, split or level. Left out are split "train", levels 1 to 5 and seed 0.

    Raises:
        TaskError: the selection has another form. UnknownNameError, OptionError: no such family, split or level.
    """
    parts = selection.split("/")
    if len(parts) > 4:
        raise TaskError(
            f"task selection {selection!r} must read family/split/levels/seeds, for example git-*/train/1-3/0-9"
        )
    family, split, levels, seeds = parts + ["*", "train", "*", "0"][len(parts) :]
    names = fnmatch.filter(families, family)
    if not names:
        raise UnknownNameError("task family", family, families)
    splits = list(SPLITS) if split == "*" else split.split(",")
    if unknown := [name for name in splits if name not in SPLITS]:
        raise UnknownNameError("split", unknown[0], SPLITS)
    wanted_levels = LEVELS if levels == "*" else _number_range(levels, selection)
    for level in wanted_levels:
        _check_level(level)
    return tuple(
        f"{name}/{its_split}/{level}/{seed}"
        for name in names
        for its_split in splits
        for level in wanted_levels
        for seed in _number_range(seeds, selection)
    )


def _check_level(level: int) -> None:
    if level not in LEVELS:
        raise OptionError(f"level={level} must be one of {', '.join(map(str, LEVELS))}")


def _number_range(text: str, selection: str) -> Sequence[int]:
    match = re.fullmatch(r"([0-9]{1,18})(?:-([0-9]{1,18}))?", text)
    if match is None:
        raise TaskError(f"{text!r} in task selection {selection!r} must be a number or a range such as 0-9")
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise TaskError(f"{text!r} in task selection {selection!r} names nothing: write {last}-{first}")
    return range(first, last + 1)
