"""Episode records and their journal: exact round trips, one writer, nothing torn, nothing lost."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.agents.recording import EpisodeRecorder
from selftrain.errors import RecordError
from selftrain.journal import EPISODES, TOKENS, Journal
from selftrain.records import Costs, EpisodeRecord, Segment, Step, as_json, load_samples, read_records
from selftrain.tokens import Sample

ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates included: commands print any bytes
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.one_of(st.booleans(), st.integers(-(2**70), 2**70), FLOATS, ANY_TEXT)
VALUES = st.recursive(
    st.none() | SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3)
)
INFOS = st.dictionaries(ANY_TEXT, SCALARS, max_size=4)
STEPS = st.builds(Step, VALUES, VALUES, FLOATS, INFOS, FLOATS, st.integers(0), st.booleans(), VALUES)
SEGMENTS = st.builds(
    Segment,
    VALUES,
    INFOS,
    st.lists(STEPS, max_size=2).map(tuple),
    ANY_TEXT,
    st.integers(0),
    ANY_TEXT,
    st.integers(-1),
    ANY_TEXT,
)
RECORDS = st.builds(
    EpisodeRecord,
    env_id=ANY_TEXT,
    agent=ANY_TEXT,
    seed=st.integers(0, 2**32),
    env_kwargs=st.dictionaries(ANY_TEXT, VALUES, max_size=2),
    task=ANY_TEXT,
    episode=st.integers(0, 2**40),
    segments=st.lists(SEGMENTS, max_size=2).map(tuple),
    reward=st.none() | FLOATS,
    terminated=st.booleans(),
    valid=st.booleans(),
    error=ANY_TEXT,
    verdict=st.none() | st.dictionaries(ANY_TEXT, VALUES, max_size=2),
    context=st.dictionaries(ANY_TEXT, VALUES, max_size=2),
    tokens_file=ANY_TEXT,
    costs=st.builds(Costs, st.integers(0), FLOATS, *[st.integers(0)] * 4),
)


def record(episode: int = 0, size: int = 10) -> EpisodeRecord:
    segment = Segment("do it", steps=(Step("ls", "x" * size, 1.0),))
    return EpisodeRecord("Some-v0", "me", 3, episode=episode, segments=(segment,), reward=1.0)


@given(RECORDS)
def test_a_record_survives_its_line(one: EpisodeRecord) -> None:
    line = one.to_line()
    assert "\n" not in line and line.isascii()
    assert EpisodeRecord.from_line(line) == one


@settings(max_examples=30)
@given(st.lists(RECORDS, max_size=4), st.data())
def test_a_torn_last_line_loses_only_itself(
    tmp_path_factory: pytest.TempPathFactory, some: list[Any], data: Any
) -> None:
    path = tmp_path_factory.mktemp("torn") / "records.jsonl"
    whole = "".join(one.to_line() + "\n" for one in some).encode()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    assert list(read_records(path)) == some[: whole[:cut].count(b"\n")]


def test_arrays_become_lists_and_keys_stay_strings() -> None:
    step = Step(np.int64(3), {"grid": np.eye(2, dtype=np.int8), "pair": (1, 2)}, np.float32(0.5).item())
    read = EpisodeRecord.from_line(replace(record(), segments=(Segment(np.zeros(2), {}, (step,)),)).to_line())
    assert read.steps[0].action == 3 and read.steps[0].observation == {"grid": [[1, 0], [0, 1]], "pair": [1, 2]}
    with pytest.raises(RecordError, match="key 1 must be a string"):
        replace(record(), env_kwargs={"levels": {1: 2}}).to_line()


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), b"bytes"])
def test_what_json_cannot_hold_is_refused_by_name(value: Any) -> None:
    with pytest.raises(RecordError, match=r"episode 7 \(Some-v0\) cannot be written"):
        replace(record(7), env_kwargs={"value": value}).to_line()


def test_damage_before_the_end_and_other_schemas_are_errors(tmp_path: Path) -> None:
    path, line = tmp_path / "r.jsonl", record().to_line()
    path.write_text(f"{line}\n{line[:50]}\n{line}\n")
    with pytest.raises(RecordError, match="line 2 is not an episode record"):
        list(read_records(path))
    path.write_text(line.replace('"schema":2', '"schema":1') + "\n")
    with pytest.raises(RecordError, match="schema 1; this version reads schema 2"):
        list(read_records(path))
    with pytest.raises(RecordError, match=r"missing\.jsonl cannot be read: No such file"):
        list(read_records(tmp_path / "missing.jsonl"))


def test_reading_reports_a_torn_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / EPISODES).write_text(record().to_line() + "\n" + record(1).to_line()[:30])
    assert [one.episode for one in read_records(tmp_path)] == [0]
    assert "the last line is torn (30 bytes)" in caplog.text


def test_a_journal_keeps_what_was_appended_from_many_threads(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        threads = [
            threading.Thread(
                target=lambda start: [journal.append(record(start + n, 5_000)) for n in range(5)], args=(k,)
            )
            for k in range(0, 40, 5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(one.episode for one in read_records(tmp_path)) == list(range(40))
    with pytest.raises(RecordError, match="is closed"):
        journal.append(record())


def test_opening_cuts_off_a_torn_line_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / EPISODES).write_text(record().to_line() + "\n" + record(1).to_line()[:30])
    with Journal(tmp_path) as journal:
        assert journal.torn == 30
        journal.append(record(2))
    assert [one.episode for one in read_records(tmp_path)] == [0, 2]


def test_the_second_writer_is_told_who_holds_the_directory(tmp_path: Path) -> None:
    with Journal(tmp_path):
        code = f"from selftrain.journal import Journal; Journal({str(tmp_path)!r})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1 and f"is in use by process {os.getpid()} on " in done.stderr
        with pytest.raises(RecordError, match="is in use by process"):
            Journal(tmp_path)
    Journal(tmp_path).close()


def test_a_killed_writer_lets_go_of_the_directory(tmp_path: Path) -> None:
    code = f"from selftrain.journal import Journal; j = Journal({str(tmp_path)!r}); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline()
        with pytest.raises(RecordError, match=f"process {holder.pid} on "):
            Journal(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    Journal(tmp_path).close()


def test_a_directory_belongs_to_its_plan(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.claim({"agent": "nop", "seed": 1, "tasks": ("a", "b")})
        journal.claim({"agent": "nop", "seed": 1, "tasks": ["a", "b"]})
        journal.claim({"agent": "oracle", "seed": 1, "tasks": ["a", "b"]})  # nothing was played yet
        journal.append(record())
        journal.claim({"agent": "oracle", "seed": 1, "tasks": ["a", "b"]})
        with pytest.raises(RecordError, match="seed is 1 there and 2 here; give the same ones"):
            journal.claim({"agent": "oracle", "seed": 2, "tasks": ["a", "b"]})
    (tmp_path / "rollout.json").unlink()
    with Journal(tmp_path) as journal, pytest.raises(RecordError, match=r"episodes but no rollout\.json"):
        journal.claim({})


def test_a_journal_needs_a_directory_that_can_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be opened: File exists"):
        Journal(tmp_path / "file")


def in_new_mount_namespace(code: str, folder: Path) -> dict[str, Any]:
    """What `code` prints as JSON when run with a 1 MB file system of its own mounted on `folder`."""
    script = f'mount -t tmpfs -o size=1m none "{folder}" && exec "{sys.executable}" -c "$0" "{folder}"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script, textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "unshare" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip(f"no mount namespace can be had here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_full_disk_tears_nothing_and_space_brings_it_back(tmp_path: Path) -> None:
    code = """
        import json, pathlib, sys
        from selftrain.errors import RecordError
        from selftrain.journal import Journal
        from selftrain.records import EpisodeRecord, Segment, read_records
        folder = pathlib.Path(sys.argv[1])
        make = lambda n: EpisodeRecord("Some-v0", "me", n, episode=n, segments=(Segment("x" * 150_000),))
        (folder / "ballast").write_bytes(bytes(300_000))
        journal, told = Journal(folder / "out"), ""
        journal.claim({"seed": 1})
        for number in range(20):
            try:
                journal.append(make(number))
            except RecordError as error:
                told = str(error)
                break
        full = (folder / "out/episodes.jsonl").read_bytes()
        (folder / "ballast").unlink()
        journal.append(make(number))
        kept = [one.episode for one in read_records(folder / "out")]
        print(json.dumps({"told": told, "whole": full.endswith(b"\\n"), "at": number, "kept": kept}))
    """
    seen = in_new_mount_namespace(code, tmp_path)
    assert "cannot be written: No space left on device" in seen["told"] and seen["whole"]
    assert 2 <= seen["at"] <= 6 and seen["kept"] == list(range(seen["at"] + 1))


def test_a_read_only_disk_is_an_error_and_writing_goes_on_afterwards(tmp_path: Path) -> None:
    code = """
        import json, os, pathlib, subprocess, sys
        from selftrain.errors import RecordError
        from selftrain.journal import Journal
        from selftrain.records import EpisodeRecord, read_records
        folder, told = pathlib.Path(sys.argv[1]), []
        Journal(folder).close()
        def remount(how): subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)
        remount("ro")
        try:
            Journal(folder)
        except RecordError as error:
            told.append(str(error))
        remount("rw")
        journal = Journal(folder)
        journal.append(EpisodeRecord("Some-v0", "me", 0))
        print(json.dumps({"told": told, "kept": len(list(read_records(folder)))}))
    """
    seen = in_new_mount_namespace(code, tmp_path)
    assert len(seen["told"]) == 1 and "Read-only file system" in seen["told"][0] and seen["kept"] == 1


IDS = st.lists(st.integers(0, 5), max_size=8).map(lambda ids: np.array(ids, np.int32))
LOGPROBS = st.lists(st.floats(-50, 0, width=32), max_size=8).map(lambda some: np.array(some, np.float32))
SAMPLES = st.builds(
    Sample, IDS, IDS, LOGPROBS, st.integers(0, 9), st.integers(0, 9), FLOATS, ANY_TEXT, ANY_TEXT, st.integers(0, 9)
)


def numbers(sample: Sample | None) -> Any:
    return None if sample is None else {key: as_json(value) for key, value in vars(sample).items()}


def with_samples(samples: list[Sample | None], episode: int = 0) -> EpisodeRecord:
    steps = tuple(Step("act", "seen", 0.0, index=k, sample=sample) for k, sample in enumerate(samples))
    half = len(steps) // 2
    return replace(record(episode), segments=(Segment("a", steps=steps[half:]), Segment("b", steps=steps[:half])))


@given(st.lists(st.none() | SAMPLES, min_size=1, max_size=5))
def test_samples_come_back_to_their_steps(
    tmp_path_factory: pytest.TempPathFactory, samples: list[Sample | None]
) -> None:
    folder, one = tmp_path_factory.mktemp("samples"), with_samples(samples)
    with Journal(folder) as journal:
        journal.append(one)
    (read,) = read_records(folder)
    assert (read.tokens_file == "") == (not one.samples) and all(step.sample is None for step in read.steps)
    for path in (folder, folder / EPISODES):
        loaded = load_samples(path, read)
        assert [numbers(step.sample) for step in loaded.steps] == [numbers(sample) for sample in samples]
    assert replace(read, tokens_file="") == one


def test_a_prompt_that_grows_is_kept_once(tmp_path: Path) -> None:
    random, samples, prompt = np.random.default_rng(0), [], np.zeros(0, np.int32)
    for _ in range(100):
        prompt = np.concatenate([prompt, random.integers(0, 2**31 - 1, 50, np.int32)])
        samples.append(Sample(prompt, random.integers(0, 2**31 - 1, 50, np.int32)))
        prompt = np.concatenate([prompt, samples[-1].token_ids])
    with Journal(tmp_path) as journal:
        journal.append(with_samples(list(samples)))
    (file,) = (tmp_path / TOKENS).iterdir()
    assert file.stat().st_size < 1.2 * prompt.nbytes  # whole prompts would take fifty times as much


def test_damaged_tokens_lose_no_episode(tmp_path: Path) -> None:
    sample = Sample(np.arange(900, dtype=np.int32), np.arange(9, dtype=np.int32), np.zeros(9, np.float32))
    with Journal(tmp_path) as journal:
        for number in range(3):
            journal.append(with_samples([sample, sample], number))
    one, two, three = read_records(tmp_path)
    (tmp_path / one.tokens_file).unlink()
    whole = (tmp_path / two.tokens_file).read_bytes()
    for size in range(0, len(whole), 29):
        (tmp_path / two.tokens_file).write_bytes(whole[:size])
        with pytest.raises(RecordError, match=rf"episode 1 is whole, but its tokens are not: .*{two.tokens_file}"):
            load_samples(tmp_path, two)
    with pytest.raises(RecordError, match=rf"episode 0 is whole.*{one.tokens_file} is missing"):
        load_samples(tmp_path, one)
    assert [read.episode for read in read_records(tmp_path)] == [0, 1, 2]
    assert load_samples(tmp_path, three).samples.keys() == {0, 1}
    with pytest.raises(RecordError, match="tokens of step 1, which episode 2 does not have"):
        load_samples(tmp_path, replace(three, segments=(replace(three.segments[0], steps=three.steps[:1]),)))


def test_an_episode_played_again_leaves_earlier_tokens_alone(tmp_path: Path) -> None:
    samples = [Sample(np.full(3, number, np.int32)) for number in range(2)]
    for sample in samples:  # the first line may stand for an episode that was not valid
        with Journal(tmp_path) as journal:
            journal.append(with_samples([sample]))
    found = [load_samples(tmp_path, one).samples[0].prompt_ids.tolist() for one in read_records(tmp_path)]
    assert found == [[0, 0, 0], [1, 1, 1]]


def test_tokens_are_on_disk_before_the_line_and_orphans_harm_nobody(tmp_path: Path) -> None:
    code = """
        import os, sys, numpy as np
        from selftrain.journal import Journal
        from selftrain.records import EpisodeRecord, Segment, Step
        from selftrain.tokens import Sample
        write = os.write
        os.write = lambda fd, line: os.kill(os.getpid(), 9) if b"schema" in bytes(line) else write(fd, line)
        step = Step("act", "seen", 0.0, sample=Sample(np.arange(5, dtype=np.int32)))
        Journal(sys.argv[1]).append(EpisodeRecord("Some-v0", "me", 0, segments=(Segment("", steps=(step,)),)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert [file.suffix for file in (tmp_path / TOKENS).iterdir()] == [".npz"] and not list(read_records(tmp_path))
    (tmp_path / TOKENS / "000000-1-half.part").write_bytes(b"torn")
    with Journal(tmp_path) as journal:
        journal.append(with_samples([Sample(np.arange(5, dtype=np.int32))]))
    (read,) = read_records(tmp_path)
    assert load_samples(tmp_path, read).samples[0].prompt_ids.tolist() == [0, 1, 2, 3, 4]


class ScriptedEnv(gym.Env[Any, Any]):
    """Shows given observations, each in a given segment: the recorder must keep any, which no real one has."""

    def __init__(self, shown: list[tuple[Any, dict[str, Any]]]) -> None:
        self.shown = shown

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.at = 0
        return self.shown[0]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.at += 1
        observation, info = self.shown[self.at]
        return observation, 0.5, self.at == len(self.shown) - 1, False, info


MESSAGES = st.fixed_dictionaries({"messages": st.lists(VALUES, max_size=2).map(tuple), "phase": SCALARS})
PROMPTS = st.lists(st.integers(-1, 2), max_size=3)


@st.composite
def growing(draw: st.DrawFn) -> list[tuple[Any, dict[str, Any]]]:
    """Observations that mostly extend what their segment showed before, and sometimes do not."""
    others = VALUES.filter(lambda value: not isinstance(value, dict | None))  # no space has None
    last: dict[int, Any] = {}
    shown: list[Any] = []
    for _ in range(draw(st.integers(2, 9))):
        segment = draw(st.integers(0, 2))
        seen = last.get(segment)
        kind = draw(st.sampled_from(["messages", "tokens", "other", "grown", "grown", "grown"]))
        if kind == "grown" and isinstance(seen, dict) and {*seen} >= {"messages", "phase"}:
            seen = {**seen, "messages": (*seen["messages"], *draw(MESSAGES)["messages"]), "phase": draw(SCALARS)}
        elif kind in ("grown", "tokens"):
            goes_on = kind == "grown" and isinstance(seen, dict) and "prompt" in seen
            old = seen["prompt"][: seen["prompt_len"]].tolist() if goes_on else []
            ids = [*old, *draw(PROMPTS)]
            seen = {"prompt": np.array(ids + [-1] * (40 - len(ids)), np.int32), "prompt_len": len(ids), "phase": 0}
        else:
            seen = draw(MESSAGES) if kind == "messages" else draw(others)
        last[segment] = seen
        shown.append((seen, {"segment": segment, "trigger": "forced", "notes": f"n{segment}"}))
    return shown


def exact(value: Any) -> str:
    return json.dumps(as_json(value))


@given(growing())
def test_views_give_back_every_whole_observation(shown: list[tuple[Any, dict[str, Any]]]) -> None:
    recorder = EpisodeRecorder(ScriptedEnv(shown), EpisodeRecord("Some-v0", "me", 0), lambda _: None)
    recorder.reset()
    for number in range(len(shown) - 1):
        recorder.step(number)
    assert recorder.record is not None
    read = EpisodeRecord.from_line(recorder.record.to_line())
    assert [step.action for step in read.steps] == list(range(len(shown) - 1))
    for segment in read.segments:
        views = segment.views()
        assert len(views) == len(segment.steps) + 1
        for step, answered in zip(segment.steps, views[:-1], strict=True):
            assert exact(answered) == exact(shown[step.action][0])
        for step, after in zip(segment.steps, views[1:], strict=True):
            returned = [later for later in segment.steps if later.index > step.index and later.before is not None]
            if not (returned and returned[0] is segment.steps[segment.steps.index(step) + 1]):
                assert exact(after) == exact(shown[step.action + 1][0])
        assert segment.notes == f"n{segment.index}"


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), (0.0, -0.0), ({"a": 1, "b": 2}, {"b": 2, "a": 1})])
def test_what_only_looks_the_same_is_kept_whole(before: Any, after: Any) -> None:
    shown: list[Any] = [({"messages": (before,)}, {}), ({"messages": (after, "more")}, {})]
    recorder = EpisodeRecorder(ScriptedEnv(shown), EpisodeRecord("Some-v0", "me", 0), lambda _: None)
    recorder.reset()
    recorder.step("")
    assert recorder.record is not None
    assert exact(recorder.record.segments[0].views()[1]) == exact(shown[1][0])


