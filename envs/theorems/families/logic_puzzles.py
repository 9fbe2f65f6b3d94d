"""Logic: chains of rules that lead from facts to a goal, over propositions and over predicates."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from selftrain.envs.math.wording import between, pick, several
from selftrain.envs.theorems.families.pattern import Maker, family
from selftrain.envs.theorems.theorem import Statement, Theorem

_LETTERS = "ABCDFGHJKLMNPQRTUVWXYZ"


@dataclass(frozen=True)
class _Fact:
    """A letter that holds at a term, and the name of its proof."""

    letter: str
    term: str
    proof: str


@dataclass
class _Puzzle:
    """What is assumed and known so far; every rule adds assumptions and derives one more fact.

    Attributes:
        letters: not yet derived; spare ones are never derived and stand in for what does not matter.
        predicates: whether letters are predicates of a natural number.
    """

    rng: np.random.Generator
    predicates: bool
    letters: list[str]
    spare: list[str]
    assumed: list[tuple[str, str]] = field(default_factory=list)
    known: list[_Fact] = field(default_factory=list)
    script: list[str] = field(default_factory=list)

    def at(self, letter: str, term: str) -> str:
        """The proposition that `letter` holds at `term`."""
        return f"{letter} {term}" if self.predicates else letter

    def junk(self, term: str) -> str:
        """A proposition that nobody needs."""
        return self.at(pick(self.rng, self.spare), term)

    def assume(self, text: str, variables: str) -> str:
        """One more hypothesis, for all `variables` where letters are predicates; its name."""
        name = f"h{len(self.assumed) + 1}"
        self.assumed.append((name, f"forall {variables} : nat, {text}" if self.predicates else text))
        return name

    def use(self, name: str, *terms: str) -> str:
        """The hypothesis at these terms."""
        return " ".join([name, *terms]) if self.predicates else name

    def derive(self, term: str, proof: str) -> None:
        """The next letter holds at `term`."""
        letter = self.letters.pop()
        self.script.append(f"assert (k{letter} : {self.at(letter, term)}).\n{{ {proof} }}")
        self.known.append(_Fact(letter, term, f"k{letter}"))

    def fact(self) -> _Fact:
        """A known fact, one of the last most of the time."""
        return pick(self.rng, self.known[-3:])


def _both(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    h = p.assume(f"{p.at(a.letter, 'x')} -> {p.at(b.letter, 'y')} -> {p.at(p.letters[-1], 'y')}", "x y")
    p.derive(b.term, f"exact ({p.use(h, a.term, b.term)} {a.proof} {b.proof}).")


def _pair(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    h = p.assume(f"{p.at(a.letter, 'x')} /\\ {p.at(b.letter, 'y')} -> {p.at(p.letters[-1], 'x')}", "x y")
    p.derive(a.term, f"apply ({p.use(h, a.term, b.term)}). split; [exact {a.proof} | exact {b.proof}].")


def _either(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    right = p.rng.integers(2) == 1
    sides = [p.junk("x"), p.at(a.letter, "x")]
    one, two = sides if right else sides[::-1]
    h = p.assume(f"{one} \\/ {two} -> {p.at(p.letters[-1], 'x')}", "x")
    p.derive(a.term, f"apply ({p.use(h, a.term)}). {'right' if right else 'left'}. exact {a.proof}.")


def _guarded(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    h = p.assume(f"({p.junk('x')} -> {p.at(a.letter, 'x')}) -> {p.at(p.letters[-1], 'x')}", "x")
    p.derive(a.term, f"apply ({p.use(h, a.term)}). intros _. exact {a.proof}.")


def _parts(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    h = p.assume(f"{p.at(a.letter, 'x')} -> {p.at(p.letters[-1], 'x')} /\\ {p.junk('x')}", "x")
    p.derive(a.term, f"destruct ({p.use(h, a.term)} {a.proof}) as [found _]. exact found.")


def _cases(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    junk, wanted = p.junk("x"), p.at(p.letters[-1], "x")
    h = p.assume(f"{p.at(a.letter, 'x')} -> {junk} \\/ {wanted}", "x")
    other = p.assume(f"{junk} -> {wanted}", "x")
    p.derive(
        a.term,
        f"destruct ({p.use(h, a.term)} {a.proof}) as [other | found].\n"
        f"  - exact ({p.use(other, a.term)} other).\n  - exact found.",
    )


def _excluded(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    junk = p.junk("x")
    no = p.assume(f"{p.at(a.letter, 'x')} -> ~ {junk}", "x")
    h = p.assume(f"{p.at(a.letter, 'x')} -> {p.at(p.letters[-1], 'x')} \\/ {junk}", "x")
    p.derive(
        a.term,
        f"destruct ({p.use(h, a.term)} {a.proof}) as [found | bad].\n"
        f"  - exact found.\n  - destruct ({p.use(no, a.term)} {a.proof} bad).",
    )


def _twice_denied(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    h = p.assume(f"~ ~ {p.at(a.letter, 'x')} -> {p.at(p.letters[-1], 'x')}", "x")
    p.derive(a.term, f"apply ({p.use(h, a.term)}). intros no. exact (no {a.proof}).")


def _nested(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    junk = p.junk("x")
    h = p.assume(f"(({p.at(a.letter, 'x')} -> {junk}) -> {junk}) -> {p.at(p.letters[-1], 'x')}", "x")
    p.derive(a.term, f"apply ({p.use(h, a.term)}). intros step. exact (step {a.proof}).")


def _witness(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    letter = p.letters.pop()
    h = p.assume(f"{p.at(a.letter, 'x')} -> exists y : nat, {p.junk('y')} /\\ {p.at(letter, '(x + y)')}", "x")
    name = f"w{letter}"
    p.script.append(f"destruct ({h} {a.term} {a.proof}) as [{name} [_ k{letter}]].")
    p.known.append(_Fact(letter, f"({a.term} + {name})", f"k{letter}"))


def _everywhere(p: _Puzzle, a: _Fact, b: _Fact) -> None:
    h = p.assume(
        f"(forall y : nat, {p.junk('y')} \\/ {p.at(a.letter, 'x')}) -> forall y : nat, {p.at(p.letters[-1], '(x + y)')}",
        "x",
    )
    p.derive(
        f"({a.term} + {between(p.rng, 2, 60)})",
        f"apply ({h} {a.term}). intros y. right. exact {a.proof}.",
    )


_RULES: tuple[Callable[[_Puzzle, _Fact, _Fact], None], ...] = (
    _both, _pair, _either, _guarded, _parts, _cases, _excluded, _twice_denied, _nested,
)  # fmt: skip
_QUANTIFIED = (_witness, _everywhere)


def _goal(p: _Puzzle, facts: list[_Fact]) -> tuple[str, str]:
    """A proposition that follows from the facts, and its proof."""
    if len(facts) > 1:
        (left, one), (right, two) = _goal(p, facts[:1]), _goal(p, facts[1:])
        return f"({left}) /\\ ({right})", f"split.\n{{ {one} }}\n{{ {two} }}"
    fact = facts[0]
    plain, proof = p.at(fact.letter, fact.term), f"exact {fact.proof}."
    term = "0" if p.predicates else ""
    forms = [
        (f"{p.junk(term)} \\/ {plain}", f"right. {proof}"),
        (f"{plain} \\/ {p.junk(term)}", f"left. {proof}"),
        (f"{p.junk(term)} -> {plain}", f"intros _. {proof}"),
        (f"~ ~ {plain}" if not p.predicates else f"~ ~ ({plain})", f"intros no. exact (no {fact.proof})."),
    ]
    if p.predicates:
        forms = [(f"exists x : nat, {p.at(fact.letter, 'x')}", f"exists {fact.term}. {proof}")]
    return pick(p.rng, forms)


def _puzzle(rules: int, predicates: bool, quantified: int) -> Maker:
    def make(rng: np.random.Generator) -> Theorem:
        letters = several(rng, _LETTERS, len(_LETTERS))
        p = _Puzzle(rng, predicates, letters[:16], letters[16:])
        starts = ("n", "m") if predicates else ("", "")
        for start in starts:
            letter = p.letters.pop()
            p.assumed.append((f"h{len(p.assumed) + 1}", p.at(letter, start)))
            p.known.append(_Fact(letter, start, p.assumed[-1][0]))
        chosen = [pick(rng, _RULES) for _ in range(rules - quantified)] + [
            pick(rng, _QUANTIFIED) for _ in range(quantified)
        ]
        for place in rng.permutation(rules):
            chosen[int(place)](p, p.fact(), p.fact())
        goal, finish = _goal(p, p.known[-2:] if rules > 2 else p.known[-1:])
        return _written(p, goal, finish, letters)

    return make


def _written(p: _Puzzle, goal: str, finish: str, letters: list[str]) -> Theorem:
    """The puzzle as a theorem, its assumptions in a drawn order."""
    order = [p.assumed[int(i)] for i in p.rng.permutation(len(p.assumed))]
    text = " ".join([*(assumption for _, assumption in order), goal])
    used = " ".join(sorted(letter for letter in letters if letter in text))
    binder = f"forall ({used} : nat -> Prop) (n m : nat)" if p.predicates else f"forall {used} : Prop"
    lines = [f"  ({assumption}) ->" if " " in assumption else f"  {assumption} ->" for _, assumption in order]
    names = " ".join(name for name, _ in order)
    opening = f"intros {used} {'n m ' if p.predicates else ''}{names}."
    what = "predicates of natural numbers" if p.predicates else "propositions"
    return Theorem(
        Statement("\n".join([f"{binder},", *lines, f"  {goal}"])),
        f"From {len(order)} assumptions about {len(used.split())} {what} follows ${_latex(goal)}$.",
        "\n".join([opening, *p.script, finish]),
    )


def _latex(proposition: str) -> str:
    for coq, latex in (
        ("/\\", r"\wedge"),
        ("\\/", r"\vee"),
        ("->", r"\to"),
        ("~", r"\neg"),
        ("exists x : nat,", r"\exists x,"),
    ):
        proposition = proposition.replace(coq, latex)
    return proposition


IMPLICATIONS = family(
    "implication-chains",
    "logic",
    "From facts and rules to a goal, intuitionistically; predicates of numbers from level 4 on.",
    (
        (_puzzle(3, False, 0),),
        (_puzzle(5, False, 0),),
        (_puzzle(8, False, 0),),
        (_puzzle(8, True, 1),),
        (_puzzle(13, True, 3),),
    ),
)
QUANTIFIERS = family(
    "quantifier-chains",
    "logic",
    "Rules with universal and existential quantifiers, and a goal that needs their witnesses.",
    (
        (_puzzle(2, True, 1),),
        (_puzzle(3, True, 2),),
        (_puzzle(6, True, 3),),
        (_puzzle(9, True, 5),),
        (_puzzle(13, True, 7),),
    ),
)
