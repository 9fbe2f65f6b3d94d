"""The verifier of theorems: a fresh prover accepts the proof of exactly the stated theorem, or it does not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from selftrain.envs.checks import UnreadableError, missing, strict_text
from selftrain.envs.theorems.prover import make_prover
from selftrain.envs.theorems.theorem import Statement
from selftrain.envs.verifiers import guarded
from selftrain.evidence import Evidence
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, CaseOutput, Check, CleanRoom, Verdict

PROOF = "/proof"
SECONDS = 60.0


@dataclass(frozen=True)
class ProofVerifier:
    """Judges the tactics in the evidence file `PROOF`.

    Attributes:
        statement: what they are to prove.
        prover: whose language they are in.
        seconds: wall time for each run of the prover; a proof that takes longer, twice, does not pass.
    """

    statement: Statement
    prover: str = "coq"
    seconds: float = SECONDS

    @property
    def exports(self) -> tuple[str, ...]:
        """The proof alone."""
        return (PROOF,)

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Screen the text on the host, and let a fresh prover judge what passes."""
        return guarded(task, evidence, lambda: self._checks(evidence, task, room))

    def _checks(self, evidence: Evidence, task: Task, room: CleanRoom) -> Sequence[Check]:
        data = evidence.get(PROOF)
        if data is None:
            return [Check("the proof can be read", False, missing(evidence, PROOF))]
        try:
            proof = strict_text(data)
        except UnreadableError as error:
            return [Check("the proof can be read", False, str(error))]
        prover = make_prover(self.prover)
        if why := prover.screen(proof):
            return [Check("the script is admitted", False, why)]

        def run(case: CaseInput) -> CaseOutput:
            # nothing of the evidence lies in these sandboxes but what a case brings
            with closing(room.run_cases(Evidence({}), task, [case])) as outputs:
                return next(outputs)

        return [Check("the script is admitted", True), *prover.judge(self.statement, proof, run, self.seconds)]
