"""What every site is: a Flask application over one SQLite database, with sessions, roles, forms and an audit table.

A site is a function from a request and the state of its database to a response: it has no other state, no threads and
no clock of its own. The connection comes with each request, in the WSGI environment. This package needs Flask and the
standard library alone, and imports nothing of ours outside of it, so that a container can serve it as well.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, abort, after_this_request, g, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException, NotFound

from .database import hashed

CONNECTION = "selftrain.connection"
JAVASCRIPT = "selftrain.javascript"
_HERE = Path(__file__).parent
_LONGEST_QUERY = 1500  # bytes; SQLite takes no longer patterns than 50,000 of them, and no more than 1,000 conditions
_View = TypeVar("_View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Site:
    """One web application.

    Attributes:
        name: the host is `<name>.test`.
        title: what its header says.
        schema: SQL of its tables; every table has an integer primary key `id`, and one is `users` with at least
            `id`, `username`, `name`, `role`, `password`.
        routes: its pages; endpoints are called `site.<function>`.
        nav: label and endpoint of the links in the header; a third part, if any, is the role that it takes.
        incidental: tables that may change on the way without anybody having wanted it, such as a cart.
        generated: columns that the site fills in, whose values no task names: "created_at" is one of any table,
            "messages.thread" of that table alone.
    """

    name: str
    title: str
    schema: str
    routes: Blueprint
    nav: Sequence[tuple[str, ...]] = ()
    incidental: frozenset[str] = frozenset()
    generated: frozenset[str] = frozenset({"id", "created_at", "updated_at"})

    def generated_in(self, table: str) -> frozenset[str]:
        """The columns of `table` that the site fills in."""
        return frozenset(
            name.rpartition(".")[2] for name in self.generated if "." not in name or name.startswith(f"{table}.")
        )


# what a page uses


def rows(sql: str, *values: Any) -> list[sqlite3.Row]:
    """All rows of a query."""
    return cast("list[sqlite3.Row]", g.db.execute(sql, values).fetchall())


def row(sql: str, *values: Any) -> sqlite3.Row | None:
    """The first row of a query, or None."""
    return cast("sqlite3.Row | None", g.db.execute(sql, values).fetchone())


def row_or_404(sql: str, *values: Any) -> sqlite3.Row:
    """The first row of a query; without one the answer is "not found"."""
    return row(sql, *values) or abort(404)


def value(sql: str, *values: Any) -> Any:
    """The first column of the first row."""
    found = row(sql, *values)
    return found[0] if found else None


def change(sql: str, *values: Any) -> int:
    """Carry out a statement that writes; returns the id of an inserted row. The request is one transaction."""
    return cast("int", g.db.execute(sql, values).lastrowid)


def now() -> str:
    """The site's clock, which stands still: "2026-03-02 09:00"."""
    return str(value("SELECT value FROM meta WHERE key = 'now'"))


def flash(message: str, kind: str = "status") -> None:
    """A message for the top of the next page; kind "status" or "alert"."""
    told = [*json.loads(g.session["flashes"]), [kind, message]]
    change("UPDATE sessions SET flashes = ? WHERE id = ?", json.dumps(told), g.session["id"])
    g.session["flashes"] = json.dumps(told)


def go(endpoint: str, **values: Any) -> Response:
    """Redirect (303) to `site.<endpoint>`."""
    return cast("Response", redirect(url_for(f"site.{endpoint}", **values), 303))


def own_address(target: str, otherwise: str) -> str:
    """`target` if it is an address of this site, which begins with one slash; browsers skip tabs between two."""
    outside = not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable()
    return otherwise if outside else target


