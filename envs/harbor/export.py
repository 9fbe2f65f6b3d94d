"""SelfTrain's terminal tasks as folders in Harbor's format (schema 1.4), whose `test.sh` gives the same verdict.

    task.toml · instruction.md · environment/{Dockerfile,start.tar,setup.sh} · solution/solve.sh
    tests/{Dockerfile,setup.sh,test.sh,judge.py,task.json,judge/} · cheats/NAME.sh

How a verdict leaves SelfTrain. Our verifiers are Python closures with hidden expected values, and two rules keep them
sound: what they expect is nowhere that the agent or its submission runs, and a submission only maps inputs to outputs.
The folder keeps both:

- **The verifier is separate.** `environment_mode = "separate"`: `tests/` is baked into an image of its own and never
  lies where the agent acts. `[[verifier.collect]]` packs, after the agent's processes have been killed, exactly the
  paths that the verifier asks for into one archive, because Harbor's own transfer would change modes and drop links.
- **The judge is SelfTrain's own code.** `tests/judge/` holds the modules that the task's family needs and nothing else,
  and `selftrain.envs.guest_judge`, which builds the task anew from its id, refuses if it comes out differently (its
  fingerprint is in `task.json`), reads the archive by the same walk and limits as an export, and calls the verifier.
- **Trials have a second user.** Cases that run the submission run it as uid 1000 in emptied folders under the same
  clean room; the judge, the tests and the verdict are root's. Where there is no second user (a sandbox of one user),
  such a task is refused by name and gets no reward file; tasks that only read files are judged anywhere.
- **Pictures are not drawn anew.** They come out differently with other versions of the libraries that draw, so the
  judge of such a task (lab-bench) is given its verifier as the plain values that it is made of, in `task.json`.
- **What has no id is not exported.** A task that is not of a family cannot be built from one, and is refused.
- **The start is the state, not the recipe.** What setup made is exported as `start.tar`, so nothing of the setup or its
  files is in the agent's image. Both images are built from the declared base and packages of our image recipes.

Modification times are kept when they are older than the export and are one fixed day else, so that the same task gives
the same bytes, but for git's index, which notes times and inodes of its own. Sockets are not in archives: no task is
judged by one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import posixpath
import re
import shlex
import tarfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftrain.envs.families import ALL_NAMES, terminal_task
from selftrain.envs.guest_judge import ARCHIVE, ARCHIVE_BYTES
from selftrain.envs.harbor.folders import files_below
from selftrain.envs.harbor.judge_files import in_values, is_drawn, judge_sources
from selftrain.envs.task_choice import find_task
from selftrain.envs.task_sandbox import open_task_sandbox
from selftrain.envs.verifiers import TrialVerifier
from selftrain.errors import SelfTrainError, TaskError
from selftrain.sandboxes import Backend
from selftrain.sandboxes.base import ALWAYS_WRITABLE, TreeEntry
from selftrain.sandboxes.docker_images import dockerfile
from selftrain.sandboxes.images import read_recipe, setup_script
from selftrain.tasks import Task

JUDGE_IMAGE = "lab"
BASE = "debian:bookworm"
# of what is made while a task is exported: 2025-01-01
_FIXED_TIME_NS = 1_735_689_600 * 10**9
_SPARE_SECONDS = 120.0
# the agent's processes end first, so that what is packed holds still; where there is one user, nobody can do so
_COLLECT = """\
if [ "$(id -u)" = 0 ]; then setpriv --reuid=1000 --regid=1000 --clear-groups bash -c 'kill -9 -1' || true; fi
rm -rf {archive} && mkdir -p {folder} && cd / &&
{{ tar -cf - --format=posix --sort=name --hard-dereference --no-recursion {parents} --recursion {exports} 2>/dev/null \
|| true; }} | head -c {most} > {archive}"""
_TEST = """\
#!/bin/bash
# The verdict of this task; see judge.py. It writes /logs/verifier/reward.json, or says why there is no verdict.
exec python3 -I -B -X utf8 /tests/judge.py
"""
_START_JUDGE = b"""\
import sys

sys.path.insert(0, "/tests/judge")
from selftrain.envs.guest_judge import main

