"""Reading a vendor's Python as a tree, from many threads."""

from __future__ import annotations

import ast
import threading
import warnings

_lock = threading.Lock()


def parsed(source: str | bytes) -> ast.Module:
    """`ast.parse`, one at a time and without what the compiler warns of.

    CPython before 3.12 counts the depth of a tree that it builds for the whole process, so that trees built by two
    threads at once may end in SystemError (github.com/python/cpython/issues/106905).

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is no Python, or too deep.
    """
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)
