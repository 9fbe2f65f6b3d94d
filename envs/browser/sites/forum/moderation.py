"""What only moderators may do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request

from ..base import change, download, flash, go, needs_role, now, page, paged, row_or_404, rows, sent

moderation_routes = Blueprint("moderation", __name__)
OFFENCES = ("spam", "insult", "off-topic")
DECISIONS = ("upheld", "dismissed")
_REPORTS = """
SELECT reports.*, posts.body, posts.hidden, posts.thread_id, posts.author_id, threads.title,
    categories.name AS category, authors.name AS author, authors.username AS author_name, reporters.name AS reporter
FROM reports JOIN posts ON posts.id = post_id JOIN threads ON threads.id = posts.thread_id
JOIN categories ON categories.id = category_id JOIN users AS authors ON authors.id = posts.author_id
JOIN users AS reporters ON reporters.id = reporter_id
"""


@moderation_routes.get("/reports")
@needs_role("moderator")
def reports() -> Any:
    """The reports, the oldest first."""
    status, slug = request.args.get("status", "open"), request.args.get("category", "")
    where, values = ["1"], []
    if status != "all":
        where, values = ["reports.status = ?"], [status]
    if slug:
        where.append("categories.slug = ?")
        values.append(slug)
    found = paged(f"{_REPORTS} WHERE {' AND '.join(where)} ORDER BY reports.created, reports.id", *values)
    categories = rows("SELECT slug, name FROM categories ORDER BY name")
    return page(
        "forum/reports.html",
        reports=found,
        state=status,
        category=slug,
        categories=[("", "All"), *map(tuple, categories)],
    )


@moderation_routes.route("/reports/<int:number>", methods=["GET", "POST"])
@needs_role("moderator")
def decide(number: int) -> Any:
    """Decide about one report: uphold it, which hides the post and warns its author, or dismiss it."""
    found = row_or_404(f"{_REPORTS} WHERE reports.id = ?", number)
    form = sent()
    if request.method == "POST":
        if found["status"] != "open":
            abort(409, "This report is decided already.")
        decision = form.choice("decision", "Decision", DECISIONS)
        note = form.text("note", "Note", least=0, most=300)
        upheld = decision == "upheld"
        offence = form.choice("offence", "Offence", OFFENCES) if upheld else ""
        points = form.number("points", "Points", 0, 10) if upheld else 0
        if not form.errors:
            change("UPDATE reports SET status = ?, note = ? WHERE id = ?", decision, note, number)
            if upheld:
                _sanction(found, offence, points, hide="hide" in form.values)
            flash(f"Report {number} is {decision}.")
            return go("moderation.reports")
    return page("forum/decide.html", 422 if form.errors else 200, report=found, errors=form.errors, OFFENCES=OFFENCES)


def _sanction(report: Any, offence: str, points: int, *, hide: bool) -> None:
    if hide:
        change("UPDATE posts SET hidden = ? WHERE id = ?", offence, report["post_id"])
    if points:
        change(
            "INSERT INTO warnings (user_id, post_id, offence, points, created) VALUES (?, ?, ?, ?, ?)",
            report["author_id"],
            report["post_id"],
            offence,
            points,
            now(),
        )


@moderation_routes.post("/t/<int:number>/state")
@needs_role("moderator")
def set_state(number: int) -> Any:
    """Lock, unlock, pin or unpin a thread."""
    row_or_404("SELECT * FROM threads WHERE id = ?", number)
    column, _, wanted = sent().values.get("state", "").partition("=")
    if column not in ("locked", "pinned") or wanted not in ("0", "1"):
        abort(400)
    change(f"UPDATE threads SET {column} = ? WHERE id = ?", int(wanted), number)
    flash(f"The thread is {column}." if wanted == "1" else f"The thread is no longer {column}.")
    return go("thread", number=number)


@moderation_routes.post("/t/<int:number>/move")
@needs_role("moderator")
def move(number: int) -> Any:
    """Put a thread into another category."""
    row_or_404("SELECT * FROM threads WHERE id = ?", number)
    target = row_or_404("SELECT * FROM categories WHERE slug = ?", sent().values.get("category", ""))
    change("UPDATE threads SET category_id = ? WHERE id = ?", target["id"], number)
    flash(f"The thread is now in {target['name']}.")
    return go("thread", number=number)


@moderation_routes.route("/u/<username>/ban", methods=["GET", "POST"])
@needs_role("moderator")
def ban(username: str) -> Any:
    """Keep a member from posting for some days."""
    found = row_or_404("SELECT * FROM users WHERE username = ?", username)
    if found["role"] != "member":
        abort(403)
    form = sent()
    if request.method == "POST":
        days, reason = form.number("days", "Days", 1, 365), form.text("reason", "Reason", least=5, most=200)
        if not form.errors:
            change(
                "INSERT INTO bans (user_id, days, reason, created) VALUES (?, ?, ?, ?)",
                found["id"],
                days,
                reason,
                now(),
            )
            flash(f"{found['name']} is banned for {days} days.")
            return go("member", username=username)
    return page("forum/ban.html", 422 if form.errors else 200, member=found, errors=form.errors, values=form.values)


_SANCTIONS = """
SELECT warnings.*, users.name, users.username FROM warnings JOIN users ON users.id = user_id
ORDER BY warnings.created DESC, warnings.id DESC
"""


@moderation_routes.get("/sanctions")
@needs_role("moderator")
def sanctions() -> Any:
    """All warnings, the newest first."""
    return page("forum/sanctions.html", warnings=paged(_SANCTIONS, per_page=30))


@moderation_routes.get("/sanctions.csv")
@needs_role("moderator")
def sanctions_file() -> Any:
    """All warnings as a file."""
    found = rows(_SANCTIONS)
    return download(
        "sanctions.csv",
        ("member", "offence", "points", "date"),
        [(line["username"], line["offence"], line["points"], line["created"][:10]) for line in found],
    )
