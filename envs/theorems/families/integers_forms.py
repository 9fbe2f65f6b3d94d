"""Integers: binary quadratic forms."""

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_Z = "Require Import ZArith Lia.\nOpen Scope Z_scope."
_FORM = "Definition <q> (x y : Z) : Z := x * x + <p> * x * y + <r> * y * y."
_NORM = "Definition <norm> (n : Z) : Prop := exists x y : Z, n = <q> x y."
_POWER = "Fixpoint <pow> (x : Z) (n : nat) : Z := match n with O => 1 | S m => x * <pow> x m end."
_BRAHMAGUPTA = """
    assert (identity : forall x y u v, <q> x y * <q> u v = <q> (x * u - <r> * y * v) (x * v + y * u + <p> * y * v)).
    { intros x y u v. unfold <q>. ring. }
"""
_ORBIT = """
    Fixpoint <orbit> (n : nat) (x y : Z) : Z :=
      match n with O => <q> x y | S m => <orbit> m (<a> * x - <rb> * y) (<b> * x + <apb> * y) end.
"""
_SHAPE = r"$Q(x, y) = x^2 + <p>xy + <r>y^2$"
_COEFFICIENTS = {"p": (-40, 40), "r": (2, 40)}

FORMS = family(
    "quadratic-forms",
    "integers",
    "Identities of binary quadratic forms and what they represent.",
    (
        (
            Pattern(
                _Z,
                "forall x y : Z, (<a> * x + <b> * y) * (<c> * x - <d> * y) + <e> * (x * y) = "
                "<ac> * (x * x) + <m> * (x * y) - <bd> * (y * y)",
                r"$(<a>x + <b>y)(<c>x - <d>y) + <e>xy$ expanded.",
                "intros x y. ring.",
                "",
                {"a": (2, 99), "b": (2, 99), "c": (2, 99), "d": (2, 99), "e": (2, 99)},
                lambda _, v: {
                    "ac": v["a"] * v["c"],
                    "bd": v["b"] * v["d"],
                    "m": v["b"] * v["c"] - v["a"] * v["d"] + v["e"],
                },
            ),
        ),
        (
            Pattern(
                steps(_Z, _FORM),
                "forall x y : Z, exists u v : Z, <n> * <q> x y = <q> u v",
                r"The form " + _SHAPE + r" represents $<n>$, and so $<n>Q(x, y)$ is again a value of $Q$.",
                "intros x y. exists (<a> * x - <rb> * y), (<b> * x + <apb> * y). unfold <q>. ring.",
                "q",
                {"p": (-40, 40), "r": (2, 40), "a": (2, 20), "b": (2, 20)},
                lambda _, v: {
                    "n": v["a"] ** 2 + v["p"] * v["a"] * v["b"] + v["r"] * v["b"] ** 2,
                    "rb": v["r"] * v["b"],
                    "apb": v["a"] + v["p"] * v["b"],
                },
            ),
        ),
        (
            Pattern(
                steps(_Z, _FORM, _NORM),
                "forall m n : Z, <norm> m -> <norm> n -> <norm> (m * n) /\\ <norm> (<s> * (n * m))",
                r"The values of " + _SHAPE + r" are closed under multiplication, also by the square $<s>$.",
                steps(
                    _BRAHMAGUPTA,
                    """
                    assert (scaled : forall x y, <s> * <q> x y = <q> (<t> * x) (<t> * y)).
                    { intros x y. unfold <q>. ring. }
                    intros m n [x [y Hm]] [u [v Hn]]. subst. rewrite (Z.mul_comm (<q> u v)), identity. split.
                    - eexists. eexists. reflexivity.
                    - rewrite scaled. eexists. eexists. reflexivity.
                    """,
                ),
                "q norm",
                {**_COEFFICIENTS, "t": (2, 30)},
                lambda _, v: {"s": v["t"] ** 2},
            ),
        ),
        (
            Pattern(
                steps(_Z, _FORM, _NORM, _POWER),
                "forall (k : nat) (m n : Z), <norm> m -> <norm> n -> <norm> (<pow> m k * (<s> * n))",
                r"If $m$ and $n$ are values of " + _SHAPE + r", then so is $<s> m^k n$ for every $k$.",
                steps(
                    _BRAHMAGUPTA,
                    """
                    assert (closed : forall m n, <norm> m -> <norm> n -> <norm> (m * n)).
                    { intros m n [x [y Hm]] [u [v Hn]]. subst. rewrite identity.
                      eexists. eexists. reflexivity. }
                    assert (powers : forall k m, <norm> m -> <norm> (<pow> m k)).
                    { induction k as [| k IH]; intros m Hm; cbn [<pow>].
                      - exists 1, 0. unfold <q>. ring.
                      - apply closed; [exact Hm | apply IH; exact Hm]. }
                    intros k m n Hm Hn. apply closed; [apply powers; exact Hm |].
                    apply closed; [| exact Hn].
                    exists <t>, 0. unfold <q>. ring.
                    """,
                ),
                "q norm pow",
                {**_COEFFICIENTS, "t": (2, 30)},
                lambda _, v: {"s": v["t"] ** 2},
            ),
        ),
        (
            Pattern(
                steps(_Z, _FORM, _NORM, _POWER, _ORBIT),
                "forall (m n : nat) (x y : Z),\n"
                "  <orbit> m x y * <orbit> n 1 0 = <pow> <n> (m + n) * <q> x y\n"
                "  /\\ <norm> (<pow> (<orbit> n 1 0) m) /\\ <orbit> (m + n) (<d> * x) (<d> * y) = "
                "<dd> * (<orbit> m x y * <pow> <n> n)",
                r"Each step of the loop multiplies "
                + _SHAPE
                + r" by $<n>$; hence a product of its results is a power of "
                r"$<n>$ times $Q(x,y)$, powers of them are values of $Q$, and scaling by $<d>$ scales by $<dd>$.",
                steps(
                    """
                    assert (one : forall x y, <q> (<a> * x - <rb> * y) (<b> * x + <apb> * y) = <n> * <q> x y).
                    { intros x y. unfold <q>. ring. }
                    assert (loop : forall k x y, <orbit> k x y = <pow> <n> k * <q> x y).
                    { induction k as [| k IH]; intros x y.
                      - cbn [<orbit> <pow>].
                        ring.
                      - cbn [<orbit> <pow>].
                        rewrite IH.
                        rewrite one.
                        ring. }
                    assert (add : forall x j k, <pow> x (j + k) = <pow> x j * <pow> x k).
                    { intros x. induction j as [| j IH]; intros k.
                      - cbn [<pow> Nat.add].
                        ring.
                      - cbn [<pow> Nat.add].
                        rewrite IH.
                        ring. }
                    """,
                    _BRAHMAGUPTA,
                    """
                    assert (closed : forall m n, <norm> m -> <norm> n -> <norm> (m * n)).
                    { intros m n [x [y Hm]] [u [v Hn]].
                      subst.
                      rewrite identity.
                      eexists. eexists. reflexivity. }
                    assert (powers : forall k m, <norm> m -> <norm> (<pow> m k)).
                    { induction k as [| k IH]; intros m Hm; cbn [<pow>].
                      - exists 1, 0. unfold <q>. ring.
                      - apply closed; [exact Hm | apply IH; exact Hm]. }
                    intros m n x y. split; [| split].
                    - rewrite !loop, add. unfold <q>. ring.
                    - apply powers. rewrite loop. apply closed.
                      + apply powers. exists <a>, <b>. unfold <q>. ring.
                      + exists 1, 0. reflexivity.
                    - rewrite !loop, add. unfold <q>. ring.
                    """,
                ),
                "q norm pow orbit",
                {"p": (-20, 20), "r": (2, 30), "a": (2, 15), "b": (2, 15), "d": (2, 30)},
                lambda _, v: {
                    "n": v["a"] ** 2 + v["p"] * v["a"] * v["b"] + v["r"] * v["b"] ** 2,
                    "rb": v["r"] * v["b"],
                    "apb": v["a"] + v["p"] * v["b"],
                    "dd": v["d"] ** 2,
                },
            ),
        ),
    ),
)
