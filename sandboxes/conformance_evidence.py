"""Behaviours of the export: bounded, of regular files, and the last thing that a sandbox does."""

from __future__ import annotations

import time
from pathlib import Path

from selftrain.errors import SandboxError
from selftrain.evidence import MIB, Evidence, ExportLimits
from selftrain.sandboxes.base import Backend, Sandbox
from selftrain.sandboxes.conformance_tools import (
    answer,
    equal,
    fresh,
    marked,
    namespace_members,
    on_backend,
    on_sandbox,
    pid_namespace,
    require,
    token,
)


@on_sandbox()
def exports_are_exact(sandbox: Sandbox) -> None:
    """An export holds the bytes, modes and times of regular files, and the modes of folders."""
    answer(
        sandbox,
        "mkdir -p a/b empty; chmod 750 a; printf 'x\\0\\377' > a/b/bin; chmod 4755 a/b/bin; "
        "touch -d @1234567890.5 a/b/bin; touch none; chmod 600 none",
    )
    evidence = sandbox.export(["/workspace"])
    found = {path: (file.data, file.mode & 0o777) for path, file in evidence.files.items()}
    equal(found, {"/workspace/a/b/bin": (b"x\0\xff", 0o755), "/workspace/none": (b"", 0o600)}, "files")
    equal(evidence.files["/workspace/a/b/bin"].mtime_ns, 1_234_567_890_500_000_000, "modification time")
    below = {path: mode & 0o777 for path, mode in evidence.directories.items() if path != "/workspace"}
    equal(below, {"/workspace/a": 0o750, "/workspace/a/b": 0o755, "/workspace/empty": 0o755}, "directories")
    equal((dict(evidence.links), dict(evidence.dropped), evidence.overrun), ({}, {}, ""), "links, dropped, overrun")


@on_sandbox()
def exports_are_of_the_named_paths(sandbox: Sandbox) -> None:
    """Files, folders and absent paths can be named; only what is named comes out."""
    answer(sandbox, "mkdir in out; echo 1 > in/x; echo 2 > out/y; echo 3 > single; echo 4 > /tmp/t")
    evidence = sandbox.export(["/workspace/in", "/workspace/single", "/tmp/t", "/workspace/none", "/none/none"])
    equal(sorted(evidence.files), ["/tmp/t", "/workspace/in/x", "/workspace/single"], "exported files")
    equal(evidence.under("/workspace/in"), {"x": b"1\n"}, "files below a folder")


@on_sandbox()
def exported_links_are_not_followed(sandbox: Sandbox) -> None:
    """Links are listed with their target and never followed: last, in the middle, absolute, looping or dangling."""
    answer(
        sandbox,
        "echo x > file; ln -s file near; ln -s /etc/passwd far; ln -s /etc folder; ln -s loop loop; "
        "ln -s ../../../../etc/shadow up; ln -s none dangling; mkdir d; ln -s .. d/parent",
    )
    evidence = sandbox.export(["/workspace", "/workspace/folder/passwd", "/workspace/d/parent/file"])
    equal(sorted(evidence.files), ["/workspace/file"], "exported files")
    wanted = {"near": "file", "far": "/etc/passwd", "folder": "/etc", "loop": "loop", "dangling": "none"}
    wanted |= {"up": "../../../../etc/shadow", "d/parent": ".."}
    equal(dict(evidence.links), {f"/workspace/{name}": target for name, target in wanted.items()}, "links")


@on_sandbox()
def a_root_that_became_a_link_is_not_followed(sandbox: Sandbox) -> None:
    """An exported path that the agent has replaced by a link gives the link, nothing behind it."""
    answer(sandbox, "ln -s /etc out; ln -s /etc/passwd answer.txt")
    evidence = sandbox.export(["/workspace/out", "/workspace/out/", "/workspace/answer.txt"])
    equal(dict(evidence.files), {}, "exported files")


@on_sandbox()
def hard_links_are_files(sandbox: Sandbox) -> None:
    """Each name of a file with several comes out with the same bytes."""
    answer(sandbox, "echo x > one; ln one two; mkdir d; ln one d/three")
    evidence = sandbox.export(["/workspace"])
    equal({file.data for file in evidence.files.values()}, {b"x\n"}, "bytes")
    equal(sorted(evidence.files), ["/workspace/d/three", "/workspace/one", "/workspace/two"], "names")


