"""Judging a folder of this machine as if an agent had left it in its sandbox: the door for outside examiners."""

from __future__ import annotations

import os
from pathlib import Path

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.errors import OptionError
from selftrain.evidence import Evidence, ExportLimits
from selftrain.sandboxes import Backend
from selftrain.sandboxes.trees import Tree
from selftrain.tasks import Task
from selftrain.verdicts import Verdict


def grade_folder(task: Task, workspace: Path, backend: Backend, image: str = "") -> Verdict:
    """The verdict over `workspace`, which stands for the task's first writable folder.

    Raises:
        OptionError: `workspace` is no folder, or the task is none that leaves files.
        VerifierError, SandboxError: no verdict could be made; never because of what the folder holds.
    """
    if task.kind != "terminal":
        raise OptionError(f"task {task.id!r} is a {task.kind} task, which leaves no folder to be judged")
    evidence = folder_evidence(task, workspace)
    return task.verifier.verify(evidence, task, SandboxCleanRoom(backend, image))


def folder_evidence(task: Task, workspace: Path) -> Evidence:
    """What the task's verifier asks for, read from `workspace` without following links, under the usual limits."""
    folder = task.writable[0]
    try:
        root = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise OptionError(
            f"workspace {str(workspace)!r} must be a folder that can be read: {error.strerror}"
        ) from error
    try:
        wanted = []
        for path in task.verifier.exports:
            if path == folder:
                wanted += [f"/{entry.name}" for entry in sorted(workspace.iterdir())]
            elif path.startswith(folder + "/"):
                wanted.append(path.removeprefix(folder))
        found = Tree(root, ("/",)).export(wanted, ExportLimits())
    finally:
        os.close(root)
    return Evidence(
        files={folder + path: file for path, file in found.files.items()},
        directories={folder + path: mode for path, mode in found.directories.items()} | {folder: 0o755},
        links={folder + path: target for path, target in found.links.items()},
        dropped={folder + path: why for path, why in found.dropped.items()},
        overrun=found.overrun,
    )
