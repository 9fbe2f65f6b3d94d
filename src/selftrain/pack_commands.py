"""The commands `selftrain pack ...`, and what `--pack` comes to in other commands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from selftrain import gate_commands
from selftrain.cli_options import progress_bar
from selftrain.errors import OptionError, SelfTrainError, TaskError

if TYPE_CHECKING:
    from selftrain.envs.harbor.export import Exported
    from selftrain.envs.harbor.proof import Compared
    from selftrain.envs.packs.manifest import Pack
    from selftrain.sandboxes import Backend
    from selftrain.tasks import Task

NEGATIVE = 1

app = typer.Typer(help="Packs of tasks from others: start, list, lock and judge them.", no_args_is_help=True)
gate_commands.register(app)
out, err = Console(), Console(stderr=True)

Packs = Annotated[
    list[Path] | None,
    typer.Option("--pack", metavar="DIR", help="folder of a pack, besides installed ones and SELFTRAIN_PACKS"),
]
Bases = Annotated[
    list[str] | None,
    typer.Option("--base", metavar="IMAGE=OURS", help="what stands for an image that tasks name; OURS alone, for all"),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="play tasks that ask for the network without it, instead of refusing them")
]
Json = Annotated[bool, typer.Option("--json", help="print JSON for machines")]


def use_packs(folders: Sequence[Path] | None) -> list[Pack]:
    """The packs of `--pack`, found by name from now on, and their environment ids registered.

    Raises:
        TaskError: one is broken, or takes a name or id that is taken.
    """
    if not folders:
        return []
    from selftrain.envs.packs.finding import add_folder
    from selftrain.envs.packs.registering import register_ids

    packs = [add_folder(folder) for folder in folders]
    for pack in packs:
        register_ids(pack)
    return packs


def use_bases(bases: Sequence[str] | None, offline: bool) -> None:
    """What `--base` and `--offline` say holds for every task that is loaded from now on, in workers too.

    Raises:
        OptionError: an item of `bases` is no IMAGE=OURS.
    """
    from selftrain.envs.harbor.bases import set_images

    set_images(bases or (), offline)


def pack_task_ids(packs: Sequence[Pack], settings: Mapping[str, Any]) -> list[str]:
    """What a run plays that names packs and no tasks: all of one split, which `split` of the settings names."""
    from selftrain.envs.packs.tasksets import pack_taskset

    names = [settings["pack"]] if settings.get("pack") else [pack.name for pack in packs]
    return [task_id for name in names for task_id in pack_taskset(name, settings.get("split", "train")).ids]


def locks_of(tasks: Sequence[str | Task], settings: Mapping[str, Any]) -> dict[str, str]:
    """Name → hash of the lock, for every pack that a run's tasks come from."""
    from selftrain.envs.packs.finding import find_pack, pack_names
    from selftrain.envs.packs.locking import lock_hash
    from selftrain.envs.selection import is_of_pack

    heads = {task.partition("/")[0] for task in tasks if isinstance(task, str)}
    names = sorted(head for head in heads & set(pack_names()) if is_of_pack(head))
    names += [settings["pack"]] if settings.get("pack") else []
    packs = [find_pack(name) for name in names]
    return {pack.name: lock_hash(pack) for pack in packs}


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="lower-case letters, digits and hyphens")],
    into: Annotated[Path, typer.Option(help="folder to make it in")] = Path(),
    python: Annotated[bool, typer.Option("--python", help="an installable package with a family in Python")] = False,
) -> None:
    """Start a pack that can be played as it stands, to be changed into your own."""
    from selftrain.envs.packs.starting import start_pack

    pack = start_pack(name, into, python)
    out.print(f"{pack.folder}: {', '.join(pack.tasks)}", markup=False, highlight=False, soft_wrap=True)
    out.print(f"next: selftrain pack validate {pack.folder}", markup=False, highlight=False, soft_wrap=True)


@app.command("list")
def list_(packs: Packs = None, as_json: Json = False) -> None:
    """List the packs that are found, and say of each broken one what is wrong with it."""
    from selftrain.envs.packs.finding import find_packs

    faults = {}
    for folder in packs or ():
        try:
            use_packs([folder])
        except SelfTrainError as error:
            faults[str(folder)] = str(error)
    found, broken = find_packs()
    faults = broken | faults
    if as_json:
        _print_json({"packs": [_facts(pack) for pack in found], "broken": faults})
        return
    for facts in map(_facts, found):
        parts = [f"{len(names)} {split}" for split, names in facts["splits"].items()]
        parts += [f"families {', '.join(facts['families'])}"] if facts["families"] else []
        parts += [f"ids {', '.join(facts['ids'])}"] if facts["ids"] else []
        head = f"{facts['name']} {facts['version']} ({facts['licence']}), {facts['state']}: {facts['summary']}"
        _say(head, f"    {'; '.join(parts) or 'no tasks'}", f"    {facts['folder']}")
        _say(*(f"    left out: {fault}" for fault in facts["broken"].values()))
    for origin, fault in faults.items():
        _say(f"broken: {origin}", f"    {fault}")
    if not found and not faults:
        _say("no packs; selftrain pack new NAME starts one")


