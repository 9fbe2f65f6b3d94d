"""The check that no task shows its solution: not in its instruction, its files, its history or its image.

What is looked for is what the oracle left that doing nothing does not leave, the solution's scripts and the tests.
A match is a fault where it cannot be the task's own work to find it there. It can be in a file that the instruction
names or the oracle reads, unless that is hidden or named as an answer; such a match is a note, for a reviewer.
"""

from __future__ import annotations

import codecs
import fnmatch
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from selftrain.envs.gate.leaks_places import readable
from selftrain.envs.gate.leaks_views import DECODED_BYTES, MOST_BYTES, Place, squeezed, views
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.harbor.folders import files_below
from selftrain.errors import SandboxError, SelfTrainError
from selftrain.evidence import MIB

_SHORT, _LARGE, _SCRIPT, _LINE = 8, 48, 16, 12
_MOST_SOUGHT, _SECONDS, _NEARLY = 64, 30.0, 0.9
_ANSWERS = re.compile(r"answer|solution|solved|expected|golden|oracle|truth|reference", re.IGNORECASE)
_SAID = rb"(?:answers?|solutions?|solved|expected\w*|golden|oracle|ground[ _-]?truth|correct)(?:[ _-]\w+)?"
_GUESSES = (*(b"%d" % number for number in range(10)), b"yes", b"no", b"true", b"false", b"ok", b"none", b"null")
_ROT13 = bytes(codecs.encode(bytes(range(256)).decode("latin-1"), "rot13"), "latin-1")
_JUDGING = re.compile(rb"/logs/verifier|\breward\b|\bassert\b|\bpytest\b")
_VERSIONS = re.compile(
    r"\b(?:git|commits?|branch(?:es)?|histor(?:y|ies)|revert|stash|checkout|repositor(?:y|ies))\b", re.I
)
_BY_PRODUCTS = re.compile(
    r"/__pycache__/|\.pyc$|/\.git/|/\.cache/|/\.pytest_cache/|^/logs/(?:verifier|agent)/|^/tests/"
)
_SILENT = re.compile(rb"^\s*(?:#.*|set\s+[-+].*|cd\s+\S+|exit(?:\s+\d+)?|)\s*$")


@dataclass(frozen=True)
class _Sought:
    """Something that nobody may read.

    Attributes:
        what: for a reader, "what the oracle leaves in /app/out.json".
        path: where it is when the oracle is done; "" of a script.
        data: without white space around it.
        lines: of a file that was there before, the new ones; of a script all that do something.
        script: "solution" or "test" for a script of theirs, else "".
    """

    what: str
    path: str
    data: bytes
    lines: tuple[bytes, ...] = ()
    script: str = ""
    whole: bytes = field(default=b"", repr=False)

    @property
    def is_large(self) -> bool:
        """Whether nobody would come upon it by chance or be told it as a value."""
        return len(self.whole) >= _LARGE


@dataclass(frozen=True)
class _Match:
    """Where something sought was found, how it is written there, and whether that file holds nothing else."""

    sought: _Sought
    place: Place
    how: str
    alone: bool
    said: bool

    @property
    def told(self) -> str:
        """For a reader."""
        how = f" ({self.how})" if self.how else ""
        return f"{self.sought.what} can be read in {self.place.name}{how}"


