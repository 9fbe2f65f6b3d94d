"""Texts as arrays of fixed size: their last bytes, their last words, or how often each of these words occurs."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from selftrain.errors import OptionError, UnknownNameError

# words, also such as report.csv and 2024-01-31, and single marks
_TOKEN = re.compile(r"\w+(?:[./-]+\w+)*|[^\w\s]")
_SPACE = re.compile(r"\s")
_USUAL_TOKEN_CHARS = 8
KINDS = ("bytes", "tokens", "counts")
MOST = 1 << 16
"""The largest size of a window, of words' numbers and of a menu."""


@dataclass(frozen=True)
class ByteWindow:
    """The last `size` bytes in UTF-8, filled up with zeros on the left: `Box(0, 255, (size,), uint8)`."""

    size: int = 256

    def __post_init__(self) -> None:
        at_least(1, window=self.size)

    @property
    def space(self) -> gym.spaces.Box:
        """What `read` returns members of."""
        return gym.spaces.Box(0, 255, (self.size,), np.uint8)

    def read(self, texts: Sequence[str]) -> npt.NDArray[np.uint8]:
        """The end of the texts, taken one after another with a line break between them."""
        data = b""
        for number, text in enumerate(reversed(texts)):
            # a character takes a byte or more, so that the rest of a long text cannot matter
            end = text[-self.size :].encode("utf-8", "replace")
            data = end + b"\n" + data if number else end
            if len(data) >= self.size:
                break
        return np.frombuffer(data[-self.size :].rjust(self.size, b"\0"), np.uint8).copy()


@dataclass(frozen=True)
class TokenWindow:
    """The last `size` words and marks as numbers, filled up with zeros on the left: `MultiDiscrete([tokens] * size)`.

    A word, in lower case, is numbered by its CRC-32, from 1 to `tokens` - 1, so that no vocabulary has to be made; two
    words may share a number (the hashing trick; Weinberger et al., "Feature Hashing for Large Scale Multitask
    Learning", ICML 2009).
    """

    size: int = 128
    tokens: int = 256

    def __post_init__(self) -> None:
        at_least(1, window=self.size)
        at_least(2, tokens=self.tokens)

    @property
    def space(self) -> gym.spaces.MultiDiscrete:
        """What `read` returns members of."""
        return gym.spaces.MultiDiscrete([self.tokens] * self.size)

    def read(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """The end of the texts, taken one after another."""
        words: list[str] = []
        for text in reversed(texts):
            words = [*_last_words(text, self.size - len(words)), *words]
            if len(words) == self.size:
                break
        found = np.zeros(self.size, np.int64)
        found[self.size - len(words) :] = [token_number(word, self.tokens) for word in words]
        return found


@dataclass(frozen=True)
class CountWindow:
    """How often each number occurs in a `TokenWindow`: `Box(0, size, (tokens,), float32)`; the first is always 0.

    Without order, but small, and the same wherever in the window a word stands: what a plain network learns from first.
    """

    size: int = 128
    tokens: int = 256

    def __post_init__(self) -> None:
        TokenWindow(self.size, self.tokens)

    @property
    def space(self) -> gym.spaces.Box:
        """What `read` returns members of."""
        return gym.spaces.Box(0, self.size, (self.tokens,), np.float32)

    def read(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The counts at the end of the texts, taken one after another."""
        counts = np.bincount(TokenWindow(self.size, self.tokens).read(texts), minlength=self.tokens)
        counts[0] = 0
        return counts.astype(np.float32)


Window = ByteWindow | TokenWindow | CountWindow


def make_window(kind: str, window: int, tokens: int) -> Window:
    """The window of these arguments of an environment: `kind` is one of `KINDS`.

    Raises:
        UnknownNameError, OptionError: there is no such kind, or a size makes no sense.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of window", kind, KINDS)
    if kind == "bytes":
        return ByteWindow(window)
    return TokenWindow(window, tokens) if kind == "tokens" else CountWindow(window, tokens)


@lru_cache(maxsize=1 << 14)
def token_number(word: str, tokens: int) -> int:
    """The number of a word, 1 to `tokens` - 1, the same on every machine."""
    return 1 + zlib.crc32(word.lower().encode("utf-8", "replace")) % (tokens - 1)


def _last_words(text: str, count: int) -> list[str]:
    """The last `count` words, without reading all of a long text."""
    chars = _USUAL_TOKEN_CHARS * count
    while chars < len(text):
        # no word goes beyond white space, so that what follows on some has the words that it has in the whole text
        cut = _SPACE.search(text, len(text) - chars)
        words = _TOKEN.findall(text, cut.end()) if cut else []
        if len(words) >= count:
            return words[-count:]
        chars *= 2
    return _TOKEN.findall(text)[-count:]


def at_least(least: int, **given: int) -> None:
    """Check sizes.

    Raises:
        OptionError: one is no whole number, below `least`, or so large that its arrays would not fit into memory.
    """
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST:
            raise OptionError(f"{name}={value!r} must be a whole number from {least} to {MOST}")
