"""Behaviours of the inmates: no devices, no privileges, no dangerous system calls, and all the harmless ones."""

from __future__ import annotations

import platform

from selftrain.sandboxes.base import Backend, Sandbox
from selftrain.sandboxes.conformance_tools import (
    PROMPT,
    NotApplicableError,
    answer,
    equal,
    fresh,
    on_backend,
    on_sandbox,
    require,
)


@on_sandbox()
def kernel_logs_and_devices_are_absent(sandbox: Sandbox) -> None:
    """No disk, memory, kernel log, hypervisor, fuse or loop device is inside, and none can be made."""
    devices = "sda vda nvme0n1 mem kmem port kmsg kvm fuse loop0 loop-control mapper/control vhost-vsock net/tun dri"
    result = sandbox.run(f"for d in {devices}; do [ -e /dev/$d ] && head -c 1 /dev/$d && echo $d; done; true", PROMPT)
    equal(result.output, b"", "devices inside")
    require(sandbox.run("mknod /tmp/disk b 8 0", PROMPT).exit_code != 0, "A block device can be made")
    require(sandbox.run("mknod /tmp/memory c 1 1", PROMPT).exit_code != 0, "A memory device can be made")
    require(sandbox.run("timeout 2 dmesg", PROMPT).exit_code != 0, "The kernel's log can be read")


@on_sandbox()
def standard_devices_work(sandbox: Sandbox) -> None:
    """The null, zero, full and random devices, shared memory and /dev/fd work."""
    answer(sandbox, "echo x > /dev/null && head -c 4 /dev/zero && head -c 4 /dev/urandom >/dev/null && [ -d /dev/shm ]")
    answer(sandbox, "cat <(echo x) && echo x | cat /dev/fd/0 && echo y > /dev/stdout && echo z > /dev/stderr")
    require(sandbox.run("echo x > /dev/full", PROMPT).exit_code != 0, "/dev/full takes bytes")


@on_sandbox()
def there_is_no_terminal(sandbox: Sandbox) -> None:
    """There is no controlling terminal into which characters could be pushed."""
    require(sandbox.run("(: < /dev/tty) 2>/dev/null", PROMPT).exit_code != 0, "/dev/tty can be opened")


def _status(sandbox: Sandbox) -> dict[str, str]:
    lines = answer(sandbox, "cat /proc/self/status").decode().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@on_backend
