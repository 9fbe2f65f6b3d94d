"""Credit: a rollout counts once, however often its context was cut."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.credit import Overlong, broadcast, reward_to_go, settled
from selftrain.errors import OptionError
from selftrain.rows import TokenSegment

Credit = Callable[[Sequence[TokenSegment]], Sequence[TokenSegment]]


def rollout(name: str, paid: Sequence[float], tokens: int, group: str = "g", truncated: bool = False) -> list[Any]:
    """A rollout of one segment for each reward, whose rows have equally many tokens, half of them sampled."""
    sampled = tokens * len(paid)
    mask = np.arange(2 * tokens) >= tokens
    return [
        TokenSegment(
            rollout_id=name, group_id=group, task_id="", env_id="", policy_version=0, segment_index=index,
            n_segments=len(paid), parent=-1, kind="work", row=index, n_rows=len(paid), drifted=False,
            token_ids=np.arange(2 * tokens, dtype=np.int32), loss_mask=mask,
            logprobs=np.where(mask, -0.5, 0.0).astype(np.float32), prompt_len=tokens,
            note_mask=np.zeros(2 * tokens, np.bool_), reward=reward, ret=math.fsum(paid), weight=1 / sampled,
            advantages=None, trigger="forced", finish_reason="stop", truncated=truncated, overlong_masked=False,
            notes_sha_in="", notes_sha_out="", events=(index, index + 1), temperature=1.0,
        )
        for index, reward in enumerate(paid)
    ]  # fmt: skip


def at_end(ret: float, segments: int) -> list[float]:
    return [0.0] * (segments - 1) + [ret]


def kept(rows: Sequence[TokenSegment]) -> Sequence[TokenSegment]:
    return broadcast(rows, overlong="keep")


def advantages(rows: Sequence[TokenSegment]) -> dict[str, float]:
    """The advantage of each rollout; all of its trained tokens must have the same."""
    found: dict[str, set[float]] = {}
    for row in rows:
        assert row.advantages is not None and not row.advantages[~row.loss_mask].any()
        if row.trained:
            found.setdefault(row.rollout_id, set()).update(row.advantages[row.loss_mask].tolist())
    assert all(len(values) == 1 for values in found.values())
    return {name: values.pop() for name, values in found.items()}


# the same group under four rules, as in published trainers: what share of the gradient each rollout gets

GROUP = [
    *rollout("r1", at_end(1.0, 9), 100), *rollout("r2", at_end(0.0, 9), 100),
    *rollout("r3", at_end(0.0, 1), 300), *rollout("r4", at_end(1.0, 1), 300),
]  # fmt: skip


def shares(rows: Sequence[TokenSegment], weigh: Callable[[TokenSegment], float]) -> list[float]:
    """Sum of advantage times weight over the trained tokens of each rollout, as parts of the whole."""
    sums: dict[str, float] = {}
    for row in rows:
        assert row.advantages is not None
        sums[row.rollout_id] = sums.get(row.rollout_id, 0.0) + float(row.advantages.sum()) * weigh(row)
    whole = sum(abs(value) for value in sums.values())
    return [round(value / whole, 6) for value in sums.values()]


def row_level(rows: Sequence[TokenSegment]) -> list[TokenSegment]:
    """The fault that is to be caught: the mean is taken over rows, and the reward is split among them."""
    mean = sum(row.ret / row.n_rows for row in rows) / len(rows)
    return [
        replace(row, advantages=np.where(row.loss_mask, row.ret / row.n_rows - mean, 0.0).astype(np.float32))
        for row in rows
    ]


def copied_reward(rows: Sequence[TokenSegment]) -> list[TokenSegment]:
    """The other fault: each row has the whole reward, and the mean is taken over rows."""
    mean = sum(row.ret for row in rows) / len(rows)
    return [replace(row, advantages=np.where(row.loss_mask, row.ret - mean, 0.0).astype(np.float32)) for row in rows]


def test_shares_of_the_gradient_under_the_rules_of_trainers() -> None:
    rows = kept(GROUP)
    assert shares(rows, lambda row: row.weight) == [0.25, -0.25, -0.25, 0.25]
    assert shares(rows, lambda row: 1.0) == [0.375, -0.375, -0.125, 0.125]  # mean over all tokens of the batch
    assert shares(rows, lambda row: 1 / row.trained) == [0.45, -0.45, -0.05, 0.05]  # mean over rows
    assert shares(row_level(GROUP), lambda row: 1 / row.trained) == [0.05, -0.45, -0.05, 0.45]


def test_one_success_of_many_segments_is_not_diluted_by_its_own_rows() -> None:
    rows = [row for k in range(4) for row in rollout(f"r{k}", at_end(float(k == 0), 9 if k == 0 else 1), 10)]
    assert advantages(kept(rows)) == {"r0": 0.75, "r1": -0.25, "r2": -0.25, "r3": -0.25}
    assert advantages(copied_reward(rows))["r0"] == 0.25


# laws

REWARDS = st.lists(st.integers(-4, 4).map(lambda n: n / 4), min_size=1, max_size=5)
GROUPS = st.lists(st.tuples(REWARDS, st.integers(1, 4), st.sampled_from(["g", "h"])), min_size=2, max_size=6)


def made(drawn: list[tuple[list[float], int, str]]) -> list[TokenSegment]:
    return [row for k, (paid, tokens, group) in enumerate(drawn) for row in rollout(f"{group}{k}", paid, tokens, group)]


def padded(row: TokenSegment, extra: int) -> TokenSegment:
    """The row with tokens behind it that nobody sampled, as a batch of equal lengths has them."""
    names = ("token_ids", "loss_mask", "logprobs", "note_mask")
    return replace(row, **{name: np.pad(getattr(row, name), (0, extra)) for name in names})


def check_invariance(credit: Credit, drawn: list[tuple[list[float], int, str]], random: Random) -> None:
    rows = made(drawn)
    whole = advantages(credit(rows))
    assert advantages(credit(random.sample(rows, len(rows)))) == whole, "permuted"
    assert advantages(credit([padded(row, 3) for row in rows])) == whole, "padded"
    twice = random.choices(rows, k=random.randrange(6))
    assert advantages(credit([*rows, *twice])) == whole, "repeated"
    empty = [replace(row, loss_mask=np.zeros_like(row.loss_mask)) for row in twice]
    assert advantages(credit([*rows, *empty])) == whole, "filled up with rows in which nothing is trained"
    cut_more = [([*[0.0] * random.randrange(4), *paid], tokens, group) for paid, tokens, group in drawn]
    assert advantages(credit(made(cut_more))) == whole, "cut more often"


@given(GROUPS, st.randoms(use_true_random=False))
def test_advantages_do_not_depend_on_how_rollouts_lie_in_rows(drawn: Any, random: Random) -> None:
    check_invariance(kept, drawn, random)


@pytest.mark.parametrize("fault", [row_level, copied_reward])
def test_a_mean_over_rows_breaks_these_laws(fault: Credit) -> None:
    with pytest.raises(AssertionError, match=r"repeated|filled up|cut more often"):
        check_invariance(fault, [([0.0, 1.0], 2, "g"), ([0.0], 2, "g")], Random(1))


@given(GROUPS)
def test_segment_rewards_sum_to_the_return_and_advantages_of_a_group_to_nothing(drawn: Any) -> None:
    rows = made(drawn)
    found = advantages(kept(rows))
    for group in {row.group_id for row in rows}:
        names = {row.rollout_id for row in rows if row.group_id == group}
        assert sum(found[name] for name in names) == pytest.approx(0.0, abs=1e-6)
        for name in names:
            mine = [row for row in rows if row.rollout_id == name]
            assert {math.fsum(row.reward for row in mine)} == {row.ret for row in mine}


@given(GROUPS, st.integers(0, 2**20))
def test_one_row_or_many_prefix_rows_give_one_gradient(drawn: Any, seed: int) -> None:
    gradient = np.random.default_rng(seed).normal(size=(6, 6, 10))  # of each sampled token's log-probability

    def total(rows: Sequence[TokenSegment], merged: bool) -> float:
        sums = 0.0
        for row in kept(rows):
            assert row.advantages is not None
            tokens = row.advantages[row.loss_mask]
            name = int(row.rollout_id[1:])
            at = gradient[name].ravel()[: len(tokens)] if merged else gradient[name, row.segment_index, : len(tokens)]
            sums += row.weight * float((tokens * at).sum())
        return sums

    equal = [(paid, 10, group) for paid, _, group in drawn]
    merged = [
        row
        for k, (paid, _, group) in enumerate(equal)
        for row in rollout(f"{group}{k}", [math.fsum(paid)], 10 * len(paid), group)
    ]
    assert total(made(equal), False) == pytest.approx(total(merged, True), abs=1e-6)


# reward to go


def ahead(rows: Sequence[TokenSegment]) -> list[list[float]]:
    found: dict[str, dict[int, float]] = {}
    for row in reward_to_go(rows, overlong="keep"):
        assert row.advantages is not None
        (value,) = set(row.advantages[row.loss_mask].tolist())
        found.setdefault(row.rollout_id, {})[row.segment_index] = value
    return [[values[index] for index in sorted(values)] for values in found.values()]


def test_a_segment_is_credited_with_what_was_paid_from_it_on() -> None:
    rows = [*rollout("a", [1.0, 0.0, 2.0], 2), *rollout("b", [0.0, 1.0, 0.0], 2)]
    assert ahead(rows) == [[1.0, 0.5, 1.0], [-1.0, -0.5, -1.0]]
    assert ahead([*reversed(rows), *rows[:2]]) == [ahead(rows)[1], ahead(rows)[0]]


def test_rows_of_one_segment_share_what_lies_ahead() -> None:
    one, two = rollout("a", [1.0, 2.0], 2)
    drifted = [replace(row, n_rows=3, segment_index=index) for row, index in ((one, 0), (two, 1))]
    drifted.append(replace(two, row=2, n_rows=3, reward=0.0))
    assert ahead([*drifted, *rollout("b", [0.0, 0.0], 2)])[0] == [1.5, 1.0]


def test_segments_that_do_not_correspond_have_no_reward_to_go() -> None:
    for rows in (
        [*rollout("a", [1.0, 0.0], 2), *rollout("b", [0.0], 2)],
        [*rollout("a", [1.0, 0.0], 2)[:1], *rollout("b", [0.0, 0.0], 2)],
        [replace(row, parent=0, kind="branch") for row in rollout("a", [1.0], 2)],
    ):
        with pytest.raises(OptionError, match="use broadcast"):
            reward_to_go(rows, overlong="keep")


# rollouts that ended at a limit


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [("keep", {"a": 0.5, "b": -0.5}), ("zero", {"a": -0.5, "b": 0.5}), ("mask", {"b": -0.5})],
)
def test_what_a_rollout_at_its_limit_teaches(policy: Overlong, wanted: dict[str, float]) -> None:
    rows = [*rollout("a", [0.0, 2.0], 3, truncated=True), *rollout("b", [1.0], 3)]
    credited = broadcast(rows, overlong=policy)
    assert advantages(credited) == wanted
    long = [row for row in credited if row.rollout_id == "a"]
    assert [row.overlong_masked for row in long] == [policy == "mask"] * 2
    assert math.fsum(row.reward for row in long) == long[0].ret == (0.0 if policy == "zero" else 2.0)
    assert sum(row.weight * row.trained for row in long) == pytest.approx(0.0 if policy == "mask" else 1.0)


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(OptionError, match="overlong='drop' must be"):
        settled([], "drop")  # type: ignore[arg-type]
    for spoiled in ({"ret": 5.0}, {"group_id": "other"}):
        rows = rollout("a", [1.0, 1.0], 2)
        with pytest.raises(OptionError, match="disagree about its return or group"):
            broadcast([rows[0], replace(rows[1], **spoiled)], overlong="keep")


@pytest.mark.parametrize("credit", [broadcast, reward_to_go])
def test_groups_of_one_are_named_in_a_warning(credit: Any, caplog: pytest.LogCaptureFixture) -> None:
    alone = [row for name in ("x", "y") for row in rollout(name, [0.0, 1.0], 2, group=f"task {name}")]
    pair = [*rollout("a", [1.0], 2), *rollout("b", [0.0], 2)]
    rows = credit([*alone, *pair], overlong="keep")
    assert not any(row.advantages.any() for row in rows[:4]) and all(row.advantages.any() for row in rows[4:])
    assert len(caplog.records) == 1 and "task x, task y;" in caplog.text
    caplog.clear()
    credit(pair, overlong="keep")
    assert not caplog.records
