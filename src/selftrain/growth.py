"""Contexts that grow: an observation as what was added to the one before, and back, exactly.

Two forms are known: `{"messages": [...], ...}`, to which messages are added at the end, and `{"prompt": [...],
"prompt_len": n, ...}`, token ids padded with -1. Any other observation never counts as grown.
"""

from __future__ import annotations

import json
from typing import Any

PAD = -1


def added(before: Any, after: Any) -> Any | None:
    """What `grown` needs besides `before` to give `after`; None when `after` is not `before` with something added.

    Both are in the form of JSON. What is added keeps all other keys of `after`.
    """
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return None
    if "prompt_len" in after:
        return _added_ids(before, after)
    if not (isinstance(before.get("messages"), list) and isinstance(after.get("messages"), list)):
        return None
    count = len(before["messages"])
    if not _same(before["messages"], after["messages"][:count]):
        return None
    return {**after, "messages": after["messages"][count:]}


def _added_ids(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any] | None:
    if not (_has_prompt(before) and _has_prompt(after) and len(before["prompt"]) == len(after["prompt"])):
        return None
    old, new = before["prompt_len"], after["prompt_len"]
    if old > new or before["prompt"][:old] != after["prompt"][:old]:
        return None
    return {**after, "prompt": after["prompt"][old:new]}


def grown(before: Any, addition: Any) -> Any:
    """The observation that was `before` and got `addition`."""
    if "prompt_len" not in addition:
        return {**addition, "messages": before["messages"] + addition["messages"]}
    ids = before["prompt"][: before["prompt_len"]] + addition["prompt"]
    return {**addition, "prompt": ids + [PAD] * (len(before["prompt"]) - len(ids))}


def _has_prompt(value: dict[str, Any]) -> bool:
    """A padded prompt, exactly as `grown` makes one."""
    prompt, length = value.get("prompt"), value.get("prompt_len")
    if not (isinstance(prompt, list) and type(length) is int and 0 <= length <= len(prompt)):
        return False
    return set(map(type, prompt)) <= {int} and prompt[length:] == [PAD] * (len(prompt) - length)


def _same(one: list[Any], other: list[Any]) -> bool:
    # equality alone takes 1, 1.0 and True for the same, and -0.0 for 0.0
    return one == other and json.dumps(one, default=repr) == json.dumps(other, default=repr)