@app.command()
def lock(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="folder of the pack")],
    as_json: Json = False,
) -> None:
    """Write pack.lock: hashes of all tasks, which runs record and by which changed tasks are refused."""
    from selftrain.envs.catalogue import family_names
    from selftrain.envs.packs.finding import find_pack
    from selftrain.envs.packs.locking import lock_hash, read_lock, write_lock
    from selftrain.envs.packs.tasksets import broken_tasks

    pack = find_pack(folder)
    if pack.name in family_names():
        raise TaskError(f"{folder}: {pack.name!r} is the name of a task family already; call the pack otherwise")
    if broken := broken_tasks(pack):
        raise TaskError("\n".join([f"pack {pack.name} is not locked, {len(broken)} of its tasks are broken:", *broken]))
    try:
        before = read_lock(pack)
    except TaskError:  # what is there is no lock, and is replaced by one
        before = None
    after = write_lock(pack)
    changes = before.changes(after) if before else []
    if as_json:
        _print_json({"hash": lock_hash(pack), "tasks": len(after.tasks), "changes": changes})
        return
    _say(*changes, f"{pack.name} {pack.version}: {len(after.tasks)} tasks, {len(after.families)} families")
    _say(f"lock {lock_hash(pack)}")


@app.command()
def export(
    selection: Annotated[
        list[str] | None,
        typer.Argument(help="selections of terminal tasks (git-*/train/1-3/0-9), of a pack (acme/*), or task folders"),
    ] = None,
    place: Annotated[Path, typer.Option("--out", metavar="DIR", help="where each task gets a folder")] = Path("harbor"),
    packs: Packs = None,
    bases: Bases = None,
    offline: Offline = False,
    backend: Annotated[str, typer.Option(help="auto, bubblewrap or docker")] = "auto",
    image: Annotated[str, typer.Option(help="image that setups run in; empty is the backend's default")] = "",
    prove: Annotated[bool, typer.Option("--prove", help="play and judge both forms, and compare the verdicts")] = False,
    as_json: Json = False,
) -> None:
    """Write tasks as folders in Harbor's format, whose test.sh gives the same verdict."""
    from selftrain.envs.selection import expand_selection
    from selftrain.sandboxes import make_backend

    use_bases(bases, offline)
    found = use_packs(packs)
    wanted = [*(selection or ()), *(f"{pack.name}/*" for pack in found if not selection)]
    if not wanted:
        raise OptionError("nothing to export: name tasks, or a pack with --pack DIR")
    tasks = [one for item in wanted for one in expand_selection(item, "terminal")]
    results: list[Exported] = []
    verdicts: list[Compared] = []
    with progress_bar() as progress:
        steps = _exports(tasks, place, make_backend(backend), image, prove)
        for exported, compared in progress.track(steps, total=len(tasks), description="exporting"):
            results.append(exported)
            verdicts += compared
            if exported.why and not as_json:
                progress.console.print(f"{exported.task}: {exported.why}", markup=False, style="red")
    if as_json:
        _print_json({"exported": [_exported(one) for one in results], "verdicts": [vars(one) for one in verdicts]})
    else:
        _show_verdicts(verdicts)
        folders = sum(one.folder is not None for one in results)
        _say(f"{folders} of {len(results)} tasks exported to {place}")
    raise typer.Exit(NEGATIVE if any(one.why for one in results) or not all(one.same for one in verdicts) else 0)


@app.command()
def convert(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a task in Terminal-Bench 1's layout, with task.yaml")],
    place: Annotated[Path, typer.Argument(metavar="OUT", help="folder to make, which must not exist yet, or be empty")],
) -> None:
    """Write a task of Terminal-Bench 1's older layout as a folder in Harbor's format."""
    from selftrain.envs.harbor import convert_terminal_bench

    _say(str(convert_terminal_bench(folder, place)), f"next: selftrain verify {place}")


def _exports(
    tasks: Sequence[str | Task], place: Path, backend: Backend, image: str, prove: bool
) -> Iterator[tuple[Exported, list[Compared]]]:
    """What became of each task, and how its two forms were judged, where that is asked for."""
    from selftrain.envs.harbor.export import export_each
    from selftrain.envs.harbor.proof import compare

    for task, exported in export_each(tasks, place, backend, image):
        found: list[Compared] = []
        why = exported.why
        if prove and task is not None and exported.folder is not None:
            try:
                found = compare(task, exported.folder, backend, image, cheats=len(task.cheats))
            except SelfTrainError as error:
                why = str(error)
        yield replace(exported, why=why), found


def _exported(one: Exported) -> dict[str, Any]:
    return {"task": one.task, "folder": None if one.folder is None else str(one.folder), "why": one.why}


def _word(passed: bool) -> str:
    return "PASS" if passed else "FAIL"


def _show_verdicts(verdicts: Sequence[Compared]) -> None:
    """A row for each task: what the task itself says, and what its exported folder says."""
    if not verdicts:
        return
    table = Table("task", "oracle", "nop", "cheats that neither pays")
    for task in dict.fromkeys(one.task for one in verdicts):
        its = {one.agent: one for one in verdicts if one.task == task}
        shown = [f"{_word(its[name].ours)}, {_word(its[name].exported)}" for name in ("oracle", "nop")]
        cheats = [one.same for name, one in its.items() if name not in ("oracle", "nop")]
        style = "" if all(one.same for one in its.values()) else "red"
        table.add_row(task, *shown, f"{sum(cheats)} of {len(cheats)}", style=style)
    out.print(table)
    for one in verdicts:
        if not one.same:
            _say(
                f"{one.task}: {one.agent} is judged {_word(one.ours)} by the task, {_word(one.exported)} by its folder"
            )


def _facts(pack: Pack) -> dict[str, Any]:
    from selftrain.envs.packs.locking import lock_state

    try:
        state = lock_state(pack)
    except TaskError as error:  # of one pack, which must not keep the others from being listed
        state = f"broken ({error})"
    return {
        **{name: getattr(pack, name) for name in ("name", "version", "licence", "summary", "kind")},
        "splits": {split: list(names) for split, names in pack.splits.items()},
        "families": sorted(pack.families),
        "ids": sorted(pack.ids),
        "broken": dict(pack.broken),
        "state": state,
        "folder": str(pack.folder),
    }


def _say(*lines: str) -> None:
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))  # noqa: T201  plain JSON on standard output is the contract
