"""What the sandboxes of all backends have in common: one box at a time, used by one thread after another."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from selftrain.errors import SandboxError
from selftrain.evidence import MIB, Evidence, ExportLimits
from selftrain.sandboxes.base import Result, Sandbox, SandboxSpec, Snapshot, TreeEntry
from selftrain.sandboxes.pool import WarmPool
from selftrain.sandboxes.shell import ShellChannel
from selftrain.sandboxes.shell_state import LOAD, SAVE, STATE_FILE, state_or_directory
from selftrain.sandboxes.tools import missing_tools_error, search_command

_INTERNAL_SECONDS = 20.0
_STATE_BYTES = 64 * MIB
_KILLED = 137


class Files(Protocol):
    """The writable folders of a box; see `trees.Tree`."""

    def read(self, path: str, limit: int) -> bytes:
        """See `Sandbox.read`."""
        ...

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """See `Sandbox.write`."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        ...

    def entries(self, folder_bytes: int) -> tuple[TreeEntry, ...]:
        """All of the writable folders, parents before children."""
        ...

    def restore(self, entries: Sequence[TreeEntry]) -> None:
        """Make what `entries` hold."""
        ...

    def export(self, paths: Sequence[str], limits: ExportLimits) -> Evidence:
        """See `Sandbox.export`."""
        ...


class Box(Protocol):
    """A live place with a shell and files; a backend starts it."""

    @property
    def channel(self) -> ShellChannel:
        """To its shell."""
        ...

    @property
    def files(self) -> Files:
        """Its files."""
        ...

    def end_steps(self) -> None:
        """Make a command that another thread runs end in an error."""
        ...

    def kill(self) -> None:
        """Kill every process of the user's for good; the files can still be read."""
        ...

    def close(self) -> None:
        """Free everything."""
        ...

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed something in it for want of memory."""
        ...

    def peak_memory(self) -> int | None:
        """See `Sandbox.peak_memory_bytes`; not known any more once it is closed."""
        ...


B = TypeVar("B", bound=Box)


def require_tools(sandbox: Sandbox, image: str, known: set[tuple[str, str]]) -> None:
    """Raise MissingToolError unless the tools of the sandbox's spec are in its image; `known` remembers them."""
    unknown = [tool for tool in sandbox.spec.tools if (image, tool) not in known]
    if unknown:
        missing = sandbox.run(search_command(unknown)).output.decode().split("\n")[:-1]
        if missing:
            raise missing_tools_error(missing, image)
        known.update((image, tool) for tool in unknown)


class BoxedSandbox(Generic[B]):
    """One sandbox; see `Sandbox`."""

    def __init__(self, pool: WarmPool[B], spec: SandboxSpec) -> None:
        self._pool, self._spec = pool, spec
        # calls one after another, but closing must not wait for a running step
        self._turn = threading.RLock()
        self._closed = self._frozen = False
        self._box = pool.take(spec)
        self._peak_memory: int | None = None

    @property
    def spec(self) -> SandboxSpec:
        """See `Sandbox`."""
        return self._spec

    @property
    def peak_memory_bytes(self) -> int | None:
        """See `Sandbox`."""
        with self._turn:
            found = self._box.peak_memory()
            return self._peak_memory if found is None else found

    def run(self, command: str | bytes, timeout: float = 30.0) -> Result:
        """See `Sandbox`."""
        with self._turn:
            box = self._live_box()
            try:
                return box.channel.run(command, timeout, self._spec.limits.output_bytes)
            except SandboxError as error:
                if self._closed:
                    raise SandboxError("the sandbox was closed while a command ran") from error
                if not box.ran_out_of_memory():
                    raise
                # what runs inside can bring this about, so it is data
                said = b"[out of memory: everything in the sandbox was killed]\n"
                return Result(said, _KILLED, shell_restarted=True, directory=box.channel.directory)

    def read(self, path: str, limit: int = 8 * MIB) -> bytes:
        """See `Sandbox`."""
        with self._turn:
            return self._live_box().files.read(path, limit)

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """See `Sandbox`."""
        with self._turn:
            self._live_box().files.write(path, data, mode)

    def export(self, paths: Sequence[str], limits: ExportLimits = ExportLimits()) -> Evidence:
        """See `Sandbox`."""
        with self._turn:
            if not self._frozen:
                self._live_box()
                self._frozen = True
            self._require_open()
            self._box.kill()
            return self._box.files.export(paths, limits)

    def snapshot(self) -> Snapshot:
        """See `Sandbox`."""
        with self._turn:
            box = self._live_box()
            self.run(SAVE, _INTERNAL_SECONDS)
            saved = b""
            with contextlib.suppress(OSError):
                saved = box.files.read(STATE_FILE, _STATE_BYTES)
            box.files.remove(STATE_FILE)
            entries = box.files.entries(self._spec.limits.disk_bytes)
            return Snapshot(self._spec, entries, state_or_directory(saved, box.channel.directory))

    def load(self, snapshot: Snapshot) -> None:
        """Make this fresh sandbox what `snapshot` says."""
        with self._turn:
            box = self._live_box()
            box.files.write(STATE_FILE, snapshot.shell_state)
            box.files.restore(snapshot.entries)
            self.run(LOAD, _INTERNAL_SECONDS)
            box.files.remove(STATE_FILE)

    def fill(self) -> None:
        """Write the files of the spec."""
        with self._turn:
            for path, data in self._spec.files.items():
                self._live_box().files.write(path, data, self._spec.modes.get(path, 0o644))

    def recycle(self) -> None:
        """See `Sandbox`: a fresh one takes its place."""
        with self._turn:
            box = self._live_box()
            box.close()
            self._box = self._pool.take(self._spec)
            self.fill()

    def close(self) -> None:
        """See `Sandbox`."""
        self._closed = True
        self._box.end_steps()
        with self._turn:
            self._peak_memory = self.peak_memory_bytes
            self._box.close()

    def _live_box(self) -> B:
        self._require_open()
        if self._frozen:
            raise SandboxError("the sandbox was frozen by an export: only export and close may be called")
        return self._box

    def _require_open(self) -> None:
        if self._closed:
            raise SandboxError("the sandbox is closed")
