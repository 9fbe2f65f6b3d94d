"""How quick and how right the answer verifier is, beside plain math-verify over the same pairs and hostile inputs.

    python benchmarks/answers.py --quick
    python benchmarks/answers.py --json figures.json

One run measures both, in turn, pair by pair, so that whatever else the machine does hits them alike. A time is the
passing of the clock for one whole check, extraction included, with both warm; a pair that was seen is not measured
again, since both keep what they have read. math-verify runs as its readme shows it, in the main thread of a process of
its own, and is asked at most as many hostile inputs as `--quick` allows, since each may take it ten seconds.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import rich
import typer
from rich.table import Table

from selftrain.envs import check_answer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from answer_hostile import HOSTILE
from answer_pairs_accept import ACCEPT
from answer_pairs_reject import REJECT

OURS, PEER = "selftrain", "math-verify"
GOALS = {"median_ms": 2.0, "p99_ms": 60.0, "hostile_worst_ms": 1500.0}
WARM = (r"\frac{1}{\sqrt{2}}", r"\boxed{\frac{\sqrt{2}}{2}}")
QUICK_HOSTILE_FOR_PEER = 4

Pair = tuple[str, str]
Judge = Callable[[str, str], bool]


@dataclass(frozen=True)
class Figure:
    """What one verifier did with the pairs: times in milliseconds, and pairs that it judged wrongly."""

    verifier: str
    pairs: int
    median_ms: float
    p99_ms: float
    worst_ms: float
    false_accepts: int
    false_rejects: int
    hostile: int
    hostile_worst_ms: float
    after_hostile_ms: float

    def goals_met(self) -> dict[str, bool]:
        """Each goal, and whether it is met."""
        return {name: getattr(self, name) <= goal for name, goal in GOALS.items()}


def pairs(groups: dict[str, dict[str, tuple[str, ...]]]) -> list[Pair]:
    """All pairs of known answer and response."""
    return [(gold, text) for golds in groups.values() for gold, texts in golds.items() for text in texts]


def ours(gold: str, response: str) -> bool:
    """Our verdict."""
    return check_answer(gold, response).passed


def serve_peer(asked: Any) -> None:
    """A process that answers with plain math-verify; its time limits need the main thread."""
    logging.disable()
    from math_verify import parse, verify

    while True:
        gold, response = asked.recv()
        began = time.perf_counter()
        try:
            found = bool(verify(parse(f"${gold}$"), parse(response)))
        except Exception:  # whatever it raises is a pair that it did not accept
            found = False
        asked.send((found, time.perf_counter() - began))


def timed(judge: Judge, pair: Pair) -> tuple[bool, float]:
    """A verdict and the seconds that it took."""
    began = time.perf_counter()
    found = judge(*pair)
    return found, time.perf_counter() - began


@dataclass
class Subject:
    """A verifier under measurement: how it judges a pair, and what it has done so far."""

    name: str
    judge: Callable[[Pair], tuple[bool, float]]

    def __post_init__(self) -> None:
        self.judge(WARM)
        self.times: list[float] = []
        self.false_accepts = self.false_rejects = 0
        self.hostile: list[float] = []
        self.after: list[float] = []

    def run(self, pair: Pair, equal: bool) -> None:
        """Judge an ordinary pair, of which it is known whether it must pass."""
        found, seconds = self.judge(pair)
        self.times.append(seconds)
        self.false_accepts += found and not equal
        self.false_rejects += equal and not found

    def resist(self, pair: Pair) -> None:
        """Judge a hostile pair, and an ordinary one right after it."""
        self.hostile.append(self.judge(pair)[1])
        self.after.append(self.judge(WARM)[1])

    def figure(self) -> Figure:
        """What came of it."""
        times = sorted(self.times)
        return Figure(
            verifier=self.name,
            pairs=len(times),
            median_ms=1000 * statistics.median(times),
            p99_ms=1000 * times[int(0.99 * len(times))],
            worst_ms=1000 * times[-1],
            false_accepts=self.false_accepts,
            false_rejects=self.false_rejects,
            hostile=len(self.hostile),
            hostile_worst_ms=1000 * max(self.hostile),
            after_hostile_ms=1000 * max(self.after),
        )


@contextmanager
def peer() -> Iterator[Callable[[Pair], tuple[bool, float]]]:
    """Plain math-verify in its process."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve_peer, args=(there,), daemon=True)
    process.start()

    def judge(pair: Pair) -> tuple[bool, float]:
        here.send(pair)
        return here.recv()  # type: ignore[no-any-return]

    yield judge
    process.terminate()
    process.join()


def measured(quick: bool, left_out: dict[str, str]) -> list[Figure]:
    """Both verifiers, in turn."""
    with ExitStack() as stack:
        subjects = [Subject(OURS, lambda pair: timed(ours, pair))]
        if importlib.util.find_spec("math_verify"):
            subjects.append(Subject(PEER, stack.enter_context(peer())))
        else:
            left_out[PEER] = "not installed; pip install 'selftrain[math]'"
        for pair, equal in [(pair, True) for pair in pairs(ACCEPT)] + [(pair, False) for pair in pairs(REJECT)]:
            for subject in subjects:
                subject.run(pair, equal)
        hostile = list(HOSTILE.values())
        short = [pair for pair in hostile if len(pair[1]) < 60][: QUICK_HOSTILE_FOR_PEER if quick else None]
        for subject in subjects:
            for pair in hostile if subject.name == OURS else short:
                subject.resist(pair)
        return [subject.figure() for subject in subjects]


def table(figures: list[Figure]) -> Table:
    """The figures side by side."""
    shown = Table("", *(figure.verifier for figure in figures))
    for name in ("pairs", "false_accepts", "false_rejects", "hostile"):
        shown.add_row(name.replace("_", " "), *(str(getattr(figure, name)) for figure in figures))
    for name in ("median_ms", "p99_ms", "worst_ms", "hostile_worst_ms", "after_hostile_ms"):
        shown.add_row(name.replace("_", " "), *(f"{getattr(figure, name):,.2f}" for figure in figures))
    return shown


def main(
    quick: Annotated[bool, typer.Option(help="Few hostile inputs for math-verify: under a minute.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file as well.")] = None,
) -> None:
    """Measure the answer verifier on this machine, in one run."""
    left_out: dict[str, str] = {}
    figures = measured(quick, left_out)
    rich.print(table(figures))
    for goal, met in figures[0].goals_met().items():
        rich.print(f"{goal.replace('_', ' ')} ≤ {GOALS[goal]:g}: {'[green]met' if met else '[red]missed'}[/]")
    ratios = {}
    if len(figures) == 2:
        ratios = {name: getattr(figures[1], name) / getattr(figures[0], name) for name in ("median_ms", "p99_ms")}
        rich.print(f"math-verify over ours: median {ratios['median_ms']:.1f}x, p99 {ratios['p99_ms']:.1f}x")
    for name, reason in left_out.items():
        rich.print(f"[yellow]left out[/] {name}: {reason}")
    if json_file is not None:
        machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        found = {"machine": machine | {"load": os.getloadavg()}, "figures": [asdict(figure) for figure in figures]}
        goals = {"goals": GOALS, "goals_met": figures[0].goals_met()}
        json_file.write_text(json.dumps(found | goals | {"peer_over_ours": ratios, "left_out": left_out}, indent=1))


if __name__ == "__main__":
    typer.run(main)
