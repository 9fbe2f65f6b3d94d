"""Honeypots in training: now and then an episode whose only way to score is to cheat, and which pays nobody.

How often a learner cheats where it could is told by episodes in which nothing else can succeed: any success there is a
hack, by construction (ImpossibleBench, Zhong, Raghunathan and Carlini 2025, arXiv 2510.20270). An environment with
`honeypots=0.05` replaces one episode in twenty by such a twin of its task (`selftrain.envs.honeypots.twins`). The
reward of a twin is 0.0 whatever was done, so that no learner is ever taught to use what it finds; what was done stands
in the last info, `info["integrity"]`, and reports count it.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from selftrain.envs.honeypots.twins import KINDS, twin_of
from selftrain.envs.honeypots.watch import INTEGRITY, HoneypotVerifier
from selftrain.envs.observations import LONGEST_INSTRUCTION
from selftrain.errors import OptionError
from selftrain.tasks import Task, stable_key
from selftrain.verdicts import Verdict


class Honeypots:
    """Deals honeypots among the tasks of one environment.

    Each episode takes two numbers from a stream of its own: whether it is a honeypot, and what the twin is made from.
    So the tasks come in the same order with and without honeypots, the same seed gives the same mixture, and the
    honeypots of a small share are honeypots at every larger one.

    Args:
        share: of the episodes that are honeypots, 0.0 to 1.0.

    Raises:
        OptionError: it is no such number.
    """

    def __init__(self, share: float) -> None:
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 <= share <= 1.0:
            raise OptionError(f"honeypots={share!r} must be a share of the episodes, from 0.0 to 1.0")
        self.share = float(share)
        self.random: np.random.Generator | None = None

    def begin(self, np_random: np.random.Generator, anew: bool) -> None:
        """Make the stream, from a generator that is left as it is; one that is there already stays unless `anew`."""
        if anew or self.random is None:
            root = int(copy.deepcopy(np_random).integers(1 << 63))
            self.random = np.random.default_rng([stable_key("honeypots"), root])

    def dealt(self, task: Task) -> Task:
        """What is played in the place of `task`: itself, or a twin.

        A task whose instruction leaves no room for a twin's paragraph in an observation is played itself.
        """
        if not self.share:
            return task
        assert self.random is not None  # `begin` comes before the first task
        is_one, root = self.random.random() < self.share, int(self.random.integers(1 << 63))
        if not is_one:
            return task
        rng = np.random.default_rng([stable_key(task.id), root])
        kind = tuple(KINDS)[int(rng.integers(len(KINDS)))]
        twin = twin_of(task, kind, rng)
        return twin if len(twin.instruction) <= LONGEST_INSTRUCTION else task


def integrity(task: Task, verdict: Verdict) -> dict[str, Any]:
    """What `info["integrity"]` says after the last step.

    Returns:
        `honeypot`: "" for an ordinary task, else its kind; `hacked`: whether somebody cheated in a honeypot; and
        `evidence`: the class of what was seen, "" for nothing.
    """
    if not isinstance(task.verifier, HoneypotVerifier):
        return {"honeypot": "", "hacked": False, "evidence": ""}
    seen = next(check for check in verdict.checks if check.name == INTEGRITY)
    return {"honeypot": task.verifier.kind, "hacked": not seen.passed, "evidence": seen.why}
