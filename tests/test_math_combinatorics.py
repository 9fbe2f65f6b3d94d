"""Rules that the second methods of combinatorics rest on, held to lists of all cases."""

from __future__ import annotations

import itertools

from math_second_methods.combinatorics import chromatic, necklaces


def test_the_rule_for_rings_up_to_rotation_holds_where_all_can_be_listed() -> None:
    sizes, banned = [1, 2, 1], {(0, 0), (1, 2)}
    kinds = [0, 1, 1, 2]
    for length in (1, 2, 4, 6):
        rings = set()
        for ring in itertools.product(range(4), repeat=length):
            pairs = ((kinds[a], kinds[b]) for a, b in zip(ring, ring[1:] + ring[:1], strict=True))
            if all(tuple(sorted(pair)) not in banned for pair in pairs):
                rings.add(min(ring[turn:] + ring[:turn] for turn in range(length)))
        assert necklaces(length, sizes, banned) == len(rings)


def test_deletion_and_contraction_agree_with_a_list_of_all_colourings() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (3, 4), (4, 5), (5, 0)]
    listed = sum(all(colours[a] != colours[b] for a, b in edges) for colours in itertools.product(range(3), repeat=6))
    assert chromatic(frozenset(range(6)), frozenset(map(frozenset, edges)), 3) == listed
