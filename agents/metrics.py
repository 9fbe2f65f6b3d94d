"""Metrics of episodes that are longer than their context, computed from episode records alone.

What records do not tell is left out: how many facts of the notes are wrong or missing needs the task's own sufficient
statistic, which an agent's environment never shows.
"""

from __future__ import annotations

import difflib
import itertools
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Any

from selftrain.agents.chain import fit_chain
from selftrain.agents.digest import CUTS, Digest
from selftrain.agents.measures import (
    Ablation,
    CutsPoint,
    Habits,
    Metrics,
    ModeCost,
    NotesPoint,
    NotesUse,
    Rate,
    Repetition,
)
from selftrain.records import EpisodeRecord

# of the best possible success, for the depth of notes
NEAR_OPTIMUM = 0.95
# modes of a context budget in which no notes are carried over a cut
NOTELESS = ("window", "none", "oracle_full")


def measure(records: Iterable[EpisodeRecord], chance: float = 0.0, optimum: float = 1.0) -> Metrics:
    """The metrics of some records, which are read once, one at a time.

    Episodes that are not valid count in no figure, and honeypots, which nobody can do, not even as episodes.

    Args:
        records: of episodes that belong into one figure: the same agent and environment.
        chance: success of guessing, for the fit of the chain.
        optimum: success of the best possible agent.

    Raises:
        OptionError: `chance` is no share below 1.
    """
    episodes, digests = 0, []
    for record in records:
        episodes += 1
        if record.valid:
            digests.append(Digest.of(record))
    return measure_digests(digests, episodes - len(digests), chance, optimum)


def measure_digests(
    digests: Sequence[Digest], not_valid: int = 0, chance: float = 0.0, optimum: float = 1.0
) -> Metrics:
    """The metrics of episodes whose records were read before; see `measure`."""
    digests = [one for one in digests if one.honeypot is None]
    own = [one for one in digests if one.ablation == "own"]
    noted = [one for one in digests if one.mode not in NOTELESS]
    own_noted = [one for one in noted if one.ablation == "own"]
    curve = notes_curve(own_noted)
    return Metrics(
        episodes=len(digests) + not_valid,
        valid=len(digests),
        chance=chance,
        optimum=optimum,
        success=_success(digests),
        by_cuts=success_by_cuts(own_noted),
        chain=fit_chain([one.compactions for one in own_noted], [one.passed for one in own_noted], chance),
        ablations=ablations(noted),
        modes=costs_by_mode(own),
        notes=notes_use(own_noted),
        by_notes_budget=curve,
        notes_depth=next((point.bits for point in curve if point.success.share >= NEAR_OPTIMUM * optimum), None),
        repetition=repetition(digests),
        habits=habits(digests),
    )


def success_by_cuts(digests: Iterable[Digest]) -> tuple[CutsPoint, ...]:
    """Success for each number of cuts that there was."""
    groups = _grouped(digests, lambda one: one.compactions)
    return tuple(CutsPoint(cuts, _success(group)) for cuts, group in groups.items())


def ablations(digests: Iterable[Digest]) -> tuple[Ablation, ...]:
    """Success for each kind of notes that was delivered, and how much the agent's own notes were worth."""
    groups = _grouped(digests, lambda one: one.ablation)
    own = _success(groups.get("own", []))
    rates = {name: _success(group) for name, group in groups.items()}
    return tuple(Ablation(name, rate, *difference(own, rate)) for name, rate in rates.items())


def costs_by_mode(digests: Iterable[Digest]) -> tuple[ModeCost, ...]:
    """Success and costs of each mode."""
    groups = _grouped(digests, lambda one: one.mode)
    full = _success(groups.get("oracle_full", []))
    return tuple(_mode_cost(mode, group, full) for mode, group in groups.items())


def _mode_cost(mode: str, group: Sequence[Digest], full: Rate) -> ModeCost:
    success = _success(group)
    tokens, env_steps = (sum(one.tokens for one in group), sum(one.env_steps for one in group))
    return ModeCost(
        mode,
        success,
        *difference(full, success),
        tokens=tokens / len(group),
        peak=fmean(one.peak for one in group),
        env_steps=env_steps / len(group),
        env_steps_per_success=env_steps / success.hits if success.hits else math.inf,
        tokens_per_success=tokens / success.hits if success.hits else math.inf,
    )


