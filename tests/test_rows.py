"""Rows for training: every sampled token once, with what the model read before it, in each trainer's own form."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain import rows as forms
from selftrain import segments as segments_module
from selftrain.agents.local import teacher_forced_logprobs
from selftrain.agents.rollout import run_episode
from selftrain.credit import broadcast
from selftrain.envs.context import ContextBudget, make_tokenizer
from selftrain.envs.spaces import Text
from selftrain.errors import OptionError, RecordError
from selftrain.journal import Journal
from selftrain.records import EpisodeRecord, Segment, Step, load_samples, read_records
from selftrain.rows import TokenSegment, token_segments
from selftrain.tokens import Sample

GOLDEN = Path(__file__).parent / "golden"


# a record by hand: work, a cut, a branch, a prompt that drifted, and notes that were rejected


def call(index: int, prompt: list[int], tokens: list[int], reward: float = 0.0, **info: Any) -> Step:
    logprobs = np.array([-0.5 * (k + 1) for k in range(len(tokens))], np.float32)
    sample = Sample(np.array(prompt, np.int32), np.array(tokens, np.int32), logprobs, policy_version=7 + index % 2)
    return Step(f"action {index}", "seen", reward, {"verb": "act", **info}, index=index, sample=sample)


def by_hand(episode: int = 0, last_reward: float = 0.5) -> EpisodeRecord:
    first = Segment(
        "o",
        {"notes_sha": "empty"},
        (
            call(0, [1, 2], [50, 51], 0.25),
            call(1, [1, 2, 50, 51, 3], [52], verb="compact", notes_overflow="rejected"),
            call(2, [1, 2, 50, 51, 4], [53, 54], verb="compact", notes_overflow="", notes_sha="one"),
        ),
        "forced",
    )
    main = Segment(
        "o",
        {"notes_sha": "one"},
        (call(3, [1, 54], [60], verb="branch"), call(6, [1, 54, 60, 9], [61, 62], last_reward, notes_sha="one")),
        index=1,
        notes="n",
    )
    inner = (call(4, [1, 54, 60, 5], [70], 0.125), call(5, [1, 54, 60, 5, 70, 6], [71], verb="return"))
    branch = Segment("o", {}, inner, "return", index=2, kind="branch", parent=1)
    total = sum(step.reward for segment in (first, main, branch) for step in segment.steps)
    return EpisodeRecord(
        "Some-v0", "me", 3, task="a/train/1/0", episode=episode, segments=(first, main, branch), reward=total
    )


def test_a_row_is_the_longest_run_of_calls_in_which_the_context_grew() -> None:
    work, again, branch, main = token_segments(by_hand())
    assert work.token_ids.tolist() == [1, 2, 50, 51, 3, 52] and work.prompt_len == 2
    assert again.token_ids.tolist() == [1, 2, 50, 51, 4, 53, 54] and again.prompt_len == 5
    assert branch.token_ids.tolist() == [1, 54, 60, 5, 70, 6, 71] and branch.prompt_len == 4
    assert main.token_ids.tolist() == [1, 54, 60, 9, 61, 62] and main.prompt_len == 2
    assert [row.drifted for row in (work, again, branch, main)] == [False, True, False, False]
    assert [(row.row, row.n_rows, row.segment_index) for row in (work, again, branch, main)] == [
        (0, 4, 0),
        (1, 4, 0),
        (2, 4, 2),
        (3, 4, 1),
    ]
    assert work.logprobs.tolist() == [0, 0, -0.5, -1.0, 0, -0.5]
    assert (branch.kind, branch.parent, branch.trigger) == ("branch", 1, "return")


def test_only_sampled_tokens_are_trained_and_rejected_notes_are_not() -> None:
    masks = [
        (row.loss_mask.astype(int).tolist(), row.note_mask.astype(int).tolist()) for row in token_segments(by_hand())
    ]
    assert masks == [
        ([0, 0, 1, 1, 0, 0], [0] * 6),
        ([0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1, 1]),
        ([0, 0, 0, 0, 1, 0, 1], [0, 0, 0, 0, 0, 0, 1]),
        ([0, 0, 1, 0, 1, 1], [0] * 6),
    ]


def test_reward_goes_to_the_row_that_earned_it_and_the_return_to_all() -> None:
    rows = token_segments(by_hand())
    assert [row.reward for row in rows] == [0.25, 0.0, 0.125, 0.5]
    assert {row.ret for row in rows} == {0.875} and {row.weight for row in rows} == {1 / 9}
    assert [row.events for row in rows] == [(0, 2), (2, 3), (4, 6), (3, 7)]
    assert [(row.notes_sha_in, row.notes_sha_out) for row in rows[:2]] == [("empty", "one")] * 2
    assert {row.policy_version for row in rows} == {7}
    assert {row.group_id for row in rows} == {"a/train/1/0"} and {row.rollout_id for row in rows} == {"a/train/1/0/0"}
    assert {row.group_id for row in token_segments(by_hand(), group="g")} == {"g"}


def test_a_notebook_keeps_files_and_not_what_was_said_at_the_cut() -> None:
    rows = token_segments(replace(by_hand(), context={"mode": "notebook"}))
    assert [int(row.note_mask.sum()) for row in rows] == [0, 0, 1, 0]


def test_a_row_has_one_temperature() -> None:
    steps = (call(0, [1], [2]), call(1, [1, 2, 3], [4]))
    cold = replace(steps[1], sample=replace(steps[1].sample or Sample(), temperature=0.5))
    record = EpisodeRecord("A-v0", "me", 0, segments=(Segment("", steps=(steps[0], cold)),), reward=1.0)
    assert [(row.temperature, row.drifted) for row in token_segments(record)] == [(1.0, False), (0.5, False)]


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (replace(by_hand(), valid=False, error="SandboxError: gone"), r"has no reward \(SandboxError: gone\)"),
        (replace(by_hand(), reward=None), r"has no reward \(nobody scored it\)"),
        (
            EpisodeRecord("A-v0", "me", 0, segments=(Segment("", steps=(Step("a", "b", 1.0),)),), reward=1.0),
            "no tokens",
        ),
    ],
)
def test_what_has_no_reward_or_no_tokens_is_no_training_data(spoiled: EpisodeRecord, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        token_segments(spoiled)


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (Sample(prompt_tokens=3, completion_tokens=2, model="server"), "no token ids: server did not tell them"),
        (Sample(np.ones(2, np.int32), np.ones(2, np.int32)), "2 tokens and 0 log-probabilities"),
        (
            Sample(np.ones(2, np.int32), np.ones(2, np.int32), np.zeros(2, np.float32), temperature=0.0),
            r"step 0 .* greedy samples have no log-probabilities to train with; play with a temperature above 0",
        ),
    ],
)
def test_calls_without_ids_or_logprobs_are_refused(sample: Sample, said: str) -> None:
    step = Step("a", "b", 1.0, sample=sample)
    with pytest.raises(RecordError, match=said):
        token_segments(EpisodeRecord("A-v0", "me", 0, segments=(Segment("", steps=(step,)),), reward=1.0))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_greedy_tokens_have_no_logprobs_to_compare_with(temperature: float) -> None:
    with pytest.raises(OptionError, match="must be above 0: greedy tokens have no log-probabilities"):
        teacher_forced_logprobs(None, [1], [2], temperature)


# rows of real episodes under a context budget, in every mode and view


class Mumbler(gym.Env[str, str]):
    """Says texts of random lengths and pays at random moments."""

    def __init__(self) -> None:
        self.observation_space, self.action_space = Text(10_000), Text(10_000)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.left = 30
        return "Play.", {"task": "Play."}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self.left -= 1
        length, paid = int(self.np_random.integers(1, 250)), float(self.np_random.integers(0, 3)) / 4
        return "o" * length, paid, self.left == 0, False, {}


class Chooser:
    """An agent that samples the tokens of random moves; where it is `sloppy`, its texts lose spaces at the end."""

    MOVES = ("go on ", "speak " * 20, "/compact short notes", "/note write episode/a\nkept", "/read episode/a",
             "/branch look\nthere", "/return found", "x" * 300, "/compact " + "n" * 120)  # fmt: skip

    def __init__(self, view: str, sloppy: bool = False) -> None:
        self._view, self._sloppy = view, sloppy
        self._tokenizer = make_tokenizer("bytes")
        self.sample: Sample | None = None

    def reset(self, seed: int) -> None:
        self._random = random.Random(seed)

    def act(self, observation: Mapping[str, Any], info: Mapping[str, Any]) -> Any:
        text = self._random.choice(self.MOVES)
        tokens = self._tokenizer.assistant_ids(text)
        if self._random.random() < 0.2:
            tokens = tokens[:-1]  # ran into its limit: no end of turn
        logprobs = np.array([-self._random.random() for _ in tokens], np.float32)
        prompt = self._prompt(observation)
        self.sample = Sample(prompt, np.array(tokens, np.int32), logprobs, len(prompt), len(tokens))
        if self._view == "messages":
            return text.rstrip() if self._sloppy else text
        action = np.full(max(info["reserve"], info["notes_budget"], len(tokens)), -1, np.int32)
        action[: len(tokens)] = tokens
        return action

    def _prompt(self, observation: Mapping[str, Any]) -> Any:
        if self._view == "tokens":
            return observation["prompt"][: observation["prompt_len"]].copy()
        messages = list(observation["messages"])
        system = messages.pop(0)["content"] if messages[0]["role"] == "system" else ""
        ids = self._tokenizer.user_ids(messages[0]["content"], system, first=True)
        for said, answered in zip(messages[1::2], messages[2::2], strict=True):
            ids += self._tokenizer.assistant_ids(said["content"]) + self._tokenizer.user_ids(answered["content"])
        return np.array(ids, np.int32)


def played(mode: str, view: str, seed: int, sloppy: bool = False, **arguments: Any) -> EpisodeRecord:
    if mode == "notebook":
        arguments["trigger"] = "forced"
    sizes = {"budget": 2000, "reserve": 150, "notes_budget": 60, "max_turns": 40}
    env = ContextBudget(Mumbler(), **{**sizes, "mode": mode, "view": view, **arguments})
    return run_episode(env, Chooser(view, sloppy), seed)


def check_rows(record: EpisodeRecord) -> tuple[TokenSegment, ...]:
    """The laws of rows: provenance, each token once, and rewards that sum to the return."""
    rows = token_segments(record)
    seen = {id(row): np.zeros(len(row.token_ids), int) for row in rows}
    for step in record.steps:
        assert step.sample is not None
        whole = [*step.sample.prompt_ids, *step.sample.token_ids]
        start = len(step.sample.prompt_ids)
        owners = [
            row
            for row in rows
            if row.events[0] <= step.index < row.events[1]
            and row.token_ids[: len(whole)].tolist() == whole
            and np.array_equal(row.logprobs[start : len(whole)], step.sample.logprobs)
        ]
        assert owners, f"step {step.index} is in no row"
        rejected = step.info["notes_overflow"] == "rejected"
        assert any(row.loss_mask[start : len(whole)].all() != rejected for row in owners)
        seen[id(owners[0])][start : len(whole)] += not rejected
    assert sum(int(count.sum()) for count in seen.values()) == sum(row.trained for row in rows)
    assert all(np.array_equal(count > 0, row.loss_mask) for row, count in zip(rows, seen.values(), strict=True))
    assert sum(row.reward for row in rows) == pytest.approx(record.reward)
    assert sum(row.weight * row.trained for row in rows) == pytest.approx(1.0)
    assert not any((row.note_mask & ~row.loss_mask).any() for row in rows)
    return rows


MODES = ("rewrite", "fold", "notebook", "window")


@settings(max_examples=25)
@given(st.sampled_from(MODES), st.sampled_from(["messages", "tokens"]), st.integers(0, 2**20), st.booleans())
def test_each_sampled_token_is_trained_once_with_what_was_read_before_it(
    mode: str, view: str, seed: int, sloppy: bool
) -> None:
    check_rows(played(mode, view, seed, sloppy))


def test_a_branch_does_not_train_what_the_main_context_said() -> None:
    for seed in range(20):
        record = played("fold", "tokens", seed)
        if (rows := check_rows(record))[0].n_segments > 3 and any(row.kind == "branch" for row in rows):
            break
    branch = next(row for row in rows if row.kind == "branch")
    main = next(row for row in rows if row.segment_index == branch.parent)
    shared = main.token_ids[: branch.prompt_len] == branch.token_ids[: branch.prompt_len]
    assert main.loss_mask[: branch.prompt_len][shared].any() and not branch.loss_mask[: branch.prompt_len].any()


def test_sampled_tokens_that_come_back_otherwise_begin_a_row() -> None:
    drifts = [row.drifted for seed in range(3) for row in check_rows(played("oracle_full", "messages", seed, True))]
    assert any(drifts) and not all(drifts)
    exact = check_rows(played("none", "tokens", 0, budget=20_000, reserve=400, max_turns=30))
    assert [row.drifted for row in exact] == [False]


def test_rows_are_the_same_from_disk(tmp_path: Path) -> None:
    record = played("fold", "tokens", 5)
    with Journal(tmp_path) as journal:
        journal.append(record)
    (read,) = (load_samples(tmp_path, one) for one in read_records(tmp_path))
    for one, other in zip(token_segments(record), token_segments(read), strict=True):
        assert {key: str(value) for key, value in vars(one).items()} == {
            key: str(value) for key, value in vars(other).items()
        }
        assert np.array_equal(one.token_ids, other.token_ids) and np.array_equal(one.logprobs, other.logprobs)


# the forms of trainers


def batch() -> tuple[TokenSegment, ...]:
    """Two rollouts of one group and one of another, as a trainer would get them: not in order."""
    short = EpisodeRecord("Some-v0", "me", 3, segments=(Segment("", steps=(call(0, [8], [9, 10]),)),), reward=1.0)
    records = [by_hand(0), replace(short, truncated=True), by_hand(1, last_reward=1.5)]
    rows = [row for record in records for row in token_segments(record)]
    return broadcast(sorted(rows, key=lambda row: row.row), overlong="keep")


ADAPTERS = ("prime", "verl", "skyrl", "slime", "trl", "tinker")


@pytest.mark.parametrize("name", ADAPTERS)
def test_the_form_of_each_trainer_is_as_its_golden_file(name: str) -> None:
    made = getattr(forms, f"to_{name}")(batch())
    assert json.loads(json.dumps(made, allow_nan=False)) == json.loads((GOLDEN / f"{name}.json").read_text())


Numbers = tuple[list[int], list[bool], list[float]]


def joined(prompt: Sequence[int], response: Sequence[int], mask: Sequence[int], logprobs: Sequence[float]) -> Numbers:
    before = len(prompt)
    return [*prompt, *response], [False] * before + [bool(one) for one in mask], [0.0] * before + list(logprobs)


def from_prime(made: Any) -> list[Numbers]:
    return [(one["token_ids"], one["mask"], one["logprobs"]) for one in made]


def from_verl(made: Any) -> list[Numbers]:
    return [
        joined(one["prompt_ids"], one["response_ids"], one["response_mask"], one["response_logprobs"])
        for one in made.values()
    ]


def from_skyrl(made: Any) -> list[Numbers]:
    names = ("prompt_token_ids", "response_ids", "loss_masks", "rollout_logprobs")
    return [joined(*parts) for parts in zip(*(made[name] for name in names), strict=True)]


def from_slime(made: Any) -> list[Numbers]:
    found = []
    for one in itertools.chain.from_iterable(itertools.chain.from_iterable(made)):
        start = len(one["tokens"]) - one["response_length"]
        found.append(joined(one["tokens"][:start], one["tokens"][start:], one["loss_mask"], one["rollout_log_probs"]))
    return found


def from_trl(made: Any) -> list[Numbers]:
    names = ("prompt_ids", "completion_ids", "env_mask", "logprobs")
    return [joined(*parts) for parts in zip(*(made[name] for name in names), strict=True)]


def from_tinker(made: Any) -> list[Numbers]:
    found = []
    for one in made:
        inputs = [token for chunk in one["model_input"]["chunks"] for token in chunk["tokens"]]
        loss = one["loss_fn_inputs"]
        found.append(joined(inputs[:1], loss["target_tokens"], loss["mask"], loss["logprobs"]))
        assert inputs[1:] == loss["target_tokens"][:-1]
    return found


BACK: dict[str, Callable[[Any], list[Numbers]]] = {
    "prime": from_prime, "verl": from_verl, "skyrl": from_skyrl,
    "slime": from_slime, "trl": from_trl, "tinker": from_tinker,
}  # fmt: skip


@settings(max_examples=10)
@given(st.sampled_from(MODES), st.lists(st.integers(0, 2**20), min_size=1, max_size=3, unique=True))
def test_rows_come_back_out_of_every_form(mode: str, seeds: list[int]) -> None:
    records = [replace(played(mode, "tokens", seed), episode=number) for number, seed in enumerate(seeds)]
    rows = broadcast([row for one in records for row in token_segments(one, "g")], overlong="mask")
    wanted = sorted((row.token_ids.tolist(), row.loss_mask.tolist(), row.logprobs.tolist()) for row in rows)
    for name in ADAPTERS:
        made = json.loads(json.dumps(getattr(forms, f"to_{name}")(rows)))
        assert sorted(BACK[name](made)) == wanted, name


# planted faults


def trains_the_prefix(run: Any, carrying: frozenset[str]) -> Any:
    """A branch trains what the main context had sampled before it."""
    loss, note = sound_masks(run, carrying)
    if run.segment.kind == "branch":
        loss = loss.copy()
        loss[: len(run.calls[0].sample.prompt_ids)] = True
    return loss, note


def drifts_by_one(call: Any) -> slice:
    """Log-probabilities and masks lie one position beside their tokens."""
    span = sound_span(call)
    return slice(span.start - 1, span.stop - 1)


sound_masks, sound_span = segments_module._masks, segments_module._span


@pytest.mark.parametrize(("name", "fault"), [("_masks", trains_the_prefix), ("_span", drifts_by_one)])
def test_the_laws_of_rows_catch_a_planted_fault(
    name: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [played("fold", "tokens", seed) for seed in range(6)]
    assert all(check_rows(record) for record in records)
    monkeypatch.setattr(segments_module, name, fault)
    with pytest.raises(AssertionError):
        for record in records:
            check_rows(record)


def test_the_round_trip_catches_an_adapter_that_trains_what_was_read() -> None:
    rows = token_segments(played("rewrite", "tokens", 3))
    made = forms.to_verl(broadcast(rows, overlong="keep"))
    for one in made.values():
        one["response_mask"] = [1] * len(one["response_mask"])
    assert sorted(from_verl(made)) != sorted(
        (row.token_ids.tolist(), row.loss_mask.tolist(), row.logprobs.tolist()) for row in rows
    )


def test_skyrl_has_rollouts_side_by_side_whatever_the_order_of_rows() -> None:
    made = forms.to_skyrl(batch())
    names = [f"{one['instance_id']}_{one['repetition_id']}" for one in made["trajectory_ids"]]
    assert len(list(itertools.groupby(names))) == len(set(names)) == 3
    ends = [index for index, last in enumerate(made["is_last_step"]) if last]
    assert ends == [index for index, name in enumerate(names) if names[index + 1 : index + 2] != [name]]
    assert sorted(made["rewards"][end] for end in ends) == [0.875, 1.0, 1.875]


def test_verl_finds_a_trained_token_in_the_row_it_scores_by() -> None:
    spoiled = by_hand()
    main = spoiled.segments[1]
    steps = tuple(replace(step, info={**step.info, "notes_overflow": "rejected"}) for step in main.steps)
    spoiled = replace(spoiled, segments=(spoiled.segments[0], replace(main, steps=steps), spoiled.segments[2]))
    rows = token_segments(spoiled)
    assert rows[-1].trained == 0
    made = list(forms.to_verl(rows).values())
    assert not any(made[0]["response_mask"]) and all(any(one["response_mask"]) for one in made[1:])
    assert [one["extra_fields"]["rollout_id"] for one in made] == ["a/train/1/0/0"] * 4


def test_slime_counts_a_rollout_once() -> None:
    made = forms.to_slime(batch())
    assert [[len(rollout) for rollout in group] for group in made] == [[4, 4], [1]]
    ids = [[{sample["rollout_id"] for sample in rollout} for rollout in group] for group in made]
    assert ids == [[{0}, {1}], [{2}]]


def test_prime_weighs_rollouts_alike_and_the_mean_token_with_one() -> None:
    rows = batch()
    made = forms.to_prime(rows)
    lengths = {9: 0.0, 2: 0.0}
    for one in made:
        lengths[2 if one["token_ids"][0] == 8 else 9] += sum(one["rl_weights"])
    assert lengths[9] / 2 == pytest.approx(lengths[2]) == pytest.approx(20 / 3)


def test_parts_of_rollouts_and_names_used_twice_are_refused() -> None:
    rows = batch()
    for some in (rows[1:], [*rows, *token_segments(by_hand())]):
        with pytest.raises(OptionError, match="give each of them once"):
            forms.to_skyrl(some)
    with pytest.raises(OptionError, match="has no advantages"):
        forms.to_tinker(token_segments(by_hand()))


def test_no_trainer_is_imported() -> None:
    code = "import sys, selftrain.rows, selftrain.credit; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not {"torch", "verl", "trl", "tinker", "verifiers", "skyrl", "slime"} & set(done.stdout.split())
