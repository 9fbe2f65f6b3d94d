"""Everything that the agent of a task can read at its start: instruction, variables, files, history, its own image."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from selftrain.envs.gate.leaks_views import Place, git_blobs, members
from selftrain.envs.gate.trial import Trial
from selftrain.envs.task_sandbox import open_task_sandbox
from selftrain.evidence import MIB, ExportLimits
from selftrain.sandboxes import Sandbox
from selftrain.sandboxes.base import ALWAYS_WRITABLE
from selftrain.sandboxes.images import image_names

_OBJECTS = re.compile(r"/\.git/|/objects/(?:[0-9a-f]{2}|pack)/")
_SCRATCH = "/tmp/.gate"
_SECONDS = 30.0
_DUMP_BYTES = 24 * MIB
_MOST_FILES, _LARGEST = 3_000, "2048k"
# what packages bring; nobody hides an answer there by mistake
_SYSTEM = (
    *("/proc", "/sys", "/dev", "/run", "/boot", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr/[!ls]*"),
    *("/usr/lib*", "/usr/sbin", "/usr/share", "/var/lib/dpkg", "/var/lib/apt", "/var/cache", "/etc/ssl", "*/python3*"),
    *("*/site-packages", "*/node_modules", "/usr/local/include", "/usr/local/share/man"),
)


@dataclass(frozen=True)
class Readable:
    """What can be read.

    Attributes:
        places: all of it.
        unchecked: what was not looked at.
    """

    places: tuple[Place, ...]
    unchecked: tuple[str, ...] = field(default=())


def readable(trial: Trial) -> Readable:
    """What the agent of a task can read at its start.

    Raises:
        TaskError: the task's setup failed.
        SandboxError: the backend failed.
    """
    task = trial.task
    places = [Place("the instruction", task.instruction.encode("utf-8", "replace"), "instruction")]
    places += [Place(f"${name}", value.encode(), "environment") for name, value in task.needs.env.items()]
    if task.kind != "terminal":
        return Readable(tuple(places), ("what the place shows: only sandboxes of terminal tasks are searched",))
    own_image = _has_own_image(trial)
    # without these the sandbox holds the files and nothing else
    if not own_image and not task.setup and not any("/objects/" in path for path in task.files):
        return Readable((*places, *(_of_file(path, data) for path, data in task.files.items())))
    found, unchecked = _of_sandbox(trial, own_image)
    return Readable((*places, *found), tuple(unchecked))


def _has_own_image(trial: Trial) -> bool:
    """Whether the system that the agent works in is the task's, or somebody else's for it, and not ours."""
    own, image = trial.task.own_image, trial.image or trial.task.image
    if own is not None and not trial.image:  # a backend that builds none refuses the lines that need one
        return trial.backend.name == "docker" or bool(own.needed)
    return image not in ("", "host", trial.backend.default_image, *image_names())


def _of_file(path: str, data: bytes) -> Place:
    return Place(path, data, "history" if _OBJECTS.search(path) else "file")


def _of_sandbox(trial: Trial, own_image: bool) -> tuple[list[Place], list[str]]:
    sandbox = open_task_sandbox(trial.backend, trial.task, trial.image)
    try:
        unchecked = _dump(sandbox, own_image)
        folders = (*trial.task.writable, *(one for one in ALWAYS_WRITABLE if one not in trial.task.writable))
        evidence = sandbox.export(folders, ExportLimits())
    finally:
        sandbox.close()
    if evidence.overrun:
        unchecked.append(f"files beyond the limits of an export: {evidence.overrun}")
    places = []
    for path, file in evidence.files.items():
        if path == f"{_SCRATCH}/history":
            places += [Place(f"git object {name}", data, "history") for name, data in git_blobs(file.data).items()]
        elif path == f"{_SCRATCH}/image.tar":
            places += [Place(name, data, "image") for name, data in members(file.data).items()]
        elif not path.startswith(f"{_SCRATCH}/"):
            places.append(_of_file(path, file.data))
    return places, unchecked


def _dump(sandbox: Sandbox, own_image: bool) -> list[str]:
    """Put the history of every repository, and the files of the image, where the export finds them."""
    folders = " ".join(map(shlex.quote, sandbox.spec.writable_folders))
    lines = [
        f"mkdir -p {_SCRATCH}",
        f"repositories=$(find {folders} -type d -name objects 2>/dev/null | head -n 8)",
        '[ -z "$repositories" ] || command -v git >/dev/null || echo NO-GIT',
        'for objects in $repositories; do git --git-dir "${objects%/objects}" cat-file --batch-all-objects --batch '
        f"2>/dev/null; done | head -c {_DUMP_BYTES} > {_SCRATCH}/history",
    ]
    if own_image:
        pruned = " -o ".join(f"-path {shlex.quote(path)}" for path in (*_SYSTEM, *sandbox.spec.writable_folders))
        lines += [
            f"find / \\( {pruned} \\) -prune -o -type f -size -{_LARGEST} -print 2>/dev/null "
            f"| head -n {_MOST_FILES} > {_SCRATCH}/list",
            f"tar -cf - -T {_SCRATCH}/list 2>/dev/null | head -c {_DUMP_BYTES} > {_SCRATCH}/image.tar",
            f"[ $(wc -l < {_SCRATCH}/list) -lt {_MOST_FILES} ] || echo MANY-FILES",
            f"[ $(wc -c < {_SCRATCH}/image.tar) -lt {_DUMP_BYTES} ] && [ -s {_SCRATCH}/image.tar ] || echo NOT-ALL",
        ]
    result = sandbox.run("\n".join(lines), _SECONDS)
    said = result.output.decode("utf-8", "replace")
    unchecked = []
    if own_image:
        unchecked.append("of the image: what packages bring, files over 2 MiB, and files that only root can read")
    if result.timed_out or "MANY-FILES" in said or "NOT-ALL" in said:
        unchecked.append(f"of the image: more than {_MOST_FILES} files, {_DUMP_BYTES // MIB} MiB or {_SECONDS:g} s")
    if "NO-GIT" in said:
        unchecked.append("packs of version control: the image has no git to read them with")
    return unchecked
