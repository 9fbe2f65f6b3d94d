"""Evidence beside the records, and judging it again: round trips, crashes, and what a changed verifier changes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from backends import needs_coq
from hypothesis import given
from hypothesis import strategies as st

from selftrain import cli
from selftrain.agents.rollout import rollout
from selftrain.envs.math.env import MathEnv
from selftrain.envs.packs.starting import start_pack
from selftrain.envs.regrading import Judging, Regrade, recorded_verdicts, regrade
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.errors import RecordError, SandboxError, VerifierError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.evidence_store import pack_evidence, read_evidence
from selftrain.journal import EVIDENCE, Journal
from selftrain.records import EpisodeRecord, load_evidence, read_records
from selftrain.tasks import Task
from selftrain.verdicts import Check

MATH, TERMINAL = "selftrain:SelfTrain-Math-v0", "selftrain:SelfTrain-Terminal-v0"

NAMES = st.binary(max_size=20).map(os.fsdecode)  # whatever a file system has
EVIDENCES = st.builds(
    Evidence,
    files=st.dictionaries(
        NAMES,
        st.builds(EvidenceFile, st.binary(max_size=30), st.integers(0, 0o7777), st.integers(-(2**62), 2**62)),
        max_size=4,
    ),
    directories=st.dictionaries(NAMES, st.integers(0, 0o7777), max_size=3),
    links=st.dictionaries(NAMES, NAMES, max_size=3),
    dropped=st.dictionaries(NAMES, st.sampled_from(["fifo", "socket", "bad name"]), max_size=2),
    overrun=st.sampled_from(["", "total_bytes", "seconds"]),
)


@given(EVIDENCES)
def test_evidence_survives_its_file(tmp_path_factory: pytest.TempPathFactory, one: Evidence) -> None:
    name, data = pack_evidence(one)
    assert (name, data) == pack_evidence(one)
    file = tmp_path_factory.getbasetemp() / name
    file.write_bytes(data)
    read = read_evidence(file)
    assert read == one and list(read.files) == list(one.files) and read.sha256 == one.sha256


@given(EVIDENCES, EVIDENCES)
def test_only_equal_evidence_has_one_name(one: Evidence, other: Evidence) -> None:
    order = [
        list(getattr(each, part)) for each in (one, other) for part in ("files", "directories", "links", "dropped")
    ]
    same = one == other and order[:4] == order[4:]
    assert (pack_evidence(one)[0] == pack_evidence(other)[0]) == same


def record(episode: int = 0, data: bytes = b"done", evidence: Evidence | None = None) -> EpisodeRecord:
    evidence = evidence or Evidence({"/workspace/out": EvidenceFile(data)})
    return EpisodeRecord("Some-v0", "me", 3, episode=episode, evidence=evidence, evidence_sha256=evidence.sha256)


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / EVIDENCE).glob("*")) if (folder / EVIDENCE).exists() else []


def test_equal_evidence_is_kept_once_and_its_line_does_not_hold_it(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for number, data in enumerate((b"one", b"one", b"two")):
            journal.append(record(number, data))
    assert len(kept(tmp_path)) == 2 and '"evidence":' not in (tmp_path / "episodes.jsonl").read_text()
    found = [load_evidence(tmp_path, each) for each in read_records(tmp_path)]
    assert [each and each.get("/workspace/out") for each in found] == [b"one", b"one", b"two"]


def test_damaged_or_exchanged_evidence_is_told(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append(record(0, b"one"))
        journal.append(record(1, b"two"))
    first, second = read_records(tmp_path)
    whole = (tmp_path / first.evidence_file).read_bytes()
    for spoilt, said in ((b"", "damaged"), (whole[:-30], "damaged"), (whole[:60] + b"\0" + whole[61:], "damaged")):
        (tmp_path / first.evidence_file).write_bytes(spoilt)
        with pytest.raises(RecordError, match=f"episode 0 is whole, but its evidence is not: .*{said}"):
            load_evidence(tmp_path, first)
    shutil.copy(tmp_path / second.evidence_file, tmp_path / first.evidence_file)
    with pytest.raises(RecordError, match="it does not hold what its name says"):
        load_evidence(tmp_path, first)
    with pytest.raises(RecordError, match="is not what was judged in episode 0"):
        load_evidence(tmp_path, replace(first, evidence_file=second.evidence_file))


def test_evidence_is_on_disk_before_its_line_and_orphans_harm_nobody(tmp_path: Path) -> None:
    code = f"""
        import os, sys
        from selftrain.agents.rollout import rollout
        write = os.write
        killing = lambda fd, line: os.kill(os.getpid(), 9) if b'"episode":1,' in bytes(line) else write(fd, line)
        if sys.argv[2] == "kill":
            os.write = killing
        rollout({MATH!r}, "oracle", 3, parallel=1, out=sys.argv[1], progress=False)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    assert subprocess.run([*command, "kill"], check=False, timeout=60).returncode == -signal.SIGKILL
    assert len(kept(tmp_path)) == 2 and [one.episode for one in read_records(tmp_path)] == [0]
    (tmp_path / EVIDENCE / "half.part").write_bytes(b"torn")
    subprocess.run([*command, "go on"], check=True, timeout=60)
    assert [one.episode for one in read_records(tmp_path)] == [0, 1, 2]
    assert all(one.verdict and not one.changed for one in again(tmp_path))


