"""Lists: append and reverse, maps and sums."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from selftrain.envs.math.wording import between
from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Lia.\nOpen Scope list_scope."
_PLAIN = "Open Scope list_scope."
_APP = """
    Fixpoint <app> (xs ys : list nat) : list nat := match xs with nil => ys | x :: rest => x :: <app> rest ys end.
"""
_TURN = """
    Fixpoint <turn> (xs : list nat) : list nat :=
      match xs with nil => nil | x :: rest => <app> (<turn> rest) (<a> * x + <b> :: nil) end.
"""
_APP_LAWS = """
    assert (app_nil : forall xs, <app> xs nil = xs).
    { induction xs as [| x xs IH]; cbn [<app>]; [reflexivity |]. rewrite IH. reflexivity. }
    assert (app_assoc : forall xs ys zs, <app> xs (<app> ys zs) = <app> (<app> xs ys) zs).
    { induction xs as [| x xs IH]; intros ys zs; cbn [<app>]; [reflexivity |]. rewrite IH. reflexivity. }
"""
_TURN_LAW = """
    assert (turn_app : forall xs ys, <turn> (<app> xs ys) = <app> (<turn> ys) (<turn> xs)).
    { induction xs as [| x xs IH]; intros ys; cbn [<app> <turn>].
      - rewrite app_nil. reflexivity.
      - rewrite IH, app_assoc. reflexivity. }
