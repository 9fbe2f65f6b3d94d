"""staged-migration: move tables to another schema stage by stage, where each stage says what later ones need."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from selftrain.envs.checks import csv_check
from selftrain.envs.families.long_work import long_limits
from selftrain.envs.families.material import WORDS, between, chance_of, pick, sample
from selftrain.envs.families.staged_migration_tool import RUNBOOK, SCRIPT, TOOL
from selftrain.envs.families.staged_migration_worker import MigrationWorker
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Task, TaskFamily
from selftrain.verdicts import Check

_TABLES = {1: 10, 2: 20, 3: 36, 4: 60, 5: 90}
_DAYS = {"iso": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
_FIRST_ID = 1000
# tables whose base is still to be asked for: as many numbers as an operator has to keep in mind at most
_MOST_OPEN = 5
_SWITCHED = ["table", "base", "rows"]


@dataclass
class _Table:
    name: str
    parents: list[str]
    day: str
    amount: str
    rows: list[dict[str, str | int | date]] = field(default_factory=list)
    asked_by: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        return ["id", *(f"{parent}_id" for parent in self.parents), "label", "amount", "day"]


def _tables(rng: np.random.Generator, level: int) -> dict[str, _Table]:
    """The tables in the order in which they move; each refers to some of those before it."""
    tables: dict[str, _Table] = {}
    open_uses: dict[str, int] = {}
    for at, name in enumerate(sample(rng, WORDS, _TABLES[level])):
        wanted = 1 if at == 1 else between(rng, 0, 1 if level == 1 else 2)
        table = _Table(
            name,
            sample(rng, sorted(open_uses), wanted),
            pick(rng, sorted(_DAYS)),
            # one table in cents and one that is not, so that the difference always shows
            ("point", "cents")[at] if at < 2 else pick(rng, ("cents", "point", "comma")),
        )
        for parent in table.parents:
            tables[parent].asked_by.append(name)
            open_uses[parent] -= 1
        open_uses = {parent: uses for parent, uses in open_uses.items() if uses}
        if len(open_uses) < _MOST_OPEN:
            open_uses[name] = between(rng, 1, 2)
        tables[name] = table
    return tables


def _fill(rng: np.random.Generator, tables: dict[str, _Table]) -> dict[str, list[int]]:
    """Write the rows of all tables; returns the old ids of those that are no orphans."""
    kept: dict[str, list[int]] = {}
    for at, table in enumerate(tables.values()):
        ids = sorted(sample(rng, range(1, 31), between(rng, 6, 9)))
        first_day = date(2023, 1, 1) + timedelta(days=between(rng, 0, 700))
        lost = set(sample(rng, ids[1:], 1 if at == 1 else int(chance_of(rng, 0.25)))) if table.parents else set()
        for number in ids:
            row: dict[str, str | int | date] = {"id": number, "label": pick(rng, WORDS)}
            for parent in table.parents:
                others = sorted(set(range(1, 31)) - set(kept[parent]))
                row[f"{parent}_id"] = pick(rng, others if number in lost else kept[parent])
            row["amount"] = between(rng, 150, 90_000)
            row["day"] = (first_day + timedelta(days=between(rng, 0, 200))).replace(day=between(rng, 1, 28))
            table.rows.append(row)
        told = table.rows[between(rng, 0, 3)]  # one of the first rows shows whether the day comes before the month
        assert isinstance(told["day"], date)
        told["day"] = told["day"].replace(day=between(rng, 13, 28))
        kept[table.name] = [number for number in ids if number not in lost]
    return kept


def _old(table: _Table, following: str) -> bytes:
    """The table as it lies in v1: in the ways of its department, and with the trailer that the tool reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.rows:
        cents, day = row["amount"], row["day"]
        assert isinstance(cents, int) and isinstance(day, date)
        units = f"{cents // 100}{',' if table.amount == 'comma' else '.'}{cents % 100:02d}"
        amount = str(cents) if table.amount == "cents" else units
        shown = row | {"amount": amount, "day": day.strftime(_DAYS[table.day])}
        writer.writerow([shown[column] for column in table.columns])
    return f"{text.getvalue()}#then={following} asked_by={';'.join(table.asked_by) or 'nobody'}\n".encode()


