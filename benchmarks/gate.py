"""How long the admission gate takes on small terminal tasks, beside the plain proof that others ask for.

    python benchmarks/gate.py --quick
    python benchmarks/gate.py --json figures.json

One run makes a pack of tasks, each with data of its own, and validates it with every check of the gate. Beside it, in
the same run, the same tasks are proven plainly, oracle 1 and nop 0, twice each: what a suite that has its solutions
checked does by default. The ratio of the two is the price of all other checks.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import rich
import typer
from rich.table import Table

from selftrain.envs.gate.candidates import read_subject
from selftrain.envs.gate.card import Card
from selftrain.envs.gate.validating import validate
from selftrain.envs.proof import prove_all
from selftrain.sandboxes import Backend, make_backend

TASKS, QUICK_TASKS, GOAL_MINUTES = 100, 8, 8.0

MANIFEST = """\
name = "bench"
version = "1.0.0"
licence = "MIT"
summary = "Small tasks on small files."
[splits]
train = ["*"]
[images]
default = "debian:bookworm"
"""
TASK = """\
schema_version = "1.4"
[agent]
timeout_sec = 300
[verifier]
timeout_sec = 30
[environment]
network_mode = "no-network"
"""
TEST = """\
#!/bin/bash
reward=0
if [ -f /app/answer.txt ] && [ ! -L /app/answer.txt ] && cmp -s /app/answer.txt /tests/expected.txt; then
  reward=1
