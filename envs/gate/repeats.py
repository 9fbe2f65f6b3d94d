"""The check that a verdict repeats: the same evidence judged again, and the oracle played again, under other settings.

The settings go into the sandbox where the verifier runs what it runs, and into the player's. What a verifier in Python
decides on the host is asked once more in a process of its own; see `rejudging`.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from selftrain import errors
from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.gate.plays import STOPS, Outcome, RememberingVerifier, play
from selftrain.envs.gate.rejudging import judged_elsewhere
from selftrain.envs.gate.trial import Finding, State, Trial
from selftrain.envs.task_sandbox import open_task_sandbox
from selftrain.errors import SandboxError, SelfTrainError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Sandbox, SandboxSpec, make_backend
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, CaseOutput, CleanRoom, Verdict, Verifier

_CLOCK = "another date: no sandbox has a clock of its own"
_EAST, _WEST = "Pacific/Kiritimati", "Etc/GMT+12"  # 26 hours apart, so never the same date
_COMPUTERS = ("C", "C.UTF-8", "C.utf8", "POSIX")
_DOTLESS = "tr_TR"  # where the capital of i is another letter than I
_PURE = "its family must draw from its generator alone, and from no order of a set, no locale and no time zone"
_SECONDS = 20.0


@dataclass(frozen=True)
class SettledRoom:
    """A clean room whose sandboxes have these environment variables besides the task's.

    Attributes:
        inner: the clean room that has the sandboxes.
        settings: names and values.
    """

    inner: CleanRoom
    settings: Mapping[str, str]

    def run_cases(
        self, evidence: Evidence, task: Task, cases: Sequence[CaseInput]
    ) -> Generator[CaseOutput, None, None]:
        """See `CleanRoom`."""
        return self.inner.run_cases(evidence, under(task, self.settings), cases)

    def pair(self, evidence: Evidence, task: Task) -> AbstractContextManager[tuple[Any, Any]]:
        """See `CleanRoom`."""
        return self.inner.pair(evidence, under(task, self.settings))


@dataclass(frozen=True)
class SettledVerifier:
    """Judges as `inner` does, in a clean room with these environment variables."""

    inner: Verifier
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def exports(self) -> tuple[str, ...]:
        """See `Verifier`."""
        return self.inner.exports

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """See `Verifier`."""
        # a verifier may put its own needs in the place of the task's, so the room adds the settings and not the task
        return self.inner.verify(evidence, replace(task, verifier=self.inner), SettledRoom(room, self.settings))


def under(task: Task, settings: Mapping[str, str]) -> Task:
    """The same task, with these environment variables in its sandboxes."""
    return replace(task, needs=replace(task.needs, env={**task.needs.env, **settings}))


def forgetful(task: Task) -> Task:
    """The same task with a verifier that judges each time it is asked."""
    verifier = task.verifier
    return replace(task, verifier=verifier.inner) if isinstance(verifier, RememberingVerifier) else task


def is_of_the_backend(error: str) -> bool:
    """Whether the error of an outcome is a fault of the infrastructure."""
    kind = getattr(errors, error.partition(":")[0], None)
    return isinstance(kind, type) and issubclass(kind, SandboxError)


def check_repeat(trial: Trial) -> Finding:
    """Whether oracle and nop get the same verdicts, check by check, when asked again and under other settings."""
    start = time.monotonic()
    asked = {
        name: outcome
        for name, outcome in (("oracle", _judged(trial.oracle)), ("nop", _judged((trial.nop,) if trial.nop else ())))
        if outcome is not None
    }
    if not asked:
        return Finding("repeat", "unchecked", "neither oracle nor nop has a verdict that could repeat")
    try:
        state, summary, evidence = _Asking(replace(trial, task=forgetful(trial.task)), asked).answer()
    except SandboxError as error:
        state, summary, evidence = "unchecked", f"{type(error).__name__}: {error}", {}
    return Finding("repeat", state, summary, evidence, time.monotonic() - start)


def _judged(outcomes: Sequence[Outcome]) -> Outcome | None:
    return next((one for one in outcomes if one.verdict is not None and one.evidence is not None), None)


@dataclass
class _Asking:
    """The questions that one task is asked, and the answers so far.

    Attributes:
        trial: with a task whose verifier judges each time.
        asked: who → what their play came to; the verdicts that must repeat.
        rows: for each question what it was and whether the verdict was the same.
        seconds: odd or even, when the oracle's evidence was judged.
    """

    trial: Trial
    asked: Mapping[str, Outcome]
    rows: list[dict[str, Any]] = field(default_factory=list)
    seconds: set[int] = field(default_factory=set)

    def answer(self) -> tuple[State, str, dict[str, Any]]:
        """State, summary and evidence of the finding."""
        if self.trial.task.kind != "terminal":
            return self._answer_of_another_kind()
        language, why = self._language()
        east = {"LC_ALL": language, "TZ": _EAST, "PYTHONHASHSEED": "1"}
        west = {"LC_ALL": "C" if language != "C" else "C.UTF-8", "TZ": _WEST, "PYTHONHASHSEED": "2"}
        fault = self._judged_under(east, west) or self._played(east)
        unchecked = [_CLOCK, *([why] if why else [])]
        if not fault and self.trial.folder is None:  # a folder's verdict is its script's, in the sandbox
            fault, missing = self._in_another_process(west)
            unchecked += [missing] if missing else []
        evidence = {"asked": self.rows, "locale": language, "unchecked": unchecked}
        if fault:
            return "fail", fault, evidence
        told = (
            f"the same verdict {len(self.rows)} times, in 3 time zones, under {language}, and with several hash seeds"
        )
        return "pass", told, evidence

    def _answer_of_another_kind(self) -> tuple[State, str, dict[str, Any]]:
        """Other kinds judge in places of their own: they are played again, as they are."""
        fault = next((fault for who in self.asked if (fault := self._played({}, who))), "")
        kind = self.trial.task.kind
        evidence = {
            "asked": self.rows,
            "unchecked": [f"another locale, time zone and hash seed: a {kind} task", _CLOCK],
        }
        return ("fail", fault, evidence) if fault else ("pass", "the same verdicts a second time", evidence)

    def _language(self) -> tuple[str, str]:
        """A locale to try besides C.UTF-8, and what cannot be checked for want of one."""
        found = _languages(self.trial)
        others = [name for name in found if name not in _COMPUTERS and "utf" in name.lower()]
        if not others:
            return "C", "a people's locale: the image has C and C.UTF-8 only"
        return min(others, key=lambda name: (not name.startswith(_DOTLESS), name)), ""

    def _judged_under(self, east: Mapping[str, str], west: Mapping[str, str]) -> str:
        """The same evidence judged again as it was, and under every setting; what differs, or ""."""
        plan: list[tuple[str, Mapping[str, str]]] = [
            (who, settings) for settings in ({}, east, west) for who in self.asked
        ]
        plan += [(who, {"PYTHONHASHSEED": seed}) for who in list(self.asked)[:1] for seed in ("3", "5")]
        for who, settings in plan:
            if fault := self._again(who, settings):
                return self._narrowed(who, settings) or fault
        if len(self.seconds) < 2:  # all of it within one second, or every other one
            time.sleep(1.0 - time.time() % 1.0)
            return self._again(next(iter(self.asked)), {})
        return ""

    def _again(self, who: str, settings: Mapping[str, str]) -> str:
        """Judge the evidence of `who` again; what differs, or ""."""
        outcome, task = self.asked[who], self.trial.task
        assert outcome.evidence is not None  # see _judged
        self.seconds.add(int(time.time()) % 2)
        verdict, broke = None, ""
        try:
            room = SettledRoom(SandboxCleanRoom(self.trial.backend, self.trial.image), settings)
            verdict = task.verifier.verify(outcome.evidence, task, room)
        except SandboxError:
            raise
        except SelfTrainError as error:
            broke = f"{type(error).__name__}: {error}"
        except STOPS:
            raise
        except BaseException as error:  # a verifier of somebody else's may raise anything
            broke = f"the verifier broke with {error!r}"
        return self._compared(f"{who}'s evidence judged again", who, settings, verdict, broke)

    def _narrowed(self, who: str, settings: Mapping[str, str]) -> str:
        """Whether it differs without any settings too, else which of several it is; "" where none alone does it."""
        if not settings:
            return ""
        alone = ({name: value} for name, value in settings.items())
        fault = next((fault for one in alone if (fault := self._again(who, one))), "")
        # a verdict that is drawn at random must not be put down to a setting
        return self._again(who, {}) or self._again(who, {}) or fault

    def _played(self, settings: Mapping[str, str], who: str = "oracle") -> str:
        """Play `who` anew under `settings`, judged under them too; what differs, or ""."""
        if who not in self.asked:
            return ""
        task = under(self.trial.task, settings)
        task = replace(task, verifier=SettledVerifier(task.verifier, settings))
        commands = task.oracle if who == "oracle" else ()
        outcome = play(task, who, commands, self.trial.backend, self.trial.image)
        if is_of_the_backend(outcome.error):
            raise SandboxError(outcome.error)
        return self._compared(f"the {who} played again", who, settings, outcome.verdict, outcome.error)

    def _in_another_process(self, settings: Mapping[str, str]) -> tuple[str, str]:
        """The task made and judged in a process of its own: what differs or "", what could not be asked or ""."""
        evidences = {who: outcome.evidence for who, outcome in self.asked.items() if outcome.evidence is not None}
        there = judged_elsewhere(self.trial, evidences, settings)
        if there.missing:
            return "", there.missing
        if there.fingerprint and there.fingerprint != self.trial.task.fingerprint():
            return f"the task is another one in another process{_named(settings)}: {_PURE}", ""
        for who in evidences:
            what = f"{who}'s evidence judged in another process"
            verdict, broke = there.verdicts.get(who), there.errors.get(who, "")
            if fault := self._compared(what, who, settings, verdict, broke):
                return fault, ""
        return "", ""

    def _compared(self, what: str, who: str, settings: Mapping[str, str], verdict: Verdict | None, broke: str) -> str:
        before = self.asked[who].verdict
        assert before is not None  # see _judged
        same = verdict is not None and signature(verdict) == signature(before)
        row = {"what": what, "settings": dict(settings), "same": same, "passed": verdict and verdict.passed}
        self.rows.append(row if same else {**row, "why": broke or (verdict.why if verdict else "")})
        if same:
            return ""
        now = broke or _told(verdict)
        return f"the verdict does not repeat: {what}{_named(settings)} gives {now}, before it was {_told(before)}"


def signature(verdict: Verdict) -> tuple[bool, float, tuple[tuple[str, bool], ...]]:
    """What of a verdict must repeat: the reward, the score and each check; the words may differ."""
    return verdict.passed, verdict.score, tuple((check.name, check.passed) for check in verdict.checks)


def _told(verdict: Verdict | None) -> str:
    if verdict is None:
        return "no verdict"
    return f"{'pass' if verdict.passed else 'fail'} with score {verdict.score:g}"


def _named(settings: Mapping[str, str]) -> str:
    return f" under {' '.join(f'{name}={value}' for name, value in settings.items())}" if settings else ""


def _languages(trial: Trial) -> tuple[str, ...]:
    """The locales that the task's sandboxes have."""
    if trial.task.own_image is None or trial.image or trial.backend.name != "docker":
        return _languages_of(trial.backend.name, trial.image or trial.task.image)
    return _languages_in(open_task_sandbox(trial.backend, trial.task))


@functools.cache
def _languages_of(backend: str, image: str) -> tuple[str, ...]:
    return _languages_in(make_backend(backend).create(SandboxSpec(image=image)))


def _languages_in(sandbox: Sandbox) -> tuple[str, ...]:
    try:
        return tuple(sandbox.run("locale -a 2>/dev/null", _SECONDS).output.decode("utf-8", "replace").split())
    finally:
        sandbox.close()
