"""How fast the browser environment resets and steps, beside BrowserGym, miniwob and a raw DevTools round trip.

    python benchmarks/browser.py --quick
    python benchmarks/browser.py --json figures.json

One run measures everything. On a page of 40 rows: a step that navigates (click, POST, redirect, GET, look), one that
does not (fill, look), and a reset (wiped browser, first page). On a page of MiniWoB++, through
Gymnasium: a reset, and a step that fills a field and looks, in our environment and in others. Peers need packages that
are not ours: pip install browsergym-miniwob miniwob, apt-get install chromium-driver; one that is missing is told, and
has no figure.
Figures are medians in milliseconds of the clock; memory is the proportional set size of all processes of a browser.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import rich
import typer
from browser_peers import PAGE, Opener, Peer, PeerMissingError, browsergym, miniwob_selenium
from flask import Flask, redirect, request
from rich.table import Table

from selftrain.envs.browser.chromium import ChromiumEngine
from selftrain.envs.browser.dom import DomEngine
from selftrain.envs.browser.engine import Engine, View
from selftrain.envs.browser.miniwob import miniwob_family
from selftrain.errors import BackendUnavailableError

HOST, ROWS = "bench.test", 40
GOALS = {"dom": {"reset": 2.0, "step, navigating": 3.0, "step, not navigating": 3.0}}
GOALS["chromium"] = {"reset": 120.0, "step, navigating": 110.0, "step, not navigating": 10.0}
MEMORY_GOAL = 130.0
TIMES_BROWSERGYM = 7.0
OURS, SHIPPED = "ours, chromium", "BrowserGym as shipped"


@dataclass
class Figure:
    """One thing that was timed; `goal` is the most that it may be, in the unit."""

    what: str
    who: str
    values: list[float] = field(default_factory=list)
    goal: float | None = None
    unit: str = "ms"
    note: str = ""

    @property
    def median(self) -> float:
        """The figure."""
        return statistics.median(self.values)

    def as_dict(self) -> dict[str, Any]:
        """Plain types."""
        found = {"what": self.what, "who": self.who, "unit": self.unit, "count": len(self.values), "note": self.note}
        if self.values:
            found |= {"median": round(self.median, 3), "slowest": round(max(self.values), 3)}
        if self.values and self.goal is not None:
            found |= {"goal": self.goal, "goal_met": self.median <= self.goal}
        return found


def application() -> Flask:
    """A table of 40 rows, each with a form that posts and comes back."""
    app = Flask("bench")
    counts = [0] * ROWS

    @app.get("/")
    def rows() -> str:
        cells = "".join(
            f"<tr><td><a href='/item/{number}'>Item {number}</a></td><td>$ {number * 3}.50</td>"
            f"<td>{counts[number]}</td>"
            f"<td><form method='post' action='/add'><button name='item' value='{number}'>Add {number}</button>"
            "</form></td></tr>"
            for number in range(ROWS)
        )
        head = "<tr><th>Item</th><th>Price</th><th>Count</th><th></th></tr>"
        search = "<form><label>Search <input name='q'></label><button>Search</button></form>"
        return f"<!doctype html><title>Items</title><h1>Items</h1>{search}<table>{head}{cells}</table>"

    @app.post("/add")
    def add() -> Any:
        counts[int(request.form["item"])] += 1
        return redirect("/", 303)

    return app


def timed(action: Callable[..., Any], *arguments: Any) -> float:
    """Milliseconds that a call takes."""
    began = time.perf_counter()
    action(*arguments)
    return (time.perf_counter() - began) * 1e3


def found_by_name(view: View, name: str) -> str:
    """The number of the element of this name."""
    return next(each.number for each in view.page.elements.values() if each.name == name)


def on_rows(name: str, engine: Engine, rounds: int) -> list[Figure]:
    """An engine on the page of 40 rows."""
    figures = {what: Figure(f"{what}, page of {ROWS} rows", name, goal=goal) for what, goal in GOALS[name].items()}

    app = application()

    def reset() -> None:
        engine.open(app, [HOST], {}, f"http://{HOST}/")
        engine.view()

    def click(number: str) -> None:
        engine.click(number)
        engine.view()

    def fill(number: str, text: str) -> None:
        engine.fill(number, text)
        engine.view()

    first = timed(reset)
    for turn in range(rounds):
        figures["reset"].values.append(timed(reset))
        for step in range(3):
            view = engine.view()
            figures["step, not navigating"].values.append(
                timed(fill, found_by_name(view, "Search"), f"words {turn}{step}")
            )
            figures["step, navigating"].values.append(timed(click, found_by_name(view, f"Add {(turn + step) % ROWS}")))
    return [Figure("first reset, with the start of the engine", name, [first]), *figures.values()]


def round_trips(engine: ChromiumEngine, rounds: int) -> list[Figure]:
    """What the protocol itself takes, on the browser of an engine."""
    browser = engine._browser
    assert browser is not None
    return [
        Figure(
            "a raw DevTools round trip",
            "chromium",
            [timed(browser.pipe.call, "Browser.getVersion") for _ in range(rounds)],
        ),
        Figure("an evaluation in the page", "chromium", [timed(browser.tab.run, "1") for _ in range(rounds)]),
    ]


def memory(engines: Sequence[ChromiumEngine]) -> list[float]:
    """Mebibytes of each engine's browser: the proportional set size of all its processes."""
    sizes = dict.fromkeys([engine._browser.process.pid for engine in engines if engine._browser], 0.0)
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            leader = os.getsid(int(folder.name))
            if leader in sizes:
                line = next(each for each in (folder / "smaps_rollup").open() if each.startswith("Pss:"))
                sizes[leader] += int(line.split()[1]) / 1024
    return list(sizes.values())


