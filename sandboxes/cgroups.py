"""Control groups: ceilings on all processes of a sandbox together, where this machine lets us set them."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from selftrain.errors import SandboxError
from selftrain.sandboxes.base import SandboxLimits

FOLDER = "selftrain"
_CPU_PERIOD = 100_000
_MOST_SHARES, _MOST_WEIGHT = 262_144, 10_000
_REMOVE_SECONDS = 2.0
# PID 1
_OWN_PROCESSES = 1


@dataclass(frozen=True)
class CgroupHome:
    """Where cgroups for sandboxes can be made.

    Attributes:
        version: 1 or 2.
        folders: controller → folder; with version 2 all the same.
    """

    version: int
    folders: dict[str, Path]

    def make(self, name: str, limits: SandboxLimits, file_bytes: int) -> Cgroup:
        """A new cgroup with `limits`; `file_bytes` of files in memory are allowed on top of the memory limit.

        Raises:
            OSError: it cannot be made.
        """
        group = Cgroup(self.version, {controller: folder / name for controller, folder in self.folders.items()})
        try:
            for folder in group.paths:
                folder.mkdir()
            group.set_limits(limits, file_bytes)
        except BaseException:
            group.remove()
            raise
        return group

    def names(self) -> set[str]:
        """Names of the cgroups that are there."""
        return {path.name for folder in set(self.folders.values()) for path in folder.iterdir() if path.is_dir()}

    def existing(self, name: str) -> Cgroup:
        """The handle of a cgroup that another process made."""
        return Cgroup(self.version, {controller: folder / name for controller, folder in self.folders.items()})


@dataclass(frozen=True)
class Cgroup:
    """The cgroup of one sandbox, one folder for each controller (version 1) or one for all (version 2)."""

    version: int
    folders: dict[str, Path]

    @property
    def paths(self) -> list[Path]:
        """Its folders, each once."""
        return list(dict.fromkeys(self.folders.values()))

    def set_limits(self, limits: SandboxLimits, file_bytes: int) -> None:
        """Write the ceilings."""
        memory, quota = limits.memory_bytes + file_bytes, int(limits.cpus * _CPU_PERIOD)
        processes = limits.processes + _OWN_PROCESSES
        if self.version == 2:
            settings = {"memory": ("memory.max", memory), "pids": ("pids.max", processes)}
            self._set_if_there("memory", "memory.swap.max", 0)
            self._write("cpu", "cpu.max", f"{quota} {_CPU_PERIOD}")
        else:
            settings = {"memory": ("memory.limit_in_bytes", memory), "pids": ("pids.max", processes)}
            self._write("cpu", "cpu.cfs_quota_us", quota)
        for controller, (file, value) in settings.items():
            self._write(controller, file, value)
        if self.version == 1:
            self._set_if_there("memory", "memory.memsw.limit_in_bytes", memory)

    def attach(self, pid: int) -> None:
        """Put a process, and with it what it will start, into the cgroup."""
        for folder in self.paths:
            (folder / "cgroup.procs").write_bytes(b"%d" % pid)

    def pids(self) -> list[int]:
        """Host ids of all its processes."""
        with contextlib.suppress(FileNotFoundError):
            return [int(line) for line in (self.paths[0] / "cgroup.procs").read_bytes().split()]
        return []

    def kills_for_memory(self) -> int:
        """How often the kernel killed a process in it because memory ran out."""
        file = "memory.events" if self.version == 2 else "memory.oom_control"
        with contextlib.suppress(OSError, KeyError):
            lines = (self.folders["memory"] / file).read_text().splitlines()
            return int(dict(line.split(" ", 1) for line in lines).get("oom_kill", 0))
        return 0

    def peak_memory(self) -> int | None:
        """The most bytes that its processes and files in memory took at once; None where the kernel keeps no count."""
        file = "memory.peak" if self.version == 2 else "memory.max_usage_in_bytes"
        with contextlib.suppress(OSError, KeyError, ValueError):
            return int((self.folders["memory"] / file).read_text())
        return None

    def remove(self) -> None:
        """Remove it, once the processes in it have ended.

        Raises:
            SandboxError: something in it does not end.
        """
        deadline = time.monotonic() + _REMOVE_SECONDS
        for folder in self.paths:
            while True:
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError as error:
                    if error.errno != errno.EBUSY or time.monotonic() > deadline:
                        raise SandboxError(f"the cgroup {folder} cannot be removed: {error}") from error
                    time.sleep(0.001)
                else:
                    break

    def _write(self, controller: str, file: str, value: int | str) -> None:
        if controller in self.folders:
            (self.folders[controller] / file).write_text(str(value))

    def _set_if_there(self, controller: str, file: str, value: int) -> None:
        with contextlib.suppress(OSError):  # kernels without swap accounting have no such file
            self._write(controller, file, value)


@functools.cache
def find_cgroup_home(mounts: str = "/proc/self/mounts", own: str = "/proc/self/cgroup") -> CgroupHome | None:
    """The place for sandboxes' cgroups, None where no limit can be set."""
    places: dict[str, Path] = {}
    unified = None
    for line in Path(mounts).read_text().splitlines():
        _, mount, kind, options = line.split(" ")[:4]
        if kind == "cgroup":
            places |= dict.fromkeys(set(options.split(",")) & {"memory", "pids", "cpu"}, Path(mount))
        elif kind == "cgroup2":
            unified = Path(mount)
    paths = dict(_own_groups(Path(own).read_text().splitlines()))
    home = _home_v1(places, paths) if "memory" in places else None
    return home or (_home_v2(unified, paths.get("", "/")) if unified else None)


