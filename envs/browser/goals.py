"""What a browser task wants to be true in the end, and the judgement by the sites' databases.

The verdict looks at the databases that the servers hold, at their audit tables, at the log of requests that the
servers answered and at the answer that was given; never at a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Wanted = Any | Callable[[Any], bool]
"""A value of a column: equal to it; or a predicate (a function at the top of a module or a frozen dataclass)."""


@dataclass(frozen=True)
class IdOf:
    """The id of the new row that the change of this index brings; for lines of an order that is new itself."""

    change: int


@dataclass(frozen=True)
class Inserted:
    """One new row. Columns that are neither named nor among the site's `generated` must hold their default.

    A value may be `IdOf(i)`: the id of the row that `changes[i]` of the same goal, an `Inserted`, brings.
    """

    site: str
    table: str
    values: Mapping[str, Wanted]


@dataclass(frozen=True)
class Updated:
    """One row in which exactly these columns (and generated ones) have new values; each differs from the old one."""

    site: str
    table: str
    id: int
    values: Mapping[str, Wanted]


@dataclass(frozen=True)
class Deleted:
    """One row that is gone."""

    site: str
    table: str
    id: int


@dataclass(frozen=True)
class Goal:
    """What must have come about, and nothing else.

    Every row that differs between start and end, outside of the sites' incidental tables, must be one of `changes`, and
    each of these must have come about. The audit table must tell of no other row, and of no other `actor`: what was
    changed by mistake and put back counts against the agent; in a row of the goal itself, what counts is how it ends.
    A row that is to be new must not have been deleted on the way, nor one that is to be gone made again.

    Attributes:
        changes: rows, in any order.
        actors: site → user name that made the changes; "" is somebody who is not signed in. Every site with changes
            must be in it.
        answer: what `answer(...)` must say, or None when nothing is asked.
        answer_kind: how answers compare: "text" (case and blanks do not count), "number", "money", "date"
            ("2026-03-02"), or "set" (of texts, separated by commas or semicolons, in any order).
        requests: regular expressions; for each the log must hold an answered request "GET http://shop.test/x" with
            status 200 that matches it whole.
    """

    changes: Sequence[Inserted | Updated | Deleted] = ()
    actors: Mapping[str, str] = field(default_factory=dict)
    answer: str | None = None
    answer_kind: str = "text"
    requests: Sequence[str] = ()


@dataclass(frozen=True)
class Contains:
    """A text that holds all of `parts`, whatever their case, and is no longer than `most` characters."""

    parts: tuple[str, ...]
    most: int = 400

    def __call__(self, value: Any) -> bool:
        """Whether `value` is such a text."""
        return (
            isinstance(value, str)
            and len(value) <= self.most
            and all(part.casefold() in value.casefold() for part in self.parts)
        )
