"""The grammar of one answer, in LaTeX or plain text; strict, so that what is not an answer is not read as one."""

from __future__ import annotations

import re
from functools import lru_cache

from selftrain.envs.answers.characters import plain
from selftrain.envs.answers.exact import rational
from selftrain.envs.answers.expressions import END, Expressions
from selftrain.envs.answers.lexer import Token, tokens
from selftrain.envs.answers.nodes import Node, NotReadError, TooLargeError, number
from selftrain.envs.answers.ranges import ranges
from selftrain.envs.answers.units import unit
from selftrain.envs.answers.vocabulary import RELATIONS, SEPARATORS

MAX_ANSWER = 500
_ABOUT = re.compile(r"(?:^|[=(,])\s*~\s*[\d.\\$-]")
_LABEL = re.compile(
    r"(?P<size>[A-Z]{2,4}|\|[A-Z]{1,3}\||\[[A-Z]{3,6}\])|(?P<inverse>[A-Z]\^\{?-1\}?)"
    r"|[fghpqA-W](?:_\{?\w+\}?)?\(-?\w+(?:,-?\w+)*\)"
)
_CLOSERS = {"floor(": ")floor", "ceil(": ")ceil"}


@lru_cache(maxsize=4096)
def read(text: str) -> Node:
    """The answer that `text` is.

    Raises:
        NotReadError: it is not one answer.
        TooLargeError: it is longer or deeper than an answer may be.
    """
    if len(text) > MAX_ANSWER:
        raise TooLargeError("refused: too large")
    text = plain(text)
    if _ABOUT.search(text):
        raise NotReadError("hedged")
    found = _set_in_braces(tokens(text))
    if not any(_is(token, "pm") for token in found):
        return _Reader(found).answer()
    return _both(found)


def _scaled(factor: Node, matrix: Node) -> Node:
    """A matrix of which every entry is multiplied by a number."""
    return Node("matrix", tuple(Node("row", tuple(_times(factor, entry) for entry in row.args)) for row in matrix.args))


def _times(factor: Node, entry: Node) -> Node:
    made = Node("mul", (factor, entry))
    value = rational(made)
    return made if value is None else number(value)


def _is(token: Token, *signs: str) -> bool:
    return token.kind == "sign" and token.text in signs


def _set_in_braces(found: list[Token]) -> list[Token]:
    """`{1, 2}` as plain text has it is `\\{1, 2\\}`."""
    depth, list_depths = 0, list[int]()
    for index, token in enumerate(found):
        depth += _is(token, "{") - _is(token, "}")
        if depth == 0 and index < len(found) - 1:
            return found
        if _is(token, ","):
            list_depths.append(depth)
    if 1 not in list_depths:
        return found
    return [Token("sign", "{|"), *found[1:-1], Token("sign", "|}")]


def _both(found: list[Token]) -> Node:
    r"""The two answers that `\pm` stands for: one with plus, one with minus in its place."""
    marks = [token.text for token in found if _is(token, "pm", ",", ";", "or", "and", "(", "[", "<(")]
    if "pm pm" in " ".join(marks) or (marks.count("pm") > 1 and {"(", "[", "<("} & set(marks)):
        raise NotReadError("hedged")
    one, other = (
        _Reader([Token("sign", sign, t.spaced) if _is(t, "pm") else t for t in found]).answer() for sign in "+-"
    )
    if one.head == other.head and one.head in ("set", "list"):
        return Node(one.head, one.args + tuple(part for part in other.args if part not in one.args), one.value)
    return Node("list", (one, other), ",")


