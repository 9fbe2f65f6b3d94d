"""Starting bubblewrap: from a spec to a sandbox whose shell has answered, and its end."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import itertools
import json
import os
import resource
import select
import shutil
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from selftrain.errors import SandboxError
from selftrain.sandboxes.base import HOME, PATH, SandboxSpec
from selftrain.sandboxes.cgroups import Cgroup, CgroupHome
from selftrain.sandboxes.entries import limit_entries
from selftrain.sandboxes.processes import ProcessTree, all_pids, read_stat
from selftrain.sandboxes.seccomp import seccomp_program
from selftrain.sandboxes.shell import FEWEST_OPEN_FILES, ShellChannel, supervisor_command
from selftrain.sandboxes.sweeping import PROCESS_PREFIX, kill_named
from selftrain.sandboxes.system import SHARED_MEMORY_BYTES
from selftrain.sandboxes.trees import Tree

# an unprivileged user for each sandbox when we are root, so that none of them maps the host's root
FIRST_SPARE_ID = 64_000
_START_SECONDS = 30.0
_END_SECONDS = 10.0
# above the numbers that the protocol uses inside
_LOWEST_PASSED_FD = 300
_MOST_DESCRIPTORS = 1 << 16
# of files and folders that a writable folder takes: each costs kernel memory
_BYTES_PER_ENTRY = 4096
_FEWEST_ENTRIES = 1024
_numbers = itertools.count()


class SpareIds:
    """Hands out user ids that no other live sandbox of this process has."""

    def __init__(self) -> None:
        self._used: set[int] = set()
        self._lock = threading.Lock()

    def take(self) -> int | None:
        """An id, or None when we are not root and so can be nobody else."""
        if os.geteuid() != 0:
            return None
        with self._lock:
            found = next(number for number in itertools.count(FIRST_SPARE_ID) if number not in self._used)
            self._used.add(found)
        return found

    def give_back(self, spare_id: int | None) -> None:
        """Its sandbox has ended."""
        with self._lock:
            self._used.discard(spare_id or 0)


_spare_ids = SpareIds()


@dataclass
class Box:
    """A live bubblewrap sandbox: its processes, its shell, its files."""

    spec: SandboxSpec
    monitor: subprocess.Popen[bytes]
    tree: ProcessTree
    channel: ShellChannel
    files: Tree
    mount_namespace: int
    cgroup: Cgroup | None
    spare_id: int | None
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def end_steps(self) -> None:
        """Make a command that another thread runs end in an error."""
        with self.lock:
            if not self.closed:
                self.channel.abandon()
                self.tree.kill_root()

    def kill(self) -> None:
        """Kill every process and wait until they are gone; the files can still be read.

        Raises:
            SandboxError: something does not end.
        """
        self.tree.kill_root()
        if not _ends(self.monitor, _END_SECONDS):
            raise SandboxError(f"process {self.tree.root} of a sandbox does not end after SIGKILL")

    def close(self) -> None:
        """Kill what runs and free everything."""
        with self.lock:
            if self.closed:
                return
            self.closed = True
        try:
            self.kill()
        finally:
            self.tree.close()
            self.channel.close()
            os.close(self.files.root)
            os.close(self.mount_namespace)
            _spare_ids.give_back(self.spare_id)
        if self.cgroup is not None:
            self.cgroup.remove()

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed something in it for want of memory."""
        return self.cgroup is not None and self.cgroup.kills_for_memory() > 0

    def peak_memory(self) -> int | None:
        """See `Sandbox.peak_memory_bytes`."""
        return None if self.cgroup is None else self.cgroup.peak_memory()


def _ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a child's end and reap it; `Popen.wait` with a timeout would sleep for milliseconds between looks."""
    if process.poll() is not None:
        return True
    fd = os.pidfd_open(process.pid)
    try:
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        return bool(poller.poll(seconds * 1000)) and process.wait() is not None
    finally:
        os.close(fd)


def owner_name() -> str:
    """This process, told apart from a later one with the same id."""
    stat = read_stat(os.getpid())
    return f"{os.getpid()}-{stat.started if stat else 0}"


