"""Behaviours at limits: timeouts, and ceilings on processes, memory, disk, descriptors, CPU time and output."""

from __future__ import annotations

from selftrain.evidence import MIB
from selftrain.sandboxes.base import Backend, Result, Sandbox
from selftrain.sandboxes.conformance_tools import (
    PROMPT,
    NotApplicableError,
    alive,
    answer,
    enforced,
    equal,
    eventually,
    fresh,
    marked,
    on_backend,
    on_sandbox,
    require,
    still_works,
    timed,
    token,
)

# how much later than its timeout a step may end on a loaded machine
GRACE = 3.0


def _times_out(sandbox: Sandbox, command: str, timeout: float = 0.4) -> Result:
    result, seconds = timed(sandbox, command, timeout)
    equal((result.timed_out, result.exit_code), (True, 124), f"timeout and exit code of {command!r}")
    require(seconds < timeout + GRACE, f"{command!r} with a timeout of {timeout} s took {seconds:.1f} s")
    still_works(sandbox)
    return result


@on_sandbox()
def timeouts_return_partial_output(sandbox: Sandbox) -> None:
    """A step that times out gives 124 and all that it printed until then."""
    result = _times_out(sandbox, "echo out; echo err >&2; sleep 1000; echo never")
    equal(result.output, b"out\nerr\n", "partial output")


@on_sandbox()
def timeouts_keep_files_and_directory(sandbox: Sandbox) -> None:
    """After a timeout files and directory are as they were, and variables too unless the shell was restarted."""
    answer(sandbox, "mkdir d; cd d; kept=1")
    result = _times_out(sandbox, "echo x > file; sleep 1000")
    wanted = b"/workspace/d\nx\n\n" if result.shell_restarted else b"/workspace/d\nx\n1\n"
    equal(answer(sandbox, "pwd; cat file; echo $kept"), wanted, "state after the timeout")


@on_sandbox()
def builtin_loops_time_out(sandbox: Sandbox) -> None:
    """A loop of builtins inside the shell itself times out."""
    _times_out(sandbox, "while :; do :; done")
    _times_out(sandbox, "read line < <(sleep 1000)")


@on_sandbox()
def timeouts_end_the_whole_command(sandbox: Sandbox) -> None:
    """What follows in a command that times out is not run, after its programs are killed."""
    for follow in (";", "||", "\n", "; sleep 1000;"):
        _times_out(sandbox, f"sleep 1000 {follow} echo reached > follow")
    answer(sandbox, "sleep 0.3; test ! -e follow")


@on_sandbox()
def ignored_signals_do_not_stop_a_timeout(sandbox: Sandbox) -> None:
    """Programs and shells that ignore TERM, INT and HUP are killed all the same."""
    word = token()
    _times_out(sandbox, f"trap '' TERM INT HUP QUIT; exec -a {word} sleep 1000")
    _times_out(sandbox, f"(trap '' TERM INT HUP QUIT; exec -a {word} sleep 1000)")
    equal(alive(sandbox, word), 0, "processes left of the steps")


@on_sandbox()
def stopped_children_do_not_stop_a_timeout(sandbox: Sandbox) -> None:
    """A child that is stopped is killed with its step."""
    word = token()
    _times_out(sandbox, f"(exec -a {word} sleep 1000) & kill -STOP $!; wait $!")
    equal(alive(sandbox, word), 0, "processes left of the step")


@on_sandbox()
def timeouts_kill_everything_the_step_started(sandbox: Sandbox) -> None:
    """Children, background jobs, double forks, new sessions and late forkers of a step die with its timeout."""
    word = token()
    forker = f"while :; do {marked(word)} sleep 0.05; done"
    _times_out(
        sandbox,
        f"{marked(word)} (setsid bash -c '{marked(word)} sleep 1000' &) ; "
        f"(nohup setsid bash -c '({forker}) & ' >/dev/null 2>&1 &) ; sleep 0.2; sleep 1000",
        0.6,
    )
    equal(alive(sandbox, word), 0, "processes left of the step")
    answer(sandbox, "sleep 0.2")
    equal(alive(sandbox, word), 0, "processes that came up after the step")


@on_sandbox()
def timeouts_spare_older_jobs(sandbox: Sandbox) -> None:
    """Background jobs of earlier steps outlive the timeout of a later one."""
    old, new = token(), token()
    answer(sandbox, marked(old))
    eventually(lambda: alive(sandbox, old) == 1, "The older job is not to be seen")
    _times_out(sandbox, f"{marked(new)} sleep 1000")
    equal((alive(sandbox, old), alive(sandbox, new)), (1, 0), "older and newer jobs alive")


