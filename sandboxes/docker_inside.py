"""What runs as root inside a docker sandbox, and how the host talks to it.

PID 1 supervises the agent's shell (see `shell`). Beside it runs a helper, a bash loop that the agent can neither signal
nor trace, which kills, lists, packs and unpacks on the host's request. Everything it starts comes from the image's
read-only system, and it stops every other process before it touches files, so nothing can be swapped under it.

    requests   host → helper   nonce NUL  bash text NUL  bytes that the text reads
    answers    helper → host   what the text prints, then NUL nonce ":" exit code NUL
"""

from __future__ import annotations

import os
import re
import secrets
import select
import shlex
import threading
import time
from collections.abc import Callable

from selftrain.errors import SandboxError
from selftrain.sandboxes.shell import END_STEP_SIGNAL

PIPES_FOLDER = "/run/selftrain"
PIPES = {"command": 250, "output": 251, "control": 253, "requests": 246, "answers": 247}
REQUEST_SECONDS = 30.0
_CHUNK = 1 << 20
_SLICE_MS = 250
_TRAILER_BYTES = 40
_TICKS = os.sysconf("SC_CLK_TCK")

# %(most)d: the limit on processes, of which reading and writing files takes a few
HELPER = r"""
export LC_ALL=C PATH=/usr/bin:/bin:/usr/sbin:/sbin
cd /
freeze() {
    kill -STOP -1
    local tasks=(/proc/[0-9]*/task/*)
    (( ${#tasks[@]} + 4 <= %(most)d )) || return 11
}
thaw() { kill -CONT -1; true; }
kill_all() { kill -KILL -1; true; }
# $1: clock ticks since boot; $2: pid of the loop shell, or 0; $3: signal for it. Children of PID 1 have lost their own
# parents.
kill_since() {
    local signal=$3 folder line pid top victims=()
    local -A parent=() young=()
    kill -STOP -1
    for folder in /proc/[0-9]*; do
        line=
        IFS= read -r -d '' line <"$folder/stat"
        [[ $line ]] || continue
        pid=${folder##*/}
        set -- "$1" "$2" ${line##*') '}
        parent[$pid]=$4
        (( ${22} < $1 )) || young[$pid]=1
    done
    for pid in "${!parent[@]}"; do
        top=$pid
        while [[ ${parent[$top]-0} != [01] && ${parent[$top]-0} != "$2" ]]; do top=${parent[$top]}; done
        [[ $top == 1 || $top == "$2" || $top == "$BASHPID" || ! ${young[$top]-} ]] || victims+=("$pid")
    done
    (( ${#victims[@]} == 0 )) || kill -KILL "${victims[@]}"
    (( $2 == 0 || signal == 0 )) || kill -"$signal" "$2"
    kill -CONT -1
    true
}
# the exit codes are error numbers; the last argument is the path, those before it the folders that lead to it
look() {
    local last=${@: -1} place
    for place in "${@:1:$#-1}"; do
        [[ ! -L $place ]] || return 40
        [[ -d $place || ! -e $place ]] || return 20
    done
    [[ ! -L $last ]] || return 40
    [[ -e $last ]] || return 2
    [[ ! -d $last ]] || return 21
    [[ -f $last ]] || return 22
}
# $1: user id; the rest: folders
empty() {
    setpriv --reuid="$1" ipcrm --all
    shift
    find "$@" /dev/shm /dev/mqueue -xdev -mindepth 1 -depth -delete
}
while IFS= read -r -d '' -u 246 nonce && IFS= read -r -d '' -u 246 text; do
    eval "$text" >&247 2>&1 </dev/null
    printf '\0%%s:%%d\0' "$nonce" "$?" >&247
done
"""


def open_descriptors(processes: int) -> str:
    """Bash with which PID 1 opens its pipes and starts the helper, again whenever it has ended."""
    pipes = " ".join(f"{number}<>{PIPES_FOLDER}/{name}" for name, number in PIPES.items())
    helper = shlex.quote(HELPER % {"most": processes})
    return f"""
unset HOSTNAME
exec {pipes} </dev/null
start_helper() {{
    exec /bin/bash --norc --noprofile -c {helper} helper 2>/dev/null 250<&- 251>&- 253>&-
}}
start_helper &
helper=$!
trap '[[ -d /proc/$helper ]] || {{ start_helper & helper=$!; }}' CHLD
"""