def test_a_context_that_grows_is_kept_once() -> None:
    talk = [{"role": "user", "content": f"{k} " + "x" * 100} for k in range(200)]
    ids = [np.array([7] * k + [-1] * (500 - k), np.int32) for k in range(1, 500, 5)]
    for shown in (
        [{"messages": tuple(talk[: k + 1]), "phase": 0, "budget_left": 9} for k in range(200)],
        [{"prompt": row, "prompt_len": 1 + 5 * k, "phase": 0, "budget_left": 9} for k, row in enumerate(ids)],
    ):
        recorder = EpisodeRecorder(
            ScriptedEnv([(one, {}) for one in shown]), EpisodeRecord("A", "b", 0), lambda _: None
        )
        recorder.reset()
        for _ in shown[1:]:
            recorder.step("")
        assert recorder.record is not None and all(step.appended for step in recorder.record.steps)
        assert len(recorder.record.to_line()) < 100_000  # whole observations would take millions


def test_a_branch_returns_to_its_segment_and_samples_stay_with_their_steps() -> None:
    infos = [
        {"segment": 0, "kind": "work"},
        {"segment": 0, "kind": "work"},
        {"segment": 1, "kind": "branch", "parent": 0, "trigger": "branch"},
        {"segment": 1, "kind": "branch", "parent": 0},
        {"segment": 0, "kind": "work", "trigger": "return"},
        {"segment": 2, "kind": "work", "trigger": "forced", "compactions": 1, "notes": "kept"},
        {"segment": 2, "kind": "work", "compactions": 1, "notes": "kept", "tokens": 77},
    ]
    shown = [({"messages": tuple("abcdefgh"[: k + 1]), "phase": 0}, info) for k, info in enumerate(infos)]
    recorder = EpisodeRecorder(ScriptedEnv(shown), EpisodeRecord("Some-v0", "me", 0), lambda _: None)
    recorder.reset()
    for number in range(6):
        recorder.attach(Sample(prompt_tokens=10, completion_tokens=number) if number != 3 else None)
        recorder.step(number)
    assert recorder.record is not None
    main, branch, last = recorder.record.segments
    assert [[step.action for step in segment.steps] for segment in (main, branch, last)] == [[0, 1, 4], [2, 3], [5]]
    assert [(s.index, s.kind, s.parent, s.trigger, s.notes) for s in (main, branch, last)] == [
        (0, "work", -1, "forced", ""),
        (1, "branch", 0, "return", ""),
        (2, "work", -1, "", "kept"),
    ]
    assert main.views()[2] == as_json(shown[4][0]) and main.steps[2].before is not None
    costs = recorder.record.costs
    assert (costs.prompt_tokens, costs.completion_tokens, costs.compactions, costs.tokens) == (50, 12, 1, 77)
    assert sorted(recorder.record.samples) == [0, 1, 2, 4, 5]
    recorder.reset()
    assert recorder.step(0)[4] == infos[1] and recorder.failed("broke").samples == {}


def test_numbers_of_numpy_in_a_sample_come_back_as_numbers(tmp_path: Path) -> None:
    sample: Any = Sample(
        prompt_tokens=np.int32(4),
        completion_tokens=np.int64(2),
        temperature=np.float32(0.5),
        policy_version=np.int64(3),
    )
    with Journal(tmp_path) as journal:
        journal.append(with_samples([sample]))
    (loaded,) = (load_samples(tmp_path, one) for one in read_records(tmp_path))
    (read,) = loaded.samples.values()
    assert (read.prompt_tokens, read.completion_tokens, read.temperature, read.policy_version) == (4, 2, 0.5, 3)


@pytest.mark.parametrize(
    "wrong", [{"policy_version": "third"}, {"prompt_tokens": 1.5}, {"model": object()}, {"token_ids": [None]}]
)
def test_what_cannot_be_packed_leaves_the_journal_as_it_was(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with Journal(tmp_path) as journal:
        journal.append(record(0))
        with pytest.raises(RecordError, match="the model call of step 1 cannot be written"):
            journal.append(with_samples([Sample(), Sample(**wrong)], 1))
        journal.append(record(2))
    assert [one.episode for one in read_records(tmp_path)] == [0, 2]
