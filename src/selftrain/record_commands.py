"""The commands over recorded episodes: `replay` plays them again, `regrade` judges them again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from selftrain import pack_commands
from selftrain.cli_options import progress_bar
from selftrain.errors import OptionError, RecordError

if TYPE_CHECKING:
    from selftrain.envs.regrading import Regrade

NEGATIVE, BROKEN = 1, 3
_REASONS_SHOWN, _EPISODES_SHOWN = 20, 8

out, err = Console(), Console(stderr=True)

Run = Annotated[Path, typer.Argument(metavar="DIR", help="folder of a run, or a file of records")]
OwnTasks = Annotated[
    list[str] | None,
    typer.Option("--task", help="files and folders of your own tasks, which no id alone leads to"),
]
OtherBackend = Annotated[str | None, typer.Option("--backend", help="another backend than the recorded one")]
Json = Annotated[bool, typer.Option("--json", help="print JSON for machines")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(replay)
    app.command("regrade")(regrade_)


def replay(
    record: Run,
    episode: Annotated[int | None, typer.Option(help="only this one")] = None,
    task: OwnTasks = None,
    packs: pack_commands.Packs = None,
    bases: pack_commands.Bases = None,
    offline: pack_commands.Offline = False,
    backend: OtherBackend = None,
    as_json: Json = False,
) -> None:
    """Play records again in fresh sandboxes and say where they differ."""
    from selftrain.agents.replay import replay as play_again
    from selftrain.envs.selection import select_tasks
    from selftrain.records import read_records

    pack_commands.use_bases(bases, offline)
    pack_commands.use_packs(packs)
    records = [one for one in read_records(record) if one.valid and episode in (None, one.episode)]
    if not records:
        raise OptionError(f"{record} holds no valid episode{'' if episode is None else f' {episode}'}")
    own = {one.id: one for one in select_tasks(task or ())}
    found: dict[int, list[dict[str, Any]]] = {}
    with progress_bar() as progress:
        for one in progress.track(records, description="replaying"):
            env_kwargs = {"backend": backend} if backend else None
            differences = play_again(one, task=own.get(one.task), env_kwargs=env_kwargs)
            found[one.episode] = [vars(difference) for difference in differences]
    differing = {number: lines for number, lines in found.items() if lines}
    if as_json:
        _print_json(found)
    else:
        for number, lines in differing.items():
            for line in lines:
                where = f"episode {number}, step {line['step']}: {line['what']}"
                _say(f"{where} was {line['recorded']!r}, is {line['replayed']!r}")
        _say(f"{len(found) - len(differing)} of {len(found)} episodes went the same way")
    raise typer.Exit(NEGATIVE if differing else 0)


def regrade_(
    directory: Run,
    task: OwnTasks = None,
    packs: pack_commands.Packs = None,
    bases: pack_commands.Bases = None,
    offline: pack_commands.Offline = False,
    backend: OtherBackend = None,
    image: Annotated[str, typer.Option(help="another image than the recorded one")] = "",
    parallel: Annotated[int, typer.Option(min=1, help="episodes at once")] = 4,
    changed_tasks: Annotated[
        bool,
        typer.Option("--changed-tasks", help="judge also where the task's instruction, files or image differ today"),
    ] = False,
    file: Annotated[Path | None, typer.Option("--out", help="write every verdict to this file, as JSON lines")] = None,
    as_json: Json = False,
) -> None:
    """Judge the recorded evidence again with today's verifiers, and show which verdicts change. Changes no record."""
    from selftrain.envs import regrading
    from selftrain.envs.selection import select_tasks
    from selftrain.sandboxes import make_backend

    if backend:
        make_backend(backend)  # one that there is not is told once, and not of every episode
    pack_commands.use_bases(bases, offline)
    pack_commands.use_packs(packs)
    damaged: list[RecordError] = []
    records = regrading.recorded_verdicts(directory, damaged.append)
    notes = [*_damages(damaged), *regrading.pack_notes(records)]
    for note in notes:
        err.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True, style="yellow")
    if not any(one.evidence_file for one in records):
        what = "no evidence: it was played with --no-evidence, or by an older version" if records else "no verdict"
        raise OptionError(f"{directory} keeps {what}; there is nothing to judge again")
    judging = regrading.Judging(
        {one.id: one for one in select_tasks(task or ())}, backend or "", image, changed_tasks=changed_tasks
    )
    found = []
    with _lines_into(file, directory) as keep, progress_bar() as progress:
        judged = regrading.regrade(directory, records, judging, parallel)
        for one in progress.track(judged, total=len(records), description="judging again"):
            found.append(one)
            keep(one)
    if as_json:
        totals = _totals(found, len(damaged))
        _print_json(totals | {"notes": notes, "episodes": [one.as_dict() for one in found]})
    else:
        _show(found)
    if any(one.changed for one in found):
        raise typer.Exit(NEGATIVE)
    whole = any(one.verdict for one in found) and not damaged and not any(one.broken for one in found)
    raise typer.Exit(0 if whole else BROKEN)


