"""log-forensics: reconstruct an incident from the logs of several hosts, as they come from rotation and shipping."""

from __future__ import annotations

import numpy as np

from selftrain.envs.families.log_break_in import break_in
from selftrain.envs.families.log_outage import outage
from selftrain.envs.families.material import pick
from selftrain.tasks import Task, TaskFamily

SCENARIOS = (break_in, outage)


def build(rng: np.random.Generator, level: int) -> Task:
    """A break-in over SSH or an outage of a web service."""
    return pick(rng, SCENARIOS)(rng, level)


FAMILY = TaskFamily(
    name="log-forensics",
    summary="Reconstruct a break-in or an outage from rotated logs of several hosts.",
    skills=("log parsing", "time zones", "rotation and compression", "correlation across hosts"),
    chance=0.0,
    build=build,
)
