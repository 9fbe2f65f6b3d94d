"""A task made anew and evidence judged again in a process of its own, under other settings of the host.

Only for the tasks of families in Python, whose verifiers decide on the host: the order of a set, the locale or the time
zone there may reach the verdict, and the task itself.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selftrain.envs import catalogue
from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.gate.trial import Trial
from selftrain.envs.packs.finding import find_pack
from selftrain.envs.packs.locking import Guard
from selftrain.envs.packs.tasksets import load_task
from selftrain.errors import SandboxError, SelfTrainError
from selftrain.evidence import Evidence
from selftrain.sandboxes import make_backend
from selftrain.tasks import Task
from selftrain.verdicts import Check, Verdict

_SECONDS = 180.0


@dataclass(frozen=True)
class Elsewhere:
    """What another process made of a task.

    Attributes:
        verdicts: who → the verdict over their evidence.
        errors: who → class and message of what broke instead.
        fingerprint: of the task as it was made there.
        missing: what could not be asked and why, or "".
    """

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    missing: str = ""


def judged_elsewhere(trial: Trial, evidences: Mapping[str, Evidence], settings: Mapping[str, str]) -> Elsewhere:
    """Make the task of `trial` by its id and judge `evidences` in a fresh process with these environment variables.

    Args:
        trial: whose task.
        evidences: who left it → what is judged.
        settings: environment variables of the process, besides this one's own.

    Raises:
        SandboxError: the clean room's backend failed there.
    """
    folder = str(trial.pack.folder) if trial.pack else ""
    if not folder and not _is_known(trial.task):
        return Elsewhere(missing=f"the verifier in another process: {trial.task.id!r} is no id that makes a task")
    with tempfile.TemporaryDirectory() as scratch:
        asked, answer = Path(scratch, "asked"), Path(scratch, "answer")
        where = {"pack": folder, "id": trial.task.id, "backend": trial.backend.name, "image": trial.image}
        asked.write_bytes(pickle.dumps({**where, "evidences": dict(evidences)}))
        command = [sys.executable, "-m", __name__, str(asked), str(answer)]
        try:
            done = subprocess.run(
                command, check=False, capture_output=True, timeout=_SECONDS, env={**os.environ, **settings}
            )
        except subprocess.TimeoutExpired:
            broke = f"no verdict within {_SECONDS:g} s"
            return Elsewhere(errors=dict.fromkeys(evidences, broke))
        if not answer.exists():
            said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            return Elsewhere(errors=dict.fromkeys(evidences, f"the process ended with {done.returncode}: {said}"))
        found = json.loads(answer.read_text())
    if found["sandbox_error"]:
        raise SandboxError(found["sandbox_error"])
    verdicts = {who: _verdict(table) for who, table in found["verdicts"].items()}
    return Elsewhere(verdicts, found["errors"], found["fingerprint"])


def _is_known(task: Task) -> bool:
    return task.family in catalogue.family_names() and task.id.startswith(f"{task.family}/")


def _verdict(table: Mapping[str, Any]) -> Verdict:
    checks = tuple(Check(one["name"], one["passed"], one["why"]) for one in table["checks"])
    return Verdict(table["passed"], table["score"], checks, table["why"])


def _made(folder: str, task_id: str) -> Task:
    if not folder:
        return catalogue.task_of_id(task_id)
    unlocked = Guard(find_pack(Path(folder)), None, "")  # what is judged is what lies there, as in `candidates`
    return load_task(unlocked, task_id.partition("/")[2])


def _answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"verdicts": {}, "errors": {}, "fingerprint": "", "sandbox_error": ""}
    try:
        task = _made(asked["pack"], asked["id"])
        found["fingerprint"] = task.fingerprint()
    except Exception as error:  # a family of somebody else's may raise anything
        return {**found, "errors": dict.fromkeys(asked["evidences"], f"{type(error).__name__}: {error}")}
    for who, evidence in asked["evidences"].items():
        try:
            room = SandboxCleanRoom(make_backend(asked["backend"]), asked["image"])
            found["verdicts"][who] = task.verifier.verify(evidence, task, room).as_dict()
        except SandboxError as error:
            return {**found, "sandbox_error": f"{type(error).__name__}: {error}"}
        except SelfTrainError as error:
            found["errors"][who] = f"{type(error).__name__}: {error}"
        except Exception as error:  # and so may its verifier
            found["errors"][who] = f"the verifier broke with {error!r}"
    return found


def main(asked: Path, answer: Path) -> None:
    """Judge what lies pickled in `asked` and write what comes of it to `answer`, JSON."""
    found = _answer(pickle.loads(asked.read_bytes()))
    answer.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
