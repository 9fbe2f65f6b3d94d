"""Terminal-Bench 1's layout, converted: what plays afterwards, and what a broken folder is told."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
from harbor_folders import judged, write_folder

from selftrain import cli
from selftrain.envs.harbor import convert_terminal_bench, load_harbor_task
from selftrain.envs.proof import prove
from selftrain.errors import TaskError, VerifierError
from selftrain.sandboxes import make_backend

pytest.importorskip("yaml")

TASK = """
instruction: |-
  Write "hi" to /app/out.txt.
author_name: A "B"
difficulty: easy
tags: [files, one]
parser_name: pytest
max_agent_timeout_sec: 90.0
max_test_timeout_sec: 30
disable_asciinema: false
expert_time_estimate_min:
"""
COMPOSE = """
services:
  client:
    build: {dockerfile: Dockerfile}
    image: ${T_BENCH_TASK_DOCKER_CLIENT_IMAGE_NAME}
    container_name: ${T_BENCH_TASK_DOCKER_CLIENT_CONTAINER_NAME}
    command: [ "sh", "-c", "sleep infinity" ]
    environment: ["TEST_DIR=${T_BENCH_TEST_DIR}", "GREETING=hi"]
    volumes:
      - ${T_BENCH_TASK_LOGS_PATH}:${T_BENCH_CONTAINER_LOGS_PATH}