def no_capabilities(backend: Backend) -> None:
    """The agent has no capability in any set, and root inside none that reaches beyond its own files and processes."""
    with fresh(backend) as sandbox:
        status = _status(sandbox)
        held = {name: status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
        equal({name for name, bits in held.items() if int(bits, 16)}, set(), f"sets that hold a capability ({held})")
    # what chown, kill and switching users need: CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP SETFCAP
    harmless = sum(1 << bit for bit in (0, 1, 3, 4, 5, 6, 7, 8, 31)) | 1 << 10 | 1 << 18
    with fresh(backend, user="root") as sandbox:
        status = _status(sandbox)
        for name in ("CapPrm", "CapEff", "CapBnd"):
            beyond = int(status[name], 16) & ~harmless
            equal(beyond, 0, f"dangerous bits of {name} ({status[name]}) of root inside")


@on_backend
def no_new_privileges_and_seccomp(backend: Backend) -> None:
    """Every process runs with no_new_privs and a system call filter, root's too."""
    for user in ("agent", "root"):
        with fresh(backend, user=user) as sandbox:
            status = _status(sandbox)
            equal((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"), f"NoNewPrivs and Seccomp of {user}")


# name → number on x86-64, number on arm64, arguments that would succeed or fail otherwise than by a refusal
CALLS: dict[str, tuple[int, int, str]] = {
    "ptrace": (101, 117, "0, 0, 0, 0"),
    "process_vm_readv": (310, 270, "$$, 0, 0, 0, 0, 0"),
    "io_uring_setup": (425, 425, "1, 0"),
    "io_uring_enter": (426, 426, "-1, 0, 0, 0, 0, 0"),
    "unshare": (272, 97, "0x10000000"),
    "unshare (mounts)": (272, 97, "0x00020000"),
    "clone": (56, 220, "0x10000011, 0, 0, 0, 0"),
    "clone3": (435, 435, 'pack("Q8", 0x10000000, 0, 0, 0, 17, 0, 0, 0), 64'),
    "setns": (308, 268, "-1, 0"),
    "mount": (165, 40, '"none", "/tmp", "tmpfs", 0, 0'),
    "move_mount": (429, 429, '-1, "", -1, "", 0'),
    "fsopen": (430, 430, '"tmpfs", 0'),
    "pivot_root": (155, 41, '"/tmp", "/tmp"'),
    "bpf": (321, 280, "0, 0, 0"),
    "perf_event_open": (298, 241, "0, 0, 0, 0, 0"),
    "userfaultfd": (323, 282, "1"),
    "keyctl": (250, 219, "0, -3, 0"),
    "add_key": (248, 217, '"user", "x", "y", 1, -3'),
    "init_module": (175, 105, '0, 0, ""'),
    "kexec_load": (246, 104, "0, 0, 0, 0"),
    "open_by_handle_at": (304, 265, "-1, 0, 0"),
    "swapon": (167, 224, '"/tmp/x", 0'),
    "reboot": (169, 142, "0, 0, 0, 0"),
}


def _errors_of_calls(sandbox: Sandbox) -> dict[str, int]:
    """Error number of each call of `CALLS` inside, 0 for one that succeeds."""
    machine = platform.machine()
    if machine not in ("x86_64", "aarch64"):
        raise NotApplicableError(f"the numbers of system calls on {machine} are not known")
    lines = []
    for name, (x86, arm, arguments) in CALLS.items():
        number = x86 if machine == "x86_64" else arm
        # a clone that succeeds returns 0 in the child, which must not go on
        leave = "exit 0 if $r == 0;" if name.startswith("clone") else ""
        call = f"@a = ({arguments}); $r = syscall({number}, @a); {leave}"
        lines.append(f'{call} printf "%s=%d\\n", "{name}", $r < 0 ? $!+0 : 0;')
    sandbox.write("/tmp/calls.pl", "\n".join(lines).encode())
    parts = [line.partition("=") for line in answer(sandbox, "perl /tmp/calls.pl").decode().splitlines()]
    return {name: int(number) for name, _, number in parts}


@on_backend
def dangerous_system_calls_are_refused(backend: Backend) -> None:
    """Tracing, io_uring, namespaces, mounts, keys, BPF and modules are refused as such, to root inside too."""
    refusals = {1, 13, 38}  # EPERM, EACCES, ENOSYS
    for user in ("agent", "root"):
        with fresh(backend, user=user, tools=("perl",)) as sandbox:
            errors = _errors_of_calls(sandbox)
            equal(sorted(errors), sorted(CALLS), "calls that were tried")
            reached = {name: number for name, number in errors.items() if number not in refusals}
            require(not reached, f"{user} reaches these system calls (with their error numbers): {reached}")


@on_sandbox(tools=("python3",))
def harmless_system_calls_work(sandbox: Sandbox) -> None:
    """Threads, subprocesses, pipes, local sockets, epoll, memory maps, timers and file locks work."""
    program = """
import asyncio, fcntl, mmap, os, select, socket, subprocess, tempfile, threading
threading.Thread(target=lambda: None).start()
assert subprocess.run(['echo', 'x'], capture_output=True).stdout == b'x\\n'
a, b = socket.socketpair(); a.sendall(b'x'); assert b.recv(1) == b'x'
server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname()).close()
select.epoll().close(); mmap.mmap(-1, 4096).close(); os.memfd_create('x')
with tempfile.TemporaryFile() as file: fcntl.flock(file, fcntl.LOCK_EX)
async def child(): return await (await asyncio.create_subprocess_exec('true')).wait()
assert asyncio.run(child()) == 0
print('ok')
"""
    sandbox.write("/tmp/harmless.py", program.encode())
    equal(answer(sandbox, "python3 /tmp/harmless.py"), b"ok\n", "output of the program")
