"""A task folder in Harbor's format, loaded as a task.

    task.toml · instruction.md · environment/Dockerfile · tests/test.sh · solution/solve.sh
    task.toml with [[steps]] · steps/<name>/{instruction.md, tests/, solution/, workdir/}

A task of several steps is one episode: the agent reads the instructions of all steps, in order, at the start, and every
step is judged on the final state, by its own tests. Showing a step only after the one before would need a verdict in
the middle of an episode, over a sandbox that goes on; and what the environment would have to say then ("go on", or the
end at `min_reward`) tells the agent about hidden tests. The price: a step that undoes what an earlier one is judged by
cannot be passed, which the task's proof shows at once (its oracle scores 0), and a step whose `workdir/` is staged in
the middle is refused, all but the first.

Format: harbor 0.25, schema 1.4. `config` says which fields are honoured, `dockerfile` which lines.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selftrain.envs.harbor.bases import chosen_bases, chosen_offline
from selftrain.envs.harbor.config import AgentPart, HarborConfig, StepPart, read_config
from selftrain.envs.harbor.folders import files_below, read_file, read_text
from selftrain.envs.harbor.place import Place, read_place
from selftrain.envs.harbor.scripts import artifact_paths, script_of
from selftrain.envs.harbor.verifier import HarborVerifier, Script
from selftrain.errors import TaskError
from selftrain.tasks import Limits, Task

_AGENT_SECONDS = 600.0
_STEPS = 200
_SOLVE = "/solution/solve.sh"
# marks that keep a benchmark out of training data; they are not for the agent
_CANARY = re.compile(r"^(<!--.*canary.*-->|#.*canary.*)$", re.IGNORECASE)


def load_harbor_task(folder: Path | str, bases: Mapping[str, str] | None = None, offline: bool | None = None) -> Task:
    """The task in `folder`.

    Args:
        folder: in Harbor's format.
        bases: image that the task names (`docker_image`, or a base of its Dockerfile) → one of ours that stands for
            it, for images that cannot be had here. None takes what SELFTRAIN_BASES says; see `bases`.
        offline: play a task that asks for the network without it, instead of refusing it. None: SELFTRAIN_OFFLINE.

    Raises:
        TaskError: a file or field that is missing, wrong or not supported, by name.
    """
    folder, bases = Path(folder), chosen_bases() if bases is None else bases
    config = read_config(folder, chosen_offline() if offline is None else offline)
    _refuse_trajectories(folder, config)
    place = read_place(folder, folder / "environment", config.environment, _agent_user(folder, config), bases)
    place = place.with_room_for(_artifacts(config, place), f"{folder}/task.toml: artifacts")
    steps: Sequence[StepPart | None] = config.steps or (None,)
    scripts = tuple(script_of(folder, config, step, place, bases) for step in steps)
    files, modes, setup = _start(folder, config, place)
    exports = tuple(dict.fromkeys(path for script in scripts for path in script.judged))
    seconds = sum(_seconds(config, step) for step in steps)
    return Task(
        instruction=_instruction(folder, config),
        verifier=HarborVerifier(exports, scripts, _besides(files, place), config.strategy),
        files=files,
        modes=modes,
        setup=setup,
        oracle=_oracle(folder, config),
        cheats=_cheats(folder),
        limits=Limits(steps=_STEPS * len(steps), seconds=seconds, command_seconds=seconds),
        image=place.image,
        own_image=place.own_image,
        writable=place.writable,
        needs=place.needs,
        id=config.name or folder.resolve().name,
        family="harbor",
        metadata=_metadata(folder, config, place, scripts),
    )


def _refuse_trajectories(folder: Path, config: HarborConfig) -> None:
    for place in (folder, *(folder / "steps" / step.name for step in config.steps)):
        if (place / "trajectory.json").exists():
            raise TaskError(f"{place}/trajectory.json is not supported: an episode starts without a past")


def _agent_user(folder: Path, config: HarborConfig) -> Any:
    users = {step.agent.user or config.agent.user for step in config.steps} or {config.agent.user}
    if len(users) > 1:
        raise TaskError(f"{folder}/task.toml: field steps.agent.user must be the same in all steps: they share a shell")
    return users.pop()


def _seconds(config: HarborConfig, step: StepPart | None) -> float:
    own = step.agent if step else AgentPart()
    return own.timeout_sec or config.agent.timeout_sec or _AGENT_SECONDS


def _artifacts(config: HarborConfig, place: Place) -> list[str]:
    listed = [*config.artifacts, *(artifact for step in config.steps for artifact in step.artifacts)]
    return list(artifact_paths(listed, place.workdir))


def _instruction(folder: Path, config: HarborConfig) -> str:
    if not config.steps:
        return _without_canary(read_text(folder, "instruction.md"))
    count = len(config.steps)
    parts = [f"This task has {count} steps. Do all of them, in this order; they are judged together at the end."]
    for number, step in enumerate(config.steps, 1):
        text = _without_canary(read_text(folder / "steps" / step.name, "instruction.md", folder))
        parts.append(f"## Step {number} of {count}: {step.name}\n\n{text.strip()}")
    return "\n\n".join(parts) + "\n"


def _without_canary(text: str) -> str:
    lines = text.split("\n")
    marks = 0
    while marks < len(lines) and _CANARY.match(lines[marks].strip()):
        marks += 1
    return "\n".join(lines[marks:]).lstrip("\n") if marks else text


def _start(folder: Path, config: HarborConfig, place: Place) -> tuple[dict[str, bytes], dict[str, int], str]:
    """Files, modes and setup: the environment's, and what the first step stages."""
    files, modes, setup = dict(place.files), dict(place.modes), ""
    for number, step in enumerate(config.steps):
        staged = files_below(folder / "steps" / step.name / "workdir", folder)
        if staged and number:
            raise TaskError(
                f"{folder}/steps/{step.name}/workdir is not supported: the steps are one episode, so only the first "
                "can stage files; put them into the environment, or make the steps tasks of their own"
            )
        for name, (data, mode) in staged.items():
            files[f"{place.workdir}/{name}"] = data
            modes |= {f"{place.workdir}/{name}": mode} if mode != 0o644 else {}
        if "setup.sh" in staged:
            setup = f"cd {shlex.quote(place.workdir)} && bash {shlex.quote(f'{place.workdir}/setup.sh')}\n"
    return files, modes, setup