class _Reader(Expressions):
    """A reader of whole answers: relations, lists, brackets, units around expressions."""

    def answer(self) -> Node:
        """The whole text."""
        items, joined = [self.relation()], set[str]()
        while self.sees(*SEPARATORS):
            sign = self.take().text
            if sign == "," and self.sees("or", "and"):
                sign = self.take().text
            joined.add(sign)
            items.append(self.relation())
        if self.sees("?"):
            raise NotReadError("hedged")
        if self.next is not END:
            raise NotReadError("refused: not an answer")
        return items[0] if len(items) == 1 else Node("list", tuple(items), " ".join(sorted(joined)))

    def relation(self) -> Node:
        """An expression, or several with relation signs between."""
        parts, signs = [self._label() or self.union()], []
        while self.sees(*RELATIONS, "in"):
            signs.append(self.take().text)
            parts.append(self.union())
        if not signs:
            return parts[0]
        if "in" in signs:
            if len(parts) != 2 or parts[0].head != "symbol":
                raise NotReadError("refused: not an answer")
            return Node("member", tuple(parts))
        return Node("relation", tuple(parts), " ".join(signs))

    def _label(self) -> Node | None:
        """What is no product although it looks like one: `f(3)=`, and `AB=`, `|S|=`, `[ABC]=` before a number."""
        rest = self.found[self.at :]
        end = next((index for index, token in enumerate(rest) if _is(token, "=")), None)
        if end is None:
            return None
        label = _LABEL.fullmatch("".join(token.text for token in rest[:end]))
        kinds = {token.kind for token in rest[end:]}
        if label is None or (label["size"] and "letter" in kinds) or (label["inverse"] and "begin" not in kinds):
            return None
        self.at += end
        return Node("symbol", value=label[0])

    def union(self) -> Node:
        """A value, or several joined by the sign of union or by colons."""
        parts = [self.quantity()]
        while self.skip("cup"):
            parts.append(self.quantity())
        if len(parts) == 1 and self.skip(":"):
            parts.append(self.quantity())
            while self.skip(":"):
                parts.append(self.quantity())
            return Node("ratio", tuple(parts))
        return parts[0] if len(parts) == 1 else Node("union", tuple(parts))

    def quantity(self) -> Node:
        """An expression with or without a unit behind it."""
        currency = self.skip("$")
        value = self.sum()
        if self.next.kind == "begin" and rational(value) is not None:
            return _scaled(value, self.primary())
        if currency:
            return Node("quantity", (value,), "$")
        if self.next.kind != "word":
            return value
        text = self.take().text
        while self.next.kind == "word" or self.sees("/", "^"):
            text += self._more_unit()
        unit(text)
        return Node("quantity", (value,), text)

    def _more_unit(self) -> str:
        if self.next.kind == "word":
            return " " + self.take().text
        if self.take().text == "^":
            braced = self.skip("{")
            power = self.take().text
            if braced:
                self.want("}")
            return "^" + power
        if self.next.kind not in ("word", "letter"):
            raise NotReadError("refused: not an answer")
        return "/" + self.take().text

    def bracketed(self, sign: str) -> Node:
        if sign == "empty":
            return Node("set")
        if sign == "{":
            made = self.sum()
            self.want("}")
            return made
        if sign == "{|":
            condition = self._condition()
            items = () if condition or self.sees("|}") else self._items()
            self.want("|}")
            return condition or Node("set", items)
        if sign == "|":
            made = Node("call", (self.sum(),), "abs")
            self.want("|")
            return made
        if sign in ("floor(", "ceil("):
            made = Node("call", (self.sum(),), sign[:-1])
            self.want(_CLOSERS[sign])
            return made
        if sign in ("(", "[", "]", "<("):
            return self._brackets(sign)
        raise NotReadError("refused: not an answer")

    def _condition(self) -> Node | None:
        r"""The inequality in `\{x : x>2\}` or `\{x \in \mathbb{R} \mid x>2\}`, which is the set itself."""
        signs = [self.ahead(steps).text for steps in (1, 2, 3)]
        taken = 2 if signs[0] in (":", "|") else 4 if signs[:2] == ["in", "reals"] and signs[2] in (":", "|") else 0
        if not taken or self.next.kind != "letter":
            return None
        name = self.next.text
        self.at += taken
        made = self.relation()
        if made.head != "relation" or {r.name for r in ranges(made) or ()} != {name}:
            raise NotReadError("refused: not an answer")
        return made

    def _items(self) -> tuple[Node, ...]:
        items = [self.relation()]
        while self.skip(",") or self.skip(";"):
            items.append(self.relation())
        return tuple(items)

    def _brackets(self, opened: str) -> Node:
        """A group, a tuple, an interval, a list in square brackets or a matrix of such lists."""
        items = self._items()
        closed = self.take().text
        if opened == "<(" or closed == ")>":
            if (opened, closed) != ("<(", ")>"):
                raise NotReadError("refused: not an answer")
            opened, closed = "(", ")"
        kind = opened + closed
        if kind == "()":
            return Node("tuple", items) if len(items) > 1 else items[0]
        if kind == "[]" and len(items) == 1 and items[0].head == "matrix":
            return items[0]
        if kind == "[]" and all(item.head == "array" for item in items) and len({len(i.args) for i in items}) == 1:
            return Node("matrix", tuple(Node("row", item.args) for item in items))
        if kind == "[]":
            return Node("array", items)
        if kind in ("[)", "(]", "][", "[[", "]]") and len(items) == 2:
            closed_ends = ("[" if opened == "[" else "(") + ("]" if closed == "]" else ")")
            return Node("interval", items, closed_ends)
        raise NotReadError("refused: not an answer")

    def matrix(self, name: str) -> Node:
        rows, row = [], [self.sum()]
        while True:
            if self.skip("&"):
                row.append(self.sum())
                continue
            rows.append(Node("row", tuple(row)))
            if self.skip("newrow") and self.next.kind != "end":
                row = [self.sum()]
                continue
            break
        closed = self.take()
        if (closed.kind, closed.text) != ("end", name) or name == "vmatrix" or len({len(r.args) for r in rows}) != 1:
            raise NotReadError("refused: not an answer")
        return Node("matrix", tuple(rows))
