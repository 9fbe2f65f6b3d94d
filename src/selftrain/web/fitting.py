"""How success falls with the number of cuts: c + (A - c) s^N, where c is chance.

A is how often the thing to be carried is picked up, s how often it outlives one cut; ln(1/2) / ln(s) cuts halve what
is above chance. Both are fitted by the likelihood of the counts; the interval of s is where the profile of the
likelihood lies within the 95 % quantile of chi-squared with one degree of freedom (Wilks 1938).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NEEDED_CUTS, NEEDED_EPISODES = 3, 20
_CHI2_95 = 3.841458820694124
_GRID = 401


@dataclass(frozen=True)
class Counted:
    """Episodes with the same number of cuts."""

    cuts: int
    episodes: int
    passed: int


@dataclass(frozen=True)
class Fit:
    """What was fitted; half-lives are in cuts, and infinite where nothing is seen to be lost."""

    chance: float
    acquired: float
    survival: float
    half_life: float
    half_life_low: float
    half_life_high: float

    def success(self, cuts: float) -> float:
        """What the fit says of a number of cuts."""
        return self.chance + (self.acquired - self.chance) * math.pow(self.survival, cuts)


def too_little(counts: Sequence[Counted], chance: float | None) -> str:
    """Why nothing can be fitted; "" when it can."""
    episodes = sum(count.episodes for count in counts)
    if chance is None:
        return "No fit: the environment does not state the success of chance; give it with --chance."
    if len(counts) == 1:
        return f"No fit: all {episodes} episodes have the same number of cuts, {counts[0].cuts}."
    if len(counts) < NEEDED_CUTS:
        return f"No fit: {len(counts)} different numbers of cuts, and {NEEDED_CUTS} are needed to test the form."
    if episodes < NEEDED_EPISODES:
        return f"No fit: {episodes} episodes, and {NEEDED_EPISODES} are needed."
    if sum(count.passed for count in counts) <= chance * episodes:
        return "No fit: success is not above chance, so there is nothing that a cut could lose."
    return ""


def fit(counts: Sequence[Counted], chance: float) -> Fit:
    """The most likely A and s, over a grid of both: two bounded numbers need no optimiser that could go astray."""
    acquired = np.linspace(chance, 1.0, _GRID)
    survival = 1.0 - np.concatenate(([0.0], np.geomspace(1e-4, 1.0, _GRID - 1)))
    likelihood = np.zeros((_GRID, _GRID))
    for count in counts:
        share = chance + (acquired[None, :] - chance) * survival[:, None] ** count.cuts
        likelihood += _log_likelihood(share, count)
    profile = likelihood.max(axis=1)
    best = int(profile.argmax())
    inside = survival[2 * (profile[best] - profile) <= _CHI2_95]
    return Fit(
        chance=chance,
        acquired=float(acquired[likelihood[best].argmax()]),
        survival=float(survival[best]),
        half_life=_half_life(float(survival[best])),
        half_life_low=_half_life(float(inside.min())),
        half_life_high=_half_life(float(inside.max())),
    )


def _log_likelihood(share: npt.NDArray[np.float64], count: Counted) -> npt.NDArray[np.float64]:
    inside = np.clip(share, 1e-12, 1 - 1e-12)
    return np.asarray(count.passed * np.log(inside) + (count.episodes - count.passed) * np.log1p(-inside))


def _half_life(survival: float) -> float:
    if survival >= 1.0:
        return math.inf
    return math.log(0.5) / math.log(survival) if survival > 0 else 0.0
