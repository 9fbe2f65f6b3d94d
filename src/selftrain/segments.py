"""Episodes as rows of token ids for training: one row where a context grew, another where it was rewritten.

An episode whose context was cut is several texts to a trainer. A row is the longest run of model calls of one segment
in which each prompt begins with the prompt and the sampled tokens of the call before it: exactly what the model read
and wrote, tokenised once. All rows of an episode share its return, and each sampled token is trained in one row only.
`selftrain.rows` turns rows into what each trainer reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from selftrain.errors import RecordError
from selftrain.integrity import HoneypotResult
from selftrain.records import EpisodeRecord, Segment, Step
from selftrain.tokens import Floats, Ids, Sample

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TokenSegment:
    """One row: a run of model calls in which the context only grew.

    Attributes:
        rollout_id: of the episode; the same on all of its rows.
        group_id: of the rollouts that are compared with each other.
        task_id, env_id: what was played.
        policy_version: of the oldest weights that sampled in it.
        segment_index, n_segments, parent, kind: of the segment it comes from; see `selftrain.records.Segment`.
        row, n_rows: its place among the rows of the rollout, which are ordered by their last call.
        drifted: it begins inside a segment, because a prompt did not begin with what the model had read and written:
            text that was tokenised again, a message that was shortened, or notes that were asked for once more.
        token_ids: int32[L].
        loss_mask: bool[L], sampled tokens that are to be trained; notes that were rejected are not.
        logprobs: float32[L], of the sampled tokens; 0.0 elsewhere.
        prompt_len: tokens before the first that was sampled.
        note_mask: bool[L], sampled tokens that are carried over a cut: notes, files of the notebook, and what a branch
            returned.
        reward: what the environment paid in it; the rows of a rollout sum to `ret`.
        ret: return of the rollout.
        weight: of each token in the loss: 1 / trained tokens of the rollout, so that a rollout counts once however
            often its context was cut.
        advantages: float32[L], or None before `selftrain.credit`; 0.0 where nothing is trained.
        trigger: what ended the segment.
        finish_reason: of the last call.
        truncated: the episode ended at a limit.
        overlong_masked: nothing of it is trained because of that.
        notes_sha_in, notes_sha_out: the notes in force when the segment began, and after it.
        events: index of its first step, and of the one after its last.
        temperature: of the sampling.
    """

    rollout_id: str
    group_id: str
    task_id: str
    env_id: str
    policy_version: int
    segment_index: int
    n_segments: int
    parent: int
    kind: str
    row: int
    n_rows: int
    drifted: bool
    token_ids: Ids
    loss_mask: Mask
    logprobs: Floats
    prompt_len: int
    note_mask: Mask
    reward: float
    ret: float
    weight: float
    advantages: Floats | None
    trigger: str
    finish_reason: str
    truncated: bool
    overlong_masked: bool
    notes_sha_in: str
    notes_sha_out: str
    events: tuple[int, int]
    temperature: float

    @property
    def trained(self) -> int:
        """How many of its tokens are trained."""
        return int(self.loss_mask.sum())


@dataclass(frozen=True)
class _Call:
    """A model call that was acted on."""

    step: Step
    sample: Sample

    @property
    def whole(self) -> Ids:
        return np.concatenate([self.sample.prompt_ids, self.sample.token_ids])


@dataclass(frozen=True)
class _Run:
    """Calls that make one row."""

    segment: Segment
    calls: tuple[_Call, ...]
    drifted: bool


def token_segments(record: EpisodeRecord, group: str = "") -> tuple[TokenSegment, ...]:
    """The rows of an episode, ordered by their last call, so that the last row ends the episode.

    Args:
        record: a valid one with its samples, from the recorder or from `load_samples`.
        group: whom it is compared with; "" takes its task, and its seed where there are no tasks. A honeypot, which
            pays nobody, is compared with nobody: in its task's group it would teach that honest work there is bad, and
            make the others' look better than it is. `selftrain.credit` gives it the advantage 0.

    Raises:
        RecordError: the episode has no reward, or the model behind it told no token ids or log-probabilities, or was
            greedy. Such an episode cannot be trained on, and counts neither as a success nor as a failure.
    """
    if not record.valid or record.reward is None:
        why = record.error or "nobody scored it"
        raise RecordError(f"episode {record.episode} has no reward ({why}); leave it out of the training data")
    if not record.samples:
        raise RecordError(
            f"episode {record.episode} has no tokens at hand; read it with load_samples, from a rollout of an agent "
            "that samples tokens"
        )
    runs = sorted(
        (run for segment in record.segments for run in _runs(segment, record.episode)),
        key=lambda run: run.calls[-1].step.index,
    )
    group = group or record.task or f"{record.env_id}#{record.seed}"
    if HoneypotResult.of(record):
        group = f"{group} (honeypot {record.episode})"
    carried = _carrying_verbs(record.context)
    masks = [_masks(run, carried) for run in runs]
    trained = sum(int(loss.sum()) for loss, _ in masks)
    rewards = _rewards(record, runs)
    return tuple(
        _row(record, group, run, loss, note, row=row, n_rows=len(runs), reward=reward, weight=1 / max(trained, 1))
        for row, (run, (loss, note), reward) in enumerate(zip(runs, masks, rewards, strict=True))
    )


def _row(record: EpisodeRecord, group: str, run: _Run, loss_mask: Mask, note_mask: Mask, **placed: Any) -> TokenSegment:
    segment, first, last = run.segment, run.calls[0], run.calls[-1]
    ids = last.whole
    logprobs = np.zeros(len(ids), np.float32)
    for call in run.calls:
        logprobs[_span(call)] = call.sample.logprobs
    return TokenSegment(
        rollout_id=f"{group}/{record.episode}",
        group_id=group,
        task_id=record.task,
        env_id=record.env_id,
        policy_version=min(call.sample.policy_version for call in run.calls),
        segment_index=segment.index,
        n_segments=len(record.segments),
        parent=segment.parent,
        kind=segment.kind,
        drifted=run.drifted,
        token_ids=ids,
        loss_mask=loss_mask,
        logprobs=logprobs,
        prompt_len=len(first.sample.prompt_ids),
        note_mask=note_mask,
        ret=float(record.reward or 0.0),
        advantages=None,
        trigger=segment.trigger,
        finish_reason=last.sample.finish_reason,
        truncated=record.truncated,
        overlong_masked=False,
        notes_sha_in=str(segment.info.get("notes_sha", "")),
        notes_sha_out=str(segment.steps[-1].info.get("notes_sha", "")),
        events=(first.step.index, last.step.index + 1),
        temperature=first.sample.temperature,
        **placed,
    )


def _runs(segment: Segment, episode: int) -> list[_Run]:
    runs: list[_Run] = []
    for step in segment.steps:
        if step.sample is None:
            continue
        call = _Call(step, trainable(step.sample, f"step {step.index} of episode {episode}"))
        before = runs[-1].calls[-1] if runs else None
        if before is not None and _goes_on(before, call):
            runs[-1] = _Run(segment, (*runs[-1].calls, call), runs[-1].drifted)
        else:
            runs.append(_Run(segment, (call,), drifted=before is not None and not _extends(before, call)))
    return runs


def _extends(before: _Call, call: _Call) -> bool:
    whole = before.whole
    return np.array_equal(call.sample.prompt_ids[: len(whole)], whole)


def _goes_on(before: _Call, call: _Call) -> bool:
    # a row has one temperature, because a trainer divides the logits of the whole row by it
    return before.sample.temperature == call.sample.temperature and _extends(before, call)


def trainable(sample: Sample, where: str) -> Sample:
    """The sample itself, once it is sure that it can be trained on.

    Raises:
        RecordError: it has no token ids or log-probabilities, or is greedy; names `where` and the fix.
    """
    if not len(sample.prompt_ids) or not len(sample.token_ids):
        raise RecordError(
            f"{where} has no token ids: {sample.model or 'the model'} did not tell them; let the server return token "
            "ids, or sample with a local model"
        )
    if len(sample.logprobs) != len(sample.token_ids):
        raise RecordError(
            f"{where} has {len(sample.token_ids)} tokens and {len(sample.logprobs)} log-probabilities; let the server "
            "return one for each"
        )
    if sample.temperature <= 0.0:
        raise RecordError(
            f"{where} was sampled at temperature {sample.temperature}: greedy samples have no log-probabilities to "
            "train with; play with a temperature above 0, such as 1.0"
        )
    return sample


def _span(call: _Call) -> slice:
    start = len(call.sample.prompt_ids)
    return slice(start, start + len(call.sample.token_ids))


def _carrying_verbs(context: Mapping[str, Any]) -> frozenset[str]:
    """Verbs whose text outlives the context; in mode "notebook" a cut keeps files, and not what was said at it."""
    return frozenset({"note", "return"} if context.get("mode") == "notebook" else {"compact", "note", "return"})


def _masks(run: _Run, carrying: frozenset[str]) -> tuple[Mask, Mask]:
    loss, note = (np.zeros(len(run.calls[-1].whole), np.bool_) for _ in range(2))
    for call in run.calls:
        info = call.step.info
        rejected = info.get("notes_overflow") == "rejected"
        loss[_span(call)] = not rejected
        note[_span(call)] = info.get("verb") in carrying and not rejected
    return loss, note


def _rewards(record: EpisodeRecord, runs: Sequence[_Run]) -> list[float]:
    """What was paid in each run; a step without a model call counts to the run before it."""
    owner = {call.step.index: number for number, run in enumerate(runs) for call in run.calls}
    rewards, current = [0.0] * len(runs), owner[min(owner)]
    for step in record.steps:
        current = owner.get(step.index, current)
        rewards[current] += step.reward
    return rewards
