"""The command line.

Exit codes: 0 yes or done, 1 a negative result, 2 bad input, 3 something is missing or broken on this machine.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from selftrain import cli_options as options
from selftrain import pack_commands, record_commands
from selftrain.cli_options import progress_bar
from selftrain.errors import ContextError, OptionError, SelfTrainError, TaskError, UnknownNameError
from selftrain.tasks import Task
from selftrain.web import commands as pages

NEGATIVE, BAD_INPUT, BROKEN = 1, 2, 3

app = typer.Typer(
    name="selftrain",
    help="Gymnasium environments for real work over episodes longer than the context.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
images_app = typer.Typer(help="Images that sandboxes run in.", no_args_is_help=True)
app.add_typer(images_app, name="images")
app.add_typer(pack_commands.app, name="pack")
record_commands.register(app)
pages.register(app)
out, err = Console(), Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
BackendName = Annotated[str, typer.Option("--backend", help="auto, bubblewrap or docker")]
ImageName = Annotated[str, typer.Option("--image", help="image to run in; empty is the backend's default")]


def main() -> None:
    """Run the command line; an error of ours becomes one message and an exit code."""
    try:
        app()
    except (UnknownNameError, TaskError, OptionError, ContextError) as error:
        err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True, style="red")
        sys.exit(BAD_INPUT)
    except SelfTrainError as error:
        err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True, style="red")
        sys.exit(BROKEN)


def known_environment(env_id: str) -> None:
    """Refuse an id that is not registered, listing the near ones; `module:id` is left to Gymnasium."""
    import gymnasium as gym

    from selftrain.registration import ENVIRONMENTS

    if ":" not in env_id and env_id not in gym.registry:
        raise UnknownNameError("environment", env_id, ENVIRONMENTS)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))  # noqa: T201  plain JSON on standard output is the contract


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List environments, task families, agents and backends."""
    from selftrain.agents.base import agent_names
    from selftrain.envs.catalogue import KINDS
    from selftrain.registration import ENVIRONMENTS
    from selftrain.sandboxes import backend_names

    kinds = {name: [kind.family(family) for family in kind.names()] for name, kind in KINDS.items()}
    if as_json:
        families = {
            family.name: {"kind": kind, "summary": family.summary, "skills": family.skills, "chance": family.chance}
            for kind, members in kinds.items()
            for family in members
        }
        _print_json(
            {
                "environments": list(ENVIRONMENTS),
                "families": families,
                "agents": list(agent_names()),
                "backends": list(backend_names()),
            }
        )
        return
    out.print(f"environments  {', '.join(ENVIRONMENTS)}")
    out.print(f"agents        {', '.join(agent_names())}")
    out.print(f"backends      {', '.join(backend_names())}")
    for kind, members in kinds.items():
        table = Table("family", "what the agent does", "chance", title=f"\n{kind} task families, levels 1 to 5")
        for family in members:
            table.add_row(family.name, family.summary, f"{family.chance:g}")
        out.print(table)


