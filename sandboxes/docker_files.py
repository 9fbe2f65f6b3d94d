"""Files of a docker sandbox, read and written through its helper while everything else in it stands still."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import os
import posixpath
import shlex
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from selftrain.errors import SandboxError
from selftrain.evidence import Evidence, EvidenceFile, ExportLimits
from selftrain.sandboxes.base import TreeEntry
from selftrain.sandboxes.docker_inside import Helper
from selftrain.sandboxes.trees import _DEEPEST, _MANY, Tree, _LimitError, _split, _Walk

_LIST = r"%y %m %T@ %s\0%p\0%l\0"
_LIST_BYTES = 1 << 26
_ROOM_SECONDS = 1.0
# what tar says is the C library's text for an error number
_ERRORS = {os.strerror(number): number for number in (errno.ENOSPC, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG)}
_ERRORS["Wrote only"] = errno.ENOSPC
_SPECIAL = {"p": "fifo", "s": "socket"}


@dataclass(frozen=True)
class _Listed:
    """One line of the helper's listing."""

    kind: str
    mode: int
    mtime_ns: int
    size: int
    path: str
    target: bytes

    def entry(self, data: bytes = b"") -> TreeEntry:
        kinds = {"f": "file", "d": "directory", "l": "link"}
        return TreeEntry(self.path, kinds[self.kind], self.mode, self.mtime_ns, data)  # type: ignore[arg-type]


