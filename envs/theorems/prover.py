"""What a prover is: it answers scripts while a proof is made, and judges the proof when it is done."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from selftrain.envs.theorems.theorem import Statement
from selftrain.errors import UnknownNameError
from selftrain.sandboxes import Sandbox
from selftrain.verdicts import CaseInput, CaseOutput, Check

RunCase = Callable[[CaseInput], CaseOutput]
_PROVERS = {
    "coq": ("selftrain.envs.theorems.coq", "Coq"),
    "lean": ("selftrain.envs.theorems.lean", "Lean"),
}


@dataclass(frozen=True)
class Answer:
    """What a prover said to one script.

    Attributes:
        accepted: the sentences that went through, in order.
        message: the error that stopped it, or what the prover remarked on the way.
        goals: what is left to prove, as the prover prints it.
        done: nothing is left, and the kernel takes the proof.
        failed: a sentence did not go through.
    """

    accepted: tuple[str, ...]
    message: str
    goals: str
    done: bool
    failed: bool = False


class Session(Protocol):
    """A prover at work on one statement, in a process that stays. Its word is never the verdict."""

    @property
    def goals(self) -> str:
        """What is left to prove, as the prover prints it."""
        ...

    @property
    def done(self) -> bool:
        """Nothing is left, and the kernel takes the proof."""
        ...

    def run(self, script: str, seconds: float) -> Answer:
        """Run sentence after sentence, up to the first that fails or until the time is up.

        Raises:
            SandboxError: the sandbox failed, or the prover does not come back to where it was.
        """
        ...

    def ask(self, script: str, seconds: float) -> Answer | None:
        """The answer to questions that change nothing, such as Coq's `Search`; None when `script` holds none.

        Raises:
            SandboxError: the sandbox failed, or the prover does not come back to where it was.
        """
        ...

    def undo(self, sentences: int) -> None:
        """Take back that many of the accepted sentences, or all where there are fewer."""
        ...

    def close(self) -> None:
        """End the process."""
        ...


class Prover(Protocol):
    """A proof assistant, driven inside sandboxes.

    Attributes:
        name: "coq" or "lean".
        tools: commands that a sandbox must have for it.
        install: the command that installs it.
        whole: how a whole proof is told from the next part of one, for the agent to read.
        hint: what else the agent should know to work with it, in whole sentences.
    """

    name: str
    tools: tuple[str, ...]
    install: str
    whole: str
    hint: str

    def body(self, script: str) -> tuple[str, bool]:
        """The tactics of `script`, and whether it is a whole proof rather than the next part of one.

        Raises:
            OptionError: it states a theorem; says what to send instead.
        """
        ...

    def screen(self, script: str) -> str:
        """Why these tactics are not admitted, in one line; "" when they are."""
        ...

    def read_statement(self, path: Path) -> Statement:
        """The statement that the file at `path` ends with; what comes before it is its preamble.

        Raises:
            TaskError: it does not end with one, or cannot be read.
        """
        ...

    def open(self, sandbox: Sandbox, statement: Statement) -> Session:
        """Start a prover in `sandbox`, with `statement` as its goal.

        Raises:
            TaskError: the prover refuses the statement.
            MissingToolError: the sandbox has no such prover.
            SandboxError: the sandbox failed.
        """
        ...

    def judge(self, statement: Statement, proof: str, run: RunCase, seconds: float) -> Sequence[Check]:
        """Check from nothing that the tactics `proof` prove `statement`; `run` runs a case in a pristine sandbox.

        Args:
            seconds: for each run; a proof that takes longer does not pass.

        Raises:
            TaskError: the prover refuses the statement, whatever the proof.
            SandboxError, VerifierError: the machinery failed.
        """
        ...


def make_prover(name: str) -> Prover:
    """The prover called `name`.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in _PROVERS:
        raise UnknownNameError("prover", name, _PROVERS)
    module, class_name = _PROVERS[name]
    prover: Prover = getattr(importlib.import_module(module), class_name)()
    return prover