def test_a_full_disk_tears_neither_evidence_nor_records(tmp_path: Path) -> None:
    code = """
        import json, os, pathlib, sys
        from selftrain.errors import RecordError
        from selftrain.evidence import Evidence, EvidenceFile
        from selftrain.journal import Journal
        from selftrain.records import EpisodeRecord, load_evidence, read_records
        folder, told = pathlib.Path(sys.argv[1]), ""
        def make(number):
            evidence = Evidence({"/workspace/out": EvidenceFile(os.urandom(150_000))})
            return EpisodeRecord(
                "Some-v0", "me", 0, episode=number, evidence=evidence, evidence_sha256=evidence.sha256
            )
        (folder / "ballast").write_bytes(bytes(300_000))
        journal = Journal(folder / "out")
        for number in range(20):
            try:
                journal.append(make(number))
            except RecordError as error:
                told = str(error)
                break
        parts = [path.name for path in (folder / "out/evidence").glob("*.part")]
        (folder / "ballast").unlink()
        journal.append(make(number))
        records = list(read_records(folder / "out"))
        whole = all(load_evidence(folder / "out", one) for one in records)
        print(json.dumps({"told": told, "parts": parts, "at": number, "kept": len(records), "whole": whole}))
    """
    script = f'mount -t tmpfs -o size=1m none "{tmp_path}" && exec "{sys.executable}" -c "$0" "{tmp_path}"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script, textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "unshare" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip(f"no mount namespace can be had here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert "cannot be written: No space left on device" in seen["told"] and seen["parts"] == []
    assert 2 <= seen["at"] <= 6 and seen["kept"] == seen["at"] + 1 and seen["whole"]


def again(folder: Path, judging: Judging | None = None) -> list[Regrade]:
    return list(regrade(folder, recorded_verdicts(folder), judging or Judging(), parallel=2))


FAMILIES = [
    f"{name}/train/1/3" for name in ("json-reshape", "python-bug", "shell-script", "git-repair", "sqlite-query")
]
RUNS = [
    (TERMINAL, "oracle", {"tasks": FAMILIES}),
    (TERMINAL, "random", {"tasks": FAMILIES}),
    (MATH, "oracle", {}),
    (MATH, "random", {"env_kwargs": {"attempts": 2}}),
    pytest.param("selftrain:SelfTrain-Proof-v0", "oracle", {}, marks=needs_coq),
    ("selftrain:SelfTrain-Browser-v0", "oracle", {}),
    ("selftrain:SelfTrain-Browser-v0", "random", {}),
    ("selftrain:SelfTrain-Lab-v0", "oracle", {"env_kwargs": {"length": 20, "bar": 0.8, "view": "words"}}),
    ("selftrain:SelfTrain-Courier-v0", "random", {"env_kwargs": {"view": "text"}}),
]


