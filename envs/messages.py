"""What a message of a chat model holds: fenced blocks, and text around them; and why it cannot be read."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt

from selftrain.envs.answers.extraction import spoken

LONGEST_MESSAGE = 65_536
# fences are all that is looked for: inline markup takes seconds on hostile messages
_MARKDOWN = MarkdownIt("zero").enable("fence")


@dataclass(frozen=True)
class Message:
    """A message, taken apart; what stands in thinking blocks is in neither part.

    Attributes:
        blocks: the contents of the fenced blocks of the languages that were asked for, in order.
        text: everything that is in no fenced block of any language.
    """

    blocks: tuple[str, ...]
    text: str


def refusal(text: str) -> str:
    """Why `text` cannot be read as a message, or ""."""
    if not text.strip():
        return "the message is empty"
    if len(text) > LONGEST_MESSAGE:
        return f"the message has {len(text)} characters, at most {LONGEST_MESSAGE} are read"
    odd = next((c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t"), "")
    return f"the message is no text: it holds the character U+{ord(odd):04X}" if odd else ""


def read_message(text: str, languages: Sequence[str]) -> Message:
    """Take a message apart at its fences, as CommonMark has them; one that is not closed ends with the message.

    Args:
        text: the message.
        languages: first words of the info strings, in lower case, of the blocks that are wanted; "" for none.
    """
    text = spoken(text).replace("\r\n", "\n").replace("\r", "\n")
    blocks, lines = [], text.split("\n")
    for token in _MARKDOWN.parse(text):
        if token.type == "fence" and token.map:
            if token.info.strip().partition(" ")[0].lower() in languages:
                blocks.append(token.content)
            first, last = token.map
            lines[first:last] = [""] * (last - first)
    return Message(tuple(blocks), "\n".join(lines))
