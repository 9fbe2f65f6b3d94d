"""PPO with a small convolutional network learns one lab's way of seeing from pixels, and falls in other labs.

Days of one cell: the policy sees a picture, answers, and is paid 1 when this lab would say the same. It practises on
some days of one lab and is tested, greedily, on other days of it and in other labs, whose slides and conventions it has
never met.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import matplotlib as mpl
import numpy as np
import torch
import typer
from rich import box
from rich.console import Console
from rich.table import Column, Table
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from selftrain.envs.lab.bounds import Bounds, lab_bounds
from selftrain.envs.lab.cells import Cells
from selftrain.envs.lab.day import DAYS, find_day
from selftrain.envs.lab.labs import Lab, find_lab
from selftrain.envs.lab.slides import images
from selftrain.integrations.stable_baselines3 import ArrayVecEnv

ENV = "selftrain:SelfTrain-LabPixels-v0"
ENVS = 64
SHOTS = (5, 20)
FIRST_TEST_DAY = 9000  # practice keeps to the days before it


@dataclass(frozen=True)
class Plan:
    """What is learned, and at which cost."""

    lab: int
    level: int
    cells: int
    fresh: int
    others: int
    steps: int

    @property
    def home(self) -> Lab:
        """The lab that is learned."""
        return find_lab("train", self.lab, self.level)

    @property
    def away(self) -> list[Lab]:
        """Labs of the test split."""
        return [find_lab("test", number, self.level) for number in range(self.others)]


@dataclass(frozen=True)
class Run:
    """One seed: accuracy at home and in each other lab, and its course in practice (steps, accuracy)."""

    seed: int
    home: float
    away: tuple[float, ...]
    course: tuple[tuple[int, float], ...]
    seconds: float


class Eyes(BaseFeaturesExtractor):
    """Pictures (n, 3, 96, 96) as 128 numbers."""

    def __init__(self, space: gym.spaces.Box) -> None:
        super().__init__(space, 128)
        layers: list[torch.nn.Module] = [torch.nn.Conv2d(3, 16, 6, 4, 1), torch.nn.ReLU()]
        for before, after, stride in ((16, 32, 2), (32, 64, 2), (64, 64, 1)):
            layers += [torch.nn.Conv2d(before, after, 3, stride, 1), torch.nn.ReLU()]
        layers += [torch.nn.AdaptiveMaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(256, 128), torch.nn.ReLU()]
        self.layers = torch.nn.Sequential(*layers)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The numbers of the pictures."""
        found: torch.Tensor = self.layers(pictures)
        return found


class Course(BaseCallback):
    """Keeps the mean reward of each rollout, which is the accuracy in practice."""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self.points.append((self.num_timesteps, float(self.model.rollout_buffer.rewards.mean())))  # type: ignore[attr-defined]


def tasks_of(lab: Lab, first: int, count: int) -> list[str]:
    """Selections of days of a lab."""
    start = lab.number * DAYS + first
    return [f"lab-day/{lab.split}/{lab.level}/{start}-{start + count - 1}"]


def look_at(lab: Lab, first: int, count: int) -> None:
    """Have the pictures of days drawn, many at a time, so that what is played after it finds them."""
    days = [find_day(lab, number, 1).cells for number in range(first, first + count)]
    for start in range(0, count, 512):
        some = days[start : start + 512]
        joined = {field.name: np.concatenate([getattr(day, field.name) for day in some]) for field in fields(Cells)}
        images(lab, Cells(**joined))


def accuracy(model: PPO, lab: Lab, count: int) -> float:
    """Of greedy answers on the test days of a lab: the mean reward."""
    rewards = []
    with gym.make(ENV, tasks=tasks_of(lab, FIRST_TEST_DAY, 1)) as env:
        for number in range(FIRST_TEST_DAY, FIRST_TEST_DAY + count):
            task = f"lab-day/{lab.split}/{lab.level}/{lab.number * DAYS + number}"
            picture, _ = env.reset(options={"task": task})
            answer, _ = model.predict(picture, deterministic=True)
            rewards.append(float(env.step(answer)[1]))
    return float(np.mean(rewards))


