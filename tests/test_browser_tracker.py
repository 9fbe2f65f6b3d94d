"""The tracker as a web application: pages, permissions, the workflow, validation, import and release rules."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from selftrain.envs.browser.sites import serve
from selftrain.envs.browser.sites.database import hashed, open_database
from selftrain.envs.browser.world import World


class Visitor:
    """A browser without a parser: it finds the token of forms, and posts."""

    def __init__(self, world: World) -> None:
        self.database = open_database(world.databases()["tracker"])
        self.client = Client(functools.partial(serve, {"tracker": self.database}, False))

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url="http://tracker.test")

    def post(self, path: str, token: str | None = None, **fields: Any) -> TestResponse:
        if token is None:
            found = re.search(r'name="csrf_token" value="(\w+)"', self.get("/login").text)
            token = found[1] if found else ""
        return self.client.post(path, base_url="http://tracker.test", data={"csrf_token": token, **fields})

    def as_user(self, role: str) -> Visitor:
        name = self.one("SELECT username FROM users WHERE role = ? AND active ORDER BY id DESC", role)
        self.database.execute("UPDATE users SET password = ? WHERE username = ?", (hashed("open"), name))
        assert self.post("/login", username=name, password="open").status_code == 303
        return self

    def one(self, sql: str, *values: Any) -> Any:
        return self.database.execute(sql, values).fetchone()[0]

    def write(self, sql: str, *values: Any) -> None:
        self.database.execute(sql, values)


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    made = Visitor(World(("tracker",), "train", 0))
    yield made
    made.database.close()


def ref_with(visitor: Visitor, condition: str) -> str:
    return str(visitor.one(f"SELECT ref FROM issues WHERE {condition} ORDER BY id"))


@pytest.mark.parametrize("role", ["", "reporter", "maintainer"])
def test_every_link_leads_to_a_page(visitor: Visitor, role: str) -> None:
    if role:
        visitor.as_user(role)
    shapes: dict[str, int] = {}
    todo, seen = ["/"], {"/"}
    while todo:
        path = todo.pop()
        answer = visitor.get(path)
        assert answer.status_code in (200, 303), f"{path}: {answer.status_code}"
        if not (answer.content_type or "").startswith("text/html"):
            continue
        if answer.status_code == 200:
            assert answer.text.count("<h1>") == 1, path
        for link in re.findall(r'href="(/[^"#]*)"', answer.text.replace("&amp;", "&")):
            shape = re.sub(r"\d+|[A-Z]{3}|(?<=members/)[\w.]+|=[^&]*", "*", link)
            if link not in seen and shapes.get(shape, 0) < 4 and not link.startswith("/static"):
                shapes[shape] = shapes.get(shape, 0) + 1
                seen.add(link)
                todo.append(link)
    assert len(seen) > 40


def test_pages_that_are_not_there_are_not_found(visitor: Visitor) -> None:
    for path in ("/issues/ZZZ-1", "/projects/ZZZ", "/milestones/999", "/releases/999", "/members/nobody"):
        assert visitor.get(path).status_code == 404


def test_roles_and_tokens_are_asked_for(visitor: Visitor) -> None:
    ref = ref_with(visitor, "status = 'triaged'")
    assert visitor.get(f"/issues/{ref}/edit").status_code == 303
    visitor.as_user("reporter")
    own = visitor.one("SELECT id FROM users WHERE role = 'reporter' AND active ORDER BY id DESC")
    assert visitor.get(f"/issues/{ref}/edit").status_code == 403
    assert visitor.post(f"/issues/{ref}/status", status="in progress").status_code == 403
    assert visitor.post(f"/issues/{ref}/comments", token="wrong", body="Hello").status_code == 400
    assert visitor.post(f"/issues/{ref}/comments", body=" ").status_code == 422
    assert visitor.post(f"/issues/{ref}/comments", body="Hello").status_code == 303
    assert visitor.one("SELECT body FROM comments WHERE author_id = ? ORDER BY id DESC", own) == "Hello"
    key = ref.partition("-")[0]
    assert visitor.get(f"/projects/{key}/import").status_code == 403
    assert visitor.get("/milestones/2/close").status_code == 403


def test_the_workflow_has_its_rules(visitor: Visitor) -> None:
    visitor.as_user("developer")
    bare = ref_with(visitor, "status = 'new' AND component_id IS NULL")
    assert "Set a priority and a component" in visitor.post(f"/issues/{bare}/status", status="triaged").text
    assert visitor.post(f"/issues/{bare}/status", status="resolved").status_code == 422
    free = ref_with(visitor, "status = 'triaged' AND assignee_id IS NULL")
    assert "Assign the issue" in visitor.post(f"/issues/{free}/status", status="in progress").text
    busy = ref_with(visitor, "status = 'in progress'")
    assert visitor.post(f"/issues/{busy}/close", resolution="cannot reproduce").status_code == 422
    assert visitor.post(f"/issues/{free}/close", resolution="won't fix").status_code == 422
    assert visitor.post(f"/issues/{free}/close", resolution="duplicate", original="").status_code == 422
    assert visitor.post(f"/issues/{free}/close", resolution="duplicate", original=free).status_code == 422
    assert (
        visitor.post(f"/issues/{free}/close", resolution="duplicate", original=busy, comment="So.").status_code == 303
    )
    assert visitor.one("SELECT status FROM issues WHERE ref = ?", free) == "closed"
    assert visitor.one("SELECT kind FROM links ORDER BY id DESC") == "duplicates"
    assert visitor.post(f"/issues/{free}/status", status="triaged").status_code == 422


def test_what_is_blocked_does_not_start(visitor: Visitor) -> None:
    visitor.as_user("maintainer")
    waits = visitor.one("SELECT id FROM issues WHERE status = 'triaged' AND assignee_id IS NOT NULL ORDER BY id")
    blocker = visitor.one("SELECT id FROM issues WHERE status = 'new' ORDER BY id")
    visitor.write("INSERT INTO links (issue_id, kind, other_id) VALUES (?, 'blocks', ?)", blocker, waits)
    ref = visitor.one("SELECT ref FROM issues WHERE id = ?", waits)
    assert "is blocked by" in visitor.post(f"/issues/{ref}/status", status="in progress").text
    key, milestone = ref.partition("-")[0], 2
    visitor.post(f"/projects/{key}/board/{milestone}/in%20progress", id=ref)
    assert "stays where it is" in visitor.get(f"/projects/{key}/board").text
    visitor.write("DELETE FROM links WHERE other_id = ?", waits)
    visitor.post(f"/projects/{key}/board/{milestone}/in%20progress", id=ref)
    assert visitor.one("SELECT status FROM issues WHERE id = ?", waits) == "in progress"


def test_editing_validates_and_notes_what_changed(visitor: Visitor) -> None:
    visitor.as_user("developer")
    found = visitor.database.execute("SELECT * FROM issues WHERE status = 'triaged' AND priority = 'low'").fetchone()
    fields = {
        "title": found["title"], "body": found["body"], "kind": found["kind"], "version": found["version"],
        "priority": "low", "component_id": found["component_id"], "milestone_id": found["milestone_id"] or "",
        "estimate": found["estimate"], "assignee": "", "labels": ["docs", "ux"],
    }  # fmt: skip
    path = f"/issues/{found['ref']}/edit"
    for wrong in ({"title": "Short"}, {"priority": "critical"}, {"assignee": "nobody"}, {"component_id": "9999"}):
        assert visitor.post(path, **fields | wrong).status_code == 422
    assert visitor.post(path, **fields | {"priority": "high"}).status_code == 303
    assert visitor.one("SELECT priority FROM issues WHERE id = ?", found["id"]) == "high"
    assert visitor.one("SELECT COUNT(*) FROM issue_labels WHERE issue_id = ?", found["id"]) == 2
    assert "high" in visitor.get(f"/issues/{found['ref']}/history").text


def test_search_agrees_with_python(visitor: Visitor) -> None:
    issues = visitor.database.execute("SELECT * FROM issues").fetchall()
    wanted = {
        issue["ref"]
        for issue in issues
        if issue["kind"] == "bug" and issue["status"] not in ("resolved", "closed") and issue["assignee_id"] is None
        and issue["created_at"][:10] >= "2025-12-01" and "update" in (issue["title"] + issue["body"]).lower()
    }  # fmt: skip
    query = "kind=bug&status=open&assignee=none&created_from=2025-12-01&q=update"
    lines = visitor.get(f"/issues.csv?{query}").text.splitlines()[1:]
    assert {line.partition(",")[0] for line in lines} == wanted
    assert f"{len(wanted)} issue" in visitor.get(f"/issues?{query}").text


def test_an_import_is_all_or_nothing(visitor: Visitor) -> None:
    visitor.as_user("maintainer")
    key, component = (
        visitor.one("SELECT key FROM projects ORDER BY id"),
        visitor.one("SELECT name FROM components ORDER BY id"),
    )
    head = "title,kind,priority,component,assignee,labels,estimate,body\n"
    good = f"A first imported issue,bug,low,{component},,docs;ux,3,Text\n"
    before = visitor.one("SELECT COUNT(*) FROM issues")

    def load(text: str) -> int:
        return visitor.post(f"/projects/{key}/import", file=(io.BytesIO(text.encode()), "new.csv")).status_code

    for bad in (
        "a,b\n",
        head,
        head + good + good,
        head + good.replace("bug", "error"),
        head + good.replace(",3,", ",4,"),
    ):
        assert load(bad) == 422
    assert visitor.one("SELECT COUNT(*) FROM issues") == before
    assert load(head + good) == 303
    assert visitor.one("SELECT COUNT(*) FROM issues") == before + 1


def test_a_release_waits_for_its_checklist(visitor: Visitor) -> None:
    visitor.as_user("maintainer")
    key = visitor.one("SELECT key FROM projects ORDER BY id")
    assert visitor.post(f"/projects/{key}/releases/new", version="9", milestone_id="1", notes="").status_code == 422
    assert visitor.post(f"/projects/{key}/releases/new", version="9.0.0", milestone_id="2", notes="").status_code == 303
    release = visitor.one("SELECT id FROM releases WHERE version = '9.0.0'")
    visitor.write("INSERT INTO release_checks (release_id, position, text) VALUES (?, 1, 'Tests are green')", release)
    answer = visitor.post(f"/releases/{release}/publish")
    assert answer.status_code == 422
    for reason in ("Not done: Tests are green", "Unfinished in", "The notes are empty."):
        assert reason in answer.text
    check = visitor.one("SELECT id FROM release_checks WHERE release_id = ?", release)
    visitor.post(f"/releases/{release}/checks/{check}")
    visitor.post(f"/releases/{release}/edit", version="9.0.0", milestone_id="1", notes="Better.")
    assert visitor.post(f"/releases/{release}/publish").status_code == 303
    assert visitor.post(f"/releases/{release}/publish").status_code == 409
