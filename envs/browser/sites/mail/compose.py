"""Writing mail: new, reply, reply to all and forward, with files."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from ..base import Form, change, flash, go, now, page, rows, sent, value
from .common import DOMAIN, add_pages, digest_of, is_number, joined, me, parted, read_addresses
from .mailbox import files_of, own_message

_MOST_FILE = 200_000


def compose() -> Any:
    """The form for a new message and what it sends; `?reply=`, `?reply_all=`, `?forward=` name a message."""
    way, about = _about()
    offered = files_of(about) if about and way == "forward" else []
    if request.method == "GET":
        return page("mail/compose.html", form=Form(_prefilled(way, about)), way=way, about=about, offered=offered)
    form = sent()
    recipients = _addresses(form, "to", "To")
    copies = _addresses(form, "cc", "Cc")
    if not recipients and "to" not in form.errors:
        form.errors["to"] = "To is required."
    subject = form.text("subject", "Subject", most=150)
    body = form.text("body", "Message", least=0 if way == "forward" else 1, most=5000)
    digests = _files(form, offered)
    outside = [address for address in parted(f"{recipients}, {copies}") if not address.endswith("@" + DOMAIN)]
    if outside and not form.values.get("outside"):
        form.errors["outside"] = f"{', '.join(outside)} is outside the company: tick the box if that is meant."
    if form.errors:
        return page("mail/compose.html", 422, form=form, way=way, about=about, offered=offered)
    _send(recipients, copies, subject, body, digests, way, about)
    flash(f"Your message to {recipients} is sent.")
    return go("folder", name="sent")


def _about() -> tuple[str, Any]:
    for way in ("reply", "reply_all", "forward"):
        given = request.values.get(way, "")
        if is_number(given):
            return way, own_message(int(given))
    return "new", None


def _prefilled(way: str, about: Any) -> dict[str, str]:
    if about is None:
        return {"to": request.args.get("to", "")}
    start = "Fwd: " if way == "forward" else "Re: "
    subject = about["subject"] if about["subject"].startswith(start) else start + about["subject"]
    if way == "forward":
        return {"subject": subject}
    others = {*parted(about["recipients"]), *parted(about["copies"])} - {g.user["address"], about["sender"]}
    # a reply to a message of one's own goes to whom that went
    to = about["recipients"] if about["sender"] == g.user["address"] else about["sender"]
    return {"to": to, "cc": joined(others) if way == "reply_all" else "", "subject": subject}


def _addresses(form: Form, name: str, label: str) -> str:
    found, wrong = read_addresses(form.values.get(name, ""), label)
    if wrong:
        form.errors[name] = wrong
    return found


def _files(form: Form, offered: list[Any]) -> list[str]:
    """Digests of the files to send: those of a forwarded message that are ticked, and uploads, which are kept."""
    kept = set(request.form.getlist("keep"))
    digests = [each["digest"] for each in offered if each["digest"] in kept]
    for upload in request.files.getlist("files"):
        if not upload.filename:
            continue
        data = upload.read(_MOST_FILE + 1)
        try:
            content = data.decode()
        except UnicodeDecodeError:
            form.errors["files"] = f"{upload.filename} is not a text file; only those can be sent."
            return []
        if len(data) > _MOST_FILE:
            form.errors["files"] = f"{upload.filename} is larger than {_MOST_FILE // 1000} kB."
            return []
        name = upload.filename.replace("\\", "/").rpartition("/")[2]
        digest = digest_of(name, content)
        if not form.errors:
            change("INSERT OR IGNORE INTO files (digest, name, content) VALUES (?, ?, ?)", digest, name, content)
        digests.append(digest)
    return list(dict.fromkeys(digests))


def _send(recipients: str, copies: str, subject: str, body: str, digests: list[str], way: str, about: Any) -> None:
    count = value("SELECT COUNT(*) FROM messages")
    thread = about["thread"] if about and way != "forward" else f"t{count + 1}-{me()}"
    change(
        "INSERT INTO messages (owner_id, folder, thread, sender_name, sender, recipients, copies, subject, body, files,"
        " sent_at, reply_to, forward_of, signature) VALUES (?, 'sent', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        me(),
        thread,
        g.user["name"],
        g.user["address"],
        recipients,
        copies,
        subject,
        body,
        ",".join(digests),
        now(),
        about["id"] if about and way != "forward" else None,
        about["id"] if about and way == "forward" else None,
        value("SELECT signature FROM settings WHERE user_id = ?", me()) or "",
    )


def suggest() -> Response:
    """Addresses that begin with or hold what is typed after the last comma, for fields with `data-autocomplete`."""
    before, comma, last = request.args.get("q", "").rpartition(",")
    typed = "%" + last.strip().replace("%", "") + "%"
    found = rows(
        "SELECT name, address FROM users WHERE name LIKE ?1 OR address LIKE ?1 UNION"
        " SELECT name, address FROM contacts WHERE owner_id = ?2 AND (name LIKE ?1 OR address LIKE ?1)"
        " ORDER BY name, address LIMIT 10",
        typed,
        me(),
    )
    start = f"{before}{comma} " if comma else ""
    return jsonify([f"{start}{each['name']} <{each['address']}>" for each in found])


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the site."""
    add_pages(blueprint, ("/compose", compose, "GET POST"), ("/suggest", suggest, "GET"))