@pytest.mark.parametrize(("env_id", "agent", "more"), RUNS)
def test_nothing_changes_where_the_verifier_is_the_same(
    env_id: str, agent: str, more: dict[str, Any], tmp_path: Path
) -> None:
    if "Browser" in env_id and os.environ.get("CI") != "true":
        pytest.importorskip("flask")
    rollout(env_id, agent, len(more.get("tasks", "12")), out=tmp_path, progress=False, **more)
    found = again(tmp_path)
    assert [one.why_not for one in found] == [""] * len(found) and len(found) >= 2
    assert [one.difference for one in found] == [""] * len(found) and not any(one.changed for one in found)
    if agent == "oracle":
        assert all(one.verdict and one.verdict.passed for one in found)


def wanting(number: bytes, task_id: str = "own/one", words: str = "Say a number.") -> Task:
    def judge(evidence: Evidence) -> list[Check]:
        return [Check("there", True), Check("number", evidence.get("/response") == number, "" if number else "none")]

    return Task(words, EvidenceVerifier(("/response",), judge), kind="math", id=task_id, oracle=("answer: 4",))


def test_own_tasks_take_the_place_of_those_that_were_played(tmp_path: Path) -> None:
    rollout(
        MATH, "oracle", 2, out=tmp_path, tasks=[wanting(b"answer: 4"), wanting(b"answer: 4", "own/two")], progress=False
    )
    lost = again(tmp_path)[0]
    assert lost.verdict is None and "task 'own/one' is not found" in lost.why_not and not lost.broken
    own = {one.id: one for one in (wanting(b"answer: 5"), wanting(b"answer: 4", "own/two"))}
    one, two = again(tmp_path, Judging(own))
    assert one.changed and one.flipped and (one.reward_was, one.reward) == (1.0, 0.0) and not two.changed
    assert one.difference == "number: ok → FAIL"


