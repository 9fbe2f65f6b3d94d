"""A Python that stays inside a sandbox and runs block after block of code."""

from __future__ import annotations

from pathlib import Path

from selftrain.envs.console import Console, Program, Reply
from selftrain.sandboxes import Sandbox

_GUEST = "/tmp/.console/guest_console.py"
_PROGRAM = Program(
    # without the user's folder on the path, so that no file of a block's is taken for a module of the library
    command=f"python3 -I -B -X utf8 {_GUEST} 2>&1",
    question=lambda text, mark: f"{mark} {len(text.encode())}\n{text}",
    ending=lambda mark: mark,
)


class PythonConsole:
    """One Python process in `sandbox`, started with the first block; variables live on between blocks.

    `run` prints as a notebook does: what the block prints, the value of a last line that is an expression, and a
    traceback that begins in the block. At its time the block gets a KeyboardInterrupt, and variables are kept unless
    the process had to be killed (`Reply.ended`).
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._console = Console(sandbox, _PROGRAM)
        self._sent = False

    def run(self, code: str, seconds: float) -> Reply:
        """Run one block.

        Raises:
            SandboxError: the sandbox failed.
        """
        if not self._sent:
            self._sandbox.write(_GUEST, Path(__file__).with_name("guest_console.py").read_bytes())
            self._sent = True
        text = code.encode("utf-8", "replace").decode().replace("\0", "")
        reply = self._console.ask(text, seconds)
        self._sent = not reply.ended  # a block may have removed the file, with which the next process starts
        return reply

    def close(self) -> None:
        """Kill the process."""
        self._console.close()
