"""The notebook: short files that outlive cuts, attempts or tasks, each by the scope that it is in.

Everything that happens to a notebook is an entry of its journal, and its files are the fold of the journal: nothing
else is kept, so that what an agent knew at any moment can be told from the journal alone.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

from selftrain.envs.context.note_store import Entry, FolderStore, MemoryStore, Store
from selftrain.errors import OptionError, RecordError

# from the shortest life to the longest: to the next cut, to the end of the episode, over all attempts at a task,
# over all tasks of a lab, for ever
SCOPES = ("segment", "episode", "task", "lab", "agent")
LONGEST_PATH = 200


@dataclass(frozen=True)
class Quota:
    """The most that the files of one scope and key may come to."""

    files: int
    bytes: int


DEFAULT_QUOTAS: Mapping[str, Quota] = MappingProxyType(
    {
        "segment": Quota(files=32, bytes=65_536),
        "episode": Quota(files=64, bytes=262_144),
        "task": Quota(files=64, bytes=262_144),
        "lab": Quota(files=256, bytes=1_048_576),
        "agent": Quota(files=256, bytes=1_048_576),
    }
)


class NoteError(OptionError):
    """What an agent asked of its notebook cannot be done; the message is for the agent to read."""


@dataclass(frozen=True, order=True)
class NoteFile:
    """A file of a notebook: its path with the scope in front, its size in bytes, and the SHA-256 of its text."""

    path: str
    size: int
    sha: str


T = TypeVar("T")
# (scope, key) → path → file
Files = dict[tuple[str, str], dict[str, NoteFile]]


class Notebook:
    """Text files in scopes, with a journal.

    Args:
        folder: where it is kept, for one process at a time; None keeps it in memory.
        quotas: for scopes that shall not have the usual ones.

    Raises:
        RecordError: the folder cannot be used, is broken, or is held by another process.
        OptionError: there is no such scope.
    """

    def __init__(self, folder: Path | str | None = None, quotas: Mapping[str, Quota] = DEFAULT_QUOTAS) -> None:
        self._quotas = {**DEFAULT_QUOTAS, **_of_scopes("quotas", quotas)}
        self._keys = dict.fromkeys(SCOPES, "")
        self._segment = 0
        self._store: Store = MemoryStore() if folder is None else FolderStore(Path(folder))
        try:
            self._files = fold(self._store.entries, self._blob)
        except BaseException:
            self.close()
            raise

    def open(self, keys: Mapping[str, str]) -> None:
        """Begin an episode: "segment" and "episode" are empty, and the other scopes show the files of their keys.

        Args:
            keys: scope → whose files; a scope that is left out has the key "".
        """
        self._keys = {**dict.fromkeys(SCOPES, ""), **_of_scopes("keys", keys)}
        self._segment = 0
        for scope, key in sorted(self._files):
            if scope in ("segment", "episode"):
                self._clear(scope, key)

    def cut(self) -> None:
        """Begin a segment: the scope "segment" is empty."""
        self.clear("segment")
        self._segment += 1

    def clear(self, scope: str) -> None:
        """Delete all files of a scope that are in view."""
        _of_scopes("scope", {scope: ""})
        self._clear(scope, self._keys[scope])

    def _clear(self, scope: str, key: str) -> None:
        if self._files.get((scope, key)):
            self._commit(scope, key, "clear")

    def write(self, path: str, text: str) -> None:
        """Make a file, or replace it.

        Raises:
            NoteError: the path or the text cannot be one of a note, or the scope's quota is used up.
        """
        self._put("write", path, text)

    def append(self, path: str, text: str) -> None:
        """Add to the end of a file, or make it; errors as `write`."""
        self._put("append", path, (self.read(path) if self._find(path) else "") + text)

    def delete(self, path: str) -> None:
        """Delete a file.

        Raises:
            NoteError: there is none.
        """
        scope, file = _scope_of(path), self._existing(path)
        self._commit(scope, self._keys[scope], "delete", path, file.sha)

    def read(self, path: str) -> str:
        """The text of a file.

        Raises:
            NoteError: there is none.
        """
        return self._blob(self._existing(path).sha).decode()

    def listing(self) -> tuple[NoteFile, ...]:
        """All files that are in view, sorted by path."""
        return tuple(sorted(file for scope in SCOPES for file in self._in_view(scope).values()))

    @property
    def journal(self) -> tuple[Entry, ...]:
        """Everything that happened to the notebook, since it was made."""
        return tuple(self._store.entries)

    def snapshot(self) -> str:
        """The name of the notebook as it is, all keys and the segment included; equal notebooks have equal names."""
        return self._store.put(_Snapshot(self._keys, self._segment, self._files).to_bytes())

    def restore(self, snapshot: str) -> None:
        """Make the notebook as it was when this snapshot was taken of it; the journal goes on.

        Raises:
            OptionError: this notebook has no such snapshot.
        """
        found = self._found(snapshot)
        self._commit("", "", "restore", sha_after=snapshot)
        self._keys, self._segment = found.keys, found.segment

    def sibling(self, snapshot: str) -> Notebook:
        """A notebook of its own, in memory, that begins as this snapshot; errors as `restore`."""
        made = Notebook(quotas=self._quotas)
        for files in self._found(snapshot).files.values():
            for file in files.values():
                made._store.put(self._blob(file.sha))
        made._store.put(self._blob(snapshot))
        made.restore(snapshot)
        return made

    def close(self) -> None:
        """Let go of the folder. Closing twice is fine."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _put(self, op: str, path: str, text: str) -> None:
        scope = _scope_of(path)
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise NoteError(f"the text for {path!r} holds {text[error.start]!r}, which is no character") from error
        before = self._find(path)
        self._check_quota(scope, path, len(data))
        sha = self._store.put(data)
        self._commit(scope, self._keys[scope], op, path, before.sha if before else "", sha, len(data))

    def _check_quota(self, scope: str, path: str, size: int) -> None:
        quota, others = self._quotas[scope], [file for file in self._in_view(scope).values() if file.path != path]
        used = sum(file.size for file in others)
        if used + size > quota.bytes:
            raise NoteError(
                f"{path!r} needs {size} bytes, and other files use {used} of the {quota.bytes} that {scope!r} has"
            )
        if len(others) + 1 > quota.files:
            raise NoteError(f"{path!r} would be one file too many: {scope!r} holds at most {quota.files}")

    def _commit(
        self, scope: str, key: str, op: str, path: str = "", sha_before: str = "", sha_after: str = "", size: int = 0
    ) -> None:
        entry = Entry(len(self._store.entries), scope, key, op, path, sha_before, sha_after, size, self._segment)
        self._store.append(entry)
        _apply(self._files, entry, self._blob)

    def _in_view(self, scope: str) -> dict[str, NoteFile]:
        return self._files.get((scope, self._keys[scope]), {})

    def _find(self, path: str) -> NoteFile | None:
        return self._in_view(_scope_of(path)).get(path)

    def _existing(self, path: str) -> NoteFile:
        if found := self._find(path):
            return found
        near = difflib.get_close_matches(path, [file.path for file in self.listing()], n=3, cutoff=0.5)
        raise NoteError(f"there is no note {path!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))

    def _blob(self, sha: str) -> bytes:
        data = self._store.get(sha)
        if data is None:
            raise RecordError(f"the notebook's journal names the text {sha}, which is not in its folder")
        return data

    def _found(self, snapshot: str) -> _Snapshot:
        data = self._store.get(snapshot)
        found = None if data is None else _Snapshot.from_bytes(data)
        if found is None:
            raise OptionError(f"snapshot={snapshot!r} is not one of this notebook")
        return found


@dataclass(frozen=True)
class _Snapshot:
    """All that a notebook is at one moment."""

    keys: dict[str, str]
    segment: int
    files: Files

    def to_bytes(self) -> bytes:
        rows = [[*at, *vars(file).values()] for at, files in self.files.items() for file in files.values()]
        return json.dumps([self.keys, self.segment, sorted(rows)], sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self | None:
        """The snapshot, or None for bytes that are something else."""
        files: Files = {}
        try:
            keys, segment, rows = json.loads(data)
            for scope, key, *file in rows:
                files.setdefault((scope, key), {})[file[0]] = NoteFile(*file)
            return cls({scope: keys[scope] for scope in SCOPES}, int(segment), files)
        except (ValueError, TypeError, LookupError):
            return None


def fold(entries: Iterable[Entry], blob: Callable[[str], bytes]) -> Files:
    """The files after these entries.

    Args:
        entries: a journal from its beginning.
        blob: SHA-256 → bytes, for snapshots that were restored.

    Raises:
        RecordError: an entry does not follow from those before it.
    """
    files: Files = {}
    for entry in entries:
        _apply(files, entry, blob)
    return files


def _apply(files: Files, entry: Entry, blob: Callable[[str], bytes]) -> None:
    at = (entry.scope, entry.key)
    before = files.get(at, {}).get(entry.path)
    if (before.sha if before else "") != entry.sha_before:
        raise RecordError(f"entry {entry.seq} of the notebook's journal does not follow from those before it")
    if entry.op in ("write", "append"):
        files.setdefault(at, {})[entry.path] = NoteFile(entry.path, entry.size, entry.sha_after)
    elif entry.op == "delete":
        del files[at][entry.path]
    elif entry.op == "clear":
        files.pop(at, None)
    elif entry.op == "restore":
        found = _Snapshot.from_bytes(blob(entry.sha_after))
        if found is None:
            raise RecordError(f"entry {entry.seq} of the notebook's journal restores what is no snapshot")
        files.clear()
        files.update(found.files)
    else:
        raise RecordError(f"entry {entry.seq} of the notebook's journal has an unknown op {entry.op!r}")


def _of_scopes(name: str, table: Mapping[str, T]) -> Mapping[str, T]:
    for scope in table:
        if scope not in SCOPES:
            raise OptionError(f"{name}: there is no scope {scope!r}; the scopes are {', '.join(SCOPES)}")
    return table


def _scope_of(path: str) -> str:
    """The scope in which a path lies.

    Raises:
        NoteError: it is no path of a note.
    """
    scope, *names = path.split("/")
    if scope not in SCOPES or not names:
        raise NoteError(f"{path!r} must be SCOPE/NAME, with the scope one of {', '.join(SCOPES)}")
    if len(path) > LONGEST_PATH:
        raise NoteError(f"a path of {len(path)} characters is too long: at most {LONGEST_PATH}")
    for name in names:
        if name in ("", ".", "..") or name != name.strip() or not name.isprintable():
            raise NoteError(f"{path!r} has the part {name!r}, which is no name: letters, digits and marks")
    return scope
