"""From a task and a backend to the image that it runs in there, and what that image holds where the task works."""

from __future__ import annotations

import functools
import logging
import posixpath
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from selftrain.envs.task_spec import task_spec
from selftrain.errors import BackendUnavailableError, ImageMissingError
from selftrain.sandboxes import Backend, Sandbox, SandboxSpec, Snapshot
from selftrain.sandboxes.base import TreeEntry
from selftrain.sandboxes.shell_state import state_or_directory
from selftrain.tasks import OwnImage, Task

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReadySpec:
    """What a sandbox of a task is made from on one backend.

    Attributes:
        spec: with the image, and the files that the image does not bring.
        brought: what the image holds below writable folders, which those folders would hide.
    """

    spec: SandboxSpec
    brought: tuple[TreeEntry, ...] = ()

    def open(self, backend: Backend) -> Sandbox:
        """A sandbox that starts with both."""
        if not self.brought:
            return backend.create(self.spec)
        entries = {entry.path: entry for entry in self.brought}
        now = time.time_ns()
        for path, data in self.spec.files.items():
            for folder in _parents(path, self.spec.writable_folders):
                entries.setdefault(folder, TreeEntry(folder, "directory", 0o755, now))
            entries[path] = TreeEntry(path, "file", self.spec.modes.get(path, 0o644), now, data)
        state = state_or_directory(b"", self.spec.workdir.encode())
        return backend.restore(Snapshot(self.spec, tuple(entries[path] for path in sorted(entries)), state))

    def as_files(self) -> SandboxSpec:
        """A spec with regular files alone, for sandboxes that are recycled; links and empty folders are left out."""
        files = {entry.path: entry.data for entry in self.brought if entry.kind == "file"}
        modes = {entry.path: 0o755 for entry in self.brought if entry.kind == "file" and entry.mode & 0o100}
        # nobody runs a file that the submission has put in the place of the image's, unless it says so
        modes = {path: mode for path, mode in modes.items() if path not in self.spec.files}
        return replace(self.spec, files={**files, **self.spec.files}, modes={**modes, **self.spec.modes})


def ready_spec(
    backend: Backend, task: Task, image: str, files: Mapping[str, bytes], modes: Mapping[str, int], left: bool = False
) -> ReadySpec:
    """What a sandbox of `task` is made from on `backend`, with its own image built where it has one.

    Args:
        backend: where it runs.
        task: whose it is.
        image: overrides whatever the task names or brings; "" keeps that.
        files, modes: what is to be in it.
        left: an agent has left them, so what the image holds is there only where it `fills`.

    Raises:
        TaskError: the task's Dockerfile does not build. ImageMissingError: its image or base is not here.
        BackendUnavailableError: the backend builds no images, and a line of the Dockerfile needs one.
        SandboxError: the backend failed.
    """
    spec = task_spec(task, image, files, modes)
    own = task.own_image
    if own is None or image:
        return ReadySpec(spec)
    if backend.name != "docker":
        if own.needed:
            raise BackendUnavailableError(
                f"{own.needed[0]} needs an image, and the {backend.name} backend builds none: use --backend docker, or "
                "--image with one that has what the task needs"
            )
        return ReadySpec(_filled(spec, own) if left else spec)
    try:
        return _on_docker(spec, own, left)
    except ImageMissingError as error:
        if own.needed or not own.dockerfile:
            raise
        _say_once(f"{error}. The default image stands for it: no line of {own.file} needs one")
        return ReadySpec(_filled(spec, own) if left else spec)


def _on_docker(spec: SandboxSpec, own: OwnImage, left: bool) -> ReadySpec:
    """In the task's own image, with what that holds; see `ready_spec`."""
    from selftrain.sandboxes import docker_builds

    found = docker_builds.own_image(own)
    variables = {name: value for name, value in spec.env.items() if own.env.get(name) != value}
    path = {"PATH": found.path} if found.path else {}
    spec = replace(spec, image=found.name, env={**path, **variables})
    if left and not own.fills:
        return ReadySpec(spec)
    if not left:  # as later lines left them, not as they were copied
        kept = {path: data for path, data in spec.files.items() if own.copied.get(path, (None,))[0] != data}
        spec = replace(spec, files=kept)
    most = min(spec.limits.disk_bytes, docker_builds.MOST_CONTENT_BYTES)
    return ReadySpec(spec, docker_builds.contents(found.id, spec.writable_folders, most))


@functools.cache
def _say_once(text: str) -> None:
    _log.warning(text)


def _filled(spec: SandboxSpec, own: OwnImage) -> SandboxSpec:
    """For a place that does without the image: with what it would have brought, where that is asked for."""
    if not own.fills:
        return spec
    files = {path: data for path, (data, _) in own.copied.items()}
    modes = {path: mode for path, (_, mode) in own.copied.items() if mode != 0o644 and path not in spec.files}
    return replace(spec, files={**files, **spec.files}, modes={**modes, **spec.modes})


def _parents(path: str, folders: tuple[str, ...]) -> list[str]:
    found = []
    while (path := posixpath.dirname(path)) not in (*folders, "/"):
        found.append(path)
    return found
