"""The examples of learning in labs run small, and say what they measured beside the bounds."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
WANTED = ("stable_baselines3", "sb3_contrib", "matplotlib")
missing = [name for name in WANTED if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def run(name: str, tmp_path: Path, *options: str) -> Any:
    picture = tmp_path / "plots" / f"{name}.png"
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *options, "--picture", str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    return json.loads(done.stdout) if "--json" in options else done.stdout


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_remarks_teach_more_than_labels_and_both_more_than_nothing(tmp_path: Path) -> None:
    found = run("verbal_or_label", tmp_path, "--quick", "--json")
    rows, bounds = {row["arm"]: row for row in found["rows"]}, found["bounds"]
    nothing, labels, remarks = (rows[name] for name in ("none", "label, 5 questions", "verbal, 5 questions"))
    assert nothing["bits"] == 0 and abs(mean(nothing["accuracies"]) - bounds["zero_shot"]) < 0.12
    assert remarks["bits"] > labels["bits"] > 2
    assert mean(remarks["accuracies"]) > mean(labels["accuracies"]) > mean(nothing["accuracies"])
    assert mean(rows["verbal, every answer"]["accuracies"]) >= 0.95
    assert bounds["chance"] < bounds["majority"] < bounds["zero_shot"] < bounds["shots"]["5"] < bounds["ceiling"]


def test_recurrent_ppo_runs_with_its_control(tmp_path: Path) -> None:
    found = run("recurrent_lab_day", tmp_path, "--quick", "--json")
    (played,) = found["runs"]
    for test in (played["memory"], played["reset"]):
        assert len(test["course"]) == 13 and 0.25 < test["accuracy"] < 1 and 0 <= test["passed"] <= 1
    # a policy whose memory is reset has seen no more than one label: the first answers are the same
    assert played["memory"]["course"][0] == played["reset"]["course"][0]
    assert played["practice"][-1][0] == found["plan"]["steps"] == 2 * 16 * 252
    shots = [found["bounds"]["shots"][str(number)] for number in range(14)]
    assert shots[0] == found["bounds"]["zero_shot"] < shots[5] < shots[13]


def test_ppo_on_pixels_runs_at_home_and_elsewhere(tmp_path: Path) -> None:
    said = run("ppo_lab_pixels", tmp_path, "--quick")
    assert "zero-shot" in said and "train/1/0 " in said and "test/1/0" in said


def test_a_learner_is_paid_for_what_it_sees_alone() -> None:
    import gymnasium as gym
    import numpy as np

    from selftrain.integrations.stable_baselines3 import ArrayVecEnv

    spec = importlib.util.spec_from_file_location("recurrent_lab_day", EXAMPLES / "recurrent_lab_day.py")
    assert spec and spec.loader
    example = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = example
    spec.loader.exec_module(example)
    plain, paid = (gym.make_vec(example.ENV, num_envs=4, length=6) for _ in range(2))
    paid = example.PaidByLabels(ArrayVecEnv(paid))
    paid.seed(0)
    plain.reset(seed=0), paid.reset()
    for number in range(12):
        actions = np.array([0, 1, number % 2, 1])
        seen, rewards, _, _, _ = plain.step(actions)
        more = paid.step(actions)[1] - rewards
        labels = seen[:, example.LABEL]
        expected = np.where(labels == 0, 0, np.where(labels == 2 * actions - 1, 0.1, -0.1))
        assert more == pytest.approx(expected)
        assert (labels == 0).all() == (number % 6 >= 5)  # the exam of a day of six is its last thing
