"""Invoices that suppliers sent by mail, to be held against the back office."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.tasks.admin_common import ROOT, Account, account
from selftrain.envs.browser.tasks.mail_base import (
    SUBMIT,
    Rng,
    Says,
    ago,
    dollars,
    login,
    one,
    owner,
    pick,
    put_file,
    put_mail,
    sent_mail,
    sign_in,
    steps_for,
    write,
    write_guide,
)
from selftrain.envs.browser.world import World

_ASK = (
    "{login} Suppliers sent me their invoices by mail; the subjects begin with 'Our invoice'. Decide those invoices "
    "in the back office at {root}/ as the guide 'Who gets what' (under Guides in the mail) says, and no others. {told}",
    "Please hold the mails 'Our invoice ...' in my inbox against the back office ({root}/) and decide these invoices "
    "there. What is approved and what is not stands in the guide 'Who gets what' of the mail, under Guides. {login} "
    "{told}",
    "The invoices that came to me by mail (subjects begin with 'Our invoice') wait for a decision in the back office, "
    "{root}/. {login} {told} Go by the guide 'Who gets what', under Guides in the mail, and decide no other invoice.",
)
_SORTS = {
    1: ("right", "amount"),
    2: ("right", "amount", "bank"),
    3: ("right", "amount", "bank", "corrected", "right"),
    4: ("right", "amount", "bank", "corrected", "blocked", "right", "amount"),
    5: (
        "right",
        "amount",
        "bank",
        "corrected",
        "blocked",
        "missing",
        "forged",
        "corrected",
        "amount",
        "missing",
        "right",
    ),
}
_CODES = {"amount": "OTHER", "bank": "WRONG-BANK", "blocked": "BLOCKED-SUPPLIER"}


@dataclass(frozen=True)
class _Paper:
    """An invoice as it came by mail: its row in the back office, amount in cents and IBAN on paper, and the mail."""

    row: sqlite3.Row
    sort: str
    cents: int
    iban: str
    mail: int
    sender: str

    @property
    def code(self) -> str:
        return _CODES.get(self.sort, "")

    def change(self, manager: Account) -> Updated:
        """The decision."""
        if not self.code:
            return Updated("admin", "invoices", self.row["id"], {"status": "approved", "decided_by": manager.username})
        # the amount that counts is the paper's; naming that of the back office as well does no harm
        note = Says((dollars(self.cents),) if self.sort == "amount" else (), (), (self.row["reference"],))
        values = {"status": "rejected", "decided_by": manager.username, "code": self.code, "note": note}
        return Updated("admin", "invoices", self.row["id"], values)

    def deciding(self, code: str, note: str) -> list[Do]:
        """What a script does in the back office."""
        return [
            Do(f"goto('{ROOT}/invoices/{self.row['id']}')"),
            Do("select", "combobox", "Decision", "reject" if code else "approve"),
            *([Do("select", "combobox", "Reason code", code), Do("fill", "textbox", "Note", note)] if code else []),
            Do("click", "button", "Save decision"),
        ]

    @property
    def note(self) -> str:
        return f"{self.row['reference']}: the paper says {dollars(self.cents)}"


def _check_invoices(rng: Rng, level: int, world: World) -> Draft:
    who, manager = owner(world), account(rng, world, "manager")
    write_guide(world, "routing", _guide(level))
    sorts = _SORTS[level]
    found = world.rows(
        "admin",
        "SELECT i.*, s.iban, s.email, s.name AS supplier FROM invoices i JOIN suppliers s ON s.id = i.supplier_id"
        " WHERE i.amount > 5000 AND s.status = 'active' AND i.id IN (SELECT MAX(id) FROM invoices"
        " WHERE status IN ('received', 'approved') GROUP BY supplier_id) ORDER BY i.id",
    )
    papers = [_put_paper(rng, world, sort, row) for sort, row in zip(sorts, pick(rng, found, len(sorts)), strict=True)]
    decided = [paper for paper in papers if paper.sort not in ("missing", "forged")]
    missing = [paper for paper in papers if paper.sort == "missing"]
    changes: list[Inserted | Updated] = [paper.change(manager) for paper in decided]
    replies: list[Do] = []
    for paper in missing:
        said = Says((), (), ("not received",))
        changes.append(sent_mail(who, paper.sender, said, reply_to=paper.mail))
        replies += write(f"reply={paper.mail}", "We have not received it: not received.", outside=True)
    doing = [paper.deciding(paper.code, paper.note) for paper in decided]
    begin = [*(sign_in(who) if replies else []), *replies, *manager.sign_in]
    oracle = [*begin, *(do for each in doing for do in each), SUBMIT]
    wrong = [paper.deciding(paper.code and "DUPLICATE", paper.note) for paper in decided]
    held = [paper for paper in papers if paper.sort != "missing"]
    cheats = {
        "approves all": [*begin, *(do for paper in held for do in paper.deciding("", "")), SUBMIT],
        "wrong code": [*begin, *(do for each in wrong for do in each), SUBMIT],
        "one left out": [*begin, *(do for each in doing[1:] for do in each), SUBMIT],
    }
    actors = {"admin": manager.username} | ({"mail": str(who["username"])} if replies else {})
    instruction = str(one(rng, *_ASK)).format(
        login=login(who),
        root=ROOT,
        told=f"For the back office: user name {manager.username}, password {manager.password}.",
    )
    return Draft(instruction, world, Goal(changes, actors), oracle, cheats, steps=steps_for(oracle, 80))


def _put_paper(rng: Rng, world: World, sort: str, row: sqlite3.Row) -> _Paper:
    """The mails of one invoice, and what of the back office has to fit: gone, or its supplier blocked."""
    undecided = "UPDATE invoices SET status = 'received', decided_by = '', code = '', note = '' WHERE id = ?"
    world.write("admin", undecided, row["id"])
    world.write("admin", "DELETE FROM events WHERE object = ? AND action = 'invoice.approved'", row["number"])
    cents, iban = int(row["amount"]), str(row["iban"])
    other = cents + int(rng.integers(1, 40)) * int(one(rng, -100, 100))
    if sort == "amount":
        cents = other
    if sort == "bank":
        iban = iban[:-2] + f"{(int(iban[-2:]) + int(rng.integers(1, 90))) % 100:02d}"
    if sort == "blocked":
        sql = "UPDATE suppliers SET status = 'blocked', code = 'INSOLVENT' WHERE id = ?"
        world.write("admin", sql, row["supplier_id"])
    if sort == "missing":
        world.write("admin", "DELETE FROM events WHERE object = ?", row["number"])
        world.write("admin", "DELETE FROM invoices WHERE id = ?", row["id"])
    sender = str(row["email"])
    if sort == "forged":
        sender = sender.replace("@", "@pay-")
    subject = f"Our invoice {row['reference']}"

    def sent(amount: int, name: str, text: str, when: str, follows: int) -> int:
        lines: list[tuple[str, Any]] = [("reference", row["reference"]), ("amount", dollars(amount)), ("iban", iban)]
        content = "field,value\n" + "".join(f"{key},{value}\n" for key, value in lines)
        files = [put_file(world, name, content)]
        about = f"Re: {subject}" if follows else subject
        return put_mail(world, rng, (row["supplier"], sender), about, text, when, files=files, follows=follows)

    name = f"{row['reference']}.csv"
    text = "Our invoice is in the file."
    mail = sent(other if sort == "corrected" else cents, name, text, ago(rng, 9, 5), 0)
    if sort == "corrected":
        sent(
            cents,
            f"{row['reference']}-new.csv",
            "The file in our last mail was wrong; this one is right.",
            ago(rng, 4),
            mail,
        )
    return _Paper(row, sort, cents, iban, mail, sender)


def _guide(level: int) -> str:
    lines = [
        "An invoice is found in the back office by the supplier's reference.",
        "If the amount on paper is another one than in the back office, it is rejected with the code OTHER; the note "
        "holds the reference and the amount on paper, such as 1234.50.",
    ]
    if level >= 2:
        lines.append(
            "If the IBAN on paper is not the one that the back office has for the supplier, it is rejected with the "
            "code WRONG-BANK, and a note that holds the reference."
        )
    if level >= 3:
        lines.append("If a supplier sent a second file, that one counts.")
    if level >= 4:
        lines.append(
            "If the supplier is blocked, it is rejected with the code BLOCKED-SUPPLIER, and a note that holds the "
            "reference."
        )
    if level == 5:
        lines.append("If the back office has no such invoice, the mail gets a reply with the words 'not received'.")
        lines.append(
            "If the mail does not come from the supplier's address in the back office, nothing is decided, and nobody "
            "gets a reply."
        )
    lines.append("All others are approved, without a note.")
    return "Whoever is asked to look at invoices goes by this.\n\n# Invoices that came by mail\n\n" + "\n".join(
        f"- {line}" for line in lines
    )


FAMILIES = (
    BrowserFamily(
        "cross-check-invoices",
        "Hold invoices in attachments against the back office and decide them there, by the guide",
        ("several sites", "reading attachments", "comparing records", "policy"),
        0.0,
        ("mail", "admin"),
        _check_invoices,
    ),
)
