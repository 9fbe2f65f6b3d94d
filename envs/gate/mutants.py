"""The check that the verifier looks: the oracle's work, changed in many ways, is not paid any more.

What is asked for (each rule is there for verifiers that look at too little; what it must let pass stands beside it):

1. With all that the oracle wrote taken away, or emptied, or each word and number another one of the same length, the
   work scores 0. Who looks at existence, exit codes, sizes or forms alone pays one of these. Not asked where the oracle
   also removed files or changed modes or links, for then that may be the task, and what it wrote a by-product.
2. Of the smaller changes at least three score 0, where three can be made, and in at least two places, where there are
   three. That is little, for good verifiers pass over much: order, tolerances, spelling, free prose between facts. Who
   looks at one line or one word notices changes in one place.
3. Of the places of tables and data (JSON, CSV, settings, texts of many numbers) half are noticed, for there each part
   says something.
4. A file of data that the instruction names and the oracle made is noticed when it is gone or changed, unless the work
   holds programs, which may have made it.

Changes beyond these that are still paid are listed with what was changed.
"""

from __future__ import annotations

import difflib
import itertools
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.gate.attacks_base import scene_of
from selftrain.envs.gate.hurrying import HurriedRoom
from selftrain.envs.gate.mutations import PLACES, changes, disguised, is_table, is_text
from selftrain.envs.gate.plays import STOPS
from selftrain.envs.gate.program_mutations import is_program
from selftrain.envs.gate.trial import Finding, State, Trial
from selftrain.errors import SandboxError, SelfTrainError
from selftrain.evidence import Evidence, EvidenceFile

_FEWEST_NOTICED, _FEWEST_PLACES = 3, 2
_ENOUGH, _MOST, _MOST_REMOVED = 10, 24, 6
_SHOWN, _SHOWN_CHARACTERS = 8, 1500
_PLACE = "words and numbers changed"
_NOISE = re.compile(
    r"/(\.git|__pycache__|node_modules|\.cache|\.pytest_cache|target|build)/|\.pyc$|^/(solution|logs|tests)/"
)


@dataclass(frozen=True)
class Mutant:
    """The oracle's work with one change.

    Attributes:
        part: "whole" of all that it wrote, "content" of one file, "undone" is what it removed or gave another mode or
            target, and an "entry" is a file, folder or link that is gone.
        kind: what was done.
        path: to which file; "" for all of them.
        place: see `mutations.Change`.
        evidence: what the verifier is given.
    """

    part: Literal["whole", "content", "undone", "entry"]
    kind: str
    path: str
    place: int
    evidence: Evidence


@dataclass(frozen=True)
class Judged:
    """A mutant and what it was paid: None where the verifier broke, or no sandbox could be had (`unasked`)."""

    mutant: Mutant
    reward: float | None
    error: str = ""
    unasked: bool = False

    @property
    def noticed(self) -> bool:
        """The verifier scored it 0."""
        return self.reward == 0.0


def check_mutants(trial: Trial) -> Finding:
    """The verifier scores 0 what is no longer the oracle's work; see the module for what is asked."""
    start = time.monotonic()
    if why := _cannot(trial):
        return Finding("mutants", "unchecked", why)
    work = _Work.of(trial)
    judged = _judge_all(trial, work)
    state, summary = _said(work, judged)
    if not judged:
        state, summary = "unchecked", "the oracle leaves nothing that can be changed: no file, folder or link is other"
    return Finding("mutants", state, summary, _evidence(work, judged), time.monotonic() - start)


def _cannot(trial: Trial) -> str:
    about = trial.task.metadata.get("metadata", {})
    own = about.get("selftrain", {}) if isinstance(about, Mapping) else {}
    if isinstance(own, Mapping) and own.get("mutation") is False:
        return "the task says that changing its oracle's work makes no sense ([metadata.selftrain] mutation = false)"
    if trial.task.kind != "terminal":
        return f"changes are made to files that a terminal's oracle leaves; a task of kind {trial.task.kind!r} has none"
    if not trial.oracle or trial.oracle[0].reward != 1.0 or trial.oracle[0].evidence is None:
        return "there is no oracle's work that is paid, and so none to change"
    if trial.nop is None or trial.nop.evidence is None:
        return "what is there when nothing is done is not known, as doing nothing gave no verdict"
    return ""


