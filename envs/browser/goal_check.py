"""Whether a goal can be judged: it names tables and columns that exist, and who is to change them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack, closing

from selftrain.envs.browser.answers import KINDS, same_answer
from selftrain.envs.browser.goals import Deleted, Goal, IdOf, Inserted, Updated
from selftrain.envs.browser.sites import find_site
from selftrain.envs.browser.sites.database import audited_tables, open_database
from selftrain.errors import TaskError


def check_goal(goal: Goal, databases: Mapping[str, bytes]) -> None:
    """Check `goal` against the databases that its task begins with.

    Raises:
        TaskError: names what is wrong.
    """
    if not (goal.changes or goal.answer is not None or goal.requests):
        raise TaskError("a goal must want changes, an answer or requests: this one wants nothing")
    with ExitStack() as opened:
        tables = {site: opened.enter_context(closing(open_database(data))) for site, data in databases.items()}
        for change in goal.changes:
            _check_change(change, goal, tables)
    if goal.answer is not None:
        if goal.answer_kind not in KINDS:
            raise TaskError(f"answer_kind={goal.answer_kind!r} must be one of {', '.join(KINDS)}")
        if not same_answer(goal.answer, goal.answer, goal.answer_kind):
            raise TaskError(f"answer={goal.answer!r} cannot be read as {goal.answer_kind}")
    for pattern in goal.requests:
        re.compile(pattern)


def _check_change(
    change: Inserted | Updated | Deleted, goal: Goal, databases: Mapping[str, sqlite3.Connection]
) -> None:
    if change.site not in databases:
        raise TaskError(f"{change} is on a site that the task does not have: {', '.join(databases)}")
    if change.site not in goal.actors:
        raise TaskError(f"the goal changes {change.site}.{change.table}, so actors= must say who does that")
    database = databases[change.site]
    judged = [table for table in audited_tables(database) if table not in find_site(change.site).incidental]
    if change.table not in judged:
        raise TaskError(f"{change} is about no table that is judged; those are {', '.join(judged)}")
    row = None
    if not isinstance(change, Inserted):
        query = f"SELECT * FROM {change.table} WHERE id = ?"
        if (row := database.execute(query, (change.id,)).fetchone()) is None:
            raise TaskError(f"{change} is about a row that is not there in the beginning")
    if isinstance(change, Deleted):
        return
    columns = [column["name"] for column in database.execute(f"PRAGMA table_info({change.table})")]
    for name, wanted in change.values.items():
        if name not in columns:
            raise TaskError(f"{change} names {name!r}; the columns are {', '.join(columns)}")
        if isinstance(wanted, IdOf) and not (
            0 <= wanted.change < len(goal.changes) and isinstance(goal.changes[wanted.change], Inserted)
        ):
            raise TaskError(f"{change}: IdOf({wanted.change}) must be the index of an Inserted of the same goal")
        if row is not None and not callable(wanted) and row[name] == wanted:
            raise TaskError(f"{change}: {name} is {wanted!r} already")
