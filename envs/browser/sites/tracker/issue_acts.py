"""What is done to an issue besides editing it: status, closing, comments, links and watchers."""

from __future__ import annotations

from sqlite3 import Row
from typing import Any

from flask import abort, g, request

from ..base import change, flash, go, needs_login, needs_role, page, row, row_or_404, sent
from .blueprint import routes
from .issues import issue_page
from .schema import LINKS, RESOLUTIONS
from .workflow import (
    STAFF,
    TRANSITIONS,
    add_comment,
    add_link,
    is_maintainer,
    is_staff,
    issue_called,
    record,
    refusal,
    refusal_to_close,
    set_status,
)


@routes.post("/issues/<ref>/status")
@needs_role(*STAFF)
def move(ref: str) -> Any:
    """Another status for an issue."""
    found, form = issue_called(ref), sent()
    status = form.choice("status", "Status", TRANSITIONS)
    if reason := form.errors.get("status") or refusal(found, status):
        return issue_page(found, 422, errors={"status": reason})
    set_status(found, status)
    flash(f"{found['ref']} is {status} now.")
    return go("issue", ref=found["ref"])


@routes.route("/issues/<ref>/close", methods=["GET", "POST"])
@needs_role(*STAFF)
def close(ref: str) -> Any:
    """Close an issue with a resolution."""
    found, form = issue_called(ref), sent()
    if found["status"] == "closed":
        abort(409, f"{found['ref']} is closed already.")
    if request.method == "POST":
        resolution = form.values.get("resolution", "")
        if reason := refusal_to_close(found, resolution):
            form.errors["resolution"] = reason
        comment = form.text("comment", "Comment", least=0, most=2000)
        original = _original(form.values.get("original", ""), found) if resolution == "duplicate" else None
        if isinstance(original, str):
            form.errors["original"] = original
        if not form.errors:
            if original is not None and not isinstance(original, str):
                add_link(found, "duplicates", original)
            if comment:
                add_comment(found["id"], comment)
            set_status(found, "closed", resolution)
            flash(f"{found['ref']} is closed.")
            return go("issue", ref=found["ref"])
    return page(
        "tracker/close.html",
        422 if form.errors else 200,
        issue=found,
        errors=form.errors,
        typed=form.values,
        resolutions=[("", "Choose"), *RESOLUTIONS],
    )


def _original(ref: str, found: Row) -> Row | str:
    """The issue that `found` is a duplicate of, or what is wrong with the reference."""
    original = row("SELECT * FROM issues WHERE ref = ?", ref.strip().upper())
    if original is None:
        return "Name the issue that this one duplicates, such as ABC-12."
    if original["id"] == found["id"]:
        return "An issue cannot duplicate itself."
    return original


@routes.post("/issues/<ref>/comments")
@needs_login
def comment(ref: str) -> Any:
    """A new comment."""
    found, form = issue_called(ref), sent()
    body = form.text("body", "Comment", most=2000)
    if form.errors:
        return issue_page(found, 422, errors={"comment": form.errors["body"]}, typed={"comment": body})
    add_comment(found["id"], body)
    flash("Your comment was added.")
    return go("issue", ref=found["ref"])


@routes.route("/comments/<int:comment_id>/edit", methods=["GET", "POST"])
@needs_login
def edit_comment(comment_id: int) -> Any:
    """Other words for a comment."""
    found = _own_comment(comment_id)
    form = sent()
    if request.method == "POST":
        body = form.text("body", "Comment", most=2000)
        if not form.errors:
            if body != found["body"]:
                change("UPDATE comments SET body = ? WHERE id = ?", body, comment_id)
            flash("Your comment was changed.")
            return go("issue", ref=found["ref"])
    return page("tracker/edit_comment.html", 422 if form.errors else 200, comment=found, errors=form.errors)


@routes.route("/comments/<int:comment_id>/delete", methods=["GET", "POST"])
@needs_login
def delete_comment(comment_id: int) -> Any:
    """Take a comment away, once that is confirmed."""
    found = _own_comment(comment_id)
    if request.method == "POST":
        change("DELETE FROM comments WHERE id = ?", comment_id)
        record(found["issue_id"], "comment deleted")
        flash("The comment was deleted.")
        return go("issue", ref=found["ref"])
    return page("tracker/delete_comment.html", comment=found)


def _own_comment(comment_id: int) -> Row:
    found = row_or_404(
        "SELECT c.*, i.ref FROM comments c JOIN issues i ON i.id = c.issue_id WHERE c.id = ?", comment_id
    )
    if found["author_id"] != g.user["id"] and not is_maintainer():
        abort(403)
    return found


@routes.post("/issues/<ref>/links")
@needs_role(*STAFF)
def link(ref: str) -> Any:
    """A link to another issue."""
    found, form = issue_called(ref), sent()
    kind = form.choice("kind", "Kind of link", LINKS)
    other = row("SELECT * FROM issues WHERE ref = ?", form.values.get("other", "").strip().upper())
    problem = form.errors.get("kind", "")
    if other is None:
        problem = "Name an existing issue, such as ABC-12."
    elif other["id"] == found["id"]:
        problem = "An issue cannot be linked to itself."
    if problem or other is None:
        return issue_page(found, 422, errors={"other": problem}, typed=form.values)
    add_link(found, kind, other)
    flash(f"{found['ref']} {kind} {other['ref']}.")
    return go("issue", ref=found["ref"])


@routes.route("/links/<int:link_id>/remove", methods=["GET", "POST"])
@needs_role(*STAFF)
def remove_link(link_id: int) -> Any:
    """Take a link away, once that is confirmed."""
    found = row_or_404(
        "SELECT l.*, i.ref, o.ref AS other FROM links l JOIN issues i ON i.id = l.issue_id "
        "JOIN issues o ON o.id = l.other_id WHERE l.id = ?",
        link_id,
    )
    if request.method == "POST":
        change("DELETE FROM links WHERE id = ?", link_id)
        record(found["issue_id"], "link", f"{found['kind']} {found['other']}", "")
        flash("The link was removed.")
        return go("issue", ref=found["ref"])
    return page("tracker/remove_link.html", link=found)


@routes.post("/issues/<ref>/watchers")
@needs_login
def watch(ref: str) -> Any:
    """Make somebody a watcher."""
    found = issue_called(ref)
    name = sent().values.get("username", "").strip() or g.user["username"]
    user = row("SELECT * FROM users WHERE username = ? AND active", name)
    if user is None:
        return issue_page(
            found, 422, errors={"username": f"No active user is called “{name}”."}, typed={"username": name}
        )
    if user["id"] != g.user["id"] and not is_staff():
        abort(403)
    if not row("SELECT 1 FROM watchers WHERE issue_id = ? AND user_id = ?", found["id"], user["id"]):
        change("INSERT INTO watchers (issue_id, user_id) VALUES (?, ?)", found["id"], user["id"])
    flash(f"{user['username']} watches {found['ref']}.")
    return go("issue", ref=found["ref"])


@routes.post("/watchers/<int:watcher_id>/remove")
@needs_login
def unwatch(watcher_id: int) -> Any:
    """Take a watcher away."""
    found = row_or_404(
        "SELECT w.*, i.ref FROM watchers w JOIN issues i ON i.id = w.issue_id WHERE w.id = ?", watcher_id
    )
    if found["user_id"] != g.user["id"] and not is_staff():
        abort(403)
    change("DELETE FROM watchers WHERE id = ?", watcher_id)
    flash("The watcher was removed.")
    return go("issue", ref=found["ref"])