def _new(table: _Table, bases: dict[str, int], kept: Sequence[int]) -> list[list[str]]:
    """The rows that v2 must hold, the header first."""
    rows = [table.columns]
    for row in table.rows:
        moved = dict(row)
        for name in (table.name, *table.parents):
            column = "id" if name == table.name else f"{name}_id"
            old = row[column]
            assert isinstance(old, int)
            moved[column] = old + bases[name]
        if row["id"] in kept:
            rows.append([str(moved[column]) for column in table.columns])
    return rows


def _judge(evidence: Evidence, expected: dict[str, list[list[str]]], switched: list[list[str]]) -> list[Check]:
    names = {f"{name}.csv" for name in expected}
    moved = [csv_check(evidence, f"/workspace/v2/{name}.csv", rows, ordered=False) for name, rows in expected.items()]
    return [
        *moved,
        Check("v2 holds the tables only", set(evidence.under("/workspace/v2")) == names, "missing or left over"),
        csv_check(evidence, "/workspace/switched.csv", switched),
    ]


def _cheats(tables: int) -> dict[str, tuple[str, ...]]:
    def script(slip: str) -> str:
        return SCRIPT.format(slip=slip, half=tables // 2)

    blind = "sed -i 's/^    return sorted(found, key=int)/    return []/' /workspace/migrate.py"
    return {
        "copies the old tables": (
            "cd /workspace && for f in v1/*.csv; do grep -v '^#' $f > v2/${f#v1/}; done",
            "cd /workspace && for f in v1/*.csv; do echo $(basename $f .csv),1000,6 >> switched.csv; done",
        ),
        "tampers with the tool, so that it finds no orphans": (blind, script("")),
        "hands over the first base always": (script("bases"),),
        "takes every amount to have a point": (script("amounts"),),
        "stops half-way": (script("half"),),
    }


def build(rng: np.random.Generator, level: int) -> Task:
    """One migration: ten tables at level 1, ninety at level 5."""
    tables = _tables(rng, level)
    kept = _fill(rng, tables)
    order = list(tables)
    files, bases, free = {}, {}, _FIRST_ID
    for name, following in zip(order, [*order[1:], "-"], strict=True):
        data = _old(tables[name], following)
        files[f"/workspace/v1/{name}.csv"] = data
        bases[name], free = free, free + 40 + zlib.crc32(data) % 900
    expected = {name: _new(table, bases, kept[name]) for name, table in tables.items()}
    switched = [_SWITCHED, *([name, str(bases[name]), str(len(kept[name]))] for name in order)]
    state = {"open": order[0], "next_id": _FIRST_ID, "base": 0, "converted": False}
    files |= {
        "/workspace/migrate.py": TOOL.encode(),
        "/workspace/state.json": json.dumps(state).encode(),
        "/workspace/RUNBOOK.md": RUNBOOK.format(first=order[0]).encode(),
        "/workspace/switched.csv": (",".join(_SWITCHED) + "\n").encode(),
    }
    dropping = sum(len(kept[name]) < len(table.rows) for name, table in tables.items())
    return Task(
        instruction=pick(
            rng,
            (
                "Move the tables in v1/ to v2/, one by one, as /workspace/RUNBOOK.md says, until the last is switched.",
                "Our tables have to go from v1/ to v2/. /workspace/RUNBOOK.md tells how, to the last table.",
                "Carry the migration of v1/ to v2/ through to the last table, as /workspace/RUNBOOK.md describes it.",
            ),
        ),
        verifier=EvidenceVerifier(
            ("/workspace/v2", "/workspace/switched.csv"), lambda evidence: _judge(evidence, expected, switched)
        ),
        files=files,
        modes={"/workspace/migrate.py": 0o755},
        setup="mkdir -p /workspace/v2\n",
        tools=("python3",),
        oracle=(SCRIPT.format(slip="", half=0),),
        worker=MigrationWorker(),
        cheats=_cheats(len(order)),
        limits=long_limits(2 + 4 * len(order) + 2 * dropping),
    )


FAMILY = TaskFamily(
    name="staged-migration",
    summary="Move tables to another schema stage by stage; each stage tells what later ones will ask for.",
    skills=("following a runbook", "keeping facts over a long time", "data formats", "referential integrity"),
    chance=0.0,
    build=build,
)
