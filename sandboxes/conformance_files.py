"""Behaviours of reading and writing single files from outside."""

from __future__ import annotations

import errno
from collections.abc import Callable

from selftrain.evidence import MIB
from selftrain.sandboxes.base import Backend, Sandbox
from selftrain.sandboxes.conformance_tools import answer, enforced, equal, fresh, on_backend, on_sandbox, require


def _refusal(call: Callable[..., object], *arguments: object) -> OSError:
    """The OSError that `call` raises."""
    try:
        got = call(*arguments)
    except OSError as error:
        return error
    raise AssertionError(f"{call.__name__}{arguments!r:.200} is not refused, it gives {got!r:.80}")


@on_sandbox()
def files_are_written_and_read_exactly(sandbox: Sandbox) -> None:
    """Bytes of any value and size come back as they were written, and are what the shell sees."""
    for number, data in enumerate((b"", b"\0", bytes(range(256)) * 9, b"x" * (3 * MIB + 1))):
        path = f"/workspace/file{number}"
        sandbox.write(path, data)
        require(sandbox.read(path) == data, f"{len(data)} bytes came back changed")
        equal(int(answer(sandbox, f"stat -c %s {path}")), len(data), "size in the shell")
    sandbox.write("/workspace/file3", b"short")
    equal(sandbox.read("/workspace/file3"), b"short", "a file that was overwritten by a shorter one")


@on_sandbox()
def every_writable_folder_can_be_read_and_written(sandbox: Sandbox) -> None:
    """Files can be read and written from outside in each writable folder, whoever made them."""
    for folder in sandbox.spec.writable_folders:
        sandbox.write(f"{folder}/ours", b"ours")
        answer(sandbox, f"cd {folder}; cp ours theirs; echo changed > ours")
        equal((sandbox.read(f"{folder}/ours"), sandbox.read(f"{folder}/theirs")), (b"changed\n", b"ours"), folder)


@on_sandbox()
def written_files_belong_to_the_user(sandbox: Sandbox) -> None:
    """Written files and their new parent folders belong to the sandbox's user, with the asked mode."""
    sandbox.write("/workspace/a/b/plain", b"x")
    sandbox.write("/workspace/a/b/run", b"#!/bin/sh\necho ran", mode=0o755)
    sandbox.write("/workspace/a/b/secret", b"x", mode=0o600)
    equal(answer(sandbox, "cd a/b; stat -c '%a %u' plain run secret"), b"644 1000\n755 1000\n600 1000\n", "modes")
    equal(answer(sandbox, "./run; touch new ../new; rm -r ../../a; ls /workspace"), b"ran\n", "use of the files")


@on_sandbox()
def odd_names_can_be_read_and_written(sandbox: Sandbox) -> None:
    """Names with spaces, newlines, quotes, leading dashes and bytes that are no UTF-8 work."""
    for name in ("a b", "line\nbreak", 'it\'s "so"', "-rf", "$HOME", "größe", "\udcff\udcfe", "...", "*", "x" * 200):
        path = f"/workspace/{name}"
        sandbox.write(path, b"data")
        equal(sandbox.read(path), b"data", f"file named {name!r}")
    equal(int(answer(sandbox, "find . -type f -printf x | wc -c")), 10, "files that the shell sees")


@on_sandbox()
def reading_what_is_absent(sandbox: Sandbox) -> None:
    """Reading something absent raises FileNotFoundError, and a folder IsADirectoryError."""
    answer(sandbox, "mkdir d; touch file")
    for path in ("/workspace/none", "/workspace/none/none"):
        error = _refusal(sandbox.read, path)
        require(isinstance(error, FileNotFoundError), f"Reading {path} raises {error!r}")
    error = _refusal(sandbox.read, "/workspace/d")
    require(isinstance(error, IsADirectoryError), f"Reading a folder raises {error!r}")
    _refusal(sandbox.read, "/workspace/file/x")


@on_sandbox()
def reading_what_is_no_regular_file(sandbox: Sandbox) -> None:
    """Pipes, sockets and devices are refused at once, not waited for."""
    answer(
        sandbox, "mkfifo pipe; python3 -c 'import socket; socket.socket(1).bind(\"sock\")' 2>/dev/null || mkfifo sock"
    )
    for path in ("/workspace/pipe", "/workspace/sock", "/dev/zero", "/proc/self/environ"):
        _refusal(sandbox.read, path)
    _refusal(sandbox.write, "/workspace/pipe/x", b"")


