"""Logic: de Morgan's laws, bounded search and least elements, for what can be decided."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from selftrain.envs.math.wording import between, pick, several
from selftrain.envs.theorems.families.pattern import Maker, family, steps, theorem
from selftrain.envs.theorems.theorem import Theorem

_LETTERS = "ABCDFGHJKLMNPQRTUVWXYZ"
# an inner node is (connective, left, right), a leaf (letter, shift)
_Formula = tuple[str, "_Formula", "_Formula"] | tuple[str, int]


def _formula(rng: np.random.Generator, letters: list[str], shifts: int) -> _Formula:
    """A formula with these letters as leaves; a shift moves the argument of a predicate."""
    if len(letters) == 1:
        return letters[0], between(rng, 0, shifts)
    cut = between(rng, 1, len(letters) - 1)
    parts = _formula(rng, letters[:cut], shifts), _formula(rng, letters[cut:], shifts)
    return pick(rng, ("/\\", "\\/", "->")), *parts


def _text(formula: _Formula, leaf: Callable[[str, int], str]) -> str:
    if len(formula) == 2:
        return leaf(*formula)
    connective, left, right = formula
    return f"({_text(left, leaf)} {connective} {_text(right, leaf)})"


def _denied(formula: _Formula, leaf: Callable[[str, int], str]) -> str:
    """The negation, with negations at the leaves only."""
    if len(formula) == 2:
        return f"~ {leaf(*formula)}"
    connective, left, right = formula
    if connective == "->":
        return f"({_text(left, leaf)} /\\ {_denied(right, leaf)})"
    dual = "\\/" if connective == "/\\" else "/\\"
    return f"({_denied(left, leaf)} {dual} {_denied(right, leaf)})"


def _leaves(formula: _Formula) -> list[tuple[str, int]]:
    if len(formula) == 2:
        return [formula]
    return [leaf for part in formula[1:] for leaf in _leaves(part)]


def _propositional(size: int) -> Maker:
    def make(rng: np.random.Generator) -> Theorem:
        letters = several(rng, _LETTERS, size)
        formula = _formula(rng, letters, 0)
        names = sorted(letters)
        values = {
            "names": " ".join(names),
            "decided": "\n".join(f"  {name} \\/ ~ {name} ->" for name in names),
            "formula": _text(formula, lambda letter, _: letter),
            "denied": _denied(formula, lambda letter, _: letter),
            "hypotheses": " ".join(f"d{name}" for name in names),
            "cases": ", ".join(f"d{name}" for name in names),
        }
        return theorem(
            "",
            "forall <names> : Prop,\n<decided>\n  ~ <formula> <-> <denied>",
            "De Morgan: for decided propositions $<names>$, a negation may be moved to the leaves.",
            "intros <names> <hypotheses>.\ndestruct <cases>; tauto.",
            values,
        )

    return make


_DECIDE = """
    assert (decide : forall x, <body> \\/ <denied>).
    { intros x. destruct <cases>; tauto. }
"""
_DECIDE_PAIRS = """
    assert (decide : forall x y, <body> \\/ <denied>).
    { intros x y. destruct <cases>; tauto. }
"""
_SEARCH = """
    assert (search : forall n, (forall x, x < n -> <body>) \\/ (exists x, x < n /\\ <denied>)).
    { induction n as [| n IH].
      - left. intros x less. lia.
      - destruct IH as [all | [x [less no]]].
        + destruct (decide n) as [yes | no].
          * left. intros x less. destruct (PeanoNat.Nat.eq_dec x n) as [same | other].
            -- subst x. exact yes.
            -- apply all. lia.
          * right. exists n. split; [lia | exact no].
        + right. exists x. split; [lia | exact no]. }
