"""What is put before the gate: the tasks of a pack, sound or not, or one task folder that stands alone."""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from selftrain.envs import catalogue
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.packs.finding import find_pack, pack_names, sources
from selftrain.envs.packs.locking import Guard, family_hash, lock_hash, task_hash
from selftrain.envs.packs.manifest import MANIFEST, TASKS, Pack, read_pack
from selftrain.envs.packs.tasksets import load_task
from selftrain.errors import OptionError, TaskError, UnknownNameError
from selftrain.tasks import LEVELS, Task

_FAMILY_SPLIT, _FAMILY_SEED = "train", 0


@dataclass(frozen=True)
class Candidate:
    """One task that is put before the gate.

    Attributes:
        name: within its pack: a task folder, or family/split/level/seed.
        split: which it belongs to, "" where that cannot be told.
        folder: in Harbor's format, None for the tasks of a family in Python.
        load: makes the task; raises what is wrong with it.
        content: hashes what the task is made of, as a pack's lock does; "" for a folder that can be no task. Raises
            TaskError likewise.
    """

    name: str
    split: str
    folder: Path | None
    load: Callable[[], Task]
    content: Callable[[], str]


@dataclass(frozen=True)
class Subject:
    """A pack, or one task folder that stands alone, and its tasks.

    Attributes:
        name, version, licence: of the pack; a task alone has a name only.
        folder: where it lies.
        pack: None for a task alone.
        manifest: sha256 of pack.toml, or "".
        lock: sha256 of pack.lock, or "".
        candidates: every task folder, broken ones too, then every family at each level.
    """

    name: str
    version: str
    licence: str
    folder: Path
    pack: Pack | None
    manifest: str
    lock: str
    candidates: tuple[Candidate, ...]

    def chosen(self, globs: Sequence[str]) -> tuple[Candidate, ...]:
        """The candidates that any of `globs` names, with the pack's name before it or not; all without globs.

        Raises:
            UnknownNameError: a glob names none.
        """
        names = [candidate.name for candidate in self.candidates]
        wanted = set(names) if not globs else set()
        for glob in globs:
            matched = fnmatch.filter(names, glob.removeprefix(f"{self.name}/"))
            if not matched:
                raise UnknownNameError(f"task of {self.name}", glob, names)
            wanted.update(matched)
        return tuple(candidate for candidate in self.candidates if candidate.name in wanted)


def read_subject(what: str | Path | Pack, bases: Mapping[str, str] | None = None, offline: bool = False) -> Subject:
    """What is to be judged.

    Args:
        what: a pack, its folder, the folder of one task in Harbor's format, or the name of a pack that is found.
        bases, offline: see `load_harbor_task`.

    Raises:
        TaskError: it is broken as a whole; broken tasks in it are candidates with a fault.
        UnknownNameError: there is no such pack.
        OptionError: there is no task in it.
    """
    folder = _folder_of(what)
    if not (folder / MANIFEST).exists() and (folder / "task.yaml").exists():
        raise TaskError(f"{what} is in Terminal-Bench 1's layout; convert it: selftrain pack convert {what} OUT")
    if not (folder / MANIFEST).exists() and (folder / "task.toml").exists():
        return _alone(folder, bases, offline)
    pack = read_pack(folder)
    if pack.name in catalogue.family_names():
        raise TaskError(f"{folder}: {pack.name!r} is the name of a task family already; call the pack otherwise")
    candidates = (*_folders(pack, bases, offline), *_families(pack))
    if not candidates:
        raise OptionError(f"{folder} has no task: put folders into {folder / TASKS}, or name a family in [families]")
    manifest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    return Subject(pack.name, pack.version, pack.licence, folder, pack, manifest, lock_hash(pack), candidates)


def _folder_of(what: str | Path | Pack) -> Path:
    if isinstance(what, Pack):
        return what.folder
    if isinstance(what, str) and os.sep not in what and not Path(what).is_dir():
        found = [source.folder for source in sources() if source.name == what]
        if not found:
            raise UnknownNameError("folder or pack", what, pack_names())
        # whatever else is wrong with the name or the pack, `find_pack` says so
        return found[0] if len(found) == 1 and found[0] else find_pack(what).folder
    folder = Path(os.path.realpath(what))
    if not folder.is_dir():
        raise OptionError(f"{what} is no folder; give a pack's, one task's, or the name of an installed pack")
    return folder


def _alone(folder: Path, bases: Mapping[str, str] | None, offline: bool) -> Subject:
    candidate = Candidate(
        folder.name,
        "",
        folder,
        lambda: load_harbor_task(folder, bases, offline),
        lambda: task_hash(folder, folder),
    )
    return Subject(folder.name, "", "", folder, None, "", "", (candidate,))


def _folders(pack: Pack, bases: Mapping[str, str] | None, offline: bool) -> tuple[Candidate, ...]:
    """One candidate for each folder. What is judged is what lies there, not what was locked."""
    unlocked = Guard(pack, None, "")

    def candidate(name: str) -> Candidate:
        folder = pack.folder / TASKS / name
        return Candidate(
            name,
            "" if name in pack.broken else pack.split_of(name),
            folder,
            lambda: load_task(unlocked, name, bases, offline),
            lambda: "" if name in pack.broken else task_hash(folder, pack.folder),
        )

    return tuple(candidate(name) for name in pack.folders)


def _families(pack: Pack) -> tuple[Candidate, ...]:
    unlocked = Guard(pack, None, "")

    def candidate(family: str, level: int) -> Candidate:
        name = f"{family}/{_FAMILY_SPLIT}/{level}/{_FAMILY_SEED}"
        return Candidate(name, _FAMILY_SPLIT, None, lambda: _twice(unlocked, name), lambda: family_hash(pack))

    return tuple(candidate(family, level) for family in sorted(pack.families) for level in LEVELS)


def _twice(guard: Guard, name: str) -> Task:
    """The task of a family, made twice: the same seed gives the same task, or nobody can say what was judged."""
    first, second = load_task(guard, name), load_task(guard, name)
    if first.fingerprint() != second.fingerprint():
        raise TaskError(
            f"{first.id} is another task each time it is made; all randomness must come from the generator that is "
            "given to build"
        )
    return replace(first, split=_FAMILY_SPLIT)
