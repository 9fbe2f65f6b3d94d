"""Rollouts: assignment, retries, interruption, reports, replay."""

from __future__ import annotations

import io
import itertools
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from selftrain.agents import make_agent
from selftrain.agents import rollout as module
from selftrain.agents.chat_errors import ModelDownError, ModelSlowError, PromptTooLongError
from selftrain.agents.plan import Plan
from selftrain.agents.progress import RolloutProgress
from selftrain.agents.replay import replay
from selftrain.agents.report import Outcome, Report, wilson
from selftrain.agents.rollout import rollout, run_episode
from selftrain.envs.context import ContextBudget
from selftrain.envs.spaces import Text
from selftrain.errors import (
    BackendUnavailableError,
    ContextError,
    ImageMissingError,
    ModelError,
    OptionError,
    RecordError,
    SandboxError,
    UnknownNameError,
    VerifierError,
)
from selftrain.journal import Journal
from selftrain.records import EpisodeRecord, read_records
from selftrain.sandboxes import make_backend
from selftrain.tasks import expand_task_ids
from selftrain.tokens import Sample

ENV = "SelfTrain-Terminal-v0"
COURIER = "SelfTrain-Courier-v0"
KWARGS = {"backend": "bubblewrap"}
TASKS = expand_task_ids("*-reshape/train/1-2/0", ["csv-reshape", "json-reshape"])


@pytest.fixture
def sandboxes() -> None:
    try:
        make_backend("bubblewrap")
    except BackendUnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


class TroubledEnv(gym.Env[int, int]):
    """Fails when it is told to: real backends do not fail on demand at an exact step, and tests must not guess.

    Faults are looked up by episode seed; each entry is used up by one attempt.
    """

    observation_space = gym.spaces.Discrete(10)
    action_space = gym.spaces.Discrete(2)
    faults: dict[int, list[tuple[str, Exception | None]]] = {}
    played: Counter[int] = Counter()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        assert seed is not None
        self.played[seed] += 1
        self.count, self.segment = 0, 0
        waiting = self.faults.get(seed)
        self.where, self.fault = waiting.pop(0) if waiting else ("", None)
        if self.where == "reset" and self.fault:
            raise self.fault
        return 0, {"segment": 0}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self.count += 1
        if self.count == 4 and self.where == "step" and self.fault:
            raise self.fault
        if self.count == 5 and self.where == "invalid":
            return self.count, 0.0, False, True, {"valid": False}
        cut = self.count in (2, 4)
        self.segment += cut
        info = {"segment": self.segment, "tokens": 10 * self.count} | ({"trigger": "forced"} if cut else {})
        return self.count, float(self.count == 5), self.count == 5, False, info


class OneAgent:
    def reset(self, seed: int) -> None: ...

    def act(self, observation: Any, info: Any) -> int:
        return 1


@pytest.fixture
def troubled(monkeypatch: pytest.MonkeyPatch) -> type[TroubledEnv]:
    gym.register("Troubled-v0", TroubledEnv)
    TroubledEnv.faults, TroubledEnv.played = {}, Counter()
    monkeypatch.setattr(module, "FIRST_WAIT_SECONDS", 0.01)
    yield TroubledEnv
    del gym.registry["Troubled-v0"]


@given(st.integers(0, 2**63), st.integers(0, 10_000), st.integers(0, 7))
def test_the_assignment_is_a_pure_function(seed: int, episode: int, tasks: int) -> None:
    names = [f"csv-reshape/train/1/{n}" for n in range(tasks)]
    plan, again = (Plan(ENV, "nop", 10_001, seed, {}, tuple(names)) for _ in range(2))
    assert plan.episode_seed(episode) == again.episode_seed(episode) < 2**32
    assert plan.task(episode) == (names[episode % tasks] if tasks else None)


def test_seeds_of_episodes_differ() -> None:
    seeds = {Plan(ENV, "nop", 1000, seed).episode_seed(n) for seed in (0, 1) for n in range(1000)}
    assert len(seeds) == 2000


