"""A small policy learns to keep notes over many cuts, at difficulties that it chooses itself, and at others.

Every arm trains the same network by the same rule for the same number of segment-steps, and is tested greedily on the
same instances, which no arm has trained on. Nothing is selected by test scores: an arm hands out its averaged weights
of the end, and the ladder climbs by success in practice alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import matplotlib as mpl
import numpy as np
import torch
import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from scipy import stats

from selftrain.agents.curriculum import Curriculum, Direct, Ladder, Point, Practice, Uniform, practise
from selftrain.agents.training import success

TEST_INSTANCES = 2000
LADDER, DIRECT, UNIFORM, OFF = "ladder", "direct", "uniform", "off-family"
ARMS = (LADDER, DIRECT, UNIFORM, OFF)


class Game(StrEnum):
    """What can be learned; the arms of `relay` are expected to stay at chance."""

    COURIER = "courier"
    KEYRING = "keyring"
    RELAY = "relay"


IDS = {
    Game.COURIER: "selftrain:SelfTrain-Courier-v0",
    Game.KEYRING: "selftrain:SelfTrain-KeyRing-v0",
    Game.RELAY: "selftrain:SelfTrain-Relay-v0",
}
# Practice in which no note is needed or of use: the same network and cost, and nothing to learn for the test. Courier
# with the order always in sight is not enough: left with notes that arrive, a learner keeps parcels all the same.
OFF_FAMILY: Mapping[Game, dict[str, Any]] = {
    Game.COURIER: {"order_visible": True, "ablation": "wiped"},
    Game.KEYRING: {"ablation": "wiped"},
    Game.RELAY: {"ablation": "wiped"},
}
BUDGET = 500_000
QUICK: Mapping[Game, dict[str, Any]] = {
    Game.COURIER: {"colours": 2, "decoys": 1},
    Game.KEYRING: {"registers": 2, "slots": 1, "updates": 1, "values": 3},
    Game.RELAY: {"group": "Z3", "steps": 1},
}


@dataclass(frozen=True)
class Plan:
    """What is compared: a game, its difficulties, and the cost that each run may have."""

    game: Game
    seeds: int
    budget: int
    top: int
    far: int
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)

    def curriculum(self, arm: str, seed: int, chance: float, optimum: float) -> Curriculum:
        """Who chooses the difficulties of this arm."""
        if arm == DIRECT:
            return Direct(self.top)
        return Uniform(self.top, seed) if arm == UNIFORM else Ladder.between(chance, optimum, self.top)


@dataclass(frozen=True)
class Run:
    """One arm with one seed: success on the test instances, and what it cost."""

    arm: str
    seed: int
    top: float
    far: float
    wiped: float
    segment_steps: int
    cpu_seconds: float
    course: tuple[Point, ...]


class Bench:
    """Plays the runs of a plan. The environments for tests are made once."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self._id = plan, IDS[plan.game]
        self._test = gym.make_vec(self._id, num_envs=TEST_INSTANCES, **plan.env_kwargs)
        self._wiped = gym.make_vec(self._id, num_envs=TEST_INSTANCES, ablation="wiped", **plan.env_kwargs)
        game: Any = self._test.unwrapped
        self.chance, self.optimum = float(game.chance), float(game.optimum)

    def run(self, arm: str, seed: int, watch: Callable[[Point], None]) -> tuple[Run, Practice]:
        """Train, then test."""
        plan, began = self.plan, time.process_time()
        practice = practise(
            self._id,
            plan.curriculum(arm, seed, self.chance, self.optimum),
            plan.budget,
            seed=seed,
            env_kwargs={**plan.env_kwargs, **(OFF_FAMILY[plan.game] if arm == OFF else {})},
            watch=watch,
        )
        run = Run(
            arm,
            seed,
            top=success(practice.policy, self._test, plan.top),
            far=success(practice.policy, self._test, plan.far),
            wiped=success(practice.policy, self._wiped, plan.top),
            segment_steps=practice.spent,
            cpu_seconds=time.process_time() - began,
            course=practice.course,
        )
        return run, practice

    def sigmas(self, wiped: float) -> float:
        """How far from chance, in standard deviations of a guesser's score."""
        return (wiped - self.chance) / float(np.sqrt(self.chance * (1 - self.chance) / TEST_INSTANCES))


def play(bench: Bench, out: Path, console: Console) -> list[Run]:
    """All runs, with their progress; the weights of each are kept."""
    plan, runs = bench.plan, list[Run]()
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[said]}")
    with Progress(*columns, console=console) as progress:
        for seed in range(plan.seeds):
            for arm in ARMS:
                bar = progress.add_task(f"{arm}, seed {seed}", total=plan.budget, said="")

                def watch(point: Point, bar: Any = bar) -> None:
                    said = f"{point.cuts:.0f} cuts, success in practice {point.passed:.2f}"
                    progress.update(bar, completed=point.spent, said=said)

                run, practice = bench.run(arm, seed, watch)
                runs.append(run)
                practice.policy.save(out / f"{plan.game}-{arm}-{seed}.pt")
                progress.remove_task(bar)
                console.print(
                    f"{arm}, seed {seed}: {run.top:.3f} at {plan.top} cuts, {run.far:.3f} at {plan.far}, "
                    f"{run.wiped:.3f} wiped, {run.segment_steps} segment-steps, {run.cpu_seconds:.1f} CPU-s",
                    soft_wrap=True,
                )
    return runs


