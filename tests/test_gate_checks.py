"""The gate's checks that play little: repeats, budgets and the score of guessing."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from gate_trials import PASSED, REWARD, folder_trial, leak_trial, played, told
from harbor_folders import TOML, write_folder

from selftrain.envs.gate.budgets import check_budget
from selftrain.envs.gate.chance import check_chance
from selftrain.envs.gate.leaks import check_leaks
from selftrain.envs.gate.lint import check_lint
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.repeats import check_repeat
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.packs.finding import add_folder
from selftrain.envs.packs.locking import Guard
from selftrain.envs.packs.tasksets import load_task
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.errors import SandboxError, VerifierError
from selftrain.evidence import MIB, Evidence, EvidenceFile
from selftrain.sandboxes import Backend, make_backend
from selftrain.tasks import Limits
from selftrain.verdicts import Check, Verdict


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend("bubblewrap")


# --- repeats ---

SAME_FILE = "#!/bin/bash\nif [ -s count.txt ] && {}; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n"
UNSTEADY = {
    "a random number": ("(( RANDOM % 2 ))", "does not repeat"),
    "the second": ("(( $(date +%s) % 2 ))", "does not repeat"),
    "the time zone": ('[ "$(date +%z)" = +0000 ]', "under TZ="),
    "the locale": ("[ \"$(printf 'é' | wc -m)\" = 1 ]", "under LC_ALL="),
    "the order of a set": (
        'python3 -c \'import sys; sys.exit(next(iter({"a", "b", "c"})) == "a")\'',
        "does not repeat",
    ),
}


@pytest.mark.parametrize("name", UNSTEADY)
def test_a_verdict_that_hangs_on_circumstances_is_found(name: str, tmp_path: Path, backend: Backend) -> None:
    condition, words = UNSTEADY[name]
    trial = folder_trial(tmp_path, backend, {"tests/test.sh": SAME_FILE.format(condition)})
    # the right verdict, whatever this play of the oracle happened to get
    trial = played(trial)
    trial = replace(trial, oracle=tuple(replace(one, verdict=passed_like(one)) for one in trial.oracle))
    finding = check_repeat(trial)
    assert finding.state == "fail" and words in finding.summary, finding.summary


def passed_like(outcome: Outcome) -> Verdict:
    """The verdict of a pass with the same checks."""
    assert outcome.verdict is not None
    return replace(Verdict.of([replace(check, passed=True) for check in outcome.verdict.checks]), score=1.0)


def test_a_steady_verdict_repeats_and_what_was_not_asked_is_said(tmp_path: Path, backend: Backend) -> None:
    finding = check_repeat(played(folder_trial(tmp_path, backend)))
    assert finding.state == "pass" and "another date" in str(finding.evidence["unchecked"])
    rows = finding.evidence["asked"]
    assert {row["settings"].get("PYTHONHASHSEED") for row in rows} >= {None, "1", "2", "3"}
    assert len({row["settings"].get("TZ") for row in rows}) == 3
    assert {row["what"] for row in rows} == {
        "oracle's evidence judged again",
        "nop's evidence judged again",
        "the oracle played again",
    }


def test_nothing_to_repeat_and_a_backend_that_fails_are_unchecked(tmp_path: Path, backend: Backend) -> None:
    trial = folder_trial(tmp_path, backend)
    assert check_repeat(trial).state == "unchecked"

    def lost(evidence: Evidence) -> Sequence[Check]:
        raise SandboxError("no sandbox today")

    trial = leak_trial(backend)
    broken = replace(trial, task=replace(trial.task, verifier=EvidenceVerifier(("/workspace",), lost)))
    finding = check_repeat(broken)
    assert (finding.state, finding.summary) == ("unchecked", "SandboxError: no sandbox today")


def test_a_verifier_that_breaks_the_second_time_is_a_fault(backend: Backend) -> None:
    def worn(evidence: Evidence) -> Sequence[Check]:
        raise VerifierError("worn out")

    trial = leak_trial(backend)
    finding = check_repeat(replace(trial, task=replace(trial.task, verifier=EvidenceVerifier(("/workspace",), worn))))
    assert finding.state == "fail" and "VerifierError: worn out" in finding.summary


FAMILY = """\
import os, time
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Task
from selftrain.verdicts import Check

PATH = "/workspace/a.txt"


def judge(evidence):
    return [Check("right", evidence.get(PATH) == b"1\\n" and ({condition}))]


def build(rng, level):
    names = {names}
    oracle = (f"echo 1 > {{PATH}}",)
    return Task(f"Write 1 to {{PATH}}, for {{names}}.", EvidenceVerifier((PATH,), judge), oracle=oracle)
