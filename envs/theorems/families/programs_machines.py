"""Programs: machines that read a list of numbers."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Arith Lia.\nOpen Scope list_scope."
_RUN = """
    Fixpoint <run> (state : nat) (input : list nat) : nat :=
      match input with nil => state | x :: rest => <run> (<a> * state + <b> * x + <c>) rest end.
"""
_APP = """
    Fixpoint <app> (xs ys : list nat) : list nat := match xs with nil => ys | x :: rest => x :: <app> rest ys end.
"""
_REV = """
    Fixpoint <rev> (xs : list nat) : list nat :=
      match xs with nil => nil | x :: rest => <app> (<rev> rest) (x :: nil) end.
"""
_POW = "Fixpoint <pow> (xs : list nat) : nat := match xs with nil => 1 | _ :: rest => <a> * <pow> rest end."
_RUN_APP = """
    assert (run_app : forall xs ys s, <run> s (<app> xs ys) = <run> (<run> s xs) ys).
    { induction xs as [| x xs IH]; intros ys s; cbn [<app> <run>]; [reflexivity |]. apply IH. }
"""
_STEP = {"a": (2, 20), "b": (2, 20), "c": (1, 60)}
_READS = r"A machine that goes from state $s$ to $<a>s + <b>x + <c>$ when it reads $x$: "

MACHINES = family(
    "state-machines",
    "programs",
    "Machines that read a list of numbers: composition, dependence on the start, reversed input, lockstep.",
    (
        (
            Pattern(
                steps(_LIA, _RUN),
                "forall (x s : nat) (rest : list nat), <run> s (x :: <k> :: rest) = <run> (<aa> * s + <ab> * x + <r>) rest",
                _READS + r"two steps at once, the second reading $<k>$.",
                "intros x s rest. cbn [<run>]. f_equal. lia.",
                "run",
                _STEP | {"k": (1, 30)},
                lambda _, v: {
                    "aa": v["a"] ** 2,
                    "ab": v["a"] * v["b"],
                    "r": v["a"] * v["c"] + v["b"] * v["k"] + v["c"],
                },
            ),
        ),
        (
            Pattern(
                steps(_LIA, _RUN, _APP),
                "forall (xs ys : list nat) (s : nat), <run> s (<app> xs (<k> :: ys)) = <run> (<a> * <run> s xs + <r>) ys",
                _READS + r"reading one list, $<k>$ and another list.",
                """
                induction xs as [| x xs IH]; intros ys s; cbn [<app> <run>].
                - f_equal. lia.
                - apply IH.
                """,
                "run app",
                _STEP | {"k": (1, 30)},
                lambda _, v: {"r": v["b"] * v["k"] + v["c"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _RUN, _POW),
                "forall (xs : list nat) (s t : nat), <run> (<d> * s + t + <e>) xs = "
                "<run> t xs + <d> * (s * <pow> xs) + <e> * <pow> xs",
                _READS + r"the final state depends linearly on the first one, by the factor $<a>^n$ for $n$ inputs.",
                """
                assert (more : forall xs s t, <run> (s + t) xs = <run> t xs + s * <pow> xs).
                { induction xs as [| x xs IH]; intros s t; cbn [<run> <pow>].
                  - lia.
                  - replace (<a> * (s + t) + <b> * x + <c>) with (<a> * s + (<a> * t + <b> * x + <c>)) by lia.
                    rewrite IH. lia. }
                intros xs s t. replace (<d> * s + t + <e>) with (<d> * s + <e> + t) by lia.
                rewrite more. lia.
                """,
                "run pow",
                _STEP | {"d": (2, 20), "e": (1, 20)},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _RUN,
                    _APP,
                    "Fixpoint <other> (state : nat) (input : list nat) : nat :=\n"
                    "  match input with nil => state | x :: rest => <other> (<d> * state + x) rest end.",
                    "Fixpoint <both> (s t : nat) (input : list nat) : nat :=\n"
                    "  match input with\n  | nil => <e> * s + t\n"
                    "  | x :: rest => <both> (<a> * s + <b> * x + <c>) (<d> * t + x) rest\n  end.",
                ),
                "forall (xs ys : list nat) (s t : nat),\n"
                "  <both> s t (<app> xs ys) = <e> * <run> (<run> s xs) ys + <other> (<other> t xs) ys",
                _READS
                + r"in lockstep with another one, $t \mapsto <d>t + x$, and with $<e>s + t$ at the end, over two "
                r"inputs one after another.",
                steps(
                    _RUN_APP,
                    """
                    assert (other_app : forall xs ys t, <other> t (<app> xs ys) = <other> (<other> t xs) ys).
                    { induction xs as [| x xs IH]; intros ys t; cbn [<app> <other>]; [reflexivity |]. apply IH. }
                    assert (lockstep : forall xs s t, <both> s t xs = <e> * <run> s xs + <other> t xs).
                    { induction xs as [| x xs IH]; intros s t; cbn [<both> <run> <other>].
                      - reflexivity.
                      - apply IH. }
                    intros xs ys s t. rewrite lockstep, run_app, other_app. reflexivity.
                    """,
                ),
                "run app other both",
                _STEP | {"d": (2, 20), "e": (2, 20)},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _RUN,
                    _APP,
                    _REV,
                    _POW,
                    "Fixpoint <value> (xs : list nat) : nat :=\n"
                    "  match xs with nil => 0 | x :: rest => <b> * x + <c> + <a> * <value> rest end.",
                ),
                "forall (xs ys : list nat) (s : nat),\n"
                "  <run> (<d> * s) (<rev> (<app> xs ys)) = <d> * (s * <pow> ys * <pow> xs) + <value> xs + <value> ys * <pow> xs\n"
                "  /\\ <run> s (<rev> (<rev> xs)) = <run> s xs",
                _READS + r"on reversed input it computes the value of the input as digits in base $<a>$.",
                steps(
                    _RUN_APP,
                    """
                    assert (reads : forall xs s, <run> s (<rev> xs) = s * <pow> xs + <value> xs).
                    { induction xs as [| x xs IH]; intros s.
                      - cbn [<rev> <run> <pow> <value>].
                        lia.
                      - cbn [<rev>].
                        rewrite run_app.
                        rewrite IH.
                        cbn [<run> <pow> <value>].
                        lia. }
                    assert (pow_app : forall xs ys, <pow> (<app> xs ys) = <pow> xs * <pow> ys).
                    { induction xs as [| x xs IH]; intros ys.
                      - cbn [<app> <pow>].
                        lia.
                      - cbn [<app> <pow>].
                        rewrite IH.
                        lia. }
                    assert (value_app : forall xs ys, <value> (<app> xs ys) = <value> xs + <value> ys * <pow> xs).
                    { induction xs as [| x xs IH]; intros ys.
                      - cbn [<app> <value> <pow>].
                        lia.
                      - cbn [<app> <value> <pow>].
                        rewrite IH.
                        lia. }
                    assert (assoc : forall xs ys zs, <app> xs (<app> ys zs) = <app> (<app> xs ys) zs).
                    { induction xs as [| x xs IH]; intros ys zs; cbn [<app>]; [reflexivity |].
                      rewrite IH.
                      reflexivity. }
                    assert (rev_last : forall xs x, <rev> (<app> xs (x :: nil)) = x :: <rev> xs).
                    { induction xs as [| y xs IH]; intros x.
                      - reflexivity.
                      - cbn [<app> <rev>].
                        rewrite IH.
                        reflexivity. }
                    assert (twice : forall xs, <rev> (<rev> xs) = xs).
                    { induction xs as [| x xs IH].
                      - reflexivity.
                      - cbn [<rev>].
                        rewrite rev_last.
                        rewrite IH.
                        reflexivity. }
                    intros xs ys s.
                    split.
                    - rewrite reads.
                      rewrite pow_app.
                      rewrite value_app.
                      lia.
                    - rewrite twice.
                      reflexivity.
                    """,
                ),
                "run app rev pow value",
                _STEP | {"d": (2, 20)},
            ),
        ),
    ),
)
