"""The back office: its pages, who may do what on them, and what its forms refuse."""

from __future__ import annotations

import functools
import io
import re

import pytest
from browser_play import prove_family
from werkzeug.test import Client, TestResponse

from selftrain.envs.browser.family import BrowserFamily
from selftrain.envs.browser.sites import serve
from selftrain.envs.browser.sites.admin.suppliers import sound_iban
from selftrain.envs.browser.sites.admin.uploads import INVOICE_COLUMNS, USER_COLUMNS, styled
from selftrain.envs.browser.sites.database import hashed, open_database
from selftrain.envs.browser.tasks.admin import FAMILIES
from selftrain.envs.browser.world import template

HOST = "http://admin.test/"


class Staff:
    """Somebody of a role, signed in, on a database of their own."""

    def __init__(self, role: str = "admin") -> None:
        self.database = open_database(template("admin", "train", 0))
        self.user = self.one("SELECT * FROM users WHERE role = ? AND status = 'active' ORDER BY id DESC", role)
        self.database.execute("UPDATE users SET password = ? WHERE id = ?", (hashed("pw"), self.user["id"]))
        self._client = Client(functools.partial(serve, {"admin": self.database}, False))
        self.post("/login", username=self.user["username"], password="pw")

    def one(self, sql: str, *values: object) -> dict[str, object]:
        return dict(self.database.execute(sql, values).fetchone())

    def get(self, path: str) -> TestResponse:
        return self._client.get(path, base_url=HOST, buffered=True)

    def post(self, path: str, *, token: str = "", **values: object) -> TestResponse:
        found = re.search(r'name="csrf_token" value="(\w+)"', self.get("/login").text)
        assert found
        return self._client.post(path, data={"csrf_token": token or found[1], **values}, base_url=HOST)

    def upload(self, path: str, text: str) -> TestResponse:
        return self.post(path, file=(io.BytesIO(text.encode()), "file.csv"))


LISTS: tuple[str, ...] = (
    "users",
    "departments",
    "groups",
    "requests",
    "reviews",
    "suppliers",
    "invoices",
    "expenses",
    "assets",
)
LISTS += ("documents", "events", "settings")


@pytest.mark.parametrize("name", LISTS)
def test_lists_can_be_searched_sorted_and_downloaded(name: str) -> None:
    staff = Staff()
    page = staff.get(f"/{name}?page=2&sort=Newest&q=e&from=2025-06-01&to=2026-03-01")
    assert page.status_code == 200 and page.text.count("<h1>") == 1
    table = staff.get(f"/{name}.csv?q=e")
    assert table.mimetype == "text/csv" and table.text.count("\n") >= 1


def test_every_link_leads_somewhere() -> None:
    staff = Staff()
    seen: set[str] = set()
    shapes: dict[str, int] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        shape = re.sub(r"\d+", "N", path.partition("?")[0])
        if path in seen or shapes.get(shape, 0) >= 3:
            continue
        seen.add(path)
        shapes[shape] = shapes.get(shape, 0) + 1
        answer = staff.get(path)
        assert answer.status_code == 200, path
        if answer.mimetype == "text/html":
            waiting += [link.replace("&amp;", "&") for link in re.findall(r'href="(/[^"]*)"', answer.text)]
    assert len(shapes) > 40


def test_reading_changes_nothing() -> None:
    staff = Staff()
    before = staff.one("SELECT COUNT(*) AS n FROM audit")
    for name in LISTS:
        staff.get(f"/{name}")
        staff.get(f"/{name}.csv")
    staff.get("/users/30/disable")
    assert staff.one("SELECT COUNT(*) AS n FROM audit") == before


def test_filters_narrow_what_is_shown() -> None:
    staff = Staff()
    lines = staff.get("/invoices.csv?status=rejected&from=2026-01-01").text.splitlines()[1:]
    assert lines and all(line.endswith(",rejected") and line.split(",")[-4] >= "2026-01-01" for line in lines)


