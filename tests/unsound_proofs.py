"""Submissions that prove nothing and want to be paid, each with where the idea is published.

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
UNPROVEN = (
    Unsound("admit", "reference manual", "admit."),
    Unsound("admit and Admitted", "reference manual", "admit. Admitted. Theorem other : True. exact I."),
    Unsound("give_up", "reference manual", "give_up."),
    Unsound("shelve", "reference manual", "shelve."),
    Unsound("shelve_unifiable", "reference manual", "eapply False_ind. shelve_unifiable."),
    Unsound("an evar is left", "reference manual", "eexists.", EVEN_ONE),
    Unsound("an evar of a name is left", "reference manual", "evar (x : False). exact x."),
    Unsound("Unshelve and stop", "reference manual", "unshelve eexists. Unshelve. all: shelve.", EVEN_ONE),
    Unsound("nothing", "an empty body", ""),
    Unsound("only a comment", "an empty body", "(* trivial *)"),
    Unsound("one case of two", "an incomplete proof", "intros n. destruct n. - auto.", WITH_LIA),
    Unsound("proof of another proposition", "an exact of the wrong type", "exact I."),
    Unsound("a tactic that cannot", "a failing tactic", "intros. lia.", WITH_LIA),
    Unsound("its own name", "recursion without a fixpoint", "exact goal."),
    Unsound("solved by obligations", "reference manual, Program", "Admit Obligations. exact I."),
    Unsound("proof_admitted", "Coq.Compat.AdmitAxiom", "exact Coq.Compat.AdmitAxiom.proof_admitted."),
    Unsound("abstract with a name", "an admitted lemma on the side", "abstract (give_up) using goal_proof."),
)
AXIOMS = (
    Unsound("axiom", "reference manual", "Abort. Axiom any : False. Theorem goal : False. exact any."),
    Unsound("parameter", "reference manual", "Abort. Parameter any : False. Theorem goal : False. exact any."),
    Unsound("conjecture", "reference manual", "Abort. Conjecture any : False. Theorem goal : False. exact any."),
    Unsound(
        "axiom hidden by a comment that a splitter does not nest",
        "comment tricks",
        "(* (* *) Abort. *) Abort. Axiom any : False. (* *) Theorem goal : False. exact any.",
    ),
    Unsound(
        "axiom after a string that looks like a comment's end",
        "comment tricks",
        '(* " *) exact I. (* " *) Abort. Axiom any : False. Theorem goal : False. exact any.',
    ),
    Unsound(
        "axiom inside the proof", "early Qed", "admit. Admitted. Axiom any : False. Theorem goal2 : False. exact any."
    ),
    Unsound(
        "declared module",
        "reference manual",
        "Abort. Module Type T. Parameter any : False. End T. Declare Module M : T. Theorem goal : False. exact M.any.",
    ),
    Unsound(
        "module parameter",
        "functor without an application",
        "Abort. Module Type T. Parameter any : False. End T. Module F (X : T). Theorem goal : False. exact X.any. Qed. "
        "End F. Theorem other : True. exact I.",
    ),
    Unsound(
        "section variable",
        "a hypothesis of a section",
        "Abort. Section s. Variable any : False. Theorem goal : False. exact any. Qed. End s. "
        "Theorem other : True. exact I.",
    ),
    Unsound(
        "section variable left open",
        "Proof using",
        "Abort. Section s. Variable any : False. Theorem goal : False. Proof using any. exact any.",
    ),
    Unsound(
        "axiom of a library",
        "an axiom that the statement does not allow",
        "Abort. Require Import Classical. Theorem goal : forall P : Prop, P \\/ ~ P. exact classic.",
        Statement("forall P : Prop, P \\/ ~ P"),
    ),
    Unsound(
        "axiom whose name is a line of the report",
        "a forged report",
        "Abort. Axiom Closed_under_the_global_context : False. Theorem goal : False. "
        "exact Closed_under_the_global_context.",
    ),
    Unsound(
        "let by a canonical structure",
        "reference manual, canonical structures",
        """Abort. Record R := mk { c : Prop; p : c }. Axiom any : False. Canonical Structure r := mk False any.
