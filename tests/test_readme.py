"""Every block of the README runs as it stands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from backends import needs_coq, needs_sympy
from typer.testing import CliRunner

from selftrain import cli

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
COMMANDS = [
    line.split("#")[0].strip()
    for language, code in BLOCKS
    if language == "sh"
    for line in code.splitlines()
    if line.startswith("selftrain ")
]
# played by a person or a model, or building for a minute: their own tests run them
ELSEWHERE = ("--agent human", "--agent local", "--agent chat", "images build")


def test_there_is_something_to_run() -> None:
    assert len(PYTHON) >= 2 and len(COMMANDS) >= 6


MARKS = {"SelfTrain-Proof": needs_coq, "SelfTrain-Math": needs_sympy}


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=[MARKS[part] for part in MARKS if part in code]) for code in PYTHON]
)
def test_python_blocks_run(code: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr


def test_commands_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFTRAIN_PACKS", "")  # which --pack sets for the whole process
    (tmp_path / "DIR").mkdir()
    negative = {"grade"}  # an empty folder is a fail
    for line in COMMANDS:
        if any(part in line for part in ELSEWHERE):
            continue
        shorter = line.replace("git-*/test/1-3/0-4", "git-*/test/1/0").replace("te acme", "te acme --task sort-*")
        words = shlex.split(shorter)[1:]
        result = CliRunner().invoke(cli.app, words)
        assert result.exit_code == (1 if words[0] in negative else 0), (line, result.output, result.exception)


def test_make_targets_named_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) <= targets
