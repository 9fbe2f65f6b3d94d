"""The judgement of a goal: what differs between two databases, what the audit tells, and what was answered.

Nothing here trusts a page. The rows of the end are compared with those of the start, the audit table is compared with
both, and whatever the goal does not name must be as it was.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from selftrain.envs.browser.answers import same_answer
from selftrain.envs.browser.goals import Deleted, Goal, Inserted, Updated
from selftrain.envs.browser.row_matching import assigned, fits
from selftrain.envs.browser.sites import find_site
from selftrain.envs.browser.sites.base import Site
from selftrain.envs.browser.sites.database import audited_tables, open_database
from selftrain.errors import VerifierError
from selftrain.evidence import Evidence
from selftrain.verdicts import Check

ANSWER, INFEASIBLE, REQUESTS = "/answer", "/infeasible", "/requests.json"
_OPS = {Inserted: ("INSERT", "UPDATE"), Updated: ("UPDATE",), Deleted: ("DELETE", "UPDATE")}
_NOBODY = "anonymous"
Row = Mapping[str, Any]
RowKey = tuple[str, str, int]
"""Site, table and id."""


@dataclass(frozen=True)
class _Difference:
    """What came about in the databases, outside of incidental tables; and who did what to which row."""

    inserted: dict[RowKey, Row] = field(default_factory=dict)
    updated: dict[RowKey, tuple[Row, Row]] = field(default_factory=dict)
    deleted: set[RowKey] = field(default_factory=set)
    audit: list[tuple[RowKey, str, str]] = field(default_factory=list)
    defaults: dict[tuple[str, str], Row] = field(default_factory=dict)

    @property
    def changed(self) -> set[RowKey]:
        return {*self.inserted, *self.updated, *self.deleted}


def judge(goal: Goal, start: Mapping[str, bytes], evidence: Evidence) -> Sequence[Check]:
    """Compare what came about with `goal`.

    Args:
        goal: what was wanted.
        start: site → database as it was in the beginning.
        evidence: `/sites/<name>.db` for each of them, `/answer` if one was given, `/requests.json`.

    Raises:
        VerifierError: a database cannot be read, or tells what no agent can bring about: ours is broken.
    """
    difference = _Difference()
    for site, before in start.items():
        after = evidence.get(f"/sites/{site}.db")
        if after is None:
            raise VerifierError(f"there is no database of the site {site!r} among the evidence")
        _compare(find_site(site), before, after, difference)
    rows = _rows_of(goal, difference)
    checks = [_goal_rows(goal, rows), _nothing_else(difference, rows), _audit(goal, difference, rows)]
    checks.append(_actors(goal, difference))
    if goal.answer is not None:
        checks.append(_answer(goal, evidence.get(ANSWER)))
    if goal.requests:
        checks.append(_requests(goal, evidence.get(REQUESTS)))
    if evidence.get(INFEASIBLE) is not None:
        checks.append(Check("report", False, "the task was reported as infeasible"))
    return checks


# what came about


def _compare(site: Site, before: bytes, after: bytes, into: _Difference) -> None:
    try:
        with closing(open_database(before)) as old, closing(open_database(after)) as new:
            if _schema(old) != _schema(new):
                raise VerifierError(f"the database of the site {site.name!r} has another schema than in the beginning")
            if old.execute("SELECT COUNT(*) FROM audit").fetchone()[0]:
                raise VerifierError(f"the audit of the site {site.name!r} is not empty in the beginning")
            tables = [table for table in audited_tables(old) if table not in site.incidental]
            for table in tables:
                _compare_table(site.name, table, old, new, into)
            for row in new.execute("SELECT tab, row, op, actor FROM audit ORDER BY seq"):
                if row["tab"] in tables:
                    into.audit.append(((site.name, row["tab"], row["row"]), row["op"], row["actor"]))
    except sqlite3.Error as error:
        raise VerifierError(f"the database of the site {site.name!r} cannot be read: {error}") from error
    untold = into.changed - {key for key, _, _ in into.audit}
    if untold:
        raise VerifierError(f"rows changed of which the audit does not tell: {sorted(untold)[:3]}")


def _schema(database: sqlite3.Connection) -> set[tuple[str, ...]]:
    return {tuple(row) for row in database.execute("SELECT type, name, sql FROM sqlite_master")}


def _compare_table(site: str, table: str, old: sqlite3.Connection, new: sqlite3.Connection, into: _Difference) -> None:
    columns = [column["name"] for column in new.execute(f"PRAGMA table_info({table})")]
    query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY id"
    before, after = _plain(old, query), _plain(new, query)
    into.defaults[site, table] = dict(_defaults(new, table))
    if before == after:
        return
    at = columns.index("id")
    earlier, later = ({row[at]: row for row in rows} for rows in (before, after))
    for number in earlier.keys() | later.keys():
        was, now, key = earlier.get(number), later.get(number), (site, table, number)
        if now is None:
            into.deleted.add(key)
        elif was is None:
            into.inserted[key] = dict(zip(columns, now, strict=True))
        elif was != now:
            into.updated[key] = dict(zip(columns, was, strict=True)), dict(zip(columns, now, strict=True))


def _plain(database: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    """Rows as tuples, which are compared much sooner than rows with names."""
    cursor = database.cursor()
    cursor.row_factory = None
    return cursor.execute(query).fetchall()


def _defaults(database: sqlite3.Connection, table: str) -> Iterator[tuple[str, Any]]:
    for column in database.execute(f"PRAGMA table_info({table})").fetchall():
        default = column["dflt_value"]
        # an SQL expression of our own schema
        yield column["name"], None if default is None else database.execute(f"SELECT {default}").fetchone()[0]


# what was wanted


def _rows_of(goal: Goal, difference: _Difference) -> list[RowKey | None]:
    """For each change of the goal, the row that brings it about, or None."""
    candidates = {i: _candidates(change, difference) for i, change in enumerate(goal.changes)}
    rows = difference.inserted | {key: after for key, (_, after) in difference.updated.items()}
    found = assigned(goal.changes, candidates, rows)
    return [found.get(i) for i in range(len(goal.changes))]


def _candidates(change: Inserted | Updated | Deleted, difference: _Difference) -> list[RowKey]:
    """The rows that bring the change about, taken by itself."""
    generated = find_site(change.site).generated_in(change.table)
    if isinstance(change, Inserted):
        table = change.site, change.table
        wanted = {k: v for k, v in difference.defaults[table].items() if k not in generated} | dict(change.values)
        return [key for key, row in difference.inserted.items() if key[:2] == table and fits(wanted, row)]
    key = (change.site, change.table, change.id)
    if isinstance(change, Deleted):
        return [key] if key in difference.deleted else []
    if key not in difference.updated:
        return []
    before, after = difference.updated[key]
    new = {name for name in after if before[name] != after[name]}
    right = set(change.values) - generated <= new <= set(change.values) | generated
    return [key] if right and fits(change.values, after) else []


def _goal_rows(goal: Goal, rows: Sequence[RowKey | None]) -> Check:
    missing = sum(key is None for key in rows)
    why = f"{missing} of {len(rows)} changes that were asked for did not come about" if missing else ""
    return Check("goal rows", not missing, why)


def _nothing_else(difference: _Difference, rows: Sequence[RowKey | None]) -> Check:
    others = difference.changed - set(rows)
    tables = sorted({f"{site}.{table}" for site, table, _ in others})
    why = f"rows differ that nobody asked to change: {len(others)}, in {', '.join(tables)}" if others else ""
    return Check("nothing else", not others, why)


def _audit(goal: Goal, difference: _Difference, rows: Sequence[RowKey | None]) -> Check:
    allowed = {key: _OPS[type(change)] for key, change in zip(rows, goal.changes, strict=True) if key is not None}
    wrong = [key for key, op, _ in difference.audit if op not in allowed.get(key, ())]
    why = f"changes were made on the way that nobody asked for, undone or not: {len(wrong)}" if wrong else ""
    return Check("audit", not wrong, why)


def _actors(goal: Goal, difference: _Difference) -> Check:
    wanted = {site: user or _NOBODY for site, user in goal.actors.items()}
    # where nobody is named nothing may change, which the other checks say
    others = {key[0] for key, _, actor in difference.audit if actor != wanted.get(key[0], actor)}
    why = f"changes in {', '.join(sorted(others))} were not all made by the user who was to make them" if others else ""
    return Check("actors", not others, why)


def _answer(goal: Goal, given: bytes | None) -> Check:
    if given is None:
        return Check("answer", False, "no answer was given")
    assert goal.answer is not None
    right = same_answer(goal.answer, given.decode("utf-8", "replace"), goal.answer_kind)
    return Check("answer", right, "" if right else "the answer is not right")


def _requests(goal: Goal, log: bytes | None) -> Check:
    if log is None:
        raise VerifierError("there is no log of requests among the evidence")
    try:
        asked = [f"{each['method']} {each['url']}" for each in json.loads(log) if each["status"] == 200]
    except (ValueError, TypeError, LookupError) as error:
        raise VerifierError(f"the log of requests cannot be read: {error}") from error
    missing = [pattern for pattern in goal.requests if not any(re.fullmatch(pattern, each) for each in asked)]
    why = f"{len(missing)} of {len(goal.requests)} pages that had to be asked for were not" if missing else ""
    return Check("requests", not missing, why)
