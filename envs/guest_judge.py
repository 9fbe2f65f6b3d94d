"""Judges an exported task inside the container of its Harbor verifier; started by the folder's `tests/test.sh`.

It is the judging half of SelfTrain, made to run where there is no SelfTrain: the task is built anew from its id, or
where it shows pictures, which come out differently elsewhere, its verifier is made of plain values; what the agent left
is read from the collected archive as an export would read it, and the task's own verifier gives the verdict. Cases that
run the submission run it as another user, in folders that are emptied between cases, with the clean room that the
sandboxes have. The verdict is written last, when nothing of the submission lives any more.

No verdict is ever guessed: where none can be made, the program ends with a line that says why and leaves no reward
file, which Harbor counts as an error and not as 0.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.families import terminal_task
from selftrain.errors import SandboxError, SelfTrainError, VerifierError
from selftrain.evidence import MIB, Evidence, ExportLimits
from selftrain.sandboxes.base import HOME, PATH, Result, Sandbox, SandboxLimits, SandboxSpec, Snapshot, TreeEntry
from selftrain.sandboxes.trees import Tree
from selftrain.tasks import Task
from selftrain.verdicts import Verdict

TESTS, LOGS = Path("/tests"), Path("/logs/verifier")
ARCHIVE = "/logs/artifacts/evidence.tar"
# of the archive: what an export may hold, and the headers of its entries
ARCHIVE_BYTES = 96 * MIB
SUBMISSION_USER = 1000
# where any user may write that a sandbox does not have: closed, so that no case leaves a note for the next
_OTHERS = ("/var/tmp", "/dev/mqueue", "/run/lock")
# what sandboxes do have
_SHARED_MEMORY = Path("/dev/shm")
_SET_CHILD_SUBREAPER = 36
_ENVIRONMENT = {"PATH": PATH, "HOME": HOME, "USER": "agent", "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "dumb"}


def can_become_another() -> bool:
    """Whether this process is root with a second user to run the submission as."""
    if os.geteuid() != 0:
        return False
    probe = ["setpriv", *_as_submission(), "true"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


def _as_submission() -> list[str]:
    user = str(SUBMISSION_USER)
    return ["--no-new-privs", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]


def _limit(limits: SandboxLimits) -> None:
    """The ceilings of a sandbox, as far as one process can be given them."""
    for which, most in (
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_FSIZE, limits.disk_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (most, most))


@dataclass
class JudgeSandbox:
    """The container's own file system as a `Sandbox` for one command at a time, run as the submission's user."""

    spec: SandboxSpec

    def __post_init__(self) -> None:
        self._tree = Tree(os.open("/", os.O_PATH | os.O_DIRECTORY), self.spec.writable_folders, SUBMISSION_USER)
        self.recycle()

    @property
    def peak_memory_bytes(self) -> int | None:
        return None  # nobody counts here

    def run(self, command: str | bytes, timeout: float = 30.0) -> Result:
        text = os.fsdecode(command)
        with subprocess.Popen(
            ["setpriv", *_as_submission(), "bash", "-c", text],
            cwd=self.spec.workdir,
            env={**_ENVIRONMENT, **self.spec.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: _limit(self.spec.limits),  # noqa: PLW1509  this program has one thread
        ) as process:
            try:
                code, late = process.wait(timeout), False
            except subprocess.TimeoutExpired:
                code, late = 124, True
            self._kill()
        return Result(b"", 128 - code if code < 0 else code, timed_out=late)

    def read(self, path: str, limit: int = 8 * MIB) -> bytes:
        return self._tree.read(path, limit)

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._tree.write(path, data, mode)

    def export(self, paths: Sequence[str], limits: ExportLimits = ExportLimits()) -> Evidence:
        self._kill()
        return self._tree.export(paths, limits)

    def snapshot(self) -> Snapshot:
        raise SandboxError("a judge's sandbox keeps nothing, so it has no snapshots")

    def recycle(self) -> None:
        self._kill()
        for folder in self.spec.writable_folders:
            empty_folder(Path(folder), SUBMISSION_USER)
        if _SHARED_MEMORY.is_dir():
            empty_folder(_SHARED_MEMORY, None, 0o1777)
        for path, data in self.spec.files.items():
            self.write(path, data, self.spec.modes.get(path, 0o644))

    def close(self) -> None:
        self._kill()

    @staticmethod
    def _kill() -> None:
        """End everything that runs as the submission's user, at one blow that nothing can fork away from."""
        child = os.fork()
        if child == 0:
            with contextlib.suppress(OSError):
                os.setgroups([])
                os.setgid(SUBMISSION_USER)
                os.setuid(SUBMISSION_USER)
                os.kill(-1, signal.SIGKILL)
            os._exit(0)
        # what has lost its parent is our child now: when there is none left, nothing writes any more
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)


class JudgeBackend:
    """The one place that a judge has, as a `Backend`."""

    name = "judge"
    default_image = ""

    def available(self) -> str | None:
        return None if can_become_another() else "it needs root, and a second user to run the submission as"

    def limits_in_force(self) -> Mapping[str, str]:
        return dict.fromkeys(("memory_bytes", "processes", "disk_bytes", "open_files"), "rlimit")

    def create(self, spec: SandboxSpec) -> Sandbox:
        if reason := self.available():
            raise SandboxError(f"the verifier runs the submission, which cannot be done here: {reason}")
        return JudgeSandbox(spec)

    def restore(self, snapshot: Snapshot) -> Sandbox:
        raise SandboxError("a judge's sandbox keeps nothing, so there is nothing to restore")

    def sweep(self) -> int:
        return 0

    def close(self) -> None:
        """Nothing is held."""


