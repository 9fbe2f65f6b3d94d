"""How far agents get into the ways of labs: accuracies in exams, from knowing nothing of a lab to knowing its rule.

The score of a lab is (accuracy - zero-shot) / (ceiling - zero-shot), where zero-shot is the accuracy of the best
answers that know nothing of this lab. What is reported is the mean over labs, and the worst of them: a mean can hide a
lab whose way was never learned.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Self

import numpy as np

from selftrain.records import EpisodeRecord

RESAMPLES = 2000


@dataclass(frozen=True)
class LabResult:
    """What an episode in a lab came to, as its last info tells it.

    Attributes:
        lab: its name.
        accuracy: in the exam, 0.0 to 1.0.
        zero_shot, ceiling: the accuracies of who knows nothing of the lab, and of who knows its rule.
    """

    lab: str
    accuracy: float
    zero_shot: float
    ceiling: float

    @classmethod
    def of(cls, record: EpisodeRecord) -> Self | None:
        """The result that a record tells; None for an episode that was in no lab, or is not valid."""
        info = record.steps[-1].info if record.valid and record.steps else {}
        if not info.get("lab") or not {"accuracy", "zero_shot", "ceiling"} <= info.keys():
            return None
        return cls(str(info["lab"]), float(info["accuracy"]), float(info["zero_shot"]), float(info["ceiling"]))


@dataclass(frozen=True)
class LabScore:
    """Means over the episodes in one lab, and their score; NaN where the two bounds are the same."""

    lab: str
    episodes: int
    accuracy: float
    zero_shot: float
    ceiling: float
    score: float

    @classmethod
    def of(cls, results: Iterable[LabResult]) -> Self:
        """The score of some episodes in the same lab."""
        found = list(results)
        accuracy, low, high = (
            fmean(getattr(one, name) for one in found) for name in ("accuracy", "zero_shot", "ceiling")
        )
        score = (accuracy - low) / (high - low) if high > low else math.nan
        return cls(found[0].lab, len(found), accuracy, low, high, score)


@dataclass(frozen=True)
class LabScores:
    """The scores of all labs.

    Attributes:
        labs: each of them, in the order of their names.
        mean: of their scores.
        low, high: its 95 % interval by the bootstrap over labs (Efron and Tibshirani 1993, chapter 13); NaN for a
            single lab.
        worst: the lab with the lowest score.
    """

    labs: tuple[LabScore, ...]
    mean: float
    low: float
    high: float
    worst: LabScore

    @classmethod
    def of(cls, results: Iterable[LabResult | None]) -> Self | None:
        """The scores of some episodes; None where none was in a lab that can be scored."""
        groups: dict[str, list[LabResult]] = {}
        for one in results:
            if one is not None:
                groups.setdefault(one.lab, []).append(one)
        labs = tuple(LabScore.of(groups[name]) for name in sorted(groups, key=_natural))
        scored = [lab for lab in labs if not math.isnan(lab.score)]
        if not scored:
            return None
        return cls(labs, *_mean([lab.score for lab in scored]), min(scored, key=lambda lab: lab.score))

    def told(self) -> str:
        """The scores in one sentence."""
        number = len(self.labs)
        span = "" if number == 1 else f" ({_rounded(self.low)} to {_rounded(self.high)})"
        return (
            f"Normalised score in {number} lab{'' if number == 1 else 's'}: mean {_rounded(self.mean)}{span}, "
            f"worst {_rounded(self.worst.score)} in {self.worst.lab} (0 is the zero-shot accuracy, 1 the ceiling)."
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON; what is not known (NaN) is None."""
        table = {**vars(self), "labs": [_plain(vars(lab)) for lab in self.labs], "worst": self.worst.lab}
        return _plain(table | {"worst_score": self.worst.score})


def _rounded(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"  # no -0.000


def _natural(name: str) -> list[str]:
    """For sorting: "train/3/9" comes before "train/3/10"."""
    return [part.rjust(12) if part.isdigit() else part for part in name.split("/")]


def _mean(scores: list[float]) -> tuple[float, float, float]:
    if len(scores) == 1:
        return scores[0], math.nan, math.nan
    drawn = np.random.default_rng(0).choice(scores, (RESAMPLES, len(scores))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return fmean(scores), float(low), float(high)


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in table.items()}