def memories(counts: Iterable[int]) -> list[Figure]:
    """Memory of a browser with a page, alone and beside others, which share the pages of the program."""
    figures, engines = [], list[ChromiumEngine]()
    try:
        for count in counts:
            while len(engines) < count:
                engines.append(ChromiumEngine())
                engines[-1].open(application(), [HOST], {}, f"http://{HOST}/")
            name = f"memory of a browser, {count} at once"
            figures.append(Figure(name, "chromium", memory(engines), MEMORY_GOAL if count > 1 else None, "MiB"))
    finally:
        for engine in engines:
            engine.close()
    return figures


@contextlib.contextmanager
def ours() -> Iterator[Peer]:
    """Our environment on the page of MiniWoB++."""
    family = miniwob_family(PAGE)
    env = gym.make(
        "selftrain:SelfTrain-Browser-v0",
        engine="chromium",
        javascript=True,
        tasks=[family.task(0, 1)],
        max_steps=1_000_000,
        max_seconds=1e6,
    )
    field = ""

    def reset(seed: int) -> None:
        nonlocal field
        observation, _ = env.reset(seed=seed, options={"task": family.task(seed, 1)})
        field = re.findall(r"textbox \[(\d+)\]", observation)[0]

    def step(text: str) -> None:
        *_, info = env.step(f"fill({field!r}, {text!r})")
        assert not info["error"]

    try:
        yield Peer(reset, step)
    finally:
        env.close()


def on_miniwob(rounds: int, quick: bool) -> list[Figure]:
    """Environments on the page of MiniWoB++; slow ones get fewer rounds."""
    subjects: list[tuple[str, Opener, int]] = [
        (OURS, ours, rounds),
        ("miniwob (selenium)", miniwob_selenium, rounds),
        (SHIPPED, browsergym(), 1 if quick else 4),
    ]
    if not quick:
        subjects.append(("BrowserGym without its delays", browsergym(slow_mo=0, pre_observation_delay=0.0), 4))
    figures = []
    for name, opener, turns in subjects:
        reset, step = Figure(f"reset, MiniWoB++ {PAGE}", name), Figure(f"step that fills, MiniWoB++ {PAGE}", name)
        try:
            with opener() as peer:
                peer.reset(0)
                for seed in range(1, turns + 1):
                    reset.values.append(timed(peer.reset, seed))
                    step.values += [timed(peer.step, f"text {number}") for number in range(4)]
        except (PeerMissingError, BackendUnavailableError) as error:
            reset.note = step.note = str(error)
        figures += [reset, step]
    return figures


def ratios(figures: Sequence[Figure]) -> list[Figure]:
    """How many times faster ours is than each of the others."""
    own = {figure.what: figure for figure in figures if figure.who == OURS}
    found = []
    for figure in figures:
        mine = own.get(figure.what)
        if mine is not None and figure is not mine and figure.values and mine.values:
            ratio = Figure(figure.what, f"{figure.who} / {OURS}", [figure.median / mine.median], unit="x")
            ratio.note = f"goal: at least {TIMES_BROWSERGYM:.0f}" if figure.who == SHIPPED else ""
            found.append(ratio)
    return found


def measured(rounds: int, quick: bool) -> list[Figure]:
    """All figures."""
    figures = on_rows("dom", DomEngine(), rounds * 4)
    try:
        engine = ChromiumEngine()
    except BackendUnavailableError as error:
        return [*figures, Figure("all figures", "chromium", note=str(error))]
    figures += [*on_rows("chromium", engine, rounds), *round_trips(engine, rounds * 4)]
    engine.close()
    figures += memories((1, 4) if quick else (1, 4, 16))
    peers = on_miniwob(rounds, quick)
    return [*figures, *peers, *ratios(peers)]


def table(figures: Sequence[Figure]) -> Table:
    """The figures, with their goals."""
    shown = Table("what", "who", "measured", "median", "slowest", "goal")
    for figure in figures:
        if not figure.values:
            shown.add_row(figure.what, figure.who, "0", f"not measured: {figure.note}", "", "")
            continue
        goal = figure.note
        if figure.goal is not None:
            word, color = ("met", "green") if figure.median <= figure.goal else ("missed", "red")
            goal = f"[{color}]≤ {figure.goal:.0f} {figure.unit} {word}[/]"
        median, slowest = (f"{value:.2f} {figure.unit}" for value in (figure.median, max(figure.values)))
        shown.add_row(figure.what, figure.who, str(len(figure.values)), median, slowest, goal)
    return shown


def main(
    quick: Annotated[bool, typer.Option(help="Fewer rounds: under a minute.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file as well.")] = None,
) -> None:
    """Measure both engines and their peers on this machine, in one run."""
    before = os.getloadavg()
    figures = measured(5 if quick else 25, quick)
    rich.print(table(figures))
    rich.print(f"load before {before[0]:.2f}, after {os.getloadavg()[0]:.2f}")
    if json_file is not None:
        machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        found = {"machine": machine | {"load": before}, "figures": [figure.as_dict() for figure in figures]}
        json_file.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
