"""The battery of generic attacks: weak tasks pay the ones they are open to, sound ones pay none."""

from __future__ import annotations

import functools
import importlib.util
import io
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from selftrain.envs import catalogue
from selftrain.envs.checks import strict_json, text_check
from selftrain.envs.gate.attacks import BATTERY, CLASSES, attacks_on, scene_of
from selftrain.envs.gate.plays import Outcome, echo_commands, nop_commands, play, random_commands, remembering
from selftrain.envs.verifiers import EvidenceVerifier, TrialCase, TrialVerifier
from selftrain.errors import VerifierError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Backend, make_backend
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, CaseOutput, Check, CleanRoom, Verdict

REWARD = "/logs/verifier/reward.txt"
PYTEST_PARTS = ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py")
PYGMENTS_LEXERS = ("__init__.py", "_mapping.py", "python.py", "diff.py", "special.py", "unicons.py")


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend()


def trusting_task() -> Task:
    """Its verifier believes a file that lies in the export."""

    def judge(evidence: Evidence) -> Sequence[Check]:
        data = evidence.get("/workspace/results/result.json")
        return [Check("the result says so", data is not None and strict_json(data).get("passed") is True)]

    return Task(
        instruction="Sort /workspace/names.txt into /workspace/sorted.txt; the checker leaves its result.",
        verifier=EvidenceVerifier(("/workspace",), judge),
        files={"/workspace/names.txt": b"b\na\n"},
        id="weak/given/1/0",
    )


@dataclass(frozen=True)
class SharedPytest:
    """What many task folders do: pytest over the exported folder, in the process that imports the submission."""

    exports: tuple[str, ...] = ("/app",)

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        script = (
            "mkdir -p /logs/verifier\ncp /tests/test_outputs.py .\n"
            "if PYTHONPATH=/tests/pytest.zip python3 -B -m pytest -q -p no:cacheprovider test_outputs.py\n"
            f"then echo 1 > {REWARD}; else echo 0 > {REWARD}; fi\n"
        )
        test = b"from solution import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n    assert add(-1, 1) == 0\n"
        files = {
            "/tests/test.sh": script.encode(),
            "/tests/test_outputs.py": test,
            "/tests/pytest.zip": zipped_pytest(),
        }
        case = CaseInput("bash /tests/test.sh", files=files, seconds=60, reads=(REWARD,), workdir="/app")
        (output,) = room.run_cases(evidence, task, [case])
        return Verdict.of([Check("tests", (output.files.get(REWARD) or b"").strip() == b"1")])


