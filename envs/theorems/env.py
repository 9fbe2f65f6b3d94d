"""The proof environment: a theorem, a prover that answers, and a kernel that has the last word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from selftrain.envs import observations
from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.messages import read_message, refusal
from selftrain.envs.task_env import Episode, TaskEnv, Turn
from selftrain.envs.task_sandbox import built_image, open_task_sandbox
from selftrain.envs.theorems.families import theorem_families
from selftrain.envs.theorems.prover import Answer, Prover, Session, make_prover
from selftrain.envs.theorems.verifier import PROOF, ProofVerifier
from selftrain.envs.vector import TaskVectorEnv
from selftrain.errors import MissingToolError, OptionError, TaskError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import Backend, Sandbox, make_backend
from selftrain.tasks import Task, Taskset
from selftrain.verdicts import Verdict

_FEWEST_OBSERVATION_BYTES = 256
_UNDO = re.compile(r"undo(?: +([0-9]{1,6}))?")
_REPLAY_SECONDS = 120.0


@dataclass
class Bench:
    """Where a theorem is proven: a sandbox with a prover in it, and the sentences that it has accepted."""

    backend: Backend
    sandbox: Sandbox
    prover: Prover
    session: Session
    script: tuple[str, ...] = ()

    def close(self) -> None:
        """Close the sandbox, and the prover with it."""
        self.sandbox.close()


class ProofEnv(TaskEnv[Bench]):
    """Prove a theorem.

    ## Description
    The agent gets a theorem, in words and in the language of a prover (Coq), and proves it with tactics. A prover that
    stays for the whole episode answers each script with the goals that are left or with its error. When no goal is
    left the episode is over, and a fresh prover in a clean room checks the whole proof against the stated theorem.

    ## Action Space
    `Text`: a script of tactics goes on from where the proof is; of a script that fails, the sentences before the
    failing one stay. A whole proof, `Proof. ... Qed.`, begins again from the start. Where a message has fenced blocks,
    they are the script and the text around them is not read. `goals` shows the goals, `undo` and `undo N` take back
    sentences, `restart` all of them; `submit` ends the episode with the proof as it is. `Search`, `Check`, `About`,
    `Print` and `Locate`, in a message of their own, are answered and change nothing. Else only tactics are admitted:
    no axioms, no commands, no other theorems; helper lemmas are stated with `assert`.

    ## Observation Space
    `Text`: at reset the theorem, how to work, and the goals; after each action the prover's error, if any, the goals,
    then a line such as `[5 sentences in the proof, step 3 of 64]`. Where goals are longer than `observation_bytes`,
    the middle is left out.

    `info` holds `task`, `family`, `level`, `backend`, `image`, `prover`, `step`, `accepted` (sentences of this step
    that went through), `sentences` (in the proof), `error` (whether the prover or the rules refused something),
    `truncated_bytes`, `whole_messages` (true) and `valid`; after the last step also `verdict`, `score`, `why`,
    `truncation` and `evidence_sha256`.

    ## Rewards
    1.0 once, at the end, when the fresh prover accepts the proof of exactly the stated theorem; else 0.0. A failure of
    the machinery raises an error instead.

    ## Starting State
    The task of `options={"task": ...}`, or else one drawn by the environment's random generator from `tasks` or
    `families`: same seed, same theorem. The prover is warm when `reset` returns.

    ## Episode End
    Terminated when no goal is left, or by `submit`. Truncated by a limit; the proof is judged then too.

    ## Arguments
    - `tasks`: task ids, selections, files that end with a statement of your own (.v, where `(* axioms: ... *)` lists
      those a proof may rest on, or .lean) or `Task` objects (`selftrain.envs.theorems.tasks.statement_task`); or a
      `Taskset`.
    - `families`, `levels`, `split`: draw from these families instead (None: all), at these levels.
    - `max_steps`, `max_seconds`: instead of the task's own limits.
    - `backend`, `image`: where the prover runs; the docker backend's default image here is "math".
    - `observation_bytes`: of the goals that are shown.
    - `render_mode`: "ansi" (the transcript) or "rgb_array" (a picture of it).

    ## Version History
    - v0: the first.
    """

    kind = "proof"
    pool: ClassVar[tuple[str, ...]] = tuple(theorem_families())

    def __init__(
        self,
        *,
        tasks: Taskset | Sequence[str | Task] | None = None,
        families: Sequence[str] | None = None,
        levels: Sequence[int] = (1,),
        split: str = "train",
        max_steps: int | None = None,
        max_seconds: float | None = None,
        backend: str = "auto",
        image: str | None = None,
        observation_bytes: int = 16_384,
        render_mode: str | None = None,
    ) -> None:
        if observation_bytes < _FEWEST_OBSERVATION_BYTES:
            raise OptionError(f"observation_bytes={observation_bytes} must be {_FEWEST_OBSERVATION_BYTES} or more")
        super().__init__(
            tasks=tasks,
            families=families,
            levels=levels,
            split=split,
            max_steps=max_steps,
            max_seconds=max_seconds,
            longest_observation=observation_bytes + observations.LONGEST_INSTRUCTION + observations.STATUS_ROOM,
            render_mode=render_mode,
        )
        self._backend, self._image = backend, image or ""
        self._observation_bytes = observation_bytes

    def _open(self, task: Task) -> Bench:
        if not isinstance(task.verifier, ProofVerifier):
            raise TaskError(
                f"task {task.id!r} states no theorem: make it with selftrain.envs.theorems.tasks.statement_task"
            )
        backend = make_backend(self._backend)
        prover = make_prover(task.verifier.prover)
        try:
            sandbox = open_task_sandbox(backend, task, built_image(backend, task, self._image))
        except MissingToolError as error:  # which says how tools come to a sandbox, but no package brings a Lean
            raise MissingToolError(
                f"The sandbox has no {prover.name.capitalize()}. Get it: {prover.install}"
            ) from error
        try:
            return Bench(backend, sandbox, prover, prover.open(sandbox, task.verifier.statement))
        except BaseException:
            sandbox.close()
            raise

    def _opening(self, episode: Episode[Bench]) -> Turn:
        goals, missing = observations.show_bytes(episode.place.session.goals.encode(), self._observation_bytes)
        text = (
            f"{episode.task.instruction.rstrip()}\n\n"
            "Each action is a script of tactics that goes on from where the proof is, or a whole proof, "
            f"{episode.place.prover.whole}; text around a fenced block is not read. `undo N` takes back sentences, "
            "`goals` shows the goals, `restart` begins again. The episode ends when no goal is left, or with `submit`. "
            f"Only tactics are admitted. {episode.place.prover.hint}\n\n{goals}\n{self._status(episode)}"
        )
        return Turn(text, info=self._facts(episode, 0, False, missing))

    def _act(self, episode: Episode[Bench], action: str) -> Turn:
        bench = episode.place
        if wrong := refusal(action):
            return self._shown(episode, f"[{wrong}; send a script of tactics]", error=True)
        message = read_message(action, ("", bench.prover.name))
        script = "\n".join(message.blocks) if message.blocks else message.text
        command = script.strip()
        if command == observations.SUBMIT:
            return Turn("[submitted, the episode is over]", info=self._facts(episode, 0, False, 0), ended=True)
        if command in ("goals", "restart") or _UNDO.fullmatch(command):
            return self._shown(episode, self._take_back(bench, command))
        return self._prove(episode, script)

    def _take_back(self, bench: Bench, command: str) -> str:
        if command == "goals":
            return ""
        match = _UNDO.fullmatch(command)
        count = len(bench.script) if match is None else min(int(match[1] or 1), len(bench.script))
        if count:
            bench.session.undo(count)
            bench.script = bench.script[: len(bench.script) - count]
        return f"[{count} sentence{'s' * (count != 1)} taken back]"

    def _prove(self, episode: Episode[Bench], script: str) -> Turn:
        bench = episode.place
        seconds = min(episode.limits.command_seconds, max(0.05, episode.limits.seconds - episode.seconds))
        if (told := bench.session.ask(script, seconds)) is not None:
            return self._shown(episode, told.message, told)
        try:
            body, whole = bench.prover.body(script)
        except OptionError as error:
            return self._shown(episode, f"[not admitted: {error}]", error=True)
        if why := bench.prover.screen(body):
            return self._shown(episode, f"[not admitted: {why}]", error=True)
        if whole:
            self._take_back(bench, "restart")
        if not body.strip():
            return self._shown(episode, f"[no tactics; a fenced block is {bench.prover.name}'s]", error=True)
        answer = bench.session.run(body, seconds)
        bench.script += answer.accepted
        if answer.done:
            facts = self._facts(episode, len(answer.accepted), False, 0)
            return Turn("[no goal is left, the episode is over]", info=facts, ended=True)
        return self._shown(episode, answer.message, answer)

    def _shown(self, episode: Episode[Bench], text: str, answer: Answer | None = None, error: bool = False) -> Turn:
        said = f"{text.rstrip()}\n\n{episode.place.session.goals}".strip()
        shown, missing = observations.show_bytes(said.encode("utf-8", "replace"), self._observation_bytes)
        accepted = len(answer.accepted) if answer else 0
        failed = error or bool(answer and answer.failed)
        facts = self._facts(episode, accepted, failed, missing)
        return Turn(f"{shown}\n{self._status(episode)}", said.encode("utf-8", "replace"), facts)

    def _status(self, episode: Episode[Bench]) -> str:
        count = len(episode.place.script)
        number = f"{count} sentence{'s' * (count != 1)}"
        return f"[{number} in the proof, step {episode.step} of {episode.limits.steps}]"

    def _verify(self, episode: Episode[Bench]) -> tuple[Evidence, Verdict]:
        bench = episode.place
        proof = "\n".join(bench.script)
        evidence = Evidence({PROOF: EvidenceFile(proof.encode("utf-8", "replace"))})
        image = built_image(bench.backend, episode.task, self._image)
        return evidence, episode.task.verifier.verify(evidence, episode.task, SandboxCleanRoom(bench.backend, image))

    def _save(self, place: Bench) -> tuple[str, ...]:
        return place.script

    def _restore(self, task: Task, saved: tuple[str, ...]) -> Bench:
        bench = self._open(task)
        if saved:
            bench.session.run("\n".join(saved), _REPLAY_SECONDS)
            bench.script = saved
        return bench

    def _facts(self, episode: Episode[Bench], accepted: int, error: bool, missing: int) -> dict[str, Any]:
        bench = episode.place
        return {
            "backend": bench.backend.name,
            "image": built_image(bench.backend, episode.task, self._image) or bench.backend.default_image,
            "whole_messages": True,
            "prover": bench.prover.name,
            "accepted": accepted,
            "sentences": len(bench.script),
            "error": error,
            "truncated_bytes": missing,
        }


class ProofVectorEnv(TaskVectorEnv):
    """`ProofEnv` times `num_envs`, stepped from one process."""

    env_class = ProofEnv
