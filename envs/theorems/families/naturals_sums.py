"""Naturals: recursive sums, powers and double sums with their closed forms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from selftrain.envs.math.wording import between
from selftrain.envs.theorems.families.pattern import Derive, Pattern, family, in_latex, sides, steps


def _layers(count: int, scale: int, first: int = 2) -> Derive:
    """Draws `count` constants c_k and gives `scale` times the sum of c_k * binomial(n, k), a polynomial in n."""
    binomials = [[1], [0, 1], [0, -1, 1], [0, 2, -3, 1], [0, -6, 11, -6, 1]]
    factorials = [1, 1, 2, 6, 24]

    def derive(rng: np.random.Generator, _: Mapping[str, int]) -> Mapping[str, object]:
        constants = [between(rng, min(first, 2), 40 if first else 0)] + [between(rng, 2, 40) for _ in range(count - 1)]
        total = [0] * count
        for power, constant in enumerate(constants):
            for place, value in enumerate(binomials[power]):
                total[place] += scale // factorials[power] * constant * value
        plus, minus = sides(total, "n")
        here = {"plus": plus, "minus": minus, "lplus": in_latex(plus), "lminus": in_latex(minus), "scale": scale}
        shifted = {"iplus": sides(total, "i")[0], "iminus": sides(total, "i")[1]}
        moved = {"splus": sides(total, "(n + i)")[0], "sminus": sides(total, "(n + i)")[1]}
        return {f"c{k}": constant for k, constant in enumerate(constants)} | here | shifted | moved

    return derive


_TWO = """
    Require Import Lia.

    Fixpoint <g> (n : nat) : nat := match n with 0 => <c1> | S m => <g> m + <c2> end.

    Fixpoint <f> (n : nat) : nat := match n with 0 => <c0> | S m => <f> m + <g> m end.
"""
_THREE = """
    Require Import Lia.

    Fixpoint <g> (n : nat) : nat := match n with 0 => <c2> | S m => <g> m + <c3> end.

    Fixpoint <f> (n : nat) : nat := match n with 0 => <c1> | S m => <f> m + <g> m end.

    Fixpoint <h> (n : nat) : nat := match n with 0 => <c0> | S m => <h> m + <f> m end.
"""
_FOUR = """
    Require Import Lia.

    Fixpoint <g> (n : nat) : nat := match n with 0 => <c3> | S m => <g> m + <c4> end.

    Fixpoint <f> (n : nat) : nat := match n with 0 => <c2> | S m => <f> m + <g> m end.

    Fixpoint <h> (n : nat) : nat := match n with 0 => <c1> | S m => <h> m + <f> m end.

    Fixpoint <loop> (n i total : nat) : nat :=
      match n with 0 => total | S m => <loop> m (S i) (total + <h> i) end.
"""
_CLOSED_G = "assert (closed_g : forall n, <g> n = <{0}> * n + <{1}>). {{ induction n as [| n IH]; cbn [<g>]; lia. }}"
_CLOSED_F = """
    assert (closed_f : forall n, 2 * <f> n + <{0}> * n = <{0}> * (n * n) + 2 * <{1}> * n + 2 * <{2}>).
    {{ induction n as [| n IH].
      - cbn [<f>]. lia.
      - cbn [<f>]. rewrite closed_g. lia. }}
"""
_CLOSED_H = """
    assert (closed_h : forall n, 6 * <h> n + 3 * <{0}> * (n * n) + 3 * <{1}> * n =
      <{0}> * (n * n * n) + 2 * <{0}> * n + 3 * <{1}> * (n * n) + 6 * <{2}> * n + 6 * <{3}>).
    {{ induction n as [| n IH].
      - cbn [<h>]. lia.
      - cbn [<h>]. specialize (closed_f n). lia. }}
