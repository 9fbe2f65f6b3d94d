"""The shell protocol by itself: a loop shell on plain pipes, without any isolation around it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.errors import SandboxError
from selftrain.sandboxes.shell import OutputKeeper, ShellChannel, supervisor_command

LIMIT = 64 * 1024


class OwnShell:
    """A supervisor on this machine, whose loop shell is the only thing that can be killed."""

    def __init__(self, folder: Path) -> None:
        pipes = [os.pipe() for _ in range(3)]
        (commands, ours_in), (ours_out, output), (ours_control, control) = pipes
        theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 300) for fd in (commands, output, control)]
        self.commands = ours_in
        connect = "exec 250<&{0} 251>&{1} 253>&{2} {0}<&- {1}>&- {2}>&-".format(*theirs)
        self.supervisor = subprocess.Popen(supervisor_command(connect, {"n": 512}), pass_fds=theirs, cwd=folder)
        for fd in (*theirs, commands, output, control):
            os.close(fd)
        self.channel = ShellChannel(ours_in, ours_out, ours_control, self, str(folder))
        self.channel.run("", 10, LIMIT)

    def mark(self) -> object:
        return None

    def kill_since(self, mark: object, shell_pid: int, end_step: bool) -> None:
        with contextlib.suppress(ProcessLookupError):
            if end_step:
                os.kill(shell_pid, signal.SIGRTMAX)
            subprocess.run(["pkill", "-9", "-P", str(shell_pid)], check=False)

    def kill_shell(self, shell_pid: int) -> bytes | None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(shell_pid, signal.SIGKILL)
        return None

    def kill_all(self) -> None:
        raise AssertionError("no test here needs it")

    def alive(self) -> bool:
        return self.supervisor.poll() is None


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[OwnShell]:
    own = OwnShell(tmp_path)
    yield own
    own.channel.close()
    own.supervisor.wait(10)


def test_supervisor_ends_with_its_host(tmp_path: Path) -> None:
    own = OwnShell(tmp_path)
    own.channel.close()
    assert own.supervisor.wait(10) != 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=4))
def test_any_bytes_are_a_command_and_never_break_the_next(commands: list[bytes]) -> None:
    # what ends the shell or never returns is data too, but here it would only take time
    with contextlib.ExitStack() as closing:
        own = OwnShell(Path("/"))
        closing.callback(own.supervisor.wait, 10)
        closing.callback(own.channel.close)
        for command in commands:
            own.channel.run(b": <<'eof'\n" + command.replace(b"eof", b""), 5, LIMIT)
            quoted = b"'" + command.replace(b"\0", b"").replace(b"'", b"'\\''") + b"'"
            result = own.channel.run(b"printf %s " + quoted, 5, LIMIT)
            assert (result.output, result.exit_code) == (command.replace(b"\0", b""), 0)


def test_a_torn_command_is_not_run(shell: OwnShell, tmp_path: Path) -> None:
    os.write(shell.commands, b"\1abcdtouch torn; echo ")
    result = shell.channel.run("touch next", 0.3, LIMIT)
    assert result.timed_out
    assert shell.channel.run("echo fine", 5, LIMIT).output == b"fine\n"
    assert not (tmp_path / "torn").exists()


def test_a_shell_that_ended_between_steps_is_replaced_in_its_directory(shell: OwnShell, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    shell.channel.run("cd below; (sleep 0.1; kill -9 $$) &", 5, LIMIT)
    time.sleep(0.4)
    result = shell.channel.run("pwd", 5, LIMIT)
    assert result.shell_restarted
    assert result.output == os.fsencode(tmp_path / "below") + b"\n"


def test_a_timeout_ends_the_rest_of_the_command_and_keeps_the_state(shell: OwnShell, tmp_path: Path) -> None:
    shell.channel.run("kept=yes", 5, LIMIT)
    result = shell.channel.run("echo begun; sleep 100; touch late", 0.3, LIMIT)
    assert (result.output, result.timed_out, result.shell_restarted) == (b"begun\n", True, False)
    assert shell.channel.run("echo $kept", 5, LIMIT).output == b"yes\n"
    assert not (tmp_path / "late").exists()


def test_lines_are_numbered_from_the_command(shell: OwnShell) -> None:
    assert b"line 2:" in shell.channel.run("true\nno-such-command", 5, LIMIT).output


def test_abandoning_ends_a_run(shell: OwnShell) -> None:
    shell.channel.abandon()
    with pytest.raises(SandboxError, match="closed"):
        shell.channel.run("sleep 2", 30, LIMIT)


@given(st.lists(st.binary(max_size=200), max_size=30), st.integers(0, 1000))
def test_kept_output_is_the_whole_or_both_ends(pieces: list[bytes], limit: int) -> None:
    keeper = OutputKeeper(limit)
    for piece in pieces:
        keeper.add(piece)
    whole = b"".join(pieces)
    output, cut = keeper.render()
    if len(whole) <= limit:
        assert (output, cut) == (whole, 0)
    else:
        head, _, tail = output.partition(b"\n[... %d bytes cut ...]\n" % cut)
        assert whole.startswith(head)
        assert whole.endswith(tail)
        assert len(head) + cut + len(tail) == len(whole)
        assert len(output) <= max(limit, 64)


def test_a_flood_is_kept_in_bounded_memory() -> None:
    keeper, chunk = OutputKeeper(LIMIT), b"x" * (1 << 16)
    tracemalloc.start()
    for _ in range(2000):
        keeper.add(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * LIMIT
    assert keeper.render()[1] > 2000 * len(chunk) - 2 * LIMIT