"""


@pytest.mark.parametrize(
    ("name", "condition", "names", "words"),
    [
        ("steady", "True", "sorted({'a', 'b', 'c', 'd', 'e', 'f'})", ""),
        ("zoned", "time.localtime(0).tm_hour == time.gmtime(0).tm_hour", "[]", "judged in another process"),
        ("shuffled", "True", "list({'a', 'b', 'c', 'd', 'e', 'f'})", "the task is another one in another process"),
    ],
)
def test_families_in_python_are_asked_in_another_process(
    name: str, condition: str, names: str, words: str, tmp_path: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFTRAIN_PACKS", os.environ.get("SELFTRAIN_PACKS", ""))
    module = f"gate_{name}_tasks"
    toml = f'name = "gate-{name}"\nversion = "1"\nlicence = "MIT"\nsummary = "x"\n[families]\nf = "{module}:build"\n'
    write_folder(tmp_path, {"pack.toml": toml, f"{module}.py": FAMILY.format(condition=condition, names=names)})
    pack = add_folder(tmp_path)
    trial = replace(played(Trial(load_task(Guard.of(pack), "f/train/1/0"), backend)), pack=pack)
    finding = check_repeat(trial)
    assert finding.state == ("fail" if words else "pass") and words in finding.summary, finding.summary


# --- budgets ---


def spent(backend: Backend, took: float, memory: int | None, commands: int = 1, **limits: float) -> Finding:
    """What the check says of an oracle that took this much."""
    trial = leak_trial(backend, oracle=["true"] * commands)
    task = replace(trial.task, limits=replace(Limits(), **limits))  # type: ignore[arg-type]
    oracle = replace(trial.oracle[0], seconds=took, peak_memory_bytes=memory)
    return check_budget(replace(trial, task=task, oracle=(oracle,)))


def test_what_the_oracle_takes_is_held_against_what_is_declared(backend: Backend) -> None:
    assert spent(backend, 1.0, 9 * MIB).state == "pass"
    for finding, words in (
        (spent(backend, 61.0, None, seconds=60.0, command_seconds=100.0), "time: 61 of 60 s"),
        (spent(backend, 1.0, None, commands=3, steps=2), "steps: 3 of 2 commands"),
        (spent(backend, 1.0, 600 * MIB), "memory: 600 of 512 MiB"),
        (spent(backend, 40.0, None), "one command: 40 of 30 s"),
    ):
        assert finding.state == "fail" and words in finding.summary
    assert "leaves little room" in str(
        spent(backend, 55.0, None, seconds=60.0, command_seconds=100.0).evidence["notes"]
    )
    assert "more than 50 times" in str(spent(backend, 1.0, None, seconds=3600.0).evidence["notes"])
    assert spent(backend, 1.0, 9 * MIB, seconds=600.0).evidence["notes"] == []
    assert "memory" in str(spent(backend, 1.0, None).evidence["unchecked"])
    assert "command_seconds" in str(spent(backend, 31.0, None, commands=2).evidence["unchecked"])


def test_a_slow_verifier_is_told(tmp_path: Path, backend: Backend) -> None:
    slow = {
        "tests/test.sh": f"#!/bin/bash\nsleep 0.9\n[ -s count.txt ]; echo $((! $?)) > {REWARD}\n",
        "task.toml": TOML.replace("timeout_sec = 20", "timeout_sec = 1"),
    }
    trial = folder_trial(tmp_path, backend, slow)
    left = Evidence({"/app/count.txt": EvidenceFile(b"3\n")})
    finding = check_budget(replace(trial, oracle=(Outcome("oracle", PASSED, "", 1.2, None, left),)))
    assert "judgement" in told(finding)
    assert finding.state == "fail" or "judgement" in str(finding.evidence["notes"])
    assert check_budget(trial).state == "unchecked"


# --- the score of guessing ---


def test_guessing_is_measured(backend: Backend) -> None:
    finding = check_chance(leak_trial(backend))
    assert finding.state == "pass" and finding.evidence["chance"] == 0.0 and finding.evidence["declared"] is None
    (players,) = finding.evidence["players"]
    assert players["plays"] == 5 and players["interval"][0] == 0.0 < players["interval"][1] < 0.7

    def anything(evidence: Evidence) -> Sequence[Check]:
        return [Check("is there", evidence.get("/workspace/report.txt") is not None)]

    easy = replace(leak_trial(backend).task, verifier=EvidenceVerifier(("/workspace",), anything))
    finding = check_chance(Trial(easy, backend))
    assert finding.state == "fail" and "guessing was paid" in finding.summary


def test_an_answer_of_two_is_guessed_and_a_family_may_declare_it(backend: Backend) -> None:
    text = "Write Yes to /workspace/report.txt when the sum of /workspace/orders.csv is even, else No."
    trial = leak_trial(backend, instruction=text, left="Yes\n")
    finding = check_chance(trial)
    assert finding.state == "fail" and "choosing one of 2 answers was paid 1 of 2 times ('says Yes')" in finding.summary
    assert check_chance(leak_trial(backend, instruction=text, left="Maybe\n")).state == "pass"
    other = replace(trial, task=replace(trial.task, kind="math"))
    assert check_chance(other).state == "unchecked"


def test_a_task_that_breaks_under_a_guess_is_a_fault(backend: Backend) -> None:
    def fussy(evidence: Evidence) -> Sequence[Check]:
        if evidence.get("/workspace/report.txt") is not None:
            raise VerifierError("not like this")
        return [Check("there", False)]

    task = replace(leak_trial(backend).task, verifier=EvidenceVerifier(("/workspace",), fussy))
    finding = check_chance(Trial(task, backend))
    assert finding.state == "fail" and "VerifierError: not like this" in finding.summary
    assert finding.evidence["commands"]


def test_findings_say_how_long_they_took(backend: Backend) -> None:
    start = time.monotonic()
    findings = [check(leak_trial(backend)) for check in (check_lint, check_leaks, check_budget, check_chance)]
    assert all(0 <= finding.seconds <= time.monotonic() - start for finding in findings)
    assert [finding.check for finding in findings] == ["lint", "leaks", "budget", "chance"]
