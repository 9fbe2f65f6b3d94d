"""Tasks as Harbor folders: the same verdict in both forms, nothing hidden where the agent acts, and what is refused."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from backends import IN_CI, backend_or_skip

from selftrain.envs.families import ALL_NAMES, terminal_family, terminal_task
from selftrain.envs.harbor.export import export_each, export_task, exported_files
from selftrain.envs.harbor.proof import (
    Compared,
    collect,
    compare,
    judge_archive,
    no_two_users,
)
from selftrain.errors import ImageMissingError, TaskError, VerifierError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Backend, SandboxSpec
from selftrain.sandboxes.images import rootfs_path
from selftrain.tasks import Task
from selftrain.verdicts import CleanRoom, Verdict, Verifier

# one that reads files, one of modes and links, two that run what was submitted, and one of pictures
SAMPLE = ("log-forensics", "permissions-audit", "git-repair", "python-bug", "lab-bench")
TARGET = "/workspace/report.json"


def why_not() -> str:
    try:
        rootfs_path("lab")
    except ImageMissingError as error:
        return str(error)
    return no_two_users()


needs_two_users = pytest.mark.skipif(bool(why_not()) and not IN_CI, reason=why_not())


@pytest.fixture(scope="module")
def backend() -> Backend:
    return backend_or_skip("bubblewrap")


@pytest.fixture(scope="module")
def exported(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("exported")
    return {name: export_task(terminal_family(name).task(3, 1), place / name, backend) for name in SAMPLE}


@needs_two_users
@pytest.mark.parametrize("name", SAMPLE)
def test_both_forms_give_the_same_verdict(name: str, exported: dict[str, Path], backend: Backend) -> None:
    compared = compare(terminal_family(name).task(3, 1), exported[name], backend)
    assert [(one.agent.split()[0], one.same) for one in compared] == [("oracle", True), ("nop", True), ("cheat", True)]


@pytest.mark.parametrize("name", ALL_NAMES)
def test_every_family_is_exported(name: str, backend: Backend, tmp_path: Path) -> None:
    task = terminal_family(name).task(0, 1)
    tests = export_task(task, tmp_path / "task", backend) / "tests"
    told = json.loads((tests / "task.json").read_text())
    assert (told["id"], told["fingerprint"]) == (f"{name}/train/1/0", task.fingerprint())
    judge = {path.relative_to(tests).as_posix(): path.read_text() for path in (tests / "judge").rglob("*.py")}
    assert "judge/selftrain/envs/guest_judge.py" in judge
    # pictures come out differently with other versions of the library, wherever in a module it is imported
    assert [path for path, text in judge.items() if re.search(r"^\s*(?:from|import) PIL\b", text, re.MULTILINE)] == []


@needs_two_users
def test_a_form_that_judges_otherwise_is_named(backend: Backend, tmp_path: Path) -> None:
    task = terminal_family("csv-reshape").task(0, 1)
    folder = export_task(task, tmp_path / "task", backend)
    (folder / "solution" / "solve.sh").write_text("true\n")
    oracle, nop = compare(task, folder, backend, cheats=0)
    assert (oracle.agent, oracle.ours, oracle.exported, oracle.same) == ("oracle", True, False, False) and nop.same
    assert not Compared("t", "nop", True, True).same


def test_the_same_task_gives_the_same_bytes_and_no_secret_lies_with_the_agent(backend: Backend) -> None:
    task = terminal_family("sqlite-query").task(1, 2)
    files = exported_files(task, backend)
    assert files == exported_files(task, backend)
    shown = b"".join(data for path, data in files.items() if path.split("/")[0] in ("environment", "instruction.md"))
    hidden = [task.setup, *task.oracle, *map(str, vars(task.verifier).values())]
    assert not [secret for secret in hidden if secret.encode() in shown]
    assert files["instruction.md"].decode().strip() == task.instruction.strip()


def test_the_start_is_what_the_sandbox_holds(backend: Backend) -> None:
    task = terminal_family("permissions-audit").task(0, 3)
    with tarfile.open(fileobj=io.BytesIO(exported_files(task, backend)["environment/start.tar"])) as tar:
        members = tar.getmembers()
    assert {member.name.split("/")[0] for member in members} == {"workspace"}
    assert {(member.uid, member.gid) for member in members} == {(1000, 1000)}
    # modes are what this task is about: a setup that did not run would leave the usual ones only
    assert len({member.mode for member in members}) > 3


def test_the_configuration_is_harbor_s(exported: dict[str, Path]) -> None:
    config = tomllib.loads((exported["git-repair"] / "task.toml").read_text())
    assert config["schema_version"] == "1.4" and config["task"]["name"] == "selftrain/git-repair-train-1-3"
    assert config["verifier"]["environment_mode"] == "separate" and config["agent"]["user"] == "agent"
    assert config["verifier"]["environment"]["network_mode"] == "no-network"
    assert "workspace/repo/.git/objects" in config["verifier"]["collect"][0]["command"]
    assert config["metadata"]["selftrain"]["second_user"] is True


@dataclass(frozen=True)
class SlideCounter:
    """A verifier over pictures that holds another one."""

    inner: Verifier
    exports: tuple[str, ...] = ("/workspace/predictions.csv",)

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """As the inner one."""
        return self.inner.verify(evidence, task, room)


def test_what_is_known_of_pictures_lies_with_the_judge_alone(exported: dict[str, Path]) -> None:
    folder, task = exported["lab-bench"], terminal_family("lab-bench").task(3, 1)
    assert not list((folder / "tests" / "judge").rglob("slides.py"))
    told = json.loads((folder / "tests" / "task.json").read_text())["verifier"]["values"]
    assert told == json.loads(json.dumps(vars(task.verifier)))
    with tarfile.open(folder / "environment" / "start.tar") as tar:
        labels = tar.extractfile("workspace/labels.csv")
        assert labels is not None
        shown = labels.read().decode()
    assert "001.png,yes" in shown or "001.png,no" in shown
    assert not [name for name in told["names"] if name in shown]


def test_what_cannot_be_exported_is_refused_by_name(backend: Backend, tmp_path: Path) -> None:
    task, bench = terminal_task("log-forensics/train/1/0"), terminal_task("lab-bench/train/1/0")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("")
    refused = {
        "not the task that its id names": replace(task, instruction="Do something else."),
        "only tasks of the terminal families": replace(task, family="acme", id="acme/one"),
        "SlideCounter is more than plain values": replace(bench, verifier=SlideCounter(bench.verifier)),
    }
    for said, broken in refused.items():
        with pytest.raises(TaskError, match=said):
            export_task(broken, tmp_path / "out", backend)
    assert not (tmp_path / "out").exists()
    with pytest.raises(TaskError, match="is not empty"):
        export_task(task, tmp_path / "used", backend)
    with pytest.raises(TaskError, match="is not empty"):
        export_task(task, tmp_path / "used" / "file", backend)
    with pytest.raises(TaskError, match="used/file/one cannot be written"):
        export_task(task, tmp_path / "used" / "file" / "one", backend)


def test_one_task_that_cannot_go_out_stops_no_other(backend: Backend, tmp_path: Path) -> None:
    names = ("csv-reshape/train/1/0", "log-forensics/train/1/0", "json-reshape/dev/2/1")
    csv, changed, json_ = names[0], replace(terminal_task(names[1]), instruction="Do something else."), names[2]
    done = [one for _, one in export_each((csv, changed, json_), tmp_path, backend)]
    assert [one.task for one in done if one.folder is None and "not the task that its id" in one.why] == [names[1]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["csv-reshape-train-1-0", "json-reshape-dev-2-1"]
    again = list(export_each([terminal_task(names[0]), "no-such/train/1/0"], tmp_path, backend))
    assert "is not empty" in again[0][1].why
    assert again[1][0] is None and "no-such" in again[1][1].why


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, to, 0o755
    return info


@needs_two_users
def test_forged_archives_are_worth_nothing_and_break_nothing(exported: dict[str, Path], backend: Backend) -> None:
    folder = exported["log-forensics"]
    honest = collect(folder, "solution/solve.sh", backend)
    with tarfile.open(fileobj=io.BytesIO(honest)) as tar:
        answer = tar.extractfile(TARGET.lstrip("/"))
        assert answer is not None
        report = answer.read()
    there = (member("workspace", tarfile.DIRTYPE), b"")
    assert judge_archive(folder, packed(there, (member(TARGET), report))) == 1.0
    endless = member(TARGET)
    endless.pax_headers = {"mtime": "inf"}
    forged = {
        "not an archive": b"x" * 2000,
        "packed again, in which a little may be very much": gzip.compress(packed(there, (member(TARGET), report))),
        "of an endless time": packed(there, (endless, report)),
        "cut off": packed(there, (member(TARGET), report))[: 1024 + len(report) // 2],
        "through a link": packed(
            (member("tmp", tarfile.DIRTYPE), b""),
            (member("workspace", tarfile.SYMTYPE, "/tmp"), b""),
            (member(TARGET), report),
        ),
        "beside it": packed(there, (member("workspace/../workspace/report.json"), report)),
        "a reward of its own": packed(there, (member("logs/verifier/reward.json"), b'{"reward": 1}')),
        "a pipe": packed(there, (member(TARGET, tarfile.FIFOTYPE), b"")),
        "a hard link to nothing": packed(there, (member(TARGET, tarfile.LNKTYPE, "etc/passwd"), b"")),
    }
    assert {name: judge_archive(folder, archive) for name, archive in forged.items()} == dict.fromkeys(forged, 0.0)


@needs_two_users
def test_a_judge_that_cannot_know_gives_no_reward(backend: Backend, tmp_path: Path) -> None:
    folder = export_task(terminal_family("csv-reshape").task(0, 1), tmp_path / "task", backend)
    asked = json.loads((folder / "tests" / "task.json").read_text())
    (folder / "tests" / "task.json").write_text(json.dumps({**asked, "fingerprint": "0" * 64}))
    with pytest.raises(VerifierError, match="comes out differently here"):
        judge_archive(folder, collect(folder, "", backend))


EVIL = """\
cat > /workspace/project/evil.py <<'END'
import glob, os, subprocess
for path in ("/logs/verifier/reward.json", "/logs/verifier/reward.txt", "/tests/task.json", "/tests/test.sh"):
    try:
        open(path, "w").write('{"reward": 1.0}')
    except OSError:
        pass