@dataclass(frozen=True)
class _Work:
    """What the oracle wrote.

    Attributes:
        start: what is there when nobody does anything.
        end: what it left.
        written: its files with bytes of its own, those that the instruction names first, what tools keep last.
        entries: files, folders and links that were not there, and files that it changed; likewise.
        undone: what it removed, and what it gave another mode or target and left as it was otherwise.
        named: files that the instruction names.
    """

    start: Evidence
    end: Evidence
    written: tuple[str, ...]
    entries: tuple[str, ...]
    undone: tuple[str, ...]
    named: frozenset[str]

    @classmethod
    def of(cls, trial: Trial) -> _Work:
        assert trial.nop is not None and trial.nop.evidence is not None and trial.oracle[0].evidence is not None
        start, end, named = trial.nop.evidence, trial.oracle[0].evidence, frozenset(scene_of(trial.task).deliverables)
        known = {file.data for file in start.files.values()} | {b""}
        changed = [path for path, file in end.files.items() if start.get(path) != file.data]
        others = [path for path in (*end.links, *end.directories) if not _is_there(start, path)]
        gone = [path for path in (*start.files, *start.links) if not _is_there(end, path)]
        other = [path for path in start.links if end.links.get(path, start.links[path]) != start.links[path]]
        other += [path for path, file in start.files.items() if _has_other_mode(file, end.files.get(path))]
        other += [path for path, mode in start.directories.items() if end.directories.get(path, mode) != mode]
        undone = tuple(path for path in (*gone, *other) if not _NOISE.search(path))

        def order(path: str) -> tuple[bool, bool, str]:
            return _NOISE.search(path) is not None, path not in named, path

        written = sorted((path for path in changed if end.files[path].data not in known), key=order)
        return cls(start, end, tuple(written), tuple(sorted((*changed, *others), key=order)), undone, named)

    @property
    def has_program(self) -> bool:
        return any(is_program(path, self.end.files[path].data) for path in self.written)

    def of_table(self, path: str) -> bool:
        data = self.end.files[path].data
        return is_text(data) and not is_program(path, data) and is_table(path, data)


def _is_there(evidence: Evidence, path: str) -> bool:
    return path in evidence.files or path in evidence.links or path in evidence.directories


def _has_other_mode(start: EvidenceFile, end: EvidenceFile | None) -> bool:
    return end is not None and start.data == end.data and start.mode != end.mode


def _without(evidence: Evidence, gone: Sequence[str]) -> Evidence:
    """Without these entries, and without what lies below them."""

    def kept(path: str) -> bool:
        return not any(path == one or path.startswith(f"{one}/") for one in gone)

    return Evidence(
        {path: file for path, file in evidence.files.items() if kept(path)},
        {path: mode for path, mode in evidence.directories.items() if kept(path)},
        {path: target for path, target in evidence.links.items() if kept(path)},
    )


def _with(evidence: Evidence, data: Mapping[str, bytes]) -> Evidence:
    changed = {path: replace(evidence.files[path], data=bytes_) for path, bytes_ in data.items()}
    return Evidence({**evidence.files, **changed}, evidence.directories, evidence.links)


def _wholes(work: _Work) -> Iterator[Mutant]:
    files = work.end.files
    if work.undone:
        return
    if work.entries and (work.written or any(not _is_there(work.start, path) for path in work.entries)):
        yield Mutant("whole", "taken away", "", -1, _without(work.end, work.entries))
    if work.written:
        yield Mutant("whole", "emptied", "", -1, _with(work.end, dict.fromkeys(work.written, b"")))
        others = {path: disguised(files[path].data) for path in work.written}
        yield Mutant("whole", _PLACE, "", -1, _with(work.end, others))


def _contents(work: _Work) -> Iterator[Mutant]:
    """Changes to one file after another, in turns."""
    turns = [_changed(work, path) for path in work.written[: 2 * _MOST]]
    yield from (mutant for turn in itertools.zip_longest(*turns) for mutant in turn if mutant is not None)


def _changed(work: _Work, path: str) -> Iterator[Mutant]:
    end, start = work.end.files[path], work.start.files.get(path)
    for change in changes(path, start.data if start else None, end.data):
        yield Mutant("content", change.kind, path, change.place, _with(work.end, {path: change.data}))
    if start is not None:
        yield Mutant("content", "put back", path, -1, _put_back(work, path))


