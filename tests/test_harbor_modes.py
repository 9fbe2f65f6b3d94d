"""Separate verifiers, how solutions are run, and tasks of several steps."""

from __future__ import annotations

from pathlib import Path

import pytest
from harbor_folders import COUNT, TOML, judged, write_folder
from typer.testing import CliRunner

from selftrain.cli import app
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.harbor.loading import notes_of
from selftrain.envs.proof import prove
from selftrain.errors import TaskError, VerifierError
from selftrain.sandboxes import make_backend

PAY = "echo $((! $?)) > /logs/verifier/reward.txt\n"
SEPARATE = TOML.replace(
    "[task]", 'artifacts = ["/logs/artifacts", {source = "out", exclude = ["*.log", "tmp"]}]\n[task]'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path, COUNT)


def test_a_separate_verifier_gets_the_artifacts_alone(folder: Path) -> None:
    (folder / "task.toml").write_text(SEPARATE.replace("timeout_sec = 20", "environment_mode = 'separate'"))
    (folder / "solution" / "solve.sh").write_text(
        "cd /app; mkdir -p out/tmp /logs/artifacts; echo 1 > out/a; echo 2 > out/b.log; echo 3 > out/tmp/c\n"
        "echo 4 > side; echo changed > data/lines.txt; echo 5 > /logs/artifacts/d\n"
    )
    seen = "out/a out/b.log out/tmp/c side data/lines.txt /logs/artifacts/d"
    test = f"[ \"$(echo $(cat {seen} 2>/dev/null))\" = '1 a b c 5' ]; "
    (folder / "tests" / "test.sh").write_text(test + PAY)
    task = load_harbor_task(folder)
    assert task.verifier.exports == ("/logs/artifacts", "/app/out")
    assert notes_of(task)[-1].startswith("judged are /logs/artifacts, /app/out, without symbolic links")
    assert prove(task, make_backend()).faults == []


def test_a_separate_verifier_has_a_sandbox_of_its_own(folder: Path) -> None:
    more = "[verifier.environment]\nstorage_mb = 7\nnetwork_mode = 'no-network'\nenv = {A = 'a'}\n"
    (folder / "task.toml").write_text(SEPARATE + more)
    write_folder(
        folder, {"tests/Dockerfile": "FROM debian\nWORKDIR /check\nCOPY want /check/\n", "tests/want": "yes\n"}
    )
    (folder / "solution" / "solve.sh").write_text(
        "cd /app; mkdir out; cat /check/want /tests/want > out/a; echo yes >> out/a\n"
    )
    (folder / "tests" / "test.sh").write_text(
        f"[ \"$A $(pwd) $(df -k . | awk 'END {{print $2}}')\" = 'a /check 7168' ] && cmp want /app/out/a; {PAY}"
    )
    assert prove(load_harbor_task(folder), make_backend()).faults == []


def test_an_image_of_ours_may_stand_for_the_verifiers(folder: Path) -> None:
    (folder / "task.toml").write_text(SEPARATE + "[verifier.environment]\ndocker_image = 'acme/judge:2'\n")
    write_folder(
        folder, {"tests/Dockerfile": "FROM debian\nWORKDIR /check\nRUN apt-get install -y jq\nCOPY . /tests/\n"}
    )
    (folder / "solution" / "solve.sh").write_text("mkdir /app/out; echo yes > /app/out/a\n")
    (folder / "tests" / "test.sh").write_text(f'[ "$(pwd) $(cat /app/out/a)" = "/check yes" ]; {PAY}')
    task = load_harbor_task(folder, bases={"acme/judge:2": "host"})
    assert task.image == "" and prove(task, make_backend("bubblewrap")).faults == []


def test_tests_that_are_only_in_an_image_are_asked_for(folder: Path) -> None:
    (folder / "task.toml").write_text(SEPARATE.replace("timeout_sec = 20", "environment_mode = 'separate'"))
    (folder / "tests" / "test.sh").rename(folder / "tests" / "Dockerfile")
    with pytest.raises(TaskError, match=r"test\.sh is missing: one that is only in the verifier's image"):
        load_harbor_task(folder)


def test_a_helper_of_the_solution_can_be_run(folder: Path) -> None:
    helper = folder / "solution" / "helper.sh"
    (folder / "solution" / "solve.sh").rename(helper)
    helper.chmod(0o755)
    (folder / "solution" / "solve.sh").write_text("/solution/helper.sh\n")
    assert prove(load_harbor_task(folder), make_backend()).faults == []


def test_a_solution_is_run_by_its_first_line(folder: Path) -> None:
    lines = (
        "#!/usr/bin/env python3",
        "import os",
        "os.chdir('/app')",
        "open('tally.sh', 'w').write('wc -l < \"$1\"\\n')",
    )
    solve = "\n".join((*lines, "open('count.txt', 'w').write('3\\n')"))
    (folder / "solution" / "solve.sh").write_text(solve)  # without the bit that lets it run, as Harbor's own may be
    assert prove(load_harbor_task(folder), make_backend()).faults == []


STEPS = TOML + '[[steps]]\nname = "one"\nagent = {timeout_sec = 30}\n[[steps]]\nname = "two"\n'
TWO = {
    "task.toml": STEPS,
    "environment/Dockerfile": "FROM debian\nWORKDIR /app\n",
    "tests/common.sh": 'pays() { echo "{\\"reward\\": $1, \\"size\\": 2}" > /logs/verifier/reward.json; }\n',
    "steps/one/instruction.md": "Write 1 to /app/one.\n",
    "steps/one/workdir/setup.sh": "echo staged > start; rm setup.sh\n",
    "steps/one/tests/test.sh": '. /tests/common.sh; [ "$(cat one)" = 1 ] && pays 1 || pays "$(cat part || echo 0)"\n',
    "steps/one/solution/solve.sh": "[ -e /app/start ] && echo 1 > /app/one\n",
    "steps/two/instruction.md": "Then write 2 to /app/two.\n",
    "steps/two/tests/test.sh": '. /tests/common.sh; [ "$(cat two)" = 2 ]; pays $((! $?))\n',
    "steps/two/solution/solve.sh": '[ "$(cat /app/one)" = 1 ] && echo 2 > /app/two\n',
}


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return write_folder(tmp_path, TWO)


