"""The gate's checks that play little: a reader's look, leaks, repeats, budgets and the score of guessing."""

from __future__ import annotations

import base64
import codecs
import gzip
import io
import os
import tarfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from harbor_folders import COUNT, TOML, write_folder

from selftrain.envs import catalogue
from selftrain.envs.checks import text_check
from selftrain.envs.gate.budgets import check_budget
from selftrain.envs.gate.chance import check_chance
from selftrain.envs.gate.leaks import check_leaks
from selftrain.envs.gate.lint import check_lint
from selftrain.envs.gate.lint_scripts import asked_in_python, asked_in_shell, constant_reward
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.repeats import check_repeat
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.packs.finding import add_folder
from selftrain.envs.packs.locking import Guard
from selftrain.envs.packs.tasksets import load_task
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.errors import SandboxError, VerifierError
from selftrain.evidence import MIB, Evidence, EvidenceFile
from selftrain.sandboxes import Backend, Sandbox, SandboxSpec, make_backend
from selftrain.tasks import Limits, SandboxNeeds, Task
from selftrain.verdicts import Check, Verdict

REWARD = "/logs/verifier/reward.txt"
PASSED, FAILED = Verdict.of([Check("right", True)]), Verdict.fail("right", "wrong")


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend("bubblewrap")


def folder_trial(root: Path, backend: Backend, files: Mapping[str, str] | None = None) -> Trial:
    """A sound task folder with these files in it, or in the place of its own."""
    write_folder(root, {**COUNT, **(files or {})})
    return Trial(load_harbor_task(root), backend, folder=root)


def played(trial: Trial) -> Trial:
    """The trial, with one play of the oracle and one of nobody."""
    oracle = trial.play("oracle", trial.task.oracle)
    assert oracle.error == ""
    return replace(trial, oracle=(oracle,), nop=trial.play("nop", ()))


def told(finding: Finding) -> str:
    """Everything that a finding says."""
    return f"{finding.summary} {finding.evidence}"


# --- a reader's look ---

BAD_TO_READ = {
    "empty": ({"instruction.md": " \n"}, "the instruction is empty"),
    "placeholder": ({"instruction.md": "Write count.txt. Lorem ipsum dolor."}, "placeholder: 'Lorem ipsum'"),
    "template": ({"instruction.md": "# Task\n\nYour task here\n"}, "placeholder: 'Your task here'"),
    "not-written": ({"instruction.md": "TODO: say what to do\n"}, "not written yet"),
    "too-short": ({"instruction.md": "Do it.\n"}, "must say what to do"),
    "network": (
        {"tests/test.sh": f"#!/bin/bash\napt-get update -q\necho 0 > {REWARD}\n"},
        "asks for the network: tests/test.sh:2: apt-get update",
    ),
    "network-in-solution": (
        {"solution/solve.sh": "curl -s https://example.org/a > /app/count.txt\n"},
        "asks for the network: solution/solve.sh:1: curl",
    ),
    "network-in-python": (
        {
            "tests/test.sh": f"#!/bin/bash\npython3 /tests/look.py; echo $? > {REWARD}\n",
            "tests/look.py": "import os\n\nos.system('pip install requests')\n",
        },
        "asks for the network: tests/look.py:3: pip install requests",
    ),
    "crlf": ({"tests/test.sh": f"#!/bin/bash\r\necho $? > {REWARD}\r\n"}, "tests/test.sh has lines that end with CRLF"),
    "always-paid": ({"tests/test.sh": f"#!/bin/bash\nls /app\necho 1 > {REWARD}\n"}, "tests/test.sh:3 pays 1 whatever"),
    "never-paid": ({"tests/test.sh": "#!/bin/bash\ntest -f count.txt\n"}, "no file in tests/ writes a reward"),
    "too-large": (
        {"task.toml": f"{TOML}storage_mb = 1\n", "environment/data/lines.txt": "x" * (2 * MIB)},
        "/app has room for 1 MiB and starts with 2 MiB",
    ),
}


