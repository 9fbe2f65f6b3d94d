"""Naturals: addition, multiplication and powers built from the successor, with no library at all."""

from __future__ import annotations

import numpy as np

from selftrain.envs.math.wording import between, pick, several
from selftrain.envs.theorems.families.pattern import Maker, family, steps, theorem, words
from selftrain.envs.theorems.theorem import Theorem

_DEFINITIONS = (
    "Fixpoint <add> (m n : nat) : nat := match m with O => n | S k => <grow> end.",
    "Fixpoint <mul> (m n : nat) : nat := match m with O => O | S k => <mulstep> end.",
    "Fixpoint <pow> (x n : nat) : nat := match n with O => S O | S k => <powstep> end.",
)
_ADD = """
    assert (add_S : forall m n, <add> m (S n) = S (<add> m n)).
    { induction m as [| m IH]; intros n; cbn; [reflexivity |]. rewrite IH. reflexivity. }
    assert (add_0 : forall n, <add> n O = n).
    { induction n as [| n IH]; [reflexivity |]. cbn. rewrite ?add_S, IH. reflexivity. }
"""
_ADD_LAWS = """
    assert (S_add : forall m n, <add> (S m) n = S (<add> m n)).
    { intros m n. cbn. rewrite ?add_S. reflexivity. }
    assert (add_comm : forall m n, <add> m n = <add> n m).
    { induction m as [| m IH]; intros n.
      - rewrite add_0. reflexivity.
      - rewrite S_add, add_S, IH. reflexivity. }
    assert (add_assoc : forall m n p, <add> m (<add> n p) = <add> (<add> m n) p).
    { induction m as [| m IH]; intros n p; [reflexivity |].
      rewrite !S_add, IH. reflexivity. }
"""
_MUL_LAWS = """
    assert (S_mul : forall m n, <mul> (S m) n = <add> n (<mul> m n)).
    { intros m n. cbn. first [reflexivity | apply add_comm]. }
    assert (mul_0 : forall n, <mul> n O = O).
    { induction n as [| n IH]; [reflexivity |]. rewrite S_mul, IH. reflexivity. }
    assert (swap : forall a b c, <add> a (<add> b c) = <add> b (<add> a c)).
    { intros a b c. rewrite !add_assoc, (add_comm a b). reflexivity. }
    assert (mul_S : forall m n, <mul> m (S n) = <add> m (<mul> m n)).
    { induction m as [| m IH]; intros n; [reflexivity |].
      rewrite !S_mul, IH, !S_add, (swap n m). reflexivity. }
    assert (mul_comm : forall m n, <mul> m n = <mul> n m).
    { induction m as [| m IH]; intros n.
      - rewrite mul_0. reflexivity.
      - rewrite S_mul, mul_S, IH. reflexivity. }
"""
_RING_LAWS = """
    assert (distribute : forall m n p, <mul> (<add> m n) p = <add> (<mul> m p) (<mul> n p)).
    { induction m as [| m IH]; intros n p; [reflexivity |].
      rewrite S_add, !S_mul, IH, add_assoc. reflexivity. }
    assert (mul_assoc : forall m n p, <mul> m (<mul> n p) = <mul> (<mul> m n) p).
    { induction m as [| m IH]; intros n p; [reflexivity |].
      rewrite !S_mul, distribute, IH. reflexivity. }
"""
_POWERS = """
    assert (S_pow : forall x n, <pow> x (S n) = <mul> x (<pow> x n)).
    { intros x n. cbn. first [reflexivity | apply mul_comm]. }
    assert (mul_1 : forall n, <mul> (S O) n = n).
    { intros n. rewrite S_mul. cbn. rewrite ?add_0. reflexivity. }
    assert (pow_add : forall x m n, <pow> x (<add> m n) = <mul> (<pow> x m) (<pow> x n)).
    { intros x. induction m as [| m IH]; intros n.
      - cbn [<add>]. change (<pow> x O) with (S O). rewrite mul_1. reflexivity.
      - rewrite S_add, !S_pow, IH, mul_assoc. reflexivity. }
    assert (exchange : forall a b c d, <mul> (<mul> a b) (<mul> c d) = <mul> (<mul> a c) (<mul> b d)).
    { intros a b c d.
      rewrite <- !mul_assoc, (mul_assoc b c d), (mul_comm b c), <- (mul_assoc c b d). reflexivity. }
    assert (pow_mul : forall x y n, <pow> (<mul> x y) n = <mul> (<pow> x n) (<pow> y n)).
    { intros x y. induction n as [| n IH].
      - symmetry. apply mul_1.
      - rewrite !S_pow, IH, exchange. reflexivity. }
"""


def _bracketing(rng: np.random.Generator, operation: str, leaves: list[str]) -> str:
    """The leaves in their order, combined by drawn brackets."""
    order = list(leaves)
    while len(order) > 1:
        place = between(rng, 0, len(order) - 2)
        order[place : place + 2] = [f"({operation} {order[place]} {order[place + 1]})"]
    return order[0][1:-1]


