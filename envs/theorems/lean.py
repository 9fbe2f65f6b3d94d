"""Lean 4 as a prover: tactics only, with the toolchain that the sandbox has.

The sandbox must have `lean` on its own PATH (`/usr/bin:/bin:/usr/sbin:/sbin`) and see the folders behind it: a
toolchain below a home folder is invisible there, one below `/usr` or in an image is not. Libraries beside Lean's own,
such as Mathlib, come from a lake project that is built already, in a folder that the sandbox sees, named by the
environment variable `SELFTRAIN_LEAN_PROJECT`.

Lean keeps no state between scripts: each step checks the whole proof again, from its imports on, so a step costs as
much as the proof so far. Nothing here was run against a real toolchain unless `lean` was found by the tests.
"""

from __future__ import annotations

import os
import re
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from selftrain.envs.theorems import lean_screen
from selftrain.envs.theorems.lean_judge import Judge
from selftrain.envs.theorems.lean_run import Message, command, messages, theorem
from selftrain.envs.theorems.lean_screen import blocks, without_comments
from selftrain.envs.theorems.prover import Answer, RunCase, Session
from selftrain.envs.theorems.theorem import Statement
from selftrain.errors import MissingToolError, OptionError, SandboxError, TaskError
from selftrain.sandboxes import Sandbox
from selftrain.verdicts import Check

PROJECT_VARIABLE = "SELFTRAIN_LEAN_PROJECT"
_FOLDER = "/tmp/lean"
_OPENING_SECONDS = 120.0
_NO_GOALS = "No goals."
_UNSOLVED = "unsolved goals"
_STATES = re.compile(r"\s*(?:theorem|lemma|example|def)\b")
_WHOLE = re.compile(r"\s*(?::=\s*)?by\b")
_BEGINS = re.compile(r"^(?=(?:theorem|lemma)\s)", re.MULTILINE)
_THEOREM = re.compile(r"(?:theorem|lemma)\s+(?P<name>[^\s:({\[]+)(?P<rest>.*)", re.DOTALL)
_OPEN_PROOF = re.compile(r":=\s*(?:by\b\s*)?(?:sorry)?\s*\Z")


def _project() -> str:
    return os.environ.get(PROJECT_VARIABLE, "")