def become(user_id: int) -> str:
    """Bash words between `exec` and a program that make it the user's, without any privilege."""
    return (
        f"246<&- 247>&- setpriv --reuid={user_id} --regid={user_id} --clear-groups "
        "--inh-caps=-all --bounding-set=-all --no-new-privs"
    )


class Helper:
    """The host's end of the helper.

    Args:
        requests_fd: written; owned by this from here on, as is the other.
        answers_fd: read.
        alive: whether PID 1 lives.
    """

    def __init__(self, requests_fd: int, answers_fd: int, alive: Callable[[], bool]) -> None:
        self._requests, self._answers, self._alive = requests_fd, answers_fd, alive
        self._lock = threading.Lock()
        self._lost = False

    def close(self) -> None:
        """Close the descriptors."""
        self._lost = True
        with self._lock:
            os.close(self._requests)
            os.close(self._answers)

    def ask(self, text: str, payload: bytes = b"", seconds: float = REQUEST_SECONDS) -> tuple[int, bytes]:
        """Have the helper evaluate `text`; returns its exit code and what it printed.

        Raises:
            SandboxError: no answer comes in time.
        """
        # begins with a letter, because bash takes digits after "\\0" for an octal number
        nonce = b"n" + secrets.token_hex(8).encode()
        message = b"%b\0%b\0%b" % (nonce, text.encode("utf-8", "surrogateescape"), payload)
        with self._lock:
            if self._lost:
                raise SandboxError("the sandbox ended")
            try:
                return self._exchange(message, nonce, time.monotonic() + seconds)
            except BaseException:
                # what is left of this exchange would be taken for the next one's
                self._lost = True
                raise

    def call(self, *words: str | int, payload: bytes = b"") -> bytes:
        """Like `ask` for one command given as words; a failure raises OSError with the exit code as error number."""
        code, said = self.ask(shlex.join(map(str, words)), payload)
        if code:
            raise OSError(code, os.strerror(code))
        return said

    def _exchange(self, message: bytes, nonce: bytes, deadline: float) -> tuple[int, bytes]:
        trailer = re.compile(rb"\0%b:([0-9]{1,3})\0\Z" % nonce)
        unsent, chunks, tail = memoryview(message), [], b""
        poller = select.poll()
        poller.register(self._answers, select.POLLIN)
        poller.register(self._requests, select.POLLOUT)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise SandboxError("the sandbox's helper does not answer")
            ready = dict(poller.poll(min(left * 1000, _SLICE_MS)))
            if not ready and (self._lost or not self._alive()):
                raise SandboxError("the sandbox ended")
            if self._requests in ready:
                unsent = unsent[os.write(self._requests, unsent[: 1 << 16]) :]
                if not unsent:
                    poller.unregister(self._requests)
            if self._answers in ready:
                chunks.append(os.read(self._answers, _CHUNK))
                tail = (tail + chunks[-1])[-_TRAILER_BYTES:]
                if found := trailer.search(tail):
                    return int(found[1]), b"".join(chunks)[: -len(found[0])]


class HelperProcesses:
    """The processes of one docker sandbox, for its shell channel (see `shell.Processes`)."""

    def __init__(self, helper: Helper, alive: Callable[[], bool]) -> None:
        self._helper = helper
        self.alive = alive

    def mark(self) -> object:
        """This moment in clock ticks since boot, as the kernel dates processes."""
        return int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS)

    def kill_since(self, mark: object, shell_pid: int, end_step: bool) -> None:
        """Kill what a step has started; what began within its first tick counts as the step's."""
        signal = int(END_STEP_SIGNAL) if end_step and shell_pid else 0
        self._helper.ask(f"kill_since {mark} {shell_pid} {signal}")

    def kill_shell(self, shell_pid: int) -> bytes | None:
        """Kill the loop shell. Nobody without further privileges may ask where it was."""
        if shell_pid:
            self._helper.ask(f"kill -KILL {shell_pid}")
        return None

    def kill_all(self) -> None:
        """Kill everything but PID 1 and the helper."""
        self._helper.ask("kill_all")
