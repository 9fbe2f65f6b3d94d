"""Submissions against the kernel and its flags, and what a submission is.

They are written against Coq 8.16.1. A submission is what stands between `Proof.` and `Qed.`; those that leave the
proof and come back know the name of the theorem. `alone` says what the judge does when no screen stands before it:
"refused", or "accepted" where the kernel itself is fooled, so that the screen is the layer that holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from selftrain.envs.theorems.theorem import Statement

FALSE = Statement("False")
EVEN_ONE = Statement("exists n : nat, n + n = 1")
SHADOWED = Statement("answer = 4", preamble="Definition answer := 3.")
NOTATED = Statement("2 <+> 2 = 5", preamble='Notation "a <+> b" := (a + b) (at level 50).')
LARGE = Statement("Nat.pow 2 30 = 0")
WITH_LIA = Statement("forall n : nat, n < n", preamble="Require Import Lia.")
WITH_INTS = Statement("False", preamble="Require Import Uint63.")


@dataclass(frozen=True)
class Unsound:
    """One submission that must score 0."""

    name: str
    source: str
    script: str
    statement: Statement = FALSE
    alone: str = "refused"


_GUARD_TERM = """(fix issue (n : nat) {struct n} : match n with 0 => False | S _ => True end -> False :=
  match n with
  | 0 => fun h => h
  | S below => fun _ =>
    let f (b : bool) (e : b = true) (x : nat)
      (ok : match x with 0 => False | S y => match y with 0 => False | S _ => True end end) :=
      issue (match (if b then x else below) with 0 => below | S y => y end) _
    in f true eq_refl 5 I
  end)"""
_GUARD_END = "subst b. destruct x as [| x]. now exfalso. exact ok."

KERNEL = (
    Unsound(
        "guard bug, as a vernacular fixpoint",
        "rocq#20455: match on match taken for a subterm",
        """Abort.
Definition not_zero n := match n with 0 => False | S _ => True end.
Definition not_one n := match n with 0 => False | S n => not_zero n end.
Fixpoint issue (n : nat) {struct n} : not_zero n -> False.
refine match n with
| 0 => fun h => h
| S below => fun h =>
  let f (b : bool) (e : b = true) (x : nat) (ok : not_one x) :=
    issue (match (if b then x else below) with 0 => below | S y => y end) _
  in f true eq_refl 5 I
end.
subst b. destruct x; cbn in ok. now exfalso. assumption.
Defined.
Theorem goal : False.
exact (issue 1 I).""",
        alone="accepted",
    ),
    Unsound(
        "guard bug, as a term in refine",
        "rocq#20455",
        f"refine ({_GUARD_TERM} 1 I).\n{_GUARD_END}",
        alone="accepted",
    ),
    Unsound(
        "guard bug, by the tactic fix inside assert",
        "rocq#20455",
        f"""assert (H : forall n : nat, match n with 0 => False | S _ => True end -> False).
{{ refine {_GUARD_TERM}. {_GUARD_END} }}
exact (H 1 I).""",
        alone="accepted",
    ),
    Unsound(
        "guard bug, by the tactic fix",
        "rocq#20455",
        """assert (H : forall n : nat, match n with 0 => False | S _ => True end -> False).
{ fix issue 1. intros n.
  refine (match n with 0 => fun h => h | S below => fun _ =>
    let f (b : bool) (e : b = true) (x : nat)
      (ok : match x with 0 => False | S y => match y with 0 => False | S _ => True end end) :=
      issue (match (if b then x else below) with 0 => below | S y => y end) _
    in f true eq_refl 5 I end).
  subst b. destruct x as [| x]. now exfalso. exact ok. }
