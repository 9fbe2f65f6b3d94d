"""For the tests of the gate: trials of a sound folder and of a task whose oracle leaves what is given; packs judged."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harbor_folders import COUNT, write_folder

from selftrain.envs.checks import text_check
from selftrain.envs.gate.card import Card
from selftrain.envs.gate.checks import AnyCheck
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.gate.validating import validate
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


def more(acme: Path, count: int) -> list[str]:
    """Further tasks, each with data of its own."""
    names = [f"sort-{number}" for number in range(count)]
    for number, name in enumerate(names):
        copied(acme, name)
        (acme / "tasks" / name / "environment" / "names.txt").write_text(f"name {number}\n")
    return names


def copied(acme: Path, name: str, source: str = "sort-names") -> Path:
    folder = acme / "tasks" / name
    for path in (acme / "tasks" / source).rglob("*"):
        if path.is_file():
            place = folder / path.relative_to(acme / "tasks" / source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    about = folder / "task.toml"
    about.write_text(about.read_text().replace(f'name = "acme/{source}"', f'name = "acme/{name}"'))
    return folder


def sound(trial: Trial) -> Finding:
    return Finding("sound", "pass", "as it should be", {"task": trial.task.id})


class Counting:
    """A check that says which tasks it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, trial: Trial) -> Finding:
        with self._lock:
            self.asked.append(trial.task.id.partition("/")[2])
        return sound(trial)


def judged(pack: Path | str, backend: Backend, check: AnyCheck = sound, **options: Any) -> Card:
    out = options.pop("out", None) or Path(pack).parent / "card"
    return validate(pack, backend, out=out, checks={"sound": check}, **options)


def decisions(card: Card) -> dict[str, str]:
    return {task.name: task.decision for task in card.tasks}
