"""Advantages of rollouts, given to all of their rows.

A group is compared rollout by rollout. Whoever takes the mean over rows instead makes a rollout count as often as its
context was cut, so that the number of cuts becomes a part of the reward. Here a rollout counts once, in whatever order
its rows come, and whether they are split, padded or repeated.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

import numpy as np

from selftrain.errors import OptionError
from selftrain.segments import TokenSegment

_log = logging.getLogger(__name__)
Overlong = Literal["mask", "zero", "keep"]
Key = TypeVar("Key", bound=Hashable)


def broadcast(rows: Sequence[TokenSegment], *, overlong: Overlong) -> tuple[TokenSegment, ...]:
    """Rows whose trained tokens all have the advantage of their rollout: its return less the mean of its group.

    As in SUPO (arXiv 2510.06727): the final reward belongs to the whole chain, notes included. It is not divided by a
    standard deviation, which would weigh easy and hard tasks up.

    Args:
        rows: of whole groups. A rollout that is alone in its group teaches nothing, which a warning of this module's
            logger says.
        overlong: what becomes of rollouts that ended at a limit: see `settled`.

    Raises:
        OptionError: rows of one rollout disagree about its return or group.
    """
    rows = settled(rows, overlong)
    returns = _returns(rows)
    groups = _groups(rows)
    centred = _centred(returns, groups)
    return tuple(_scattered(row, centred[row.rollout_id]) for row in rows)


def reward_to_go(rows: Sequence[TokenSegment], *, overlong: Overlong) -> tuple[TokenSegment, ...]:
    """Rows whose trained tokens have what was paid from their segment on, less the mean of the group's same segment.

    Args:
        rows: of whole groups, in which all rollouts have the same number of segments, without branches. A rollout
            that is alone in its group teaches nothing, which a warning of this module's logger says.
        overlong: what becomes of rollouts that ended at a limit: see `settled`.

    Raises:
        OptionError: segments of a group do not correspond; use `broadcast`.
    """
    rows = settled(rows, overlong)
    _returns(rows)
    paid = _paid(rows)
    _check_aligned(rows, paid)
    ahead = {
        (rollout, index): math.fsum(reward for later, reward in earned.items() if later >= index)
        for rollout, earned in paid.items()
        for index in earned
    }
    groups = _groups(rows)
    centred = _centred(ahead, {(rollout, index): (groups[rollout], index) for rollout, index in ahead})
    return tuple(_scattered(row, centred[row.rollout_id, row.segment_index]) for row in rows)


def settled(rows: Sequence[TokenSegment], overlong: Overlong) -> tuple[TokenSegment, ...]:
    """Rows after it is decided what rollouts teach that ended at a limit of turns, cuts or tokens.

    Args:
        rows: any.
        overlong: "mask" trains nothing of them (their return stays in the mean of the group): otherwise a policy
            learns from rollouts that were on a good way to stop writing notes, or to write them for ever. "zero"
            counts their return as 0, whatever was paid. "keep" leaves them as they are.
    """
    if overlong == "keep":
        return tuple(rows)
    if overlong == "zero":
        return tuple(replace(row, ret=0.0, reward=0.0) if row.truncated else row for row in rows)
    if overlong != "mask":
        raise OptionError(f"overlong={overlong!r} must be 'mask', 'zero' or 'keep'")
    return tuple(
        replace(row, loss_mask=np.zeros_like(row.loss_mask), weight=0.0, overlong_masked=True) if row.truncated else row
        for row in rows
    )


def _returns(rows: Sequence[TokenSegment]) -> dict[str, float]:
    found: dict[str, tuple[float, str]] = {}
    for row in rows:
        if found.setdefault(row.rollout_id, (row.ret, row.group_id)) != (row.ret, row.group_id):
            raise OptionError(
                f"rows of rollout {row.rollout_id} disagree about its return or group; give each episode a name of its "
                "own, with the argument group of token_segments"
            )
    return {rollout: ret for rollout, (ret, _) in found.items()}


def _groups(rows: Sequence[TokenSegment]) -> dict[str, str]:
    """The group of each rollout, and a warning where one is alone: its advantage is 0, whatever it earned."""
    groups = {row.rollout_id: row.group_id for row in rows}
    if alone := [group for group, rollouts in Counter(groups.values()).items() if rollouts == 1]:
        _log.warning(
            "these groups have one rollout each, whose advantages are all 0: %s; play a task more than once, or name "
            "the group in token_segments",
            ", ".join(alone),
        )
    return groups


def _paid(rows: Sequence[TokenSegment]) -> dict[str, dict[int, float]]:
    """What each rollout earned in each segment; a row that comes twice is counted once."""
    paid: dict[str, dict[int, float]] = {}
    for row in {(row.rollout_id, row.row): row for row in rows}.values():
        earned = paid.setdefault(row.rollout_id, {})
        earned[row.segment_index] = earned.get(row.segment_index, 0.0) + row.reward
    return paid


def _check_aligned(rows: Sequence[TokenSegment], paid: Mapping[str, Mapping[int, float]]) -> None:
    numbers: dict[str, int] = {}
    for row in rows:
        expected = numbers.setdefault(row.group_id, row.n_segments)
        if row.n_segments != expected:
            raise OptionError(
                f"rollouts of group {row.group_id} have {expected} and {row.n_segments} segments, which do not "
                "correspond; use broadcast"
            )
        if row.parent >= 0 or len(paid[row.rollout_id]) != row.n_segments:
            raise OptionError(
                f"rollout {row.rollout_id} has branches, or segments without a row; only segments that follow one "
                "another have a reward to go; use broadcast"
            )


def _centred(values: Mapping[Key, float], groups: Mapping[Key, Hashable]) -> dict[Key, float]:
    """Each value less the mean of its group."""
    members: dict[Hashable, list[float]] = {}
    for key, value in values.items():
        members.setdefault(groups[key], []).append(value)
    # summed exactly, so that the order of the rows changes nothing
    means = {group: math.fsum(some) / len(some) for group, some in members.items()}
    return {key: value - means[groups[key]] for key, value in values.items()}


def _scattered(row: TokenSegment, advantage: float) -> TokenSegment:
    return replace(row, advantages=np.where(row.loss_mask, advantage, 0.0).astype(np.float32))