write = "while :; do echo '{\\"reward\\": 1.0}' > /logs/verifier/reward.json; chmod 777 /logs/verifier; done"
subprocess.Popen(["setsid", "bash", "-c", write], stderr=subprocess.DEVNULL)
seen = [path for path in ("/tests", "/tests/judge", "/proc/1/environ") if os.access(path, os.R_OK)]
if seen:
    raise SystemExit(0)
END
for module in /workspace/project/*.py; do
  [ "$module" = /workspace/project/evil.py ] || echo 'import evil' >> "$module"
done
"""


@needs_two_users
def test_a_submission_reaches_neither_tests_nor_reward(exported: dict[str, Path], backend: Backend) -> None:
    folder = exported["python-bug"]
    (folder / "cheats" / "evil.sh").write_text(EVIL)
    assert judge_archive(folder, collect(folder, "cheats/evil.sh", backend)) == 0.0
    # and the same code beside the right answer costs nothing, so the verdict is about the work
    (folder / "cheats" / "evil.sh").write_text(
        (folder / "solution" / "solve.sh").read_text() + "\n" + EVIL.replace("setsid", "true")
    )
    assert judge_archive(folder, collect(folder, "cheats/evil.sh", backend)) == 1.0


def judged_by_one_user(folder: Path, archive: bytes, backend: Backend) -> tuple[int, str]:
    """What `tests/test.sh` does in a sandbox, where there is one user: exit code, and the reward or what it said."""
    files = {f"/tests/{p.relative_to(folder / 'tests')}": p.read_bytes() for p in (folder / "tests").rglob("*.*")}
    files["/logs/artifacts/evidence.tar"] = archive
    sandbox = backend.create(SandboxSpec(image="lab", files=files, writable=("/workspace", "/tests", "/logs")))
    try:
        result = sandbox.run("bash /tests/test.sh && cat /logs/verifier/reward.json", 60)
        return result.exit_code, result.output.decode()
    finally:
        sandbox.close()


@pytest.mark.skipif(bool(why_not()) and not IN_CI, reason=why_not())
def test_where_there_is_one_user_only_files_are_judged(exported: dict[str, Path], backend: Backend) -> None:
    reads, runs = exported["log-forensics"], exported["python-bug"]
    assert judged_by_one_user(reads, collect(reads, "solution/solve.sh", backend), backend) == (0, '{"reward": 1.0}\n')
    code, said = judged_by_one_user(runs, collect(runs, "solution/solve.sh", backend), backend)
    assert code == 1 and "a second user to run the submission as" in said
