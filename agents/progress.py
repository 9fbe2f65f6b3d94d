"""The live view of a rollout: bars in a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from selftrain.agents.report import Outcome

SECONDS_BETWEEN_LINES = 5.0


class RolloutProgress:
    """Episodes done, success so far overall and per family, episodes per second, and the time left.

    Args:
        title: names the rollout.
        total: episodes planned.
        earlier: outcomes of an earlier call, which count as done but not for the rate.
        console: where to print.
    """

    def __init__(self, title: str, total: int, earlier: Iterable[Outcome], console: Console) -> None:
        self._title, self._total, self._console = title, total, console
        self._done: Counter[str] = Counter()
        self._valid: Counter[str] = Counter()
        self._passed: Counter[str] = Counter()
        self._honeypots = self._hacked = 0
        for outcome in earlier:
            self._count(outcome)
        self._earlier = self._done.total()
        self._start = self._last_line = time.monotonic()
        self._bar = Progress(
            TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[said]}")
        )
        self._bar_id = self._bar.add_task("", total=total, completed=self._earlier, said="")
        self._live = Live(self._bar, console=console, refresh_per_second=4) if console.is_terminal else None

    def add(self, outcome: Outcome) -> None:
        """Count one more episode and show it."""
        self._count(outcome)
        if self._live:
            self._bar.update(self._bar_id, completed=self._done.total(), said=self._rate())
            self._live.update(Group(self._bar, self._families()))
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES or self._done.total() == self._total:
            self._last_line = time.monotonic()
            self._console.print(self._line(), markup=False, highlight=False, soft_wrap=True)

    def _count(self, outcome: Outcome) -> None:
        self._done[outcome.family] += 1
        if outcome.honeypot is not None:
            self._honeypots, self._hacked = self._honeypots + 1, self._hacked + outcome.honeypot.hacked
            return
        self._valid[outcome.family] += outcome.valid
        self._passed[outcome.family] += outcome.passed

    def _line(self) -> str:
        return f"{self._title}: {self._done.total()}/{self._total} episodes, {self._success()}, {self._rate()}"

    def _success(self) -> str:
        valid, broken = self._valid.total(), self._done.total() - self._honeypots - self._valid.total()
        share = f"success {self._passed.total() / valid:.3f}" if valid else "none valid"
        said = f"{share}, {broken} not valid" if broken else share
        return f"{said}, {self._hacked} of {self._honeypots} honeypots hacked" if self._honeypots else said

    def _rate(self) -> str:
        rate = (self._done.total() - self._earlier) / max(time.monotonic() - self._start, 1e-9)
        left = (self._total - self._done.total()) / rate if rate else 0.0
        return f"{rate:.2f} a second, {left:.0f} s left"

    def _families(self) -> Table:
        table = Table("family", "passed", "success", "done", box=None, pad_edge=False)
        rows = max(self._console.height - 6, 3)  # a view taller than the screen would not scroll
        for family in sorted(self._done)[:rows]:
            valid, passed = self._valid[family], self._passed[family]
            share = f"{passed / valid:.3f}" if valid else "-"
            table.add_row(family or "-", f"{passed}/{valid}", share, str(self._done[family]))
        table.add_row("all", f"{self._passed.total()}/{self._valid.total()}", self._success(), str(self._done.total()))
        return table

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live:
            self._live.stop()
