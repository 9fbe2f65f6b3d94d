"""Coq at work: what a session answers, and which proofs a fresh prover takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.theorems import coq_judge
from selftrain.envs.theorems.coq import Coq
from selftrain.envs.theorems.prover import RunCase, Session, make_prover
from selftrain.envs.theorems.theorem import Statement
from selftrain.envs.theorems.verifier import PROOF, ProofVerifier
from selftrain.errors import MissingToolError, OptionError, TaskError, UnknownNameError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import Sandbox, SandboxSpec, make_backend, make_sandbox
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, CaseOutput, Check, Verdict

SWAP = Statement("forall P Q : Prop, P /\\ Q -> Q /\\ P", name="swap")
ADD_ZERO = Statement("forall n : nat, n + 0 = n", name="add_zero")
LINEAR = Statement("forall a b : nat, a <= b -> 2 * a <= 2 * b + 1", "From Coq Require Import Lia.", "linear")
MIRROR = Statement(
    "forall t : tree, mirror (mirror t) = t",
    """From Coq Require Import List. Import ListNotations. (* lists are not (* even *) needed. *)
Open Scope list_scope.
Inductive tree := Leaf | Node (l r : tree).
Local Notation "<< l , r >>" := (Node l r).
Fixpoint mirror (t : tree) : tree :=
  match t with Leaf => Leaf | Node l r => <<mirror r, mirror l>> end.""",
    "mirror_twice",
)
APPEND = Statement(
    "forall (A : Type) (l m : list A), rev (l ++ m) = rev m ++ rev l", "Require Import List.", "rev_append"
)
EXCLUDED = Statement("forall P : Prop, P \\/ ~ P", "Require Import Classical.", "excluded")
ABSURD = Statement("False", name="absurd")
# what the guard checker of Coq 8.16 takes for a smaller number is not one: rocq-prover/rocq#20455
ABSURD_PROOF = """assert (H : forall n : nat, match n with 0 => False | S _ => True end -> False).
{ fix loop 1. intro n. refine (match n with 0 => fun no => no | S less => fun _ =>
    let f (b : bool) (yes : b = true) (k : nat)
      (more : match k with 0 => False | S j => match j with 0 => False | S _ => True end end) :=
      loop (match (if b then k else less) with 0 => less | S one => one end) _
    in f true eq_refl 5 I end).
  subst b. destruct k as [|k]; [destruct more | exact more]. }
exact (H 1 I)."""
PROOFS = (
    (SWAP, "intros P Q [p q]. split.\n- exact q.\n- exact p."),
    (ADD_ZERO, "induction n as [|n IH].\n{ reflexivity. }\n{ simpl. rewrite IH. reflexivity. }"),
    (LINEAR, "intros. lia."),
    (MIRROR, "induction t as [|l IHl r IHr]; simpl; [ | rewrite IHl, IHr ]; reflexivity."),
    (APPEND, "intros. apply rev_app_distr."),
    (replace(EXCLUDED, axioms=("Coq.Logic.Classical_Prop.classic",)), "intro P. apply classic."),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all sessions; each has a Coq of its own."""
    made = make_sandbox(spec=SandboxSpec(tools=Coq.tools))
    yield made
    made.close()


@contextlib.contextmanager
def opened(sandbox: Sandbox, statement: Statement) -> Iterator[Session]:
    """A session that is closed at the end."""
    session = Coq().open(sandbox, statement)
    try:
        yield session
    finally:
        session.close()


def judged(statement: Statement, proof: str | bytes, seconds: float = 60.0) -> Verdict:
    """The verdict of the clean room."""
    verifier = ProofVerifier(statement, "coq", seconds)
    data = proof if isinstance(proof, bytes) else proof.encode()
    task = Task("", verifier, tools=Coq.tools)
    return verifier.verify(Evidence({PROOF: EvidenceFile(data)}), task, SandboxCleanRoom(make_backend()))


def clean_runs(task: Task) -> RunCase:
    """Runs cases as the verifier does."""

    def run(case: CaseInput) -> CaseOutput:
        with contextlib.closing(SandboxCleanRoom(make_backend()).run_cases(Evidence({}), task, [case])) as outputs:
            return next(outputs)

    return run


def unscreened(statement: Statement, proof: str) -> Sequence[Check]:
    """What the judgement says by itself, as if the screen had a hole."""
    return Coq().judge(statement, proof, clean_runs(Task("", ProofVerifier(statement), tools=Coq.tools)), 60)


