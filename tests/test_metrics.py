"""Metrics of long episodes: known answers for small records, and the same numbers computed another way."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.agents import digest
from selftrain.agents.chain import fit_chain, half_life
from selftrain.agents.digest import Digest
from selftrain.agents.measures import Rate
from selftrain.agents.metrics import changed, difference, measure, success_by_cuts
from selftrain.agents.recording import EpisodeRecorder
from selftrain.envs.context import ContextBudget, wording
from selftrain.envs.spaces import Text
from selftrain.errors import OptionError
from selftrain.records import Costs, EpisodeRecord, Segment, Step

pytest.importorskip("scipy")
BUDGET = 100
TOO_LONG = {"phase": "must_compact", "notes_overflow": "rejected", "budget_left": 25}


def user(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "phase": 0, "budget_left": 0}


def after_cut(notes: str, latest: str) -> dict[str, Any]:
    return user(wording.opening("The task.", notes, latest))


def told(verb: str, **changes: Any) -> dict[str, Any]:
    return {
        "verb": verb,
        "phase": "act",
        "trigger": "",
        "budget": BUDGET,
        "budget_left": 50,
        "notes_overflow": "",
        **changes,
    }


def after(trigger: str, notes: str, tokens: int) -> dict[str, Any]:
    return told("compact", trigger=trigger, notes=notes, notes_tokens=tokens)


def episode(
    steps: Sequence[tuple[str, Any, Mapping[str, Any]]], reward: float = 1.0, context: Mapping[str, Any] | None = None
) -> EpisodeRecord:
    """A record of one segment: where a segment begins does not matter to the metrics, what `info` tells does."""
    taken = tuple(Step(*step[:2], 0.0, step[2], index=number) for number, step in enumerate(steps))
    opening = Segment(user("The task."), told("act", ctx_tokens=10, budget_left=90), taken)
    given = {"mode": "rewrite", "notes_budget": 20} if context is None else context
    return EpisodeRecord("Some-v0", "me", 0, segments=(opening,), reward=reward, context=given, costs=Costs(len(taken)))


def simple(cuts: int, passed: bool, **context: Any) -> EpisodeRecord:
    """An episode of which only the number of cuts and the outcome matter."""
    info = told("act", compactions=cuts, tokens=100, ctx_tokens=40, env_steps=5)
    return episode([("go", user("on"), info)], float(passed), {"mode": "rewrite", **context})


FORCED = episode(
    [
        ("look a", user("red\n[exit 0, step 1 of 30]"), told("act", ctx_tokens=30, budget_left=70)),
        ("look b", user("[write notes]"), told("act", phase="must_compact", ctx_tokens=60, budget_left=30)),
        ("far too long", user("[shorter]"), told("compact", **TOO_LONG)),
        ("a is red", after_cut("a is red", "blue"), after("forced", "a is red", 8)),
        # the answer about b was shown after the cut, so asking again is no loss yet; the answer about a was lost
        ("look b", user("blue"), told("act")),
        ("look a", user("red\n[exit 0, step 4 of 30]"), told("act", budget_left=40)),
        ("/compact\na is blue", after_cut("a is blue", ""), after("voluntary", "a is blue", 9)),
        ("look b", user("blue"), told("act")),
        ("look a", user("green"), told("act")),
        ("what", user("[not carried out]"), told("invalid")),
        ("look c", user("white"), told("act", compactions=2, tokens=700, env_steps=6, ctx_tokens=35)),
    ]
)  # fmt: skip


def test_a_record_with_known_answers() -> None:
    found = Digest.of(FORCED)
    assert [(cut.trigger, cut.headroom, cut.notes, cut.tokens) for cut in found.cuts] == [
        ("forced", 0.25, "a is red", 8),
        ("voluntary", 0.4, "a is blue", 9),
    ]
    assert (found.late_acts, found.repeated, found.relearned) == (5, 4, 2)
    assert (found.compactions, found.tokens, found.peak, found.env_steps, found.turns) == (2, 700, 60, 6, 11)
    metrics = measure([FORCED])
    assert metrics.habits.triggers == {"voluntary": 1, "forced": 1, "every": 0, "window": 0}
    assert metrics.habits.headroom == {"forced": 0.25, "voluntary": 0.4}
    assert (metrics.habits.voluntary.share, metrics.habits.invalid.share) == (0.5, 1 / 11)
    assert (metrics.habits.rejected.hits, metrics.habits.rejected.total) == (1, 3)
    assert (metrics.notes.tokens, metrics.notes.longest, metrics.notes.share) == (8.5, 9, pytest.approx(8.5 / 20))
    assert metrics.notes.bits == 8 * 8.5 and metrics.notes.changed == pytest.approx(1 / 3)
    assert metrics.repetition.answers.share == 2 / 5 and metrics.repetition.actions.share == 4 / 5
    assert [(point.cuts, point.success.share) for point in metrics.by_cuts] == [(2, 1.0)]


def test_metrics_are_the_same_from_the_lines_of_a_file() -> None:
    records = [FORCED, simple(3, False), simple(0, True, mode="oracle_full"), simple(3, False, ablation="wiped")]
    read = [EpisodeRecord.from_line(record.to_line()) for record in records]
    assert measure(iter(read), 0.1).as_dict() == measure(records, 0.1).as_dict()
    json.dumps(measure(read).as_dict(), allow_nan=False)


def test_no_episodes_have_no_figures() -> None:
    for records in ([], [replace(simple(2, True), valid=False, reward=None)]):
        metrics = measure(records)
        assert (metrics.episodes, metrics.valid, metrics.success.total) == (len(records), 0, 0)
        assert metrics.by_cuts == metrics.modes == metrics.ablations == metrics.by_notes_budget == ()
        assert metrics.chain is None and math.isnan(metrics.notes.tokens)
        plain = metrics.as_dict()
        assert plain["notes"]["tokens"] is None and plain["success"]["share"] is None
        json.dumps(plain, allow_nan=False)


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=40))
def test_success_by_cuts_is_a_plain_count(episodes: list[tuple[int, bool]]) -> None:
    digests = [Digest.of(simple(cuts, passed)) for cuts, passed in episodes]
    points = {point.cuts: (point.success.hits, point.success.total) for point in success_by_cuts(digests)}
    expected = {cuts: (episodes.count((cuts, True)), sum(c == cuts for c, _ in episodes)) for cuts in range(7)}
    assert points == {cuts: pair for cuts, pair in expected.items() if pair[1]}


def sampled(acquisition: float, survival: float, chance: float, episodes: int = 3000) -> tuple[Any, Any]:
    draw = np.random.default_rng(7)
    cuts = draw.integers(0, 25, episodes)
    return cuts, draw.random(episodes) < chance + (acquisition - chance) * survival**cuts


@pytest.mark.parametrize(("acquisition", "survival", "chance"), [(0.9, 0.95, 0.25), (0.8, 0.7, 0.0), (0.95, 0.99, 0.1)])
def test_the_chain_is_found_as_curve_fit_finds_it(acquisition: float, survival: float, chance: float) -> None:
    from scipy.optimize import curve_fit

    cuts, passed = sampled(acquisition, survival, chance)
    fit = fit_chain(cuts, passed, chance)
    assert fit is not None and fit.episodes == len(cuts)
    (a, s), _ = curve_fit(lambda n, a, s: chance + (a - chance) * s**n, cuts, passed.astype(float), p0=(0.8, 0.8))
    assert fit.acquisition.value == pytest.approx(a, abs=1e-4) and fit.survival.value == pytest.approx(s, abs=1e-4)
    assert fit.acquisition.low < acquisition < fit.acquisition.high
    assert fit.survival.low < survival < fit.survival.high
    assert fit.half_life.low < math.log(0.5) / math.log(survival) < fit.half_life.high
    assert fit.at(3) == pytest.approx(chance + (a - chance) * s**3, abs=1e-3)


def test_a_chain_at_the_ends_of_its_range() -> None:
    cuts = [0, 1, 2, 4, 8] * 40
    lossless = fit_chain(cuts, [True] * 200, 0.25)
    assert lossless is not None and lossless.survival.value == 1.0 and lossless.half_life.value == math.inf
    # nothing failed, so nothing says how rare a failure is
    assert (lossless.acquisition.low, lossless.acquisition.high) == (0.25, 1.0)
    assert (lossless.survival.low, lossless.survival.high) == (0.0, 1.0)
    assert lossless.as_dict()["half_life"] == {"value": "inf", "low": 0.0, "high": "inf"}
    amnesic = fit_chain(cuts, [n == 0 for n in cuts], 0.0)
    assert amnesic is not None and amnesic.acquisition.value == 1.0
    assert amnesic.survival.value < 1e-5 and amnesic.half_life.value < 0.1
    assert half_life(0.5) == 1.0 and half_life(0.0) == 0.0


def test_a_chain_that_nothing_determines_is_none() -> None:
    assert fit_chain([], []) is None
    assert fit_chain([3] * 20, [True] * 20) is None
    assert fit_chain([0, 5] * 20, [False] * 40, 0.25) is None
    assert measure([simple(n, True) for n in (0, 5)]).chain is not None
    with pytest.raises(OptionError, match=r"chance=1\.0 must be at least 0 and below 1"):
        measure([], chance=1.0)


def test_ablations_compare_with_own_notes_in_the_modes_that_have_notes() -> None:
    own = [simple(3, n < 56) for n in range(70)]
    wiped = [simple(3, n < 48, ablation="wiped") for n in range(80)]
    others = [simple(0, False, mode=mode) for mode in ("oracle_full", "window", "none")]
    found = {row.name: row for row in measure([*own, *wiped, *others]).ablations}
    assert (found["own"].success.hits, found["own"].success.total, found["own"].effect) == (56, 70, 0.0)
    # the example of Newcombe 1998, table II, column (a)
    assert found["wiped"].effect == pytest.approx(0.2)
    assert (found["wiped"].low, found["wiped"].high) == (
        pytest.approx(0.0524, abs=1e-4),
        pytest.approx(0.3339, abs=1e-4),
    )


def test_an_ablation_without_own_notes_has_no_effect() -> None:
    (row,) = measure([simple(3, True, ablation="shuffled")]).ablations
    assert row.name == "shuffled" and math.isnan(row.effect) and (row.low, row.high) == (-1.0, 1.0)


def test_a_game_that_ablates_by_itself_is_known_by_its_arguments() -> None:
    record = replace(simple(3, True), context={}, env_kwargs={"ablation": "wiped"})
    assert [row.name for row in measure([record]).ablations] == ["wiped"]


@given(
    st.integers(0, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(0, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
)
def test_a_difference_turns_its_sign_with_its_sides(one: tuple[int, int], other: tuple[int, int]) -> None:
    a, b = Rate.count(*one), Rate.count(*other)
    value, low, high = difference(a, b)
    if not one[1] or not other[1]:
        assert math.isnan(value)
        return
    assert -1.0 <= low <= value <= high <= 1.0
    assert difference(b, a) == (pytest.approx(-value), pytest.approx(-high), pytest.approx(-low))


def test_costs_of_modes() -> None:
    records = [simple(3, n == 0) for n in range(4)] + [simple(0, True, mode="oracle_full") for _ in range(4)]
    records += [simple(0, False, mode="none")]
    rows = {row.mode: row for row in measure(records).modes}
    assert (rows["rewrite"].success.share, rows["rewrite"].gap, rows["oracle_full"].gap) == (0.25, 0.75, 0.0)
    assert (rows["rewrite"].tokens, rows["rewrite"].peak, rows["rewrite"].env_steps) == (100, 40, 5)
    assert (rows["rewrite"].env_steps_per_success, rows["rewrite"].tokens_per_success) == (20, 400)
    assert rows["none"].env_steps_per_success == math.inf


def test_the_depth_of_notes_is_where_success_comes_near_the_optimum() -> None:
    def noted(budget: int, notes: str, passed: bool) -> EpisodeRecord:
        cut = ("n", after_cut(notes, ""), after("forced", notes, len(notes)))
        return episode([cut], float(passed), {"mode": "rewrite", "notes_budget": budget})

    records = [noted(4, "abc", n < 5) for n in range(10)] + [noted(8, "abcdef", n < 8) for n in range(10)]
    records += [noted(16, "abcdefgh", True) for _ in range(10)]
    metrics = measure(records, optimum=0.8)
    points = [(point.notes_budget, point.success.share, point.bits) for point in metrics.by_notes_budget]
    assert points == [(4, 0.5, 24), (8, 0.8, 48), (16, 1.0, 64)]
    assert metrics.notes_depth == 48 and measure(records).notes_depth == 64
    assert measure(records[:10]).notes_depth is None


def test_limits_are_counted() -> None:
    cut_off = replace(simple(3, False), truncated=True, truncation="max_turns")
    found = measure([simple(3, True), cut_off, replace(cut_off, truncation="context"), cut_off]).habits
    assert found.overlong.share == 0.75 and found.truncations == {"context": 1, "max_turns": 2}


@pytest.mark.parametrize(
    ("before", "after", "share"), [("", "", 0.0), ("a b c", "a b c", 0.0), ("a b", "c d", 1.0), ("a b", "b c", 0.5)]
)
def test_changed_words(before: str, after: str, share: float) -> None:
    assert changed(before, after) == share


class Lookup(gym.Env[str, str]):
    """Answers each action with a text of some length that depends on the action only, `length` steps long."""

    def __init__(self, length: int = 25) -> None:
        self.observation_space, self.action_space, self.length = Text(2000), Text(2000), length

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        return "Look things up.", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        return f"{action} is {'x' * (7 * len(action))}", 1.0, self.steps >= self.length, False, {}


class Played(gym.Wrapper[Any, Any, Any, Any]):
    """What really went on between a context budget and its environment: ("act", action) and so on."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.log: list[tuple[str, str]] = []

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self.log.append(("act", action))
        return super().step(action)