@app.command()
def run(
    env_id: Annotated[str, typer.Argument(help="environment id, as `selftrain list` shows it")],
    agent: options.AgentName = "oracle",
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    temperature: options.Temperature = None,
    agent_settings: options.AgentSettings = None,
    episodes: Annotated[int | None, typer.Option(min=1, help="how many; one for each task when left out")] = None,
    parallel: Annotated[int, typer.Option(min=1, help="episodes at once")] = 4,
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="task ids or selections, dealt out in turn; with more episodes than tasks, groups of one task"
        ),
    ] = None,
    backend: BackendName = "auto",
    image: ImageName = "",
    packs: pack_commands.Packs = None,
    bases: pack_commands.Bases = None,
    offline: pack_commands.Offline = False,
    settings: options.Settings = None,
    seed: Annotated[int, typer.Option(min=0, help="where all tasks and seeds come from")] = 0,
    directory: Annotated[
        Path | None, typer.Option("--out", help="folder of the records; the same command continues what is missing")
    ] = None,
    budget: options.Budget = None,
    reserve: options.Reserve = None,
    notes: options.NotesBudget = None,
    mode: options.Mode = None,
    trigger: options.Trigger = None,
    view: options.View = None,
    tokenizer: options.Tokenizer = None,
    notebook: options.NotebookFolder = None,
    max_cuts: options.MaxCuts = None,
    max_turns: options.MaxTurns = None,
    ablation: options.Ablation = None,
    donors: options.Donors = None,
    no_evidence: Annotated[
        bool, typer.Option("--no-evidence", help="keep none of what is judged; then it cannot be judged again")
    ] = False,
    as_json: Json = False,
) -> None:
    """Play episodes, record them, and show success per family and level."""
    from selftrain.agents.rollout import rollout

    pack_commands.use_bases(bases, offline)
    used, set_ = pack_commands.use_packs(packs), options.settings_of(settings)
    known_environment(env_id)
    if not task and (used or set_.get("pack")):
        task = pack_commands.pack_task_ids(used, set_)
    tasks, env_kwargs = _tasks(env_id, task, backend, image)
    directory = directory or Path("runs") / f"{env_id.rpartition(':')[2]}-{agent.rpartition(':')[2]}-{seed}"
    context = options.given(
        budget=options.budget_of(budget), reserve=reserve, notes_budget=notes, mode=mode, trigger=trigger, view=view,
        tokenizer=tokenizer, notebook=notebook, max_compactions=max_cuts, max_turns=max_turns, ablation=ablation,
        donor_notes=options.donor_notes_of(donors, ablation),
    )  # fmt: skip
    report = rollout(
        env_id,
        agent,
        episodes or len(tasks) or 1,
        parallel=parallel,
        seed=seed,
        out=directory,
        env_kwargs=env_kwargs | set_,
        tasks=tasks,
        packs=pack_commands.locks_of(tasks, set_),
        context=context,
        agent_options=options.given(model=model, base_url=base_url, temperature=temperature)
        | options.settings_of(agent_settings),
        keep_evidence=not no_evidence,
        progress=not as_json,
    )
    if as_json:
        _print_json(report.as_dict() | {"directory": str(directory)})
    else:
        out.print(report.table())
        out.print(f"records: {directory}", markup=False)
    raise typer.Exit(BROKEN if report.score.valid < report.score.episodes else 0)


def _tasks(env_id: str, wanted: list[str] | None, backend: str, image: str) -> tuple[list[str | Task], dict[str, Any]]:
    """The tasks to play and the environment's arguments.

    An environment without task families has no backend, and what its task ids mean is for itself to say.
    """
    from selftrain.agents.plan import environment_creator
    from selftrain.envs.selection import expand_selection

    creator = environment_creator(env_id)
    pool = getattr(creator, "pool", None)
    if pool is None:
        if image or backend != "auto":
            raise OptionError(f"{env_id} has no sandbox: leave out --backend and --image")
        return list(wanted or ()), {}
    selections = wanted or [f"{family}/train/1/0" for family in pool]
    tasks = [item for selection in selections for item in expand_selection(selection, getattr(creator, "kind", ""))]
    return tasks, {"backend": backend} | ({"image": image} if image else {})


@app.command()
def verify(
    selection: Annotated[
        list[str] | None,
        typer.Argument(help="task selections (git-*/train/1-3/0-9), task ids, or Harbor task folders"),
    ] = None,
    packs: pack_commands.Packs = None,
    bases: pack_commands.Bases = None,
    offline: pack_commands.Offline = False,
    backend: BackendName = "auto",
    image: ImageName = "",
    repetitions: Annotated[int, typer.Option(min=1, help="times each script is played")] = 2,
    parallel: Annotated[int, typer.Option(min=1, help="tasks at once")] = 4,
    as_json: Json = False,
) -> None:
    """Prove tasks: oracle = 1, nop = 0, cheats = 0, the same each time."""
    from selftrain.envs.harbor.loading import notes_of
    from selftrain.envs.proof import prove_all
    from selftrain.envs.selection import select_each
    from selftrain.sandboxes import make_backend

    pack_commands.use_bases(bases, offline)
    wanted = [*(selection or ()), *(f"{pack.name}/*" for pack in pack_commands.use_packs(packs) if not selection)]
    if not wanted:
        raise OptionError("nothing to verify: name tasks, or a pack with --pack DIR")
    tasks = select_each(wanted)
    proving, proofs = prove_all(tasks, make_backend(backend), image, repetitions, parallel), []
    with progress_bar() as progress:
        bar = progress.add_task("proving", total=len(tasks))
        for task, proof in zip(tasks, proving, strict=True):
            proofs.append(proof)
            if not proof.holds and not as_json:
                progress.console.print(f"{proof.task}: {'; '.join(proof.faults)}", markup=False, style="red")
                for note in notes_of(task) if isinstance(task, Task) else ():
                    progress.console.print(f"    {note}", markup=False, highlight=False)
            progress.advance(bar)
    failed = [proof for proof in proofs if not proof.holds]
    if as_json:
        _print_json([{"task": p.task, "holds": p.holds, "faults": p.faults, "seconds": p.seconds} for p in proofs])
    else:
        plays = sum(len(proof.plays) for proof in proofs) * repetitions
        out.print(f"{len(proofs) - len(failed)} of {len(proofs)} tasks proven in {plays} episodes")
    raise typer.Exit(NEGATIVE if failed else 0)


