"""Folders, search, conversations, files, labels, and what can be done with messages that are ticked."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, render_template, request

from ..base import change, flash, go, own_address, page, paged, row_or_404, rows, save_as, sent, value
from .common import FOLDERS, add_pages, is_number, me
from .search import OPERATORS, QueryError, condition

_SORTS = {
    "newest": ("Newest first", "m.sent_at DESC, m.id DESC"),
    "oldest": ("Oldest first", "m.sent_at, m.id"),
    "sender": ("Sender", "m.sender_name COLLATE NOCASE, m.sent_at DESC, m.id"),
    "subject": ("Subject", "m.subject COLLATE NOCASE, m.sent_at DESC, m.id"),
}
_MOVES = {"archive": "archive", "spam": "spam", "trash": "trash", "inbox": "inbox"}
_PER_PAGE = 25


def start() -> Response:
    """Go to the inbox."""
    return go("folder", name="inbox")


def folder(name: str) -> Any:
    """One folder; "all" is every folder but spam and trash."""
    if name not in FOLDERS and name != "all":
        abort(404)
    title = FOLDERS.get(name, "All mail")
    where = "m.folder NOT IN ('spam', 'trash')" if name == "all" else f"m.folder = '{name}'"
    return _listed(title, where, [], name)


def label(label_id: int) -> Any:
    """What carries a label, in whatever folder."""
    found = row_or_404("SELECT * FROM labels WHERE id = ? AND owner_id = ?", label_id, me())
    where = "EXISTS (SELECT 1 FROM message_labels x WHERE x.message_id = m.id AND x.label_id = ?)"
    return _listed(f"Label {found['name']}", where, [label_id], "label")


def search() -> Any:
    """All mail that a query fits; spam and trash only when it names them."""
    query = request.args.get("q", "").strip()
    hidden = "1" if "in:" in query.lower() else "m.folder NOT IN ('spam', 'trash')"
    return _listed("Search", hidden, [], "search", query)


def _listed(title: str, where: str, values: list[Any], name: str, query: str = "") -> tuple[str, int]:
    error, sort = "", request.args.get("sort", "newest")
    try:
        asked, given = condition(query)
    except QueryError as wrong:
        error, asked, given = str(wrong), "0", []
    found = paged(
        "SELECT m.*, EXISTS (SELECT 1 FROM opened o WHERE o.message_id = m.id) AS is_read, (SELECT group_concat("
        "l.name, ', ') FROM message_labels x JOIN labels l ON l.id = x.label_id WHERE x.message_id = m.id) AS labels"
        f" FROM messages m WHERE m.owner_id = ? AND ({where}) AND ({asked})"
        f" ORDER BY {_SORTS.get(sort, _SORTS['newest'])[1]}",
        me(),
        *values,
        *given,
        per_page=_PER_PAGE,
    )
    return page(
        "mail/list.html",
        422 if error else 200,
        title=title,
        folder=name,
        found=found,
        query=query,
        error=error,
        operators=OPERATORS,
        sort=sort,
        sorts=[(key, label) for key, (label, _) in _SORTS.items()],
        **sidebar(),
    )


def sidebar() -> dict[str, Any]:
    """Folders with numbers of unread messages, and the labels."""
    unread = rows(
        "SELECT folder, COUNT(*) AS n FROM messages m WHERE owner_id = ? AND NOT EXISTS"
        " (SELECT 1 FROM opened o WHERE o.message_id = m.id) GROUP BY folder",
        me(),
    )
    counts = {found["folder"]: found["n"] for found in unread}
    return {
        "folders": [(key, label, counts.get(key, 0)) for key, label in FOLDERS.items()],
        "labels": rows("SELECT * FROM labels WHERE owner_id = ? ORDER BY name", me()),
    }


def own_message(message_id: int) -> Any:
    """A message of who asks; somebody else's is "not found"."""
    return row_or_404("SELECT * FROM messages WHERE id = ? AND owner_id = ?", message_id, me())


def files_of(message: Any) -> list[Any]:
    """The files that a message carries, in their order."""
    return [
        row_or_404("SELECT * FROM files WHERE digest = ?", digest) for digest in message["files"].split(",") if digest
    ]


def message(message_id: int) -> Any:
    """A conversation, opened at one of its messages."""
    found = own_message(message_id)
    thread = rows(
        "SELECT * FROM messages WHERE owner_id = ? AND thread = ? AND (folder <> 'trash' OR id = ?)"
        " ORDER BY sent_at, id",
        me(),
        found["thread"],
        message_id,
    )
    for each in thread:
        change("INSERT OR IGNORE INTO opened (message_id) VALUES (?)", each["id"])
    forwarded = {
        each["id"]: row_or_404("SELECT * FROM messages WHERE id = ?", each["forward_of"])
        for each in thread
        if each["forward_of"] and value("SELECT 1 FROM messages WHERE id = ?", each["forward_of"])
    }
    worn = rows(
        "SELECT l.* FROM labels l JOIN message_labels x ON x.label_id = l.id WHERE x.message_id = ?", found["id"]
    )
    return page(
        "mail/message.html",
        message=found,
        thread=[(each, files_of(each)) for each in thread],
        forwarded=forwarded,
        worn=worn,
        **sidebar(),
    )


def _file(message_id: int, digest: str) -> Any:
    found = own_message(message_id)
    if digest not in found["files"].split(","):
        abort(404)
    return row_or_404("SELECT * FROM files WHERE digest = ?", digest)


