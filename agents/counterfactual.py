"""What notes are worth: other notes at the same cut, each played to its end from the same state."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from typing import Any

import gymnasium as gym
import numpy as np

from selftrain.agents.base import Agent, Sampler, TaskReader
from selftrain.errors import OptionError, SandboxError
from selftrain.segments import TokenSegment, trainable
from selftrain.tasks import Task
from selftrain.tokens import Sample

MUST_COMPACT = "must_compact"
# figures of a credit, and what they are called in `info`
_TOTALS = {"turns": "turn", "env_steps": "env_steps", "tokens": "tokens"}


@dataclass(frozen=True)
class NoteTry:
    """One choice of notes at the cut, and what came of it.

    Attributes:
        action: as sent.
        notes: in force after the cut, or what the branch returned that was cut; "" when they were rejected.
        notes_sha: of the notes in force after the cut, which a branch leaves as they are.
        rejected: they were too long, as often as the agent wrote them.
        sample: the model call behind them, where there is one.
        ret: what was paid after the cut.
        advantage: `ret` less the mean over all tries.
        truncated: the continuation ended at a limit.
    """

    action: Any
    notes: str
    notes_sha: str
    rejected: bool
    sample: Sample | None
    ret: float
    advantage: float
    truncated: bool


@dataclass(frozen=True)
class NoteCredit:
    """All tries at one cut.

    Attributes:
        tries: in the order in which they were played.
        step, segment: of the episode, where the notes were due.
        turns: messages of the agent, the notes included.
        env_steps: steps of the environment.
        tokens: read and written.
    """

    tries: tuple[NoteTry, ...]
    step: int
    segment: int
    turns: int
    env_steps: int
    tokens: int

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of each try."""
        return tuple(one.notes for one in self.tries)

    @property
    def returns(self) -> tuple[float, ...]:
        """The return of each try after the cut."""
        return tuple(one.ret for one in self.tries)

    @property
    def advantages(self) -> tuple[float, ...]:
        """The advantage of each try; they sum to 0."""
        return tuple(one.advantage for one in self.tries)


def note_counterfactual(env: gym.Env[Any, Any], agent: Agent, state: Any, m: int, *, seed: int = 0) -> NoteCredit:
    """Let the agent write notes `m` times at the same cut, and play each on to the end of the episode.

    All that happened before the cut, and all that the environment will do, is the same in every try, so differences in
    what is paid are due to the notes and to the agent's own choices after them. `ret - mean` is an estimate of what
    the notes are worth beside others that this agent writes, and it weighs each cut by itself, where the return of an
    episode weighs all cuts alike. It costs `m` continuations.

    Args:
        env: a `ContextBudget`, or what is wrapped around one; it stands at `state` again afterwards, also when a try
            fails.
        agent: who writes and plays on.
        state: from `save_state` at a cut, where the phase is "must_compact".
        m: how many tries, 2 or more.
        seed: all seeds of the agent come from it.

    Raises:
        OptionError: `m` is too small, or notes are not due at `state`.
        SandboxError, VerifierError, ModelError: the infrastructure failed; there is no credit.
    """
    if m < 2:
        raise OptionError(f"m={m} must be 2 or more: notes are worth something only beside others")
    seeds = np.random.SeedSequence(seed).generate_state(m)
    restore = env.get_wrapper_attr("restore_state")
    try:
        played = [_play_on(env, agent, state, int(one)) for one in seeds]
    finally:
        _, before = restore(state)
    mean = fsum(one.ret for one, _ in played) / m
    return NoteCredit(
        tuple(replace(one, advantage=one.ret - mean) for one, _ in played),
        step=int(before["turn"]),
        segment=int(before["segment"]),
        **{total: sum(used[name] for _, used in played) for total, name in _TOTALS.items()},
    )


def note_rows(rows: Sequence[TokenSegment], credit: NoteCredit) -> tuple[TokenSegment, ...]:
    """The tries as rows for a trainer, each with its advantage at its note tokens, and 0 elsewhere.

    A try becomes a rollout of one row: the context as it stood at the cut, which is not trained, then the notes as they
    were sampled. What the agent did after them is no part of it: that was played only to learn what the notes are
    worth. The tries of a cut are a group of their own with their returns after the cut, so a trainer that reads no
    advantages, but takes the return less the mean of the group, finds the same ones. A try whose notes were rejected
    counts in that mean, and nothing of it is trained.

    The rows of the episode stay as they are, and both can be trained on:
    `to_tinker([*broadcast(rows, overlong="mask"), *note_rows(rows, credit)])`, or another of `selftrain.rows`.

    Args:
        rows: of the one episode that was cut there, from `token_segments`.
        credit: from `note_counterfactual` in that episode.

    Raises:
        OptionError: none or more than one of the rows holds that cut.
        RecordError: the agent tells no tokens or log-probabilities, so its notes cannot be trained.
    """
    place = f"step {credit.step} of segment {credit.segment}"
    found = [
        row for row in rows if row.segment_index == credit.segment and row.events[0] <= credit.step < row.events[1]
    ]
    if len(found) != 1:
        raise OptionError(f"{len(found)} of the rows hold {place}; give the rows of the one episode that was cut there")
    return tuple(_note_row(found[0], credit.step, number, one) for number, one in enumerate(credit.tries))