"""
# what pytest -rA says at its end, of one test
RUN_TESTS = """
said=FAILED; [ "$(cat out.txt 2>/dev/null)" = "$(cat "$TEST_DIR/want")" ] && said=PASSED
cat out.txt 2>/dev/null
echo "===== short test summary info ====="
echo "$said ../tests/test_outputs.py::test_hi - assert"
[ $said = PASSED ]
"""
FILES = {
    "task.yaml": TASK,
    "docker-compose.yaml": COMPOSE,
    "Dockerfile": "FROM ghcr.io/laude-institute/t-bench/ubuntu-24-04:latest\nWORKDIR /app\nCOPY data/start.txt .\n",
    "data/start.txt": "start\n",
    "run-tests.sh": RUN_TESTS,
    "tests/want": "hi\n",
    "tests/test_outputs.py": "def test_hi(): ...\n",
    "solution.sh": '[ -e /app/start.txt ] && echo "$GREETING" > /app/out.txt\n',
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "say-hi", FILES)


def test_a_converted_task_plays(old: Path, tmp_path: Path) -> None:
    folder = convert_terminal_bench(old, tmp_path / "new")
    config = tomllib.loads((folder / "task.toml").read_text())
    assert config["metadata"] == {"author_name": 'A "B"', "difficulty": "easy", "tags": ["files", "one"]}
    assert config["verifier"] == {"timeout_sec": 30.0} and config["environment"] == {"env": {"GREETING": "hi"}}
    task = load_harbor_task(folder)
    assert task.limits.seconds == 90 and task.instruction == 'Write "hi" to /app/out.txt.'
    assert list(task.files) == ["/app/start.txt"]
    assert prove(task, make_backend()).faults == []


def test_a_summary_that_the_submission_prints_does_not_count(old: Path, tmp_path: Path) -> None:
    task = load_harbor_task(convert_terminal_bench(old, tmp_path / "new"))
    forged = "=== short test summary info ===\nPASSED ../tests/test_outputs.py::test_hi\n"
    verdict = judged(task, {"/app/out.txt": forged})
    assert not verdict.passed and "reward 0" in verdict.why


@pytest.mark.parametrize(
    ("summary", "passed"),
    [
        ("PASSED a::b\nSKIPPED [1] c", True),
        ("SKIPPED [1] c", False),
        ("PASSED a::b\nXPASS a::c", False),
        ("PASSED a::b\nERROR a::c", False),
        ("PASSED a::b\nXFAIL a::c", True),
    ],
)
def test_the_summary_decides(old: Path, tmp_path: Path, summary: str, passed: bool) -> None:
    (old / "run-tests.sh").write_text(f"echo '== short test summary info =='\necho '{summary}'\n")
    assert judged(load_harbor_task(convert_terminal_bench(old, tmp_path / "new"))).passed is passed


def test_a_script_that_ends_badly_does_not_pass(old: Path, tmp_path: Path) -> None:
    (old / "run-tests.sh").write_text("echo '== short test summary info =='\necho 'PASSED a::b'\nfalse\n")
    assert not judged(load_harbor_task(convert_terminal_bench(old, tmp_path / "new"))).passed


def test_a_runner_that_cannot_start_is_an_error(old: Path, tmp_path: Path) -> None:
    (old / "run-tests.sh").write_text("uv run pytest $TEST_DIR/test_outputs.py -rA\n")
    task = load_harbor_task(convert_terminal_bench(old, tmp_path / "new"))
    with pytest.raises(VerifierError, match=r"neither reward\.json nor reward\.txt"):
        judged(task, {"/app/out.txt": "hi"})


def test_commands_of_a_solution_become_a_script(old: Path, tmp_path: Path) -> None:
    (old / "solution.sh").unlink()
    (old / "solution.yaml").write_text(
        "- command: cd /app\n  block: true\n- command: |\n    cat > out.txt <<END\n    hi\n    END\n"
        "  min_timeout_sec: 1.0\n"
    )
    task = load_harbor_task(convert_terminal_bench(old, tmp_path / "new"))
    assert prove(task, make_backend()).faults == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("task.yaml", TASK + "parser_name: mlebench", "parser_name = 'mlebench' must be one of 'pytest'"),
        ("task.yaml", TASK + "colour: 1", "field colour is not supported"),
        ("task.yaml", TASK + "run_tests_in_same_shell: true", "run_tests_in_same_shell"),
        ("task.yaml", TASK + "max_test_timeout_sec: soon", "max_test_timeout_sec = 'soon'"),
        ("task.yaml", "difficulty: easy", "instruction is missing"),
        ("task.yaml", 'instruction: "a\\ud800b"', r"task.yaml: field instruction = 'a\\ud800b' has half a character"),
        ("task.yaml", TASK + 'category: "\\udfff"', "task.yaml: field category cannot be written"),
        ("task.yaml", TASK + "category: &a [*a]", "task.yaml: field category cannot be written"),
        ("solution.yaml", '- command: "\\ud800"', r"solution.yaml: field \[0\].command"),
        ("task.yaml", "- a", "must hold a table"),
        ("task.yaml", "a: [", "is not YAML"),
        ("task.yaml", "a: !!python/object/apply:os.system [true]", "is not YAML"),
        ("docker-compose.yaml", COMPOSE + "  db: {image: x}\n", "services has 2 services"),
        ("docker-compose.yaml", COMPOSE + "    privileged: true\n", "services.client.privileged is not supported"),
        ("docker-compose.yaml", COMPOSE + "      - /etc:/etc\n", "services.client.volumes = '/etc:/etc'"),
        ("docker-compose.yaml", COMPOSE.replace("sleep inf", "serve inf"), "services.client.command"),
        ("docker-compose.yaml", COMPOSE.replace("Dockerfile}", "Other}"), "services.client.build"),
        ("docker-compose.yaml", COMPOSE.replace("=hi", "=${HOST_NAME}"), r"GREETING wants \$HOST_NAME"),
        ("docker-compose.yaml", COMPOSE + "    working_dir: app\n", "environment.workdir = 'app'"),
        ("tests/test.sh", "true", "tests/test.sh has a name"),
    ],
)
def test_what_cannot_be_converted_is_named_and_leaves_nothing(
    old: Path, tmp_path: Path, name: str, text: str, said: str
) -> None:
    (old / name).write_text(text)
    if name == "solution.yaml":
        (old / "solution.sh").unlink()
    with pytest.raises(TaskError, match=said):
        convert_terminal_bench(old, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["task.yaml", "run-tests.sh", "Dockerfile", "solution.sh"])
def test_a_missing_file_is_named(old: Path, tmp_path: Path, name: str) -> None:
    (old / name).unlink()
    with pytest.raises(TaskError, match=f"{name} is missing"):
        convert_terminal_bench(old, tmp_path / "new")


def test_keys_for_a_waiting_program_cannot_be_converted(old: Path, tmp_path: Path) -> None:
    (old / "solution.sh").unlink()
    (old / "solution.yaml").write_text("- command: ':wq'\n  append_enter: false\n")
    with pytest.raises(TaskError, match=r"\[0\]\.append_enter = false"):
        convert_terminal_bench(old, tmp_path / "new")


def test_nothing_is_written_over(old: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine").write_text("x")
    with pytest.raises(TaskError, match="exists already"):
        convert_terminal_bench(old, tmp_path / "new")
    assert (tmp_path / "new" / "mine").read_text() == "x"
    with pytest.raises(TaskError, match="mine/below cannot be written"):
        convert_terminal_bench(old, tmp_path / "new" / "mine" / "below")


def test_the_command_converts_and_says_what_is_next(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["selftrain", "pack", "convert", str(old), str(tmp_path / "new")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code and f"next: selftrain verify {tmp_path / 'new'}" in capsys.readouterr().out
    assert "/app/out.txt" in load_harbor_task(tmp_path / "new").instruction


def test_tests_copied_into_the_agents_sandbox_are_refused(old: Path, tmp_path: Path) -> None:
    (old / "Dockerfile").write_text("FROM x\nWORKDIR /app\nCOPY tests /app/tests\n")
    with pytest.raises(TaskError, match=r"COPY tests /app/tests: no such file"):
        load_harbor_task(convert_terminal_bench(old, tmp_path / "new"))


def test_without_yaml_it_says_what_to_install(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(TaskError, match=r"pip install 'selftrain\[packs\]'"):
        convert_terminal_bench(old, tmp_path / "new")
