"""Calls with literal arguments, as Python writes them: read by a lexer of our own, in one pass, without evaluation."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Value = str | int | float | bool | None | list["str | int | float | bool | None"]
# each alternative takes what it began with to its end, so that reading is one pass whatever the text is
_TOKEN = re.compile(
    r"(?P<blank>(?:\s|\#[^\n]*)+)"
    r"|(?P<name>[^\W\d]\w*)(?!['\"])"
    r"|(?P<text>[rRuU]?(?:'{3}(?:[^\\]|\\.)*?'{3}|\"{3}(?:[^\\]|\\.)*?\"{3}"
    r"|(?!'{3})'(?:[^'\\]|\\.)*'|(?!\"{3})\"(?:[^\"\\]|\\.)*\"))"
    r"|(?P<open>['\"].*)"
    r"|(?P<number>[+-]?\.?\d[\w.]*(?:(?<=[eE])[+-]\w*)?)"
    r"|(?P<mark>[()\[\],=;])"
    r"|(?P<odd>.)",
    re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,4})?")
_ESCAPE = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{([^}]{1,80})\}|(.))", re.DOTALL
)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "\n": "", "\\": "\\", "'": "'", '"': '"'}
_CONSTANTS: Mapping[str, bool | None] = {"True": True, "False": False, "None": None, "true": True, "false": False}


class NotACallError(ValueError):
    """Text that is no call; says where and why."""


@dataclass(frozen=True)
class RawCall:
    """A name and what stands between its brackets."""

    name: str
    positional: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int

    def __str__(self) -> str:
        if self.kind == "open":
            return f"the quote at character {self.place + 1}, for which there is no second one"
        shown = self.text if len(self.text) <= 20 else f"{self.text[:20]}..."
        return f"{shown!r} at character {self.place + 1}"


def read_calls(text: str) -> list[RawCall]:
    """The calls that `text` consists of, one after the other.

    Raises:
        NotACallError: it is anything else.
    """
    reader, calls = _Reader(_tokens(text)), []
    while reader.next.kind != "end":
        calls.append(reader.call())
        reader.skip(";")
    return calls


def _tokens(text: str) -> list[_Token]:
    found = [_Token(str(match.lastgroup), match[0], match.start()) for match in _TOKEN.finditer(text)]
    return [*(token for token in found if token.kind != "blank"), _Token("end", "the end", len(text))]


class _Reader:
    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens, self._at = tokens, 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._at]

    def skip(self, mark: str) -> bool:
        here = self.next.kind == "mark" and self.next.text == mark
        self._at += here
        return here

    def call(self) -> RawCall:
        name = self._take("name", "the name of an action")
        if not self.skip("("):
            raise NotACallError(f"after {name!r} a bracket is expected, as in click('12'), not {self.next}")
        positional: list[Value] = []
        keywords: dict[str, Value] = {}
        self._list(")", lambda: self._argument(positional, keywords))
        return RawCall(name, tuple(positional), keywords)

    def _argument(self, positional: list[Value], keywords: dict[str, Value]) -> None:
        following = self._tokens[self._at + 1] if self.next.kind == "name" else None
        if following is None or following.text != "=":
            if keywords:
                raise NotACallError(f"an argument without a name follows one with a name: {self.next}")
            positional.append(self._value())
            return
        name = self._take("name", "the name of an argument")
        self.skip("=")
        if name in keywords:
            raise NotACallError(f"{name}= is given twice")
        keywords[name] = self._value()

    def _value(self) -> Value:
        if not self.skip("["):
            return self._single()
        items: list[str | int | float | bool | None] = []
        self._list("]", lambda: items.append(self._single()))
        return items

    def _list(self, end: str, read: Callable[[], None]) -> None:
        while not self.skip(end):
            read()
            if not self.skip(","):
                if self.skip(end):
                    return
                raise NotACallError(f"a comma or {end!r} is expected, not {self.next}")

    def _single(self) -> str | int | float | bool | None:
        token = self.next
        self._at += token.kind != "end"
        if token.kind == "text":
            return _unquoted(token.text)
        if token.kind == "number":
            return _number(token)
        if token.kind == "name" and token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        hint = "; texts stand in quotes" if token.kind == "name" else ""
        raise NotACallError(f"a text in quotes or a number is expected, not {token}{hint}")

    def _take(self, kind: str, wanted: str) -> str:
        if self.next.kind != kind:
            raise NotACallError(f"{wanted} is expected, not {self.next}")
        self._at += 1
        return self._tokens[self._at - 1].text


def _number(token: _Token) -> int | float:
    if _NUMBER.fullmatch(token.text):
        if token.text.lstrip("+-").isdecimal():
            return int(token.text)
        if math.isfinite(value := float(token.text)):
            return value
    raise NotACallError(f"{token} is no number, or too long a one")


def _unquoted(text: str) -> str:
    raw = text[0] in "rR"
    text = text.lstrip("rRuU")
    quotes = 3 if len(text) >= 6 and text[:3] in ("'''", '"""') else 1
    inside = text[quotes:-quotes]
    return inside if raw else _ESCAPE.sub(_unescaped, inside)


def _unescaped(match: re.Match[str]) -> str:
    octal, byte, short, long, name, letter = match.groups()
    if letter is not None:
        return _SIMPLE.get(letter, match[0])  # an unknown escape is left as it is, as in Python
    try:
        if name is not None:
            return unicodedata.lookup(name)
        found = chr(int(octal, 8) if octal else int(byte or short or long, 16))
    except (KeyError, ValueError, OverflowError) as error:
        raise NotACallError(f"{match[0]} is no character") from error
    if 0xD800 <= ord(found) < 0xE000 or found == "\0":
        raise NotACallError(f"{match[0]} is no character of a text")
    return found
