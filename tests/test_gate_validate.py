"""The gate: each task is judged for itself, what was judged stays judged, and packs are judged as a whole too."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from backends import backend_or_skip
from gate_trials import Counting, copied, decisions, judged, more, sound

from selftrain.envs.gate import validating
from selftrain.envs.gate.card import Card, TaskReport, read_card
from selftrain.envs.gate.checks import AnyCheck
from selftrain.envs.gate.players import check_nop, check_oracle
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.repeats import check_repeat
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.gate.validating import validate
from selftrain.envs.packs.locking import write_lock
from selftrain.envs.packs.manifest import read_pack
from selftrain.envs.packs.starting import start_pack
from selftrain.errors import OptionError, SandboxError, TaskError, UnknownNameError, VerifierError
from selftrain.sandboxes import Backend

FAMILY = """
import itertools, sys
from selftrain.envs.checks import text_check
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Task

TURNS = itertools.count()

def build(rng, level):
    {body}
    verifier = EvidenceVerifier(("/workspace/out",), lambda evidence: [text_check(evidence, "/workspace/out", "1")])
    return Task(f"Write {{rng.integers(1000)}} to /workspace/out.", verifier, oracle=("echo 1 > out",))
"""


def add_family(acme: Path, body: str) -> None:
    module = f"family_{abs(hash(body))}"
    (acme / f"{module}.py").write_text(FAMILY.format(body=body))
    with (acme / "pack.toml").open("a") as manifest:
        manifest.write(f'[families]\nones = "{module}:build"\n')


@pytest.fixture
def backend() -> Backend:
    return backend_or_skip("bubblewrap")


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    return start_pack("acme", tmp_path).folder


def test_a_sound_pack_is_admitted_in_one_line(acme: Path, backend: Backend) -> None:
    write_lock(read_pack(acme))
    card = judged(acme, backend)
    assert decisions(card) == {"count-errors": "admitted", "sort-names": "admitted"}
    assert card.verdict == "admitted: 2 of 2 tasks admitted; not checked: 1"  # nobody guessed
    assert [task.split for task in card.tasks] == ["test", "train"]
    lock = json.loads((acme / "pack.lock").read_text())
    assert {task.name: task.sha256 for task in card.tasks} == lock["tasks"]


def no_manifest(folder: Path) -> None:
    (folder / "task.toml").unlink()


def bad_toml(folder: Path) -> None:
    (folder / "task.toml").write_text("[agent")


def no_instruction(folder: Path) -> None:
    (folder / "instruction.md").unlink()


def escaping_link(folder: Path) -> None:
    (folder / "tests" / "more").symlink_to("/etc/passwd")


def escaping_copy(folder: Path) -> None:
    (folder / "environment" / "Dockerfile").write_text("FROM debian:bookworm\nWORKDIR /app\nCOPY ../../../x .\n")


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (no_manifest, "task.toml is missing"),
        (bad_toml, "task.toml"),
        (no_instruction, "instruction.md is missing"),
        (escaping_link, "a link that leads out"),
        (escaping_copy, "../../../x"),
    ],
)
def test_a_broken_folder_is_refused_and_the_others_are_judged(
    acme: Path, backend: Backend, breaks: Callable[[Path], None], said: str
) -> None:
    breaks(acme / "tasks" / "sort-names")
    card = judged(acme, backend)
    assert decisions(card) == {"count-errors": "admitted", "sort-names": "refused"}
    assert card.decision == "refused" and "sort-names (schema)" in card.verdict
    bad = card.tasks[1]
    assert said in bad.findings[0].summary
    assert [finding.state for finding in bad.findings] == ["fail", "unchecked"]


@pytest.mark.parametrize(
    "fault", [ValueError("a bug"), SystemExit(3), VerifierError("it writes NaN"), RecursionError(), BaseException(5)]
)
def test_whatever_a_check_meets_stops_no_other_task(acme: Path, backend: Backend, fault: BaseException) -> None:
    def breaking(trial: Trial) -> Finding:
        if trial.task.id.endswith("sort-names"):
            raise fault
        return sound(trial)

    card = judged(acme, backend, breaking)
    assert decisions(card) == {"count-errors": "admitted", "sort-names": "refused"}
    assert str(fault) in card.tasks[1].findings[1].summary


@pytest.mark.parametrize("name", ["oracle", "battery"])
def test_a_fault_of_the_backend_is_no_verdict_and_is_asked_again(acme: Path, backend: Backend, name: str) -> None:
    def without_sandbox(trial: Trial) -> Finding:
        raise SandboxError("no room on this machine")

    def run(check: AnyCheck) -> Card:
        return validate(acme, backend, out=acme.parent / "card", checks={name: check})

    card = run(without_sandbox)
    assert card.decision == "undecided" and set(decisions(card).values()) == {"undecided"}
    assert "no room on this machine" in str(card.unchecked) and read_card(card.as_dict()) == card
    assert run(sound).decision == "admitted"


def test_whoever_stops_it_waits_for_the_check_that_is_under_way_and_no_longer(acme: Path, backend: Backend) -> None:
    more(acme, 1)
    under_way, stopped = threading.Event(), threading.Event()
    counting = Counting()

    def long(trial: Trial) -> Finding:
        if trial.task.id.endswith("sort-0"):
            under_way.set()
            stopped.wait(30)
        return sound(trial)

    def interrupt(done: int, of: int, report: TaskReport | None) -> None:
        if report is not None:
            under_way.wait(30)
            raise KeyboardInterrupt

    checks: dict[str, AnyCheck] = {"sound": long, "next": counting}
    with pytest.raises(KeyboardInterrupt):
        validate(
            acme, backend, out=acme.parent / "card", checks=checks, parallel=2, tasks=["sort-*"], progress=interrupt
        )
    stopped.set()
    for thread in threading.enumerate():
        if thread.name.startswith("gate_"):
            thread.join(30)
    assert counting.asked == ["sort-names"]


def test_what_rests_on_a_sound_oracle_is_not_asked_without_one(acme: Path, backend: Backend) -> None:
    counting = Counting()
    checks: dict[str, AnyCheck] = {
        "oracle": lambda trial: (Finding("oracle", "fail", "scores 0"), ()),
        "battery": sound,
        **dict.fromkeys(("mutants", "repeat", "budget"), counting),
    }
    card = validate(acme, backend, out=acme.parent / "card", checks=checks)
    assert counting.asked == []
    states = {finding.check: (finding.state, finding.summary) for finding in card.tasks[0].findings}
    assert states["battery"][0] == "pass"
    assert states["mutants"] == states["repeat"] == states["budget"] == ("unchecked", "needs an oracle that scores 1")


def test_a_verifier_that_gives_no_verdict_is_not_waited_for_again(acme: Path, backend: Backend) -> None:
    counting = Counting()
    broken = Outcome("oracle", None, "VerifierError: took longer than 30 s", 30.0)
    checks: dict[str, AnyCheck] = {
        "oracle": lambda trial: (Finding("oracle", "fail", broken.error), (broken,)),
        **dict.fromkeys(("random", "battery", "chance"), counting),
    }
    card = validate(acme, backend, out=acme.parent / "card", checks=checks)
    assert counting.asked == [] and card.decision == "refused"


def test_code_that_never_ends_stops_no_other_task(
    acme: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validating, "_PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(validating, "_MOST_PLAYS", 0)
    counting = Counting()

    def endless(trial: Trial) -> Finding:
        while trial.task.id.endswith("sort-names"):
            time.sleep(0.01)
        return sound(trial)

    checks: dict[str, AnyCheck] = {"random": endless, "battery": counting}
    card = validate(acme, backend, out=acme.parent / "card", checks=checks)
    assert decisions(card) == {"count-errors": "admitted", "sort-names": "refused"}
    assert "did not come to an end" in card.tasks[1].findings[1].summary and counting.asked == ["count-errors"]


def disguised(acme: Path) -> None:
    folder = copied(acme, "count-names")
    text = (folder / "instruction.md").read_text()
    (folder / "instruction.md").write_text(f"# {text.upper()}".replace(" ", "\n ").replace(",", ";"))
    dockerfile = folder / "environment" / "Dockerfile"
    (folder / "environment" / "names.txt").rename(folder / "environment" / "people.txt")
    dockerfile.write_text(dockerfile.read_text().replace("names.txt names.txt", "people.txt people.txt"))


@pytest.mark.parametrize("copies", [lambda acme: copied(acme, "count-names"), disguised])
def test_a_task_that_is_in_train_and_test_is_found(
    acme: Path, backend: Backend, copies: Callable[[Path], object]
) -> None:
    copied(acme, "sort-again")  # a copy within a split is told, and refuses nothing
    assert judged(acme, backend).decision == "admitted"
    copies(acme)
    card = judged(acme, backend)
    (finding,) = [finding for finding in card.findings if finding.state == "fail"]
    assert finding.check == "copies" and "count-names (test)" in finding.summary and "(train)" in finding.summary
    assert card.decision == "refused" and "the pack fails copies" in card.verdict


def test_two_folders_of_one_name_are_found(acme: Path, backend: Backend) -> None:
    names = sorted((acme / "tasks").iterdir())[:2]
    for folder in names:
        text = (folder / "task.toml").read_text()
        named = re.sub(r"^name = .*$", 'name = "acme/the-same"', text, flags=re.MULTILINE)
        (folder / "task.toml").write_text(named if named != text else f'{text}\n[task]\nname = "acme/the-same"\n')
    card = judged(acme, backend)
    (finding,) = [finding for finding in card.findings if finding.state == "fail"]
    assert finding.check == "names" and card.decision == "refused"
    assert f"{names[0].name} and {names[1].name} have the same name = 'acme/the-same'" in finding.summary


def test_tasks_that_differ_in_signs_are_no_copies(acme: Path, backend: Backend) -> None:
    for name, sign in (("count-plus", "+"), ("sort-minus", "-")):
        folder = copied(acme, name)
        (folder / "instruction.md").write_text(f"Write the value of 7 {sign} 4 to /app/sorted.txt.")
    card = judged(acme, backend)
    assert [finding.check for finding in card.findings if finding.state == "fail"] == []


def test_a_pack_without_a_licence_is_refused_and_an_old_lock_is_told(acme: Path, backend: Backend) -> None:
    write_lock(read_pack(acme))
    text = (acme / "pack.toml").read_text()
    (acme / "pack.toml").write_text(text.replace('licence = "MIT"', 'licence = "TODO"'))
    card = judged(acme, backend)
    states = {finding.check: finding for finding in card.findings}
    assert states["licence"].state == "fail" and "TODO" in states["licence"].summary
    assert states["lock"].state == "unchecked" and "pack.toml changed" in states["lock"].summary


def test_what_is_asked_for_must_be_there(acme: Path, backend: Backend, tmp_path: Path) -> None:
    card = judged(acme, backend, tasks=["acme/sort-*"])
    assert list(decisions(card)) == ["sort-names"] and "1 more were not asked for" in card.verdict
    with pytest.raises(UnknownNameError, match="No task of acme is named 'wrong-\\*'"):
        judged(acme, backend, tasks=["wrong-*"])
    with pytest.raises(OptionError, match="is no folder"):
        judged(tmp_path / "nothing", backend)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TaskError, match=r"pack\.toml is missing"):
        judged(tmp_path / "empty", backend)
    (acme / "pack.toml").write_text("name = [")
    with pytest.raises(TaskError, match="is not TOML"):
        judged(acme, backend)


def test_one_task_alone_is_judged_too(acme: Path, backend: Backend) -> None:
    card = judged(acme / "tasks" / "sort-names", backend, out=acme.parent / "card")
    assert decisions(card) == {"sort-names": "admitted"} and card.pack == "sort-names"


@pytest.mark.parametrize(
    ("body", "decision", "said"),
    [
        ("pass", "admitted", "the task loads"),
        ("rng.integers(9, size=99 * next(TURNS))", "refused", "another task each time"),
        ("sys.exit(0)", "refused", "SystemExit"),
        ("raise BaseException('skipped')", "refused", "skipped"),
        ("rng.no_such_thing()", "refused", "no_such_thing"),
    ],
)
def test_a_family_in_python_is_judged_once_a_level(
    acme: Path, backend: Backend, body: str, decision: str, said: str
) -> None:
    add_family(acme, body)
    card = judged(acme, backend)
    found = {name: one for name, one in decisions(card).items() if name.startswith("ones/")}
    assert found == dict.fromkeys((f"ones/train/{level}/0" for level in range(1, 6)), decision)
    assert all(said in task.findings[0].summary for task in card.tasks if task.name in found)
    assert decisions(card)["sort-names"] == "admitted"


def test_a_family_that_was_changed_since_it_was_locked_is_judged_as_it_lies_there(acme: Path, backend: Backend) -> None:
    add_family(acme, "TURNS = None")
    write_lock(read_pack(acme))
    for module in acme.glob("family_*.py"):
        module.write_text(f"{module.read_text()}\n# changed since\n")
    trials = {"oracle": check_oracle, "nop": check_nop, "repeat": check_repeat}
    card = validate(acme, backend, out=acme.parent / "card", checks=trials, tasks=["ones/train/1/0"], repetitions=1)
    assert card.decision == "admitted", [finding.summary for finding in card.tasks[0].findings]


def test_a_verifier_that_skips_as_pytest_does_stops_no_other_task(acme: Path, backend: Backend) -> None:
    add_family(acme, "def text_check(*_): raise BaseException('skipped')")
    card = validate(acme, backend, out=acme.parent / "card", checks={"nop": check_nop})
    ones = [task for task in card.tasks if task.name.startswith("ones/")]
    assert len(ones) == 5 and all(task.failed == ("nop",) for task in ones)
    assert "the task broke with BaseException('skipped')" in ones[0].findings[1].summary
    assert decisions(card)["sort-names"] == "admitted"
