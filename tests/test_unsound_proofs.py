"""Submissions that prove nothing are not paid, and which layer stops each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from backends import needs_coq
from unsound_kernel_proofs import Unsound
from unsound_proofs import RESOURCES, UNSOUND

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.theorems import coq_screen, coq_words
from selftrain.envs.theorems.coq import Coq
from selftrain.envs.theorems.theorem import Statement
from selftrain.envs.theorems.verifier import PROOF, ProofVerifier
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import make_backend
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, CaseOutput, Check, Verdict

pytestmark = needs_coq

SECONDS, SECONDS_OF_A_BOMB = 20.0, 3.0
BY_NAME = {unsound.name: unsound for unsound in UNSOUND}


@pytest.fixture(scope="module")
def room() -> Iterator[SandboxCleanRoom]:
    with closing(make_backend()) as backend:
        yield SandboxCleanRoom(backend)


def task_of(unsound: Unsound) -> Task:
    seconds = SECONDS_OF_A_BOMB if unsound in RESOURCES else SECONDS
    verifier = ProofVerifier(unsound.statement, seconds=seconds)
    return Task(instruction="prove it", verifier=verifier, tools=Coq.tools)


def paid(unsound: Unsound, room: SandboxCleanRoom) -> Verdict:
    """The verdict of the whole verifier."""
    task = task_of(unsound)
    return task.verifier.verify(Evidence({PROOF: EvidenceFile(unsound.script.encode())}), task, room)


def judged(unsound: Unsound, room: SandboxCleanRoom) -> Sequence[Check]:
    """What the judge says when no screen stands before it."""

    def run(case: CaseInput) -> CaseOutput:
        with closing(room.run_cases(Evidence({}), task_of(unsound), [case])) as outputs:
            return next(outputs)

    return Coq().judge(unsound.statement, unsound.script, run, SECONDS)


def test_the_list_is_long_and_without_twins() -> None:
    assert len(BY_NAME) == len(UNSOUND) >= 80
    assert len({(unsound.script, unsound.statement) for unsound in UNSOUND}) == len(UNSOUND)


def test_no_unsound_submission_is_paid(room: SandboxCleanRoom) -> None:
    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(lambda unsound: paid(unsound, room), UNSOUND))
    assert [unsound.name for unsound, verdict in zip(UNSOUND, verdicts, strict=True) if verdict.reward] == []
    assert all(verdict.why and verdict.checks for verdict in verdicts)


def test_the_room_pays_what_is_proven(room: SandboxCleanRoom) -> None:
    script = "intros n. induction n as [| n IH].\n- reflexivity.\n- simpl. rewrite IH. reflexivity."
    proven = Unsound("", "", script, Statement("forall n : nat, n + 0 = n"))
    assert paid(proven, room).reward == 1.0


def test_the_judge_alone_holds_where_it_is_meant_to(room: SandboxCleanRoom) -> None:
    several = [unsound for unsound in UNSOUND if unsound not in RESOURCES and coq_screen.screen(unsound.script)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda unsound: judged(unsound, room), several))
    found = {
        unsound.name: "accepted" if all(check.passed for check in checks) else "refused"
        for unsound, checks in zip(several, results, strict=True)
    }
    assert found == {unsound.name: unsound.alone for unsound in several}


def test_the_screen_stops_all_that_fools_the_judge() -> None:
    fooling = [unsound for unsound in UNSOUND if unsound.alone == "accepted"]
    assert len(fooling) >= 12
    assert [unsound.name for unsound in fooling if not coq_screen.screen(unsound.script)] == []


@pytest.mark.parametrize("word", ["fix", "Abort"])
def test_a_screen_with_a_hole_is_caught_by_the_list(
    word: str, room: SandboxCleanRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    holed = {known: why for known, why in coq_words.FORBIDDEN.items() if known not in {word, "struct", "Fixpoint"}}
    monkeypatch.setattr(coq_screen, "FORBIDDEN", holed)
    monkeypatch.setattr(coq_screen, "TACTICS", coq_words.TACTICS | {word})
    through = [unsound for unsound in UNSOUND if unsound.alone == "accepted" and not coq_screen.screen(unsound.script)]
    assert bool(through) == (word == "fix")
    assert all(paid(unsound, room).reward for unsound in through[:1])
