"""A program that stays inside a sandbox and is asked again and again, through nothing but the sandbox's `run`.

The program reads questions on standard input. What it prints on standard output goes where the output of every command
goes; on descriptor 3 it says when an answer is over, with a line that begins with a mark which only this question had.
Each question is one command of the shell:

    shell    → program    the question, through a fifo
    program  → host       whatever it prints, as it comes, within the sandbox's limit of output
    program  → shell      lines on descriptor 3, through a second fifo, until the one that ends the answer
    shell    → host       a seal that the program has not seen, how the answer ended, those lines

The program runs as the sandbox's user and may forge all of it, so an answer is something to show and never evidence.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from selftrain.errors import SandboxError
from selftrain.sandboxes import Sandbox

_FOLDER = "/tmp/.console"
_GRACE_SECONDS = 2.0
_SHELL_SECONDS = 5.0
_START_SECONDS = 10.0
_SAID_BYTES = 24 * 1024
# Job control gives the program a process group of its own, which is what an interrupt goes to, and leaves SIGINT be.
# The fifos are opened before it is forked, so that nobody finds them without it.
_START = """
umask 077; mkdir -p {folder} && mkfifo {folder}/{name}.in {folder}/{name}.said && (
    set -m; exec 8<>{folder}/{name}.in 9<>{folder}/{name}.said
    0<&8 3<&9 8<&- 9<&- {command} & printf '%s' $! >{folder}/{name}.pid)
"""
# A fifo opened for both never blocks, and once it is closed the program holds the only other end: its death is seen.
_ASK = """(
LC_ALL=C; trap '' PIPE; read -r pid <{folder}/{name}.pid; said=; how=over
exec 7<>{folder}/{name}.in 8>{folder}/{name}.in 9<>{folder}/{name}.said 6<{folder}/{name}.said 7>&- 9>&-
printf %s {question} 2>/dev/null >&8
deadline=$((${{EPOCHREALTIME/./}} + {microseconds}))
while :; do
    left=$((deadline - ${{EPOCHREALTIME/./}})); ((left > 0)) || left=1
    printf -v left '%d.%06d' $((left / 1000000)) $((left % 1000000))
    IFS= read -r -u 6 -t "$left" line; code=$?
    [[ $line != {ending}* ]] || break
    ((${{#said}} > {said_bytes})) || said+=$line
    ((code != 0)) || said+=$'\\n'
    ((code == 0 || code > 128)) || {{ how=ended; break; }}
    ((${{EPOCHREALTIME/./}} >= deadline)) || continue
    [[ $how == over ]] || {{ how=stuck; break; }}
    how=interrupted; deadline=$((${{EPOCHREALTIME/./}} + {grace}))
    kill -INT -- -"$pid"; printf %s {reminder} 2>/dev/null >&8
done
printf '%s %s\\n%s' {seal} "$how" "$said")"""
_KILL = "read -r pid <{folder}/{name}.pid && kill -KILL -- -$pid 2>/dev/null; rm -f {folder}/{name}.*"


@dataclass(frozen=True)
class Program:
    """What a console runs, and how it is spoken to.

    Attributes:
        command: a simple command of bash that starts it; it reads standard input and says the end on descriptor 3.
        question: text and mark → what is written to it.
        ending: mark → how the line on descriptor 3 begins that ends an answer.
        reminder: mark → what is written after an interruption, for a program that forgets what it has not yet read.
    """

    command: str
    question: Callable[[str, str], str]
    ending: Callable[[str], str]
    reminder: Callable[[str], str] = lambda mark: ""


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        output: what the program printed; where it was too much, a line in the middle says what was cut.
        said: what else came on descriptor 3, from its start.
        timed_out: it was interrupted because its time was up.
        ended: it has ended, or had to be killed; the next question starts it again, without a memory.
        truncated: bytes that were cut from `output`, 0 when it is whole.
    """

    output: str
    said: str = ""
    timed_out: bool = False
    ended: bool = False
    truncated: int = 0


class Console:
    """One program in one sandbox, started when it is first asked.

    Args:
        sandbox: where it runs; other commands may run there too, between the questions.
        program: what runs.
    """

    def __init__(self, sandbox: Sandbox, program: Program) -> None:
        self._sandbox, self._program = sandbox, program
        self._name = ""
        self._last_mark = ""

    def ask(self, text: str, seconds: float) -> Reply:
        """Ask and wait for the answer; at `seconds` the program is interrupted, and killed if that is no help.

        Raises:
            SandboxError: the sandbox failed.
        """
        if not self._name:
            self._start()
        mark, seal = f"q{secrets.token_hex(8)}", secrets.token_hex(8)
        stale, self._last_mark = self._last_mark, mark
        result = self._sandbox.run(self._command(text, mark, seal, seconds), seconds + _GRACE_SECONDS + _SHELL_SECONDS)
        output, sealed, rest = result.output.decode("utf-8", "replace").partition(f"{seal} ")
        how, _, said = rest.partition("\n")
        # what follows the end of an answer is read with the next one
        said = said.rpartition(stale)[2] if stale else said
        if sealed and how in ("over", "interrupted"):
            return Reply(output, said, timed_out=how == "interrupted", truncated=result.truncated)
        self.close()
        timed_out = how == "stuck" or result.timed_out
        return Reply(output, said, timed_out, ended=True, truncated=result.truncated)

    def close(self) -> None:
        """Kill the program. The next question starts another."""
        if self._name:
            self._sandbox.run(_KILL.format(folder=_FOLDER, name=self._name), _SHELL_SECONDS)
        self._name = self._last_mark = ""

    def _start(self) -> None:
        name = secrets.token_hex(4)
        command = _START.format(folder=_FOLDER, name=name, command=self._program.command)
        result = self._sandbox.run(command, _START_SECONDS)
        if result.exit_code:
            said = result.output.decode("utf-8", "replace").strip()
            raise SandboxError(f"a program could not be started in the sandbox: {said or result.exit_code}")
        self._name = name

    def _command(self, text: str, mark: str, seal: str, seconds: float) -> str:
        program = self._program
        return _ASK.format(
            folder=_FOLDER,
            name=self._name,
            question=shlex.quote(program.question(text.replace("\0", ""), mark)),
            ending=shlex.quote(program.ending(mark)),
            reminder=shlex.quote(program.reminder(mark)),
            seal=seal,
            microseconds=int(seconds * 1e6),
            grace=int(_GRACE_SECONDS * 1e6),
            said_bytes=min(_SAID_BYTES, self._sandbox.spec.limits.output_bytes // 3),
        )
