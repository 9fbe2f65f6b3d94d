"""`selftrain pack new`: the files of a small pack that works as it stands, to be changed into one's own."""

from __future__ import annotations

from pathlib import Path

from selftrain.envs import catalogue
from selftrain.envs.packs.manifest import Pack, checked_name, read_pack
from selftrain.errors import OptionError, TaskError

_MANIFEST = """\
name = "{name}"           # the first part of its task ids: {name}/sort-names
version = "0.1.0"
licence = "MIT"
summary = "Say in one line what an agent does here."
kind = "terminal"

[splits]                  # globs over the folders in tasks/; each folder belongs to one split
train = ["sort-*"]
test = ["count-*"]

[images]                  # what the tasks' Dockerfiles begin with
default = "debian:bookworm"
"""
_FAMILIES = """
[families]                # families in Python: {name}/tally/train/1/0 and so on
tally = "{module}.tally:FAMILY"
"""
_README = """\
# {name}

A pack of tasks for SelfTrain. Each folder in `{tasks}` is a task in Harbor's format:

| file | what it is |
|---|---|
| `instruction.md` | what the agent is told; names every file that it must leave, by absolute path |
| `task.toml` | time limits and resources |
| `environment/` | a Dockerfile and the files that the agent finds |
| `tests/test.sh` | judges what the agent left; writes 1 or 0 to `/logs/verifier/reward.txt`; the agent never meets it |
| `solution/solve.sh` | solves the task; must score 1 |
| `cheats/*.sh` | ways to be paid without doing the task; each must score 0 |

    selftrain verify --pack {pack}                        # solutions score 1, doing nothing and cheats 0
    selftrain pack lock {pack}                            # hashes, so that changed tasks are noticed
    selftrain run SelfTrain-Terminal-v0 --pack {pack}     # play the train split
"""
_TASK = """\
schema_version = "1.4"

[task]
name = "{name}/{task}"

[agent]
timeout_sec = 300

[verifier]
timeout_sec = 30

[environment]
network_mode = "no-network"
"""
_DOCKERFILE = """\
FROM debian:bookworm
WORKDIR /app
COPY {given} {given}
"""
_TEST = """\
#!/bin/bash
# Runs in a fresh sandbox over what the agent left in /app. It runs nothing of that, and follows no link in it.
reward=0
if [ -f /app/{asked} ] && [ ! -L /app/{asked} ] && cmp -s /app/{asked} /tests/expected.txt; then
  reward=1
fi
echo "$reward" > /logs/verifier/reward.txt
"""
_SOLVE = """\
#!/bin/bash
cd /app
{solve}
"""
# each is paid by a verifier that is careless in its own way
_CHEATS = {
    "write-the-verdict": "mkdir -p /logs/verifier; echo 1 > /logs/verifier/reward.txt",
    "link-to-the-answer": "ln -sf /tests/expected.txt /app/{asked}",
    "hand-in-the-input": "cp /app/{given} /app/{asked}",
}
# task → what is given, what is asked for, and how the two are made
_TASKS = {
    "sort-names": {
        "instruction": "Write the names in /app/names.txt to /app/sorted.txt, one a line, each once, "
        "in the order in which `LC_ALL=C sort` puts them.\n",
        "given": "names.txt",
        "data": "Mira\nTomas\nAda\nMira\nJonas\nAda\nZoe\n",
        "asked": "sorted.txt",
        "expected": "Ada\nJonas\nMira\nTomas\nZoe\n",
        "solve": "LC_ALL=C sort -u names.txt > sorted.txt",
    },
    "count-errors": {
        "instruction": "Write to /app/count.txt how many lines of /app/server.log are of level ERROR (the second word "
        "of the line), as one number.\n",
        "given": "server.log",
        "data": "08:00 INFO started\n08:01 ERROR no disk\n08:02 INFO the ERROR is gone\n08:05 ERROR no disk\n",
        "asked": "count.txt",
        "expected": "2\n",
        "solve": "grep -cE '^[^ ]+ ERROR ' server.log > count.txt",
    },
}
_PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{module}"
version = "0.1.0"
dependencies = ["selftrain"]