def page(template: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """The page made of this template."""
    return render_template(template, **values), status


def needs_login(view: _View) -> _View:
    """Send who is not signed in to the login page, and back afterwards."""
    return needs_role("")(view)


def needs_role(*allowed: str) -> Callable[[_View], _View]:
    """As `needs_login`; who has none of the roles `allowed` gets "forbidden". No role or "" is any role."""

    def decorated(view: _View) -> _View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if g.user is None:
                return redirect("/login?" + urlencode({"next": request.full_path.rstrip("?")}), 303)
            if any(allowed) and g.user["role"] not in allowed:
                abort(403)
            return view(*args, **kwargs)

        return cast("_View", checked)

    return decorated


@dataclass(frozen=True)
class Pages:
    """One page of a long list: `items`, and where it stands."""

    items: Sequence[Any]
    number: int
    count: int
    total: int


def paged(sql: str, *values: Any, per_page: int = 20) -> Pages:
    """The page `?page=` of a query without LIMIT."""
    total = int(value(f"SELECT COUNT(*) FROM ({sql})", *values))
    count = max(1, -(-total // per_page))
    asked = request.args.get("page", "1")
    number = min(max(1, int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1), count)
    return Pages(rows(f"{sql} LIMIT {per_page} OFFSET {(number - 1) * per_page}", *values), number, count, total)


def download(filename: str, header: Sequence[str], lines: Iterable[Sequence[Any]]) -> Response:
    """A table as a CSV file to save."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return save_as(filename, text.getvalue().encode(), "text/csv; charset=utf-8")


def save_as(filename: str, data: bytes, content_type: str) -> Response:
    """A file to save."""
    return Response(
        data, headers={"Content-Type": content_type, "Content-Disposition": f'attachment; filename="{filename}"'}
    )


@dataclass
class Form:
    """The fields of the form that was sent, and what is wrong with them.

    A view reads fields with these methods, and shows the form again with status 422 while `errors` is not empty.
    """

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, label: str, *, least: int = 1, most: int = 200) -> str:
        """A text between `least` and `most` characters, blanks at both ends taken off."""
        given = self.values.get(name, "").strip().replace("\r\n", "\n")
        if len(given) < least:
            self.errors[name] = f"{label} is required." if least == 1 else f"{label} takes at least {least} characters."
        elif len(given) > most:
            self.errors[name] = f"{label} takes at most {most} characters."
        return given

    def number(self, name: str, label: str, least: int, most: int) -> int:
        """A whole number between two bounds."""
        given = self.values.get(name, "").strip()
        whole = int(given) if given.removeprefix("-").isdecimal() and given.isascii() and len(given) < 10 else None
        if whole is None or not least <= whole <= most:
            self.errors[name] = f"{label} must be a whole number from {least} to {most}."
            return least
        return whole

    def cents(self, name: str, label: str, least: int = 0, most: int = 10_000_000) -> int:
        """An amount of money, "12.50", in cents."""
        given = self.values.get(name, "").strip().removeprefix("$").replace(",", "")
        units, _, parts = given.partition(".")
        sound = given.isascii() and units.isdecimal() and len(units) < 10 and len(parts) <= 2
        cents = int(units) * 100 + int(parts.ljust(2, "0")) if sound and (not parts or parts.isdecimal()) else -1
        if not least <= cents <= most:
            self.errors[name] = f"{label} must be an amount such as 12.50."
            return least
        return cents

    def choice(self, name: str, label: str, allowed: Iterable[str]) -> str:
        """One of `allowed`."""
        given = self.values.get(name, "")
        if given not in set(allowed):
            self.errors[name] = f"{label}: choose one of the list."
        return given

    def number_choice(self, name: str, label: str, allowed: Iterable[str]) -> int | None:
        """One of the numbers `allowed`, or None for none of them, which is an empty field."""
        given = self.choice(name, label, ("", *allowed))
        return int(given) if given and name not in self.errors else None


def sent() -> Form:
    """The form of this request."""
    return Form(request.form.to_dict())


# the application


def make_app(site: Site) -> Flask:
    """The application of a site; one serves any number of databases, one request after another for each."""
    app = Flask(site.name, root_path=str(_HERE), static_folder="static", template_folder="templates")
    # what is broken here is a fault of ours, and no page
    app.config.update(MAX_CONTENT_LENGTH=2 << 20, SEND_FILE_MAX_AGE_DEFAULT=86_400, PROPAGATE_EXCEPTIONS=True)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.auto_reload = False
    app.register_blueprint(site.routes, name="site")
    app.before_request(_begin)
    app.teardown_request(_end)
    app.add_url_rule("/login", "login", _login, methods=["GET", "POST"])
    app.add_url_rule("/logout", "logout", _logout, methods=["POST"])
    for status in _REASONS:
        app.register_error_handler(status, _failed)
    app.register_error_handler(OverflowError, _beyond)
    app.template_filter("money")(lambda cents: f"{cents / 100:,.2f}")

    @app.context_processor
    def common() -> dict[str, Any]:
        return {
            "site": site,
            "user": g.get("user"),
            "csrf_token": (g.get("session") or {}).get("csrf", ""),
            "flashes": _taken_flashes,
            "now": now,
            "javascript": bool(request.environ.get(JAVASCRIPT)),
            "page_url": _page_url,
        }

    return app


def _page_url(number: int) -> str:
    return request.path + "?" + urlencode({**request.args.to_dict(), "page": number})


def _begin() -> None:
    if request.endpoint == "static":
        return
    g.db = request.environ[CONNECTION]
    g.db.execute("BEGIN")
    g.session = _session()
    g.user = row("SELECT * FROM users WHERE id = ?", g.session["user_id"]) if g.session["user_id"] else None
    if len(request.query_string) > _LONGEST_QUERY:
        abort(414)
    if request.method == "POST" and not hmac.compare_digest(
        request.form.get("csrf_token", "").encode(), g.session["csrf"].encode()
    ):
        abort(400, "This form has expired. Open the page again and send it from there.")


def _end(error: BaseException | None) -> None:
    if (database := g.get("db")) is not None and database.in_transaction:
        database.execute("ROLLBACK" if error else "COMMIT")


def _session() -> dict[str, Any]:
    found = row("SELECT * FROM sessions WHERE id = ?", request.cookies.get("session", ""))
    return dict(found) if found else _new_session(None)


def _new_session(user_id: int | None) -> dict[str, Any]:
    """A session whose id nobody can guess who does not know the database's secret, and that is the same in a replay."""
    secret = value("SELECT value || '/' || (SELECT COUNT(*) FROM sessions) FROM meta WHERE key = 'secret'")
    made = {
        "id": hashlib.sha256(f"id/{secret}".encode()).hexdigest()[:32],
        "user_id": user_id,
        "csrf": hashlib.sha256(f"csrf/{secret}".encode()).hexdigest()[:32],
        "flashes": "[]",
    }
    change("INSERT INTO sessions VALUES (?, ?, ?, ?)", *made.values())
    session = made["id"]

    def set_cookie(response: Response) -> Response:
        response.set_cookie("session", str(session), httponly=True, samesite="Lax")
        return response

    after_this_request(set_cookie)
    return made


def _taken_flashes() -> list[list[str]]:
    told: list[list[str]] = json.loads(g.session["flashes"]) if g.get("session") else []
    if told:
        change("UPDATE sessions SET flashes = '[]' WHERE id = ?", g.session["id"])
        g.session["flashes"] = "[]"
    return told


def _login() -> Any:
    error, target = "", request.values.get("next", "/")
    if request.method == "POST":
        name, password = request.form.get("username", "").strip(), request.form.get("password", "")
        found = row("SELECT * FROM users WHERE username = ?", name)
        if found and hmac.compare_digest(found["password"], hashed(password)):
            g.user = found
            g.session = _new_session(found["id"])
            return redirect(own_address(target, "/"), 303)
        error = "The user name or the password is wrong."
    return page("login.html", 422 if error else 200, error=error, next=target)


def _logout() -> Response:
    change("UPDATE sessions SET user_id = NULL WHERE id = ?", g.session["id"])
    return cast("Response", redirect("/", 303))


_REASONS = {
    400: "This request could not be understood.",
    403: "You may not do this.",
    404: "There is no such page.",
    405: "This page does not take that.",
    409: "Somebody else changed this in the meantime.",
    413: "That is too large.",
    414: "That is too long to search for.",
    422: "That could not be saved.",
}


def _beyond(_error: OverflowError) -> tuple[str, int]:
    """What a URL or a form asked for: a number or a day larger than any that a database or a calendar holds."""
    return _failed(NotFound())


def _failed(error: HTTPException) -> tuple[str, int]:
    status = error.code or 400
    if "db" not in g:  # of the static files, which have no session
        return _REASONS[status], status
    if (database := g.get("db")) is not None and database.in_transaction and request.method == "POST":
        database.execute("ROLLBACK")
    said = str(error.description or "")
    ours = said if status in (400, 409, 422) and said and "browser" not in said else _REASONS[status]
    return page("error.html", status, code=status, reason=ours)
