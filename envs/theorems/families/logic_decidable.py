"""Logic: de Morgan's laws, bounded search and least elements, for what can be decided."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

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


_STEPS = {
    "/\\": (
        "destruct l as [l | l]; [destruct r as [r | r]; [left; split; assumption | right; right; exact r] "
        "| right; left; exact l].",
        "intros [u | u] [v w]; [exact (nol u v) | exact (nor u w)].",
    ),
    "\\/": (
        "destruct l as [l | l]; [left; left; exact l "
        "| destruct r as [r | r]; [left; right; exact r | right; split; assumption]].",
        "intros [u v] [w | w]; [exact (nol u w) | exact (nor v w)].",
    ),
    "->": (
        "destruct r as [r | r]; [left; intros _; exact r | destruct l as [l | l]; [right; split; assumption "
        "| left; intros w; destruct (nol l w)]].",
        "intros [u v] w. exact (nor v (w u)).",
    ),
}


def _decision(formula: _Formula, leaf: Callable[[str, int], str], decided: Callable[[str, int], str]) -> str:
    """Proves that the formula or its negation holds, and that they exclude each other, from below."""
    if len(formula) == 2:
        return f"split; [exact ({decided(*formula)}) | intros u; exact u]."
    connective, *parts = formula
    lines = []
    for name, part in zip("lr", parts, strict=True):
        text, denied = _text(part, leaf), _denied(part, leaf)
        lines.append(f"assert ({name} : ({text} \\/ {denied}) /\\ ({denied} -> ~ {text})).")
        lines.append(f"{{ {'clear l. ' if name == 'r' else ''}{_decision(part, leaf, decided)} }}")
    lines.append("destruct l as [l nol]. destruct r as [r nor]. split.")
    lines += [f"{{ {step} }}" for step in _STEPS[connective]]
    return "\n".join(lines)


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
            "decision": _decision(formula, lambda letter, _: letter, lambda letter, _: f"d{letter}"),
        }
        return theorem(
            "",
            "forall <names> : Prop,\n<decided>\n  ~ <formula> <-> <denied>",
            "De Morgan: for decided propositions $<names>$, a negation may be moved to the leaves.",
            steps(
                "intros <names> <hypotheses>.",
                "assert (decision : (<formula> \\/ <denied>) /\\ (<denied> -> ~ <formula>)).",
                "{ <decision> }",
                "destruct decision as [[yes | no] sound].",
                "- split; [intros never; destruct (never yes) | exact sound].",
                "- split; [intros _; exact no | exact sound].",
            ),
            values,
        )

    return make


_DECIDE = """
    assert (decide : forall x, <body> \\/ <denied>).
    { intros x.
      assert (both : (<body> \\/ <denied>) /\\ (<denied> -> ~ <body>)).
      { <decision> }
      destruct both as [one _]. exact one. }
"""
_DECIDE_PAIRS = """
    assert (decide : forall x y, <body> \\/ <denied>).
    { intros x y.
      assert (both : (<body> \\/ <denied>) /\\ (<denied> -> ~ <body>)).
      { <decision> }
      destruct both as [one _]. exact one. }
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
        values: dict[str, object] = {
            "names": " ".join(names),
            "kind": "nat -> nat -> Prop" if pairs else "nat -> Prop",
            "decided": "\n".join(
                f"  (forall {argument} : nat, {name} {argument} \\/ ~ {name} {argument}) ->" for name in names
            ),
            "body": _text(formula, leaf),
            "denied": _denied(formula, leaf),
            "hypotheses": " ".join(f"d{name}" for name in names),
            "decision": _decision(formula, leaf, lambda letter, shift: "d" + leaf(letter, shift)),
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
