"""What it costs to reach the positions of a puzzle whose moves are given."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import TypeVar

Position = TypeVar("Position", bound=tuple[int, ...])


def costs(start: Position, moves: Callable[[Position], Iterable[tuple[int, Position]]]) -> dict[Position, int]:
    """The least total cost of getting from `start` to each position that can be reached (Dijkstra)."""
    best = {start: 0}
    queue = [(0, start)]
    while queue:
        cost, position = heapq.heappop(queue)
        if cost > best[position]:
            continue
        for price, after in moves(position):
            total = cost + price
            if total < best.get(after, total + 1):
                best[after] = total
                heapq.heappush(queue, (total, after))
    return best
