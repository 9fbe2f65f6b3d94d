"""The lexer of Coq scripts: tokens and sentences, cut where Coq cuts them.

What matters is where a sentence ends, for a word in the middle of a sentence is harmless and the same word at the
start of one may be a command. The rules are those of the prover's own lexer:

- white space is blank, tab and line ends; any other kind of it is a symbol;
- comments `(* ... *)` nest, and a string inside a comment hides the marks in it;
- a full stop (or `...`) ends a sentence when white space, a comment or the end of the text follows it;
  the stop of a qualified name (`Nat.add_comm`), of a number (`1.5`) and of `x.(f)` does not, nor does `..`;
- at the start of a sentence `-`, `+` and `*` (repeated) are bullets, `{` and `}` open and close a goal, and all of
  them are sentences of their own, as is a goal selector with a brace (`2: {`).

No text makes it raise, and it takes time in proportion to the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<comment>\(\*)
    | (?P<string>"[^"]*(?:""[^"]*)*"?)
    | (?P<word>[^\W\d][\w']*(?:\.[^\W\d][\w']*)*)
    | (?P<number>0[xX][0-9a-fA-F][0-9a-fA-F_]*|[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9][0-9_]*)?)
    | (?P<dots>\.+)
    | (?P<symbol>[(){}\[\],;]|[^\s\w"(){}\[\],;.]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_COMMENT = re.compile(r'\(\*|\*\)|"[^"]*"?')
_BULLET = re.compile(r"-+|\++|\*+")
_ENDS = re.compile(r"[ \t\r\n]|\(\*|\Z")
_SELECTOR = re.compile(r"(?:all|par|!|\[ ?\w+ ?\]|[0-9]+(?: ?[-,] ?[0-9]+)*) ?:")
LONGEST_SELECTOR = 64


class Token(NamedTuple):
    """One token.

    Attributes:
        kind: "word" (a name, qualified or not), "number", "string", "symbol", "bullet", "brace" or "end".
        text: as written.
        spaced: white space or a comment stands before it.
    """

    kind: str
    text: str
    spaced: bool


@dataclass(frozen=True)
class Sentence:
    """One sentence: its tokens, the end included where it has one."""

    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        """The sentence on one line: comments gone, white space down to single spaces."""
        return _text(self.tokens)

    @property
    def whole(self) -> bool:
        """Whether it ends as a sentence must: with a full stop, or by being a bullet or a brace."""
        return self.tokens[-1].kind in {"end", "bullet", "brace"}


@dataclass(frozen=True)
class Script:
    """A script cut into sentences, and what is wrong with its outer form ("" for nothing)."""

    sentences: tuple[Sentence, ...]
    fault: str = ""


def _text(tokens: Sequence[Token]) -> str:
    return "".join(f" {token.text}" if token.spaced and at else token.text for at, token in enumerate(tokens))


def _after_comment(script: str, start: int) -> int:
    """Where the comment that opens at `start` ends; -1 when it never does."""
    depth, at = 0, start
    while mark := _IN_COMMENT.search(script, at):
        at = mark.end()
        if mark.group() == "(*":
            depth += 1
        elif mark.group() == "*)":
            depth -= 1
            if depth == 0:
                return at
        elif len(mark.group()) == 1 or not mark.group().endswith('"'):
            return -1
    return -1


class _Reader:
    """Collects tokens into sentences."""

    def __init__(self, script: str) -> None:
        self.script, self.at, self.fault = script, 0, ""
        self.spaced = False
        self.current: list[Token] = []
        self.done: list[Sentence] = []

    def read(self) -> Script:
        while self.at < len(self.script):
            self._step()
        self._close()
        return Script(tuple(self.done), self.fault)

    def _step(self) -> None:
        if not self.current and (bullet := _BULLET.match(self.script, self.at)):
            self._put("bullet", bullet.group())
            return
        found = _TOKEN.match(self.script, self.at)
        if found is None or found.lastgroup is None:
            raise AssertionError(f"no token at {self.at}")  # the last branch takes any character
        kind, text = found.lastgroup, found.group()
        if kind == "space":
            self.spaced, self.at = True, found.end()
        elif kind == "comment":
            self._skip_comment()
        elif kind == "dots":
            ends = len(text) in {1, 3} and _ENDS.match(self.script, found.end()) is not None
            self._put("end" if ends else "symbol", text)
        elif text in {"{", "}"} and self._stands_alone(text):
            self._put("brace", text)
        else:
            if kind == "string" and text.count('"') % 2:
                self.fault = "a string is not closed"
            self._put(kind, text)

    def _skip_comment(self) -> None:
        after = _after_comment(self.script, self.at)
        if after < 0:
            self.fault, after = "a comment is not closed", len(self.script)
        self.spaced, self.at = True, after

    def _stands_alone(self, brace: str) -> bool:
        if brace == "}" or not self.current:
            return not self.current
        if len(self.current) > LONGEST_SELECTOR or not self.current[-1].text.endswith(":"):
            return False
        return _SELECTOR.fullmatch(_text(self.current)) is not None

    def _put(self, kind: str, text: str) -> None:
        self.current.append(Token(kind, text, self.spaced))
        self.spaced, self.at = False, self.at + len(text)
        if kind in {"end", "bullet", "brace"}:
            self._close()

    def _close(self) -> None:
        if self.current:
            self.done.append(Sentence(tuple(self.current)))
            self.current = []


def read_script(script: str) -> Script:
    """Cut a script into sentences of tokens."""
    return _Reader(script).read()


def sentences(script: str) -> tuple[str, ...]:
    """The sentences of a script, each on one line without comments; a bullet or a brace is one of its own."""
    return tuple(sentence.text for sentence in read_script(script).sentences)
