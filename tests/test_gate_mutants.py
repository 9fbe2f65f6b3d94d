"""Mutants of the oracle's work: verifiers that look at too little are caught, and tolerant ones are not."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from selftrain.envs import catalogue
from selftrain.envs.gate.mutants import check_mutants
from selftrain.envs.gate.mutations import changes, disguised, is_table
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.verifiers import EvidenceVerifier, TrialCase, TrialVerifier, command_case
from selftrain.errors import SandboxError, VerifierError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import Backend, make_backend
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, CaseOutput, Check, Verdict, Verifier

W = "/workspace"
NAMES = "Ada\nBo\nJonas\nMira\nTomas\nZoe\n"
TOTALS = {"amber": 51_230, "birch": 1_077, "cedar": 8_123, "delta": 45, "ember": 990, "fjord": 12_001}
PROSE = """\
# The tower

The tower was finished in 1889 by the company of an engineer, and stands at the river.
It is 330 metres high, which was a record for four decades, and is painted every seven years.

## Visits

Some six million people come each year. Tickets are sold at the gate, and lifts go to the second floor.
"""
PROGRAM = """\
import sys

numbers = [int(line) for line in sys.stdin]
total = 0
for number in numbers:
    if number > 10 and number % 2 == 0:
        total += number * 3
print(total - len(numbers))
"""
Files = Mapping[str, str | bytes]
Judge = Callable[[Evidence], bool]


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend()


def text(evidence: Evidence, name: str) -> str:
    return (evidence.get(f"{W}/{name}") or b"").decode("utf-8", "replace")


def evidence_of(files: Files) -> Evidence:
    return Evidence(
        {f"{W}/{name}": EvidenceFile(data.encode() if isinstance(data, str) else data) for name, data in files.items()}
    )


def outcome(player: str, verdict: Verdict, evidence: Evidence) -> Outcome:
    return Outcome(player, verdict, "", 0.1, None, evidence)


def trial_of(verifier: Verifier, end: Evidence, start: Evidence, backend: Backend, instruction: str = "") -> Trial:
    """As if the oracle had been played, and scored 1, and doing nothing 0."""
    task = Task(instruction or f"Write {', '.join(end.files)}.", verifier, id="planted/given/1/0")
    oracle = outcome("oracle", Verdict.of([Check("all", True)]), end)
    nop = outcome("nop", Verdict.fail("all", "wrong"), start)
    return Trial(task, backend, oracle=(oracle,), nop=nop)


def found(judge: Judge, end: Files, backend: Backend, start: Files | None = None, instruction: str = "") -> Finding:
    """What is found of a verifier that pays where `judge` is true; it is true of the oracle's work."""
    verifier = EvidenceVerifier((W,), lambda evidence: [Check("right", judge(evidence))])
    assert judge(evidence_of(end))
    return check_mutants(trial_of(verifier, evidence_of(end), evidence_of(start or {}), backend, instruction))


def lines(evidence: Evidence, name: str = "out.txt") -> list[str]:
    return text(evidence, name).splitlines()


def loaded(evidence: Evidence, name: str = "out.json") -> object:
    try:
        return json.loads(text(evidence, name))
    except ValueError:
        return None


def dict_of(evidence: Evidence) -> dict[str, object]:
    value = loaded(evidence)
    return value if isinstance(value, dict) else {}


def numbers(evidence: Evidence) -> list[float]:
    try:
        return [float(line.split(",")[1]) for line in lines(evidence)[1:]]
    except (ValueError, IndexError):
        return []


