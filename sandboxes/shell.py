"""The shell protocol: one bash that stays, and the channel through which the host drives it.

Inside, a supervisor (PID 1) starts the loop shell again whenever it ends. The loop shell reads commands from one
descriptor, evaluates them with their output on a second, and reports on a third:

    command   host → shell    \\x01 nonce command newline "#" nonce NUL
    output    shell → host    whatever the command prints, both streams as they come
    control   shell → host    NUL  nonce ":" exit code ":" directory NUL
                              NUL  "shell:" pid ":" NUL             a loop shell has started
                              NUL  "leaving:0:" directory NUL       it is about to end
                              NUL  "died:" exit code ":" NUL        it has ended

All three can be found and abused by what runs inside, so nothing here is evidence: a forged record ends the forger's
own step early and nothing else. Records that carry no awaited nonce are ignored, and a field that is no nonce is
skipped, so neither side can be brought out of step.
"""

from __future__ import annotations

import binascii
import os
import select
import signal
import time
from collections.abc import Iterator
from typing import Protocol

from selftrain.errors import SandboxError
from selftrain.sandboxes.base import Result
from selftrain.sandboxes.shell_state import LOAD, SAVE_BLOCK

COMMAND_FD, OUTPUT_FD, CONTROL_FD = 250, 251, 253
# below this the shell could not put its own descriptors back after a command
FEWEST_OPEN_FILES = 256
TIMEOUT_EXIT_CODE = 124

# Told that its step is over, the shell saves its state and ends: nothing of the command runs on, and its successor
# loads the state.
END_STEP_SIGNAL = signal.SIGRTMAX
# The words of `for` are settled before the command runs, so no variable of the command's can change the nonce in its
# record. The inner loop takes a stray `break` or `continue`; after `continue 99`, which leads to the head of the outer
# one, the record is made there. What does not end with its nonce has been torn and is not run. All on one line, so that
# bash numbers the lines of a command from 1 in what it complains of.
_LOOP = " ".join(
    line.strip()
    for line in r"""
trap 'builtin printf "\0leaving:0:%s\0" "$PWD" >&253' EXIT;
trap -- "$1" RTMAX; shift;
printf '\0shell:%d:\0' "$$" >&253;
while
    [[ -z $__m ]] || builtin printf '\0%s:0:%s\0' "$__m" "$PWD" >&253;
    builtin mapfile -d "" -n 1 -t -u 250 __c && [[ -v __c ]];
do
    __m=${__c:1:4};
    [[ $__c == $'\1'"$__m"*$'\n#'"$__m" ]] || { __m=; continue; };
    for __n in "" "$__m"; do
        if [[ $__n ]]; then __m=; builtin printf '\0%s:%d:%s\0' "$__n" "$__s" "$PWD" >&253; else
            for __i in 1; do builtin eval "${__c:5}" </dev/null >&251 2>&1 250<&- 251>&- 253>&-; done; __s=$?;
        fi;
    done;
done
""".splitlines()
)
# %s: opens the descriptors; ulimit options; who to become. The children are the first to go when memory runs out, and a
# host that is gone is noticed by the write that fails.
_SUPERVISOR = r"""
%s
exec </dev/null >/dev/null 2>&1
umask 022
while :; do
    (printf 500 >/proc/self/oom_score_adj; %s exec %s /bin/bash --norc --noprofile -c "$1" bash "$2")
    printf '\0died:%%d:\0' "$?" >&253 || exit
done
"""
_LONGEST_NUMBER = 9
_CHUNK = 1 << 16
_LARGEST_PIPE = 1 << 20
_CUT_LINE_BYTES = 64
_SLICE_MS = 250
_SOON_MS = 1
_AFTER_KILL_SECONDS = 0.4
_RESTART_SECONDS = 1.5
_LAST_SECONDS = 10.0


def supervisor_command(open_descriptors: str, ulimits: dict[str, int], become: str = "") -> list[str]:
    """The argv of PID 1.

    Args:
        open_descriptors: bash that opens descriptors 250 (commands), 251 (output) and 253 (control).
        ulimits: option letter of `ulimit` → value, set for everything but PID 1 itself.
        become: words before the shell's own that have it run as another user than PID 1.
    """
    limits = "".join(f"ulimit -{letter} {value}; " for letter, value in ulimits.items())
    script = _SUPERVISOR % (open_descriptors, limits, become)
    return ["/bin/bash", "--norc", "--noprofile", "-c", script, "bash", _LOOP, f"{SAVE_BLOCK}\nexit 124"]


