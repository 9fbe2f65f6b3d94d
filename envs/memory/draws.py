"""Random numbers by counter: every number of an instance is a pure function of seed, purpose and place.

The mixing function is the finaliser of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014; constants of Vigna's public-domain C version). No number depends on how many were drawn
before, so that one environment and thousands of them in arrays see the same instance, bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from selftrain.errors import OptionError

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Small = npt.NDArray[np.int8]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
SEEDS = 1 << 64
_PLACES_BITS, _SEGMENT_BITS = np.uint64(12), np.uint64(40)
MOST_PLACES = 1 << 12


def mix(words: Words) -> Words:
    """The output of splitmix64 for these states."""
    z = words + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    z ^= z >> np.uint64(31)
    return z


def draw(seeds: Words, purpose: int, below: int, segment: Any = 0, place: Any = 0) -> Ints:
    """Numbers from 0 to `below` - 1, one for each of the broadcast arguments.

    Args:
        seeds: of the instances.
        purpose: what the number is for, from 0 to 255; another purpose, another number.
        below: how many values there are, at most 2**31; a value's probability is off by less than `below` / 2**32.
        segment: where in the episode.
        place: which one of several within a segment, below `MOST_PLACES`.
    """
    counter = np.asarray(segment, np.uint64) << _PLACES_BITS | np.asarray(place, np.uint64)
    counter = counter | np.uint64(purpose) << (_PLACES_BITS + _SEGMENT_BITS)
    with np.errstate(over="ignore"):  # arithmetic is modulo 2**64, of which numpy warns for single numbers
        words = mix(mix(seeds) + counter * _GOLDEN)
    return ((words >> np.uint64(32)) * np.uint64(below) >> np.uint64(32)).astype(np.int64)


def shuffled(seeds: Words, purpose: int, count: int, segment: Any = 0) -> Ints:
    """A random order of `count` places for each instance, in a last axis of its own."""
    keys = draw(seeds[..., None], purpose, 1 << 31, np.asarray(segment)[..., None], np.arange(count))
    return np.argsort(keys, axis=-1, kind="stable")


def seed_words(seed: int) -> Words:
    """The seed of one instance as an array.

    Raises:
        OptionError: it does not fit in 64 bits.
    """
    if not 0 <= seed < SEEDS:
        raise OptionError(f"seed={seed} must be from 0 to 2**64 - 1")
    return np.array([seed], np.uint64)


def following(seeds: Words) -> Words:
    """The instances that come after these when an episode ends and no seed is given; they fit in 63 bits."""
    return mix(mix(seeds)) >> np.uint64(1)


def gather(items: Small, order: Ints) -> Small:
    """Items of each instance in another order, or some of them: (instances, items, fields) by (instances, chosen)."""
    count, rows, fields = items.shape
    places = order + np.arange(count)[:, None] * rows
    gathered: Small = items.reshape(-1, fields).take(places.ravel(), axis=0)
    return gathered.reshape(count, -1, fields)