TABLE = "name,value\n" + "".join(f"n{row},{row * 7.5}\n" for row in range(1, 25))
SUM = sum(row * 7.5 for row in range(1, 25))
WEAK: dict[str, tuple[Judge, Files, str]] = {
    "existence": (lambda e: f"{W}/out.txt" in e.files, {"out.txt": NAMES}, "emptied"),
    "not empty": (lambda e: text(e, "out.txt") != "", {"out.txt": NAMES}, "other words and numbers"),
    "length": (lambda e: len(text(e, "out.txt")) == len(NAMES), {"out.txt": NAMES}, "other words and numbers"),
    "count of lines": (lambda e: len(lines(e)) == 6, {"out.txt": NAMES}, "other words and numbers"),
    "first line": (lambda e: lines(e)[:1] == ["Ada"], {"out.txt": NAMES}, "does not look"),
    "last line": (lambda e: lines(e)[-1:] == ["Zoe"], {"out.txt": NAMES}, "does not look"),
    "first of two lines": (lambda e: lines(e)[:1] == ["Ada"], {"out.txt": "Ada\nBo\n"}, "does not look"),
    "one word": (lambda e: "record" in text(e, "out.md"), {"out.md": PROSE}, "does not look"),
    "any JSON": (lambda e: bool(dict_of(e)), {"out.json": json.dumps(TOTALS)}, "other words and numbers"),
    "keys": (lambda e: dict_of(e).keys() == TOTALS.keys(), {"out.json": json.dumps(TOTALS)}, "other words and numbers"),
    "one key": (lambda e: dict_of(e).get("amber") == 51_230, {"out.json": json.dumps(TOTALS)}, "does not look"),
    "a third of it": (
        lambda e: len(dict_of(e).items() & TOTALS.items()) >= 2,
        {"out.json": json.dumps(TOTALS, indent=1)},
        "does not look",
    ),
    "half of it": (
        lambda e: 2 * len(dict_of(e).items() & TOTALS.items()) >= 6,
        {"out.json": json.dumps(TOTALS)},
        "does not look",
    ),
    "header": (lambda e: lines(e)[:1] == ["name,value"], {"out.txt": TABLE}, "does not look"),
    "one file of two": (
        lambda e: sorted(lines(e)) == NAMES.split(),
        {"out.txt": NAMES, "count.txt": "6\n"},
        "/workspace/count.txt",
    ),
}
SOUND: dict[str, tuple[Judge, Files]] = {
    "whole": (lambda e: text(e, "out.txt") == NAMES, {"out.txt": NAMES}),
    "in any order": (lambda e: sorted(lines(e)) == NAMES.split(), {"out.txt": NAMES}),
    "any case and space": (lambda e: text(e, "out.txt").lower().split() == NAMES.lower().split(), {"out.txt": NAMES}),
    "sum within 2%": (lambda e: abs(sum(numbers(e)) - SUM) <= 0.02 * SUM, {"out.txt": TABLE}),
    "number within 5%": (lambda e: numbers_near(text(e, "out.txt"), 123.45), {"out.txt": "123.45\n"}),
    "number in a sentence": (lambda e: text(e, "out.txt").rstrip(".\n")[-3:] == " 42", {"out.txt": "It is 42.\n"}),
    "a word": (lambda e: text(e, "out.txt").strip().lower() == "yes", {"out.txt": "yes\n"}),
    "prose with facts": (
        lambda e: all(fact in text(e, "out.md") for fact in ("1889", "330", "## Visits")),
        {"out.md": PROSE},
    ),
    "JSON in any order": (lambda e: loaded(e) == TOTALS, {"out.json": json.dumps(TOTALS)}),
    "bytes": (lambda e: e.get(f"{W}/out.bin") == bytes(range(256)), {"out.bin": bytes(range(256))}),
}


def numbers_near(said: str, wanted: float) -> bool:
    try:
        return abs(float(said) - wanted) <= 0.05 * wanted
    except ValueError:
        return False


@pytest.mark.parametrize("name", WEAK)
def test_a_verifier_that_looks_at_too_little_fails(name: str, backend: Backend) -> None:
    judge, end, said = WEAK[name]
    finding = found(judge, end, backend)
    assert finding.state == "fail" and said in finding.summary, finding.summary
    assert finding.evidence["paid"]


@pytest.mark.parametrize("name", SOUND)
def test_a_tolerant_verifier_passes(name: str, backend: Backend) -> None:
    judge, end = SOUND[name]
    finding = found(judge, end, backend)
    assert finding.state == "pass", finding.summary
    assert finding.evidence["score"] >= 0.3 and len(finding.evidence["mutants"]) >= 3