def train(plan: Plan, seed: int) -> Run:
    """Practise, then be tested."""
    torch.set_num_threads(1)  # seeds run beside each other
    began, course = time.monotonic(), Course()
    envs = ArrayVecEnv(gym.make_vec(ENV, num_envs=ENVS, tasks=tasks_of(plan.home, 0, plan.cells)))
    model = PPO(
        "CnnPolicy",
        envs,
        n_steps=max(1, min(16, plan.steps // ENVS)),
        batch_size=128,
        n_epochs=6,
        learning_rate=lambda left: 1e-3 * left,
        gamma=0.0,  # a day is one answer
        gae_lambda=1.0,
        ent_coef=0.01,
        clip_range=0.2,
        policy_kwargs={"features_extractor_class": Eyes, "net_arch": [], "normalize_images": True},
        seed=1000 * seed,  # far apart, for the i-th environment takes this plus i
        device="cpu",
    )
    model.learn(plan.steps, callback=course)
    home = accuracy(model, plan.home, plan.fresh)
    away = tuple(accuracy(model, lab, plan.fresh // 2) for lab in plan.away)
    return Run(seed, home, away, tuple(course.points), time.monotonic() - began)


def own_rule_there(plan: Plan, lab: Lab) -> float:
    """The accuracy in another lab of who sees without error and goes by the rule of the lab that was learned."""
    cells = lab.cells(0, 2000, purpose="bounds")
    return float((plan.home.convention.labels(cells) == lab.convention.labels(cells)).mean())


def table(plan: Plan, runs: Sequence[Run], bounds: Sequence[Bounds]) -> Table:
    """A row for the lab that was learned, and one for each other."""
    shown = Table(
        *(
            Column("lab", no_wrap=True),
            "mean",
            "least",
            "own rule",
            "majority",
            Column("zero-shot", no_wrap=True),
            "5 labels",
            "20 labels",
        ),
        title=f"PPO on pixels, level {plan.level}: {len(runs)} seed(s), {plan.steps} steps on {plan.cells} cells",
        caption="first the lab that was learned; greedy, on cells that nobody practised on, mean and least of the "
        "seeds; chance is 0.5; own rule: who sees without error and goes by the rule of the lab that was learned",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for place, (lab, bound) in enumerate(zip([plan.home, *plan.away], bounds, strict=True)):
        values = [run.home if place == 0 else run.away[place - 1] for run in runs]
        lines = (own_rule_there(plan, lab), bound.majority, bound.zero_shot, *bound.shots.values())
        shown.add_row(lab.name, *(f"{value:.3f}" for value in (float(np.mean(values)), min(values), *lines)))
    return shown


def draw(plan: Plan, runs: Sequence[Run], bounds: Sequence[Bounds], path: Path) -> None:
    """The course in practice, and the accuracy at home and away, a dot for each seed."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for run in runs:
        left.plot(*zip(*run.course, strict=True), label=f"seed {run.seed}", linewidth=1, marker=".")
    for place, (name, value) in enumerate(bounds[0].lines(*SHOTS).items()):
        left.axhline(value, color="black", linestyle=("--", "-.", ":")[place % 3], linewidth=0.8)
        left.annotate(name, (0.01, value), xycoords=left.get_yaxis_transform(), fontsize=7, va="bottom")
    left.set(xlabel="steps (days of one cell)", ylabel="accuracy in practice", title="one lab", ylim=(0.45, 1.03))
    left.legend(fontsize=8, loc="lower right")
    for place, (lab, bound) in enumerate(zip([plan.home, *plan.away], bounds, strict=True)):
        values = [run.home if place == 0 else run.away[place - 1] for run in runs]
        right.bar(place, np.mean(values), 0.6, color="C0" if place == 0 else "C1", alpha=0.35)
        right.scatter(np.full(len(values), place), values, 14, color="C0" if place == 0 else "C1", zorder=3)
        lines = {"the learned lab's rule": own_rule_there(plan, lab), **bound.lines(*SHOTS)}
        for number, (name, value) in enumerate(lines.items()):
            look = {"color": f"C{number + 2}", "label": name if place == 0 else None}
            right.hlines(value, place - 0.4, place + 0.4, linewidth=1.2, **look)
    right.set(ylim=(0.2, 1.03), title="fresh cells there and in other labs")
    right.set_xticks(range(len(bounds)), ["learned", *(lab.name for lab in plan.away)], fontsize=8)
    right.legend(fontsize=7, loc="lower left", ncols=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main(
    lab: Annotated[int, typer.Option(min=0, help="which lab of the train split is learned")] = 0,
    level: Annotated[int, typer.Option(min=1, max=5, help="how much labs differ")] = 1,
    cells: Annotated[int, typer.Option(min=1, max=FIRST_TEST_DAY, help="of the lab, to practise on")] = 4000,
    fresh: Annotated[int, typer.Option(min=2, help="cells of the test at home, half as many elsewhere")] = 500,
    others: Annotated[int, typer.Option(min=1, help="labs of the test split that it is tested in")] = 4,
    steps: Annotated[int, typer.Option(min=64, help="of each run")] = 18_432,
    seeds: Annotated[int, typer.Option(min=1, help="runs")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="runs beside each other")] = 2,
    quick: Annotated[bool, typer.Option("--quick", help="one short run on few cells: some seconds")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print results as JSON in place of the table")] = False,
    picture: Annotated[Path, typer.Option(help="the picture's file")] = Path("runs/ppo_lab_pixels.png"),
) -> None:
    """Learn one lab from pixels, and show the fall in others."""
    plan = Plan(lab, level, cells, fresh, others, steps)
    if quick:
        plan, seeds, workers = Plan(lab, level, 128, 40, 1, 512), 1, 1
    console = Console(stderr=True)
    console.print(f"drawing {plan.cells} cells of {plan.home.name}, and those of the tests")
    look_at(plan.home, 0, plan.cells)
    look_at(plan.home, FIRST_TEST_DAY, plan.fresh)
    for other in plan.away:
        look_at(other, FIRST_TEST_DAY, plan.fresh // 2)
    runs = []
    # forked, so that the runs find the pictures drawn
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        for run in pool.map(train, [plan] * seeds, range(seeds)):
            runs.append(run)
            said = f"{run.home:.3f} at home, {np.mean(run.away):.3f} elsewhere, {run.seconds:.0f} s"
            console.print(f"seed {run.seed}: {said}")
    bounds = [lab_bounds(one, shots=SHOTS) for one in (plan.home, *plan.away)]
    draw(plan, runs, bounds, picture)
    if as_json:
        found: dict[str, Any] = {"plan": asdict(plan), "runs": [asdict(run) for run in runs]}
        print(json.dumps(found | {"bounds": [asdict(bound) for bound in bounds]}, indent=2))
    else:
        Console().print(table(plan, runs, bounds))
        print(f"picture: {picture}")


if __name__ == "__main__":
    typer.run(main)
