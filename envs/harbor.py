"""Task folders in Harbor's format, loaded as tasks.

    task.toml · instruction.md · environment/Dockerfile · tests/test.sh · solution/solve.sh

The Dockerfile's WORKDIR and COPY lines are honoured; what needs an image of its own (RUN and the like) needs
`environment.docker_image`. The verifier runs as a trial: `tests/test.sh` in a fresh sandbox over the exported work
folder. It imports or starts the submission in its own process, so its verdict is only as sound as the script; it is
marked so in the verdict. Format: harbor 0.25, schema 1.4.
"""

from __future__ import annotations

import base64
import math
import posixpath
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftrain.envs.checks import UnreadableError, strict_json
from selftrain.errors import TaskError, VerifierError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.tasks import Limits, Task
from selftrain.verdicts import CaseInput, CaseOutput, Check, CleanRoom, Verdict

REWARD_JSON, REWARD_TEXT = "/logs/verifier/reward.json", "/logs/verifier/reward.txt"
IN_PROCESS = "tests/test.sh (in-process: the script runs the submission itself)"
_FOLDERS = ("/tests", "/logs", "/solution")
_SUPPORTED: Mapping[str, frozenset[str]] = {
    "": frozenset({"schema_version", "version", "task", "metadata", "agent", "verifier", "environment", "solution"}),
    "agent": frozenset({"timeout_sec"}),
    "verifier": frozenset({"timeout_sec", "environment_mode"}),
    "environment": frozenset(
        {"docker_image", "os", "build_timeout_sec", "cpus", "memory_mb", "storage_mb", "network_mode", "workdir"}
    ),
    "solution": frozenset(),
}


@dataclass(frozen=True)
class HarborVerifier:
    """Runs `tests/test.sh` over the exported work folder and reads the reward file that it writes.

    Attributes:
        exports: the work folder.
        tests: files of `tests/`, by absolute path in the sandbox.
        pristine: the work folder as the task starts, to tell a broken script from a broken submission.
        seconds: wall time for the script.
    """

    exports: tuple[str, ...]
    tests: Mapping[str, bytes]
    pristine: Mapping[str, bytes]
    seconds: float

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Pass when the reward is 1 or more; a reward that is missing on untouched files too is the script's fault."""
        if evidence.overrun:
            return Verdict.fail("export", f"too large: {evidence.overrun}")
        output = self._run(evidence, task, room)
        try:
            reward = _reward(output)
        except UnreadableError as error:
            self._blame(error, task, room)
            return Verdict.fail(IN_PROCESS, f"no_result: {error}")
        return Verdict(reward >= 1.0, reward, (Check(IN_PROCESS, reward >= 1.0, f"reward {reward:g}"),))

    def _run(self, evidence: Evidence, task: Task, room: CleanRoom) -> CaseOutput:
        command = f"mkdir -p /logs/verifier /logs/artifacts && cd {shlex.quote(self.exports[0])} && bash /tests/test.sh"
        reads = (REWARD_JSON, REWARD_TEXT)
        case = CaseInput(command, files=self.tests, seconds=self.seconds, reads=reads, workdir=self.exports[0])
        (output,) = room.run_cases(evidence, task, [case])
        return output

    def _blame(self, error: UnreadableError, task: Task, room: CleanRoom) -> None:
        untouched = Evidence({path: EvidenceFile(data) for path, data in self.pristine.items()})
        try:
            _reward(self._run(untouched, task, room))
        except UnreadableError as again:
            raise VerifierError(
                f"tests/test.sh of {task.id} gives no reward, on untouched files either: {again}"
            ) from error


def _reward(output: CaseOutput) -> float:
    """The reward: `reward.json` first (key "reward", or its only key), else `reward.txt`."""
    data = output.files.get(REWARD_JSON)
    if data is not None:
        table = strict_json(data)
        if isinstance(table, dict) and ("reward" in table or len(table) == 1):
            table = table.get("reward", next(iter(table.values())))
        value: Any = table
    elif (data := output.files.get(REWARD_TEXT)) is not None:
        try:
            value = float(data)
        except ValueError as error:
            raise UnreadableError("reward.txt is not a number") from error
    else:
        raise UnreadableError("timeout" if output.timed_out else "neither reward.json nor reward.txt was written")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnreadableError("the reward is not a finite number")
    return float(value)


