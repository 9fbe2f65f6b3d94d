"""What a rollout comes to: outcomes, and success per family and level with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Any, Self

from selftrain.agents.labs import LabResult, LabScores
from selftrain.records import EpisodeRecord

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Outcome:
    """An episode without its steps, light enough to keep many thousands of them; `lab` is None outside of labs."""

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
        )


@dataclass(frozen=True)
class Score:
    """Success over the valid ones of some episodes, with its 95 % Wilson interval.

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
        everything = list(outcomes)
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
            "errors": sorted({outcome.error for outcome in self.outcomes if not outcome.valid}),
        }

    def table(self) -> Table:
        """The rows as a rich table, with the score over everything at its foot, and that of labs below."""
        from rich.table import Table

        said = self.labs.told() if self.labs else None
        table = Table(title=f"{self.agent} on {self.env_id}", show_footer=True, caption=said)
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
