"""What refunds, changes and delays come to, by the operators' fare rules and the terms of this site."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .network import Ask, Leg

BANDS = (14, 7, 2, 0)
"""Days before departure from which each band of the fare rules holds."""
CAUSES = ("Signal failure", "Train fault", "Staff shortage", "Severe weather", "Police operation", "Track works")


@dataclass(frozen=True)
class Refund:
    """What the cancellation of a booking pays back: cents and why, and the cents that were paid."""

    cents: int
    paid: int
    lines: tuple[tuple[str, int, int], ...]
    why: str

    @property
    def fee(self) -> int:
        return self.paid - self.cents


@dataclass(frozen=True)
class ChangeCost:
    """What moving one leg of a booking costs, in cents: the fee, what the new tickets cost more, and their prices."""

    fee: int
    difference: int
    prices: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.fee + self.difference


def terms(ask: Ask) -> dict[str, str]:
    """All terms by name."""
    return {row["name"]: row["value"] for row in ask("SELECT name, value FROM terms")}


def days_between(first: str, last: str) -> int:
    """Days from `first` to `last`."""
    return (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days


def fare_rule(ask: Ask, operator: int, fare: str, days: int) -> sqlite3.Row:
    """The fare rule that holds `days` before departure."""
    return ask(
        "SELECT * FROM fare_rules WHERE operator_id = ? AND fare = ? AND min_days <= ? ORDER BY min_days DESC LIMIT 1",
        *(operator, fare, max(days, 0)),
    )[0]


_TICKETS = """
SELECT k.*, t.number, o.id AS operator_id, o.name AS operator, x.name AS origin, y.name AS destination,
       a.departs, b.arrives
FROM tickets k JOIN trains t ON t.id = k.train_id JOIN lines l ON l.id = t.line_id
JOIN operators o ON o.id = l.operator_id JOIN stations x ON x.id = k.origin_id
JOIN stations y ON y.id = k.destination_id
JOIN stops a ON a.train_id = t.id AND a.station_id = k.origin_id
JOIN stops b ON b.train_id = t.id AND b.station_id = k.destination_id
WHERE {} ORDER BY k.leg, k.id
"""


def tickets_of(ask: Ask, booking: int) -> list[sqlite3.Row]:
    """The tickets of a booking with their trains, by leg."""
    return ask(_TICKETS.format("k.booking_id = ?"), booking)


def tickets_on(ask: Ask, train: int, date: str) -> list[sqlite3.Row]:
    """All tickets for a train on a day."""
    return ask(_TICKETS.format("k.train_id = ? AND k.date = ?"), train, date)


def refund_of(ask: Ask, booking: sqlite3.Row, today: str) -> Refund:
    """What cancelling a booking pays back today; at most what was paid, fees of earlier changes left out."""
    tickets, said = tickets_of(ask, booking["id"]), terms(ask)
    paid = booking["paid_cents"]
    first = min(ticket["date"] for ticket in tickets)
    fresh = days_between(booking["placed_on"], today) <= int(said["grace_days"])
    if fresh and days_between(today, first) >= int(said["grace_notice"]):
        return Refund(paid, paid, (), "The booking is fresh: it is refunded in full.")
    lines, back = [], 0
    for ticket in tickets:
        rule = fare_rule(ask, ticket["operator_id"], ticket["fare"], days_between(today, ticket["date"]))
        part = ticket["price_cents"] * rule["refund_percent"] // 100
        lines.append((f"{ticket['passenger']}, {ticket['number']}, {ticket['fare']}", rule["refund_percent"], part))
        back += part
    return Refund(min(back, paid), paid, tuple(lines), "Refunded by the fare rules of each train.")


def change_cost(ask: Ask, tickets: Sequence[sqlite3.Row], new: Leg, today: str) -> ChangeCost:
    """What it costs to move the tickets of one leg to another ride.

    The fee is for each ticket. What the new ride costs more is paid; what it costs less is kept, unless the terms say
    that this fare gets it back.
    """
    fare = tickets[0]["fare"]
    rule = fare_rule(ask, tickets[0]["operator_id"], fare, days_between(today, tickets[0]["date"]))
    prices = tuple(new.price(fare, ticket["kind"], ticket["bags"]) for ticket in tickets)
    difference = sum(prices) - sum(ticket["price_cents"] for ticket in tickets)
    if fare not in terms(ask)["change_credit"].split(", "):
        difference = max(0, difference)
    return ChangeCost(rule["change_cents"] * len(tickets), difference, prices)


def compensation(ask: Ask, price_cents: int, kind: str, minutes: int, cause: str, days_ago: int) -> int:
    """Cents that a claim for one train may ask for, 0 if none; `price_cents` of all tickets of the booking for it."""
    said = {name: value for name, value in terms(ask).items() if name.startswith("comp_")}
    if cause == said["comp_excluded"] or days_ago > int(said["comp_claim_days"]):
        return 0
    if kind == "cancelled":
        percent = int(said["comp_cancelled_percent"])
    elif minutes >= int(said["comp_second"]):
        percent = int(said["comp_second_percent"])
    else:
        percent = int(said["comp_first_percent"]) if minutes >= int(said["comp_first"]) else 0
    cents = price_cents * percent // 100
    return cents if cents >= int(said["comp_least_cents"]) else 0


def broken_rule(policy: sqlite3.Row, leg: Leg, date: str, trip: Mapping[str, str], fare: str, price_cents: int) -> str:
    """The first rule of a travel policy that a trip breaks, or "".

    Args:
        policy: of the company.
        leg, date: the ride.
        trip: "grade" and "purpose" of the traveller, and "requested_on".
        fare, price_cents: of one adult's ticket.
    """
    long = leg.minutes >= policy["long_minutes"]
    if days_between(trip["requested_on"], date) < policy["notice_days"] and trip["purpose"] != policy["notice_exempt"]:
        return "Notice"
    if fare == "First" and leg.minutes < policy["first_minutes"] and trip["grade"] != policy["first_grade"]:
        return "Class"
    if price_cents > policy["long_cap_cents" if long else "cap_cents"]:
        return "Price"
    if leg.operator_id == policy["barred_operator_id"]:
        return "Operator"
    weekend = dt.date.fromisoformat(date).isoweekday() > 5
    return "Weekend" if weekend and trip["purpose"] != policy["weekend_purpose"] else ""
