"""Tasks that upload a file of new accounts after it has been repaired."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.admin.drawn_rules import naming_text
from selftrain.envs.browser.sites.admin.uploads import USER_COLUMNS, styled
from selftrain.envs.browser.sites.admin.words import FIRST, LAST, TITLES
from selftrain.envs.browser.tasks.admin_common import SUBMIT, Account, Rng, account, between, day, go, said, set_policy
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.world import World

NAME = "new-people.csv"
FIXED = "repaired.csv"
_COUNT = {1: 3, 2: 5, 3: 8, 4: 16, 5: 40}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ACCENTS = {"a": "á", "e": "é", "o": "ö", "u": "ü"}


@dataclass(frozen=True)
class Row:
    """A line of the file."""

    username: str
    name: str
    department: str
    title: str
    manager: str
    start: str


def _people(rng: Rng, world: World, count: int, level: int, style: str) -> list[Row]:
    """New people as they should be entered, with user names that are free."""
    taken = {line[0] for line in world.rows("admin", "SELECT username FROM users")}
    known = [line[0] for line in world.rows("admin", "SELECT name FROM users ORDER BY id")]
    departments = world.rows(
        "admin", "SELECT d.*, u.username FROM departments d JOIN users u ON u.id = d.head_id ORDER BY d.id"
    )
    found: list[Row] = []
    for at in range(count):
        name = f"{one_of(rng, FIRST)} {one_of(rng, LAST)}"
        if level >= 3 and at % 4 == 0:
            name = one_of(rng, known)
        if level >= 4 and at % 5 == 1:
            first, last = name.split()[0], name.split()[-1]
            name = f"{_accented(first)} {one_of(rng, ('Maria', 'Jan', 'Lee'))} {last}"
        base = styled(name, style)
        username = next(each for each in (base, *(f"{base}{number}" for number in range(2, 10))) if each not in taken)
        taken.add(username)
        department = one_of(rng, departments)
        title = one_of(rng, TITLES[department["code"]])
        start = day(-between(rng, 3, 80))
        found.append(Row(username, name, department["code"], title, department["username"], start))
    return found


def _accented(name: str) -> str:
    at = next((at for at, sign in enumerate(name) if at and sign in _ACCENTS), 0)
    return name[:at] + _ACCENTS[name[at]] + name[at + 1 :] if at else name


def _spoilt(rng: Rng, row: Row, kind: str, names: Mapping[str, str]) -> Row:
    """The line as somebody typed it who did not know the rules."""
    if kind == "date":
        year, month, number = row.start.split("-")
        written = one_of(rng, (f"{number}.{month}.{year}", f"{int(number)} {_MONTHS[int(month) - 1]} {year}"))
        return replace(row, start=written)
    if kind == "department":
        return replace(row, department=names[row.department])
    if kind == "manager":
        return replace(row, manager="")
    return replace(row, username="")


def _text(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([USER_COLUMNS, *(astuple(row) for row in rows)])
    return out.getvalue()


def _goal_row(world: World, row: Row) -> Inserted:
    ids: sqlite3.Row = world.row(
        "admin", "SELECT d.id, u.id FROM departments d, users u WHERE d.code = ? AND u.username = ?",
        row.department, row.manager,
    )  # fmt: skip
    return Inserted(
        "admin",
        "users",
        {
            "username": row.username, "name": row.name, "email": f"{row.username}@brightwater.test",
            "department_id": ids[0], "manager_id": ids[1], "title": row.title, "started_on": row.start,
        },
    )  # fmt: skip


def _script(who: Account, rows: Sequence[Row]) -> tuple[Do, ...]:
    return (
        *who.sign_in,
        Do(f"write_file({FIXED!r}, {_text(rows)!r})"),
        go("/users/import"),
        Do("upload", "file", "CSV file", FIXED),
        Do("click", "button", "Upload"),
        *SUBMIT,
    )


def _given(rng: Rng, level: int, right: Sequence[Row], names: Mapping[str, str]) -> list[Row]:
    """The file as the task hands it out; every kind of fault that the level knows occurs."""
    kinds = ("date", "department", "username", "manager")[: max(1, level - 1)] if level < 4 else (
        "date", "department", "username", "manager")  # fmt: skip
    given = []
    for at, row in enumerate(right):
        spoilt = row
        chosen = [kinds[at % len(kinds)]] if level < 3 or rng.random() < 0.5 else some_of(rng, kinds, 2)
        for kind in chosen:
            spoilt = _spoilt(rng, spoilt, kind, names)
        given.append(spoilt if level > 1 or at == 1 else row)
    if level >= 3:
        # some lines are there twice; blank cells at the ends of cells do not matter to the upload
        for row in some_of(rng, given, level - 1):
            given.insert(between(rng, given.index(row) + 1, len(given)), row)
    return given


def _upload(rng: Rng, level: int, world: World) -> Draft:
    who = account(rng, world, "admin")
    style = str(world.row("admin", "SELECT value FROM settings WHERE key = 'naming.style'")["value"])
    set_policy(world, "naming", naming_text(style))
    names = {line["code"]: line["name"] for line in world.rows("admin", "SELECT code, name FROM departments")}
    right = _people(rng, world, _COUNT[level], level, style)
    given = _given(rng, level, right, names)
    # a blank user name is drawn up in the order of the file, so what it becomes is what the order says
    asked = {
        1: "One date is not in the form that the system takes (with dots it is day.month.year).",
        2: "Dates must be in the form that the system takes (with dots they are day.month.year).",
    }.get(
        level,
        "Dates with dots are day.month.year. Lines that are there twice count once. Where the user name or the"
        " manager is missing, the policy on user names says what belongs there; people get their user names in the"
        " order of the file, and departments are entered by code.",
    )
    instruction = said(
        rng, who,
        [
            "The file {file} lists our new people. Repair what is wrong in it and upload it in the back office, under"
            " People, so that every one of them has an account. {asked} Names and titles stay as they are.",
            "Please open accounts for everybody in {file} with the upload under People. The file has faults that"
            " must be mended first. {asked} Do not change names or titles.",
            "Human Resources sent {file}. The upload of accounts refuses it as it stands; correct the file and"
            " upload it. {asked} Leave names and titles as they are.",
        ],
        file=NAME, asked=asked,
    )  # fmt: skip
    shifted = (*right[:-1], replace(right[-1], start=day(-100)))
    cheats = {
        "one person is missing": _script(who, right[:-1]),
        "another first day": _script(who, shifted),
        "as it came": _script(who, given),
    }
    goal = Goal([_goal_row(world, row) for row in right], {"admin": who.username})
    files = {NAME: _text(given).encode()}
    return Draft(instruction, world, goal, _script(who, right), cheats, files=files, steps=40 + 2 * len(right))


UPLOAD = BrowserFamily(
    "admin-upload",
    "Repair a CSV file of new people by the naming policy and the codes of departments, and upload it.",
    ("data cleaning", "file upload", "following naming rules"),
    0.0,
    ("admin",),
    _upload,
)
