r"""Sets of real numbers as lists of intervals, whichever way they are written: `[1,2)`, `1\le x<2`, `x \in [1,2)`."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

from selftrain.envs.answers.exact import rational
from selftrain.envs.answers.nodes import Node

_TOP = Node("constant", value="oo")
_BOTTOM = Node("neg", (_TOP,))
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!=", "=": "="}


@dataclass(frozen=True)
class Range:
    """One interval; `name` is the variable it was written with, or ""."""

    low: Node
    high: Node
    low_closed: bool
    high_closed: bool
    name: str = ""


def ranges(node: Node) -> list[Range] | None:
    """The intervals that `node` is the union of, merged where they touch; None if it is no such set.

    An "or" between sets that overlap is no union: it offers one answer and another; nor is one of two variables.
    """
    found = _ranges(node)
    if found is None or (node.head == "list" and _overlap(found)) or len({r.name for r in found if r.name}) > 1:
        return None
    return _merged(found)


def _ranges(node: Node) -> list[Range] | None:
    if node.head == "interval":
        brackets = str(node.value)
        return [Range(node.args[0], node.args[1], brackets[0] == "[", brackets[1] == "]")]
    if node.head in ("tuple", "array") and len(node.args) == 2:
        closed = node.head == "array"
        return [Range(node.args[0], node.args[1], closed, closed)]
    if node == Node("constant", value="reals"):
        return [Range(_BOTTOM, _TOP, False, False)]
    if node.head == "member":
        inside = _ranges(node.args[1])
        return None if inside is None else [_named(part, str(node.args[0].value)) for part in inside]
    if node.head == "relation":
        return _inequality(node)
    if node.head == "union" or (node.head == "list" and node.value == "or"):
        parts = [_points(part) if part.head == "set" else _ranges(part) for part in node.args]
        return None if any(part is None for part in parts) else [r for part in parts if part for r in part]
    return None


def _named(part: Range, name: str) -> Range:
    return Range(part.low, part.high, part.low_closed, part.high_closed, name)


def _points(node: Node) -> list[Range]:
    return [Range(part, part, True, True) for part in node.args]


def _inequality(node: Node) -> list[Range] | None:
    """`x<2`, `1\\le x<2`, `x\\ne 2` or the same turned round."""
    signs = str(node.value).split()
    parts = list(node.args)
    if signs[0] in (">", ">=") or (len(parts) == 2 and parts[1].head == "symbol"):
        parts.reverse()
        signs = [_TURNED[sign] for sign in reversed(signs)]
    names = [part for part in parts if part.head == "symbol"]
    if len(names) != 1 or any(n.head == "symbol" for p in parts if p.head != "symbol" for n in p.walk()):
        return None
    name = str(names[0].value)
    if len(parts) == 3 and parts[1].head == "symbol" and set(signs) <= {"<", "<="}:
        return [Range(parts[0], parts[2], signs[0] == "<=", signs[1] == "<=", name)]
    if len(parts) != 2:
        return None
    if signs == ["!="]:
        value = parts[1] if parts[0].head == "symbol" else parts[0]
        return [Range(_BOTTOM, value, False, False, name), Range(value, _TOP, False, False, name)]
    if signs[0] not in ("<", "<=", ">", ">="):
        return None
    below = (parts[0].head == "symbol") == (signs[0] in ("<", "<="))
    value = parts[1] if parts[0].head == "symbol" else parts[0]
    closed = signs[0] in ("<=", ">=")
    return [Range(_BOTTOM, value, False, closed, name) if below else Range(value, _TOP, closed, False, name)]


def _merged(found: list[Range]) -> list[Range]:
    """Joined where they touch or overlap, as far as the ends are rational numbers or infinite."""
    keyed = [(_key(part.low), _key(part.high), part) for part in found]
    if len(found) < 2 or any(low is None or high is None for low, high, _ in keyed):
        return found
    keyed.sort(key=lambda item: (item[0], not item[2].low_closed))
    done: list[Range] = []
    for _, _, part in keyed:
        last = done[-1] if done else None
        if last is None or not _touch(last, part):
            done.append(part)
            continue
        ends = sorted(
            ((_key(r.high) or (0, Fraction(0)), r.high_closed, r.high) for r in (last, part)), key=lambda e: e[:2]
        )
        done[-1] = Range(last.low, ends[-1][2], last.low_closed, ends[-1][1], last.name or part.name)
    return done


def _overlap(found: list[Range]) -> bool:
    keyed = [(_key(part.low), _key(part.high)) for part in found]
    ends = sorted((low, high) for low, high in keyed if low is not None and high is not None)
    return any(after[0] < before[1] for before, after in itertools.pairwise(ends))


def _touch(left: Range, right: Range) -> bool:
    end, start = _key(left.high), _key(right.low)
    assert end is not None
    assert start is not None
    return end > start or (end == start and (left.high_closed or right.low_closed))


def _key(node: Node) -> tuple[int, Fraction] | None:
    if node == _TOP:
        return (1, Fraction(0))
    if node == _BOTTOM:
        return (-1, Fraction(0))
    value = rational(node)
    return None if value is None else (0, value)
