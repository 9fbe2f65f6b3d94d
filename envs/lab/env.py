"""The lab environment: a day at a microscope among people who have their own idea of what a macrophage is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from selftrain.envs import observations
from selftrain.envs.clean_room import NoCleanRoom
from selftrain.envs.lab import senior
from selftrain.envs.lab.day import NO, UNANSWERED, YES, Atom, Terms, grade
from selftrain.envs.lab.image_sets import named_classes
from selftrain.envs.lab.tasks import FAMILY, SAY, ExamVerifier, day_task, evidence_of
from selftrain.envs.lab.work import CellSource, PictureSource, Pixels, Source, Work
from selftrain.envs.task_env import Episode, TaskEnv, Turn
from selftrain.envs.vector import TaskVectorEnv
from selftrain.errors import OptionError, TaskError
from selftrain.evidence import Evidence
from selftrain.tasks import Task, Taskset
from selftrain.verdicts import Verdict

VIEWS = ("words", "pixels", "both")
PICTURE = (96, 96, 3)
_TURN_CHARS = 2_048
_LONGEST_COMMAND = 64
_SAID = {
    SAY[YES]: YES,
    "macrophage": YES,
    SAY[NO]: NO,
    "not a macrophage": NO,
}


@dataclass
class Shift:
    """Where an episode stands: the day, the answers so far, and how many questions were answered."""

    source: Source
    answers: list[int] = field(default_factory=list)
    asked: int = 0

    @property
    def work(self) -> Work:
        """The day."""
        return self.source.work

    @property
    def over(self) -> bool:
        """Whether everything was shown."""
        return len(self.answers) == self.source.length

    def close(self) -> None:
        """There is nothing to close."""


class LabEnv(TaskEnv[Shift]):
    """Learn on the job what a lab calls a macrophage.

    ## Description
    One after another, `length` things lie under the microscope: macrophages, other cells, dust, bubbles. All labs count
    a plain macrophage and no decoy. On borderline macrophages (with debris inside, with several nuclei, ...) and on the
    least size each lab has a convention of its own, which only its senior's remarks or labels can tell, and about half
    of it the protocol. The last fifth of the day is an exam on fresh cells. Nothing says that it has begun; but nothing
    is fed back any more, and the senior has left.

    ## Action Space
    `Text`: `label yes` or `label no` (or `macrophage`, `not a macrophage`) answers and shows the next; `ask <question>`
    asks the senior about what is in view, whatever the question is; `note <text>` does nothing but stay in the context;
    `submit` ends the day, and what has no answer counts as wrong. Anything else is met with what is expected.

    ## Observation Space
    `Text`: at reset the task; then what was said, what is in view, and a line such as `[thing 13 of 240, step 15 of
    544, 3 questions left]`. With `view="pixels"` or `"both"` a `Dict` of this "text" and the "image" of what is in
    view, `Box(0, 255, (96, 96, 3), uint8)`, black when the day is over. A remark is made of atoms (LLF-Bench's):
    r the label; hp, hn the feature that decided for or against; fp, fn a rule for next time.

    `info` holds `task`, `family`, `level`, `lab`, `step`, `cell` (index of what is in view), `asked`, `questions_left`
    (-1: no limit), `feedback` (codes of the atoms of this step, such as "r:no hn:giant fp:laden", or ""),
    `feedback_bits` (what they tell of the lab to who knew nothing), and `valid`; after the last step also `verdict`,
    `score`, `accuracy` (in the exam), `zero_shot` and `ceiling` (bounds of this lab), `why`, `truncation` ("", "steps"
    or "seconds") and `evidence_sha256`.

    ## Rewards
    1.0 once, at the end, when the accuracy in the exam reaches `bar`; else 0.0. With `length=1` the verdict on that one
    cell. Mean accuracies in labs of levels 1 to 5 (`selftrain.envs.lab.bounds`; all but the first two see without error
    what a cell is, and know on what labs may differ):

    - a coin: 0.50 at each level, which passes the exam of a day of 240 once in 10^9 days
    - the more common answer: 0.58, 0.59, 0.60, 0.57, 0.63
    - zero-shot, who knows nothing of the lab: 0.75, 0.78, 0.79, 0.78, 0.78
    - after 5 labelled cells: 0.93, 0.93, 0.90, 0.86, 0.85
    - after 20 labelled cells: 1.00, 1.00, 0.99, 0.96, 0.94
    - with the lab's rule: 1.00

    Labs differ little enough that luck pays, too: who sees without error, learns nothing and takes every lab for the
    same one passes the exam of a day of 240 in at most 0.24, 0.25, 0.21, 0.17, 0.19 of the labs. Over `images` a fixed
    answer is paid where one answer is right more often than `bar`; `zero_shot` tells how often it is.

    ## Starting State
    The task of `options={"task": ...}`, or else one drawn by the environment's random generator. The id
    `lab-day/<split>/<level>/<seed>` names day `seed % 10000` of lab `seed // 10000`; `lab_stream("ABACB")` of
    `selftrain.envs.lab.tasks` makes ids of labs that recur. Labs of train, dev and test never meet; but of conventions
    there are 6, 6, 14, 60 and 248 at levels 1 to 5, so that two labs may count the same. In a notebook the scope "lab"
    is the lab's.

    ## Episode End
    Terminated by the last answer or `submit`. Truncated by a limit; the answers are judged then too.

    ## Arguments
    - `length`: how many things are shown.
    - `feedback`: "verbal" (remarks), "label" (the bare label), "none".
    - `questions`: that the senior answers in a day; None: any number, and every answer is fed back unasked.
    - `protocol`: whether the lab's written protocol is shown first.
    - `bar`: the accuracy that is asked for.
    - `view`: "words" (measured features), "pixels" or "both"; None: words, or pixels with `images`.
    - `images`, `positive`: a folder of class folders or an `.npz` in MedMNIST's layout instead of our microscope, and
      the class or classes that count; see `selftrain.envs.lab.image_sets`. A task's split and seed then name a day of
      that set, and remarks are the bare label.
    - `tasks`: task ids, selections or `Task` objects; or a `Taskset`.
    - `families`, `levels`, `split`: draw from these instead.
    - `max_steps`, `max_seconds`: instead of the task's own limits, 2 * length + 64 steps and four hours.
    - `backend`, `image`: there is no sandbox; taken so that all environments of tasks can be made alike.
    - `render_mode`: "ansi" (the transcript) or "rgb_array" (a picture of it).

    ## Version History
    - v0: the first.
    """

    kind = "lab"
    pool: ClassVar[tuple[str, ...]] = (FAMILY,)

    def __init__(
        self,
        *,
        length: int = 240,
        feedback: str = "verbal",
        questions: int | None = 5,
        protocol: bool = False,
        bar: float = 0.9,
        view: str | None = None,
        images: str | Path | None = None,
        positive: str | int | Sequence[str | int] | None = None,
        tasks: Taskset | Sequence[str | Task] | None = None,
        families: Sequence[str] | None = None,
        levels: Sequence[int] = (1,),
        split: str = "train",
        max_steps: int | None = None,
        max_seconds: float | None = None,
        backend: str = "auto",
        image: str | None = None,
        render_mode: str | None = None,
    ) -> None:
        self._terms = Terms(length, feedback, questions, protocol, bar)
        self._view = _view(view, images)
        if positive is not None and images is None:
            raise OptionError(f"positive={positive!r} names classes of images=, which is not given")
        self._images = None if images is None else str(images)
        self._positive = named_classes(positive)
        super().__init__(
            tasks=tasks,
            families=families,
            levels=levels,
            split=split,
            max_steps=max_steps,
            max_seconds=max_seconds,
            longest_observation=observations.LONGEST_INSTRUCTION + _TURN_CHARS,
            render_mode=render_mode,
        )
        if self._view != "words":
            picture = gym.spaces.Box(0, 255, PICTURE, np.uint8)
            self.observation_space = gym.spaces.Dict({"text": self.observation_space, "image": picture})

    def _fitted(self, task: Task) -> Task:
        """The same day on the terms of this environment."""
        if not isinstance(task.verifier, ExamVerifier):
            raise TaskError(f"task {task.id!r} is no day in a lab: make it with selftrain.envs.lab.tasks.day_task")
        source: Source = task.verifier.source
        length = self._terms.length
        if self._images is not None:
            source = PictureSource(self._images, self._positive, source.split, source.seed, length)
        elif isinstance(source, CellSource):
            source = CellSource(source.split, source.level, source.seed, length)
        else:
            source = PictureSource(source.path, source.positive, source.split, source.seed, length)
        return day_task(source, self._terms, level=task.level, split=task.split, seed=task.seed)

    def _open(self, task: Task) -> Shift:
        assert isinstance(task.verifier, ExamVerifier)  # of every task that is fitted
        return Shift(task.verifier.source)

    def _opening(self, episode: Episode[Shift]) -> Turn:
        return Turn(f"{episode.task.instruction}\n\n{self._seen(episode)}", info=self._facts(episode.place))

    def _act(self, episode: Episode[Shift], action: str) -> Turn:
        shift = episode.place
        command = " ".join(action[: _LONGEST_COMMAND + 1].lower().split())
        whole = len(action) <= _LONGEST_COMMAND
        if command == observations.SUBMIT and whole:
            return Turn("[the day is over]", info=self._facts(shift), ended=True)
        if command in _SAID and whole:
            return self._answer(episode, _SAID[command])
        verb = command.partition(" ")[0]
        if verb == "ask":
            return self._ask(episode)
        if verb == "note":
            return self._told(episode, "[noted]")
        expected = f"`{SAY[YES]}`, `{SAY[NO]}`, `ask <question>`, `note <text>` or `submit`"
        return self._told(episode, f"[not understood; expected is one of {expected}]")

    def _answer(self, episode: Episode[Shift], answer: int) -> Turn:
        shift = episode.place
        index = len(shift.answers)
        shift.answers.append(answer)
        atoms: tuple[Atom, ...] = ()
        said = ""
        if self._terms.fed_back(index):
            atoms = shift.work.feedback(index, self._terms.feedback)
            right = bool(shift.work.labels[index]) == (answer == YES)
            said = senior.remark(atoms, self._terms.feedback, (episode.task.seed, index), right)
        facts = self._facts(shift, index, atoms)
        if shift.over:
            return Turn(f"{said}\n[the day is over]".lstrip(), info=facts, ended=True)
        return self._told(episode, said, facts)

    def _ask(self, episode: Episode[Shift]) -> Turn:
        shift, terms = episode.place, self._terms
        index = len(shift.answers)
        if terms.feedback != "none" and not terms.questions_left(shift.asked):
            return self._told(episode, senior.NO_MORE)
        if not terms.answers_question(index, shift.asked):
            return self._told(episode, senior.NOBODY)
        shift.asked += 1
        atoms = shift.work.feedback(index, terms.feedback)
        said = senior.remark(atoms, terms.feedback, (episode.task.seed, index, shift.asked))
        return self._told(episode, said, self._facts(shift, index, atoms))

    def _told(self, episode: Episode[Shift], said: str, facts: Mapping[str, Any] | None = None) -> Turn:
        text = "\n".join(filter(None, [said, self._seen(episode)]))
        return Turn(text, info=self._facts(episode.place) if facts is None else facts)

    def _seen(self, episode: Episode[Shift]) -> str:
        shift = episode.place
        index = len(shift.answers)
        words = f"In view: {shift.work.words(index)}\n" if self._view != "pixels" else ""
        left = self._terms.questions_left(shift.asked)
        questions = "" if self._terms.feedback == "none" or math.isinf(left) else f", {left:g} questions left"
        where = f"thing {index + 1} of {shift.source.length}, step {episode.step} of {episode.limits.steps}"
        return f"{words}[{where}{questions}]"

    def _facts(self, shift: Shift, index: int = 0, atoms: tuple[Atom, ...] = ()) -> dict[str, Any]:
        left = self._terms.questions_left(shift.asked)
        return {
            "lab": shift.work.lab,
            "cell": len(shift.answers),
            "asked": shift.asked,
            "questions_left": -1 if math.isinf(left) else int(left),
            "feedback": " ".join(atom.code for atom in atoms),
            "feedback_bits": float(shift.work.bits(index, self._terms.feedback)) if atoms else 0.0,
        }

    def _observation(self, episode: Episode[Shift], text: str) -> Any:
        if self._view == "words":
            return text
        shift = episode.place
        over = shift.over or episode.over
        image: Pixels = np.zeros(PICTURE, np.uint8) if over else shift.work.picture(len(shift.answers))
        return {"text": text, "image": image}

    def _verify(self, episode: Episode[Shift]) -> tuple[Evidence, Verdict]:
        evidence = evidence_of(_filled(episode.place))
        return evidence, episode.task.verifier.verify(evidence, episode.task, NoCleanRoom())

    def _judge(self, episode: Episode[Shift], truncation: str) -> float:
        reward = super()._judge(episode, truncation)
        shift, exam = episode.place, self._terms.exam
        accuracy, _ = grade(_filled(shift)[-exam:], shift.work.labels[-exam:], self._terms.bar)
        episode.info |= {"accuracy": float(accuracy), "zero_shot": float(shift.work.zero_shot), "ceiling": 1.0}
        return reward

    def _save(self, place: Shift) -> tuple[tuple[int, ...], int]:
        return tuple(place.answers), place.asked

    def _restore(self, task: Task, saved: tuple[tuple[int, ...], int]) -> Shift:
        answers, asked = saved
        shift = self._open(task)
        shift.answers, shift.asked = list(answers), asked
        return shift


def _filled(shift: Shift) -> npt.NDArray[np.int64]:
    """The answers to all that was to be shown."""
    missing = [UNANSWERED] * (shift.source.length - len(shift.answers))
    return np.array([*shift.answers, *missing], np.int64)


def _view(view: str | None, images: str | Path | None) -> str:
    if view is None:
        return "words" if images is None else "pixels"
    if view not in VIEWS:
        raise OptionError(f"view={view!r} must be one of {', '.join(map(repr, VIEWS))}, or None")
    if images is not None and view != "pixels":
        raise OptionError(
            f"view={view!r} needs measured features, which pictures of images= do not have: view='pixels'"
        )
    return view


class LabVectorEnv(TaskVectorEnv):
    """`LabEnv` times `num_envs`, stepped from one process."""

    env_class = LabEnv