def interval(values: list[float]) -> tuple[float, float]:
    """95% of the mean over seeds: bias-corrected and accelerated bootstrap; the value itself where all are the same."""
    if len(values) < 2 or np.ptp(values) == 0:
        return min(values), max(values)
    found = stats.bootstrap((values,), np.mean, rng=np.random.default_rng(0)).confidence_interval
    return float(found.low), float(found.high)


def table(bench: Bench, runs: list[Run]) -> Table:
    """One row an arm."""
    plan = bench.plan
    shown = Table(
        *("practice", f"{plan.top} cuts", f"{plan.far} cuts", f"{plan.top}, wiped", "|σ|", "steps", "CPU-s"),
        title=f"{plan.game}: success on {TEST_INSTANCES} test instances\nmean of {plan.seeds} seed(s) [95% interval]",
        caption=f"chance {bench.chance:.3f}, optimum of storing {bench.optimum:.3f} (codes may beat it); nobody "
        f"trained on {plan.far} cuts; |σ|: wiped from chance, the largest; steps: segment-steps of a run; CPU-s: the "
        "most of a run",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in shown.columns:
        column.no_wrap = True
    for arm in ARMS:
        own = [run for run in runs if run.arm == arm]
        scores = []
        for values in ([run.top for run in own], [run.far for run in own], [run.wiped for run in own]):
            low, high = interval(values)
            scores.append(f"{np.mean(values):.3f}\n{low:.3f}–{high:.3f}")
        worst = max(abs(bench.sigmas(run.wiped)) for run in own)
        steps, seconds = np.mean([run.segment_steps for run in own]), max(run.cpu_seconds for run in own)
        shown.add_row(arm, *scores, f"{worst:.1f}", f"{steps:,.0f}", f"{seconds:.1f}")
    return shown


def draw(bench: Bench, runs: list[Run], path: Path) -> None:
    """Success by arm, a dot for each seed, beside the course of the difficulties."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    plan = bench.plan
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), width_ratios=(3, 2), layout="constrained")
    kinds = {f"{plan.top} cuts": "top", f"{plan.far} cuts, never trained": "far", f"{plan.top} cuts, wiped": "wiped"}
    for place, (label, name) in enumerate(kinds.items()):
        for at, arm in enumerate(ARMS):
            values = [getattr(run, name) for run in runs if run.arm == arm]
            x, mean, (low, high) = at + 0.25 * (place - 1), float(np.mean(values)), interval(values)
            colour, first = f"C{place}", label if at == 0 else None
            left.bar(x, mean, 0.22, color=colour, alpha=0.35, label=first)
            left.errorbar(x, mean, [[max(mean - low, 0)], [max(high - mean, 0)]], color=colour, capsize=3)
            left.scatter(x + np.linspace(-0.07, 0.07, len(values)), values, 14, color=colour, zorder=3)
    left.axhline(bench.chance, color="black", linestyle="--", linewidth=1, label="chance")
    left.axhline(bench.optimum, color="black", linestyle=":", linewidth=1, label="optimum of storing")
    left.set(ylim=(0, 1.05), ylabel="success on test instances", title=f"{plan.game}, {plan.seeds} seed(s)")
    left.set_xticks(range(len(ARMS)), ARMS)
    left.legend(fontsize=8, loc="upper right")
    for run in (run for run in runs if run.arm == LADDER):
        spent, cuts = [point.spent / 1000 for point in run.course], [point.cuts for point in run.course]
        right.step(spent, cuts, label=f"seed {run.seed}")
    right.set(xlabel="thousand segment-steps", ylabel="cuts in practice", title="the ladder: climbed by own success")
    right.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main(
    env: Annotated[Game, typer.Option(help="which game")] = Game.COURIER,
    seeds: Annotated[int, typer.Option(min=1, help="runs of each arm")] = 5,
    budget: Annotated[int, typer.Option(help="segment-steps of each run")] = BUDGET,
    top: Annotated[int, typer.Option(min=1, help="cuts of the hardest practice, and of the test")] = 12,
    far: Annotated[int, typer.Option(min=1, help="cuts of the second test, beyond all practice")] = 40,
    quick: Annotated[bool, typer.Option("--quick", help="one seed, a smaller game: less than a minute")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print results as JSON in place of the table")] = False,
    out: Annotated[Path, typer.Option(help="folder of weights and picture")] = Path("runs/learn_to_keep_notes"),
    picture: Annotated[Path | None, typer.Option(help="the picture's file, else in the folder")] = None,
) -> None:
    """Compare ways to practise at equal cost."""
    torch.set_num_threads(1)  # matrices this small lose more by sharing them out than they gain
    plan = Plan(env, seeds, budget, top, far)
    if quick:
        plan = Plan(env, 1, 150_000, 4, 12, QUICK[env])
    out.mkdir(parents=True, exist_ok=True)
    bench, console = Bench(plan), Console(stderr=True)
    runs = play(bench, out, console)
    draw(bench, runs, picture or out / f"{env}.png")
    if as_json:
        setup = {**asdict(plan), "chance": bench.chance, "optimum": bench.optimum, "instances": TEST_INSTANCES}
        rows = [{name: value for name, value in asdict(run).items() if name != "course"} for run in runs]
        print(json.dumps({"plan": setup, "runs": rows}, indent=2))
    else:
        Console().print(table(bench, runs))
        print(f"picture: {picture or out / f'{env}.png'}; weights: {out}/{env}-<practice>-<seed>.pt")


if __name__ == "__main__":
    typer.run(main)