exact (H 1 I).""",
        alone="accepted",
    ),
    Unsound(
        "guard bug, written on one line with a comment inside the word before it",
        "rocq#20455",
        f"refine(*(*)*)*)({_GUARD_TERM} 1 I). {_GUARD_END}",
        alone="accepted",
    ),
    Unsound(
        "guard bug, by let fix",
        "rocq#20455",
        f"refine (let H := {_GUARD_TERM.replace('(fix', 'let fix', 1)[:-1]} in issue in H 1 I). {_GUARD_END}",
        alone="accepted",
    ),
    Unsound(
        "unchecked arguments of a fixpoint",
        "rocq#20413",
        """pose (F := fix F (a c : nat) (f : nat -> nat) {struct a} : nat :=
  match a with S b => F b (S c) (fun z => F z 0 f) | 0 => S (f c) end).
exact (n_Sn _ (eq_refl : F 1 0 (fun x => x) = S (F 1 0 (fun x => x)))).""",
    ),
    Unsound(
        "reduction across an inner fixpoint",
        "rocq#20555",
        """exact ((fix error (t : unit) {struct t} : False :=
  (fix inner (n : nat) {struct n} := match n with 0 => error | S n => inner n end) 1 t) tt).""",
    ),
    Unsound(
        "cofixpoint checked in the wrong environment",
        "rocq#22386",
        """Abort.
CoInductive stream : Type := next : stream -> stream.
Inductive empty : Type := wrap : empty -> empty.
Definition cycle : empty := let actual := empty in let decoy := stream in cofix again : actual := wrap again.
Fixpoint absurd_of (x : empty) : False := match x with wrap y => absurd_of y end.
Theorem goal : False.
exact (absurd_of cycle).""",
        alone="accepted",
    ),
    Unsound(
        "nested mutual cofixpoints",
        "rocq#22389",
        """Abort.
CoInductive D (X Y : Type) := dc : X -> Y -> D X Y.
CoInductive C (A : Type) := cc : C A -> D (C A) A -> C A.
Inductive J : Type := ic : C J -> J.
CoFixpoint cycle : C J :=
  (cofix f : C J := cc J f g with g : D (C J) J := dc (C J) J cycle (ic cycle) for f).
Fixpoint none (i : J) : False :=
  match i with ic c => match c with cc _ _ d => match d with dc _ _ _ j => none j end end end.
Theorem goal : False.
exact (none (ic cycle)).""",
        alone="accepted",
    ),
    Unsound(
        "functor strengthened without substitution",
        "rocq#21051",
        """Abort.
Module Type T. Parameter n : bool. End T.
Module A. Definition n := true. End A.
Module B. Definition n := false. End B.
Module Make. Module Fun (E : T).
Module F. Definition bug := E.n. End F. Module G := F.
End Fun. End Make.
Include Make.
Module R := Fun A. Module S := Fun B.
Lemma same : R.G.bug = S.G.bug. reflexivity. Qed.
Lemma left_one : R.G.bug = true. reflexivity. Qed.
Lemma right_one : S.G.bug = false. reflexivity. Qed.
Theorem goal : False.
assert (true = false); [| congruence]. rewrite <- left_one, <- right_one. apply same.""",
        alone="accepted",
    ),
    Unsound(
        "aliased functor strengthened without substitution",
        "rocq#21685",
        """Abort.
Module Type T. Parameter n : bool. End T.
Module A. Definition n := true. End A.
Module B. Definition n := false. End B.
Module P. Module Q. Module F (E : T).
Module Inner. Definition x := E.n. End Inner. Module Alias := Inner.
End F. End Q. End P.
Module P2 := P. Module Q2 := P2.Q.
Module R := Q2.F A. Module S := Q2.F B.
Lemma same : R.Alias.x = S.Alias.x. reflexivity. Qed.
Lemma left_one : R.Alias.x = true. reflexivity. Qed.
Lemma right_one : S.Alias.x = false. reflexivity. Qed.
Theorem goal : False.
assert (true = false); [| congruence]. rewrite <- left_one, <- right_one. apply same.""",
        alone="accepted",
    ),
    Unsound(
        "inline parameter that hides an unsafe hierarchy",
        "rocq#12155: Print Assumptions does not see it",
        """Abort.
