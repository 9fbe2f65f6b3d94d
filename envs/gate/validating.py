"""The admission gate itself: every check on every task, in threads, each task for itself, with a file for each.

Whatever a task, its verifier or a check does becomes a finding and stops no other task. What was found of a task is
kept in `out/tasks/` under a key of everything that it rests on, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import re
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import selftrain
from selftrain import envs, sandboxes
from selftrain.envs.gate.candidates import Candidate, Subject, read_subject
from selftrain.envs.gate.card import Card, TaskReport, plainly
from selftrain.envs.gate.checks import CHECKS, AnyCheck
from selftrain.envs.gate.keeping import Keeper
from selftrain.envs.gate.plays import STOPS, Outcome
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.gate.whole import PACK_CHECKS, PackCheck, prints_of
from selftrain.envs.harbor.loading import notes_of
from selftrain.envs.packs.manifest import Pack
from selftrain.errors import SandboxError, SelfTrainError, TaskError
from selftrain.sandboxes import Backend
from selftrain.tasks import Task

Progress = Callable[[int, int, TaskReport | None], None]
"""Is told how many tasks are done, of how many, and the one that was done last: None at the start, when those are done
that were judged before."""

NEED_ORACLE = ("mutants", "repeat", "budget")
"""Checks that say nothing on a task whose oracle fails."""
STATIC = ("lint", "leaks")
"""Checks that need no image, for they read files."""
ENDLESS = "did_not_end"
"""Key in the evidence of a finding on a task whose code did not come to an end."""
_LOAD_SECONDS, _PATIENCE_SECONDS, _MOST_PLAYS = 60.0, 600.0, 150
_Value = TypeVar("_Value")
_BACKEND_FAULT = re.compile(r"\b(SandboxError|BackendUnavailableError|ImageMissingError|MissingToolError)\b")


@dataclass(frozen=True)
class Gate:
    """How tasks are judged.

    Attributes:
        backend, image: where.
        repetitions: how often the oracle is played.
        options: all that verdicts depend on besides the task; JSON types.
        checks: name → check, in order.
        keeper: has what was found before.
        stopped: set when nobody waits for more: tasks under way end with the check that they are at.
    """

    backend: Backend
    image: str
    repetitions: int
    options: Mapping[str, Any]
    checks: Mapping[str, AnyCheck]
    keeper: Keeper = field(repr=False)
    stopped: threading.Event = field(default_factory=threading.Event, repr=False)


def validate(
    what: str | Path | Pack | Subject,
    backend: Backend,
    image: str = "",
    *,
    out: Path,
    tasks: Sequence[str] = (),
    parallel: int | None = None,
    repetitions: int = 3,
    bases: Mapping[str, str] | None = None,
    offline: bool = False,
    progress: Progress | None = None,
    checks: Mapping[str, AnyCheck] = CHECKS,
    pack_checks: Mapping[str, PackCheck] = PACK_CHECKS,
) -> Card:
    """Try every task of a pack, or one that stands alone, and say what was found.

    Args:
        what: see `read_subject`, which also makes it once for many calls.
        backend, image: where the tasks are played; "" is a task's own image or the backend's default.
        out: folder of what is kept for the next time.
        tasks: globs over the names of the tasks; all when left out.
        parallel: tasks at once; as many as there are cores when left out.
        repetitions: how often the oracle is played.
        bases, offline: see `load_harbor_task`; not asked of a `Subject`, which was read with its own.
        progress: is told of every task that is done, in this thread.
        checks, pack_checks: what is asked, by name, in this order.

    Raises:
        TaskError, UnknownNameError, OptionError: there is nothing to judge, the pack is broken as a whole, or `out`
            cannot be written.
    """
    start = time.monotonic()
    subject = what if isinstance(what, Subject) else read_subject(what, bases, offline)
    chosen = subject.chosen(tasks)
    options = {"image": image, "repetitions": repetitions, "bases": dict(bases or {}), "offline": offline}
    gate = Gate(backend, image, repetitions, options, checks, Keeper.of(out / "tasks"))
    reports = _judge_all(subject, chosen, gate, parallel or os.cpu_count() or 1, progress or (lambda *_: None))
    return Card(
        pack=subject.name,
        version=subject.version,
        licence=subject.licence,
        manifest=subject.manifest,
        lock=subject.lock,
        date=_now(),
        gate=gate_version(),
        backend=backend.name,
        image=image,
        options=options,
        machine=_machine(backend),
        tasks=reports,
        findings=tuple(_pack_finding(name, check, subject, reports) for name, check in pack_checks.items()),
        left_out=len(subject.candidates) - len(chosen),
        seconds=round(time.monotonic() - start, 3),
    )


def _judge_all(
    subject: Subject, chosen: Sequence[Candidate], gate: Gate, parallel: int, progress: Progress
) -> tuple[TaskReport, ...]:
    asked = [_asked_of(subject, candidate, gate) for candidate in chosen]
    found = {one.name: report for one in asked if one.sha256 and (report := gate.keeper.read(one.name, one.key))}
    progress(len(found), len(asked), None)
    pool = ThreadPoolExecutor(parallel, "gate")
    try:
        waiting = [pool.submit(_judge, subject, one, gate) for one in asked if one.name not in found]
        for future in as_completed(waiting):
            report = future.result()
            found[report.name] = report
            progress(len(found), len(asked), report)
    finally:
        gate.stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
    return tuple(found[one.name] for one in asked)


@dataclass(frozen=True)
class _Asked:
    """A candidate, its name as cards can hold it, what it is made of, and the key of what was found on it."""

    candidate: Candidate
    name: str
    sha256: str
    key: str


def _asked_of(subject: Subject, candidate: Candidate, gate: Gate) -> _Asked:
    name = candidate.name.encode("utf-8", "replace").decode()
    try:
        sha256 = candidate.content()
    except (TaskError, OSError):  # it will be told when the task is loaded
        sha256 = ""
    parts = {
        "task": [subject.name, name, candidate.split, sha256],
        "manifest": subject.manifest,
        "backend": gate.backend.name,
        "options": gate.options,
        "checks": list(gate.checks),
        "gate": gate_version(),
    }
    text = json.dumps(parts, sort_keys=True, default=str)
    return _Asked(candidate, name, sha256, hashlib.sha256(text.encode()).hexdigest())


def _judge(subject: Subject, asked: _Asked, gate: Gate) -> TaskReport:
    """Every check on one task; what was found is kept where it will be found the same again."""
    start = time.monotonic()
    task, schema = _loaded(asked.candidate)
    findings, prints, memory = [schema], {}, None
    if task is None:
        findings += [Finding(name, "unchecked", "needs a task that loads") for name in gate.checks]
    else:
        trial = Trial(task, gate.backend, gate.image, asked.candidate.folder, subject.pack, gate.repetitions)
        for name, check in gate.checks.items():
            if gate.stopped.is_set():
                raise CancelledError
            finding, trial = _finding(name, check, trial, findings)
            findings.append(finding)
        prints = prints_of(task)
        peaks = [one.peak_memory_bytes for one in trial.oracle if one.peak_memory_bytes is not None]
        memory = max(peaks, default=None)
    report = TaskReport(
        name=asked.name,
        split=asked.candidate.split,
        sha256=asked.sha256,
        date=_now(),
        # where the pack lies on this machine is nobody's business
        findings=tuple(replace(one, summary=one.summary.replace(f"{subject.folder}/", "")) for one in findings),
        seconds=round(time.monotonic() - start, 3),
        peak_memory_bytes=memory,
        prints=prints,
    )
    # what could not be asked because the backend failed may be answered next time
    if asked.sha256 and not any(finding.backend_failed for finding in findings):
        gate.keeper.write(asked.name, asked.key, report)
    return report


def _loaded(candidate: Candidate) -> tuple[Task | None, Finding]:
    start = time.monotonic()
    notes: list[str] = []
    try:
        task = _in_time(_LOAD_SECONDS, candidate.load)
        prints_of(task)  # reads all that a player is shown
        notes = notes_of(task)
        fault = "" if task.instruction.strip() else "the instruction is empty"
    except SelfTrainError as error:
        task, fault = None, str(error)
    except STOPS:
        raise
    except BaseException as error:  # a family is the vendor's code, and may do anything
        task, fault = None, f"the task broke while it was loaded: {error!r}"
    seconds = round(time.monotonic() - start, 3)
    if task is None or fault:
        return None, Finding("schema", "fail", plainly(fault), {"error": plainly(fault)}, seconds)
    facts = {"id": task.id, "kind": task.kind, "files": len(task.files), "limits": vars(task.limits), "notes": notes}
    return task, Finding("schema", "pass", plainly("; ".join(("the task loads", *notes))), plainly(facts), seconds)


def _finding(name: str, check: AnyCheck, trial: Trial, before: Sequence[Finding]) -> tuple[Finding, Trial]:
    """What a check finds, and the trial with what it hands on."""
    if why := _hindered(name, trial, before):
        return Finding(name, "unchecked", why), trial
    start = time.monotonic()
    played: Outcome | tuple[Outcome, ...] = ()
    try:
        found = _in_time(_check_seconds(name, trial), lambda: check(trial))
        finding, played = (found, ()) if isinstance(found, Finding) else found
    except _EndlessError as error:
        finding = Finding(name, "fail", str(error), {ENDLESS: True})
    except SandboxError as error:
        finding = Finding(name, "unchecked", f"{type(error).__name__}: {error}")
    except SelfTrainError as error:
        finding = Finding(name, "fail", f"{type(error).__name__}: {error}")
    except STOPS:
        raise
    except BaseException as error:  # nobody can say that the task is sound, so it is not let through
        place = traceback.format_exc(limit=-4)
        finding = Finding(name, "fail", f"the check broke on this task with {error!r}", {"traceback": place})
    seconds = round(time.monotonic() - start, 3)
    failed = finding.state == "unchecked" and _BACKEND_FAULT.search(finding.summary) is not None
    finding = Finding(name, finding.state, plainly(finding.summary), plainly(finding.evidence), seconds, failed)
    outcomes = played if isinstance(played, tuple) else (played,)
    if name == "oracle":
        trial = replace(trial, oracle=outcomes)
    if name == "nop":
        trial = replace(trial, nop=outcomes[0] if outcomes else None)
    return finding, trial


class _EndlessError(TaskError):
    """Code of the task's does not come to an end."""


