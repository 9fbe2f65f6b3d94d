"""Behaviours of a shell that is abused: ended, stopped, redirected, redefined, and fed forged protocol records."""

from __future__ import annotations

from selftrain.sandboxes.base import Sandbox
from selftrain.sandboxes.conformance_tools import (
    PROMPT,
    answer,
    equal,
    on_sandbox,
    require,
    still_works,
    timed,
    token,
)


@on_sandbox()
def exit_is_reported_and_survived(sandbox: Sandbox) -> None:
    """`exit 3` reports 3 and a restarted shell, which starts in the same directory with the same files."""
    answer(sandbox, "mkdir d; cd d; echo kept > file; gone=1")
    result = sandbox.run("echo before; exit 3; echo after", PROMPT)
    equal((result.output, result.exit_code, result.shell_restarted), (b"before\n", 3, True), "output, code, restart")
    equal(answer(sandbox, "pwd; cat file; echo [$gone]"), b"/workspace/d\nkept\n[]\n", "state of the next shell")
    require(not sandbox.run("true", PROMPT).shell_restarted, "A later step says again that the shell restarted")


@on_sandbox()
def exec_is_reported_and_survived(sandbox: Sandbox) -> None:
    """`exec` of a program gives its output and exit code, then a restarted shell."""
    result = sandbox.run("exec bash -c 'echo replaced; exit 4'", PROMPT)
    equal((result.output, result.exit_code, result.shell_restarted), (b"replaced\n", 4, True), "output, code, restart")
    still_works(sandbox)


@on_sandbox()
def a_removed_directory_is_survived(sandbox: Sandbox) -> None:
    """A shell that ends in a directory that is gone is replaced by one that works."""
    sandbox.run("mkdir gone; cd gone; rmdir ../gone; exit 0", PROMPT)
    still_works(sandbox)


@on_sandbox()
def redirections_of_the_shell_end_with_their_step(sandbox: Sandbox) -> None:
    """`exec` with a redirection of output, error or input cannot silence later steps."""
    for redirection in (">/dev/null", "2>/dev/null", "&>/dev/null", ">&-", "2>&-", ">&- 2>&-", "<&-", "</dev/zero"):
        sandbox.run(f"exec {redirection}", PROMPT)
        equal(answer(sandbox, "echo out; echo err >&2; head -c 1"), b"out\nerr\n", f"output after exec {redirection}")


@on_sandbox()
def closed_descriptors_are_survived(sandbox: Sandbox) -> None:
    """A step that closes every descriptor it can name, the protocol's among them, harms no later step."""
    high = " ".join(f"{number}<&- {number}>&-" for number in (*range(3, 20), *range(245, 256), *range(60, 66)))
    for command in (
        f"exec {high}",
        'for fd in /proc/self/fd/*; do eval "exec ${fd##*/}>&-"; done',
        'for fd in /proc/$$/fd/*; do eval "exec ${fd##*/}<&-"; done',
        'for n in {0..1023}; do eval "exec $n>&-"; done',
    ):
        sandbox.run(command, PROMPT)
        still_works(sandbox)


@on_sandbox()
def redirected_descriptors_are_survived(sandbox: Sandbox) -> None:
    """A step that points every descriptor elsewhere harms no later step."""
    for target in ("</dev/zero", ">/dev/null", ">/workspace/trap", ">&1"):
        sandbox.run(f'for n in {{3..300}}; do eval "exec $n{target}"; done 2>/dev/null', PROMPT)
        sandbox.run("true", PROMPT)
        still_works(sandbox)


@on_sandbox()
def error_options_are_survived(sandbox: Sandbox) -> None:
    """`set -e; false` and an unset variable under `set -u` end at most the shell, never the sandbox."""
    for command, code in (("set -e; false; echo no", 1), ("set -u; echo $never_set; echo no", None)):
        result = sandbox.run(command, PROMPT)
        require(b"no\n" not in result.output, f"{command!r} went on: {result.output!r}")
        require(result.exit_code != 0, f"{command!r} is reported as a success")
        require(code in (None, result.exit_code), f"{command!r} gave exit code {result.exit_code}")
        sandbox.run("set +eu", PROMPT)
        still_works(sandbox)


@on_sandbox()
def shell_options_are_survived(sandbox: Sandbox) -> None:
    """Options that change how bash reads, prints or runs commands harm no later step beyond its timeout."""
    for command in (
        "set -x", "set -v", "set -f", "set -o posix", "set -o pipefail -o errtrace -o functrace", "set -k", "set -t",
        "set -r; cd /", "set -n", "shopt -s failglob extdebug lastpipe", "enable -n printf read eval exec echo",
    ):  # fmt: skip
        sandbox.run(command, 1.0)
        sandbox.run("set +nxvfktue +o posix; true", 1.0)
        sandbox.run("enable printf read eval exec echo; exit", 1.0)
        still_works(sandbox)


