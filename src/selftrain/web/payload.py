"""One episode in the form that its page draws: turns, cuts, and each text of a context only once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import Any

from selftrain.records import EpisodeRecord, Segment, Step
from selftrain.web.contexts import Decode, decoder, read_segment

Parts = list[tuple[int, str]]
# what begins a segment without replacing the context by notes
NO_CUTS = ("", "branch", "return")


@dataclass
class Texts:
    """Every different message once; contexts then are lists of numbers, since each repeats most of the one before."""

    table: list[tuple[str, str]] = field(default_factory=list)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def numbers(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        """The numbers of messages; one that was not seen before is given the next."""
        for message in messages:
            if message not in self._numbers:
                self._numbers[message] = len(self.table)
                self.table.append(message)
        return [self._numbers[message] for message in messages]


def ranges(numbers: Sequence[int]) -> list[list[int]]:
    """Runs of following numbers as [first, last] pairs: a context of a hundred messages is a few of them."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def side_by_side(before: str, after: str) -> list[tuple[str, Parts, Parts]]:
    """Rows of (kind, left line, right line); kind is "same", "changed", "removed" or "added".

    A line is a list of parts, (1, text) where it differs from the other side within a changed line, else (0, text).
    """
    left, right = before.splitlines(), after.splitlines()
    rows: list[tuple[str, Parts, Parts]] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for old, new in zip_longest(left[a:b], right[c:d]):
            if kind == "equal":
                rows.append(("same", [(0, old)], [(0, new)]))
            elif old is None or new is None:
                rows.append(("added" if old is None else "removed", [(0, old or "")], [(0, new or "")]))
            else:
                rows.append(("changed", *_words(old, new)))
    return rows


def _words(old: str, new: str) -> tuple[Parts, Parts]:
    left, right = (re.findall(r"\w+|\W", line) for line in (old, new))
    ours: Parts = []
    theirs: Parts = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        differs = int(kind != "equal")
        ours += [(differs, "".join(left[a:b]))] if b > a else []
        theirs += [(differs, "".join(right[c:d]))] if d > c else []
    return ours, theirs


def episode_payload(record: EpisodeRecord) -> dict[str, Any]:
    """What the page of an episode needs, in plain types."""
    texts, decode = Texts(), decoder(record)
    found = [turn for segment in record.segments for turn in _turns(segment, texts, decode)]
    found.sort(key=lambda turn: turn[1].index)  # a branch lies inside the segment that called it
    segments = [segment for segment, _, _ in found]
    return {
        "messages": texts.table,
        "turns": [turn for _, _, turn in found],
        "cuts": [
            _cut(before, after, found[n][2], found[n + 1][2], n + 1)
            for n, (before, after) in enumerate(pairwise(segments))
            if before.index != after.index
        ],
    }


def _turns(segment: Segment, texts: Texts, decode: Decode) -> Iterator[tuple[Segment, Step, dict[str, Any]]]:
    views, actions = read_segment(segment, decode)
    infos = [segment.info, *(step.info for step in segment.steps)]
    for n, step in enumerate(segment.steps):
        leaves = step.info.get("segment", segment.index) != segment.index
        came_back = views[n + 1] if leaves else _since_the_action(views[n + 1])
        yield (
            segment,
            step,
            {
                "segment": segment.index,
                "kind": segment.kind,
                "verb": str(step.info.get("verb", "act")),
                "invalid": str(step.info.get("invalid", "")),
                "phase": str(infos[n].get("phase", "act")),
                "context": int(infos[n].get("ctx_tokens", 0)),
                "budget": int(infos[n].get("budget", 0)),
                "action": actions[n],
                "sees": ranges(texts.numbers(views[n])),
                "back": ranges(texts.numbers(came_back)),
                "reward": step.reward,
                "seconds": round(step.seconds, 4),
                "info": {key: value for key, value in step.info.items() if key != "notes"},  # seen in the context
            },
        )


def _since_the_action(messages: list[tuple[str, str]]) -> list[tuple[str, str]]:
    own = [n for n, (role, _) in enumerate(messages) if role == "assistant"]
    return messages[own[-1] + 1 :] if own else messages


def _cut(
    before: Segment, after: Segment, last: Mapping[str, Any], first: Mapping[str, Any], turn: int
) -> dict[str, Any]:
    trigger = str(last["info"].get("trigger", "")) or before.trigger
    return {
        "turn": turn,
        "trigger": trigger,
        "is_cut": trigger not in NO_CUTS,
        "tokens_before": last["context"],
        "tokens_after": first["context"],
        "notes_tokens": int(last["info"].get("notes_tokens", 0)),
        "overflow": str(last["info"].get("notes_overflow", "")),
        "rows": side_by_side(before.notes, after.notes),
    }
