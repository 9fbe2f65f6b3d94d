"""Many days at once in arrays, for learners that need many steps a second."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from selftrain.envs.clean_room import NoCleanRoom
from selftrain.envs.lab.day import UNANSWERED, Terms
from selftrain.envs.lab.env import PICTURE, Shift
from selftrain.envs.lab.measured import Measured, measure, remark
from selftrain.envs.lab.numeric import ASK, LabFeaturesEnv, LabPixelsEnv, numbers_of, opening_remark
from selftrain.envs.lab.tasks import evidence_of
from selftrain.envs.lab.work import CellWork, Work
from selftrain.errors import OptionError
from selftrain.tasks import Task

_Arrays = npt.NDArray[Any]
_Info = dict[str, Any]
_NO_MEASURES = np.zeros((0, 0), np.float32)


@dataclass
class Seat:
    """One of the days: its task, where it stands, and what is shown of it."""

    task: Task
    shift: Shift
    limit: int
    rng: np.random.Generator
    said: Measured
    measured: Measured = field(default_factory=lambda: _NO_MEASURES)
    step: int = 0
    codes: str = ""

    def act(self, action: int, terms: Terms) -> None:
        """Answer, or ask, as `LabEnv` does."""
        shift, self.codes = self.shift, ""
        self.step += 1
        index = len(shift.answers)
        if action == ASK:
            told = terms.answers_question(index, shift.asked)
            shift.asked += told
        else:
            told = terms.fed_back(index)
            shift.answers.append(action)
        if told:
            self.codes = _codes(shift.work, index, terms.feedback)
        self.said = remark(self.codes)

    def judged(self, ended: bool) -> _Info:
        """The last info of a day that is over: its verdict, by its task's own verifier, and the reward."""
        work, answers = self.shift.work, self.shift.answers
        missing = [UNANSWERED] * (len(work.labels) - len(answers))
        verdict = self.task.verifier.verify(evidence_of([*answers, *missing]), self.task, NoCleanRoom())
        return {
            "task": self.task.id,
            "lab": work.lab,
            "verdict": "pass" if verdict.passed else "fail",
            "score": float(verdict.score),
            "accuracy": float(verdict.score),
            "zero_shot": float(work.zero_shot),
            "ceiling": 1.0,
            "why": verdict.why,
            "truncation": "" if ended else "steps",
            "valid": True,
            "reward": verdict.reward,
        }


def _codes(work: Work, index: int, kind: str) -> str:
    if kind == "label":  # what `feedback` says, without the bits that it counts, which nothing here shows
        return f"r:{'yes' if work.labels[index] else 'no'}"
    return " ".join(atom.code for atom in work.feedback(index, kind))


