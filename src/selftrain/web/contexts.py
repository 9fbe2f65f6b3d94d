"""Observations as the messages that an agent could read, whatever form they were recorded in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from selftrain.envs.context import make_tokenizer
from selftrain.errors import SelfTrainError
from selftrain.records import EpisodeRecord, Segment

Message = tuple[str, str]
Decode = Callable[[Sequence[int]], str]


def decoder(record: EpisodeRecord) -> Decode:
    """How the token ids of a record are read: by its tokenizer where that is here, else as numbers."""
    try:
        return make_tokenizer(record.context.get("tokenizer", "bytes")).decode
    except (SelfTrainError, ImportError, OSError):  # a tokenizer of another machine, or of a package that is not here
        return lambda ids: " ".join(map(str, ids))


def read_segment(segment: Segment, decode: Decode) -> tuple[list[list[Message]], list[str]]:
    """The (role, content) messages of each whole observation of a segment, and its actions as texts."""
    views = segment.views()
    if views and isinstance(views[0], Mapping) and "prompt" in views[0]:
        actions = [_ids(step.action) for step in segment.steps]
        return _told_apart([_ids(view["prompt"]) for view in views], actions, decode), [decode(ids) for ids in actions]
    return [messages_of(view) for view in views], [text_of(step.action) for step in segment.steps]


def messages_of(view: Any) -> list[Message]:
    """An observation as (role, content) pairs; one that holds no messages is shown as a single one."""
    if isinstance(view, Mapping) and "messages" in view:
        told = [(str(message["role"]), str(message["content"])) for message in view["messages"]]
        if "image" not in view or not told:
            return told
        role, content = told[-1]
        return [*told[:-1], (role, f"{content}\n{view['image']}")]
    return [("user", text_of(view))]


def text_of(value: Any) -> str:
    """A text as it is, and anything else as JSON with a line for each entry of the outermost mapping."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {json.dumps(item, ensure_ascii=False)}" for key, item in value.items())
    return json.dumps(value, ensure_ascii=False)


def _told_apart(prompts: Sequence[list[int]], actions: Sequence[list[int]], decode: Decode) -> list[list[Message]]:
    """Prompts as messages: what a prompt adds to the one before is the action, and what answered it."""
    marks: dict[int, bool] = {}
    found: list[list[Message]] = []
    for n, prompt in enumerate(prompts):
        before, own = (prompts[n - 1], actions[n - 1]) if n else ([], [])
        rest = prompt[len(before) :]
        if not n or prompt[: len(before)] != before:
            found.append([("user", "\n".join(map(decode, _between_marks(prompt, decode, marks))))])
        elif rest[: len(own)] == own:
            found.append([*found[-1], ("assistant", decode(own)), ("user", decode(rest[len(own) :]))])
        else:
            found.append([*found[-1], ("user", decode(rest))])
    return found


def _between_marks(ids: Sequence[int], decode: Decode, marks: dict[int, bool]) -> list[list[int]]:
    """The stretches between the marks of turns, at which decoding would stop; `marks` keeps what is one."""
    stretches: list[list[int]] = [[]]
    for number in ids:
        if number not in marks:
            marks[number] = not decode([number])
        if not marks[number]:
            stretches[-1].append(number)
        elif stretches[-1]:
            stretches.append([])
    return [stretch for stretch in stretches if stretch]


def _ids(padded: Any) -> list[int]:
    return [number for number in padded if number >= 0]
