"""Folder trees of a sandbox, read and written from the host without ever following a link.

Every path is opened one component at a time, each relative to the folder before it, so whatever a sandbox puts or swaps
there cannot lead outside it. What is created belongs to the sandbox's user.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import itertools
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from selftrain.evidence import Evidence, EvidenceFile, ExportLimits
from selftrain.sandboxes.base import TreeEntry

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a pipe must not wait for its other end
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = {stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
_MANY = 1 << 30
# folders within folders: bounds the walk's recursion and descriptors
_DEEPEST = 128
_libc = ctypes.CDLL(None)


class _LimitError(Exception):
    """A limit of the export was overrun; the text names it."""


@dataclass
class Tree:
    """The writable folders of one sandbox.

    Args:
        root: descriptor of the sandbox's root folder.
        writable: absolute paths of the folders that can be reached.
        owner: user and group id on the host to act as, or None to act as we are.
    """

    root: int
    writable: Sequence[str]
    owner: int | None = None

    def read(self, path: str, limit: int) -> bytes:
        """See `Sandbox.read`."""
        parts = self._parts(path)
        if parts is None:
            raise PermissionError(errno.EACCES, "not below a writable folder of the sandbox", path)
        with (
            self._acting(),
            _naming(path),
            self._parent(parts) as parent,
            _opened(parts[-1], parent, _FILE) as fd,
        ):
            return _read_regular(fd, limit)

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """See `Sandbox.write`. What is at `path` is replaced, never written through."""
        parts = self._parts(path)
        if parts is None or parts in self._folders:
            raise OSError(errno.EROFS, "not below a writable folder of the sandbox", path)
        with self._acting(), _naming(path), self._parent(parts, make=True) as parent:
            _create(parts[-1], parent, data, mode)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        with self._acting(), contextlib.suppress(OSError), self._parent(_split(path)) as parent:
            os.unlink(_split(path)[-1], dir_fd=parent)

    def entries(self, folder_bytes: int) -> tuple[TreeEntry, ...]:
        """All of the writable folders, parents before children.

        What is no file, folder or link is left out, and so are (sparse) files that the folders could not hold.
        """
        found: list[TreeEntry] = []
        limits = ExportLimits(folder_bytes * len(self.writable), folder_bytes, _MANY, _DEEPEST, _MANY, _MANY)
        walk = _Walk(limits, found.append, {}, whole=True)
        with self._acting():
            for folder in self._outermost():
                with self._parent(_split(folder)) as parent:
                    walk.visit(parent, _split(folder)[-1], folder)
        return tuple(found)

    def restore(self, entries: Sequence[TreeEntry]) -> None:
        """Make what `entries` hold, in their order, with modes and times."""
        with self._acting():
            # a folder is opened once for what lies next to each other in it
            for _, neighbours in itertools.groupby(entries, lambda entry: entry.path.rpartition("/")[0]):
                self._restore_neighbours(list(neighbours))
            # last and from the inside out, because a folder may forbid writing and each entry changes its time
            for entry in reversed(entries):
                if entry.kind == "directory":
                    with self._parent(_split(entry.path)) as parent:
                        _finish_folder(entry, _split(entry.path)[-1], parent)

    def _restore_neighbours(self, entries: Sequence[TreeEntry]) -> None:
        with _naming(entries[0].path), self._parent(_split(entries[0].path)) as parent:
            for entry in entries:
                parts = self._parts(entry.path)
                if parts is None:
                    raise OSError(errno.EROFS, "not below a writable folder of the sandbox", entry.path)
                _make(entry, parts[-1], parent)

    def export(self, paths: Sequence[str], limits: ExportLimits) -> Evidence:
        """See `Sandbox.export`; nothing may run in the sandbox any more."""
        found: list[TreeEntry] = []
        dropped: dict[str, str] = {}
        walk, overrun = _Walk(limits, found.append, dropped), ""
        try:
            for path in dict.fromkeys(os.path.normpath(path) for path in paths if self._parts(path)):
                with contextlib.suppress(OSError), self._acting(), self._parent(_split(path)) as parent:
                    walk.visit(parent, _split(path)[-1], path)
        except _LimitError as limit:
            overrun = str(limit)
        files = {e.path: EvidenceFile(e.data, e.mode, e.mtime_ns) for e in found if e.kind == "file"}
        directories = {e.path: e.mode for e in found if e.kind == "directory"}
        links = {e.path: os.fsdecode(e.data) for e in found if e.kind == "link"}
        return Evidence(files, directories, links, dropped, overrun)

    @functools.cached_property
    def _folders(self) -> list[list[bytes]]:
        return [_split(folder) for folder in self.writable]

    def _outermost(self) -> list[str]:
        return [f for f in self.writable if not any(f.startswith(other + "/") for other in self.writable)]

    def _parts(self, path: str) -> list[bytes] | None:
        """Components of `path`, None when it is not absolute, climbs, or is not in a writable folder."""
        parts = _split(path)
        if not path.startswith("/") or b".." in parts or b"\0" in os.fsencode(path):
            return None
        inside = any(parts[: len(folder)] == folder for folder in self._folders)
        return parts if inside else None

    @contextlib.contextmanager
    def _parent(self, parts: list[bytes], make: bool = False) -> Iterator[int]:
        """Descriptor of the folder that holds the last component."""
        with contextlib.ExitStack() as opened:
            fd = self.root
            for part in parts[:-1]:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o755, dir_fd=fd)
                fd = opened.enter_context(_opened(part, fd, _FOLDER))
            yield fd

    @contextlib.contextmanager
    def _acting(self) -> Iterator[None]:
        """Act as the sandbox's user: these two calls change the calling thread alone."""
        if self.owner is None:
            yield
            return
        _libc.setfsgid(self.owner)
        _libc.setfsuid(self.owner)
        try:
            yield
        finally:
            _libc.setfsuid(os.geteuid())
            _libc.setfsgid(os.getegid())


