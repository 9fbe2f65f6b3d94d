"""Evidence: the bytes copied out of a sandbox for judging, and the limits of the copy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

MIB = 1 << 20


@dataclass(frozen=True)
class ExportLimits:
    """Bounds on one export. Overrunning one ends the export and is noted in `Evidence.overrun`."""

    total_bytes: int = 64 * MIB
    file_bytes: int = 32 * MIB
    entries: int = 5_000
    depth: int = 24
    path_bytes: int = 512
    seconds: float = 20.0


@dataclass(frozen=True)
class EvidenceFile:
    """One regular file: its bytes, permission bits (no type bits) and modification time in nanoseconds."""

    data: bytes
    mode: int = 0o644
    mtime_ns: int = 0


@dataclass(frozen=True)
class Evidence:
    """What was exported: regular files and directories, read once. Later uses all see this copy.

    Attributes:
        files: absolute path in the sandbox → regular file.
        directories: absolute path → permission bits.
        links: absolute path → target of each symbolic link, as text; links are never followed.
        dropped: absolute path → why it was left out ("fifo", "socket", "device", "bad name", "hard to read").
        overrun: the limit that ended the export early, or "".
    """

    files: Mapping[str, EvidenceFile]
    directories: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    overrun: str = ""

    def get(self, path: str) -> bytes | None:
        """Bytes of the regular file at `path`, or None."""
        found = self.files.get(path)
        return None if found is None else found.data

    def under(self, folder: str) -> dict[str, bytes]:
        """Regular files below `folder`, by path relative to it."""
        prefix = folder.rstrip("/") + "/"
        return {path[len(prefix) :]: file.data for path, file in self.files.items() if path.startswith(prefix)}

    @cached_property
    def sha256(self) -> str:
        """Hash over paths, modes, contents and links; modification times are left out."""
        digest = hashlib.sha256()
        for path, file in sorted(self.files.items()):
            digest.update(f"f{len(path)}:{path}:{file.mode:o}:{len(file.data)}:".encode("utf-8", "surrogateescape"))
            digest.update(file.data)
        for kind, table in (("d", self.directories), ("l", self.links), ("x", self.dropped)):
            for path, value in sorted(table.items()):
                digest.update(f"{kind}{len(path)}:{path}:{value};".encode("utf-8", "surrogateescape"))
        digest.update(self.overrun.encode())
        return digest.hexdigest()
