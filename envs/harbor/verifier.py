"""The verifier of a Harbor task: its test scripts, run in pristine sandboxes over what the agent left.

In shared mode Harbor runs `tests/test.sh` in the agent's own sandbox; here it runs in the clean room, over every
writable folder of the task, so that nothing that the agent started, put into /tests or wrote as a reward early is
there. In separate mode it runs in a sandbox made as the task says, over the declared artifacts alone. In both, the
script imports or starts the submission in its own process: its word is as sound as the script, and checks say so.
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Literal

from selftrain.envs.checks import UnreadableError
from selftrain.envs.clean_room import FLOODED
from selftrain.envs.harbor.rewards import REWARD_JSON, REWARD_TEXT, mean_rewards, read_rewards, the_reward
from selftrain.errors import VerifierError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.tasks import OwnImage, SandboxNeeds, Task
from selftrain.verdicts import CaseInput, CaseOutput, Check, CleanRoom, Verdict

IN_PROCESS = "in-process: the script runs the submission itself"
TEST_SCRIPT = "/tests/test.sh"
# a reward or a test of the agent's own must not lie there when the script starts
HIDDEN = ("/logs/verifier", "/tests", "/solution")
_FOLDERS_LIST = f"{HIDDEN[0]}/.folders"
# bash's own tools only; the list may be long and its names odd
_MAKE_FOLDERS = (
    f"while IFS= read -r -d '' folder; do mkdir -p -- \"$folder\"; done < {_FOLDERS_LIST}; rm -f {_FOLDERS_LIST}"
)


@dataclass(frozen=True)
class Script:
    """One test script and the sandbox that it runs in.

    Attributes:
        step: name of its step, "" in a task of one.
        separate: it runs in a sandbox of its own kind, over the artifacts alone.
        files: what is in the sandbox besides what the agent left: `tests/`, by absolute path.
        modes: permission bits for those of `files` that need other than 0o644.
        judged: paths of what the agent left that it gets, but for what is at or below `HIDDEN`.
        left_out: patterns by path, of what below it is left out.
        workdir: where it runs.
        seconds: wall time.
        image: of its sandbox, "" for the backend's default.
        own_image: of its sandbox, instead; in a separate one what it holds is there, unless the agent's own file takes
            its place.
        needs: of its sandbox.
        writable: folders of its sandbox.
        least: name of a reward → threshold below which no later step is judged.
    """

    step: str
    separate: bool
    files: Mapping[str, bytes]
    modes: Mapping[str, int]
    judged: tuple[str, ...]
    workdir: str
    seconds: float
    needs: SandboxNeeds
    writable: tuple[str, ...]
    image: str = ""
    own_image: OwnImage | None = None
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For checks."""
        where = f"steps/{self.step}: " if self.step else ""
        return f"{where}tests/test.sh ({IN_PROCESS})"

    def run(self, evidence: Evidence, task: Task, room: CleanRoom, untouched: bool = False) -> CaseOutput:
        """Run it over its part of `evidence`, without links and with empty folders; `untouched` as the task starts."""
        mine = {path: file for path, file in evidence.files.items() if self._gets(path)}
        folders = [path for path in evidence.directories if self._gets(path)]
        listed = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in folders)
        entry = TEST_SCRIPT if self.files[TEST_SCRIPT].startswith(b"#!") else f"bash {TEST_SCRIPT}"
        command = f"mkdir -p /logs/artifacts /logs/agent; {_MAKE_FOLDERS}; cd {shlex.quote(self.workdir)} && {entry}"
        case = CaseInput(
            command,
            files={**self.files, _FOLDERS_LIST: listed},
            modes={**self.modes, TEST_SCRIPT: 0o755},
            seconds=self.seconds,
            reads=(REWARD_JSON, REWARD_TEXT),
            workdir="/tmp",
        )
        own = None if self.own_image is None else replace(self.own_image, fills=self.separate or untouched)
        place = replace(task, image=self.image, own_image=own, needs=self.needs, writable=self.writable)
        with closing(room.run_cases(Evidence(mine), place, [case])) as outputs:
            return next(outputs)

    def _gets(self, path: str) -> bool:
        if any(is_at_or_below(path, hidden) for hidden in HIDDEN):
            return False
        for top in self.judged:
            if is_at_or_below(path, top):
                return not _matches(path.removeprefix(top).lstrip("/"), self.left_out.get(top, ()))
        return False


