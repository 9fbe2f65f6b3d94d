"""From `[verifier]` and `tests/` to the test scripts of a task, in shared and in separate mode."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from selftrain.envs.harbor.config import (
    ARTIFACTS,
    VERIFIER_SECONDS,
    Artifact,
    HarborConfig,
    StepPart,
    VerifierPart,
)
from selftrain.envs.harbor.folders import files_below
from selftrain.envs.harbor.place import FOLDERS, Place, read_place
from selftrain.envs.harbor.verifier import HIDDEN, TEST_SCRIPT, Script, is_at_or_below
from selftrain.errors import TaskError


def artifact_paths(artifacts: Sequence[Artifact], workdir: str) -> dict[str, tuple[str, ...]]:
    """Absolute path → patterns that are left out; a relative path is taken from the work folder.

    Raises:
        TaskError: one names what the agent must have no word in.
    """
    found = {posixpath.normpath(posixpath.join(workdir, one.source)): one.exclude for one in artifacts}
    for path in found:
        if hidden := next((folder for folder in HIDDEN if is_at_or_below(path, folder)), None):
            raise TaskError(f"task.toml: artifacts: {path} cannot be one: {hidden} is the verifier's own")
    return found


def verifier_of(config: HarborConfig, step: StepPart | None) -> VerifierPart:
    """What judges a step: its own `[steps.verifier]`, and the task's where that says nothing."""
    whole = config.verifier
    if step is None:
        return replace(whole, mode=whole.mode or "shared")
    own = step.verifier
    return VerifierPart(
        timeout_sec=own.timeout_sec or whole.timeout_sec,
        env={**whole.env, **own.env},
        user=own.user or whole.user,
        mode=own.mode or whole.mode or "shared",
        environment=own.environment or whole.environment,
    )


def script_of(
    folder: Path, config: HarborConfig, step: StepPart | None, place: Place, bases: Mapping[str, str]
) -> Script:
    """The script that judges a task, or one of its steps.

    Args:
        folder: of the task.
        config: its `task.toml`.
        step: None for a task without steps.
        place: the agent's sandbox, with room for the artifacts.
        bases: see `read_place`.

    Raises:
        TaskError: there is none, or what it asks for no sandbox has.
    """
    verifier = verifier_of(config, step)
    files, modes = _tests(folder, step)
    artifacts = artifact_paths((*config.artifacts, *(step.artifacts if step else ())), place.workdir)
    work = [one for one in place.folders if one not in FOLDERS]
    if verifier.mode == "separate":
        its, judged = _separate_place(folder, config, step, verifier, place, bases), (ARTIFACTS, *artifacts)
        its = its.with_room_for(artifacts, f"{folder}/task.toml: artifacts")
        left_out: Mapping[str, tuple[str, ...]] = artifacts
    else:
        its, judged, left_out = place, (*work, ARTIFACTS, *artifacts), {}
    user = verifier.user or its.default_user
    needs = replace(its.needs, env={**its.needs.env, **verifier.env}, user="root" if user == "root" else "agent")
    return Script(
        step=step.name if step else "",
        separate=verifier.mode == "separate",
        files=files,
        modes=modes,
        judged=tuple(dict.fromkeys(judged)),
        workdir=its.workdir,
        seconds=verifier.timeout_sec or VERIFIER_SECONDS,
        needs=needs,
        writable=its.writable,
        image=its.image,
        own_image=its.own_image,
        left_out=left_out,
        least=step.min_reward if step else {},
    )


def _tests(folder: Path, step: StepPart | None) -> tuple[dict[str, bytes], dict[str, int]]:
    """`tests/`, and over it the step's own, as they lie in /tests; the Dockerfile of a verifier's image does not."""
    roots = [folder / "tests", *([folder / "steps" / step.name / "tests"] if step else [])]
    found: dict[str, tuple[bytes, int]] = {}
    for root in roots:
        found |= {name: file for name, file in files_below(root, folder).items() if name != "Dockerfile"}
    files = {f"/tests/{name}": data for name, (data, _) in found.items()}
    if TEST_SCRIPT not in files:
        baked = any((root / "Dockerfile").exists() for root in roots)
        also = ": one that is only in the verifier's image is not found, put it here too" if baked else ""
        raise TaskError(f"{roots[-1]}/test.sh is missing{also}")
    return files, {f"/tests/{name}": mode for name, (_, mode) in found.items() if mode != 0o644}


def _separate_place(
    folder: Path,
    config: HarborConfig,
    step: StepPart | None,
    verifier: VerifierPart,
    place: Place,
    bases: Mapping[str, str],
) -> Place:
    """The verifier's own sandbox: of its image or its Dockerfile in `tests/`, else of the task's own."""
    environment = verifier.environment or config.environment
    own_image = verifier.environment.docker_image if verifier.environment else ""
    contexts = [*([folder / "steps" / step.name / "tests"] if step else []), folder / "tests"]
    built = [context for context in contexts if (context / "Dockerfile").exists()]
    if own_image or built:
        context = built[0] if built else contexts[0]
        return read_place(folder, context, replace(environment, docker_image=own_image), verifier.user, bases)
    if verifier.environment is None:
        return place
    environment = replace(environment, docker_image=config.environment.docker_image)
    its = read_place(folder, folder / "environment", environment, verifier.user, bases)
    return its if environment.workdir else replace(its, workdir=place.workdir, folders=place.folders)
