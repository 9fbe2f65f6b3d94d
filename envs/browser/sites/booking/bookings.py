"""A traveller's bookings: overview, invoices, cancelling, changing trains and seats, claims, vouchers."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from typing import Any

from flask import Response, abort, g, request

from ..base import change, download, flash, go, needs_login, now, page, paged, row, row_or_404, rows, save_as, sent
from .common import leg_or_404, own_booking, routes, today, whole
from .network import LAST_SALE, Leg, clock, free_seats, is_known_day, leg_of, open_places
from .reserve import read_seats, seat_map
from .rules import CAUSES, change_cost, refund_of, tickets_of

_STATUS = ("", "confirmed", "cancelled", "refunded")
_LIST = """
SELECT b.*, MIN(k.date) AS date, MAX(k.leg) AS legs, COUNT(DISTINCT k.passenger) AS people,
       (SELECT x.name FROM tickets f JOIN stations x ON x.id = f.origin_id WHERE f.booking_id = b.id
        ORDER BY f.leg LIMIT 1) AS origin,
       (SELECT x.name FROM tickets f JOIN stations x ON x.id = f.destination_id WHERE f.booking_id = b.id
        ORDER BY f.leg DESC LIMIT 1) AS destination
FROM bookings b JOIN tickets k ON k.booking_id = b.id
WHERE b.user_id = ? AND (? = '' OR b.status = ?) GROUP BY b.id HAVING (? = '' OR MIN(k.date) >= ?) ORDER BY {}
"""
_SORT = {"Latest trip": "date DESC, b.id", "Next trip": "date, b.id", "Price": "b.paid_cents DESC, b.id"}


@routes.route("/bookings")
@needs_login
def bookings() -> Any:
    """The user's own bookings."""
    status, since = request.args.get("status", ""), request.args.get("since", "")
    sort = request.args.get("sort", "Latest trip")
    sql = _LIST.format(_SORT.get(sort, "date DESC, b.id"))
    found = paged(sql, g.user["id"], status, status, since, since)
    shown = {"status": status, "since": since, "sort": sort}
    return page("booking/bookings.html", found=found, asked=shown, all_status=_STATUS, sorts=list(_SORT))


@routes.route("/bookings.csv")
@needs_login
def bookings_csv() -> Response:
    """The user's own bookings as a table to save."""
    header = ("code", "status", "booked", "first day", "from", "to", "passengers", "paid", "fees", "refunded")
    found = rows(_LIST.format("date, b.id"), g.user["id"], "", "", "", "")
    names = ("code", "status", "placed_on", "date", "origin", "destination", "people")
    money = ("paid_cents", "fees_cents", "refunded_cents")
    lines = [[*(each[name] for name in names), *(f"{each[name] / 100:.2f}" for name in money)] for each in found]
    return download("bookings.csv", header, lines)


def legs_of(booking: sqlite3.Row) -> list[tuple[int, list[sqlite3.Row]]]:
    """The tickets of a booking, leg by leg."""
    found = groupby(tickets_of(rows, booking["id"]), key=lambda ticket: int(ticket["leg"]))
    return [(leg, list(tickets)) for leg, tickets in found]


def _leg_or_404(booking: sqlite3.Row, number: int) -> list[sqlite3.Row]:
    return dict(legs_of(booking)).get(number) or abort(404)


def _still_to_come(booking: sqlite3.Row, tickets: list[sqlite3.Row]) -> None:
    if booking["status"] != "confirmed":
        abort(409, f"This booking is {booking['status']}: nothing about it can be changed.")
    if min(ticket["date"] for ticket in tickets) <= today():
        abort(409, "This trip has begun or is over: it can no longer be changed.")


@routes.route("/bookings/<code>")
@needs_login
def booking(code: str) -> Any:
    """One booking with its tickets."""
    found = own_booking(code)
    claims = rows("SELECT * FROM claims WHERE booking_id = ? ORDER BY id", found["id"])
    voucher = row("SELECT * FROM vouchers WHERE booking_id = ?", found["id"])
    return page(
        "booking/booking.html", booking=found, legs=legs_of(found), claims=claims, voucher=voucher, today=today()
    )


