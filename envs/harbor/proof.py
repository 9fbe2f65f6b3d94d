"""The proof of an export: a task and its Harbor folder give every script the same verdict.

Each script (oracle, nop, cheats) is played twice: in the task's own sandbox, judged by the task's verifier; and in a
place that holds only what the folder's environment holds, from which the folder's collect command packs the archive
that the folder's `tests/test.sh` judges, in a place of its own with two users. With docker both places are containers
of the folder's own images, as with Harbor; with bubblewrap a sandbox, and a user namespace over the verifier's image.
A folder that is a copy of a task in Harbor's format is played and judged as such folders are.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from selftrain.envs.checks import UnreadableError
from selftrain.envs.guest_judge import ARCHIVE, ARCHIVE_BYTES
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.harbor.containers import collect_in_container, judge_in_container
from selftrain.envs.harbor.export import JUDGE_IMAGE, cheat_file, source_folder
from selftrain.envs.harbor.rewards import json_rewards, the_reward
from selftrain.envs.task_sandbox import judge_sandbox, open_task_sandbox
from selftrain.errors import BackendUnavailableError, VerifierError
from selftrain.sandboxes import Backend, Result, SandboxSpec
from selftrain.sandboxes.images import rootfs_path
from selftrain.sandboxes.system import mounts
from selftrain.tasks import Task

# the first of the ids on this machine that a judge's users are mapped to, far from those of sandboxes
_FIRST_ID = 524_288
_SOLVE_SECONDS = 600.0
_CLOSING_SECONDS = 60.0
# leaves for a user namespace of its own, waits until its ids are mapped, and becomes bubblewrap as root of it
_ENTER = """\
import ctypes, os, sys
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:
    sys.exit("no user namespace: " + os.strerror(ctypes.get_errno()))
os.write(int(sys.argv[1]), b"x")
os.read(int(sys.argv[2]), 1)
os.setgid(0)
os.setuid(0)
os.execvp(sys.argv[3], sys.argv[3:])
"""
_JUDGE = "tar -x -C / && bash /tests/test.sh >&2; cat /logs/verifier/reward.json 2>/dev/null"


@dataclass(frozen=True)
class Compared:
    """One script's verdicts: of the task itself, and of its exported folder."""

    task: str
    agent: str
    ours: bool
    exported: bool

    @property
    def same(self) -> bool:
        """Whether both forms say the same, and what they should."""
        return self.ours == self.exported == (self.agent == "oracle")


def compare(task: Task, folder: Path, backend: Backend, image: str = "", cheats: int = 1) -> list[Compared]:
    """The verdicts of oracle, nop and the first `cheats` cheats, by the task and by `folder`, where it was exported to.

    Raises:
        VerifierError: one of the forms gives no verdict. SandboxError: a place to play or to judge cannot be had.
    """
    scripts: dict[str, tuple[str, Sequence[str]]] = {"oracle": ("solution/solve.sh", task.oracle), "nop": ("", ())}
    for name, commands in itertools.islice(task.cheats.items(), cheats):
        scripts[f"cheat {name}"] = (cheat_file(name), commands)
    copy = load_harbor_task(folder) if source_folder(task) else None
    found = []
    for agent, (script, commands) in scripts.items():
        ours = _ours(task, commands, backend, image)
        theirs = _ours(copy, commands, backend, image) if copy else _theirs(folder, script, backend, image)
        found.append(Compared(task.id, agent, ours, theirs))
    return found


def _ours(task: Task, commands: Sequence[str], backend: Backend, image: str) -> bool:
    sandbox = open_task_sandbox(backend, task, image)
    try:
        for command in commands:
            if command != "submit":
                sandbox.run(command, task.limits.command_seconds)
        return judge_sandbox(sandbox, task, backend, image)[1].passed
    finally:
        sandbox.close()


def _theirs(folder: Path, script: str, backend: Backend, image: str) -> bool:
    if backend.name == "docker":
        return judge_in_container(folder, collect_in_container(folder, script)) >= 1.0
    return judge_archive(folder, collect(folder, script, backend, image)) >= 1.0


