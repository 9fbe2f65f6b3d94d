"""Statements, theorems and theorem families."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Statement:
    """A proposition in the language of a prover, with what it stands on. Trusted: it is ours or the user's.

    Attributes:
        proposition: the text of the proposition, for example "forall n : nat, n + 0 = n".
        preamble: what it needs before it: imports and definitions, whole sentences.
        name: of the theorem; an identifier.
        axioms: full names of axioms that a proof may rest on; none unless listed.
    """

    proposition: str
    preamble: str = ""
    name: str = "goal"
    axioms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Theorem:
    """A statement, what it says in words, and a proof of it.

    Attributes:
        statement: what is to be proven.
        informal: one or two sentences in words and LaTeX.
        proof: a tactic body that proves it, made by the generator.
    """

    statement: Statement
    informal: str
    proof: str


@dataclass(frozen=True)
class TheoremFamily:
    """A pure function `(generator, level) -> Theorem`; the statements are in the language of `prover`."""

    name: str
    area: str
    summary: str
    make: Callable[[np.random.Generator, int], Theorem]
    prover: str = "coq"