@on_sandbox()
def reading_follows_no_links(sandbox: Sandbox) -> None:
    """A link, last or in the middle of the path, is refused, wherever it leads."""
    answer(sandbox, "echo x > file; ln -s file near; ln -s /etc/passwd far; ln -s /etc there; ln -s . here; ln -s l l")
    for name in ("near", "far", "there/passwd", "here/file", "l", "none/../there/passwd", "../etc/passwd"):
        _refusal(sandbox.read, f"/workspace/{name}")


@on_sandbox()
def large_files_are_refused(sandbox: Sandbox) -> None:
    """A file over the reader's limit raises EFBIG, a huge sparse one at once; one at the limit is read."""
    answer(sandbox, "head -c 1000 /dev/zero > exact; head -c 1001 /dev/zero > over; truncate -s 100G sparse")
    equal(len(sandbox.read("/workspace/exact", limit=1000)), 1000, "bytes of a file at the limit")
    for path in ("/workspace/over", "/workspace/sparse"):
        error = _refusal(sandbox.read, path, 1000)
        equal(error.errno, errno.EFBIG, f"error number for {path}")


@on_sandbox()
def writing_follows_no_links(sandbox: Sandbox) -> None:
    """Writing through a link, last or in the middle of the path, changes nothing behind it."""
    answer(sandbox, "echo kept > file; ln -s file near; mkdir /tmp/other; ln -s /tmp/other there; ln -s none dangling")
    for name in ("near", "there/new", "dangling", "there/a/b"):
        try:
            sandbox.write(f"/workspace/{name}", b"written")
        except OSError:  # refusing is fine, and so is replacing the link itself
            continue
    equal(
        answer(sandbox, "cat file; ls /tmp/other; test -e none || echo absent"), b"kept\nabsent\n", "what lies behind"
    )


@on_sandbox()
def writing_outside_is_refused(sandbox: Sandbox) -> None:
    """Writing outside the writable folders raises EROFS, also by way of `..`."""
    for path in ("/etc/probe", "/probe", "/usr/bin/env", "/workspace/../etc/probe", "/workspacex/probe", "/dev/probe"):
        error = _refusal(sandbox.write, path, b"")
        equal(error.errno, errno.EROFS, f"error number for {path}")
    for path in ("relative", "", "/workspace"):
        _refusal(sandbox.write, path, b"")


@on_backend
def writing_is_bounded_by_the_disk(backend: Backend) -> None:
    """Writing more than a folder takes raises ENOSPC, and the folder is of use afterwards."""
    enforced(backend, "disk_bytes")
    with fresh(backend, disk_bytes=2 * MIB) as sandbox:
        error = _refusal(sandbox.write, "/workspace/big", b"x" * (6 * MIB))
        equal(error.errno, errno.ENOSPC, "error number")
        answer(sandbox, "rm -f big*")
        sandbox.write("/workspace/small", b"x")


@on_sandbox()
def files_work_whatever_the_shell_does(sandbox: Sandbox) -> None:
    """Reading and writing need nothing of the shell: not its PATH, its directory, its limits or its life."""
    sandbox.run("PATH=; cat() { :; }; cd /tmp; ulimit -f 0 -n 5; kill -STOP $$ & exit 1", 1.0)
    sandbox.write("/workspace/x", b"y" * 10_000)
    equal(sandbox.read("/workspace/x"), b"y" * 10_000, "a file")


@on_sandbox(
    files={"/workspace/a/run.sh": b"#!/bin/sh\necho ran\n", "/tmp/t": b"\0\xff", "/home/agent/.config/x": b"x"},
    modes={"/workspace/a/run.sh": 0o755, "/tmp/t": 0o600},
)
def files_of_the_spec_are_there(sandbox: Sandbox) -> None:
    """The spec's files lie where it says, with its modes, and are the user's to change, before the first step."""
    equal(answer(sandbox, "a/run.sh; echo more >> a/run.sh; touch a/new ~/.config/new"), b"ran\n", "output")
    equal(answer(sandbox, "stat -c %a a/run.sh /tmp/t ~/.config/x"), b"755\n600\n644\n", "modes")
    equal(sandbox.read("/tmp/t"), b"\0\xff", "a file's bytes")
