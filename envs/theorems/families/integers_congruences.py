"""Integers: congruences, and what integer combinations of two numbers reach."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from selftrain.envs.math.wording import between, pick
from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_Z = "Require Import ZArith Lia.\nOpen Scope Z_scope."
_CONG = "Definition <cong> (x y : Z) : Prop := exists k : Z, x - y = <m> * k."
_POWER = "Fixpoint <pow> (x : Z) (n : nat) : Z := match n with O => 1 | S m => x * <pow> x m end."
_CLOSED = """
    assert (times : forall x y u v, <cong> x y -> <cong> u v -> <cong> (x * u) (y * v)).
    { intros x y u v [j Hj] [k Hk]. exists (u * j + y * k).
      replace (x * u - y * v) with (u * (x - y) + y * (u - v)) by ring. rewrite Hj, Hk. ring. }
    assert (powers : forall n x y, <cong> x y -> <cong> (<pow> x n) (<pow> y n)).
    { induction n as [| n IH]; intros x y same.
      - exists 0. reflexivity.
      - cbn [<pow>]. apply times; [exact same | apply IH; exact same]. }
"""
_CASES = """
    assert (rest : forall x, exists q r, x = <m> * q + r /\\ 0 <= r < <m>).
    { intros x. exists (x / <m>), (x mod <m>). split.
      - apply Z.div_mod. lia.
      - apply Z.mod_pos_bound. lia. }
