"""When two statements are the same problem, and which problems the generated test stream holds.

A statement is normalised to its words, numbers and signs: Unicode folded, lower case, LaTeX's spacing, sizes, fonts,
dollar signs and braces left out. Two statements are equal when these agree. They are nearly equal when the same
numbers occur in both equally often, and of the runs of 8 words and signs (numbers masked) that occur in either at
least half occur in both: a changed number makes another problem, a changed name does not.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable

import numpy as np

from selftrain.envs.math.problems import problem_families
from selftrain.tasks import LEVELS, SPLITS, stable_key

RUN = 8
SHARE = 0.5
# test seeds of each family and level that a user's problems are compared with
GENERATED_SEEDS = 10

_SPACING = re.compile(
    r"\\(?:[,;:!> ]|quad\b|qquad\b|left\b|right\b|[bB]igg?[lr]?\b|displaystyle\b|textstyle\b|limits\b)"
)
_FONTS = re.compile(r"\\(?:text(?:bf|it|rm)?|math(?:rm|bf|it)|operatorname)\s*(?=\{)")
_TOKEN = re.compile(r"\\?[^\W\d_]+|\d+(?:\.\d+)?|[^\s\w]")
_NOT_MEANT = re.compile(r"\\[()\[\]]|[${}~]")
_Key = tuple[str, ...]


def normalised(statement: str) -> _Key:
    """The words, numbers and signs of a statement."""
    text = unicodedata.normalize("NFKC", statement).lower()
    text = text.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac").replace("``", '"').replace("''", '"')
    text = re.sub(r"(?<=\d)(?:,|\{,\}|\\,)(?=\d{3}(?!\d))", "", text)
    text = _NOT_MEANT.sub(" ", _FONTS.sub(" ", _SPACING.sub(" ", text)))
    return tuple(_TOKEN.findall(text))


def _numbers(key: _Key) -> _Key:
    return tuple(sorted(token for token in key if token[0].isdigit()))


def _runs(key: _Key) -> set[_Key]:
    masked = tuple("#" if token[0].isdigit() else token for token in key)
    return {masked[start : start + RUN] for start in range(max(1, len(masked) - RUN + 1))}


def nearly_equal(first: _Key, second: _Key) -> bool:
    """Whether two normalised statements are the same problem by the rule of this module."""
    if first == second:
        return True
    if _numbers(first) != _numbers(second):
        return False
    one, other = _runs(first), _runs(second)
    return len(one & other) >= SHARE * len(one | other)


@functools.cache
def _test_stream(name: str) -> tuple[tuple[str, _Key], ...]:
    """Task ids and normalised statements of a family's first test problems, made once in a process."""
    make = problem_families()[name].make
    stream = [stable_key(name), SPLITS["test"]]
    return tuple(
        (f"{name}/test/{level}/{seed}", normalised(make(np.random.default_rng([*stream, seed]), level).statement))
        for seed in range(GENERATED_SEEDS)
        for level in LEVELS
    )


@functools.cache
def _by_numbers() -> dict[_Key, list[tuple[str, _Key]]]:
    """The test streams of all families by the numbers in their statements."""
    found: dict[_Key, list[tuple[str, _Key]]] = {}
    for name in problem_families():
        for task_id, key in _test_stream(name):
            found.setdefault(_numbers(key), []).append((task_id, key))
    return found


class GeneratedTests:
    """The first problems of every family's test stream, findable by their statement; made once in a process.

    Args:
        progress: hears how many families of how many are done.
    """

    def __init__(self, progress: Callable[[int, int], None] | None = None) -> None:
        families = problem_families()
        for done, name in enumerate(families, start=1):
            _test_stream(name)
            if progress is not None:
                progress(done, len(families))
        self._found = _by_numbers()

    def like(self, key: _Key) -> str:
        """The task id of a generated problem that the normalised statement equals or nearly equals, or ""."""
        near = self._found.get(_numbers(key), [])
        return next((task_id for task_id, other in near if nearly_equal(key, other)), "")
