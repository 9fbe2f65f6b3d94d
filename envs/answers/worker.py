"""The process that compares with sympy: reads pickled pairs of trees from its standard input, answers in lines.

It limits its own memory, so that a comparison that eats it ends as a refusal, and ends itself when a comparison
outlives every limit or its parent is gone.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import struct
import sys
import time

MEMORY = 1 << 30
LAST_RESORT_SECONDS = 5
HEADER = struct.Struct("<I")


def serve() -> None:
    """Answer until the parent closes the pipe. A line is `<processor seconds so far> <reason, empty for equal>`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.dup(1)
    os.dup2(2, 1)
    from selftrain.envs.answers.symbolic import warm_up

    warm_up()
    _say(answers, "ready")
    while header := sys.stdin.buffer.read(HEADER.size):
        asked = sys.stdin.buffer.read(HEADER.unpack(header)[0])
        signal.alarm(LAST_RESORT_SECONDS)
        try:
            _say(answers, _answer(asked))
        except (MemoryError, RecursionError):
            _say(answers, "refused: too large")
            os._exit(1)  # what is left of the heap is not to be trusted with another comparison
        signal.alarm(0)


def _answer(asked: bytes) -> str:
    from selftrain.envs.answers.compare import difference
    from selftrain.envs.answers.nodes import NotReadError
    from selftrain.envs.answers.symbolic import Symbolic, limited

    try:
        gold, answer = pickle.loads(asked)
        with limited():
            return difference(gold, answer, Symbolic())
    except NotReadError as error:
        return str(error)
    except (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError):
        return "refused: cannot be compared"  # what sympy raises on what it does not support is of all these kinds


def _say(descriptor: int, reason: str) -> None:
    os.write(descriptor, f"{time.process_time():.6f} {reason}\n".encode())
