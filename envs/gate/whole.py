"""What is asked of a pack as a whole: copies between its splits, names, licence, lock, and what guessing scores."""

from __future__ import annotations

import contextlib
import hashlib
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from selftrain.envs.gate.candidates import Subject
from selftrain.envs.gate.card import TaskReport, chance_of
from selftrain.envs.gate.trial import Finding
from selftrain.envs.harbor.config import read_config
from selftrain.envs.packs.locking import lock_state
from selftrain.errors import TaskError
from selftrain.tasks import Task

PackCheck: TypeAlias = Callable[[Subject, Sequence[TaskReport]], Finding]

_NO_LICENCE = {"", "?", "n/a", "na", "none", "tba", "tbd", "todo", "unknown", "xxx", "licence", "license"}
_LICENCE_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md", "COPYING")
_MARKS = re.compile(rb"[.,;:!?'\"`*_#>]+(?=\s|$)|(?<!\S)['\"`*_#>]+")  # of sentences and of Markdown, not of code


def prints_of(task: Task) -> dict[str, str]:
    """Hashes of what a player is shown, its instruction and its files: of the bytes, and normalised.

    The second takes no account of white space and the names of the files, nor of case and the marks of sentences in
    the instruction: of a copy that was made to look different it is the same.
    """
    exact, normalised = hashlib.sha256(), hashlib.sha256()
    instruction = task.instruction.encode("utf-8", "replace")
    for data in (instruction, *(task.files[path] for path in sorted(task.files))):
        exact.update(f"{len(data)}:".encode() + data)
    words = b" ".join(_MARKS.sub(b" ", instruction.decode().casefold().encode()).split())
    for data in (words, *sorted(b" ".join(data.split()) for data in task.files.values())):
        normalised.update(f"{len(data)}:".encode() + data)
    return {"exact": exact.hexdigest(), "normalised": normalised.hexdigest()}


def check_copies(subject: Subject, reports: Sequence[TaskReport]) -> Finding:
    """No task of one split is a copy of one of another: a model would be tested on what it was trained on."""
    found: dict[str, list[TaskReport]] = {}
    for report in reports:
        if report.prints:
            found.setdefault(report.prints["normalised"], []).append(report)
    groups = [group for group in found.values() if len(group) > 1]
    across = [group for group in groups if len({report.split for report in group}) > 1]
    evidence = {
        "copies": [_copies(group) for group in groups],
        "across_splits": [_copies(group) for group in across],
        "compared": sum(map(len, found.values())),
    }
    if across:
        group = across[0]
        names = " and ".join(f"{report.name} ({report.split})" for report in group[:3])
        kind = "copies" if _copies(group)["exact"] else "the same but for case, white space, marks and names of files"
        more = f", and {len(across) - 1} more" if len(across) > 1 else ""
        return Finding("copies", "fail", f"{names} are {kind}{more}: put them into one split, or drop one", evidence)
    said = f"{len(groups)} tasks have copies within their split" if groups else "no task is a copy of another"
    return Finding("copies", "pass", said, evidence)


def _copies(group: Sequence[TaskReport]) -> dict[str, Any]:
    return {"tasks": [report.name for report in group], "exact": len({one.prints["exact"] for one in group}) == 1}


def check_names(subject: Subject, reports: Sequence[TaskReport]) -> Finding:
    """No two folders give themselves the same name: where tasks are known by it, one would hide the other."""
    found: dict[str, list[str]] = {}
    for candidate in subject.candidates:
        with contextlib.suppress(TaskError):  # what is wrong with a folder its own `schema` says
            name = read_config(candidate.folder, offline=True).name if candidate.folder else ""
            found.setdefault(name or candidate.name, []).append(candidate.name)
    twice = {name: folders for name, folders in found.items() if len(folders) > 1}
    for name, folders in twice.items():
        said = f"{' and '.join(folders[:3])} have the same name = {name!r} in task.toml: give each a name of its own"
        return Finding("names", "fail", said, {"names": twice})
    return Finding("names", "pass", f"{len(found)} tasks, {len(found)} names", {"names": {}})


def check_licence(subject: Subject, reports: Sequence[TaskReport]) -> Finding:
    """The manifest names a licence."""
    if subject.pack is None:
        return Finding("licence", "unchecked", "one task alone has no manifest that names a licence")
    files = [name for name in _LICENCE_FILES if (subject.folder / name).is_file()]
    evidence = {"licence": subject.licence, "files": files}
    if subject.licence.strip().casefold() in _NO_LICENCE:
        said = f'licence = "{subject.licence}" in pack.toml names none; write one that others can look up, such as MIT'
        return Finding("licence", "fail", said, evidence)
    return Finding("licence", "pass", f"{subject.licence}{f', text in {files[0]}' if files else ''}", evidence)


def check_lock(subject: Subject, reports: Sequence[TaskReport]) -> Finding:
    """What was judged is what is locked; a note, for a pack is locked when it is done."""
    if subject.pack is None:
        return Finding("lock", "unchecked", "one task alone has no lock")
    state = lock_state(subject.pack)
    evidence = {"state": state, "lock": subject.lock, "tasks": {one.name: one.sha256 for one in reports}}
    if state == "locked":
        return Finding("lock", "pass", "pack.lock holds what was judged", evidence)
    return Finding("lock", "unchecked", f"{state}; selftrain pack lock DIR locks what is there", evidence)


def check_chance(subject: Subject, reports: Sequence[TaskReport]) -> Finding:
    """What guessing scores over all tasks; a figure, which each task's own check judges."""
    scores = {report.name: score for report in reports if (score := chance_of(report)) is not None}
    if not scores:
        return Finding("chance", "unchecked", "no task has a chance score")
    mean, most = statistics.mean(scores.values()), max(scores, key=lambda name: scores[name])
    said = f"guessing scores {mean:.3f} over {len(scores)} tasks, and most on {most}: {scores[most]:.3f}"
    return Finding("chance", "pass", said, {"mean": mean, "scores": scores})


PACK_CHECKS: Mapping[str, PackCheck] = {
    "copies": check_copies,
    "names": check_names,
    "licence": check_licence,
    "lock": check_lock,
    "chance": check_chance,
}
"""Name → check on the whole pack, in order."""
