"""Recurrent PPO learns to learn: many labs, a day in each, and the senior's label after every answer.

No weight changes within a day, so that what the policy knows of a lab by the evening is in its memory alone. The
control is the same policy with its memory reset before every step: it has what all labs share, which the zero-shot line
bounds, and the last label.

The reward of a day is the environment's, 1 for an exam passed. In practice the learner adds a little for each answer
that the label then confirmed, which it reads from its own observation; in the tests only the exam counts.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import matplotlib as mpl
import numpy as np
import torch
import typer
from gymnasium.vector import VectorEnv
from rich import box
from rich.console import Console
from rich.table import Table
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from selftrain.envs.lab.bounds import Bounds, mean_bounds
from selftrain.envs.lab.day import Terms
from selftrain.envs.lab.labs import find_lab
from selftrain.envs.lab.measured import MEASURES
from selftrain.integrations.stable_baselines3 import ArrayVecEnv

ENV = "selftrain:SelfTrain-LabFeatures-v0"
ENVS = 252  # the steps of a rollout fall into three equal batches: one of a single step would have no spread
LAST_ANSWER, LABEL = len(MEASURES), len(MEASURES) + 1  # where an observation has them
TEST_SEED = 1000
CONFIRMED = 0.1  # what the learner pays itself for an answer that was confirmed, and takes for one that was not


@dataclass(frozen=True)
class Plan:
    """What is learned, and at which cost."""

    level: int
    length: int
    steps: int
    days: int

    @property
    def before_exam(self) -> int:
        """How many answers of a day are met with the label."""
        return self.length - Terms(self.length).exam

    def envs(self, split: str, count: int) -> VectorEnv[Any, Any, Any]:
        """Days in labs that are drawn anew each time."""
        return gym.make_vec(ENV, num_envs=count, length=self.length, levels=(self.level,), split=split)


@dataclass(frozen=True)
class Test:
    """Greedy days in labs that nobody practised in.

    The exam's accuracy and the zero-shot line of just these labs, the share of exams passed, and the share of right
    answers at each place before the exam.
    """

    accuracy: float
    zero_shot: float
    passed: float
    course: tuple[float, ...]


@dataclass(frozen=True)
class Run:
    """One seed, with its memory and without, and how the exam went in practice (steps, accuracy)."""

    seed: int
    memory: Test
    reset: Test
    practice: tuple[tuple[int, float], ...]
    seconds: float


class PaidByLabels(VecEnvWrapper):
    """Adds to the reward what the learner can see for itself: whether the label is what it answered."""

    def reset(self) -> VecEnvObs:
        return self.venv.reset()

    def step_wait(self) -> VecEnvStepReturn:
        """Step all episodes."""
        observations, rewards, ended, infos = self.venv.step_wait()
        assert isinstance(observations, np.ndarray)
        # 0 where nothing was said; a day that begins shows no answer
        return observations, rewards + CONFIRMED * observations[:, LAST_ANSWER] * observations[:, LABEL], ended, infos


class Practice(BaseCallback):
    """Keeps the accuracy in the exams of each rollout."""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[tuple[int, float]] = []
        self._exams: list[float] = []

    def _on_step(self) -> bool:
        self._exams += [info["accuracy"] for info in self.locals["infos"] if info]
        return True

    def _on_rollout_end(self) -> None:
        self.points.append((self.num_timesteps, float(np.mean(self._exams))))
        self._exams = []


def tested(model: RecurrentPPO, plan: Plan, forgetful: bool) -> Test:
    """Play `days` days of the test split greedily; the same for every policy."""
    envs = plan.envs("test", plan.days)
    observations, _ = envs.reset(seed=TEST_SEED)
    state: Any = None
    first, course = np.ones(plan.days, np.bool_), list[float]()
    info: dict[str, Any] = {}
    for number in range(plan.length):
        answers, state = model.predict(observations, state=state, episode_start=first, deterministic=True)
        first = np.full(plan.days, forgetful)
        observations, _, _, _, info = envs.step(answers)
        if number < plan.before_exam:
            course.append(float((observations[:, LAST_ANSWER] == observations[:, LABEL]).mean()))
    final = info["final_info"]
    passed = float((final["verdict"] == "pass").mean())
    return Test(float(final["accuracy"].mean()), float(final["zero_shot"].mean()), passed, tuple(course))


def train(plan: Plan, seed: int) -> Run:
    """Practise in labs of the train split, then be tested with memory and without."""
    torch.set_num_threads(1)  # seeds run beside each other
    began, practice = time.monotonic(), Practice()
    model = RecurrentPPO(
        "MlpLstmPolicy",
        PaidByLabels(ArrayVecEnv(plan.envs("train", ENVS))),
        n_steps=plan.length,  # whole days, so that no memory is cut off
        batch_size=ENVS * plan.length // 3,
        n_epochs=6,
        learning_rate=lambda left: 3e-3 * left,
        gamma=0.3,  # an answer changes little of what comes later
        gae_lambda=0.9,
        ent_coef=0.003,
        policy_kwargs={
            "lstm_hidden_size": 64,
            "shared_lstm": True,
            "enable_critic_lstm": False,
            "net_arch": [64],
        },
        seed=1000 * seed,  # far apart, for the i-th environment takes this plus i
        device="cpu",
    )
    model.learn(plan.steps, callback=practice)
    memory, reset = tested(model, plan, forgetful=False), tested(model, plan, forgetful=True)
    return Run(seed, memory, reset, tuple(practice.points), time.monotonic() - began)


def table(plan: Plan, runs: Sequence[Run], bounds: Bounds) -> Table:
    """A row for the policy, and one for the control."""
    shots = bounds.shots[plan.before_exam]
    shown = Table(
        *("memory", "exam accuracy", "least seed", "normalised", "passed", "first answer"),
        title=f"recurrent PPO, level {plan.level}, days of {plan.length}: {len(runs)} seed(s), {plan.steps} steps",
        caption=f"{plan.days} days in labs that nobody practised in, greedy; chance {bounds.chance:.3f}, majority "
        f"{bounds.majority:.3f}, zero-shot {bounds.zero_shot:.3f}, {plan.before_exam} labels at best {shots:.3f}, "
        f"rule {bounds.ceiling:.3f}; normalised: 0 is zero-shot, 1 is the rule",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for name, tests in (("kept", [run.memory for run in runs]), ("reset each step", [run.reset for run in runs])):
        accuracies = [test.accuracy for test in tests]
        mean = float(np.mean(accuracies))
        numbers = (mean, min(accuracies), bounds.normalised(mean), np.mean([test.passed for test in tests]))
        shown.add_row(name, *(f"{number:.3f}" for number in (*numbers, np.mean([test.course[0] for test in tests]))))
    return shown


def draw(plan: Plan, runs: Sequence[Run], bounds: Bounds, path: Path) -> None:
    """Practice, and the course of a test day beside what can be known by then."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for run in runs:
        left.plot(*zip(*run.practice, strict=True), linewidth=1, label=f"seed {run.seed}")
    left.set(xlabel="steps", ylabel="accuracy in the exam", title="practice, labs of the train split")
    left.legend(fontsize=8, loc="lower right")
    seen = np.arange(plan.before_exam)
    for tests, colour, name in (
        ([run.memory for run in runs], "C0", "memory kept"),
        ([run.reset for run in runs], "C1", "memory reset each step"),
    ):
        right.plot(seen, np.mean([test.course for test in tests], axis=0), color=colour, label=name)
        exams = [test.accuracy for test in tests]
        right.scatter(np.full(len(exams), plan.before_exam + 0.5), exams, 16, color=colour, zorder=3)
    right.plot(
        seen, [bounds.shots[int(number)] for number in seen], "k-", linewidth=0.8, label="at best, so many labels"
    )
    for axes in (left, right):
        for place, (name, value) in enumerate(bounds.lines(plan.before_exam).items()):
            axes.axhline(value, color="black", linestyle=("--", "-.", ":")[place % 3], linewidth=0.8)
            axes.annotate(name, (0.01, value), xycoords=axes.get_yaxis_transform(), fontsize=7, va="bottom")
        axes.set_ylim(0.35, 1.03)
    right.set(xlabel="labels seen that day", title="test days, labs that nobody practised in")
    right.set_xticks([*range(0, plan.before_exam, 4), plan.before_exam + 0.5], [*range(0, plan.before_exam, 4), "exam"])
    right.legend(fontsize=8, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main(
    level: Annotated[int, typer.Option(min=1, max=5, help="how much labs differ")] = 1,
    length: Annotated[int, typer.Option(min=4, help="things in a day")] = 24,
    steps: Annotated[int, typer.Option(min=1, help="of each run")] = 450_000,
    days: Annotated[int, typer.Option(min=1, help="of each test")] = 500,
    seeds: Annotated[int, typer.Option(min=1, help="runs")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="runs beside each other")] = 2,
    quick: Annotated[bool, typer.Option("--quick", help="one short run: some seconds")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print results as JSON in place of the table")] = False,
    picture: Annotated[Path, typer.Option(help="the picture's file")] = Path("runs/recurrent_lab_day.png"),
) -> None:
    """Learn to learn a lab within a day, and take the memory away."""
    plan = Plan(level, length, steps, days)
    if quick:
        plan, seeds, workers = Plan(level, 16, 2 * 16 * ENVS, 40), 1, 1
    console, runs = Console(stderr=True), list[Run]()
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        for run in pool.map(train, [plan] * seeds, range(seeds)):
            runs.append(run)
            said = f"{run.memory.accuracy:.3f}, memory reset {run.reset.accuracy:.3f}, {run.seconds:.0f} s"
            console.print(f"seed {run.seed}: {said}")
    labs = [find_lab("test", number, plan.level) for number in range(24)]
    bounds = mean_bounds(labs, shots=range(plan.before_exam + 1))
    draw(plan, runs, bounds, picture)
    if as_json:
        found: dict[str, Any] = {"plan": asdict(plan), "runs": [asdict(run) for run in runs]}
        print(json.dumps(found | {"bounds": asdict(bounds)}, indent=2))
    else:
        Console().print(table(plan, runs, bounds))
        print(f"picture: {picture}")


if __name__ == "__main__":
    typer.run(main)