sys.exit(main())
"""
_SCRIPT = """\
#!/bin/bash
# Each step is what would be typed into one shell; a step that breaks does not end those after it.
cd {workdir} || exit 1
"""


@dataclass(frozen=True)
class Exported:
    """What became of one task: its folder, or why it has none."""

    task: str
    folder: Path | None
    why: str = ""


def export_each(
    tasks: Iterable[str | Task], place: Path, backend: Backend, image: str = ""
) -> Iterator[tuple[Task | None, Exported]]:
    """Write each of `tasks` into a folder of its own below `place`; one that cannot be exported stops no other.

    Args:
        tasks: they or their ids.
        place: made where it is missing.
        backend, image: see `export_task`.

    Yields:
        The task, None where it cannot be had, and what became of it.
    """
    for item in tasks:
        task, name = (item, item.id) if isinstance(item, Task) else (None, item)
        try:
            task = task or find_task(name, "terminal")
            yield task, Exported(name, export_task(task, place / folder_name(task), backend, image))
        except SelfTrainError as error:
            yield task, Exported(name, None, str(error))


def folder_name(task: Task) -> str:
    """What the folder of `task` is called: its id on one level."""
    return task.id.replace("/", "-")


def export_task(task: Task, folder: Path, backend: Backend, image: str = "") -> Path:
    """Write `task` into `folder`, which must not exist yet or be empty; the folder, for those who chain.

    Args:
        task: a terminal task of one of our families, as its id names it; or one that is a folder in Harbor's format
            already, as packs have them, which is copied.
        folder: where the files go.
        backend: where the task's setup runs, to learn what the agent finds.
        image: for that sandbox; "" takes the task's, or the backend's default.

    Raises:
        TaskError: a task that cannot be exported, or a folder that is in use or cannot be written.
        SandboxError: the backend failed.
    """
    source = source_folder(task)
    if source is None:
        _check(task)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TaskError(f"{folder} is not empty: export {task.id} into a folder that does not exist yet")
    if source is None:
        made = exported_files(task, backend, image)
        files = {name: (data, 0o755 if data.startswith(b"#!") else 0o644) for name, data in made.items()}
    else:
        files = files_below(source, source)
    try:
        for name, (data, mode) in sorted(files.items()):
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            place.chmod(mode)
    except OSError as error:
        raise TaskError(f"{folder} cannot be written: {error.strerror}; export into another folder") from error
    return folder


def source_folder(task: Task) -> Path | None:
    """The folder in Harbor's format that a task was loaded from; None for those that are made."""
    folder = task.metadata.get("folder")
    return Path(folder) if isinstance(folder, str) and (Path(folder) / "task.toml").is_file() else None


def exported_files(task: Task, backend: Backend, image: str = "") -> dict[str, bytes]:
    """The folder's files, by path relative to it; errors as `export_task`."""
    setup, work = setup_script(), f"WORKDIR {task.writable[0]}\n"
    about: dict[str, Any] = {"id": task.id, "fingerprint": task.fingerprint()}
    if is_drawn(task.family):
        about |= {"writable": task.writable, "verifier": in_values(task)}
    files = {
        "task.toml": _task_toml(task).encode(),
        "instruction.md": task.instruction.rstrip("\n").encode() + b"\n",
        "environment/Dockerfile": _dockerfile(_agent_image(task), f"ADD start.tar /\n{work}").encode(),
        "environment/setup.sh": setup,
        "environment/start.tar": start_archive(task, backend, image),
        "tests/Dockerfile": _dockerfile(JUDGE_IMAGE, f"{work}COPY . /tests\nRUN chmod -R go= /tests\n").encode(),
        "tests/setup.sh": setup,
        "tests/test.sh": _TEST.encode(),
        "tests/judge.py": _START_JUDGE,
        "tests/task.json": (json.dumps(about, indent=1) + "\n").encode(),
    }
    files |= {f"tests/judge/{path}": data for path, data in judge_sources(task).items()}
    files["solution/solve.sh"] = _script(task, task.oracle)
    return files | {cheat_file(name): _script(task, commands) for name, commands in task.cheats.items()}


def collect_command(task: Task) -> str:
    """What `[[verifier.collect]]` runs when the agent has ended; the archive holds no path reached through a link."""
    exports = [path.lstrip("/") for path in task.verifier.exports]
    parents = sorted({parent for path in exports for parent in _parents(path)} - set(exports))
    return _COLLECT.format(
        archive=ARCHIVE,
        folder=posixpath.dirname(ARCHIVE),
        parents=shlex.join(parents),
        exports=shlex.join(exports),
        most=ARCHIVE_BYTES,
    )


def start_archive(task: Task, backend: Backend, image: str = "") -> bytes:
    """What the agent finds in its folders, as a tar archive."""
    started = time.time_ns() - 24 * 3600 * 10**9
    with_setup = open_task_sandbox(backend, task, image)
    try:
        entries = with_setup.snapshot().entries
    finally:
        with_setup.close()
    kept = [entry for entry in entries if not _in_passing(entry.path, task)]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in sorted(kept, key=lambda entry: entry.path):
            _add(tar, entry, started)
    return buffer.getvalue()


