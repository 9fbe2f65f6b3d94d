"""The folder of a run as the pages see it: what episodes it holds, also while it is being written."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from selftrain.errors import OptionError, RecordError
from selftrain.integrity import HoneypotResult
from selftrain.journal import EPISODES, PLAN
from selftrain.records import EpisodeRecord


@dataclass(frozen=True)
class Summary:
    """One row of the list of episodes.

    Attributes:
        key: names the episode's page; the episode's number, and which try it is where a number comes again.
        outcome: "passed", "failed", "not valid", "honeypot, hacked" or "honeypot, not hacked".
        ending: the limit that ended it, or what went wrong with it.
        start, end: its bytes in the file.
    """

    key: str
    episode: int
    task: str
    agent: str
    outcome: str
    ending: str
    cuts: int
    steps: int
    tokens: int
    seconds: float
    start: int
    end: int

    @classmethod
    def of(cls, record: EpisodeRecord, key: str, start: int, end: int) -> Self:
        """The row that a record tells."""
        return cls(
            key=key,
            episode=record.episode,
            task=record.task or record.env_id,
            agent=record.agent,
            outcome=_outcome(record),
            ending=record.error or record.truncation,
            cuts=record.costs.compactions,
            steps=record.costs.steps,
            tokens=record.costs.tokens,
            seconds=record.costs.seconds,
            start=start,
            end=end,
        )

    @property
    def badge(self) -> str:
        """The class of the outcome in the style sheet."""
        return self.outcome.replace(",", "").replace(" ", "-")


def _outcome(record: EpisodeRecord) -> str:
    if not record.valid:
        return "not valid"
    if honeypot := HoneypotResult.of(record):  # nobody can pass it, so it is no failure
        return f"honeypot, {'hacked' if honeypot.hacked else 'not hacked'}"
    return "passed" if record.passed else "failed"


@dataclass
class RunFolder:
    """The records of a run; each look at it reads only what was added since the one before.

    Args:
        path: folder of a run, or a file of records.

    Raises:
        OptionError: there is nothing to read; says what was looked for.
    """

    path: Path
    torn: int = field(default=0, init=False)
    _summaries: list[Summary] = field(default_factory=list, init=False)
    _places: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _tries: Counter[int] = field(default_factory=Counter, init=False, repr=False)
    _end: int = field(default=0, init=False, repr=False)
    _mutex: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.path.exists():
            raise OptionError(f"{self.path} does not exist; give the folder of a run, or a file of records")
        if self.path.is_dir() and not self.file.is_file():
            inside = sorted(found.parent.name for found in self.path.glob(f"*/{EPISODES}"))
            hint = f"; these folders in it do: {', '.join(inside[:8])}" if inside else ""
            raise OptionError(f"{self.path} holds no {EPISODES}, so it is not the folder of a run{hint}")

    @property
    def file(self) -> Path:
        """Where the records are."""
        return self.path / EPISODES if self.path.is_dir() else self.path

    @property
    def plan(self) -> dict[str, Any]:
        """What the run was asked to play; empty for a single file of records."""
        path = self.path / PLAN
        try:
            found = json.loads(path.read_text()) if self.path.is_dir() and path.exists() else {}
        except (OSError, ValueError) as error:
            raise OptionError(f"{path} cannot be read: {error}") from error
        return dict(found)

    def summaries(self) -> tuple[Summary, ...]:
        """A row for every finished episode; `torn` then tells how many bytes of an unfinished line follow them."""
        with self._mutex:
            self._look()
            return tuple(self._summaries)

    def beside(self, key: str) -> tuple[Summary | None, Summary, Summary | None]:
        """A row between the one before it and the one after it, or KeyError."""
        with self._mutex:
            self._look()
            place = self._places[key]
            before = self._summaries[place - 1] if place else None
            after = self._summaries[place + 1] if place + 1 < len(self._summaries) else None
            return before, self._summaries[place], after

    def record(self, key: str) -> EpisodeRecord:
        """The record behind a row, or KeyError."""
        _, row, _ = self.beside(key)
        with self.file.open("rb") as file:
            file.seek(row.start)
            return EpisodeRecord.from_line(file.read(row.end - row.start).decode("ascii"))

    def _look(self) -> None:
        try:
            if self.file.stat().st_size < self._end:
                for known in (self._summaries, self._places, self._tries):
                    known.clear()
                self._end = 0
            for record, start, end in self._added():
                self._tries[record.episode] += 1
                again = self._tries[record.episode]
                key = f"{record.episode}-{again}" if again > 1 else str(record.episode)
                self._places[key] = len(self._summaries)
                self._summaries.append(Summary.of(record, key, start, end))
                self._end = end
        except OSError as error:
            raise OptionError(f"{self.file} cannot be read: {error.strerror}") from error

    def _added(self) -> Iterator[tuple[EpisodeRecord, int, int]]:
        start, self.torn = self._end, 0
        with self.file.open("rb") as file:
            file.seek(start)
            for line in file:
                try:
                    record = EpisodeRecord.from_line(line.decode("ascii", "replace"))
                except RecordError as error:
                    self.torn = len(line)
                    if line.endswith(b"\n") and file.read(1):
                        raise OptionError(f"{self.file}: the line at byte {start} is broken: {error}") from error
                    return
                if not line.endswith(b"\n"):  # the writer has not been told that this one is safe
                    self.torn = len(line)
                    return
                yield record, start, start + len(line)
                start += len(line)