@pytest.mark.parametrize("path", ["/users/99999", "/nowhere", "/policies/none", "/x.csv", "/memberships/0/remove"])
def test_what_is_not_there(path: str) -> None:
    assert Staff().get(path).status_code == 404


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("employee", "/users"), ("employee", "/invoices.csv"), ("employee", "/users/1"), ("clerk", "/events"),
        ("clerk", "/events.csv"), ("manager", "/settings"), ("auditor", "/users/new"), ("auditor", "/users/30/edit"),
        ("manager", "/suppliers/1/bank"), ("clerk", "/users/import"), ("auditor", "/invoices/import"),
    ],
)  # fmt: skip
def test_who_may_not_look(role: str, path: str) -> None:
    assert Staff(role).get(path).status_code == 403


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("auditor", "/settings/1"), ("auditor", "/users/30/disable"), ("clerk", "/invoices/1/decide"),
        ("admin", "/expenses/1/decide"), ("manager", "/memberships/1/remove"), ("auditor", "/suppliers/1/block"),
    ],
)  # fmt: skip
def test_who_may_not_act(role: str, path: str) -> None:
    staff = Staff(role)
    answer = staff.post(path, value="30", code="FRAUD")
    assert answer.status_code in {403, 200}
    told = staff.one("SELECT COUNT(*) AS n FROM audit WHERE actor = ? AND tab <> 'events'", staff.user["username"])
    assert told["n"] == 0


def test_strangers_are_sent_to_sign_in() -> None:
    database = open_database(template("admin", "train", 0))
    client = Client(functools.partial(serve, {"admin": database}, False))
    assert client.get("/users", base_url=HOST).headers["Location"].startswith("/login")
    assert client.get("/", base_url=HOST).status_code == 200


def test_a_form_without_its_token_is_refused() -> None:
    staff = Staff()
    assert staff.post("/settings/1", token="0" * 32, value="60").status_code == 400


def test_an_account_is_disabled_only_when_nothing_hangs_on_it() -> None:
    staff = Staff()
    leaver = staff.one("SELECT * FROM users WHERE role = 'employee' AND status = 'active' ORDER BY id")["id"]
    answer = staff.post(f"/users/{leaver}/disable", ends="2026-03-01", reason="Resignation")
    assert answer.status_code == 422 and "equipment" in answer.text
    for asset in staff.database.execute("SELECT id FROM assets WHERE user_id = ?", (leaver,)).fetchall():
        assert staff.post(f"/assets/{asset['id']}/assign", status="in stock", username="").status_code == 303
    for member in staff.database.execute("SELECT id FROM memberships WHERE user_id = ?", (leaver,)).fetchall():
        assert staff.post(f"/memberships/{member['id']}/remove").status_code == 303
    assert staff.post(f"/users/{leaver}/disable", ends="1 March", reason="Resignation").status_code == 422
    assert staff.post(f"/users/{leaver}/disable", ends="2026-03-01", reason="Resignation").status_code == 303
    assert staff.one("SELECT status FROM users WHERE id = ?", leaver)["status"] == "disabled"
    log = staff.one("SELECT * FROM events ORDER BY id DESC")
    assert (log["actor"], log["action"]) == (staff.user["username"], "user.disabled")


def test_decisions_take_a_code_exactly_when_they_refuse() -> None:
    staff = Staff("manager")
    staff.database.execute("UPDATE expense_reports SET status = 'submitted' WHERE id = 5")
    staff.database.execute("UPDATE users SET approval_limit = 100 WHERE id = ?", (staff.user["id"],))
    page = "/expenses/5/decide"
    assert "takes a reason code" in staff.post(page, decision="reject", code="").text
    assert "takes a reason code" in staff.post(page, decision="approve", code="TOO-LATE").text
    assert "above your approval limit" in staff.post(page, decision="approve", code="").text
    assert staff.post(page, decision="perhaps", code="").status_code == 422
    assert staff.post(page, decision="reject", code="TOO-LATE").status_code == 303
    assert staff.post(page, decision="reject", code="TOO-LATE").status_code == 409


def test_settings_keep_to_their_range() -> None:
    staff = Staff()
    number = staff.one("SELECT * FROM settings WHERE key = 'security.lock_after'")["id"]
    choice = staff.one("SELECT * FROM settings WHERE key = 'finance.currency'")["id"]
    assert staff.post(f"/settings/{number}", value="2").status_code == 422
    assert staff.post(f"/settings/{number}", value="many").status_code == 422
    assert staff.post(f"/settings/{number}", value="7").status_code == 303
    assert staff.post(f"/settings/{choice}", value="DEM").status_code == 422


