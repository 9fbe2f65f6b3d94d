r"""Tokens of an answer in LaTeX or plain text.

The lexer is where spacing commands, `\left`, `\displaystyle` and the like disappear, where a thousands separator is
told from a comma (three digits follow, and no bracket is open), and where words are told from variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from selftrain.envs.answers.nodes import NotReadError, TooLargeError
from selftrain.envs.answers.units import UNITS
from selftrain.envs.answers.vocabulary import (
    COMMANDS,
    CONSTANTS,
    FUNCTIONS,
    GREEK,
    HEDGE_COMMANDS,
    HEDGES,
    SIGNS,
    SILENT,
    TEXTS,
)

MAX_TOKENS = 400

_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+(?![\d.]))?")
_GROUPED = re.compile(r"\d{1,3}(?:(?:\{,\}|\\,|\\!|,\\!)\d{3})+(?!\d)(?:\.\d+)?")
_GROUPED_BARE = re.compile(r"\d{1,3}(?:(?:,|\{,\}|\\,|\\!|,\\!)\d{3})+(?![\d])(?!,\d)(?:\.\d+)?")
_REPEATING = re.compile(r"(\d*\.\d*)\s*\\(?:overline|bar)\s*\{(\d+)\}")
_SEPARATOR = re.compile(r"[^\d.]")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_WORD = re.compile(r"[A-Za-z]+")
_BRACED = re.compile(r"\s*\{([^{}]*)\}")
_ENVIRONMENT = re.compile(
    r"\\(begin|end)\s*\{(pmatrix|bmatrix|matrix|Bmatrix|vmatrix|array|smallmatrix)\}(\{[clr|]+\})?"
)
_VALUE = re.compile(r"[-+\d.$%\\]|[A-Za-z] ?=")
_ROW = re.compile(r"\\\\\[[\d.]+(?:pt|em|ex|mm|cm)\]")
_SPACE = re.compile(r"(?:[ ~]|\\[,;:! ])+")
_MARKS = ("**", "<=", ">=", "!=", "==", "\\\\", "\\{", "\\}", "\\%", "\\$", "\\|", "\\&", "\\_")
_MARK_MEANINGS = {"**": "^", "==": "=", "\\\\": "newrow", "\\{": "{|", "\\}": "|}", "\\%": "%", "\\$": "$", "\\|": "|"}
_SINGLE = frozenset("+-*/^=<>()[]{}!,;:%|&_$'?")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `spaced` says that space stands before it.

    Attributes:
        kind: number, letter, word, call, constant, command, sign, begin, end.
        text: the sign, name or digits.
        spaced: whether space stands before it.
    """

    kind: str
    text: str
    spaced: bool = False


def tokens(text: str) -> list[Token]:
    """All tokens of `text`, which must be printable ASCII.

    Raises:
        NotReadError: something that is no part of an answer.
    """
    found: list[Token] = []
    at, spaced, depth = 0, False, 0
    while at < len(text):
        space = _SPACE.match(text, at)
        if space:
            at, spaced = space.end(), True
            continue
        made, at = _next(text, at, depth)
        for kind, name in made:
            depth += (name in ("(", "[", "{|", "<(")) - (name in (")", "]", "|}", ")>"))
            found.append(Token(kind, name, spaced))
            spaced = False
        if len(found) > MAX_TOKENS:
            raise TooLargeError("refused: too large")
    return found


def _next(text: str, at: int, depth: int) -> tuple[list[tuple[str, str]], int]:
    """The tokens that begin at `at` (none for a silent command) and where the next ones begin."""
    character = text[at]
    repeating = _REPEATING.match(text, at) if character.isdigit() or character == "." else None
    if repeating:
        return [("number", f"{repeating[1]}({repeating[2]})")], repeating.end()
    if character.isdigit() or (character == "." and text[at + 1 : at + 2].isdigit()):
        found = (_GROUPED if depth > 0 else _GROUPED_BARE).match(text, at) or _NUMBER.match(text, at)
        assert found is not None
        digits = found[0] if "e" in found[0].lower() else _SEPARATOR.sub("", found[0])
        return [("number", digits)], found.end()
    if character.isalpha():
        found = _WORD.match(text, at)
        assert found is not None
        return _word(found[0]), found.end()
    environment = _ENVIRONMENT.match(text, at)
    if environment:
        return [(environment[1], environment[2])], environment.end()
    command = _COMMAND.match(text, at)
    if command:
        return _command(command[1], text, command.end())
    row = _ROW.match(text, at)
    if row:
        return [("sign", "newrow")], row.end()
    for mark in _MARKS:
        if text.startswith(mark, at):
            return [("sign", _MARK_MEANINGS.get(mark, mark))], at + len(mark)
    if character in _SINGLE:
        return [("sign", character)], at + 1
    raise NotReadError("refused: not an answer")


def _word(word: str) -> list[tuple[str, str]]:
    """A run of letters: a known name, a unit, a joining word, else a product of up to three variables."""
    lower = word.lower()
    if lower in ("or", "and"):
        return [("sign", lower)]
    if lower == "percent":
        return [("sign", "%")]
    if lower in HEDGES:
        raise NotReadError("hedged")
    if word in FUNCTIONS:
        return [("call", word)]
    if lower in CONSTANTS:
        return [("constant", CONSTANTS[lower])]
    if len(word) > 1 and word in UNITS:
        return [("word", word)]
    if word in GREEK:
        return [("letter", word)]
    if len(word) > 3:
        return [("word", word)]
    return [("letter", letter) for letter in word]


def _command(name: str, text: str, at: int) -> tuple[list[tuple[str, str]], int]:
    if name in SILENT:
        return [], at
    if name in SIGNS:
        return [("sign", SIGNS[name])], at
    if name in HEDGE_COMMANDS:
        raise NotReadError("hedged")
    if name in CONSTANTS:
        return [("constant", CONSTANTS[name])], at
    if name in GREEK:
        return [("letter", name)], at
    if name in COMMANDS:
        return [("command", name)], at
    if name in FUNCTIONS:
        return [("call", name)], at
    if name in TEXTS:
        return _text(name, text, at)
    if name == "mathbb" and text.startswith("{R}", at):
        return [("constant", "reals")], at + 3
    raise NotReadError("refused: not an answer")


def _text(name: str, text: str, at: int) -> tuple[list[tuple[str, str]], int]:
    r"""What `\text{...}` holds: a joining word, a value, a variable in another font, a unit, or words."""
    braced = _BRACED.match(text, at)
    if braced is None:
        raise NotReadError("refused: not an answer")
    inside = " ".join(braced[1].replace("~", " ").split())
    if _VALUE.match(inside) or (name.startswith("math") and len(inside) == 1 and inside not in UNITS):
        return [(token.kind, token.text) for token in tokens(inside)], braced.end()
    if inside.lower() in ("or", "and"):
        return [("sign", inside.lower())], braced.end()
    if inside.lower() == "percent":
        return [("sign", "%")], braced.end()
    if inside in FUNCTIONS:
        return [("call", inside)], braced.end()
    if inside.lower() in HEDGES - {"yes", "no"}:
        raise NotReadError("hedged")
    return ([("word", inside)] if inside else []), braced.end()
