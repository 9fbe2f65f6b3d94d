"""The check of a task's chance: what those who know nothing of it are paid, measured."""

from __future__ import annotations

import importlib.util
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from selftrain.envs import catalogue
from selftrain.envs.gate.attacks_base import put
from selftrain.envs.gate.plays import Outcome, echo_commands, random_commands, remembering
from selftrain.envs.gate.repeats import is_of_the_backend
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.packs.tasksets import pack_family
from selftrain.errors import SelfTrainError

MOST_CHANCE = 0.05
"""Mean reward of guessing above which a task must declare it."""
_CHOICES = (
    ("yes", "no"),
    ("true", "false"),
    ("pass", "fail"),
    ("valid", "invalid"),
    ("on", "off"),
    ("a", "b", "c", "d", "e"),
)
"""Answers among which instructions let one choose."""
_SEEDS = (101, 102, 103, 104)  # others than those that the check of the random player plays


def check_chance(trial: Trial) -> Finding:
    """What those who guess are paid on average, against what the task's family declares.

    They are random players and the echo player, and where the instruction lets one choose from a few answers, one
    player for each answer.
    """
    start = time.monotonic()
    if trial.task.kind != "terminal":
        return Finding("chance", "unchecked", f"no player guesses at {trial.task.kind} tasks")
    task = remembering(trial.task)
    scripts = {f"random {seed}": random_commands(task, seed) for seed in _SEEDS}
    scripts |= {"echo": echo} if (echo := echo_commands(task)) else {}
    choices = _choices(trial)
    guessing = Trial(task, trial.backend, trial.image)
    outcomes = [guessing.play(player, commands) for player, commands in {**scripts, **choices}.items()]
    seconds = time.monotonic() - start
    if fault := next((one for one in outcomes if is_of_the_backend(one.error)), None):
        return Finding("chance", "unchecked", fault.error, {}, seconds)
    if broken := next((one for one in outcomes if one.verdict is None), None):
        evidence = {"player": broken.player, "commands": list({**scripts, **choices}[broken.player])}
        return Finding("chance", "fail", f"no verdict for {broken.player}: {broken.error}", evidence, seconds)
    blind = [one for one in outcomes if one.player in scripts]
    chosen = [one for one in outcomes if one.player in choices]
    groups = [_Group("guessing", blind)]
    groups += [_Group(f"choosing one of {len(choices)} answers", chosen)] if chosen else []
    return _measured(groups, _declared(trial), seconds)


def _choices(trial: Trial) -> dict[str, tuple[str, ...]]:
    """One player for each answer that the instruction offers; none where the oracle leaves more than such a word."""
    oracle = next((one.evidence for one in trial.oracle if one.evidence is not None), None)
    if oracle is None:
        return {}
    before = trial.nop.evidence.files if trial.nop and trial.nop.evidence else {}
    left = {path: file.data.strip() for path, file in oracle.files.items() if path not in before}
    words = set(re.findall(r"\w+", trial.task.instruction.lower()))
    for listed in _CHOICES:
        offered = [word for word in listed if word in words]
        if len(left) == 1 and len(offered) > 1 and (answer := next(iter(left.values())).decode("utf-8", "replace")):
            forms = {word: _as_written(word, answer) for word in offered}
            if answer in forms.values():
                return {f"says {form}": (put(next(iter(left)), form),) for form in forms.values()}
    return {}


def _as_written(word: str, like: str) -> str:
    """`word` in capitals or not, as another answer is."""
    return word.upper() if like.isupper() else word.title() if like[:1].isupper() else word


@dataclass(frozen=True)
class _Group:
    """Players who guess in the same way."""

    how: str
    outcomes: Sequence[Outcome]

    @property
    def rewards(self) -> dict[str, float]:
        """Player → reward."""
        return {outcome.player: outcome.reward or 0.0 for outcome in self.outcomes}

    @property
    def paid(self) -> list[str]:
        """Who was paid."""
        return [player for player, reward in self.rewards.items() if reward > 0]

    @property
    def chance(self) -> float:
        """The mean reward."""
        return fmean(self.rewards.values())

    @property
    def told(self) -> str:
        """For a reader."""
        return f"{self.how} was paid {len(self.paid)} of {len(self.outcomes)} times"

    def as_dict(self) -> dict[str, Any]:
        """For the evidence."""
        scores = [outcome.verdict.score for outcome in self.outcomes if outcome.verdict]
        bounds = _interval(len(self.paid), len(self.outcomes))
        counts = {"paid": len(self.paid), "plays": len(self.outcomes), "rewards": self.rewards}
        return {"how": self.how, **counts, "mean_reward": self.chance, "mean_score": fmean(scores), **bounds}


def _measured(groups: Sequence[_Group], declared: float | None, seconds: float) -> Finding:
    worst = max(groups, key=lambda group: group.chance)
    evidence = {"chance": worst.chance, "declared": declared, "players": [group.as_dict() for group in groups]}
    told = "; ".join(group.told for group in groups)
    if worst.chance <= max(MOST_CHANCE, declared or 0.0):
        return Finding("chance", "pass", told, evidence, seconds)
    more = "" if declared is None else f", and {declared:g} is declared"
    summary = f"{worst.told} ({worst.paid[0]!r}){more}: have the verifier ask for more than a guess brings"
    return Finding("chance", "fail", summary, evidence, seconds)


def _declared(trial: Trial) -> float | None:
    """The chance that the task's family declares; None for task folders, which declare none."""
    task = trial.task
    if trial.folder is not None:
        return None
    try:
        if trial.pack is not None:
            return pack_family(trial.pack, task.family.partition("/")[2]).chance
        return catalogue.find_family(task.family).chance
    except SelfTrainError:  # a task that stands alone
        return None


def _interval(paid: int, plays: int) -> dict[str, Any]:
    """95 % bounds on the chance: Wilson's score interval (JASA 22, 1927) by scipy, where that is installed.

    Without it only the bound for no success at all is known without tables, 3 of the plays (the rule of three:
    Hanley and Lippman-Hand, JAMA 249, 1983).
    """
    if importlib.util.find_spec("scipy") is not None:
        from scipy.stats import binomtest

        found = binomtest(paid, plays).proportion_ci(confidence_level=0.95, method="wilson")
        return {"interval": [float(found.low), float(found.high)], "method": "Wilson, 95 %"}
    if paid:
        return {"interval": None, "method": "none: pip install scipy"}
    return {"interval": [0.0, min(1.0, 3 / plays)], "method": "rule of three, 95 %"}
