"""A report over runs as one page: plots, the tables behind them, and the numbers to take away."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selftrain.web.gathering import gather
from selftrain.web.pages import render
from selftrain.web.sections import Section, all_sections
from selftrain.web.sections_integrity import integrity_sections


def make_report(folders: Sequence[Path], chance: float | None = None) -> tuple[Section, ...]:
    """Read the records of runs and compute the parts of the report; arguments and errors as `gather`."""
    found = gather(folders, chance)
    overview, *others = all_sections(found)
    return (overview, *integrity_sections(found), *others)


def as_dict(sections: Sequence[Section]) -> dict[str, Any]:
    """Plain types: each section's rows by the names of their columns; what has no value is None."""
    return {section.key: _plain(section) for section in sections}


def report_page(sections: Sequence[Section]) -> str:
    """The page, which needs no other file."""
    return render(
        "report.html",
        (),
        style_attributes=True,
        title="Report",
        sections=sections,
        files={section.key: _downloads(section) for section in sections},
        everything=_data_url("application/json", _json(as_dict(sections))),
        cell=cell,
        keys=(),
    )


def cell(value: Any) -> str:
    """A value as a person reads it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
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
    writer = csv.DictWriter(table, section.columns)
    writer.writeheader()
    writer.writerows(_plain(section)["rows"])
    return {
        "csv": _data_url("text/csv", table.getvalue()),
        "json": _data_url("application/json", _json(_plain(section))),
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _data_url(kind: str, text: str) -> str:
    return f"data:{kind};charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}"
