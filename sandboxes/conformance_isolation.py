"""Behaviours of the wall: no network, nothing of the host, nothing of another sandbox."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selftrain.sandboxes.base import Backend, Sandbox
from selftrain.sandboxes.conformance_tools import (
    PROMPT,
    NotApplicableError,
    answer,
    equal,
    fresh,
    marked,
    on_backend,
    on_sandbox,
    require,
    token,
)


@contextmanager
def _listener(family: socket.AddressFamily, address: str | tuple[str, int]) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        try:
            listening.bind(address)
        except OSError as error:
            raise NotApplicableError(f"the host cannot listen on {address}: {error}") from error
        listening.listen()
        listening.setblocking(False)
        yield listening
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return
        raise AssertionError(f"The sandbox reached the host's listener on {address}")


@on_sandbox()
def no_ipv4(sandbox: Sandbox) -> None:
    """Neither the host's loopback, nor its addresses, nor a public address can be reached over IPv4."""
    with _listener(socket.AF_INET, ("0.0.0.0", 0)) as listening:
        port = listening.getsockname()[1]
        own = {str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        for address in ("127.0.0.1", "10.0.2.2", "172.17.0.1", "192.0.2.1", *sorted(own)):
            result = sandbox.run(f"timeout 1 bash -c 'echo > /dev/tcp/{address}/{port}'", PROMPT)
            require(result.exit_code not in (0, 124), f"Connecting to {address} gave {result}: a packet may leave")
    routes = answer(sandbox, "cat /proc/net/route").splitlines()[1:]
    require(not routes, f"The sandbox has IPv4 routes: {routes}")


@on_sandbox()
def no_ipv6(sandbox: Sandbox) -> None:
    """Neither the host's loopback nor a public address can be reached over IPv6."""
    for address in ("2001:db8::1", "fe80::1"):
        result = sandbox.run(f"timeout 1 bash -c 'echo > /dev/tcp/{address}/80'", PROMPT)
        require(result.exit_code not in (0, 124), f"Connecting to {address} gave {result}")
    with _listener(socket.AF_INET6, ("::1", 0)) as listening:
        port = listening.getsockname()[1]
        result = sandbox.run(f"timeout 1 bash -c 'echo > /dev/tcp/::1/{port}'", PROMPT)
        require(result.exit_code not in (0, 124), f"Connecting to ::1 gave {result}")


@on_sandbox()
def no_names_are_resolved(sandbox: Sandbox) -> None:
    """A host name other than localhost resolves to nothing, at once."""
    result = sandbox.run("timeout 3 getent hosts example.com", PROMPT)
    require(result.exit_code not in (0, 124), f"example.com gave {result}")


@on_sandbox(tools=("python3",))
def no_abstract_sockets_of_the_host(sandbox: Sandbox) -> None:
    """Abstract unix sockets of the host can be neither reached nor listed."""
    name = token()
    with _listener(socket.AF_UNIX, f"\0{name}"):
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect('\\0{name}')"
        require(sandbox.run(f'python3 -c "{connect}"', PROMPT).exit_code != 0, "An abstract socket can be reached")
        require(sandbox.run(f"grep {name} /proc/net/unix", PROMPT).exit_code != 0, "An abstract socket is listed")


def _socket_refused(sandbox: Sandbox, family: int, kinds: tuple[int, ...], name: str) -> None:
    for kind in kinds:
        result = sandbox.run(f'python3 -c "import socket; socket.socket({family}, {kind}, 0)"', PROMPT)
        require(result.exit_code != 0, f"A socket of family {name}, type {kind} can be made")
        require(b"Error" in result.output, f"A socket of family {name} gave {result}")


@on_backend
def no_vsock_and_packet_sockets(backend: Backend) -> None:
    """Sockets to the hypervisor, raw packets and raw IP cannot be made, by root inside neither."""
    for user in ("agent", "root"):
        with fresh(backend, user=user, tools=("python3",)) as sandbox:
            _socket_refused(sandbox, 40, (1, 2), "AF_VSOCK")
            _socket_refused(sandbox, 17, (2, 3), "AF_PACKET")
            _socket_refused(sandbox, 2, (3,), "AF_INET, raw")


@on_backend
def the_hosts_environment_stays_outside(backend: Backend) -> None:
    """No variable of the host's environment can be seen by any process inside."""
    canary = token()
    os.environ["SELFTRAIN_CANARY"] = canary
    try:
        with fresh(backend) as sandbox:
            seen = answer(sandbox, "env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'")
    finally:
        del os.environ["SELFTRAIN_CANARY"]
    require(canary.encode() not in seen, "A variable of the host's environment is inside")
    for name in ("SSH_AUTH_SOCK", "DOCKER_HOST", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST"):
        require(f"\n{name}=".encode() not in b"\n" + seen, f"The host's {name} is inside")


def _host_folders() -> list[Path]:
    named = map(Path, (tempfile.gettempdir(), "/tmp", "/var/tmp", "/run", "/dev/shm", "/srv", "/mnt"))
    folders = dict.fromkeys((*named, Path.home(), Path.cwd()))
    return [folder for folder in folders if os.access(folder, os.W_OK)]


@on_sandbox()
def the_hosts_files_stay_outside(sandbox: Sandbox) -> None:
    """Files in the host's home, temporary, runtime and current folders are not inside."""
    name = token()
    written = [folder / name for folder in _host_folders()]
    try:
        for path in written:
            path.write_text(name)
        for path in written:
            result = sandbox.run(f"ls -la '{path.parent}' '{path}' 2>/dev/null | grep {name}; cat '{path}'", PROMPT)
            require(name.encode() not in result.output.replace(str(path).encode(), b""), f"{path} is inside")
            require(result.exit_code != 0, f"{path} can be read inside")
    finally:
        for path in written:
            path.unlink(missing_ok=True)


@on_sandbox(user="root")
def the_hosts_secrets_stay_outside(sandbox: Sandbox) -> None:
    """Password hashes, keys, daemons and kernel memory of the host are out of reach, for root inside too."""
    for path in ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/ssh_host_ed25519_key", "/proc/kcore"):
        result = sandbox.run(f"head -c 100 {path}", PROMPT)
        secret = _host_bytes(path)
        require(not secret or secret not in result.output, f"The host's {path} can be read")
    for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private"):
        require(sandbox.run(f"test -e {path}", PROMPT).exit_code != 0, f"{path} is inside")
    for path in ("/proc/1/root/proc/1/cwd", "/proc/1/mem", "/proc/1/fd/0"):
        result = sandbox.run(f"head -c 1 {path} 2>/dev/null | wc -c", 3.0)
        require(result.output.strip() in (b"0", b""), f"{path} can be read")


def _host_bytes(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(100)
    except OSError:
        return b""


@on_sandbox()
def other_processes_stay_outside(sandbox: Sandbox) -> None:
    """No process of the host or of another sandbox is listed, and the host's ids mean nothing inside."""
    word = token()
    with subprocess.Popen(["sleep", "1000"], executable=shutil.which("sleep"), env={"WORD": word}) as host:
        try:
            listed = answer(sandbox, "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'; true")
            require(word.encode() not in listed, "A process of the host is listed")
            count = len(answer(sandbox, "ls -d /proc/[0-9]*").split())
            require(count <= 12, f"A fresh sandbox lists {count} processes")
            sandbox.run(f"kill -9 {host.pid} {os.getpid()}", PROMPT)
            require(host.poll() is None, "A step killed a process of the host")
        finally:
            host.kill()


@on_sandbox()
def the_package_stays_outside(sandbox: Sandbox) -> None:
    """The selftrain package, with its oracles and verifiers, can be neither imported nor read."""
    found = importlib.util.find_spec("selftrain")
    folders = {str(Path(place).resolve()) for place in (found.submodule_search_locations or [])} if found else set()
    folders |= {str(Path(__file__).resolve().parent), str(Path(sys.prefix).resolve() / "bin" / "selftrain")}
    for folder in sorted(folders):
        require(sandbox.run(f"ls '{folder}'", PROMPT).exit_code != 0, f"{folder} is inside")
    result = sandbox.run("for p in python3 python; do $p -c 'import selftrain' && echo imported; done", PROMPT)
    require(b"imported" not in result.output, "selftrain can be imported inside")


@on_sandbox()
def the_hosts_name_stays_outside(sandbox: Sandbox) -> None:
    """The host's name is not the sandbox's, and is in none of the usual files."""
    words = set(
        answer(sandbox, "cat /proc/sys/kernel/hostname; cat /etc/hostname /etc/hosts 2>/dev/null; true").split()
    )
    require(socket.gethostname().encode() not in words, f"The host's name {socket.gethostname()!r} is inside")


@on_sandbox(user="root")
def the_system_is_read_only(sandbox: Sandbox) -> None:
    """Nothing outside the writable folders can be written, removed, or mounted anew, by root inside neither."""
    folders = "/ /usr /usr/bin /bin /lib /etc /var /opt /root /srv /sys /proc /boot /run /home"
    result = sandbox.run(
        f"for d in {folders}; do [ -d $d ] && echo x 2>/dev/null > $d/probe-selftrain && echo $d; done; "
        "rm -f /etc/passwd /usr/bin/env 2>/dev/null; true",
        PROMPT,
    )
    equal(result.output, b"", "folders that can be written to")
    answer(sandbox, "test -e /etc/passwd && test -e /usr/bin/env")
    for command in ("mount -o remount,rw /", "mount -t tmpfs none /usr", "mount --bind /tmp /etc", "umount /proc"):
        require(sandbox.run(command, PROMPT).exit_code != 0, f"{command!r} succeeded")


@on_sandbox()
def writable_places_are_the_specs(sandbox: Sandbox) -> None:
    """Every mount that is writable is a writable folder of the spec, shared memory, or a device."""
    allowed = (*sandbox.spec.writable_folders, "/dev", "/proc")
    for line in answer(sandbox, "cat /proc/self/mountinfo").decode("utf-8", "surrogateescape").splitlines():
        fields = line.split()
        place, options = fields[4], fields[5].split(",")
        inside = any(place == folder or place.startswith(f"{folder}/") for folder in allowed)
        if "rw" in options and not inside:
            result = sandbox.run(f"if [ -d '{place}' ]; then touch '{place}/probe-selftrain'; else : >> '{place}'; fi")
            require(result.exit_code != 0, f"{place} is mounted writable: {line}")


@on_backend
def kernel_settings_are_read_only(backend: Backend) -> None:
    """Settings and triggers below /proc and /sys cannot be opened for writing, by root inside neither."""
    places = (
        "/proc/sys/kernel/panic /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches "
        "/proc/sys/vm/overcommit_memory /proc/sys/fs/file-max /proc/sys/fs/binfmt_misc/register /proc/sysrq-trigger "
        "/proc/sys/kernel/printk /proc/kcore /proc/kmsg /proc/irq/default_smp_affinity /proc/acpi/wakeup "
        "/proc/sys/net/ipv4/ip_forward /sys/kernel/uevent_helper /sys/power/state /sys/kernel/mm/ksm/run "
        "/sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory/release_agent /sys/fs/cgroup/memory/cgroup.procs"
    )
    for user in ("agent", "root"):
        with fresh(backend, user=user) as sandbox:
            # appending nothing opens the file without changing it
            result = sandbox.run(f"for f in {places}; do (: >> $f) 2>/dev/null && echo $f; done; true", PROMPT)
            equal(result.output, b"", f"kernel settings that {user} can open for writing")


@on_backend
def two_sandboxes_share_nothing(backend: Backend) -> None:
    """Files, shared memory, processes, ports and message queues of one sandbox are not in another."""
    word = token()
    with fresh(backend) as one, fresh(backend) as other:
        folders = (*one.spec.writable_folders, "/dev/shm")
        answer(one, f"for d in {' '.join(folders)}; do echo x > $d/{word} || exit 1; done; {marked(word)}")
        found = other.run(
            f"ls -a {' '.join(folders)} | grep {word}; cat /proc/[0-9]*/cmdline | grep -a [{word[0]}]{word[1:]}"
        )
        equal(found.output, b"", "traces of one sandbox in another")
        spaces = "readlink /proc/self/ns/{pid,net,mnt,ipc,uts}"
        shared = set(answer(one, spaces).split()) & set(answer(other, spaces).split())
        equal(shared, set(), "namespaces that two sandboxes share")


@on_sandbox()
def namespaces_are_not_the_hosts(sandbox: Sandbox) -> None:
    """Processes, network, mounts, messages and names are in namespaces other than the host's."""
    for kind in ("pid", "net", "mnt", "ipc", "uts"):
        try:
            ours = str(Path(f"/proc/self/ns/{kind}").readlink())
        except OSError as error:
            raise NotApplicableError(f"the host has no /proc/self/ns: {error}") from error
        theirs = answer(sandbox, f"readlink /proc/self/ns/{kind}").decode().strip()
        require(theirs != ours, f"The sandbox shares the host's {kind} namespace {ours}")