@dataclass
class _Walk:
    """One walk over trees within limits.

    Args:
        limits: bounds.
        take: called with each entry, parents before children.
        dropped: path → why it is left out; filled.
        whole: go on at a limit, without what is over it, and keep names of any kind.
    """

    limits: ExportLimits
    take: Callable[[TreeEntry], None]
    dropped: dict[str, str]
    whole: bool = False
    seen: set[str] = field(default_factory=set)
    total: int = 0

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.limits.seconds

    def visit(self, parent: int, name: bytes, path: str) -> None:
        """Take the entry `name` of the folder `parent`, and everything below it."""
        if path in self.seen or not self._within_limits(path):
            return
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        mode = stat.S_IMODE(found.st_mode)
        if stat.S_ISDIR(found.st_mode):
            self.take(TreeEntry(path, "directory", mode, found.st_mtime_ns))
            self._visit_below(parent, name, path)
        elif stat.S_ISLNK(found.st_mode):
            self.take(TreeEntry(path, "link", mode, found.st_mtime_ns, os.readlink(name, dir_fd=parent)))
        elif stat.S_ISREG(found.st_mode):
            self._take_file(parent, name, path, found)
        else:
            self.dropped[path] = _KINDS.get(stat.S_IFMT(found.st_mode), "device")

    def _visit_below(self, parent: int, name: bytes, path: str) -> None:
        with _opened(name, parent, _FOLDER) as fd:
            for below in self._names(fd):
                self._visit_named(fd, os.fsencode(below), f"{path}/{below}")

    def _names(self, fd: int) -> list[str]:
        # a folder of millions must not be listed whole to learn that it is over the limit
        with os.scandir(fd) as entries:
            names = [entry.name for entry in itertools.islice(entries, self.limits.entries + 1)]
        if len(names) > self.limits.entries:
            raise _LimitError("entries")
        return sorted(names, key=os.fsencode)

    def _visit_named(self, parent: int, name: bytes, path: str) -> None:
        try:
            self.visit(parent, name, path)
        except FileNotFoundError:
            return  # removed while we looked
        except OSError:
            self.dropped[path] = "hard to read"

    def _within_limits(self, path: str) -> bool:
        self.seen.add(path)
        limits = self.limits
        if path.count("/") > min(limits.depth, _DEEPEST):
            return self._over(path, "depth")
        if len(os.fsencode(path)) > limits.path_bytes:
            return self._over(path, "path_bytes")
        if len(self.seen) > limits.entries:
            return self._over(path, "entries")
        if time.monotonic() > self.deadline:
            return self._over(path, "seconds")
        if not self.whole and not _is_good_name(path):
            self.dropped[path] = "bad name"
            return False
        return True

    def _over(self, path: str, limit: str) -> bool:
        if not self.whole:
            raise _LimitError(limit)
        self.dropped[path] = limit
        return False

    def _take_file(self, parent: int, name: bytes, path: str, found: os.stat_result) -> None:
        too_large = "file_bytes" if found.st_size > self.limits.file_bytes else ""
        if too_large or self.total + found.st_size > self.limits.total_bytes:
            self._over(path, too_large or "total_bytes")
            return
        with _opened(name, parent, _FILE) as fd:
            data = _read_regular(fd, self.limits.file_bytes)  # in a snapshot it may have grown since it was looked at
        self.total += len(data)
        self.take(TreeEntry(path, "file", stat.S_IMODE(found.st_mode), found.st_mtime_ns, data))


