"""PPO learns to work at a terminal by choosing from a menu: real sandboxes, real verdicts, several seeds.

Every step of practice and of the test is a command run by bash in a sandbox of its own episode, and every reward is the
verifier's. The policy is stable-baselines3's plain network over counts of words; it is tested greedily on tasks of the
test split, which no seed has practised on. Beside it stand an agent that draws commands evenly, in the same sandboxes,
the exact probability that such an agent succeeds, and the oracle.

    python examples/ppo_terminal_menu.py            # three seeds; --seeds 5 takes over ten minutes on two cores
    python examples/ppo_terminal_menu.py --quick    # one short run: less than a minute, far from the mark
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import matplotlib as mpl
import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from selftrain.envs.families.menu_errands import FAMILY, MENU, SUBMIT, chance_of_menu, draw_errand
from selftrain.envs.numeric.ends import LimitIsEnd
from selftrain.tasks import SPLITS, stable_key

ID = "selftrain:SelfTrain-TerminalMenu-v0"
MARK = 0.9
ENVS = 8
# of stable-baselines3's PPO; the entropy keeps jobs that are rarely met from being given up
SETTINGS: dict[str, Any] = {
    "n_steps": 32,
    "batch_size": 128,
    "n_epochs": 10,
    "learning_rate": 1e-3,
    "ent_coef": 0.06,
    "policy_kwargs": {"net_arch": [256]},
}


@dataclass(frozen=True)
class Plan:
    """What is trained and how it is tested."""

    level: int
    steps: int
    tests: int
    masks: bool

    @property
    def test_ids(self) -> list[str]:
        """The tasks of the test, the same for all."""
        return [f"{FAMILY.name}/test/{self.level}/{seed}" for seed in range(self.tests)]

    @property
    def chance(self) -> float:
        """The exact probability that evenly drawn commands solve a task of the test."""
        errands = []
        for seed in range(self.tests):
            rng = np.random.default_rng([stable_key(FAMILY.name), SPLITS["test"], seed])
            errands.append(draw_errand(rng, self.level)[0])
        return float(np.mean([chance_of_menu(errand, self.masks) for errand in errands]))


@dataclass(frozen=True)
class Run:
    """One seed: success on the test, and success in practice by steps (mean over the episodes of each batch)."""

    seed: int
    success: float
    episodes: int
    seconds: float
    course: tuple[tuple[int, float], ...]


def make(plan: Plan) -> gym.Env[Any, Any]:
    """The environment; a limit is an end to the learner, for the verdict is given there too."""
    return LimitIsEnd(gym.make(ID, text="counts", levels=(plan.level,)))


def train(plan: Plan, seed: int) -> Run:
    """Practise, then take the test; runs in a process of its own."""
    import sb3_contrib
    import stable_baselines3
    import torch
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.vec_env import DummyVecEnv

    torch.set_num_threads(1)  # networks this small lose more by sharing the work out than they gain
    began = time.monotonic()
    course, rewards = list[tuple[int, float]](), list[float]()

    class Course(BaseCallback):
        """Notes success in practice."""

        def _on_step(self) -> bool:
            rewards.extend(info["episode"]["r"] for info in self.locals["infos"] if "episode" in info)
            return True

        def _on_rollout_end(self) -> None:
            new = rewards[self.seen :]
            self.seen = len(rewards)
            if new:
                course.append((self.num_timesteps, float(np.mean(new))))

        seen = 0

    envs = DummyVecEnv([lambda: Monitor(make(plan))] * ENVS)
    algorithm: Any = sb3_contrib.MaskablePPO if plan.masks else stable_baselines3.PPO
    model = algorithm("MlpPolicy", envs, seed=seed, device="cpu", **SETTINGS)
    model.learn(plan.steps, callback=Course())
    envs.close()

    def act(observation: Any, masks: Any) -> int:
        known = {"action_masks": masks} if plan.masks else {}
        return int(model.predict(observation, deterministic=True, **known)[0])

    return Run(seed, played(plan, act), len(rewards), time.monotonic() - began, tuple(course))


def played(plan: Plan, act: Callable[[Any, Any], int]) -> float:
    """The share of the test's tasks that a policy solves."""
    solved = 0.0
    with make(plan) as env:
        for task in plan.test_ids:
            observation, over = env.reset(options={"task": task})[0], False
            while not over:
                action = act(observation, env.get_wrapper_attr("action_masks")())
                observation, reward, terminated, truncated, _ = env.step(action)
                solved, over = solved + float(reward), terminated or truncated
    return solved / plan.tests


def played_evenly(plan: Plan) -> float:
    """Success of an agent that draws each command evenly, in the same sandboxes."""
    rng = np.random.default_rng(0)
    return played(
        plan, lambda _, masks: int(rng.choice(np.flatnonzero(masks)) if plan.masks else rng.choice(len(MENU)))
    )