def _damages(damaged: Sequence[RecordError]) -> list[str]:
    lines = [f"not judged again: {error}" for error in damaged[:_REASONS_SHOWN]]
    more = len(damaged) - len(lines)
    return [*lines, f"and {more} more lines are damaged"] if more else lines


@contextlib.contextmanager
def _lines_into(file: Path | None, directory: Path) -> Iterator[Callable[[Regrade], None]]:
    """Opens `--out` before anything is judged, and takes what is to be written there."""
    if file is None:
        yield lambda one: None
        return
    if file.exists() and _is_of_the_run(file, directory):
        raise OptionError(f"--out {file} is a file of the run, and those are never changed; choose another one")
    try:
        with file.open("w", encoding="ascii") as lines:
            yield lambda one: print(json.dumps(one.as_dict()), file=lines, flush=True)
    except OSError as error:
        raise OptionError(f"{file} cannot be written: {error.strerror}") from error


def _is_of_the_run(file: Path, directory: Path) -> bool:
    """Whether an existing file lies in the folder of a run; beside a bare file of records anything may lie."""
    from selftrain.journal import EPISODES, PLAN

    folder = directory if directory.is_dir() else directory.parent
    records = directory / EPISODES if directory.is_dir() else directory
    is_run = directory.is_dir() or (folder / PLAN).exists()
    return file.samefile(records) or (is_run and file.resolve().is_relative_to(folder.resolve()))


def _totals(found: Sequence[Regrade], damaged: int = 0) -> dict[str, Any]:
    judged = [one for one in found if one.verdict is not None]
    return {
        "judged": len(judged),
        "not_judged": len(found) - len(judged) + damaged,
        "changed": sum(one.changed for one in judged),
        "pass_to_fail": sum(one.flipped and one.was["passed"] for one in judged),
        "fail_to_pass": sum(one.flipped and not one.was["passed"] for one in judged),
        "mean_reward_was": fmean(one.reward_was for one in judged) if judged else None,
        "mean_reward": fmean(one.reward for one in judged) if judged else None,
    }


def _show(found: Sequence[Regrade]) -> None:
    table = Table("episode", "task", "was", "is", "first check that differs")
    for one in found:
        if one.verdict is not None and one.changed:
            was, now = _words(one.was["passed"], one.was["score"]), _words(one.verdict.passed, one.verdict.score)
            table.add_row(str(one.episode), one.task, was, now, one.difference)
    if table.row_count:
        out.print(table, markup=False, highlight=False)
    missing: dict[str, list[int]] = {}
    for one in found:
        if one.verdict is None:
            missing.setdefault(one.why_not, []).append(one.episode)
    for why, episodes in list(missing.items())[:_REASONS_SHOWN]:
        more = ", ..." if len(episodes) > _EPISODES_SHOWN else ""
        named = ", ".join(map(str, episodes[:_EPISODES_SHOWN])) + more
        _say(f"not judged again, {len(episodes)} ({'episode' if len(episodes) == 1 else 'episodes'} {named}): {why}")
    if len(missing) > _REASONS_SHOWN:
        _say(f"and for {len(missing) - _REASONS_SHOWN} more reasons; --json tells all")
    _say(_summary(_totals(found)))


def _words(passed: bool, score: float) -> str:
    return f"{'pass' if passed else 'fail'} {score:.2f}"


def _summary(totals: dict[str, Any]) -> str:
    judged, changed = totals["judged"], totals["changed"]
    if not judged:
        return "no verdict could be made again"
    flips = {"pass → fail": totals["pass_to_fail"], "fail → pass": totals["fail_to_pass"]}
    flips["in checks or score only"] = changed - sum(flips.values())
    parts = ", ".join(f"{count} {what}" for what, count in flips.items() if count)
    rewards = f"mean reward {totals['mean_reward_was']:.2f} → {totals['mean_reward']:.2f}"
    return f"{changed} of {judged} verdicts changed{': ' if parts else ''}{parts}; {rewards}"


def _say(line: str) -> None:
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))  # noqa: T201  plain JSON on standard output is the contract
