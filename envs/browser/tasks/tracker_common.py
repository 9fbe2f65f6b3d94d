"""What the tasks of the tracker share: accounts, issues as they stand, new issues, guides, and pieces of scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.database import hashed
from selftrain.envs.browser.sites.tracker.schema import FINISHED
from selftrain.envs.browser.tasks.parts import one_of, signing_in
from selftrain.envs.browser.world import NOW, World

SITE = "tracker"
HOME = "http://tracker.test"
_WORDS = (
    "amber",
    "birch",
    "cobalt",
    "dune",
    "ember",
    "fern",
    "granite",
    "harbor",
    "indigo",
    "juniper",
    "krill",
    "lilac",
)
_T = TypeVar("_T")
_ISSUES = """
SELECT i.*, p.key, p.name AS project, c.name AS component, c.owner_id, m.name AS milestone, a.username AS assignee,
    a.name AS assignee_name, r.username AS reporter, r.team AS reporter_team,
    (SELECT GROUP_CONCAT(l.name, ';') FROM issue_labels x JOIN labels l ON l.id = x.label_id
        WHERE x.issue_id = i.id) AS labels
FROM issues i JOIN projects p ON p.id = i.project_id JOIN users r ON r.id = i.reporter_id
LEFT JOIN components c ON c.id = i.component_id LEFT JOIN milestones m ON m.id = i.milestone_id
LEFT JOIN users a ON a.id = i.assignee_id ORDER BY i.id
"""


@dataclass(frozen=True)
class Account:
    """A member whose password the task tells."""

    id: int
    username: str
    password: str

    @property
    def told(self) -> str:
        """The sentence of the instruction."""
        return f"Sign in as {self.username} with the password {self.password}."

    @property
    def sign_in(self) -> tuple[Do, ...]:
        """The script that signs this member in."""
        return signing_in(HOME, self.username, self.password)


def account(rng: np.random.Generator, world: World, role: str, *, but: Sequence[int] = ()) -> Account:
    """Some active member of this role whose id is not in `but`, with a password from now on."""
    found = world.rows(SITE, "SELECT id, username FROM users WHERE role = ? AND active ORDER BY id", role)
    member = one_of(rng, [each for each in found if each["id"] not in but])
    password = f"{one_of(rng, _WORDS)}-{one_of(rng, _WORDS)}-{int(rng.integers(100, 1000))}"
    world.write(SITE, "UPDATE users SET password = ? WHERE id = ?", hashed(password), member["id"])
    return Account(member["id"], member["username"], password)


def all_issues(world: World) -> list[dict[str, Any]]:
    """Every issue with the names of what it refers to; `labels` is a set, `open` whether it is unfinished."""
    return [
        {name: found[name] for name in found.keys()}  # noqa: SIM118
        | {"labels": set((found["labels"] or "").split(";")) - {""}, "open": found["status"] not in FINISHED}
        for found in world.rows(SITE, _ISSUES)
    ]


def some_project(rng: np.random.Generator, world: World) -> dict[str, Any]:
    """One of the projects."""
    return dict(one_of(rng, world.rows(SITE, "SELECT * FROM projects ORDER BY id")))


def components_of(world: World, project_id: int) -> list[dict[str, Any]]:
    """The components of a project with their owners."""
    sql = "SELECT c.*, u.username AS owner FROM components c JOIN users u ON u.id = c.owner_id WHERE c.project_id = ?"
    return [dict(found) for found in world.rows(SITE, f"{sql} ORDER BY c.id", project_id)]


def milestones_of(world: World, project_id: int) -> list[dict[str, Any]]:
    """The milestones of a project by due date; the first is closed."""
    sql = "SELECT * FROM milestones WHERE project_id = ? ORDER BY due"
    return [dict(found) for found in world.rows(SITE, sql, project_id)]


def label_id(world: World, name: str) -> int:
    """The id of a label."""
    return int(world.row(SITE, "SELECT id FROM labels WHERE name = ?", name)["id"])


def add_issue(world: World, project: Mapping[str, Any], labels: Sequence[str] = (), **values: Any) -> dict[str, Any]:
    """A new issue of a project; what is not in `values` is as if somebody had just reported it."""
    last = world.row(
        SITE, "SELECT MAX(CAST(SUBSTR(ref, 5) AS INTEGER)) AS last FROM issues WHERE project_id = ?", project["id"]
    )
    made = {
        "project_id": project["id"], "ref": f"{project['key']}-{last['last'] + 1}", "kind": "bug", "reporter_id": 21,
        "created_at": "2026-02-27 10:00",
    } | values  # fmt: skip
    made.setdefault("updated_at", made["created_at"])
    sql = f"INSERT INTO issues ({', '.join(made)}) VALUES ({', '.join('?' * len(made))})"
    made["id"] = world.write(SITE, sql, *made.values())
    for label in labels:
        world.write(
            SITE, "INSERT INTO issue_labels (issue_id, label_id) VALUES (?, ?)", made["id"], label_id(world, label)
        )
    return made


def add_comment(world: World, issue_id: int, author_id: int, body: str, at: str = NOW) -> None:
    """A comment on an issue."""
    world.write(
        SITE,
        "INSERT INTO comments (issue_id, author_id, body, created_at) VALUES (?, ?, ?, ?)",
        *(issue_id, author_id, body, at),
    )


def write_guide(world: World, project_id: int, section: str, lines: Sequence[str]) -> None:
    """One more section of a project's contribution guide."""
    for position, text in enumerate(lines, 1):
        world.write(
            SITE,
            "INSERT INTO guide (project_id, section, position, text) VALUES (?, ?, ?, ?)",
            *(project_id, section, position, text),
        )


# pieces of scripts

SUBMIT = Do("submit()")


def open_issue(ref: str, end: str = "") -> Do:
    """Open an issue, or the page `end` of it."""
    return Do(f"goto('{HOME}/issues/{ref}{end}')")


def edit(ref: str, fields: Mapping[str, str], labels: Sequence[str] = ()) -> tuple[Do, ...]:
    """Edit an issue: `fields` by label of the field, and these labels ticked."""
    steps = [open_issue(ref, "/edit")]
    for name, value in fields.items():
        typed = name in ("Title", "Description", "Affected version", "Assignee")
        steps.append(Do("fill" if typed else "select", "textbox" if typed else "combobox", name, value))
    steps += [Do("check", "checkbox", label) for label in labels]
    return (*steps, Do("click", "button", "Save"))


def set_status(ref: str, status: str) -> tuple[Do, ...]:
    """Move an issue."""
    return (open_issue(ref), Do("select", "combobox", "Move to", status), Do("click", "button", "Change status"))


def close_duplicate(ref: str, original: str, comment: str) -> tuple[Do, ...]:
    """Close an issue as a duplicate."""
    return (
        open_issue(ref, "/close"),
        Do("select", "combobox", "Resolution", "duplicate"),
        Do("fill", "textbox", "Duplicate of", original),
        Do("fill", "textbox", "Comment", comment),
        Do("click", "button", "Close issue"),
    )


def add_watcher(ref: str, username: str) -> tuple[Do, ...]:
    """Make somebody a watcher."""
    return (open_issue(ref), Do("fill", "textbox", "Watcher", username), Do("click", "button", "Add watcher"))