def launch(bwrap: str, mounts: Sequence[str], spec: SandboxSpec, cgroups: CgroupHome | None) -> Box:
    """Start a sandbox and wait for its shell.

    Raises:
        SandboxError: it does not start; with what bubblewrap said.
    """
    _allow_many_descriptors()
    with contextlib.ExitStack() as undo:
        try:
            return _launch(undo, [bwrap, *_isolation(spec), *mounts], spec, cgroups)
        except OSError as error:
            raise SandboxError(f"a sandbox could not be started: {error}") from error


def _launch(undo: contextlib.ExitStack, arguments: list[str], spec: SandboxSpec, cgroups: CgroupHome | None) -> Box:
    name = f"{owner_name()}-{next(_numbers)}"
    spare_id = _spare_ids.take()
    undo.callback(_spare_ids.give_back, spare_id)
    cgroup = None
    if cgroups is not None:
        file_bytes = spec.limits.disk_bytes * len(spec.writable_folders) + SHARED_MEMORY_BYTES
        cgroup = cgroups.make(name, spec.limits, file_bytes)
        undo.callback(cgroup.remove)
    # a bwrap that is killed before it has told of its child leaves it waiting for ever
    undo.callback(kill_named, name)
    started = _spawn(undo, arguments, _ulimits(spec, cgroup is not None), spare_id, name)
    pid = started.first_process()
    tree = ProcessTree(pid, all_pids if cgroup is None else cgroup.pids)
    undo.callback(tree.close)
    undo.callback(tree.kill_root)
    if cgroup is not None:
        cgroup.attach(pid)
    channel = ShellChannel(started.command, started.output, started.control, tree, spec.workdir)
    started.release()
    try:
        channel.run("", _START_SECONDS, 0)
    except SandboxError as error:
        raise SandboxError(f"bubblewrap cannot start a sandbox: {started.complaint() or error}") from error
    # only now: while bubblewrap prepares it, its root is another
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    undo.callback(os.close, root)
    entries = max(_FEWEST_ENTRIES, spec.limits.disk_bytes // _BYTES_PER_ENTRY)
    limit_entries(root, {*spec.writable_folders, "/dev/shm"}, entries, pid)
    # keeps the folders mounted when every process has ended
    namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    undo.pop_all()
    os.close(started.errors)
    files = Tree(root, spec.writable_folders, spare_id)
    return Box(spec, started.monitor, tree, channel, files, namespace, cgroup, spare_id)


@dataclass
class _Started:
    """A bwrap that has been spawned, with our ends of its pipes."""

    monitor: subprocess.Popen[bytes]
    command: int
    output: int
    control: int
    information: int
    blocker: int
    errors: int

    def first_process(self) -> int:
        """Host pid of PID 1."""
        text = b""
        # bwrap writes it in pieces
        while b"}" not in text:
            piece = os.read(self.information, 4096)
            if not piece:
                raise SandboxError(f"bubblewrap cannot start a sandbox: {self.complaint()}")
            text += piece
        os.close(self.information)
        self.information = -1
        return int(json.loads(text)["child-pid"])

    def release(self) -> None:
        """Let PID 1 go on."""
        os.write(self.blocker, b"x")
        os.close(self.blocker)
        self.blocker = -1

    def complaint(self) -> str:
        """What bwrap wrote to standard error."""
        return os.pread(self.errors, 2000, 0).decode("utf-8", "replace").strip().removeprefix("bwrap: ")

    def close(self) -> None:
        """End bwrap and close what is open."""
        with contextlib.suppress(ProcessLookupError):
            self.monitor.kill()
        self.monitor.wait()
        for fd in (self.command, self.output, self.control, self.information, self.blocker, self.errors):
            if fd >= 0:
                os.close(fd)


def _spawn(
    undo: contextlib.ExitStack, arguments: list[str], ulimits: dict[str, int], spare_id: int | None, name: str
) -> _Started:
    with contextlib.ExitStack() as passed:
        theirs, ours = _pipes(passed)
        *inside, information, blocker = theirs
        errors = os.memfd_create("bwrap-errors")
        options = ["--info-fd", str(information), "--block-fd", str(blocker)]
        filters = _filter(passed)
        if filters is not None:
            options += ["--seccomp", str(filters)]
            theirs.append(filters)
        # none can be opened anew through /proc but the output, for writing, as /dev/stdout
        for fd, mode in zip(inside, (0, 0o200, 0), strict=True):
            os.fchmod(fd, mode)
        if spare_id is not None:
            os.fchown(inside[1], spare_id, spare_id)
        become = _become(spare_id)
        python_becomes = spare_id if become is None else None
        connect = "exec 250<&{0} 251>&{1} 253>&{2} {0}<&- {1}>&- {2}>&-".format(*inside)
        monitor = subprocess.Popen(
            [
                *(become or ()),
                *(*arguments, *options, "--"),
                *(*supervisor_command(connect, ulimits), f"{PROCESS_PREFIX}{name}"),
            ],
            pass_fds=theirs,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={},
            process_group=0,
            user=python_becomes,
            group=python_becomes,
            extra_groups=None if python_becomes is None else [],
        )
    command, output, control, information_end, blocker_end = ours
    started = _Started(monitor, command, output, control, information_end, blocker_end, errors)
    undo.callback(started.close)
    return started


def _become(spare_id: int | None) -> list[str] | None:
    """Words before a command that have it run as that user, None where Python has to do it.

    Python then copies all of its memory's tables for the child, which costs more than all else that we do.
    """
    setpriv = _setpriv()
    return None if spare_id is None or setpriv is None else [setpriv, *_ids(spare_id), "--"]


def _ids(spare_id: int) -> list[str]:
    return [f"--reuid={spare_id}", f"--regid={spare_id}", "--clear-groups"]


@functools.cache
def _setpriv() -> str | None:
    """Its path, unless it is another one than util-linux's."""
    found = shutil.which("setpriv")
    if found is None:
        return None
    tried = subprocess.run([found, *_ids(FIRST_SPARE_ID), "--", "true"], capture_output=True, check=False)
    return found if tried.returncode == 0 else None


def _pipes(passed: contextlib.ExitStack) -> tuple[list[int], list[int]]:
    """Their and our ends of the pipes for commands, output, control, information, and release."""
    theirs, ours = [], []
    for theirs_reads in (True, False, False, False, True):
        reading, writing = os.pipe()
        given, kept = (reading, writing) if theirs_reads else (writing, reading)
        ours.append(kept)
        moved = fcntl.fcntl(given, fcntl.F_DUPFD_CLOEXEC, _LOWEST_PASSED_FD)
        os.close(given)
        passed.callback(os.close, moved)
        theirs.append(moved)
    return theirs, ours


def _filter(passed: contextlib.ExitStack) -> int | None:
    program = seccomp_program()
    if not program:
        return None
    reading, writing = os.pipe()
    os.write(writing, program)
    os.close(writing)
    passed.callback(os.close, reading)
    return reading


def _isolation(spec: SandboxSpec) -> list[str]:
    uid = "0" if spec.user == "root" else "1000"
    arguments = ["--unshare-all", "--unshare-user", "--cap-drop", "ALL", "--new-session", "--as-pid-1"]
    arguments += ["--uid", uid, "--gid", uid, "--hostname", "sandbox", "--clearenv"]
    if spec.network:
        arguments.append("--share-net")
    variables = {"PATH": PATH, "HOME": HOME, "USER": spec.user, "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "dumb"}
    for name, value in (variables | dict(spec.env)).items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--chdir", spec.workdir]


def _ulimits(spec: SandboxSpec, has_cgroup: bool) -> dict[str, int]:
    """Options of `ulimit`: d and v are in KiB, u counts processes."""
    limits = spec.limits
    found = {"c": 0, "n": max(limits.open_files, FEWEST_OPEN_FILES), "d": limits.memory_bytes >> 10}
    return found if has_cgroup else found | {"u": limits.processes, "v": limits.memory_bytes >> 10}


def _allow_many_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
