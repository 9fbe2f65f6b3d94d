"""The family `sqlite-repair`: bring a damaged database back to a sound state, as its runbook says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from selftrain.envs.checks import UnreadableError, missing, same_value, strict_json
from selftrain.envs.families.material import between, chance_of, pick, sample
from selftrain.envs.families.sqlite_query_data import THEMES, make_data
from selftrain.envs.families.sqlite_repair_material import BREAK, DUMP, instruction, oracle, probes, runbook, schema
from selftrain.envs.verifiers import TrialCase, TrialVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import CaseInput, CaseOutput, Check

_DATABASE = "/workspace/data.db"
_SETUP = "/tmp/.setup"
_ORDERS = {1: 25, 2: 120, 3: 300, 4: 600, 5: 1200}

Row = tuple[int | str, ...]


@dataclass
class _State:
    """Rows of the three tables by role, and ids of rejected lines."""

    customer: list[Row]
    order: list[Row]  # id, customer, at, status, total
    line: list[Row]  # id, order, product, quantity, cents each
    rejected: list[Row]


def _damaged(rng: np.random.Generator, theme: dict[str, str], level: int) -> _State:
    """Good rows, and the faults that came over them."""
    data = make_data(rng, theme, 1, _ORDERS[level])
    customers: list[Row] = [row[:3] for row in data.customers]
    lines: list[Row] = list(data.lines)
    top = len(lines)
    orders: list[Row] = []
    doubles: dict[int | str, int] = {}
    if level >= 2:
        for number, row in enumerate(sample(rng, customers, max(3, len(customers) // 6)), 1):
            name = str(row[1])
            other = pick(rng, (f"{name} ", f"  {name}", name.upper() if name.isascii() else f" {name}"))
            doubles[row[0]] = 90_000 + number
            customers.append((90_000 + number, other, row[2]))
    for order, customer, moment, status, _ in data.orders:
        owner = doubles.get(customer, customer) if chance_of(rng, 0.5) else customer
        if level >= 2 and chance_of(rng, 0.04):
            owner = 80_000 + between(rng, 1, 900)  # nobody has these ids
        stale = between(rng, 0, 9000)
        orders.append((order, owner, moment.strftime("%Y-%m-%d %H:%M:%S"), status, stale))
    for row in sample(rng, lines, max(3, top // 10)):
        lines.append((len(lines) + 1, *row[1:]))
    for row in sample(rng, lines, max(3, top // 15)):
        lines.append((len(lines) + 1, 500_000 + between(rng, 1, 900), *row[2:]))
    if level >= 4:
        for row in sample(rng, lines, max(4, top // 20)):
            lines.append((len(lines) + 1, row[1], row[2], -between(rng, 0, 3), row[4]))
    return _State(customers, orders, [lines[int(place)] for place in rng.permutation(len(lines))], [])


def _repaired(state: _State, level: int) -> _State:
    """What the runbook makes of it."""
    customers, owner = list(state.customer), {row[0]: row[0] for row in state.customer}
    if level >= 2:
        kept: dict[tuple[str, int | str], int | str] = {}
        for row in sorted(customers):
            owner[row[0]] = kept.setdefault((str(row[1]).strip().lower(), row[2]), row[0])
        customers = [row for row in customers if owner[row[0]] == row[0]]
    orders = [(row[0], owner[row[1]], *row[2:]) for row in state.order if row[1] in owner]
    there = {row[0] for row in orders}
    rejected: list[Row] = []
    lines: list[Row] = []
    seen: set[Row] = set()
    for row in sorted(state.line):
        if row[1] not in there:
            continue
        if level >= 4 and int(row[3]) <= 0:
            rejected.append((row[0],))
        elif row[1:] not in seen:
            seen.add(row[1:])
            lines.append(row)
    if level >= 3:
        totals: dict[int | str, int] = {}
        for row in lines:
            totals[row[1]] = totals.get(row[1], 0) + int(row[3]) * int(row[4])
        orders = [(*row[:4], totals.get(row[0], 0)) for row in orders]
    return _State(sorted(customers), sorted(orders), lines, rejected)


def _quoted(value: int | str) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _sql(theme: Mapping[str, str], state: _State) -> str:
    parts = [schema(theme), "BEGIN;"]
    for role, rows in (("customer", state.customer), ("order", state.order), ("line", state.line)):
        for start in range(0, len(rows), 400):
            values = ",\n".join("(" + ",".join(map(_quoted, row)) + ")" for row in rows[start : start + 400])
            parts.append(f"INSERT INTO {theme[role]} VALUES\n{values};")
    return "\n".join([*parts, "COMMIT;", ""])


def _backup(rng: np.random.Generator, theme: Mapping[str, str], state: _State) -> dict[str, bytes]:
    """Last night's export of the lost table, and the journal of what happened to it since."""
    later = {row[0] for row in sample(rng, state.line, len(state.line) // 8)}
    gone = [(700_000 + number, *row[1:]) for number, row in enumerate(sample(rng, state.line, 12))]
    changed = {row[0]: (*row[:3], 99, row[4]) for row in sample(rng, state.line, 20) if row[0] not in later}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", f"{theme['order']}_id", "product", "quantity", "cents_each"])
    writer.writerows(changed.get(row[0], row) for row in state.line if row[0] not in later)
    writer.writerows(gone)
    names = ("id", f"{theme['order']}_id", "product", "quantity", "cents_each")
    entries: list[dict[str, object]] = []
    for row in state.line:
        if row[0] in later:
            entries.append({"op": "insert", "row": dict(zip(names, row, strict=True))})
        elif row[0] in changed:
            entries.append({"op": "update", "id": row[0], "set": {"quantity": 7 if int(row[3]) != 7 else 8}})
            entries.append({"op": "update", "id": row[0], "set": {"quantity": row[3]}})
    entries += [{"op": "delete", "id": row[0]} for row in gone]
    journal = "".join(json.dumps({"seq": number, **entry}) + "\n" for number, entry in enumerate(entries, 1))
    name = theme["line"]
    return {
        f"/workspace/backup/{name}.csv": out.getvalue().encode(),
        f"/workspace/backup/{name}.journal.jsonl": journal.encode(),
    }


def _case(theme: Mapping[str, str], level: int, good: _State) -> TrialCase:
    tables = {theme[role]: getattr(good, role) for role in ("customer", "order", "line")}
    if level >= 4:
        tables["rejected_line"] = good.rejected
    rows = {
        name: [list(row if level >= 3 or name != theme["order"] else row[:4]) for row in t]
        for name, t in tables.items()
    }
    asked = probes(theme, level, max(int(row[0]) for row in good.line), good.line[0])
    wanted = {"integrity": "ok", "tables": rows, "probes": {name: accepted for name, (_, accepted) in asked.items()}}

    def judge(output: CaseOutput) -> str:
        data = output.files.get("/tmp/.case/found.json")
        try:
            found = None if data is None else strict_json(data)
        except UnreadableError:
            found = None
        if not isinstance(found, dict):
            return "the database cannot be read"
        wrong = [name for name, value in wanted.items() if not same_value(value, found.get(name))]
        return f"wrong {wrong[0]}" if wrong else ""

    columns = {name: len(table[0]) for name, table in rows.items() if table}
    ask = json.dumps({"tables": columns, "probes": {name: sql for name, (sql, _) in asked.items()}})
    files = {"/tmp/.case/dump.py": DUMP, "/tmp/.case/ask.json": ask.encode()}
    command = "exec python3 -I -B /tmp/.case/dump.py >/dev/null 2>&1"
    return TrialCase("the database is sound", CaseInput(command, files=files, reads=("/tmp/.case/found.json",)), judge)


def _there(evidence: Evidence) -> list[Check]:
    return [Check("the database is there", evidence.get(_DATABASE) is not None, missing(evidence, _DATABASE))]


def build(rng: np.random.Generator, level: int) -> Task:
    """One database, what happened to it, and the runbook."""
    theme = pick(rng, THEMES)
    state = _damaged(rng, theme, level)
    good = _repaired(state, level)
    setup = f"sqlite3 {_DATABASE} < {_SETUP}/data.sql\n"
    setup_files = {f"{_SETUP}/data.sql": _sql(theme, state).encode()}
    files = {"/workspace/RUNBOOK.md": runbook(theme, level).encode()}
    if level == 5:
        setup += f"python3 {_SETUP}/break.py {theme['line']}\n"
        setup_files[f"{_SETUP}/break.py"] = BREAK
        files |= _backup(rng, theme, state)
    cheats: dict[str, tuple[str, ...]] = {
        "leaves it as it is": ("true",),
        "starts an empty database": (f"rm {_DATABASE}; sqlite3 {_DATABASE} <<'EOF'\n{schema(theme)}\nEOF",),
        "moves it behind a link": (f"mv {_DATABASE} /tmp/data.db && ln -s /tmp/data.db {_DATABASE}",),
    }
    modes = {1: ("duplicates",), 2: ("duplicates", "orders")}.get(level, ("duplicates", "orders", "constraints"))
    cheats |= {f"leaves out a step: {mode}": oracle(theme, level, mode) for mode in modes}
    if level == 5:
        cheats["forgets the journal"] = oracle(theme, level, "journal")
    return Task(
        instruction=instruction(rng, theme, level),
        verifier=TrialVerifier(
            (_DATABASE, f"{_DATABASE}-wal", f"{_DATABASE}-journal"), (_case(theme, level, good),), _there
        ),
        files=files,
        setup=setup,
        setup_files=setup_files,
        tools=("python3", "sqlite3"),
        oracle=oracle(theme, level),
        cheats=cheats,
        limits=Limits(steps=15 + 8 * level, seconds=300.0 + 150.0 * level),
    )


FAMILY = TaskFamily(
    name="sqlite-repair",
    summary="Bring a damaged database back to a sound state, as its runbook says.",
    skills=("data repair", "constraints", "recovery from backup and journal", "damaged files"),
    chance=0.0,
    build=build,
)
