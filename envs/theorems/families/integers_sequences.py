"""Integers: inequalities and sequences."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_Z = "Require Import ZArith Lia.\nOpen Scope Z_scope."
_SUMS = """
    Fixpoint <sum> (f : nat -> Z) (n : nat) : Z := match n with O => 0 | S m => <sum> f m + f m end.
"""

INEQUALITIES = family(
    "integer-inequalities",
    "integers",
    "Inequalities from squares, up to Cauchy and Schwarz for sums of any length.",
    (
        (
            Pattern(
                _Z,
                "forall x y : Z, <k> * (x * y) + <e> <= <aa> * (x * x) + <bb> * (y * y) + <f>",
                r"$<k>xy + <e> \le <aa>x^2 + <bb>y^2 + <f>$ for all integers, from $(<a>x - <b>y)^2 \ge 0$.",
                """
                intros x y.
                assert (square : 0 <= (<a> * x - <b> * y) * (<a> * x - <b> * y)) by apply Z.square_nonneg.
                lia.
                """,
                "",
                {"a": (2, 99), "b": (2, 99), "e": (1, 999), "s": (0, 999)},
                lambda _, v: {
                    "aa": v["a"] ** 2,
                    "bb": v["b"] ** 2,
                    "k": 2 * v["a"] * v["b"],
                    "f": v["e"] + v["s"],
                },
            ),
        ),
        (
            Pattern(
                _Z,
                "forall x y z : Z, <ab> * (x * y) + <bc> * (y * z) + <ca> * (z * x) <= "
                "<aa> * (x * x) + <bb> * (y * y) + <cc> * (z * z) + <e>",
                r"$<ab>xy + <bc>yz + <ca>zx \le <aa>x^2 + <bb>y^2 + <cc>z^2 + <e>$ for all integers.",
                """
                intros x y z.
                assert (first : 0 <= (<a> * x - <b> * y) * (<a> * x - <b> * y)) by apply Z.square_nonneg.
                assert (second : 0 <= (<b> * y - <c> * z) * (<b> * y - <c> * z)) by apply Z.square_nonneg.
                assert (third : 0 <= (<c> * z - <a> * x) * (<c> * z - <a> * x)) by apply Z.square_nonneg.
                lia.
                """,
                "",
                {"a": (2, 99), "b": (2, 99), "c": (2, 99), "e": (0, 999)},
                lambda _, v: (
                    {"ab": v["a"] * v["b"], "bc": v["b"] * v["c"], "ca": v["c"] * v["a"]}
                    | {"aa": v["a"] ** 2, "bb": v["b"] ** 2, "cc": v["c"] ** 2}
                ),
            ),
        ),
        (
            Pattern(
                steps(_Z, _SUMS),
                "forall (f g : nat -> Z) (n : nat),\n"
                "  <k> * <sum> (fun i => f i * g i) n <= <aa> * <sum> (fun i => f i * f i) n + "
                "<bb> * <sum> (fun i => g i * g i) n + <e>",
                r"$<k>\sum f(i)g(i) \le <aa>\sum f(i)^2 + <bb>\sum g(i)^2 + <e>$ for sums of any length.",
                """
                assert (weighted : forall x y, <k> * (x * y) <= <aa> * (x * x) + <bb> * (y * y)).
                { intros x y.
                  assert (square : 0 <= (<a> * x - <b> * y) * (<a> * x - <b> * y)) by apply Z.square_nonneg.
                  lia. }
                intros f g n. induction n as [| n IH]; cbn [<sum>].
                - lia.
                - specialize (weighted (f n) (g n)). lia.
                """,
                "sum",
                {"a": (2, 99), "b": (2, 99), "e": (0, 99)},
                lambda _, v: {"aa": v["a"] ** 2, "bb": v["b"] ** 2, "k": 2 * v["a"] * v["b"]},
            ),
        ),
        (
            Pattern(
                steps(_Z, _SUMS),
                "forall (f : nat -> Z) (n : nat),\n"
                "  <a> * (<sum> f n * <sum> f n) <= <a> * (Z.of_nat n * <sum> (fun i => f i * f i) n) + <e>",
                r"$<a>(\sum_{i<n} f(i))^2 \le <a>n\sum_{i<n} f(i)^2 + <e>$: the square of a sum against the sum of squares.",
                """
                assert (distance : forall f t n,
                  0 <= <sum> (fun i => f i * f i) n - 2 * t * <sum> f n + Z.of_nat n * (t * t)).
                { intros f t. induction n as [| n IH].
                  - cbn [<sum>]. lia.
                  - cbn [<sum>]. rewrite Nat2Z.inj_succ.
                    assert (square : 0 <= (f n - t) * (f n - t)) by apply Z.square_nonneg. lia. }
                intros f n.
                assert (main : <sum> f n * <sum> f n <= Z.of_nat n * <sum> (fun i => f i * f i) n).
                { induction n as [| n IH].
                  - cbn [<sum>]. lia.
                  - specialize (distance f (f n) n). cbn [<sum>]. rewrite Nat2Z.inj_succ. lia. }
                lia.
                """,
                "sum",
                {"a": (2, 999), "e": (0, 999)},
            ),
        ),
        (
            Pattern(
                steps(_Z, _SUMS),
                "forall (f g : nat -> Z) (n : nat),\n"
                "  let dot := <sum> (fun i => f i * g i) n in\n"
                "  <a> * (dot * dot) <= <a> * (<sum> (fun i => f i * f i) n * <sum> (fun i => g i * g i) n) + <e>\n"
                "  /\\ <k> * dot <= <cc> * <sum> (fun i => f i * f i) n + <dd> * <sum> (fun i => g i * g i) n",
                r"Cauchy and Schwarz for integer sequences of any length, times $<a>$ and plus $<e>$, and "
                r"$<k>\sum fg \le <cc>\sum f^2 + <dd>\sum g^2$.",
                """
                assert (combine : forall f g s t n,
                  0 <= s * s * <sum> (fun i => f i * f i) n - 2 * s * t * <sum> (fun i => f i * g i) n
                       + t * t * <sum> (fun i => g i * g i) n).
                { intros f g s t. induction n as [| n IH].
                  - cbn [<sum>].
                    lia.
                  - cbn [<sum>].
                    assert (square : 0 <= (s * f n - t * g n) * (s * f n - t * g n)) by apply Z.square_nonneg.
                    lia. }
                assert (main : forall f g n,
                  <sum> (fun i => f i * g i) n * <sum> (fun i => f i * g i) n
                  <= <sum> (fun i => f i * f i) n * <sum> (fun i => g i * g i) n).
                { intros f g. induction n as [| n IH].
                  - cbn [<sum>].
                    lia.
                  - specialize (combine f g (g n) (f n) n).
                    cbn [<sum>].
                    lia. }
                intros f g n dot.
                split.
                - specialize (main f g n).
                  unfold dot.
                  lia.
                - specialize (combine f g <c> <d> n).
                  unfold dot.
                  lia.
                """,
                "sum",
                {"a": (2, 99), "e": (0, 99), "c": (2, 40), "d": (2, 40)},
                lambda _, v: {"cc": v["c"] ** 2, "dd": v["d"] ** 2, "k": 2 * v["c"] * v["d"]},
            ),
        ),
    ),
)

_TWO = """
    Fixpoint <f> (n : nat) : Z :=
      match n with
      | O => <x>
      | S m => match m with O => <y> | S k => <a> * <f> m + <b> * <f> k end
      end.