def test_oracle_scores_1_nop_0_and_random_its_chance(sandboxes: None, tmp_path: Path) -> None:
    oracle = rollout(ENV, "oracle", 4, out=tmp_path, env_kwargs=KWARGS, tasks=TASKS, progress=False)
    assert (oracle.score.passed, oracle.score.valid) == (4, 4)
    assert list(oracle.rows) == [(family, level) for family in ("csv-reshape", "json-reshape") for level in (1, 2)]
    for agent in ("nop", "random"):
        guess = rollout(ENV, agent, 8, env_kwargs=KWARGS, tasks=TASKS, progress=False)
        assert (guess.score.passed, guess.score.valid) == (0, 8), agent
    records = {record.episode: record for record in read_records(tmp_path)}
    plan = Plan(ENV, "oracle", 4, 0, KWARGS, TASKS)
    for number, record in records.items():
        assert (record.seed, record.task) == (plan.episode_seed(number), plan.task(number))
        assert record.backend == "bubblewrap" and record.fingerprint and len(record.evidence_sha256) == 64
        assert record.versions["gymnasium"] == gym.__version__


def test_the_same_arguments_play_the_same_episodes(sandboxes: None, tmp_path: Path) -> None:
    for out, parallel in (("one", 1), ("two", 3)):
        rollout(ENV, "random", 3, parallel=parallel, out=tmp_path / out, env_kwargs=KWARGS, tasks=TASKS, progress=False)
    first, second = (
        {record.episode: [step.action for step in record.steps] for record in read_records(tmp_path / out)}
        for out in ("one", "two")
    )
    assert first == second and len(first) == 3


def test_a_record_replays_and_a_changed_one_tells_where(sandboxes: None) -> None:
    with gym.make(ENV, **KWARGS) as env:
        record = run_episode(env, make_agent("oracle"), 7, task=TASKS[0])
    assert replay(record) == []
    (segment,) = record.segments
    changed = replace(segment, steps=(replace(segment.steps[0], action="true"), *segment.steps[1:]))
    found = replay(replace(record, segments=(changed,)))
    last = len(record.steps)
    assert {"reward", "verdict"} <= {difference.what for difference in found}
    assert (last, 1.0, 0.0) in {(d.step, d.recorded, d.replayed) for d in found if d.what == "reward"}
    with pytest.raises(OptionError, match="cannot be replayed"):
        replay(replace(record, valid=False, error="broken"))


def test_segments_and_tokens_follow_what_the_environment_tells(troubled: type[TroubledEnv]) -> None:
    with gym.make("Troubled-v0") as env:
        record = run_episode(env, OneAgent(), 3)
    assert [(s.opening, len(s.steps), s.trigger) for s in record.segments] == [
        (0, 2, "forced"),
        (2, 2, "forced"),
        (4, 1, ""),
    ]
    assert (record.reward, record.costs.steps, record.costs.tokens, record.passed) == (1.0, 5, 50, True)
    assert replay(record) == []


@pytest.mark.parametrize("where", ["reset", "step", "invalid"])
@pytest.mark.parametrize("error", [SandboxError("gone"), VerifierError("gone"), BackendUnavailableError("gone")])
@pytest.mark.parametrize("parallel", [1, 3])
def test_a_broken_episode_is_played_again(
    troubled: type[TroubledEnv], tmp_path: Path, where: str, error: Exception, parallel: int
) -> None:
    plan = Plan("Troubled-v0", "x", 6)
    troubled.faults = {plan.episode_seed(5): [(where, error)] * 2}
    report = rollout("Troubled-v0", OneAgent, 6, parallel=parallel, out=tmp_path, progress=False)
    assert (report.score.valid, report.score.reward) == (6, 1.0)
    assert troubled.played[plan.episode_seed(5)] == 3 and troubled.played.total() == 8
    assert {r.episode: r.attempts for r in read_records(tmp_path)} == dict.fromkeys(range(5), 1) | {5: 3}