"""


def _literals(rng: np.random.Generator, _: Mapping[str, int]) -> Mapping[str, object]:
    """Two literal lists and their concatenation."""
    left, right = ([between(rng, 0, 99) for _ in range(between(rng, 3, 4))] for _ in range(2))
    texts = {"left": left, "right": right, "both": left + right}
    return {name: " :: ".join([*map(str, numbers), "nil"]) for name, numbers in texts.items()} | {
        "ys": " :: ".join([*map(str, left), "ys"])
    }


REVERSAL = family(
    "append-and-reverse",
    "lists",
    "Laws of appending and of reversing, also by a loop.",
    (
        (
            Pattern(
                steps(_PLAIN, _APP),
                "forall xs ys : list nat, <app> (<app> xs (<left>)) ys = <app> xs (<ys>)",
                "Appending a literal list and then another list is appending both at once.",
                "intros xs ys. induction xs as [| x xs IH].\n- reflexivity.\n- cbn [<app>]. rewrite IH. reflexivity.",
                "app",
                {},
                _literals,
            ),
        ),
        (
            Pattern(
                steps(_PLAIN, _APP),
                "forall xs ys zs : list nat,\n"
                "  <app> xs (<app> (<left>) (<app> ys (<app> (<right>) zs)))\n"
                "  = <app> (<app> (<app> xs (<left>)) ys) (<app> (<right>) zs)",
                "Five lists, two of them literal, may be appended with other brackets.",
                steps(_APP_LAWS, "intros xs ys zs. rewrite <- !app_assoc. reflexivity."),
                "app",
                {},
                _literals,
            ),
        ),
        (
            Pattern(
                steps(_PLAIN, _APP, _TURN),
                "forall xs ys : list nat, <turn> (<app> xs (<c> :: ys)) = <app> (<turn> ys) (<d> :: <turn> xs)",
                r"The function that reverses and maps by $x \mapsto <a>x + <b>$ turns an appended list around.",
                steps(
                    _APP_LAWS,
                    _TURN_LAW,
                    """
                    intros xs ys. rewrite turn_app. cbn [<turn>]. rewrite <- app_assoc. reflexivity.
                    """,
                ),
                "app turn",
                {"a": (2, 15), "b": (1, 60), "c": (1, 30)},
                lambda _, v: {"d": v["a"] * v["c"] + v["b"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _APP,
                    _TURN,
                    "Fixpoint <each> (xs : list nat) : list nat :=\n"
                    "  match xs with nil => nil | x :: rest => <aa> * x + <bb> :: <each> rest end.",
                ),
                "forall xs ys : list nat, <turn> (<turn> (<app> xs ys)) = <app> (<each> xs) (<each> ys)",
                r"Reversing twice, each time with $x \mapsto <a>x + <b>$, is mapping by $x \mapsto <aa>x + <bb>$.",
                steps(
                    _APP_LAWS,
                    _TURN_LAW,
                    """
                    assert (twice : forall xs, <turn> (<turn> xs) = <each> xs).
                    { induction xs as [| x xs IH].
                      - reflexivity.
                      - cbn [<turn> <each>]. rewrite turn_app, IH. cbn [<turn> <app>]. f_equal. lia. }
                    intros xs ys. rewrite !turn_app, !twice. reflexivity.
                    """,
                ),
                "app turn each",
                {"a": (2, 15), "b": (1, 60)},
                lambda _, v: {"aa": v["a"] ** 2, "bb": v["a"] * v["b"] + v["b"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _APP,
                    "Fixpoint <each> (xs : list nat) : list nat :=\n"
                    "  match xs with nil => nil | x :: rest => <aa> * x + <bb> :: <each> rest end.",
                    "Fixpoint <loop> (xs done : list nat) : list nat :=\n"
                    "  match xs with nil => done | x :: rest => <loop> rest (<a> * x + <b> :: done) end.",
                    "Fixpoint <sum> (xs : list nat) : nat := match xs with nil => <c> | x :: rest => x + <sum> rest end.",
                ),
                "forall xs ys : list nat,\n"
                "  <loop> (<loop> (<app> xs ys) nil) nil = <app> (<each> xs) (<each> ys)\n"
                "  /\\ <sum> (<loop> xs ys) + <c> = <sum> ys + <sum> (<loop> xs nil)",
                r"The loop that reverses with $x \mapsto <a>x + <b>$, run twice, maps by $x \mapsto <aa>x + <bb>$; "
                r"and its sums (from $<c>$ on) add up over what has already been done.",
                steps(
                    _APP_LAWS,
                    """
                    assert (loop_app : forall xs ys done, <loop> (<app> xs ys) done = <loop> ys (<loop> xs done)).
                    { induction xs as [| x xs IH]; intros ys done.
                      - reflexivity.
                      - cbn [<app> <loop>].
                        apply IH. }
                    assert (split : forall xs done, <loop> xs done = <app> (<loop> xs nil) done).
                    { induction xs as [| x xs IH]; intros done.
                      - reflexivity.
                      - cbn [<loop>].
                        rewrite IH.
                        rewrite (IH (_ :: nil)).
                        rewrite <- app_assoc.
                        reflexivity. }
                    assert (undone : forall xs done, <loop> (<loop> xs done) nil = <app> (<loop> done nil) (<each> xs)).
                    { induction xs as [| x xs IH]; intros done.
                      - cbn [<loop> <each>].
                        rewrite app_nil.
                        reflexivity.
                      - cbn [<loop> <each>].
                        rewrite IH.
                        cbn [<loop>].
                        rewrite split.
                        rewrite <- app_assoc.
                        cbn [<app>].
                        f_equal.
                        f_equal.
                        lia. }
                    assert (each_app : forall xs ys, <each> (<app> xs ys) = <app> (<each> xs) (<each> ys)).
                    { induction xs as [| x xs IH]; intros ys.
                      - reflexivity.
                      - cbn [<app> <each>].
                        rewrite IH.
                        reflexivity. }
                    assert (sum_app : forall xs ys, <sum> (<app> xs ys) + <c> = <sum> xs + <sum> ys).
                    { induction xs as [| x xs IH]; intros ys.
                      - cbn [<app> <sum>].
                        lia.
                      - cbn [<app> <sum>].
                        specialize (IH ys).
                        lia. }
                    intros xs ys.
                    split.
                    - rewrite undone.
                      cbn [<loop> <app>].
                      apply each_app.
                    - rewrite (split xs ys).
                      specialize (sum_app (<loop> xs nil) ys).
                      lia.
                    """,
                ),
                "app each loop sum",
                {"a": (2, 15), "b": (1, 60), "c": (1, 60)},
                lambda _, v: {"aa": v["a"] ** 2, "bb": v["a"] * v["b"] + v["b"]},
            ),
        ),
    ),
)

_EACH = """
    Fixpoint <each> (xs : list nat) : list nat :=
      match xs with nil => nil | x :: rest => <a> * x + <b> :: <each> rest end.