def _besides(files: Mapping[str, bytes], place: Place) -> dict[str, bytes]:
    """Those files that the place's own image does not bring."""
    copied = place.own_image.copied if place.own_image else {}
    return {path: data for path, data in files.items() if path not in copied or copied[path][0] != data}


def _oracle(folder: Path, config: HarborConfig) -> tuple[str, ...]:
    """Commands that solve it; none when a step has no solution."""
    commands: list[str] = []
    for step in config.steps or (None,):
        own = folder / "steps" / step.name / "solution" if step else folder / "solution"
        root = own if own.exists() else folder / "solution"
        files = files_below(root, folder)
        if "solve.sh" not in files:
            return ()
        commands += _solving({f"/solution/{name}": file for name, file in files.items()}, config.solution_env)
    return tuple(commands)


def _cheats(folder: Path) -> dict[str, tuple[str, ...]]:
    """Commands that put one script of `cheats/` after the other into the sandbox and run it; each must score 0."""
    return {
        path.stem: (*_put("/tmp/cheat.sh", read_file(path, folder)[0]), "bash /tmp/cheat.sh")
        for path in sorted((folder / "cheats").glob("*.sh"))
    }


def _put(path: str, data: bytes, mode: int = 0o644) -> list[str]:
    """Commands that write a file, which can be run where its `mode` says so."""
    parent, place = shlex.quote(str(Path(path).parent)), shlex.quote(path)
    runs = f" && chmod {mode:o} {place}" if mode != 0o644 else ""
    return [f"mkdir -p {parent} && base64 -d > {place} <<'END'{runs}\n{base64.encodebytes(data).decode()}END"]


def _solving(files: Mapping[str, tuple[bytes, int]], variables: Mapping[str, str]) -> list[str]:
    """Commands that put `solution/` into the sandbox, run it by its first line and take it away again."""
    script, mode = files[_SOLVE]
    by_itself = script.startswith(b"#!")
    files = {**files, _SOLVE: (script, 0o755 if by_itself else mode)}
    puts = [command for path, (data, mode) in files.items() for command in _put(path, data, mode)]
    settings = "".join(f"{name}={shlex.quote(value)} " for name, value in variables.items())
    return [*puts, f"{settings}{_SOLVE if by_itself else f'bash {_SOLVE}'}", "rm -rf /solution/*"]


def _metadata(folder: Path, config: HarborConfig, place: Place, scripts: Sequence[Script]) -> dict[str, Any]:
    """What reports and exports want to know; JSON types."""
    notes = [*place.notes, f"judged are {', '.join(scripts[0].judged)}, without symbolic links and running processes"]
    if config.steps:
        notes.append("all steps are judged on the final state")
    about = {
        "folder": str(folder),
        "notes": notes,
        "about": config.about,
        "metadata": config.metadata,
    }
    found: dict[str, Any] = json.loads(json.dumps(about, default=str))  # TOML has dates
    return found


def notes_of(task: Task) -> list[str]:
    """What a reader should know about how a task in this format is played and judged here; none of other tasks."""
    notes = task.metadata.get("notes")
    return [str(note) for note in notes] if isinstance(notes, list) else []  # of other tasks it may be anything
