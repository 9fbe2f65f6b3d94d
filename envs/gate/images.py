"""Whether a task's images come from the bases that its pack declares, and build offline."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from selftrain.envs.gate.lint_scripts import asked_in_shell
from selftrain.envs.gate.trial import Finding, State, Trial
from selftrain.envs.harbor.config import read_config
from selftrain.envs.harbor.dockerfile import docker_name, read_dockerfile
from selftrain.envs.harbor.verifier import HarborVerifier
from selftrain.envs.task_image import ready_spec
from selftrain.errors import SandboxError, SelfTrainError
from selftrain.tasks import OwnImage, Task

_MOST_SAID = 1500


def check_image(trial: Trial) -> Finding:
    """Each Dockerfile of a task's folder begins with a declared base, and docker builds it without a network.

    A backend that builds no images leaves those unchecked that need to be built, but refuses a line that plainly wants
    the network. What a line of a Dockerfile that needs no image does is seen when the task is played.
    """
    start = time.monotonic()
    state, summary, evidence = _judged(trial)
    return Finding("image", state, summary[:_MOST_SAID], evidence, time.monotonic() - start)


def _judged(trial: Trial) -> tuple[State, str, dict[str, Any]]:
    images = _own_images(trial.task)
    if trial.folder is None:
        return "pass", "a task of a family in Python brings no image", {}
    try:
        faults = list(_faults(trial, trial.folder))
    except SelfTrainError as error:
        return "fail", str(error), {}
    facts = [_facts(own) for own in images]
    evidence = {"images": facts}
    if faults:
        return "fail", "; ".join(faults), evidence
    if not images:
        return "pass", "it needs no image but one that is here", evidence
    if trial.image:
        return "unchecked", f"it is played in --image {trial.image}, so its own image is not tried", evidence
    for number, own in enumerate(images):
        try:
            facts[number] |= _built(trial, own)
        except SandboxError as error:
            return "unchecked", str(error), evidence
        except SelfTrainError as error:
            return "fail", str(error), evidence
    done = "builds offline from" if trial.backend.name == "docker" else "needs nothing to be built on"
    bases = ", ".join(dict.fromkeys(base for own in images for base in own.bases)) or "scratch"
    return "pass", f"{done} {bases}", evidence


def _built(trial: Trial, own: OwnImage) -> dict[str, Any]:
    """Build it, or see that there is nothing to build; errors as `ready_spec`."""
    facts: dict[str, Any] = {}
    if trial.backend.name == "docker":
        from selftrain.sandboxes import docker_builds

        # asked for itself, because a task may be played without it where its base is not here
        found = docker_builds.own_image(own)
        facts = {"name": found.name, "id": found.id, "log": list(found.log)}
    # an image may hold more below the task's folders than a sandbox takes
    ready_spec(trial.backend, replace(trial.task, own_image=own, image=""), "", {}, {})
    return facts


def _own_images(task: Task) -> list[OwnImage]:
    """The agent's and the verifier's, each once."""
    scripts = task.verifier.scripts if isinstance(task.verifier, HarborVerifier) else ()
    found: dict[str, OwnImage] = {}
    for own in (task.own_image, *(script.own_image for script in scripts)):
        if own is not None:
            found.setdefault(own.digest(own.file), own)
    return list(found.values())


def _facts(own: OwnImage) -> dict[str, Any]:
    return {"file": own.file, "bases": list(own.bases), "needs_an_image": list(own.needed)}


def _faults(trial: Trial, folder: Path) -> Iterator[str]:
    """Bases that are not declared and, where nothing is built, lines that plainly want the network."""
    declared = {docker_name(image) for image in trial.pack.images.values()} if trial.pack else None
    config = read_config(folder, offline=True)
    parts = [config.environment, config.verifier.environment, *(step.verifier.environment for step in config.steps)]
    named = [("task.toml: docker_image", part.docker_image) for part in parts if part and part.docker_image]
    steps = [folder / "steps" / step.name / "tests" for step in config.steps]
    for context in (folder / "environment", folder / "tests", *steps):
        built = read_dockerfile(context, folder)
        where = f"{context.relative_to(folder)}/Dockerfile"
        named += [(f"{where}: FROM", base) for base in built.bases]
        if trial.backend.name != "docker":
            yield from _network_lines(where, built.text)
    for where, image in dict.fromkeys(named):
        if declared is not None and docker_name(image) not in declared:
            shown = ", ".join(sorted(declared)) or "nothing"
            yield f"{where} {image} is not declared in [images] of pack.toml, which declares {shown}: add it there"


def _network_lines(where: str, text: str) -> Iterator[str]:
    runs = "\n".join(line.strip().removeprefix("RUN ") for line in text.splitlines())
    for asked in asked_in_shell(runs):
        if asked.sure:
            yield f"{where} line {asked.number} wants the network, and images are built without one: {asked.what}"
