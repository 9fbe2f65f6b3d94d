"""review-survey: read hundreds of incident reviews, judge each, and report sums that no single file holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from selftrain.envs.checks import csv_check
from selftrain.envs.families.long_work import long_limits
from selftrain.envs.families.material import SERVICES, between, chance_of, pick, sample
from selftrain.envs.families.review_survey_material import (
    CAUSES,
    LATER_ENDS,
    NOISE,
    OTHER_CAUSE,
    PAUSES,
    README,
    SPANS,
    SUSPICIONS,
    VOIDS,
)
from selftrain.envs.families.review_survey_worker import SurveyWorker
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Task, TaskFamily

_REVIEWS = {1: 38, 2: 80, 3: 150, 4: 240, 5: 330}
_REPORT = "/workspace/report.csv"
_HEADER = ["cause", "reviews", "minutes", "longest"]
# what some review of each task has, whatever the seed
_LESSONS = ("void", "end", "cause", "suspicion", "pause")


@dataclass(frozen=True)
class _Review:
    """One incident: what is true, and where the review says something else before it is corrected."""

    number: int
    cause: str
    start: int
    minutes: int
    told_cause: str
    told_minutes: int
    suspect: str
    pause: tuple[int, int]
    is_void: bool

    @property
    def lasted(self) -> int:
        """Minutes that count."""
        return self.minutes - self.pause[1]


def _review(rng: np.random.Generator, number: int, cause: str, lessons: Sequence[str]) -> _Review:
    others = [name for name in CAUSES if name != cause]
    minutes = between(rng, 31, 290)
    told_minutes = max(30, minutes + pick(rng, (-25, -12, 14, 40))) if "end" in lessons else minutes
    return _Review(
        number,
        cause,
        between(rng, 0, 1439),
        minutes,
        pick(rng, others) if "cause" in lessons else cause,
        told_minutes,
        pick(rng, others) if "suspicion" in lessons else "",
        (between(rng, 4, 12), between(rng, 5, 15)) if "pause" in lessons else (0, 0),
        "void" in lessons,
    )


def _reviews(rng: np.random.Generator, level: int) -> list[_Review]:
    count = _REVIEWS[level]
    numbers = sample(rng, range(1000, 10_000), count)
    plenty = [*CAUSES] * 2 + [pick(rng, sorted(CAUSES)) for _ in range(count - 2 * len(CAUSES))]
    reviews = []
    for at, (number, cause) in enumerate(zip(numbers, plenty, strict=True)):
        drawn = [lesson for lesson in _LESSONS if chance_of(rng, 0.06 + 0.04 * level)][:2]
        # the first reviews have one lesson each and the next none, so that no cause is without a review that counts
        planned = {at: [_LESSONS[at]]} if at < len(_LESSONS) else {at: []} if at < 2 * len(CAUSES) else {}
        reviews.append(_review(rng, number, cause, planned.get(at, drawn)))
    return reviews


def _time(minutes: int) -> str:
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def _text(rng: np.random.Generator, review: _Review) -> str:
    """The review in words: what happened in any order, corrections at the end."""
    start, told = review.start, review.told_minutes
    values = {
        "start": _time(start),
        "end": _time(start + told),
        "minutes": told,
        "hours": told // 60,
        "rest": told % 60,
        "pause": _time(start + review.pause[0]),
        "resume": _time(start + sum(review.pause)),
        "count": between(rng, 2, 30),
        "other": between(rng, 1000, 9999),
    }
    told_sentences = [pick(rng, SPANS), pick(rng, CAUSES[review.told_cause][1]), pick(rng, NOISE)]
    if review.suspect:
        told_sentences.append(pick(rng, SUSPICIONS).replace("{thing}", CAUSES[review.suspect][0]))
    if review.pause[1]:
        told_sentences.append(pick(rng, PAUSES))
    last = []
    if told != review.minutes:
        last.append(pick(rng, LATER_ENDS).replace("{end}", _time(start + review.minutes)))
    if review.told_cause != review.cause:
        last.append(OTHER_CAUSE.replace("{thing}", CAUSES[review.cause][0]))
    if review.is_void:
        last.append(pick(rng, VOIDS))
    day = date(2024, 1, 1) + timedelta(days=between(rng, 0, 600))
    service, bullet = pick(rng, SERVICES), pick(rng, ("", "- "))
    heading = pick(rng, (f"PIR-{review.number} | {day} | {service}", f"Review PIR-{review.number}, {service}, {day}"))
    sentences = [*sample(rng, told_sentences, len(told_sentences)), *last]
    return heading + "".join(f"\n{bullet}{sentence.format(**values)}" for sentence in sentences) + "\n"


def _report(
    reviews: Sequence[_Review],
    cause_of: Callable[[_Review], str] = lambda review: review.cause,
    minutes_of: Callable[[_Review], int] = lambda review: review.lasted,
    counts: Callable[[_Review], bool] = lambda review: not review.is_void,
) -> list[list[str]]:
    """The report as somebody writes it who reads the reviews in this way."""
    rows = [_HEADER]
    for cause in CAUSES:
        found = [review for review in reviews if counts(review) and cause_of(review) == cause]
        longest = min(found, key=lambda review: (-minutes_of(review), review.number), default=None)
        total = sum(minutes_of(review) for review in found)
        rows.append([cause, str(len(found)), str(total), f"PIR-{longest.number if longest else 0}"])
    return rows


def _written(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(f"echo {','.join(row)} {'>>' if at else '>'} {_REPORT}" for at, row in enumerate(rows))


def _cheats(reviews: Sequence[_Review]) -> dict[str, tuple[str, ...]]:
    right = _report(reviews)
    spread = [_HEADER, *([cause, str(len(reviews) // 6), str(len(reviews) * 26), "PIR-1000"] for cause in CAUSES)]
    mistaken = {
        "counts exercises and false alarms": _report(reviews, counts=lambda review: True),
        "overlooks corrected causes": _report(reviews, cause_of=lambda review: review.told_cause),
        "takes suspicions for causes": _report(reviews, cause_of=lambda review: review.suspect or review.cause),
        "overlooks corrected times": _report(reviews, minutes_of=lambda r: r.told_minutes - r.pause[1]),
        "overlooks that all worked in between": _report(reviews, minutes_of=lambda review: review.minutes),
        "reads the first half": _report(reviews[: len(reviews) // 2]),
        "guesses an even spread": spread,
    }
    linked = (f"mv {_REPORT} /tmp/r", f"ln -s /tmp/r {_REPORT}")
    return {name: _written(rows) for name, rows in mistaken.items()} | {"leaves a link": (*_written(right), *linked)}


def build(rng: np.random.Generator, level: int) -> Task:
    """One survey: 38 reviews at level 1, 330 at level 5."""
    reviews = _reviews(rng, level)
    files = {f"/workspace/reviews/{review.number}.txt": _text(rng, review).encode() for review in reviews}
    files["/workspace/README.md"] = README.encode()
    rows = _report(reviews)
    return Task(
        instruction=pick(
            rng,
            (
                "Read all reviews in /workspace/reviews and write the survey, as /workspace/README.md says.",
                "What do our incidents come from? Survey /workspace/reviews as /workspace/README.md says.",
                "/workspace/README.md asks for a survey of all files in /workspace/reviews. Write it.",
            ),
        ),
        verifier=EvidenceVerifier((_REPORT,), lambda evidence: [csv_check(evidence, _REPORT, rows, ordered=False)]),
        files=files,
        oracle=_written(rows),
        worker=SurveyWorker(),
        cheats=_cheats(reviews),
        limits=long_limits(3 + len(reviews) + len(CAUSES)),
    )


FAMILY = TaskFamily(
    name="review-survey",
    summary="Read hundreds of incident reviews, judge each, and report sums by cause.",
    skills=("close reading", "judgement by rules", "running sums", "stamina"),
    chance=0.0,
    build=build,
)
