"""What the task families of the back office share: accounts, dates, wordings, and parts of scripts."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from selftrain.envs.browser.goals import Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.database import hashed
from selftrain.envs.browser.tasks import parts
from selftrain.envs.browser.tasks.parts import one_of, signing_in, some_of
from selftrain.envs.browser.world import NOW, World

ROOT = "http://admin.test"
TODAY = NOW[:10]
Rng = np.random.Generator
_Item = TypeVar("_Item")
_SYLLABLES = ("ka", "lo", "mi", "ne", "pu", "ra", "so", "tu", "vi", "zo")


@dataclass(frozen=True)
class Account:
    """Somebody whose password the agent is told."""

    id: int
    username: str
    name: str
    password: str

    @property
    def told(self) -> str:
        """The sentence that hands the account out."""
        return f"Sign in as {self.username} with the password {self.password}."

    @property
    def sign_in(self) -> tuple[Do, ...]:
        """The script that signs in."""
        return signing_in(ROOT, self.username, self.password)


def account(rng: Rng, world: World, role: str) -> Account:
    """An active person of this role, who gets a password; managers may approve anything."""
    found = one_of(
        rng, world.rows("admin", "SELECT * FROM users WHERE role = ? AND status = 'active' ORDER BY id", role)
    )
    password = "".join(some_of(rng, _SYLLABLES, 4)) + str(between(rng, 10, 99))
    limit = 100_000_000 if role == "manager" else 0
    world.write(
        "admin", "UPDATE users SET password = ?, approval_limit = ? WHERE id = ?", hashed(password), limit, found["id"]
    )
    return Account(found["id"], found["username"], found["name"], password)


def between(rng: Rng, low: int, high: int) -> int:
    """An integer from `low` to `high`, both included."""
    return int(rng.integers(low, high + 1))


def day(back: int) -> str:
    """The date `back` days before today."""
    return (datetime.date.fromisoformat(TODAY) - datetime.timedelta(days=back)).isoformat()


def days_between(early: str, late: str) -> int:
    """Days from one date to another."""
    return (datetime.date.fromisoformat(late[:10]) - datetime.date.fromisoformat(early[:10])).days


def said(rng: Rng, who: Account, wordings: Sequence[str], **values: Any) -> str:
    """One of several wordings, filled in, and the account."""
    return f"{parts.said(rng, wordings, **values)} {who.told}"


SUBMIT = (Do("submit()"),)


def go(path: str) -> Do:
    """Open a page of the back office."""
    return Do(f"goto('{ROOT}{path}')")


def set_policy(world: World, slug: str, text: str) -> None:
    """Have the policy say this."""
    world.write("admin", "UPDATE policies SET body = ?, valid_from = '2026-02-01' WHERE slug = ?", text, slug)


def log(
    world: World, at: str, actor: str, action: str, what: str, detail: str = "", address: str = "10.20.3.77"
) -> None:
    """Add a line to the log; `at` like "2026-02-14 09:31"."""
    world.write(
        "admin",
        "INSERT INTO events (at, actor, action, object, detail, address) VALUES (?, ?, ?, ?, ?, ?)",
        at, actor, action, what, detail, address,
    )  # fmt: skip


def decide(path: str, decision: str, code: str) -> tuple[Do, ...]:
    """The script that decides an expense report, a request, an invoice or a membership under review."""
    choose = (Do("select", "combobox", "Reason code", code),) if code else ()
    return (
        go(path),
        Do("select", "combobox", "Decision", decision),
        *choose,
        Do("click", "button", "Save decision"),
    )


def decided(table: str, row: int, status: str, by: Account, code: str) -> Updated:
    """The goal row of a decision."""
    return Updated(
        "admin", table, row, {"status": status, "decided_by": by.username} | ({"code": code} if code else {})
    )


def employees(world: World, where: str = "1") -> list[sqlite3.Row]:
    """Active people of role employee, with code and name of their department."""
    return world.rows(
        "admin",
        "SELECT u.*, d.code AS department_code, d.name AS department FROM users u JOIN departments d"
        f" ON d.id = u.department_id WHERE u.role = 'employee' AND u.status = 'active' AND {where} ORDER BY u.id",
    )