class Processes(Protocol):
    """What the channel needs of a backend: to see and kill what runs inside."""

    def mark(self) -> object:
        """The present moment, for `kill_since`."""
        ...

    def kill_since(self, mark: object, shell_pid: int, end_step: bool) -> None:
        """Kill what was started after `mark`, except PID 1, the loop shell and what older processes started.

        With `end_step`, the loop shell is first sent `END_STEP_SIGNAL`.
        """
        ...

    def kill_shell(self, shell_pid: int) -> bytes | None:
        """Kill the loop shell (its pid is the one inside); returns the directory it was in, if that can be known."""
        ...

    def kill_all(self) -> None:
        """Kill everything but PID 1."""
        ...

    def alive(self) -> bool:
        """Whether PID 1 lives."""
        ...


class OutputKeeper:
    """Keeps the start and the end of a stream, in bounded memory.

    Args:
        limit: bytes that `render` returns at most.
    """

    __slots__ = ("_head", "_limit", "_tail", "_total")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._head = b""
        self._tail = b""
        self._total = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self._total += len(data)
        # the whole limit, because a stream that fits is not cut
        room = self._limit - len(self._head)
        self._head += data[:room]
        if len(data) > room:
            self._tail = (self._tail + data[room:])[-self._limit :] if self._limit else b""

    def render(self) -> tuple[bytes, int]:
        """What was kept, and how many bytes were cut."""
        if self._total <= self._limit:
            return self._head, 0
        half = max(0, self._limit - _CUT_LINE_BYTES) // 2
        kept = (self._head[half:] + self._tail)[-half:] if half else b""
        cut = self._total - half - len(kept)
        return self._head[:half] + b"\n[... %d bytes cut ...]\n" % cut + kept, cut


