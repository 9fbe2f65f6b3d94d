"""Meetings: making, changing, cancelling, and answering invitations."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, abort, g, request

from ..base import Form, change, flash, go, now, page, row, row_or_404, rows, sent, value
from .agenda import SLOTS, days_of_event, room_clash
from .common import DOMAIN, add_pages, joined, me, parted

_KINDS = {"internal": "Internal", "customer": "With customers", "interview": "Interview", "private": "Private"}
_REPEATS = {"": "Once", "weekly": "Every week", "fortnightly": "Every two weeks"}
_ANSWERS = ("accepted", "declined", "proposed")


def event(event_id: int) -> Any:
    """An event with who comes; what is private shows its details to those who take part only."""
    found = _visible(event_id)
    answers = {
        each["username"]: each
        for each in rows(
            "SELECT a.*, u.username FROM answers a JOIN users u ON u.id = a.user_id WHERE a.event_id = ?", event_id
        )
    }
    names = {each["username"]: each["name"] for each in rows("SELECT username, name FROM users")}
    people = [(name, names[name], answers.get(name)) for name in parted(found["attendees"])]
    room = row("SELECT * FROM rooms WHERE id = ?", found["room_id"])
    coming = days_of_event(found, now()[:10], "2026-12-31")[:12] if found["repeats"] else []
    username = g.user["username"]
    return page(
        "mail/event.html",
        event=found,
        people=people,
        room=room,
        coming=coming,
        organizer=names[found["organizer"]],
        mine=found["organizer"] == username,
        invited=username in parted(found["attendees"]),
        answer=answers.get(username),
        slots=SLOTS[:-1],
        repeats=_REPEATS,
        kinds=_KINDS,
    )


def _visible(event_id: int) -> Any:
    found = row_or_404("SELECT * FROM events WHERE id = ?", event_id)
    if g.user["username"] not in (found["organizer"], *parted(found["attendees"])):
        abort(403)
    return found


def _own(event_id: int) -> Any:
    found = row_or_404("SELECT * FROM events WHERE id = ?", event_id)
    if g.user["username"] != found["organizer"]:
        abort(403)
    if found["cancelled"]:
        abort(409, "This meeting was cancelled.")
    return found


def new_event() -> Any:
    """The form for a meeting, and what it saves."""
    form = sent() if request.method == "POST" else Form(request.args.to_dict())
    if request.method == "POST":
        fields = _read(form, 0)
        if not form.errors:
            names = ", ".join(fields)
            marks = ", ".join("?" * len(fields))
            made = change(
                f"INSERT INTO events (organizer, {names}) VALUES (?, {marks})", g.user["username"], *fields.values()
            )
            flash("The meeting is in the calendar, and all attendees are invited.")
            return go("event", event_id=made)
    return _form_page(form, "New meeting", "/calendar")


def edit_event(event_id: int) -> Any:
    """The form for a meeting of one's own."""
    found = _own(event_id)
    held = {"day": found["starts"][:10], "starts": found["starts"][11:], "ends": found["ends"][11:]}
    form = sent() if request.method == "POST" else Form({**dict(found), **held, "room": found["room_id"] or ""})
    if request.method == "POST":
        fields = _read(form, event_id)
        if not form.errors:
            changed = {name: given for name, given in fields.items() if found[name] != given}
            if changed:
                names = ", ".join(f"{name} = ?" for name in changed)
                change(f"UPDATE events SET {names} WHERE id = ?", *changed.values(), event_id)
            flash("The meeting is saved." if changed else "Nothing was changed.")
            return go("event", event_id=event_id)
    return _form_page(form, f"Edit {found['title']}", f"/events/{event_id}")


def _form_page(form: Form, title: str, back: str) -> tuple[str, int]:
    rooms = rows("SELECT * FROM rooms WHERE closed = 0 ORDER BY name")
    listed = [("", "No room"), *((room["id"], f"{room['name']} ({room['capacity']} seats)") for room in rooms)]
    return page(
        "mail/event_form.html",
        422 if form.errors else 200,
        form=form,
        title=title,
        back=back,
        rooms=listed,
        slots=SLOTS,
        kinds=list(_KINDS.items()),
        repeats=list(_REPEATS.items()),
    )