@routes.route("/bookings/<code>/invoice.txt")
@needs_login
def invoice(code: str) -> Response:
    """The invoice of a booking."""
    found = own_booking(code)
    lines = [f"INVOICE {found['code']}", f"Booked {found['placed_on']}", f"Cost centre {found['cost_centre'] or '-'}"]
    for ticket in tickets_of(rows, found["id"]):
        price = f"{ticket['price_cents'] / 100:.2f}"
        lines.append(f"{ticket['date']} {ticket['number']} {ticket['passenger']} {ticket['fare']} {price}")
    for label, column in (("Change fees", "fees_cents"), ("Paid", "paid_cents"), ("Refunded", "refunded_cents")):
        lines.append(f"{label}: {found[column] / 100:.2f}")
    return save_as(f"invoice-{found['code']}.txt", ("\n".join(lines) + "\n").encode(), "text/plain; charset=utf-8")


@routes.route("/bookings/<code>/cancel", methods=["GET", "POST"])
@needs_login
def cancel(code: str) -> Any:
    """What cancelling pays back, and doing it."""
    found = own_booking(code)
    _still_to_come(found, tickets_of(rows, found["id"]))
    refund = refund_of(rows, found, today())
    if request.method == "POST":
        change("UPDATE bookings SET status = 'cancelled', refunded_cents = ? WHERE id = ?", refund.cents, found["id"])
        flash(f"Booking {found['code']} is cancelled.")
        return go("booking", code=found["code"])
    return page("booking/cancel.html", booking=found, refund=refund)


def _alternatives(tickets: list[sqlite3.Row], date: str) -> list[Leg]:
    """Trains of the day for a leg; Saver tickets stay with their operator."""
    old = tickets[0]
    found = rows(
        "SELECT a.train_id FROM stops a JOIN stops b ON b.train_id = a.train_id AND b.seq > a.seq "
        "WHERE a.station_id = ? AND b.station_id = ? ORDER BY a.departs",
        *(old["origin_id"], old["destination_id"]),
    )
    legs = [_leg(each["train_id"], old, date) for each in found]
    stays = old["fare"] == "Saver"
    return [leg for leg in legs if leg and not (stays and leg.operator_id != old["operator_id"])]


def _leg(train: int, old: sqlite3.Row, date: str) -> Leg | None:
    same = (train, date) == (old["train_id"], old["date"])
    return None if same else leg_of(rows, train, old["origin_id"], old["destination_id"], date)


@routes.route("/bookings/<code>/change/<int:number>")
@needs_login
def change_leg(code: str, number: int) -> Any:
    """Other trains for one leg of a booking, and what moving to them costs."""
    found = own_booking(code)
    tickets = _leg_or_404(found, number)
    _still_to_come(found, tickets)
    date = request.args.get("date") or tickets[0]["date"]
    if not is_known_day(date) or not today() < date <= LAST_SALE:
        return page("booking/change.html", 422, booking=found, leg=number, tickets=tickets, date=date, offers=None)
    fare = tickets[0]["fare"]
    offers = [
        (leg, leg.price(fare), open_places(rows, leg.train_id, date, fare) >= len(tickets))
        for leg in _alternatives(tickets, date)
    ]
    return page("booking/change.html", booking=found, leg=number, tickets=tickets, date=date, offers=offers)


@routes.route("/bookings/<code>/change/<int:number>/confirm", methods=["GET", "POST"])
@needs_login
def confirm_change(code: str, number: int) -> Any:
    """The cost of moving a leg to a certain train, and doing it. The first free seats of the train are given."""
    found = own_booking(code)
    tickets = _leg_or_404(found, number)
    _still_to_come(found, tickets)
    date, train = request.values.get("date", ""), whole(request.values.get("train"), 1, 9_999_999, 0)
    if not is_known_day(date) or not today() < date <= LAST_SALE:
        abort(404)
    old = tickets[0]
    new = leg_or_404(train, old["origin_id"], old["destination_id"], date)
    if train not in {leg.train_id for leg in _alternatives(tickets, date)}:
        abort(409, "A Saver ticket cannot be moved to another operator, nor to the train that it is for.")
    if fault := _out_of_order(found, number, new, date):
        abort(409, fault)
    free = free_seats(rows, train, date, old["fare"])
    if open_places(rows, train, date, old["fare"]) < len(tickets):
        abort(409, f"{new.number} has no {len(tickets)} free seats for {old['fare']} tickets on this day.")
    cost = change_cost(rows, tickets, new, today())
    if request.method == "POST":
        for ticket, seat, price in zip(tickets, free, cost.prices, strict=False):
            change(
                "UPDATE tickets SET train_id = ?, date = ?, seat = ?, price_cents = ? WHERE id = ?",
                *(train, date, seat, price, ticket["id"]),
            )
        if cost.total or cost.fee:
            change(
                "UPDATE bookings SET paid_cents = paid_cents + ?, fees_cents = fees_cents + ? WHERE id = ?",
                *(cost.total, cost.fee, found["id"]),
            )
        flash(f"Your tickets now are for {new.number} at {clock(new.departs)} on {date}.")
        return go("booking", code=found["code"])
    return page(
        "booking/confirm_change.html", booking=found, leg=number, tickets=tickets, new=new, date=date, cost=cost
    )


