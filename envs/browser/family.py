"""Families of browser tasks: a world, a goal in it, and scripts for oracle and cheats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.script import Script
from selftrain.envs.browser.world import World


@dataclass(frozen=True)
class Draft:
    """One task before it is a `Task`.

    Attributes:
        instruction: what the agent is told, user names and passwords included; how to act is said elsewhere.
        world: the databases, finished.
        goal: what must come about.
        oracle: does it, beginning at `start`, ending in `answer(...)` or `submit()`.
        cheats: name → script that looks like success and must not be paid, besides those that every task gets.
        start: URL of the first page; "" is the first site's.
        files: name → bytes that the agent can upload.
        steps: the limit of steps.
    """

    instruction: str
    world: World
    goal: Goal
    oracle: Script
    cheats: Mapping[str, Script] = field(default_factory=dict)
    start: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    steps: int = 60


@dataclass(frozen=True)
class BrowserFamily:
    """A name, what a reader wants to know, and the function that makes a draft.

    Attributes:
        name: lower case with hyphens, beginning with the site's name ("shop-find-price").
        summary: one line on what the agent does.
        skills: what an employer would say it exercises.
        chance: the score of guessing.
        sites: that it plays on; it begins at the first.
        make: `(generator, level, world) -> Draft`; the world is a fresh one of the family's sites.
    """

    name: str
    summary: str
    skills: tuple[str, ...]
    chance: float
    sites: tuple[str, ...]
    make: Callable[[np.random.Generator, int, World], Draft]
