"""What lies on the desk: rules for incoming mail, settings, the list of things to do, and the company's guides."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from ..base import Form, change, flash, go, now, page, row, row_or_404, rows, sent, value
from .common import add_pages, is_address, me

_FIELDS = {"from": "Sender", "subject": "Subject", "to": "Recipient"}
_ACTIONS = {"archive": "Archive it", "trash": "Move it to the trash", "star": "Star it", "label": "Label it"}
_TESTS = {
    "from": "instr(lower(sender_name || ' ' || sender), lower(?))",
    "subject": "instr(lower(subject), lower(?))",
    "to": "instr(lower(recipients || ', ' || copies), lower(?))",
}


def rules() -> Any:
    """Rules in the order in which they are tried, and a form for a new one."""
    form = sent() if request.method == "POST" else Form({})
    if request.method == "POST":
        field = form.choice("field", "Where", _FIELDS)
        needle = form.text("needle", "Text", least=3, most=80)
        action = form.choice("action", "What to do", _ACTIONS)
        target = form.values.get("target", "") if action == "label" else ""
        if action == "label" and not value("SELECT 1 FROM labels WHERE owner_id = ? AND name = ?", me(), target):
            form.errors["target"] = "Label: choose one of your labels."
        if not form.errors:
            change(
                "INSERT INTO rules (owner_id, field, needle, action, target) VALUES (?, ?, ?, ?, ?)",
                me(),
                field,
                needle,
                action,
                target,
            )
            flash("The rule is saved. It acts on mail that comes from now on; run it for what is in the inbox.")
            return go("rules")
    own = rows("SELECT * FROM rules WHERE owner_id = ? ORDER BY id", me())
    labels = rows("SELECT name FROM labels WHERE owner_id = ? ORDER BY name", me())
    return page(
        "mail/rules.html",
        422 if form.errors else 200,
        rules=own,
        form=form,
        fields=_FIELDS,
        actions=_ACTIONS,
        labels=[each["name"] for each in labels],
    )


def run_rule(rule_id: int) -> Any:
    """Apply a rule to what is in the inbox now."""
    rule = row_or_404("SELECT * FROM rules WHERE id = ? AND owner_id = ?", rule_id, me())
    found = rows(
        f"SELECT * FROM messages WHERE owner_id = ? AND folder = 'inbox' AND {_TESTS[rule['field']]}",
        me(),
        rule["needle"],
    )
    if rule["action"] == "label":
        label = row_or_404("SELECT id FROM labels WHERE owner_id = ? AND name = ?", me(), rule["target"])["id"]
    for message in found:
        if rule["action"] == "label":
            change("INSERT OR IGNORE INTO message_labels (message_id, label_id) VALUES (?, ?)", message["id"], label)
        elif rule["action"] == "star":
            change("UPDATE messages SET starred = 1 WHERE id = ? AND starred = 0", message["id"])
        else:
            change("UPDATE messages SET folder = ? WHERE id = ?", rule["action"], message["id"])
    flash(f"The rule fitted {len(found)} messages of the inbox.")
    return go("rules")


def delete_rule(rule_id: int) -> Any:
    """Take a rule away."""
    row_or_404("SELECT 1 FROM rules WHERE id = ? AND owner_id = ?", rule_id, me())
    change("DELETE FROM rules WHERE id = ?", rule_id)
    flash("The rule is deleted.")
    return go("rules")


def settings() -> Any:
    """Signature and the answer that goes out while one is away."""
    held = row("SELECT * FROM settings WHERE user_id = ?", me())
    form = sent() if request.method == "POST" else Form(dict(held) if held else {})
    if request.method == "POST":
        signature = form.text("signature", "Signature", least=0, most=300)
        away = int(bool(form.values.get("away")))
        first = form.text("away_from", "First day", least=away, most=10)
        last = form.text("away_until", "Last day", least=away, most=10)
        contact = form.text("away_contact", "Who stands in", least=0, most=100).lower()
        text = form.text("away_text", "Text", least=away, most=1000)
        if away and first > last:
            form.errors["away_until"] = "Last day must not be before the first day."
        if contact and not is_address(contact):
            form.errors["away_contact"] = "Who stands in must be an address."
        if not form.errors:
            fields = (signature, away, first, last, contact, text)
            change(
                "UPDATE settings SET signature = ?, away = ?, away_from = ?, away_until = ?, away_contact = ?,"
                " away_text = ? WHERE user_id = ?",
                *fields,
                me(),
            )
            flash("The settings are saved.")
            return go("settings")
    return page("mail/settings.html", 422 if form.errors else 200, form=form)


def todos() -> Any:
    """The list of things to do; `?show=` is "open", "done" or "all"."""
    form = sent() if request.method == "POST" else Form({})
    if request.method == "POST":
        title, due, notes = _todo(form)
        if not form.errors:
            change("INSERT INTO todos (owner_id, title, due, notes) VALUES (?, ?, ?, ?)", me(), title, due, notes)
            flash(f"“{title}” is on your list.")
            return go("todos")
    show = request.args.get("show", "open")
    where = {"done": "done = 1", "all": "1"}.get(show, "done = 0")
    found = rows(f"SELECT * FROM todos WHERE owner_id = ? AND {where} ORDER BY due = '', due, id", me())
    return page(
        "mail/todos.html", 422 if form.errors else 200, todos=found, form=form, show=show, today=now().split()[0]
    )


def _todo(form: Form) -> tuple[str, str, str]:
    title, due = form.text("title", "Title", most=120), form.text("due", "Due", least=0, most=10)
    if due and not (len(due) == 10 and due[4] == due[7] == "-" and due.replace("-", "").isdigit()):
        form.errors["due"] = "Due must be a day such as 2026-03-05."
    return title, due, form.text("notes", "Notes", least=0, most=500)


def edit_todo(todo_id: int) -> Any:
    """The form for a task that there is."""
    found = row_or_404("SELECT * FROM todos WHERE id = ? AND owner_id = ?", todo_id, me())
    form = sent() if request.method == "POST" else Form(dict(found))
    if request.method == "POST":
        title, due, notes = _todo(form)
        if not form.errors:
            change("UPDATE todos SET title = ?, due = ?, notes = ? WHERE id = ?", title, due, notes, todo_id)
            flash("The task is saved.")
            return go("todos")
    return page("mail/todo.html", 422 if form.errors else 200, form=form, todo=found)


def tick_todo(todo_id: int) -> Any:
    """Done, or open again."""
    found = row_or_404("SELECT * FROM todos WHERE id = ? AND owner_id = ?", todo_id, me())
    change("UPDATE todos SET done = ? WHERE id = ?", 1 - found["done"], todo_id)
    flash(f"“{found['title']}” is {'open again' if found['done'] else 'done'}.")
    return go("todos")


def delete_todo(todo_id: int) -> Any:
    """Take a task off the list."""
    row_or_404("SELECT 1 FROM todos WHERE id = ? AND owner_id = ?", todo_id, me())
    change("DELETE FROM todos WHERE id = ?", todo_id)
    flash("The task is deleted.")
    return go("todos")


def guides() -> Any:
    """The titles of all guides."""
    return page("mail/guides.html", guides=rows("SELECT * FROM guides ORDER BY title"))


def guide(slug: str) -> Any:
    """One guide: paragraphs parted by empty lines; lines that begin with "- " are a list, with "# " a heading."""
    found = row_or_404("SELECT * FROM guides WHERE slug = ?", slug)
    return page("mail/guide.html", guide=found, blocks=[part.split("\n") for part in found["body"].split("\n\n")])


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the site."""
    add_pages(
        blueprint,
        ("/rules", rules, "GET POST"),
        ("/rules/<int:rule_id>/run", run_rule, "POST"),
        ("/rules/<int:rule_id>/delete", delete_rule, "POST"),
        ("/settings", settings, "GET POST"),
        ("/tasks", todos, "GET POST"),
        ("/tasks/<int:todo_id>", edit_todo, "GET POST"),
        ("/tasks/<int:todo_id>/tick", tick_todo, "POST"),
        ("/tasks/<int:todo_id>/delete", delete_todo, "POST"),
        ("/guides", guides, "GET"),
        ("/guides/<slug>", guide, "GET"),
    )
