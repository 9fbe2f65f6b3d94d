"""Whether an answer is the known one: the rules of form, over a way of telling whether two values are the same.

On the host that way is exact arithmetic with rational numbers, which leaves open what needs algebra; in the worker it
is sympy. Nothing here asks for two values to differ, so an answer that fails with every open question taken for "yes"
has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Protocol, TypeVar

from selftrain.envs.answers.exact import rational
from selftrain.envs.answers.nodes import Node, NotReadError, number
from selftrain.envs.answers.ranges import Range, ranges
from selftrain.envs.answers.units import UNITS, unit
from selftrain.envs.answers.vocabulary import VALUES

WRONG, HEDGED, UNFINISHED, OTHER_KIND = (
    "wrong",
    "hedged: several values",
    "wrong: a calculation left undone",
    "wrong: another kind of answer",
)
_PI = Node("constant", value="pi")
_OO = Node("constant", value="oo")
_Item = TypeVar("_Item")


class Algebra(Protocol):
    """Decides about two expressions."""

    def same(self, left: Node, right: Node) -> bool:
        """Whether they are equal, for all values of their variables."""
        ...

    def proportional(self, left: Node, right: Node) -> bool:
        """Whether one is the other times a constant that is not zero."""
        ...


class Arithmetic:
    """Algebra that knows rational numbers only; `open` tells that something else was asked and taken for equal."""

    def __init__(self) -> None:
        self.open = False

    def same(self, left: Node, right: Node) -> bool:
        decided = settled(left, right)
        if decided is None:
            self.open = True
        return decided is not False

    def proportional(self, left: Node, right: Node) -> bool:
        self.open = True
        return True


def settled(left: Node, right: Node) -> bool | None:
    """Whether two expressions are equal, where that can be told without algebra."""
    if left == right:
        return True
    if left.head == "latex":
        return None
    if names(left) != names(right) or any(_OO in side.walk() for side in (left, right)):
        return False
    values = rational(left), rational(right)
    return None if None in values else values[0] == values[1]


def names(node: Node) -> set[str]:
    """The variables in it."""
    return {str(part.value) for part in node.walk() if part.head == "symbol"}


def difference(gold: Node, answer: Node, algebra: Algebra) -> str:
    """Why `answer` is not `gold`, or "" when it is."""
    if gold.head == "relation":
        return _relation(gold, answer, algebra)
    if gold.head in ("set", "list") and not (gold.head == "list" and ranges(gold)):
        return _collection(gold, answer, algebra)
    if gold.head in ("tuple", "ratio", "based", "matrix", "row", "array", "interval", "union", "member", "list"):
        return _structure(gold, answer, algebra)
    if gold == Node("constant", value="reals"):
        return _structure(gold, answer, algebra)
    answer = _named_value(answer, gold)
    if answer.head == "list":
        return HEDGED
    if gold.head == "quantity" or answer.head == "quantity":
        return _quantity(gold, answer, algebra)
    return _value(gold, answer, algebra)


def _value(gold: Node, answer: Node, algebra: Algebra) -> str:
    """One value against one value."""
    if any(part.head not in VALUES for part in answer.walk() if part.head != "quantity"):
        return OTHER_KIND
    if not algebra.same(gold, answer):
        return WRONG
    return UNFINISHED if _unfinished(gold, answer) else ""


def _unfinished(gold: Node, answer: Node) -> bool:
    """A sum or product of numbers that could be worked out, where the known answer is a number that is."""
    return rational(gold) is not None and not _calculates(gold) and _calculates(answer)


def _calculates(node: Node) -> bool:
    """Whether two rational numbers are added or multiplied in it; scientific notation is one number."""
    sums = [part for part in node.walk() if part.head in ("add", "mul") and part.value != "scientific"]
    return any(sum(rational(part) is not None for part in one.args) > 1 for one in sums)


def _named_value(answer: Node, gold: Node) -> Node:
    """The value in `x = 5`: a variable, or a sum of variables, stands for itself on one side and not in the value."""
    if answer.head != "relation" or answer.value != "=":
        return answer
    for name, value in (answer.args, answer.args[::-1]):
        parts = name.args if name.head == "add" else (name,)
        variables = all(part.head == "symbol" for part in parts) and len(names(name)) == len(parts)
        if variables and not names(name) & (names(value) | names(gold)):
            return value
    return answer


def _relation(gold: Node, answer: Node, algebra: Algebra) -> str:
    """An equation or inequality."""
    if gold.value == "=":
        return _equation(gold, answer, algebra)
    if ranges(gold) is not None:
        return _structure(gold, answer, algebra)
    if answer.head != "relation" or len(answer.args) != len(gold.args):
        return OTHER_KIND
    turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
    reversed_signs = " ".join(turned.get(sign, sign) for sign in reversed(str(answer.value).split()))
    for signs, parts in ((answer.value, answer.args), (reversed_signs, answer.args[::-1])):
        if signs == gold.value and all(map(algebra.same, gold.args, parts)):
            return ""
    return WRONG


def _equation(gold: Node, answer: Node, algebra: Algebra) -> str:
    left, right = gold.args
    named = next(
        ((n, v) for n, v in ((left, right), (right, left)) if n.head == "symbol" and not names(n) & names(v)), None
    )
    if answer.head == "list":
        return HEDGED
    if answer.head != "relation":
        return difference(named[1], answer, algebra) if named else OTHER_KIND
    if answer.value != "=":
        return OTHER_KIND
    if named and not names(named[1]):
        for name, value in (answer.args, answer.args[::-1]):
            if name == named[0]:
                return difference(named[1], value, algebra)
        return WRONG
    if names(gold) != names(answer):
        return WRONG
    return "" if algebra.proportional(_difference(gold), _difference(answer)) else WRONG


def _difference(equation: Node) -> Node:
    return Node("add", (equation.args[0], Node("neg", (equation.args[1],))))


def _collection(gold: Node, answer: Node, algebra: Algebra) -> str:
    """A set or a list of several values: each of them once, in any order, and nothing else."""
    if answer.head == "member" and answer.args[1].head == "set":
        answer = answer.args[1]
    if answer.head == "relation" and answer.value == "=" and answer.args[1].head == "set":
        answer = _named_tuple(answer)
    if answer.head not in ("set", "list"):
        answer = Node("list", (answer,))
    (name, wanted), (other_name, given) = _elements(gold), _elements(answer)
    if len(wanted) != len(given) or (name and other_name and name != other_name):
        return WRONG
    if any(one.head == "relation" for one in given) != any(one.head == "relation" for one in wanted):
        return OTHER_KIND
    return "" if _paired(wanted, given, lambda one, other: not difference(one, other, algebra)) else WRONG


def _elements(node: Node) -> tuple[Node | None, tuple[Node, ...]]:
    """The members; of `x = 1, x = 2` or `x = 1, 2` they are the values, and the variable comes with them."""
    first = node.args[0] if node.args else None
    if first is None or first.head != "relation" or first.value != "=" or first.args[0].head != "symbol":
        return None, node.args
    name, members = first.args[0], []
    for part in node.args:
        named = part.head == "relation" and part.value == "=" and part.args[0] == name
        if part.head == "relation" and not named:
            return None, node.args
        members.append(part.args[1] if named else part)
    return name, tuple(members)


def _paired(wanted: Sequence[_Item], given: Sequence[_Item], fits: Callable[[_Item, _Item], bool]) -> bool:
    """Whether the two can be paired off one to one."""
    left = list(given)
    for one in wanted:
        found = next((index for index, other in enumerate(left) if fits(one, other)), None)
        if found is None:
            return False
        del left[found]
    return not left


def _structure(gold: Node, answer: Node, algebra: Algebra) -> str:
    """Tuples, ratios, matrices and sets of numbers given by their ends."""
    if answer.head == "relation" and answer.value == "=" and gold.head in ("tuple", "matrix", "array", "ratio"):
        answer = _named_tuple(answer)
    if answer.head == gold.head and gold.head in ("tuple", "ratio", "based", "matrix", "row", "array"):
        if len(answer.args) != len(gold.args):
            return WRONG
        return next(
            (why for pair in zip(gold.args, answer.args, strict=True) if (why := difference(*pair, algebra))), ""
        )
    wanted, given = ranges(gold), ranges(answer)
    if wanted is None or given is None or (gold.head == "tuple" and not _increasing(wanted[0])):
        return OTHER_KIND
    if answer.head in ("tuple", "array") and gold.head == "array":
        return OTHER_KIND
    if len(wanted) != len(given):
        return WRONG
    return "" if _paired(wanted, given, lambda one, other: _same_range(one, other, algebra)) else WRONG


def _named_tuple(answer: Node) -> Node:
    """The right of `(x, y) = (1, 2)` or of `M = ...`."""
    left, right = answer.args
    plain = left.args if left.head == "tuple" else (left,)
    return right if all(part.head == "symbol" for part in plain) else answer


def _increasing(part: Range) -> bool:
    low, high = rational(part.low), rational(part.high)
    return low is None or high is None or low < high


def _same_range(one: Range, other: Range, algebra: Algebra) -> bool:
    if (one.low_closed, one.high_closed) != (other.low_closed, other.high_closed):
        return False
    if one.name and other.name and one.name != other.name:
        return False
    return algebra.same(one.low, other.low) and algebra.same(one.high, other.high)


def _quantity(gold: Node, answer: Node, algebra: Algebra) -> str:
    """Values of which one or both carry a unit."""
    gold, answer = _with_unit(gold, answer), _with_unit(answer, gold)
    if answer.head != "quantity":
        bare = _value(gold.args[0], answer, algebra)
        radians = bare and unit(str(gold.value)).pi and not _value(_in_base(gold), answer, algebra)
        return "" if radians else bare
    if gold.head != "quantity":
        angle = unit(str(answer.value)).pi and rational(gold) is None
        return _value(gold, _in_base(answer) if angle else answer.args[0], algebra)
    wanted, given = unit(str(gold.value)), unit(str(answer.value))
    if wanted.dimension != given.dimension:
        return "wrong unit"
    if wanted == given:
        return _value(gold.args[0], answer.args[0], algebra)
    return "" if algebra.same(_in_base(gold), _in_base(answer)) else WRONG


def _with_unit(node: Node, other: Node) -> Node:
    """`5 m` with a bare letter is five metres where the other side has a unit, not five times m."""
    if node.head == "quantity" or other.head != "quantity":
        return node
    head, text = _letters(node)
    try:
        unit(text)
    except NotReadError:
        return node
    return Node("quantity", (head,), text)


def _letters(node: Node) -> tuple[Node, str]:
    """A value and the unit of letters behind it, "" if there is none."""
    if node.head == "div" and node.args[1].head == "symbol":
        value, above = _letters(node.args[0])
        return value, f"{above}/{node.args[1].value}"
    if node.head == "mul":
        last = node.args[1]
        if last.head == "symbol" and str(last.value) in UNITS:
            return node.args[0], str(last.value)
        if last.head == "pow" and last.args[0].head == "symbol" and last.args[1] in (number(2), number(3)):
            return node.args[0], f"{last.args[0].value}^{last.args[1].value}"
    return node, ""


def _in_base(quantity: Node) -> Node:
    """The value in base units."""
    found = unit(str(quantity.value))
    scaled = Node("mul", (quantity.args[0], number(Fraction(found.factor))))
    return Node("mul", (scaled, _PI)) if found.pi else scaled