@on_sandbox()
def held_output_does_not_stop_a_timeout(sandbox: Sandbox) -> None:
    """A background child that holds standard output is killed and cannot print into later steps."""
    _times_out(sandbox, "(while sleep 0.05; do echo noise; done) & sleep 1000")
    equal(answer(sandbox, "sleep 0.2; echo quiet"), b"quiet\n", "output of a later step")


@on_sandbox()
def a_flood_times_out(sandbox: Sandbox) -> None:
    """An endless flood of output ends at the timeout, cut to the limit."""
    result = _times_out(sandbox, "yes", 0.5)
    require(result.truncated > 0, "An endless flood is reported as whole")
    _bounded(sandbox, result)


def _bounded(sandbox: Sandbox, result: Result) -> None:
    ceiling = sandbox.spec.limits.output_bytes
    require(len(result.output) <= ceiling + 256, f"{len(result.output)} bytes came back of at most {ceiling}")


def _cut_exactly(sandbox: Sandbox, result: Result, whole: bytes) -> None:
    """Require that output is the start of `whole`, a line about the cut, and the end of `whole`."""
    kept = len(whole) - result.truncated
    equal(kept <= sandbox.spec.limits.output_bytes, True, f"{kept} bytes are kept, within the limit")
    half = kept // 2
    require(half > 0.4 * sandbox.spec.limits.output_bytes, f"Only {kept} bytes are kept")
    for head in (half, kept - half):
        if result.output.startswith(whole[:head]) and result.output.endswith(whole[head + result.truncated :]):
            note = result.output[head : len(result.output) - (kept - head)]
            require(str(result.truncated).encode() in note, f"The line at the cut does not say its size: {note!r}")
            return
    raise AssertionError(f"{kept} kept bytes are not the first and last {half} of the output")


@on_sandbox()
def long_output_keeps_its_head_and_tail(sandbox: Sandbox) -> None:
    """A megabyte of output is cut in its middle, with a line that says how much, and `truncated` is exact."""
    whole = b"".join(b"%d\n" % number for number in range(1, 200_001))
    result = sandbox.run("seq 1 200000; (exit 5)", PROMPT)
    equal(result.exit_code, 5, "exit code after a flood")
    _cut_exactly(sandbox, result, whole)
    still_works(sandbox)


@on_sandbox(output_bytes=1000)
def output_at_its_limit_is_whole(sandbox: Sandbox) -> None:
    """Output is cut from the first byte over the limit, not before."""
    for size in (999, 1000):
        result = sandbox.run(f"head -c {size} /dev/zero | tr '\\0' x", PROMPT)
        equal((result.output, result.truncated), (b"x" * size, 0), f"output of {size} bytes")
    whole = b"".join(b"%04d" % number for number in range(251))
    _cut_exactly(sandbox, sandbox.run("printf %04d {0..250}", PROMPT), whole)


@on_sandbox()
def a_gigabyte_of_output_is_counted(sandbox: Sandbox) -> None:
    """A gigabyte of output is drained, dropped and counted without ending the step."""
    result, seconds = timed(sandbox, "head -c 1G /dev/zero; echo end; (exit 5)", 60.0)
    equal((result.timed_out, result.exit_code), (False, 5), f"timeout and exit code after {seconds:.1f} s")
    _bounded(sandbox, result)
    kept = (1 << 30) + 4 - result.truncated
    require(0 < kept <= sandbox.spec.limits.output_bytes, f"truncated is {result.truncated}, so {kept} bytes are kept")
    require(result.output.endswith(b"\0end\n"), f"The end of the output is {result.output[-20:]!r}")
    still_works(sandbox)


@on_sandbox(processes=48)
def fork_bombs_are_bounded(sandbox: Sandbox) -> None:
    """A fork bomb hits the limit and its timeout, and the next step works."""
    result, seconds = timed(sandbox, "bomb() { bomb | bomb & }; bomb; sleep 1000", 0.7)
    require(result.timed_out or result.exit_code != 0, f"The fork bomb gave {result}")
    require(seconds < 0.7 + GRACE + 2, f"The fork bomb with a timeout of 0.7 s took {seconds:.1f} s")
    still_works(sandbox)
    equal(answer(sandbox, "echo $(echo works)"), b"works\n", "a step that forks after the bomb")


@on_backend
def processes_are_bounded(backend: Backend) -> None:
    """No more processes than the limit are alive at once, and the shell can fork again when they end."""
    enforced(backend, "processes")
    with fresh(backend, processes=40) as sandbox:
        result = sandbox.run("for i in {1..80}; do sleep 1000 & done 2>/dev/null; true", 1.5)
        count = sandbox.run("n=0; for f in /proc/[0-9]*; do n=$((n+1)); done; echo $n", PROMPT)
        require(count.output.strip().isdigit(), f"Counting processes gave {count} after {result}")
        require(int(count.output) <= 41, f"{int(count.output)} processes are alive under a limit of 40")
        sandbox.run("exit", PROMPT)
        sandbox.recycle()
        answer(sandbox, "true | true")


