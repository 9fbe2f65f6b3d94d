"""Riddles whose well-known version has a famous answer, changed so that the famous answer is wrong."""

from __future__ import annotations

from selftrain.envs.math.problems import (
    riddles_calendar,
    riddles_coins,
    riddles_crossings,
    riddles_doors,
    riddles_hats,
    riddles_jugs,
    riddles_lateral,
    riddles_liars,
)

FAMILIES = (
    *riddles_crossings.FAMILIES,
    *riddles_jugs.FAMILIES,
    *riddles_coins.FAMILIES,
    *riddles_liars.FAMILIES,
    *riddles_hats.FAMILIES,
    *riddles_calendar.FAMILIES,
    *riddles_lateral.FAMILIES,
    *riddles_doors.FAMILIES,
)
