"""Lists and trees: lengths of what is built from lists, and walks through trees."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Lia.\nOpen Scope list_scope."
_LONG = "Fixpoint <long> (xs : list nat) : nat := match xs with nil => <c> | _ :: rest => <d> + <long> rest end."
_ALL = """
    Definition <lists> := list (list nat).

    Fixpoint <join> (u v : <lists>) : <lists> := match u with nil => v | x :: rest => x :: <join> rest v end.

    Fixpoint <put> (x : nat) (u : <lists>) : <lists> :=
      match u with nil => nil | ys :: rest => (<a> * x + <b> :: ys) :: <put> x rest end.

    Fixpoint <subs> (xs : list nat) : <lists> :=
      match xs with nil => nil :: nil | x :: rest => <join> (<subs> rest) (<put> x (<subs> rest)) end.

    Fixpoint <many> (u : <lists>) : nat := match u with nil => 0 | _ :: rest => S (<many> rest) end.

    Fixpoint <two> (xs : list nat) : nat := match xs with nil => 1 | _ :: rest => 2 * <two> rest end.
"""
_COUNT = """
    assert (many_join : forall u v, <many> (<join> u v) = <many> u + <many> v).
    { induction u as [| x u IH]; intros v; cbn [<join> <many>]; [reflexivity |]. rewrite IH. reflexivity. }
    assert (many_put : forall x u, <many> (<put> x u) = <many> u).
    { intros x. induction u as [| ys u IH]; cbn [<put> <many>]; [reflexivity |]. rewrite IH. reflexivity. }
    assert (many_subs : forall xs, <many> (<subs> xs) = <two> xs).
    { induction xs as [| x xs IH]; [reflexivity |].
      cbn [<subs> <two>]. rewrite many_join, many_put, IH. lia. }
