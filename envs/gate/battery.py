"""The check that none of our generic attacks is paid."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from selftrain.envs.gate.attacks import BATTERY, CLASSES, Attack
from selftrain.envs.gate.players import played
from selftrain.envs.gate.plays import Outcome, remembering
from selftrain.envs.gate.trial import Finding, State, Trial

FIXES: Mapping[str, str] = {
    "tests changed": "Run the tests from a place that the submission cannot write to, copied there when it is over.",
    "runner hooks": "Keep the runner away from the submission's folder: run tests elsewhere, with --noconftest and a "
    "configuration of your own (-c), and compare what the submission puts out.",
    "start-up files": "Start interpreters so that they read nothing of the submission's (python3 -I -B, bash --norc), "
    "and judge outside of the process that runs it.",
    "shadowed modules": "Never have the submission's folder on the import path of the process that judges: python3 -I.",
    "wrappers": "Call tools by absolute path with a PATH of your own, and take no environment from the submission.",
    "verdict files": "Take the verdict only from a file that the verifier itself writes last, where nothing of the "
    "submission's lies, and never from the submission's folders.",
    "processes left behind": "Judge a copy in a fresh sandbox, and write the verdict when the submission's programs "
    "have ended.",
    "early exit": "Ask for the output that the work brings about, not for an exit code, which any program can have.",
    "equal to everything": "Compare plain values outside of the process that imports the submission.",
    "answers searched": "Take answer, solution and tests out of the image, the start files, the history and the "
    "environment.",
    "forged output": "Compare whole outputs with what is expected; do not search them for marks of success.",
    "odd exports": "Read regular files of bounded size only, follow no link, and score 0 what cannot be read.",
    "parser differentials": "Parse strictly, and score 0 what is not exactly of the form that is asked for.",
    "clock and locale": "Fix zone, locale and clock of the verifier, and do not trust times of files.",
    "killed verifier": "Run the submission apart from the verifier, within limits; score 0 what does not end well.",
    "host tools": "Run no tool that executes what it reads (git, pickle, eval, yaml.load) on the submission.",
    "hedged answers": "Demand one answer of exactly the form that is asked for.",
    "inputs changed": "Compute what is expected from a copy of the input that only the verifier has.",
}
"""Class of attack → what closes it, in one sentence."""


def check_battery(trial: Trial) -> Finding:
    """Each attack that applies to the task scores 0 and leaves the verifier whole."""
    start = time.monotonic()
    planned = [(attack, attack.commands(trial.task)) for attack in BATTERY]
    plans = [(attack, commands) for attack, commands in planned if commands is not None]
    left_out = [kind for kind in CLASSES if kind not in {attack.kind for attack, _ in plans}]
    if not plans:
        return Finding("battery", "unchecked", _nothing_applies(trial), {"attacks": [], "not_checked": left_out})
    attacked = replace(trial, task=remembering(trial.task))
    outcomes = [(attack, played(attacked, attack.name, commands)) for attack, commands in plans]
    state, summary = _said(outcomes)
    untouched = trial.nop.evidence.sha256 if trial.nop and trial.nop.evidence else ""
    evidence = {
        "attacks": [_record(attack, outcome, untouched) for attack, outcome in outcomes],
        "fixes": {attack.kind: FIXES[attack.kind] for attack, outcome in outcomes if _broken_by(outcome)},
        "not_checked": left_out,
    }
    return Finding("battery", state, summary, evidence, time.monotonic() - start)


def _nothing_applies(trial: Trial) -> str:
    return f"none of the {len(BATTERY)} generic attacks applies to tasks of kind {trial.task.kind!r}"


def _broken_by(outcome: Outcome) -> bool:
    """Whether the attack was paid, or the verifier broke, by which an attacker escapes its 0."""
    return not outcome.unasked and outcome.reward != 0.0


def _said(outcomes: Sequence[tuple[Attack, Outcome]]) -> tuple[State, str]:
    count = len(outcomes)
    paid = [attack for attack, outcome in outcomes if outcome.reward not in (None, 0.0)]
    if paid:
        names = ", ".join(attack.name for attack in paid[:6]) + (", ..." if len(paid) > 6 else "")
        first = paid[0]
        said = f"{len(paid)} of {count} attacks paid: {names}. {first.name} ({first.kind}): {first.tries}"
        return "fail", f"{said} {FIXES[first.kind]}"
    broke = [(attack, outcome) for attack, outcome in outcomes if _broken_by(outcome)]
    if broke:
        attack, outcome = broke[0]
        said = f"{len(broke)} of {count} attacks break the task, which must score 0: {attack.name} ({attack.kind})"
        return "fail", f"{said}: {outcome.error}. {FIXES[attack.kind]}"
    unasked = [outcome for _, outcome in outcomes if outcome.unasked]
    if unasked:
        names = ", ".join(outcome.player for outcome in unasked[:6])
        return "unchecked", f"{len(unasked)} of {count} attacks had no sandbox, twice: {names}: {unasked[0].error}"
    kinds = len({attack.kind for attack, _ in outcomes})
    return "pass", f"{count} attacks of {kinds} classes score 0"


def _record(attack: Attack, outcome: Outcome, untouched: str) -> dict[str, Any]:
    """What one attack came to; `changed` says whether the verifier was given anything but what nobody touched."""
    found: dict[str, Any] = {"name": attack.name, "class": attack.kind, "reward": outcome.reward}
    if outcome.evidence is not None:
        found["changed"] = outcome.evidence.sha256 != untouched
    if outcome.error:
        found["error"] = outcome.error
    if _broken_by(outcome):
        found["tries"] = attack.tries
    if outcome.verdict is not None and outcome.verdict.why:
        found["why"] = outcome.verdict.why
    return found
