"""The proof of a task: oracle = 1, nop = 0, every cheat = 0, and the same verdicts a second time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

from gymnasium.envs.registration import load_env_creator

from selftrain.envs.catalogue import KINDS
from selftrain.envs.selection import Unloadable
from selftrain.envs.task_env import TaskEnv
from selftrain.errors import SelfTrainError, TaskError, VerifierError
from selftrain.evidence import Evidence
from selftrain.registration import ENVIRONMENTS
from selftrain.sandboxes import Backend
from selftrain.tasks import Task
from selftrain.verdicts import Verdict


@dataclass(frozen=True)
class Played:
    """What one scripted episode came to.

    Attributes:
        verdict: the judgement over what it left.
        evidence: the bytes that were judged.
        peak_memory_bytes: the most that its place took while it was played, judging left out; None where nobody counts.
    """

    verdict: Verdict
    evidence: Evidence
    peak_memory_bytes: int | None


@dataclass(frozen=True)
class Play:
    """One scripted episode: who played, what verdict it got and what it should have got."""

    agent: str
    verdicts: tuple[Verdict, ...]
    evidence_sha256: tuple[str, ...]
    wanted: bool

    @property
    def right(self) -> bool:
        """Every repetition got the wanted verdict."""
        return all(verdict.passed == self.wanted for verdict in self.verdicts)

    @property
    def stable(self) -> bool:
        """Every repetition got the same verdict, check by check."""
        return len(set(self.verdicts)) == 1


@dataclass(frozen=True)
class Proof:
    """What was seen of one task: `plays` in the order oracle, nop, cheats; none, but an `error`, where it is broken."""

    task: str
    plays: tuple[Play, ...]
    seconds: float
    error: str = ""

    @property
    def holds(self) -> bool:
        """Oracle 1, nop 0, cheats 0, the same each time."""
        return not self.error and all(play.right and play.stable for play in self.plays)

    @property
    def faults(self) -> list[str]:
        """What does not hold, one line each."""
        lines = [self.error] if self.error else []
        for play in self.plays:
            if not play.right:
                verdict = next(v for v in play.verdicts if v.passed != play.wanted)
                lines.append(f"{play.agent} {'failed' if play.wanted else 'passed'}: {verdict.why or 'all checks'}")
            elif not play.stable:
                lines.append(f"{play.agent}: the verdict changed between repetitions")
        return lines


def prove(task: Task, backend: Backend, image: str = "", repetitions: int = 2) -> Proof:
    """Play oracle, nop and cheats of `task`, each `repetitions` times in sandboxes of their own.

    Raises:
        TaskError, VerifierError, SandboxError: the task, its verifier or the backend is broken.
    """
    start = time.monotonic()
    scripts = {"oracle": task.oracle, "nop": (), **{f"cheat {name}": lines for name, lines in task.cheats.items()}}
    plays = []
    for agent, commands in scripts.items():
        played = [play_script(task, commands, backend, image) for _ in range(repetitions)]
        verdicts, hashes = tuple(one.verdict for one in played), tuple(one.evidence.sha256 for one in played)
        plays.append(Play(agent, verdicts, hashes, wanted=agent == "oracle"))
    return Proof(task.id, tuple(plays), time.monotonic() - start)


def prove_all(
    tasks: Iterable[Task | Unloadable], backend: Backend, image: str = "", repetitions: int = 2, parallel: int = 4
) -> Iterator[Proof]:
    """Proofs of many tasks, `parallel` at a time, in their order. One that breaks or did not load stops no other.

    Raises:
        SandboxError: the backend is broken.
    """

    def proof(task: Task | Unloadable) -> Proof:
        if isinstance(task, Unloadable):
            return Proof(task.name, (), 0.0, task.why)
        start = time.monotonic()
        try:
            return prove(task, backend, image, repetitions)
        except (TaskError, VerifierError) as error:
            return Proof(task.id, (), time.monotonic() - start, str(error))
        except SelfTrainError:
            raise
        except (Exception, SystemExit) as error:  # a verifier of somebody else's may raise anything
            return Proof(task.id, (), time.monotonic() - start, f"{type(error).__name__}: {error}")

    with ThreadPoolExecutor(parallel) as pool:
        yield from pool.map(proof, tasks)


def play_script(task: Task, commands: Sequence[str], backend: Backend, image: str = "") -> Played:
    """Send `commands` to an environment of the task's kind, in a place of their own, and have what is left judged.

    An episode that ends by itself, by `submit` or at a limit, takes no more commands.

    Raises:
        TaskError, VerifierError, SandboxError: the task, its verifier or the backend is broken.
    """
    environment = load_env_creator(ENVIRONMENTS[KINDS[task.kind].environment][0])
    env = cast("TaskEnv[Any]", environment(backend=backend.name, image=image or None))
    try:
        env.reset(seed=0, options={"task": task})
        over = False
        for command in commands:
            _, _, terminated, truncated, _ = env.step(command)
            if over := terminated or truncated:
                break
        if not over:
            env.truncate("script")
        assert env.verdict is not None and env.evidence is not None  # of every episode that is over
        return Played(env.verdict, env.evidence, env.peak_memory_bytes)
    finally:
        env.close()
