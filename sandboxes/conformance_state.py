"""Behaviours of branch points and of sandboxes that are used again: snapshot, restore, recycle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from selftrain.sandboxes.base import Backend, Sandbox, Snapshot
from selftrain.sandboxes.conformance_tools import (
    PROMPT,
    alive,
    answer,
    equal,
    fresh,
    marked,
    on_backend,
    on_sandbox,
    require,
    still_works,
    token,
)


@contextmanager
def _restored(backend: Backend, snapshot: Snapshot) -> Iterator[Sandbox]:
    sandbox = backend.restore(snapshot)
    try:
        yield sandbox
    finally:
        sandbox.close()


# a state of files and shell, and a question about all of it that a faithful copy answers alike
STATE = r"""
mkdir -p work/empty /tmp/t; cd work
printf 'a\0\377' > bin; echo '#!/bin/sh
echo ran' > run; chmod 755 run; echo s > secret; chmod 600 secret; ln -s bin link; ln -s /etc/none far
touch -d @1000000000 old; echo x > 'odd name'; echo y > $'line\nbreak'; echo z > $'\377'; echo t > /tmp/t/file
echo h > ~/.hidden; chmod 1777 empty; mkdir shut; echo in > shut/in; chmod 500 shut
plain='a  b'; export shared=$'x\ny'; number=5; declare -i integer=7; list=(1 '2 3' $'\377')
declare -A map=([k]=v [k2]='v 2')
declare -r fixed=1; greet() { echo "hello $1"; }; outer() { inner() { :; }; greet you; }; export -f greet
shopt -s expand_aliases extglob; alias hey='echo hey'; set -o pipefail; umask 027; set -- one 'two three'
"""
QUESTION = r"""
pwd; umask; printf '<%s>' "$plain" "$shared" "$number" "${list[@]}" "${map[k]}" "${map[k2]}" "$fixed" "$@"; integer+=1
echo $integer; greet me; outer; hey; bash -c 'greet child; printf %s "$shared$plain"'; set -o | grep pipefail
shopt extglob; ./run; cat bin | od -c; cat link secret 'odd name' $'line\nbreak' $'\377' /tmp/t/file ~/.hidden shut/in
stat -c '%n %a %F' * .; stat -c %Y old; readlink link far; ls -A /workspace /tmp ~; fixed=2 2>/dev/null; echo $fixed
"""


def check_restore(origin: Backend, target: Backend) -> None:
    """A snapshot of a sandbox on `origin` is restored faithfully on `target`, which may be another kind of backend."""
    with fresh(origin) as sandbox:
        answer(sandbox, STATE)
        wanted = sandbox.run(QUESTION, PROMPT)
        snapshot = sandbox.snapshot()
    with _restored(target, snapshot) as copy:
        # the question itself adds one to a counter
        found = copy.run(f"integer=7; {QUESTION}", PROMPT)
        equal(found.output.splitlines(), wanted.output.splitlines(), "what a restored sandbox answers")
        answer(copy, "echo new > new; rm run; chmod 700 shut; rm -r shut")
        still_works(copy)


@on_backend
def snapshots_keep_files_and_shell(backend: Backend) -> None:
    """A restored sandbox has the same files, modes, times, directory, variables, functions, aliases and options."""
    check_restore(backend, backend)


@on_backend
def snapshots_can_be_restored_twice(backend: Backend) -> None:
    """Sandboxes from one snapshot are alike and independent, and so is a snapshot of a restored one."""
    with fresh(backend) as sandbox:
        answer(sandbox, "echo 1 > file; x=1")
        snapshot = sandbox.snapshot()
        answer(sandbox, "echo 2 > file; x=2")
    with _restored(backend, snapshot) as one, _restored(backend, snapshot) as two:
        answer(one, "echo 3 > file; x=3; touch more")
        equal(answer(two, "cat file; echo $x; ls"), b"1\n1\nfile\n", "the second sandbox")
        nested = one.snapshot()
    with _restored(backend, nested) as three:
        equal(answer(three, "cat file; echo $x; ls"), b"3\n3\nfile\nmore\n", "the snapshot of a restored sandbox")


@on_sandbox()
def a_snapshot_does_not_disturb(sandbox: Sandbox) -> None:
    """After a snapshot the sandbox goes on, with its shell, its jobs and its files."""
    word = token()
    answer(sandbox, f"x=1; cd /tmp; {marked(word)} job=$!; (exit 3) & failed=$!")
    sandbox.snapshot()
    equal(answer(sandbox, "echo $x; pwd; kill -0 $job && echo alive"), b"1\n/tmp\nalive\n", "state after the snapshot")
    equal(sandbox.run("wait $failed", PROMPT).exit_code, 3, "exit code of a job, after the snapshot")


@on_backend
def processes_are_no_part_of_a_snapshot(backend: Backend) -> None:
    """Background processes are not in a restored sandbox."""
    word = token()
    with fresh(backend) as sandbox:
        answer(sandbox, marked(word))
        snapshot = sandbox.snapshot()
    with _restored(backend, snapshot) as copy:
        equal(alive(copy, word), 0, "processes in the restored sandbox")


@on_backend
def hostile_states_can_be_snapshot(backend: Backend) -> None:
    """States meant to break saving or loading do neither: traps, redefined builtins, readonly and huge variables."""
    for command in (
        "trap 'exit 9' DEBUG ERR EXIT",
        "declare() { exit 1; }; printf() { exit 1; }; eval() { exit 1; }; set() { exit 1; }; export() { :; }",
        "IFS=abc; set -e; set -u",
        "for v in $(compgen -v); do readonly $v 2>/dev/null; done",
        "cat() { exit 8; }; PATH=; exec >/dev/null",
        "v=$(head -c 3000000 /dev/zero | tr '\\0' x)",
        "mkdir gone; cd gone; rmdir /workspace/gone",
        "exec 3</dev/null 9>/tmp/x; set -n",
        "chmod 000 /workspace; chmod 000 ~",
    ):
        with fresh(backend) as sandbox:
            answer(sandbox, "echo kept > file")
            sandbox.run(command, 1.0)
            snapshot = sandbox.snapshot()
        with _restored(backend, snapshot) as copy:
            copy.run("chmod 755 /workspace", 1.0)
            equal(copy.read("/workspace/file"), b"kept\n", f"a file after restoring {command!r}")
            copy.run("set +n; exit", 1.0)
            still_works(copy)


@on_backend
def snapshots_survive_a_timeout(backend: Backend) -> None:
    """A sandbox whose last step timed out or ended its shell can be snapshot and restored."""
    for command in ("sleep 1000", "kill -STOP $$", "kill -9 $$", "exit 1"):
        with fresh(backend) as sandbox:
            answer(sandbox, "echo kept > file")
            sandbox.run(command, 0.3)
            snapshot = sandbox.snapshot()
        with _restored(backend, snapshot) as copy:
            equal(answer(copy, "cat /workspace/file"), b"kept\n", f"a file after {command!r}")


@on_backend
def special_files_do_not_break_a_snapshot(backend: Backend) -> None:
    """Pipes and sockets are left out of a snapshot, and large sparse files do not hold it."""
    with fresh(backend) as sandbox:
        answer(sandbox, "mkfifo pipe; echo kept > file; ln file hard; truncate -s 64M sparse")
        snapshot = sandbox.snapshot()
    kinds = {entry.kind for entry in snapshot.entries}
    require(kinds <= {"file", "directory", "link"}, f"The snapshot holds entries of kind {kinds}")
    with _restored(backend, snapshot) as copy:
        equal(answer(copy, "cat file hard; [ -e pipe ] || stat -c %s sparse"), b"kept\nkept\n67108864\n", "files")


# everything about a sandbox that an earlier user could have changed
FINGERPRINT = r"""
pwd; id; umask; ulimit -a; env | grep -v ^_= | sort; set -o; shopt; declare -F; alias; trap; jobs; echo "$@" $-
for d in /workspace /tmp ~ /dev/shm; do find $d -printf '%p %m %u %y %s\n' | sort; done; hostname
cat /proc/[0-9]*/comm | grep -v -x -e bash -e cat -e grep -e sort | sort
compgen -v | grep -v -x -e _ -e BASHPID -e RANDOM | sort
cat /proc/net/tcp /proc/net/unix | wc -l; cat /proc/sysvipc/{shm,sem,msg} | wc -l
readlink /proc/self/cwd; cat /proc/self/oom_score_adj; nice; hash 2>&1
"""
RUIN = r"""
cd /tmp; umask 000; x=1; export y=2; f() { :; }; alias a=b; trap 'echo t' USR1; set -o pipefail -u; shopt -s extglob
echo changed > /workspace/given; echo x > /workspace/.hidden; mkdir -p /workspace/d/e ~/.cache/x /tmp/.y; ln -s /etc ~/l
mkdir /workspace/shut; touch /workspace/shut/in; chmod 000 /workspace/shut; echo x > /dev/shm/x; mkfifo /tmp/pipe
chmod 700 /workspace /tmp; chmod 000 ~; ulimit -S -n 99; set -- p q; exec 7>/dev/null; ulimit -S -c 0
hash -p /bin/ls zz
touch -- -rf '*' $'line\nbreak' $'\377'; renice 5 $$ >/dev/null 2>&1; echo 500 > /proc/self/oom_score_adj
"""


@on_sandbox(files={"/workspace/given": b"given", "/tmp/too": b"too"}, modes={"/workspace/given": 0o600})
def a_recycled_sandbox_is_as_new(sandbox: Sandbox) -> None:
    """After `recycle` files, shell, limits, processes and shared memory are those of a new sandbox."""
    wanted = answer(sandbox, FINGERPRINT)
    word = token()
    sandbox.run(RUIN, PROMPT)
    sandbox.run(f"{marked(word)} (setsid sleep 1000 &) ; true", PROMPT)
    sandbox.recycle()
    found = answer(sandbox, FINGERPRINT)
    differing = set(found.splitlines()) ^ set(wanted.splitlines())
    require(found == wanted, f"A recycled sandbox differs from a new one: {sorted(differing)[:20]}")
    equal(alive(sandbox, word), 0, "processes left of the former user")
    equal((sandbox.read("/workspace/given"), sandbox.read("/tmp/too")), (b"given", b"too"), "files of the spec")


@on_sandbox(tools=("python3",))
def recycling_leaves_nothing_in_the_kernel(sandbox: Sandbox) -> None:
    """After `recycle` no shared memory segment, message queue or listening socket of the former user is left."""
    program = (
        "import os, socket, sys, time, ctypes\n"
        "libc = ctypes.CDLL(None); libc.shmget(77, 4096, 0o1666); libc.msgget(77, 0o1666)\n"
        "s = socket.create_server(('127.0.0.1', 7777)); u = socket.socket(1); u.bind('\\0former'); u.listen()\n"
        "open('/workspace/up', 'w').close()\n"
        "time.sleep(1000)\n"
    )
    sandbox.write("/workspace/hold.py", program.encode())
    answer(sandbox, "(setsid python3 hold.py </dev/null >/dev/null 2>&1 &); until [ -e up ]; do sleep 0.02; done")
    sandbox.recycle()
    left = answer(
        sandbox, "grep -h -e ' 77 ' /proc/sysvipc/*; grep former /proc/net/unix; grep :1E61 /proc/net/tcp; true"
    )
    equal(left, b"", "what is left in the kernel")


@on_backend
def broken_sandboxes_can_be_recycled(backend: Backend) -> None:
    """A sandbox with a dead shell, a full disk, a fork bomb or a flooding job is as good as new after `recycle`."""
    with fresh(backend, disk_bytes=4 << 20, processes=48) as sandbox:
        for command in (
            "kill -9 -1; kill -9 $$",
            "set -n",
            "head -c 40M /dev/zero > full; head -c 40M /dev/zero > /tmp/full",
            "bomb() { bomb | bomb & }; bomb; sleep 1",
            "yes & yes >&2 &",
            "chmod 000 /workspace /tmp ~",
            "while exec {fd}</dev/null; do :; done 2>/dev/null",
        ):
            sandbox.run(command, 0.3)
            sandbox.recycle()
            still_works(sandbox)
            equal(
                answer(sandbox, "pwd; ls -A /workspace /tmp ~ | grep -v :"), b"/workspace\n\n\n", f"after {command!r}"
            )


@on_sandbox()
def recycling_can_be_repeated(sandbox: Sandbox) -> None:
    """Ten users one after another each find a sandbox as new."""
    for number in range(10):
        equal(answer(sandbox, f"ls -A; echo $x; x={number}; touch {number}"), b"\n", f"what user {number} finds")
        sandbox.recycle()
