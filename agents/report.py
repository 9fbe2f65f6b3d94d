"""What a rollout comes to: outcomes, and success per family and level with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Any, Self

from selftrain.agents.labs import LabResult, LabScores
from selftrain.integrity import HoneypotResult, by_kind
from selftrain.records import EpisodeRecord

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Outcome:
    """An episode without its steps, light enough to keep many thousands of them.

    `lab` is None outside of labs, and `honeypot` in an ordinary episode.
    """

    episode: int
    task: str
    family: str
    level: int
    valid: bool
    passed: bool
    reward: float | None
    truncation: str
    steps: int
    seconds: float
    error: str
    lab: LabResult | None = None
    honeypot: HoneypotResult | None = None

    @classmethod
    def of(cls, record: EpisodeRecord) -> Self:
        """The outcome that a record tells."""
        return cls(
            episode=record.episode,
            task=record.task,
            family=record.family,
            level=record.level,
            valid=record.valid,
            passed=record.passed,
            reward=record.reward,
            truncation=record.truncation,
            steps=record.costs.steps,
            seconds=record.costs.seconds,
            error=record.error,
            lab=LabResult.of(record),
            honeypot=HoneypotResult.of(record),
        )


@dataclass(frozen=True)
class Score:
    """Success over the valid ones of some episodes, with its 95 % Wilson interval. Honeypots are left out.

    `success` is NaN, and the interval 0 to 1, when no episode is valid.
    """

    episodes: int
    valid: int
    passed: int
    success: float
    low: float
    high: float
    reward: float
    steps: float

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Self:
        """The score of some outcomes."""
        everything = [outcome for outcome in outcomes if outcome.honeypot is None]
        valid = [outcome for outcome in everything if outcome.valid]
        passed = sum(outcome.passed for outcome in valid)
        low, high = wilson(passed, len(valid))
        return cls(
            episodes=len(everything),
            valid=len(valid),
            passed=passed,
            success=passed / len(valid) if valid else math.nan,
            low=low,
            high=high,
            reward=fmean(outcome.reward or 0.0 for outcome in valid) if valid else math.nan,
            steps=fmean(outcome.steps for outcome in valid) if valid else math.nan,
        )


@dataclass(frozen=True)
class HackRate:
    """How many honeypots were hacked, with the 95 % Wilson interval of the rate."""

    played: int
    hacked: int
    rate: float
    low: float
    high: float

    @classmethod
    def of(cls, results: Iterable[HoneypotResult]) -> Self:
        """The rate of some honeypots, at least one."""
        found = [result.hacked for result in results]
        return cls(len(found), sum(found), sum(found) / len(found), *wilson(sum(found), len(found)))

    def told(self) -> str:
        """One line."""
        interval = f"{self.rate:.3f} ({self.low:.3f} to {self.high:.3f})"
        return f"{self.hacked} of {self.played} honeypots hacked, {interval}; success is that of the other episodes"


@dataclass(frozen=True)
class Report:
    """A rollout's outcomes in the order of its episodes.

    Attributes:
        env_id, agent: what was played, and by whom.
        planned: episodes asked for.
        continued: how many of the outcomes an earlier call had left in the directory.
        seconds: wall time of this call.
        outcomes: one for each episode that was played.
    """

    env_id: str
    agent: str
    planned: int
    continued: int
    seconds: float
    outcomes: tuple[Outcome, ...]

    @property
    def score(self) -> Score:
        """Success over all episodes."""
        return Score.of(self.outcomes)

    @property
    def rows(self) -> Mapping[tuple[str, int], Score]:
        """Success per family and level, in the order of their names."""
        groups: dict[tuple[str, int], list[Outcome]] = {}
        for outcome in self.outcomes:
            groups.setdefault((outcome.family, outcome.level), []).append(outcome)
        return {key: Score.of(groups[key]) for key in sorted(groups)}

    @property
    def labs(self) -> LabScores | None:
        """How far the agent got into the ways of labs; None where it was in none."""
        return LabScores.of(outcome.lab for outcome in self.outcomes)

    @property
    def honeypots(self) -> tuple[HoneypotResult, ...]:
        """What was done in honeypots, in the order of the episodes."""
        return tuple(outcome.honeypot for outcome in self.outcomes if outcome.honeypot)

    def as_dict(self) -> dict[str, Any]:
        """Plain types for `--json`, without the single outcomes; a mean over nothing is None."""
        return {
            "env": self.env_id,
            "agent": self.agent,
            "planned": self.planned,
            "continued": self.continued,
            "seconds": self.seconds,
            "score": _plain(self.score),
            "rows": [{"family": family, "level": level, **_plain(row)} for (family, level), row in self.rows.items()],
            "labs": self.labs.as_dict() if self.labs else None,
            "integrity": self._integrity(),
            "errors": sorted({outcome.error for outcome in self.outcomes if not outcome.valid}),
        }

    def _integrity(self) -> dict[str, Any] | None:
        if not self.honeypots:
            return None
        kinds = {kind: vars(HackRate.of(results)) for kind, results in by_kind(self.honeypots).items()}
        return {**vars(HackRate.of(self.honeypots)), "kinds": kinds}

    def table(self) -> Table:
        """The rows as a rich table, with the score over everything at its foot; labs and honeypots are told below."""
        from rich.table import Table

        said = [self.labs.told()] if self.labs else []
        said += [HackRate.of(self.honeypots).told()] if self.honeypots else []
        caption = "\n".join(said) or None
        table = Table(title=f"{self.agent} on {self.env_id}", show_footer=True, caption=caption)
        total = _cells(self.score)
        for name, foot in zip(("family", "level", *_COLUMNS), ("all", "", *total), strict=True):
            table.add_column(name, foot, justify="left" if name == "family" else "right")
        for (family, level), row in self.rows.items():
            table.add_row(family or "-", str(level or "-"), *_cells(row))
        return table


_COLUMNS = ("passed", "success", "95 % interval", "steps", "not valid")


def _cells(score: Score) -> tuple[str, ...]:
    if not score.valid:
        return ("0/0", "-", "-", "-", str(score.episodes))
    return (
        f"{score.passed}/{score.valid}",
        f"{score.success:.3f}",
        f"{score.low:.3f} to {score.high:.3f}",
        f"{score.steps:.1f}",
        str(score.episodes - score.valid),
    )


def _plain(score: Score) -> dict[str, Any]:
    return {name: None if math.isnan(value) else value for name, value in vars(score).items()}


def wilson(passed: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval for a share (Wilson 1927; Brown, Cai and DasGupta 2001, section 3.1.1)."""
    if not total:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = passed / total, z * z / total
    middle, half = share + weight / 2, z * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    return max(0.0, (middle - half) / (1 + weight)), min(1.0, (middle + half) / (1 + weight))
