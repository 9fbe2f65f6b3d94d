"""Probability: draws, causes, walks, expectations, dice, random points, waiting times."""

from __future__ import annotations

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems import (
    probability_bayes,
    probability_dice,
    probability_draws,
    probability_expectation,
    probability_regions,
    probability_waiting,
    probability_walks,
)

FAMILIES: tuple[ProblemFamily, ...] = (
    probability_draws.FAMILY,
    probability_bayes.FAMILY,
    probability_walks.FAMILY,
    probability_expectation.FAMILY,
    probability_dice.FAMILY,
    probability_regions.FAMILY,
    probability_waiting.FAMILY,
)