def played_by_the_oracle(plan: Plan) -> float:
    """Success of the tasks' own solutions, sent by number."""
    solved = 0.0
    with make(plan) as env:
        for task in plan.test_ids:
            env.reset(options={"task": task})
            for command in (*env.get_wrapper_attr("task").oracle, SUBMIT):
                solved += float(env.step(MENU.index(command))[1])
    return solved / plan.tests


def table(plan: Plan, runs: list[Run], random: float, oracle: float) -> Table:
    """One row a seed, then what they are held against."""
    error = np.sqrt(plan.chance * (1 - plan.chance) / plan.tests)
    shown = Table(
        *("agent", "success", "episodes", "seconds"),
        title=f"SelfTrain-TerminalMenu-v0, level {plan.level}: success on {plan.tests} test tasks",
        caption=f"chance {plan.chance:.3f} exactly; random is {(random - plan.chance) / error:+.1f} standard errors "
        f"from it; mark {MARK}: reached by {sum(run.success >= MARK for run in runs)} of {len(runs)} seed(s)",
        box=box.SIMPLE_HEAD,
    )
    name = "PPO with masks" if plan.masks else "PPO"
    for run in runs:
        shown.add_row(f"{name}, seed {run.seed}", f"{run.success:.3f}", str(run.episodes), f"{run.seconds:.0f}")
    shown.add_row(f"{name}, mean", f"{np.mean([run.success for run in runs]):.3f}", "", "")
    shown.add_row("random", f"{random:.3f}", "", "")
    shown.add_row("oracle", f"{oracle:.3f}", "", "")
    return shown


def draw(plan: Plan, runs: list[Run], random: float, oracle: float, path: Path) -> None:
    """The course of practice, and each seed's test, between chance and oracle."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=(3, 1), sharey=True, layout="constrained")
    for run in runs:
        steps, practice = zip(*run.course, strict=True) if run.course else ((), ())
        left.plot(steps, practice, color=f"C{run.seed}", linewidth=1, label=f"seed {run.seed}")
        right.scatter([run.seed], [run.success], color=f"C{run.seed}", zorder=3)
    right.scatter([len(runs)], [random], color="black", marker="x", label="random")
    for axes in (left, right):
        axes.axhline(oracle, color="black", linestyle=":", linewidth=1, label="oracle")
        axes.axhline(MARK, color="grey", linestyle="-.", linewidth=1, label=f"mark {MARK}")
        axes.axhline(plan.chance, color="black", linestyle="--", linewidth=1, label=f"chance {plan.chance:.3f}")
    left.set(xlabel="steps in sandboxes", ylabel="success", ylim=(0, 1.05), title="in practice, sampled")
    right.set(title=f"on {plan.tests} test tasks, greedy")
    right.set_xticks([*range(len(runs)), len(runs)], [*(str(run.seed) for run in runs), "random"])
    left.legend(fontsize=8, loc="lower right")
    figure.suptitle(f"PPO on SelfTrain-TerminalMenu-v0, level {plan.level}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main(
    level: Annotated[int, typer.Option(min=1, max=5, help="of the tasks")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="runs")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="commands in sandboxes of each run")] = 14_000,
    tests: Annotated[int, typer.Option(min=1, help="tasks of the test")] = 100,
    masks: Annotated[bool, typer.Option(help="sb3-contrib's MaskablePPO: only commands on offer")] = True,
    workers: Annotated[int, typer.Option(min=1, help="runs at a time")] = 2,
    quick: Annotated[bool, typer.Option("--quick", help="one short run")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print results as JSON in place of the table")] = False,
    picture: Annotated[Path, typer.Option(help="the plot's file")] = Path("runs/ppo_terminal_menu.png"),
) -> None:
    """Train PPO on TerminalMenu and hold it against chance and oracle."""
    if quick:
        seeds, steps, tests, workers = 1, 256, 20, 1
    plan, console, began = Plan(level, steps, tests, masks), Console(stderr=True), time.monotonic()
    runs = []
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        references = pool.submit(played_evenly, plan), pool.submit(played_by_the_oracle, plan)
        for done in as_completed([pool.submit(train, plan, seed) for seed in range(seeds)]):
            runs.append(done.result())
            console.print(f"seed {runs[-1].seed}: {runs[-1].success:.3f} after {runs[-1].seconds:.0f} s")
        random, oracle = (reference.result() for reference in references)
    runs.sort(key=lambda run: run.seed)
    draw(plan, runs, random, oracle, picture)
    if as_json:
        found = {"plan": asdict(plan), "chance": plan.chance, "random": random, "oracle": oracle, "mark": MARK}
        print(
            json.dumps(found | {"seconds": time.monotonic() - began, "runs": [asdict(run) for run in runs]}, indent=2)
        )
    else:
        Console().print(table(plan, runs, random, oracle))
        print(f"{time.monotonic() - began:.0f} s in all; plot: {picture}")


if __name__ == "__main__":
    typer.run(main)