def _sorting(order: list[str], target: list[str], comm: str, swap: str) -> str:
    """Rewrites that bring a sum bracketed to the right from `order` into the order `target`."""
    order, rewrites = list(order), []
    for place, leaf in enumerate(target):
        for k in range(order.index(leaf), place, -1):
            rewrites.append(f"rewrite ({comm if k == len(order) - 1 else swap} {order[k - 1]} {leaf}).")
            order[k - 1 : k + 1] = [leaf, order[k - 1]]
    return "\n".join([*rewrites, "reflexivity."])


_LEFT_SWAP = """
    assert (<op>_swap : forall a b c, <op> a (<op> b c) = <op> b (<op> a c)).
    { intros a b c. rewrite !<op>_assoc, (<op>_comm a b). reflexivity. }
    intros <vars>.
    rewrite <- !<op>_assoc.
""".replace("<op> ", "<opname> ").replace("<op>_", "<law>_")
_LAWS = (
    "(forall m n : nat, <add> m n = <add> n m) ->\n(forall m n p : nat, <add> m (<add> n p) = <add> (<add> m n) p) ->\n"
)
_FLAT = {
    1: (0, "forall <add> : nat -> nat -> nat,\n" + _LAWS, "intros <add> add_comm add_assoc."),
    2: (1, "", steps(_ADD, _ADD_LAWS)),
    3: (1, "", steps(_ADD, _ADD_LAWS)),
    4: (2, "", steps(_ADD, _ADD_LAWS, _MUL_LAWS, _RING_LAWS)),
}


def _reordered(level: int) -> Maker:
    """Two bracketings of the same sum, or from level 4 on product, are equal."""
    count, hypotheses, laws = _FLAT[level]
    law = "mul" if level == 4 else "add"

    def make(rng: np.random.Generator) -> Theorem:
        leaves = list("abcdefg"[: 7 if level == 2 else 6])
        left = several(rng, leaves, len(leaves))
        right = left if level == 2 else several(rng, leaves, len(leaves))
        values = _values(rng)
        operation = str(values[law])
        values |= {"left": _bracketing(rng, operation, left), "right": _bracketing(rng, operation, right)}
        values |= {"vars": " ".join(leaves), "opname": operation, "law": law}
        middle = "intros <vars>.\nrewrite <- !add_assoc." if level == 2 else _LEFT_SWAP
        return theorem(
            steps(*_DEFINITIONS[:count]),
            hypotheses + "forall <vars> : nat,\n  <left>\n  = <right>",
            _INFORMAL[level],
            steps(laws, middle, _sorting(right, left, f"{law}_comm", f"{law}_swap")),
            values,
        )

    return make


_INFORMAL = {
    1: r"Two ways of adding the same six numbers agree, for any operation that is commutative and associative.",
    2: r"Two ways of setting brackets in a sum of seven numbers agree; addition is defined here by recursion.",
    3: r"Two ways of adding six numbers, in another order and with other brackets, agree; "
    r"addition is defined here by recursion.",
    4: r"Two ways of multiplying six numbers, in another order and with other brackets, agree; "
    r"addition and multiplication are defined here by recursion.",
}


def _values(rng: np.random.Generator) -> dict[str, object]:
    """The names of the operations, and one of the two ways of writing each recursion."""
    add, mul, power = words(rng, 3)
    return {
        "add": add,
        "mul": mul,
        "pow": power,
        "grow": pick(rng, (f"S ({add} k n)", f"{add} k (S n)")),
        "mulstep": pick(rng, (f"{add} n ({mul} k n)", f"{add} ({mul} k n) n")),
        "powstep": pick(rng, (f"{mul} x ({power} x k)", f"{mul} ({power} x k) x")),
    }


def _power_law(rng: np.random.Generator) -> Theorem:
    """A power of a product with a sum in the exponent."""
    values = _values(rng)
    a, b, c, d = several(rng, ["a", "b", "c", "d"], 4)
    values |= {"p": a, "q": b, "r": c, "s": d}
    return theorem(
        steps(*_DEFINITIONS),
        "forall a b c d : nat,\n  <pow> (<mul> <p> <q>) (<add> <r> <s>)\n"
        "  = <mul> (<pow> <p> (<add> <s> <r>)) (<mul> (<pow> <q> <r>) (<pow> <q> <s>))",
        r"$(<p><q>)^{<r>+<s>} = <p>^{<s>+<r>} (<q>^{<r>} <q>^{<s>})$, "
        r"all three operations being defined here by recursion.",
        steps(_ADD, _ADD_LAWS, _MUL_LAWS, _RING_LAWS, _POWERS)
        + "\nintros a b c d.\nrewrite pow_mul, <- (pow_add <q> <r> <s>), (add_comm <s> <r>).\nreflexivity.",
        values,
    )


SUCCESSOR = family(
    "successor-arithmetic",
    "naturals",
    "Laws of addition, multiplication and powers from their recursions.",
    ((_reordered(1),), (_reordered(2),), (_reordered(3),), (_reordered(4),), (_power_law,)),
)
