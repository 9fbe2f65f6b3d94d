"""Credit of notes by other notes at the same cut: right notes are worth more than wrong ones, by a known amount."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from selftrain import rows as forms
from selftrain.agents.counterfactual import NoteCredit, note_counterfactual, note_rows
from selftrain.agents.rollout import run_episode
from selftrain.agents.scripted import OracleAgent
from selftrain.credit import broadcast
from selftrain.envs.context import ContextBudget, make_tokenizer
from selftrain.envs.spaces import Text
from selftrain.errors import ModelError, OptionError, RecordError, SandboxError
from selftrain.records import EpisodeRecord
from selftrain.segments import token_segments
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


def test_the_environment_stands_at_the_cut_again_when_a_try_fails() -> None:
    class Fails(OracleAgent):
        def act(self, observation: Any, info: Mapping[str, Any]) -> str:
            if info["phase"] != "must_compact":
                raise ModelError("no answer")
            return super().act(observation, info)

    env = courier()
    state = at_cut(env, 1)
    before, info = env.restore_state(state)
    with pytest.raises(ModelError):
        note_counterfactual(env, Fails(), state, 2)
    after, after_info = env.restore_state(env.save_state())
    assert (after["messages"], after_info) == (before["messages"], info)
    env.close()


class Brancher:
    """Works in branches that grow too long; what it is asked to return differs from try to try."""

    def __init__(self, view: str, notes: str = "") -> None:
        self._view, self._notes = view, notes
        self._tokenizer = make_tokenizer("bytes")
        self.sample: Sample | None = None

    def reset(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def act(self, observation: Any, info: Mapping[str, Any]) -> Any:
        if info["phase"] == "must_compact":
            said = self._notes or f"/return found {self._random.integers(1000)}"
        else:
            said = "/branch look\naround" if info["phase"] == "act" and info["segment"] == 0 else "go on"
        ids = np.array(self._tokenizer.assistant_ids(said), np.int32)
        if self._view == "messages":
            self.sample = None
            return said
        prompt = observation["prompt"][: int(observation["prompt_len"])].copy()
        logprobs = -self._random.random(len(ids)).astype(np.float32)
        self.sample = Sample(prompt, ids, logprobs, len(prompt), len(ids), policy_version=4)
        action = np.full(max(info["reserve"], info["notes_budget"], len(ids)), -1, np.int32)
        action[: len(ids)] = ids
        return action


class Rooms(gym.Env[str, str]):
    """Twelve rooms; each is paid by the number of the digits said in it, and can be gone back to."""

    def __init__(self) -> None:
        self.observation_space = self.action_space = Text(4096)
        self.left = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.left = 12
        return "Walk.", {"task": "Walk."}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self.left -= 1
        return "A room. " * 30, float(self.np_random.random()), self.left == 0, False, {}

    def save_state(self) -> Any:
        return self.left, self.np_random.bit_generator.state

    def restore_state(self, state: Any) -> None:
        self.left, self.np_random.bit_generator.state = state


def rooms(view: str, mode: str, **arguments: Any) -> ContextBudget:
    sizes = {"budget": 2200, "reserve": 100, "notes_budget": 30, "system": "Walk.", "mode": mode, "view": view}
    return ContextBudget(Rooms(), **{**sizes, **arguments})


def recorded(env: ContextBudget, agent: Any, seed: int = 0) -> tuple[Any, EpisodeRecord]:
    """The state at the first cut, and the record of an episode that went on from there."""
    states: list[Any] = []

    class Saving:
        sample = property(lambda self: agent.sample)
        reset = staticmethod(agent.reset)

        def act(self, observation: Any, info: Mapping[str, Any]) -> Any:
            if info["phase"] == "must_compact":
                states.append(env.save_state())
            return agent.act(observation, info)

    record = run_episode(env, Saving(), seed)
    env.reset(seed=seed)
    return states[0], record


@pytest.mark.parametrize("view", ["messages", "tokens"])
def test_the_notes_of_a_branch_are_the_message_that_it_returned(view: str) -> None:
    env = rooms(view, "fold")
    agent = Brancher(view)
    state, _ = recorded(env, agent)
    assert state.info["kind"] == "branch"
    credit = note_counterfactual(env, agent, state, 3)
    assert len(set(credit.notes)) == 3 and all(re.fullmatch(r"found \d+", notes) for notes in credit.notes)
    for notes, rejected in (("x" * 80, True), ("", False)):
        tries = note_counterfactual(env, Brancher(view, notes or "/return "), state, 2).tries
        assert [(one.notes, one.rejected) for one in tries] == [("", rejected)] * 2
    env.close()
    env = rooms(view, "fold", overflow="clip")
    state, _ = recorded(env, agent)
    assert note_counterfactual(env, Brancher(view, "abc" * 30), state, 2).notes == ("abc" * 10,) * 2
    env.close()


@pytest.mark.parametrize("mode", ["rewrite", "fold"])
def test_tries_are_rows_that_every_trainer_can_read(mode: str) -> None:
    env, agent = rooms("tokens", mode), Brancher("tokens")
    state, record = recorded(env, agent)
    rows = token_segments(record)
    credit = note_counterfactual(env, agent, state, 3)
    made = note_rows(rows, credit)
    cut = next(row for row in rows if row.note_mask.any())
    for one, row in zip(credit.tries, made, strict=True):
        assert one.sample is not None and row.advantages is not None
        assert row.token_ids.tolist() == [*one.sample.prompt_ids, *one.sample.token_ids]
        assert np.array_equal(row.token_ids[: row.prompt_len], cut.token_ids[: row.prompt_len])
        assert np.flatnonzero(row.note_mask).tolist() == list(range(row.prompt_len, len(row.token_ids)))
        assert set(row.advantages[row.note_mask].tolist()) == {np.float32(one.advantage)}
        assert not row.advantages[~row.note_mask].any() and np.array_equal(row.loss_mask, row.note_mask)
        assert row.logprobs[row.note_mask].tolist() == one.sample.logprobs.tolist()
        assert (row.kind, row.segment_index, row.policy_version) == (cut.kind, cut.segment_index, 4)
    for one, again in zip(made, broadcast(made, overlong="keep"), strict=True):
        assert np.array_equal(one.advantages, again.advantages)  # type: ignore[arg-type]
    batch = [*broadcast(rows, overlong="keep"), *made]
    for name in ("prime", "verl", "skyrl", "trl", "tinker"):
        assert getattr(forms, f"to_{name}")(batch), name
    assert [len(group) for group in forms.to_slime(batch)] == [1, 3]
    env.close()


def test_rejected_notes_are_no_training_data_and_other_rows_are_refused() -> None:
    env = rooms("tokens", "rewrite")
    state, record = recorded(env, Brancher("tokens"))
    rows = token_segments(record)
    rejected = note_rows(rows, note_counterfactual(env, Brancher("tokens", "x" * 80), state, 2))
    assert [row.trained for row in rejected] == [0, 0]
    credit = note_counterfactual(env, Brancher("tokens"), state, 2)
    for some in ((), (*rows, *token_segments(replace(record, episode=1)))):
        with pytest.raises(OptionError, match=r"give the rows of the one episode that was cut there"):
            note_rows(some, credit)
    untold = replace(credit, tries=tuple(replace(one, sample=None) for one in credit.tries))
    with pytest.raises(RecordError, match=r"try 0 of the notes at step \d+ has no token ids"):
        note_rows(rows, untold)
    env.close()
