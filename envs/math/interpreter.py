"""The Python of a math episode: one interpreter in a sandbox, started when the first block of code comes."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from selftrain.envs.console import Reply
from selftrain.envs.python_console import PythonConsole
from selftrain.envs.task_sandbox import built_image, open_task_sandbox
from selftrain.errors import MissingToolError, SandboxError
from selftrain.needs import FIND_SYMPY
from selftrain.sandboxes import Sandbox, make_backend
from selftrain.tasks import Task

_SHORTEST_SECONDS = 0.05


@dataclass(frozen=True)
class CodeRun:
    """What the blocks of one message did.

    Attributes:
        output: what they printed, the values of their last expressions, and tracebacks.
        blocks: how many were run; none after one that was stopped or that ended Python.
        note: how it ended, where that was not as usual.
        timed_out: the last of them was stopped.
        truncated: bytes that were cut from `output`, 0 when it is whole.
    """

    output: str
    blocks: int
    note: str = ""
    timed_out: bool = False
    truncated: int = 0


class Interpreter:
    """A Python with sympy in a sandbox of its own; nothing starts before the first block.

    Args:
        task: whose files, if any, lie in the sandbox.
        backend, image: where the sandbox runs.
        history: blocks that were run before, to be run again ahead of the next one.
    """

    def __init__(self, task: Task, backend: str, image: str, history: tuple[str, ...] = ()) -> None:
        self._task, self._backend, self._image = task, backend, image
        self.history = history
        self._sandbox: Sandbox | None = None
        self._console: PythonConsole | None = None
        self._opening, self._closed = threading.Lock(), False

    def run(self, blocks: Sequence[str], seconds: float) -> CodeRun:
        """Run the blocks one after another, up to the first that does not come to its end.

        Args:
            blocks: Python source.
            seconds: for all of them; what runs longer is interrupted, and variables are kept where that is possible.

        Raises:
            MissingToolError: the sandbox has no Python or no sympy; says how to get it.
            SandboxError: the backend failed.
        """
        console = self._started()
        replies: list[Reply] = []
        deadline = time.monotonic() + seconds
        for block in blocks:
            replies.append(console.run(block, max(_SHORTEST_SECONDS, deadline - time.monotonic())))
            self.history = (*self.history, block)
            if replies[-1].timed_out or replies[-1].ended:
                break
        return CodeRun(
            "".join(reply.output for reply in replies),
            len(replies),
            _note(replies[-1], seconds),
            replies[-1].timed_out,
            sum(reply.truncated for reply in replies),
        )

    def close(self) -> None:
        """Close the sandbox, if there is one; none is opened after that."""
        with self._opening:
            self._closed = True
        if self._sandbox is not None:
            self._sandbox.close()

    def _started(self) -> PythonConsole:
        if self._console is None:
            sandbox = self._open_sandbox()
            self._console = PythonConsole(sandbox)
            for block in self.history:
                self._console.run(block, self._task.limits.command_seconds)
        return self._console

    def _open_sandbox(self) -> Sandbox:
        backend = make_backend(self._backend)
        image = built_image(backend, self._task, self._image)
        sandbox = open_task_sandbox(backend, self._task, image)
        with self._opening:
            self._sandbox = sandbox
            if self._closed:
                sandbox.close()
                raise SandboxError("the episode was closed")
        if sandbox.run(f"python3 -c {shlex.quote(FIND_SYMPY)}").exit_code != 0:
            raise MissingToolError(
                "The sandbox's Python has no sympy. Get it: apt-get install python3-sympy; or play with tools=False"
            )
        return sandbox


def _note(reply: Reply, seconds: float) -> str:
    """How the last block ended, or "" where it came to its end."""
    why = f"stopped after {seconds:g} s" if reply.timed_out else "Python ended" if reply.ended else ""
    return why + (", it starts anew without its variables" if reply.ended else "")
