"""The report card: what the gate found on every task of a pack, and one line of verdict over it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeVar

from selftrain.envs.gate.trial import Finding

_Item = TypeVar("_Item")
Decision = Literal["admitted", "refused", "undecided"]

ESSENTIAL = ("schema", "oracle", "nop")
"""Checks without which a task is neither admitted nor refused, whyever they could not be asked."""
NEVER_CHECKED = (
    "attacks that make a verifier wait for ever: its time limit alone ends those",
    "attacks on the page of a browser",
    "whether the instruction asks for all that the verifier judges, which somebody has to read",
    "what the pack's own Python does to this machine: families are made, and judge, outside of sandboxes",
    "what runs of the same task do to each other on a machine that is short of time or memory",
)
"""What no card tells, whatever the pack."""
_TEXT, _ITEMS, _DEPTH, _NAMED, _BIG = 8000, 2000, 12, 6, 1 << 63


@dataclass(frozen=True)
class TaskReport:
    """What the gate found on one task.

    Attributes:
        name: within its pack.
        split: "" where that cannot be told.
        sha256: of what the task is made of, as in the pack's lock; "" where it cannot be read.
        date: when it was judged, UTC.
        findings: in the order of the checks.
        seconds: wall time of all of it.
        peak_memory_bytes: the most that an oracle's sandbox took; None where nobody counts.
        prints: hashes of what the agent is shown, "exact" and "normalised", by which copies are found.
    """

    name: str
    split: str
    sha256: str
    date: str
    findings: tuple[Finding, ...]
    seconds: float
    peak_memory_bytes: int | None = None
    prints: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[str, ...]:
        """The checks that fail."""
        return tuple(finding.check for finding in self.findings if finding.state == "fail")

    @property
    def decision(self) -> Decision:
        """Refused when a check fails, undecided when something is `missing`."""
        if self.failed:
            return "refused"
        return "undecided" if self.missing else "admitted"

    @property
    def missing(self) -> tuple[Finding, ...]:
        """What keeps it from being admitted though nothing fails: everything rests on it, or the backend failed."""
        unchecked = (finding for finding in self.findings if finding.state == "unchecked")
        return tuple(finding for finding in unchecked if finding.backend_failed or finding.check in ESSENTIAL)

    def as_dict(self) -> dict[str, Any]:
        """JSON types; `read_report` takes them back."""
        return {**asdict(self), "decision": self.decision}


@dataclass(frozen=True)
class Card:
    """The report card of a pack.

    Attributes:
        pack, version, licence: of the pack; a task alone has a name only.
        manifest, lock: sha256 of pack.toml and pack.lock, or "".
        date: when the card was made, UTC.
        gate: version of the gate: SelfTrain's, and a hash of the code that judges.
        backend, image: where the tasks were played; "" is the task's own image or the backend's default.
        options: of the gate.
        machine: what of the machine matters.
        tasks: every task that was asked for.
        findings: on the pack as a whole.
        left_out: how many of the pack's tasks were not asked for.
        seconds: wall time of this run, in which tasks that were judged before cost nothing.
    """

    pack: str
    version: str
    licence: str
    manifest: str
    lock: str
    date: str
    gate: str
    backend: str
    image: str
    options: Mapping[str, Any]
    machine: Mapping[str, Any]
    tasks: tuple[TaskReport, ...]
    findings: tuple[Finding, ...] = ()
    left_out: int = 0
    seconds: float = 0.0

    @property
    def decision(self) -> Decision:
        """Of the pack: admitted when all of its tasks are and nothing is wrong with the whole."""
        decisions = {task.decision for task in self.tasks}
        if "refused" in decisions or any(finding.state == "fail" for finding in self.findings):
            return "refused"
        return "undecided" if "undecided" in decisions else "admitted"

    @property
    def verdict(self) -> str:
        """One line."""
        good = sum(task.decision == "admitted" for task in self.tasks)
        parts = [f"{self.decision}: {good} of {len(self.tasks)} tasks admitted"]
        refused = [f"{task.name} ({', '.join(task.failed)})" for task in self.tasks if task.decision == "refused"]
        undecided = [task.name for task in self.tasks if task.decision == "undecided"]
        parts += [f"refused {_some(refused)}"] if refused else []
        parts += [f"undecided {_some(undecided)}"] if undecided else []
        wrong = [finding.check for finding in self.findings if finding.state == "fail"]
        parts += [f"the pack fails {', '.join(wrong)}"] if wrong else []
        parts += [f"{self.left_out} more were not asked for"] if self.left_out else []
        parts += [f"not checked: {len(self.unchecked)}"] if self.unchecked else []
        return "; ".join(parts)

    @property
    def unchecked(self) -> list[dict[str, Any]]:
        """What could not be checked: `check`, `why`, and the `tasks` that it concerns, none for the pack itself."""
        found: dict[tuple[str, str], list[str]] = {}
        for task in self.tasks:
            # what else was not asked of a task that does not load says nothing
            for finding in () if "schema" in task.failed else task.findings:
                for why in _left_open(finding):
                    found.setdefault((finding.check, why), []).append(task.name)
        for finding in self.findings:
            if finding.state == "unchecked":
                found[finding.check, finding.summary] = []
        return [{"check": check, "why": why, "tasks": tasks} for (check, why), tasks in found.items()]

    @property
    def figures(self) -> dict[str, Any]:
        """Time, memory and chance over all tasks; what nobody measured is left out."""
        checks: dict[str, float] = {}
        for finding in (one for task in self.tasks for one in task.findings):
            checks[finding.check] = checks.get(finding.check, 0.0) + finding.seconds
        memory = [task.peak_memory_bytes for task in self.tasks if task.peak_memory_bytes is not None]
        chance = [score for task in self.tasks if (score := chance_of(task)) is not None]
        return {
            "tasks": len(self.tasks),
            "seconds_of_this_run": round(self.seconds, 1),
            "seconds_over_tasks": round(sum(task.seconds for task in self.tasks), 1),
            "median_seconds_of_a_task": round(statistics.median([task.seconds for task in self.tasks] or [0.0]), 2),
            "slowest_task_seconds": round(max([task.seconds for task in self.tasks], default=0.0), 2),
            **({"most_memory_mb": round(max(memory) / 2**20, 1)} if memory else {}),
            **({"mean_chance": round(statistics.mean(chance), 4), "highest_chance": max(chance)} if chance else {}),
            "seconds_by_check": {name: round(seconds, 1) for name, seconds in checks.items()},
        }

    def as_dict(self) -> dict[str, Any]:
        """JSON types, with what follows from the rest; `read_card` takes them back."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "tasks": [task.as_dict() for task in self.tasks],
            "findings": [asdict(finding) for finding in self.findings],
            "decision": self.decision,
            "verdict": self.verdict,
            "unchecked": self.unchecked,
            "never_checked": list(NEVER_CHECKED),
            "figures": self.figures,
        }


