"""Pages of roles: the desk (disruptions, stranded passengers, seat blocks) and a company's travel manager."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import abort, g, request

from ..base import change, flash, go, needs_login, needs_role, now, page, paged, row, row_or_404, rows, sent
from .common import routes, today, train_or_404, whole
from .network import SEATS, is_known_day, leg_of, open_places, taken_seats
from .rules import CAUSES, terms, tickets_of, tickets_on

REASONS = ("Notice", "Class", "Price", "Operator", "Weekend")
"""The rules of a travel policy, in the order in which they are checked."""


@routes.route("/desk")
@needs_role("staff")
def desk() -> Any:
    """Disruptions of all days, latest first."""
    kind = request.args.get("kind", "")
    found = paged(
        "SELECT d.*, t.number, (SELECT COUNT(*) FROM tickets k JOIN bookings b ON b.id = k.booking_id "
        "WHERE k.train_id = t.id AND k.date = d.date AND b.status = 'confirmed') AS stranded FROM disruptions d "
        "JOIN trains t ON t.id = d.train_id WHERE (? = '' OR d.kind = ?) ORDER BY d.date DESC, t.number",
        *(kind, kind),
    )
    return page("booking/desk.html", found=found, kind=kind)


@routes.route("/desk/rules")
@needs_role("staff")
def desk_rules() -> Any:
    """How stranded passengers are rebooked."""
    return page("booking/desk_rules.html", terms=terms(rows))


@routes.route("/desk/report", methods=["GET", "POST"])
@needs_role("staff")
def report() -> Any:
    """Record a delay or a cancelled train."""
    form = sent()
    if request.method == "POST":
        number = form.text("number", "Train", most=12).upper()
        date, kind = form.text("date", "Date"), form.choice("kind", "Kind", ("delay", "cancelled"))
        minutes = form.number("minutes", "Minutes", 0, 600)
        cause = form.choice("cause", "Cause", CAUSES)
        train = row("SELECT id FROM trains WHERE number = ?", number)
        if not train:
            form.errors.setdefault("number", f"There is no train {number}.")
        if not is_known_day(date):
            form.errors.setdefault("date", "Date must be one such as 2026-03-02.")
        if kind == "delay" and minutes == 0:
            form.errors.setdefault("minutes", "A delay has at least one minute.")
        if train and row("SELECT 1 FROM disruptions WHERE train_id = ? AND date = ?", train["id"], date):
            form.errors.setdefault("number", f"{number} has a report for this day already.")
        if train and not form.errors:
            change(
                "INSERT INTO disruptions (train_id, date, kind, minutes, cause, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                *(train["id"], date, kind, minutes, cause, now()),
            )
            flash("The report is recorded.")
            return go("desk")
    return page(
        "booking/report.html", 422 if form.errors else 200, values=form.values, errors=form.errors, causes=CAUSES
    )


def _day_or_404(date: str) -> str:
    if not is_known_day(date):
        abort(404)
    return date


@routes.route("/desk/trains/<number>/<date>")
@needs_role("staff")
def manifest(number: str, date: str) -> Any:
    """Who travels on a train on a day."""
    train = train_or_404(number)
    found = [
        (ticket, row_or_404(_OWNER, ticket["booking_id"]))
        for ticket in tickets_on(rows, train["id"], _day_or_404(date))
    ]
    stopped = row("SELECT * FROM disruptions WHERE train_id = ? AND date = ?", train["id"], date)
    blocks = rows("SELECT * FROM seat_blocks WHERE train_id = ? AND date = ? ORDER BY id", train["id"], date)
    return page("booking/manifest.html", train=train, date=date, found=found, stopped=stopped, blocks=blocks)


_OWNER = """
SELECT b.*, u.name AS owner, u.tier FROM bookings b JOIN users u ON u.id = b.user_id WHERE b.id = ?
"""


def _stranded(code: str) -> tuple[sqlite3.Row, list[sqlite3.Row]]:
    """A confirmed booking and its tickets for trains that are cancelled."""
    booking = row_or_404("SELECT * FROM bookings WHERE code = ?", code)
    tickets = [
        ticket
        for ticket in tickets_of(rows, booking["id"])
        if row(
            "SELECT 1 FROM disruptions WHERE train_id = ? AND date = ? AND kind = 'cancelled'",
            *(ticket["train_id"], ticket["date"]),
        )
    ]
    if booking["status"] != "confirmed" or not tickets:
        abort(409, "Nobody of this booking is stranded.")
    return booking, tickets


def _offers(tickets: list[sqlite3.Row]) -> list[tuple[Any, int]]:
    old = tickets[0]
    trains = rows(
        "SELECT a.train_id FROM stops a JOIN stops b ON b.train_id = a.train_id AND b.seq > a.seq "
        "WHERE a.station_id = ? AND b.station_id = ? ORDER BY b.arrives, a.train_id",
        *(old["origin_id"], old["destination_id"]),
    )
    legs = [leg_of(rows, each["train_id"], old["origin_id"], old["destination_id"], old["date"]) for each in trains]
    return [(leg, open_places(rows, leg.train_id, old["date"], old["fare"])) for leg in legs if leg]


@routes.route("/desk/rebook/<code>", methods=["GET", "POST"])
@needs_role("staff")
def rebook(code: str) -> Any:
    """Move stranded passengers to another train of the day; they get their seats at the gate."""
    booking, tickets = _stranded(code)
    offers = _offers(tickets)
    if request.method == "POST":
        train = whole(request.form.get("train"), 1, 9_999_999, 0)
        offer = next(((leg, places) for leg, places in offers if leg.train_id == train), None)
        if offer is None:
            abort(409, "This train does not take them there on that day.")
        if offer[1] < len(tickets):
            abort(409, f"{offer[0].number} has {offer[1]} places left and the booking needs {len(tickets)}.")
        for ticket in tickets:
            change("UPDATE tickets SET train_id = ?, seat = '' WHERE id = ?", train, ticket["id"])
        flash(f"Booking {booking['code']} is moved to {offer[0].number}.")
        return go("manifest", number=tickets[0]["number"].replace(" ", "-").lower(), date=tickets[0]["date"])
    owner = row_or_404(_OWNER, booking["id"])
    return page("booking/rebook.html", booking=owner, tickets=tickets, offers=offers)


@routes.route("/desk/refund/<code>", methods=["GET", "POST"])
@needs_role("staff")
def refund(code: str) -> Any:
    """Pay stranded passengers everything back."""
    booking, tickets = _stranded(code)
    if request.method == "POST":
        change("UPDATE bookings SET status = 'refunded', refunded_cents = paid_cents WHERE id = ?", booking["id"])
        flash(f"Booking {booking['code']} is refunded in full.")
        return go("manifest", number=tickets[0]["number"].replace(" ", "-").lower(), date=tickets[0]["date"])
    return page("booking/refund.html", booking=booking, tickets=tickets)


@routes.route("/desk/trains/<number>/<date>/seats", methods=["GET", "POST"])
@needs_role("staff")
def block_seat(number: str, date: str) -> Any:
    """Take a free seat of a train out of sale."""
    train, form = train_or_404(number), sent()
    _day_or_404(date)
    if request.method == "POST":
        seat = form.text("seat", "Seat", most=3).upper()
        reason = form.text("reason", "Reason", least=4, most=60)
        if "seat" not in form.errors and seat not in SEATS:
            form.errors["seat"] = f"There is no seat {seat}."
        elif "seat" not in form.errors and seat in taken_seats(rows, train["id"], date):
            form.errors["seat"] = f"Seat {seat} is taken or blocked."
        if not form.errors:
            change(
                "INSERT INTO seat_blocks (train_id, date, seat, reason) VALUES (?, ?, ?, ?)",
                *(train["id"], date, seat, reason),
            )
            flash(f"Seat {seat} is blocked.")
            return go("manifest", number=number, date=date)
    free = [seat for seat in SEATS if seat not in taken_seats(rows, train["id"], date)]
    return page(
        "booking/block_seat.html",
        422 if form.errors else 200,
        train=train,
        date=date,
        free=free,
        values=form.values,
        errors=form.errors,
    )


# a company's trips


@routes.route("/company/policy")
@needs_login
def policy() -> Any:
    """The travel policy of the user's company."""
    found = row_or_404(
        "SELECT p.*, o.name AS barred FROM policies p JOIN operators o ON o.id = p.barred_operator_id "
        "WHERE p.company = ?",
        g.user["company"],
    )
    return page("booking/policy.html", policy=found)


