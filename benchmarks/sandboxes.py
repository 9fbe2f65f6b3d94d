"""How fast and how light sandboxes are, beside a plain bash, beside other libraries, and beside our goals.

    python benchmarks/sandboxes.py --quick
    python benchmarks/sandboxes.py --json figures.json --soak

One run measures everything. Steps of all subjects are interleaved in short slices, so that whatever else the machine
does hits them alike; figures are medians, and ratios are to the plain bash of the same run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import rich
import sandbox_load as load
import sandbox_peers as peers
import typer
from rich.table import Table

from selftrain.errors import SandboxError
from selftrain.sandboxes import Backend, SandboxSpec, backend_names, make_backend
from selftrain.sandboxes.images import docker_tag

FLOOR = "plain bash"
SLICE_SECONDS = 0.02
COMMANDS = {"builtin step": "echo hi", "forking step": "ls /"}


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    measure: str
    subject: str
    value: float
    unit: str
    over_floor: float | None = None


@dataclass(frozen=True)
class Goal:
    """What a figure has to reach: at most `limit`, or at least; of its value, or of its ratio to the floor."""

    limit: float
    at_least: bool = False
    over_floor: bool = False

    def met(self, figure: Figure) -> bool:
        """Whether `figure` reaches it."""
        value = figure.over_floor if self.over_floor else figure.value
        return value is not None and (value >= self.limit if self.at_least else value <= self.limit)

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{'x' if self.over_floor else ''}"


GOALS = {
    ("builtin step", "bubblewrap"): Goal(3.5, over_floor=True),
    ("forking step", "bubblewrap"): Goal(1.2, over_floor=True),
    ("cold start", "bubblewrap"): Goal(12),
    ("hand-off from the pool", "bubblewrap"): Goal(1.5),
    ("memory of one", "bubblewrap"): Goal(2),
    ("live at once, all stepped", "bubblewrap"): Goal(512, at_least=True),
    ("snapshot and restore", "bubblewrap"): Goal(50),
    ("trial of 8 cases, above running them", "bubblewrap"): Goal(60),
    ("left over after a soak", "bubblewrap"): Goal(0),
    **{(f"episodes, {threads} at once", "bubblewrap"): Goal(100, at_least=True) for threads in (8, 32, 128, 512)},
    ("builtin step", "docker"): Goal(6, over_floor=True),
    ("hand-off from the pool", "docker"): Goal(5),
    ("episodes, 2 at once", "docker"): Goal(3, at_least=True),
    ("left over after a soak", "docker"): Goal(0),
}


@dataclass
class Report:
    """Figures as they come, and what was left out."""

    figures: list[Figure] = dataclasses.field(default_factory=list)
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)

    def add(self, measure: str, subject: str, value: float, unit: str, over_floor: float | None = None) -> None:
        """Take one figure."""
        self.figures.append(Figure(measure, subject, value, unit, over_floor))

    def table(self) -> Table:
        """All of it, with the goal beside each figure that has one."""
        table = Table("measure", "subject", "median", "over plain bash", "goal", "")
        for figure in self.figures:
            goal = GOALS.get((figure.measure, figure.subject))
            verdict = "" if goal is None else "[green]met[/]" if goal.met(figure) else "[red]missed[/]"
            ratio = "" if figure.over_floor is None else f"{figure.over_floor:.2f}x"
            value = f"{figure.value:.4g} {figure.unit}"
            table.add_row(figure.measure, figure.subject, value, ratio, str(goal or ""), verdict)
        return table

    def as_dict(self) -> dict[str, object]:
        """Plain types, with what the machine was."""
        machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        rows = []
        for figure in self.figures:
            goal = GOALS.get((figure.measure, figure.subject))
            judged = {} if goal is None else {"goal": str(goal), "met": goal.met(figure)}
            rows.append(dataclasses.asdict(figure) | judged)
        return {"machine": machine | {"load": os.getloadavg()}, "figures": rows, "left_out": self.left_out}


def ours(backend: Backend) -> peers.Opener:
    """Our own sandboxes, as a subject."""

    @contextlib.contextmanager
    def opened() -> Iterator[peers.Step]:
        sandbox = backend.create(SandboxSpec())
        try:
            yield lambda command: sandbox.run(command).output
        finally:
            sandbox.close()

    return opened


def others(docker_image: str | None) -> dict[str, peers.Opener]:
    """The subjects to compare with, by name."""
    found: dict[str, peers.Opener] = {
        FLOOR: peers.plain_bash,
        "swe-rex, local, no isolation": peers.swe_rex,
        "bubble-sandbox, one a command": peers.bubble_sandbox,
        "agentdocker-lite": peers.agentdocker_lite("/"),
    }
    if docker_image is not None:
        found["docker-py, exec_run"] = peers.docker_container(docker_image)
    return found


def milliseconds(call: Callable[..., object], *arguments: object) -> float:
    """How long `call` takes."""
    begin = time.perf_counter()
    call(*arguments)
    return 1000 * (time.perf_counter() - begin)


def checked(step: peers.Step, command: str = "echo hi") -> None:
    """Run a step, and make sure that it did what it was asked."""
    output = step(command)
    if not output.strip() or (command == "echo hi" and output.strip() != b"hi"):
        raise SandboxError(f"{command!r} gave {output[:100]!r}")


def measure_steps(report: Report, subjects: dict[str, peers.Opener], rounds: int) -> None:
    """Median times of a builtin and of a forking step."""
    with ExitStack() as stack:
        live = {}
        for name, opener in subjects.items():
            try:
                live[name] = stack.enter_context(opener())
                checked(live[name])
            except Exception as error:  # a peer that does not work here is left out by name, whatever it raises
                live.pop(name, None)
                report.left_out[name] = f"{type(error).__name__}: {str(error)[:200]}"
        for measure, command in COMMANDS.items():
            times = interleaved(live, command, rounds)
            floor = statistics.median(times[FLOOR])
            for name, found in times.items():
                median = statistics.median(found)
                report.add(measure, name, median, "ms", median / floor)


def interleaved(live: dict[str, peers.Step], command: str, rounds: int) -> dict[str, list[float]]:
    """Times of `command`, taken from every subject in turn."""
    times: dict[str, list[float]] = {name: [] for name in live}
    for _ in range(rounds):
        for name, step in live.items():
            until = time.perf_counter() + SLICE_SECONDS
            checked(step, command)  # the first of a slice finds cold caches, for every subject
            while True:
                times[name].append(milliseconds(checked, step, command))
                if time.perf_counter() > until:
                    break
    return times


def measure_starts(report: Report, measure: str, subjects: dict[str, peers.Opener], rounds: int, pause: float) -> None:
    """Median time from nothing to the first answer; after each, `pause` seconds for what goes on in the background."""
    for name, opener in subjects.items():
        if name in report.left_out:
            continue
        times = []
        for _ in range(rounds):
            with ExitStack() as stack:
                times.append(milliseconds(_start, stack, opener))
            time.sleep(pause)
        report.add(measure, name, statistics.median(times), "ms")


def _start(stack: ExitStack, opener: peers.Opener) -> None:
    checked(stack.enter_context(opener()))


def measure_ours(report: Report, backend: Backend, quick: bool, soak: bool) -> None:
    """What only our own sandboxes are asked for."""
    name, is_docker = backend.name, backend.name == "docker"
    measure_starts(
        report, "hand-off from the pool", {name: ours(backend)}, 6 if quick else 20, 1.5 if is_docker else 0.1
    )
    report.add("memory of one", name, load.memory_mib(backend, 4 if is_docker else 32), "MiB")
    if not is_docker:
        report.add("live at once, all stepped", name, load.live_at_once(backend, 512), "sandboxes")
    for threads in (2, 8) if is_docker else (8, 32, 128, 512):
        episodes = (6 if quick else 20) if is_docker else max(threads, 120 if quick else 600)
        rate = load.episodes_per_second(backend, threads, max(episodes, threads))
        report.add(f"episodes, {threads} at once", name, rate, "episodes/s")
    rounds = 3 if quick else 9
    report.add("snapshot and restore", name, load.snapshot_milliseconds(backend, rounds), "ms")
    report.add("trial of 8 cases, above running them", name, load.trial_overhead_milliseconds(backend, rounds), "ms")
    if soak:
        left = load.left_over(backend, 100 if is_docker else 2000)
        report.add("left over after a soak", name, sum(left.values()), f"things {left}")


def backends_here(report: Report) -> dict[str, Backend]:
    """Our backends that work here, by name."""
    found = {}
    for name in backend_names():
        try:
            found[name] = make_backend(name)
        except SandboxError as error:
            report.left_out[name] = str(error)
    return found


def main(
    quick: Annotated[bool, typer.Option(help="Fewer repetitions: under a minute without Docker.")] = False,
    soak: Annotated[bool, typer.Option(help="Play 2,000 episodes and count what is left over.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file as well.")] = None,
) -> None:
    """Measure sandboxes on this machine, in one run."""
    logging.disable(logging.INFO)
    report = Report()
    backends = backends_here(report)
    compared = others(docker_tag(backends["docker"].default_image) if "docker" in backends else None)
    measure_steps(report, compared | {name: ours(backend) for name, backend in backends.items()}, 10 if quick else 40)
    # without a pool nothing is warm, and nothing is warmed in the background either
    cold = {name: ours(type(backend)(warm=0)) for name, backend in backends.items()}
    for name, opener in (compared | cold).items():
        rounds = 2 if name.startswith("docker") else 10
        measure_starts(report, "cold start", {name: opener}, rounds if quick else 2 * rounds, 0.02)
    for backend in backends.values():
        measure_ours(report, backend, quick, soak)
    rich.print(report.table())
    for name, reason in report.left_out.items():
        rich.print(f"[yellow]left out[/] {name}: {reason}")
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_dict(), indent=1))


if __name__ == "__main__":
    typer.run(main)
