"""The gate's search for answers that lie where an agent can read them."""

from __future__ import annotations

import base64
import codecs
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from gate_trials import ASKED, REPORT, folder_trial, leak_trial, played, told
from harbor_folders import COUNT

from selftrain.envs.gate import leaks
from selftrain.envs.gate.leaks import check_leaks
from selftrain.envs.gate.leaks_places import Readable, readable
from selftrain.envs.gate.leaks_views import Place
from selftrain.envs.gate.trial import Trial
from selftrain.sandboxes import Backend, Sandbox, SandboxSpec, make_backend

CODE = "def mean(numbers):\n    return sum(numbers)\n"
MENDED = "def mean(numbers):\n    if not numbers:\n        return 0.0\n    return sum(numbers) / len(numbers)\n"


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend("bubblewrap")


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("kept/report.txt", data)
    return out.getvalue()


def tarred(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo("report.txt")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


WRITTEN: Mapping[str, Callable[[bytes], bytes]] = {
    "as it is": lambda data: b"kept:\n" + data,
    "laid out anew": lambda data: b"\r\n\r\n  ".join(data.split(b"\n")),
    "most of it": lambda data: b"".join(data.splitlines(keepends=True)[:-1]) + b"fjord ?\n",
    "base64": lambda data: b"data: " + base64.encodebytes(data),
    "hex": lambda data: data.hex().encode(),
    "gzip": gzip.compress,
    "zip": zipped,
    "tar": tarred,
    "base64 of gzip": lambda data: base64.b64encode(gzip.compress(data)),
    "reversed": lambda data: data[::-1],
    "rot13": lambda data: codecs.encode(data.decode(), "rot13").encode(),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_an_answer_is_found_however_it_is_written(how: str, backend: Backend) -> None:
    left = "".join(f"{name}\n{REPORT}" for name in "abcdefgh") if how == "most of it" else REPORT
    finding = check_leaks(leak_trial(backend, {"/workspace/old/cache.bin": WRITTEN[how](left.encode())}, left=left))
    assert finding.state == "fail" and "/workspace/old/cache.bin" in finding.summary
    clean = check_leaks(leak_trial(backend, {"/workspace/old/cache.bin": WRITTEN[how](CODE.encode() * 9)}))
    assert clean.state == "pass" and clean.evidence["notes"] == []


LEAKS: Mapping[str, tuple[Mapping[str, object], str]] = {
    "instruction": ({"instruction": f"{ASKED}\n\n{REPORT}"}, "report.txt can be read in the instruction"),
    "instruction in base64": (
        {"instruction": f"{ASKED} {base64.b64encode(REPORT.encode()).decode()}"},
        "the instruction (base64)",
    ),
    "instruction says it": ({"instruction": f"{ASKED} The answer is 4711.", "left": "4711\n"}, "in the instruction"),
    "variable": ({"env": {"WANTED": REPORT}}, "can be read in $WANTED"),
    "short and called an answer": (
        {"files": {"/workspace/notes.txt": b"hello\n# answer: 42\n"}, "left": "42\n"},
        "/workspace/notes.txt",
    ),
    "short under its own name": ({"files": {"/workspace/.b/report.txt": b"42"}, "left": "42\n"}, ".b/report.txt"),
    "one line in a hidden file": (
        {"files": {"/workspace/.cache.json": b'{"n": 1, "total": 918273.25}'}, "left": "918273.25\n"},
        "/workspace/.cache.json",
    ),
    "a named file that calls it the answer": (
        {"files": {"/workspace/orders.csv": b"1,amber,20\nexpected: 918273.25\n"}, "left": "918273.25\n"},
        "/workspace/orders.csv",
    ),
    "patch": (
        {
            "files": {
                "/workspace/mean.py": CODE.encode(),
                "/workspace/.old/fix.patch": "".join(f"+{line}\n" for line in MENDED.splitlines()).encode(),
            },
            "instruction": "Mend /workspace/mean.py.",
            "left": MENDED,
            "path": "/workspace/mean.py",
        },
        "/workspace/.old/fix.patch",
    ),
    "commands": (
        {
            "files": {"/workspace/tools.sh": b"#!/bin/bash\ncd /workspace\nawk -f sums.awk orders.csv > report.txt\n"},
        },
        "the oracle's commands can be read in /workspace/tools.sh",
    ),
    "history": (
        {
            "setup": "cd /workspace && git init -q . && printf %s '"
            + REPORT
            + "' > a && git add a && git -c user.name=a -c user.email=a@b commit -qm a && git rm -q a && "
            "git -c user.name=a -c user.email=a@b commit -qm b && git gc -q --aggressive",
        },
        "git object",
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_an_answer_is_found_wherever_it_lies(name: str, backend: Backend) -> None:
    how, words = LEAKS[name]
    finding = check_leaks(leak_trial(backend, **how))  # type: ignore[arg-type]
    assert finding.state == "fail" and words in finding.summary, told(finding)


HONEST: Mapping[str, tuple[Mapping[str, object], str]] = {
    "unpacked": (
        {
            "files": {"/workspace/old.tar.gz": tarred(REPORT.encode())},
            "instruction": "Unpack /workspace/old.tar.gz; leave /workspace/report.txt.",
        },
        "/workspace/old.tar.gz (gzip)",
    ),
    "copied from a folder": (
        {
            "files": {"/workspace/in/x.txt": REPORT.encode()},
            "instruction": "Find in the folder in what has amber; copy it to /workspace/report.txt.",
        },
        "/workspace/in/x.txt",
    ),
    "read by the oracle": (
        {"files": {"/workspace/part.txt": REPORT.encode()}, "oracle": ("grep . part.txt > report.txt",)},
        "/workspace/part.txt",
    ),
    "dictated": ({"instruction": f"{ASKED} It must hold hello-world.", "left": "hello-world\n"}, "the instruction"),
    "one line of a log": (
        {"files": {"/workspace/a.log": b"08:00 start\n08:01 918273.25 paid\n"}, "left": "918273.25\n"},
        "/workspace/a.log",
    ),
    "from the history": (
        {
            "instruction": "Bring back the last commit's /workspace/report.txt with git.",
            "setup": "cd /workspace && git init -q . && printf %s '"
            + REPORT
            + "' > a && git add a && git -c user.name=a -c user.email=a@b commit -qm a && rm a",
        },
        "git object",
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_the_task_s_own_work_is_a_note(name: str, backend: Backend) -> None:
    how, words = HONEST[name]
    finding = check_leaks(leak_trial(backend, **how))  # type: ignore[arg-type]
    assert finding.state == "pass" and words in str(finding.evidence["notes"]), told(finding)


def test_what_there_was_no_time_for_is_not_said_to_be_searched(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = leak_trial(backend, {"/workspace/old.txt": b"old"}, setup="true")
    whole = check_leaks(trial)
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(leaks, "time", clock)

    def slowly(trial: Trial) -> Readable:
        now[0] += 100  # an image is dumped before anything is searched
        return readable(trial)

    monkeypatch.setattr(leaks, "readable", slowly)
    assert check_leaks(trial).summary == whole.summary and whole.state == "pass"

    def matches(place: Place, sought: Sequence[object]) -> Iterator[object]:
        now[0] += 20
        return iter(())

    monkeypatch.setattr(leaks, "_matches", matches)
    finding = check_leaks(trial)
    count = whole.evidence["searched"]["places"]
    assert finding.state == "unchecked" and f"in none of 2 places, but there are {count}" in finding.summary
    assert finding.evidence["searched"]["places"] == 2


def test_short_answers_are_said_to_be_unchecked(backend: Backend) -> None:
    finding = check_leaks(leak_trial(backend, {"/workspace/a.txt": b"42 is a number"}, left="42\n"))
    assert finding.state == "pass" and "too short" in str(finding.evidence["unchecked"])


def test_hidden_tests_and_solutions_are_looked_for(tmp_path: Path, backend: Backend) -> None:
    assert check_leaks(played(folder_trial(tmp_path / "sound", backend))).state == "pass"
    docker = "FROM debian\nWORKDIR /app\nCOPY data data\nCOPY note.txt /app/docs/\n"
    for name, source in (("a", "tests/test.sh"), ("b", "solution/solve.sh")):
        trial = folder_trial(tmp_path / name, backend, {"environment/note.txt": COUNT[source]})
        assert docker.splitlines()[-1] in (tmp_path / name / "environment" / "Dockerfile").read_text()
        finding = check_leaks(trial)
        assert finding.state == "fail" and f"{source} can be read in /app/docs/note.txt" in finding.summary
        assert "what the oracle leaves" in str(finding.evidence["unchecked"])  # it was not played


@dataclass(frozen=True)
class OtherImage:
    """A backend that has one image more, whose system is this machine's."""

    inner: Backend

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def create(self, spec: SandboxSpec) -> Sandbox:
        return self.inner.create(replace(spec, image="" if spec.image == "acme" else spec.image))


def test_a_task_s_own_image_is_searched(backend: Backend) -> None:
    sandbox = backend.create(SandboxSpec())
    found = sandbox.run("cat $(find /etc -type f -size +1 -size -9 | sort | head -n 1)").output.decode()
    sandbox.close()
    other: Backend = OtherImage(backend)  # type: ignore[assignment]
    finding = check_leaks(replace(leak_trial(other, left=found), image="acme"))
    assert finding.state == "fail" and "can be read in /etc/" in finding.summary
    assert "what packages bring" in str(finding.evidence["unchecked"])
    assert check_leaks(replace(leak_trial(other), image="acme")).state == "pass"


def test_an_image_that_cannot_be_had_is_unchecked(tmp_path: Path, backend: Backend) -> None:
    docker = {"environment/Dockerfile": "FROM debian\nWORKDIR /app\nCOPY data data\nRUN make answer\n"}
    finding = check_leaks(folder_trial(tmp_path, backend, docker))
    assert finding.state == "unchecked" and "needs an image" in finding.summary


def test_a_setup_that_fails_is_a_fault_of_the_task(backend: Backend) -> None:
    finding = check_leaks(leak_trial(backend, setup="exit 3"))
    assert finding.state == "fail" and "exit code 3" in finding.summary
