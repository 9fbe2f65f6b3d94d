"""Naturals: recurrences of order two, and remainders by counting."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Lia."
_FIB = """
    Fixpoint <f> (n : nat) : nat :=
      match n with
      | 0 => <x>
      | S m => match m with 0 => <y> | S k => <a> * <f> m + <b> * <f> k end
      end.
"""
_UNIT = """
    Fixpoint <u> (n : nat) : nat :=
      match n with
      | 0 => 0
      | S m => match m with 0 => 1 | S k => <a> * <u> m + <b> * <u> k end
      end.
"""
_LOOP = """
    Fixpoint <loop> (n p q : nat) : nat := match n with 0 => p | S m => <loop> m q (<a> * q + <b> * p) end.
"""
_STEP = "assert (step : forall n, <f> (S (S n)) = <a> * <f> (S n) + <b> * <f> n). { intros n. reflexivity. }"
_STEP_U = "assert (step_u : forall n, <u> (S (S n)) = <a> * <u> (S n) + <b> * <u> n). { intros n. reflexivity. }"
_RULE = (
    r"$\mathrm{<f>}(n+2) = <a>\,\mathrm{<f>}(n+1) + <b>\,\mathrm{<f>}(n)$ with $\mathrm{<f>}(0) = <x>$ and "
    r"$\mathrm{<f>}(1) = <y>$"
)
_SEEDS = {"a": (2, 30), "b": (2, 30), "x": (1, 40), "y": (1, 40)}

RECURRENCES = family(
    "recurrences-solved",
    "naturals",
    "Fibonacci-like recurrences: sums, loops, addition and divisibility.",
    (
        (
            Pattern(
                steps(_LIA, _FIB),
                "forall n : nat, <f> (S (S (S n))) = <p> * <f> (S n) + <q> * <f> n",
                f"For {_RULE}, three steps at once.",
                steps(_STEP, "intros n. rewrite (step (S n)), (step n). lia."),
                "f",
                _SEEDS,
                lambda _, v: {"p": v["a"] ** 2 + v["b"], "q": v["a"] * v["b"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _FIB,
                    "Fixpoint <s> (n : nat) : nat := match n with 0 => 0 | S m => <s> m + <f> m end.",
                ),
                "forall n : nat, <k> * <s> n + <a> * <f> n + <xy> = <f> (S n) + <f> n + <ax>",
                f"For {_RULE}, "
                r"the sum of the first $n$ values is determined by $\mathrm{<f>}(n)$ and "
                r"$\mathrm{<f>}(n+1)$.",
                steps(
                    _STEP,
                    """
                    induction n as [| n IH].
                    - reflexivity.
                    - rewrite step. cbn [<s>]. lia.
                    """,
                ),
                "f s",
                _SEEDS,
                lambda _, v: {"k": v["a"] + v["b"] - 1, "xy": v["x"] + v["y"], "ax": v["a"] * v["x"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _FIB, _LOOP),
                "forall m n : nat, <loop> m (<f> n) (<f> (S n)) = <f> (m + n) /\\ <loop> m <x> <y> = <f> m",
                f"For {_RULE}, " r"the loop that carries two neighbouring values computes the sequence.",
                steps(
                    _STEP,
                    """
                    assert (carry : forall m n, <loop> m (<f> n) (<f> (S n)) = <f> (m + n)).
                    { induction m as [| m IH]; intros n; cbn [<loop>].
                      - reflexivity.
                      - rewrite <- step, IH. f_equal. lia. }
                    intros m n. split.
                    - apply carry.
                    - specialize (carry m 0). replace (m + 0) with m in carry by lia. exact carry.
                    """,
                ),
                "f loop",
                _SEEDS,
            ),
        ),
        (
            Pattern(
                steps(_LIA, _FIB, _UNIT),
                "forall m n : nat, <f> (m + S n) = <u> (S m) * <f> (S n) + <b> * (<u> m * <f> n)",
                f"The addition formula: for {_RULE}, "
                r"and $\mathrm{<u>}$ with the same rule that starts with "
                r"$0, 1$, $\mathrm{<f>}(m+n+1)$ is a combination of $\mathrm{<f>}(n)$ and $\mathrm{<f>}(n+1)$.",
                steps(
                    _STEP,
                    _STEP_U,
                    """
                    induction m as [| m IH]; intros n.
                    - cbn [<u> Nat.add]. lia.
                    - replace (S m + S n) with (m + S (S n)) by lia.
                      rewrite (IH (S n)).
                      rewrite (step n).
                      rewrite (step_u m).
                      lia.
                    """,
                ),
                "f u",
                _SEEDS,
            ),
        ),
        (
            Pattern(
                steps(_LIA, _UNIT, _LOOP, "Definition <divides> (a b : nat) : Prop := exists k : nat, b = a * k."),
                "forall k m : nat, <divides> (<d> * <loop> m 0 1) (<e> * <loop> (k * m) 0 1)",
                r"The loop computes $u_n$ with $u_0 = 0$, $u_1 = 1$, $u_{n+2} = <a>u_{n+1} + <b>u_n$; "
                r"then $<d>u_m$ divides $<e>u_{km}$.",
                steps(
                    _STEP_U,
                    """
                    assert (carry : forall m n, <loop> m (<u> n) (<u> (S n)) = <u> (m + n)).
                    { induction m as [| m IH]; intros n.
                      - reflexivity.
                      - cbn [<loop>].
                        rewrite <- step_u.
                        rewrite IH.
                        f_equal. lia. }
                    assert (computes : forall m, <loop> m 0 1 = <u> m).
                    { intros m. specialize (carry m 0).
                      replace (m + 0) with m in carry by lia.
                      exact carry. }
                    assert (add : forall m n, <u> (m + S n) = <u> (S m) * <u> (S n) + <b> * (<u> m * <u> n)).
                    { induction m as [| m IH]; intros n.
                      - cbn [<u> Nat.add]. lia.
                      - replace (S m + S n) with (m + S (S n)) by lia.
                        rewrite (IH (S n)).
                        rewrite (step_u n).
                        rewrite (step_u m).
                        lia. }
                    assert (multiple : forall m k, exists q, <u> (k * m) = <u> m * q).
                    { intros m. induction k as [| k [q IH]].
                      - exists 0. cbn [Nat.mul <u>]. lia.
                      - destruct m as [| m].
                        + exists 0. replace (S k * 0) with 0 by lia. cbn [<u>]. lia.
                        + exists (<u> (S (k * S m)) + <b> * (q * <u> m)).
                          replace (S k * S m) with (k * S m + S m) by lia.
                          rewrite add.
                          rewrite IH.
                          lia. }
                    intros k m.
                    rewrite computes.
                    rewrite computes.
                    destruct (multiple m k) as [q Hq].
                    exists (<t> * q).
                    rewrite Hq.
                    lia.
                    """,
                ),
                "u loop divides",
                {"a": (2, 30), "b": (2, 30), "d": (2, 9), "t": (2, 12)},
                lambda _, v: {"e": v["d"] * v["t"]},
            ),
        ),
    ),
)

_TURN = "Fixpoint <f> (n : nat) : nat := match n with 0 => <a> | 1 => <b> | S (S m) => <f> m end."
_THIRD = "Fixpoint <f> (n : nat) : nat := match n with 0 => <a> | 1 => <b> | 2 => <c> | S (S (S m)) => <f> m end."
_MOD = """
    Fixpoint <r> (n : nat) : nat :=
      match n with 0 => 0 | S m => if Nat.eqb (<r> m) <top> then 0 else S (<r> m) end.