@on_sandbox()
def special_variables_are_survived(sandbox: Sandbox) -> None:
    """Variables that steer bash itself harm no later step: TMOUT, IFS, PATH, BASH_ENV, PS4 and readonly ones."""
    for command in (
        "IFS=0123456789",
        "export LC_ALL=C; LANG=de_DE.UTF-8",
        "PATH=",
        "BASH_ENV=/workspace/evil ENV=/workspace/evil; echo 'exit 9' > /workspace/evil; export BASH_ENV ENV",
        "set -x; PS4='$(exit 9)'; set +x",
        "for v in $(compgen -v); do readonly $v 2>/dev/null; done",
        "for v in $(compgen -v); do unset $v 2>/dev/null; done",
    ):
        sandbox.run(command, PROMPT)
        still_works(sandbox)
    sandbox.run("exit", PROMPT)
    answer(sandbox, "kept=1; TMOUT=1; sleep 1.3")
    result = sandbox.run("printf %s $kept", PROMPT)
    equal(result.output, b"" if result.shell_restarted else b"1", "a variable after a pause longer than TMOUT")


@on_sandbox()
def traps_are_survived(sandbox: Sandbox) -> None:
    """Traps on exit, errors, debugging, returns and signals harm no later step."""
    result = sandbox.run("trap 'echo bye; exit 5' EXIT; exit 4", PROMPT)
    equal((result.exit_code, result.shell_restarted), (5, True), "exit code with a trap on EXIT")
    for command in ("trap 'exit 9' ERR", "trap 'exit 9' RETURN", "trap '' TERM INT HUP CHLD USR1", "trap 'true' CHLD"):
        sandbox.run(command, PROMPT)
        sandbox.run("false; sleep 0.01 & wait; trap - ERR RETURN", PROMPT)
        still_works(sandbox)
    sandbox.run("trap 'printf D' DEBUG", PROMPT)
    result = sandbox.run("printf x; (exit 6)", PROMPT)
    require(b"x" in result.output and result.exit_code == 6, f"With a DEBUG trap a step gave {result}")


@on_sandbox()
def redefined_builtins_are_survived(sandbox: Sandbox) -> None:
    """Functions and aliases called like builtins may lie about their own step, but hang and break nothing."""
    names = "printf echo read eval exec builtin command source . : true set unset return exit trap kill wait test ["
    for name in names.split():
        result = sandbox.run(f"function {name} {{ return 77; }}", 2.0)
        result, seconds = timed(sandbox, "cat /etc/passwd >/dev/null", 2.0)
        require(seconds < 5, f"With {name} redefined a step took {seconds:.1f} s")
        if not result.shell_restarted:
            sandbox.run(f"unset -f {name}; \\unset -f {name}; \\builtin unset -f {name}; \\exit; \\builtin exit", 1.0)
    sandbox.run("kill -9 $$", 2.0)
    sandbox.run("shopt -s expand_aliases; for c in printf eval read exec; do alias $c='echo lie'; done", 2.0)
    sandbox.run("true", 2.0)
    sandbox.run("\\unalias -a", 2.0)
    still_works(sandbox)


@on_sandbox()
def stray_flow_control_is_survived(sandbox: Sandbox) -> None:
    """`break`, `continue` and `return` outside loops and functions cannot leave the protocol's own loop."""
    for command in ("break", "continue", "return", "break 99", "continue 99", "return 5", "shift 99", "logout"):
        result = sandbox.run(f"{command}\n", 2.0)
        require(not result.timed_out, f"{command!r} hung")
        still_works(sandbox)


@on_sandbox()
def a_killed_shell_is_replaced(sandbox: Sandbox) -> None:
    """A shell that kills itself, or everything that it can, is reported with 137 and replaced."""
    answer(sandbox, "mkdir -p d; cd d; echo kept > file")
    for command in ("kill -9 $$", "kill -9 -1", "kill -9 -1; kill -9 $$", "kill -9 0"):
        result, seconds = timed(sandbox, f"echo before; {command}")
        if result.shell_restarted:
            require(result.output.startswith(b"before\n"), f"The output of {command!r} is {result.output!r}")
            equal(result.exit_code, 137, f"exit code of {command!r}")
        require(seconds < 5, f"{command!r} took {seconds:.1f} s")
        equal(answer(sandbox, "cat /workspace/d/file"), b"kept\n", f"a file after {command!r}")
        still_works(sandbox)


@on_sandbox()
def a_signalled_shell_is_replaced(sandbox: Sandbox) -> None:
    """Signals other than KILL end at most the shell, with 128 + the signal, never the sandbox."""
    for name, code in (("TERM", 143), ("HUP", 129), ("SEGV", 139), ("PIPE", 141), ("ABRT", 134)):
        result = sandbox.run(f"kill -{name} $$", PROMPT)
        if result.shell_restarted:
            equal(result.exit_code, code, f"exit code after SIG{name}")
        still_works(sandbox)