"""
_SUM = "Fixpoint <sum> (xs : list nat) : nat := match xs with nil => <c> | x :: rest => <d> * x + <sum> rest end."
_LONG = "Fixpoint <long> (xs : list nat) : nat := match xs with nil => 0 | _ :: rest => S (<long> rest) end."
_EVAL = "Fixpoint <value> (p : list nat) (x : nat) : nat := match p with nil => 0 | c :: rest => c + x * <value> rest x end."
_PLUS = """
    Fixpoint <plus> (p q : list nat) : list nat :=
      match p, q with
      | nil, _ => q
      | _, nil => p
      | c :: p', d :: q' => c + d :: <plus> p' q'
      end.
"""
_SCALE = (
    "Fixpoint <scale> (k : nat) (p : list nat) : list nat :=\n"
    "  match p with nil => nil | c :: rest => k * c :: <scale> k rest end."
)

MAPS = family(
    "maps-and-sums",
    "lists",
    "Mapped lists, sums, folds and polynomials as lists of coefficients.",
    (
        (
            Pattern(
                steps(_LIA, _EACH, _SUM),
                "forall (x y : nat) (xs : list nat), <sum> (<each> (x :: y :: xs)) = "
                "<da> * (y + x) + <sum> (<each> xs) + <db>",
                r"Mapping by $x \mapsto <a>x + <b>$ and summing $<d>$ times the elements, two elements at once.",
                "intros x y xs. cbn [<each> <sum>]. lia.",
                "each sum",
                {"a": (2, 20), "b": (1, 30), "c": (1, 60), "d": (2, 12)},
                lambda _, v: {"da": v["d"] * v["a"], "db": 2 * v["d"] * v["b"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _EACH, _SUM, _LONG),
                "forall xs : list nat, <sum> (<each> xs) + <ac> = <a> * <sum> xs + <db> * <long> xs",
                r"The sum of a list mapped by $x \mapsto <a>x + <b>$ is linear in its sum and its length.",
                "induction xs as [| x xs IH].\n- reflexivity.\n- cbn [<each> <sum> <long>]. lia.",
                "each sum long",
                {"a": (2, 20), "b": (1, 30), "c": (1, 60), "d": (2, 12)},
                lambda _, v: {"db": v["d"] * v["b"], "ac": (v["a"] - 1) * v["c"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _EACH,
                    _SUM,
                    _LONG,
                    "Fixpoint <loop> (xs : list nat) (total : nat) : nat :=\n"
                    "  match xs with nil => total | x :: rest => <loop> rest (total + <d> * x) end.",
                ),
                "forall xs : list nat, <loop> (<each> xs) <c> + <ac> = <a> * <loop> xs <c> + <db> * <long> xs",
                r"A loop sums $<d>x$ from $<c>$ on; over a list mapped by $x \mapsto <a>x + <b>$ it gives $<a>$ times as "
                r"much, plus $<db>$ for each element, less $<ac>$.",
                """
                assert (move : forall xs total, <loop> xs total = total + <loop> xs 0).
                { induction xs as [| x xs IH]; intros total; cbn [<loop>].
                  - lia.
                  - rewrite (IH (total + _)), (IH (0 + _)). lia. }
                induction xs as [| x xs IH].
                - reflexivity.
                - rewrite (move _ <c>) in IH. rewrite (move xs <c>) in IH.
                  cbn [<each> <loop> <long>].
                  rewrite (move (<each> xs)), (move xs). lia.
                """,
                "each sum long loop",
                {"a": (2, 20), "b": (1, 30), "c": (1, 30), "d": (2, 12)},
                lambda _, v: {"db": v["d"] * v["b"], "ac": (v["a"] - 1) * v["c"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _EVAL, _PLUS, _SCALE),
                "forall (p q : list nat) (x : nat),\n"
                "  <value> (<plus> (<scale> <a> p) (<b> :: <scale> <c> q)) x = "
                "<c> * (x * <value> q x) + <a> * <value> p x + <b>",
                r"Adding polynomials as lists of coefficients: $<a>p + (<b> + <c>Xq)$ has at $x$ the value it should have.",
                """
                assert (plus : forall p q x, <value> (<plus> p q) x = <value> p x + <value> q x).
                { induction p as [| c p IH]; intros [| d q] x; cbn [<plus> <value>]; try lia.
                  rewrite IH. lia. }
                assert (scale : forall k p x, <value> (<scale> k p) x = k * <value> p x).
                { intros k. induction p as [| c p IH]; intros x; cbn [<scale> <value>]; try lia.
                  rewrite IH. lia. }
                intros p q x. rewrite plus, scale. cbn [<value>]. rewrite scale. lia.
                """,
                "value plus scale",
                {"a": (2, 30), "b": (1, 60), "c": (2, 30)},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _EVAL,
                    _PLUS,
                    _SCALE,
                    "Fixpoint <times> (p q : list nat) : list nat :=\n"
                    "  match p with nil => nil | c :: rest => <plus> (<scale> c q) (0 :: <times> rest q) end.",
                    "Fixpoint <pow> (p : list nat) (n : nat) : list nat :=\n"
                    "  match n with 0 => <a> :: nil | S m => <times> p (<pow> p m) end.",
                    "Fixpoint <exp> (x n : nat) : nat := match n with 0 => 1 | S m => x * <exp> x m end.",
                ),
                "forall (p q : list nat) (n x : nat),\n"
                "  <value> (<times> (<b> :: p) (<pow> (<times> p q) n)) x\n"
                "  = <a> * (<b> + x * <value> p x) * (<exp> (<value> q x) n * <exp> (<value> p x) n)",
                r"Multiplying polynomials as lists of coefficients: $(<b> + Xp) \cdot <a>(pq)^n$ has at $x$ the value that "
                r"it should have.",
                """
                assert (plus : forall p q x, <value> (<plus> p q) x = <value> p x + <value> q x).
                { induction p as [| c p IH]; intros q x.
                  - reflexivity.
                  - destruct q as [| d q].
                    + cbn [<plus> <value>].
                      lia.
                    + cbn [<plus> <value>].
                      rewrite IH.
                      lia. }
                assert (scale : forall k p x, <value> (<scale> k p) x = k * <value> p x).
                { intros k.
                  induction p as [| c p IH]; intros x.
                  - cbn [<scale> <value>].
                    lia.
                  - cbn [<scale> <value>].
                    rewrite IH.
                    lia. }
                assert (times : forall p q x, <value> (<times> p q) x = <value> p x * <value> q x).
                { induction p as [| c p IH]; intros q x.
                  - reflexivity.
                  - cbn [<times>].
                    rewrite plus.
                    rewrite scale.
                    cbn [<value>].
                    rewrite IH.
                    lia. }
                assert (power : forall p n x, <value> (<pow> p n) x = <a> * <exp> (<value> p x) n).
                { intros p.
                  induction n as [| n IH]; intros x.
                  - cbn [<pow> <value> <exp>].
                    lia.
                  - cbn [<pow> <exp>].
                    rewrite times.
                    rewrite IH.
                    lia. }
                assert (product : forall x y n, <exp> (x * y) n = <exp> x n * <exp> y n).
                { intros x y.
                  induction n as [| n IH].
                  - reflexivity.
                  - cbn [<exp>].
                    rewrite IH.
                    lia. }
                intros p q n x.
                rewrite times.
                rewrite power.
                rewrite times.
                rewrite product.
                cbn [<value>].
                lia.
                """,
                "value plus scale times pow exp",
                {"a": (2, 30), "b": (1, 60)},
            ),
        ),
    ),
)
