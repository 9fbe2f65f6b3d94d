"""Programs that stay inside a sandbox: what they answer, how long they may take, and what becomes of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs.console import Console, Program
from selftrain.envs.python_console import PythonConsole
from selftrain.errors import SandboxError
from selftrain.evidence import MIB
from selftrain.sandboxes import Sandbox, SandboxLimits, SandboxSpec, make_sandbox

# answers each line in capitals; "stop" ends it, "deaf" makes it ignore interrupts, "slow" takes long
SHOUTER = Program(
    command=r"""bash -c 'while read -r mark line; do case $line in
        stop) exit;; deaf) trap "" INT;; slow) trap "kill %1" INT; sleep 100 & wait;; esac
        printf "%s\n" "${line^^}"; printf "heard\n%s\n" "$mark" >&3; done'""",
    question=lambda text, mark: f"{mark} {text}\n",
    ending=lambda mark: mark,
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all: every test starts its own program in it."""
    made = make_sandbox(spec=SandboxSpec(tools=("python3",), limits=SandboxLimits(memory_bytes=256 * MIB)))
    yield made
    made.close()


@pytest.fixture
def python(sandbox: Sandbox) -> Iterator[PythonConsole]:
    """A Python that has run nothing."""
    console = PythonConsole(sandbox)
    yield console
    console.close()


@pytest.fixture(scope="module")
def steady_python(sandbox: Sandbox) -> PythonConsole:
    """One Python for many examples, because each start costs time."""
    return PythonConsole(sandbox)


@pytest.fixture
def shouter(sandbox: Sandbox) -> Iterator[Console]:
    """A console of a program that is not Python."""
    console = Console(sandbox, SHOUTER)
    yield console
    console.close()


def test_answers_what_is_printed_and_apart_what_is_said(shouter: Console) -> None:
    for word in ("one", "two's", '"$(three)"'):
        reply = shouter.ask(word, 5)
        assert (reply.output, reply.said) == (f"{word.upper()}\n", "heard\n")
        assert not reply.timed_out and not reply.ended


def test_the_end_of_the_program_is_noticed_at_once_and_the_next_question_starts_it(shouter: Console) -> None:
    began = time.monotonic()
    assert shouter.ask("stop", 30).ended
    assert time.monotonic() - began < 5
    assert shouter.ask("again", 5).output == "AGAIN\n"


def test_an_interrupt_ends_an_answer_and_not_the_program(shouter: Console) -> None:
    reply = shouter.ask("slow", 0.3)
    assert (reply.timed_out, reply.ended, reply.output) == (True, False, "SLOW\n")
    assert shouter.ask("next", 5).output == "NEXT\n"


def test_a_program_that_is_killed_from_elsewhere_is_noticed(shouter: Console, sandbox: Sandbox) -> None:
    shouter.ask("one", 5)
    sandbox.run("kill -9 $(cat /tmp/.console/*.pid)")
    assert shouter.ask("two", 30).ended
    assert shouter.ask("three", 5).output == "THREE\n"


def test_other_commands_run_in_between(shouter: Console, sandbox: Sandbox) -> None:
    shouter.ask("one", 5)
    assert sandbox.run("cd /tmp; exit 3").shell_restarted
    assert sandbox.run("sleep 9", timeout=0.2).timed_out
    reply = shouter.ask("two", 5)
    assert (reply.output, reply.ended) == ("TWO\n", False)


def test_what_cannot_be_started_is_an_error_of_the_sandbox() -> None:
    with contextlib.closing(make_sandbox()) as bare:
        bare.write("/tmp/.console", b"a file where the folder goes")
        with pytest.raises(SandboxError, match="could not be started"):
            Console(bare, SHOUTER).ask("one", 5)


def test_variables_live_on_and_a_last_expression_is_shown(python: PythonConsole) -> None:
    assert python.run("x = 20\nx + 1", 5).output == "21\n"
    assert python.run("def twice(n):\n    return 2 * n\nx += 1", 5).output == ""
    assert python.run("print(twice(x))\n_", 5).output == "42\n21\n"
    assert python.run("None", 5).output == ""


def test_what_a_block_defines_is_found_by_its_name(python: PythonConsole) -> None:
    python.run("class A: pass\nimport pickle, typing", 5)
    assert python.run("type(pickle.loads(pickle.dumps(A()))) is A", 5).output == "True\n"
    assert python.run("def f(x: 'A'): pass\ntyping.get_type_hints(f)['x'] is A", 5).output == "True\n"


def test_tracebacks_begin_in_the_block(python: PythonConsole) -> None:
    python.run("def f(n):\n    return 1 / n", 5)
    text = python.run("f(0)", 5).output
    assert text.splitlines()[:2] == ["Traceback (most recent call last):", '  File "<block 2>", line 1, in <module>']
    assert "return 1 / n" in text
    assert text.endswith("ZeroDivisionError: division by zero\n")
    chained = python.run("try:\n    f(0)\nexcept ZeroDivisionError as e:\n    raise ValueError('no') from e", 5).output
    assert "direct cause" in chained
    assert "guest_console" not in text + chained


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("def (", "SyntaxError"),
        ("'\\0'.encode()[1:] + (", "SyntaxError"),
        ("input()", "EOFError"),
        ("import sys; sys.exit(2)", "SystemExit: 2"),
        ("def r(): return r()\nr()", "RecursionError"),
        ("x = [0] * 10**12", "MemoryError"),
        ("class E(Exception):\n    def __str__(self): 1/0\nraise E", "E: <exception str() failed>"),
        ("print('\ud800')", "?"),
        ("import os\nif os.fork() == 0: print('child')\nelse: os.wait()", "child"),
        ("import sys; sys.stdout.close()", ""),
        ("print('∀ é')", "∀ é"),
        ("", ""),
    ],
)
def test_every_block_gets_an_answer_and_the_next_one_too(python: PythonConsole, code: str, wanted: str) -> None:
    python.run("kept = 7", 5)
    reply = python.run(code, 10)
    assert wanted in reply.output
    assert not reply.ended and not reply.timed_out
    assert python.run("kept", 5).output == "7\n"


@pytest.mark.parametrize(
    "wait", ["while True: pass", "import time; time.sleep(60)", "import os; os.system('sleep 60')"]
)
def test_a_timeout_interrupts_and_keeps_variables(python: PythonConsole, wait: str) -> None:
    python.run("kept = 7", 5)
    began = time.monotonic()
    reply = python.run(f"print('before')\n{wait}", 0.4)
    assert (reply.timed_out, reply.ended) == (True, False)
    assert reply.output.startswith("before\n")
    assert time.monotonic() - began < 3
    assert python.run("kept", 5).output == "7\n"


def test_a_block_that_does_not_hear_is_killed_and_the_next_finds_no_variables(python: PythonConsole) -> None:
    reply = python.run("import signal\nsignal.signal(2, signal.SIG_IGN)\nprint('deaf')\nwhile True: pass", 0.3)
    assert (reply.output, reply.timed_out, reply.ended) == ("deaf\n", True, True)
    assert "NameError" in python.run("signal", 5).output


@pytest.mark.parametrize("end", ["import os; os._exit(3)", "import os; os.kill(-1, 9)", "import os; os.close(3)"])
def test_a_process_that_ends_is_said_to_have_ended(python: PythonConsole, end: str) -> None:
    assert python.run(end, 10).ended
    assert python.run("1 + 1", 5).output == "2\n"


def test_output_is_bounded_and_blocks_may_be_large(python: PythonConsole) -> None:
    reply = python.run("print('a' * 5_000_000)\n'end'", 10)
    assert len(reply.output) <= SandboxLimits().output_bytes
    assert "bytes cut" in reply.output
    assert reply.output.endswith("'end'\n")
    assert python.run(f"len({'b' * 300_000!r})", 10).output == "300000\n"


def test_what_a_thread_prints_late_comes_with_the_next_block(python: PythonConsole) -> None:
    python.run("import threading\nthreading.Timer(0.05, lambda: print('late')).start()", 5)
    time.sleep(0.2)
    assert python.run("'on time'", 5).output == "late\n'on time'\n"


def test_forging_the_end_of_an_answer_harms_only_the_forger(python: PythonConsole) -> None:
    assert python.run("import os\nos.write(3, b'q0123456789abcdef\\n' * 3)", 5).said == "q0123456789abcdef\n" * 3
    assert python.run("'next'", 5).output == "'next'\n"


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_blocks_arrive_as_they_were_sent(steady_python: PythonConsole, text: str) -> None:
    assert steady_python.run(f"print(ascii({text!r}))", 5).output == f"{text!a}\n"