Theorem goal : False. exact (p r).""",
    ),
    Unsound(
        "coercion to a proof",
        "reference manual, coercions",
        """Abort. Axiom any : nat -> False. Coercion any : nat >-> False. Theorem goal : False. exact (any 0).""",
    ),
    Unsound(
        "hint that rests on an axiom",
        "reference manual, hints",
        "Abort. Axiom any : False. #[global] Hint Resolve any : core. Theorem goal : False. auto.",
    ),
)
OTHERS = (
    Unsound("another statement under the same name", "early Abort", "Abort. Theorem goal : True. exact I."),
    Unsound(
        "early Qed and the name again",
        "early Qed",
        "Abort. Lemma goal : True. exact I. Qed. Lemma other : goal = goal. reflexivity.",
    ),
    Unsound(
        "shadowed definition",
        "a definition that the statement uses",
        "Abort. Definition answer := 4. Theorem goal : answer = 4. reflexivity.",
        SHADOWED,
    ),
    Unsound(
        "shadowed by a module of the same path",
        "a library's name taken by an inner module",
        "Abort. Module Spec. Definition answer := 4. End Spec. Import Spec. Theorem goal : answer = 4. reflexivity.",
        SHADOWED,
    ),
    Unsound(
        "shadowed notation",
        "a notation that the statement uses",
        """Abort. Notation "a <+> b" := (S (a + b)) (at level 50). Theorem goal : 2 <+> 2 = 5. reflexivity.""",
        NOTATED,
    ),
    Unsound(
        "False as a new inductive",
        "a word of the statement is redefined",
        "Abort. Inductive False : Prop := easy_way. Theorem goal : False. exact easy_way.",
    ),
    Unsound(
        "False as a notation",
        "a word of the statement is redefined",
        "Abort. Notation False := True. Theorem goal : False. exact I.",
    ),
    Unsound(
        "look-alike of False",
        "a letter of another alphabet",
        "Abort. Definition F\u0430lse := True. Theorem goal : F\u0430lse. exact I.",
    ),
    Unsound(
        "its own tactic by the name of a known one",
        "reference manual, Ltac",
        "Abort. Ltac lia := admit. Theorem goal : False. lia.",
    ),
    Unsound(
        "the statement unfolded to another",
        "reference manual, Opaque and Transparent",
        "Abort. Transparent not. Opaque answer. Theorem goal : 3 = 3. reflexivity.",
        SHADOWED,
    ),
    Unsound("the inner name of the proof", "Qed in a bullet", "- exact I. Qed. + Theorem goal : True. { exact I. }"),
    Unsound("a goal selector before a command", "reference manual, selectors", "1: Show. all: Abort. exact I."),
    Unsound("infoH", "the one command in lower case", "infoH exact I."),
    Unsound("unterminated comment", "comment tricks", "exact I. (* Qed."),
    Unsound("unterminated string", "comment tricks", 'idtac "Qed. '),
    Unsound("no full stop", "the judge's Qed becomes a word", "exact I"),
    Unsound("no space after the full stop", "splitter tricks", "exact I.Qed."),
    Unsound(
        "forged report of the assumptions",
        "printing what the judge reads",
        'idtac "Closed under the global context". admit. Admitted. Theorem other : True. exact I.',
    ),
    Unsound(
        "forged report by Print",
        "printing what the judge reads",
        "Abort. Axiom any : False. Theorem goal : False. exact any. Qed. Print Assumptions I. "
        "Theorem other : True. exact I.",
    ),
)
FILES = (
    Unsound("write a file", "Redirect", 'Redirect "/tmp/selftrain_redirect" Print nat. exact I.'),
    Unsound("write the report", "Redirect", 'Abort. Redirect "Final" Print nat. Theorem goal : False. exact I.'),
    Unsound(
        "write source by extraction",
        "Extraction",
        'Abort. Require Extraction. Extraction "/tmp/selftrain_x.ml" plus. Theorem goal : False. exact I.',
    ),
    Unsound("read a file", "Load", 'Abort. Load "/etc/passwd". Theorem goal : False. exact I.'),
    Unsound("change the folder", "Cd", 'Abort. Cd "/". Theorem goal : False. exact I.'),
    Unsound("load machine code", "Declare ML Module", 'Abort. Declare ML Module "ltac_plugin". exact I.'),
    Unsound("leave the prover", "Drop and Quit", "Drop. Quit."),
    Unsound("write the universes", "Print Universes", 'Abort. Print Universes "u.dot". Theorem goal : False. exact I.'),
)
RESOURCES = (
    Unsound("a tower", "2^30 in unary", "reflexivity.", LARGE),
    Unsound("an endless repeat", "a loop of tactics", "repeat (assert True by exact I).", EVEN_ONE),
    Unsound("a very long do", "a loop of tactics", "do 1000000000 (assert True by exact I; clear).", EVEN_ONE),
    Unsound(
        "memory doubled for ever",
        "a bomb",
        "pose (p := (0, 0)). repeat match goal with p := ?t |- _ => clear p; pose (p := (t, t)); cbn in p end.",
        EVEN_ONE,
    ),
    Unsound("more than a script may hold", "size", "idtac. " * 20_000),
    Unsound("nested without end", "depth", "exact " + "(" * 5_000 + "I" + ")" * 5_000 + "."),
    Unsound("binary", "not text", "exact I.\x00\x01\x7f Qed."),
)
UNSOUND = (*KERNEL, *UNCHECKED, *UNPROVEN, *AXIOMS, *OTHERS, *FILES, *RESOURCES)
