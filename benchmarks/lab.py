"""How quickly slides are drawn, beside a plain way to draw them, and how quickly LabPixels steps once they are drawn.

    python benchmarks/lab.py --quick
    python benchmarks/lab.py --json figures.json

One run measures everything in turn, in short slices, so that whatever else the machine does hits all alike. A figure is
the median of the slices, per second of processor time, which is one core's worth; the passing of the clock is told as
well. Set OPENBLAS_NUM_THREADS=1 for small products of matrices to stay on one core. LabPixels is stepped with random
actions on days of one cell, all of whose pictures were drawn before.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import gymnasium as gym
import rich
import typer
from rich.table import Table

from selftrain.envs.lab.labs import find_lab
from selftrain.envs.lab.slides import render

sys.path.insert(0, str(Path(__file__).resolve().parent))

OURS, PLAIN = "slides", "slides drawn plainly"
PIXELS, MANY = "LabPixels", "LabPixels, 16 in arrays"
GOALS = {OURS: 150.0, PIXELS: 300.0, MANY: 300.0}
ENV, DAYS, SEATS = "selftrain:SelfTrain-LabPixels-v0", 128, 16
LABS = 4

Step = Callable[[int], int]


@dataclass
class Subject:
    """What is measured: a function that does about so many units of work and says how many it did."""

    name: str
    work: Step
    unit: str
    processor: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)

    def measure(self, amount: int) -> None:
        """One slice."""
        began, began_processor = time.perf_counter(), time.process_time()
        done = self.work(amount)
        self.processor.append(done / (time.process_time() - began_processor))
        self.clock.append(done / (time.perf_counter() - began))


@dataclass(frozen=True)
class Figure:
    """What one subject reached."""

    subject: str
    unit: str
    per_processor_second: float
    per_second: float
    goal: float | None
    goal_met: bool | None


def drawing(draw: Callable[..., object]) -> Step:
    """Cells of some labs, other ones in every slice."""
    day = iter(range(10**6))

    def work(amount: int) -> int:
        for number in range(LABS):
            lab = find_lab("train", number, 3)
            draw(lab.cells(next(day), amount // LABS), lab.preparation)
        return amount // LABS * LABS

    return work


def single() -> Step:
    """LabPixels, one environment."""
    env = gym.make(ENV, tasks=[f"lab-day/train/1/0-{DAYS - 1}"])
    for day in range(DAYS):  # so that all pictures are drawn
        env.reset(seed=0, options={"task": f"lab-day/train/1/{day}"})
    env.reset(seed=0)
    env.action_space.seed(0)

    def work(amount: int) -> int:
        for _ in range(amount):
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            if terminated or truncated:
                env.reset()
        return amount

    return work


def many() -> Step:
    """LabPixels, many environments in arrays."""
    envs = gym.make_vec(ENV, num_envs=SEATS, tasks=[f"lab-day/train/1/0-{DAYS - 1}"])
    envs.reset(seed=0)
    envs.action_space.seed(0)

    def work(amount: int) -> int:
        for _ in range(amount // SEATS):
            envs.step(envs.action_space.sample())
        return amount // SEATS * SEATS

    work(20 * DAYS)  # so that nearly all pictures are drawn
    return work


def measured(quick: bool, left_out: dict[str, str]) -> list[Figure]:
    """All subjects, in turn."""
    subjects = [Subject(OURS, drawing(render), "cells")]
    if importlib.util.find_spec("scipy"):
        from lab_peer import draw_plainly

        subjects.append(Subject(PLAIN, drawing(draw_plainly), "cells"))
    else:
        left_out[PLAIN] = "scipy is not installed; pip install 'selftrain[train]'"
    subjects += [Subject(PIXELS, single(), "steps"), Subject(MANY, many(), "steps")]
    for subject in subjects:
        subject.measure(2 * LABS * SEATS)  # warm
        subject.processor.clear()
        subject.clock.clear()
    for _ in range(3 if quick else 9):
        for subject in subjects:
            subject.measure(64 if subject.unit == "cells" else 320)
    return [figure(subject) for subject in subjects]


def figure(subject: Subject) -> Figure:
    """The median of a subject's slices."""
    reached, goal = statistics.median(subject.processor), GOALS.get(subject.name)
    met = None if goal is None else reached >= goal
    return Figure(subject.name, subject.unit, reached, statistics.median(subject.clock), goal, met)


def table(figures: list[Figure]) -> Table:
    """The figures below one another."""
    shown = Table("", "per second of one core", "by the clock", "goal")
    for one in figures:
        goal = "" if one.goal is None else f"{one.goal:,.0f} {'[green]met' if one.goal_met else '[red]missed'}[/]"
        shown.add_row(one.subject, f"{one.per_processor_second:,.0f} {one.unit}", f"{one.per_second:,.0f}", goal)
    return shown


def main(
    quick: Annotated[bool, typer.Option(help="Few slices: under a minute.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file as well.")] = None,
) -> None:
    """Measure on this machine, in one run."""
    left_out: dict[str, str] = {}
    figures = measured(quick, left_out)
    rich.print(table(figures))
    reached = {one.subject: one.per_processor_second for one in figures}
    if PLAIN in reached:
        rich.print(f"ours over the plain way: {reached[OURS] / reached[PLAIN]:.1f}x")
    for name, reason in left_out.items():
        rich.print(f"[yellow]left out[/] {name}: {reason}")
    if json_file is not None:
        machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        found = {"machine": machine | {"load": os.getloadavg()}, "figures": [asdict(one) for one in figures]}
        json_file.write_text(json.dumps(found | {"left_out": left_out}, indent=1))


if __name__ == "__main__":
    typer.run(main)
