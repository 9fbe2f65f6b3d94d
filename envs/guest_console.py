"""The Python that stays: runs blocks of code in one process, with variables that live on from block to block.

Runs inside a sandbox, sent there as a file; it imports the standard library only. A question is a line "mark length"
and that many bytes of UTF-8; when the block is over, the mark goes out on descriptor 3.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import signal
import sys
import traceback
from types import FrameType, ModuleType
from typing import Any, BinaryIO

_SAID = 3


def show_error(error: BaseException) -> None:
    """Print the traceback as if the blocks had been run by nobody."""
    shown = traceback.TracebackException.from_exception(error, compact=True)
    link: traceback.TracebackException | None = shown
    while link is not None:
        link.stack[:] = [frame for frame in link.stack if frame.filename != __file__]
        link = link.__cause__ or link.__context__
    text = "".join(shown.format())
    os.write(1, text.encode("utf-8", "replace"))


def run(source: str, block: str, names: dict[str, Any]) -> None:
    """Run one block; the value of a last line that is an expression is printed, as notebooks do."""
    linecache.cache[block] = (len(source), None, source.splitlines(keepends=True), block)
    try:
        tree: Any = compile(source, block, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, block, "exec", dont_inherit=True), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), block, "eval", dont_inherit=True), names)
            if value is not None:
                names["_"] = value
                sys.stdout.write(f"{value!r}\n")
    finally:
        with contextlib.suppress(ValueError):  # the block has closed it
            sys.stdout.flush()


class Turn:
    """Lets an interrupt through while a block runs and drops it at every other moment."""

    def __init__(self) -> None:
        self.open = False
        signal.signal(signal.SIGINT, self.interrupted)

    def interrupted(self, _signal: int, _frame: FrameType | None) -> None:
        """Raise in the block."""
        if self.open:
            self.open = False
            raise KeyboardInterrupt


def serve(questions: BinaryIO) -> None:
    """Answer until the questions end."""
    # what a block defines is found where pickle and the library's other look-ups by name search for it
    main = sys.modules["__main__"] = ModuleType("__main__")
    names = main.__dict__
    turn, process = Turn(), os.getpid()
    for count, header in enumerate(iter(questions.readline, b""), 1):
        mark, length = header.split()
        source = questions.read(int(length)).decode()
        block = f"<block {count}>"
        if sys.stdout.closed:
            sys.stdout = sys.stderr = open(1, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115  (it stays)
        try:
            turn.open = True
            run(source, block, names)
            turn.open = False
        except BaseException as error:  # whatever a block raises, SystemExit too, is its answer
            turn.open = False
            with contextlib.suppress(RecursionError, MemoryError):
                show_error(error)
        if os.getpid() != process:  # a child that the block forked must not answer in its parent's place
            os._exit(0)
        os.write(_SAID, mark + b"\n")


def main() -> None:
    """Keep the questions to ourselves: the blocks see an empty standard input."""
    questions = os.fdopen(os.dup(0), "rb")
    os.set_inheritable(_SAID, False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what was printed before a kill is not lost
    serve(questions)


if __name__ == "__main__":
    main()