"""
_DIVISION = """
    assert (division : forall n, exists q, n = <k> * q + <r> n /\\ <r> n < <k>).
    { induction n as [| n [q [IH small]]]; cbn [<r>].
      - exists 0. lia.
      - destruct (Nat.eqb_spec (<r> n) <top>) as [full | room].
        + exists (S q). lia.
        + exists q. lia. }
"""

REMAINDERS = family(
    "remainders-by-counting",
    "naturals",
    "Periodic functions and remainders computed by counting up.",
    (
        (
            Pattern(
                steps(_LIA, _TURN),
                "forall n : nat, <c> * (<f> n + <f> (S n)) + <d> = <e>",
                r"A function that alternates between $<a>$ and $<b>$ takes both values in any two neighbours.",
                """
                assert (both : forall n, <f> n + <f> (S n) = <ab>).
                { induction n as [| n IH]; [reflexivity |].
                  change (<f> (S (S n))) with (<f> n). lia. }
                intros n. specialize (both n). lia.
                """,
                "f",
                {"a": (1, 60), "b": (1, 60), "c": (2, 30), "d": (1, 60)},
                lambda _, v: {"ab": v["a"] + v["b"], "e": v["c"] * (v["a"] + v["b"]) + v["d"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _TURN),
                "forall n : nat, <f> (<j> + 2 * n) = <v> /\\ <f> (2 * n + <f> n * 2 + <i>) = <w>",
                r"A function that alternates between $<a>$ and $<b>$ has equal values at arguments of equal parity.",
                """
                assert (even : forall n m, <f> (2 * n + m) = <f> m).
                { induction n as [| n IH]; intros m; [reflexivity |].
                  replace (2 * S n + m) with (S (S (2 * n + m))) by lia. apply IH. }
                intros n. split.
                - replace (<j> + 2 * n) with (2 * n + <j>) by lia. rewrite even. reflexivity.
                - replace (2 * n + <f> n * 2 + <i>) with (2 * (n + <f> n) + <i>) by lia. rewrite even. reflexivity.
                """,
                "f",
                {"a": (1, 90), "b": (1, 90), "j": (2, 40), "i": (2, 40)},
                lambda _, v: {"v": (v["a"], v["b"])[v["j"] % 2], "w": (v["a"], v["b"])[v["i"] % 2]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _THIRD,
                    "Fixpoint <s> (n : nat) : nat := match n with 0 => <d> | S m => <s> m + <f> m end.",
                ),
                "forall n : nat, <s> (3 * n + <i>) = <abc> * n + <e>",
                r"The function that runs through $<a>, <b>, <c>$ again and again has, summed from $<d>$ over $3n + <i>$ "
                r"arguments, the sum $<abc>n + <e>$.",
                """
                assert (three : forall n, <f> n + <f> (S n) + <f> (S (S n)) = <abc>).
                { induction n as [| n IH]; [reflexivity |].
                  change (<f> (S (S (S n)))) with (<f> n). lia. }
                induction n as [| n IH].
                - reflexivity.
                - replace (3 * S n + <i>) with (S (S (S (3 * n + <i>)))) by lia.
                  specialize (three (3 * n + <i>)). cbn [<s>]. lia.
                """,
                "f s",
                {"a": (1, 30), "b": (1, 30), "c": (1, 30), "d": (1, 60), "i": (0, 5)},
                lambda _, v: {
                    "abc": v["a"] + v["b"] + v["c"],
                    "e": v["d"] + sum((v["a"], v["b"], v["c"])[n % 3] for n in range(v["i"])),
                },
            ),
        ),
        (
            Pattern(
                steps("Require Import Arith Lia.", _MOD),
                "forall n : nat, (exists q : nat, n + <d> = <k> * q + <r> n + <d>) /\\ <r> n < <k>"
                " /\\ <r> (n + <ck>) = <r> n",
                r"Counting up to $<k>$ and starting again computes the remainder modulo $<k>$; "
                r"adding $<ck>$ does not change it.",
                steps(
                    _DIVISION,
                    """
                    assert (unique : forall p q a b, a < <k> -> b < <k> -> <k> * p + a = <k> * q + b -> a = b).
                    { intros p q a b Ha Hb same. assert (p = q) by lia. lia. }
                    intros n. destruct (division n) as [q [Hq small]]. split; [| split].
                    - exists q. lia.
                    - exact small.
                    - destruct (division (n + <ck>)) as [p [Hp less]].
                      apply (unique p (q + <c>)); lia.
                    """,
                ),
                "r",
                {"k": (3, 60), "c": (2, 30), "d": (1, 99)},
                lambda _, v: {"top": v["k"] - 1, "ck": v["c"] * v["k"]},
            ),
        ),
        (
            Pattern(
                steps("Require Import Arith Lia.", _MOD),
                "forall m n : nat, <r> (<a> * m + <b> * n) = <r> (<a> * <r> m + <b> * <r> n)"
                " /\\ <r> (m * n + <c>) = <r> (<r> m * <r> n + <c>)\n  /\\ <r> (<r> m) = <r> m",
                r"Counting up to $<k>$ and starting again respects sums and products: for $<a>m + <b>n$ and "
                r"$mn + <c>$ only the remainders of $m$ and $n$ matter.",
                steps(
                    _DIVISION,
                    """
                    assert (unique : forall p q a b, a < <k> -> b < <k> -> <k> * p + a = <k> * q + b -> a = b).
                    { intros p q a b Ha Hb same.
                      assert (p = q) by lia.
                      lia. }
                    assert (shift : forall q n, <r> (<k> * q + n) = <r> n).
                    { intros q n.
                      destruct (division n) as [s [Hs less_s]].
                      destruct (division (<k> * q + n)) as [t [Ht less_t]].
                      apply (unique t (q + s)).
                      - exact less_t.
                      - exact less_s.
                      - lia. }
                    assert (again : forall n, <r> (<r> n) = <r> n).
                    { intros n.
                      destruct (division n) as [q [Hq less_q]].
                      destruct (division (<r> n)) as [s [Hs less_s]].
                      apply (unique s 0).
                      - exact less_s.
                      - exact less_q.
                      - lia. }
                    intros m n.
                    destruct (division m) as [p [Hp less_p]].
                    destruct (division n) as [q [Hq less_q]].
                    split; [| split].
                    - rewrite <- (shift (<a> * p + <b> * q) (<a> * <r> m + <b> * <r> n)).
                      f_equal.
                      lia.
                    - rewrite <- (shift (<k> * (p * q) + p * <r> n + q * <r> m) (<r> m * <r> n + <c>)).
                      f_equal.
                      rewrite Hp at 1.
                      rewrite Hq at 1.
                      lia.
                    - apply again.
                    """,
                ),
                "r",
                {"k": (3, 40), "a": (2, 30), "b": (2, 30), "c": (1, 60)},
                lambda _, v: {"top": v["k"] - 1},
            ),
        ),
    ),
)
