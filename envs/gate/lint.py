"""What a reader of a task sees without running it: its instruction, its scripts, its files.

Only what is certain fails; everything else that a reviewer should look at is a note in the evidence.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from selftrain.envs.gate.attacks_base import scene_of
from selftrain.envs.gate.lint_scripts import (
    asked_in_python,
    asked_in_shell,
    constant_reward,
    shell_lines,
    tests_of_nothing,
)
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.harbor.folders import files_below
from selftrain.envs.harbor.verifier import HarborVerifier
from selftrain.errors import TaskError
from selftrain.evidence import MIB, ExportLimits
from selftrain.sandboxes import SandboxLimits
from selftrain.tasks import Task

_FEWEST_WORDS = 3
_MOST_TEXT = 1 * MIB
_PLACEHOLDER = re.compile(
    r"\blorem ipsum\b|\byour (?:task|instructions?) here\b"
    r"|\b(?:insert|describe|write) (?:your|the) (?:task|instructions?) here\b"
    r"|<(?:task|your|insert|describe)[ _-][^<>\n]{0,60}(?:here|description|instruction)[^<>\n]{0,20}>",
    re.IGNORECASE,
)
_UNWRITTEN = re.compile(r"^\W*(?:TODO|TBD|FIXME|XXX)\b(?:\W.{0,80})?$", re.IGNORECASE | re.DOTALL)
_UNDONE = re.compile(r"\b(?:TODO|TBD|FIXME)\b")
_PATH = re.compile(r"(?<![\w/.:$}-])/[\w+@-][\w.+@-]*(?:/[\w.+@-]+)+")
_NOT_WORK = ("/tests", "/logs", "/tmp", "/solution", "/usr", "/bin", "/dev", "/etc", "/proc", "/opt", "/root")
_CHANCE = re.compile(r"\$\{?RANDOM\b|\bshuf\b|/dev/u?random|\buuid")
_CLOCK = re.compile(
    r"(?:^|[;&|(`\s])date\b|\btime\.time\(|\bdatetime\.(?:datetime\.)?(?:now|utcnow|today)\(|\bdate\.today\("
)
_DRAWN = re.compile(r"\brandom\.(?!seed|Random|SystemRandom)\w+\(|\bnp\.random\.rand|default_rng\(\)")
_SEEDED = re.compile(r"\bseed\(|\bRandom\(\w|default_rng\(\w")
_HUSHED = re.compile(
    r"\b(?:pytest|python[\d.]*|bash|sh|node|make|go\s+test|cargo\s+test)\b[^|]*\|\|\s*(?:true\b|:(?:\s|$))"
)
_SECRETS: Mapping[str, re.Pattern[bytes]] = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----"),
    "a token of GitHub": re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{40,}"),
    "a key of AWS": re.compile(rb"\bAKIA(?![0-9A-Z]*EXAMPLE)[0-9A-Z]{16}\b"),
    "a token of Hugging Face": re.compile(rb"\bhf_[A-Za-z0-9]{34,}"),
    "a token of Slack": re.compile(rb"\bxox[abprs]-[A-Za-z0-9-]{20,}"),
    "a key of a model's provider": re.compile(rb"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}"),
}
_TWICE = (("memory", "memory_mb"), ("storage", "storage_mb"))


@dataclass
class _Reading:
    """What was seen so far."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, line: str, sure: bool) -> None:
        (self.faults if sure else self.notes).append(line)


