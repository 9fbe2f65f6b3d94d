"""Booking a connection: passengers, seats, payment. What is not paid yet is a draft, one for each user."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from flask import abort, g, request

from ..base import Form, change, flash, go, needs_login, page, row, row_or_404, rows, sent
from .common import connection_or_404, routes, today
from .network import (
    FARES,
    FIRST_ROWS,
    KINDS,
    LAST_SALE,
    ROWS,
    SEATS,
    TABLE_ROWS,
    Connection,
    code_of,
    free_seats,
    open_places,
    taken_seats,
    zone,
)


def _draft() -> dict[str, Any]:
    found = row("SELECT data FROM drafts WHERE user_id = ?", g.user["id"])
    if found is None:
        abort(409, "There is no trip to book. Choose a connection first.")
    return dict(json.loads(found["data"]))


def _keep(draft: dict[str, Any]) -> None:
    change("DELETE FROM drafts WHERE user_id = ?", g.user["id"])
    change("INSERT INTO drafts (user_id, data) VALUES (?, ?)", g.user["id"], json.dumps(draft))


def _connection(draft: dict[str, Any]) -> Connection:
    return connection_or_404(draft["legs"], draft["date"])


@routes.route("/book", methods=["POST"])
@needs_login
def book() -> Any:
    """Take a connection and a fare into the draft."""
    form = sent()
    fare = form.choice("fare", "Fare", FARES)
    kinds = form.values.get("kinds", "").split(",")
    found = connection_or_404(form.values.get("legs", ""), form.values.get("date", ""))
    if form.errors or not 1 <= len(kinds) <= 6 or not set(kinds) <= set(KINDS) or found.date > LAST_SALE:
        abort(400)
    if found.date < today():
        abort(409, "This connection has left.")
    if any(open_places(rows, leg.train_id, found.date, fare) < len(kinds) for leg in found.legs):
        abort(409, f"{fare} is sold out on this connection.")
    _keep({"legs": found.key, "date": found.date, "fare": fare, "kinds": kinds})
    return go("passengers")


@routes.route("/book/passengers", methods=["GET", "POST"])
@needs_login
def passengers() -> Any:
    """Names, bags and assistance of all passengers."""
    draft, form = _draft(), sent()
    if request.method == "POST":
        people = [
            {
                "name": form.text(f"name_{i}", "Name", least=3, most=60),
                "kind": kind,
                "bags": form.number(f"bags_{i}", "Extra bags", 0, 2),
                "assistance": int(form.values.get(f"assistance_{i}") == "1"),
            }
            for i, kind in enumerate(draft["kinds"], 1)
        ]
        email = form.text("email", "Contact e-mail", most=80)
        if "email" not in form.errors and ("@" not in email[1:-1] or " " in email):
            form.errors["email"] = "Contact e-mail must be an address such as ana@example.test."
        if len({person["name"].casefold() for person in people}) < len(people) and not form.errors:
            form.errors["name_1"] = "Two passengers have the same name."
        if not form.errors:
            _keep({**draft, "passengers": people, "email": email})
            return go("choose_seats")
    values = form.values or {"email": g.user["email"]}
    return page(
        "booking/passengers.html",
        422 if form.errors else 200,
        found=_connection(draft),
        draft=draft,
        values=values,
        errors=form.errors,
    )


def seat_map(train: sqlite3.Row, date: str) -> list[list[str]]:
    """A train's seats as rows of a table: the number of the row, A to D, and what is special about the row."""
    taken = taken_seats(rows, train["id"], date)
    table = []
    for number in range(1, ROWS + 1):
        seats = [f"{number}{letter}" for letter in "ABCD"]
        cells = ["" if seat not in SEATS else "taken" if seat in taken else seat for seat in seats]
        notes = ["First"] if number <= FIRST_ROWS else ["Saver and Flex"]
        notes += ["quiet"] if number >= train["quiet_row"] else []
        notes += ["table"] if number in TABLE_ROWS else []
        table.append([str(number), *cells, ", ".join(notes)])
    return table


def seat_maps(found: Connection) -> list[tuple[Any, list[list[str]]]]:
    """Each leg of a connection with its seats."""
    trains = [row_or_404("SELECT * FROM trains WHERE id = ?", leg.train_id) for leg in found.legs]
    return [(leg, seat_map(train, found.date)) for leg, train in zip(found.legs, trains, strict=True)]


def read_seats(form: Form, train: int, date: str, fare: str, names: list[str]) -> list[str]:
    """The seats of the fields `names`, all different, free and of the fare's zone; faults go to the form's errors."""
    free, chosen = free_seats(rows, train, date, fare), list[str]()
    for name in names:
        seat = form.values.get(name, "").strip().upper()
        if seat not in zone(fare):
            form.errors[name] = f"Give a seat for a {fare} ticket, such as {zone(fare)[-1]}."
        elif seat not in free:
            form.errors[name] = f"Seat {seat} is taken."
        elif seat in chosen:
            form.errors[name] = f"Seat {seat} is given twice."
        chosen.append(seat)
    return chosen


