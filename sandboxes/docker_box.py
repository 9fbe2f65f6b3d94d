"""Starting a docker sandbox: from a spec to a container whose shell has answered, and its end."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import select
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selftrain.errors import SandboxError
from selftrain.evidence import MIB
from selftrain.sandboxes.base import HOME, PATH, SandboxSpec
from selftrain.sandboxes.docker_daemon import START_SECONDS, api_errors, connect
from selftrain.sandboxes.docker_files import DockerFiles, folder_mode
from selftrain.sandboxes.docker_inside import (
    PIPES,
    PIPES_FOLDER,
    Helper,
    HelperProcesses,
    become,
    open_descriptors,
)
from selftrain.sandboxes.docker_seccomp import seccomp_profile
from selftrain.sandboxes.docker_sweeping import FOLDER_PREFIX, labels, owner
from selftrain.sandboxes.shell import FEWEST_OPEN_FILES, ShellChannel, supervisor_command

if TYPE_CHECKING:
    from docker import APIClient

_START_SECONDS = 30.0
_SHARED_MEMORY_BYTES = 64 * MIB
_FEWEST_ENTRIES, _BYTES_PER_ENTRY = 1024, 4096
# what PID 1 and the helper do with them: signal, become the agent, drop the rest, and handle the agent's files
_CAPABILITIES = ["KILL", "SETUID", "SETGID", "SETPCAP", "DAC_OVERRIDE", "CHOWN", "FOWNER"]
# ends with the record of a shell that has started
_STARTED = re.compile(rb"\0shell:[0-9]+:\0\Z")
_numbers = itertools.count()


class Lifeline:
    """A connection to a container's output, whose end says that the container, or the daemon, has ended."""

    def __init__(self, client: APIClient, container: str) -> None:
        found = client.attach_socket(container, params={"stdout": 1, "stderr": 1, "stream": 1})
        self._holder = found
        self._socket: socket.socket = getattr(found, "_sock", found)
        self._poller = select.poll()
        self._poller.register(self._socket.fileno(), select.POLLIN)
        self._said = b""
        self._ended = False
        self._lock = threading.Lock()

    def alive(self) -> bool:
        """Whether the container runs and the daemon is there."""
        with self._lock:
            while not self._ended and self._poller.poll(0):
                try:
                    data = os.read(self._socket.fileno(), 1 << 16)
                except OSError:
                    data = b""
                self._ended = not data
                self._said = (self._said + data)[-2000:]
            return not self._ended

    def said(self) -> str:
        """The last of what PID 1 printed, which it does only when it cannot start."""
        return self._said.decode("utf-8", "replace").strip("\0 \n")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._ended = True
            self._holder._response.close()
            self._holder.close()
            self._socket.close()