def empty_folder(folder: Path, owner: int | None, mode: int = 0o755) -> None:
    """Make `folder` an empty one of `owner`; it may be a mount point, which stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
    if owner is not None:
        os.chown(folder, owner, owner)
    folder.chmod(mode)


def collected(archive: Path, task: Task) -> Evidence:
    """What the task's verifier asks for, out of the archive that was packed when the agent had ended.

    Raises:
        VerifierError: there is no archive, which is never the agent's doing.
    """
    if not archive.is_file():
        raise VerifierError(f"{archive} is missing: [[verifier.collect]] of task.toml did not run, or failed")
    if archive.stat().st_size >= ARCHIVE_BYTES:
        return Evidence({}, overrun="total_bytes")
    owner = SUBMISSION_USER if can_become_another() else None
    for folder in task.writable:
        empty_folder(Path(folder), owner)
    dropped: dict[str, str] = {}
    try:
        # packed or sparse it could hold more than its size says: where there is one user the agent may have written it
        with tarfile.open(archive, "r:", errors="surrogateescape") as tar:
            entries = list(_entries(tar, set(task.writable), dropped))
    except (tarfile.TarError, ValueError, OverflowError, EOFError):
        return Evidence({}, overrun="an archive that cannot be read")
    root = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        tree = Tree(root, task.writable, owner)
        tree.restore([entry for entry in entries if entry.path not in task.writable])
        found = tree.export(task.verifier.exports, ExportLimits())
    finally:
        os.close(root)
    return replace(found, dropped={**found.dropped, **dropped})


def _entries(tar: tarfile.TarFile, roots: set[str], dropped: dict[str, str]) -> Iterator[TreeEntry]:
    """Entries at or below `roots` whose parent is a folder of the archive: none was reached through a link."""
    seen: set[str] = set()
    folders: set[str] = set()
    for member in tar:
        path = "/" + member.name.strip("/")
        inside = path in roots or path.rpartition("/")[0] in folders
        if path in seen or ".." in path.split("/") or not inside:
            continue
        if member.issparse():
            raise ValueError(f"{path} is sparse, as nothing is that was collected")
        seen.add(path)
        mode, mtime = member.mode & 0o7777, int(member.mtime * 1e9)
        if member.isdir():
            folders.add(path)
            yield TreeEntry(path, "directory", mode, mtime)
        elif member.issym():
            yield TreeEntry(path, "link", 0o777, mtime, os.fsencode(member.linkname))
        elif member.isreg() and (file := tar.extractfile(member)) is not None:
            yield TreeEntry(path, "file", mode, mtime, file.read())
        else:
            dropped[path] = "fifo" if member.isfifo() else "device"


def judge() -> Verdict:
    """The verdict over what was collected.

    Raises:
        VerifierError: the task cannot be built anew here, or its verifier failed. SandboxError: a case cannot be run.
    """
    asked = json.loads((TESTS / "task.json").read_text("utf-8"))
    task = judged_only(asked) if "verifier" in asked else _built_anew(asked)
    evidence = collected(Path(ARCHIVE), task)
    return task.verifier.verify(evidence, task, SandboxCleanRoom(JudgeBackend()))


def judged_only(asked: Mapping[str, Any]) -> Task:
    """A task that can be judged and not played: its verifier is made of the values in `asked`, JSON's."""
    told = asked["verifier"]
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in told["values"].items()}
    verifier = getattr(importlib.import_module(told["module"]), told["name"])(**values)
    return Task(instruction="", verifier=verifier, id=asked["id"], writable=tuple(asked["writable"]))


def _built_anew(asked: Mapping[str, Any]) -> Task:
    task = terminal_task(asked["id"])
    if task.fingerprint() != asked["fingerprint"]:
        import numpy as np

        raise VerifierError(
            f"task {task.id} comes out differently here (numpy {np.__version__}, Python {sys.version.split()[0]}) "
            "than where it was exported: build tests/Dockerfile as it is"
        )
    return task


def _close_to_others() -> None:
    """What only we may read or write: the hidden side, the verdict, and folders that outlive a case."""
    if os.geteuid() == 0:
        for folder, mode in ((TESTS, 0o700), (LOGS, 0o755), *((Path(other), 0o755) for other in _OTHERS)):
            with contextlib.suppress(OSError):  # it is not there, or is read-only already
                folder.chmod(mode)


def main() -> int:
    """Judge, and write `reward.json` and `verdict.json`; 0 when there is a verdict."""
    if not Path(__file__).is_relative_to(TESTS):
        print("this program empties folders: it runs only as /tests of a container", file=sys.stderr)  # noqa: T201
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _close_to_others()
    try:
        verdict = judge()
    except SelfTrainError as error:
        print(f"no verdict: {error}", file=sys.stderr)  # noqa: T201
        return 1
    for name, content in (("verdict.json", verdict.as_dict()), ("reward.json", {"reward": verdict.reward})):
        place = LOGS / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.write_text(json.dumps(content) + "\n")
    return 0
