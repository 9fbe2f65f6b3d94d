"""Items in natural wording, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

_BLANK = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Phrases:
    """Sentences that say the same in different words.

    Attributes:
        templates: with blanks such as {colour}, the same ones in each.
    """

    templates: tuple[str, ...]

    def say(self, variant: int, words: Mapping[str, str]) -> str:
        """One of the sentences with its blanks filled in."""
        return self.templates[variant % len(self.templates)].format_map(words)

    def read(self, line: str) -> dict[str, str] | None:
        """The words in the blanks, if the line is one of the sentences."""
        for pattern in self._patterns:
            if match := pattern.fullmatch(line):
                return match.groupdict()
        return None

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(map(_pattern, self.templates))


def _pattern(template: str) -> re.Pattern[str]:
    parts = _BLANK.split(template)  # text and names of blanks in turn
    return re.compile(
        "".join(f"(?P<{part}>[\\w -]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)),
    )


def name_of(names: Sequence[str], number: int) -> str:
    """A word for a number from 1; the list goes on with numbers where it ends."""
    return names[number - 1] if number <= len(names) else f"{names[(number - 1) % len(names)]}-{number}"


def number_of(names: Sequence[str], word: str) -> int:
    """The number that `name_of` gave this word for."""
    return int(word.rpartition("-")[2]) if "-" in word else names.index(word) + 1