def _in_passing(path: str, task: Task) -> bool:
    """Whether `path` is of a folder that every sandbox has, and not of the task's own."""
    own = any(path == folder or path.startswith(folder + "/") for folder in task.writable)
    return not own and any(path == folder or path.startswith("/tmp/") for folder in ALWAYS_WRITABLE)


def _add(tar: tarfile.TarFile, entry: TreeEntry, started: int) -> None:
    info = tarfile.TarInfo(entry.path.lstrip("/"))
    kinds = {"file": tarfile.REGTYPE, "directory": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}
    info.type, info.mode = kinds[entry.kind], entry.mode
    info.uid = info.gid = 1000
    info.mtime = (entry.mtime_ns if entry.mtime_ns < started else _FIXED_TIME_NS) // 10**9
    if entry.kind == "link":
        info.linkname = entry.data.decode("utf-8", "surrogateescape")
        tar.addfile(info)
    else:
        info.size = len(entry.data)
        tar.addfile(info, io.BytesIO(entry.data))


def _check(task: Task) -> None:
    """Raise `TaskError` unless the judge will be able to build the same task from its id."""
    if task.kind != "terminal" or task.family not in ALL_NAMES:
        raise TaskError(
            f"task {task.id or task.instruction[:40]!r} cannot be exported: only tasks of the terminal families can, "
            "for its judge is built anew from the id"
        )
    if terminal_task(task.id).fingerprint() != task.fingerprint():
        raise TaskError(f"task {task.id} cannot be exported: it is not the task that its id names")
    for path in task.verifier.exports:
        if not any(path == folder or path.startswith(folder + "/") for folder in task.writable):
            raise TaskError(f"task {task.id} cannot be exported: its verifier asks for {path}, not in {task.writable}")


def runs_submission(task: Task) -> bool:
    """Whether judging runs what the agent made, which needs a second user."""
    return isinstance(task.verifier, TrialVerifier)


def _task_toml(task: Task) -> str:
    cases = task.verifier.cases if isinstance(task.verifier, TrialVerifier) else ()
    seconds = _SPARE_SECONDS + 2 * sum(case.input.seconds for case in cases)
    place = 'network_mode = "no-network"\ncpus = 1\nmemory_mb = 2048\nstorage_mb = 4096\n'
    return f"""\
schema_version = "1.4"
artifacts = []

[task]
name = "selftrain/{folder_name(task)}"
version = "1.0.0"
description = {_quoted(task.instruction.strip().splitlines()[0])}
keywords = ["{task.family}", "level-{task.level}"]

[metadata.selftrain]
id = "{task.id}"
fingerprint = "{task.fingerprint()}"
image = "{_agent_image(task)}"
verifier_image = "{JUDGE_IMAGE}"
second_user = {str(runs_submission(task)).lower()}  # whether judging runs the submission, as another user

[agent]
timeout_sec = {task.limits.seconds}
user = "agent"

[verifier]
timeout_sec = {seconds}
user = "root"
environment_mode = "separate"

[[verifier.collect]]
timeout_sec = 60.0
user = "root"
command = '''
{collect_command(task)}
'''

[verifier.environment]
{place}
[environment]
{place}workdir = "{task.writable[0]}"
"""


def _agent_image(task: Task) -> str:
    """The image that has what the task's own environment has: tools for pictures, where there are some."""
    return "lab" if is_drawn(task.family) else "terminal"


def _dockerfile(image: str, rest: str) -> str:
    """The image of a recipe on its declared base, and what is added to it.

    The label says which of our images the lines above it make, for runners that have that image already.
    """
    return f'{dockerfile(read_recipe(image), BASE)}LABEL selftrain.image="{image}"\n{rest}'


def _script(task: Task, commands: Sequence[str]) -> bytes:
    """A script that sources each command from a document of its own; "submit" ends an episode and is no command."""
    parts = [_SCRIPT.format(workdir=shlex.quote(task.writable[0]))]
    for command in commands:
        if command == "submit":
            continue
        # the mark cannot be a line of the command
        mark = f"STEP_{len(parts)}_{hashlib.sha256(os.fsencode(command)).hexdigest()[:12]}"
        parts.append(f"source /dev/fd/9 9<<'{mark}' </dev/null\n{command}\n{mark}\n")
    return os.fsencode("".join(parts))


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def cheat_file(name: str) -> str:
    """The file of the cheat called `name`."""
    return f"cheats/{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.sh"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True).replace("\\u007f", "")
