"""The chain bound: success against the number of cuts, split into what was taken in and what each cut loses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from selftrain.agents.measures import ChainFit, Estimate
from selftrain.errors import OptionError

_Floats = npt.NDArray[np.float64]
RESAMPLES = 300
# survivals of which the half-lives are spread evenly on a logarithmic scale, with both ends
_GRID = np.concatenate([[0.0], 0.5 ** (1.0 / np.geomspace(0.05, 1e5, 200)), [1.0]])


def fit_chain(cuts: Sequence[int], passed: Sequence[bool], chance: float = 0.0) -> ChainFit | None:
    """Fit the chain by least squares over episodes; intervals by the bootstrap over episodes.

    An interval is the whole range where the episodes show no spread, as when all of them passed.

    Args:
        cuts: of each episode.
        passed: whether it was a success.
        chance: the success of guessing.

    Returns:
        The fit, or None where there is nothing to fit: fewer than two different numbers of cuts, or no success above
        chance, of which cuts could take something away.

    Raises:
        OptionError: `chance` is no share below 1.
    """
    from scipy.stats import bootstrap

    if not 0.0 <= chance < 1.0:
        raise OptionError(f"chance={chance} must be at least 0 and below 1")
    n, y = np.asarray(cuts, np.float64), np.asarray(passed, np.float64)
    if len(np.unique(n)) < 2:
        return None
    value = _fit(n, y, chance)
    if value[0] <= chance:
        return None
    found = bootstrap(
        (n, y),
        lambda one, other: _fit(one, other, chance),
        paired=True,
        vectorized=False,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    # episodes that all agree with the fit have no spread to resample, which does not make it certain
    low = np.where(found.low == found.high, (chance, 0.0), found.low)
    high = np.where(found.low == found.high, 1.0, found.high)
    acquisition, survival = (Estimate(*map(float, part)) for part in zip(value, low, high, strict=True))
    lives = Estimate(*(half_life(part) for part in (survival.value, survival.low, survival.high)))
    return ChainFit(chance, acquisition, survival, lives, len(n))


def half_life(survival: float) -> float:
    """Cuts after which half is left, when each keeps the share `survival`."""
    if survival >= 1.0:
        return math.inf
    return math.log(0.5) / math.log(survival) if survival > 0.0 else 0.0


def _fit(cuts: _Floats, passed: _Floats, chance: float) -> _Floats:
    """A and s of the least squares, A from c to 1 and s from 0 to 1.

    For each s the best A is known in closed form, so that only s is searched for (variable projection, Golub and
    Pereyra 1973): on a grid of half-lives first, since the error may have more than one minimum.
    """
    from scipy.optimize import minimize_scalar

    levels, which, counts = np.unique(cuts, return_inverse=True, return_counts=True)
    above = np.bincount(which, passed) / counts - chance

    def gain(survival: Any) -> Any:
        powers = np.asarray(survival)[..., None] ** levels
        norm = (counts * powers**2).sum(-1)
        best = (counts * powers * above).sum(-1) / np.where(norm > 0, norm, 1.0)
        return np.clip(best, 0.0, 1.0 - chance)

    def error(survival: Any) -> Any:
        powers = np.asarray(survival)[..., None] ** levels
        return (counts * (gain(survival)[..., None] * powers - above) ** 2).sum(-1)

    at = int(np.argmin(error(_GRID)))
    bounds = _GRID[max(at - 1, 0)], _GRID[min(at + 1, len(_GRID) - 1)]
    found = float(minimize_scalar(error, bounds=bounds, method="bounded").x)
    survival = min((found, float(_GRID[at])), key=error)
    return np.array([chance + float(gain(survival)), survival])
