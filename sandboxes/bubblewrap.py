"""Sandboxes made by bubblewrap: namespaces of an unprivileged user, no daemon, a cold start of some 10 ms."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from selftrain.errors import BackendUnavailableError, SandboxError
from selftrain.sandboxes.base import Sandbox, SandboxSpec, Snapshot
from selftrain.sandboxes.boxed import BoxedSandbox, require_tools
from selftrain.sandboxes.cgroups import find_cgroup_home
from selftrain.sandboxes.launch import Box, launch, owner_name
from selftrain.sandboxes.pool import WarmPool
from selftrain.sandboxes.sweeping import STATE_PREFIX, sweep
from selftrain.sandboxes.system import HOST_IMAGE, make_etc, mounts


class BubblewrapBackend:
    """Starts sandboxes with bubblewrap; see `Backend`.

    Args:
        warm: how many sandboxes of a kind wait in the pool, started and answering; 0 for none.
    """

    name = "bubblewrap"
    default_image = HOST_IMAGE

    def __init__(self, warm: int = 8) -> None:
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
            require_tools(sandbox, spec.image or self.default_image, self._tools)
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


class BubblewrapSandbox(BoxedSandbox[Box]):
    """One sandbox; see `Sandbox`."""