"""
_STEP = "assert (step : forall n, <f> (S (S n)) = <a> * <f> (S n) + <b> * <f> n). { intros n. reflexivity. }"
_PLAIN = {"a": (-30, 30), "b": (-30, 30), "x": (-40, 40), "y": (-40, 40)}

SEQUENCES = family(
    "integer-sequences",
    "integers",
    "Integer sequences by recursion: alternating sums, closed forms and Cassini's identity.",
    (
        (
            Pattern(
                steps(_Z, "Fixpoint <f> (n : nat) : Z := match n with O => <x> | S m => <d> - <f> m end."),
                "forall n : nat, <a> * <f> (S (S n)) + <b> * <f> (S n) = <ab> * <f> n + <bd>",
                r"If $\mathrm{<f>}(n+1) = <d> - \mathrm{<f>}(n)$ from $<x>$ on, two steps lead back, and so "
                r"$<a>\,\mathrm{<f>}(n+2) + <b>\,\mathrm{<f>}(n+1) = <ab>\,\mathrm{<f>}(n) + <bd>$.",
                "intros n. cbn [<f>]. lia.",
                "f",
                {"x": (-60, 60), "d": (2, 60), "a": (2, 60), "b": (2, 60)},
                lambda _, v: {"ab": v["a"] - v["b"], "bd": v["b"] * v["d"]},
            ),
        ),
        (
            Pattern(
                steps(_Z, "Fixpoint <f> (n : nat) : Z := match n with O => <x> | S m => <d> - <a> * <f> m end.")
                + "\n\nFixpoint <pow> (n : nat) : Z := match n with O => 1 | S m => - <a> * <pow> m end.",
                "forall n : nat, <a1> * <f> n + <e> = <w> * <pow> n + <de>",
                r"The sequence $\mathrm{<f>}(n+1) = <d> - <a>\,\mathrm{<f>}(n)$ from $<x>$ on has a closed form with "
                r"the powers of $-<a>$.",
                "induction n as [| n IH].\n- reflexivity.\n- cbn [<f> <pow>]. lia.",
                "f pow",
                {"x": (1, 60), "d": (2, 60), "a": (2, 30), "e": (1, 60)},
                lambda _, v: {"a1": v["a"] + 1, "w": (v["a"] + 1) * v["x"] - v["d"], "de": v["d"] + v["e"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _Z,
                    "Fixpoint <u> (n : nat) : Z := match n with O => 1 | S m => <p> * <u> m end.",
                    "Fixpoint <v> (n : nat) : Z := match n with O => 1 | S m => <q> * <v> m end.",
                    _TWO,
                ),
                "forall n : nat, <f> n = <c> * <u> n + <d> * <v> n",
                r"The recurrence $f(n+2) = <a>f(n+1) + <b>f(n)$ with $f(0) = <x>$, $f(1) = <y>$ has the closed form "
                r"$<c> \cdot <p>^n + <d> \cdot <q>^n$.",
                steps(
                    _STEP,
                    """
                    assert (both : forall n, <f> n = <c> * <u> n + <d> * <v> n
                      /\\ <f> (S n) = <c> * <u> (S n) + <d> * <v> (S n)).
                    { induction n as [| n [IH IHS]].
                      - split; reflexivity.
                      - split; [exact IHS |]. rewrite step, IH, IHS. cbn [<u> <v>]. lia. }
                    intros n. apply both.
                    """,
                ),
                "f u v",
                {"p": (2, 20), "q": (-20, -2), "c": (2, 60), "d": (2, 60)},
                lambda _, v: {
                    "a": v["p"] + v["q"],
                    "b": -v["p"] * v["q"],
                    "x": v["c"] + v["d"],
                    "y": v["c"] * v["p"] + v["d"] * v["q"],
                },
            ),
        ),
        (
            Pattern(
                steps(_Z, _TWO, "Fixpoint <pow> (n : nat) : Z := match n with O => 1 | S m => - <b> * <pow> m end."),
                "forall n : nat, <f> (S (S n)) * <f> n - <f> (S n) * <f> (S n) = <k> * <pow> n",
                r"Cassini's identity for $f(n+2) = <a>f(n+1) + <b>f(n)$ with $f(0) = <x>$, $f(1) = <y>$: "
                r"$f(n+2)f(n) - f(n+1)^2 = <k> \cdot (-<b>)^n$.",
                steps(
                    _STEP,
                    """
                    induction n as [| n IH].
                    - reflexivity.
                    - replace (<k> * <pow> (S n)) with (- <b> * (<k> * <pow> n)) by (cbn [<pow>]; ring).
                      rewrite <- IH, (step (S n)), (step n). ring.
                    """,
                ),
                "f pow",
                _PLAIN,
                lambda _, v: {"k": (v["a"] * v["y"] + v["b"] * v["x"]) * v["x"] - v["y"] ** 2},
            ),
        ),
        (
            Pattern(
                steps(
                    _Z,
                    _TWO,
                    "Fixpoint <pow> (n : nat) : Z := match n with O => 1 | S m => - <b> * <pow> m end.",
                    """
                    Fixpoint <loop> (n : nat) (p q : Z) : Z :=
                      match n with O => p | S m => <loop> m q (<a> * q + <b> * p) end.
                    """,
                ),
                "forall m n : nat,\n  <loop> (m + n) <x> <y> * <f> (S n) - <f> n * <loop> (S (m + n)) <x> <y>\n"
                "  = <pow> n * (<f> m * <f> 1 - <f> 0 * <f> (S m))",
                r"The loop computes $f(n+2) = <a>f(n+1) + <b>f(n)$, $f(0) = <x>$, $f(1) = <y>$, and "
                r"$f(m+n)f(n+1) - f(n)f(m+n+1) = (-<b>)^n (f(m)f(1) - f(0)f(m+1))$ (d'Ocagne).",
                steps(
                    _STEP,
                    """
                    assert (carry : forall m n, <loop> m (<f> n) (<f> (S n)) = <f> (m + n)).
                    { induction m as [| m IH]; intros n.
                      - reflexivity.
                      - cbn [<loop>].
                        rewrite <- step.
                        rewrite IH.
                        f_equal.
                        lia. }
                    assert (computes : forall m, <loop> m <x> <y> = <f> m).
                    { intros m.
                      specialize (carry m O).
                      rewrite <- plus_n_O in carry.
                      exact carry. }
                    assert (ocagne : forall n m,
                      <f> (m + n) * <f> (S n) - <f> n * <f> (S (m + n)) = <pow> n * (<f> m * <f> 1 - <f> O * <f> (S m))).
                    { induction n as [| n IH]; intros m.
                      - rewrite <- plus_n_O.
                        change (<pow> 0) with 1.
                        ring.
                      - rewrite <- plus_n_Sm.
                        specialize (IH m).
                        rewrite (step (m + n)%nat).
                        rewrite (step n).
                        replace (<pow> (S n)) with (- <b> * <pow> n) by reflexivity.
                        rewrite <- Z.mul_assoc.
                        rewrite <- IH.
                        ring. }
                    intros m n.
                    rewrite computes.
                    rewrite computes.
                    apply ocagne.
                    """,
                ),
                "f pow loop",
                _PLAIN,
            ),
        ),
    ),
)