def test_an_episode_that_stays_broken_counts_in_no_figure_and_is_tried_again_later(
    troubled: type[TroubledEnv], tmp_path: Path
) -> None:
    seed = Plan("Troubled-v0", "x", 4).episode_seed(1)
    troubled.faults = {seed: [("step", SandboxError("the disk is on fire"))] * module.ATTEMPTS}
    report = rollout("Troubled-v0", OneAgent, 4, out=tmp_path, progress=False)
    assert (report.score.episodes, report.score.valid, report.score.success) == (4, 3, 1.0)
    (broken,) = [record for record in read_records(tmp_path) if not record.valid]
    assert broken.reward is None and broken.error == "SandboxError: the disk is on fire"
    assert broken.attempts == module.ATTEMPTS and len(broken.steps) == 3
    assert report.as_dict()["errors"] == ["SandboxError: the disk is on fire"]
    again = rollout("Troubled-v0", OneAgent, 4, out=tmp_path, progress=False)
    assert (again.continued, again.score.valid) == (3, 4)


@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("error", [ImageMissingError("debian", "docker"), BackendUnavailableError("no daemon")])
def test_what_the_user_has_to_repair_stops_at_once(
    troubled: type[TroubledEnv], error: Exception, parallel: int
) -> None:
    plan = Plan("Troubled-v0", "x", 50)
    troubled.faults = {plan.episode_seed(n): [("reset", error)] * 9 for n in range(50)}
    with pytest.raises(type(error), match=str(error)[:12]):
        rollout("Troubled-v0", OneAgent, 50, parallel=parallel, progress=False)
    assert troubled.played.total() <= parallel


def test_an_agent_s_own_error_is_raised_and_what_was_played_stays(troubled: type[TroubledEnv], tmp_path: Path) -> None:
    calls = itertools.count()

    class Failing(OneAgent):
        def act(self, observation: Any, info: Any) -> int:
            if next(calls) == 12:
                raise ZeroDivisionError("the agent's own")
            return 1

    with pytest.raises(ZeroDivisionError):
        rollout("Troubled-v0", Failing, 10, parallel=1, out=tmp_path, progress=False)
    assert [record.episode for record in read_records(tmp_path)] == [0, 1]


def test_other_arguments_on_the_same_directory_are_refused(troubled: type[TroubledEnv], tmp_path: Path) -> None:
    rollout("Troubled-v0", OneAgent, 3, out=tmp_path, progress=False)
    with pytest.raises(RecordError, match="episodes is 3 there and 4 here"):
        rollout("Troubled-v0", OneAgent, 4, out=tmp_path, progress=False)
    with Journal(tmp_path), pytest.raises(RecordError, match="is in use by process"):
        rollout("Troubled-v0", OneAgent, 3, out=tmp_path, progress=False)
    assert rollout("Troubled-v0", OneAgent, 3, out=tmp_path, progress=False).continued == 3


@pytest.mark.parametrize("wrong", [{"episodes": 0}, {"episodes": 1, "parallel": 0}, {"episodes": 1, "seed": -1}])
def test_arguments_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=f"{list(wrong)[-1]}=.* must be"):
        rollout(ENV, "nop", **wrong)
    with pytest.raises(UnknownNameError, match="nop"):
        rollout(ENV, "nopp", 1)


INTERRUPTED = f"""
import sys
from selftrain.agents.rollout import rollout
out, episodes, parallel, tasks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(",")
report = rollout({ENV!r}, "oracle", episodes, parallel=parallel, out=out, env_kwargs={KWARGS!r}, tasks=tasks)
print(report.continued, report.score.passed)
"""