@routes.route("/book/seats", methods=["GET", "POST"])
@needs_login
def choose_seats() -> Any:
    """A seat for every passenger on every train."""
    draft, form = _draft(), sent()
    if "passengers" not in draft:
        return go("passengers")
    found, people = _connection(draft), draft["passengers"]
    names = [[f"seat_{leg}_{i}" for i in range(1, len(people) + 1)] for leg in range(1, len(found.legs) + 1)]
    if request.method == "POST":
        seats = [
            read_seats(form, leg.train_id, found.date, draft["fare"], fields)
            for leg, fields in zip(found.legs, names, strict=True)
        ]
        if not form.errors:
            _keep({**draft, "seats": seats})
            return go("review")
    return page(
        "booking/seats.html",
        422 if form.errors else 200,
        maps=seat_maps(found),
        draft=draft,
        values=form.values,
        errors=form.errors,
    )


def _voucher(form: Form, fare: str, total: int) -> sqlite3.Row | None:
    code = form.values.get("voucher", "").strip().upper()
    if not code:
        return None
    found = row("SELECT * FROM vouchers WHERE code = ? AND user_id = ?", code, g.user["id"])
    if found is None:
        form.errors["voucher"] = f"You have no voucher {code}."
    elif found["booking_id"]:
        form.errors["voucher"] = f"Voucher {code} has been used."
    elif found["valid_until"] < today():
        form.errors["voucher"] = f"Voucher {code} was valid until {found['valid_until']}."
    elif total < found["min_cents"]:
        form.errors["voucher"] = f"Voucher {code} takes a trip of at least {found['min_cents'] / 100:.2f}."
    elif found["fare"] not in {"", fare}:
        form.errors["voucher"] = f"Voucher {code} is for {found['fare']} tickets."
    return found


@routes.route("/book/review", methods=["GET", "POST"])
@needs_login
def review() -> Any:
    """The whole trip once more, vouchers and payment."""
    draft, form = _draft(), sent()
    if "seats" not in draft:
        return go("choose_seats")
    found = _connection(draft)
    total = sum(
        leg.price(draft["fare"], person["kind"], person["bags"]) for leg in found.legs for person in draft["passengers"]
    )
    if request.method == "POST":
        centre = form.text("cost_centre", "Cost centre", least=1 if g.user["company"] else 0, most=20)
        voucher = _voucher(form, draft["fare"], total)
        form.choice("accept", "Fare rules", {"1"})
        for leg, seats in zip(found.legs, draft["seats"], strict=True):
            if not set(seats) <= set(free_seats(rows, leg.train_id, found.date, draft["fare"])):
                abort(409, "A seat of this trip has been taken in the meantime. Choose seats again.")
        if not form.errors:
            booking = _pay(draft, found, total, centre, voucher)
            flash("Your trip is booked.")
            return go("booking", code=code_of(booking))
    return page(
        "booking/review.html",
        422 if form.errors else 200,
        found=found,
        draft=draft,
        total=total,
        values=form.values,
        errors=form.errors,
    )


def _pay(draft: dict[str, Any], found: Connection, total: int, centre: str, voucher: sqlite3.Row | None) -> int:
    paid = max(0, total - voucher["amount_cents"]) if voucher else total
    booking = 1 + int(rows("SELECT MAX(id) AS last FROM bookings")[0]["last"] or 0)
    change(
        "INSERT INTO bookings (id, code, user_id, placed_on, email, cost_centre, paid_cents) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(booking, code_of(booking), g.user["id"], today(), draft["email"], centre, paid),
    )
    for number, (leg, seats) in enumerate(zip(found.legs, draft["seats"], strict=True), 1):
        for person, seat in zip(draft["passengers"], seats, strict=True):
            price = leg.price(draft["fare"], person["kind"], person["bags"])
            ticket = (person["name"], person["kind"], person["bags"], person["assistance"], leg.train_id, found.date)
            change(
                "INSERT INTO tickets (booking_id, leg, passenger, kind, bags, assistance, train_id, date, origin_id, "
                "destination_id, fare, seat, price_cents) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(booking, number, *ticket, leg.origin_id, leg.destination_id, draft["fare"], seat, price),
            )
    if voucher:
        change("UPDATE vouchers SET booking_id = ? WHERE id = ?", booking, voucher["id"])
    change("DELETE FROM drafts WHERE user_id = ?", g.user["id"])
    return booking
