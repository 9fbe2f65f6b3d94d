"""One episode in the form that its page draws: turns, cuts, and each text of a context only once."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from selftrain.records import EpisodeRecord, Segment, Step

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


def messages_of(view: Any) -> list[tuple[str, str]]:
    """An observation as (role, content) pairs; one that holds no messages is shown as a single one."""
    if isinstance(view, Mapping) and "messages" in view:
        return [(str(message["role"]), str(message["content"])) for message in view["messages"]]
    if isinstance(view, Mapping) and "prompt" in view:
        ids = [number for number in view["prompt"] if number >= 0]
        return [("tokens", " ".join(map(str, ids)))]
    return [("user", text_of(view))]


def text_of(value: Any) -> str:
    """A text as it is, and anything else as JSON with a line for each entry of the outermost mapping."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {json.dumps(item, ensure_ascii=False)}" for key, item in value.items())
    return json.dumps(value, ensure_ascii=False)


def ranges(numbers: Sequence[int]) -> list[list[int]]:
    """Runs of following numbers as [first, last] pairs: a context of a hundred messages is a few of them."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def side_by_side(before: str, after: str) -> list[list[str]]:
    """Rows of (kind, left line, right line); kind is "same", "changed", "removed" or "added"."""
    left, right = before.splitlines(), after.splitlines()
    rows: list[list[str]] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for n in range(max(b - a, d - c)):
            old, new = (left[a + n] if a + n < b else None), (right[c + n] if c + n < d else None)
            name = "same" if kind == "equal" else "added" if old is None else "removed" if new is None else "changed"
            rows.append([name, old or "", new or ""])
    return rows


def episode_payload(record: EpisodeRecord) -> dict[str, Any]:
    """What the page of an episode needs, in plain types."""
    texts = Texts()
    found = [turn for segment in record.segments for turn in _turns(segment, texts)]
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


def _turns(segment: Segment, texts: Texts) -> Iterator[tuple[Segment, Step, dict[str, Any]]]:
    views = [messages_of(view) for view in segment.views()]
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
                "action": text_of(step.action),
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