def load_harbor_task(folder: Path) -> Task:
    """The task in `folder`.

    Raises:
        TaskError: a file or field that is missing, wrong or not supported, by name.
    """
    config = _config(folder)
    environment, verifier = config.get("environment", {}), config.get("verifier", {})
    copied, workdir = _dockerfile(folder, environment.get("workdir", ""), bool(environment.get("docker_image")))
    tests = _files(folder, "tests", "/tests")
    if "/tests/test.sh" not in tests:
        raise TaskError(f"{folder}/tests/test.sh is missing")
    instruction = _text(folder, "instruction.md")
    modes = {path: 0o755 for path, data in copied.items() if data.startswith(b"#!")}
    return Task(
        instruction=instruction,
        verifier=HarborVerifier((workdir,), tests, copied, float(verifier.get("timeout_sec", 600))),
        files=copied,
        modes=modes,
        oracle=_oracle(folder),
        limits=Limits(steps=200, seconds=float(config.get("agent", {}).get("timeout_sec", 600)), command_seconds=120),
        image=str(environment.get("docker_image", "")),
        writable=(workdir, *_FOLDERS),
        id=str(config.get("task", {}).get("name", folder.name)),
        family="harbor",
        metadata={"folder": str(folder), "verifier": "in-process"},
    )


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        config = tomllib.loads(_text(folder, "task.toml"))
    except tomllib.TOMLDecodeError as error:
        raise TaskError(f"{folder}/task.toml is not TOML: {error}") from error
    for section, fields in _SUPPORTED.items():
        table = config.get(section, {}) if section else config
        if not isinstance(table, dict):
            raise TaskError(f"{folder}/task.toml: [{section}] must be a table")
        if unknown := sorted(table.keys() - fields):
            name = f"{section}.{unknown[0]}" if section else unknown[0]
            raise TaskError(f"{folder}/task.toml: field {name} is not supported")
    _check_fields(folder, config)
    return config


def _check_fields(folder: Path, config: Mapping[str, Any]) -> None:
    for section in ("agent", "verifier"):
        seconds = config.get(section, {}).get("timeout_sec", 1)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
            raise TaskError(f"{folder}/task.toml: {section}.timeout_sec = {seconds!r} must be a number above 0")
    if (mode := config.get("verifier", {}).get("environment_mode", "shared")) != "shared":
        raise TaskError(f"{folder}/task.toml: verifier.environment_mode = {mode!r} is not supported; use 'shared'")
    network = config.get("environment", {}).get("network_mode", "no-network")
    if network not in ("public", "no-network"):
        raise TaskError(
            f"{folder}/task.toml: environment.network_mode = {network!r} is not supported; use 'no-network'"
        )


def _dockerfile(folder: Path, workdir: str, has_image: bool) -> tuple[dict[str, bytes], str]:
    """Files that the Dockerfile copies in, by absolute path, and its work folder."""
    path = folder / "environment" / "Dockerfile"
    copies: list[tuple[str, str]] = []
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        word, _, rest = line.strip().partition(" ")
        match word.upper():
            case "" | "FROM" | "LABEL" | "CMD":
                continue
            case "WORKDIR":
                workdir = rest.strip()
            case "COPY" if len(parts := shlex.split(rest)) == 2:
                copies.append((parts[0], parts[1]))
            case _ if word.startswith("#") or has_image:
                continue
            case _:
                raise TaskError(
                    f"{path} line {number}: {word} needs an image; build it and set environment.docker_image"
                )
    workdir = workdir or "/app"
    files: dict[str, bytes] = {}
    for source, relative in copies:
        target = posixpath.normpath(posixpath.join(workdir, relative))
        files |= _copied(folder / "environment", source, target, keep_name=relative.endswith(("/", ".")))
    return files, workdir


def _copied(context: Path, source: str, target: str, keep_name: bool) -> dict[str, bytes]:
    origin = (context / source).resolve()
    if not origin.is_relative_to(context.resolve()) or not origin.exists():
        raise TaskError(f"{context}/Dockerfile: COPY {source}: no such file in {context}")
    if origin.is_dir():
        return _files(context, source, target)
    return {f"{target}/{origin.name}" if keep_name else target: origin.read_bytes()}


def _files(folder: Path, name: str, target: str) -> dict[str, bytes]:
    root = folder / name
    return {
        f"{target}/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "Dockerfile"
    }


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TaskError(f"{folder}/{name} is missing") from None
    except UnicodeDecodeError as error:
        raise TaskError(f"{folder}/{name} is not UTF-8 (byte {error.start})") from None


def _oracle(folder: Path) -> tuple[str, ...]:
    """Commands that put `solution/` into the sandbox, run it and take it away again."""
    files = _files(folder, "solution", "/solution")
    if "/solution/solve.sh" not in files:
        return ()
    puts = [
        f"mkdir -p {shlex.quote(str(Path(path).parent))} && base64 -d > {shlex.quote(path)} <<'END'\n"
        f"{base64.encodebytes(data).decode()}END"
        for path, data in files.items()
    ]
    return (*puts, "bash /solution/solve.sh", "rm -rf /solution/*")