def _own_groups(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Controller → the cgroup that we are in; "" is the controller of version 2."""
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _home_v1(places: dict[str, Path], own: dict[str, str]) -> CgroupHome | None:
    folders = {}
    for controller, mount in places.items():
        below = mount / own.get(controller, "/").lstrip("/")
        # below our own, so that what limits us limits the sandboxes too
        folder = (below if below.is_dir() else mount) / FOLDER
        try:
            folder.mkdir(exist_ok=True)
        except OSError:
            continue
        folders[controller] = folder
    if "cpu" in folders:
        _share_cpu(folders["cpu"] / "cpu.shares", _MOST_SHARES)
    return _if_usable(CgroupHome(1, folders)) if {"memory", "pids"} <= set(folders) else None


def _share_cpu(file: Path, value: int) -> None:
    """Let all sandboxes together not count as one process beside the others of this machine."""
    with contextlib.suppress(OSError):
        file.write_text(str(value))


def _home_v2(mount: Path, own: str) -> CgroupHome | None:
    """The nearest group above ours that passes controllers on: a group with processes in it may not."""
    place = mount / own.lstrip("/")
    for candidate in [place, *place.parents]:
        if not candidate.is_relative_to(mount):
            break
        folder = candidate / FOLDER
        try:
            (candidate / "cgroup.subtree_control").write_text("+memory +pids +cpu")
            folder.mkdir(exist_ok=True)
            (folder / "cgroup.subtree_control").write_text("+memory +pids +cpu")
        except OSError:
            continue
        _share_cpu(folder / "cpu.weight", _MOST_WEIGHT)
        home = _if_usable(CgroupHome(2, dict.fromkeys(("memory", "pids", "cpu"), folder)))
        if home is not None:
            return home
    return None


def _if_usable(home: CgroupHome) -> CgroupHome | None:
    """The home, unless making a group, setting its limits and moving a process there fails."""
    for controllers in (set(home.folders), set(home.folders) - {"cpu"}):
        trial = CgroupHome(home.version, {name: home.folders[name] for name in controllers})
        child = subprocess.Popen(["sleep", "10"], stdin=subprocess.DEVNULL)
        try:
            group = trial.make(f"probe-{os.getpid()}-{time.monotonic_ns()}", SandboxLimits(), 0)
            try:
                group.attach(child.pid)
            finally:
                child.kill()
                child.wait()
                group.remove()
        except (OSError, SandboxError):
            continue
        finally:
            child.kill()
            child.wait()
        return trial
    return None
