"""Task families that take several sites, and what two sites must agree on."""

from __future__ import annotations

import re

import numpy as np
import pytest
from browser_play import prove_family

from selftrain.envs.browser.family import Draft
from selftrain.envs.browser.goals import Inserted, Updated
from selftrain.envs.browser.tasks.cross import FAMILIES
from selftrain.envs.browser.world import World

_FAMILIES = {family.name: family for family in FAMILIES}


def _draft(name: str, level: int, seed: int) -> Draft:
    family = _FAMILIES[name]
    return family.make(np.random.default_rng([seed, level]), level, World(family.sites, "train", seed))


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", sorted(_FAMILIES))
def test_oracle_passes_and_nothing_else_does(name: str, level: int) -> None:
    prove_family(_FAMILIES[name], levels=(level,))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_cancelled_is_what_the_mails_of_the_customers_ask_for(seed: int) -> None:
    draft = _draft("cross-cancel-orders", 5, seed)
    mails = draft.world.rows("mail", "SELECT * FROM messages WHERE subject LIKE 'Cancellation C-%'")
    kept = {
        found["thread"]
        for found in draft.world.rows("mail", "SELECT thread FROM messages WHERE subject LIKE 'Re: Cancellation C-%'")
    }
    wanted, late, strange = {}, set(), set()
    for mail in mails:
        day = re.search(r"placed on (\d{4}-\d\d-\d\d)", mail["body"])
        assert day is not None
        order = draft.world.row(
            "shop",
            "SELECT o.*, u.email FROM orders o JOIN users u ON u.id = o.user_id WHERE u.name = ? AND o.created_at "
            "LIKE ?",
            mail["sender_name"],
            f"{day[1]}%",
        )
        if order["email"] != mail["sender"]:
            strange.add(mail["id"])
        elif order["status"] == "shipped":
            late.add(mail["id"])
        elif mail["thread"] not in kept:
            wanted[order["id"]] = mail["subject"].split()[1]
    changes = draft.goal.changes
    orders = {change.id for change in changes if isinstance(change, Updated) and change.table == "orders"}
    notes = {
        change.values["order_id"]: change.values["body"]
        for change in changes
        if isinstance(change, Inserted) and change.table == "order_notes"
    }
    replies = {c.values["reply_to"] for c in changes if isinstance(c, Inserted) and c.table == "messages"}
    assert orders == set(wanted) == set(notes) and all(notes[order](f"see {wanted[order]}") for order in orders)
    assert replies == late | strange and late and strange


@pytest.mark.parametrize("seed", range(4))
def test_decisions_follow_from_the_files_and_the_back_office(seed: int) -> None:
    draft = _draft("cross-check-invoices", 5, seed)
    wanted, unknown = {}, set()
    for mail in draft.world.rows("mail", "SELECT * FROM messages WHERE subject LIKE 'Our invoice %'"):
        last = draft.world.rows(
            "mail", "SELECT * FROM messages WHERE thread = ? ORDER BY sent_at DESC", mail["thread"]
        )[0]
        text = draft.world.row("mail", "SELECT content FROM files WHERE digest = ?", last["files"])["content"]
        paper = dict(line.split(",") for line in text.split())
        found = draft.world.rows(
            "admin",
            "SELECT i.*, s.iban, s.email, s.status AS state FROM invoices i JOIN suppliers s ON s.id = i.supplier_id"
            " WHERE i.reference = ?",
            paper["reference"],
        )
        if not found:
            unknown.add(mail["id"])
        elif found[0]["email"] == mail["sender"]:
            (row,) = found
            faults = [
                *(["OTHER"] if row["amount"] != round(float(paper["amount"]) * 100) else []),
                *(["WRONG-BANK"] if row["iban"] != paper["iban"] else []),
                *(["BLOCKED-SUPPLIER"] if row["state"] == "blocked" else []),
            ]
            assert len(faults) < 2 and row["status"] == "received"
            wanted[row["id"]] = faults[0] if faults else ""
    changes = draft.goal.changes
    assert wanted == {c.id: c.values.get("code", "") for c in changes if isinstance(c, Updated)}
    assert unknown == {c.values["reply_to"] for c in changes if isinstance(c, Inserted)}


@pytest.mark.parametrize("seed", range(4))
def test_no_title_is_known_but_those_that_are_to_get_a_comment(seed: int) -> None:
    draft = _draft("cross-file-reports", 5, seed)
    titles = {found["title"] for found in draft.world.rows("tracker", "SELECT title FROM issues")}
    made = [change.values for change in draft.goal.changes if isinstance(change, Inserted)]
    assert not any(values["title"] in titles for values in made if "title" in values)
    assert sum("issue_id" in values for values in made) == 2