@on_sandbox(tools=("python3",))
def special_files_are_dropped_and_named(sandbox: Sandbox) -> None:
    """Pipes and sockets are dropped with their kind and do not hold the export."""
    answer(sandbox, "mkfifo pipe; python3 -c 'import socket; socket.socket(1).bind(\"sock\")'; echo x > file")
    evidence = sandbox.export(["/workspace"])
    equal(dict(evidence.dropped), {"/workspace/pipe": "fifo", "/workspace/sock": "socket"}, "dropped")
    equal(sorted(evidence.files), ["/workspace/file"], "files")


@on_sandbox()
def odd_names_do_not_break_an_export(sandbox: Sandbox) -> None:
    """Names with control characters or bytes that are no UTF-8 come out or are dropped with a reason."""
    names = ["a b", "größe", "-rf", "...", ".. ", "\\", "'\"", "line\nbreak", "\x1b[31m", "\udcff\udcfe", "ok"]
    for name in names:
        sandbox.write(f"/workspace/{name}", name.encode("utf-8", "surrogateescape"))
    evidence = sandbox.export(["/workspace"])
    for name in names[:7]:
        path = f"/workspace/{name}"
        require(path in evidence.files, f"{path!r} is missing: dropped {dict(evidence.dropped)}")
    accounted = len(evidence.files) + len(evidence.dropped)
    equal(accounted, len(names), "files and dropped entries together")
    for path, file in evidence.files.items():
        equal(file.data, path[len("/workspace/") :].encode("utf-8", "surrogateescape"), f"bytes of {path!r}")
        require(".." not in path.split("/"), f"{path!r} climbs")
    _ = evidence.sha256


@on_sandbox()
def unreadable_entries_do_not_break_an_export(sandbox: Sandbox) -> None:
    """Files and folders without permission bits come out or are dropped with a reason."""
    answer(sandbox, "mkdir d; echo x > d/in; echo x > file; echo x > ok; chmod 0 d file; chmod 0 /workspace")
    evidence = sandbox.export(["/workspace"])
    for path in ("/workspace/ok", "/workspace/file", "/workspace/d/in"):
        known = path in evidence.files or any(path.startswith(dropped) for dropped in evidence.dropped)
        require(known, f"{path} is neither exported nor dropped")


def _overruns(backend: Backend, command: str, limits: ExportLimits, files: int) -> Evidence:
    with fresh(backend) as sandbox:
        answer(sandbox, command, 20.0)
        begin = time.monotonic()
        evidence = sandbox.export(["/workspace"], limits)
        seconds = time.monotonic() - begin
    require(evidence.overrun, f"No overrun is noted for {command!r} under {limits}")
    require(seconds < 10, f"The export took {seconds:.1f} s")
    require(len(evidence.files) <= files, f"{len(evidence.files)} files came out")
    return evidence


@on_backend
def exports_are_bounded_in_number_and_depth(backend: Backend) -> None:
    """Too many entries or too deep a tree ends the export, with the limit's name."""
    _overruns(backend, "seq 1 200 | xargs touch", ExportLimits(entries=50), 50)
    _overruns(backend, "seq 1 200 | xargs mkdir", ExportLimits(entries=50), 50)
    deep = "d=.; for i in {1..40}; do d=$d/d; done; mkdir -p $d; echo x > $d/file"
    _overruns(backend, deep, ExportLimits(), 0)
    deeper = "printf -v d 'd/%.0s' {1..900}; for i in 1 2 3; do mkdir -p $d && cd $d || exit; done; echo x > file"
    _overruns(backend, deeper, ExportLimits(depth=10_000), 0)


@on_backend
def exports_are_bounded_in_bytes(backend: Backend) -> None:
    """Too large a file, also a sparse one of terabytes, or too many bytes ends the export at once."""
    _overruns(backend, "truncate -s 100G sparse", ExportLimits(), 0)
    _overruns(backend, "head -c 1001 /dev/zero > over", ExportLimits(file_bytes=1000), 0)
    evidence = _overruns(
        backend, "for i in {1..9}; do head -c 300 /dev/zero > $i; done", ExportLimits(total_bytes=1000), 3
    )
    total = sum(len(file.data) for file in evidence.files.values())
    require(total <= 1000, f"{total} bytes came out under a limit of 1000")


@on_sandbox()
def an_export_at_its_limits_is_whole(sandbox: Sandbox) -> None:
    """Exactly as many bytes as allowed are no overrun."""
    answer(sandbox, "mkdir d; head -c 1000 /dev/zero > d/one; head -c 1000 /dev/zero > d/two")
    evidence = sandbox.export(["/workspace/d"], ExportLimits(total_bytes=2000, file_bytes=1000, entries=3, depth=3))
    equal((evidence.overrun, len(evidence.files)), ("", 2), "overrun and number of files")