def _is_good_name(path: str) -> bool:
    name = path.rpartition("/")[2]
    return not any(ord(c) < 32 or ord(c) == 127 or 0xDC80 <= ord(c) <= 0xDCFF for c in name)


def _split(path: str) -> list[bytes]:
    return [part for part in os.fsencode(path).split(b"/") if part not in (b"", b".")]


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    """Have errors name the path in the sandbox, not the component that was being opened."""
    try:
        yield
    except OSError as error:
        error.filename = path
        raise


@contextlib.contextmanager
def _opened(name: bytes, parent: int, flags: int) -> Iterator[int]:
    """Open an entry to read it; what its owner has locked is unlocked for that time."""
    try:
        fd = os.open(name, flags, dir_fd=parent)
    except PermissionError:
        with _unlocked(name, parent):
            fd = os.open(name, flags, dir_fd=parent)
    try:
        found = os.fstat(fd)
        # a folder's bits count at each use, a file's only when it is opened
        if stat.S_ISDIR(found.st_mode) and found.st_mode & 0o500 != 0o500:
            os.fchmod(fd, stat.S_IMODE(found.st_mode) | 0o700)
            try:
                yield fd
            finally:
                os.fchmod(fd, stat.S_IMODE(found.st_mode))
        else:
            yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _unlocked(name: bytes, parent: int) -> Iterator[None]:
    handle = os.open(name, _HANDLE, dir_fd=parent)
    try:
        mode = stat.S_IMODE(os.fstat(handle).st_mode)
        itself = Path(f"/proc/self/fd/{handle}")  # a handle's own mode cannot be changed
        itself.chmod(mode | 0o700)
        try:
            yield
        finally:
            itself.chmod(mode)
    finally:
        os.close(handle)


def _read_regular(fd: int, limit: int) -> bytes:
    found = os.fstat(fd)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if found.st_size > limit:
        raise OSError(errno.EFBIG, f"larger than {limit} bytes")
    # it may grow while it is read
    chunks, left = [], found.st_size
    while left > 0 and (chunk := os.read(fd, min(left, 1 << 24))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _create(name: bytes, parent: int, data: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(name, flags, 0o600, dir_fd=parent)
    except FileExistsError:
        os.unlink(name, dir_fd=parent)
        fd = os.open(name, flags, 0o600, dir_fd=parent)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fchmod(fd, mode)
    except OSError:
        os.unlink(name, dir_fd=parent)
        raise
    finally:
        os.close(fd)


def _make(entry: TreeEntry, name: bytes, parent: int) -> None:
    if entry.kind == "directory":
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=parent)
        return
    if entry.kind == "link":
        os.symlink(entry.data, name, dir_fd=parent)
    else:
        _create(name, parent, entry.data, entry.mode)
    os.utime(name, ns=(entry.mtime_ns, entry.mtime_ns), dir_fd=parent, follow_symlinks=False)


def _finish_folder(entry: TreeEntry, name: bytes, parent: int) -> None:
    fd = os.open(name, _FOLDER, dir_fd=parent)
    try:
        os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
        os.fchmod(fd, entry.mode)
    finally:
        os.close(fd)
