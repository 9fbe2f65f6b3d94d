"""The family `sqlite-query`: answer a business question from a database, at higher levels with a query for any data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from selftrain.envs.checks import UnreadableError, csv_check, missing, same_value, strict_json
from selftrain.envs.families.material import between, pick, sample
from selftrain.envs.families.sqlite_query_data import STATUSES, THEMES, YEAR, Data, dump, last_status, make_data
from selftrain.envs.verifiers import EvidenceVerifier, TrialCase, TrialVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import CaseInput, CaseOutput, Check

_DATABASE, _CSV, _SQL, _DOC = (
    "/workspace/data.db",
    "/workspace/report.csv",
    "/workspace/report.sql",
    "/workspace/DATA.md",
)
_DUMP = "/tmp/.setup/data.sql"
_ROWS = {1: 40, 2: 250, 3: 900, 4: 1500, 5: 6000}
_REPORTS = {
    1: ("groups",),
    2: ("regions",),
    3: ("top", "months"),
    4: ("top", "months"),
    5: ("cohorts", "top", "months"),
}
_RUNNER = b"""\
import json, sqlite3
base = sqlite3.connect(":memory:")
base.execute("PRAGMA trusted_schema=OFF")
base.executescript(open("/tmp/.case/data.sql", encoding="utf-8").read())
base.execute("PRAGMA query_only=ON")
found = base.execute(open("/workspace/report.sql", encoding="utf-8").read())
rows = [list(row) for row in found.fetchmany(20000)]
names = [column[0] for column in found.description]
json.dump([names, *rows], open("/tmp/.case/rows.json", "w"))
"""


@dataclass(frozen=True)
class _Question:
    """A report and its parameters."""

    report: str
    level: int
    theme: dict[str, str]
    statuses: tuple[str, ...]
    first: str  # months of the period, both included
    last: str
    dimension: str
    count: int


def _question(rng: np.random.Generator, level: int) -> _Question:
    month = between(rng, 1, 7)
    return _Question(
        pick(rng, _REPORTS[level]),
        level,
        pick(rng, THEMES),
        tuple(sorted(sample(rng, STATUSES, between(rng, 1, 2) if level == 1 else between(rng, 2, 3)))),
        f"{YEAR}-{month:02d}",
        f"{YEAR}-{month + between(rng, 3, 5):02d}",
        pick(rng, ("region", "product")),
        between(rng, 2, 4),
    )


@dataclass(frozen=True)
class _Fact:
    """One order that counts."""

    customer: int
    month: str
    cents: int


def _facts(question: _Question, data: Data) -> dict[int, _Fact]:
    tests = {row[0] for row in data.customers if row[3]}
    status = last_status(data)
    cents = dict.fromkeys(status, 0)
    for _, order, _, quantity, each in data.lines:
        cents[order] += quantity * each
    seen: set[tuple[int, str]] = set()
    for _, order, reference, amount in data.refunds:
        if (order, reference) not in seen:
            seen.add((order, reference))
            cents[order] -= amount
    facts = {}
    for order, customer, moment, _, _ in data.orders:
        month = moment.strftime("%Y-%m")
        inside = question.level == 1 or question.first <= month <= question.last
        if inside and customer not in tests and status[order] in question.statuses:
            facts[order] = _Fact(customer, month, cents[order])
    return facts


def _months(question: _Question) -> list[str]:
    first, last = int(question.first[5:]), int(question.last[5:])
    return [f"{YEAR}-{month:02d}" for month in range(first, last + 1)]


def _groups(question: _Question, data: Data, facts: dict[int, _Fact]) -> Iterable[list[object]]:
    orders: dict[str, set[int]] = {}
    cents: dict[str, int] = {}
    regions = {row[0]: row[2] for row in data.customers}
    for _, order, product, quantity, each in data.lines:
        if order in facts:
            group = product if question.dimension == "product" else regions[facts[order].customer]
            orders.setdefault(group, set()).add(order)
            cents[group] = cents.get(group, 0) + quantity * each
    ordered = sorted(orders, key=lambda group: (-cents[group], group))
    return [[group, len(orders[group]), cents[group]] for group in ordered]


def _regions(data: Data, facts: dict[int, _Fact]) -> Iterable[list[object]]:
    for region in sorted({row[2] for row in data.customers if not row[3]}):
        people = {row[0] for row in data.customers if row[2] == region and not row[3]}
        own = [fact for fact in facts.values() if fact.customer in people]
        yield [region, len(people), len({fact.customer for fact in own}), sum(fact.cents for fact in own)]


def _top(question: _Question, data: Data, facts: dict[int, _Fact]) -> Iterable[list[object]]:
    cents: dict[int, int] = {}
    for fact in facts.values():
        cents[fact.customer] = cents.get(fact.customer, 0) + fact.cents
    for region in sorted({row[2] for row in data.customers}):
        mine = [row for row in data.customers if row[2] == region and row[0] in cents]
        ranked = sorted(mine, key=lambda row: (-cents[row[0]], row[0]))[: question.count]
        yield from ([region, place, row[0], row[1], cents[row[0]]] for place, row in enumerate(ranked, 1))


def _by_month(question: _Question, facts: dict[int, _Fact]) -> Iterable[list[object]]:
    running = 0
    for month in _months(question):
        own = [fact.cents for fact in facts.values() if fact.month == month]
        running += sum(own)
        yield [month, len(own), sum(own), running]


def _cohorts(question: _Question, facts: dict[int, _Fact]) -> Iterable[list[object]]:
    first: dict[int, str] = {}
    for fact in facts.values():
        first[fact.customer] = min(fact.month, first.get(fact.customer, fact.month))
    for cohort in _months(question):
        for month in _months(question):
            own = [fact for fact in facts.values() if fact.month == month and first[fact.customer] == cohort]
            if own:
                after = int(month[5:]) - int(cohort[5:])
                yield [cohort, after, len({fact.customer for fact in own}), sum(fact.cents for fact in own)]


_COLUMNS = {
    "regions": ("region", "people", "active", "cents"),
    "top": ("region", "place", "id", "name", "cents"),
    "months": ("month", "count", "cents", "running_cents"),
    "cohorts": ("cohort", "months_after", "people", "cents"),
}


def _columns(question: _Question) -> list[str]:
    return list(_COLUMNS.get(question.report, (question.dimension, "count", "cents")))


def answer(question: _Question, data: Data) -> list[list[object]]:
    """The report over `data`, with its header."""
    facts = _facts(question, data)
    rows = {
        "groups": lambda: _groups(question, data, facts),
        "regions": lambda: _regions(data, facts),
        "top": lambda: _top(question, data, facts),
        "months": lambda: _by_month(question, facts),
        "cohorts": lambda: _cohorts(question, facts),
    }[question.report]()
    return [list(_columns(question)), *rows]


def _facts_sql(question: _Question, mode: str) -> str:
    """Common table expressions up to `fact(id, customer, month, cents)`."""
    t, level = question.theme, question.level
    key = f"{t['order']}_id"
    at = f"CASE typeof(o.{t['at']}) WHEN 'integer' THEN datetime(o.{t['at']}, 'unixepoch') ELSE o.{t['at']} END"
    at = at if level >= 3 and mode != "time" else f"o.{t['at']}"
    status = "o.status"
    if level == 5 and mode != "status":
        latest = f"SELECT e.status FROM status_event e WHERE e.{key} = o.id ORDER BY e.moment DESC LIMIT 1"
        status = f"coalesce(({latest}), o.status)"
    cents = f"coalesce((SELECT sum(l.quantity * l.cents_each) FROM {t['line']} l WHERE l.{key} = o.id), 0)"
    if level >= 3 and mode != "refunds":
        distinct = "SELECT" if mode == "double" else "SELECT DISTINCT"
        refunds = f"({distinct} {key}, reference, cents FROM {t['refund']}) r" if level == 5 else f"{t['refund']} r"
        cents += f" - coalesce((SELECT sum(r.cents) FROM {refunds} WHERE r.{key} = o.id), 0)"
    listed = ", ".join(f"'{name}'" for name in question.statuses)
    period = "" if level == 1 else f" AND month BETWEEN '{question.first}' AND '{question.last}'"
    tests = "" if mode == "tests" else f" AND customer NOT IN (SELECT id FROM {t['customer']} WHERE is_test)"
    return (
        f"WITH all_fact AS (SELECT o.id, o.{t['customer']}_id AS customer, strftime('%Y-%m', {at}) AS month, "
        f"{status} AS status, {cents} AS cents FROM {t['order']} o),\n"
        f"fact AS (SELECT * FROM all_fact WHERE status IN ({listed}){period}{tests})\n"
    )


def _sql(question: _Question, mode: str = "") -> str:
    t = question.theme
    people, key = t["customer"], f"{t['order']}_id"
    last_month = f"SELECT '{question.first}-01' AS day UNION ALL SELECT date(day, '+1 month') FROM month "
    body = {
        "groups": f"SELECT {question.dimension}, count(DISTINCT f.id) AS count, "
        f"sum(l.quantity * l.cents_each) AS cents FROM fact f JOIN {t['line']} l ON l.{key} = f.id "
        f"JOIN {people} c ON c.id = f.customer GROUP BY {question.dimension} ORDER BY cents DESC, {question.dimension}",
        "regions": f"SELECT region, count(DISTINCT c.id) AS people, count(DISTINCT f.customer) AS active, "
        f"coalesce(sum(f.cents), 0) AS cents FROM {people} c LEFT JOIN fact f ON f.customer = c.id "
        "WHERE NOT is_test GROUP BY region ORDER BY region",
        "top": f", s AS (SELECT c.region, c.id, c.name, sum(f.cents) AS cents FROM fact f JOIN {people} c "
        "ON c.id = f.customer GROUP BY c.id), r AS (SELECT region, row_number() OVER (PARTITION BY region ORDER BY "
        f"cents DESC, id) AS place, id, name, cents FROM s) SELECT * FROM r WHERE place <= {question.count} "
        "ORDER BY region, place",
        "months": f", month AS ({last_month} WHERE day < '{question.last}-01'), s AS (SELECT strftime('%Y-%m', day) AS "
        "month, count(f.id) AS count, coalesce(sum(f.cents), 0) AS cents FROM month LEFT JOIN fact f ON f.month = "
        "strftime('%Y-%m', day) GROUP BY day) SELECT *, sum(cents) OVER (ORDER BY month) AS running_cents FROM s "
        "ORDER BY month",
        "cohorts": ", b AS (SELECT customer, min(month) AS cohort FROM fact GROUP BY customer) SELECT cohort, "
        "substr(month, 6) - substr(cohort, 6) AS months_after, count(DISTINCT customer) AS people, sum(cents) AS cents "
        "FROM fact JOIN b USING (customer) GROUP BY cohort, month ORDER BY cohort, month",
    }[question.report]
    return _facts_sql(question, mode).replace("WITH", "WITH RECURSIVE", 1) + body


def _noun(name: str) -> str:
    return name.replace("_", " ")


def _asks(question: _Question) -> str:
    t = question.theme
    people, order, line = (_noun(t[name]) for name in ("customer", "order", "line"))
    listed = " or ".join(question.statuses)
    period = f" and whose month (UTC) is from {question.first} to {question.last}, both included"
    counted = f"Only {order}s count whose status is {listed}{'' if question.level == 1 else period}"
    counted += "." if question.level == 1 else f", of {people}s that are no test accounts."
    value = f"The cents of a {order} are the sum of quantity times cents_each over its {line}s"
    value += f", less its {_noun(t['refund'])}s" if question.level >= 3 else ""
    owner = people if question.dimension == "region" else line
    share = " from that product" if question.dimension == "product" else ""
    wanted = {
        "groups": f"Report per {question.dimension} (of the {owner}) the number of different {order}s and their "
        f"cents{share}; a {order} without {line}s is left out. Order by cents, largest first, then by "
        f"{question.dimension}.",
        "regions": f"Report for each region that has {people}s (test accounts never count): how many, how many of "
        f"them have at least one {order} that counts, and the cents of those {order}s; 0 where there are none. Order "
        "by region.",
        "top": f"Report for each region the {question.count} {people}s with the most cents, among those with at "
        f"least one {order} that counts; of equals the smaller id is first. Order by region and place (1, 2, ...).",
        "months": f"Report for each month of the period, also for those without any: the number of {order}s, their "
        "cents, and the running total of cents since the start of the period. Order by month (YYYY-MM).",
        "cohorts": f"The cohort of a {people} is the month (YYYY-MM) of the first {order} that counts. Report for "
        f"each cohort and each month in which somebody of it has a {order} that counts: how many months that is "
        "after the cohort, how many different people were active, and their cents. Order by cohort and months_after.",
    }
    return f"{counted} {value} (0 without any). {wanted[question.report]}"


def _document(question: _Question) -> str:
    t, level = question.theme, question.level
    lines = [
        f"`{t['customer']}.is_test` is 1 for accounts of our own testers. They belong in no report.",
        f"`{t['order']}.{t['at']}` is in UTC.",
    ]
    if level >= 3:
        lines[1] += " The old system wrote text (`YYYY-MM-DD HH:MM:SS`), the one after it whole seconds since 1970."
        lines.append(f"A {_noun(t['refund'])} takes cents off its {_noun(t['order'])}; cents are positive numbers.")
    if level == 5:
        lines += [
            f"`{t['order']}.status` is often out of date. The status is that of the latest `status_event` of the "
            f"{_noun(t['order'])} (by `moment`); only without events does the column count. Ids of events say nothing.",
            f"The import of {_noun(t['refund'])}s ran more than once: rows of the same {_noun(t['order'])} with the "
            "same reference are one.",
        ]
    return f"# About this {t['what']} database\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"


def _instruction(question: _Question) -> str:
    about = f" Read {_DOC} first." if question.level >= 2 else ""
    names = ", ".join(_columns(question))
    base = f"{_DATABASE} is the SQLite database of a {question.theme['what']} business.{about} {_asks(question)} "
    if question.level <= 3:
        return f"{base}Write {_CSV} with the header {names.replace(', ', ',')} and the rows in that order."
    return (
        f"{base}Write the query as {_SQL}: one SELECT statement (it may begin with WITH) for SQLite 3.40 that returns "
        f"the columns {names}, by these names and in this order. It is run on other databases of this business, with "
        "the same tables and other rows."
    )


def _query_case(number: int, question: _Question, data: Data) -> TrialCase:
    expected = json.loads(json.dumps(answer(question, data)))

    def judge(output: CaseOutput) -> str:
        found = output.files.get("/tmp/.case/rows.json")
        try:
            return "no_result" if found is None else "" if same_value(expected, strict_json(found)) else "wrong"
        except UnreadableError:
            return "no_result"

    files = {"/tmp/.case/run.py": _RUNNER, "/tmp/.case/data.sql": dump(data, question.level).encode()}
    command = "exec python3 -I -B /tmp/.case/run.py >/dev/null 2>&1"
    return TrialCase(
        f"hidden database {number}", CaseInput(command, files=files, reads=("/tmp/.case/rows.json",)), judge
    )


def _query_there(evidence: Evidence) -> list[Check]:
    return [Check("the query is there", evidence.get(_SQL) is not None, missing(evidence, _SQL))]


def _deliver(question: _Question, mode: str = "") -> tuple[str, ...]:
    query = f"cat > /tmp/query.sql <<'EOF'\n{_sql(question, mode)};\nEOF\n"
    if question.level <= 3:
        return (f"{query}sqlite3 -csv -header {_DATABASE} < /tmp/query.sql > {_CSV}",)
    return (f"{query}cp /tmp/query.sql {_SQL}",)


def _literal(rows: Sequence[Sequence[object]]) -> str:
    """A query that knows the answer for the database at hand."""
    values = ", ".join("(" + ", ".join(repr(cell) for cell in row) + ")" for row in rows[1:]) or "(0)"
    return f"SELECT * FROM (VALUES {values})"


def _cheats(question: _Question, rows: Sequence[Sequence[object]]) -> dict[str, tuple[str, ...]]:
    header = ",".join(str(name) for name in rows[0])
    modes: tuple[str, ...] = {3: ("time", "refunds"), 4: ("time", "refunds", "tests")}.get(question.level, ())
    modes = ("time", "refunds", "status", "double") if question.level == 5 else modes
    cheats = {
        f"gets it wrong: {mode}": _deliver(question, mode)
        for mode in modes
        if mode != "tests" or question.report != "regions"
    }
    cheats["only the header"] = (f"echo {header} | tee {_CSV} > {_SQL}",)
    cheats["a link to the database"] = (f"ln -s {_DATABASE} {_CSV}; ln -s {_DATABASE} {_SQL}",)
    if question.level >= 4:
        cheats["knows the answer at hand only"] = (f"cat > {_SQL} <<'EOF'\n{_literal(rows)}\nEOF",)
    else:
        wider = _Question(**{**question.__dict__, "statuses": STATUSES})
        cheats["forgets the status"] = _deliver(wider)
    return cheats


def build(rng: np.random.Generator, level: int) -> Task:
    """One business, its data and a question."""
    question = _question(rng, level)
    data = make_data(rng, question.theme, level, _ROWS[level])
    rows = answer(question, data)
    verifier: EvidenceVerifier | TrialVerifier
    if level <= 3:
        text = [[str(cell) for cell in row] for row in rows]
        verifier = EvidenceVerifier((_CSV,), lambda evidence: [csv_check(evidence, _CSV, text)])
    else:
        hidden = [make_data(rng, question.theme, level, count) for count in (60, 150, 400)]
        cases = tuple(_query_case(number, question, each) for number, each in enumerate(hidden, 1))
        verifier = TrialVerifier((_SQL,), cases, _query_there)
    return Task(
        instruction=_instruction(question),
        verifier=verifier,
        files={_DOC: _document(question).encode()} if level >= 2 else {},
        setup=f"sqlite3 {_DATABASE} < {_DUMP}\n",
        setup_files={_DUMP: dump(data, level).encode()},
        tools=("python3", "sqlite3"),
        oracle=_deliver(question),
        cheats=_cheats(question, rows),
        limits=Limits(steps=15 + 7 * level, seconds=300.0 + 120.0 * level),
    )


FAMILY = TaskFamily(
    name="sqlite-query",
    summary="Answer a business question from a database, at higher levels with a query that holds for any data.",
    skills=("SQL joins and windows", "reading a schema", "dirty data", "time in databases"),
    chance=0.0,
    build=build,
)
