"""The parts of a report: each has a plot, the table behind it, and what cannot be said from the records at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median, quantiles
from typing import Any, TypeVar

from markupsafe import Markup

from selftrain.agents.report import wilson
from selftrain.web import figures
from selftrain.web.figures import Curve, Point
from selftrain.web.fitting import Counted, Fit, fit, too_little
from selftrain.web.measures import TRIGGERS, Measured

Key = TypeVar("Key")
NAMES = {"own": "own notes", "wiped": "wiped", "shuffled": "words shuffled", "other": "another episode's"}


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        key: names its files.
        explains: what it shows and how it is computed.
        missing: what the records are too few to say, and what to beware of.
        findings: numbers that are in no table.
    """

    key: str
    title: str
    explains: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    plot: Markup = field(default_factory=Markup)
    missing: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bounds:
    """Success of guessing and the best that is possible; None where nothing states them."""

    chance: float | None = None
    optimum: float | None = None


def grouped(episodes: Iterable[Measured], key: Callable[[Measured], Key]) -> dict[Key, list[Measured]]:
    """Episodes by a key, in the order in which the keys come."""
    groups: dict[Key, list[Measured]] = {}
    for episode in episodes:
        groups.setdefault(key(episode), []).append(episode)
    return groups


def players(episodes: Iterable[Measured]) -> dict[str, list[Measured]]:
    """Episodes by who played what."""
    return grouped(episodes, lambda one: f"{one.agent} on {one.env_id.rpartition(':')[2]}")


def share(episodes: Sequence[Measured], x: float = 0.0) -> Point:
    """Success with its 95 % Wilson interval."""
    passed = sum(episode.passed for episode in episodes)
    low, high = wilson(passed, len(episodes))
    return Point(x, passed / len(episodes), low, high)


def sections(episodes: Sequence[Measured], bounds: Bounds) -> tuple[Section, ...]:
    """Every part of the report, in its order."""
    makers = (by_cuts, by_ablation, by_notes_budget, costs, triggers, notes, exploration)
    return tuple(make(episodes, bounds) for make in makers)


def by_cuts(episodes: Sequence[Measured], bounds: Bounds) -> Section:
    """Success against the number of cuts, with the fit."""
    own = [episode for episode in episodes if episode.ablation == "own"]
    curves, rows, missing, findings = [], [], [], []
    for run, played in grouped(own, lambda episode: episode.run).items():
        by_number = sorted(grouped(played, lambda episode: episode.cuts).items())
        points = tuple(share(group, cuts) for cuts, group in by_number)
        counts = [Counted(cuts, len(group), sum(one.passed for one in group)) for cuts, group in by_number]
        line: list[tuple[float, float]] = []
        if why := too_little(counts, bounds.chance):
            missing.append(f"{run}: {why}")
        elif bounds.chance is not None:
            found = fit(counts, bounds.chance)
            findings.append(f"{run}: {_told(found)}")
            line = [(x, found.success(x)) for x in _steps(points[0].x, points[-1].x)]
        curves.append(Curve(run, points, tuple(line)))
        rows += [
            (run, count.cuts, count.episodes, count.passed, *_row(point))
            for count, point in zip(counts, points, strict=True)
        ]
    if own and not all(episode.assigned for episode in own):
        missing.append(
            "The numbers of cuts are counted, not assigned: an episode that goes badly can be cut more often for that "
            "reason, so a fall of success with cuts need not be their effect."
        )
    says = f"Success against the number of cuts, for {len(curves)} run{_s(len(curves))}; the numbers are in the table."
    return Section(
        "success-by-cuts",
        "Success against cuts",
        "Share of passed episodes by how often the context was cut, with 95 % Wilson intervals. The line is the fit "
        "c + (A − c)·s^N: A is how often what matters is picked up, s how often it outlives a cut, c is chance. "
        "The half-life is the number of cuts after which half of what is above chance is left.",
        ("run", "cuts", "episodes", "passed", "success", "low", "high"),
        tuple(rows),
        figures.curves(curves, says, "cuts", chance=bounds.chance, optimum=bounds.optimum) if curves else Markup(),
        tuple(missing) if own else ("No episode was played with its own notes.",),
        tuple(findings),
    )


