"""Task folders in Harbor's format: what loads, what it pays, and what a broken folder is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from harbor_folders import COUNT, TOML, judged, judged_by, write_folder

from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.proof import prove
from selftrain.errors import TaskError, VerifierError
from selftrain.sandboxes import make_backend


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path, COUNT)


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
    ("script", "passed", "score"),
    [
        (
            'echo \'{"reward": 1.0, "style": 0.2}\' > /logs/verifier/reward.json; echo 0 > /logs/verifier/reward.txt',
            True,
            1.0,
        ),
        ("echo '{\"accuracy\": 0.5}' > /logs/verifier/reward.json", False, 0.5),
        ("echo '{\"accuracy\": 1}' > /logs/verifier/reward.json", True, 1.0),
        ("echo '1.0' > /logs/verifier/reward.json", True, 1.0),
        ("echo 1 > /logs/verifier/reward.txt; exit 7", True, 1.0),
        ("echo -3 > /logs/verifier/reward.txt", False, 0.0),
        ("echo 2.5 > /logs/verifier/reward.txt", True, 1.0),
    ],
)
def test_rewards_are_read_as_harbor_reads_them(folder: Path, script: str, passed: bool, score: float) -> None:
    verdict = judged_by(folder, script)
    assert (verdict.passed, verdict.score) == (passed, score)
    assert "in-process" in verdict.checks[0].name and bool(verdict.why) is not passed


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("true", "neither reward.json nor reward.txt"),
        ("echo nan > /logs/verifier/reward.txt", "not a finite number"),
        ("echo -inf > /logs/verifier/reward.txt", "not a finite number"),
        ("echo high > /logs/verifier/reward.txt", "reward.txt is not a number"),
        (": > /logs/verifier/reward.txt", "reward.txt is empty"),
        (": > /logs/verifier/reward.json; echo 1 > /logs/verifier/reward.txt", "reward.json is empty"),
        ("echo '{\"reward\": NaN}' > /logs/verifier/reward.json", "NaN is not JSON"),
        ("echo '{\"reward\": 1e999}' > /logs/verifier/reward.json", "out of range"),
        ('echo \'{"reward": "1"}\' > /logs/verifier/reward.json', "'reward' is not a finite number"),
        ('echo \'{"reward": 1, "b": null}\' > /logs/verifier/reward.json', "'b' is not a finite number"),
        ("echo '{}' > /logs/verifier/reward.json", "holds no reward"),
        ("echo '[1]' > /logs/verifier/reward.json", "not a finite number"),
        ('echo \'{"b": 1, "a": 1}\' > /logs/verifier/reward.json', "none of them is called 'reward': a, b"),
        ("kill $$", "neither"),
    ],
)
def test_a_reward_that_never_comes_is_an_error(folder: Path, script: str, said: str) -> None:
    with pytest.raises(VerifierError, match="acme/count gives no reward, on untouched files either") as error:
        judged_by(folder, script)
    assert said in str(error.value)


def test_a_script_that_hangs_is_an_error_and_one_that_the_submission_hangs_scores_0(folder: Path) -> None:
    (folder / "task.toml").write_text(TOML.replace("timeout_sec = 20", "timeout_sec = 0.7"))
    with pytest.raises(VerifierError, match="timeout"):
        judged_by(folder, "sleep 60")
    waits = "bash tally.sh 2>/dev/null; echo 1 > /logs/verifier/reward.txt"
    verdict = judged_by(folder, waits, {"/app/tally.sh": "sleep 60"})
    assert not verdict.passed and verdict.why.endswith("no_result: timeout")


def test_a_script_that_the_submission_breaks_scores_0(folder: Path) -> None:
    script = '[ "$(cat count.txt 2>/dev/null)" != x ] || exit 1; echo 1 > /logs/verifier/reward.txt'
    verdict = judged_by(folder, script, {"/app/count.txt": "x"})
    assert not verdict.passed and "no_result: neither" in verdict.why


def test_a_script_that_prints_without_end_is_an_error_and_one_that_the_submission_floods_scores_0(folder: Path) -> None:
    with pytest.raises(VerifierError, match="printed more than 8 MB"):
        judged_by(folder, "head -c 1000000000 /dev/zero; echo 1 > /logs/verifier/reward.txt")
    floods = "bash tally.sh 2>/dev/null; echo 1 > /logs/verifier/reward.txt"
    verdict = judged_by(folder, floods, {"/app/tally.sh": "head -c 9000000 /dev/zero"})
    assert not verdict.passed and "no_result: it printed more than 8 MB" in verdict.why


def test_the_script_is_run_as_its_first_line_says(folder: Path) -> None:
    assert judged_by(folder, '#!/usr/bin/awk -f\nBEGIN { print 1 > "/logs/verifier/reward.txt" }').passed


def test_empty_folders_are_judged_and_links_are_not(folder: Path) -> None:
    script = "[ -d out/deep ] && [ ! -e link ]; echo $((! $?)) > /logs/verifier/reward.txt"
    (folder / "tests" / "test.sh").write_text(script)
    (folder / "solution" / "solve.sh").write_text("cd /app && mkdir -p out/deep && ln -s /tests/test.sh link\n")
    assert prove(load_harbor_task(folder), make_backend()).faults == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("task.toml", "not toml", "not TOML"),
        ("task.toml", TOML + "[[steps]]\nname='a'\n", "steps/a"),
        ("environment/docker-compose.yaml", "services: {}", "docker-compose.yaml is not supported"),
        ("trajectory.json", "{}", "trajectory.json is not supported"),
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


_STEP = "[[steps]]\nname = 'a'\n"


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("tests/answer", ""),
        ("environment/data/answer", ""),
        ("solution/answer", ""),
        ("instruction.md", ""),
        ("task.toml", ""),
        ("environment/Dockerfile", ""),
        ("environment", ""),
        ("steps/a/instruction.md", _STEP),
    ],
)
def test_nothing_outside_the_folder_is_read(folder: Path, tmp_path_factory: Any, name: str, steps: str) -> None:
    (folder / "task.toml").write_text(TOML + steps)
    write_folder(folder, {"steps/a/instruction.md": "Do it.", "steps/a/tests/test.sh": "true"} if steps else {})
    away, place = tmp_path_factory.mktemp("away") / "it", folder / name
    if place.exists():
        place.rename(away)  # so that only the link is wrong with it
    else:
        away.write_text("an answer")
    place.symlink_to(away)
    with pytest.raises(TaskError, match=f"{name}.* is a link that leads out of {folder}"):
        load_harbor_task(folder)


def test_a_text_may_be_a_link_within_the_folder(folder: Path) -> None:
    (folder / "instruction.md").rename(folder / "said.md")
    (folder / "instruction.md").symlink_to("said.md")
    assert load_harbor_task(folder).instruction == COUNT["instruction.md"]


@pytest.mark.parametrize("name", ["tests/answer", "solution/answer"])
def test_more_than_a_machine_can_hold_is_not_read(folder: Path, name: str) -> None:
    (folder / name).touch()
    os.truncate(folder / name, 1 << 40)
    with pytest.raises(TaskError, match=r"answer has 1048576 MiB, and a task's folder at most 1024"):
        load_harbor_task(folder)


def test_links_in_a_circle_are_told(folder: Path) -> None:
    (folder / "tests" / "round").symlink_to("about")
    (folder / "tests" / "about").symlink_to("round")
    with pytest.raises(TaskError, match="no link to a file"):
        load_harbor_task(folder)


def test_canary_marks_are_not_for_the_agent(folder: Path) -> None:
    (folder / "instruction.md").write_text("<!-- harbor canary 1234 -->\n# canary\n\n# Count\n")
    assert load_harbor_task(folder).instruction == "# Count\n"


def test_what_the_environment_asks_for_is_there_for_agent_and_tests(folder: Path) -> None:
    more = "memory_mb = 96\nstorage_mb = 5\ncpus = 0.5\nworkdir = '/srv/job'\n[environment.env]\nA = '${B:-x y}'\n"
    (folder / "task.toml").write_text(
        TOML.replace("[verifier]", "user = 'root'\n[verifier]\nuser = 'agent'\nenv = {C = 'c'}").replace(
            "[environment]\n", "[solution]\nenv = {D = 'd'}\n[environment]\n"
        )
        + more
    )
    (folder / "environment" / "Dockerfile").write_text("FROM debian\nENV E=e\nENV F=$E/f\nUSER root\nWORKDIR /app\n")
    (folder / "solution" / "solve.sh").write_text('echo "$(pwd) $(id -u) $A $C $D $E $F" > said\n')
    (folder / "tests" / "test.sh").write_text(
        "here=\"$(cat said 2>/dev/null) $(id -u) $(pwd) $A$C$F $(df -k . | awk 'END {print $2}')\"\n"
        '[ "$here" = "/srv/job 0 x y  d e e/f 1000 /srv/job x yce/f 5120" ]\n'
        "echo $((! $?)) > /logs/verifier/reward.txt\n"
    )
    task = load_harbor_task(folder)
    assert task.needs.memory_bytes == 96 << 20 and task.needs.cpus == 0.5
    assert prove(task, make_backend()).faults == []
    assert not judged(task, {"/srv/job/said": "another"}).passed


def test_cheats_of_a_folder_are_the_task_s(folder: Path) -> None:
    cheats = {"cheats/guess.sh": "echo 4 > /app/count.txt\n", "cheats/pay.sh": "echo 1 > /logs/verifier/reward.txt\n"}
    task = load_harbor_task(write_folder(folder, cheats))
    assert sorted(task.cheats) == ["guess", "pay"] and prove(task, make_backend(), repetitions=1).faults == []
    write_folder(folder, {"cheats/guess.sh": (folder / "solution" / "solve.sh").read_text()})
    faults = prove(load_harbor_task(folder), make_backend(), repetitions=1).faults
    assert faults == ["cheat guess passed: all checks"]
