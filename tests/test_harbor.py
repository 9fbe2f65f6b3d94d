"""Task folders in Harbor's format: what loads, what it pays, and what a broken folder is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.proof import prove
from selftrain.errors import TaskError, VerifierError
from selftrain.evidence import Evidence
from selftrain.sandboxes import make_backend

LOGS = "/logs/verifier"
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "task.toml": TOML,
        "instruction.md": "Write tally.sh and count.txt in /app.",
        "environment/Dockerfile": "FROM debian\n# data\nWORKDIR /app\nCOPY data data\nCOPY note.txt /app/docs/\n",
        "environment/data/lines.txt": "a\nb\nc\n",
        "environment/note.txt": "hello\n",
        "tests/test.sh": TEST,
        "solution/solve.sh": SOLVE,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_folder_is_a_task(folder: Path) -> None:
    task = load_harbor_task(folder)
    assert task.id == "acme/count" and task.limits.seconds == 60
    assert task.files == {"/app/data/lines.txt": b"a\nb\nc\n", "/app/docs/note.txt": b"hello\n"}
    assert prove(task, make_backend()).faults == []


def test_what_the_agent_leaves_in_the_tests_folder_does_not_count(folder: Path) -> None:
    task = load_harbor_task(folder)
    cheat = "mkdir -p /tests /logs/verifier; echo 'echo 1 > /logs/verifier/reward.txt' > /tests/test.sh; "
    cheating = {"tests": (cheat + "echo 1 > /logs/verifier/reward.txt; echo 1 > /logs/verifier/reward.json",)}
    object.__setattr__(task, "cheats", cheating)
    assert prove(task, make_backend()).faults == []


@pytest.mark.parametrize(
    ("script", "passed"),
    [
        (
            'echo \'{"reward": 1.0, "style": 0.2}\' > /logs/verifier/reward.json; echo 0 > /logs/verifier/reward.txt',
            True,
        ),
        ("echo '{\"accuracy\": 0.5}' > /logs/verifier/reward.json", False),
        ("echo 1 > /logs/verifier/reward.txt; exit 7", True),
    ],
)
def test_rewards_are_read_as_harbor_reads_them(folder: Path, script: str, passed: bool) -> None:
    (folder / "tests" / "test.sh").write_text(script + "\n")
    task = load_harbor_task(folder)
    assert task.verifier.verify(Evidence({}), task, SandboxCleanRoom(make_backend())).passed is passed


@pytest.mark.parametrize(
    "script",
    [
        "true",
        "echo nan > /logs/verifier/reward.txt",
        'echo \'{"a": 1, "b": 1}\' > /logs/verifier/reward.json',
        "kill $$",
    ],
)
def test_a_reward_that_never_comes_is_an_error(folder: Path, script: str) -> None:
    (folder / "tests" / "test.sh").write_text(script + "\n")
    task = load_harbor_task(folder)
    with pytest.raises(VerifierError, match="untouched"):
        task.verifier.verify(Evidence({}), task, SandboxCleanRoom(make_backend()))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("task.toml", "not toml", "not TOML"),
        ("task.toml", TOML + "gpus = 1\n", "environment.gpus"),
        ("task.toml", TOML + "[[steps]]\nname='a'\n", "steps"),
        ("task.toml", TOML.replace("timeout_sec = 60", "timeout_sec = 'long'"), "agent.timeout_sec"),
        ("task.toml", TOML.replace("timeout_sec = 20", "environment_mode = 'separate'"), "verifier.environment_mode"),
        ("environment/Dockerfile", "FROM debian\nRUN apt-get install -y vim\n", "line 2: RUN"),
        ("environment/Dockerfile", "FROM debian\nCOPY ../../secret /app/\n", "COPY ../../secret"),
    ],
)
def test_a_broken_folder_is_told_what_is_wrong(folder: Path, name: str, text: str, said: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(TaskError, match=said):
        load_harbor_task(folder)


@pytest.mark.parametrize("name", ["task.toml", "instruction.md", "tests/test.sh"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(TaskError, match=name):
        load_harbor_task(folder)
