"""Where a notebook keeps its journal and its texts: in memory, or in a folder that one process holds at a time."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from selftrain.errors import RecordError
from selftrain.lines import LineFile, write_atomically

JOURNAL, BLOBS = "notebook.jsonl", "blobs"
_SHA = re.compile("[0-9a-f]{64}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One change of a notebook.

    Attributes:
        seq: its place in the journal, from 0.
        scope, key: whose files changed; both empty for "restore".
        op: "write", "append", "delete", "clear" or "restore".
        path: of the file, with the scope in front; "" where `op` is about more than one.
        sha_before, sha_after: SHA-256 of the file's text, "" for no file; after "restore", of the snapshot.
        size: bytes of the text afterwards.
        segment: in which it happened, counted from 0 in each episode.
    """

    seq: int
    scope: str
    key: str
    op: str
    path: str = ""
    sha_before: str = ""
    sha_after: str = ""
    size: int = 0
    segment: int = 0


class Store(Protocol):
    """Keeps entries in order, and bytes by their SHA-256."""

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries so far."""
        ...

    def append(self, entry: Entry) -> None:
        """Keep an entry; it is safe when this returns, and nowhere when this raises."""
        ...

    def put(self, data: bytes) -> str:
        """Keep bytes, and return their SHA-256."""
        ...

    def get(self, sha: str) -> bytes | None:
        """The bytes with this SHA-256, or None."""
        ...

    def close(self) -> None:
        """Let go of what is held. Closing twice is fine."""
        ...


class MemoryStore:
    """A store that ends with its process."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._blobs: dict[str, bytes] = {}

    @property
    def entries(self) -> Sequence[Entry]:
        return self._entries

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)

    def put(self, data: bytes) -> str:
        sha = hashlib.sha256(data).hexdigest()
        self._blobs[sha] = data
        return sha

    def get(self, sha: str) -> bytes | None:
        return self._blobs.get(sha)

    def close(self) -> None:
        """There is nothing to let go of."""


class FolderStore:
    """A store on disk: a line of JSON for each entry, synced, and a file for each text.

    What a killed writer left of its last line is cut off on opening and reported by this module's logger. A text is
    on disk before the entry that names it.

    Raises:
        RecordError: the folder cannot be used, is broken, or is held by another process; says which.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: list[Entry] = []
        self._lines = LineFile(folder, JOURNAL, "notebook")
        try:
            self._load()
        except BaseException as error:  # whatever it is, the folder is let go
            self.close()
            if isinstance(error, OSError):
                raise RecordError(f"notebook {folder} cannot be opened: {error.strerror}") from error
            raise

    def _load(self) -> None:
        (self._folder / BLOBS).mkdir(exist_ok=True)
        end = 0
        for entry, end in _read(self._folder / JOURNAL):  # noqa: B007  the last one is wanted
            self._entries.append(entry)
        if torn := self._lines.begin_after(end):
            _log.warning("notebook %s: the last line is torn (%d bytes) and cut off", self._folder, torn)

    @property
    def entries(self) -> Sequence[Entry]:
        return self._entries

    def append(self, entry: Entry) -> None:
        self._lines.append(json.dumps(asdict(entry), separators=(",", ":")).encode("ascii") + b"\n")
        self._entries.append(entry)

    def put(self, data: bytes) -> str:
        sha = hashlib.sha256(data).hexdigest()
        path = self._folder / BLOBS / sha
        self._lines.check_open()
        try:
            if not path.exists():
                write_atomically(path, data)
        except OSError as error:
            raise RecordError(f"{path} cannot be written: {error.strerror}") from error
        return sha

    def get(self, sha: str) -> bytes | None:
        if not _SHA.fullmatch(sha):
            return None
        path = self._folder / BLOBS / sha
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RecordError(f"{path} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != sha:
            raise RecordError(f"{path} does not hold the text that its name is the SHA-256 of")
        return data

    def close(self) -> None:
        self._lines.close()


def _read(path: Path) -> Iterator[tuple[Entry, int]]:
    """Each entry, with the offset of the byte after its line; a torn last line is left out."""
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file):
            entry = _parsed(line)
            if entry is None and not file.read(1):
                return
            if entry is None or entry.seq != number:
                raise RecordError(f"{path}: line {number + 1} is not entry {number} of a notebook")
            end += len(line)
            yield entry, end


def _parsed(line: bytes) -> Entry | None:
    if not line.endswith(b"\n"):
        return None  # never acknowledged to the writer, even if it happens to parse
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None
