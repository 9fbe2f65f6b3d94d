"""What a learner practises on: difficulties that it chooses itself, and what that is compared with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
import torch

from selftrain.agents.policy import Ints, PointerPolicy, Shape
from selftrain.agents.training import Floats, Settings, Trainer
from selftrain.errors import OptionError


class Curriculum(Protocol):
    """Says how many cuts the practised episodes have."""

    def cuts(self, groups: int) -> Ints:
        """Cuts of the groups of the next update."""
        ...

    def learn(self, passed: Floats) -> None:
        """Take in the success of these groups, in the learner's own practice."""
        ...


@dataclass
class Ladder:
    """One difficulty at a time; the next one when the moving average of the learner's own success is high enough.

    Attributes:
        top: the highest number of cuts.
        rung: the number of cuts at present.
        enough: success above which the learner climbs.
        memory: share of the moving average that an update keeps.
    """

    top: int
    rung: int = 1
    enough: float = 0.8
    memory: float = 0.9
    rate: float = field(default=0.0, init=False)

    @classmethod
    def between(cls, chance: float, optimum: float, top: int) -> Ladder:
        """One that asks for 0.8 of the way from the chance of a game to its optimum, whatever these are."""
        return cls(top, enough=chance + 0.8 * (optimum - chance))

    def cuts(self, groups: int) -> Ints:
        """All on the rung."""
        return np.full(groups, self.rung)

    def learn(self, passed: Floats) -> None:
        """Climb, perhaps."""
        self.rate = self.memory * self.rate + (1 - self.memory) * float(passed.mean())
        if self.rate > self.enough and self.rung < self.top:
            self.rung, self.rate = self.rung + 1, 0.0


@dataclass
class Direct:
    """Nothing but the highest difficulty."""

    top: int

    def cuts(self, groups: int) -> Ints:
        """All at the top."""
        return np.full(groups, self.top)

    def learn(self, passed: Floats) -> None:
        """Success changes nothing."""


@dataclass
class Uniform:
    """Every difficulty equally often, whatever the learner can do."""

    top: int
    seed: int

    def __post_init__(self) -> None:
        self._random = np.random.default_rng([self.seed, 2])

    def cuts(self, groups: int) -> Ints:
        """Drawn for each group."""
        return self._random.integers(1, self.top, size=groups, endpoint=True)

    def learn(self, passed: Floats) -> None:
        """Success changes nothing."""


@dataclass(frozen=True)
class Point:
    """An update: segment-steps spent until its end, mean number of cuts, and success in it."""

    spent: int
    cuts: float
    passed: float


@dataclass(frozen=True)
class Practice:
    """What came of a practice: the averaged weights of its end, its cost, and its course."""

    policy: PointerPolicy
    spent: int
    cpu_seconds: float
    course: tuple[Point, ...]


def practise(
    env_id: str,
    curriculum: Curriculum,
    budget: int,
    *,
    seed: int,
    settings: Settings | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    watch: Callable[[Point], None] = lambda point: None,
) -> Practice:
    """Train a policy from scratch until the next update would cost more segment-steps than are left.

    Args:
        env_id: a numeric memory environment, as `gymnasium.make_vec` takes it.
        curriculum: chooses the difficulties.
        budget: segment-steps, the unit in which different practices are compared.
        seed: of weights, instances and sampling.
        settings: of the trainer.
        env_kwargs: of the environment.
        watch: is told of every update.

    Raises:
        OptionError: the budget does not pay for a single update.
    """
    settings = settings or Settings()
    began = time.process_time()
    envs = gym.make_vec(env_id, num_envs=settings.rollouts, **(env_kwargs or {}))
    torch.manual_seed(seed)
    policy = PointerPolicy(Shape.of(envs.single_observation_space, envs.single_action_space))
    trainer, course = Trainer(policy, envs, settings, seed), list[Point]()
    while trainer.spent + trainer.cost(cuts := curriculum.cuts(settings.groups)) <= budget:
        passed = trainer.update(cuts)
        curriculum.learn(passed)
        course.append(Point(trainer.spent, float(cuts.mean()), float(passed.mean())))
        watch(course[-1])
    envs.close()
    if not course:
        raise OptionError(f"budget={budget} is less than the {trainer.cost(cuts)} segment-steps of one update")
    return Practice(trainer.average, trainer.spent, time.process_time() - began, tuple(course))