def is_at_or_below(path: str, folder: str) -> bool:
    """Whether an absolute path is that of `folder` or of something in it."""
    return path == folder or path.startswith(f"{folder}/")


def _matches(path: str, patterns: Sequence[str]) -> bool:
    """As `tar --exclude`: a pattern may match any run of components, and takes what is below it too."""
    parts = path.split("/")
    runs = ["/".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)]
    return any(fnmatch.fnmatchcase(run, pattern.strip("/")) for run in runs for pattern in patterns)


@dataclass(frozen=True)
class HarborVerifier:
    """Runs test scripts and combines what they pay; 1 or more passes.

    A reward that cannot be read is the script's fault, a `VerifierError`, when none can be read on untouched files
    either; else it is what the submission brought about, and scores 0.

    Attributes:
        exports: what the agent leaves.
        scripts: in the order of the steps.
        untouched: the files that the task starts with besides those of its image, to tell a broken script from a broken
            submission.
        strategy: "mean" of the steps' rewards, key by key, or the "final" step's.
    """

    exports: tuple[str, ...]
    scripts: tuple[Script, ...]
    untouched: Mapping[str, bytes]
    strategy: Literal["mean", "final"] = "mean"

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """The verdict over every step; see the class."""
        if evidence.overrun:
            return Verdict.fail("export", f"too large: {evidence.overrun}")
        found: list[Mapping[str, float]] = []
        try:
            for script in self.scripts:
                found.append(_rewards(script.run(evidence, task, room)))
                if _below(found[-1], script.least):
                    break
            reward = self._combined(found)
        except UnreadableError as error:
            self._blame(error, task, room)
            # an unreadable reward of a submission that others get a reward for is the submission's doing
            return Verdict.fail(self.scripts[min(len(found), len(self.scripts) - 1)].name, f"no_result: {error}")
        return self._verdict(found, reward)

    def _combined(self, found: Sequence[Mapping[str, float]]) -> float:
        return the_reward(found[-1] if self.strategy == "final" else mean_rewards(found))

    def _verdict(self, found: Sequence[Mapping[str, float]], reward: float) -> Verdict:
        if len(self.scripts) == 1:
            checks = [Check(self.scripts[0].name, reward >= 1.0, f"reward {reward:g}")]
        else:
            checks = [_step_check(script, rewards) for script, rewards in zip(self.scripts, found, strict=False)]
            checks += [Check(script.name, False, "not run") for script in self.scripts[len(found) :]]
            how = "mean over the steps" if self.strategy == "mean" else "of the final step"
            checks.append(Check(f"reward, {how}", reward >= 1.0, f"reward {reward:g}"))
        failed = next((check for check in checks if not check.passed), None)
        why = f"{failed.name}: {failed.why}" if failed else ""
        return Verdict(failed is None, min(1.0, max(0.0, reward)), tuple(checks), why)

    def _blame(self, error: UnreadableError, task: Task, room: CleanRoom) -> None:
        """Raise when the scripts, all of them, give no reward on untouched files either."""
        evidence = Evidence({path: EvidenceFile(data) for path, data in self.untouched.items()})
        where = ""
        try:
            found = []
            for script in self.scripts:
                where = f"steps/{script.step}: " if script.step else ""
                found.append(_rewards(script.run(evidence, task, room, untouched=True)))
            self._combined(found)
        except UnreadableError as again:
            raise VerifierError(
                f"{where}tests/test.sh of {task.id} gives no reward, on untouched files either: {again}"
            ) from error


def _rewards(output: CaseOutput) -> dict[str, float]:
    if output.lost:
        raise UnreadableError("killed_verifier")
    if FLOODED in (output.stdout, output.stderr):
        raise UnreadableError("it printed more than 8 MB: have it write that to a file")
    return read_rewards(output)


def _below(rewards: Mapping[str, float], least: Mapping[str, float]) -> str:
    """The first reward that is below its threshold, or missing; "" when there is none."""
    return next((key for key, value in least.items() if not rewards.get(key, float("-inf")) >= value), "")


def _step_check(script: Script, rewards: Mapping[str, float]) -> Check:
    paid = ", ".join(f"{key} {value:g}" for key, value in sorted(rewards.items())[:8])
    below = _below(rewards, script.least)
    return Check(script.name, not below, f"{paid}; {below} is below min_reward" if below else paid)
