"""The checks that play a task, and the check of the battery: what each says of tasks that are wrong in one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from gate_trials import REPORT, leak_trial

from selftrain.envs.checks import text_check
from selftrain.envs.gate.attacks import BATTERY, CLASSES
from selftrain.envs.gate.battery import FIXES, check_battery
from selftrain.envs.gate.mutants import check_mutants
from selftrain.envs.gate.players import check_cheats, check_echo, check_nop, check_oracle, check_random
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.repeats import check_repeat
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.errors import SandboxError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Backend, make_backend
from selftrain.tasks import Task
from selftrain.verdicts import Check, Verdict

PLACE = "/workspace/total.txt"
INSTRUCTION = f"Add up the numbers in /workspace/numbers.txt, and write the sum to {PLACE}."
PAID, FAILED = Verdict.of([Check("all", True)]), Verdict.fail("total", "wrong")


class Skipped(BaseException):
    """As pytest.skip raises."""


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend()


def task() -> Task:
    return Task(
        instruction=INSTRUCTION,
        verifier=EvidenceVerifier((PLACE,), lambda evidence: [text_check(evidence, PLACE, "42")]),
        files={"/workspace/numbers.txt": b"40\n2\n"},
        oracle=(f"echo 42 > {PLACE}",),
        cheats={"copies": (f"cp /workspace/numbers.txt {PLACE}",)},
        id="sums/given/1/0",
    )


@dataclass(frozen=True)
class Scripted(Trial):
    """A trial whose plays are told and not played.

    Attributes:
        told: player → what its first play, second play and so on come to; all others score 0.
        played: every player that was asked for.
    """

    told: Mapping[str, Sequence[Outcome]] = field(default_factory=dict)
    played: list[str] = field(default_factory=list)

    def play(self, player: str, commands: Sequence[str]) -> Outcome:
        self.played.append(player)
        told = self.told.get(player, [])
        number = self.played.count(player) - 1
        return told[number] if number < len(told) else Outcome(player, FAILED, "", 0.1, None, Evidence({}))


def paid(player: str) -> Outcome:
    return Outcome(player, PAID, "", 0.1, None, Evidence({}))


def broke(player: str) -> Outcome:
    return Outcome(player, None, "VerifierError: it fell over", 0.1)


def unasked(player: str) -> Outcome:
    return Outcome(player, None, "SandboxError: no room", 0.1, unasked=True)


def scripted(backend: Backend, *outcomes: Outcome, own: Task | None = None) -> Scripted:
    told: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        told.setdefault(outcome.player, []).append(outcome)
    return Scripted(own or task(), backend, told=told)


def test_a_sound_task_passes_every_player(backend: Backend) -> None:
    trial = Trial(task(), backend)
    finding, outcomes = check_oracle(trial)
    assert (finding.state, len(outcomes)) == ("pass", 3) and "3 fresh runs" in finding.summary
    plays = finding.evidence["plays"]
    assert [play["reward"] for play in plays] == [1.0] * 3 and len({play["sha256"] for play in plays}) == 1
    finding, outcome = check_nop(trial)
    assert (finding.state, outcome.reward) == ("pass", 0.0)
    assert [check(trial).state for check in (check_random, check_echo, check_cheats)] == ["pass"] * 3


def test_an_oracle_that_is_missing_fails_or_is_lucky_is_refused(backend: Backend) -> None:
    assert "has no oracle" in check_oracle(scripted(backend, own=replace(task(), oracle=())))[0].summary
    for outcomes, said in (
        ([Outcome("oracle", FAILED, "", 0.1)], "the first run: total: wrong"),
        ([paid("oracle"), Outcome("oracle", FAILED, "", 0.1)], "after 1 paid runs run 2"),
        ([broke("oracle")], "VerifierError: it fell over"),
    ):
        finding, played = check_oracle(scripted(backend, *outcomes))
        assert finding.state == "fail" and said in finding.summary, finding.summary
        assert len(played) == len(outcomes)  # one that is not paid is enough


def test_whoever_is_paid_or_breaks_the_task_is_named(backend: Backend) -> None:
    nothing, _ = check_nop(scripted(backend, paid("nop")))
    assert nothing.state == "fail" and "doing nothing scores 1" in nothing.summary
    for check, player in ((check_random, "random 1"), (check_echo, "echo"), (check_cheats, "cheat copies")):
        finding = check(scripted(backend, paid(player)))
        assert finding.state == "fail" and "scores 1" in finding.summary
        assert any(play["reward"] == 1.0 and play["commands"] for play in finding.evidence["plays"])
        finding = check(scripted(backend, broke(player)))
        assert finding.state == "fail" and "it fell over" in finding.summary


def test_a_lost_sandbox_is_tried_again_and_then_no_verdict(backend: Backend) -> None:
    assert check_nop(scripted(backend, unasked("nop")))[0].state == "pass"
    finding, _ = check_nop(scripted(backend, unasked("nop"), unasked("nop")))
    assert finding.state == "unchecked" and "SandboxError: no room" in finding.summary
    finding, _ = check_oracle(scripted(backend, *[unasked("oracle")] * 2))
    assert finding.state == "unchecked"


def test_the_error_of_the_change_that_had_no_sandbox_is_told(backend: Backend) -> None:
    trial = leak_trial(backend)

    def judge(evidence: Evidence) -> list[Check]:
        if evidence.get("/workspace/report.txt") == b"":
            raise SandboxError("no room")
        return [text_check(evidence, "/workspace/report.txt", REPORT)]

    finding = check_mutants(replace(trial, task=replace(trial.task, verifier=EvidenceVerifier(("/workspace",), judge))))
    assert finding.state == "unchecked" and "SandboxError: no room" in finding.summary


@pytest.mark.parametrize("check", [check_mutants, check_repeat])
def test_a_verifier_that_breaks_by_no_exception_breaks_its_task_alone(
    check: Callable[[Trial], Finding], backend: Backend
) -> None:
    trial = leak_trial(backend)

    def judge(evidence: Evidence) -> list[Check]:
        raise Skipped

    finding = check(replace(trial, task=replace(trial.task, verifier=EvidenceVerifier(("/workspace",), judge))))
    assert finding.state == "fail" and "Skipped()" in finding.summary


def test_what_there_is_not_is_unchecked(backend: Backend) -> None:
    assert check_cheats(scripted(backend, own=replace(task(), cheats={}))).state == "unchecked"
    assert check_echo(scripted(backend, own=replace(task(), instruction="Say nothing."))).state == "unchecked"
    finding = check_battery(scripted(backend, own=replace(task(), kind="math")))
    assert finding.state == "unchecked" and finding.evidence["not_checked"] == list(CLASSES)


def test_the_battery_names_what_is_paid_and_how_to_close_it(backend: Backend) -> None:
    trial = scripted(backend, paid("reward-early"), paid("shotgun"))
    finding = check_battery(replace(trial, nop=Outcome("nop", FAILED, "", 0.1, None, Evidence({}))))
    assert finding.state == "fail"
    assert "2 of" in finding.summary and "reward-early, shotgun" in finding.summary
    assert "Writes rewards before" in finding.summary and FIXES["verdict files"] in finding.summary
    records = {record["name"]: record for record in finding.evidence["attacks"]}
    assert records["shotgun"]["reward"] == 1.0 and records["shotgun"]["tries"]
    assert records["odd-names"] == {
        "name": "odd-names",
        "class": "odd exports",
        "reward": 0.0,
        "changed": False,
        "why": "total: wrong",
    }
    assert set(finding.evidence["fixes"]) == {"verdict files", "hedged answers"}


def test_an_attack_that_breaks_the_verifier_is_a_fault_and_a_lost_sandbox_is_none(backend: Backend) -> None:
    finding = check_battery(scripted(backend, broke("sparse-files")))
    assert finding.state == "fail" and "sparse-files" in finding.summary and "it fell over" in finding.summary
    trial = scripted(backend, unasked("odd-names"))
    assert check_battery(trial).state == "pass" and trial.played.count("odd-names") == 2
    finding = check_battery(scripted(backend, *[unasked("odd-names")] * 2))
    assert finding.state == "unchecked" and "odd-names" in finding.summary


def test_the_slowest_play_may_be_of_whoever_does_nothing(backend: Backend) -> None:
    oracle, nop = Outcome("oracle", PAID, "", 1.0), Outcome("nop", FAILED, "", 30.0)
    task = Task(INSTRUCTION, EvidenceVerifier((PLACE,), lambda evidence: []))
    assert Trial(task, backend).slowest_seconds == 0.0
    assert Trial(task, backend, oracle=(oracle,)).slowest_seconds == 1.0
    assert Trial(task, backend, oracle=(oracle,), nop=nop).slowest_seconds == 30.0


def test_every_class_of_attack_has_a_fix() -> None:
    assert set(FIXES) == set(CLASSES) == {attack.kind for attack in BATTERY}
    assert all(fix.endswith(".") for fix in FIXES.values())