_REQUESTS = """
SELECT r.*, t.number, o.name AS operator, x.name AS origin, y.name AS destination, a.departs, b.arrives
FROM trip_requests r JOIN trains t ON t.id = r.train_id JOIN lines l ON l.id = t.line_id
JOIN operators o ON o.id = l.operator_id JOIN stations x ON x.id = r.origin_id
JOIN stations y ON y.id = r.destination_id JOIN stops a ON a.train_id = t.id AND a.station_id = r.origin_id
JOIN stops b ON b.train_id = t.id AND b.station_id = r.destination_id
"""


@routes.route("/company/requests")
@needs_role("manager")
def trip_requests() -> Any:
    """Trips that employees want to make."""
    status, name = request.args.get("status", ""), request.args.get("employee", "").strip()
    found = paged(
        f"{_REQUESTS} WHERE r.company = ? AND (? = '' OR r.status = ?) AND instr(lower(r.employee), lower(?)) "
        "ORDER BY r.requested_on DESC, r.id",
        *(g.user["company"], status, status, name),
    )
    return page("booking/requests.html", found=found, state=status, employee=name)


@routes.route("/company/requests/<int:number>", methods=["GET", "POST"])
@needs_role("manager")
def trip_request(number: int) -> Any:
    """One request: approve it, or reject it for the rule that it breaks."""
    found = row_or_404(f"{_REQUESTS} WHERE r.id = ? AND r.company = ?", number, g.user["company"])
    form = sent()
    if request.method == "POST":
        if found["status"] != "pending":
            abort(409, f"This request is {found['status']} already.")
        decision = form.choice("decision", "Decision", ("approved", "rejected"))
        reason = form.values.get("reason", "")
        if decision == "rejected":
            form.choice("reason", "Rule that it breaks", REASONS)
        elif reason:
            form.errors["reason"] = "A request that is approved breaks no rule: leave this empty."
        if not form.errors:
            change("UPDATE trip_requests SET status = ?, reason = ? WHERE id = ?", decision, reason, number)
            flash(f"Request {number} is {decision}.")
            return go("trip_requests", status="pending")
    return page(
        "booking/request.html",
        422 if form.errors else 200,
        found=found,
        reasons=REASONS,
        today=today(),
        values=form.values,
        errors=form.errors,
    )
