"""Naturals: divisibility and growth."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from selftrain.envs.math.wording import between
from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Lia."
_DIVIDES = "Definition <d> (a b : nat) : Prop := exists k : nat, b = a * k."
_CUBIC = """
    assert (even : forall n, exists k, n * n + n = 2 * k).
    { induction n as [| n [k IH]].
      - exists 0. reflexivity.
      - exists (k + n + 1). lia. }
"""


def _multiples(modulus: int, rng: np.random.Generator) -> Mapping[str, object]:
    """Coefficients a and b whose sum is a multiple of the modulus, and constants c, e that are multiples of it."""
    a, t, c = between(rng, 2, 90), between(rng, 2, 40), between(rng, 1, 90)
    b = modulus * (t + a // modulus + 1) - a
    return {"a": a, "b": b, "q": (a + b) // modulus, "c": c, "kc": modulus * c}


DIVISIBILITY = family(
    "divisibility",
    "naturals",
    "What divides sums, powers and polynomials in a natural number.",
    (
        (
            Pattern(
                steps(_LIA, _DIVIDES),
                "forall k x y : nat, <d> k x -> <d> k y -> <d> (<a> * k) (<ab> * x + <ac> * y)",
                r"If $k$ divides $x$ and $y$ then $<a>k$ divides $<ab>x + <ac>y$.",
                "intros k x y [u Hu] [v Hv]. exists (<b> * u + <c> * v). lia.",
                "d",
                {"a": (2, 60), "b": (2, 60), "c": (2, 60)},
                lambda _, v: {"ab": v["a"] * v["b"], "ac": v["a"] * v["c"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _DIVIDES,
                    "Fixpoint <f> (n : nat) : nat := match n with 0 => <kc> | S m => <b> * <f> m + <ke> end.",
                ),
                "forall n x : nat, <d> <k> x -> <d> <k> (<f> n + x)",
                r"Start at $<kc>$ and repeat $v \mapsto <b>v + <ke>$: $<k>$ divides every value, also with any multiple "
                r"of $<k>$ added.",
                """
                assert (all : forall n, <d> <k> (<f> n)).
                { induction n as [| n [u IH]].
                  - exists <c>. reflexivity.
                  - exists (<b> * u + <e>). cbn [<f>]. lia. }
                intros n x [v Hv]. destruct (all n) as [u Hu]. exists (u + v). lia.
                """,
                "d f",
                {"k": (3, 20), "b": (2, 20), "c": (2, 15), "e": (2, 15)},
                lambda _, v: {"kc": v["k"] * v["c"], "ke": v["k"] * v["e"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _DIVIDES),
                "forall n : nat, <d> 6 (<a> * (n * n * n) + <b> * n + <kc>)",
                r"$6$ divides $<a>n^3 + <b>n + <kc>$ for every natural $n$.",
                steps(
                    _CUBIC,
                    """
                    induction n as [| n [k IH]].
                    - exists <c>. reflexivity.
                    - destruct (even n) as [j Hj]. exists (k + <a> * j + <q>). lia.
                    """,
                ),
                "d",
                {},
                lambda rng, _: _multiples(6, rng),
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _DIVIDES,
                    "Fixpoint <u> (n : nat) : nat := match n with 0 => 1 | S m => <a> * <u> m end.",
                    "Fixpoint <v> (n : nat) : nat := match n with 0 => 1 | S m => <b> * <v> m end.",
                ),
                "forall n : nat, <d> <k> (<c> * <u> n + <e> * <v> n) /\\ (<d> <k> n -> <d> <k> (<e> * <v> n + <c> * <u> n + n))",
                r"$<k>$ divides $<c> \cdot <a>^n + <e> \cdot <b>^n$ for every $n$, and that plus $n$ when it divides $n$.",
                """
                assert (all : forall n, <d> <k> (<c> * <u> n + <e> * <v> n)).
                { induction n as [| n [k IH]].
                  - exists <q>. reflexivity.
                  - exists (<a> * k + <et> * <v> n). cbn [<u> <v>].
                    replace (<c> * (<a> * <u> n)) with (<a> * (<c> * <u> n)) by lia.
                    replace (<e> * (<b> * <v> n)) with (<a> * (<e> * <v> n) + <k> * (<et> * <v> n)) by lia.
                    lia. }
                intros n. split; [apply all |].
                intros [j Hj]. destruct (all n) as [k Hk]. exists (k + j). lia.
                """,
                "d u v",
                {"k": (3, 20), "a": (2, 12), "t": (1, 3), "c": (2, 30), "s": (1, 4)},
                lambda _, v: {
                    "b": v["a"] + v["k"] * v["t"],
                    "e": (e := v["k"] * (v["c"] // v["k"] + v["s"]) - v["c"]),
                    "q": (v["c"] + e) // v["k"],
                    "et": e * v["t"],
                },
            ),
        ),
        (
            Pattern(
                steps(_LIA, _DIVIDES),
                "forall n : nat, <d> 30 (<a> * (n * n * n * n * n) + <b> * n + <kc>)",
                r"$30$ divides $<a>n^5 + <b>n + <kc>$ for every natural $n$.",
                """
                assert (three : forall n, exists k, 2 * (n * n * n) + n = 3 * k).
                { induction n as [| n [k IH]].
                  - exists 0.
                    reflexivity.
                  - exists (k + 2 * (n * n) + 2 * n + 1).
                    lia. }
                assert (six : forall n, exists k, n * n * n * n + 2 * (n * n * n) + 2 * (n * n) + n = 6 * k).
                { induction n as [| n [k IH]].
                  - exists 0.
                    reflexivity.
                  - destruct (three n) as [j Hj].
                    exists (k + j + 2 * (n * n) + 2 * n + 1).
                    lia. }
                assert (main : forall n, <d> 30 (<a> * (n * n * n * n * n) + <b> * n)).
                { induction n as [| n [k IH]].
                  - exists 0.
                    reflexivity.
                  - destruct (six n) as [j Hj].
                    exists (k + <a> * j + <q>).
                    lia. }
                intros n.
                destruct (main n) as [k Hk].
                exists (k + <c>).
                lia.
                """,
                "d",
                {},
                lambda rng, _: _multiples(30, rng),
            ),
        ),
    ),
)

_POWER = "Fixpoint <p> (n : nat) : nat := match n with 0 => <c> | S m => <b> * <p> m end."
_GROWS = """
    assert (one : forall n, <c> <= <p> n).
    { induction n as [| n IH]; cbn [<p>]; lia. }
    assert (two : forall n, <c> * (1 + <e> * n) <= <p> n).
    { induction n as [| n IH].
      - cbn [<p>]. lia.
      - specialize (one n). cbn [<p>]. lia. }