[project.entry-points."selftrain.packs"]
{name} = "{module}"

[tool.setuptools]
packages = ["{module}"]

[tool.setuptools.package-data]
{module} = ["pack.toml", "pack.lock", "tasks/**/*", "data/**/*"]
"""
_FAMILY = '''\
"""The family `tally`: add up a column of numbers."""

import numpy as np

from selftrain.envs.checks import text_check
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Task, TaskFamily

PLACE = "/workspace/total.txt"


def build(rng: np.random.Generator, level: int) -> Task:
    """One column of numbers, longer at higher levels. All randomness comes from `rng`."""
    numbers = rng.integers(1, 1000, size=10 * level)
    return Task(
        instruction=f"Write the sum of the numbers in /workspace/numbers.txt to {PLACE}.",
        files={"/workspace/numbers.txt": "".join(f"{number}\\n" for number in numbers).encode()},
        # judged on the host, over the bytes that the agent left: what is expected is in no sandbox
        verifier=EvidenceVerifier((PLACE,), lambda evidence: [text_check(evidence, PLACE, str(numbers.sum()))]),
        tools=("awk",),
        oracle=(f"awk '{{ total += $1 }} END {{ print total }}' /workspace/numbers.txt > {PLACE}",),
        cheats={"hands in the numbers": (f"cp /workspace/numbers.txt {PLACE}",)},
    )


FAMILY = TaskFamily("tally", "Add up a column of numbers.", ("arithmetic",), chance=0.0, build=build)
'''


def start_pack(name: str, into: Path, python: bool = False) -> Pack:
    """Write a pack called `name` into a new folder of that name below `into`.

    Args:
        name: lower-case letters, digits and hyphens.
        into: is made when it is not there.
        python: an installable package around the pack, with a family in Python.

    Raises:
        TaskError: the name is none, or taken by a task family.
        OptionError: the folder is there already, or cannot be written.
    """
    if checked_name(name) in catalogue.family_names():
        raise TaskError(f"{name!r} is the name of a task family already; call the pack otherwise")
    module = f"{name.replace('-', '_')}_tasks"
    root = into / name
    folder = root / module if python else root
    files = {"README.md": _README.format(name=name, tasks=f"{module}/tasks/" if python else "tasks/", pack=folder)}
    within = f"{module}/" if python else ""
    if python:
        files |= {"pyproject.toml": _PYPROJECT.format(name=name, module=module), f"{within}tally.py": _FAMILY}
        files[f"{within}__init__.py"] = f'"""The pack {name}."""\n'
    files[f"{within}pack.toml"] = (_MANIFEST + (_FAMILIES if python else "")).format(name=name, module=module)
    for task in _TASKS:
        files |= {f"{within}tasks/{task}/{path}": text for path, text in _task_files(name, task).items()}
    _write(root, files)
    return read_pack(folder)


def _task_files(name: str, task: str) -> dict[str, str]:
    about = {**_TASKS[task], "name": name, "task": task}
    return {
        "instruction.md": about["instruction"],
        "task.toml": _TASK.format(**about),
        "environment/Dockerfile": _DOCKERFILE.format(**about),
        f"environment/{about['given']}": about["data"],
        "tests/test.sh": _TEST.format(**about),
        "tests/expected.txt": about["expected"],
        "solution/solve.sh": _SOLVE.format(**about),
        **{f"cheats/{cheat}.sh": f"#!/bin/bash\n{line.format(**about)}\n" for cheat, line in _CHEATS.items()},
    }


def _write(root: Path, files: dict[str, str]) -> None:
    try:
        root.mkdir(parents=True)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except FileExistsError:
        raise OptionError(f"{root} is there already; give another name, or another folder with --into") from None
    except OSError as error:
        raise OptionError(f"{root} cannot be written: {error.strerror}") from error