@pytest.mark.parametrize("name", BAD_TO_READ)
def test_what_a_reader_sees_is_told(name: str, tmp_path: Path, backend: Backend) -> None:
    files, words = BAD_TO_READ[name]
    write_folder(tmp_path, {**COUNT, **files})
    for path, text in files.items():
        (tmp_path / path).write_bytes(text.encode())  # as it is: write_text would change the ends of lines
    finding = check_lint(Trial(load_harbor_task(tmp_path), backend, folder=tmp_path))
    assert finding.state == "fail" and words in finding.summary
    assert len(finding.evidence["faults"]) == 1, finding.evidence


def test_a_sound_folder_reads_well_and_one_without_a_solution_does_not(tmp_path: Path, backend: Backend) -> None:
    trial = folder_trial(tmp_path, backend)
    finding = check_lint(trial)
    assert (finding.state, finding.evidence["faults"], finding.evidence["notes"]) == ("pass", [], [])
    (tmp_path / "solution" / "solve.sh").unlink()
    finding = check_lint(Trial(load_harbor_task(tmp_path), backend, folder=tmp_path))
    assert finding.state == "fail" and "there is no solution" in finding.summary


def test_doubts_are_notes_and_no_faults(tmp_path: Path, backend: Backend) -> None:
    script = f"""#!/bin/bash
command -v jq || apt-get install -y jq
pytest /tests/test_it.py || true
seed=$RANDOM; now=$(date +%s)
if [ -s /app/other/report.txt ]; then echo 1; else echo 0; fi > {REWARD}
"""
    files = {
        "tests/test.sh": script,
        "tests/test_it.py": "import random\ndef test_a():\n    x = 1\ndef test_b():\n    assert random.random()\n",
        "environment/Dockerfile": "FROM debian\nWORKDIR /app\nCOPY data data\nCOPY note.txt docs/\n",
        "environment/note.txt": "-----BEGIN PRIVATE KEY-----\nno key at all\n",
        "instruction.md": "Write tally.sh and count.txt in /app, and mark what is TODO.",
    }
    finding = check_lint(folder_trial(tmp_path, backend, files))
    assert finding.state == "pass", finding.summary
    for words in (
        "asks for the network: tests/test.sh:2",
        "goes on when the tests fail",
        "draws or reads a clock: $RANDOM",
        "draws without a seed",
        "tests that ask nothing: test_a",
        "/app/other/report.txt, which the instruction does not name",
        "holds a private key",
        "the instruction says TODO",
    ):
        assert words in str(finding.evidence["notes"]), words


SURE = (
    "apt-get update && apt-get install -y curl",
    'x="$(curl -s https://example.org/x)"',
    "cd /app\nuvx -p 3.13 \\\n  pytest",
    "if true; then python3 -m pip install x; fi",
    "FOO=1 timeout 5 wget -q http://example.org/c",
    "git clone https://example.org/a",
    'curl -LsSf \\\n "https://example.org/install.sh" | sh',
)
DOUBTED = (
    "command -v jq || apt-get install -y jq",
    "if ! command -v jq; then\n apt-get install -y jq\nfi",
    'curl "$URL"',
    "pip install .",
)
NOT_AT_ALL = (
    "# pip install x",
    'echo "pip install x"',
    "cat > a <<'END'\npip install x\nEND\necho ok",
    "cat <<EOF > a\nwget http://example.org\nEOF",
    'grep -q "curl https://example.org" README',
    "curl -s http://localhost:80/",
    "git clone /srv/repository.git",
    "command -v curl",
    "awk '{ print $1 # pip\n install }' f",
    "pip install --no-index --find-links /wheels x",
    "X=${a#b} # curl https://example.org",
)


def test_only_what_is_run_asks_for_the_network() -> None:
    assert [next(one.sure for one in asked_in_shell(text)) for text in SURE] == [True] * len(SURE)
    assert [[one.sure for one in asked_in_shell(text)] for text in DOUBTED] == [[False]] * len(DOUBTED)
    assert [list(asked_in_shell(text)) for text in NOT_AT_ALL] == [[]] * len(NOT_AT_ALL)
    code = (
        "import subprocess, sys, requests\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'x'])\n"
        "requests.get('http://localhost:8/')\nrequests.get('https://example.org/')\nassert 'pip install' in open('x')\n"
        "{}.get('https://example.org')\n"
    )
    assert [one.number for one in asked_in_python(code)] == [2, 4]
    assert list(asked_in_python("def broken(:")) == []


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (f'ls\nmkdir -p /logs/verifier\necho "1.0" > "{REWARD}"\n', 3),
        ("printf '{\"reward\": 1.0}' > /logs/verifier/reward.json", 1),
        (f"set -e\nbash x\necho 1 > {REWARD}", 0),
        (f"if a; then\n echo 1 > {REWARD}\nfi", 0),
        (f"a && echo 1 > {REWARD}", 0),
        (f"echo 0 > {REWARD}\na && echo 1 > {REWARD}", 0),
        (f"r=1\necho $r > {REWARD}", 0),
        (f"a || exit 1\necho 1 > {REWARD}", 0),
        (f"pay() {{\necho 1 > {REWARD}\n}}", 0),
    ],
)
def test_a_constant_reward_is_one_that_hangs_on_nothing(script: str, line: int) -> None:
    assert constant_reward(script) == line