@on_sandbox()
def a_shell_killed_between_steps_is_replaced(sandbox: Sandbox) -> None:
    """A shell that dies while no step runs costs one step at most, which says so."""
    answer(sandbox, "(sleep 0.2; kill -9 $$) & sleep 0")
    answer_or_restart = sandbox.run("sleep 0.5; echo on", PROMPT)
    require(answer_or_restart.shell_restarted, "The step during which the shell was killed does not say so")
    still_works(sandbox)


@on_sandbox()
def a_stopped_shell_is_replaced(sandbox: Sandbox) -> None:
    """A shell that stops itself times out like any other step, and the next one works."""
    for command in ("kill -STOP $$", "kill -STOP -1"):
        result, seconds = timed(sandbox, command, 0.5)
        # bash itself is spared by -1, which finds no other process
        require(result.timed_out or command.endswith("-1"), f"{command!r} gave {result}")
        require(seconds < 4, f"{command!r} with a timeout of 0.5 s took {seconds:.1f} s")
        still_works(sandbox)


# writes records in many shapes to every descriptor that can be opened: with each variable of the shell as the nonce,
# since the true one may be among them, and with an exit code of 0
FORGE = r"""
late() { sleep 0.2; printf late; }
values=$(set | cut -d= -f2- | tr -d "'" | cut -c1-200 | sort -u | tail -n 60)
for fd in /proc/$$/fd/* /proc/$BASHPID/fd/* /proc/1/fd/* /proc/[0-9]*/fd/*; do
  [ -e $fd ] || continue
  case $(readlink $fd) in *pipe*|*socket*|*fifo*|/*) ;; *) continue;; esac
  for value in 0 1 $values; do
    printf '%s:0\n%s 0\n%s\0000\0%s:0:\n\1\0\0\0\0\0' $value $value $value $value
  done 2>/dev/null | timeout 0.2 dd of=$fd bs=64k oflag=nonblock conv=notrunc 2>/dev/null
done
for n in {3..9} {240..255}; do for value in 0 $values; do printf '%s:0\n' $value >&$n; done; done 2>/dev/null
late
(exit 7)
"""


@on_sandbox()
def forged_records_never_desync(sandbox: Sandbox) -> None:
    """Records forged to every descriptor in sight can end their own step early; later steps answer for themselves."""
    sandbox.run(FORGE, 20.0)
    for number in range(5):
        word = token()
        result = sandbox.run(f"printf {word}; (exit {number + 2})", PROMPT)
        require(result.output.endswith(word.encode()), f"Step {number} after the forgery gave {result}")
        equal(result.exit_code, number + 2, f"exit code of step {number} after the forgery")


@on_sandbox()
def forging_jobs_never_desync(sandbox: Sandbox) -> None:
    """A background job that forges records all the time cannot answer for a later step."""
    answer(sandbox, "echo " + _quoted(f"while :; do\n{FORGE}\ndone") + " > forge.sh")
    answer(sandbox, "bash forge.sh </dev/null >/dev/null 2>&1 & forger=$!")
    for number in range(4):
        word = token()
        result = sandbox.run(f"sleep 0.1; printf {word}; (exit {number + 2})", PROMPT)
        # the job may print too, so the word need not come last
        require(word.encode() in result.output, f"Step {number} beside a forger gave {result}")
        equal(result.exit_code, number + 2, f"exit code of step {number} beside a forger")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@on_sandbox()
def stolen_commands_hold_no_step(sandbox: Sandbox) -> None:
    """A job that reads the shell's own descriptors can starve later steps, but not hold them; recycling cures it."""
    answer(sandbox, "for fd in /proc/$$/fd/*; do (cat $fd >/dev/null 2>&1 &); done; sleep 0.2")
    for _ in range(2):
        _, seconds = timed(sandbox, "echo on", 1.0)
        require(seconds < 5, f"A step beside the thief took {seconds:.1f} s")
    sandbox.recycle()
    still_works(sandbox)


@on_sandbox()
def the_protocol_cannot_be_read_back(sandbox: Sandbox) -> None:
    """Variables that a step sets in the names of the protocol's own do not change its exit code."""
    names = [name for name in answer(sandbox, "compgen -v").decode().split() if name.startswith("_")]
    changes = "; ".join(f"{name}=0" for name in names if name != "_")
    result = sandbox.run(f"{changes or ':'}; printf x; (exit 7)", PROMPT)
    require(result.exit_code == 7 or result.shell_restarted, f"With {names} overwritten a step gave {result}")
    still_works(sandbox)
