"""Which proofs a fresh Coq takes, what stops the others, and whose fault a failure is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from backends import needs_coq
from coq_cases import (
    ABSURD,
    ABSURD_PROOF,
    ADD_ZERO,
    EXCLUDED,
    LINEAR,
    MIRROR,
    PROOFS,
    SWAP,
    clean_runs,
    judged,
    opened,
    unscreened,
)

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.theorems import coq_judge
from selftrain.envs.theorems.coq import Coq
from selftrain.envs.theorems.theorem import Statement
from selftrain.envs.theorems.verifier import ProofVerifier
from selftrain.errors import TaskError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Sandbox, SandboxSpec, make_backend, make_sandbox
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, CaseOutput

pytestmark = needs_coq


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all sessions; each has a Coq of its own."""
    made = make_sandbox(spec=SandboxSpec(tools=Coq.tools))
    yield made
    made.close()


@pytest.mark.parametrize(("statement", "proof"), PROOFS, ids=lambda value: getattr(value, "name", ""))
def test_right_proofs_are_taken_by_session_and_judge(sandbox: Sandbox, statement: Statement, proof: str) -> None:
    with opened(sandbox, statement) as session:
        assert session.run(proof, 20).done
    verdict = judged(statement, proof)
    assert verdict.passed, verdict.why
    assert verdict.checks[0].name == "the script is admitted"


@pytest.mark.parametrize(
    ("statement", "proof", "why"),
    [
        (ADD_ZERO, "", "incomplete proof"),
        (ADD_ZERO, "intro n. simpl.", "incomplete proof"),
        (ADD_ZERO, "reflexivity.", "Unable to unify"),
        (ADD_ZERO, "intro n. induction n. reflexivity. shelve.", "shelve is not admitted"),
        (ADD_ZERO, "Admitted.", "Admitted is not admitted"),
        (ADD_ZERO, b"intro n. \xff", "not UTF-8"),
        (ADD_ZERO, "exact nowhere.", "nowhere was not found"),
        (LINEAR, "intros. exfalso. lia.", "Cannot find witness"),
        (MIRROR, "induction t. reflexivity. simpl. reflexivity.", "Unable to unify"),
        (EXCLUDED, "intro P. apply classic.", "Classical_Prop.classic"),
        (Statement("forall P : Prop, P"), "intro P. assert (H : False). tauto. destruct H.", "Error"),
    ],
)
def test_wrong_and_incomplete_proofs_are_refused_with_the_reason(
    statement: Statement, proof: str | bytes, why: str
) -> None:
    verdict = judged(statement, proof)
    assert verdict.reward == 0.0
    assert why in verdict.why
    assert "stmt_" not in verdict.why


def test_the_published_proof_of_false_is_stopped_by_the_screen_and_by_nothing_else() -> None:
    verdict = judged(ABSURD, ABSURD_PROOF)
    assert (verdict.passed, "the word fix is not admitted" in verdict.why) == (False, True)
    # a Coq that is mended makes this fail, and then the screen may take fixpoints
    assert all(check.passed for check in unscreened(ABSURD, ABSURD_PROOF))


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        ("Admitted. Theorem more : True. exact I.", "absurd"),
        ("Abort. Axiom absurd : False. Theorem more : True. exact I.", "absurd"),
        ("Abort. Theorem absurd : True. exact I.", 'has type "True"'),
        ("Abort. Module Spec. End Spec. Theorem absurd : True. exact I.", 'has type "True"'),
        (
            "Abort. Unset Guard Checking. Fixpoint f (n : nat) : False := f n. Theorem absurd : False. exact (f 0).",
            "f ",
        ),
        (
            "Abort. #[bypass_check(guard)] Fixpoint f (n : nat) : False := f n. Theorem absurd : False. exact (f 0).",
            "f ",
        ),
    ],
)
def test_what_a_broken_screen_lets_through_the_judgement_stops(proof: str, why: str) -> None:
    failed = [check for check in unscreened(ABSURD, proof) if not check.passed]
    assert failed
    assert why in failed[0].why


def test_without_a_proof_there_is_no_pass() -> None:
    verifier = ProofVerifier(ADD_ZERO)
    verdict = verifier.verify(Evidence({}), Task("", verifier), SandboxCleanRoom(make_backend()))
    assert (verdict.passed, verdict.why) == (False, "the proof can be read: is missing")


def test_a_proof_that_takes_too_long_fails_by_timeout() -> None:
    verdict = judged(SWAP, "do 1000000000 (try fail). intros P Q [p q]. now split.", seconds=1.0)
    assert verdict.why == "Coq accepts the proof: timeout"