@dataclass(frozen=True)
class Lean:
    """See `Prover`.

    Attributes:
        project: folder of a lake project, inside the sandbox, whose libraries statements need; "" for Lean's own.
    """

    project: str = field(default_factory=_project)
    name: str = "lean"
    tools: tuple[str, ...] = ("lean",)
    install: str = "unpack a release of Lean 4 into /usr/lib/lean4 and link its bin/lean to /usr/bin/lean"
    whole: str = "that begins with `by`"
    hint: str = "State helper lemmas with `have`."

    def body(self, script: str) -> tuple[str, bool]:
        """See `Prover`: a whole proof begins with `by`."""
        if _STATES.match(script):
            raise OptionError("the theorem is stated already; send its tactics alone, or by and all of its tactics")
        if match := _WHOLE.match(script):
            return textwrap.dedent(script[match.end() :].lstrip(" ").lstrip("\n")), True
        return script, False

    def screen(self, script: str) -> str:
        """See `Prover`."""
        return lean_screen.screen(script)

    def read_statement(self, path: Path) -> Statement:
        """See `Prover`: a file that ends with `theorem name (binders) : proposition`, with or without `:= by sorry`."""
        try:
            text, fault = without_comments(path.read_text("utf-8").replace("\r\n", "\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise TaskError(f"{path} cannot be read: {error}") from error
        begins = [match.start() for match in _BEGINS.finditer(text)]
        match = _THEOREM.fullmatch(_OPEN_PROOF.sub("", text[begins[-1] :].strip())) if begins and not fault else None
        if match is None or ":=" in match["rest"]:
            raise TaskError(f"{path} does not end with a statement such as theorem name (n : Nat) : n + 0 = n")
        return Statement(_proposition(match["rest"], path), preamble=text[: begins[-1]].strip(), name=match["name"])

    def open(self, sandbox: Sandbox, statement: Statement) -> Session:
        """See `Prover`."""
        if sandbox.run("type -P lean").exit_code:
            raise MissingToolError(f"The sandbox has no lean on PATH. Get it: {self.install}")
        return LeanSession(sandbox, statement, self.project)

    def judge(self, statement: Statement, proof: str, run: RunCase, seconds: float) -> Sequence[Check]:
        """See `Prover`."""
        return Judge(statement, self.project, run, seconds).checks(proof)


def _proposition(rest: str, path: Path) -> str:
    """What stands after the colon, with the binders before it as a `∀`."""
    depth = 0
    for at, mark in enumerate(rest):
        depth += (mark in "([{⦃⟨") - (mark in ")]}⦄⟩")
        if mark == ":" and depth == 0:
            binders, proposition = rest[:at].strip(), rest[at + 1 :].strip()
            return f"∀ {binders}, {proposition}" if binders else proposition
    raise TaskError(f"{path}: the theorem has no colon before its proposition")


@dataclass(frozen=True)
class _State:
    """What Lean says to some tactics: the goals that are left, whether the kernel took the proof, the first error."""

    goals: str
    done: bool
    error: Message | None = None
    first_line: int = 0


class LeanSession:
    """See `Session`; Lean is started for every step, on the whole proof.

    Args:
        sandbox: where Lean runs.
        statement: what is proven; trusted.
        project: see `Lean`.

    Raises:
        TaskError: Lean refuses the statement.
        SandboxError: the sandbox failed.
    """

    def __init__(self, sandbox: Sandbox, statement: Statement, project: str = "") -> None:
        self._sandbox, self._statement, self._project = sandbox, statement, project
        self._blocks: tuple[str, ...] = ()
        self._state = self._check((), _OPENING_SECONDS)
        if self._state.error is not None:
            raise TaskError(f"Lean refuses the statement {statement.name!r}: {self._state.error.text}")

    @property
    def goals(self) -> str:
        """See `Session`."""
        return self._state.goals

    @property
    def done(self) -> bool:
        """See `Session`."""
        return self._state.done

    def run(self, script: str, seconds: float) -> Answer:
        """See `Session`; a script that fails is checked a second time, up to the tactic that failed."""
        deadline = time.monotonic() + seconds
        new = blocks(script)
        if not new:
            return Answer((), "", self.goals, self.done)
        state = self._check((*self._blocks, *new), seconds)
        if state.error is None:
            self._blocks, self._state = (*self._blocks, *new), state
            return Answer(new, "", self.goals, self.done)
        good = new[: self._before(state, new)]
        if good:
            left = max(deadline - time.monotonic(), 1.0)
            again = self._check((*self._blocks, *good), left)
            good = () if again.error is not None else good
            if good:
                self._blocks, self._state = (*self._blocks, *good), again
        return Answer(good, f"error: {state.error.text}", self.goals, self.done, failed=True)

    def ask(self, script: str, seconds: float) -> Answer | None:
        """See `Session`: Lean is asked nothing apart from the proof."""
        return None

    def undo(self, sentences: int) -> None:
        """See `Session`."""
        if sentences > 0 and self._blocks:
            kept = self._blocks[: max(len(self._blocks) - sentences, 0)]
            state = self._check(kept, _OPENING_SECONDS)
            if state.error is not None:
                raise SandboxError(f"Lean does not accept again what it had accepted: {state.error.text}")
            self._blocks, self._state = kept, state

    def close(self) -> None:
        """See `Session`; nothing is left running between the steps."""

    def _before(self, state: _State, new: Sequence[str]) -> int:
        """How many of the new tactics stand before the line of the error."""
        error = state.error
        if error is None or error.line == 0:
            return 0
        end = state.first_line + sum(block.count("\n") + 1 for block in self._blocks)
        for count, block in enumerate(new):
            end += block.count("\n") + 1
            if error.line < end:
                return count
        return 0

    def _check(self, tactics: Sequence[str], seconds: float) -> _State:
        text, by = theorem(self._statement, self._statement.preamble, "\n".join(tactics))
        self._sandbox.write(f"{_FOLDER}/Step.lean", text.encode())
        result = self._sandbox.run(f"(cd {_FOLDER} && {command('Step', self._project, compiled=False)})", seconds)
        first_line = by + 2  # after `by` and the tactic that does nothing
        if result.timed_out:
            return _State("", False, Message("error", 0, f"stopped after {seconds:g} s"), first_line)
        errors = [message for message in messages(result.output) if message.severity == "error"]
        left = [error for error in errors if error.line == by and error.text.startswith(_UNSOLVED)]
        others = [error for error in errors if error not in left]
        if others:
            return _State("", False, min(others, key=lambda error: error.line), first_line)
        if left:
            return _State(left[0].text.removeprefix(_UNSOLVED).strip(), False)
        if result.exit_code:
            return _State("", False, Message("error", 0, f"Lean ended with exit code {result.exit_code}"), first_line)
        return _State(_NO_GOALS, True)
