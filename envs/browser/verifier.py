"""The verifier of browser tasks: what the sites' databases, the log and the answer say about the goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from selftrain.envs.browser.goal_judge import ANSWER, INFEASIBLE, REQUESTS, judge
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.world import databases_of
from selftrain.evidence import Evidence
from selftrain.tasks import Task
from selftrain.verdicts import CleanRoom, Verdict


@dataclass(frozen=True)
class BrowserVerifier:
    """Compares the databases of the end with those that the task began with, by `goal`."""

    goal: Goal
    exports: ClassVar[tuple[str, ...]] = ("/sites", ANSWER, INFEASIBLE, REQUESTS)

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Judge `evidence`; nothing has to be run for it.

        Raises:
            VerifierError: a database or the log cannot be read.
        """
        return Verdict.of(judge(self.goal, databases_of(task.setup_files), evidence))
