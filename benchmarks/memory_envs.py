"""How fast the memory games step, beside Gymnasium's vector environment, beside popgym, and beside our goal.

    python benchmarks/memory_envs.py --quick
    python benchmarks/memory_envs.py --json figures.json

One run measures everything, with random actions. Subjects step in turn, in short slices, so that whatever else the
machine does hits them alike. A figure is the median of the slices, in environment steps (one step is one segment) per
second of processor time, which is one core's worth; the passing of the clock is told as well.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import rich
import typer
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from rich.table import Table

GAMES = ("Courier", "KeyRing", "Relay", "Rulebook")
OURS, SINGLE, POPGYM = "in arrays", "SyncVectorEnv of our single form", "popgym RepeatPreviousEasy in SyncVectorEnv"
GOAL = 100_000
MANY, FEW = 4096, 64
KEPT_ACTIONS = 16


@dataclass(frozen=True)
class Figure:
    """Steps per second of one subject; `over_popgym` is the ratio to popgym in the same run."""

    game: str
    notes: str
    subject: str
    steps_per_processor_second: float
    steps_per_second: float
    over_popgym: float | None = None

    @property
    def goal_met(self) -> bool | None:
        """Whether it reaches the goal, if it has one."""
        return self.steps_per_processor_second >= GOAL if self.subject == OURS else None


@dataclass
class Subject:
    """A vector environment that is stepped with random actions, made beforehand."""

    game: str
    notes: str
    name: str
    envs: VectorEnv[Any, Any, Any]
    rates: list[tuple[float, float]] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.envs.reset(seed=0)
        self.envs.action_space.seed(0)
        self.actions = [self.envs.action_space.sample() for _ in range(KEPT_ACTIONS)]

    def run(self, seconds: float) -> None:
        """One slice: at least a whole episode of 12 cuts, so that ends and starts are in it."""
        steps, began, used = 0, time.perf_counter(), time.process_time()
        while steps < 13 or time.perf_counter() - began < seconds:
            self.envs.step(self.actions[steps % KEPT_ACTIONS])
            steps += 1
        count = steps * self.envs.num_envs
        self.rates.append((count / (time.process_time() - used), count / (time.perf_counter() - began)))

    def figure(self, popgym: float | None) -> Figure:
        """The medians of its slices."""
        processor, clock = (statistics.median(rates) for rates in zip(*self.rates, strict=True))
        return Figure(self.game, self.notes, self.name, processor, clock, processor / popgym if popgym else None)


def synchronous(make: Callable[[], gym.Env[Any, Any]]) -> SyncVectorEnv:
    """Gymnasium's own way to many environments in one process."""
    return SyncVectorEnv([make] * FEW, autoreset_mode=AutoresetMode.SAME_STEP)


def single(env_id: str, notes: str) -> Callable[[], gym.Env[Any, Any]]:
    """A function that makes our single form, without Gymnasium's checks around it."""
    return lambda: gym.make(env_id, notes=notes, disable_env_checker=True).unwrapped


def subjects(left_out: dict[str, str]) -> list[Subject]:
    """All that is measured; what is not installed is left out by name."""
    found = []
    try:
        from popgym.envs.repeat_previous import RepeatPreviousEasy

        found.append(Subject("RepeatPrevious", "", POPGYM, synchronous(RepeatPreviousEasy)))
    except ImportError as error:
        left_out[POPGYM] = f"{error}; pip install 'selftrain[bench]'"
    for game in GAMES:
        env_id = f"selftrain:SelfTrain-{game}-v0"
        for notes in ("pointer", "free"):
            found.append(Subject(game, notes, OURS, gym.make_vec(env_id, num_envs=MANY, notes=notes)))
        found.append(Subject(game, "pointer", SINGLE, synchronous(single(env_id, "pointer"))))
    return found


def measured(rounds: int, seconds: float, left_out: dict[str, str]) -> list[Figure]:
    """Figures of all subjects, measured in turn."""
    found = subjects(left_out)
    for _ in range(rounds):
        for subject in found:
            subject.run(seconds)
    popgym = next((s.figure(None).steps_per_processor_second for s in found if s.name == POPGYM), None)
    return [subject.figure(popgym) for subject in found]


def table(figures: list[Figure]) -> Table:
    """The figures, with their ratios and the goal."""
    shown = Table("game", "notes", "subject", "steps per core second", "steps per second", "over popgym", "goal")
    for figure in figures:
        ratio = "" if figure.over_popgym is None else f"{figure.over_popgym:.1f}x"
        goal = {None: "", True: f"[green]≥ {GOAL:,} met[/]", False: f"[red]≥ {GOAL:,} missed[/]"}[figure.goal_met]
        rates = f"{figure.steps_per_processor_second:,.0f}", f"{figure.steps_per_second:,.0f}"
        shown.add_row(figure.game, figure.notes, figure.subject, *rates, ratio, goal)
    return shown


def over_single(figures: list[Figure]) -> dict[str, float]:
    """How many times faster the arrays are than Gymnasium's vector environment of the same game."""
    rates = {(f.game, f.subject): f.steps_per_processor_second for f in figures if f.notes == "pointer"}
    return {game: rates[game, OURS] / rates[game, SINGLE] for game in GAMES}


def main(
    quick: Annotated[bool, typer.Option(help="Shorter slices and fewer of them: under a minute.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file as well.")] = None,
) -> None:
    """Measure the memory games on this machine, in one run."""
    left_out: dict[str, str] = {}
    figures = measured(3 if quick else 15, 0.15 if quick else 0.5, left_out)
    ratios = over_single(figures)
    rich.print(table(figures))
    for game, ratio in ratios.items():
        rich.print(f"{game}: arrays are {ratio:.0f}x as fast as {SINGLE}")
    for name, reason in left_out.items():
        rich.print(f"[yellow]left out[/] {name}: {reason}")
    if json_file is not None:
        machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        rows = [dataclasses.asdict(figure) | {"goal_met": figure.goal_met} for figure in figures]
        found = {"machine": machine | {"load": os.getloadavg()}, "figures": rows, "arrays_over_single_form": ratios}
        json_file.write_text(json.dumps(found | {"left_out": left_out}, indent=1))


if __name__ == "__main__":
    typer.run(main)