def check_leaks(trial: Trial) -> Finding:
    """Whether the solution and the tests can be read nowhere that the agent can read."""
    start = time.monotonic()
    try:
        found = readable(trial)
        sought, unchecked = _all_sought(trial)
    except SandboxError as error:
        return Finding("leaks", "unchecked", f"{type(error).__name__}: {error}", {}, time.monotonic() - start)
    except SelfTrainError as error:
        return Finding("leaks", "fail", f"{type(error).__name__}: {error}", {}, time.monotonic() - start)
    matches, searched, skipped = _searched(found.places, sought)
    unchecked += [*found.unchecked, *skipped]
    judge = _Judge.of(trial)
    moved = _copied(matches)
    faults = [match.told for match in matches if judge.is_fault(match) and match not in moved]
    notes = [match.told for match in matches if match.told not in faults]
    evidence: dict[str, Any] = {
        "sought": [one.what for one in sought],
        "searched": {"places": len(searched), "bytes": sum(len(place.data) for place in searched)},
        "faults": faults,
        "notes": notes,
        "unchecked": unchecked,
    }
    seconds = time.monotonic() - start
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return Finding("leaks", "fail", f"{faults[0]}{more}: take it out of there", evidence, seconds)
    if not sought:
        return Finding("leaks", "unchecked", "there is nothing to look for: the oracle left nothing", evidence, seconds)
    told = f"{len(sought)} things that only the solver has, in none of {len(searched)} places"
    if len(searched) < len(found.places):
        told += f", but there are {len(found.places)}: {_SECONDS:g} s were over"
        return Finding("leaks", "unchecked", told, evidence, seconds)
    return Finding("leaks", "pass", told, evidence, seconds)


def _searched(
    places: Sequence[Place], sought: Sequence[_Sought]
) -> tuple[list[_Match], Sequence[Place], Sequence[str]]:
    """What was found, the places that there was time for, and what could not be looked at."""
    start, matches, unchecked = time.monotonic(), list[_Match](), list[str]()
    for number, place in enumerate(places):
        if time.monotonic() - start > _SECONDS:
            return matches, places[:number], [*unchecked, f"{place.name} and what comes after it"]
        matches += _matches(place, sought)
        if len(place.data) > DECODED_BYTES:
            unchecked.append(
                f"{place.name}, {len(place.data) // MIB} MiB: what is encoded in it, or after {MOST_BYTES // MIB} MiB"
            )
    return matches, places, unchecked


def _all_sought(trial: Trial) -> tuple[list[_Sought], list[str]]:
    """What must not be found, and what cannot be looked for."""
    sought, unchecked = list(_scripts(trial)), list[str]()
    outcome = next((one for one in trial.oracle if one.evidence is not None), None)
    if outcome is None or outcome.evidence is None:
        return sought, ["what the oracle leaves: it was not played to its end"]
    before = _left(trial.nop) or trial.task.files
    after = {path: data for path, data in _left(outcome).items() if data.strip() and before.get(path) != data}
    changed = {path: data for path, data in after.items() if not _BY_PRODUCTS.search(path)}
    named = [path for path in changed if _is_named(path, trial.task.instruction, trial.task.writable)]
    paths = sorted(named or changed)
    if len(paths) > _MOST_SOUGHT:
        unchecked.append(f"{len(paths) - _MOST_SOUGHT} of {len(paths)} files that the oracle leaves")
    for path in paths[:_MOST_SOUGHT]:
        if len(changed[path]) > MOST_BYTES // 4:
            unchecked.append(f"what the oracle leaves in {path}: {len(changed[path]) // MIB} MiB")
            continue
        one = _deliverable(path, changed[path], before.get(path))
        sought.append(one)
        if len(one.whole) < _SHORT:
            unchecked.append(f"{one.what}, {len(one.data)} bytes, but where it is called an answer: it is too short")
    return sought, unchecked


def _left(outcome: Outcome | None) -> dict[str, bytes]:
    if outcome is None or outcome.evidence is None:
        return {}
    return {path: file.data for path, file in outcome.evidence.files.items()}


def _deliverable(path: str, data: bytes, before: bytes | None) -> _Sought:
    known = {line.strip() for line in (before or b"").split(b"\n")}
    new = [line.strip() for line in data.split(b"\n") if line.strip() not in known] if before else []
    lines = tuple(line for line in dict.fromkeys(new) if len(line) >= _LINE)
    return _Sought(f"what the oracle leaves in {path}", path, data.strip(), lines, whole=squeezed(data))