def read_report(table: Mapping[str, Any]) -> TaskReport:
    """A report from its JSON types; KeyError or TypeError where they are none."""
    fields = {name: table[name] for name in TaskReport.__dataclass_fields__}
    return TaskReport(**{**fields, "findings": tuple(Finding(**finding) for finding in table["findings"])})


def read_card(table: Mapping[str, Any]) -> Card:
    """A card from its JSON types; KeyError or TypeError where they are none."""
    fields = {name: table[name] for name in Card.__dataclass_fields__}
    tasks = tuple(read_report(task) for task in table["tasks"])
    return Card(**{**fields, "tasks": tasks, "findings": tuple(Finding(**finding) for finding in table["findings"])})


def plainly(value: Any, depth: int = 0) -> Any:
    """JSON types of whatever checks give as evidence, which may quote anything: bounded, and valid UTF-8.

    Numbers that JSON does not have are texts, bytes are read as UTF-8, what is nested too deeply or of another type is
    its repr.
    """
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < _BIG):
        return value
    if isinstance(value, int):
        return _bounded(hex(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _bounded(value)
    if isinstance(value, bytes):
        return _bounded(value.decode("utf-8", "replace"))
    if depth < _DEPTH and isinstance(value, Mapping):
        return {_bounded(str(key)): plainly(one, depth + 1) for key, one in _first(value.items())}
    if depth < _DEPTH and isinstance(value, Sequence | set | frozenset):
        return [plainly(one, depth + 1) for one in _first(value)]
    return _bounded(repr(value))


def _bounded(text: str) -> str:
    text = text[: _TEXT + 1].encode("utf-8", "replace").decode()
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}… (cut)"


def _first(items: Iterable[_Item]) -> list[_Item]:
    return [item for item, _ in zip(items, range(_ITEMS), strict=False)]


def _left_open(finding: Finding) -> list[str]:
    """What a check could not ask: all of it, or what its evidence lists under "unchecked" or "not_checked"."""
    if finding.state == "unchecked":
        return [finding.summary]
    found = []
    for name, before in (("unchecked", ""), ("not_checked", "nothing to try: ")):
        lines = finding.evidence.get(name)
        found += [f"{before}{line}" for line in lines] if isinstance(lines, list) else []
    return found


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def chance_of(task: TaskReport) -> float | None:
    """What guessing scores on a task, as its check "chance" measured it; None where it did not."""
    for finding in task.findings:
        if finding.check == "chance" and isinstance(score := finding.evidence.get("chance"), int | float):
            return float(score)
    return None