def start(out: Path, episodes: int, parallel: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", INTERRUPTED, str(out), str(episodes), str(parallel), ",".join(TASKS)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_lines(path: Path, count: int, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not (path.exists() and path.read_bytes().count(b"\n") >= count):
        assert time.monotonic() < end, f"{path} does not get {count} lines"
        time.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("parallel", [1, 3])
def test_an_interrupted_rollout_goes_on(sandboxes: None, tmp_path: Path, how: signal.Signals, parallel: int) -> None:
    episodes = 16
    with start(tmp_path, episodes, parallel) as first:
        wait_for_lines(tmp_path / "episodes.jsonl", 4)
        asked = time.monotonic()
        first.send_signal(how)
        _, said = first.communicate(timeout=60)
        assert time.monotonic() - asked < 10 and first.returncode != 0
    if how == signal.SIGINT:
        assert f"interrupted; the same command goes on from here: {tmp_path}" in said
    kept = (tmp_path / "episodes.jsonl").read_bytes().count(b"\n")
    assert 4 <= kept < episodes
    with start(tmp_path, episodes, parallel) as second:
        output, said = second.communicate(timeout=120)
    assert output.split() == [str(kept), str(episodes)]
    assert f"{kept} episodes are there, {episodes - kept} are missing" in said
    assert sorted(record.episode for record in read_records(tmp_path)) == list(range(episodes))
    make_backend("bubblewrap").sweep()


@pytest.mark.parametrize("parallel", [1, 2])
def test_ctrl_c_breaks_off_a_long_command(sandboxes: None, tmp_path: Path, parallel: int) -> None:
    code = (
        "from selftrain.agents.rollout import rollout\n"
        "class Sleeper:\n"
        "    def reset(self, seed): pass\n"
        "    def act(self, observation, info):\n"
        "        print('asleep\\n', end='', flush=True)\n"
        "        return 'sleep 25'\n"
        f"rollout({ENV!r}, Sleeper, 8, parallel={parallel}, env_kwargs={KWARGS!r}, tasks={list(TASKS)!r})\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sleeper:
        assert sleeper.stdout is not None and sleeper.stdout.readline() == b"asleep\n"
        time.sleep(0.3)
        sleeper.send_signal(signal.SIGINT)
        asked = time.monotonic()
        _, said = sleeper.communicate(timeout=60)
    assert b"KeyboardInterrupt" in said and time.monotonic() - asked < 10


def outcome(episode: int, passed: bool = True, valid: bool = True, family: str = "a", level: int = 1) -> Outcome:
    reward = float(passed) if valid else None
    return Outcome(episode, "t", family, level, valid, passed and valid, reward, "", 3, 0.1, "" if valid else "broke")


def test_a_report_leaves_out_what_is_not_valid() -> None:
    outcomes = [outcome(0), outcome(1, passed=False), outcome(2, valid=False), outcome(3, family="b", level=2)]
    report = Report("E", "me", 4, 0, 1.0, tuple(outcomes))
    assert (report.score.passed, report.score.valid, report.score.episodes) == (2, 3, 4)
    assert report.rows["a", 1].success == 0.5 and report.rows["b", 2].success == 1.0
    console = Console(width=120)
    with console.capture() as shown:
        console.print(report.table())
    assert "0.500" in shown.get() and "2/3" in shown.get()
    nothing = Report("E", "me", 1, 0, 1.0, (outcome(0, valid=False),))
    assert math.isnan(nothing.score.success) and json.loads(json.dumps(nothing.as_dict()))["score"]["success"] is None


def test_the_interval_is_wilson_s() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    # the values that R's prop.test(x, n, correct=FALSE) prints
    assert wilson(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611252), abs=1e-6)


@given(st.integers(0, 300), st.integers(1, 300))
def test_the_interval_holds_the_share(passed: int, total: int) -> None:
    passed = min(passed, total)
    low, high = wilson(passed, total)
    assert 0.0 <= low <= passed / total <= high + 1e-12 and high <= 1.0


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_tells_what_has_come_so_far(terminal: bool) -> None:
    console = Console(force_terminal=terminal, width=120, height=20, record=True, file=io.StringIO())
    with RolloutProgress("me on E", 3, [outcome(0)], console) as progress:
        progress.add(outcome(1, passed=False))
        progress.add(outcome(2, valid=False, family="b"))
    shown = console.export_text()
    assert "3/3" in shown and "0.500" in shown and "1 not valid" in shown and "a second" in shown


def test_many_workers_share_one_journal(troubled: type[TroubledEnv], tmp_path: Path) -> None:
    before = threading.active_count()
    report = rollout("Troubled-v0", OneAgent, 200, parallel=16, out=tmp_path, progress=False)
    assert report.score.passed == 200 and [o.episode for o in report.outcomes] == list(range(200))
    assert sorted(record.episode for record in read_records(tmp_path)) == list(range(200))
    assert threading.active_count() == before


KILLED_AROUND_THE_VERDICT = f"""
import os, signal, sys
from selftrain.agents.rollout import rollout
from selftrain import journal
append = journal.Journal.append
def killed(self, record):
    if record.episode == 2 and sys.argv[2] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    append(self, record)
    if record.episode == 2 and sys.argv[2] == "after":
        os.kill(os.getpid(), signal.SIGKILL)
journal.Journal.append = killed
rollout({ENV!r}, "oracle", 4, parallel=1, out=sys.argv[1], env_kwargs={KWARGS!r}, tasks={list(TASKS)!r}, progress=False)
"""


@pytest.mark.parametrize(("moment", "kept"), [("before", 2), ("after", 3)])
def test_a_kill_around_the_verdict_loses_and_doubles_nothing(
    sandboxes: None, tmp_path: Path, moment: str, kept: int
) -> None:
    """The journal is patched in the child only to die at the exact moment; what it writes is its own."""
    command = [sys.executable, "-c", KILLED_AROUND_THE_VERDICT, str(tmp_path)]
    done = subprocess.run([*command, moment], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert [record.episode for record in read_records(tmp_path)] == list(range(kept))
    subprocess.run([*command, "never"], check=True, timeout=60)
    assert [record.episode for record in read_records(tmp_path)] == list(range(4))
    assert all(isinstance(record, EpisodeRecord) and record.passed for record in read_records(tmp_path))


class LinesEnv(gym.Env[str, str]):
    """Says a line of 60 characters after each of ten messages: enough for cuts, and no sandbox is needed for them."""

    observation_space = Text(1000)
    action_space = Text(1000)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.count = 0
        return "Count to ten.", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self.count += 1
        line = f"{self.count} {action} " + "." * 50
        return line, float(self.count == 10), self.count == 10, False, {}


class Scribe:
    """Answers under a context budget, and tells of a model call behind each answer."""

    context = {"budget": 440, "reserve": 20, "notes_budget": 30, "system": ""}
    closed: set[int] = set()

    def reset(self, seed: int) -> None:
        self.sample: Sample | None = None

    def act(self, observation: Any, info: Any) -> str:
        self.sample = Sample(prompt_tokens=100, completion_tokens=3, model="scribe")
        return "notes" if observation["phase"] == 1 else "on"

    def close(self) -> None:
        self.closed.add(id(self))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    gym.register("Lines-v0", LinesEnv)
    monkeypatch.setattr(module, "FIRST_WAIT_SECONDS", 0.01)
    yield
    del gym.registry["Lines-v0"]


def test_a_context_budget_is_part_of_what_is_played(lines: None, tmp_path: Path) -> None:
    report = rollout("Lines-v0", Scribe, 3, parallel=2, out=tmp_path, context={"budget": 380}, progress=False)
    assert report.score.passed == 3
    wanted = {**Scribe.context, "budget": 380}
    for record in read_records(tmp_path):
        assert record.context == wanted and len(record.segments) > 2
        assert [segment.trigger for segment in record.segments[:-1]] == ["forced"] * (len(record.segments) - 1)
        assert record.costs.completion_tokens == 3 * record.costs.steps and record.costs.prompt_tokens > 1000
        assert replay(record) == []
        assert replay(replace(record, context={**wanted, "budget": 1000}))
    assert json.loads((tmp_path / "rollout.json").read_text())["context"] == wanted
    with pytest.raises(RecordError, match="context is"):
        rollout("Lines-v0", Scribe, 3, out=tmp_path, progress=False)


def test_the_context_of_an_agent_stands_unless_told_otherwise(lines: None, tmp_path: Path) -> None:
    rollout("Lines-v0", Scribe, 1, out=tmp_path, progress=False)
    (record,) = read_records(tmp_path)
    assert record.context == Scribe.context
    with gym.make("Lines-v0") as plain:
        env = ContextBudget(plain, **Scribe.context)
        assert run_episode(env, Scribe(), 0).context.items() >= Scribe.context.items()


@pytest.mark.parametrize(
    ("context", "error", "said"),
    [
        ({"budget": 400}, OptionError, "lacks reserve, notes_budget"),
        ({**Scribe.context, "budgte": 4}, OptionError, "budgte"),
        ({**Scribe.context, "mode": "rewritten"}, OptionError, "rewrite, "),
        ({**Scribe.context, "budget": 40}, ContextError, "40"),
    ],
)
def test_a_context_that_cannot_be_is_refused(
    lines: None, tmp_path: Path, context: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        rollout("Lines-v0", ContextlessScribe, 4, out=tmp_path, context=context, progress=False)
    assert not any(file.read_bytes() for file in tmp_path.glob("episodes.jsonl"))


class ContextlessScribe:
    def reset(self, seed: int) -> None: ...

    def act(self, observation: Any, info: Any) -> str:
        return "on"


class Failing(Scribe):
    """Fails as models do, at the calls that are told: a hosted model does not fail on demand."""

    faults: list[Exception | None] = []

    def act(self, observation: Any, info: Any) -> str:
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        return super().act(observation, info)


def test_a_model_that_fails_is_asked_again_and_then_the_episode_is_not_valid(lines: None, tmp_path: Path) -> None:
    Failing.faults = [*[None] * 5, ModelSlowError("slow"), *[ModelDownError("gone away")] * (module.ATTEMPTS - 1)]
    report = rollout("Lines-v0", Failing, 3, parallel=1, out=tmp_path, progress=False)
    assert (report.score.valid, report.score.episodes) == (2, 3)
    (broken,) = [record for record in read_records(tmp_path) if not record.valid]
    assert (broken.reward, broken.error, broken.attempts) == (None, "ModelDownError: gone away", module.ATTEMPTS)
    assert rollout("Lines-v0", Failing, 3, parallel=1, out=tmp_path, progress=False).score.valid == 3


@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("error", [ModelDownError("nobody there"), PromptTooLongError("budget over 512")])
def test_what_no_waiting_mends_stops_the_rollout(lines: None, tmp_path: Path, error: ModelError, parallel: int) -> None:
    Failing.faults = [error] * 99
    with pytest.raises(type(error), match=str(error)):
        rollout("Lines-v0", Failing, 20, parallel=parallel, out=tmp_path, progress=False)
    assert len(Failing.faults) >= 99 - parallel and not list(read_records(tmp_path))
    Failing.faults = []


def test_a_prompt_that_is_too_long_later_costs_its_episode_only(lines: None, tmp_path: Path) -> None:
    Failing.faults = [*[None] * 5, PromptTooLongError("budget over 512")]
    report = rollout("Lines-v0", Failing, 3, parallel=1, out=tmp_path, progress=False)
    assert (report.score.valid, report.score.episodes) == (2, 3)
    (broken,) = [record for record in read_records(tmp_path) if not record.valid]
    assert (broken.error, broken.attempts) == ("PromptTooLongError: budget over 512", 1)
    assert rollout("Lines-v0", Failing, 3, parallel=1, out=tmp_path, progress=False).score.valid == 3


class Diarist(Scribe):
    """Adds an x to a file that outlives the episode, reads it, and fails where it is told."""

    context = {"budget": 4000, "reserve": 60, "notes_budget": 60, "system": ""}
    faults: list[BaseException | None] = []
    read: list[str] = []

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self.turn = 0

    def act(self, observation: Any, info: Any) -> str:
        self.turn += 1
        if self.turn == 3:
            self.read.append(observation["messages"][-1]["content"])
            if self.faults and (fault := self.faults.pop(0)):
                raise fault
        return {1: "/note append agent/diary\nx", 2: "/read agent/diary"}.get(self.turn, "on")


@pytest.mark.parametrize("attempts", [1, module.ATTEMPTS])
def test_what_a_broken_attempt_wrote_in_the_notebook_is_undone(lines: None, tmp_path: Path, attempts: int) -> None:
    Diarist.read, Diarist.faults = [], [None, *[ModelSlowError("slow")] * attempts]
    report = rollout("Lines-v0", Diarist, 3, context={"notebook": str(tmp_path / "notes")}, progress=False)
    again = attempts < module.ATTEMPTS
    assert report.score.valid == 2 + again
    assert Diarist.read == ["x", *["xx"] * (attempts + again), "xxx" if again else "xx"]


def test_an_interrupted_episode_leaves_no_notes(lines: None, tmp_path: Path) -> None:
    Diarist.read, Diarist.faults = [], [KeyboardInterrupt()]
    context = {"notebook": str(tmp_path / "notes")}
    with pytest.raises(KeyboardInterrupt):
        rollout("Lines-v0", Diarist, 1, out=tmp_path / "run", context=context, progress=False)
    rollout("Lines-v0", Diarist, 1, out=tmp_path / "run", context=context, progress=False)
    assert Diarist.read == ["x", "x"]


@pytest.mark.parametrize("agent", ["oracle", "nop", "random"])
def test_an_agent_of_texts_is_refused_where_it_cannot_play(agent: str) -> None:
    with pytest.raises(OptionError, match=r"CartPole-v1 (has none|takes Discrete)") as refused:
        rollout("CartPole-v1", agent, 1, progress=False)
    assert "EnvSpec" not in str(refused.value)


@pytest.mark.parametrize("agent", ["oracle", "nop", "random"])
def test_an_agent_of_texts_needs_messages(agent: str) -> None:
    context = {"budget": 4000, "reserve": 300, "notes_budget": 300, "view": "tokens"}
    with pytest.raises(OptionError, match="agent of texts, which needs view='messages', not view='tokens'"):
        rollout(COURIER, agent, 2, env_kwargs={"view": "text"}, context=context, progress=False)


def test_episodes_of_one_memory_task_form_a_group(tmp_path: Path) -> None:
    tasks = ["courier/2/5", "courier/2/6"]
    rollout(COURIER, "random", 6, env_kwargs={"view": "text"}, tasks=tasks, out=tmp_path, progress=False)
    records = sorted(read_records(tmp_path), key=lambda record: record.episode)
    assert [record.task for record in records] == tasks * 3 and len({record.seed for record in records}) == 6
    assert len({record.fingerprint for record in records}) == 2
    notices = {(record.task, record.steps[0].observation) for record in records}
    assert len(notices) == 2


def test_a_task_for_an_environment_without_tasks_is_refused(lines: None) -> None:
    with pytest.raises(OptionError, match="Lines-v0 has no tasks: it cannot play 'courier/2/5'"):
        rollout("Lines-v0", Scribe, 1, tasks=["courier/2/5"], progress=False)
    with pytest.raises(OptionError, match="view='text' has tasks"):
        rollout(COURIER, "oracle", 1, tasks=["courier/2/5"], progress=False)


def test_each_worker_has_an_agent_of_its_own_and_all_are_closed(lines: None) -> None:
    made = []

    def make() -> Scribe:
        made.append(Scribe())
        return made[-1]

    Scribe.closed.clear()
    rollout("Lines-v0", make, 6, parallel=3, progress=False)
    assert len(made) == 3 and Scribe.closed == {id(agent) for agent in made}


def test_options_go_to_the_agent_that_takes_them(lines: None, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="agent='oracle' takes no temperature; it takes no options"):
        rollout(ENV, "oracle", 1, agent_options={"temperature": 0.5})
    with pytest.raises(OptionError, match="agent='chat' takes no temprature; it takes model"):
        make_agent("chat", temprature=0.5)
    with pytest.raises(OptionError, match="need an agent by name"):
        rollout("Lines-v0", Scribe, 1, agent_options={"temperature": 0.5})
    options = {"temperature": 0.5, "base_url": "http://127.0.0.1:1/v1", "api_key": "secret", "model": "m"}
    plan = Plan("Lines-v0", "chat", 1, agent_options=options)
    assert plan.as_dict()["agent_options"] == {"temperature": 0.5, "model": "m"}
