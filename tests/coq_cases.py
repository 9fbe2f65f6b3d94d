"""Statements, proofs and ways to have them judged, for the tests of Coq."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.theorems.coq import Coq
from selftrain.envs.theorems.prover import RunCase, Session
from selftrain.envs.theorems.theorem import Statement
from selftrain.envs.theorems.verifier import PROOF, ProofVerifier
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import Sandbox, make_backend
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
WHOLE = Statement("forall x : Z, x + 0 = x", "Require Import ZArith. Local Open Scope Z_scope.", "add_zero_whole")
EXCLUDED = Statement("forall P : Prop, P \\/ ~ P", "Require Import Classical.", "excluded")
IMPLICIT = Statement("forall (A : Type) (x : A), x = x", "Set Implicit Arguments.", "same")
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
    (WHOLE, "intro x. apply Z.add_0_r."),
    (MIRROR, "induction t as [|l IHl r IHr]; simpl; [ | rewrite IHl, IHr ]; reflexivity."),
    (APPEND, "intros. apply rev_app_distr."),
    (IMPLICIT, "intros. reflexivity."),
    (replace(EXCLUDED, axioms=("Coq.Logic.Classical_Prop.classic",)), "intro P. apply classic."),
)


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
