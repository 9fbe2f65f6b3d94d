"""The verifier of a task whose submission is a message that states an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from selftrain.envs.answers.check import check_answer
from selftrain.envs.verifiers import guarded
from selftrain.evidence import Evidence
from selftrain.tasks import Task
from selftrain.verdicts import Check, CleanRoom, Verdict

RESPONSE = "/response"


@dataclass(frozen=True)
class AnswerVerifier:
    """Compares the answer in the last message, the evidence file `RESPONSE`, with the known one.

    Attributes:
        gold: the answer in LaTeX or plain text, see `selftrain.envs.answers.check`.
    """

    gold: str

    @property
    def exports(self) -> tuple[str, ...]:
        return (RESPONSE,)

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Judge on the host and in a worker process; the clean room is not used."""

        def checks() -> Sequence[Check]:
            data = evidence.get(RESPONSE)
            if data is None:
                return [Check("answer", False, "no answer found")]
            # bytes that are no UTF-8 become a character that no answer may hold
            return check_answer(self.gold, data.decode("utf-8", "replace")).checks

        return guarded(task, evidence, checks)