def test_a_task_of_several_steps_is_one_episode(two: Path) -> None:
    task = load_harbor_task(two)
    assert "2 steps" in task.instruction and task.limits.seconds == 90
    assert notes_of(task)[-1] == "all steps are judged on the final state"
    assert task.instruction.index("Step 1 of 2: one\n\nWrite 1") < task.instruction.index("Step 2 of 2: two\n\nThen")
    assert prove(task, make_backend()).faults == []


@pytest.mark.parametrize(
    ("top", "step", "files", "passed", "score", "checks"),
    [
        ("", "", {"two": "2"}, False, 0.5, [True, True, False]),
        ("multi_step_reward_strategy = 'final'\n", "", {"two": "2"}, True, 1.0, [True, True, True]),
        (
            "multi_step_reward_strategy = 'final'\n",
            "min_reward = 0.5\n",
            {"two": "2"},
            False,
            0.0,
            [False, False, False],
        ),
        ("", "min_reward = 0.5\n", {"two": "2", "part": "0.5"}, False, 0.75, [True, True, False]),
        ("", "min_reward = {size = 3}\n", {"one": "1", "two": "2"}, False, 1.0, [False, False, True]),
        ("", "min_reward = {size = 2}\n", {"one": "1", "two": "2"}, True, 1.0, [True, True, True]),
        ("", "min_reward = {colour = 0}\n", {"one": "1", "two": "2"}, False, 1.0, [False, False, True]),
    ],
)
def test_rewards_of_steps_are_combined(
    two: Path, top: str, step: str, files: dict[str, str], passed: bool, score: float, checks: list[bool]
) -> None:
    (two / "task.toml").write_text(top + STEPS.replace('name = "one"\n', f'name = "one"\n{step}'))
    verdict = judged(load_harbor_task(two), {f"/app/{name}": text for name, text in files.items()})
    assert (verdict.passed, verdict.score) == (passed, score)
    assert [check.passed for check in verdict.checks] == checks


def test_verify_says_how_a_task_that_is_not_proven_is_judged(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFTRAIN_BASES", "debian=host")
    asked = ["verify", str(two), "--repetitions", "1", "--backend", "bubblewrap"]
    notes = ("host stands for debian", "all steps are judged on the final state")
    proven = CliRunner().invoke(app, asked)
    assert proven.exit_code == 0 and not [note for note in notes if note in proven.output]
    (two / "steps" / "two" / "solution" / "solve.sh").write_text("true\n")
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 1 and "oracle failed" in told.output
    assert [note for note in notes if note not in told.output] == []


def test_a_step_that_pays_nothing_is_an_error_behind_a_threshold_too(two: Path) -> None:
    (two / "task.toml").write_text(STEPS.replace('name = "one"\n', 'name = "one"\nmin_reward = 1\n'))
    (two / "steps/two/tests/test.sh").write_text("true\n")
    task = load_harbor_task(two)
    with pytest.raises(VerifierError, match=r"steps/two: tests/test\.sh of acme/count gives no reward"):
        judged(task, {"/app/one": "1", "/app/two": "2"})


def test_a_step_takes_from_the_task_what_it_leaves_out(two: Path) -> None:
    own = '[steps.verifier]\nenv = {B = "b"}\n[[steps]]\nname = "two"\nverifier = {environment_mode = "separate"}\n'
    text = STEPS.replace('[[steps]]\nname = "two"\n', own).replace(
        "timeout_sec = 20", 'timeout_sec = 9\nenv = {A = "a"}'
    )
    (two / "task.toml").write_text(text)
    (two / "steps/one/tests/test.sh").write_text(f'[ "$A$B" = ab ] && [ -e two ]; {PAY}')
    (two / "steps/two/tests/test.sh").write_text(f'[ "$A$B" = a ] && [ ! -e two ]; {PAY}')
    assert judged(load_harbor_task(two), {"/app/two": "2"}).passed


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"steps/two/workdir/late.txt": "x"}, "steps/two/workdir is not supported"),
        ({"steps/two/trajectory.json": "{}"}, "trajectory.json"),
        ({"task.toml": STEPS + "[steps.agent]\nuser = 'root'\n"}, "steps.agent.user must be the same"),
        ({"task.toml": STEPS + "healthcheck = {command = 'true'}\n"}, r"steps\[1\].healthcheck"),
        ({"task.toml": STEPS + "min_reward = nan\n"}, r"steps\[1\].min_reward"),
        ({"task.toml": STEPS.replace('"two"', '"ONE"')}, "two steps that are both named 'ONE'"),
        ({"task.toml": STEPS.replace('"two"', '"../one"')}, r"steps\[1\].name = '../one'"),
        ({"task.toml": STEPS.replace('"two"', '"three"')}, "steps/three"),
        ({"task.toml": STEPS + "colour = 1\n"}, r"steps\[1\].colour is not supported"),
    ],
)
def test_a_broken_step_is_told_what_is_wrong(two: Path, files: dict[str, str], said: str) -> None:
    write_folder(two, files)
    with pytest.raises(TaskError, match=said):
        load_harbor_task(two)
