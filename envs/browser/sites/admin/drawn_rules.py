"""Rules of the company with numbers drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import words
from .policies import AccessRules, ExpenseRules, ReviewRules
from .uploads import styled


def pick(rng: np.random.Generator, items: Sequence[str]) -> str:
    """One of the items."""
    return items[int(rng.integers(len(items)))]


def _shuffled(rng: np.random.Generator, items: Sequence[str]) -> tuple[str, ...]:
    return tuple(items[int(i)] for i in rng.permutation(len(items)))


def expense_rules(rng: np.random.Generator) -> ExpenseRules:
    """Rules that hold for every usual line, with numbers drawn from `rng`."""
    return ExpenseRules(
        limits={name: (high // 100 + int(rng.integers(1, 9)) * 2) * 100 for name, (_, high) in words.USUAL.items()},
        receipt_from=int(rng.integers(10, 40)) * 100,
        age=int(rng.integers(4, 12)) * 10,
        barred=_shuffled(rng, ("minibar", "parking fines", "spa", "cigarettes", "in-room movies", "upgrades"))[:4],
        order=_shuffled(rng, ("NO-RECEIPT", "OVER-LIMIT", "TOO-LATE", "NOT-COVERED", "DUPLICATE")),
        abroad={},
    )


def access_rules(rng: np.random.Generator) -> AccessRules:
    """Rules for requests with numbers and pairs drawn from `rng`."""
    names = [name for name, _, _ in words.GROUPS]
    chosen = [names[int(i)] for i in rng.permutation(len(names))[:8]]
    return AccessRules(
        days={"restricted": int(rng.integers(2, 7)) * 15, "elevated": int(rng.integers(8, 13)) * 15},
        ticket=("restricted",) if rng.random() < 0.5 else ("restricted", "elevated"),
        employees=("restricted",),
        conflicts=tuple(zip(chosen[::2], chosen[1::2], strict=True)),
        order=_shuffled(rng, ("NO-TICKET", "NOT-ELIGIBLE", "CONFLICT", "TOO-LONG", "NO-REASON")),
    )


def review_rules(rng: np.random.Generator) -> ReviewRules:
    """Rules for reviews with numbers and groups drawn from `rng`."""
    return ReviewRules(
        unused={"restricted": int(rng.integers(3, 6)) * 15, "elevated": 90, "standard": int(rng.integers(8, 13)) * 15},
        cutoff="2026-03-01",
        contractor=("restricted",),
        homes={},
        spared="",
        order=_shuffled(rng, ("UNUSED", "LEFT", "CONTRACTOR", "MOVED")),
    )


def naming_text(style: str) -> str:
    """The page on user names."""
    return (
        "A user name is made of the first and the last name, in lower case and without accents: Ada Byron is"
        f" {styled('Ada Byron', style)}. Middle names do not count, and neither do hyphens or apostrophes. If the user"
        " name is taken, be it by a person who left, a 2 is put at its end, then a 3.\n\nThe manager of a new person is"
        " the head of the department, unless the list says otherwise."
    )