def _told(found: Fit) -> str:
    if math.isinf(found.half_life):
        least = "" if math.isinf(found.half_life_low) else f", and at least {found.half_life_low:.3g} (95 %)"
        return f"A = {found.acquired:.3f}, and nothing is seen to be lost at a cut: no half-life{least}."
    high = "no upper bound" if math.isinf(found.half_life_high) else f"{found.half_life_high:.3g}"
    return (
        f"A = {found.acquired:.3f}, s = {found.survival:.4f}, compaction half-life {found.half_life:.3g} cuts "
        f"(95 %: {found.half_life_low:.3g} to {high})."
    )


def by_ablation(episodes: Sequence[Measured], bounds: Bounds) -> Section:
    """What success is left when other notes are delivered."""
    rows, bars, missing = [], [], []
    everybody = players(one for one in episodes if one.cuts)
    for player, played in everybody.items():
        groups = grouped(played, lambda one: one.ablation)
        arms = {name: groups[name] for name in NAMES if name in groups}
        for name, group in arms.items():
            runs = ", ".join(grouped(group, lambda one: one.run))
            difference = _difference(groups.get("own", []), group, name)
            rows.append((player, NAMES[name], runs, len(group), *_row(share(group)), *difference))
            bars.append((NAMES[name] if len(everybody) == 1 else f"{NAMES[name]}, {player}", share(group)))
        if absent := [NAMES[name] for name in NAMES if name not in groups]:
            missing.append(f"{player}: not in these records: {', '.join(absent)}.")
        if len({frozenset(one.instance for one in group) for group in arms.values()}) > 1:
            missing.append(f"{player}: the arms were not all played on the same tasks and seeds.")
    says = "; ".join(f"{name}: {point.share:.3f}" for name, point in bars)
    return Section(
        "ablations",
        "Do the notes matter?",
        "Success of episodes with at least one cut, by what was delivered after each cut in place of the agent's "
        "notes. Without notes success must fall to chance; what own notes are above shuffled ones is what their "
        "content is worth. Differences are with 95 % intervals (Newcombe 1998, method 10).",
        ("player", "delivered", "runs", "episodes", "success", "low", "high", "own minus this", "from", "to"),
        tuple(rows),
        figures.intervals(bars, says, chance=bounds.chance) if bars else Markup(),
        tuple(missing) if rows else ("No context was cut in these episodes.",),
    )


def _difference(own: Sequence[Measured], other: Sequence[Measured], name: str) -> tuple[Any, ...]:
    if not own or name == "own":
        return (None, None, None)
    a, b = share(own), share(other)
    delta = a.share - b.share
    low = delta - math.hypot(a.share - a.low, b.high - b.share)
    return delta, low, delta + math.hypot(a.high - a.share, b.share - b.low)


def by_notes_budget(episodes: Sequence[Measured], bounds: Bounds) -> Section:
    """Success against the tokens that notes may have."""
    cut = [episode for episode in episodes if episode.ablation == "own" and episode.notes_budget and episode.cuts]
    rows, curves, budgets = [], [], {episode.notes_budget for episode in cut}
    for player, played in players(cut).items():
        groups = sorted(grouped(played, lambda one: one.notes_budget).items())
        curves.append(Curve(player, tuple(share(group, tokens) for tokens, group in groups)))
        rows += [(player, tokens, len(group), *_row(share(group))) for tokens, group in groups]
    enough = len(budgets) > 1
    says = f"Success at {len(budgets)} sizes of notes; the numbers are in the table."
    return Section(
        "success-by-notes",
        "Success against the notes' budget",
        "Share of passed episodes with cuts and own notes, by the tokens that notes may have.",
        ("player", "notes budget", "episodes", "success", "low", "high"),
        tuple(rows),
        figures.curves(curves, says, "tokens of notes", chance=bounds.chance) if enough else Markup(),
        () if enough else (_one_budget(sorted(budgets)),),
    )