def test_a_proof_may_rest_on_the_axioms_that_the_statement_lists() -> None:
    given = Statement("f 0 = 1", "Parameter f : nat -> nat.\nAxiom f_zero : f 0 = 1.", "by_axiom", ("f", "f_zero"))
    assert judged(given, "exact f_zero.").passed
    assert "f_zero" in judged(replace(given, axioms=("f",)), "exact f_zero.").why


@pytest.mark.parametrize(
    ("statement", "proof"),
    [
        (Statement("forall x : Z, x + 0 = x", "Require Import ZArith Lia. Open Scope Z_scope."), "intros. lia."),
        (Statement("forall x : Z, Zeven (x + x)", "From Coq Require Import ZArith. Open Scope Z_scope."), "EVEN"),
        (Statement("forall n : nat, {n <= 3} + {3 < n} -> n * 1 = n", "Require Import Arith."), "intros. ring."),
        (Statement("fact 3 = 6", "Require Import Arith Lia."), "reflexivity."),
        (Statement("(2 | 4)", "Require Import ZArith Znumtheory. Open Scope Z_scope."), "exists 2. reflexivity."),
        (Statement("le_lt_dec 1 2 = le_lt_dec 1 2", "Require Import Arith."), "reflexivity."),
    ],
)
def test_statements_about_large_libraries_are_judged(statement: Statement, proof: str) -> None:
    even = "intro x. apply Zeven_bool_iff. rewrite Z.even_add. destruct (Z.even x); reflexivity."
    verdict = judged(statement, proof.replace("EVEN", even))
    assert verdict.passed, verdict.why


@pytest.mark.parametrize(
    ("printed", "admitted", "others"),
    [
        ("Closed under the global context\n", (), ""),
        ("", (), "what it does not say"),
        ("Closed under the global context\nand more\n", (), "Closed under the global context"),
        ("Axioms:\nA.b : nat\n", ("L.A.b",), ""),
        ("Axioms:\nA.b\n  : forall x,\n    x = x\nC.d : nat\n", ("L.A.b",), "C.d : nat"),
        ("Axioms:\nb : nat\n", ("L.A.b",), "b : nat"),
        ("Axioms:\nA.b is assumed to be guarded.\n", (), "A.b is assumed to be guarded."),
        ("Axioms:\n", (), "Axioms:"),
        ("Axioms:\n  A.b : nat\n", (), "Axioms:"),
        ("Axioms:\nSub.b : nat\n", ("b", "L.A.b"), "Sub.b : nat"),
        ("Theory: Set is impredicative\nAxioms:\nA.b : nat\n", ("A.b",), "Theory: Set is impredicative"),
    ],
)
def test_what_a_proof_rests_on_is_read_with_suspicion(printed: str, admitted: tuple[str, ...], others: str) -> None:
    assert coq_judge.rests_on(printed.encode(), admitted) == others


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (Statement("forall n, n + = n"), "Syntax error"),
        (Statement("n = n"), "The reference n was not found"),
        (Statement("5"), 'has type "nat"'),
        (Statement("1 = 1", "Require Import Nowhere."), "Nowhere"),
        (Statement("1 = 1", "Definition x := nowhere."), "nowhere was not found"),
        (Statement("1 = 1", "(* no end"), "a comment is not closed"),
        (Statement("1 = 1", "Definition x := 1"), "full stop"),
        (Statement("1 = 2. Admitted. Theorem other : 1 = 1"), "one term"),
        (Statement("1 = 1."), "one term"),
        (Statement("True", name="no name"), "identifier"),
    ],
)
def test_a_statement_at_fault_is_a_broken_task_and_not_a_0(sandbox: Sandbox, statement: Statement, says: str) -> None:
    with pytest.raises(TaskError, match="Coq refuses the statement") as opening:
        Coq().open(sandbox, statement)
    with pytest.raises(TaskError, match="Coq refuses the statement") as judging:
        judged(statement, "reflexivity.")
    assert says in str(opening.value)
    assert says in str(judging.value)


def test_submission_and_statement_never_share_a_sandbox_with_the_judgement() -> None:
    cases: list[CaseInput] = []
    clean = clean_runs(Task("", ProofVerifier(SWAP), tools=Coq.tools))

    def run(case: CaseInput) -> CaseOutput:
        cases.append(case)
        return clean(case)

    assert all(check.passed for check in Coq().judge(SWAP, PROOFS[0][1], run, 30))
    names = [sorted(path.rpartition("/")[2] for path in case.files) for case in cases]
    assert names == [["Spec.v"], ["Spec.vo", "Sub.v"], ["Final.v", "Spec.vo", "Sub.vo"]]
    assert len({case.command for case in cases}) == 3
    libraries = {word for case in cases for word in case.command.split() if len(word) == 17 and word[0] == "L"}
    assert len(libraries) == 1
    Coq().judge(SWAP, PROOFS[0][1], run, 30)
    assert not any(library in case.command for library in libraries for case in cases[3:])