def _read(form: Form, event_id: int) -> dict[str, Any]:
    """The columns of an event from the form."""
    title = form.text("title", "Title", most=100)
    day = _read_day(form, "day", "Day")
    starts = form.choice("starts", "Starts", SLOTS[:-1])
    ends = form.choice("ends", "Ends", SLOTS[1:])
    if not form.errors and starts >= ends:
        form.errors["ends"] = "Ends must be after the start."
    if not form.errors and f"{day} {starts}" < now():
        form.errors["day"] = "Day and start lie in the past."
    attendees = []
    for given in parted(form.values.get("attendees", "").lower()):
        typed = given.partition("<")[2].rstrip(">") if "<" in given else given
        name = typed.removesuffix("@" + DOMAIN)
        if value("SELECT 1 FROM users WHERE username = ?", name):
            attendees.append(name)
        else:
            form.errors["attendees"] = f"Attendees: there is no colleague '{given}'. Give user names or addresses."
    room_id = _read_room(form, day, starts, ends, event_id)
    repeats = form.choice("repeats", "Repeats", _REPEATS)
    until = _read_day(form, "repeats_until", "Repeats until") if repeats else ""
    return {
        "title": title,
        "starts": f"{day} {starts}",
        "ends": f"{day} {ends}",
        "room_id": room_id,
        "attendees": joined(name for name in attendees if name != g.user["username"]),
        "kind": form.choice("kind", "Kind", _KINDS),
        "notes": form.text("notes", "Notes", least=0, most=1000),
        "repeats": repeats,
        "repeats_until": until,
    }


def _read_day(form: Form, name: str, label: str) -> str:
    given = form.values.get(name, "").strip()
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        form.errors[name] = f"{label} must be a day such as 2026-03-05."
        return ""


def _read_room(form: Form, day: str, starts: str, ends: str, event_id: int) -> int | None:
    given = form.values.get("room", "")
    if not given:
        return None
    room = row("SELECT * FROM rooms WHERE id = ? AND closed = 0", given)
    if room is None:
        form.errors["room"] = "Room: choose one of the list."
    elif not form.errors and (clash := room_clash(room["id"], day, starts, ends, event_id)):
        form.errors["room"] = f"{room['name']} is taken from {clash.starts} to {clash.ends}."
    return int(room["id"]) if room else None


def cancel_event(event_id: int) -> Any:
    """Cancel a meeting, or with `?day=` one day of a series, after a page that asks."""
    found, day = _own(event_id), request.values.get("day", "")
    if day and day not in days_of_event(found, day, day):
        abort(404)
    if request.method == "GET":
        text = f"“{found['title']}” on {day}: only this day is left out." if day else "Everybody invited is told."
        return page(
            "mail/confirm.html",
            title=f"Cancel {found['title']}?",
            text=text,
            button="Cancel this day" if day else "Cancel meeting",
            back=f"/events/{event_id}",
            day=day,
        )
    if day:
        change("UPDATE events SET skipped = ? WHERE id = ?", joined([*parted(found["skipped"]), day]), event_id)
    else:
        change("UPDATE events SET cancelled = 1 WHERE id = ?", event_id)
    flash("It is cancelled.")
    return go("event", event_id=event_id)


def answer(event_id: int) -> Any:
    """Accept, decline or propose another time; a later answer takes the place of an earlier one."""
    found, form = _visible(event_id), sent()
    if g.user["username"] not in parted(found["attendees"]):
        abort(403)
    if found["cancelled"]:
        abort(409, "This meeting was cancelled.")
    given = form.choice("answer", "Answer", _ANSWERS)
    note = form.text("note", "Note", least=0, most=300)
    proposed = ""
    if given == "proposed":
        day, start = _read_day(form, "day", "Proposed day"), form.choice("starts", "Proposed start", SLOTS[:-1])
        proposed = f"{day} {start}"
    if form.errors:
        flash(" ".join(form.errors.values()), "alert")
    elif value("SELECT 1 FROM answers WHERE event_id = ? AND user_id = ?", event_id, me()):
        change(
            "UPDATE answers SET answer = ?, note = ?, proposed = ? WHERE event_id = ? AND user_id = ?",
            given,
            note,
            proposed,
            event_id,
            me(),
        )
        flash("Your answer is changed.")
    else:
        change(
            "INSERT INTO answers (event_id, user_id, answer, note, proposed) VALUES (?, ?, ?, ?, ?)",
            event_id,
            me(),
            given,
            note,
            proposed,
        )
        flash(f"{found['organizer']} is told that you {given}.")
    return go("event", event_id=event_id)


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the site."""
    add_pages(
        blueprint,
        ("/events/new", new_event, "GET POST"),
        ("/events/<int:event_id>", event, "GET"),
        ("/events/<int:event_id>/edit", edit_event, "GET POST"),
        ("/events/<int:event_id>/cancel", cancel_event, "GET POST"),
        ("/events/<int:event_id>/answer", answer, "POST"),
    )
