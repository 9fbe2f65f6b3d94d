"""The command line: what it prints for machines, what its exit codes mean, and what bad input is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from selftrain.envs.catalogue import KINDS, family_names
from selftrain.envs.families import terminal_task
from selftrain.envs.task_sandbox import open_task_sandbox
from selftrain.needs import needs
from selftrain.sandboxes import make_backend

TASK = "csv-reshape/train/1/0"


def selftrain(*words: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "selftrain.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=env, timeout=300)


def json_of(done: subprocess.CompletedProcess[str], code: int = 0) -> Any:
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def left_by(commands: tuple[str, ...], folder: Path) -> Path:
    """The workspace that `commands` leave, copied to `folder`."""
    backend = make_backend()
    task = terminal_task(TASK)
    sandbox = open_task_sandbox(backend, task)
    for command in commands:
        sandbox.run(command)
    for path, file in sandbox.export(("/workspace",)).files.items():
        target = folder / path.removeprefix("/workspace/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
    sandbox.close()
    return folder


COMMANDS = {"pip install 'selftrain[math]'", "apt-get install python3-sympy", "apt-get install coq"}


def test_list_names_everything(tmp_path: Path) -> None:
    found = json_of(selftrain("list", "--json", cwd=tmp_path))
    assert set(found["families"]) == set(family_names()) and "SelfTrain-Terminal-v0" in found["environments"]
    assert {family["kind"] for family in found["families"].values()} == set(KINDS)
    assert {"oracle", "nop", "random", "human"} <= set(found["agents"])
    assert found["backends"] == ["bubblewrap", "docker"]
    shown = selftrain("list", cwd=tmp_path).stdout
    assert all(name in shown for name in family_names())


def test_run_then_replay(tmp_path: Path) -> None:
    words = ("run", "SelfTrain-Terminal-v0", "--task", TASK, "--agent", "oracle", "--out", "records", "--json")
    report = json_of(selftrain(*words, cwd=tmp_path))
    assert report["score"]["passed"] == 1 and report["directory"] == "records"
    assert json_of(selftrain(*words, cwd=tmp_path))["continued"] == 1
    assert json_of(selftrain("replay", "records", "--json", cwd=tmp_path)) == {"0": []}
    spoilt = (tmp_path / "records" / "episodes.jsonl").read_text().replace('"reward":1.0', '"reward":0.5')
    (tmp_path / "spoilt.jsonl").write_text(spoilt)
    assert json_of(selftrain("replay", "spoilt.jsonl", "--json", cwd=tmp_path), code=1)["0"] != []


def test_replay_of_ones_own_tasks(tmp_path: Path) -> None:
    (tmp_path / "sums.jsonl").write_text('{"problem": "$2 + 2 = ?$", "answer": "4"}', encoding="utf-8")
    json_of(selftrain("run", "SelfTrain-Math-v0", "--task", "sums.jsonl", "--out", "records", "--json", cwd=tmp_path))
    assert json_of(selftrain("replay", "records", "--task", "sums.jsonl", "--json", cwd=tmp_path)) == {"0": []}


def test_verify_proves_and_says_what_fails(tmp_path: Path) -> None:
    (proof,) = json_of(selftrain("verify", TASK, "--json", "--repetitions", "1", cwd=tmp_path))
    assert proof["holds"] and proof["task"] == TASK


def test_grade_judges_a_folder(tmp_path: Path) -> None:
    solved = left_by(terminal_task(TASK).oracle, tmp_path / "solved")
    untouched = left_by((), tmp_path / "untouched")
    good = selftrain("grade", "--task", TASK, "--workspace", str(solved), cwd=tmp_path)
    assert good.returncode == 0 and good.stdout.splitlines()[-1] == "RESULT: PASS"
    bad = selftrain("grade", "--task", TASK, "--workspace", str(untouched), cwd=tmp_path)
    assert bad.returncode == 1 and bad.stdout.splitlines()[-1] == "RESULT: FAIL"


def test_grade_follows_no_links(tmp_path: Path) -> None:
    solved = left_by(terminal_task(TASK).oracle, tmp_path / "solved")
    (tmp_path / "linked").mkdir()
    for path in solved.iterdir():
        (tmp_path / "linked" / path.name).symlink_to(path)
    done = selftrain("grade", "--task", TASK, "--workspace", str(tmp_path / "linked"), cwd=tmp_path)
    assert done.returncode == 1 and "RESULT: FAIL" in done.stdout


def test_doctor_says_what_works(tmp_path: Path) -> None:
    found = json_of(selftrain("doctor", "--json", cwd=tmp_path))
    assert set(found["backends"]) == {"bubblewrap", "docker"}
    works = [name for name, backend in found["backends"].items() if backend["missing"] is None]
    assert works and "memory_bytes" in found["backends"][works[0]]["limits"]
    assert set(found["needs"].values()) <= {"", *COMMANDS}


def test_doctor_names_what_gets_a_missing_prover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert set(needs().values()) - {""} >= {"pip install 'selftrain[math]'", "apt-get install coq"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "SelfTrain-Terminl-v0"), "SelfTrain-Terminal-v0"),
        (("run", "SelfTrain-Terminal-v0", "--agent", "orcle"), "Did you mean oracle"),
        (("run", "SelfTrain-Terminal-v0", "--backend", "dockr"), "docker"),
        (("run", "SelfTrain-Terminal-v0", "--task", "csv-reshap"), "csv-reshape"),
        (("verify", "csv-reshape/train/9"), "level=9"),
        (("verify", "csv-reshape/trai/1"), "train"),
        (("grade", "--task", TASK, "--workspace", "absent"), "absent"),
        (("grade", "--task", "csv-*/train/1/0-3", "--workspace", "."), "names 4 tasks"),
        (("replay", "absent"), "absent"),
        (("images", "build", "termnal"), "terminal"),
        (("verify", TASK, "--image", "nothing"), "selftrain images build"),
    ],
)
def test_bad_input_gets_a_clear_message(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = selftrain(*words, cwd=tmp_path)
    assert done.returncode in (2, 3)
    assert said in done.stderr and "Traceback" not in done.stderr


def test_without_any_backend_the_way_out_is_told(tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/absent.sock", "HOME": str(tmp_path)}
    done = selftrain("run", "SelfTrain-Terminal-v0", "--task", TASK, "--out", "records", cwd=tmp_path, env=bare)
    assert done.returncode == 3
    assert "bubblewrap" in done.stderr and "apt-get install bubblewrap" in done.stderr and "docker" in done.stderr
    assert "Traceback" not in done.stderr