@on_sandbox()
def entries_swapped_during_an_export_leak_nothing(sandbox: Sandbox) -> None:
    """A job that swaps files, folders and links while the export begins cannot get a system file exported."""
    secret = answer(sandbox, "cat /etc/passwd")
    answer(
        sandbox,
        "mkdir d; echo mine > d/passwd; ln -s /etc e; (while :; do mv -T d x; mv -T e d; mv -T d e; mv -T x d; done) "
        "</dev/null >/dev/null 2>&1 & "
        "(while :; do ln -sf /etc/passwd f; rm f; echo mine > f; rm f; done) </dev/null >/dev/null 2>&1 & sleep 0.05",
    )
    evidence = sandbox.export(["/workspace", "/workspace/d/passwd", "/workspace/f"])
    leaked = [path for path, file in evidence.files.items() if file.data == secret]
    require(not leaked, f"The system's /etc/passwd came out as {leaked}")


@on_sandbox()
def nothing_runs_after_an_export(sandbox: Sandbox) -> None:
    """An export kills every process first, and a second one finds the same bytes."""
    answer(
        sandbox,
        "(trap '' TERM; while :; do echo $((n++)) >> clock; done) </dev/null >/dev/null 2>&1 & setsid sleep 99 &",
    )
    answer(sandbox, "until [ -s clock ]; do sleep 0.01; done")
    first = sandbox.export(["/workspace"])
    time.sleep(0.2)
    equal(sandbox.export(["/workspace"]).sha256, first.sha256, "hash of a second export")


@on_sandbox()
def an_exported_sandbox_is_frozen(sandbox: Sandbox) -> None:
    """After an export only `export` and `close` may be called."""
    sandbox.export(["/workspace"])
    calls = {
        "run": lambda: sandbox.run("true"),
        "read": lambda: sandbox.read("/workspace/x"),
        "write": lambda: sandbox.write("/workspace/x", b""),
        "snapshot": sandbox.snapshot,
        "recycle": sandbox.recycle,
    }
    for name, call in calls.items():
        try:
            call()
        except SandboxError:
            continue
        raise AssertionError(f"{name}() works after an export")


@on_sandbox()
def an_exported_sandboxs_processes_are_gone(sandbox: Sandbox) -> None:
    """Seen from the host, no process that the agent started is left once the export has returned."""
    word = token()
    namespace = pid_namespace(sandbox)
    sandbox.write("/tmp/stubborn", b"trap '' TERM\nwhile :; do sleep 0.01; done\n")
    answer(sandbox, f"{marked(word)} (setsid bash /tmp/stubborn {word} </dev/null >/dev/null 2>&1 &)")
    sandbox.export(["/workspace"])
    busy = [pid for pid in namespace_members(namespace) if word.encode() in _command_of(pid)]
    equal(busy, [], "processes of the agent that are left")


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@on_sandbox(disk_bytes=64 * MIB, memory_bytes=128 * MIB)
def an_export_survives_a_sandbox_at_its_limits(sandbox: Sandbox) -> None:
    """A sandbox with a full disk, a fork bomb and a killed shell can be exported."""
    answer(sandbox, "echo mine > answer")
    sandbox.run("head -c 1G /dev/zero > big; bomb() { bomb | bomb & }; bomb; kill -9 $$", 0.5)
    evidence = sandbox.export(["/workspace/answer"])
    equal(evidence.get("/workspace/answer"), b"mine\n", "the exported answer")


@on_sandbox()
def same_content_same_hash(sandbox: Sandbox) -> None:
    """The order in which files were made and their times do not change the hash of an export."""
    limits = ExportLimits()
    answer(sandbox, "mkdir a b; for i in 1 2 3; do echo $i > a/$i; done; for i in 3 1 2; do echo $i > b/$i; done")
    answer(sandbox, "touch -d @1 b/*; mkdir /tmp/w; mv a /tmp/w/same; mkdir /home/agent/w; mv b /home/agent/w/same")
    first, second = (sandbox.export([f"{folder}/w/same"], limits) for folder in ("/tmp", "/home/agent"))
    equal(list(first.under("/tmp/w/same").items()), list(second.under("/home/agent/w/same").items()), "files in order")
    require(next(iter(first.files)).startswith("/"), "Exported paths are not absolute")