"""


def _quantified(shifts: int, proposition: str, informal: str, proof: str, pairs: bool = False) -> Maker:
    argument = "x y" if pairs else "x"

    def leaf(letter: str, shift: int) -> str:
        return f"{letter} x (y + {shift})" if pairs else f"{letter} (x + {shift})"

    def make(rng: np.random.Generator) -> Theorem:
        letters = several(rng, _LETTERS, 3)
        formula = _formula(rng, [pick(rng, letters) for _ in range(5)], shifts)
        names = sorted({letter for letter, _ in _leaves(formula)})
        places = sorted(set(_leaves(formula)))
        at = [f"d{a} x (y + {shift})" if pairs else f"d{a} (x + {shift})" for a, shift in places]
        values: dict[str, object] = {
            "names": " ".join(names),
            "kind": "nat -> nat -> Prop" if pairs else "nat -> Prop",
            "decided": "\n".join(
                f"  (forall {argument} : nat, {name} {argument} \\/ ~ {name} {argument}) ->" for name in names
            ),
            "body": _text(formula, leaf),
            "denied": _denied(formula, leaf),
            "hypotheses": " ".join(f"d{name}" for name in names),
            "cases": ", ".join(f"({decided})" for decided in at),
            "c": between(rng, 1, 60),
        }
        preamble = "Require Import Lia."
        head = "forall <names> : <kind>,\n<decided>\n  "
        opening = "intros <names> <hypotheses>."
        return theorem(
            preamble, head + proposition, informal, steps(opening, _DECIDE_PAIRS if pairs else _DECIDE, proof), values
        )

    return make


_BOUNDED = _quantified(
    30,
    "forall n : nat, (forall x : nat, x < n + <c> -> <body>) \\/ (exists x : nat, x < n + <c> /\\ <denied>)",
    "What is decided for every number can be searched below a bound: it always holds there, or a counterexample exists.",
    steps(_SEARCH, "intros n. apply search."),
)
_LEAST = _quantified(
    30,
    "(exists x : nat, <body>) ->\n"
    "  exists n : nat, (forall x : nat, x = n -> <body>) /\\ (forall x : nat, x < n -> <denied>)",
    "If a decided property of numbers holds somewhere, there is a least number with it.",
    """
    assert (least : forall b, (exists x, x < b /\\ <body>) ->
      exists n, (forall x, x = n -> <body>) /\\ (forall x, x < n -> <denied>)).
    { induction b as [| b IH]; intros [x [less yes]].
      - lia.
      - assert (search : forall n, (exists y, y < n /\\ forall x, x = y -> <body>) \\/ (forall x, x < n -> <denied>)).
        { induction n as [| n IHn].
          - right. intros y small. lia.
          - destruct IHn as [[y [small found]] | none].
            + left. exists y. split; [lia | exact found].
            + destruct (decide n) as [found | no].
              * left. exists n. split; [lia |]. intros y same. subst y. exact found.
              * right. intros y small. destruct (PeanoNat.Nat.eq_dec y n) as [same | other].
                -- subst y. exact no.
                -- apply none. lia. }
        destruct (search x) as [[y [small found]] | none].
        + apply IH. exists y. split; [lia | apply found; reflexivity].
        + exists x. split; [| exact none]. intros y same. subst y. exact yes. }
    intros [x yes]. apply (least (S x)). exists x. split; [lia | exact yes].
    """,
)
_ALTERNATING = _quantified(
    30,
    "forall m n : nat,\n"
    "  (forall x : nat, x < m -> exists y : nat, y < n + <c> /\\ <body>)\n"
    "  \\/ (exists x : nat, x < m /\\ forall y : nat, y < n + <c> -> <denied>)",
    "For a decided relation and two bounds, either every $x$ has some $y$ within its bound, or some $x$ has none.",
    """
    assert (inner : forall x n, (exists y, y < n /\\ <body>) \\/ (forall y, y < n -> <denied>)).
    { intros x.
      induction n as [| n IH].
      - right.
        intros y less.
        lia.
      - destruct IH as [[y [less yes]] | none].
        + left.
          exists y.
          split; [lia | exact yes].
        + destruct (decide x n) as [yes | no].
          * left.
            exists n.
            split; [lia | exact yes].
          * right.
            intros y less.
            destruct (PeanoNat.Nat.eq_dec y n) as [same | other].
            -- subst y.
               exact no.
            -- apply none.
               lia. }
    intros m n.
    induction m as [| m IH].
    - left.
      intros x less.
      lia.
    - destruct IH as [all | [x [less none]]].
      + destruct (inner m (n + <c>)) as [some | none].
        * left.
          intros x less.
          destruct (PeanoNat.Nat.eq_dec x m) as [same | other].
          -- subst x.
             exact some.
          -- apply all.
             lia.
        * right.
          exists m.
          split; [lia | exact none].
      + right.
        exists x.
        split; [lia | exact none].
    """,
    pairs=True,
)

DECIDABLE = family(
    "decided-search",
    "logic",
    "De Morgan's laws, bounded search and least elements under decidability.",
    ((_propositional(5),), (_propositional(7),), (_BOUNDED,), (_LEAST,), (_ALTERNATING,)),
)