@settings(max_examples=60)
@given(
    choices=st.lists(
        st.sampled_from(
            ["aa", "bbbb", "cccccc", "dd\ndd", "/compact\nnotes", "/read x", "/branch look", "/return\nit"]
        ),
        min_size=25,
        max_size=40,
    ),
    mode=st.sampled_from(["rewrite", "notebook", "window", "fold"]),
    trigger=st.sampled_from(["forced", "both", "every:3"]),
)
def test_repetition_is_what_a_log_beside_the_environment_says(choices: list[str], mode: str, trigger: str) -> None:
    """The answers of this environment depend on the action alone, so a log of messages and cuts tells everything."""
    inner = Played(Lookup())
    budget = ContextBudget(inner, budget=700, reserve=60, notes_budget=40, mode=mode, trigger=trigger, system="")
    kept: list[EpisodeRecord] = []
    env = EpisodeRecorder(
        budget, EpisodeRecord("Lookup", "me", 0, context={"mode": mode, "notes_budget": 40}), kept.append
    )
    _, info = env.reset()
    messages, over = iter(choices * 3), False
    while not over:
        asked = info["phase"] == "must_compact"
        message = "some notes" if asked else next(messages, "aa")
        acts = len(inner.log)
        _, _, terminated, truncated, info = env.step(message)
        over = terminated or truncated
        if not asked and len(inner.log) == acts:
            inner.log.append(("other", message))
        if info["clipped"] and inner.log[-1][0] == "act":
            inner.log[-1] = ("other", "an answer that was not shown whole")
        if info["trigger"] in digest.CUTS:
            inner.log.append(("cut", ""))
    (record,) = kept
    found = Digest.of(record)
    assert len(found.cuts) == found.compactions == sum(kind == "cut" for kind, _ in inner.log)
    late, repeated, relearned = again(inner.log)
    assert (found.late_acts, found.repeated, found.relearned) == (late, repeated, relearned)


def again(log: Sequence[tuple[str, str]]) -> tuple[int, int, int]:
    """Late, repeated and relearned actions, straight from the definition: quadratic, with no state."""
    late = repeated = relearned = 0
    for at, (kind, action) in enumerate(log):
        cuts = [n for n, (other, _) in enumerate(log[:at]) if other == "cut"]
        if kind == "act" and cuts:
            earlier = [n for n in range(cuts[-1]) if log[n] == ("act", action)]
            # an answer that had to wait for the cut right after its action was shown on the other side of it
            shown = [n for n in earlier if log[n + 1][0] != "cut" or n + 1 < cuts[-1]]
            late, repeated, relearned = late + 1, repeated + bool(earlier), relearned + bool(shown)
    return late, repeated, relearned


def test_the_heading_is_the_one_that_the_context_budget_uses() -> None:
    assert digest.LATEST_HEADING == wording.LATEST_HEADING
