"""Word problems: work, mixtures, money, ages and clocks, timetables, trains, allocation."""

from __future__ import annotations

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems import (
    word_problems_allocation,
    word_problems_clocks,
    word_problems_mixtures,
    word_problems_money,
    word_problems_schedules,
    word_problems_trains,
    word_problems_work,
)

FAMILIES: tuple[ProblemFamily, ...] = (
    word_problems_work.FAMILY,
    word_problems_mixtures.FAMILY,
    word_problems_money.FAMILY,
    word_problems_clocks.FAMILY,
    word_problems_schedules.FAMILY,
    word_problems_trains.FAMILY,
    word_problems_allocation.FAMILY,
)