def file(message_id: int, digest: str) -> Response:
    """A file to save."""
    found = _file(message_id, digest)
    kind = "text/csv" if found["name"].endswith(".csv") else "text/plain"
    return save_as(found["name"], found["content"].encode(), f"{kind}; charset=utf-8")


def file_view(message_id: int, digest: str) -> Any:
    """A file as a page, so that nobody has to download it."""
    found = _file(message_id, digest)
    lines = found["content"].rstrip("\n").split("\n")
    table = [line.split(",") for line in lines] if found["name"].endswith(".csv") else []
    return page("mail/file.html", file=found, message_id=message_id, table=table)


def act() -> Any:
    """Do with the ticked messages what the button says."""
    ids = [int(given) for given in request.form.getlist("message") if is_number(given)]
    doing, back = request.form.get("do", ""), request.form.get("back", "")
    back = own_address(back, "/mail/inbox")
    messages = [own_message(message_id) for message_id in ids]
    target = request.form.get("label", "")
    if not messages:
        flash("Tick messages first.", "alert")
    elif doing in ("label", "unlabel") and not value(
        "SELECT 1 FROM labels WHERE id = ? AND owner_id = ?", target, me()
    ):
        flash("Choose a label first.", "alert")
    elif doing in (*_MOVES, "star", "unstar", "read", "unread", "label", "unlabel"):
        for found in messages:
            _do(doing, found, target)
        flash(f"{len(messages)} message{'s' * (len(messages) > 1)}: done ({doing}).")
    else:
        abort(400, "There is no such action.")
    return Response(status=303, headers={"Location": back})


def _do(doing: str, found: Any, target: str) -> None:
    if doing in _MOVES:
        if found["folder"] != _MOVES[doing]:
            change("UPDATE messages SET folder = ? WHERE id = ?", _MOVES[doing], found["id"])
    elif doing in ("star", "unstar"):
        if found["starred"] != (doing == "star"):
            change("UPDATE messages SET starred = ? WHERE id = ?", int(doing == "star"), found["id"])
    elif doing == "read":
        change("INSERT OR IGNORE INTO opened (message_id) VALUES (?)", found["id"])
    elif doing == "unread":
        change("DELETE FROM opened WHERE message_id = ?", found["id"])
    elif doing == "label":
        change("INSERT OR IGNORE INTO message_labels (message_id, label_id) VALUES (?, ?)", found["id"], target)
    else:
        change("DELETE FROM message_labels WHERE message_id = ? AND label_id = ?", found["id"], target)


def erase(message_id: int) -> Any:
    """Delete for good what lies in the trash, after a page that asks."""
    found = own_message(message_id)
    if found["folder"] != "trash":
        abort(409, "Only what is in the trash can be deleted for good. Move it there first.")
    if request.method == "GET":
        return page(
            "mail/confirm.html",
            title="Delete for good?",
            text=f"“{found['subject']}” from {found['sender_name']} cannot be brought back.",
            button="Delete for good",
            back=f"/messages/{message_id}",
        )
    change("DELETE FROM messages WHERE id = ?", message_id)
    flash("The message is gone.")
    return go("folder", name="trash")


def labels() -> Any:
    """Own labels: their names and how much carries them; a new one."""
    form = sent()
    if request.method == "POST":
        name = form.text("name", "Name", most=30)
        if value("SELECT 1 FROM labels WHERE owner_id = ? AND name = ? COLLATE NOCASE", me(), name):
            form.errors["name"] = "You have that label already."
        if not form.errors:
            change("INSERT INTO labels (owner_id, name) VALUES (?, ?)", me(), name)
            flash(f"The label {name} is made.")
            return go("labels")
    counted = rows(
        "SELECT l.*, (SELECT COUNT(*) FROM message_labels x WHERE x.label_id = l.id) AS n FROM labels l"
        " WHERE owner_id = ? ORDER BY name",
        me(),
    )
    return render_template("mail/labels.html", counted=counted, form=form), 422 if form.errors else 200


def delete_label(label_id: int) -> Any:
    """Delete a label, after a page that asks."""
    found = row_or_404("SELECT * FROM labels WHERE id = ? AND owner_id = ?", label_id, me())
    worn = value("SELECT COUNT(*) FROM message_labels WHERE label_id = ?", label_id)
    if request.method == "GET":
        return page(
            "mail/confirm.html",
            title=f"Delete the label {found['name']}?",
            text=f"{worn} messages lose it; the messages stay.",
            button="Delete label",
            back="/labels",
        )
    change("DELETE FROM labels WHERE id = ?", label_id)
    flash("The label is deleted.")
    return go("labels")


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the site."""
    add_pages(
        blueprint,
        ("/", start, "GET"),
        ("/mail/<name>", folder, "GET"),
        ("/search", search, "GET"),
        ("/labels/<int:label_id>", label, "GET"),
        ("/labels", labels, "GET POST"),
        ("/labels/<int:label_id>/delete", delete_label, "GET POST"),
        ("/messages/<int:message_id>", message, "GET"),
        ("/messages/<int:message_id>/files/<digest>", file, "GET"),
        ("/messages/<int:message_id>/files/<digest>/view", file_view, "GET"),
        ("/messages/<int:message_id>/erase", erase, "GET POST"),
        ("/mail/act", act, "POST"),
    )
