"""What no player can exceed: recall of several values out of few bits."""

from __future__ import annotations

import math
from collections.abc import Sequence


def recall_ceiling(weights: Sequence[float], values: int, bits: float) -> float:
    """The highest probability of recalling one of several values, given notes of so many bits.

    The values are independent and uniform; which of them is asked for is drawn by `weights` after the notes are
    written. Recalling one with probability a takes at least R(a) = log2 V - h(a) - (1 - a) log2(V - 1) bits (Fano's
    inequality), and the sum of these is at most `bits`. The best shares of the bits have equal slopes, which makes
    a = q / (q + V - 1) with q = 2^(weight / price), for one price of a bit that uses all of them.

    Args:
        weights: of the values, adding up to 1.
        values: how many each can have.
        bits: that the notes hold.
    """
    if bits >= len(weights) * math.log2(values):
        return 1.0
    low, high = 0.0, 1000.0  # of 1 / price; at 1000 every value with a weight worth mentioning is recalled
    for _ in range(200):
        middle = (low + high) / 2
        used = sum(_rate(_recall(weight * middle, values), values) for weight in weights)
        low, high = (middle, high) if used < bits else (low, middle)
    return sum(weight * _recall(weight * high, values) for weight in weights)


def _recall(exponent: float, values: int) -> float:
    return 1 / (1 + (values - 1) * 2 ** -min(exponent, 1000.0))


def _rate(recall: float, values: int) -> float:
    wrong = 1 - recall
    entropy = -sum(share * math.log2(share) for share in (recall, wrong) if share > 0)
    return math.log2(values) - entropy - wrong * math.log2(values - 1)
