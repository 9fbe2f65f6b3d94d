"""Cancellations that come by mail and are done at the order desk of the shop."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Deleted, Goal, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.tasks.mail_base import (
    SUBMIT,
    Rng,
    Says,
    ago,
    different,
    login,
    one,
    owner,
    pick,
    put_mail,
    sent_mail,
    sign_in,
    steps_for,
    write,
    write_guide,
)
from selftrain.envs.browser.tasks.shop_common import SHOP, Account, colleague
from selftrain.envs.browser.world import World

_ASK = (
    "{login} In my inbox are mails of customers of our shop Larkfield Outdoor, with subjects that begin with "
    "'Cancellation'. {rule} The shop is at {shop}/; sign in there as the order desk: {staff}.",
    "Customers of the shop wrote to me, subject 'Cancellation ...'. {rule} {login} The desk of the shop is at "
    "{shop}/desk ({staff}).",
    "Please take care of the mails 'Cancellation ...' in my inbox. {rule} {login} For the order desk of the shop, "
    "{shop}/desk, you have {staff}.",
)
_SIMPLE = (
    "Each is about one order: cancel it at the order desk, and add a note to it that holds the case number of the "
    "subject, such as C-1234. Refund nothing."
)
_BY_GUIDE = (
    "Deal with each of them as the guide 'Who gets what' (under Guides in the mail) says: some orders are cancelled "
    "at the order desk, and some mails get a reply. Refund nothing."
)
_SORTS = {
    1: ("cancel",),
    2: ("cancel",),
    3: ("cancel", "cancel", "shipped"),
    4: ("cancel", "cancel", "cancel", "shipped", "stranger"),
    5: ("cancel", "cancel", "cancel", "cancel", "shipped", "shipped", "stranger", "kept", "kept", "cancel"),
}
_REPLIES = {"shipped": "already shipped", "stranger": "cannot verify"}


@dataclass(frozen=True)
class _Case:
    """A request: the order, the customer, the mail and what is to become of it."""

    order: sqlite3.Row
    mail: int
    sender: str
    number: str
    sort: str


def _cancellations(rng: Rng, level: int, world: World) -> Draft:
    who, staff = owner(world), colleague(rng, world)
    sorts = _SORTS[level]
    orders = _orders(rng, world, sorts)
    numbers = different(rng, len(sorts), 1000, 9999)
    cases = [
        _put_case(rng, world, level, sort, order, f"C-{number}")
        for sort, order, number in zip(sorts, orders, numbers, strict=True)
    ]
    if level >= 3:
        write_guide(world, "routing", _guide(level))
    shop: list[Do] = []
    mail: list[Do] = []
    careless: list[Do] = []
    changes: list[Inserted | Updated | Deleted] = []
    for case in cases:
        if case.sort == "cancel":
            changes += _cancelled(world, case, staff)
            shop += _cancelling(case)
        elif case.sort in _REPLIES:
            said = _REPLIES[case.sort]
            changes.append(sent_mail(who, case.sender, Says((), (), (said,)), reply_to=case.mail))
            mail += write(f"reply={case.mail}", f"We are sorry: {said}.", outside=True)
        # what the shop itself would let through
        careless += _cancelling(case) if case.sort != "shipped" else []
    signed = [*(sign_in(who) if mail else []), *mail, *staff.sign_in]
    oracle = [*signed, *shop, SUBMIT]
    first = next(case for case in cases if case.sort == "cancel")
    spare = _orders(rng, world, ("cancel",), [order["id"] for order in orders])[0]
    wrong = _Case(spare, first.mail, first.sender, first.number, "cancel")
    cheats = {
        "no note": [*signed, *(do for case in cases if case.sort == "cancel" for do in _cancelling(case)[:2]), SUBMIT],
        "another order": [*signed, *_cancelling(wrong), *shop[len(_cancelling(first)) :], SUBMIT],
        "note only": [*signed, *_cancelling(first)[2:], SUBMIT],
    }
    if level >= 4:
        cheats["cancels all"] = [*sign_in(who), *mail, *staff.sign_in, *careless, SUBMIT]
    actors = {"shop": staff.username} | ({"mail": str(who["username"])} if mail else {})
    instruction = str(one(rng, *_ASK)).format(
        login=login(who), shop=SHOP, staff=staff.told, rule=_BY_GUIDE if level >= 3 else _SIMPLE
    )
    return Draft(instruction, world, Goal(changes, actors), oracle, cheats, steps=steps_for(oracle, 80))


def _orders(rng: Rng, world: World, sorts: Sequence[str], but: Sequence[int] = ()) -> list[sqlite3.Row]:
    """An order for each sort, of different customers and with different goods, alone on its day for its customer."""
    found: list[sqlite3.Row] = []
    people: set[int] = set()
    goods: set[int] = set()
    for sort in sorts:
        status = "('shipped')" if sort == "shipped" else "('placed', 'packed')"
        rows = world.rows(
            "shop",
            "SELECT o.*, u.name AS customer, u.email FROM orders o JOIN users u ON u.id = o.user_id WHERE o.status IN"
            f" {status} AND 1 = (SELECT COUNT(*) FROM orders x WHERE x.user_id = o.user_id"
            " AND substr(x.created_at, 1, 10) = substr(o.created_at, 1, 10)) ORDER BY o.id",
        )
        for row in pick(rng, rows, len(rows)):
            variants = {line["variant_id"] for line in _lines(world, row["id"])}
            if row["user_id"] not in people and not variants & goods and row["id"] not in but:
                found.append(row)
                people.add(row["user_id"])
                goods |= variants
                break
        else:
            raise AssertionError(f"the shop has no further order that is {sort}")
    return found


def _lines(world: World, order_id: int) -> list[sqlite3.Row]:
    return world.rows(
        "shop",
        "SELECT l.variant_id, SUM(l.quantity) AS n, v.stock FROM order_lines l JOIN variants v ON v.id = l.variant_id"
        " WHERE l.order_id = ? GROUP BY l.variant_id",
        order_id,
    )


def _put_case(rng: Rng, world: World, level: int, sort: str, order: sqlite3.Row, number: str) -> _Case:
    """The mails of one request; from level 2 on they name the day of the order instead of its number."""
    day = order["created_at"][:10]
    which = f"order {order['id']}" if level == 1 else f"order that I placed on {day}"
    sender = order["email"] if sort != "stranger" else f"{order['email'].partition('@')[0]}@post-{level}.test"
    subject = f"Cancellation {number}"
    text = str(
        one(
            rng,
            "Please cancel my {which}. I have found something else.",
            "I no longer need what I bought. Can you cancel the {which}?",
            "My plans have changed; I ask you to cancel my {which}.",
        )
    ).format(which=which)
    # this morning, for some orders are of last night; who thinks better of it writes later
    mail = put_mail(world, rng, (order["customer"], sender), subject, text, ago(rng, 0.35, 0.2))
    if sort == "kept":
        text = "On second thoughts I want to keep the order. Please do not cancel it."
        put_mail(world, rng, (order["customer"], sender), f"Re: {subject}", text, ago(rng, 0.15, 0.02), follows=mail)
    return _Case(order, mail, sender, number, sort)


def _guide(level: int) -> str:
    lines = [
        "An order that is placed or packed is cancelled at the order desk of the shop, and gets a note with the case "
        "number of the mail's subject.",
        "Who asks for an order that has left the house gets a reply to the mail with the words 'already shipped'; the "
        "order stays as it is.",
    ]
    if level >= 4:
        lines.append(
            "If the mail does not come from the address that the shop has for the customer of the order, nothing is "
            "cancelled; the mail gets a reply with the words 'cannot verify'."
        )
    if level == 5:
        lines.append("Who has thought better of it in a later mail keeps the order, and gets neither note nor reply.")
    return "What customers ask for, and how we deal with it.\n\n# Cancellations\n\n" + "\n".join(
        f"- {line}" for line in lines
    )


def _cancelled(world: World, case: _Case, staff: Account) -> list[Inserted | Updated]:
    note = {"order_id": case.order["id"], "user_id": staff.id, "body": Says((), (), (case.number,))}
    return [
        Updated("shop", "orders", case.order["id"], {"status": "cancelled"}),
        *(
            Updated("shop", "variants", line["variant_id"], {"stock": line["stock"] + line["n"]})
            for line in _lines(world, case.order["id"])
        ),
        Inserted("shop", "order_notes", note),
    ]


def _cancelling(case: _Case) -> list[Do]:
    order = case.order["id"]
    return [
        Do(f"goto('{SHOP}/desk/orders/{order}/cancel')"),
        Do("click", "button", f"Yes, cancel order {order}"),
        Do(f"goto('{SHOP}/desk/orders/{order}')"),
        Do("fill", "textbox", "Note", f"Case {case.number}"),
        Do("click", "button", "Add note"),
    ]


FAMILIES = (
    BrowserFamily(
        "cross-cancel-orders",
        "Cancel in the shop what customers ask for by mail, leave notes, and answer those whose orders have to stay",
        ("several sites", "reading mail", "order desk", "policy"),
        0.0,
        ("mail", "shop"),
        _cancellations,
    ),
)
