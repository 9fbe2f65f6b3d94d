"""The pages of one issue: reading it, its history, and the forms to make and edit one."""

from __future__ import annotations

from sqlite3 import Row
from typing import Any

from flask import abort, g, request

from ..base import Form, change, flash, go, needs_login, now, page, paged, row, row_or_404, rows, sent, value
from .blueprint import routes
from .schema import ESTIMATES, KINDS, LINKS, PRIORITIES
from .workflow import TRANSITIONS, is_maintainer, is_staff, issue_called, may_edit, record, update_issue


@routes.get("/issues/<ref>")
def issue(ref: str) -> Any:
    """One issue with all that belongs to it."""
    return issue_page(issue_called(ref))


def issue_page(found: Row, status: int = 200, **values: Any) -> Any:
    """The page of an issue; `values` are the errors of one of its forms and what was typed there."""
    return page(
        "tracker/issue.html",
        status,
        **{"errors": {}, "typed": {}} | values,
        issue=found,
        labels=labels_of(found["id"]),
        comments=rows(
            "SELECT c.*, u.username, u.name FROM comments c JOIN users u ON u.id = c.author_id WHERE c.issue_id = ? "
            "ORDER BY c.created_at, c.id",
            found["id"],
        ),
        links=_links(found["id"]),
        watchers=rows(
            "SELECT w.*, u.username, u.name FROM watchers w JOIN users u ON u.id = w.user_id WHERE w.issue_id = ? "
            "ORDER BY u.username",
            found["id"],
        ),
        next_statuses=TRANSITIONS[found["status"]],
        link_kinds=LINKS,
        staff=is_staff(),
        editable=may_edit(found),
    )


def labels_of(issue_id: int) -> list[str]:
    """The labels of an issue by name."""
    found = rows(
        "SELECT l.name FROM issue_labels x JOIN labels l ON l.id = x.label_id WHERE x.issue_id = ? ORDER BY l.name",
        issue_id,
    )
    return [each["name"] for each in found]


def _links(issue_id: int) -> list[dict[str, Any]]:
    inverse = {"blocks": "is blocked by", "duplicates": "is duplicated by", "relates to": "relates to"}
    out = rows(
        "SELECT l.id, l.kind, i.* FROM links l JOIN issues i ON i.id = l.other_id WHERE l.issue_id = ?", issue_id
    )
    back = rows(
        "SELECT l.id, l.kind, i.* FROM links l JOIN issues i ON i.id = l.issue_id WHERE l.other_id = ?", issue_id
    )
    made = [
        {
            "id": found[0],
            "kind": kinds[found[1]],
            "ref": found["ref"],
            "title": found["title"],
            "status": found["status"],
        }
        for kinds, side in (({kind: kind for kind in LINKS}, out), (inverse, back))
        for found in side
    ]
    return sorted(made, key=lambda link: (link["kind"], link["ref"]))


@routes.get("/issues/<ref>/history")
def history(ref: str) -> Any:
    """What was done to an issue, and by whom."""
    found = issue_called(ref)
    lines = paged(
        "SELECT a.*, u.username FROM activity a JOIN users u ON u.id = a.user_id WHERE a.issue_id = ? "
        "ORDER BY a.created_at, a.id",
        found["id"],
        per_page=40,
    )
    return page("tracker/history.html", issue=found, found=lines)


@routes.route("/issues/new", methods=["GET", "POST"])
@needs_login
def new_issue() -> Any:
    """The form of a new issue."""
    project = row("SELECT * FROM projects WHERE key = ?", request.args.get("project", ""))
    if project is None:
        return page("tracker/choose_project.html", projects=rows("SELECT * FROM projects ORDER BY name"))
    form = sent()
    if request.method == "POST":
        values, labels = _fields(form, project["id"], None)
        if not form.errors:
            ref = insert_issue(project, values | {"reporter_id": g.user["id"]}, labels)
            flash(f"{ref} was created.")
            return go("issue", ref=ref)
    return _form_page(project, None, form)


@routes.route("/issues/<ref>/edit", methods=["GET", "POST"])
@needs_login
def edit_issue(ref: str) -> Any:
    """The form of what an issue says."""
    found = issue_called(ref)
    if not may_edit(found):
        abort(403)
    project = row_or_404("SELECT * FROM projects WHERE id = ?", found["project_id"])
    form = sent()
    if request.method == "POST":
        values, labels = _fields(form, project["id"], found)
        if not form.errors:
            changed = update_issue(found, values)
            changed = (is_staff() and set_labels(found["id"], labels)) or changed
            flash(f"{found['ref']} was saved." if changed else "Nothing was changed.")
            return go("issue", ref=found["ref"])
    return _form_page(project, found, form)


