"""Which row is which of those that a goal wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from selftrain.envs.browser.goals import Deleted, IdOf, Inserted, Updated, Wanted
from selftrain.errors import VerifierError

_STEPS = 20_000
_Key = tuple[str, str, int]


def fits(wanted: Mapping[str, Wanted], row: Mapping[str, Any]) -> bool:
    """Whether each named column holds what is wanted of it; ids of other new rows are looked at by `assigned`."""
    return all(_holds(value, row[name]) for name, value in wanted.items() if not isinstance(value, IdOf))


def _holds(wanted: Wanted, value: Any) -> bool:
    if not callable(wanted):
        return bool(wanted == value)
    try:
        return bool(wanted(value))
    except Exception as error:
        raise VerifierError(f"what a goal wants of a column, {wanted!r}, failed on {value!r}") from error


def assigned(
    changes: Sequence[Inserted | Updated | Deleted],
    candidates: Mapping[int, Sequence[_Key]],
    rows: Mapping[_Key, Mapping[str, Any]],
) -> dict[int, _Key]:
    """A row of its own for as many of the changes as can be, such that ids of new rows agree.

    Args:
        changes: of the goal.
        candidates: index of a change → the rows that fit it, taken by itself.
        rows: all rows that are new or have new values.
    """
    matched = _matching(candidates)
    links = {i: _links(changes[i]) for i in candidates}
    if len(matched) < len(candidates) or not any(links.values()):
        return matched
    # what refers comes after what it refers to, so that a wrong choice is seen early
    order = sorted(candidates, key=lambda i: (len(links[i]), len(candidates[i]), i))
    return _Search(order, candidates, links, rows).run() or {i: matched[i] for i in candidates if not links[i]}


def _links(change: Inserted | Updated | Deleted) -> dict[str, int]:
    if isinstance(change, Deleted):
        return {}
    return {name: value.change for name, value in change.values.items() if isinstance(value, IdOf)}


def _matching(candidates: Mapping[int, Sequence[_Key]]) -> dict[int, _Key]:
    """A largest matching, by augmenting paths."""
    taken: dict[_Key, int] = {}

    def place(i: int, seen: set[_Key]) -> bool:
        for key in candidates[i]:
            if key not in seen:
                seen.add(key)
                if key not in taken or place(taken[key], seen):
                    taken[key] = i
                    return True
        return False

    for i in candidates:
        place(i, set())
    return {i: key for key, i in taken.items()}


class _Search:
    """Trying one choice after the other, at most `_STEPS` of them: goals hold few rows that can be told apart."""

    def __init__(
        self,
        order: Sequence[int],
        candidates: Mapping[int, Sequence[_Key]],
        links: Mapping[int, Mapping[str, int]],
        rows: Mapping[_Key, Mapping[str, Any]],
    ) -> None:
        self._order, self._candidates, self._links, self._rows = order, candidates, links, rows
        self._chosen: dict[int, _Key] = {}
        self._left = _STEPS

    def run(self) -> dict[int, _Key]:
        """A choice for all, or {}."""
        return self._chosen if self._place(0) else {}

    def _place(self, depth: int) -> bool:
        if depth == len(self._order):
            return self._agrees(self._order)
        i = self._order[depth]
        for key in self._candidates[i]:
            self._left -= 1
            if self._left < 0:
                return False
            if key not in self._chosen.values():
                self._chosen[i] = key
                if self._agrees([i]) and self._place(depth + 1):
                    return True
                del self._chosen[i]
        return False

    def _agrees(self, changes: Sequence[int]) -> bool:
        """Whether ids that these rows hold are those of the chosen rows, as far as these are chosen."""
        return all(
            self._rows[self._chosen[i]][name] == self._chosen[other][2]
            for i in changes
            for name, other in self._links[i].items()
            if other in self._chosen
        )
