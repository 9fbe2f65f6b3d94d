"""The words of Coq scripts that `coq_screen` knows: tactics that may open a sentence, and words that stand nowhere."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Tactics and tactic combinators that may open a sentence.
TACTICS = frozenset(
    _words("""
    absurd apply assert assert_fails assert_succeeds assumption auto autoapply autorewrite autounfold
    bapply bool_cst
    case case_eq casetype cbn cbv change clear clearbody compare compute congruence constr_eq constructor contradict
    contradiction cut cycle
    decide decompose dependent destauto destruct destruct_all destruct_with_eqn dfs dintuition discriminate do dtauto
    eapply eassert eassumption easy eauto ecase econstructor edestruct ediscriminate eelim eenough eexact eexists
    einduction einjection eintros eleft elim elimtype enough epose eremember erewrite eright eset esimplify_eq esplit
    etransitivity evar exact exactly_once exfalso exists
    f_equal f_equiv fail false_hyp field field_simplify field_simplify_eq find_equiv first firstorder fold
    functional
    generalize generalize_eqs generalize_eqs_vars gfail gintuition
    has_evar hnf
    idtac induction injection instantiate intro intros intuition inversion inversion_clear inversion_sigma is_evar
    is_ground is_var
    lapply lazy lazymatch left let lia linear_solver lra
    match move multimatch
    nia not_evar notypeclasses now now_show nra nsatz
    once only
    pattern pose progress psatz
    rapply red refine reflexivity remember rename repeat replace revert revgoals rewrite rewrite_all rewrite_strat
    right ring ring_simplify
    set setoid_etransitivity setoid_reflexivity setoid_replace setoid_rewrite setoid_symmetry
    setoid_transitivity simpl simple simplify_eq solve
    solve_constraints specialize specialize_eqs split split_Rabs split_Rmult stepl stepr subst substitute swap
    symmetry
    tauto transitivity trivial try tryif typeclasses
    unfold unify unshelve
    zify
    Nat.nzsimpl Nat.order N.nzsimpl N.order Z.nzsimpl Z.order
    Z.div_mod_to_equations Z.quot_rem_to_equations Z.to_euclidean_division_equations
    """)
)

_RECURSION = "recursion comes from induction, for this kernel's check of fixpoints is known to be unsound"
_UNCHECKED = "it trusts what the kernel must check"
_UNPROVEN = "it leaves the goal unproven"
_COMMAND = "it is a command, and a script holds tactics only"
_AROUND = "write the tactics only, what stands around them is put there"
_UNIVERSE = "its conversion has rules of its own"
_SIDE = "it makes lemmas on the side"
_QUOTED = "tactics are not quoted inside terms"
_TIMED = "whether it passes would depend on the clock"

# Words that stand nowhere in a script, with why.
FORBIDDEN: dict[str, str] = {
    **dict.fromkeys(("fix", "cofix", "struct", "Fixpoint", "CoFixpoint", "Function", "Program"), _RECURSION),
    **dict.fromkeys(("vm_compute", "native_compute"), "compute, cbv and lazy do the same with the kernel's own rules"),
    **dict.fromkeys(("admit", "give_up", "shelve", "shelve_unifiable", "proof_admitted"), _UNPROVEN),
    **dict.fromkeys(("abstract", "transparent_abstract"), _SIDE),
    **dict.fromkeys(("ltac", "ltac1", "ltac2", "Ltac", "Ltac2"), _QUOTED),
    **dict.fromkeys(("timeout", "time_constr", "restart_timer", "finish_timing", "optimize_heap"), _TIMED),
    **dict.fromkeys(("with_strategy",), "it changes what the prover unfolds"),
    **dict.fromkeys(("SProp",), _UNIVERSE),
    **dict.fromkeys(("Proof", "Qed", "Defined", "Save", "Lemma", "Theorem", "Goal"), _AROUND),
    **dict.fromkeys(("Admitted", "Admit", "Abort"), _UNPROVEN),
    **dict.fromkeys(
        _words("""Axiom Axioms Parameter Parameters Conjecture Hypotheses Module Section Require Import Export Include
        Load
        Declare Redirect Extraction Drop Cd Notation Unset Universe Constraint Register Primitive Opaque Transparent
        Canonical Coercion Hint Instance Obligation Obligations Unshelve infoH"""),
        _COMMAND,
    ),
}
UNCHECKED_ENDING, UNCHECKED_WHY = "_no_check", _UNCHECKED
COMMAND_WHY = _COMMAND