def insert_issue(project: Row, values: dict[str, Any], labels: list[str]) -> str:
    """A new issue of a project; returns its reference."""
    numbers = value("SELECT MAX(CAST(SUBSTR(ref, INSTR(ref, '-') + 1) AS INTEGER)) FROM issues WHERE project_id = ?",
                    project["id"])  # fmt: skip
    ref = f"{project['key']}-{(numbers or 0) + 1}"
    columns = {"project_id": project["id"], "ref": ref} | values | {"created_at": now(), "updated_at": now()}
    issue_id = change(
        f"INSERT INTO issues ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", *columns.values()
    )
    record(issue_id, "created")
    set_labels(issue_id, labels)
    return ref


def set_labels(issue_id: int, labels: list[str]) -> bool:
    """Give an issue exactly these labels; whether anything changed."""
    had = labels_of(issue_id)
    for label in had:
        if label not in labels:
            change(
                "DELETE FROM issue_labels WHERE issue_id = ? AND label_id = (SELECT id FROM labels WHERE name = ?)",
                *(issue_id, label),
            )
            record(issue_id, "label", label, "")
    for label in labels:
        if label not in had:
            label_id = value("SELECT id FROM labels WHERE name = ?", label)
            change("INSERT INTO issue_labels (issue_id, label_id) VALUES (?, ?)", issue_id, label_id)
            record(issue_id, "label", "", label)
    return sorted(had) != sorted(labels)


def _fields(form: Form, project_id: int, found: Row | None) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {
        "title": form.text("title", "Title", least=8, most=120),
        "body": form.text("body", "Description", least=0, most=4000),
        "kind": form.choice("kind", "Kind", KINDS),
        "version": form.text("version", "Affected version", least=0, most=20),
    }
    if not is_staff():
        return values, []
    values["priority"] = form.choice("priority", "Priority", ("", *PRIORITIES))
    had = found["priority"] if found else ""
    if "critical" in (values["priority"], had) and values["priority"] != had and not is_maintainer():
        form.errors["priority"] = "Only a maintainer sets or removes the priority critical."
    values["component_id"] = form.number_choice("component_id", "Component", _ids("components", project_id))
    values["milestone_id"] = form.number_choice("milestone_id", "Milestone", _milestones(project_id, found))
    values["estimate"] = form.number_choice("estimate", "Estimate", map(str, ESTIMATES))
    values["assignee_id"] = _assignee(form)
    known = {each["name"] for each in rows("SELECT name FROM labels")}
    return values, [label for label in request.form.getlist("labels") if label in known]


def _assignee(form: Form) -> int | None:
    name = form.text("assignee", "Assignee", least=0, most=40)
    if not name:
        return None
    found = row("SELECT * FROM users WHERE username = ?", name)
    if found is None or found["role"] == "reporter" or not found["active"]:
        form.errors["assignee"] = f"“{name}” is not the user name of an active developer or maintainer."
        return None
    return int(found["id"])


def _ids(table: str, project_id: int) -> dict[str, str]:
    return {
        str(found["id"]): found["name"]
        for found in rows(f"SELECT id, name FROM {table} WHERE project_id = ? ORDER BY name", project_id)
    }


def _milestones(project_id: int, found: Row | None) -> dict[str, str]:
    """Open milestones, and the one that the issue is in already."""
    kept = found["milestone_id"] if found else None
    listed = rows(
        "SELECT id, name FROM milestones WHERE project_id = ? AND (state = 'open' OR id = ?) ORDER BY due",
        project_id,
        kept,
    )
    return {str(each["id"]): each["name"] for each in listed}


def _form_page(project: Row, found: Row | None, form: Form) -> Any:
    empty = {"kind": "bug"}
    stored = {name: found[name] for name in found.keys()} if found else empty  # noqa: SIM118
    typed = form.values if form.errors else stored
    had = request.form.getlist("labels") if form.errors else (labels_of(found["id"]) if found else [])
    return page(
        "tracker/issue_form.html",
        422 if form.errors else 200,
        project=project,
        issue=found,
        typed=typed,
        errors=form.errors,
        had=had,
        staff=is_staff(),
        kinds=KINDS,
        priorities=[("", "Not set"), *PRIORITIES],
        estimates=[("", "Not set"), *map(str, ESTIMATES)],
        components=[("", "Not set"), *_ids("components", project["id"]).items()],
        milestones=[("", "None"), *_milestones(project["id"], found).items()],
        labels=rows("SELECT * FROM labels ORDER BY name"),
    )
