"""Removing what sandboxes of dead processes have left on this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path

from selftrain.errors import SandboxError
from selftrain.sandboxes.cgroups import CgroupHome
from selftrain.sandboxes.processes import all_pids, read_stat

STATE_PREFIX = "selftrain-state-"
PROCESS_PREFIX = "selftrain-sandbox-"


def sweep(cgroups: CgroupHome | None) -> int:
    """Kill sandboxes, and remove cgroups and folders, whose owner is dead; returns how many things went."""
    count = sum(_kill(pid) for pid in all_pids() if _is_orphan(pid))
    for name in sorted(cgroups.names()) if cgroups else ():
        if cgroups is not None and _owner_is_dead(name):
            group = cgroups.existing(name)
            for pid in group.pids():
                _kill(pid)
            with contextlib.suppress(SandboxError):  # whoever sweeps next finds it again
                group.remove()
                count += 1
    for folder in Path(tempfile.gettempdir()).glob(f"{STATE_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # its owner, alive, has just removed it
            if folder.stat().st_uid == os.geteuid() and _owner_is_dead(folder.name.removeprefix(STATE_PREFIX)):
                shutil.rmtree(folder, ignore_errors=True)
                count += 1
    return count


def _owner_is_dead(name: str) -> bool:
    """Whether `name`, which begins with the owner's pid and start time, is of a process that has ended."""
    pid, _, rest = name.partition("-")
    started = rest.partition("-")[0]
    if not (pid.isdigit() and started.isdigit()):
        return False
    stat = read_stat(int(pid))
    return stat is None or stat.started != int(started)


def kill_named(name: str) -> None:
    """Kill every process of the sandbox of this name, also one that has lost its parent."""
    for pid in all_pids():
        if _sandbox_name(pid) == name:
            _kill(pid)


def _is_orphan(pid: int) -> bool:
    name = _sandbox_name(pid)
    return name is not None and _owner_is_dead(name)


def _sandbox_name(pid: int) -> str | None:
    try:
        last = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").rpartition(b"\0")[2].decode("ascii", "replace")
    except OSError:
        return None
    return last.removeprefix(PROCESS_PREFIX) if last.startswith(PROCESS_PREFIX) else None


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True