def _scripts(trial: Trial) -> Iterator[_Sought]:
    """The scripts of solution and tests; of a task in Python the oracle's commands."""
    files: Mapping[str, bytes] = {"the oracle's commands": "\n".join(trial.task.oracle).encode("utf-8", "replace")}
    if trial.folder is not None:
        files = {name: data for name, (data, _) in files_below(trial.folder, trial.folder).items()}
    for name, data in files.items():
        kind = "test" if re.match(r"(?:steps/[^/]+/)?tests/", name) else "solution"
        ours = kind == "test" or name == "the oracle's commands" or re.match(r"(?:steps/[^/]+/)?solution/", name)
        script = name.endswith((".sh", ".py", ".pl", ".rb", ".js", ".awk", "commands")) or data.startswith(b"#!")
        if kind == "test" and not (_JUDGING.search(data) or re.search(r"(?:^|/)(?:run[-_]?)?test[^/]*$", name)):
            script = False  # a helper of the tests may be what the task starts with
        if ours and script and b"\0" not in data:
            lines = tuple(line.strip() for line in data.split(b"\n") if not _SILENT.match(line))
            body = b"\n".join(lines)
            if len(squeezed(body)) >= _SCRIPT:
                yield _Sought(name, "", body, lines, script=kind, whole=squeezed(body))


def _matches(place: Place, sought: Sequence[_Sought]) -> Iterator[_Match]:
    """What of `sought` can be read in `place`, each once, as plainly as it can."""
    left = [one for one in sought if one.path != place.name]
    for how, data in views(place.data):
        if not left:
            return
        plain = squeezed(data)
        bare = squeezed(b"\n".join(line for line in data.split(b"\n") if not _SILENT.match(line)))
        forms = (("", plain), ("reversed", plain[::-1]), ("rot13", _rot13(plain)))
        for one in list(left):
            spelled = [name for name, form in forms if _holds(one, form, data if not name else b"")]
            if one.script and not spelled and one.whole in bare:
                spelled = [""]
            spelled = spelled or ([""] if _holds_new_lines(one, data) else [])
            if spelled:
                left.remove(one)
                told = ", ".join(part for part in (how, spelled[0]) if part)
                alone = one.whole in (plain, plain[::-1], bare, _rot13(plain))
                yield _Match(one, place, told, alone, _is_said(one, data))


def _holds(one: _Sought, form: bytes, data: bytes) -> bool:
    """Whether squeezed bytes hold it; a value must stand by itself in `data`, the bytes as they are."""
    if one.script or one.is_large:
        return one.whole in form or any(part in form for part in _parts(one))
    if len(one.whole) < _SHORT:
        return bool(data) and (form == one.whole or _is_said(one, data))
    if not data:
        return one.whole in form
    return bool(re.search(rb"(?<![\w.-])" + re.escape(one.data) + rb"(?![\w-]|\.\d)", data)) or one.whole == form


def _parts(one: _Sought) -> Iterator[bytes]:
    """Nearly all of it: without its first lines, and without its last."""
    lines = one.data.split(b"\n")
    few = int(len(lines) * (1 - _NEARLY))
    if few and not one.script:
        yield from (squeezed(b"\n".join(lines[few:])), squeezed(b"\n".join(lines[:-few])))


def _holds_new_lines(one: _Sought, data: bytes) -> bool:
    """Whether nearly all that is new in a file which was there before stands there, in a patch for example."""
    if one.script or len(one.lines) < 2 or sum(map(len, one.lines)) < _LARGE:
        return False
    there = {line.lstrip(b"+ \t").strip() for line in data.split(b"\n")}
    return sum(line.lstrip(b"+ \t") in there for line in one.lines) >= _NEARLY * len(one.lines)


def _is_said(one: _Sought, data: bytes) -> bool:
    """Whether it is called an answer there: "answer: 42", or as a value of JSON."""
    if one.is_large or one.script or len(one.data) > 4 * _LARGE:
        return False
    form = rb"(?im)(?:^|\W)" + _SAID + rb"[\"'`]?\s*(?:is|[:=]+)\s*[\"'`]?"
    return bool(re.search(form + re.escape(one.data) + rb"[\"'`]?[,.;)}\]]*\s*(?:-->|\*/)?\s*$", data))