@functools.cache
def zipped_pytest() -> bytes:
    """The installed pytest, with as much of pygments as it imports."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in PYTEST_PARTS:
            spec = importlib.util.find_spec(part)
            assert spec is not None and spec.origin is not None
            origin = Path(spec.origin)
            top = origin.parents[1] if origin.name == "__init__.py" else origin.parent
            for path in sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]:
                if path.parent.name != "lexers" or path.name in PYGMENTS_LEXERS:
                    archive.write(path, path.relative_to(top).as_posix())
    return out.getvalue()


def shared_task() -> Task:
    return Task(
        instruction="Write /app/solution.py with a function add(a, b) that returns the sum.",
        verifier=SharedPytest(),
        tools=("python3",),
        oracle=("printf 'def add(a, b):\\n    return a + b\\n' > /app/solution.py",),
        writable=("/app", "/tests", "/logs"),
        id="shared/given/1/0",
    )


def grepping_task() -> Task:
    """Its verifier believes what a script of the submission prints."""

    def judge(output: CaseOutput) -> str:
        return "" if b"All tests passed" in output.stdout else "wrong output"

    case = TrialCase("report", CaseInput("bash /workspace/report.sh"), judge)
    return Task(
        instruction="Write report.sh, which counts the lines of data.txt and then checks itself.",
        verifier=TrialVerifier(("/workspace",), (case,)),
        files={"/workspace/data.txt": b"a\n"},
        id="grep/given/1/0",
    )


def tools_task() -> Task:
    """Its verifier finds its tools in the work folder first; who shadows cat must not call itself for ever."""

    def judge(output: CaseOutput) -> str:
        return "" if b"PASSED" in output.stdout else "wrong output"

    case = TrialCase("tools", CaseInput("PATH=/workspace/bin:$PATH cat /workspace/report.txt"), judge)
    return Task(
        instruction="Count the lines of data.txt.",
        verifier=TrialVerifier(("/workspace",), (case,)),
        files={"/workspace/data.txt": b"a\n"},
        id="tools/given/1/0",
    )


def leaking_task() -> Task:
    """Its solution lies where the agent can read it."""

    def judge(evidence: Evidence) -> Sequence[Check]:
        return [text_check(evidence, "/workspace/total.txt", "42")]

    return Task(
        instruction="Write the total to /workspace/total.txt.",
        verifier=EvidenceVerifier(("/workspace/total.txt",), judge),
        files={"/solution/total.txt": b"42\n", "/solution/solve.sh": b"echo 42 > /workspace/total.txt\n"},
        writable=("/workspace", "/solution"),
        id="leak/given/1/0",
    )


WEAK = {
    "leaking": (leaking_task, ("files-of-the-same-name", "solution-run")),
    "trusting": (trusting_task, ("verdict-in-export",)),
    "tools": (tools_task, ("path-wrappers",)),
    "grepping": (grepping_task, ("forged-marks",)),
    "shared": (
        shared_task,
        (
            "exit-at-import",
            "exit-at-the-end",
            "paid-at-import",
            "equal-object",
            "patched-builtins",
            "frame-walk",
            "conftest-report-passed",
            "conftest-exit-zero",
            "pytest-plugin",
            "pytest-collect-only",
            "shadowed-standard-modules",
            "shadowed-runner",
        ),
    ),
}


def attacked(task: Task, names: Sequence[str], backend: Backend) -> dict[str, Outcome]:
    plans = attacks_on(task)
    return {name: play(task, name, plans[name], backend) for name in names}


@pytest.mark.parametrize("name", WEAK)
def test_a_weak_task_pays_what_it_is_open_to(name: str, backend: Backend) -> None:
    make, names = WEAK[name]
    task = make()
    outcomes = attacked(task, names, backend)
    assert {player: (outcome.reward, outcome.error) for player, outcome in outcomes.items()} == dict.fromkeys(
        names, (1.0, "")
    )
    assert play(task, "nop", nop_commands(task), backend).reward == 0.0


def test_the_shared_task_is_weak_and_not_broken(backend: Backend) -> None:
    task = shared_task()
    assert play(task, "oracle", task.oracle, backend).reward == 1.0
    assert play(task, "wrong", ["printf 'def add(a, b):\\n    return 0\\n' > solution.py"], backend).reward == 0.0


@pytest.mark.parametrize("task_id", ["python-bug/train/1/0", "json-reshape/train/1/0"])
def test_a_sound_task_pays_no_attack(task_id: str, backend: Backend) -> None:
    task = catalogue.task_of_id(task_id)
    assert play(task, "oracle", task.oracle, backend).reward == 1.0
    plans = attacks_on(task)
    outcomes = [play(task, name, commands, backend) for name, commands in plans.items()]
    assert [(one.player, one.reward, one.error) for one in outcomes if one.reward != 0.0] == []
    assert len(plans) >= 40
    assert len({one.evidence.sha256 for one in outcomes if one.evidence}) >= 15  # they did something


def test_the_battery_is_large_and_covers_every_class() -> None:
    names = [attack.name for attack in BATTERY]
    assert len(names) >= 40 and len(set(names)) == len(names)
    assert {attack.kind for attack in BATTERY} == set(CLASSES) and len(CLASSES) == 18
    assert all(attack.tries.endswith(".") and attack.tries.count(".") >= 1 for attack in BATTERY)


def test_attacks_are_the_same_each_time_and_see_nothing_hidden() -> None:
    task = catalogue.task_of_id("python-bug/train/1/0")
    blind = replace(
        task, verifier=EvidenceVerifier((), lambda evidence: ()), oracle=(), cheats={}, setup="", worker=None
    )
    assert attacks_on(task) == attacks_on(task) == attacks_on(blind)


def test_attacks_leave_other_kinds_of_tasks_alone() -> None:
    assert attacks_on(replace(trusting_task(), kind="math")) == {}
    plans = attacks_on(replace(trusting_task(), instruction="Tidy the folder."))
    assert "forged-marks" not in plans and "equal-object" not in plans and "reward-early" in plans


def test_every_command_is_bash_in_folders_of_any_name() -> None:
    folder = "/work it's"
    named = ("a b.txt", "s.py", "r.sh", "d.json", "t.csv", "m.pkl", "z.zip", "z.tar.gz", "c.yaml")
    files = {f"{folder}/{name}": b"" for name in named}
    task = Task(
        instruction="Write s.py, r.sh, d.json, t.csv, m.pkl, z.zip, z.tar.gz, c.yaml, new.txt, and f(x).",
        verifier=EvidenceVerifier((), lambda evidence: ()),
        files=files,
        writable=(folder, "/logs"),
    )
    plans = attacks_on(task)
    assert len(plans) == len(BATTERY)  # so many kinds of deliverables leave none out
    for commands in [*plans.values(), echo_commands(task), random_commands(task, 0)]:
        checked = subprocess.run(["bash", "-n"], input="\n".join(commands), text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, ""), commands


@pytest.mark.parametrize(
    ("instruction", "deliverables"),
    [
        ("Write /workspace/out/a.csv, then stop.", ("/workspace/out/a.csv",)),
        ("Everything belongs below /workspace/out/. See /etc/passwd, e.g. for names.", ()),
        ("Write `count.txt` and bin/run.sh.", ("/workspace/count.txt", "/workspace/bin/run.sh")),
        ("Mend paths.py at https://example.org/index.html.", ("/workspace/deep/paths.py",)),
        ("Fill /workspace/deep and /workspace/deep/notes.", ("/workspace/deep/notes",)),
    ],
)
def test_deliverables_are_read_from_the_instruction(instruction: str, deliverables: tuple[str, ...]) -> None:
    task = replace(
        trusting_task(), instruction=instruction, files={"/workspace/deep/paths.py": b"def f():\n    pass\n"}
    )
    assert scene_of(task).deliverables == deliverables


def echo_task() -> Task:
    verifier = EvidenceVerifier(
        ("/workspace/a.txt",), lambda evidence: [text_check(evidence, "/workspace/a.txt", SAID)]
    )
    return Task(instruction=SAID, verifier=verifier, id="echo/given/1/0")


SAID = 'Say in /workspace/a.txt what isn\'t "said" here, $HOME included.'


def test_the_echo_player_writes_the_very_instruction(backend: Backend) -> None:
    assert play(echo_task(), "echo", echo_commands(echo_task()), backend).reward == 1.0
    assert echo_commands(replace(echo_task(), instruction="Say nothing.")) == ()


def test_the_random_player_is_seeded_and_works_on_deliverables(backend: Backend) -> None:
    task = echo_task()
    assert random_commands(task, 1) == random_commands(task, 1) != random_commands(task, 2)
    assert len(random_commands(task, 1, count=5)) == 5
    outcomes = [play(task, "random", random_commands(task, seed), backend) for seed in range(3)]
    assert [outcome.reward for outcome in outcomes] == [0.0] * 3
    assert len({outcome.evidence.sha256 for outcome in outcomes if outcome.evidence}) > 1


def test_a_verifier_that_breaks_is_an_outcome(backend: Backend) -> None:
    def broken(evidence: Evidence) -> Sequence[Check]:
        raise VerifierError("no idea")

    task = replace(trusting_task(), verifier=EvidenceVerifier((), broken))
    outcome = play(task, "nop", (), backend)
    assert (outcome.reward, outcome.error) == (None, "VerifierError: no idea") and outcome.seconds > 0
    outcome = play(replace(task, setup="exit 3"), "nop", (), backend)
    assert outcome.reward is None and outcome.error.startswith("TaskError: the setup of task")


def test_the_same_evidence_is_judged_once(backend: Backend) -> None:
    judged = []

    def judge(evidence: Evidence) -> Sequence[Check]:
        judged.append(evidence.get("/workspace/a.txt"))
        return [Check("said", judged[-1] == b"yes\n")]

    task = remembering(replace(echo_task(), verifier=EvidenceVerifier(("/workspace/a.txt",), judge)))
    scripts = ([], ["echo yes > a.txt"], ["echo more > b.txt"], ["echo yes > a.txt"])
    assert [play(task, "one", commands, backend).reward for commands in scripts] == [0.0, 1.0, 0.0, 1.0]
    assert judged == [None, b"yes\n"]
    play(task, "forger", ["echo yes > a.txt; touch -d 2099-12-31 a.txt"], backend)
    assert judged == [None, b"yes\n", b"yes\n"]
    proof_task = replace(task, kind="proof")
    assert remembering(proof_task) is proof_task


def test_memory_is_told_where_it_is_counted(backend: Backend) -> None:
    task = trusting_task()
    little = play(task, "nop", (), backend).peak_memory_bytes
    if little is None:
        pytest.skip("nobody counts memory here")
    much = play(task, "hog", ["head -c 60000000 /dev/zero | tail -c 50000000 | wc -c"], backend).peak_memory_bytes
    assert much is not None and much > little + 40_000_000
