"""A report over runs as one page: plots, the tables behind them, and the numbers to take away."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftrain.errors import OptionError
from selftrain.records import EpisodeRecord
from selftrain.web.measures import Measured, bounds
from selftrain.web.pages import render
from selftrain.web.runs import RunFolder
from selftrain.web.sections import Bounds, Section, grouped, sections, share


@dataclass(frozen=True)
class RunReport:
    """What the records of some runs come to.

    Attributes:
        overview: first table of the page: a row for each run.
        remarks: what is left out of every figure, and why.
        sections: the other parts.
    """

    overview: Section
    remarks: tuple[str, ...]
    sections: tuple[Section, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain types: each section's rows by the names of their columns."""
        parts = {section.key: _plain(section) for section in (self.overview, *self.sections)}
        return {"remarks": list(self.remarks), **parts}

    def html(self) -> str:
        """The page, which needs no other file."""
        return render(
            "report.html",
            (),
            style_attributes=True,
            title="Report",
            report=self,
            files={part.key: _downloads(part) for part in (self.overview, *self.sections)},
            everything=_data_url("application/json", json.dumps(self.as_dict(), indent=1, ensure_ascii=False)),
            cell=cell,
            keys=(),
        )


def make_report(folders: Sequence[Path], chance: float | None = None) -> RunReport:
    """Read the records of runs and compute the report.

    Args:
        folders: of runs, or files of records.
        chance: success of guessing; None asks the environments, which must agree.

    Raises:
        OptionError: a folder is none of a run, or no episode is valid.
    """
    episodes: list[Measured] = []
    remarks: list[str] = []
    stated: dict[Bounds, str] = {}
    for name, run in _named(folders).items():
        invalid = 0
        for row in run.summaries():
            record = run.record(row.key)
            invalid += not record.valid
            if record.valid:
                episodes.append(Measured.of(name, record))
                stated.setdefault(_bounds(record), record.task or record.env_id)
        remarks += [f"{name}: {invalid} episodes that the infrastructure broke count in no figure."] if invalid else []
        remarks += [f"{name}: the last line is torn and left out."] if run.torn else []
    if not episodes:
        raise OptionError(f"there is no valid episode in {', '.join(map(str, folders))}")
    agreed = next(iter(stated)) if len(stated) == 1 else Bounds()
    if chance is not None:
        agreed = Bounds(chance, agreed.optimum)
    elif len(stated) > 1:
        remarks.append("The tasks state different successes of chance, so no line of chance is drawn.")
    return RunReport(_overview(episodes), tuple(remarks), sections(episodes, agreed))


def _named(folders: Sequence[Path]) -> Mapping[str, RunFolder]:
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    if len(set(names)) < len(names):
        raise OptionError(f"a run is given twice: {', '.join(names)}")
    return {name: RunFolder(folder) for name, folder in zip(names, folders, strict=True)}


def _bounds(record: EpisodeRecord) -> Bounds:
    return Bounds(*bounds(record))


def _overview(episodes: Sequence[Measured]) -> Section:
    rows = []
    groups = grouped(episodes, lambda one: (one.run, one.env_id, one.agent, one.mode or "no budget", one.ablation))
    for key, group in groups.items():
        point = share(group)
        cuts = [one.cuts for one in group]
        rows.append((*key, len(group), point.share, point.low, point.high, min(cuts), max(cuts)))
    columns = ("run", "environment", "agent", "mode", "notes", "episodes", "success", "low", "high", "cuts from", "to")
    return Section("overview", "Runs", "Valid episodes, and success with its 95 % interval.", columns, tuple(rows))


def cell(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _plain(section: Section) -> dict[str, Any]:
    rows = [
        {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in pairs}
        for pairs in (zip(section.columns, row, strict=True) for row in section.rows)
    ]
    return {"rows": rows, "findings": list(section.findings), "remarks": list(section.missing)}


def _downloads(section: Section) -> dict[str, str]:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(section.columns)
    writer.writerows(section.rows)
    return {
        "csv": _data_url("text/csv", table.getvalue()),
        "json": _data_url("application/json", json.dumps(_plain(section), indent=1, ensure_ascii=False)),
    }


def _data_url(kind: str, text: str) -> str:
    return f"data:{kind};charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}"