def _put_back(work: _Work, path: str) -> Evidence:
    """With one file, link or folder as it was at the start."""
    start, end = work.start, work.end
    return Evidence(
        {**end.files, **({path: start.files[path]} if path in start.files else {})},
        {**end.directories, **({path: start.directories[path]} if path in start.directories else {})},
        {**end.links, **({path: start.links[path]} if path in start.links else {})},
    )


def _removals(work: _Work) -> Iterator[Mutant]:
    for path in work.entries[:_MOST_REMOVED]:
        yield Mutant("entry", "removed", path, -1, _without(work.end, [path]))
        if path in work.written:
            yield Mutant("entry", "emptied", path, -1, _with(work.end, {path: b""}))


def _judge_all(trial: Trial, work: _Work) -> list[Judged]:
    """All whole changes and removals, and smaller ones until enough is known."""
    room = HurriedRoom(SandboxCleanRoom(trial.backend, trial.image), 2.0 + 3.0 * trial.slowest_seconds)
    seen = {work.end.sha256, work.start.sha256}
    judged: list[Judged] = []

    def judge(mutants: Iterator[Mutant]) -> Iterator[Judged]:
        for mutant in mutants:
            if mutant.evidence.sha256 not in seen:
                seen.add(mutant.evidence.sha256)
                judged.append(_judge(trial, mutant, room))
                yield judged[-1]

    for one in judge(_wholes(work)):
        if one.reward not in (None, 0.0):
            return judged  # it does not look at all, and smaller changes tell nothing more
    for _ in judge(
        Mutant("undone", "put back", path, 0, _put_back(work, path)) for path in work.undone[:_MOST_REMOVED]
    ):
        pass
    for count, _ in enumerate(judge(_contents(work)), 1):
        if count >= _MOST or (count >= _ENOUGH and not _blind(work, judged)):
            break
    for _ in judge(_removals(work)):
        pass
    return [*judged, *_again(trial, judged, room)]


def _again(trial: Trial, judged: Sequence[Judged], room: HurriedRoom) -> Iterator[Judged]:
    """Where only some places are noticed, the same once more, if it comes out otherwise: then chance decides."""
    parts = [one for one in judged if one.mutant.kind == _PLACE and one.mutant.part == "content" and not one.error]
    if any(not one.noticed for one in parts):
        for one in parts[:PLACES]:
            again = _judge(trial, one.mutant, room)
            if again.reward not in (None, one.reward):
                yield replace(again, error=f"scored {one.reward:g} before, and now {again.reward:g} for the same bytes")


def _judge(trial: Trial, mutant: Mutant, room: HurriedRoom) -> Judged:
    """What the verifier pays for it; asked twice where there was no sandbox."""
    error: Exception = SandboxError("no sandbox")
    for _ in range(2):
        try:
            return Judged(mutant, trial.task.verifier.verify(mutant.evidence, trial.task, room).reward)
        except SandboxError as lost:
            error = lost
        except SelfTrainError as broken:
            return Judged(mutant, None, f"{type(broken).__name__}: {broken}")
        except STOPS:
            raise
        except BaseException as broken:  # a verifier of somebody else's may raise anything
            return Judged(mutant, None, repr(broken))
    return Judged(mutant, None, f"{type(error).__name__}: {error}", unasked=True)


def _said(work: _Work, judged: Sequence[Judged]) -> tuple[State, str]:
    asked = [one for one in judged if not one.unasked]
    if broken := [one for one in asked if one.error]:
        if broken[0].reward is not None:
            return "fail", f"chance decides the verdict: {_name(broken[0].mutant)} {broken[0].error}"
        said = f"the verifier breaks on changed work, which must score 0: {_name(broken[0].mutant)}: {broken[0].error}"
        return "fail", f"{said}. Score 0 what cannot be read"
    paid = next((one for one in asked if one.mutant.part == "whole" and not one.noticed), None)
    if paid is not None:
        return "fail", (
            f"the verifier does not look: the oracle's work is paid with all that it wrote {_WHOLE[paid.mutant.kind]}. "
            "Compare what is in the files, or what the programs put out, with what is expected"
        )
    if blind := _blind(work, asked) or _not_looked_at(work, asked):
        return "fail", f"the verifier does not look: {blind}. Have it compare all that the instruction asks for"
    if unasked := [one for one in judged if one.unasked]:
        return "unchecked", f"{len(unasked)} of {len(judged)} changes had no sandbox: {unasked[0].error}"
    noticed = sum(one.noticed for one in asked)
    return (
        "pass",
        f"{noticed} of {len(asked)} changes to the oracle's work score 0 ({noticed / max(1, len(asked)):.0%})",
    )