def _rot13(data: bytes) -> bytes:
    return data.translate(_ROT13)


def _copied(matches: Sequence[_Match]) -> list[_Match]:
    """Matches of a task whose work is to copy files: three or more lie there as they are, under their own names."""
    own = [
        match
        for match in matches
        if match.alone and not match.how and _base(match.place.name) == _base(match.sought.path)
        if not _is_hidden(match.place.name)
    ]
    return own if len({match.sought.path for match in own}) >= 3 else []


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _is_hidden(path: str) -> bool:
    """Whether a path says itself that it is not for everybody."""
    return any(part.startswith(".") for part in path.split("/")) or bool(_ANSWERS.search(path))


def _is_named(path: str, text: str, roots: Sequence[str]) -> bool:
    """Whether `text` speaks of a file: by its path or name, by a pattern, or by a folder that it lies in."""
    hidden_folder = _is_hidden(path) and not _is_hidden(_base(path))
    if path in text or (len(_base(path)) >= 4 and _base(path) in text and not hidden_folder):
        return True
    if _is_hidden(path):
        return False
    globs = re.findall(r"[\w.*?\[\]-]*\*[\w.*?\[\]-]*", text)
    if any(len(glob) > 1 and fnmatch.fnmatch(_base(path), glob) for glob in globs):
        return True
    root = max((root for root in roots if path.startswith(f"{root}/")), key=len, default="")
    above = path.removeprefix(f"{root}/").split("/")[:-1]
    folders = [re.escape("/".join(above[: depth + 1])) for depth in range(len(above))]
    # a folder is named where it is written as one and nothing below it is
    forms = (
        r"[/`'\"]{0}(?![\w.-]|/\w)",
        r"(?<![\w.-]){0}/(?!\w)",
        r"(?:folder|directory) {0}\b",
        r"\b{0} (?:folder|directory)",
    )
    return any(re.search(form.format(folder), text) for folder in folders for form in forms)


@dataclass(frozen=True)
class _Judge:
    """Tells a leak from the task's own work, by what the task says and what its oracle does."""

    instruction: str
    solution: str
    roots: tuple[str, ...]
    gone: frozenset[str]

    @classmethod
    def of(cls, trial: Trial) -> _Judge:
        """For this task."""
        solution = "\n".join(trial.task.oracle)
        if trial.folder is not None:
            hidden = files_below(trial.folder, trial.folder)
            solution = "\n".join(
                data.decode("utf-8", "replace") for name, (data, _) in hidden.items() if "solution/" in name
            )
        left = _left(next((one for one in trial.oracle if one.evidence is not None), None))
        gone = frozenset(_left(trial.nop)) - frozenset(left)
        return cls(trial.task.instruction, solution, trial.task.writable, gone)

    def is_fault(self, match: _Match) -> bool:
        """Whether no honest task has it there."""
        sought, place = match.sought, match.place
        if place.kind == "instruction":
            return sought.is_large or bool(match.how) or (match.said and sought.whole.lower() not in _GUESSES)
        if sought.script == "test" and self._is_input(place):
            return False  # tests that the instruction tells the agent to run
        if sought.script:
            return sought.is_large or match.alone or len(place.data) <= 4 * len(sought.data)
        if self._is_input(place):
            return match.said and not _ANSWERS.search(self.instruction) and place.name not in self.solution
        if len(sought.whole) < _SHORT:
            same_name = _base(place.name) == _base(sought.path)
            return match.said or (match.alone and (same_name or bool(_ANSWERS.search(place.name))))
        return sought.is_large or bool(match.how) or match.alone or match.said or _is_hidden(place.name)

    def _is_input(self, place: Place) -> bool:
        """Whether the task's work begins with this file."""
        if place.kind == "history":
            return bool(_VERSIONS.search(self.instruction))
        if place.name in self.gone or _is_named(place.name, self.instruction, self.roots):
            return True
        return not _is_hidden(place.name) and _is_named(place.name, self.solution, self.roots)
