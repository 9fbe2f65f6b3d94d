"""Sandboxes made by bubblewrap: namespaces of an unprivileged user, no daemon, a cold start of some 10 ms."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from selftrain.errors import BackendUnavailableError, SandboxError
from selftrain.evidence import MIB, Evidence, ExportLimits
from selftrain.sandboxes.base import Result, Sandbox, SandboxSpec, Snapshot
from selftrain.sandboxes.cgroups import find_cgroup_home
from selftrain.sandboxes.launch import Box, launch, owner_name
from selftrain.sandboxes.pool import WarmPool
from selftrain.sandboxes.shell_state import LOAD, SAVE, STATE_FILE, state_or_directory
from selftrain.sandboxes.sweeping import STATE_PREFIX, sweep
from selftrain.sandboxes.system import HOST_IMAGE, make_etc, mounts
from selftrain.sandboxes.tools import missing_tools_error, search_command

_INTERNAL_SECONDS = 20.0
_STATE_BYTES = 64 * MIB
_KILLED = 137


class BubblewrapBackend:
    """Starts sandboxes with bubblewrap; see `Backend`.

    Args:
        warm: how many sandboxes of a kind wait in the pool, started and answering; 0 for none.
    """

    name = "bubblewrap"
    default_image = HOST_IMAGE

    def __init__(self, warm: int = 4) -> None:
        self._pool = WarmPool(self._launch, Box.close, lambda box: box.tree.alive(), warm)
        self._tools: set[tuple[str, str]] = set()
        self._etc: tempfile.TemporaryDirectory[str] | None = None
        self._etc_lock = threading.Lock()
        self._works = False

    def available(self) -> str | None:
        """See `Backend`; the first call starts a sandbox to find out."""
        if self._works:
            return None
        if shutil.which("bwrap") is None:
            return "bubblewrap is not installed. Get it: apt-get install bubblewrap"
        try:
            self._launch(SandboxSpec()).close()
        except SandboxError as error:
            return f"{error}. {_advice(str(error))}"
        self._works = True
        return None

    def limits_in_force(self) -> Mapping[str, str]:
        """See `Backend`."""
        home = find_cgroup_home()
        group = f"cgroup v{home.version}" if home else ""
        return {
            "memory_bytes": f"{group}, and rlimit for each process" if group else "rlimit for each process",
            "processes": group or "rlimit",
            "disk_bytes": "tmpfs",
            "open_files": "rlimit",
            "output_bytes": "the shell channel",
            "cpus": group if home and "cpu" in home.folders else "none: needs a cgroup",
        }

    def create(self, spec: SandboxSpec) -> Sandbox:
        """See `Backend`."""
        sandbox = BubblewrapSandbox(self._pool, spec)
        try:
            self._require_tools(sandbox)
            sandbox.fill()
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def restore(self, snapshot: Snapshot) -> Sandbox:
        """See `Backend`."""
        sandbox = BubblewrapSandbox(self._pool, snapshot.spec)
        try:
            sandbox.load(snapshot)
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def sweep(self) -> int:
        """See `Backend`."""
        return sweep(find_cgroup_home())

    def close(self) -> None:
        """See `Backend`."""
        self._pool.close()
        with self._etc_lock:
            if self._etc is not None and Path(self._etc.name).name.startswith(f"{STATE_PREFIX}{owner_name()}-"):
                self._etc.cleanup()
            self._etc = None

    def _launch(self, spec: SandboxSpec) -> Box:
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise BackendUnavailableError("bubblewrap is not installed. Get it: apt-get install bubblewrap")
        image = spec.image or self.default_image
        if image == HOST_IMAGE:
            system = mounts(spec, Path("/"), self._etc_folder())
        else:
            from selftrain.sandboxes.images import rootfs_path

            system = mounts(spec, rootfs_path(image), None)
        return launch(bwrap, system, spec, find_cgroup_home())

    def _etc_folder(self) -> Path:
        with self._etc_lock:
            if self._etc is None:
                self._etc = tempfile.TemporaryDirectory(prefix=f"{STATE_PREFIX}{owner_name()}-")
                make_etc(Path(self._etc.name))
            return Path(self._etc.name)

    def _require_tools(self, sandbox: BubblewrapSandbox) -> None:
        image = sandbox.spec.image or self.default_image
        unknown = [tool for tool in sandbox.spec.tools if (image, tool) not in self._tools]
        if unknown:
            missing = sandbox.run(search_command(unknown)).output.decode().split("\n")[:-1]
            if missing:
                raise missing_tools_error(missing, image)
            self._tools.update((image, tool) for tool in unknown)


def _advice(complaint: str) -> str:
    if "proc" in complaint:
        return "In a container, start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
    if "--size" in complaint or "--perms" in complaint:
        return "Bubblewrap 0.8 or later is needed: apt-get install --only-upgrade bubblewrap"
    return (
        "User namespaces may be forbidden. Allow them: sysctl -w kernel.unprivileged_userns_clone=1 "
        "kernel.apparmor_restrict_unprivileged_userns=0; in a container, start it with "
        "--security-opt seccomp=unconfined --security-opt systempaths=unconfined"
    )


class BubblewrapSandbox:
    """One sandbox; see `Sandbox`."""

    def __init__(self, pool: WarmPool[Box], spec: SandboxSpec) -> None:
        self._pool, self._spec = pool, spec
        # calls one after another, but closing must not wait for a running step
        self._turn = threading.RLock()
        self._closed = self._frozen = False
        self._box = pool.take(spec)

    @property
    def spec(self) -> SandboxSpec:
        """See `Sandbox`."""
        return self._spec

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
            self._box.close()

    def _live_box(self) -> Box:
        self._require_open()
        if self._frozen:
            raise SandboxError("the sandbox was frozen by an export: only export and close may be called")
        return self._box

    def _require_open(self) -> None:
        if self._closed:
            raise SandboxError("the sandbox is closed")
