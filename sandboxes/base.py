"""The sandbox protocol: where commands run. Every backend passes `selftrain.sandboxes.conformance`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from selftrain.evidence import MIB, Evidence, ExportLimits

HOME = "/home/agent"
ALWAYS_WRITABLE = ("/tmp", HOME)
PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class SandboxLimits:
    """Ceilings for one sandbox. Hitting one is data for the agent, never an exception.

    Attributes:
        memory_bytes: all processes together where cgroups can be had, else each process.
        processes: processes and threads alive at once.
        disk_bytes: each writable folder.
        open_files: descriptors of each process.
        output_bytes: kept of one command's output, half from its start and half from its end.
        cpus: cores' worth of CPU time, where cgroups can be had.
    """

    memory_bytes: int = 512 * MIB
    processes: int = 256
    disk_bytes: int = 256 * MIB
    open_files: int = 1024
    output_bytes: int = 64 * 1024
    cpus: float = 1.0


@dataclass(frozen=True)
class SandboxSpec:
    """What a sandbox is made from.

    Attributes:
        image: "host" (this machine's system, read-only), a built image's name, or "" for the backend's default; with
            docker also any image that is there, by a name with its tag.
        files: absolute path → bytes, written before the first command, below a writable folder.
        modes: absolute path → permission bits, for those of `files` that need other than 0o644.
        tools: commands that must be on PATH; a sandbox that lacks one is refused.
        writable: writable folders besides /tmp and the home folder; the first is where the shell starts.
        user: "agent" (uid 1000) or "root" (uid 0 inside, without privileges outside).
        network: whether the sandbox may reach the network.
        env: environment variables besides PATH, HOME, USER, LANG, TZ and TERM.
        limits: ceilings.
    """

    image: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    writable: tuple[str, ...] = ("/workspace",)
    user: Literal["agent", "root"] = "agent"
    network: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    limits: SandboxLimits = SandboxLimits()

    @property
    def workdir(self) -> str:
        """Where the shell starts."""
        return self.writable[0]

    @property
    def writable_folders(self) -> tuple[str, ...]:
        """Every writable folder, the always writable ones last."""
        return (*self.writable, *(folder for folder in ALWAYS_WRITABLE if folder not in self.writable))


@dataclass(frozen=True)
class Result:
    """What one command did.

    Attributes:
        output: standard output and error as they came; where the middle was cut, a line says so.
        exit_code: as bash reports it; 124 when it timed out. The agent's word, never evidence.
        truncated: bytes that were cut from `output`, 0 when it is whole.
        timed_out: it was killed at its timeout.
        shell_restarted: the shell itself ended (`exit`, `exec`, killed) and a new one took its place in the
            same directory; variables and functions are gone, files are not.
        directory: where the shell is after the command. The agent's word too.
    """

    output: bytes
    exit_code: int
    truncated: int = 0
    timed_out: bool = False
    shell_restarted: bool = False
    directory: bytes = b""


@dataclass(frozen=True)
class TreeEntry:
    """One entry of a writable folder: kind is "file", "directory" or "link" (`data` holds its target)."""

    path: str
    kind: Literal["file", "directory", "link"]
    mode: int
    mtime_ns: int
    data: bytes = b""


@dataclass(frozen=True)
class Snapshot:
    """A branch point: the spec, all writable folders, and the shell's state. Any backend can restore it."""

    spec: SandboxSpec
    entries: tuple[TreeEntry, ...]
    shell_state: bytes


class Sandbox(Protocol):
    """One persistent bash in an isolated place. Methods may be called from several threads; calls are serialised.

    Every method raises `SandboxError` when the backend fails or the sandbox is closed.
    """

    @property
    def spec(self) -> SandboxSpec:
        """What it was made from."""
        ...

    @property
    def peak_memory_bytes(self) -> int | None:
        """The most that its processes and files took at once, known after `close` too; None where nobody counts.

        It counts since the last `recycle`, with what the shell itself takes.
        """
        ...

    def run(self, command: str | bytes, timeout: float = 30.0) -> Result:
        """Run `command` in the shell; directory, variables and background jobs live on to the next call.

        At `timeout` seconds, everything the command started is killed and what it printed is returned.
        """
        ...

    def read(self, path: str, limit: int = 8 * MIB) -> bytes:
        """Bytes of the regular file at `path` (absolute, in a writable folder); links are not followed.

        Raises:
            FileNotFoundError: nothing is there. IsADirectoryError, PermissionError: as named.
            OSError: it is not a regular file, or is larger than `limit` bytes (EFBIG).
        """
        ...

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file as the sandbox's user, making its parent folders; links are not followed.

        Raises:
            OSError: no space (ENOSPC), or `path` is not below a writable folder (EROFS).
        """
        ...

    def export(self, paths: Sequence[str], limits: ExportLimits = ExportLimits()) -> Evidence:
        """Freeze the sandbox for good (every process is killed first) and copy `paths` out.

        Afterwards only `export` and `close` may be called.
        """
        ...

    def snapshot(self) -> Snapshot:
        """Copy writable folders and shell state; the sandbox goes on. Background processes are not part of it."""
        ...

    def recycle(self) -> None:
        """Kill everything inside, empty the writable folders and write `spec.files` again: as good as new."""
        ...

    def close(self) -> None:
        """Kill everything and free what the sandbox holds. Closing twice is fine."""
        ...


class Backend(Protocol):
    """A kind of sandbox."""

    @property
    def name(self) -> str:
        """ "bubblewrap" or "docker"."""
        ...

    @property
    def default_image(self) -> str:
        """What `SandboxSpec.image == ""` means here."""
        ...

    def available(self) -> str | None:
        """None when sandboxes can start here, else one line on what is missing and the command that gets it."""
        ...

    def limits_in_force(self) -> Mapping[str, str]:
        """For each limit of `SandboxLimits`: what enforces it here ("cgroup v1", "rlimit", "tmpfs", "none: ...")."""
        ...

    def create(self, spec: SandboxSpec) -> Sandbox:
        """A sandbox whose shell has answered, from the warm pool when one of its kind is ready.

        Raises:
            BackendUnavailableError, ImageMissingError, MissingToolError, SandboxError.
        """
        ...

    def restore(self, snapshot: Snapshot) -> Sandbox:
        """A sandbox in the state of `snapshot`; as often as wanted."""
        ...

    def sweep(self) -> int:
        """Remove what dead processes left behind; returns how many things were removed."""
        ...

    def close(self) -> None:
        """Stop the pool and close what it holds."""
        ...