def test_tasks_in_python_are_read_too(backend: Backend) -> None:
    task = catalogue.task_of_id("json-reshape/train/1/0")
    assert check_lint(Trial(task, backend)).state == "pass"
    assert "no solution" in check_lint(Trial(replace(task, oracle=()), backend)).summary
    setup = replace(task, setup="pip install numpy\n")
    assert "the setup, line 1" in check_lint(Trial(setup, backend)).summary


# --- leaks ---

REPORT = "amber 120934\nbirch 55210\ncedar 9981\ndelta 771230\nember 4410\nfjord 90071\n"
CODE = "def mean(numbers):\n    return sum(numbers)\n"
MENDED = "def mean(numbers):\n    if not numbers:\n        return 0.0\n    return sum(numbers) / len(numbers)\n"
ASKED = "Add up /workspace/orders.csv by customer and write /workspace/report.txt."


def leak_trial(
    backend: Backend,
    files: Mapping[str, bytes] | None = None,
    *,
    instruction: str = ASKED,
    left: str = REPORT,
    path: str = "/workspace/report.txt",
    setup: str = "",
    env: Mapping[str, str] | None = None,
    oracle: Sequence[str] = ("awk -f sums.awk orders.csv > report.txt",),
) -> Trial:
    """A task whose oracle leaves `left`, with these files at its start."""
    start = {"/workspace/orders.csv": b"1,amber,20\n2,birch,30\n", **(files or {})}
    before = {name: EvidenceFile(data) for name, data in start.items()}
    task = Task(
        instruction=instruction,
        verifier=EvidenceVerifier(("/workspace",), lambda evidence: [text_check(evidence, path, left)]),
        files=start,
        setup=setup,
        needs=SandboxNeeds(env=env or {}),
        oracle=oracle,
        id="leaks/given/1/0",
    )
    after = Evidence({**before, path: EvidenceFile(left.encode())})
    oracle_play = Outcome("oracle", PASSED, "", 0.1, None, after)
    return Trial(task, backend, oracle=(oracle_play,), nop=Outcome("nop", FAILED, "", 0.1, None, Evidence(before)))


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


# --- repeats ---

SAME_FILE = "#!/bin/bash\nif [ -s count.txt ] && {}; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n"
UNSTEADY = {
    "a random number": ("(( RANDOM % 2 ))", "does not repeat"),
    "the second": ("(( $(date +%s) % 2 ))", "does not repeat"),
    "the time zone": ('[ "$(date +%z)" = +0000 ]', "under TZ="),
    "the locale": ("[ \"$(printf 'é' | wc -m)\" = 1 ]", "under LC_ALL="),
    "the order of a set": (
        'python3 -c \'import sys; sys.exit(next(iter({"a", "b", "c"})) == "a")\'',
        "does not repeat",
    ),
}


@pytest.mark.parametrize("name", UNSTEADY)
def test_a_verdict_that_hangs_on_circumstances_is_found(name: str, tmp_path: Path, backend: Backend) -> None:
    condition, words = UNSTEADY[name]
    trial = folder_trial(tmp_path, backend, {"tests/test.sh": SAME_FILE.format(condition)})
    # the right verdict, whatever this play of the oracle happened to get
    trial = played(trial)
    trial = replace(trial, oracle=tuple(replace(one, verdict=passed_like(one)) for one in trial.oracle))
    finding = check_repeat(trial)
    assert finding.state == "fail" and words in finding.summary, finding.summary