"""


def _missed(rng: np.random.Generator, _: Mapping[str, int]) -> Mapping[str, object]:
    """A quadratic polynomial and a remainder that it never leaves modulo m."""
    while True:
        m, a, b, c = between(rng, 5, 9), between(rng, 1, 60), between(rng, 1, 60), between(rng, 1, 60)
        missed = set(range(m)) - {(a * r * r + b * r + c) % m for r in range(m)}
        if missed:
            return {"m": m, "a": a, "b": b, "c": c, "r": pick(rng, sorted(missed)) + m * between(rng, 0, 9)}


def _coprime(rng: np.random.Generator, _: Mapping[str, int]) -> Mapping[str, object]:
    """Coprime a and b with a * u + b * v = 1, and for the coins a * s - b * t = 1 with s, t not negative."""
    while True:
        a, b = between(rng, 4, 60), between(rng, 4, 60)
        if math.gcd(a, b) == 1:
            s = pow(a, -1, b)
            t = (a * s - 1) // b
            least = (a - 1) * (b - 1) + between(rng, 0, 9)
            numbers = {"a": a, "b": b, "u": s, "v": -t, "s": s, "t": t, "bs": b - s, "at": a - t, "least": least}
            return {
                **numbers,
                "ab": a * b,
                "c": between(rng, 2, 99),
                "d": between(rng, 2, 99),
                "g": between(rng, 2, 30),
            }


def _start(rng: np.random.Generator, _: Mapping[str, int]) -> Mapping[str, object]:
    """Two small coprime coins, from which sum on everything is paid, and how the first sum is paid."""
    while True:
        found = dict(_coprime(rng, {}))
        a, b, least = (int(str(found[name])) for name in ("a", "b", "least"))
        if a < 30 and b < 30:
            first = next(i for i in range(b) if (least - a * i) % b == 0)
            return found | {"i": first, "j": (least - a * first) // b, "frob": a * b - a - b}


CONGRUENCES = family(
    "congruences-proven",
    "integers",
    "Congruences: linear, polynomial, powers and values that never occur.",
    (
        (
            Pattern(
                steps(_Z, _CONG),
                "forall x y : Z, <cong> x y -> <cong> (<a> * x + <b>) (<b> - <ma> * y)",
                r"If $x \equiv y \pmod{<m>}$ then $<a>x + <b> \equiv <b> - <ma>y$.",
                "intros x y [k Hk]. exists (<a> * k + <t> * y). lia.",
                "cong",
                {"m": (3, 40), "a": (2, 60), "b": (2, 60), "t": (1, 20)},
                lambda _, v: {"ma": v["t"] * v["m"] - v["a"]},
            ),
        ),
        (
            Pattern(
                steps(_Z, _CONG),
                "forall x y u v : Z, <cong> x y -> <cong> u v ->\n"
                "  <cong> (<a> * (x * u) + <b> * x + <mc>) (<a> * (y * v) + <b> * y)",
                r"If $x \equiv y$ and $u \equiv v \pmod{<m>}$ then $<a>xu + <b>x + <mc> \equiv <a>yv + <b>y$.",
                """
                intros x y u v [j Hj] [k Hk].
                exists (<a> * (u * j + y * k) + <b> * j + <c>).
                assert (first : x = y + <m> * j) by lia.
                assert (second : u = v + <m> * k) by lia.
                subst. ring.
                """,
                "cong",
                {"m": (3, 40), "a": (2, 60), "b": (2, 60), "c": (1, 20)},
                lambda _, v: {"mc": v["m"] * v["c"]},
            ),
        ),
        (
            Pattern(
                steps(_Z, _CONG, _POWER),
                "forall (n : nat) (x y : Z), <cong> x y -> <cong> (<a> * <pow> x n + <mc>) (<a> * <pow> y n)",
                r"Powers of congruent integers are congruent: modulo $<m>$, $<a>x^n + <mc> \equiv <a>y^n$.",
                steps(
                    _CLOSED,
                    """
                    intros n x y same. destruct (powers n x y same) as [k Hk].
                    exists (<a> * k + <c>). lia.
                    """,
                ),
                "cong pow",
                {"m": (3, 40), "a": (2, 60), "c": (1, 20)},
                lambda _, v: {"mc": v["m"] * v["c"]},
            ),
        ),
        (
            Pattern(
                steps(_Z, _CONG),
                "forall x y : Z, ~ (<cong> (<a> * (x * x) + <b> * x + <c>) (<r> + <m> * y))",
                r"$<a>x^2 + <b>x + <c> \equiv <r> \pmod{<m>}$ has no solution in integers.",
                steps(
                    _CASES,
                    """
                    intros x y [k Hk].
                    destruct (rest x) as [q [s [Hx Hs]]].
                    assert (square : x * x = <m> * (<m> * (q * q) + 2 * (q * s)) + s * s) by (rewrite Hx; ring).
                    set (t := <m> * (q * q) + 2 * (q * s)) in *.
                    rewrite square, Hx in Hk.
                    assert (some : s = 0 \\/ s = 1 \\/ s = 2 \\/ s = 3 \\/ s = 4 \\/ s = 5 \\/ s = 6 \\/ s = 7 \\/ s = 8) by lia.
                    clear square Hx.
                    decompose [or] some; subst s; lia.
                    """,
                ),
                "cong",
                {},
                _missed,
            ),
        ),
        (
            Pattern(
                steps(_Z, _CONG, _POWER),
                "forall (k : nat) (x y : Z), <cong> x y ->\n"
                "  <cong> (<a> * <pow> x (k * <m1> + 1) + <mc>) (<a> * y)"
                " /\\ <cong> (<b> * <pow> (<pow> x <m>) k) (<b> * <pow> y k)",
                r"Fermat for the prime $<m>$: if $x \equiv y$ then $<a>x^{<m1>k+1} + <mc> \equiv <a>y$ and "
                r"$<b>(x^{<m>})^k \equiv <b>y^k$.",
                steps(
                    _CLOSED,
                    _CASES,
                    """
                    assert (sym : forall x y, <cong> x y -> <cong> y x).
                    { intros x y [k Hk].
                      exists (- k).
                      lia. }
                    assert (trans : forall x y z, <cong> x y -> <cong> y z -> <cong> x z).
                    { intros x y z [j Hj] [k Hk].
                      exists (j + k).
                      lia. }
                    assert (scale : forall c x y, <cong> x y -> <cong> (c * x) (c * y)).
                    { intros c x y same.
                      apply times; [exists 0; lia | exact same]. }
                    assert (add : forall x j k, <pow> x (j + k)%nat = <pow> x j * <pow> x k).
                    { intros x.
                      induction j as [| j IH]; intros k; cbn [<pow> Nat.add].
                      - lia.
                      - rewrite IH. ring. }
                    assert (fermat : forall x, <cong> (<pow> x <m>) x).
                    { intros x.
                      destruct (rest x) as [q [s [Hx Hs]]].
                      assert (near : <cong> x s) by (exists q; lia).
                      apply (trans _ (<pow> s <m>)); [apply powers; exact near |].
                      apply (trans _ s); [| apply sym; exact near].
                      assert (some : <some>) by lia.
                      <finish> }
                    assert (long : forall k x, <cong> (<pow> x (k * <m1> + 1)) x).
                    { induction k as [| k IH]; intros x.
                      - exists 0. cbn [<pow> Nat.mul Nat.add]. lia.
                      - replace (S k * <m1> + 1)%nat with (<m1> + (k * <m1> + 1))%nat by lia.
                        rewrite add.
                        apply (trans _ (<pow> x <m1> * x)).
                        + apply times; [exists 0; lia | apply IH].
                        + specialize (fermat x).
                          change (<pow> x <m>) with (x * <pow> x <m1>) in fermat.
                          rewrite Z.mul_comm.
                          exact fermat. }
                    intros k x y same.
                    split.
                    - apply (trans _ (<a> * <pow> x (k * <m1> + 1))); [exists <c>; lia |].
                      apply scale.
                      apply (trans _ x); [apply long | exact same].
                    - apply scale.
                      apply powers.
                      apply (trans _ x); [apply fermat | exact same].
                    """,
                ),
                "cong pow",
                {"a": (2, 60), "b": (2, 60), "c": (1, 20)},
                lambda rng, v: {
                    "m": (m := pick(rng, (3, 5, 7, 11))),
                    "m1": m - 1,
                    "mc": m * v["c"],
                    "some": " \\/ ".join(f"s = {k}" for k in range(m)),
                    "finish": "destruct some as ["
                    + " | [".join(["some"] * (m - 1))
                    + " | some"
                    + "]" * (m - 1)
                    + "; subst s.\n    "
                    + "\n    ".join(f"- exists {(k**m - k) // m}. reflexivity." for k in range(m)),
                },
            ),
        ),
    ),
)

_PAID = "Definition <paid> (n : nat) : Prop := exists i j : nat, n = <a> * i + <b> * j."
_COINS = """
    assert (all : forall k, <paid> (k + <least>)).
    { induction k as [| k [i [j IH]]].
      - exists <i>, <j>. lia.
      - destruct (Nat.le_gt_cases <t> j) as [many | few].
        + exists (i + <s>), (j - <t>). lia.
        + exists (i - <bs>), (j + <at>). lia. }