def test_a_session_answers_with_goals_and_stops_at_the_first_error(sandbox: Sandbox) -> None:
    with opened(sandbox, SWAP) as session:
        assert session.goals.splitlines()[-1].strip() == SWAP.proposition
        answer = session.run("intros P Q [p q]. (* a. remark *) split. exact r. exact p.", 10)
        assert answer.accepted == ("intros P Q [p q].", "split.")
        assert answer.message.splitlines()[0] == "> exact r."
        assert "Error: The reference r was not found in the current environment." in answer.message
        assert (answer.failed, answer.done) == (True, False)
        assert answer.goals.splitlines() == [
            "2 goals",
            "  ",
            "  P, Q : Prop",
            "  p : P",
            "  q : Q",
            "  ============================",
            "  Q",
            "",
            "goal 2 is:",
            " P",
        ]
        assert session.goals == answer.goals


@pytest.mark.parametrize("script", ["exact nowhere.", "rewrite nowhere.", "apply Nat.no.", "split; foo.", "wrong ("])
def test_complaints_of_every_kind_come_at_once(sandbox: Sandbox, script: str) -> None:
    with opened(sandbox, SWAP) as session:
        session.run("intros P Q H.", 10)  # variables change how Coq words its complaints
        began = time.monotonic()
        assert session.run(script, 30).failed
        assert time.monotonic() - began < 3
        assert session.run("destruct H; now split.", 10).done


def test_bullets_lead_on_and_a_wrong_one_is_refused(sandbox: Sandbox) -> None:
    with opened(sandbox, SWAP) as session:
        answer = session.run("intros P Q [p q]. split.\n- exact q.", 10)
        assert answer.accepted[-2:] == ("-", "exact q.")
        assert "Focus next goal with bullet -." in answer.goals
        assert "Wrong bullet +" in session.run("+ exact p.", 10).message
        answer = session.run("- exact p.", 10)
        assert (answer.message, answer.goals, answer.done) == ("", "No more goals.", True)
        assert session.done


def test_undo_takes_sentences_back_as_often_as_wanted(sandbox: Sandbox) -> None:
    with opened(sandbox, ADD_ZERO) as session:
        seen = [session.goals]
        for sentence in ("induction n as [|n IH].", "-", "reflexivity.", "-", "simpl.", "rewrite IH.", "reflexivity."):
            seen.append(session.run(sentence, 10).goals)
        assert session.done
        for back in (1, 3, 2):
            session.undo(back)
            del seen[-back:]
            assert (session.goals, session.done) == (seen[-1], False)
        session.undo(99)
        assert session.goals == seen[0]
        session.undo(1)
        session.undo(-1)
        assert session.run(PROOFS[1][1], 10).done
        session.undo(99)
        assert session.run(PROOFS[1][1], 10).done


@pytest.mark.parametrize("script", ["", "   \n", "(* nothing. *)"])
def test_an_empty_script_changes_nothing(sandbox: Sandbox, script: str) -> None:
    with opened(sandbox, SWAP) as session:
        answer = session.run(script, 10)
        assert (answer.accepted, answer.message, answer.failed) == ((), "", False)
        assert answer.goals == session.goals != ""


@pytest.mark.parametrize("script", ["intros", "intros P (* no end", 'idtac "no end', 'intros P. (* " *) intros Q'])
def test_a_script_without_an_end_is_refused_at_once(sandbox: Sandbox, script: str) -> None:
    with opened(sandbox, SWAP) as session:
        began = time.monotonic()
        answer = session.run(script, 30)
        assert answer.failed and answer.message.startswith("Error: ")
        assert time.monotonic() - began < 5
        session.undo(9)
        assert session.run("intros P Q [p q]. now split.", 10).done


def test_a_timeout_keeps_what_went_through(sandbox: Sandbox) -> None:
    with opened(sandbox, SWAP) as session:
        began = time.monotonic()
        answer = session.run("intros P Q [p q]. do 1000000000 (try fail). split.", 0.5)
        assert time.monotonic() - began < 4
        assert answer.accepted == ("intros P Q [p q].",)
        assert "stopped after 0.5 s" in answer.message and answer.failed
        assert session.run("now split.", 10).done


def test_a_killed_prover_comes_back_where_it_was(sandbox: Sandbox) -> None:
    with opened(sandbox, LINEAR) as session:
        before = session.run("intros a b H.\nassert (a <= b).", 10).goals
        sandbox.run("kill -9 $(cat /tmp/.console/*.pid)")
        answer = session.run("- exact H.", 30)
        assert answer.failed and "started again" in answer.message
        assert answer.goals == before
        session.undo(1)
        assert session.run("lia.", 10).done


