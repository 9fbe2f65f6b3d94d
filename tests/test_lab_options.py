"""Days in labs: arguments and tasks that make no sense, days over real pictures, and records."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from selftrain.agents.replay import replay
from selftrain.agents.rollout import rollout
from selftrain.envs.catalogue import task_of_id
from selftrain.envs.clean_room import NoCleanRoom
from selftrain.envs.lab.day import DAYS
from selftrain.envs.lab.env import LabEnv
from selftrain.envs.lab.labs import MOST_LABS
from selftrain.envs.lab.tasks import ANSWERS
from selftrain.errors import OptionError, TaskError, UnknownNameError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.records import read_records
from selftrain.tasks import Task

ID = "selftrain:SelfTrain-Lab-v0"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"length": 0}, "length=0"),
        ({"length": -1}, "length=-1"),
        ({"length": 10**9}, "length=1000000000"),
        ({"length": True}, "length=True"),
        ({"length": "5"}, "length='5'"),
        ({"feedback": "loud"}, "feedback='loud'"),
        ({"feedback": None}, "feedback=None"),
        ({"questions": -1}, "questions=-1"),
        ({"questions": True}, "questions=True"),
        ({"protocol": "yes"}, "protocol='yes'"),
        ({"bar": 2}, "bar=2"),
        ({"bar": 0}, "bar=0"),
        ({"bar": True}, "bar=True"),
        ({"bar": float("nan")}, "bar=nan"),
        ({"view": "sound"}, "view='sound'"),
        ({"images": "/nowhere", "view": "words"}, "view='words'"),
        ({"positive": "macrophage"}, "positive='macrophage'"),
        ({"images": "/nowhere", "positive": 1.5}, "positive=1.5"),
        ({"levels": (6,)}, "levels="),
        ({"render_mode": "human"}, "render_mode='human'"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=re.escape(says)):
        LabEnv(**arguments)


@pytest.mark.parametrize(
    ("task", "error", "says"),
    [
        (f"lab-day/train/1/{MOST_LABS * DAYS}", OptionError, f"lab {MOST_LABS} must"),
        ("lab-day/practice/1/0", UnknownNameError, "practice"),
        ("lab-day/train/9/0", OptionError, "level=9"),
        ("lab-night/train/1/0", UnknownNameError, "lab-day"),
        ("csv-reshape/train/1/0", TaskError, "SelfTrain-Terminal-v0"),
        (Task("x", verifier=None, kind="lab", id="mine"), TaskError, "day_task"),  # type: ignore[arg-type]
    ],
)
def test_tasks_that_are_no_days(task: Any, error: type[Exception], says: str) -> None:
    env = LabEnv(length=20)
    with pytest.raises(error, match=says):
        env.reset(options={"task": task})
    assert env.reset(seed=0)[1]["valid"]


@pytest.mark.parametrize("line", [b"maybe", b"", b"yes yes", b"\xff", b"YES"])
def test_evidence_that_holds_no_answers_is_judged_and_not_paid(line: bytes) -> None:
    task = task_of_id("lab-day/train/1/0")
    answers = [b"yes" if said == "label yes" else b"no" for said in task.oracle]
    for lines, passed in ((answers, True), ([line, *answers[1:]], False)):
        evidence = Evidence({ANSWERS: EvidenceFile(b"".join(one + b"\n" for one in lines))})
        assert task.verifier.verify(evidence, task, NoCleanRoom()).passed is passed


def npz(folder: Path, **changes: Any) -> str:
    rng = np.random.default_rng(0)
    arrays = {}
    for name in ("train", "val", "test"):
        labels = rng.integers(0, 2, (80, 1))
        arrays[f"{name}_images"] = (rng.integers(0, 128, (80, 28, 28)) + 127 * labels[:, :, None]).astype(np.uint8)
        arrays[f"{name}_labels"] = labels.astype(np.uint8)
    path = folder / "blood.npz"
    np.savez(path, **{name: array for name, array in {**arrays, **changes}.items() if array is not None})
    return str(path)


def test_real_pictures_are_a_lab_too(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"images": npz(tmp_path), "positive": 1, "length": 10, "questions": None}
    with gym.make(ID, **arguments) as env:
        (observation, info), over, reward = env.reset(seed=2), False, 0.0
        assert info["lab"] == "blood" and observation["image"].shape == (96, 96, 3)
        while not over:
            answer = "label yes" if observation["image"].mean() > 127 else "label no"
            observation, paid, over, _, info = env.step(answer)
            reward += float(paid)
            assert (info["feedback"] == "r:" + answer[6:]) == (info["cell"] <= 8)
        assert reward == 1.0 and 0.5 <= info["zero_shot"] < 0.8 and info["ceiling"] == 1.0
        check_env(env.unwrapped, skip_render_check=True)


def test_the_exam_of_a_day_over_real_pictures_is_on_fresh_ones(tmp_path: Path) -> None:
    env = LabEnv(images=npz(tmp_path), length=5)
    day, exam = set[bytes](), set[bytes]()
    for seed in range(12):
        observation, _ = env.reset(options={"task": f"lab-day/dev/1/{seed}"})
        for index in range(5):
            (exam if index == 4 else day).add(observation["image"].tobytes())
            observation, *_ = env.step("label no")
    assert len(exam) > 5 and len(day) > 20 and not exam & day


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"test_labels": None}, TaskError, "test_labels"),
        ({"train_images": np.zeros((80, 28), np.uint8)}, TaskError, "train_images has shape"),
        ({"train_images": np.zeros((80, 28, 28))}, TaskError, "float64"),
        ({"val_labels": np.full((80, 1), 7)}, TaskError, "outside the set"),
    ],
)
def test_broken_pictures_are_refused(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        LabEnv(images=npz(tmp_path, **changes), length=5).reset(seed=0)


def test_a_day_longer_than_the_pictures_says_so(tmp_path: Path) -> None:
    env = LabEnv(images=npz(tmp_path), length=240)
    with pytest.raises(OptionError, match="length="):
        env.reset(seed=0)
        env.step("label yes")


def test_a_record_plays_again(tmp_path: Path) -> None:
    rollout(
        ID,
        "oracle",
        1,
        out=tmp_path,
        env_kwargs={"length": 20, "protocol": True},
        tasks=["lab-day/dev/4/30003"],
        progress=False,
    )
    record = next(iter(read_records(tmp_path)))
    assert record.reward == 1.0 and record.family == "lab-day" and record.level == 4
    assert not replay(record)
