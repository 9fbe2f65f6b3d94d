"""What all pages of the back office are made of: lists with filters, pages of one thing, forms, and the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, g, request

from ..base import Pages, change, download, now, page, paged, row, rows

routes = Blueprint("site", __name__)
STAFF = ("admin", "auditor", "manager", "clerk")
Cell = Any
"""A text; or a link as (text, URL)."""


@dataclass(frozen=True)
class Column:
    """A column of a list: its header, the column of the query, and how cells look.

    Attributes:
        link: URL with the row's columns in braces ("/users/{id}"), or "".
        style: "", "money" or "badge".
    """

    label: str
    key: str
    link: str = ""
    style: str = ""


@dataclass(frozen=True)
class Listing:
    """A list that can be searched, filtered, sorted and downloaded.

    Attributes:
        name: its path and the name of its CSV file.
        sql: a query whose columns the others name.
        search: columns in which the search looks.
        filters: column → label; the choices are the values that occur.
        typed: column → field of `/suggest`, for filters with too many values to choose from.
        dated: column that "From" and "To" are about, or "".
        sorts: label → ORDER BY; the first is the default.
        actions: label, URL and the roles of links above the list.
    """

    name: str
    title: str
    sql: str
    columns: Sequence[Column]
    search: Sequence[str]
    filters: Mapping[str, str]
    sorts: Mapping[str, str]
    dated: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    actions: Sequence[tuple[str, str, tuple[str, ...]]] = ()
    allowed: tuple[str, ...] = STAFF


LISTINGS: dict[str, Listing] = {}


def listed(listing: Listing) -> Listing:
    """Make a list known to the CSV download."""
    LISTINGS[listing.name] = listing
    return listing


def _query(listing: Listing) -> tuple[str, list[Any]]:
    """SQL and values of what this request filters for."""
    where, values = ["1"], []
    if asked := request.args.get("q", "").strip().casefold():
        where.append("(" + " OR ".join(f"instr(lower({name}), ?) > 0" for name in listing.search) + ")")
        values += [asked] * len(listing.search)
    for name in listing.filters:
        if chosen := request.args.get(name, "").strip():
            where.append(f"{name} = ?")
            values.append(chosen)
    for name, sign in (("from", ">="), ("to", "<=")):
        if listing.dated and (day := request.args.get(name, "")):
            where.append(f"substr({listing.dated}, 1, 10) {sign} ?")
            values.append(day)
    order = listing.sorts.get(request.args.get("sort", ""), next(iter(listing.sorts.values())))
    return f"SELECT * FROM ({listing.sql}) WHERE {' AND '.join(where)} ORDER BY {order}, id", values


def show(listing: Listing) -> tuple[str, int]:
    """The page of a list, 25 rows each."""
    sql, values = _query(listing)
    options = {
        name: [str(found[0]) for found in rows(f"SELECT DISTINCT {name} FROM ({listing.sql}) ORDER BY 1")]
        for name in listing.filters
        if name not in listing.typed
    }
    found: Pages = paged(sql, *values, per_page=25)
    return page("admin/list.html", listing=listing, found=found, options=options, asked=request.args)


def as_csv(listing: Listing) -> Response:
    """The rows of a list that this request filters for, all of them, as a file."""
    sql, values = _query(listing)
    lines = (
        [f"{item[c.key] / 100:.2f}" if c.style == "money" else item[c.key] for c in listing.columns]
        for item in rows(sql, *values)
    )
    return download(f"{listing.name}.csv", [column.label for column in listing.columns], lines)


@dataclass(frozen=True)
class Table:
    """A table on the page of one thing."""

    title: str
    header: Sequence[str]
    lines: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Entry:
    """One field of a form; kind "text", "date", "file", "area", "choice" or "tick"."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    options: Sequence[str | tuple[str, str]] = ()
    hint: str = ""
    suggest: str = ""


@dataclass(frozen=True)
class Ask:
    """A form: where it is sent, its fields and its button."""

    action: str
    button: str
    entries: Sequence[Entry] = ()
    title: str = ""
    danger: bool = False


@dataclass(frozen=True)
class Thing:
    """The page of one thing.

    Attributes:
        facts: label → cell.
        actions: links as (label, URL), for who may follow them.
        ask: a form at the end, if this user may send it.
        history: the thing's name in the log.
    """

    title: str
    facts: Mapping[str, Cell]
    status: str = ""
    tables: Sequence[Table] = ()
    actions: Sequence[tuple[str, str]] = ()
    ask: Ask | None = None
    history: str = ""
    text: Sequence[str] = field(default_factory=tuple)


def show_thing(thing: Thing, errors: Mapping[str, str] | None = None) -> tuple[str, int]:
    """The page of one thing; status 422 if its form is shown again because of `errors`."""
    events = rows("SELECT * FROM events WHERE object = ? ORDER BY at DESC, id DESC", thing.history)
    return page("admin/thing.html", 422 if errors else 200, thing=thing, events=events, errors=errors or {})


def show_form(
    title: str, ask: Ask, back: str, errors: Mapping[str, str] | None = None, text: Sequence[str] = ()
) -> tuple[str, int]:
    """A page with one form, `text` above it; status 422 if it is shown again because of `errors`."""
    return page(
        "admin/form.html", 422 if errors else 200, title=title, ask=ask, back=back, errors=errors or {}, text=text
    )


def today() -> str:
    """The date of the site's clock."""
    return now()[:10]


def record(action: str, what: str, detail: str = "") -> None:
    """Write to the log what the signed-in user did to `what`."""
    change(
        "INSERT INTO events (at, actor, action, object, detail, address) VALUES (?, ?, ?, ?, ?, '10.20.0.5')",
        now(), g.user["username"], action, what, detail,
    )  # fmt: skip


def active_user(username: str, label: str, errors: dict[str, str], name: str) -> int | None:
    """The id of the active user of this user name; else `errors` says what is wrong with field `name`."""
    found = row("SELECT id, status FROM users WHERE username = ?", username)
    if found is None or found["status"] != "active":
        errors[name] = f"{label}: there is no active user {username!r}."
        return None
    return int(found["id"])


def money(cents: int) -> str:
    """An amount as pages show it."""
    return f"{cents / 100:,.2f}"


def has_role(*allowed: str) -> bool:
    """Whether the signed-in user has one of these roles."""
    return g.user["role"] in allowed
