"""A day in a lab for policies without language: the same day, reward and verifier, seen as numbers or as pixels."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from selftrain.envs.lab.day import NO, YES, Terms, protocol
from selftrain.envs.lab.env import PICTURE, LabEnv, Shift
from selftrain.envs.lab.measured import MEASURES, REMARKS, Measured, measure, remark
from selftrain.envs.lab.tasks import SAY
from selftrain.envs.lab.work import CellWork, Work
from selftrain.envs.task_env import Episode
from selftrain.errors import OptionError
from selftrain.tasks import Task

ASK = 2
SAYS = {NO: SAY[NO], YES: SAY[YES], ASK: "ask is this one a macrophage?"}
NUMBERS = len(MEASURES) + 1 + len(REMARKS) + len(MEASURES)


def numbers_of(measured: Measured, index: int, last: int | None, said: Measured) -> Measured:
    """(NUMBERS,) what `LabFeaturesEnv` shows.

    Args:
        measured: (length, len(MEASURES)) of all that is shown on the day.
        index: of what is in view; `length` when the day is over.
        last: the last answer, None before the first.
        said: (len(REMARKS),) the remark of this step.
    """
    found = np.zeros(NUMBERS, np.float32)
    width = len(MEASURES)
    if index < len(measured):
        found[:width] = measured[index]
    if last is not None:
        found[width] = 1 if last == YES else -1
        found[-width:] = measured[index - 1]
    found[width + 1 : -width] = said
    return found


class NumericLabEnv(LabEnv):
    """A `LabEnv` whose actions are numbers; its kinds say what is seen."""

    action_space: Any

    def __init__(self, *, length: int, feedback: str, questions: int | None, **arguments: Any) -> None:
        super().__init__(length=length, feedback=feedback, questions=questions, **arguments)
        # two answers; asking is a third action only where questions are counted, else all is fed back unasked
        self.action_space = gym.spaces.Discrete(3 if questions else 2)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """As `LabEnv`.

        Raises:
            OptionError: the action is not of the action space.
        """
        if not self.action_space.contains(action):
            more = ", 2 (ask)" if self.action_space.n > ASK else ""
            raise OptionError(f"action={action!r} must be 0 (no macrophage), 1 (macrophage){more}")
        return super().step(SAYS[int(action)])

    @property
    def terms(self) -> Terms:
        """On what terms its days are played."""
        return self._terms

    def begin(self, rng: np.random.Generator) -> tuple[Task, Shift, int]:
        """The task that `reset` draws with this generator, where its day begins, and the limit of steps."""
        task = self._fitted(self._choice.draw(rng))
        return task, self._open(task), self._max_steps or task.limits.steps


class LabPixelsEnv(NumericLabEnv):
    """`LabEnv` for a policy with eyes: `Box(0, 255, (96, 96, 3), uint8)` -> `Discrete(2)`.

    ## Description
    As `LabEnv`, of which task, reward, verifier, `info`, limits and arguments are the very same; only what is seen and
    done differs. A day is one cell unless `length` says otherwise, and its reward that cell's verdict.

    ## Action Space
    `Discrete(2)`: 0 no macrophage, 1 macrophage. With `questions` above 0, `Discrete(3)`: 2 asks the senior, whose
    remark is in `info["feedback"]`, for the picture holds nothing but the picture.

    ## Observation Space
    The picture of what is in view; black when the day is over.

    ## Rewards
    1.0 once, at the end, when the accuracy in the exam reaches `bar`; else 0.0. The mean accuracies of a coin, the more
    common answer, zero-shot, 5 and 20 labelled cells and the rule are, at level 1, 0.50, 0.58, 0.75, 0.93, 1.00 and
    1.00; for the others see `LabEnv`, for one lab `selftrain.envs.lab.bounds.lab_bounds`.

    ## Starting State, Episode End
    As `LabEnv`. `tasks=["lab-day/train/1/0-9999"]` are the days of the first lab of level 1, `lab * 10000 + day`.

    ## Arguments
    Those of `LabEnv` except `view`; the defaults are `length=1`, `feedback="none"` and `questions=None`. A protocol is
    text, of which nothing is seen here.

    ## Version History
    - v0: the first.
    """

    def __init__(
        self, *, length: int = 1, feedback: str = "none", questions: int | None = None, **arguments: Any
    ) -> None:
        _refuse(arguments, "view")
        super().__init__(length=length, feedback=feedback, questions=questions, view="pixels", **arguments)
        self.observation_space = gym.spaces.Box(0, 255, PICTURE, np.uint8)

    def _observation(self, episode: Episode[Shift], text: str) -> Any:
        return super()._observation(episode, text)["image"]


class LabFeaturesEnv(NumericLabEnv):
    """`LabEnv` for a policy without eyes or language: measured features and coded remarks -> `Discrete(2)`.

    ## Description
    As `LabEnv`, of which task, reward, verifier, `info`, limits and arguments are the very same; only what is seen and
    done differs. What the senior says is shown beside the measures of what it is about, so that a policy with a memory
    can learn within the day what this lab counts.

    ## Action Space
    `Discrete(2)`: 0 no macrophage, 1 macrophage. With `questions` above 0, `Discrete(3)`: 2 asks the senior.

    ## Observation Space
    `Box(-1, 1, (34,), float32)`: 12 measures of what is in view (see `selftrain.envs.lab.measured.measure`); the last
    answer, 1 or -1; what was said in this step, as `selftrain.envs.lab.measured.remark` has it (9), at reset the
    protocol where there is one; and the 12 measures of what was answered last. 0 stands for nothing.

    ## Rewards
    1.0 once, at the end, when the accuracy in the exam reaches `bar`; else 0.0. The bounds are those of `LabEnv`: at
    level 1 a coin 0.50, the more common answer 0.58, zero-shot 0.75, after 5 and 20 labelled cells 0.93 and 1.00.

    ## Starting State, Episode End
    As `LabEnv`.

    ## Arguments
    Those of `LabEnv` except `view`, `images` and `positive`; the defaults are `length=24`, `feedback="label"` and
    `questions=None`: every answer is fed back until the exam.

    ## Version History
    - v0: the first.
    """

    def __init__(
        self, *, length: int = 24, feedback: str = "label", questions: int | None = None, **arguments: Any
    ) -> None:
        _refuse(arguments, "view", "images", "positive")
        super().__init__(length=length, feedback=feedback, questions=questions, **arguments)
        self.observation_space = gym.spaces.Box(-1, 1, (NUMBERS,), np.float32)

    def _observation(self, episode: Episode[Shift], text: str) -> Any:
        shift, work = episode.place, episode.place.work
        assert isinstance(work, CellWork)  # of a day without images=
        index = len(shift.answers)
        last = shift.answers[-1] if index else None
        told = opening_remark(work, self._terms.protocol) if episode.step == 0 else remark(episode.info["feedback"])
        first = max(0, index - 1)  # the cell before and the one in view; those of the whole day would take long
        return numbers_of(measure(work.day.cells[first : index + 1]), index - first, last, told)


def opening_remark(work: Work, shown: bool) -> Measured:
    """(len(REMARKS),) the protocol of a day's lab, where it is shown and there is one."""
    atoms = protocol(work.day.lab) if shown and isinstance(work, CellWork) else ()
    return remark(" ".join(atom.code for atom in atoms))


def _refuse(arguments: dict[str, Any], *names: str) -> None:
    for name in names:
        if name in arguments:
            raise OptionError(f"{name}={arguments[name]!r} is no argument here: what is seen is fixed by the id")