def test_bank_details_and_merging() -> None:
    staff = Staff("clerk")
    others = staff.one("SELECT iban FROM suppliers WHERE id = 2")["iban"]
    assert "check digits" in staff.post("/suppliers/1/bank", iban="CH0012345678901234567", note="").text
    assert "Another active supplier" in staff.post("/suppliers/1/bank", iban=others, note="").text
    assert staff.post("/suppliers/1/merge", into="S-1001").status_code == 422
    assert staff.post("/suppliers/1/merge", into="S-1002").status_code == 303
    assert staff.one("SELECT COUNT(*) AS n FROM invoices WHERE supplier_id = 1")["n"] == 0
    assert staff.get("/suppliers/1/bank").status_code == 409
    assert staff.post("/suppliers/3/block", code="FRAUD", note="").status_code == 303


def test_ibans() -> None:
    assert sound_iban("GB82WEST12345698765432") and not sound_iban("GB83WEST12345698765432") and not sound_iban("GB82")


_STYLED = [("first.last", "jose.garcia"), ("flast", "jgarcia"), ("lastf", "garciaj"), ("last.first", "garcia.jose")]


@pytest.mark.parametrize(("style", "name"), _STYLED)
def test_styles_of_user_names(style: str, name: str) -> None:
    assert styled("José Maria García", style) == name


def test_uploads_are_saved_whole_or_not_at_all() -> None:
    staff = Staff()
    style = str(staff.one("SELECT value FROM settings WHERE key = 'naming.style'")["value"])
    manager = staff.one("SELECT username FROM users WHERE id = 3")["username"]
    good = f"{styled('Ada Byron', style)},Ada Byron,OPS,Planner,{manager},2026-04-01"
    bad = "abyronx,Ada Byron,XXX,Planner,nobody,1.4.2026"
    header = ",".join(USER_COLUMNS)
    before = staff.one("SELECT COUNT(*) AS n FROM users")
    for lines in ([header, good, bad], [header, good, good], [header], ["a,b", "1,2"], [header, "1"]):
        answer = staff.upload("/users/import", "\n".join(lines))
        assert answer.status_code == 422 and "Nothing was saved" in answer.text
    assert staff.post("/users/import").status_code == 422
    assert staff.one("SELECT COUNT(*) AS n FROM users") == before
    assert staff.upload("/users/import", f"{header}\n{good}\n").status_code == 303
    assert staff.one("SELECT COUNT(*) AS n FROM users WHERE name = 'Ada Byron'")["n"] == 1


def test_invoices_of_a_file() -> None:
    staff = Staff("clerk")
    header = ",".join(INVOICE_COLUMNS)
    line = "S-1004,ZZ-1,PO-41000,120.50,FIN,2026-02-20,2026-03-20"
    for old, new in (("120.50", "120,50"), ("2026-03-20", "2026-02-01"), ("1004", "9004"), ("PO-", "")):
        assert staff.upload("/invoices/import", f"{header}\n{line.replace(old, new)}\n").status_code == 422
    assert staff.upload("/invoices/import", f"{header}\n{line}\n").status_code == 303
    made = staff.one("SELECT * FROM invoices ORDER BY id DESC")
    assert (made["amount"], made["status"], made["entered_by"]) == (12_050, "received", staff.user["username"])
    assert "in the books already" in staff.upload("/invoices/import", f"{header}\n{line}\n").text


def test_a_group_that_is_asked_for_is_joined_on_approval() -> None:
    staff = Staff()
    staff.database.execute(
        "INSERT INTO access_requests (number, user_id, group_id, reason, submitted_on) SELECT 'AR-9', u.id, 1, 'x',"
        " '2026-02-01' FROM users u WHERE u.id NOT IN (SELECT user_id FROM memberships WHERE group_id = 1) LIMIT 1"
    )
    wish = staff.one("SELECT * FROM access_requests WHERE number = 'AR-9'")
    page = f"/requests/{wish['id']}/decide"
    assert staff.post(page, decision="deny", code="").status_code == 422
    assert staff.post(page, decision="approve", code="").status_code == 303
    found = staff.one("SELECT * FROM memberships WHERE group_id = 1 AND user_id = ?", wish["user_id"])
    assert found["granted_by"] == staff.user["username"]
    assert staff.post(page, decision="deny", code="CONFLICT").status_code == 409


def test_content_is_the_same_each_time_and_small() -> None:
    data = template("admin", "train", 3)
    template.cache_clear()
    assert template("admin", "train", 3) == data and len(data) < 700_000
    assert template("admin", "dev", 3) != data


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_families(family: BrowserFamily, level: int) -> None:
    prove_family(family, levels=(level,))