def test_running_out_of_memory_or_stack_is_an_answer(sandbox: Sandbox) -> None:
    with opened(sandbox, Statement("exists n : nat, n = Nat.pow 2 30")) as session:
        answer = session.run("eexists. cbv. reflexivity.", 60)
        assert answer.accepted == ("eexists.",)
        assert answer.failed and "Error" in answer.message
        assert session.run("reflexivity.", 10).done


def test_large_goals_are_cut_in_the_middle(sandbox: Sandbox) -> None:
    wide = "Fixpoint wide (n : nat) : Prop := match n with 0 => True | S m => wide m /\\ wide m end."
    with opened(sandbox, Statement("wide 14 -> True", wide)) as session:
        answer = session.run("cbv.", 20)
        assert 60_000 < len(answer.goals) <= sandbox.spec.limits.output_bytes
        assert "bytes cut" in answer.goals
        assert session.run("trivial.", 20).done


def test_unicode_goes_both_ways(sandbox: Sandbox) -> None:
    unicode = Statement("∀ (α : Type) (x : α), ∃ y, y = x", "Require Import Utf8.", "théorème")
    with opened(sandbox, unicode) as session:
        assert "∀ (α : Type) (x : α), ∃ y : α, y = x" in session.goals
        assert "x : α" in session.run("intros α x.", 10).goals
        assert session.run("exists x. reflexivity.", 10).done
    assert judged(unicode, "intros α x. exists x. reflexivity.").passed


def test_a_proof_that_the_kernel_refuses_is_not_done(sandbox: Sandbox) -> None:
    with opened(sandbox, Statement("forall n : nat, False", name="absurd")) as session:
        answer = session.run("fix again 1. exact again.", 10)
        assert answer.goals == "No more goals."
        assert not answer.done
        assert "ill-formed" in answer.message


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


@pytest.mark.parametrize(
    ("script", "body", "whole"),
    [
        ("Proof.\nintros. lia.\nQed.", "intros.\nlia.", True),
        ("Proof. Qed.", "", True),
        ("intros. Qed.", "intros.", False),
        ("intros.\nlia.", "intros.\nlia.", False),
        ("Proof. intros.", "intros.", True),
        ("", "", False),
    ],
)
def test_the_body_of_a_proof_is_what_is_between_its_ends(script: str, body: str, whole: bool) -> None:
    assert Coq().body(script) == (body, whole)


@pytest.mark.parametrize("script", ["Theorem goal : True. Proof. exact I. Qed.", "Lemma x : 1 = 1.", "Goal True."])
def test_stating_a_theorem_is_answered_with_what_to_send(script: str) -> None:
    with pytest.raises(OptionError, match="send its proof alone"):
        Coq().body(script)


def test_statements_are_read_from_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.v"
    path.write_text("Require Import Lia.\nLemma helper : 1 = 1. Proof. reflexivity. Qed.\n\n(* ours *)\n"
                    "Theorem mine (n m : nat) (H : n <= m) : n < m + 1.\nProof.\nAdmitted.\n")  # fmt: skip
    statement = Coq().read_statement(path)
    assert statement.name == "mine"
    assert statement.proposition == "forall (n m : nat) (H : n <= m), n < m + 1"
    assert statement.preamble.startswith("Require Import Lia.\nLemma helper")
    assert judged(statement, "intros. lia.").passed
    for text in ("", "Definition x := 1.", "Theorem a : 1 = 1. Proof. reflexivity. Qed.", "Theorem broken."):
        path.write_text(text)
        with pytest.raises(TaskError, match=r"mine\.v"):
            Coq().read_statement(path)
    with pytest.raises(TaskError, match="cannot be read"):
        Coq().read_statement(tmp_path / "none.v")


def test_a_sandbox_without_coq_names_the_command_that_brings_it() -> None:
    with contextlib.closing(make_sandbox(spec=SandboxSpec(env={"PATH": "/nowhere"}))) as bare:
        bare.run("PATH=/nowhere")
        with pytest.raises(MissingToolError, match="apt-get install coq"):
            Coq().open(bare, SWAP)


def test_provers_are_made_by_name() -> None:
    assert make_prover("coq").name == "coq"
    with pytest.raises(UnknownNameError, match="coq"):
        make_prover("coqq")