def test_a_verifier_that_draws_what_it_looks_at_is_caught(backend: Backend) -> None:
    turn = itertools.count()

    def drawn(evidence: Evidence) -> bool:
        key = list(TOTALS)[next(turn) * 7 // 3 % len(TOTALS)]
        return dict_of(evidence).get(key) == TOTALS[key]

    finding = found(drawn, {"out.json": json.dumps(TOTALS)}, backend)
    assert finding.state == "fail" and "chance decides" in finding.summary, finding.summary


def test_work_on_files_that_were_there(backend: Backend) -> None:
    config = "".join(f"key{number} = {number}\n" for number in range(30))
    mended = config.replace("key7 = 7", "key7 = 8080\nkey70 = on")

    def keeps(evidence: Evidence) -> bool:
        return {"key7 = 8080", "key70 = on"} <= set(lines(evidence, "app.cfg"))

    finding = found(keeps, {"app.cfg": mended}, backend, {"app.cfg": config})
    assert finding.state == "pass", finding.summary  # what the oracle did not touch is nobody's concern
    kinds = {mutant["kind"] for mutant in finding.evidence["mutants"]}
    assert {"taken away", "emptied", "word changed"} <= kinds
    cleaned = {"kept.txt": "kept\n"}
    finding = found(lambda e: list(e.files) == [f"{W}/kept.txt"], cleaned, backend, {**cleaned, "old.txt": "old\n"})
    assert finding.state == "unchecked" and "nothing that can be changed" in finding.summary


def test_what_was_removed_or_given_another_mode(backend: Backend) -> None:
    """A by-product that nobody asks for is none of the verifier's concern."""
    start = {f"{name}.txt": name for name in "abcdef"}
    end = {"a.txt": "a", "b.txt": "b", "log.csv": "c,1\nd,2\ne,3\nf,4\n"}
    instruction = "Remove all files after b from the work folder."
    kept = {f"{W}/{name}.txt" for name in "ab"}
    finding = found(lambda e: set(e.files) - {f"{W}/log.csv"} == kept, end, backend, start, instruction)
    assert finding.state == "pass", finding.summary
    finding = found(lambda e: f"{W}/f.txt" not in e.files, end, backend, start, instruction)
    assert finding.state == "fail" and "put back" in str(finding.evidence)
    closed = Evidence({path: replace(file, mode=0o600) for path, file in evidence_of(start).files.items()})
    verifier = EvidenceVerifier((W,), lambda e: [Check("closed", all(f.mode == 0o600 for f in e.files.values()))])
    assert check_mutants(trial_of(verifier, closed, evidence_of(start), backend)).state == "pass"


def test_what_was_moved_need_not_be_read(backend: Backend) -> None:
    start = {"a.jpg": b"\xff\xd8a", "b.jpg": b"\xff\xd8b", "c.jpg": b"\xff\xd8c"}
    end = {f"pictures/{name}": data for name, data in start.items()}
    finding = found(lambda e: {f"{W}/{name}" for name in end} == set(e.files), end, backend, start)
    assert finding.state == "pass" and {m["kind"] for m in finding.evidence["mutants"]} >= {"removed"}
    finding = found(lambda e: f"{W}/pictures/a.jpg" in e.files, end, backend, start)
    assert finding.state == "fail"


def program_task(judge: Callable[[CaseOutput], str], backend: Backend) -> Finding:
    """A program is asked for, and what two runs of it put out is judged so."""
    cases = tuple(
        TrialCase(f"run {given!r}", CaseInput(f"python3 -I {W}/run.py", stdin=given), judge)
        for given in (b"12\n3\n20\n10\n", b"14\n")
    )
    verifier = TrialVerifier((W,), cases)
    return check_mutants(trial_of(verifier, evidence_of({"run.py": PROGRAM}), Evidence({}), backend))


def test_programs_are_changed_in_what_they_do(backend: Backend) -> None:
    weak = program_task(lambda output: "" if output.exit_code == 0 else "wrong", backend)
    assert weak.state == "fail" and "emptied" in weak.summary
    silent = program_task(lambda output: "" if output.stdout.strip() else "wrong", backend)
    assert silent.state == "fail" and "does not look" in silent.summary
    cases = ((b"12\n3\n20\n10\n", "92"), (b"14\n", "41"), (b"11\n", "-1"))
    strict = TrialVerifier(
        (W,),
        tuple(
            command_case(f"run {given!r}", CaseInput(f"python3 -I {W}/run.py", stdin=given), stdout=said)
            for given, said in cases
        ),
    )
    finding = check_mutants(trial_of(strict, evidence_of({"run.py": PROGRAM}), Evidence({}), backend))
    assert finding.state == "pass", finding.summary
    kinds = {mutant["kind"] for mutant in finding.evidence["mutants"]}
    assert {"operator changed", "constant changed", "condition turned round"} <= kinds


def test_work_that_never_ends_is_cut_off(backend: Backend) -> None:
    """Turning a loop's condition round may leave one without an end; the verifier would wait for an hour."""
    case = CaseInput(f'if [ "$(cat {W}/out.txt)" = 3 ]; then echo 3; else sleep 3600; fi', seconds=3600.0)
    verifier = TrialVerifier((W,), (command_case("run", case, stdout="3"),))
    finding = check_mutants(trial_of(verifier, evidence_of({"out.txt": "3\n"}), Evidence({}), backend))
    assert finding.seconds < 60 and finding.evidence["score"] == 1.0


def test_verifiers_that_break_are_faults_and_sandboxes_are_not(backend: Backend) -> None:
    def breaking(error: Exception) -> Callable[[Evidence], Sequence[Check]]:
        def judge(evidence: Evidence) -> Sequence[Check]:
            if text(evidence, "out.txt") != NAMES:
                raise error
            return [Check("right", True)]

        return judge

    end = evidence_of({"out.txt": NAMES})
    asked: tuple[tuple[Exception, str, str], ...] = (
        (VerifierError("no idea"), "fail", "VerifierError: no idea"),
        (KeyError("names"), "fail", "names"),
        (SandboxError("no room"), "unchecked", "SandboxError: no room"),
    )
    for error, state, said in asked:
        verifier = EvidenceVerifier((W,), breaking(error))
        finding = check_mutants(trial_of(verifier, end, Evidence({}), backend))
        assert finding.state == state and said in finding.summary


def test_what_cannot_be_asked_is_unchecked(backend: Backend) -> None:
    verifier = EvidenceVerifier((W,), lambda evidence: [Check("right", True)])
    trial = trial_of(verifier, evidence_of({"out.txt": NAMES}), Evidence({}), backend)
    refuses = {"metadata": {"selftrain": {"mutation": False}}}
    for changed, said in (
        (replace(trial, task=replace(trial.task, metadata=refuses)), "mutation = false"),
        (replace(trial, task=replace(trial.task, kind="math")), "'math'"),
        (replace(trial, oracle=()), "no oracle's work"),
        (replace(trial, nop=None), "doing nothing"),
    ):
        finding = check_mutants(changed)
        assert (finding.state, dict(finding.evidence)) == ("unchecked", {}) and said in finding.summary


@pytest.mark.parametrize(
    ("path", "start", "end"),
    [
        ("/a/out.json", None, json.dumps(TOTALS).encode()),
        ("/a/out.md", None, PROSE.encode()),
        ("/a/run.py", PROGRAM.replace("> 10", ">= 10").encode(), PROGRAM.encode()),
        ("/a/broken.py", None, b"def f(:\n    return 1 == 2\n"),
        ("/a/run.sh", None, b'#!/bin/bash\nif [ "$1" -gt 3 ] && [ -n "$2" ]; then echo 5; fi\n'),
        ("/a/x.bin", b"\0\1\2", bytes(range(256)) * 9),
        ("/a/other.txt", None, "Zoë\r\nСофия 12\u2028x".encode()),
        ("/a/long.txt", None, b"9" * 6000 + b"\n" + b"1" * 6000),
    ],
)
def test_changes_are_the_same_each_time_and_none_is_none(path: str, start: bytes | None, end: bytes) -> None:
    made = list(changes(path, start, end))
    assert made == list(changes(path, start, end)) and len(made) >= 3
    data = [change.data for change in made]
    assert len(set(data)) == len(data) and not {start, end, b""} & set(data)
    assert disguised(end) != end and len(disguised(end)) == len(end)


def test_disguises_keep_the_form() -> None:
    value = {"when": 3, "on": True, "note": "a \u00e9 \n", "deep": [None, {"x": -1.5e3}]}
    other = json.loads(disguised(json.dumps(value).encode()))
    assert other.keys() == value.keys() and other["on"] is False and other["when"] == 9 and other["deep"][0] is None
    assert (
        is_table("/a/x.csv", b"") and is_table("/a/x.txt", b"1 2\n") and not is_table("/a/x.txt", b"one, two, 3 of 4")
    )


def test_a_real_task_passes(backend: Backend) -> None:
    task = catalogue.task_of_id("json-reshape/train/1/0")
    trial = Trial(task, backend)
    trial = replace(trial, oracle=(trial.play("oracle", task.oracle),), nop=trial.play("nop", ()))
    finding = check_mutants(trial)
    assert finding.state == "pass" and finding.evidence["score"] > 0.5, finding.summary