"""

COMBINATIONS = family(
    "integer-combinations",
    "integers",
    "Which numbers are combinations of two coprime ones: Bezout, coins and Chinese remainders.",
    (
        (
            Pattern(
                _Z,
                "forall n : Z, exists x y : Z, <a> * x + <b> * y = <c> * n + <d>",
                r"Every integer of the form $<c>n + <d>$ is a combination $<a>x + <b>y$.",
                "intros n. exists (<u> * (<c> * n + <d>)), (<v> * (<c> * n + <d>)). ring.",
                "",
                {},
                _coprime,
            ),
        ),
        (
            Pattern(
                steps(_Z, "Definition <comb> (n : Z) : Prop := exists x y : Z, n = <g> * <a> * x + <g> * <b> * y."),
                "forall n : Z, <comb> n <-> exists k : Z, n = <g> * k",
                r"The combinations of $<g> \cdot <a>$ and $<g> \cdot <b>$ are exactly the multiples of $<g>$.",
                """
                intros n. split.
                - intros [x [y Hn]]. exists (<a> * x + <b> * y). lia.
                - intros [k Hk]. exists (<u> * k), (<v> * k). lia.
                """,
                "comb",
                {},
                _coprime,
            ),
        ),
        (
            Pattern(
                _Z,
                "forall r s : Z, exists x : Z,\n"
                "  (exists k : Z, x = <c> * r + <d> + <a> * k) /\\ (exists k : Z, x = s + <b> * k)\n"
                "  /\\ (forall y : Z, (exists k : Z, y = <c> * r + <d> + <a> * k) -> (exists k : Z, y = s + <b> * k) ->"
                " exists k : Z, y = x + <ab> * k)",
                r"Chinese remainders: some $x$ has $x \equiv <c>r + <d> \pmod{<a>}$ and $x \equiv s \pmod{<b>}$, and it is unique "
                r"modulo $<ab>$.",
                """
                intros r s. exists (<c> * r + <d> + <a> * (<u> * (s - (<c> * r + <d>)))). split; [| split].
                - exists (<u> * (s - (<c> * r + <d>))). reflexivity.
                - exists (- <v> * (s - (<c> * r + <d>))). lia.
                - intros y [j Hj] [k Hk].
                  assert (one : y - (<c> * r + <d> + <a> * (<u> * (s - (<c> * r + <d>)))) = <a> * (j - <u> * (s - (<c> * r + <d>)))) by lia.
                  assert (two : y - (<c> * r + <d> + <a> * (<u> * (s - (<c> * r + <d>)))) = <b> * (k + <v> * (s - (<c> * r + <d>)))) by lia.
                  exists (<u> * (k + <v> * (s - (<c> * r + <d>))) + <v> * (j - <u> * (s - (<c> * r + <d>)))). lia.
                """,
                "",
                {},
                _coprime,
            ),
        ),
        (
            Pattern(
                steps("Require Import Arith Lia.", _PAID),
                "forall n : nat, <least> <= n -> <paid> n /\\ <paid> (n + <c>)",
                r"With coins of $<a>$ and $<b>$ every sum from $<least>$ on can be paid, and also $<c>$ more.",
                steps(
                    _COINS,
                    """
                    intros n enough. split.
                    - replace n with (n - <least> + <least>) by lia. apply all.
                    - replace (n + <c>) with (n - <least> + <c> + <least>) by lia. apply all.
                    """,
                ),
                "paid",
                {},
                _start,
            ),
        ),
        (
            Pattern(
                steps(
                    "Require Import Arith Lia.",
                    _PAID,
                    "Fixpoint <sum> (f : nat -> nat) (n : nat) : nat := match n with 0 => <c> | S m => <sum> f m + f m end.",
                ),
                "forall (f : nat -> nat) (n : nat), (forall i : nat, <least> <= f i) ->\n"
                "  (forall m : nat, n = S m -> <paid> (<sum> f n))\n"
                "  /\\ ~ <paid> <frob> /\\ (forall k : nat, <paid> k -> <paid> (<g> * k + <ab>))",
                r"With coins of $<a>$ and $<b>$: any sum of one or more amounts from $<least>$ on, and $<c>$ more, can be "
                r"paid; $<frob>$ cannot; and if $k$ can be paid then so can $<g>k + <ab>$.",
                steps(
                    _COINS,
                    """
                    assert (enough : forall n, <least> <= n -> <paid> n).
                    { intros n much.
                      replace n with (n - <least> + <least>) by lia.
                      apply all. }
                    intros f n large.
                    assert (grows : forall m, <least> <= <sum> f (S m)).
                    { induction m as [| m IH].
                      - cbn [<sum>].
                        specialize (large 0).
                        lia.
                      - cbn [<sum>].
                        cbn [<sum>] in IH.
                        lia. }
                    split; [| split].
                    - intros m Hm.
                      rewrite Hm.
                      apply enough.
                      apply grows.
                    - intros [i [j Hij]].
                      lia.
                    - intros k [i [j Hk]].
                      exists (<g> * i + <b>), (<g> * j).
                      lia.
                    """,
                ),
                "paid sum",
                {},
                _start,
            ),
        ),
    ),
)