_WHOLE = {"taken away": "taken away", "emptied": "emptied", _PLACE: "made into other words and numbers"}


def _blind(work: _Work, judged: Sequence[Judged]) -> str:
    """What rules 2 and 3 find wrong, or ""."""
    asked = [one for one in judged if not one.unasked]
    found = [one for one in asked if one.mutant.part in ("content", "undone")]
    found = found or [one for one in asked if one.mutant.part == "entry"]
    noticed = [one for one in found if one.noticed]
    wanted = _FEWEST_NOTICED if len(found) >= _FEWEST_NOTICED else min(1, len(found))
    shown = _example(work, found)
    if len(noticed) < wanted:
        return f"of {len(found)} small changes {len(noticed)} scored 0, not {wanted}{shown}"
    places, noticed_places = _spots(found), _spots(noticed)
    if len(places) > _FEWEST_PLACES and len(noticed_places) < _FEWEST_PLACES:
        return f"changes in {len(noticed_places)} of {len(places)} places scored 0, not in {_FEWEST_PLACES}{shown}"
    tables = {path for path in work.written if work.of_table(path)}
    tables = tables & work.named or (set() if work.undone else tables)
    parts = [one for one in found if one.mutant.kind == _PLACE and one.mutant.path in tables]
    seen = sum(one.noticed for one in parts)
    if 2 * seen < len(parts) and not work.has_program:
        return f"{seen} of {len(parts)} parts of {', '.join(sorted(tables)[:3])} matter to it, not half of them{shown}"
    return ""


def _spots(judged: Sequence[Judged]) -> set[tuple[str, int]]:
    return {(one.mutant.path, one.mutant.place) for one in judged if one.mutant.place >= 0}


def _not_looked_at(work: _Work, judged: Sequence[Judged]) -> str:
    """Rule 4."""
    if work.has_program:
        return ""
    for path in work.written:
        mine = [one for one in judged if one.mutant.path == path]
        gone = any(one.mutant.kind == "removed" for one in mine)
        if path in work.named and path not in work.start.files and gone and not any(one.noticed for one in mine):
            return f"{path}, which the instruction names, may be gone or anything ({len(mine)} changes were paid)"
    return ""


def _name(mutant: Mutant) -> str:
    return f"{mutant.kind} in {mutant.path}" if mutant.path else f"all {_WHOLE[mutant.kind]}"


def _example(work: _Work, found: Sequence[Judged]) -> str:
    paid = next((one.mutant for one in found if not one.noticed and not one.error), None)
    if paid is None:
        return ""
    lines = [line for line in _shown(work, paid).splitlines() if line.startswith(("-", "+"))][:2]
    return f"; still paid, for one: {_name(paid)} ({' → '.join(line[:60] for line in lines)})"


def _evidence(work: _Work, judged: Sequence[Judged]) -> dict[str, Any]:
    asked = [one for one in judged if not one.unasked]
    paid = [one for one in asked if one.reward not in (None, 0.0)]
    return {
        "written": list(work.written[:50]),
        "mutants": [
            {
                "part": one.mutant.part,
                "kind": one.mutant.kind,
                "path": one.mutant.path,
                "reward": one.reward,
                **({"error": one.error} if one.error else {}),
            }
            for one in judged
        ],
        "score": sum(one.noticed for one in asked) / len(asked) if asked else None,
        "paid": [{"mutant": _name(one.mutant), "change": _shown(work, one.mutant)} for one in paid[:_SHOWN]],
    }


def _shown(work: _Work, mutant: Mutant) -> str:
    """What was changed, as a diff."""
    if not mutant.path:
        return f"all of {', '.join(work.entries[:10])}"
    old, new = work.end.get(mutant.path), mutant.evidence.get(mutant.path)
    if old is None or new is None:
        return "removed"
    if not (is_text(old) and is_text(new)):
        return f"{sum(one != two for one, two in zip(old, new, strict=False))} of {len(old)} bytes, now {len(new)}"
    before, after = old.decode().splitlines(), new.decode().splitlines()
    diff = itertools.islice(difflib.unified_diff(before, after, lineterm="", n=0), 2, 40)
    return "\n".join(diff)[:_SHOWN_CHARACTERS]
