"""A file of lines that one process holds at a time, where a line is on disk, whole, or not there at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from pathlib import Path

from selftrain.errors import RecordError

LOCK = "lock"


class LineFile:
    """An append-only file of lines in a folder of its own.

    Args:
        folder: made where it is missing, and held until `close`.
        name: of the file.
        kind: what the folder is, for messages: "journal", "notebook".

    Raises:
        RecordError: the folder cannot be used, or another process holds it; says which.
    """

    def __init__(self, folder: Path, name: str, kind: str) -> None:
        self._folder, self._kind = folder, kind
        self._end = 0
        self._fd = self._lock_fd = -1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock_fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            self._take_lock()
            self._fd = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            sync_folder(folder)
        except BaseException as error:  # whatever it is, the descriptors are closed before it goes on
            self.close()
            if isinstance(error, OSError):
                raise RecordError(f"{kind} {folder} cannot be opened: {error.strerror}") from error
            raise

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock_fd, 200, 0).decode("utf-8", "replace").strip() or "another process"
            raise RecordError(
                f"{self._kind} {self._folder} is in use by {holder}; wait for it to end or choose another directory"
            ) from error
        # the name of the holder is a courtesy: a full disk must not keep a reader out
        with contextlib.suppress(OSError):
            os.ftruncate(self._lock_fd, 0)
            os.pwrite(self._lock_fd, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def begin_after(self, end: int) -> int:
        """Cut off what a killed writer left of its last line.

        Args:
            end: bytes that are whole lines.

        Returns:
            The bytes cut off.

        Raises:
            RecordError: they cannot be.
        """
        self._end = end
        try:
            torn = os.fstat(self._fd).st_size - end
            self._cut()
        except OSError as error:
            raise RecordError(f"{self._kind} {self._folder} cannot be opened: {error.strerror}") from error
        return torn

    @property
    def end(self) -> int:
        """Bytes that are whole lines."""
        return self._end

    def check_open(self) -> None:
        """Refuse to go on after `close`.

        Raises:
            RecordError: it is closed.
        """
        if self._fd < 0:
            raise RecordError(f"{self._kind} {self._folder} is closed")

    def append(self, line: bytes) -> None:
        """Put a line, which ends in a line break, on disk; it is there, and synced, when this returns.

        Raises:
            RecordError: it cannot be written; nothing of it is in the file, and a later call may succeed.
        """
        self.check_open()
        try:
            self._cut()
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
            os.fsync(self._fd)
        except OSError as error:
            # a cut that fails too leaves a torn last line, which readers skip and the next append cuts off
            with contextlib.suppress(OSError):
                self._cut()
            raise RecordError(f"{self._kind} {self._folder} cannot be written: {error.strerror}") from error
        self._end += len(line)

    def _cut(self) -> None:
        if os.fstat(self._fd).st_size != self._end:
            os.ftruncate(self._fd, self._end)
            os.fsync(self._fd)

    def close(self) -> None:
        """Let go of the folder. Closing twice is fine."""
        for fd in (self._fd, self._lock_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._lock_fd = -1


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file on disk, whole and synced, or not at all.

    Raises:
        OSError: it cannot be written.
    """
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
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
