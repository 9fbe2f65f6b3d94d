"""`pack.lock`: hashes of everything in a pack that tasks are made of.

The lock is JSON: `pack`, `version`, `manifest` (sha256 of pack.toml), `tasks` and `families` (name → sha256 over the
sorted paths, modes and contents of its files) and `files` (path → mode and sha256), by which a refusal can say what
changed. A task folder counts whole. A family's files are the Python files of the pack outside `tasks/`, and everything
in its folder `data/`. Modes are 755 or 644, since nothing more survives an installation; folders `__pycache__`, which
an installation makes, do not count.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selftrain.envs.packs.manifest import MANIFEST, TASKS, Pack
from selftrain.errors import TaskError

LOCK, DATA = "pack.lock", "data"


@dataclass(frozen=True)
class Lock:
    """What a lock holds; see the module."""

    pack: str
    version: str
    manifest: str
    tasks: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pack: Pack) -> Lock:
        """The lock of a pack as it lies there.

        Raises:
            TaskError: a file that cannot be read, or that a lock cannot hold.
        """
        folders = {name: _files(pack.folder, pack.folder / TASKS / name) for name in pack.tasks}
        code = _code(pack) if pack.families else {}
        return cls(
            pack=pack.name,
            version=pack.version,
            manifest=_sha256(pack.folder / MANIFEST),
            tasks={name: _digest(files) for name, files in folders.items()},
            families={name: _digest(code) for name in sorted(pack.families)},
            files={path: state for files in (*folders.values(), code) for path, state in sorted(files.items())},
        )

    def changes(self, later: Lock) -> list[str]:
        """What is new, changed or gone in `later`, one line each."""
        lines = [f"{MANIFEST} changed"] if self.manifest != later.manifest else []
        for kind, before, after in (("task", self.tasks, later.tasks), ("family", self.families, later.families)):
            for name in sorted(before.keys() | after.keys()):
                if before.get(name) != after.get(name):
                    state = "new" if name not in before else "gone" if name not in after else "changed"
                    lines.append(f"{kind} {name}: {state}")
        return lines


def read_lock(pack: Pack) -> Lock | None:
    """The lock beside the manifest, or None when there is none.

    Raises:
        TaskError: it cannot be read, or is no lock.
    """
    path = pack.folder / LOCK
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise TaskError(f"{path} cannot be read ({error}); make it again: {_command(pack)}") from error
    if not _is_lock(table):
        raise TaskError(f"{path} is no lock of a pack; make it again: {_command(pack)}")
    return Lock(**table)


def _is_lock(table: Any) -> bool:
    texts, tables = ("pack", "version", "manifest"), ("tasks", "families", "files")
    return (
        isinstance(table, dict)
        and table.keys() == {*texts, *tables}
        and all(isinstance(table[name], str) for name in texts)
        and all(isinstance(table[name], dict) for name in tables)
        and all(isinstance(value, str) for name in tables for value in table[name].values())
    )


def write_lock(pack: Pack) -> Lock:
    """Lock the pack as it lies there, and return what was written.

    Raises:
        TaskError: a file that cannot be read or written, or that a lock cannot hold.
    """
    lock, path = Lock.of(pack), pack.folder / LOCK
    part = path.with_name(f".{LOCK}.{os.getpid()}")
    try:
        # ASCII: bytes of a name that are no UTF-8 are lone surrogates, which only escapes keep
        part.write_text(json.dumps(vars(lock), indent=1) + "\n", encoding="ascii")
        part.replace(path)
    except OSError as error:
        raise TaskError(f"{path} cannot be written: {error.strerror}") from error
    return lock


def task_hash(folder: Path, root: Path) -> str:
    """What a lock says of the task in `folder`, whose pack lies in `root`.

    Raises:
        TaskError: a file that cannot be read, or that a lock cannot hold.
    """
    return _digest(_files(root, folder))


def family_hash(pack: Pack) -> str:
    """What a lock says of each of the pack's families in Python; errors as `task_hash`."""
    return _digest(_code(pack))


def lock_hash(pack: Pack) -> str:
    """sha256 of the lock, or "" when the pack is not locked; what a run records."""
    path = pack.folder / LOCK
    return _sha256(path) if path.exists() else ""


def lock_state(pack: Pack) -> str:
    """ "locked", "not locked", or what changed since it was locked.

    Raises:
        TaskError: a file that cannot be read, or that a lock cannot hold.
    """
    lock = read_lock(pack)
    if lock is None:
        return "not locked"
    changes = lock.changes(Lock.of(pack))
    return f"changed since it was locked ({', '.join(changes)})" if changes else "locked"


