"""The checks that play a task: its oracle, and those who know nothing of it or try the pack's own cheats."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from selftrain.envs.gate.plays import Outcome, echo_commands, nop_commands, random_commands
from selftrain.envs.gate.trial import Finding, State, Trial

_RANDOM_PLAYS = 2


def check_oracle(trial: Trial) -> tuple[Finding, tuple[Outcome, ...]]:
    """The oracle is paid in each of `trial.repetitions` fresh sandboxes; and what these plays came to.

    The plays end with the first that is not paid: one is enough to refuse the task.
    """
    start = time.monotonic()
    try:
        commands = tuple(trial.task.oracle)
    except Exception as error:  # an oracle that is made when it is read is anybody's code
        return Finding("oracle", "fail", f"the oracle of {trial.task.id} cannot be made: {error!r}"), ()
    if not commands:
        summary = f"{trial.task.id} has no oracle: add solution/solve.sh to its folder, or Task.oracle in Python"
        return Finding("oracle", "fail", summary), ()
    outcomes: list[Outcome] = []
    for _ in range(trial.repetitions):
        outcomes.append(played(trial, "oracle", commands))
        if outcomes[-1].reward != 1.0:
            break
    state, summary = _oracle_verdict(outcomes, trial.repetitions)
    evidence = {"commands": len(commands), "wanted": trial.repetitions, "plays": [one.as_dict() for one in outcomes]}
    return Finding("oracle", state, summary, evidence, time.monotonic() - start), tuple(outcomes)


def _oracle_verdict(outcomes: Sequence[Outcome], wanted: int) -> tuple[State, str]:
    last, count = outcomes[-1], len(outcomes)
    if last.unasked:
        return "unchecked", f"run {count} of the oracle had no sandbox: {last.error}"
    if last.error:
        return "fail", f"run {count} of the oracle gave no verdict: {last.error}. The task or its verifier breaks"
    if last.reward != 1.0:
        why = last.verdict.why if last.verdict else ""
        runs = f"after {count - 1} paid runs run {count}" if count > 1 else "the first run"
        return "fail", (
            f"the oracle scores 0 ({runs}: {why or 'no reason given'}): mend the solution or the verifier, so that "
            f"each of {wanted} fresh runs scores 1"
        )
    hashes = {one.evidence.sha256 for one in outcomes if one.evidence}
    same = "the same bytes each time" if len(hashes) == 1 else f"{len(hashes)} different results"
    return "pass", f"the oracle scores 1 in {count} fresh runs, {same}"


def check_nop(trial: Trial) -> tuple[Finding, Outcome]:
    """Doing nothing scores 0; and what it came to."""
    start = time.monotonic()
    outcome = played(trial, "nop", nop_commands(trial.task))
    state, summary = _unpaid([outcome], "doing nothing", "have the verifier ask for what only the work brings about")
    return Finding("nop", state, summary, outcome.as_dict(), time.monotonic() - start), outcome


def check_random(trial: Trial) -> Finding:
    """Harmless commands drawn at random score 0."""
    start = time.monotonic()
    plans = {f"random {seed}": random_commands(trial.task, seed) for seed in range(_RANDOM_PLAYS)}
    outcomes = [played(trial, player, commands) for player, commands in plans.items()]
    fix = "have the verifier look at what is in the deliverables, and ask for what cannot be guessed"
    return _finding("random", outcomes, plans, "random commands", fix, start)


def check_echo(trial: Trial) -> Finding:
    """The instruction, written into every deliverable, scores 0."""
    start = time.monotonic()
    commands = echo_commands(trial.task)
    if not commands:
        return Finding("echo", "unchecked", "the instruction names no file in a writable folder to echo it into")
    outcome = played(trial, "echo", commands)
    fix = "the answer must not be in the instruction, nor any file of its length or words be enough"
    return _finding("echo", [outcome], {"echo": commands}, "the instruction as the answer", fix, start)


def check_cheats(trial: Trial) -> Finding:
    """The cheats that the pack's author thought of score 0."""
    start = time.monotonic()
    plans = {f"cheat {name}": tuple(commands) for name, commands in trial.task.cheats.items()}
    if not plans:
        said = "the task brings no cheats of its own: put scripts that must score 0 into cheats/, or into Task.cheats"
        return Finding("cheats", "unchecked", said)
    outcomes = [played(trial, player, commands) for player, commands in plans.items()]
    return _finding("cheats", outcomes, plans, "the task's own cheat", "close what it goes through", start)


def _finding(
    check: str,
    outcomes: Sequence[Outcome],
    plans: Mapping[str, Sequence[str]],
    what: str,
    fix: str,
    start: float,
) -> Finding:
    state, summary = _unpaid(outcomes, what, fix)
    plays = [{**one.as_dict(), "commands": list(plans[one.player])} for one in outcomes]
    return Finding(check, state, summary, {"plays": plays}, time.monotonic() - start)


def _unpaid(outcomes: Sequence[Outcome], what: str, fix: str) -> tuple[State, str]:
    """The state of players none of whom may be paid, and a line on it."""
    for one in outcomes:
        name = "" if one.player in ("nop", "echo") else f" ({one.player})"
        if one.reward not in (None, 0.0):
            return "fail", f"{what}{name} scores {one.reward:g}: {fix}"
        if one.error and not one.unasked:
            return "fail", f"{what}{name} makes the task break, which must score 0: {one.error}"
    if unasked := [one for one in outcomes if one.unasked]:
        return "unchecked", f"{len(unasked)} of {len(outcomes)} plays had no sandbox: {unasked[0].error}"
    count = f"{len(outcomes)} plays, " if len(outcomes) > 1 else ""
    return "pass", f"{count}{what}: 0"


def played(trial: Trial, player: str, commands: Sequence[str]) -> Outcome:
    """One play, and another one where the first had no sandbox."""
    outcome = trial.play(player, commands)
    return trial.play(player, commands) if outcome.unasked else outcome