def check_lint(trial: Trial) -> Finding:
    """Whether a reader finds nothing wrong with the task's texts and files."""
    start = time.monotonic()
    reading = _Reading()
    try:
        files = _files(trial.folder) if trial.folder else {}
    except (TaskError, OSError) as error:
        return Finding("lint", "fail", str(error), {}, time.monotonic() - start)
    _read_instruction(trial.task, reading)
    if not len(trial.task.oracle):
        reading.faults.append("there is no solution: write solution/solve.sh, or the oracle of a task in Python")
    _read_sizes(trial.task, files, reading)
    for name, data in (files or trial.task.files).items():
        reading.notes += [f"{name} holds {what}" for what, form in _SECRETS.items() if form.search(data[:_MOST_TEXT])]
    for asked in asked_in_shell(trial.task.setup):
        reading.add(f"asks for the network: the setup, line {asked.number}: {asked.what}", asked.sure)
    if files:
        _read_scripts(files, reading)
        _read_tests(trial.task, files, reading)
        _read_config(files, reading)
    evidence = {"faults": reading.faults, "notes": reading.notes, "unchecked": []}
    if reading.faults:
        more = f" (and {len(reading.faults) - 1} more)" if len(reading.faults) > 1 else ""
        return Finding("lint", "fail", reading.faults[0] + more, evidence, time.monotonic() - start)
    told = f"nothing wrong, {len(reading.notes)} notes" if reading.notes else "nothing wrong"
    return Finding("lint", "pass", told, evidence, time.monotonic() - start)


def _files(folder: Path) -> dict[str, bytes]:
    return {name: data for name, (data, _) in files_below(folder, folder).items()}


def _text(data: bytes) -> str:
    """As text, "" of what is none or is too long to be a script."""
    return "" if len(data) > _MOST_TEXT or b"\0" in data else data.decode("utf-8", "replace")


def _read_instruction(task: Task, reading: _Reading) -> None:
    text = task.instruction.strip()
    if not text:
        reading.faults.append("the instruction is empty")
        return
    if found := _PLACEHOLDER.search(text):
        reading.faults.append(f"the instruction still holds a placeholder: {found[0]!r}")
    elif _UNWRITTEN.match(text):
        reading.faults.append(f"the instruction is not written yet: {text[:60]!r}")
    elif found := _UNDONE.search(text):
        reading.notes.append(f"the instruction says {found[0]}: is it part of the task?")
    if len(text.split()) < _FEWEST_WORDS and not _PATH.search(text):
        reading.faults.append(f"the instruction is {text!r}: it must say what to do and which file to leave")
    if task.kind == "terminal" and not scene_of(task).deliverables:
        reading.notes.append("the instruction names no file to leave by its path")
    if text.startswith("\ufeff"):
        reading.notes.append("the instruction begins with a byte order mark")


def _read_sizes(task: Task, files: Mapping[str, bytes], reading: _Reading) -> None:
    room = task.needs.disk_bytes or SandboxLimits().disk_bytes
    for folder in task.writable:
        held = sum(len(data) for path, data in task.files.items() if path.startswith(f"{folder}/"))
        if held > room:
            what = f"{folder} has room for {room // MIB} MiB and starts with {held // MIB} MiB"
            reading.faults.append(f"{what}: take files out, or raise environment.storage_mb")
    most = ExportLimits().file_bytes
    for path, data in {**task.files, **files}.items():
        if len(data) > most:
            reading.notes.append(f"{path} has {len(data) // MIB} MiB; what is judged may have {most // MIB} MiB a file")


def _is_run(name: str) -> bool:
    """Whether a file of the folder is the script of a test, a solution or a set-up."""
    return bool(re.fullmatch(r"(?:steps/[^/]+/)?(?:tests/test|solution/solve|workdir/setup)\.sh", name))


def _hidden_scripts(files: Mapping[str, bytes]) -> Iterator[tuple[str, str, bool]]:
    """Scripts of tests, solutions and set-ups: name, text, and whether they are sure to be run."""
    run = {name: _text(data) for name, data in files.items() if _is_run(name)}
    called = "\n".join(run.values())
    for name, data in files.items():
        if name in run:
            yield name, run[name], True
        elif re.match(r"(?:steps/[^/]+/)?(?:tests|solution)/", name) and name.endswith((".sh", ".py", ".bash")):
            base = name.rpartition("/")[2]
            yield name, _text(data), base in called or (base.startswith("test_") and "pytest" in called)