def _in_time(seconds: float, call: Callable[[], _Value]) -> _Value:
    """What `call` returns or raises. One that does not end is left behind, in a thread that keeps nobody from ending.

    What runs in sandboxes has limits of its own; this one is for the vendor's code in Python.
    """
    done: list[_Value] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            done.append(call())
        except BaseException as error:  # it is raised where it was waited for
            raised.append(error)

    thread = threading.Thread(target=run, name="gate's vendor", daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not done:
        raise _EndlessError(f"it did not come to an end within {seconds:.0f} s: bound every loop, pattern and wait")
    return done[0]


def _check_seconds(name: str, trial: Trial) -> float:
    """How long a check may take on a machine that does much else besides: a hundred times of what it should."""
    if name in ("oracle", "nop"):
        return _PATIENCE_SECONDS + trial.repetitions * 2 * trial.task.limits.seconds
    return _PATIENCE_SECONDS + _MOST_PLAYS * (trial.slowest_seconds + 10.0)


def _hindered(name: str, trial: Trial, before: Sequence[Finding]) -> str:
    """Why a check need not be asked, after what was found before it; "" where it must."""
    states = {finding.check: finding.state for finding in before}
    if states.get("image") == "fail" and name not in STATIC:
        return "needs an image that can be had"
    if states.get("oracle", "pass") != "pass" and name in NEED_ORACLE:
        return "needs an oracle that scores 1"
    if any(ENDLESS in finding.evidence for finding in before):
        return "needs a task that comes to an end"
    # a verifier that hangs would do so a hundred times
    if name not in (*STATIC, "nop") and any(outcome.verdict is None for outcome in trial.oracle):
        return "needs a verifier that gives a verdict on the oracle"
    return ""


def _pack_finding(name: str, check: PackCheck, subject: Subject, reports: Sequence[TaskReport]) -> Finding:
    start = time.monotonic()
    try:
        finding = check(subject, reports)
    except SelfTrainError as error:
        finding = Finding(name, "fail", f"{type(error).__name__}: {error}")
    seconds = round(time.monotonic() - start, 3)
    return Finding(name, finding.state, plainly(finding.summary), plainly(finding.evidence), seconds)


@functools.cache
def gate_version() -> str:
    """SelfTrain's version, and a hash of the code by which tasks are played and judged."""
    digest = hashlib.sha256()
    for module in (envs, sandboxes):
        for path in sorted(Path(str(module.__file__)).parent.rglob("*.py")):
            digest.update(path.read_bytes())
    return f"{selftrain.__version__}+{digest.hexdigest()[:12]}"


def _machine(backend: Backend) -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpus": os.cpu_count(),
        "memory_mb": memory >> 20,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "limits": dict(backend.limits_in_force()),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
