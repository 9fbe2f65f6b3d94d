"""The judgement of Lean proofs: statement, submission and judgement are compiled apart, each in its own sandbox.

    Spec     trusted   the preamble, and the proposition under a name that cannot be guessed
    Sub                a theorem with the submitted tactics as its proof
    Final    trusted   that theorem has that proposition as its type; which axioms does it rest on?

Modules have names that cannot be guessed, and what counts is what the last one prints. Lean does not check a compiled
module again when it imports it: a submission that ran programs of its own could forge one. That it runs none is the
screen's part, so this judgement alone is not one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selftrain.envs.theorems.lean_run import command, messages, specification, split_preamble, theorem
from selftrain.envs.theorems.prover import RunCase
from selftrain.envs.theorems.theorem import Statement
from selftrain.errors import TaskError
from selftrain.verdicts import CaseInput, CaseOutput, Check

AXIOMS = frozenset({"propext", "Classical.choice", "Quot.sound"})
_FOLDER = "/tmp/judgement"
_LONGEST_WHY = 300
_ADMITTED, _PROVES, _RESTS = "Lean accepts the proof", "it proves the statement", "it rests on nothing else"


@dataclass(frozen=True)
class Judge:
    """Judges one proof.

    Attributes:
        statement: what is to be proven; trusted.
        project: folder of a lake project whose libraries the statement needs, or "".
        run: runs a case in a pristine sandbox.
        seconds: wall time for each run.
    """

    statement: Statement
    project: str
    run: RunCase
    seconds: float

    def checks(self, proof: str) -> Sequence[Check]:
        """See `Prover.judge`."""
        salt = secrets.token_hex(8)
        spec, sub, final, proposition = (f"{part}_{salt}" for part in ("Spec", "Sub", "Final", "stmt"))
        built = {spec: self._spec(spec, proposition)}
        imports, local = split_preamble(self.statement.preamble)
        text, _ = theorem(self.statement, f"{imports}\nimport {spec}\n{local}", proof)
        output, built[sub] = self._compile(sub, text, built)
        if not built[sub]:
            return [Check(_ADMITTED, False, _why(output))]
        text = (
            f"import {spec}\nimport {sub}\n\n"
            f"theorem {final} : {proposition} := @{self.statement.name}\n\n#print axioms {final}\n"
        )
        output, compiled = self._compile(final, text, built)
        checks = [Check(_ADMITTED, True), Check(_PROVES, bool(compiled), "" if compiled else _why(output))]
        if not compiled:
            return checks
        others = rests_on(output.stdout, final, AXIOMS | set(self.statement.axioms))
        return [*checks, Check(_RESTS, not others, f"it rests on {others}"[:_LONGEST_WHY] if others else "")]

    def _spec(self, name: str, proposition: str) -> bytes:
        output, compiled = self._compile(name, specification(self.statement, proposition), {})
        if not compiled:
            said = _why(output).replace(proposition, self.statement.name)
            raise TaskError(f"Lean refuses the statement {self.statement.name!r}: {said}")
        return compiled

    def _compile(self, name: str, text: str, built: Mapping[str, bytes]) -> tuple[CaseOutput, bytes]:
        """Compile one module beside others that are compiled; returns b"" for one that Lean refuses."""
        path = f"{_FOLDER}/{name}.olean"
        files = {f"{_FOLDER}/{other}.olean": data for other, data in built.items()}
        files[f"{_FOLDER}/{name}.lean"] = text.encode()
        case = CaseInput(
            command(name, self.project, compiled=True),
            files=files,
            seconds=self.seconds,
            reads=(path,),
            workdir=_FOLDER,
        )
        output = self.run(case)
        good = output.exit_code == 0 and not output.timed_out and not output.lost
        return output, (output.files.get(path) or b"") if good else b""


def rests_on(printed: bytes, name: str, admitted: frozenset[str]) -> str:
    """What `#print axioms` found besides `admitted`, "" for nothing; anything unknown counts as a finding."""
    said = [" ".join(message.text.split()) for message in messages(printed)]
    if len(said) != 1:
        return "what Lean does not say in one message"
    if said[0] == f"'{name}' does not depend on any axioms":
        return ""
    match = re.fullmatch(rf"'{re.escape(name)}' depends on axioms: \[([^\[\]]*)\]", said[0])
    if match is None:
        return said[0]
    axioms = [axiom.strip() for axiom in match[1].split(",")]
    return ", ".join(axiom or "an axiom without a name" for axiom in axioms if axiom not in admitted)


def _why(output: CaseOutput) -> str:
    if output.lost:
        return "killed_verifier"
    if output.timed_out:
        return "timeout"
    errors = [message.text for message in messages(output.stdout + output.stderr) if message.severity == "error"]
    return " ".join((errors or [f"Lean ended with exit code {output.exit_code}"])[0].split())[:_LONGEST_WHY]