def _out_of_order(found: sqlite3.Row, number: int, new: Leg, date: str) -> str:
    """Why a leg cannot be moved there without breaking the trip's order, or ""."""
    for other, tickets in legs_of(found):
        theirs = tickets[0]
        if other < number and (theirs["date"], theirs["arrives"]) > (date, new.departs):
            return "This train leaves before the one before it arrives."
        if other > number and (theirs["date"], theirs["departs"]) < (date, new.arrives):
            return "This train arrives after the next one has left."
    return ""


@routes.route("/bookings/<code>/seats/<int:number>", methods=["GET", "POST"])
@needs_login
def change_seats(code: str, number: int) -> Any:
    """Other seats on one train of a booking; costs nothing."""
    found, form = own_booking(code), sent()
    tickets = _leg_or_404(found, number)
    _still_to_come(found, tickets)
    old = tickets[0]
    train = row_or_404("SELECT * FROM trains WHERE id = ?", old["train_id"])
    if request.method == "POST":
        fields = {f"seat_{ticket['id']}": ticket for ticket in tickets}
        moved = [name for name, ticket in fields.items() if form.values.get(name, "").upper() != ticket["seat"]]
        seats = read_seats(form, old["train_id"], old["date"], old["fare"], moved)
        if not form.errors:
            for name, seat in zip(moved, seats, strict=True):
                change("UPDATE tickets SET seat = ? WHERE id = ?", seat, fields[name]["id"])
            flash("Your seats are changed." if moved else "Your seats stay as they are.")
            return go("booking", code=found["code"])
    return page(
        "booking/change_seats.html",
        422 if form.errors else 200,
        booking=found,
        leg=number,
        tickets=tickets,
        table=seat_map(train, old["date"]),
        values=form.values,
        errors=form.errors,
    )


@routes.route("/bookings/<code>/claim/<int:number>", methods=["GET", "POST"])
@needs_login
def claim(code: str, number: int) -> Any:
    """Ask for compensation for one train of a booking."""
    found, form = own_booking(code), sent()
    tickets = _leg_or_404(found, number)
    if found["status"] != "confirmed" or tickets[0]["date"] > today():
        abort(409, "Compensation can be claimed once you have travelled.")
    if row("SELECT 1 FROM claims WHERE booking_id = ? AND leg = ?", found["id"], number):
        abort(409, "You have claimed for this train already.")
    if request.method == "POST":
        minutes = form.number("minutes", "Delay in minutes", 0, 600)
        cause = form.choice("cause", "Cause", CAUSES)
        paid = sum(ticket["price_cents"] for ticket in tickets)
        amount = form.cents("amount", "Amount", 1, paid)
        if "amount" in form.errors:
            form.errors["amount"] = f"Amount must be from 0.01 to {paid / 100:.2f}, what the tickets cost."
        if not form.errors:
            change(
                "INSERT INTO claims (booking_id, leg, minutes, cause, amount_cents, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                *(found["id"], number, minutes, cause, amount, now()),
            )
            flash("Your claim is sent.")
            return go("booking", code=found["code"])
    return page(
        "booking/claim.html",
        422 if form.errors else 200,
        booking=found,
        leg=number,
        tickets=tickets,
        causes=CAUSES,
        values=form.values,
        errors=form.errors,
    )


@routes.route("/vouchers")
@needs_login
def vouchers() -> Any:
    """The user's vouchers."""
    found = rows("SELECT * FROM vouchers WHERE user_id = ? ORDER BY valid_until, id", g.user["id"])
    return page("booking/vouchers.html", vouchers=found, today=today())
