"""Task folders for the tests of Harbor's format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.harbor import load_harbor_task
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import make_backend
from selftrain.tasks import Task
from selftrain.verdicts import Verdict

TOML = """
schema_version = "1.4"
[task]
name = "acme/count"
[agent]
timeout_sec = 60
[verifier]
timeout_sec = 20
[environment]
network_mode = "no-network"
"""
TEST = """#!/bin/bash
if [ "$(cat count.txt 2>/dev/null)" = 3 ] && bash tally.sh data/lines.txt | grep -qx 3; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi
"""
SOLVE = """#!/bin/bash
cd /app
printf '%s\\n' 'wc -l < "$1"' > tally.sh
bash tally.sh data/lines.txt > count.txt
"""
COUNT = {
    "task.toml": TOML,
    "instruction.md": "Write tally.sh and count.txt in /app.",
    "environment/Dockerfile": "FROM debian\n# data\nWORKDIR /app\nCOPY data data\nCOPY note.txt /app/docs/\n",
    "environment/data/lines.txt": "a\nb\nc\n",
    "environment/note.txt": "hello\n",
    "tests/test.sh": TEST,
    "solution/solve.sh": SOLVE,
}


def write_folder(root: Path, files: Mapping[str, str]) -> Path:
    """The folder with these files added to it, or put in the place of older ones."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def judged(task: Task, files: Mapping[str, str] | None = None) -> Verdict:
    """The verdict over files that an agent might have left."""
    evidence = Evidence({path: EvidenceFile(text.encode()) for path, text in (files or {}).items()})
    return task.verifier.verify(evidence, task, SandboxCleanRoom(make_backend("bubblewrap")))


def judged_by(root: Path, script: str, files: Mapping[str, str] | None = None) -> Verdict:
    """The verdict of the folder's task when its test script is this one."""
    (root / "tests" / "test.sh").write_text(script + "\n")
    return judged(load_harbor_task(root), files)