def _one_budget(budgets: Sequence[int]) -> str:
    if not budgets:
        return "No episode under a context budget was cut."
    return f"All notes had the same budget of {budgets[0]:,} tokens: play with others to see what it is worth."


def costs(episodes: Sequence[Measured], bounds: Bounds) -> Section:
    """What episodes took, and what compaction costs against an unlimited context."""
    groups = grouped(episodes, lambda episode: (episode.run, episode.mode or "no budget", episode.ablation))
    rows = []
    for (run, mode, ablation), group in groups.items():
        passed = sum(episode.passed for episode in group)
        spent, worked = sum(one.tokens for one in group), sum(one.env_steps for one in group)
        per_success = (worked / passed, spent / passed) if passed else (None, None)
        means = (fmean(one.tokens for one in group), fmean(one.peak for one in group))
        rows.append((run, mode, ablation, len(group), share(group).share, *means, *per_success))
    counted = [one for one in episodes if one.tokens]
    says = f"Tokens of {len(counted)} episodes against their cuts"
    missing = [] if counted else ["These records count no tokens: they were played without a context budget."]
    cost = _against_full(episodes)
    if not cost:
        missing.append("No task and seed was played both with rewriting and with an unlimited context.")
    return Section(
        "costs",
        "Tokens spent",
        "Tokens of an episode are those of every prompt and every message of the agent, so a context that is read "
        "again at each turn counts each time; the peak is the longest context. The cost of compaction is the success "
        "of an unlimited context (mode oracle_full) minus that of rewriting, on the same tasks and seeds.",
        ("run", "mode", "notes", "episodes", "success", "tokens", "peak", "env steps a success", "tokens a success"),
        tuple(rows),
        figures.scatter(_spent(counted), says, "cuts", "tokens of the episode") if counted else Markup(),
        tuple(missing),
        (cost,) if cost else (),
    )


def _spent(episodes: Sequence[Measured]) -> Mapping[str, list[tuple[float, float]]]:
    outcomes = grouped(episodes, lambda episode: "passed" if episode.passed else "failed")
    return {name: [(one.cuts, one.tokens) for one in outcomes[name]] for name in sorted(outcomes, reverse=True)}


def _against_full(episodes: Sequence[Measured]) -> str:
    own = [episode for episode in episodes if episode.ablation == "own"]
    by_mode = {
        mode: grouped((one for one in own if one.mode == mode), lambda one: one.instance)
        for mode in ("rewrite", "oracle_full")
    }
    shared = [name for name in by_mode["rewrite"] if name in by_mode["oracle_full"]]
    if not shared:
        return ""
    rates = [fmean(fmean(one.passed for one in by_mode[mode][name]) for name in shared) for mode in by_mode]
    return f"On {len(shared)} shared tasks and seeds compaction costs {rates[1] - rates[0]:+.3f} of success."