def passed_like(outcome: Outcome) -> Verdict:
    """The verdict of a pass with the same checks."""
    assert outcome.verdict is not None
    return replace(Verdict.of([replace(check, passed=True) for check in outcome.verdict.checks]), score=1.0)


def test_a_steady_verdict_repeats_and_what_was_not_asked_is_said(tmp_path: Path, backend: Backend) -> None:
    finding = check_repeat(played(folder_trial(tmp_path, backend)))
    assert finding.state == "pass" and "another date" in str(finding.evidence["unchecked"])
    rows = finding.evidence["asked"]
    assert {row["settings"].get("PYTHONHASHSEED") for row in rows} >= {None, "1", "2", "3"}
    assert len({row["settings"].get("TZ") for row in rows}) == 3
    assert {row["what"] for row in rows} == {
        "oracle's evidence judged again",
        "nop's evidence judged again",
        "the oracle played again",
    }


def test_nothing_to_repeat_and_a_backend_that_fails_are_unchecked(tmp_path: Path, backend: Backend) -> None:
    trial = folder_trial(tmp_path, backend)
    assert check_repeat(trial).state == "unchecked"

    def lost(evidence: Evidence) -> Sequence[Check]:
        raise SandboxError("no sandbox today")

    trial = leak_trial(backend)
    broken = replace(trial, task=replace(trial.task, verifier=EvidenceVerifier(("/workspace",), lost)))
    finding = check_repeat(broken)
    assert (finding.state, finding.summary) == ("unchecked", "SandboxError: no sandbox today")


def test_a_verifier_that_breaks_the_second_time_is_a_fault(backend: Backend) -> None:
    def worn(evidence: Evidence) -> Sequence[Check]:
        raise VerifierError("worn out")

    trial = leak_trial(backend)
    finding = check_repeat(replace(trial, task=replace(trial.task, verifier=EvidenceVerifier(("/workspace",), worn))))
    assert finding.state == "fail" and "VerifierError: worn out" in finding.summary


FAMILY = """\
import os, time
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Task
from selftrain.verdicts import Check

PATH = "/workspace/a.txt"


def judge(evidence):
    return [Check("right", evidence.get(PATH) == b"1\\n" and ({condition}))]


def build(rng, level):
    names = {names}
    oracle = (f"echo 1 > {{PATH}}",)
    return Task(f"Write 1 to {{PATH}}, for {{names}}.", EvidenceVerifier((PATH,), judge), oracle=oracle)
"""


