"""A vendor's Python is read by many threads at once."""

from __future__ import annotations

import ast
import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from selftrain.envs.gate.lint_scripts import asked_in_python
from selftrain.envs.gate.parsing import parsed

SECONDS, THREADS = 3.0, 4


@pytest.fixture
def eager_collector() -> Iterator[None]:
    """Other threads go on in the middle of a tree that is being built, as they do now and then by chance."""
    thresholds = gc.get_threshold()

    def yields(*_: object) -> None:
        time.sleep(0)

    gc.set_threshold(50)
    gc.callbacks.append(yields)
    yield
    gc.callbacks.remove(yields)
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("eager_collector")
def test_trees_that_are_built_at_once_are_all_built() -> None:
    text, end = Path(__file__).read_text() * 10, time.monotonic() + SECONDS

    def read(_: int) -> int:
        count = 0
        while time.monotonic() < end:
            assert list(asked_in_python(text)) == []
            count += 1
        return count

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(read, range(THREADS)))


def test_what_the_compiler_warns_of_is_nobodys_here() -> None:
    assert isinstance(parsed(b"x = '\\d' is 1"), ast.Module)
    with pytest.raises(SyntaxError):
        parsed("def :")