class _ManyDays(VectorEnv[_Arrays, Any, _Arrays], ABC):
    env_class: ClassVar[type[LabFeaturesEnv | LabPixelsEnv]]
    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.SAME_STEP,
        **arguments: Any,
    ) -> None:
        if num_envs < 1:
            raise OptionError(f"num_envs={num_envs} must be 1 or more")
        if autoreset_mode not in (AutoresetMode.SAME_STEP, AutoresetMode.SAME_STEP.value):
            raise OptionError(
                f"autoreset_mode={autoreset_mode!r} needs vectorization_mode='sync': arrays reset at once"
            )
        if max_episode_steps is not None:
            arguments["max_steps"] = min(max_episode_steps, arguments.get("max_steps") or max_episode_steps)
        self.num_envs = num_envs
        self._like = self.env_class(**arguments)  # it never plays, and knows what its days are
        self._terms = self._like.terms
        self.single_observation_space = self._like.observation_space
        self.single_action_space = self._like.action_space
        self._actions = int(self._like.action_space.n)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._seats: list[Seat] = []

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[_Arrays, _Info]:
        """Start all days.

        Args:
            seed: of the first, to which the i-th adds i, or of each: they play what single environments play after
                `reset(seed=...)`, day after day. None, for all or in a place of the list, goes on drawing there.
            options: there are none.
        """
        if options:
            raise OptionError(f"reset has no options {sorted(options)} in arrays")
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed
        seeds = [None] * self.num_envs if seeds is None else list(seeds)
        if len(seeds) != self.num_envs:
            raise OptionError(f"seed= has {len(seeds)} numbers for {self.num_envs} environments")
        rngs = [
            self._seats[place].rng if self._seats and one is None else seeding.np_random(one)[0]
            for place, one in enumerate(seeds)
        ]
        self._seats = [self._begin(rng) for rng in rngs]
        return self._shown(), self._info()

    def step(self, actions: Any) -> tuple[_Arrays, _Arrays, _Arrays, _Arrays, _Info]:
        """Answer, or ask, on every day; one that ends is followed by the next in the same step.

        Raises:
            OptionError: the actions are not of the action space.
            gymnasium.error.ResetNeeded: `reset` was not called.
        """
        if not self._seats:
            raise ResetNeeded("There are no days: call reset() first.")
        chosen = np.asarray(actions)
        whole = chosen.shape == (self.num_envs,) and chosen.dtype.kind in "iu"
        if not whole or chosen.min() < 0 or chosen.max() >= self._actions:
            raise OptionError(
                f"actions={actions!r} must be {self.num_envs} whole numbers from 0 to {self._actions - 1}"
            )
        for seat, action in zip(self._seats, chosen.tolist(), strict=True):
            seat.act(action, self._terms)
        ended = np.array([seat.shift.over for seat in self._seats])
        cut = ~ended & np.array([seat.step >= seat.limit for seat in self._seats])
        rewards, finals = np.zeros(self.num_envs), dict[str, Any]()
        for place in np.flatnonzero(ended | cut):
            seat = self._seats[place]
            last = seat.judged(bool(ended[place]))
            rewards[place] = last.pop("reward")
            finals = self._add_info(finals, {"final_obs": self._show(seat), "final_info": last}, int(place))
            self._seats[place] = self._begin(seat.rng)
        return self._shown(), rewards, ended, cut, finals | self._info()

    def _begin(self, rng: np.random.Generator) -> Seat:
        task, shift, limit = self._like.begin(rng)
        return Seat(task, shift, limit, rng, opening_remark(shift.work, self._terms.protocol))

    @abstractmethod
    def _show(self, seat: Seat) -> _Arrays:
        """What this seat observes."""

    def _shown(self) -> _Arrays:
        return np.stack([self._show(seat) for seat in self._seats])

    def _info(self) -> _Info:
        everywhere = np.ones(self.num_envs, np.bool_)
        values = {
            "cell": np.array([len(seat.shift.answers) for seat in self._seats]),
            "asked": np.array([seat.shift.asked for seat in self._seats]),
            "feedback": np.array([seat.codes for seat in self._seats], dtype=object),
        }
        return {**values, **{f"_{name}": everywhere.copy() for name in values}}


class LabPixelsVectorEnv(_ManyDays):
    """`LabPixelsEnv` times `num_envs`: what one after another would show and pay, sooner.

    The autoreset mode is SAME_STEP. `info` holds `cell`, `asked` and `feedback` of what is shown, and of days that
    ended `final_obs` and `final_info` with `task`, `lab`, `verdict`, `score`, `accuracy`, `zero_shot`, `ceiling`,
    `why`, `truncation` and `valid`. There is no limit of seconds.
    """

    env_class = LabPixelsEnv

    def _show(self, seat: Seat) -> _Arrays:
        shift = seat.shift
        return np.zeros(PICTURE, np.uint8) if shift.over else shift.work.picture(len(shift.answers))


class LabFeaturesVectorEnv(_ManyDays):
    """`LabFeaturesEnv` times `num_envs`; see `LabPixelsVectorEnv`."""

    env_class = LabFeaturesEnv

    def _show(self, seat: Seat) -> _Arrays:
        if not len(seat.measured):
            assert isinstance(seat.shift.work, CellWork)  # of a day without images=
            seat.measured = measure(seat.shift.work.day.cells)
        answers = seat.shift.answers
        return numbers_of(seat.measured, len(answers), answers[-1] if answers else None, seat.said)
