"""Submissions that prove nothing and want to be paid, each with where the idea is published."""

from __future__ import annotations

from unsound_kernel_proofs import EVEN_ONE, KERNEL, LARGE, NOTATED, SHADOWED, UNCHECKED, WITH_LIA, Unsound

from selftrain.envs.theorems.theorem import Statement

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