def triggers(episodes: Sequence[Measured], bounds: Bounds) -> Section:
    """Who decided on the cuts, and how well the limits were kept."""
    rows, bars = [], []
    for run, group in grouped(episodes, lambda episode: episode.run).items():
        numbers = [sum(one.triggers[name] for one in group) for name in TRIGGERS]
        left = [tokens for one in group for tokens in one.headroom]
        overlong = sum(one.truncation in ("context", "max_compactions", "max_turns") for one in group)
        asked = numbers[0] + numbers[1]
        ratio = numbers[1] / asked if asked else None
        faults = [sum(getattr(one, name) for one in group) for name in ("rejected", "clipped", "invalid")]
        rows.append((run, *numbers, ratio, median(left) if left else None, *faults, overlong / len(group)))
        bars.append((run, numbers))
    shown = [n for n in range(len(TRIGGERS)) if any(numbers[n] for _, numbers in bars)]
    parts, heights = [TRIGGERS[n] for n in shown], [(run, [numbers[n] for n in shown]) for run, numbers in bars]
    says = "; ".join(f"{run}: {', '.join(f'{p} {n}' for p, n in zip(parts, h, strict=True))}" for run, h in heights)
    return Section(
        "triggers",
        "Voluntary and forced cuts",
        "A voluntary cut is the agent's own, a forced one comes at the limit of the budget; those named every and "
        "window are the environment's. Headroom is what was left of the budget at a voluntary cut. Overlong episodes "
        "ended at a limit of context, cuts or turns.",
        ("run", *TRIGGERS, "voluntary share", "headroom", "notes rejected", "clipped", "invalid", "overlong share"),
        tuple(rows),
        figures.stacks(heights, parts, says, "cuts") if parts else Markup(),
        () if parts else ("No context was cut in these episodes.",),
    )


def notes(episodes: Sequence[Measured], bounds: Bounds) -> Section:
    """How notes grow and how much of them stays."""
    written = [note for episode in episodes if episode.ablation == "own" for note in episode.notes]
    by_cut: dict[int, list[Any]] = {}
    for note in written:
        by_cut.setdefault(note.cut, []).append(note)
    rows, band = [], []
    for cut, group in sorted(by_cut.items()):
        sizes = [note.tokens for note in group]
        low, middle, high = quantiles(sizes, n=4, method="inclusive") if len(sizes) > 1 else [sizes[0]] * 3
        kept = [note.kept for note in group if note.kept is not None]
        rows.append((cut, len(group), low, middle, high, fmean(kept) if kept else None))
        band.append((cut, low, middle, high))
    says = f"Median tokens of notes at {len(band)} cuts, with quartiles"
    unknown = "Whether notes hold what the task needs cannot be read from records; the ablations above ask it instead."
    return Section(
        "notes",
        "Notes",
        "Tokens of the notes in force after each cut (median and quartiles), and the share of their lines that were in "
        "the notes before.",
        ("cut", "episodes", "tokens, lower quartile", "median", "upper quartile", "lines kept"),
        tuple(rows),
        figures.band(band, says, "number of the cut", "tokens of notes") if band else Markup(),
        (unknown,) if band else ("No notes were carried over a cut.",),
    )


def exploration(episodes: Sequence[Measured], bounds: Bounds) -> Section:
    """How much is asked again that was answered before a cut."""
    rows, bars, missing = [], [], []
    for run, group in grouped((one for one in episodes if one.cuts), lambda one: f"{one.run}, {one.ablation}").items():
        asked, again = sum(one.queries for one in group), sum(one.repeated for one in group)
        if not asked:
            missing.append(f"{run}: no action after a cut has a known answer.")
            continue
        low, high = wilson(again, asked)
        rows.append((run, asked, again, again / asked, low, high))
        bars.append((run, Point(0, again / asked, low, high)))
    says = "; ".join(f"{run}: {point.share:.3f}" for run, point in bars)
    return Section(
        "re-exploration",
        "Re-exploration after cuts",
        "Share of the different actions of a segment after a cut that brought word for word the answer that the same "
        "action had brought before the cut. An action whose answer has changed is no repetition.",
        ("run, notes", "actions after a cut", "repeated", "share", "low", "high"),
        tuple(rows),
        figures.intervals(bars, says, y_label="share repeated") if bars else Markup(),
        tuple(missing) if rows or missing else ("No context was cut in these episodes.",),
    )


def _row(point: Point) -> tuple[float, float, float]:
    return point.share, point.low, point.high


def _steps(low: float, high: float) -> list[float]:
    return [low + (high - low) * n / 100 for n in range(101)]


def _s(number: int) -> str:
    return "" if number == 1 else "s"
