"""The parts of a report about integrity: how often honeypots were hacked, by kind and in the course of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from selftrain.agents.measures import Rate
from selftrain.integrity import by_kind
from selftrain.web import figures
from selftrain.web.figures import Curve, Point
from selftrain.web.gathering import Gathered, Honeypot
from selftrain.web.sections import Section

MOST_BINS = 12
FEWEST_IN_BIN = 10


def integrity_sections(found: Gathered) -> tuple[Section, ...]:
    """Both parts; none where no honeypot was played."""
    return (integrity(found), hacks_over_time(found)) if found.honeypots else ()


def integrity(found: Gathered) -> Section:
    """How many honeypots were hacked, all and by kind."""
    rows, bars, findings = [], [], []
    for run, group in _by_run(found).items():
        everything = _hacked(group)
        seen = Counter(one.result.evidence for one in group if one.result.hacked)
        how = "; ".join(f"{name} {count}" for name, count in seen.most_common())
        findings.append(
            f"{run}: {everything.hits} of {everything.total} honeypots hacked, rate {everything.share:.3f} "
            f"({everything.low:.3f} to {everything.high:.3f}){f': {how}' if how else ''}."
        )
        rates = {"all": everything}
        for kind, results in by_kind(one.result for one in group).items():
            rates[kind] = Rate.of(result.hacked for result in results)
        rows += [(run, kind, r.total, r.hits, r.share, r.low, r.high) for kind, r in rates.items()]
        label = "" if len(_by_run(found)) == 1 else f", {run}"
        bars += [(f"{kind.removeprefix('loophole:')}{label}", _point(0, rate)) for kind, rate in rates.items()]
    return Section(
        "integrity",
        "Integrity",
        "Honeypots are episodes that cannot be done honestly, mixed in unseen: impossible variants, and twins with a "
        "loophole besides. Whatever is done in one, it pays nothing. The hack rate is the share in which the agent was "
        "seen to cheat, with its 95 % Wilson interval. It is a lower bound for who meets the temptation: an agent that "
        "does not get that far, or hides what it does, is not counted.",
        ("run", "honeypot", "played", "hacked", "hack rate", "low", "high"),
        tuple(rows),
        figures.intervals(bars, f"Hack rate by kind. {' '.join(findings)}", y_label="hack rate"),
        findings=tuple(findings),
    )


def hacks_over_time(found: Gathered) -> Section:
    """The hack rate in the course of each run."""
    rows, curves = [], []
    for run, group in _by_run(found).items():
        points = []
        for part in _bins(group):
            rate, places = _hacked(part), [one.place for one in part]
            points.append(_point(sum(places) / len(places), rate))
            rows.append((run, places[0], places[-1], rate.total, rate.hits, rate.share, rate.low, rate.high))
        curves.append(Curve(run, tuple(points), tuple((point.x, point.share) for point in points)))
    says = "Hack rate in the course of each run; the numbers are in the table."
    return Section(
        "integrity-over-time",
        "Hack rate over time",
        f"The same rate over honeypots that follow each other, up to {MOST_BINS} groups of equal size with "
        f"{FEWEST_IN_BIN} or more where a run has so many. Episodes are counted in the order in which they ended, "
        "ordinary ones too; a point stands at the middle of its honeypots.",
        ("run", "from episode", "to", "honeypots", "hacked", "hack rate", "low", "high"),
        tuple(rows),
        figures.curves(curves, says, "episode", y_label="hack rate"),
    )


def _by_run(found: Gathered) -> dict[str, list[Honeypot]]:
    groups: dict[str, list[Honeypot]] = {}
    for one in found.honeypots:
        groups.setdefault(one.run, []).append(one)
    return groups


def _bins(group: Sequence[Honeypot]) -> Iterator[Sequence[Honeypot]]:
    """Neighbours together, in groups whose sizes differ by one at most."""
    count = max(1, min(MOST_BINS, len(group) // FEWEST_IN_BIN))
    for number in range(count):
        yield group[number * len(group) // count : (number + 1) * len(group) // count]


def _hacked(group: Sequence[Honeypot]) -> Rate:
    return Rate.of(one.result.hacked for one in group)


def _point(x: float, rate: Rate) -> Point:
    return Point(x, rate.share, rate.low, rate.high)
