"""A lab's written protocol: it settles about half of what labs differ on, and says nothing of the rest."""

from __future__ import annotations

from selftrain.envs.lab import senior
from selftrain.envs.lab.day import protocol
from selftrain.envs.lab.labs import Lab


def text(lab: Lab) -> str:
    """The protocol as people read it; what it settles is `selftrain.envs.lab.day.protocol`."""
    clauses = [
        f"Counting macrophages, {lab.preparation.stain}: the usual protocol of this lab",
        "1. Count macrophages only: no other cells, no debris, no bubbles, no precipitate.",
        *(f"{number}. {senior.rule(atom)}" for number, atom in enumerate(protocol(lab), 2)),
    ]
    return "\n".join(clauses)