def test_a_verifier_that_breaks_stops_no_other_and_is_no_verdict(tmp_path: Path) -> None:
    names = ("own/one", "own/two", "own/three", "own/four")
    rollout(MATH, "oracle", 4, out=tmp_path, tasks=[wanting(b"answer: 4", name) for name in names], progress=False)

    @dataclass(frozen=True)
    class Broken:
        error: BaseException
        exports: tuple[str, ...] = ()

        def verify(self, *_: Any) -> Any:
            raise self.error

    class Outcome(BaseException):
        """As pytest.fail raises it."""

    own = {name: wanting(b"answer: 4", name) for name in names}
    own["own/one"] = replace(own["own/one"], verifier=Broken(VerifierError("no reward")))
    own["own/three"] = replace(own["own/three"], verifier=Broken(ZeroDivisionError("by nought")))
    own["own/four"] = replace(own["own/four"], verifier=Broken(Outcome("not so")))
    one, two, three, four = again(tmp_path, Judging(own))
    assert (one.verdict, one.broken, one.why_not) == (None, True, "VerifierError: no reward") and not one.changed
    assert two.verdict and not two.changed
    assert three.broken and "ZeroDivisionError" in three.why_not
    assert four.broken and four.why_not == "judging failed: Outcome('not so')"
    own["own/four"] = replace(own["own/four"], verifier=Broken(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        again(tmp_path, Judging(own))


def edited(line: str, **fields: Any) -> str:
    return json.dumps({**json.loads(line), **fields}) + "\n"


def test_a_damaged_record_is_told_in_a_line_and_the_others_are_judged(
    tmp_path: Path, selftrain: Callable[..., Said]
) -> None:
    assert selftrain("run", MATH, "--agent", "oracle", "--episodes", "2", "--out", "run").code == 0
    file = tmp_path / "run/episodes.jsonl"
    first, second = file.read_text().splitlines()
    verdict = json.loads(first)["verdict"]
    nameless = {**verdict, "checks": [{**verdict["checks"][0], "name": None}]}
    spoilt: tuple[tuple[dict[str, Any], str], ...] = (
        ({"verdict": "x"}, "line 1 is not an episode record: verdict is 'x', not a table or null"),
        ({"reward": "a"}, "line 1 is not an episode record: reward is 'a', not a number or null"),
        ({"env_kwargs": [1]}, "line 1 is not an episode record: env_kwargs is [1], not a table"),
        ({"pack": {"name": 5}}, "line 1 is not an episode record: name of its pack is 5, no text"),
        ({"episode": "x"}, "line 1 is not an episode record: episode is 'x', not a whole number"),
        ({"schema": 99}, "line 1 is a record of schema 99; this version reads schema 2"),
        ({"verdict": {}}, "its record is damaged: what it has for a verdict is none"),
        ({"verdict": {**verdict, "checks": [1]}}, "its record is damaged: what it has for a verdict is none"),
        ({"verdict": nameless}, "its record is damaged: what it has for a verdict is none"),
        ({"pack": {"name": "gone", "lock": ""}, "env_kwargs": {"pack": [1]}}, "is not found"),
    )
    for fields, told in spoilt:
        file.write_text(edited(first, **fields) + second + "\n")
        done = selftrain("regrade", "run")
        (line,) = [line for line in (done.out + done.err).splitlines() if "not judged again" in line]
        assert told in line and "0 of 1 verdicts changed" in done.out
        assert done.code == (0 if "not found" in told else 3)
    file.write_text(f"no json\n{second}\n")
    done = selftrain("regrade", "run", "--json")
    totals = json.loads(done.out)
    assert done.code == 3 and (totals["judged"], totals["not_judged"]) == (1, 1)
    assert totals["notes"][0].endswith("line 1 is not an episode record")
    with pytest.raises(RecordError, match="line 1 is not an episode record"):
        list(read_records(tmp_path / "run"))


def test_a_machine_that_fails_while_a_task_is_looked_for_is_no_lost_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout(MATH, "oracle", 1, out=tmp_path, tasks=[wanting(b"answer: 4")], progress=False)

    def broken(*_: Any) -> Task:
        raise SandboxError("no daemon")

    monkeypatch.setattr(MathEnv, "find_task", broken)
    (one,) = again(tmp_path)
    assert one.broken and one.why_not == "SandboxError: no daemon"


def test_another_task_under_the_same_id_is_judged_only_when_asked_for(tmp_path: Path) -> None:
    rollout(MATH, "oracle", 1, out=tmp_path, tasks=[wanting(b"answer: 4")], progress=False)
    own = {"own/one": replace(wanting(b"answer: 5"), oracle=("answer: 5",), cheats={"guess": ("answer: 0",)})}
    assert again(tmp_path, Judging(own))[0].flipped  # oracle and cheats are no part of what the agent saw
    own = {"own/one": wanting(b"answer: 5", words="Say another number.")}
    (refused,) = again(tmp_path, Judging(own))
    assert refused.verdict is None and "another task by now" in refused.why_not and "--changed-tasks" in refused.why_not
    assert again(tmp_path, Judging(own, changed_tasks=True))[0].flipped


def test_a_honeypot_is_not_taken_for_the_task_whose_id_it_has(tmp_path: Path) -> None:
    rollout(TERMINAL, "nop", 1, out=tmp_path, tasks=FAMILIES[:1], env_kwargs={"honeypots": 1.0}, progress=False)
    (one,) = again(tmp_path, Judging(changed_tasks=True))
    assert one.verdict is None and "a honeypot" in one.why_not and not one.broken


@pytest.mark.parametrize("name", ["integrity", "honeypot"])
def test_a_check_that_is_called_as_one_of_a_honeypots_makes_no_honeypot(name: str, tmp_path: Path) -> None:
    verifier = EvidenceVerifier(("/response",), lambda evidence: [Check(name, evidence.get("/response") is not None)])
    task = replace(wanting(b"answer: 4"), verifier=verifier)
    rollout(MATH, "oracle", 1, out=tmp_path, tasks=[task], progress=False)
    (one,) = again(tmp_path, Judging({task.id: task}))
    assert one.verdict and one.verdict.passed and not one.changed


@dataclass(frozen=True)
class Said:
    """What a command printed, and the exit code it ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def selftrain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """The command line in the test's folder, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFTRAIN_PACKS", "")

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["selftrain", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, *capsys.readouterr())

    return run


def test_a_changed_test_script_of_a_locked_pack_flips_the_right_verdicts(
    tmp_path: Path, selftrain: Callable[..., Said]
) -> None:
    tests = start_pack("acme", tmp_path).folder / "tasks/count-errors/tests/expected.txt"
    assert selftrain("pack", "lock", "acme").code == 0
    run = ("run", TERMINAL, "--pack", "acme", "--task", "acme/*", "--agent", "oracle", "--out", "run", "--json")
    assert selftrain(*run).json["score"]["passed"] == 2
    before = (tmp_path / "run/episodes.jsonl").read_bytes()
    regrading = ("regrade", "run", "--pack", "acme")
    unknown = selftrain(*regrading, "--backend", "nope")
    assert unknown.code == 2 and "No backend is named 'nope'" in unknown.err
    same = selftrain(*regrading, "--json").json
    assert (same["judged"], same["changed"], same["notes"]) == (2, 0, [])

    tests.write_text("9\n")
    done = selftrain(*regrading, "--out", "verdicts.jsonl")
    assert done.code == 1
    assert "1 of 2 verdicts changed: 1 pass → fail; mean reward 1.00 → 0.50" in done.out
    assert "acme/count-errors" in done.out and "acme/sort-names" not in done.out
    assert "changed since it was locked (task count-errors: changed)" in done.err
    lines = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text().splitlines()]
    assert [(line["task"], line["verdict"]["passed"]) for line in lines] == [
        ("acme/count-errors", False),
        ("acme/sort-names", True),
    ]
    assert (tmp_path / "run/episodes.jsonl").read_bytes() == before


def test_no_file_of_a_run_is_written_over(tmp_path: Path, selftrain: Callable[..., Said]) -> None:
    assert selftrain("run", MATH, "--agent", "oracle", "--episodes", "1", "--out", "run").code == 0
    os.link(tmp_path / "run/episodes.jsonl", tmp_path / "linked.jsonl")
    (tmp_path / "plan.json").symlink_to("run/rollout.json")
    files = {file: file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file()}
    assert {"episodes.jsonl", "rollout.json"} < {file.name for file in files} and (tmp_path / "run" / EVIDENCE).exists()
    for file in (*files, tmp_path / "linked.jsonl", tmp_path / "plan.json"):
        for run in ("run", "run/episodes.jsonl"):
            refused = selftrain("regrade", run, "--out", str(file))
            assert refused.code == 2 and "those are never changed" in refused.err, (file, run)
    assert {file: file.read_bytes() for file in files} == files
    (tmp_path / "bare").mkdir()
    shutil.copytree(tmp_path / "run" / EVIDENCE, tmp_path / "bare" / EVIDENCE)
    shutil.copy(tmp_path / "run/episodes.jsonl", tmp_path / "bare/mine.jsonl")
    for out in ("run/new.jsonl", "new.jsonl", "new.jsonl", "bare/new.jsonl", "bare/new.jsonl"):
        assert selftrain("regrade", "bare/mine.jsonl" if "bare" in out else "run", "--out", out).code == 0


def test_what_has_no_evidence_is_told(tmp_path: Path, selftrain: Callable[..., Said]) -> None:
    run = ("run", MATH, "--agent", "oracle", "--episodes", "2", "--out", "run", "--json")
    assert selftrain(*run, "--no-evidence").json["score"]["passed"] == 2
    assert kept(tmp_path / "run") == []
    nothing = selftrain("regrade", "run")
    assert nothing.code == 2 and "run keeps no evidence: it was played with --no-evidence" in nothing.err


def test_a_run_goes_on_with_evidence_or_without(tmp_path: Path, selftrain: Callable[..., Said]) -> None:
    """What is kept does not bind a directory; the first episode is of an earlier version, so to say."""
    rollout(MATH, "oracle", 2, out=tmp_path, keep_evidence=False, progress=False)
    line = (tmp_path / "episodes.jsonl").read_text().splitlines()[0]
    (tmp_path / "episodes.jsonl").write_text(line + "\n")
    rollout(MATH, "oracle", 2, out=tmp_path, progress=False)
    with_it, without = sorted(again(tmp_path), key=lambda one: one.verdict is None)
    assert with_it.verdict and not with_it.changed and without.why_not == "no evidence was kept"
    done = selftrain("regrade", str(tmp_path))
    assert done.code == 0 and "no evidence was kept" in done.out and "0 of 1 verdicts changed" in done.out
    for file in (tmp_path / EVIDENCE).iterdir():
        file.unlink()
    done = selftrain("regrade", str(tmp_path))
    assert done.code == 3 and "is missing" in done.out and "no verdict could be made again" in done.out
