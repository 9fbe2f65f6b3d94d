"""Processes of a sandbox, seen and killed from the host."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from selftrain.sandboxes.shell import END_STEP_SIGNAL

_TICKS = os.sysconf("SC_CLK_TCK")
# one round finds all that live; more are needed only against processes that fork while they are being killed
_ROUNDS_SECONDS = 0.5


@dataclass(frozen=True)
class Stat:
    """What the kernel says of one process."""

    pid: int
    parent: int
    started: int
    state: str


def read_stat(pid: int) -> Stat | None:
    """Parent, start time (clock ticks since boot) and state of a process, None when it is gone."""
    try:
        # the name may hold spaces and brackets
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return Stat(pid, int(fields[1]), int(fields[19]), fields[0].decode())


def all_pids() -> list[int]:
    """Every process on this machine."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  (names, not paths)


class Mark(NamedTuple):
    """A moment, as finely as process ids and start times tell it.

    Attributes:
        boot_seconds: since boot.
        load: the kernel's line on the load, whose last number is the newest process id.
    """

    boot_seconds: float
    load: bytes

    def is_before(self, process: Stat) -> bool:
        """Whether the process was started after this moment."""
        ticks = int(self.boot_seconds * _TICKS)
        if process.started != ticks:
            return process.started > ticks
        # within one tick ids rise, except where they begin again
        return 0 < (process.pid - int(self.load.split()[-1])) % (1 << 22) < 1 << 21


@functools.cache
def _load_average() -> int:
    # its last number is the newest process id; kept open, because every step asks
    return os.open("/proc/loadavg", os.O_RDONLY | os.O_CLOEXEC)


class ProcessTree:
    """The processes below one PID 1.

    Args:
        root: host pid of PID 1.
        members: lists host pids among which all of its processes are.
    """

    def __init__(self, root: int, members: Callable[[], Iterable[int]]) -> None:
        self.root = root
        self._members = members
        self._pidfd = os.pidfd_open(root)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._pidfd)

    def mark(self) -> Mark:
        """This moment."""
        return Mark(time.clock_gettime(time.CLOCK_BOOTTIME), os.pread(_load_average(), 80, 0))

    def alive(self) -> bool:
        """Whether PID 1 lives."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, 0)
            stat = read_stat(self.root)
            return stat is not None and stat.state not in "ZX"
        return False

    def kill_root(self) -> None:
        """Kill PID 1, and with it everything inside."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def kill_since(self, mark: object, shell_pid: int, end_step: bool) -> None:
        """See `shell.Processes`."""
        assert isinstance(mark, Mark)
        shell = self._on_host(shell_pid)
        if shell is not None and end_step:
            _signal(shell, END_STEP_SIGNAL)
        self._kill(lambda children: self._young(children, shell, mark))

    def kill_shell(self, shell_pid: int) -> bytes | None:
        """Kill the loop shell; returns its directory."""
        shell = self._on_host(shell_pid)
        if shell is None:
            return None
        directory = None
        with contextlib.suppress(OSError):
            directory = os.fsencode(Path(f"/proc/{shell}/cwd").readlink())
        _signal(shell, signal.SIGKILL)
        return directory

    def kill_all(self) -> None:
        """Kill everything but PID 1."""
        self._kill(lambda children: _below(children, self.root))

    def _kill(self, choose: Callable[[dict[int, list[Stat]]], list[Stat]]) -> None:
        """Stop what `choose` names until it names nothing else, and only then kill: what is stopped starts nothing."""
        deadline = time.monotonic() + _ROUNDS_SECONDS
        stopped: set[int] = set()
        while fresh := [stat.pid for stat in choose(self._children()) if stat.pid not in stopped]:
            for pid in fresh:
                _signal(pid, signal.SIGSTOP)
            stopped.update(fresh)
            if time.monotonic() > deadline:
                break
        for pid in stopped:
            _signal(pid, signal.SIGKILL)

    def _young(self, children: dict[int, list[Stat]], shell: int | None, mark: Mark) -> list[Stat]:
        found: list[Stat] = []
        for child in [*children.get(self.root, ()), *children.get(shell or -1, ())]:
            if child.pid != shell and mark.is_before(child):
                found += [child, *_below(children, child.pid)]
        return found

    def _children(self) -> dict[int, list[Stat]]:
        table: dict[int, list[Stat]] = {}
        for pid in self._members():
            stat = read_stat(pid)
            if stat is not None:
                table.setdefault(stat.parent, []).append(stat)
        return table

    def _on_host(self, shell_pid: int) -> int | None:
        """Host pid of the child of PID 1 that is `shell_pid` inside."""
        for child in self._children().get(self.root, ()):
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{child.pid}/status").read_text("utf-8", "replace")
                inside = next(line.split()[-1] for line in status.splitlines() if line.startswith("NSpid:"))
                if inside == str(shell_pid):
                    return child.pid
        return None


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _below(children: dict[int, list[Stat]], pid: int) -> list[Stat]:
    found: list[Stat] = []
    waiting = [pid]
    while waiting:
        next_ones = children.get(waiting.pop(), ())
        found += next_ones
        waiting += [child.pid for child in next_ones]
    return found