@dataclass
class DockerBox:
    """A live docker sandbox: its container, its shell, its files; the counterpart of `launch.Box`."""

    spec: SandboxSpec
    container: str
    client: APIClient
    pipes: dict[str, int]
    channel: ShellChannel
    helper: Helper
    files: DockerFiles
    lifeline: Lifeline
    remove: Callable[[str], None]
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def end_steps(self) -> None:
        """Make a command that another thread runs end in an error."""
        with self.lock:
            if not self.closed:
                self.channel.abandon()

    def kill(self) -> None:
        """Kill every process of the agent's for good; the files can still be read."""
        self.helper.ask("kill_all; freeze; true")

    def close(self) -> None:
        """Free everything; the container is killed and removed in the background."""
        with self.lock:
            if self.closed:
                return
            self.closed = True
        self.remove(self.container)
        self.lifeline.close()
        self.channel.close()
        self.helper.close()

    def renew(self) -> None:
        """Replace every process, and empty every folder."""
        self.helper.ask("freeze; true")
        # nothing that was said to or by the old shell may reach the new one
        for name in ("command", "output", "control"):
            with contextlib.suppress(BlockingIOError):
                while os.read(self.pipes[name], 1 << 20):
                    pass
        self.helper.ask("kill_all")
        self._await_shell()
        self.files.empty()
        self.channel = _open_channel(self.spec, self.pipes, self.helper, self.lifeline)

    def _await_shell(self) -> None:
        """Take what is said of the old shell's end, and leave the next one's start to the next channel."""
        said, control = b"", self.pipes["control"]
        deadline = time.monotonic() + _START_SECONDS
        while not (started := _STARTED.search(said)):
            if time.monotonic() > deadline or not self.lifeline.alive():
                raise SandboxError("the sandbox's shell could not be started again")
            if select.select([control], [], [], 0.1)[0]:
                said += os.read(control, 1 << 16)
        os.write(control, started[0])

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed something in it for want of memory."""
        with api_errors("look at a container"):
            return bool(self.client.inspect_container(self.container)["State"].get("OOMKilled"))

    def peak_memory(self) -> int | None:
        """Not known: the daemon keeps a peak on some systems only, and forgets it when the container ends."""
        return None


def launch(client: APIClient, spec: SandboxSpec, image: str, remove: Callable[[str], None]) -> DockerBox:
    """Start a sandbox and wait for its shell.

    Args:
        client: of the daemon.
        spec: the sandbox's; its files are not written yet.
        image: id of the image.
        remove: removes a container, sooner or later.

    Raises:
        SandboxError: it does not start.
    """
    with contextlib.ExitStack() as undo:
        folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{owner()}-"))
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        pipes = _make_pipes(folder / "pipes", undo)
        with connect(START_SECONDS) as starter, api_errors("start a sandbox"):
            name = f"selftrain-{owner()}-{next(_numbers)}"
            config = _config(client, spec, image, folder / "pipes")
            container = str(starter.create_container_from_config(config, name)["Id"])  # type: ignore[no-untyped-call]
            undo.callback(remove, container)
            lifeline = Lifeline(client, container)
            undo.callback(lifeline.close)
            starter.start(container)
        helper = Helper(pipes["requests"], pipes["answers"], lifeline.alive)
        try:
            channel = _open_channel(spec, pipes, helper, lifeline)
            helper.ask("true")
        except SandboxError as error:
            raise SandboxError(f"docker cannot start a sandbox: {lifeline.said() or error}") from error
        files = DockerFiles(helper, spec.writable_folders, user_id(spec))
        undo.pop_all()
    # every end is open: from here on nothing inside can open one anew, except output for writing, as /dev/stdout
    shutil.rmtree(folder, ignore_errors=True)
    for name, end in pipes.items():
        os.fchmod(end, 0o222 if name == "output" else 0)
    return DockerBox(spec, container, client, pipes, channel, helper, files, lifeline, remove)


def _open_channel(spec: SandboxSpec, pipes: dict[str, int], helper: Helper, lifeline: Lifeline) -> ShellChannel:
    """A channel to a shell that has answered."""
    processes = HelperProcesses(helper, lifeline.alive)
    channel = ShellChannel(pipes["command"], pipes["output"], pipes["control"], processes, spec.workdir)
    channel.run("", _START_SECONDS, 0)
    return channel


def user_id(spec: SandboxSpec) -> int:
    """Who the shell runs as."""
    return 0 if spec.user == "root" else 1000


def _make_pipes(folder: Path, undo: contextlib.ExitStack) -> dict[str, int]:
    """Named pipes and our descriptors of them. The folder above is ours alone; the container sees this one."""
    folder.mkdir()
    folder.chmod(0o755)
    ends = {}
    for name in PIPES:
        path = folder / name
        os.mkfifo(path)
        path.chmod(0o666)
        # for reading and writing, so that opening waits for nobody
        ends[name] = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        undo.callback(os.close, ends[name])
    return ends


def _config(client: APIClient, spec: SandboxSpec, image: str, pipes: Path) -> dict[str, Any]:
    limits = spec.limits
    ulimits = {"c": 0, "n": max(limits.open_files, FEWEST_OPEN_FILES), "d": limits.memory_bytes >> 10}
    command = supervisor_command(open_descriptors(limits.processes), ulimits, become(user_id(spec)))
    variables = {"PATH": PATH, "HOME": HOME, "USER": spec.user, "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "dumb"}
    create: Any = client.create_container_config  # the stubs know less than the library takes
    config: dict[str, Any] = create(
        image,
        command[1:],
        hostname="sandbox",
        user="0:0",
        environment=variables | dict(spec.env),
        entrypoint=command[:1],
        working_dir=spec.workdir,
        labels=labels(),
        host_config=_host_config(client, spec, pipes),
        healthcheck={"test": ["NONE"]},
    )
    return config


def _host_config(client: APIClient, spec: SandboxSpec, pipes: Path) -> dict[str, Any]:
    limits = spec.limits
    # files lie in memory too, so the memory limit leaves room for them
    memory = limits.memory_bytes + limits.disk_bytes * len(spec.writable_folders) + _SHARED_MEMORY_BYTES
    create: Any = client.create_host_config
    found: dict[str, Any] = create(
        network_mode="bridge" if spec.network else "none",
        cap_drop=["ALL"],
        cap_add=_CAPABILITIES,
        security_opt=["no-new-privileges", f"seccomp={json.dumps(seccomp_profile())}"],
        read_only=True,
        tmpfs={folder: _mount_options(spec, folder) for folder in spec.writable_folders},
        binds={str(pipes): {"bind": PIPES_FOLDER, "mode": "ro"}},
        ipc_mode="private",
        shm_size=_SHARED_MEMORY_BYTES if limits.disk_bytes > _SHARED_MEMORY_BYTES else limits.disk_bytes,
        pids_limit=limits.processes,
        mem_limit=memory,
        memswap_limit=memory,
        nano_cpus=int(limits.cpus * 1e9),
        log_config={"Type": "none"},
        init=False,
    )
    return found


def _mount_options(spec: SandboxSpec, folder: str) -> str:
    entries = max(_FEWEST_ENTRIES, spec.limits.disk_bytes // _BYTES_PER_ENTRY)
    owner_id = user_id(spec)
    return (
        f"rw,exec,nosuid,nodev,size={spec.limits.disk_bytes},nr_inodes={entries},"
        f"mode={folder_mode(folder)},uid={owner_id},gid={owner_id}"
    )
