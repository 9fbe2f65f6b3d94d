"""Reference agents on terminal tasks, on long tasks in a small context, on hard math problems, proofs and web sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from selftrain.agents.report import Report
from selftrain.agents.rollout import rollout
from selftrain.envs.browser.tasks import browser_families
from selftrain.envs.catalogue import find_family
from selftrain.envs.families import LONG_NAMES, NAMES
from selftrain.envs.math.problems import problem_families
from selftrain.envs.theorems.families import theorem_families
from selftrain.needs import needs

AGENTS = ("oracle", "random", "nop")
SMALL = {"budget": 2000, "reserve": 300, "notes_budget": 400}


def main(
    per_family: Annotated[int, typer.Option(help="tasks of each family, at levels spread from 1 to 5")] = 2,
    families: Annotated[int, typer.Option(help="how many families, from the first")] = len(NAMES),
    parallel: Annotated[int, typer.Option(help="episodes at once")] = 4,
    backend: Annotated[str, typer.Option(help="auto, bubblewrap or docker")] = "auto",
    out: Annotated[Path, typer.Option(help="folder of the records")] = Path("runs/demo"),
) -> None:
    """Play, then show success per family and level."""
    tasks = [
        f"{name}/train/{1 + (number + turn * 2) % 5}/{turn}"
        for number, name in enumerate(NAMES[:families])
        for turn in range(per_family)
    ]
    reports = {
        agent: rollout(
            "selftrain:SelfTrain-Terminal-v0",
            agent,
            len(tasks),
            parallel=parallel,
            tasks=tasks,
            env_kwargs={"backend": backend},
            out=out / agent,
        )
        for agent in AGENTS
    }
    Console().print(side_by_side(reports, "episodes passed"))
    long = with_and_without_notes(backend, parallel, out)
    Console().print(side_by_side(long, f"40 to 400 commands in a context of {SMALL['budget']} bytes"))
    sites = one_of_each({name: name.partition("-")[0] for name in browser_families()})
    Console().print(side_by_side(on_tasks("Browser", sites, 4, parallel, out), "web sites at level 4"))
    problems = one_of_each({name: find_family(name).skills for name in problem_families()})
    Console().print(side_by_side(on_tasks("Math", problems, 5, parallel, out), "math at level 5"))
    if missing := needs()["coq for proofs"]:
        print(f"proofs need Coq: {missing}")
    else:
        theorems = one_of_each({name: find_family(name).skills for name in theorem_families()})
        Console().print(side_by_side(on_tasks("Proof", theorems, 3, parallel, out), "proofs at level 3"))
    print(f"records: {out}/<agent>; see one again: selftrain replay {out}/oracle")


def with_and_without_notes(backend: str, parallel: int, out: Path) -> dict[str, Report]:
    """The oracle of the long tasks, whose whole memory is its notes; and the same with its notes wiped at each cut."""
    return {
        f"notes {ablation}": rollout(
            "selftrain:SelfTrain-TerminalLong-v0",
            "oracle",
            len(LONG_NAMES),
            parallel=parallel,
            tasks=[f"{name}/train/1/0" for name in LONG_NAMES],
            env_kwargs={"backend": backend},
            context={**SMALL, "ablation": ablation},
            out=out / f"notes-{ablation}",
        )
        for ablation in ("own", "wiped")
    }


def one_of_each(areas: Mapping[str, object]) -> list[str]:
    """The first family of each area; `areas` says which area a family belongs to."""
    first = {area: name for name, area in reversed(areas.items())}
    return list(reversed(first.values()))


def on_tasks(kind: str, families: Sequence[str], level: int, parallel: int, out: Path) -> dict[str, Report]:
    """The agents on one task of each family."""
    tasks = [f"{name}/train/{level}/0" for name in families]
    return {
        agent: rollout(
            f"selftrain:SelfTrain-{kind}-v0",
            agent,
            len(tasks),
            parallel=parallel,
            tasks=tasks,
            out=out / f"{kind.lower()}-{agent}",
        )
        for agent in AGENTS
    }


def side_by_side(reports: dict[str, Report], title: str) -> Table:
    """One row a family and level, one column an agent; the last row is over everything."""
    table = Table("family", "level", *reports, title=title, show_footer=False)
    for family, level in next(iter(reports.values())).rows:
        scores = [report.rows[family, level] for report in reports.values()]
        table.add_row(family, str(level), *(f"{score.passed}/{score.valid}" for score in scores))
    table.add_section()
    totals = [report.score for report in reports.values()]
    table.add_row("all", "", *(f"{score.passed}/{score.valid} ({score.success:.0%})" for score in totals))
    return table


if __name__ == "__main__":
    typer.run(main)