class ShellChannel:
    """The host's end of one loop shell. Not thread-safe, except for `abandon`.

    Args:
        command_fd: written; owned by the channel from here on, as are the other two.
        output_fd: read.
        control_fd: read.
        processes: sees and kills what runs inside.
        workdir: where the loop shell starts.
    """

    def __init__(self, command_fd: int, output_fd: int, control_fd: int, processes: Processes, workdir: str) -> None:
        self._command, self._output, self._control = command_fd, output_fd, control_fd
        for fd in (command_fd, output_fd, control_fd):
            os.set_blocking(fd, False)
        self._processes = processes
        self._poller = select.poll()
        self._poller.register(output_fd, select.POLLIN)
        self._poller.register(control_fd, select.POLLIN)
        self._record_poller = select.poll()
        self._record_poller.register(control_fd, select.POLLIN)
        self._nonces = _random_nonces()
        self._unparsed = b""
        self._unsent = b""
        self._directory = os.fsencode(workdir)
        self._shell_pid = 0
        self._exit_code = 0
        self._abandoned = False
        self._step = _Step(b"", 0)

    @property
    def directory(self) -> bytes:
        """Where the shell was after its last command."""
        return self._directory

    def run(self, command: str | bytes, timeout: float, output_limit: int) -> Result:
        """Run one command; see `Sandbox.run`.

        Raises:
            SandboxError: PID 1 is gone, or no shell can be had any more.
        """
        raw = command.encode("utf-8", "surrogateescape") if isinstance(command, str) else command
        self._step = step = _Step(next(self._nonces), output_limit)
        if self._record_poller.poll(0):  # a shell has ended since the last command
            self._read_control()
            if step.died is not None:
                step.died, step.before = None, True
        mark = self._processes.mark()
        if self._exit_code:
            # `$?` of the last command; where failures end the shell, there is none to restore
            raw = b"[[ $- == *e* ]] || (exit %d); %b" % (self._exit_code, raw)
        self._send(step.nonce, raw.replace(b"\0", b"") if b"\0" in raw else raw)
        # most steps are over soon, and waking up once for their record costs less than for each piece of output too
        if self._record_poller.poll(_SOON_MS):
            self._read_control()
            if step.over:
                self._drain_output()
        if step.over or self._pump(time.monotonic() + timeout):
            return step.result(False, self._directory)
        self._end_step(mark)
        return step.result(True, self._directory)

    def abandon(self) -> None:
        """Make a `run` in another thread raise soon; the channel is of no use afterwards."""
        self._abandoned = True

    def close(self) -> None:
        """Close the descriptors."""
        self._abandoned = True
        for fd in (self._command, self._output, self._control):
            os.close(fd)

    def _end_step(self, mark: object) -> None:
        """Kill what the step started, and no more than is needed to have a shell that answers."""
        self._unsent = b"\0"  # ends a command that is torn
        self._drain_output()
        self._step.interrupted = True
        self._processes.kill_since(mark, self._shell_pid, end_step=True)
        if self._pump(time.monotonic() + _AFTER_KILL_SECONDS):
            return
        if self._step.died is None:
            self._directory = self._processes.kill_shell(self._shell_pid) or self._directory
        over = self._pump(time.monotonic() + _RESTART_SECONDS)
        # what the shell started while it was to end
        self._processes.kill_since(mark, self._shell_pid, end_step=False)
        if over:
            return
        self._processes.kill_all()
        if not self._pump(time.monotonic() + _LAST_SECONDS):
            raise SandboxError("the sandbox's shell does not answer, not even after everything in it was killed")

    def _send(self, nonce: bytes, command: bytes) -> None:
        self._unsent += b"\1%b%b\n#%b\0" % (nonce, command, nonce)
        self._write()

    def _write(self) -> None:
        try:
            written = os.write(self._command, self._unsent)
        except BlockingIOError:
            written = 0
        except BrokenPipeError:
            raise SandboxError("the sandbox ended") from None
        self._unsent = self._unsent[written:]
        if self._unsent:
            self._poller.register(self._command, select.POLLOUT)

    def _pump(self, deadline: float) -> bool:
        """Move bytes until the step is over (True) or the time is (False)."""
        step = self._step
        while not step.over:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            # in slices, because closing from another thread wakes nobody where the control pipe is held open by us
            ready = self._poller.poll(min(left * 1000, _SLICE_MS))
            if not ready and not self._processes.alive():
                raise SandboxError("the sandbox ended")
            if self._abandoned:
                raise SandboxError("the sandbox was closed while a command ran")
            self._serve(ready)
        return True

    def _serve(self, ready: list[tuple[int, int]]) -> None:
        for fd, _event in ready:
            if fd == self._control:
                self._read_control()
            elif fd == self._output:
                self._read_output()
            else:
                self._write()
                if not self._unsent:
                    self._poller.unregister(self._command)
        if self._step.over:
            self._drain_output()

    def _read_output(self) -> int:
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return 0
        if not self._step.interrupted:  # what comes of killing is no output of the command's
            self._step.output.add(data)
        return len(data)

    def _drain_output(self) -> None:
        """Take what is in the pipe at this moment, so that a job which goes on writing cannot hold the step."""
        # a read takes all of a pipe of the usual size; inside it may have been made larger, up to the kernel's bound
        for _ in range(_LARGEST_PIPE // _CHUNK):
            if self._read_output() < _CHUNK:
                return

    def _read_control(self) -> None:
        try:
            data = os.read(self._control, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            raise SandboxError("the sandbox ended")
        *records, self._unparsed = (self._unparsed + data).split(b"\0")
        # longer than any record: a flood without an end
        if len(self._unparsed) > _CHUNK:
            self._unparsed = b""
        for record in records:
            if record:
                self._take_record(record)

    def _take_record(self, record: bytes) -> None:
        name, _, rest = record.partition(b":")
        number, _, directory = rest.partition(b":")
        if not number.isdigit() or len(number) > _LONGEST_NUMBER:
            return
        step = self._step
        if name == step.nonce:
            if step.interrupted:  # it has been told to end, and will
                return
            step.exit_code = self._exit_code = int(number)
            self._directory = directory
        elif name in step.sync_nonces:
            step.restored |= step.interrupted and int(number) == 0
            if name == step.sync_nonces[-1]:  # the shell of the last death, so it lives
                step.exit_code = step.died
        elif name == b"leaving":
            self._directory = directory
        elif name == b"shell":
            self._shell_pid = int(number)
        elif name == b"died":
            self._after_death(int(number))

    def _after_death(self, code: int) -> None:
        """Have the next loop shell go to the directory of the last one and say that it is there.

        If that answer comes without one to the step's command, the command went down with the shell.
        """
        step = self._step
        step.died = code
        step.sync_nonces.append(next(self._nonces))
        self._exit_code = 0
        self._unsent += b"\0"  # ends a command that is torn
        quoted = b"'%b'" % self._directory.replace(b"'", b"'\\''")
        load = LOAD if step.interrupted else ":"
        # a directory that it is in already is not entered again, which would set OLDPWD
        go = b"[[ $PWD == %b ]] || builtin cd -- %b 2>/dev/null" % (quoted, quoted)
        self._send(step.sync_nonces[-1], b"%b\n%b" % (go, load.encode()))


class _Step:
    """One command under way."""

    __slots__ = ("before", "died", "exit_code", "interrupted", "nonce", "output", "restored", "sync_nonces")

    def __init__(self, nonce: bytes, output_limit: int) -> None:
        self.nonce = nonce
        self.sync_nonces: list[bytes] = []
        self.output = OutputKeeper(output_limit)
        self.exit_code: int | None = None
        self.died: int | None = None
        self.before = False
        self.interrupted = False
        self.restored = False

    @property
    def over(self) -> bool:
        return self.exit_code is not None

    def result(self, timed_out: bool, directory: bytes) -> Result:
        output, truncated = self.output.render()
        code = TIMEOUT_EXIT_CODE if timed_out else self.exit_code
        assert code is not None
        restarted = self.before or (self.died is not None and not self.restored)
        return Result(output, code, truncated, timed_out, restarted, directory)


def _random_nonces() -> Iterator[bytes]:
    while True:
        text = binascii.b2a_base64(os.urandom(3 * 256), newline=False)
        yield from (text[start : start + 4] for start in range(0, len(text), 4))