@on_backend
def memory_bombs_are_bounded(backend: Backend) -> None:
    """A program that takes more memory than the limit fails; the shell and the next step do not."""
    enforced(backend, "memory_bytes")
    with fresh(backend, memory_bytes=96 * MIB, disk_bytes=16 * MIB) as sandbox:
        result = sandbox.run("head -c 300M /dev/zero | tail -c 300M | wc -c; (exit ${PIPESTATUS[1]})", 20.0)
        require(result.exit_code != 0, f"300 MiB were taken under a limit of 96 MiB: {result}")
        still_works(sandbox)
        sandbox.run("v=$(head -c 300M /dev/zero | tr '\\0' x); echo ${#v}", 20.0)
        still_works(sandbox)


@on_backend
def disk_floods_are_bounded(backend: Backend) -> None:
    """A writable folder takes no more bytes than the limit, in one file or many, and is of use again when emptied."""
    enforced(backend, "disk_bytes")
    with fresh(backend, disk_bytes=4 * MIB) as sandbox:
        for folder in sandbox.spec.writable_folders:
            result = sandbox.run(f"head -c 40M /dev/zero > {folder}/flood", PROMPT)
            require(result.exit_code != 0, f"40 MiB went into {folder} under a limit of 4 MiB")
            size = int(answer(sandbox, f"stat -c %s {folder}/flood"))
            require(size <= 4 * MIB, f"{folder} took {size} bytes")
            still_works(sandbox)
            answer(sandbox, f"rm {folder}/flood; echo again > {folder}/small; rm {folder}/small")
        shared = sandbox.run("head -c 1G /dev/zero > /dev/shm/flood", 20.0)
        require(shared.exit_code != 0, "A gigabyte went into /dev/shm")
        still_works(sandbox)


@on_backend
def inode_floods_are_bounded(backend: Backend) -> None:
    """A writable folder takes a bounded number of empty files."""
    enforced(backend, "disk_bytes")
    with fresh(backend, disk_bytes=4 * MIB) as sandbox:
        total = int(answer(sandbox, "stat -f -c %c /workspace"))
        require(total > 0, "/workspace takes any number of files")
        if total > 20_000:
            raise NotApplicableError(f"filling {total} inodes takes too long")
        result = sandbox.run(f"seq 1 {total + 10} | xargs touch", 20.0)
        require(result.exit_code != 0, f"{total + 10} files went into a folder of {total} inodes")
        still_works(sandbox)


@on_sandbox(open_files=256)
def descriptor_floods_are_bounded(sandbox: Sandbox) -> None:
    """Descriptors run out at the limit, in a child or in the shell itself, and the next step works."""
    equal(answer(sandbox, "ulimit -n; ulimit -Hn"), b"256\n256\n", "soft and hard limit")
    flood = "n=0; while exec {fd}</dev/null; do n=$((n+1)); done 2>/dev/null; echo $n"
    opened = sandbox.run(f"({flood})", PROMPT).output.strip()
    require(not opened or int(opened) <= 256, f"{opened!r} descriptors were opened under a limit of 256")
    sandbox.run(flood, PROMPT)
    still_works(sandbox)
    result = sandbox.run("ulimit -n 100000 2>/dev/null", PROMPT)
    require(result.exit_code != 0, "A sandbox can raise its own limit on descriptors")


@on_backend
def cpu_time_is_shared_out(backend: Backend) -> None:
    """A loop under a quarter of a core takes at least twice its CPU time."""
    enforced(backend, "cpus")
    with fresh(backend, cpus=0.25) as sandbox:
        loop = "TIMEFORMAT='%R %U'; time for ((i = 0; i < 60000; i++)); do :; done"
        wall, cpu = (float(part) for part in answer(sandbox, loop, 20.0).split())
        if cpu < 0.1:
            raise NotApplicableError(f"the loop needed only {cpu} s of CPU time")
        require(wall > 2 * cpu, f"{cpu} s of CPU time took {wall} s under a quarter of a core")


@on_sandbox()
def lowered_limits_harm_only_their_step(sandbox: Sandbox) -> None:
    """Limits that a step lowers for its own shell are that shell's, and a restarted one has the spec's again."""
    for limit in ("-n 10", "-v 60000", "-f 0", "-t 1", "-u 1"):
        sandbox.run(f"ulimit -S {limit}", PROMPT)
        sandbox.run("true", PROMPT)
        sandbox.run("exit", PROMPT)
        still_works(sandbox)
        equal(answer(sandbox, "echo $(echo works)"), b"works\n", f"a step after ulimit {limit}")