def _note_row(cut: TokenSegment, step: int, number: int, one: NoteTry) -> TokenSegment:
    group = f"{cut.rollout_id}@{step}"
    sample = trainable(one.sample or Sample(model="the agent"), f"try {number} of the notes at step {step}")
    ids = np.concatenate([sample.prompt_ids, sample.token_ids])
    start = len(sample.prompt_ids)
    notes = (np.arange(len(ids)) >= start) & (not one.rejected)
    logprobs = np.zeros(len(ids), np.float32)
    logprobs[start:] = sample.logprobs
    return replace(
        cut,
        rollout_id=f"{group}/{number}",
        group_id=group,
        policy_version=sample.policy_version,
        row=0,
        n_rows=1,
        drifted=False,
        token_ids=ids,
        loss_mask=notes,
        logprobs=logprobs,
        prompt_len=start,
        note_mask=notes.copy(),
        reward=one.ret,
        ret=one.ret,
        weight=1 / max(int(notes.sum()), 1),
        advantages=np.where(notes, one.advantage, 0.0).astype(np.float32),
        finish_reason=sample.finish_reason,
        truncated=one.truncated,
        overlong_masked=False,
        notes_sha_out=one.notes_sha,
        events=(step, step + 1),
        temperature=sample.temperature,
    )


def _play_on(env: gym.Env[Any, Any], agent: Agent, state: Any, seed: int) -> tuple[NoteTry, Mapping[str, int]]:
    """A try whose advantage is not known yet, and what it took."""
    observation, before = env.get_wrapper_attr("restore_state")(state)
    if before.get("phase") != MUST_COMPACT:
        raise OptionError(
            f"notes are not due at this state: its phase is {before.get('phase')!r}; save it where info['phase'] is "
            f"{MUST_COMPACT!r}"
        )
    agent.reset(seed)
    if isinstance(agent, TaskReader) and isinstance(task := getattr(env.unwrapped, "task", None), Task):
        agent.read_task(task)
    tried: NoteTry | None = None
    rewards: list[float] = []
    info, over, truncated, inside = before, False, False, before["kind"] == "branch"
    while not over:
        due = info["phase"] == MUST_COMPACT and info["segment"] == before["segment"]
        chosen = agent.act(observation, info)
        sample = agent.sample if isinstance(agent, Sampler) else None
        observation, reward, terminated, truncated, info = env.step(chosen)
        if due:  # notes that were too long are written again: the last ones are those in force
            rejected = info["notes_overflow"] == "rejected"
            notes = "" if rejected else _returned(state, chosen, info) if inside else str(info["notes"])
            tried = NoteTry(chosen, notes, str(info["notes_sha"]), rejected, sample, 0.0, 0.0, False)
        rewards.append(float(reward))
        over = terminated or truncated
    if not info.get("valid", True):
        raise SandboxError("the environment ended the continuation as not valid; there is no return to compare")
    used = {name: int(info[name]) - int(before[name]) for name in _TOTALS.values()}
    assert tried is not None  # the first message of all is due
    return replace(tried, ret=fsum(rewards), truncated=bool(truncated)), used


def _returned(state: Any, action: Any, info: Mapping[str, Any]) -> str:
    """What a branch returned that was cut: the whole message, without a leading verb, clipped where that was done."""
    tokenizer = state.session.tokenizer
    if isinstance(action, str):
        text = action
    else:
        sampled = [int(token) for token in action]
        text = tokenizer.decode(sampled[: sampled.index(-1)] if -1 in sampled else sampled)
    line, _, rest = text.lstrip("\n").partition("\n")
    word, _, tail = line.strip().partition(" ")
    text = (f"{tail}\n{rest}" if word in ("/compact", "/return") else text).strip()
    if info["notes_overflow"] != "clipped":
        return text
    ends = range(len(text) + 1)
    fitting = bisect_right(ends, info["notes_budget"], key=lambda end: len(tokenizer.assistant_ids(text[:end])) - 1)
    return text[: fitting - 1]