"""

LENGTHS = family(
    "list-lengths",
    "lists",
    "Lengths of stretched, shuffled, multiplied lists and of the list of all sublists.",
    (
        (
            Pattern(
                steps(
                    _LIA,
                    _LONG,
                    "Fixpoint <stretch> (xs : list nat) : list nat :=\n"
                    "  match xs with nil => nil | x :: rest => x :: <a> :: x + <b> :: <stretch> rest end.",
                ),
                "forall xs : list nat, <long> (<stretch> xs) + <c2> = 3 * <long> xs",
                r"A list in which each $x$ becomes $x, <a>, x + <b>$ is three times as long; "
                r"lengths count $<d>$ for an element, from $<c>$ on.",
                "induction xs as [| x xs IH].\n- reflexivity.\n- cbn [<stretch> <long>]. lia.",
                "long stretch",
                {"a": (1, 60), "b": (1, 60), "c": (1, 40), "d": (1, 40)},
                lambda _, v: {"c2": 2 * v["c"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _LONG,
                    "Fixpoint <riffle> (xs ys : list nat) : list nat :=\n"
                    "  match xs, ys with\n"
                    "  | nil, _ => ys\n"
                    "  | _, nil => xs\n"
                    "  | x :: xs', y :: ys' => x :: <a> * y + <b> :: <riffle> xs' ys'\n"
                    "  end.",
                ),
                "forall xs ys : list nat, <long> (<riffle> xs ys) + <c> = <long> ys + <long> xs",
                r"Riffling two lists, with $y$ becoming $<a>y + <b>$, adds their lengths; "
                r"lengths count $<d>$ for an element, from $<c>$ on.",
                """
                induction xs as [| x xs IH]; intros ys.
                - cbn [<riffle> <long>]. lia.
                - destruct ys as [| y ys].
                  + cbn [<riffle> <long>]. lia.
                  + specialize (IH ys). cbn [<riffle> <long>]. lia.
                """,
                "long riffle",
                {"a": (2, 60), "b": (1, 60), "c": (1, 40), "d": (1, 40)},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    "Fixpoint <long> (xs : list nat) : nat := match xs with nil => 0 | _ :: rest => <d> + <long> rest end.",
                    "Fixpoint <onto> (x : nat) (ys done : list nat) : list nat :=\n"
                    "  match ys with nil => done | y :: rest => <a> * x + <b> * y :: <onto> x rest done end.",
                    "Fixpoint <grid> (xs ys : list nat) : list nat :=\n"
                    "  match xs with nil => nil | x :: rest => <onto> x ys (<grid> rest ys) end.",
                ),
                "forall xs ys : list nat, <d> * <long> (<grid> xs ys) = <long> xs * <long> ys",
                r"The list of all $<a>x + <b>y$ is as long as the product of the lengths; each element counts $<d>$.",
                """
                assert (onto : forall x ys done, <long> (<onto> x ys done) = <long> ys + <long> done).
                { intros x. induction ys as [| y ys IH]; intros done; cbn [<onto> <long>].
                  - reflexivity.
                  - rewrite IH. lia. }
                intros xs ys. induction xs as [| x xs IH].
                - cbn [<grid> <long>]. lia.
                - cbn [<grid> <long>]. rewrite onto. lia.
                """,
                "long onto grid",
                {"a": (2, 60), "b": (2, 60), "d": (2, 20)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _ALL),
                "forall (x : nat) (xs : list nat),\n"
                "  <e> * <many> (<subs> (x :: xs)) = <e2> * <many> (<put> x (<subs> xs))"
                " /\\ <many> (<subs> xs) = <two> xs",
                r"A list of $n$ elements has $2^n$ sublists (each $x$ put in as $<a>x + <b>$); "
                r"$<e>$ times as many, counted with one more element, is $<e2>$ times.",
                steps(
                    _COUNT,
                    """
                    intros x xs. split.
                    - cbn [<subs>]. rewrite many_join, many_put. lia.
                    - apply many_subs.
                    """,
                ),
                "lists join put subs many two",
                {"a": (2, 40), "b": (1, 40), "e": (2, 40)},
                lambda _, v: {"e2": 2 * v["e"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _ALL,
                    "Fixpoint <sum> (xs : list nat) : nat := match xs with nil => 0 | x :: rest => x + <sum> rest end.",
                    "Fixpoint <all> (u : <lists>) : nat := match u with nil => 0 | ys :: rest => <sum> ys + <all> rest end.",
                    "Fixpoint <long> (xs : list nat) : nat := match xs with nil => 0 | _ :: rest => S (<long> rest) end.",
                ),
                "forall xs ys : list nat, 2 * <all> (<subs> xs) * <two> ys"
                " = (<a> * <sum> xs + <b> * <long> xs) * (<many> (<subs> xs) * <many> (<subs> ys))",
                r"Over all $2^n$ sublists (each $x$ put in as $<a>x + <b>$) the elements sum up to "
                r"$2^{n-1}\sum (<a>x + <b>)$; both sides times $2^m$.",
                steps(
                    _COUNT,
                    """
                    assert (all_join : forall u v, <all> (<join> u v) = <all> u + <all> v).
                    { induction u as [| ys u IH]; intros v.
                      - reflexivity.
                      - cbn [<join> <all>].
                        rewrite IH.
                        lia. }
                    assert (all_put : forall x u, <all> (<put> x u) = (<a> * x + <b>) * <many> u + <all> u).
                    { intros x.
                      induction u as [| ys u IH].
                      - cbn [<put> <all> <many>].
                        lia.
                      - cbn [<put> <all> <many> <sum>].
                        rewrite IH.
                        lia. }
                    assert (main : forall xs, 2 * <all> (<subs> xs) = (<a> * <sum> xs + <b> * <long> xs) * <two> xs).
                    { induction xs as [| x xs IH].
                      - cbn [<subs> <all> <sum> <long> <two>].
                        lia.
                      - cbn [<subs> <sum> <long> <two>].
                        rewrite all_join.
                        rewrite all_put.
                        rewrite many_subs.
                        lia. }
                    intros xs ys.
                    rewrite main.
                    rewrite many_subs.
                    rewrite many_subs.
                    lia.
                    """,
                ),
                "lists join put subs many two sum all long",
                {"a": (2, 40), "b": (1, 40)},
            ),
        ),
    ),
)

_TREE = "Inductive <tree> : Set := Tip | Fork (left : <tree>) (x : nat) (right : <tree>)."
_SIZE = """
    Fixpoint <size> (t : <tree>) : nat := match t with Tip => <c> | Fork l _ r => <size> l + <d> + <size> r end.