class DockerFiles:
    """The writable folders of one sandbox; the counterpart of `trees.Tree`.

    Args:
        helper: acts inside.
        writable: absolute paths of the folders that can be reached.
        user_id: to whom what is written belongs.
    """

    def __init__(self, helper: Helper, writable: Sequence[str], user_id: int) -> None:
        self._helper, self._writable, self._user_id = helper, writable, user_id
        self._parts = Tree(-1, writable)._parts

    def read(self, path: str, limit: int) -> bytes:
        """See `Sandbox.read`."""
        parts = self._parts(path)
        if parts is None:
            raise PermissionError(errno.EACCES, "not below a writable folder of the sandbox", path)
        with _naming(path), self._still():
            places = _places(parts)
            self._helper.call("look", *places)
            data = self._helper.call("head", "-c", limit + 1, "--", places[-1])
        if len(data) > limit:
            raise OSError(errno.EFBIG, f"larger than {limit} bytes", path)
        return data

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """See `Sandbox.write`. What is at `path` is replaced, never written through."""
        parts = self._parts(path)
        if parts is None or parts in map(_split, self._writable):
            raise OSError(errno.EROFS, "not below a writable folder of the sandbox", path)
        places = _places(parts)
        with _naming(path), self._still():
            try:
                self._helper.call("look", *places)
            except OSError as error:
                replaceable = error.errno in (errno.ENOENT, errno.EINVAL) or self._is_link(places)
                if not replaceable:
                    raise
            try:
                self._unpack({path: data}, {path: mode})
            except OSError:
                self._helper.call("rm", "-f", "--", places[-1])
                raise

    def write_all(self, files: Mapping[str, bytes], modes: Mapping[str, int]) -> None:
        """Write many files into folders that nobody has used yet."""
        for path in files:
            parts = self._parts(path)
            if parts is None or parts in map(_split, self._writable):
                raise OSError(errno.EROFS, "not below a writable folder of the sandbox", path)
        if files:
            self._unpack(files, modes)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(OSError), self._still():
            self._helper.call("rm", "-f", "--", path)

    def empty(self) -> None:
        """Empty the writable folders and shared memory, and make the folders themselves as they were."""
        with self._still():
            self._helper.ask(f"empty {self._user_id} {' '.join(map(shlex.quote, self._writable))}")
            for folder in self._writable:
                self._helper.call("chmod", folder_mode(folder), folder)

    def entries(self, folder_bytes: int) -> tuple[TreeEntry, ...]:
        """See `trees.Tree.entries`."""
        limits = ExportLimits(folder_bytes * len(self._writable), folder_bytes, _MANY, _DEEPEST, _MANY, _MANY)
        outermost = [f for f in self._writable if not any(f.startswith(other + "/") for other in self._writable)]
        found: list[TreeEntry] = []
        with self._still():
            self._collect(outermost, _Walk(limits, found.append, {}, whole=True))
        return tuple(found)

    def restore(self, entries: Sequence[TreeEntry]) -> None:
        """Make what `entries` hold, with modes and times."""
        for entry in entries:
            if self._parts(entry.path) is None:
                raise OSError(errno.EROFS, "not below a writable folder of the sandbox", entry.path)
        buffer = io.BytesIO()
        with _new_tar(buffer) as tar:
            for entry in entries:
                member = self._member(entry.path, entry.mode)
                # fractions of a second are written as text, and a float has too few digits for all of them
                member.pax_headers = {"mtime": f"{entry.mtime_ns // 10**9}.{entry.mtime_ns % 10**9:09d}"}
                _add(tar, member, entry.kind, entry.data)
        with self._still():
            self._extract(buffer.getvalue(), "--overwrite-dir", "--delay-directory-restore")

    def export(self, paths: Sequence[str], limits: ExportLimits) -> Evidence:
        """See `Sandbox.export`; nothing may run in the sandbox any more."""
        found: list[TreeEntry] = []
        walk, overrun = _Walk(limits, found.append, {}), ""
        wanted = dict.fromkeys(posixpath.normpath(path) for path in paths if self._parts(path))
        with self._still():
            try:
                self._collect(list(wanted), walk)
            except _LimitError as limit:
                overrun = str(limit)
        files = {e.path: EvidenceFile(e.data, e.mode, e.mtime_ns) for e in found if e.kind == "file"}
        directories = {e.path: e.mode for e in found if e.kind == "directory"}
        links = {e.path: os.fsdecode(e.data) for e in found if e.kind == "link"}
        return Evidence(files, directories, links, walk.dropped, overrun)

    @contextlib.contextmanager
    def _still(self) -> Iterator[None]:
        """Everything but the helper stands still meanwhile.

        Raises:
            OSError: EAGAIN, when the processes in the sandbox leave none for the helper.
        """
        deadline = time.monotonic() + _ROOM_SECONDS
        try:
            # what has been killed takes a moment to go
            while (code := self._helper.ask("freeze")[0]) and time.monotonic() < deadline:
                time.sleep(0.01)
            if code:
                raise OSError(code, os.strerror(code))
            yield
        finally:
            self._helper.ask("thaw")

    def _is_link(self, places: Sequence[str]) -> bool:
        """Whether only the last of `places` is a link."""
        words = " && ".join(f"! -L {shlex.quote(place)}" for place in places[:-1])
        return self._helper.ask(f"[[ {words} && -L {shlex.quote(places[-1])} ]]")[0] == 0

    def _collect(self, roots: Sequence[str], walk: _Walk) -> None:
        """_Walk over what the helper lists below `roots`; files' bytes are fetched together at the end."""
        chosen: list[_Listed] = []
        try:
            for root in roots:
                if self._leads_through_links(root):
                    continue
                _walk_listed(walk, self._listing(root, walk.limits.depth), chosen)
        finally:
            self._fetch(chosen, walk)

    def _leads_through_links(self, root: str) -> bool:
        code, _ = self._helper.ask(f"look {' '.join(map(shlex.quote, _places(_split(root))))}")
        return code in (errno.ENOTDIR, errno.ENOENT) or (
            code == errno.ELOOP and not self._is_link(_places(_split(root)))
        )

    def _listing(self, root: str, depth: int) -> list[_Listed]:
        deepest = min(depth, _DEEPEST) + 1
        command = f"find {shlex.quote(root)} -maxdepth {deepest} -printf '{_LIST}' 2>/dev/null | head -c {_LIST_BYTES}"
        code, listing = self._helper.ask(command)
        if code:
            raise SandboxError(f"the sandbox's files could not be listed: exit code {code}")
        if len(listing) >= _LIST_BYTES:
            raise _LimitError("entries")
        fields = listing.split(b"\0")
        found = [_parse(*fields[i : i + 3]) for i in range(0, len(fields) - 2, 3)]
        return sorted(found, key=lambda listed: os.fsencode(listed.path).split(b"/"))

    def _fetch(self, chosen: Sequence[_Listed], walk: _Walk) -> None:
        """Read the chosen files in one go and hand all entries on in their order."""
        files = [listed for listed in chosen if listed.kind == "f" and listed.size]
        data = b""
        if files:
            names = b"".join(os.fsencode(listed.path) + b"\0" for listed in files)
            total = sum(listed.size for listed in files)
            code, data = self._helper.ask(f"head -c {len(names)} <&246 | xargs -0 cat --", names)
            if code or len(data) != total:
                raise SandboxError(f"{len(data)} of {total} bytes of the sandbox's files came out (exit code {code})")
        place = 0
        for listed in chosen:
            content = listed.target
            if listed.kind == "f":
                content = data[place : place + listed.size]
                place += listed.size
            walk.take(listed.entry(content))

    def _unpack(self, files: Mapping[str, bytes], modes: Mapping[str, int]) -> None:
        """Write `files` and the folders that lead to them; existing folders stay as they are."""
        buffer = io.BytesIO()
        folders: set[str] = set()
        with _new_tar(buffer) as tar:
            for given, data in files.items():
                path = "/" + os.fsdecode(b"/".join(_split(given)))
                for folder in self._folders_to(path):
                    if folder not in folders:
                        folders.add(folder)
                        _add(tar, self._member(folder, 0o755), "directory", b"")
                _add(tar, self._member(path, modes.get(given, 0o644)), "file", data)
        self._extract(buffer.getvalue(), "--no-overwrite-dir", "--touch")

    def _folders_to(self, path: str) -> list[str]:
        """The folders between a writable folder and `path`, outermost first."""
        above = list(itertools.accumulate(path.split("/")[1:-1], lambda a, b: f"{a}/{b}", initial=""))
        return [folder for folder in above[1:] if any(folder.startswith(top + "/") for top in self._writable)]

    def _member(self, path: str, mode: int) -> tarfile.TarInfo:
        member = tarfile.TarInfo(path.lstrip("/"))
        member.mode, member.uid, member.gid = mode, self._user_id, self._user_id
        return member

    def _extract(self, archive: bytes, *options: str) -> None:
        tar = f"tar -x -f - -C / -p --same-owner --numeric-owner {' '.join(options)}"
        command = f"head -c {len(archive)} <&246 | {tar}"
        code, said = self._helper.ask(command, archive)
        if code == 0:
            return
        text = said.decode("utf-8", "replace")
        for message, number in _ERRORS.items():
            if message in text:
                raise OSError(number, message)
        raise SandboxError(f"files could not be written into the sandbox: {text.strip()[-300:] or code}")