Require Import Coq.Logic.Hurkens.
Module Type T. Parameter Inline bad : False. End T.
Module T1. Unset Universe Checking. Definition bad := PropNeqType.paradox eq_refl. Set Universe Checking. End T1.
Module T2 (F : T). Definition bad := F.bad. End T2.
Module T3 := T2 T1.
Theorem goal : False.
exact T3.bad.""",
        alone="accepted",
    ),
    Unsound(
        "functor applied without guard",
        "rocq#22366, of the kind of #16646",
        """Abort.
Module Type T. Parameter Inline t : nat -> False. End T.
Module F (S : T). Definition loop : nat -> False := S.t. End F.
Module X. Local Unset Guard Checking. Fixpoint t (n : nat) : False := t (S n). End X.
Unset Guard Checking.
Module M := F X.
Set Guard Checking.
Theorem goal : False.
exact (M.loop 0).""",
        alone="accepted",
    ),
    Unsound(
        "virtual machine shifts wrongly",
        "rocq#19402",
        """assert (H : eqb (addmuldiv 64 42 42) 0 = false) by (vm_compute; reflexivity).
assert (K : eqb (addmuldiv 64 42 42) 0 = true) by reflexivity.
congruence.""",
        statement=WITH_INTS,
    ),
    Unsound(
        "virtual machine shifts wrongly, by a cast",
        "rocq#19402",
        """pose proof (eq_refl false <: eqb (addmuldiv 64 42 42) 0 = false) as H.
assert (K : eqb (addmuldiv 64 42 42) 0 = true) by reflexivity.
congruence.""",
        statement=WITH_INTS,
    ),
)
UNCHECKED = (
    Unsound("vm_cast_no_check", "rocq#16891", "vm_cast_no_check I."),
    Unsound("native_cast_no_check", "rocq#16891", "native_cast_no_check I."),
    Unsound("exact_no_check", "reference manual, tactics", "exact_no_check I."),
    Unsound("change_no_check", "reference manual, tactics", "change_no_check True. exact I."),
    Unsound("cast of the virtual machine", "reference manual, <:", "exact (I <: False)."),
    Unsound("native cast", "reference manual, <<:", "exact (I <<: False)."),
    Unsound("native_compute", "reference manual: it runs a compiler", "native_compute. exact I.", EVEN_ONE),
    Unsound(
        "no guard by an attribute",
        "reference manual, typing flags",
        "Abort.\n#[bypass_check(guard)] Fixpoint f (n : nat) : False := f n.\nTheorem goal : False.\nexact (f 0).",
    ),
    Unsound(
        "guard checking off",
        "reference manual, typing flags",
        "Abort. Unset Guard Checking. Fixpoint f (n : nat) : False := f n. Theorem goal : False. exact (f 0).",
    ),
    Unsound(
        "positivity checking off",
        "reference manual, typing flags",
        """Abort. Unset Positivity Checking.
Inductive bad : Prop := mk : (bad -> False) -> bad.
Definition no (b : bad) : False := match b with mk f => f b end.
Theorem goal : False. exact (no (mk no)).""",
    ),
    Unsound(
        "universe checking off",
        "reference manual, typing flags",
        """Abort. Unset Universe Checking. Require Import Coq.Logic.Hurkens.
Theorem goal : False. exact (PropNeqType.paradox eq_refl).""",
    ),
    Unsound(
        "universe inconsistency",
        "Hurkens' paradox without a flag",
        """Abort. Require Import Coq.Logic.Hurkens. Theorem goal : False. exact (PropNeqType.paradox eq_refl).""",
    ),
    Unsound(
        "flag forgotten by a lemma on the side",
        "rocq#20550",
        """Abort. Require Import Coq.Logic.Hurkens. Unset Universe Checking.
#[bypass_check(universes=no)]
Lemma small : ltac:(let t := type of TypeNeqSmallType.paradox in exact (t -> False)).
abstract (intros h; eapply h; reflexivity). Qed.
Set Universe Checking.
Theorem goal : False. exact (small TypeNeqSmallType.paradox).""",
        alone="accepted",
    ),
)