"""
_EACH = """
    Fixpoint <each> (t : <tree>) : <tree> :=
      match t with Tip => Tip | Fork l x r => Fork (<each> l) (<a> * x + <b>) (<each> r) end.
"""
_FLIP = """
    Fixpoint <flip> (t : <tree>) : <tree> :=
      match t with Tip => Tip | Fork l x r => Fork (<flip> r) (<a> * x + <b>) (<flip> l) end.
"""
_FLAT = """
    Fixpoint <app> (xs ys : list nat) : list nat := match xs with nil => ys | x :: rest => x :: <app> rest ys end.

    Fixpoint <flat> (t : <tree>) : list nat :=
      match t with Tip => nil | Fork l x r => <app> (<flat> l) (x :: <flat> r) end.
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
    assert (flat_flip : forall t, <flat> (<flip> t) = <turn> (<flat> t)).
    { induction t as [| l IHl x r IHr]; cbn [<flip> <flat>].
      - reflexivity.
      - rewrite turn_app, IHl, IHr. cbn [<turn>]. rewrite <- app_assoc. reflexivity. }
"""
_NUMBERS = {"a": (2, 30), "b": (1, 60), "c": (1, 30), "d": (1, 30)}

TREES = family(
    "trees",
    "lists",
    "Binary trees: size, mirror, map, and walks into lists.",
    (
        (
            Pattern(
                steps(_LIA, _TREE, _SIZE, _FLIP),
                "forall t : <tree>, <size> (<flip> t) = <size> t",
                r"A mirrored tree, $x$ becoming $<a>x + <b>$, keeps its size ($<d>$ for a fork, $<c>$ for a tip).",
                "induction t as [| l IHl x r IHr].\n- reflexivity.\n- cbn [<flip> <size>]. lia.",
                "tree size flip",
                _NUMBERS,
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _TREE,
                    _EACH,
                    "Fixpoint <sum> (t : <tree>) : nat := match t with Tip => <c> | Fork l x r => <sum> l + <d> * x + <sum> r end.",
                    "Fixpoint <tips> (t : <tree>) : nat := match t with Tip => 1 | Fork l _ r => <tips> l + <tips> r end.",
                ),
                "forall t : <tree>, <sum> (<each> t) + <ac> * <tips> t + <bd> = <a> * <sum> t + <k> * <tips> t",
                r"The sum of a tree ($<d>x$ for a fork, $<c>$ for a tip) mapped by $x \mapsto <a>x + <b>$ is determined by "
                r"its sum and the number of its tips.",
                "induction t as [| l IHl x r IHr].\n- reflexivity.\n- cbn [<each> <sum> <tips>]. lia.",
                "tree each sum tips",
                _NUMBERS,
                lambda _, v: {"ac": v["a"] * v["c"], "bd": v["b"] * v["d"], "k": v["b"] * v["d"] + v["c"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _TREE,
                    _SIZE,
                    _FLAT,
                    "Fixpoint <long> (xs : list nat) : nat := match xs with nil => <a> | _ :: rest => <b> + <long> rest end.",
                ),
                "forall t : <tree>, <cd> * <long> (<flat> t) + <bc> = <b> * <size> t + <acd>",
                r"A tree flattened into a list is as long as the tree has forks; lengths count $<b>$ from $<a>$ on, sizes "
                r"$<d>$ for a fork and $<c>$ for a tip.",
                """
                assert (app : forall xs ys, <long> (<app> xs ys) + <a> = <long> xs + <long> ys).
                { induction xs as [| x xs IH]; intros ys; cbn [<app> <long>].
                  - lia.
                  - specialize (IH ys). lia. }
                induction t as [| l IHl x r IHr].
                - reflexivity.
                - specialize (app (<flat> l) (x :: <flat> r)).
                  cbn [<long>] in app. cbn [<flat> <size>]. lia.
                """,
                "tree size app flat long",
                {"a": (1, 30), "b": (2, 30), "c": (1, 20), "d": (1, 20)},
                lambda _, v: {
                    "cd": v["c"] + v["d"],
                    "bc": v["b"] * v["c"],
                    "acd": v["a"] * (v["c"] + v["d"]),
                },
            ),
        ),
        (
            Pattern(
                steps("Open Scope list_scope.", _TREE, _FLIP, _FLAT, _TURN),
                "forall s t : <tree>, <flat> (<flip> (Fork s <c> t)) = <app> (<turn> (<flat> t)) (<d> :: <flat> (<flip> s))",
                r"Flattening a mirrored tree, $x$ becoming $<a>x + <b>$, reverses the list; here at the fork $<c>$.",
                steps(
                    _APP_LAWS,
                    _TURN_LAW,
                    """
                    intros s t. cbn [<flip> <flat>]. rewrite flat_flip. reflexivity.
                    """,
                ),
                "tree flip app flat turn",
                {"a": (2, 30), "b": (1, 60), "c": (1, 30)},
                lambda _, v: {"d": v["a"] * v["c"] + v["b"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _TREE,
                    _FLIP,
                    _FLAT,
                    _TURN,
                    "Fixpoint <walk> (t : <tree>) (done : list nat) : list nat :=\n"
                    "  match t with Tip => done | Fork l x r => <walk> l (x :: <walk> r done) end.",
                    "Fixpoint <sum> (xs : list nat) : nat := match xs with nil => <c> | x :: rest => x + <sum> rest end.",
                ),
                "forall (s t : <tree>) (done : list nat),\n"
                "  <walk> (<flip> s) (<walk> (<flip> t) done)\n"
                "    = <app> (<turn> (<walk> s nil)) (<app> (<turn> (<flat> t)) done)\n"
                "  /\\ <sum> (<walk> s (<walk> t done)) = <sum> (<walk> t (<walk> s done))",
                r"The walk with an accumulator flattens: mirrored trees, $x$ becoming $<a>x + <b>$, give reversed lists; and "
                r"sums (from $<c>$ on) do not depend on the order of two walks.",
                steps(
                    _APP_LAWS,
                    _TURN_LAW,
                    """
                    assert (walk : forall t done, <walk> t done = <app> (<flat> t) done).
                    { induction t as [| l IHl x r IHr]; intros done.
                      - reflexivity.
                      - cbn [<walk> <flat>].
                        rewrite IHl.
                        rewrite IHr.
                        rewrite <- app_assoc.
                        reflexivity. }
                    assert (sum : forall xs ys, <sum> (<app> xs ys) + <c> = <sum> xs + <sum> ys).
                    { induction xs as [| x xs IH]; intros ys.
                      - cbn [<app> <sum>].
                        lia.
                      - cbn [<app> <sum>].
                        specialize (IH ys).
                        lia. }
                    intros s t done.
                    rewrite !walk.
                    split.
                    - rewrite !flat_flip.
                      rewrite app_nil.
                      reflexivity.
                    - pose proof (sum (<flat> s) (<app> (<flat> t) done)).
                      pose proof (sum (<flat> t) (<app> (<flat> s) done)).
                      pose proof (sum (<flat> s) done).
                      pose proof (sum (<flat> t) done).
                      lia.
                    """,
                ),
                "tree flip app flat turn walk sum",
                {"a": (2, 30), "b": (1, 60), "c": (1, 30)},
            ),
        ),
    ),
)
