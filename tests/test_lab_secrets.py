"""What nothing but the senior may tell: a lab's convention, and that the exam has begun."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pytest

from selftrain.envs.lab.day import DAYS, find_day
from selftrain.envs.lab.env import LabEnv
from selftrain.envs.lab.labs import Lab, find_lab
from selftrain.envs.lab.preparation import STAINS
from selftrain.envs.lab.slides import images
from selftrain.envs.lab.words import describe
from selftrain.tasks import SPLITS

Numbers = npt.NDArray[np.float64]
LABS = 240


@pytest.mark.parametrize(
    ("feedback", "questions"), [("verbal", None), ("verbal", 3), ("label", None), ("label", 0), ("none", None)]
)
@pytest.mark.parametrize("view", ["words", "both"])
def test_nothing_but_silence_tells_that_the_exam_has_begun(feedback: str, questions: int | None, view: str) -> None:
    env = LabEnv(length=15, feedback=feedback, questions=questions, view=view)
    env.reset(options={"task": f"lab-day/dev/2/{3 * DAYS}"})
    shapes, told = set(), []
    for index in range(14):
        shown, reward, *over, info = env.step("label no" if index % 3 else "label yes")
        text = shown if view == "words" else shown["text"]
        text = re.sub(r"(?m)^(Senior|Label): .*\n", "", text)
        text = re.sub(r"(?m)^In view: .*$", "In view", text)
        told.append(info.pop("feedback"))
        bits = info.pop("feedback_bits")
        assert told[-1] or not bits
        for name in ("cell", "step"):
            assert info.pop(name) == index + 1
        shapes.add((re.sub(r"(thing|step) \d+", r"\1 #", text), reward, *over, *sorted(info.items())))
    assert len(shapes) == 1
    assert [said != "" for said in told] == [feedback != "none" and questions is None] * 12 + [False] * 2


def test_a_day_does_not_say_of_which_split_its_lab_is_and_yet_which_lab_it_is() -> None:
    env = LabEnv(length=5)
    opened = {}
    for split in SPLITS:
        for seed in (0, 1, DAYS):
            text, _ = env.reset(options={"task": f"lab-day/{split}/1/{seed}"})
            assert not [name for name in SPLITS if name in text]
            opened[split, seed] = text.split(",")[0]
    assert all(opened[split, 0] == opened[split, 1] for split in SPLITS)
    assert len(set(opened.values())) == 2 * len(SPLITS)


def test_exams_are_like_days() -> None:
    """Of the same mix, in the same words and light: the largest difference is what chance makes of so many."""
    days = [find_day(find_lab("train", number, 4), 0, 100) for number in range(40)]
    numbers = []
    for day in days:
        cells = day.cells
        words = [len(line) for line in describe(cells)]
        numbers.append(np.column_stack([cells.kind == 0, cells.traits, cells.diameter, cells.texture, words]))
    shown = np.array(numbers)  # (days, 100, any), of which the last 20 are the exam
    apart = shown[:, 80:].mean(axis=1) - shown[:, :80].mean(axis=1)
    spread = shown.std(axis=(0, 1)) + 1e-9
    assert np.abs(apart.mean(axis=0) / spread).max() < 3.5 * np.sqrt((1 / 20 + 1 / 80) / len(days))
    light = np.array([images(day.lab, day.cells[-24:]).mean(axis=(1, 2, 3)) for day in days[:12]])  # the last 4 are not
    apart = light[:, 4:].mean(axis=1) - light[:, :4].mean(axis=1)
    assert abs(apart.mean()) < 3.5 * np.std(light - light.mean(axis=1, keepdims=True)) * np.sqrt((1 / 20 + 1 / 4) / 12)


def looks(lab: Lab) -> list[float]:
    """All that a lab's pictures could tell of the lab beyond the cells."""
    one = lab.preparation
    stain = [float(one.stain == stain) for stain in STAINS]
    numbers = (one.thickness, one.fibres, one.blur, one.falloff, one.exposure, np.log(one.photons), one.um_per_pixel)
    return [*stain, *one.dyes[0], *one.dyes[1], *one.amounts, *one.lamp, *numbers, float(one.quality)]


def most_telling(looks: Numbers, conventions: Numbers) -> float:
    """The largest correlation of one of the looks with one of the clauses, in standard deviations of chance."""
    both = [(part - part.mean(axis=0)) / part.std(axis=0) for part in (looks, conventions)]
    return float(np.abs(both[0].T @ both[1] / len(looks)).max() * np.sqrt(len(looks)))


@pytest.mark.parametrize("level", [1, 5])
def test_a_lab_s_look_tells_nothing_of_its_convention(level: int) -> None:
    labs = [find_lab("train", number, level) for number in range(LABS)]
    seen = np.array([looks(lab) for lab in labs])
    clauses = np.array([[*lab.convention.left_out, lab.convention.least] for lab in labs], float)
    clauses = clauses[:, clauses.std(axis=0) > 0]
    # of some 170 normal numbers the largest is below 4.5 in all but one of a thousand cases
    assert most_telling(seen, clauses) < 4.5
    leak = seen.copy()
    leak[:, 4] += 1.2 * seen[:, 4].std() * clauses[:, 0]  # a dye that lets on a little
    assert most_telling(leak, clauses) > 4.5