def collect(folder: Path, script: str, backend: Backend, image: str = "") -> bytes:
    """The archive that is collected of an exported folder's environment after `script`, a path in it ("" for none).

    Without an `image` it is the backend's default and not the one that `task.toml` declares: bubblewrap's shows this
    machine's own system.
    """
    config = tomllib.loads((folder / "task.toml").read_text("utf-8"))
    workdir = config["environment"]["workdir"]
    spec = SandboxSpec(image=image, writable=(workdir, "/logs", "/solution"))
    sandbox = backend.create(spec)
    try:
        sandbox.write("/tmp/start.tar", (folder / "environment" / "start.tar").read_bytes())
        sandbox.run(f"tar -xpf /tmp/start.tar -C / && rm /tmp/start.tar; cd {workdir}")
        if script:
            sandbox.write("/solution/script.sh", (folder / script).read_bytes())
            sandbox.run("bash /solution/script.sh", _SOLVE_SECONDS)
        ended = [sandbox.run(hook["command"], hook["timeout_sec"]) for hook in config["verifier"]["collect"]]
        try:
            return sandbox.read(ARCHIVE, ARCHIVE_BYTES)
        except FileNotFoundError:
            raise VerifierError(f"{folder}: [[verifier.collect]] wrote no {ARCHIVE}: {_told(ended)}") from None
    finally:
        sandbox.close()


def _told(ended: Sequence[Result]) -> str:
    """How commands ended and what they said, for an error."""
    return "; ".join(
        f"exit code {one.exit_code}{', at its time limit' if one.timed_out else ''}"
        f"{', with a new shell' if one.shell_restarted else ''}: {one.output.decode('utf-8', 'replace').strip()[-300:]}"
        for one in ended
    )


def judge_archive(folder: Path, archive: bytes) -> float:
    """The reward that `tests/test.sh` of an exported folder gives for `archive`, in a place with two users.

    Raises:
        VerifierError: it gives none; with what it said. BackendUnavailableError: there is no such place here.
    """
    config = tomllib.loads((folder / "task.toml").read_text("utf-8"))
    sent = io.BytesIO()
    with tarfile.open(fileobj=sent, mode="w") as tar:
        tar.add(folder / "tests", "tests", filter=_of_root)
        info = tarfile.TarInfo(ARCHIVE.lstrip("/"))
        info.size = len(archive)
        tar.addfile(info, io.BytesIO(archive))
    seconds = config["verifier"]["timeout_sec"] + _CLOSING_SECONDS
    with _two_users() as process:
        try:
            said, complaint = process.communicate(sent.getvalue(), seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise VerifierError(f"{folder}/tests/test.sh took more than {seconds} seconds") from None
    try:
        return the_reward(json_rewards(said))
    except UnreadableError as error:
        last = complaint.decode("utf-8", "replace").strip()[-500:]
        raise VerifierError(f"{folder}/tests/test.sh gives no reward ({error}): {last}") from None


def _of_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info


def no_two_users() -> str:
    """Why exported folders cannot be judged here, with what to do about it; "" when they can."""
    if os.geteuid() != 0:
        return "judging an exported folder takes two users: run as root, or run the folder with Harbor and Docker"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed. Get it: apt-get install bubblewrap"
    return ""


@contextlib.contextmanager
def _two_users() -> Iterator[subprocess.Popen[bytes]]:
    """A process that judges what it is sent: root and uid 1000 of a user namespace, over the verifier's image."""
    if reason := no_two_users():
        raise BackendUnavailableError(reason)
    writable = ("/workspace", "/tests", "/logs")
    root = rootfs_path(JUDGE_IMAGE)
    arguments = mounts(SandboxSpec(image=JUDGE_IMAGE, writable=writable), root, None)
    capabilities = ("SETUID", "SETGID", "KILL", "CHOWN", "FOWNER", "DAC_OVERRIDE", "FSETID")
    kept = [part for name in capabilities for part in ("--cap-add", f"CAP_{name}")]
    command = [
        *("bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent"),
        *("--new-session", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--cap-drop", "ALL", *kept, *arguments),
        *("--chdir", "/", "--", "bash", "-c", _JUDGE),
    ]
    ready, told = os.pipe()
    waits, go = os.pipe()
    try:
        with subprocess.Popen(
            [sys.executable, "-I", "-c", _ENTER, str(told), str(waits), *command],
            pass_fds=(told, waits),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            os.close(told)
            told = -1
            try:
                if os.read(ready, 1):
                    _map_ids(process.pid)
                    os.write(go, b"x")
                yield process
            except BaseException:
                process.kill()  # it may still wait for its ids, and leaving this block waits for it
                raise
    finally:
        for fd in (ready, told, waits, go):
            if fd >= 0:
                os.close(fd)


def _map_ids(pid: int) -> None:
    try:
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{pid}/{kind}").write_text(f"0 {_FIRST_ID} 1\n1000 {_FIRST_ID + 1} 1\n")
    except OSError as error:
        raise BackendUnavailableError(
            f"judging an exported folder takes two users, which cannot be had here: {error}"
        ) from error
