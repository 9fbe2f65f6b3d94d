"""The parts of a report: each has a plot, the table behind it, and what cannot be said from the records at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from markupsafe import Markup

from selftrain.agents.digest import CUTS
from selftrain.agents.labs import LabScores
from selftrain.agents.measures import ChainFit, Metrics, Rate
from selftrain.agents.metrics import ablations
from selftrain.web import figures
from selftrain.web.figures import Curve, Point
from selftrain.web.gathering import Gathered, Played, grouped

NOTES = {"own": "own notes", "wiped": "wiped", "shuffled": "words shuffled", "other": "another episode's"}
RATE = ("share", "low", "high")
_TAKEN = ("tokens", "peak", "env steps", "env steps a success", "tokens a success")


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


def all_sections(found: Gathered) -> tuple[Section, ...]:
    """Every part of the report, in its order."""
    makers = (by_cuts, by_ablation, by_notes_budget, costs, spent, habits, notes, repetition)
    in_labs = any(one.digest.lab for one in found.episodes)
    return tuple(make(found) for make in ((overview, by_lab, *makers) if in_labs else (overview, *makers)))


def overview(found: Gathered) -> Section:
    """What was played."""
    rows = []
    groups = grouped(found.episodes, lambda one: (one.run, one.player, one.digest.mode or "none", one.digest.ablation))
    for (run, player, mode, ablation), group in groups.items():
        cuts = [one.digest.compactions for one in group]
        success = Rate.of(one.digest.passed for one in group)
        rows.append((run, player, mode, NOTES[ablation], len(group), *_rate(success), min(cuts), max(cuts)))
    columns = ("run", "player", "context budget", "notes", "episodes", "success", "low", "high", "cuts from", "to")
    explains = "Valid episodes, and success with its 95 % Wilson interval."
    return Section("runs", "Runs", explains, columns, tuple(rows), missing=found.remarks)


def by_lab(found: Gathered) -> Section:
    """How far agents got into the ways of labs."""
    rows: list[tuple[Any, ...]] = []
    dots: dict[str, list[float]] = {}
    findings: list[str] = []
    for run, group in grouped(found.episodes, lambda one: one.run).items():
        scores = LabScores.of(one.digest.lab for one in group)
        if scores is None:
            continue
        rows += [(run, *vars(lab).values()) for lab in scores.labs]
        dots[run] = [lab.score for lab in scores.labs if not math.isnan(lab.score)]
        findings.append(f"{run}: {scores.told()}")
    return Section(
        "labs",
        "Labs",
        "Accuracy in exams, a mean over the episodes in a lab, and the normalised score (accuracy − zero-shot) / "
        "(ceiling − zero-shot): 0 is what the best answers reach that know nothing of the lab, 1 what its rule does; a "
        "dot is a lab, the bar the mean.",
        ("run", "lab", "episodes", "accuracy", "zero-shot", "ceiling", "normalised score"),
        tuple(rows),
        figures.strips(dots, f"Normalised score of each lab. {' '.join(findings)}", "normalised score"),
        () if rows else ("No lab's bounds differ, so there is no score.",),
        tuple(findings),
    )


def by_cuts(found: Gathered) -> Section:
    """Success against the number of cuts, with the fit of the chain."""
    curves, rows, missing, findings = [], [], [], []
    for run, metrics in found.runs.items():
        if not metrics.by_cuts:
            continue
        chain, why = metrics.chain, _no_fit(metrics, found.bounds.chance)
        findings += [f"{run}: {_told(chain)}"] if chain and not why else []
        missing += [f"{run}: {why}"] if why else []
        numbers = [point.cuts for point in metrics.by_cuts]
        line = [(x, chain.at(x)) for x in _between(numbers[0], numbers[-1])] if chain and not why else []
        points = tuple(_point(point.cuts, point.success) for point in metrics.by_cuts)
        curves.append(Curve(run, points, tuple(line)))
        rows += [(run, p.cuts, p.success.total, p.success.hits, *_rate(p.success)) for p in metrics.by_cuts]
    if rows and not all(one.assigned for one in found.episodes):
        missing.append(
            "The numbers of cuts are counted, not assigned: an episode that goes badly can be cut more often for that "
            "reason, so a fall of success with cuts need not be their effect."
        )
    says = f"Success against the number of cuts, for {len(curves)} run{_s(curves)}; the numbers are in the table."
    return Section(
        "success-by-cuts",
        "Success against cuts",
        "Share of passed episodes by how often the context was cut, with 95 % Wilson intervals, for episodes with the "
        "agent's own notes. The line is the fit c + (A − c)·s^N: A is how often what matters is taken in, s how often "
        "it outlives a cut, c is chance. The half-life is the number of cuts that halve what is above chance; its "
        "interval is from a bootstrap over episodes.",
        ("run", "cuts", "episodes", "passed", "success", "low", "high"),
        tuple(rows),
        figures.curves(curves, says, "cuts", chance=found.bounds.chance, optimum=found.bounds.optimum),
        tuple(missing) if rows else ("No episode was played with notes of the agent's own.",),
        tuple(findings),
    )


def _no_fit(metrics: Metrics, chance: float | None) -> str:
    numbers = [point.cuts for point in metrics.by_cuts]
    episodes = sum(point.success.total for point in metrics.by_cuts)
    if len(numbers) == 1:
        return f"no fit, since all {episodes} episodes have the same number of cuts, {numbers[0]}."
    if sum(point.success.hits for point in metrics.by_cuts) == episodes:
        return f"no fit, since all {episodes} episodes passed: nothing is seen to be lost at a cut."
    if chance is None:
        return "no fit, since nothing states the success of chance; --chance sets it."
    if metrics.chain is None:
        return "no fit, since success is not above chance: there is nothing that a cut could lose."
    if len(numbers) == 2:
        return "no fit, since two numbers of cuts determine A and s whether or not the form is right."
    return ""


def _told(chain: ChainFit) -> str:
    life, a, s = chain.half_life, chain.acquisition, chain.survival
    span = " to ".join("no bound" if math.isinf(end) else f"{end:.3g}" for end in (life.low, life.high))
    half = "none is seen to be lost" if math.isinf(life.value) else f"{life.value:.3g} cuts"
    return (
        f"A = {a.value:.3f} ({a.low:.3f} to {a.high:.3f}), s = {s.value:.4f} ({s.low:.4f} to {s.high:.4f}), "
        f"compaction half-life: {half} (95 %: {span}), from {chain.episodes} episodes."
    )


def by_ablation(found: Gathered) -> Section:
    """What success is left when other notes are delivered."""
    rows, bars, missing = [], [], []
    everybody = grouped((one for one in found.episodes if one.digest.cuts), lambda one: one.player)
    for player, here in everybody.items():
        arms = {arm.name: arm for arm in ablations(one.digest for one in here)}
        for name in (name for name in NOTES if name in arms):
            arm = arms[name]
            runs = ", ".join(grouped((one for one in here if one.digest.ablation == name), lambda one: one.run))
            effect = (None, None, None) if name == "own" else (arm.effect, arm.low, arm.high)
            rows.append((player, NOTES[name], runs, arm.success.total, *_rate(arm.success), *effect))
            label = NOTES[name] if len(everybody) == 1 else f"{NOTES[name]}, {player}"
            bars.append((label, _point(0, arm.success)))
        if absent := [label for name, label in NOTES.items() if name not in arms]:
            missing.append(f"{player}: not in these records: {', '.join(absent)}.")
        missing += _unequal(player, here, lambda one: one.digest.ablation, "kinds of notes")
    return Section(
        "ablations",
        "Do the notes matter?",
        "Success of episodes with a cut, by what was delivered after it in place of the agent's notes. Where notes "
        "are needed, success without them falls to chance; what own notes are above shuffled ones is what their "
        "content is worth. Differences are with 95 % intervals (Newcombe 1998, method 10).",
        ("player", "delivered", "runs", "episodes", "success", "low", "high", "own minus this", "from", "to"),
        tuple(rows),
        figures.intervals(bars, _list("Success by what was delivered", bars), chance=found.bounds.chance),
        tuple(missing) if rows else ("No context was cut in these episodes.",),
    )


def _unequal(player: str, here: Sequence[Played], key: Callable[[Played], str], what: str) -> list[str]:
    arms = {frozenset(one.instance for one in group) for group in grouped(here, key).values()}
    return [] if len(arms) == 1 else [f"{player}: the {what} were not all played on the same tasks and seeds."]


def by_notes_budget(found: Gathered) -> Section:
    """Success against the tokens that notes may have."""
    curves, rows, missing, findings = [], [], [], []
    for player, metrics in found.players.items():
        points = metrics.by_notes_budget
        rows += [(player, p.notes_budget, p.bits, p.success.total, *_rate(p.success)) for p in points]
        if len(points) > 1:
            curves.append(Curve(player, tuple(_point(p.notes_budget, p.success) for p in points)))
            if metrics.notes_depth is not None and found.bounds.optimum is not None:
                findings.append(f"{player}: {metrics.notes_depth:,.0f} bits of notes reach 95 % of the optimum.")
        elif points:
            missing.append(f"{player}: all notes had the same budget of {points[0].notes_budget:,} tokens.")
    says = "Success against the budget of notes; the numbers are in the table."
    return Section(
        "success-by-notes",
        "Success against the notes' budget",
        "Share of passed episodes with own notes by the tokens that notes may have. Bits are those of the longest "
        "notes of an episode as UTF-8, a mean.",
        ("player", "notes budget", "bits used", "episodes", "success", "low", "high"),
        tuple(rows),
        figures.curves(curves, says, "tokens of notes", chance=found.bounds.chance, optimum=found.bounds.optimum),
        tuple(missing) if rows else ("No episode was played under a budget of notes.",),
        tuple(findings),
    )


def costs(found: Gathered) -> Section:
    """What compaction costs against an unlimited context."""
    rows, bars, missing = [], [], []
    for player, metrics in found.players.items():
        here = [one for one in found.episodes if one.player == player and one.digest.ablation == "own"]
        for mode in metrics.modes:
            name = mode.mode or "no context budget"
            per_success = mode.env_steps_per_success, mode.tokens_per_success
            is_known = mode.mode != "oracle_full" and not math.isnan(mode.gap)
            gap = (mode.gap, mode.low, mode.high) if is_known else (None, None, None)
            means = (mode.tokens, mode.peak, mode.env_steps, *per_success)
            rows.append((player, name, mode.success.total, *_rate(mode.success), *gap, *means))
            bars.append((name if len(found.players) == 1 else f"{name}, {player}", _point(0, mode.success)))
        if "oracle_full" not in [mode.mode for mode in metrics.modes]:
            missing.append(f"{player}: no episodes with an unlimited context (mode oracle_full) to compare with.")
        else:
            missing += _unequal(player, here, lambda one: one.digest.mode, "modes")
    return Section(
        "costs",
        "What compaction costs",
        "Success by the mode of the context budget, with own notes, and what an episode takes on average. The gap is "
        "the success of an unlimited context minus this one's. The peak is the longest prompt.",
        ("player", "mode", "episodes", "success", "low", "high", "gap", "from", "to", *_TAKEN),
        tuple(rows),
        figures.intervals(bars, _list("Success by mode", bars), chance=found.bounds.chance)
        if len(bars) > 1
        else Markup(),
        tuple(missing),
    )


def spent(found: Gathered) -> Section:
    """Tokens of each episode."""
    rows = [
        (one.run, one.instance, one.digest.compactions, one.digest.tokens, one.digest.peak, int(one.digest.passed))
        for one in found.episodes
        if one.digest.tokens
    ]
    outcomes: Mapping[str, list[tuple[float, float]]] = {
        name: [(row[2], row[3]) for row in rows if row[5] == passed] for name, passed in (("passed", 1), ("failed", 0))
    }
    says = f"Tokens of {len(rows)} episodes against their cuts; the numbers are in the table."
    return Section(
        "tokens",
        "Tokens spent",
        "Tokens of an episode are those of every prompt and every message of the agent: what stays in the context is "
        "read, and counts, at each turn.",
        ("run", "task and seed", "cuts", "tokens", "peak", "passed"),
        tuple(rows),
        figures.scatter({name: pairs for name, pairs in outcomes.items() if pairs}, says, "cuts", "tokens"),
        () if rows else ("These records count no tokens: they were played without a context budget.",),
    )


def habits(found: Gathered) -> Section:
    """Who decided on the cuts, and what went wrong around them."""
    rows, bars = [], []
    for run, metrics in found.runs.items():
        how = metrics.habits
        numbers = [how.triggers[name] for name in CUTS]
        left = [how.headroom.get(name) for name in CUTS[:2]]
        wrong = (how.rejected.share, how.clipped.share, how.invalid.share, how.overlong.share)
        rows.append((run, *numbers, how.voluntary.share, *left, *wrong))
        bars.append((run, numbers))
    shown = [n for n in range(len(CUTS)) if any(numbers[n] for _, numbers in bars)]
    parts, heights = [CUTS[n] for n in shown], [(run, [numbers[n] for n in shown]) for run, numbers in bars]
    listed = "; ".join(f"{run}: {', '.join(f'{p} {n}' for p, n in zip(parts, h, strict=True))}" for run, h in heights)
    return Section(
        "cuts",
        "Voluntary and forced cuts",
        "A voluntary cut is the agent's own, a forced one comes at the limit of the budget; those named every and "
        "window are the environment's. Headroom is the mean share of the budget that was free at the cut. Rejected and "
        "clipped are shares of the notes written, invalid of the messages, overlong of the episodes.",
        (
            "run",
            *CUTS,
            "voluntary share",
            "headroom, voluntary",
            "headroom, forced",
            "rejected",
            "clipped",
            "invalid",
            "overlong",
        ),
        tuple(rows),
        figures.stacks(heights, parts, f"Cuts by what they were due to. {listed}.", "cuts"),
        () if parts else ("No context was cut in these episodes.",),
    )


def notes(found: Gathered) -> Section:
    """How notes grow and how much of them changes."""
    rows = []
    for run, metrics in found.runs.items():
        use = metrics.notes
        if use.cuts:
            sizes = (use.tokens, use.longest, use.share, use.bits, use.compressed_bits)
            rows.append((run, use.cuts, *sizes, use.changed, use.empty.share))
    own = [one.digest for one in found.episodes if one.digest.ablation == "own"]
    by_cut: dict[int, list[int]] = {}
    for cut, tokens in ((n, cut.tokens) for one in own for n, cut in enumerate(one.cuts, start=1)):
        by_cut.setdefault(cut, []).append(tokens)
    band = [(cut, *_quartiles(sizes)) for cut, sizes in sorted(by_cut.items())]
    unknown = "Whether notes hold what the task needs cannot be read from records; the ablations ask it instead."
    return Section(
        "notes",
        "Notes",
        "Tokens of the notes after each cut (median and quartiles over episodes), and means over all cuts: bits as "
        "UTF-8 and after compression, and the share of the words that changed from one cut to the next.",
        ("run", "cuts", "tokens", "longest", "share of budget", "bits", "compressed", "changed", "empty"),
        tuple(rows),
        figures.band(
            band,
            f"Tokens of notes at each of {len(band)} cuts: " + "; ".join(f"{m:g}" for _, _, m, _ in band),
            "number of the cut",
            "tokens of notes",
        ),
        (unknown,) if rows else ("No notes were carried over a cut.",),
    )


def _quartiles(sizes: Sequence[int]) -> tuple[float, float, float]:
    if len(sizes) == 1:
        return (sizes[0],) * 3
    low, middle, high = quantiles(sizes, n=4, method="inclusive")
    return low, middle, high


def repetition(found: Gathered) -> Section:
    """How much is asked again that was answered before a cut."""
    rows, bars = [], []
    for run, metrics in found.runs.items():
        again = metrics.repetition
        if again.answers.total:
            rows.append((run, again.answers.total, *_rate(again.actions), *_rate(again.answers)))
            bars.append((run, _point(0, again.answers)))
    columns = [f"{what}, {name}" for what in ("same action", "same answer") for name in RATE]
    return Section(
        "re-exploration",
        "Re-exploration after cuts",
        "Of the steps in the environment after a first cut, the share whose action had been taken before the last cut, "
        "and the share that brought the same answer again, which is work done twice; the plot shows the latter.",
        ("run", "steps after a cut", *columns),
        tuple(rows),
        figures.intervals(bars, _list("Share repeated", bars), y_label="share repeated"),
        () if rows else ("No step after a cut has an answer that is a text.",),
    )


def _rate(rate: Rate) -> tuple[float, float, float]:
    return rate.share, rate.low, rate.high


def _point(x: float, rate: Rate) -> Point:
    return Point(x, rate.share, rate.low, rate.high)


def _list(what: str, bars: Sequence[tuple[str, Point]]) -> str:
    return f"{what}. {'; '.join(f'{name}: {point.share:.3f}' for name, point in bars)}."


def _between(low: float, high: float) -> list[float]:
    return [low + (high - low) * n / 100 for n in range(101)]


def _s(items: Sequence[Any]) -> str:
    return "" if len(items) == 1 else "s"