def folder_mode(folder: str) -> str:
    """Permission bits of a fresh writable folder, as text."""
    return "1777" if folder == "/tmp" else "755"


def _walk_listed(walk: _Walk, listing: Sequence[_Listed], chosen: list[_Listed]) -> None:
    """Choose from a listing in its order, as `Walk.visit` does from a live tree."""
    names = Counter(posixpath.dirname(listed.path) for listed in listing)
    left_out = "\0"
    for listed in listing:
        if listed.path in walk.seen or f"{listed.path}/".startswith(left_out):
            continue
        if not walk._within_limits(listed.path):
            left_out = f"{listed.path}/"
        elif listed.kind == "f":
            if _has_room(walk, listed.path, listed.size):
                chosen.append(listed)
        elif listed.kind in "dl":
            chosen.append(listed)
            if listed.kind == "d" and names[listed.path] > walk.limits.entries:
                raise _LimitError("entries")
        else:
            walk.dropped[listed.path] = _SPECIAL.get(listed.kind, "device")


def _has_room(walk: _Walk, path: str, size: int) -> bool:
    too_large = "file_bytes" if size > walk.limits.file_bytes else ""
    if too_large or walk.total + size > walk.limits.total_bytes:
        return walk._over(path, too_large or "total_bytes")
    walk.total += size
    return True


def _parse(facts: bytes, path: bytes, target: bytes) -> _Listed:
    kind, mode, mtime, size = facts.decode().split()
    seconds, _, fraction = mtime.partition(".")
    mtime_ns = int(seconds) * 10**9 + int(fraction[:9].ljust(9, "0"))
    return _Listed(kind, int(mode, 8), mtime_ns, int(size), os.fsdecode(path), target)


def _places(parts: Sequence[bytes]) -> list[str]:
    """The path and every folder that leads to it, outermost first."""
    return [os.fsdecode(place) for place in itertools.accumulate((b"/" + part for part in parts), bytes.__add__)]


def _new_tar(buffer: io.BytesIO) -> tarfile.TarFile:
    return tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape")


def _add(tar: tarfile.TarFile, member: tarfile.TarInfo, kind: str, data: bytes) -> None:
    if kind == "directory":
        member.type = tarfile.DIRTYPE
    elif kind == "link":
        member.type, member.linkname = tarfile.SYMTYPE, os.fsdecode(data)
    else:
        member.size = len(data)
    tar.addfile(member, io.BytesIO(data) if member.isreg() else None)


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        error.filename = path
        raise
