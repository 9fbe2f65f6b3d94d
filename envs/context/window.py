"""What the agent can see: a system message, then user and assistant in turn, with the exact tokens of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from selftrain.envs.context.tokenizers import ChatTokenizer


@dataclass(frozen=True)
class Message:
    """What the agent said: its text, and the tokens that stand for it in every later prompt.

    Attributes:
        text: without the end-of-turn token.
        ids: as sampled, or as the tokenizer writes the text; ends in the end-of-turn token.
        size: its tokens, the one that ends the turn not counted.
    """

    text: str
    ids: tuple[int, ...]
    size: int

    @classmethod
    def of(cls, text: str, tokenizer: ChatTokenizer) -> Message:
        """A message that is known by its text only."""
        ids = tuple(tokenizer.assistant_ids(text))
        return cls(text, ids, len(ids) - 1)


@dataclass(frozen=True)
class Turn:
    """One message of the context: role "user" or "assistant", text, and the tokens it adds to the prompt."""

    role: str
    content: str
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """One context: a system message, "" for none, then user and assistant strictly in turn, the user first."""

    system: str
    turns: tuple[Turn, ...]

    @classmethod
    def opened(cls, system: str, content: str, tokenizer: ChatTokenizer) -> Window:
        """A context that holds nothing but the first user message."""
        return cls(system, (Turn("user", content, tuple(tokenizer.user_ids(content, system, first=True))),))

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """The whole prompt; after a user turn it ends in the header of the assistant's turn."""
        return tuple(chain.from_iterable(turn.ids for turn in self.turns))

    @cached_property
    def tokens(self) -> int:
        """The size of the prompt."""
        return sum(len(turn.ids) for turn in self.turns)

    def said(self, message: Message) -> Window:
        """With the agent's message at the end."""
        return Window(self.system, (*self.turns, Turn("assistant", message.text, message.ids)))

    def answered(self, content: str, tokenizer: ChatTokenizer) -> Window:
        """With a user message at the end."""
        return Window(self.system, (*self.turns, Turn("user", content, tuple(tokenizer.user_ids(content)))))

    def without_oldest(self) -> Window:
        """Without the agent's oldest message and the answer to it; the first user message stays."""
        return Window(self.system, (self.turns[0], *self.turns[3:]))


def clipped(text: str, room: float, build: Callable[[str], Window]) -> tuple[Window, int]:
    """The window that `build` makes of as much of `text` as keeps it within `room` tokens, and the tokens left out.

    The middle is left out, and a line in the text says so; what is left out is never silent.
    """
    whole = build(text)
    if whole.tokens <= room:
        return whole, 0
    low, high, best = 0, len(text), build(_shortened(text, 0))
    while low <= high:
        middle = (low + high) // 2
        tried = build(_shortened(text, middle))
        if tried.tokens <= room:
            low, best = middle + 1, tried
        else:
            high = middle - 1
    return best, max(1, whole.tokens - best.tokens)


def left_out(characters: int) -> str:
    """The line that stands for what is left out."""
    return f"\n[... {characters} characters left out ...]\n"


def _shortened(text: str, kept: int) -> str:
    head, tail = text[: kept - kept // 2], text[len(text) - kept // 2 :]
    return head + left_out(len(text) - kept) + tail
