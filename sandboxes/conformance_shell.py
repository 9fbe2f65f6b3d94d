"""Behaviours of the shell: what lives on between steps, and output and exit codes that are exact."""

from __future__ import annotations

from selftrain.sandboxes.base import Backend, Sandbox
from selftrain.sandboxes.conformance_tools import (
    PROMPT,
    alive,
    answer,
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


@on_sandbox(writable=("/workspace", "/data"))
def starts_in_the_first_writable_folder(sandbox: Sandbox) -> None:
    """The shell starts in the first writable folder, and every writable folder can be written to."""
    equal(answer(sandbox, "pwd"), b"/workspace\n", "starting directory")
    for folder in sandbox.spec.writable_folders:
        answer(sandbox, f"echo x > {folder}/probe && rm {folder}/probe")


@on_sandbox()
def directory_persists(sandbox: Sandbox) -> None:
    """A changed directory lives on to the next step."""
    answer(sandbox, "mkdir -p 'a b/c' && cd 'a b/c'")
    equal(answer(sandbox, "pwd"), b"/workspace/a b/c\n", "directory")


@on_sandbox()
def variables_persist(sandbox: Sandbox) -> None:
    """Plain and exported variables, arrays and positional parameters live on."""
    answer(sandbox, "plain='a  b'; export shared=$'x\\ny'; list=(1 '2 3'); set -- p 'q r'")
    equal(answer(sandbox, 'printf "%s|" "$plain" "${list[@]}" "$@"'), b"a  b|1|2 3|p|q r|", "variables")
    equal(answer(sandbox, "bash -c 'printf %s \"$shared$plain\"'"), b"x\ny", "exported variable in a child")


@on_sandbox()
def functions_aliases_and_options_persist(sandbox: Sandbox) -> None:
    """Functions, aliases, shell options and the umask live on."""
    answer(sandbox, "greet() { echo hello $1; }; shopt -s expand_aliases nullglob; alias hey='echo hey'; umask 027")
    equal(answer(sandbox, "greet you; hey; echo *.none; umask"), b"hello you\nhey\n\n0027\n", "shell state")


@on_sandbox()
def background_jobs_persist(sandbox: Sandbox) -> None:
    """A background job lives on, and a later step can wait for it and learn its exit code."""
    answer(sandbox, "mkfifo gate; (read line < gate; exit 7) & job=$!")
    answer(sandbox, "kill -0 $job; jobs | grep -q Running")
    result = sandbox.run("echo go > gate; wait $job", PROMPT)
    equal(result.exit_code, 7, "exit code of the job")


@on_sandbox(env={"GREETING": "zwei Wörter $HOME"})
def environment_is_the_specs(sandbox: Sandbox) -> None:
    """The environment holds the promised variables and the spec's, and nothing else."""
    names = {line.partition(b"=")[0].decode() for line in answer(sandbox, "env -0").split(b"\0") if line}
    promised = {"PATH", "HOME", "USER", "LANG", "TZ", "TERM", "GREETING"}
    require(promised <= names, f"These variables are missing: {sorted(promised - names)}")
    # bash itself exports these; docker sets the host name
    extra = names - promised - {"PWD", "OLDPWD", "SHLVL", "_", "HOSTNAME"}
    require(not extra, f"The environment holds variables that the spec does not name: {sorted(extra)}")
    equal(answer(sandbox, 'printf %s "$GREETING"').decode(), "zwei Wörter $HOME", "variable of the spec")
    equal(answer(sandbox, 'printf "%s %s" "$HOME" "$PATH"').split()[0], b"/home/agent", "home folder")


@on_backend
def user_is_the_specs(backend: Backend) -> None:
    """The shell runs as uid 1000, or as uid 0 when the spec says root, and owns the writable folders."""
    for user, uid in (("agent", b"1000"), ("root", b"0")):
        with fresh(backend, user=user, files={"/workspace/given": b""}) as sandbox:
            equal(answer(sandbox, "id -u").strip(), uid, f"uid of {user}")
            owners = answer(sandbox, "stat -c %u /workspace /workspace/given /tmp $HOME").split()
            require(set(owners[:2]) == {uid}, f"Files of the sandbox of {user} belong to {owners[:2]}")


@on_sandbox()
def exit_codes_are_bashs(sandbox: Sandbox) -> None:
    """Exit codes are what bash reports, for builtins, programs, missing commands and signals."""
    cases = {
        "true": 0,
        "false": 1,
        "(exit 200)": 200,
        "no-such-command": 127,
        "/etc/passwd": 126,
        "bash -c 'kill -9 $$'": 137,
        "bash -c 'kill -TERM $$'": 143,
        "false | true": 0,
        "! true": 1,
    }
    for command, code in cases.items():
        result = sandbox.run(command, PROMPT)
        equal((result.exit_code, result.timed_out), (code, False), f"exit code of {command!r} ({result.output!r})")


@on_sandbox()
def last_exit_code_persists(sandbox: Sandbox) -> None:
    """`$?` at the start of a step is the exit code of the step before."""
    sandbox.run("(exit 9)", PROMPT)
    equal(answer(sandbox, "echo $?"), b"9\n", "$?")


@on_sandbox()
def exit_code_and_output_are_apart(sandbox: Sandbox) -> None:
    """What a command prints cannot become its exit code."""
    for text in ("0", "0\\n", "\\0", "exit code: 0\\n", "\\0000\\0", ":0\\n"):
        result = sandbox.run(f"printf '{text}'; (exit 7)", PROMPT)
        equal(result.exit_code, 7, f"exit code after printing {text!r}")


@on_sandbox()
def output_keeps_its_order(sandbox: Sandbox) -> None:
    """Standard output and error come back in the order in which they were written."""
    answer(sandbox, "say() { echo $1; echo $1 >&2; }")
    wanted = b"".join(b"%d\n%d\n" % (number, number) for number in range(50))
    equal(answer(sandbox, "for i in {0..49}; do say $i; done"), wanted, "output")


@on_sandbox()
def output_is_exact_at_its_ends(sandbox: Sandbox) -> None:
    """Nothing is added to or stripped from output: no newline, no prompt, no echo."""
    for text in (b"", b"x", b"\n", b"\n\nx", b"x\n\n", b" x ", b"\r\n", b"\tx\r"):
        equal(answer(sandbox, b"printf %b '" + text.replace(b"\n", b"\\n") + b"'"), text, "output")


@on_sandbox()
def output_may_be_any_bytes(sandbox: Sandbox) -> None:
    """All 256 byte values come through output unchanged."""
    wanted = bytes(range(256)) * 16
    escaped = "".join(f"\\{value:03o}" for value in range(256))
    equal(answer(sandbox, f"for i in {{1..16}}; do printf '{escaped}'; done"), wanted, "output")


@on_sandbox()
def commands_may_hold_any_byte(sandbox: Sandbox) -> None:
    """Every byte value but NUL comes through a command unchanged, also as text that is no UTF-8."""
    for value in range(1, 256):
        byte = bytes([value])
        command = b'printf %s "\'"' if byte == b"'" else b"printf %s '" + byte + b"'"
        equal(answer(sandbox, command), byte, f"byte {value} in a command")
    equal(answer(sandbox, "printf %s 'größer ≠ 🙂'").decode(), "größer ≠ 🙂", "text in a command")


@on_sandbox()
def nul_in_a_command_is_data(sandbox: Sandbox) -> None:
    """A NUL byte in a command does not break the protocol, and is no fault of the backend."""
    for command in (b"\0", b"echo a\0echo b", b"echo a; \0\0 exit 0\0"):
        sandbox.run(command, PROMPT)
        still_works(sandbox)


@on_sandbox()
def broken_syntax_is_data(sandbox: Sandbox) -> None:
    """An unterminated quote, bracket or block is an error of that step alone."""
    for command in (
        "echo 'abc",
        'echo "abc',
        "echo $(",
        "echo `",
        "if true; then",
        "{ echo",
        "(",
        ")",
        "}",
        "fi",
        "&&",
    ):
        result = sandbox.run(command, PROMPT)
        require(result.exit_code != 0, f"{command!r} is reported as a success")
        require(not result.timed_out, f"{command!r} hung until its timeout")
        still_works(sandbox)


@on_sandbox()
def here_documents_work(sandbox: Sandbox) -> None:
    """Here-documents work, quoted or not, also one without its end."""
    answer(sandbox, "x=1")
    equal(answer(sandbox, "cat <<A; cat <<'B'\n$x\nA\n$x\n'\nB\n"), b"1\n$x\n'\n", "output")
    result = sandbox.run("cat <<EOF\nno end", PROMPT)
    require(b"no end" in result.output, f"A here-document without its end gave {result.output!r}")
    still_works(sandbox)


@on_sandbox()
def empty_commands_do_nothing(sandbox: Sandbox) -> None:
    """Nothing, spaces, a comment and a trailing backslash succeed without output."""
    for command in ("", " ", "\n\n", "# remark", "\t# remark\n", "true \\"):
        equal(answer(sandbox, command), b"", f"output of {command!r}")


@on_sandbox()
def commands_may_be_long(sandbox: Sandbox) -> None:
    """A command of a quarter of a megabyte runs whole."""
    body = "x" * (1 << 18)
    equal(answer(sandbox, f"v={body}; echo ${{#v}}"), b"262144\n", "length seen by the shell")
    equal(answer(sandbox, ":\n" * 5_000 + "echo end"), b"end\n", "last line of a long script")


@on_sandbox()
def standard_input_is_empty(sandbox: Sandbox) -> None:
    """A command that reads its input gets end of file at once, never a later step or a terminal."""
    equal(answer(sandbox, "cat; wc -c; cat /dev/stdin"), b"0\n", "input")
    result = sandbox.run("read line; echo $?; [ -t 0 ] || [ -t 1 ] || [ -t 2 ]", PROMPT)
    equal((result.output, result.exit_code), (b"1\n", 1), "read and the test for a terminal")


@on_sandbox()
def only_three_descriptors_are_inherited(sandbox: Sandbox) -> None:
    """A program gets standard input, output and error, and none of the protocol's descriptors."""
    # 3 is the listing's own
    found = {int(name) for name in answer(sandbox, "ls /proc/self/fd").split()}
    require(found <= {0, 1, 2, 3}, f"A program inherits descriptors {sorted(found - {0, 1, 2, 3})}")
    found = {int(name) for name in answer(sandbox, "(ls /proc/self/fd) | cat").split()}
    require(found <= {0, 1, 2, 3}, f"A program of a pipeline inherits descriptors {sorted(found - {0, 1, 2, 3})}")


@on_sandbox()
def background_jobs_do_not_hold_a_step(sandbox: Sandbox) -> None:
    """A step ends when its foreground does: not with `&`, nohup, setsid or a double fork behind it."""
    for command in (
        "sleep 1e9 &",
        "nohup sleep 1e9 &",
        "setsid sleep 1e9 &",
        "(setsid sleep 1e9 & ) &",
        "(sleep 1e9 & exec sleep 1e9) & disown",
        "coproc sleep 1e9",
        "exec 9> >(sleep 1e9)",
    ):
        result, seconds = timed(sandbox, f"{command}\necho on")
        require(result.output.endswith(b"on\n"), f"{command!r} gave {result.output!r}")
        require(seconds < 3 and not result.timed_out, f"{command!r} held its step for {seconds:.1f} s")


@on_sandbox()
def a_flooding_job_does_not_hold_later_steps(sandbox: Sandbox) -> None:
    """`yes &` holds neither its own step nor later ones, whose output and exit codes still come."""
    _, seconds = timed(sandbox, "yes & true")
    require(seconds < 3, f"The step that started `yes &` took {seconds:.1f} s")
    for number in range(3):
        word = token()
        result, seconds = timed(sandbox, f"echo {word}; (exit 3)")
        require(seconds < 3, f"Step {number} beside `yes &` took {seconds:.1f} s")
        equal(result.exit_code, 3, f"exit code of step {number} beside `yes &`")
    answer(sandbox, "kill $!; wait $!; true")
    sandbox.run("true", PROMPT)
    still_works(sandbox)


@on_sandbox()
def late_output_of_a_job_is_not_lost_or_mixed_up(sandbox: Sandbox) -> None:
    """What a background job prints after its step belongs to a later step, beside that step's own output."""
    answer(sandbox, "mkfifo gate; { read line < gate; echo late; } &")
    result = sandbox.run("echo go > gate; wait; echo own", PROMPT)
    equal((result.output, result.exit_code), (b"late\nown\n", 0), "output and exit code")


@on_sandbox()
def orphans_are_reaped(sandbox: Sandbox) -> None:
    """Processes whose parent has gone leave no zombies."""
    answer(sandbox, "for i in {1..40}; do (sleep 0.01 & ) ; done; (setsid sleep 0.01 &) ; sleep 0.3")
    states = answer(sandbox, "cat /proc/[0-9]*/status 2>/dev/null | grep ^State: | sort | uniq -c")
    zombies = sum(int(line.split()[0]) for line in states.splitlines() if b"zombie" in line)
    require(zombies <= 2, f"{zombies} zombies are left of 41 orphans")


@on_sandbox()
def jobs_can_be_killed_by_later_steps(sandbox: Sandbox) -> None:
    """A step can list and kill what an earlier step started."""
    word = token()
    answer(sandbox, marked(word) + " job=$!")
    # on a busy machine the step's end can be seen before the job has taken its name
    eventually(lambda: alive(sandbox, word) == 1, "The job of the earlier step is not to be seen")
    answer(sandbox, "kill $job; wait $job 2>/dev/null; true")
    equal(alive(sandbox, word), 0, "processes after the kill")