@pytest.mark.parametrize(
    ("name", "condition", "names", "words"),
    [
        ("steady", "True", "sorted({'a', 'b', 'c', 'd', 'e', 'f'})", ""),
        ("zoned", "time.localtime(0).tm_hour == time.gmtime(0).tm_hour", "[]", "judged in another process"),
        ("shuffled", "True", "list({'a', 'b', 'c', 'd', 'e', 'f'})", "the task is another one in another process"),
    ],
)
def test_families_in_python_are_asked_in_another_process(
    name: str, condition: str, names: str, words: str, tmp_path: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFTRAIN_PACKS", os.environ.get("SELFTRAIN_PACKS", ""))
    module = f"gate_{name}_tasks"
    toml = f'name = "gate-{name}"\nversion = "1"\nlicence = "MIT"\nsummary = "x"\n[families]\nf = "{module}:build"\n'
    write_folder(tmp_path, {"pack.toml": toml, f"{module}.py": FAMILY.format(condition=condition, names=names)})
    pack = add_folder(tmp_path)
    trial = replace(played(Trial(load_task(Guard.of(pack), "f/train/1/0"), backend)), pack=pack)
    finding = check_repeat(trial)
    assert finding.state == ("fail" if words else "pass") and words in finding.summary, finding.summary


# --- budgets ---


def spent(backend: Backend, took: float, memory: int | None, commands: int = 1, **limits: float) -> Finding:
    """What the check says of an oracle that took this much."""
    trial = leak_trial(backend, oracle=["true"] * commands)
    task = replace(trial.task, limits=replace(Limits(), **limits))  # type: ignore[arg-type]
    oracle = replace(trial.oracle[0], seconds=took, peak_memory_bytes=memory)
    return check_budget(replace(trial, task=task, oracle=(oracle,)))


def test_what_the_oracle_takes_is_held_against_what_is_declared(backend: Backend) -> None:
    assert spent(backend, 1.0, 9 * MIB).state == "pass"
    for finding, words in (
        (spent(backend, 61.0, None, seconds=60.0, command_seconds=100.0), "time: 61 of 60 s"),
        (spent(backend, 1.0, None, commands=3, steps=2), "steps: 3 of 2 commands"),
        (spent(backend, 1.0, 600 * MIB), "memory: 600 of 512 MiB"),
        (spent(backend, 40.0, None), "one command: 40 of 30 s"),
    ):
        assert finding.state == "fail" and words in finding.summary
    assert "leaves little room" in str(
        spent(backend, 55.0, None, seconds=60.0, command_seconds=100.0).evidence["notes"]
    )
    assert "more than 50 times" in str(spent(backend, 1.0, None, seconds=3600.0).evidence["notes"])
    assert spent(backend, 1.0, 9 * MIB, seconds=600.0).evidence["notes"] == []
    assert "memory" in str(spent(backend, 1.0, None).evidence["unchecked"])
    assert "command_seconds" in str(spent(backend, 31.0, None, commands=2).evidence["unchecked"])


def test_a_slow_verifier_is_told(tmp_path: Path, backend: Backend) -> None:
    slow = {
        "tests/test.sh": f"#!/bin/bash\nsleep 0.9\n[ -s count.txt ]; echo $((! $?)) > {REWARD}\n",
        "task.toml": TOML.replace("timeout_sec = 20", "timeout_sec = 1"),
    }
    trial = folder_trial(tmp_path, backend, slow)
    left = Evidence({"/app/count.txt": EvidenceFile(b"3\n")})
    finding = check_budget(replace(trial, oracle=(Outcome("oracle", PASSED, "", 1.2, None, left),)))
    assert "judgement" in told(finding)
    assert finding.state == "fail" or "judgement" in str(finding.evidence["notes"])
    assert check_budget(trial).state == "unchecked"


# --- the score of guessing ---


def test_guessing_is_measured(backend: Backend) -> None:
    finding = check_chance(leak_trial(backend))
    assert finding.state == "pass" and finding.evidence["chance"] == 0.0 and finding.evidence["declared"] is None
    (players,) = finding.evidence["players"]
    assert players["plays"] == 5 and players["interval"][0] == 0.0 < players["interval"][1] < 0.7

    def anything(evidence: Evidence) -> Sequence[Check]:
        return [Check("is there", evidence.get("/workspace/report.txt") is not None)]

    easy = replace(leak_trial(backend).task, verifier=EvidenceVerifier(("/workspace",), anything))
    finding = check_chance(Trial(easy, backend))
    assert finding.state == "fail" and "guessing was paid" in finding.summary


def test_an_answer_of_two_is_guessed_and_a_family_may_declare_it(backend: Backend) -> None:
    text = "Write Yes to /workspace/report.txt when the sum of /workspace/orders.csv is even, else No."
    trial = leak_trial(backend, instruction=text, left="Yes\n")
    finding = check_chance(trial)
    assert finding.state == "fail" and "choosing one of 2 answers was paid 1 of 2 times ('says Yes')" in finding.summary
    assert check_chance(leak_trial(backend, instruction=text, left="Maybe\n")).state == "pass"
    other = replace(trial, task=replace(trial.task, kind="math"))
    assert check_chance(other).state == "unchecked"


def test_a_task_that_breaks_under_a_guess_is_a_fault(backend: Backend) -> None:
    def fussy(evidence: Evidence) -> Sequence[Check]:
        if evidence.get("/workspace/report.txt") is not None:
            raise VerifierError("not like this")
        return [Check("there", False)]

    task = replace(leak_trial(backend).task, verifier=EvidenceVerifier(("/workspace",), fussy))
    finding = check_chance(Trial(task, backend))
    assert finding.state == "fail" and "VerifierError: not like this" in finding.summary
    assert finding.evidence["commands"]


def test_findings_say_how_long_they_took(backend: Backend) -> None:
    start = time.monotonic()
    findings = [check(leak_trial(backend)) for check in (check_lint, check_leaks, check_budget, check_chance)]
    assert all(0 <= finding.seconds <= time.monotonic() - start for finding in findings)
    assert [finding.check for finding in findings] == ["lint", "leaks", "budget", "chance"]