def _read_scripts(files: Mapping[str, bytes], reading: _Reading) -> None:
    for name, text, is_run in _hidden_scripts(files):
        asking = asked_in_python(text) if name.endswith(".py") else asked_in_shell(text)
        for asked in asking:
            what = f"asks for the network: {name}:{asked.number}: {asked.what}"
            reading.add(f"{what}; a sandbox has none, so put what it needs into the image", asked.sure and is_run)
    for name, data in files.items():
        script = name.endswith((".sh", ".bash")) or data.startswith(b"#!")
        if script and data.count(b"\r\n") * 2 > data.count(b"\n") > 0:
            what = f"{name} has lines that end with CRLF, which no shell reads: save it with LF"
            reading.add(what, _is_run(name))
        if name.rpartition("/")[2] == "Dockerfile":
            runs = re.sub(r"(?m)^\s*RUN\s+", "", _text(data))
            for asked in asked_in_shell(runs):
                reading.notes.append(f"{name}:{asked.number} needs the network while the image is built: {asked.what}")


def _read_tests(task: Task, files: Mapping[str, bytes], reading: _Reading) -> None:
    tests = {name: data for name, data in files.items() if re.match(r"(?:steps/[^/]+/)?tests/", name)}
    verifier = task.verifier
    own_place = isinstance(verifier, HarborVerifier) and any(script.separate for script in verifier.scripts)
    if not any(b"reward" in data or b"/logs/verifier" in data for data in tests.values()):
        what = "no file in tests/ writes a reward: test.sh must write /logs/verifier/reward.txt or reward.json"
        reading.add(what, not own_place)
    for name, data in tests.items():
        text = _text(data)
        alone = not any(b"reward" in other for key, other in tests.items() if key != name)
        if name.endswith("test.sh") and alone and (line := constant_reward(text)):
            reading.faults.append(f"{name}:{line} pays 1 whatever was done: write what the tests found")
        _note_habits(name, text, reading)
    _note_paths(task, tests, reading)


def _note_habits(name: str, text: str, reading: _Reading) -> None:
    python = name.endswith(".py")
    for line in shell_lines(text) if name.endswith((".sh", ".bash")) else ():
        if _HUSHED.search(line.code):
            reading.notes.append(f"{name}:{line.number} goes on when the tests fail: {line.text.strip()[:80]}")
        if found := _CHANCE.search(line.code) or _CLOCK.search(line.code):
            reading.notes.append(f"{name}:{line.number} draws or reads a clock: {found[0].strip()}")
    if python and (found := _CLOCK.search(text)):
        reading.notes.append(f"{name} reads a clock: {found[0].strip()}")
    if python and not _SEEDED.search(text) and (found := _DRAWN.search(text)):
        reading.notes.append(f"{name} draws without a seed: {found[0]}")
    if python and (empty := tests_of_nothing(text)):
        reading.notes.append(f"{name} has tests that ask nothing: {', '.join(empty[:5])}")


def _note_paths(task: Task, tests: Mapping[str, bytes], reading: _Reading) -> None:
    """Paths that tests speak of and the instruction does not."""
    spoken = {path.rstrip(".") for data in tests.values() for path in _PATH.findall(_text(data))}
    work = sorted(path for path in spoken if not path.startswith(_NOT_WORK) and path not in task.writable)
    unnamed = [path for path in work if path not in task.files and path.rpartition("/")[2] not in task.instruction]
    if unnamed:
        reading.notes.append(f"the tests speak of {', '.join(unnamed[:5])}, which the instruction does not name")


def _read_config(files: Mapping[str, bytes], reading: _Reading) -> None:
    text = _text(files.get("task.toml", b""))
    keys = set(re.findall(r"(?m)^\s*([a-z_]+)\s*=", text))
    for older, newer in _TWICE:
        if older in keys and newer in keys:
            reading.notes.append(f"task.toml says the same twice: {older} and {newer}")
    if re.search(r"(?m)^\s*allow_internet\s*=\s*true", text):
        reading.notes.append("task.toml allows the network, which no sandbox has: the task is played without")