@dataclass(frozen=True)
class Guard:
    """A pack, and the lock that its tasks are held against for as long as somebody plays them.

    Attributes:
        pack: whose tasks.
        lock: as it was read; None where the pack is not locked, and everything is let through.
        hash: sha256 of the lock, or ""; what a run records.
    """

    pack: Pack
    lock: Lock | None
    hash: str

    @classmethod
    def of(cls, pack: Pack) -> Guard:
        """The guard of a pack as it lies there.

        Raises:
            TaskError: the lock cannot be read, or is none.
        """
        lock = read_lock(pack)
        return cls(pack, lock, lock_hash(pack) if lock else "")

    def check_complete(self) -> None:
        """Hold the whole pack against the lock: a split that lost a task is another split.

        Raises:
            TaskError: the manifest is not the one that was locked, or a task or family is gone; names it.
        """
        if self.lock is None:
            return
        self._check_manifest(self.lock)
        gone = {name: f"task {name}" for name in self.lock.tasks.keys() - set(self.pack.tasks)}
        gone |= {name: f"family {name}" for name in self.lock.families.keys() - self.pack.families.keys()}
        for name, what in sorted(gone.items()):
            raise _refused(self.pack, self.pack.broken.get(name, f"{what} is gone since {LOCK} was made"))

    def check_task(self, name: str) -> None:
        """Hold a task folder against the lock.

        Raises:
            TaskError: it is not the one that was locked; names the file.
        """
        if self.lock is not None:
            prefix = f"{TASKS}/{name}/"
            files = _files(self.pack.folder, self.pack.folder / TASKS / name)
            self._check(name, self.lock.tasks.get(name), lambda path: path.startswith(prefix), files)

    def check_family(self, name: str) -> None:
        """Hold a task family in Python against the lock: the pack's code and data.

        Raises:
            TaskError: they are not what was locked; names the file.
        """
        if self.lock is not None:
            code = _code(self.pack)
            self._check(name, self.lock.families.get(name), lambda path: not path.startswith(f"{TASKS}/"), code)

    def _check(self, name: str, locked: str | None, is_part: Callable[[str], bool], found: Mapping[str, str]) -> None:
        pack, lock = self.pack, self.lock
        assert lock is not None  # as the callers saw
        self._check_manifest(lock)
        if locked is None:
            raise _refused(pack, f"{name} is not in {pack.folder / LOCK}")
        if _digest(found) != locked:
            before = {path: state for path, state in lock.files.items() if is_part(path)}
            raise _refused(pack, _first_difference(pack, before, found))

    def _check_manifest(self, lock: Lock) -> None:
        pack, manifest = self.pack, self.pack.folder / MANIFEST
        if (lock.pack, lock.version, lock.manifest) != (pack.name, pack.version, _sha256(manifest)):
            raise _refused(pack, f"{manifest} changed since {LOCK} was made")


def _first_difference(pack: Pack, before: Mapping[str, str], found: Mapping[str, str]) -> str:
    for path in sorted(before.keys() | found.keys()):
        if before.get(path) != found.get(path):
            state = "is new" if path not in before else "is gone" if path not in found else "changed"
            return f"{pack.folder / path} {state} since {LOCK} was made"
    return f"{pack.folder / LOCK} contradicts itself"


def _refused(pack: Pack, what: str) -> TaskError:
    return TaskError(f"pack {pack.name} is not as it was locked: {what}; if that is meant: {_command(pack)}")


def _command(pack: Pack) -> str:
    return f"selftrain pack lock {pack.folder}"


def _code(pack: Pack) -> dict[str, str]:
    """The files that Python families are made of."""
    found = _states(pack.folder, pack.folder, _walk(pack.folder, (pack.folder / TASKS,)))
    return {path: state for path, state in found if path.endswith(".py") or path.startswith(f"{DATA}/")}


def _files(root: Path, folder: Path) -> dict[str, str]:
    """Path below `root` → mode and sha256, for every file of a task folder."""
    return dict(_states(root, folder, _walk(folder)))


def _walk(folder: Path, but: Iterable[Path] = ()) -> Iterator[Path]:
    """What is below `folder` and no folder itself."""
    for path in sorted(folder.iterdir()):
        if path.name == "__pycache__" or path in but:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def _states(root: Path, limit: Path, paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    try:
        for path in paths:
            yield path.relative_to(root).as_posix(), _state(path, limit)
    except OSError as error:
        raise TaskError(f"{error.filename} cannot be read: {error.strerror}") from error


def _state(path: Path, limit: Path) -> str:
    if path.is_symlink():
        if not path.exists() or not path.resolve().is_relative_to(limit.resolve()):
            raise TaskError(f"{path} is a link out of {limit}, to {path.readlink()}: put the file itself there")
        return f"link {path.readlink()}"
    if not path.is_file():
        raise TaskError(f"{path} is neither file nor folder; a pack holds nothing else")
    return f"{'755' if path.stat().st_mode & 0o100 else '644'} {_sha256(path)}"


def _digest(files: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{files[path]}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TaskError(f"{path} cannot be read: {error.strerror}") from error
