"""The process that compares with sympy: reads pickled pairs of trees from its standard input, answers in lines.

It bounds its own memory and processor time, so that a comparison that eats them ends as a refusal, and it ends when
its parent is gone.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import struct
import sys

MEMORY = 1 << 30
SECONDS = 0.9
ORPHAN_SECONDS = 120
BOUND_SIGNAL = signal.SIGPROF
TOO_LONG = "refused: takes too long to compare"
HEADER = struct.Struct("<I")


def serve() -> None:
    """Say that it is ready, then a reason for each pair, empty for equal, until the parent closes the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.dup(1)
    os.dup2(2, 1)
    from selftrain.envs.answers.symbolic import warm_up

    warm_up()
    os.write(answers, b"ready\n")
    while header := sys.stdin.buffer.read(HEADER.size):
        asked = sys.stdin.buffer.read(HEADER.unpack(header)[0])
        signal.alarm(ORPHAN_SECONDS)
        # the signal has no handler: it ends the process even within one long operation of the interpreter
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            reason, trusted = _answer(asked), True
        except (MemoryError, RecursionError):
            reason, trusted = "refused: too large", False
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(answers, f"{reason}\n".encode())
        if not trusted:  # what is left of the heap is not for another comparison
            return


def _answer(asked: bytes) -> str:
    from selftrain.envs.answers.compare import difference
    from selftrain.envs.answers.nodes import NotReadError
    from selftrain.envs.answers.symbolic import Symbolic, limited

    try:
        gold, answer = pickle.loads(asked)
        with limited(TOO_LONG):
            return difference(gold, answer, Symbolic())
    except NotReadError as error:
        return str(error)
    except (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError):
        return "refused: cannot be compared"  # what sympy raises on what it does not support is of all these kinds