"""

GROWTH = family(
    "growth",
    "naturals",
    "Inequalities for sequences, and what growing sequences have in common.",
    (
        (
            Pattern(
                steps(
                    _LIA, "Fixpoint <f> (n : nat) : nat := match n with 0 => <c> | S m => <f> m + <a> * m + <b> end."
                ),
                "forall n : nat, <z> * n + <d> * n + <c> <= <f> n + <d> * n",
                r"A sequence that starts at $<c>$ and grows by $<a>m + <b>$ is at least $<z>n + <c>$.",
                "induction n as [| n IH]; cbn [<f>]; lia.",
                "f",
                {"a": (2, 60), "b": (20, 60), "c": (1, 60), "z": (2, 20), "d": (1, 40)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _POWER),
                "forall n : nat, <ca> + <cae> * n + <d> <= <a> * <p> n + <d>",
                r"Bernoulli: $<c> \cdot <b>^n \ge <c>(1 + <e>n)$; here times $<a>$, plus $<d>$.",
                """
                assert (one : forall n, <c> <= <p> n).
                { induction n as [| n IH]; cbn [<p>]; lia. }
                induction n as [| n IH].
                - cbn [<p>]. lia.
                - specialize (one n). cbn [<p>]. lia.
                """,
                "p",
                {"b": (3, 20), "c": (2, 20), "a": (2, 12), "d": (1, 90)},
                lambda _, v: {
                    "e": v["b"] - 1,
                    "ca": v["c"] * v["a"],
                    "cae": v["c"] * v["a"] * (v["b"] - 1),
                },
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA, "Fixpoint <f> (n : nat) : nat := match n with 0 => <c> | S m => <f> m + <a> * m + <b> end."
                ),
                "forall m n : nat, m <= n -> <f> m + <z> * n <= <f> n + <z> * m",
                r"A sequence that grows by $<a>m + <b>$ at step $m$ grows by at least $<z>(n - m)$ from $m$ to $n$.",
                """
                assert (apart : forall k m, <f> m + <z> * k <= <f> (k + m)).
                { induction k as [| k IH]; intros m.
                  - cbn [Nat.add]. lia.
                  - specialize (IH m). cbn [<f> Nat.add]. lia. }
                intros m n less.
                specialize (apart (n - m) m). replace (n - m + m) with n in apart by lia. lia.
                """,
                "f",
                {"a": (2, 90), "b": (20, 90), "c": (1, 90), "z": (2, 20)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, "Definition <d> (f : nat -> nat) : Prop := forall n : nat, f n + <c> <= f (S n)."),
                "forall f : nat -> nat, <d> f ->\n"
                "  (forall m n : nat, f m + <e> = f n -> m = n -> False)\n"
                "  /\\ (forall m n : nat, f n < f m + <c> -> f m < f n + <c> -> m = n)\n"
                "  /\\ (forall n : nat, <c> * n + f 0 + <a> <= f n + <a>)",
                r"If every step of $f$ is at least $<c>$, then $f(m) + <e> = f(n)$ needs $m \ne n$, values less than $<c>$ "
                r"apart have equal arguments, and $f(n) \ge <c>n + f(0)$.",
                """
                intros f far.
                assert (apart : forall k m, f m + <c> * k <= f (k + m)).
                { induction k as [| k IH]; intros m.
                  - cbn [Nat.add]. lia.
                  - specialize (IH m). specialize (far (k + m)). cbn [Nat.add]. lia. }
                split; [| split].
                - intros m n same equal. subst n. lia.
                - intros m n above below.
                  assert (three : m < n \\/ m = n \\/ n < m) by lia.
                  destruct three as [less | [equal | more]]; [| exact equal |].
                  + specialize (apart (n - m) m). replace (n - m + m) with n in apart by lia. lia.
                  + specialize (apart (m - n) n). replace (m - n + n) with m in apart by lia. lia.
                - intros n. specialize (apart n 0). replace (n + 0) with n in apart by lia. lia.
                """,
                "d",
                {"c": (2, 90), "e": (1, 90), "a": (1, 90)},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _POWER,
                    "Fixpoint <loop> (n v : nat) : nat := match n with 0 => v | S m => <loop> m (<b> * v) end.",
                ),
                "forall n : nat, 6 * <c> + <c6> * n + <c33> * (n * n) + <c3> * (n * n * n) + <c32> * n + <d>\n"
                "  <= <d> + 6 * <loop> n <c> + <c22> * n + <c333> * (n * n)",
                r"A loop that multiplies by $<b>$ grows faster than a cubic polynomial: $<c> \cdot <b>^n \ge "
                r"<c>\sum_{j \le 3} \binom{n}{j} <e>^j$.",
                steps(
                    _GROWS,
                    """
                    assert (three : forall n, 2 * <c> + <c12> * n + <c2> * (n * n) <= 2 * <p> n + <c2> * n).
                    { induction n as [| n IH].
                      - cbn [<p>].
                        lia.
                      - specialize (two n).
                        cbn [<p>].
                        lia. }
                    assert (four : forall n, 6 * <c> + <c6> * n + <c33> * (n * n) + <c3> * (n * n * n) + <c32> * n
                      <= 6 * <p> n + <c22> * n + <c333> * (n * n)).
                    { induction n as [| n IH].
                      - cbn [<p>].
                        lia.
                      - specialize (three n).
                        cbn [<p>].
                        lia. }
                    assert (move : forall n v, <loop> n (<b> * v) = <b> * <loop> n v).
                    { induction n as [| n IH]; intros v.
                      - reflexivity.
                      - cbn [<loop>].
                        rewrite IH.
                        reflexivity. }
                    assert (same : forall n, <loop> n <c> = <p> n).
                    { induction n as [| n IH].
                      - reflexivity.
                      - cbn [<loop> <p>].
                        rewrite move.
                        rewrite IH.
                        reflexivity. }
                    intros n.
                    rewrite same.
                    specialize (four n).
                    lia.
                    """,
                ),
                "p loop",
                {"b": (3, 6), "c": (2, 13), "d": (1, 90)},
                lambda _, v: {
                    "e": (e := v["b"] - 1),
                    "c12": 2 * v["c"] * e,
                    "c2": v["c"] * e * e,
                    "c6": 6 * v["c"] * e,
                    "c33": 3 * v["c"] * e**2,
                    "c3": v["c"] * e**3,
                    "c32": 2 * v["c"] * e**3,
                    "c22": 3 * v["c"] * e**2,
                    "c333": 3 * v["c"] * e**3,
                },
            ),
        ),
    ),
)
