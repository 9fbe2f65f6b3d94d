"""Scripts played on a task in fresh sandboxes, and the scripts of players that know nothing of the task."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from selftrain.envs.gate.attacks_base import everywhere, quoted, scene_of
from selftrain.envs.proof import play_script
from selftrain.errors import SandboxError, SelfTrainError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Backend
from selftrain.tasks import Task, stable_key
from selftrain.verdicts import CleanRoom, Verdict, Verifier

STOPS = (KeyboardInterrupt, GeneratorExit)
"""What ends a run. Whatever else a vendor's code raises is its fault, also what is no Exception, as pytest.skip is."""
_DAY = 86_400 * 10**9
_WORDS = ("0", "1", "42", "yes", "no", "true", "false", "none", "alpha", "[]", "{}", "hello")
_SAYINGS = ("alpha", "hello", "look around", "next", "what now", "nothing")


@dataclass(frozen=True)
class Outcome:
    """What one play came to.

    Attributes:
        player: who played, as told to `play`.
        verdict: None where there is none, for the reason in `error`.
        error: class and message of what broke, or "".
        seconds: wall time from the first sandbox to the verdict.
        peak_memory_bytes: the most that the player's sandbox took; None where nobody counts, or the play broke.
        evidence: the bytes that were judged; None where the play broke.
        unasked: what broke is the machine's sandboxes, so nothing is known of the task.
    """

    player: str
    verdict: Verdict | None
    error: str
    seconds: float
    peak_memory_bytes: int | None = None
    evidence: Evidence | None = field(default=None, repr=False, compare=False)
    unasked: bool = False

    @property
    def reward(self) -> float | None:
        """What the play was paid; None where there is no verdict."""
        return None if self.verdict is None else self.verdict.reward

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for a finding's evidence."""
        about: dict[str, Any] = {"player": self.player, "reward": self.reward, "error": self.error}
        if self.verdict is not None:
            about |= {"score": self.verdict.score, "why": self.verdict.why, "checks": len(self.verdict.checks)}
        if self.evidence is not None:
            about |= {"sha256": self.evidence.sha256}
        return about | {"seconds": round(self.seconds, 3), "peak_memory_bytes": self.peak_memory_bytes}


def play(task: Task, player: str, commands: Sequence[str], backend: Backend, image: str = "") -> Outcome:
    """Play `commands` on `task` in a fresh sandbox and judge what is left, as `selftrain.envs.proof` does.

    Whatever breaks is the outcome's error and stops nobody else's play: the task or its verifier may be anybody's.
    """
    start = time.monotonic()
    try:
        played = play_script(task, commands, backend, image)
    except SelfTrainError as error:
        said, unasked = f"{type(error).__name__}: {error}", isinstance(error, SandboxError)
        return Outcome(player, None, said, time.monotonic() - start, unasked=unasked)
    except STOPS:
        raise
    except BaseException as error:  # a verifier of somebody else's may raise anything
        return Outcome(player, None, f"the task broke with {error!r}", time.monotonic() - start)
    seconds = time.monotonic() - start
    return Outcome(player, played.verdict, "", seconds, played.peak_memory_bytes, played.evidence)


@dataclass(frozen=True)
class RememberingVerifier:
    """Judges the same evidence once: many attacks leave just what doing nothing leaves.

    Attributes:
        inner: who judges what was not seen before.
        verdicts: what was judged so far, by hash and by the days of the oldest and the newest file, for the hash leaves
            times out and one attack forges them.
    """

    inner: Verifier
    verdicts: dict[tuple[str, int, int], Verdict] = field(default_factory=dict)

    @property
    def exports(self) -> tuple[str, ...]:
        """See `Verifier`."""
        return self.inner.exports

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """See `Verifier`; an error is not remembered."""
        days = [file.mtime_ns // _DAY for file in evidence.files.values()] or [0]
        key = (evidence.sha256, min(days), max(days))
        if key not in self.verdicts:
            self.verdicts[key] = self.inner.verify(evidence, replace(task, verifier=self.inner), room)
        return self.verdicts[key]


def remembering(task: Task) -> Task:
    """The same task, whose verifier judges the same evidence once; only for terminal tasks, others stay as they are.

    Whether a verdict repeats must be asked of the task itself.
    """
    return replace(task, verifier=RememberingVerifier(task.verifier)) if task.kind == "terminal" else task


def nop_commands(task: Task) -> tuple[str, ...]:
    """What somebody does who does nothing."""
    return ()


def echo_commands(task: Task) -> tuple[str, ...]:
    """What somebody does who writes the instruction into every deliverable that it names, or says it where texts are
    asked for; nothing where no deliverable is named."""
    if task.kind != "terminal":
        return (task.instruction,)
    scene = scene_of(task)
    return (everywhere(scene.deliverables, task.instruction),) if scene.deliverables else ()


def random_commands(task: Task, seed: int, count: int = 12) -> tuple[str, ...]:
    """What somebody does who draws `count` harmless commands: looks about, makes folders, writes words to deliverables.

    Where texts are asked for, words without digits. The same task id and seed give the same commands.
    """
    rng = np.random.default_rng([stable_key(f"random player of {task.id}"), seed])
    if task.kind != "terminal":
        return tuple(_SAYINGS[int(number)] for number in rng.integers(len(_SAYINGS), size=count))
    scene = scene_of(task)
    files = [quoted(path) for path in (*scene.deliverables, *task.files)] or ["."]
    targets = [quoted(path) for path in scene.deliverables] or [quoted(f"{scene.workdir}/answer.txt")]

    def drawn(choices: Sequence[str]) -> str:
        return choices[int(rng.integers(len(choices)))]

    def command() -> str:
        file, target, word = drawn(files), drawn(targets), drawn(_WORDS)
        return drawn(
            (
                "ls -la",
                "pwd",
                "find . -maxdepth 2 | head -n 40",
                f"head -n 20 {file}",
                f"wc {file}",
                f"sort {file} | uniq -c | head -n 20",
                f"mkdir -p $(dirname {target}) && touch {target}",
                f"mkdir -p $(dirname {target}) && echo {quoted(word)} > {target}",
                f"echo {quoted(word)} >> {target}",
                f"cp {file} {target}",
                f"chmod +x {target}",
                f"grep -n {quoted(word)} {file} | head -n 20",
            )
        )

    return tuple(command() for _ in range(count))