fi
echo "$reward" > /logs/verifier/reward.txt
"""


def total(rows: list[tuple[str, str, int]]) -> Mapping[str, str]:
    """What each customer spent."""
    sums: dict[str, int] = {}
    for _, customer, cents in rows:
        sums[customer] = sums.get(customer, 0) + cents
    return {
        "ask": "for each customer one line `customer total` with the sum of the cents, in the order of the names",
        "solve": "awk -F, '{s[$2] += $3} END {for (name in s) print name, s[name]}' orders.csv | LC_ALL=C sort",
        "expected": "".join(f"{name} {sums[name]}\n" for name in sorted(sums)),
    }


def dearest(rows: list[tuple[str, str, int]]) -> Mapping[str, str]:
    """The dearest orders."""
    found = sorted(rows, key=lambda row: (-row[2], row[0]))[:5]
    return {
        "ask": "the numbers of the five dearest orders, one a line, the dearest first, equal ones by number",
        "solve": "LC_ALL=C sort -t, -k3,3nr -k1,1 orders.csv | head -n 5 | cut -d, -f1",
        "expected": "".join(f"{row[0]}\n" for row in found),
    }


def customers(rows: list[tuple[str, str, int]]) -> Mapping[str, str]:
    """Who ordered more than once."""
    names = [row[1] for row in rows]
    return {
        "ask": "the customers with more than one order, one a line, each once, in the order of the names",
        "solve": "cut -d, -f2 orders.csv | LC_ALL=C sort | uniq -d",
        "expected": "".join(f"{name}\n" for name in sorted({name for name in names if names.count(name) > 1})),
    }


KINDS: Mapping[str, Callable[[list[tuple[str, str, int]]], Mapping[str, str]]] = {
    "total": total,
    "dearest": dearest,
    "customers": customers,
}
NAMES = ("amber", "birch", "cedar", "delta", "ember", "fjord", "gorse", "heath", "islet", "jetty", "kayak", "larch")


def make_pack(folder: Path, count: int) -> None:
    """A pack of `count` tasks, each on orders of its own."""
    folder.mkdir()
    (folder / "pack.toml").write_text(MANIFEST)
    for number in range(count):
        rng = np.random.default_rng(number)
        rows = [
            (f"A{1000 + row}", NAMES[int(rng.integers(len(NAMES)))], int(rng.integers(100, 90_000)))
            for row in range(int(rng.integers(20, 40)))
        ]
        name = list(KINDS)[number % len(KINDS)]
        about = KINDS[name](rows)
        files = {
            "task.toml": TASK,
            "instruction.md": "Each line of /app/orders.csv is an order: number, customer and cents, with commas "
            f"between them.\nWrite to /app/answer.txt {about['ask']}.\n",
            "environment/Dockerfile": "FROM debian:bookworm\nWORKDIR /app\nCOPY orders.csv .\n",
            "environment/orders.csv": "".join(f"{','.join(map(str, row))}\n" for row in rows),
            "tests/test.sh": TEST,
            "tests/expected.txt": about["expected"],
            "solution/solve.sh": f"#!/bin/bash\ncd /app\n{about['solve']} > answer.txt\n",
            "cheats/hand-in-the-input.sh": "#!/bin/bash\ncp /app/orders.csv /app/answer.txt\n",
        }
        for path, text in files.items():
            place = folder / "tasks" / f"{name}-{number}" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)


def plain_proof(folder: Path, backend: Backend, parallel: int) -> float:
    """Seconds of oracle and nop, twice each, on the same tasks."""
    tasks = [replace(candidate.load(), cheats={}) for candidate in read_subject(folder).candidates]
    start = time.monotonic()
    for proof in prove_all(tasks, backend, repetitions=2, parallel=parallel):
        assert proof.holds, proof.faults
    return time.monotonic() - start


def figures_of(card: Card, seconds: float, peer: float, count: int) -> dict[str, Any]:
    """What was measured, and what it comes to for 100 tasks."""
    minutes = seconds / count * TASKS / 60
    return {
        "tasks": count,
        "admitted": sum(task.decision == "admitted" for task in card.tasks),
        "seconds": round(seconds, 1),
        "tasks_per_second": round(count / seconds, 3),
        f"minutes_for_{TASKS}": round(minutes, 2),
        "measured": count == TASKS,
        "goal_minutes": GOAL_MINUTES,
        "goal_met": minutes <= GOAL_MINUTES,
        "plain_proof_seconds": round(peer, 1),
        "gate_over_plain_proof": round(seconds / peer, 2),
        "seconds_by_check_and_task": {
            name: round(value / count, 3) for name, value in card.figures["seconds_by_check"].items()
        },
    }


def table(figures: Mapping[str, Any]) -> Table:
    """The figures, with the time that each check takes on a task."""
    shown = Table("", "measured")
    for name, value in figures.items():
        if not isinstance(value, Mapping):
            shown.add_row(name.replace("_", " "), str(value))
    for name, value in figures["seconds_by_check_and_task"].items():
        shown.add_row(f"  {name}", f"{value:.2f} s a task")
    return shown


def main(
    quick: Annotated[bool, typer.Option(help=f"{QUICK_TASKS} tasks in place of {TASKS}.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file as well.")] = None,
    backend: Annotated[str, typer.Option(help="Where the tasks are played.")] = "bubblewrap",
    parallel: Annotated[int, typer.Option(min=1, help="Tasks at once.")] = os.cpu_count() or 1,
) -> None:
    """Validate a pack of small tasks on this machine, and prove the same tasks plainly, in one run."""
    count, place = QUICK_TASKS if quick else TASKS, make_backend(backend)
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "bench"
        make_pack(folder, count)
        peer = plain_proof(folder, place, parallel)
        card = validate(folder, place, out=Path(root) / "out", parallel=parallel)
    found = figures_of(card, card.seconds, peer, count)
    rich.print(table(found))
    rich.print(card.verdict)
    goal = "[green]met" if found["goal_met"] else "[red]missed"
    rich.print(f"{TASKS} tasks in at most {GOAL_MINUTES:g} minutes: {goal}[/]{'' if not quick else ' (projected)'}")
    if json_file is not None:
        machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        report = {"machine": machine | {"load": os.getloadavg()}, "figures": found}
        json_file.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
