"""Credit of notes by other notes at the same cut: right notes are worth more than wrong ones, by a known amount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from selftrain.agents.counterfactual import NoteCredit, note_counterfactual
from selftrain.agents.scripted import OracleAgent
from selftrain.envs.context import ContextBudget
from selftrain.errors import ModelError, OptionError, SandboxError
from selftrain.tokens import Sample

RIGHT = 0.5


class Forgetful(OracleAgent):
    """The reference player, whose first notes are empty half of the time."""

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self._forgets = np.random.default_rng(seed).random() > RIGHT
        self.sample: Sample | None = None

    def act(self, observation: Any, info: Mapping[str, Any]) -> str:
        said = super().act(observation, info)
        if info["phase"] == "must_compact" and self._forgets:
            said, self._forgets = "{}", False
        self.sample = Sample(prompt_tokens=info["ctx_tokens"], completion_tokens=len(said) + 1)
        return said


def courier(cuts: int = 3, **arguments: Any) -> ContextBudget:
    """The text view of Courier, cut after each notice; wrong answers are right at chance."""
    game = gym.make("selftrain:SelfTrain-Courier-v0", view="text", cuts=cuts, values=8)
    sizes = {"budget": 8000, "reserve": 300, "notes_budget": 400, "trigger": "every:1"}
    return ContextBudget(game, **{**sizes, **arguments})


def at_cut(env: ContextBudget, seed: int, number: int = 1) -> Any:
    """A state in which notes are due for the `number`-th time, after perfect play."""
    agent = OracleAgent()
    observation, info = env.reset(seed=seed)
    agent.reset(0)
    agent.read_task(env.unwrapped.task)  # type: ignore[attr-defined]
    while True:
        number -= info["phase"] == "must_compact"
        if not number:
            return env.save_state()
        observation, _, _, _, info = env.step(agent.act(observation, info))


def right(credit: NoteCredit) -> list[bool]:
    return [notes != "{}" for notes in credit.notes]


def test_right_notes_get_a_positive_advantage_and_wrong_ones_a_negative_one() -> None:
    env, gains = courier(), []
    for seed in range(6):
        credit = note_counterfactual(env, Forgetful(), at_cut(env, seed, 2), 12, seed=seed)
        assert sum(credit.advantages) == pytest.approx(0.0)
        assert all(ret == 1.0 for ret, good in zip(credit.returns, right(credit), strict=True) if good)
        for advantage, good in zip(credit.advantages, right(credit), strict=True):
            assert advantage >= 0.0 if good else True
            gains.append((good, advantage))
    env.close()
    # of the notes, half are right; with wrong ones one answer in eight is right all the same
    assert 0.35 < np.mean([good for good, _ in gains]) < 0.65
    assert np.mean([gain for good, gain in gains if good]) > 0.25
    assert np.mean([gain for good, gain in gains if not good]) < -0.25


def test_tries_differ_by_the_notes_only_and_are_played_again_the_same() -> None:
    env = courier()
    state = at_cut(env, 3, 2)
    one, two = (note_counterfactual(env, Forgetful(), state, 8, seed=5) for _ in range(2))
    assert (one.notes, one.returns, one.turns, one.tokens) == (two.notes, two.returns, two.turns, two.tokens)
    assert len({one.returns[k] for k, good in enumerate(right(one)) if good}) == 1
    assert note_counterfactual(env, Forgetful(), state, 8, seed=6).notes != one.notes
    env.close()


def test_the_environment_stands_at_the_cut_again() -> None:
    env = courier()
    state = at_cut(env, 1)
    before, info = env.restore_state(state)
    note_counterfactual(env, Forgetful(), state, 2)
    after, after_info = env.restore_state(env.save_state())
    assert (after["messages"], after_info) == (before["messages"], info)
    assert env.step("{}")[-1]["segment"] == info["segment"] + 1
    env.close()


def test_the_cost_is_what_the_tries_took_after_the_cut() -> None:
    env = courier()
    state = at_cut(env, 1)
    _, info = env.restore_state(state)
    credit = note_counterfactual(env, OracleAgent(), state, 3)
    left = 5 - info["env_steps"]  # four notices and the answer, and notes before each of them
    assert (credit.env_steps, credit.turns) == (3 * left, 3 * 2 * left)
    assert credit.tokens > 3 * info["ctx_tokens"]
    assert credit.advantages == (0.0, 0.0, 0.0) and credit.tries[0].sample is None
    assert all(isinstance(one.sample, Sample) for one in note_counterfactual(env, Forgetful(), state, 2).tries)
    env.close()


class Verbose(OracleAgent):
    """Writes notes that are too long `times` times in a row."""

    def __init__(self, times: int) -> None:
        self._times = times
        super().__init__()

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self._left = self._times

    def act(self, observation: Any, info: Mapping[str, Any]) -> str:
        if info["phase"] == "must_compact" and self._left:
            self._left -= 1
            return "x" * 1000
        return super().act(observation, info)


def test_notes_that_were_rejected_are_not_those_that_count() -> None:
    env = courier()
    state = at_cut(env, 2, 2)
    credit = note_counterfactual(env, Verbose(1), state, 2)
    assert credit.returns == (1.0, 1.0) and all(notes.startswith("{") for notes in credit.notes)
    assert [one.action for one in credit.tries] == list(credit.notes)
    assert note_counterfactual(env, Verbose(3), state, 2).notes == ("", "")
    env.close()


def test_what_is_no_cut_is_refused() -> None:
    env = courier()
    env.reset(seed=0)
    with pytest.raises(OptionError, match="notes are not due at this state: its phase is 'act'"):
        note_counterfactual(env, OracleAgent(), env.save_state(), 2)
    with pytest.raises(OptionError, match="m=1 must be 2 or more"):
        note_counterfactual(env, OracleAgent(), at_cut(env, 0), 1)
    env.close()


class Spoiled(gym.Wrapper[Any, Any, Any, Any]):
    """Ends with what the infrastructure did, as a sandbox that dies would: none dies on demand."""

    def step(self, action: Any) -> Any:
        observation, _, terminated, truncated, info = super().step(action)
        return observation, 0.0, False, terminated or truncated, {**info, "valid": False}


class Broken(OracleAgent):
    """A model whose endpoint fails."""

    def act(self, observation: Any, info: Mapping[str, Any]) -> str:
        raise ModelError("no answer")


def test_a_broken_continuation_is_no_return_of_0() -> None:
    env = courier()
    state = at_cut(env, 0)
    with pytest.raises(SandboxError, match="not valid"):
        note_counterfactual(Spoiled(env), OracleAgent(), state, 2)
    with pytest.raises(ModelError):
        note_counterfactual(env, Broken(), state, 2)
    env.close()