"""

SUMS = family(
    "recursive-sums",
    "naturals",
    "Functions defined by repeated addition equal their closed forms.",
    (
        (
            Pattern(
                """
                Require Import Lia.

                Fixpoint <f> (n : nat) : nat := match n with 0 => <c> | S m => <f> m + <a> end.
                """,
                "forall n : nat, <d> * <f> n + <e> = <d> * <a> * n + <p>",
                r"The function with $\mathrm{<f>}(0) = <c>$ that grows by $<a>$ at every step satisfies "
                r"$<d>\,\mathrm{<f>}(n) + <e> = <d> \cdot <a> n + <p>$.",
                "induction n as [| n IH].\n- reflexivity.\n- cbn [<f>]. lia.",
                "f",
                {"a": (2, 40), "c": (1, 60), "d": (2, 12), "e": (1, 60)},
                lambda _, v: {"p": v["c"] * v["d"] + v["e"]},
            ),
        ),
        (
            Pattern(
                """
                Require Import Lia.

                Fixpoint <f> (n : nat) : nat := match n with 0 => <c> | S m => <f> m + (<aa> * m + <b>) end.
                """,
                "forall n : nat, <f> n + <a> * n + <d> = <a> * (n * n) + <b> * n + <p>",
                r"Summing $<aa>m + <b>$ for $m < n$ from $<c>$ on gives $<a>n^2 + (<b> - <a>)n + <c>$.",
                "induction n as [| n IH].\n- cbn [<f>]. lia.\n- cbn [<f>]. lia.",
                "f",
                {"a": (2, 60), "b": (1, 60), "c": (1, 60), "d": (1, 40)},
                lambda _, v: {"aa": 2 * v["a"], "p": v["c"] + v["d"]},
            ),
        ),
        (
            Pattern(
                _TWO,
                "forall n : nat, 2 * <f> n + <minus> = <plus>",
                r"Summing the values of an arithmetic progression gives a quadratic polynomial: "
                r"$2\,\mathrm{<f>}(n) + <lminus> = <lplus>$.",
                steps(
                    _CLOSED_G.format("c2", "c1"),
                    _CLOSED_F.format("c2", "c1", "c0"),
                    "intros n. specialize (closed_f n). lia.",
                ),
                "f g",
                {},
                _layers(3, 2),
            ),
        ),
        (
            Pattern(
                _THREE,
                "forall n : nat, 6 * <h> n + (<minus>) = <plus>",
                r"Summing an arithmetic progression twice gives a cubic polynomial: "
                r"$6\,\mathrm{<h>}(n) + <lminus> = <lplus>$.",
                steps(
                    _CLOSED_G.format("c3", "c2"),
                    _CLOSED_F.format("c3", "c2", "c1"),
                    _CLOSED_H.format("c3", "c2", "c1", "c0"),
                    "intros n. specialize (closed_h n). lia.",
                ),
                "f g h",
                {},
                _layers(4, 6),
            ),
        ),
        (
            Pattern(
                _FOUR,
                "forall n total : nat, 24 * <loop> n 0 total + (<minus>) = 24 * total + (<plus>)",
                r"The loop that adds $\mathrm{<h>}(0), \ldots, \mathrm{<h>}(n-1)$, each a triple sum of a constant, "
                r"returns its start plus a quartic polynomial in $n$.",
                steps(
                    _CLOSED_G.format("c4", "c3"),
                    _CLOSED_F.format("c4", "c3", "c2"),
                    _CLOSED_H.format("c4", "c3", "c2", "c1"),
                    """
                    assert (invariant : forall n i total,
                      24 * <loop> n i total + (<iplus>) + (<sminus>) = 24 * total + (<splus>) + (<iminus>)).
                    { induction n as [| n IH]; intros i total.
                      - cbn [<loop> Nat.add]. lia.
                      - cbn [<loop>].
                        specialize (IH (S i) (total + <h> i)).
                        replace (n + S i) with (S (n + i)) in IH by lia.
                        specialize (closed_h i).
                        cbn [Nat.add].
                        lia. }
                    intros n total.
                    specialize (invariant n 0 total).
                    replace (n + 0) with n in invariant by lia.
                    lia.
                    """,
                ),
                "f g h loop",
                {},
                _layers(5, 24, first=0),
            ),
        ),
    ),
)
