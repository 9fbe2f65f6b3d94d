"""What was found is kept: the same command does what is missing, and believes nothing that it did not write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from backends import backend_or_skip
from gate_trials import Counting, judged, more

from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.packs.starting import start_pack
from selftrain.sandboxes import Backend


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFTRAIN_HOME", str(tmp_path / "home"))


@pytest.fixture
def backend() -> Backend:
    return backend_or_skip("bubblewrap")


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    return start_pack("acme", tmp_path).folder


def test_the_same_command_does_only_what_is_missing(acme: Path, backend: Backend) -> None:
    names = sorted([*more(acme, 4), "count-errors", "sort-names"])
    counting, told = Counting(), list[tuple[int, int]]()
    first = judged(acme, backend, counting)
    again = judged(acme, backend, counting, progress=lambda done, total, _: told.append((done, total)))
    assert sorted(counting.asked) == names
    assert told == [(6, 6)] and again.tasks == first.tasks

    (acme / "tasks" / "sort-2" / "instruction.md").write_text("Do it another way.")
    judged(acme, backend, counting)
    assert counting.asked[6:] == ["sort-2"]
    judged(acme, backend, counting, repetitions=5)
    assert len(counting.asked) == 7 + 6  # every verdict rests on the options
    judged(acme, backend, counting, repetitions=5, tasks=["sort-*"])
    assert len(counting.asked) == 7 + 6


def test_a_damaged_file_of_what_was_found_is_no_verdict(acme: Path, backend: Backend) -> None:
    counting = Counting()
    judged(acme, backend, counting)
    kept = acme.parent / "card" / "tasks"
    (kept / "sort-names.json").write_text((kept / "sort-names.json").read_text()[:-30])
    (kept / "count-errors.json").write_text("[" * 200_000)
    judged(acme, backend, counting)
    assert len(counting.asked) == 4


def test_a_kept_report_that_the_gate_did_not_write_is_not_believed(
    acme: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(trial: Trial) -> Finding:
        return Finding("sound", "fail", "unsound")

    assert judged(acme, backend, failing).decision == "refused"
    file = acme.parent / "card" / "tasks" / "sort-names.json"
    table = json.loads(file.read_text())
    assert judged(acme, backend).decision == "refused"  # as it was found before
    other = json.loads(file.with_name("count-errors.json").read_text())
    report = json.loads(json.dumps(table["report"]).replace('"fail"', '"pass"'))
    for forged in (
        {**table, "report": report},
        {"report": report, "seal": "0" * 64},
        {"report": report, "seal": None},
        {"report": report},
        other,
    ):
        file.write_text(json.dumps(forged))
        counting = Counting()
        judged(acme, backend, counting)
        assert counting.asked == ["sort-names"]

    monkeypatch.setenv("SELFTRAIN_HOME", str(acme.parent / "another home"))
    counting = Counting()
    judged(acme, backend, counting)
    assert sorted(counting.asked) == ["count-errors", "sort-names"]


def test_without_a_key_everything_is_judged_again(
    acme: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFTRAIN_HOME", "/dev/null/nothing")
    counting = Counting()
    judged(acme, backend, counting)
    assert judged(acme, backend, counting).decision == "admitted" and len(counting.asked) == 4


KILLED = """
import os, sys
from pathlib import Path
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.trial import Finding
from selftrain.envs.gate.validating import validate
from selftrain.sandboxes import make_backend

def dies(trial):
    if trial.task.id.endswith("sort-3"):
        os._exit(9)
    return Finding("sound", "pass", "")

validate(sys.argv[1], make_backend("bubblewrap"), out=Path(sys.argv[2]), checks={"sound": dies}, parallel=1)
"""


def test_a_run_that_is_killed_loses_the_tasks_under_way_only(acme: Path, backend: Backend) -> None:
    more(acme, 6)
    out = acme.parent / "card"
    command = [sys.executable, "-c", KILLED, str(acme), str(out)]
    assert subprocess.run(command, check=False, timeout=60).returncode == 9
    counting = Counting()
    card = judged(acme, backend, counting, out=out)
    assert counting.asked and set(counting.asked) == {"sort-3", "sort-4", "sort-5", "sort-names"}
    assert card.decision == "admitted" and len(card.tasks) == 8