def notes_use(digests: Iterable[Digest]) -> NotesUse:
    """What the notes hold that were delivered after cuts."""
    found = list(digests)
    cuts = [cut for one in found for cut in one.cuts]
    shares = [cut.tokens / one.notes_budget for one in found for cut in one.cuts if one.notes_budget]
    changes = [changed(a.notes, b.notes) for one in found for a, b in itertools.pairwise(one.cuts)]
    return NotesUse(
        cuts=len(cuts),
        tokens=_mean(cut.tokens for cut in cuts),
        longest=max((cut.tokens for cut in cuts), default=0),
        share=_mean(shares),
        bits=_mean(bits(cut.notes) for cut in cuts),
        compressed_bits=_mean(8 * len(zlib.compress(cut.notes.encode("utf-8", "replace"), 9)) for cut in cuts),
        changed=_mean(changes),
        empty=Rate.of(not cut.notes for cut in cuts),
    )


def notes_curve(digests: Iterable[Digest]) -> tuple[NotesPoint, ...]:
    """Success at each budget of notes, in their order."""
    groups = _grouped((one for one in digests if one.notes_budget), lambda one: one.notes_budget)
    longest = {
        budget: [max(bits(cut.notes) for cut in one.cuts) for one in group if one.cuts]
        for budget, group in groups.items()
    }
    return tuple(NotesPoint(budget, _success(group), _mean(longest[budget])) for budget, group in groups.items())


def repetition(digests: Iterable[Digest]) -> Repetition:
    """What was done again after cuts."""
    found = list(digests)
    late = sum(one.late_acts for one in found)
    return Repetition(
        actions=Rate.count(sum(one.repeated for one in found), late),
        answers=Rate.count(sum(one.relearned for one in found), late),
    )


def habits(digests: Iterable[Digest]) -> Habits:
    """How cuts came about."""
    found = list(digests)
    cuts = _grouped((cut for one in found for cut in one.cuts), lambda cut: cut.trigger)
    triggers = {trigger: len(cuts.get(trigger, [])) for trigger in CUTS}
    rejected, clipped = sum(one.rejected for one in found), sum(one.clipped for one in found)
    written = rejected + sum(triggers.values()) - triggers["window"]
    return Habits(
        triggers=triggers,
        voluntary=Rate.count(triggers["voluntary"], triggers["voluntary"] + triggers["forced"]),
        headroom={
            trigger: _mean(cut.headroom for cut in group if cut.headroom is not None) for trigger, group in cuts.items()
        },
        rejected=Rate.count(rejected, written),
        clipped=Rate.count(clipped, written),
        invalid=Rate.count(sum(one.invalid for one in found), sum(one.turns for one in found)),
        overlong=Rate.of(bool(one.truncation) for one in found),
        truncations={name: len(group) for name, group in _grouped(found, lambda one: one.truncation).items() if name},
    )


def difference(one: Rate, other: Rate) -> tuple[float, float, float]:
    """`one` minus `other`, with its 95 % interval from the two Wilson intervals (Newcombe 1998, method 10)."""
    value = one.share - other.share
    if math.isnan(value):
        return math.nan, -1.0, 1.0
    low = value - math.hypot(one.share - one.low, other.high - other.share)
    high = value + math.hypot(one.high - one.share, other.share - other.low)
    return value, max(-1.0, low), min(1.0, high)


def changed(before: str, after: str) -> float:
    """The share of words in which two notes differ; 0 for two that are empty."""
    return 1.0 - difflib.SequenceMatcher(None, before.split(), after.split(), autojunk=False).ratio()


def bits(notes: str) -> int:
    """Of a text as UTF-8."""
    return 8 * len(notes.encode("utf-8", "replace"))


def _success(digests: Iterable[Digest]) -> Rate:
    return Rate.of(one.passed for one in digests)


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else math.nan


def _grouped(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """The items by their key, in the order of the keys."""
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return {name: groups[name] for name in sorted(groups)}
