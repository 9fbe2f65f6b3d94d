"""The journal of a rollout: one directory, one writer, and every line on disk before anybody acts on it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from selftrain.errors import RecordError
from selftrain.records import EpisodeRecord, as_json, numbered_records
from selftrain.tokens import pack_samples

EPISODES, PLAN, LOCK, TOKENS = "episodes.jsonl", "rollout.json", "lock", "tokens"


class Journal:
    """Append-only episode records in `directory`, held by one process at a time.

    A record is on disk, whole, when `append` returns; when `append` raises, nothing of it is in the file. What a
    killed writer left of its last line is cut off on opening, and its size is kept in `torn`. Tokens are in a file of
    their own, which is on disk before the line that names it; one that no line names is left by a killed writer, and
    nobody reads it.

    Raises:
        RecordError: the directory cannot be used, or another process holds it; says which.
    """

    def __init__(self, directory: Path | str) -> None:
        self.directory = Path(directory)
        self.torn = self._end = 0
        self._mutex = threading.Lock()
        self._lock_fd = self._fd = -1
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._lock_fd = os.open(self.directory / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            self._take_lock()
            self._fd = os.open(self.directory / EPISODES, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            _sync_directory(self.directory)
            self._cut_torn_line()
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise RecordError(f"journal {self.directory} cannot be opened: {error.strerror}") from error
            raise

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock_fd, 200, 0).decode("utf-8", "replace").strip() or "another process"
            raise RecordError(
                f"journal {self.directory} is in use by {holder}; wait for it to end or choose another directory"
            ) from error
        # the name of the holder is a courtesy: a full disk must not keep a reader of the journal out
        with contextlib.suppress(OSError):
            os.ftruncate(self._lock_fd, 0)
            os.pwrite(self._lock_fd, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def _cut_torn_line(self) -> None:
        for end, _ in numbered_records(self.directory / EPISODES):
            self._end = end
        self.torn = os.fstat(self._fd).st_size - self._end
        self._cut_after(self._end)

    def claim(self, plan: Mapping[str, Any]) -> None:
        """Bind the directory to what is played in it, so that a rerun continues the same thing.

        Raises:
            RecordError: it holds episodes of another plan; names what differs.
        """
        path, wanted = self.directory / PLAN, json.loads(json.dumps(as_json(plan)))
        try:
            found = json.loads(path.read_text()) if path.exists() else None
            if found is None and self._end:
                raise RecordError(f"journal {self.directory} holds episodes but no {PLAN}; choose another directory")
            if found is None or not self._end:  # arguments that led to no episode bind nobody
                _write_atomically(path, (json.dumps(wanted, indent=1) + "\n").encode())
                found = wanted
        except OSError as error:
            raise RecordError(f"{path} cannot be written: {error.strerror}") from error
        except ValueError as error:
            raise RecordError(f"{path} is not JSON: {error}") from error
        if found != wanted:
            raise RecordError(
                f"journal {self.directory} belongs to other arguments: {_differences(found, wanted)}; "
                "give the same ones to continue it, or another directory"
            )

    def append(self, record: EpisodeRecord) -> None:
        """Put a record on disk; it is there, and synced, when this returns.

        Raises:
            RecordError: it cannot be written; the journal is as it was before, and a later call may succeed.
        """
        samples = record.samples
        tokens = pack_samples(samples) if samples else b""
        if tokens:
            # named by its content: an episode that is played again leaves the tokens of its earlier record alone
            digest = hashlib.sha256(tokens).hexdigest()[:8]
            record = replace(record, tokens_file=f"{TOKENS}/{record.episode:06d}-{record.attempts}-{digest}.npz")
        line = record.to_line().encode("ascii") + b"\n"
        with self._mutex:
            if self._fd < 0:
                raise RecordError(f"journal {self.directory} is closed")
            try:
                if tokens:
                    self._write_tokens(record.tokens_file, tokens)
                self._cut_after(self._end)
                rest = memoryview(line)
                while rest:
                    rest = rest[os.write(self._fd, rest) :]
                os.fsync(self._fd)
            except OSError as error:
                # a cut that fails too leaves a torn last line, which readers skip and the next append cuts off
                with contextlib.suppress(OSError):
                    self._cut_after(self._end)
                raise RecordError(f"journal {self.directory} cannot be written: {error.strerror}") from error
            self._end += len(line)

    def _write_tokens(self, name: str, tokens: bytes) -> None:
        path = self.directory / name
        if not path.parent.is_dir():
            path.parent.mkdir()
            _sync_directory(self.directory)
        _write_atomically(path, tokens)

    def _cut_after(self, end: int) -> None:
        if os.fstat(self._fd).st_size != end:
            os.ftruncate(self._fd, end)
            os.fsync(self._fd)

    def records(self) -> Iterator[EpisodeRecord]:
        """Every record in the journal, one at a time."""
        for _, record in numbered_records(self.directory / EPISODES):
            yield record

    def close(self) -> None:
        """Let go of the directory. Closing twice is fine."""
        with self._mutex:
            for fd in (self._fd, self._lock_fd):
                if fd >= 0:
                    os.close(fd)
            self._fd = self._lock_fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _write_atomically(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # on a full disk the rest of it would keep others from writing
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    keys = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
    return ", ".join(f"{key} is {_short(found.get(key))} there and {_short(wanted.get(key))} here" for key in keys)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