@app.command()
def grade(
    task: Annotated[str, typer.Option(help="a task id, or a Harbor task folder")],
    workspace: Annotated[Path, typer.Option(help="folder that stands for the task's first writable folder")],
    packs: pack_commands.Packs = None,
    bases: pack_commands.Bases = None,
    offline: pack_commands.Offline = False,
    backend: BackendName = "auto",
    image: ImageName = "",
    as_json: Json = False,
) -> None:
    """Judge a folder as if an agent had left it as its workspace. Ends with RESULT: PASS or RESULT: FAIL."""
    from selftrain.envs.grading import grade_folder
    from selftrain.envs.task_choice import find_task
    from selftrain.sandboxes import make_backend

    pack_commands.use_bases(bases, offline)
    pack_commands.use_packs(packs)
    verdict = grade_folder(find_task(task, "terminal"), workspace, make_backend(backend), image)
    if as_json:
        _print_json(verdict.as_dict())
    else:
        for check in verdict.checks:
            out.print(f"{'ok  ' if check.passed else 'FAIL'} {check.name}  {check.why}", markup=False, highlight=False)
        out.print(f"RESULT: {'PASS' if verdict.passed else 'FAIL'}")
    raise typer.Exit(0 if verdict.passed else NEGATIVE)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what works on this machine, which limits are in force, and what to install."""
    from selftrain.needs import needs
    from selftrain.sandboxes import backend_names, describe_backend
    from selftrain.sandboxes.images import built_images

    backends = {name: describe_backend(name) for name in backend_names()}
    works = any(found["missing"] is None for found in backends.values())
    if as_json:
        _print_json({"backends": backends, "images": [image.lock.image for image in built_images()], "needs": needs()})
    else:
        for name, found in backends.items():
            out.print(f"{name}: {'works' if found['missing'] is None else found['missing']}", markup=False)
            for limit, how in found["limits"].items():
                out.print(f"    {limit:<16}{how}", markup=False, highlight=False)
        built = ", ".join(image.lock.image for image in built_images())
        out.print(f"images: {built or 'none built; selftrain images build terminal'}", markup=False)
        for thing, command in needs().items():
            out.print(f"{thing}: {command or 'here'}", markup=False)
    raise typer.Exit(0 if works else BROKEN)


@images_app.command("list")
def images_list(as_json: Json = False) -> None:
    """List the images that can be built, and whether they are."""
    from selftrain.sandboxes.images import built_images, image_names

    built = {image.lock.image: image for image in built_images()}
    if as_json:
        _print_json({name: name in built for name in image_names()})
        return
    for name in image_names():
        image = built.get(name)
        where = [
            *(["bubblewrap"] if image and image.rootfs else []),
            *(["docker"] if image and image.docker_id else []),
        ]
        state = f"built for {' and '.join(where)}" if where else f"not built: selftrain images build {name}"
        out.print(f"{name:<16}{state}", markup=False)


@images_app.command("build")
def images_build(
    name: Annotated[str, typer.Argument(help="image, as `selftrain images list` names it")],
    from_base: Annotated[str | None, typer.Option(help="base image for Docker, in place of packages")] = None,
) -> None:
    """Build an image for every backend that is here, and pin what went into it."""
    from selftrain.sandboxes.images import build_image, images_folder

    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=err) as progress:
        bar = progress.add_task(f"building {name}", total=None)
        lock = build_image(name, from_base=from_base, report=lambda line: progress.update(bar, description=line[:100]))
    size = f"{lock.size_bytes / 1e6:.0f} MB, {len(lock.packages)} packages from {lock.origin}"
    out.print(f"{name}: {size}, pinned in {images_folder() / name}", markup=False)


if __name__ == "__main__":
    main()
