"""Trials for the tests of the gate: of a sound task folder, and of a task whose oracle leaves what is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harbor_folders import COUNT, write_folder

from selftrain.envs.checks import text_check
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import Backend
from selftrain.tasks import SandboxNeeds, Task
from selftrain.verdicts import Check, Verdict

REWARD = "/logs/verifier/reward.txt"
PASSED, FAILED = Verdict.of([Check("right", True)]), Verdict.fail("right", "wrong")
REPORT = "amber 120934\nbirch 55210\ncedar 9981\ndelta 771230\nember 4410\nfjord 90071\n"
ASKED = "Add up /workspace/orders.csv by customer and write /workspace/report.txt."


def folder_trial(root: Path, backend: Backend, files: Mapping[str, str] | None = None) -> Trial:
    """A sound task folder with these files in it, or in the place of its own."""
    write_folder(root, {**COUNT, **(files or {})})
    return Trial(load_harbor_task(root), backend, folder=root)


def played(trial: Trial) -> Trial:
    """The trial, with one play of the oracle and one of nobody."""
    oracle = trial.play("oracle", trial.task.oracle)
    assert oracle.error == ""
    return replace(trial, oracle=(oracle,), nop=trial.play("nop", ()))


def told(finding: Finding) -> str:
    """Everything that a finding says."""
    return f"{finding.summary} {finding.evidence}"


def leak_trial(
    backend: Backend,
    files: Mapping[str, bytes] | None = None,
    *,
    instruction: str = ASKED,
    left: str = REPORT,
    path: str = "/workspace/report.txt",
    setup: str = "",
    env: Mapping[str, str] | None = None,
    oracle: Sequence[str] = ("awk -f sums.awk orders.csv > report.txt",),
) -> Trial:
    """A task whose oracle leaves `left`, with these files at its start."""
    start = {"/workspace/orders.csv": b"1,amber,20\n2,birch,30\n", **(files or {})}
    before = {name: EvidenceFile(data) for name, data in start.items()}
    task = Task(
        instruction=instruction,
        verifier=EvidenceVerifier(("/workspace",), lambda evidence: [text_check(evidence, path, left)]),
        files=start,
        setup=setup,
        needs=SandboxNeeds(env=env or {}),
        oracle=oracle,
        id="leaks/given/1/0",
    )
    after = Evidence({**before, path: EvidenceFile(left.encode())})
    oracle_play = Outcome("oracle", PASSED, "", 0.1, None, after)
    return Trial(task, backend, oracle=(oracle_play,), nop=Outcome("nop", FAILED, "", 0.1, None, Evidence(before)))
