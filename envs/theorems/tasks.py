"""From theorems and statements to tasks: the instruction, the verifier, the oracle, and cheats that are not paid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from selftrain.envs.theorems.families import theorem_families
from selftrain.envs.theorems.prover import make_prover
from selftrain.envs.theorems.theorem import Statement, Theorem, TheoremFamily
from selftrain.envs.theorems.verifier import ProofVerifier
from selftrain.errors import UnknownNameError
from selftrain.tasks import Limits, Task, TaskFamily

LIMITS = Limits(steps=64, seconds=1_800.0, command_seconds=20.0)
# how a statement is written down, by prover
_FORMS = {"coq": "Theorem {name} :\n  {proposition}.", "lean": "theorem {name} :\n    {proposition} := by"}
_WHOLE = {"coq": "Proof.\n{proof}\nQed.", "lean": "by\n{proof}"}
# ways to a proof that is none, each the whole of an episode
_CHEATS = {
    "coq": {
        "admitted": "Proof.\nAdmitted.",
        "given up": "Proof.\nadmit.\nQed.",
        "an axiom": "Proof.\nAxiom anything : forall P : Prop, P.\napply anything.\nQed.",
        "another statement": "Proof.\nAbort.\nTheorem goal : True.\nexact I.\nQed.",
        "no guard": "Proof.\nfix anything 1.\napply anything.\nQed.",
        "an empty proof": "Proof.\nQed.",
    },
    "lean": {
        "sorry": "by\n  sorry",
        "an axiom": "by\n  exact anything\naxiom anything {P : Prop} : P",
        "an empty proof": "by\n  skip",
    },
}


def statement_task(
    statement: Statement, *, proof: str = "", informal: str = "", prover: str = "coq", name: str = ""
) -> Task:
    """The task of proving a statement of one's own.

    Args:
        statement: what is to be proven.
        proof: a tactic body that proves it, when one is known; the task's oracle.
        informal: what it says, in words.
        prover: whose language the statement is in, "coq" or "lean".
        name: the task's id.

    Raises:
        UnknownNameError: there is no such prover.
    """
    tools = make_prover(prover).tools
    said = f"{informal.strip()}\n\n" if informal else ""
    preamble = f"{statement.preamble.strip()}\n\n" if statement.preamble.strip() else ""
    formal = preamble + _FORMS[prover].format(name=statement.name, proposition=statement.proposition.strip())
    return Task(
        instruction=f"Prove this theorem in {prover.capitalize()}. {said}```{prover}\n{formal}\n```",
        verifier=ProofVerifier(statement, prover),
        oracle=(_WHOLE[prover].format(proof=proof.strip()),) if proof else (),
        cheats={name: (script,) for name, script in _CHEATS[prover].items()},
        tools=tools,
        limits=LIMITS,
        kind="proof",
        id=name,
        metadata={"prover": prover},
    )


def proof_family(name: str) -> TaskFamily:
    """The theorem family called `name`, as a family of tasks.

    Raises:
        UnknownNameError: there is none; lists the near ones.
    """
    known = theorem_families()
    if name not in known:
        raise UnknownNameError("theorem family", name, known)
    family = known[name]
    return TaskFamily(family.name, family.summary, (family.area,), 0.0, _Builder(family))


class _Builder:
    def __init__(self, family: TheoremFamily) -> None:
        self._family = family

    def __call__(self, rng: np.random.Generator, level: int) -> Task:
        theorem: Theorem = self._family.make(rng, level)
        return statement_task(
            theorem.statement, proof=theorem.proof, informal=theorem.informal, prover=self._family.prover
        )


def statement_file_task(path: Path) -> Task:
    """The task of proving the statement that a file of the user's ends with; see `Prover.read_statement`."""
    prover = make_prover({".v": "coq", ".lean": "lean"}[path.suffix])
    statement = prover.read_statement(path)
    return statement_task(statement, prover=prover.name, name=f"{path.stem}/given/1/0")
