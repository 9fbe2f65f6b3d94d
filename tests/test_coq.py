"""Coq at work: what a session answers, how it goes back, and what it does not take."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from backends import needs_coq
from coq_cases import (
    ADD_ZERO,
    LINEAR,
    PROOFS,
    SWAP,
    judged,
    opened,
)

from selftrain.envs.theorems.coq import Coq
from selftrain.envs.theorems.prover import make_prover
from selftrain.envs.theorems.theorem import Statement
from selftrain.errors import MissingToolError, OptionError, TaskError, UnknownNameError
from selftrain.sandboxes import Sandbox, SandboxSpec, make_sandbox

pytestmark = needs_coq


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all sessions; each has a Coq of its own."""
    made = make_sandbox(spec=SandboxSpec(tools=Coq.tools))
    yield made
    made.close()


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


def test_a_script_of_too_many_sentences_keeps_to_its_time(sandbox: Sandbox) -> None:
    with opened(sandbox, SWAP) as session:
        began = time.monotonic()
        answer = session.run("idtac. " * 2000, 0.5)
        assert time.monotonic() - began < 4
        assert answer.accepted and answer.failed and "0.5 s" in answer.message
        assert session.run("intros P Q [p q]. now split.", 10).done


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
    path.write_text("\ufeffTheorem mine : 1 = 1. Proof. Admitted.\n(* once:\nTheorem other : True.\n*)\n")
    assert Coq().read_statement(path) == Statement("1 = 1", name="mine")
    path.write_text("Require Import Classical.\n(* axioms: Classical_Prop.classic own *)\nAxiom own : 0 = 1.\n"
                    "Theorem mine : forall P : Prop, (P \\/ ~ P) /\\ 0 = 1.\n")  # fmt: skip
    admitting = Coq().read_statement(path)
    assert admitting.axioms == ("Classical_Prop.classic", "own")
    assert judged(admitting, "intro P. split. apply classic. exact own.").passed
    assert not judged(replace(admitting, axioms=("own",)), "intro P. split. apply classic. exact own.").passed
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
