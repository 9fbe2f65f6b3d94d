"""What the back office's tasks want, derived a second time: from the policy pages' words and from rows, in Python."""

from __future__ import annotations

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from selftrain.envs.browser.family import Draft
from selftrain.envs.browser.goals import Deleted, Inserted, Updated
from selftrain.envs.browser.tasks.admin import FAMILIES
from selftrain.envs.browser.world import World

Table = Mapping[int, Mapping[str, Any]]
CASES = [(level, seed) for level in (1, 2, 3, 4, 5) for seed in (3, 11, 29)]
cases = pytest.mark.parametrize(("level", "seed"), CASES)


def drafted(name: str, level: int, seed: int) -> Draft:
    family = next(each for each in FAMILIES if each.name == name)
    return family.make(np.random.default_rng([seed, level]), level, World(("admin",), "train", seed % 4))


def table(draft: Draft, name: str) -> Table:
    return {line["id"]: dict(line) for line in draft.world.rows("admin", f"SELECT * FROM {name}")}


def policy(draft: Draft, slug: str) -> str:
    return next(str(one["body"]) for one in table(draft, "policies").values() if one["slug"] == slug)


def updates(draft: Draft, name: str) -> dict[int, Mapping[str, Any]]:
    return {one.id: one.values for one in draft.goal.changes if isinstance(one, Updated) and one.table == name}


def cents(text: str) -> int:
    return round(float(text.replace(",", "")) * 100)


def date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text[:10])


def first_code(order: list[str], applies: Mapping[str, bool]) -> str:
    return next((code for code in order if applies[code]), "")


@cases
def test_expenses(level: int, seed: int) -> None:
    draft = drafted("admin-expenses", level, seed)
    assert ("department" in draft.instruction) == (1 < level < 5), "all departments are meant at level 5"
    text = policy(draft, "expenses")
    limits = {name: cents(most) for name, most in re.findall(r"- (\w+): ([\d,.]+) for each person", text)}
    raised = {city: int(more) for city, more in re.findall(r"- (\w+): (\d+) percent more", text)}
    seniors = (re.findall(r"title (.+), the limit of Meals", text) or [""])[0].split(" or ")
    barred = re.findall(r"in any category: (.+)\.", text)[0].split(", ")
    order = re.findall(r"- ([A-Z-]+):", text)
    receipt = cents(re.findall(r"a line of ([\d,.]+) or more", text)[0])
    age = int(re.findall(r"more than (\d+) days before", text)[0])
    users, reports = table(draft, "users"), table(draft, "expense_reports")
    lines = defaultdict(list)
    for line in table(draft, "expense_lines").values():
        lines[line["report_id"]].append(line)

    def code(report: Mapping[str, Any]) -> str:
        person, applies = users[report["user_id"]], dict.fromkeys(order, False)
        before = [
            line for other in reports.values() if other["user_id"] == person["id"] and other["id"] != report["id"]
            and other["submitted_on"] < report["submitted_on"] for line in lines[other["id"]]
        ]  # fmt: skip
        for line in lines[report["id"]]:
            most = limits[line["category"]] * line["people"]
            city = report["purpose"].split()[-1]
            most = most * (100 + raised.get(city, 0)) // 100 if line["category"] == "Lodging" else most
            most *= 2 if line["category"] == "Meals" and person["title"] in seniors else 1
            applies["OVER-LIMIT"] |= line["amount"] > most
            applies["NO-RECEIPT"] |= line["amount"] >= receipt and line["receipt"] == ""
            applies["TOO-LATE"] |= (date(report["submitted_on"]) - date(line["spent_on"])).days > age
            applies["NOT-COVERED"] |= any(each in line["description"] for each in barred)
            key = ("spent_on", "category", "amount")
            applies["DUPLICATE"] |= any(all(line[name] == other[name] for name in key) for other in before)
        return first_code(order, applies)

    wanted = updates(draft, "expense_reports")
    for row, values in wanted.items():
        right = code(reports[row])
        assert values.get("code", "") == right and values["status"] == ("rejected" if right else "approved")
    if level == 5:
        assert {row for row, report in reports.items() if report["status"] == "submitted"} == set(wanted)


@cases
def test_requests(level: int, seed: int) -> None:
    draft = drafted("admin-requests", level, seed)
    text = policy(draft, "access")
    order = re.findall(r"- ([A-Z-]+):", text)
    ticket = re.findall(r"- NO-TICKET: the group is ([a-z ]+), and", text)[0].split(" or ")
    eligible = re.findall(r"- NOT-ELIGIBLE: the group is ([a-z ]+), and", text)[0].split(" or ")
    exempt = (re.findall(r"people of (.+) need none", text) or [""])[0]
    days = {name: int(count) for count, name in re.findall(r"(\d+) days for (\w+) groups", text)}
    pairs = [set(line[2:].split(" and ")) for line in text.partition("combined\n\n")[2].splitlines()]
    users, groups, places = table(draft, "users"), table(draft, "groups"), table(draft, "departments")
    held = defaultdict(set)
    for member in table(draft, "memberships").values():
        held[member["user_id"]].add(groups[member["group_id"]]["name"])
    new = [one.values for one in draft.goal.changes if isinstance(one, Inserted)]
    joined = {(values["user_id"], values["group_id"]) for values in new}
    wanted = updates(draft, "access_requests")
    for row, values in wanted.items():
        wish = table(draft, "access_requests")[row]
        user, group = users[wish["user_id"]], groups[wish["group_id"]]
        place = places[user["department_id"]]["name"]
        level_of, most = group["sensitivity"], days.get(group["sensitivity"])
        length = (date(wish["until"]) - date(wish["submitted_on"])).days if wish["until"] else 10**6
        code = first_code(
            order,
            {
                "NO-TICKET": level_of in ticket and not wish["ticket"] and place != exempt,
                "NOT-ELIGIBLE": level_of in eligible and user["kind"] == "contractor",
                "CONFLICT": any(group["name"] in pair and pair & held[user["id"]] for pair in pairs),
                "TOO-LONG": most is not None and length > most,
                "NO-REASON": wish["reason"] == "",
            },
        )
        assert values.get("code", "") == code and values["status"] == ("denied" if code else "approved")
        assert ((user["id"], group["id"]) in joined) == (not code)
        assert group["name"] not in held[user["id"]] or code


@cases
def test_reviews(level: int, seed: int) -> None:
    draft = drafted("admin-access-review", level, seed)
    text = policy(draft, "reviews")
    order = re.findall(r"- ([A-Z]+):", text)
    cutoff = date(re.findall(r"on (\d{4}-\d\d-\d\d) it had not", text)[0])
    unused = {name: int(count) for count, name in re.findall(r"(\d+) days for (\w+) groups", text)}
    spared = (re.findall(r"not if the person is a (.+)\)", text) or [""])[0]
    homes = dict(line[2:].split(": ") for line in text.rpartition("departments\n\n")[2].splitlines() if ": " in line)
    users, groups, places = table(draft, "users"), table(draft, "groups"), table(draft, "departments")
    gone = {one.id for one in draft.goal.changes if isinstance(one, Deleted)}
    members = {(each["user_id"], each["group_id"]): each for each in table(draft, "memberships").values()}
    wanted = updates(draft, "review_items")
    assert set(wanted) == set(table(draft, "review_items"))
    for row, item in table(draft, "review_items").items():
        member, user = members[item["user_id"], item["group_id"]], users[item["user_id"]]
        group, place = groups[item["group_id"]], places[user["department_id"]]["name"]
        idle = (cutoff - date(member["last_used"])).days if member["last_used"] else 10**6
        code = first_code(
            order,
            {
                "UNUSED": idle > unused[group["sensitivity"]] and user["title"] != spared,
                "LEFT": user["ends_on"] != "" and date(user["ends_on"]) < cutoff,
                "CONTRACTOR": user["kind"] == "contractor" and group["sensitivity"] == "restricted",
                "MOVED": group["name"] in homes and place not in homes[group["name"]].split(", "),
            },
        )
        assert wanted[row].get("code", "") == code and (member["id"] in gone) == bool(code)


@cases
def test_duplicate_suppliers(level: int, seed: int) -> None:
    draft = drafted("admin-duplicate-suppliers", level, seed)
    bills = Counter(bill["supplier_id"] for bill in table(draft, "invoices").values())
    same = defaultdict(list)
    for supplier in table(draft, "suppliers").values():
        same[supplier["tax_number"]].append(supplier)
    wanted = updates(draft, "suppliers")
    busiest = "with more invoices" in policy(draft, "suppliers")
    twins = [each for each in same.values() if len(each) > 1]
    assert len(twins) == len(wanted)
    for twin in twins:
        low, high = sorted(twin, key=lambda one: int(one["number"][2:]))
        assert bills[low["id"]] != bills[high["id"]] or not busiest
        stays, goes = (high, low) if busiest and bills[high["id"]] > bills[low["id"]] else (low, high)
        if stays["iban"] == goes["iban"]:
            assert wanted[goes["id"]] == {"status": "merged", "merged_into": stays["id"]}
        else:
            assert wanted[goes["id"]]["status"] == "blocked" and wanted[goes["id"]]["note"](f"see {stays['number']}")


@cases
def test_invoices(level: int, seed: int) -> None:
    draft = drafted("admin-invoices", level, seed)
    order = re.findall(r"- ([A-Z-]+):", policy(draft, "invoices"))
    suppliers, bills = table(draft, "suppliers"), table(draft, "invoices")
    seen: Counter[tuple[Any, ...]] = Counter()
    codes = {}
    for bill in sorted(bills.values(), key=lambda one: str(one["number"])):
        key = (bill["supplier_id"], bill["purchase_order"], bill["amount"])
        codes[bill["id"]] = first_code(
            order,
            {
                "DUPLICATE": seen[key] > 0,
                "NO-ORDER": bill["purchase_order"] == "",
                "BLOCKED-SUPPLIER": suppliers[bill["supplier_id"]]["status"] == "blocked",
            },
        )
        seen[key] += bill["status"] != "rejected"
    wanted = updates(draft, "invoices")
    for row, values in wanted.items():
        assert values.get("code", "") == codes[row]
        assert values["status"] == ("rejected" if codes[row] else "approved")
    if level == 5:
        assert set(wanted) == {row for row, bill in bills.items() if bill["status"] == "received"}
    assert any(codes[row] for row in wanted)


@cases
def test_bank_details(level: int, seed: int) -> None:
    draft = drafted("admin-bank-details", level, seed)
    suppliers = {one["number"]: one for one in table(draft, "suppliers").values()}
    latest: dict[int, Mapping[str, Any]] = {}
    for letter in sorted(table(draft, "documents").values(), key=lambda one: str(one["received_on"])):
        pattern = r"number with you is (S-\d+), our tax number is (\d+)\..*IBAN ([A-Z\d ]+)\."
        found = re.search(pattern, letter["body"], re.S)
        if found and suppliers[found[1]]["tax_number"] == found[2]:
            latest[suppliers[found[1]]["id"]] = {"iban": found[3].replace(" ", ""), "number": letter["number"]}
    wanted = updates(draft, "suppliers")
    assert {row: values["iban"] for row, values in wanted.items()} == {row: one["iban"] for row, one in latest.items()}
    assert all(values["note"](latest[row]["number"]) for row, values in wanted.items())


@cases
def test_duties(level: int, seed: int) -> None:
    draft = drafted("admin-duties", level, seed)
    text = policy(draft, "duties")
    window = int((re.findall(r"within (\d+) days", text) or ["0"])[0])
    small = cents((re.findall(r"invoice of less than ([\d,.]+) may", text) or ["0"])[0])
    deputy = (re.findall(r"- (\S+) is the only deputy", text) or [""])[0]
    suppliers, bills = table(draft, "suppliers"), table(draft, "invoices")
    changes = [event for event in table(draft, "events").values() if event["action"] == "supplier.bank_changed"]
    approved = {e["object"]: e for e in table(draft, "events").values() if e["action"] == "invoice.approved"}
    guilty = []
    for bill in bills.values():
        event = approved.get(bill["number"])
        if event is None:
            continue
        who, supplier = event["actor"], suppliers[bill["supplier_id"]]
        assert who == bill["decided_by"]
        both = "the same invoice" in text and who == bill["entered_by"] and bill["amount"] >= small
        both |= "Create a supplier" in text and who == supplier["created_by"]
        for other in changes if window else ():
            soon = (date(event["at"]) - date(other["at"])).days <= window and other["at"] < event["at"]
            both |= soon and (other["object"], other["actor"]) == (supplier["number"], who)
        if both and who != deputy:
            guilty.append(who)
    assert guilty == [draft.goal.answer]


@pytest.mark.parametrize("seed", range(6))
def test_break_ins(seed: int) -> None:
    draft = drafted("admin-find-in-log", 5, seed)
    signs = [event for event in table(draft, "events").values() if event["action"].startswith("signin.")]
    victims = set()
    for event in signs:
        near = [one for one in signs if (one["address"], one["at"][:10]) == (event["address"], event["at"][:10])]
        failed = {one["actor"] for one in near if one["action"] == "signin.failed" and one["at"] < event["at"]}
        if event["action"] == "signin.ok" and len(failed) >= 5 and event["actor"] in failed:
            victims.add(event["actor"])
    assert victims == {draft.goal.answer}


@pytest.mark.parametrize("seed", range(6))
def test_counts_in_the_log(seed: int) -> None:
    draft = drafted("admin-find-in-log", 4, seed)
    failed = Counter(
        event["actor"]
        for event in table(draft, "events").values()
        if event["action"] == "signin.failed" and event["at"].startswith("2026-02")
    )
    (first, most), (_, second) = failed.most_common(2)
    assert first == draft.goal.answer and most > second
    draft = drafted("admin-find-in-log", 3, seed)
    who, early, late = _asked(draft)
    count = sum(
        event["action"] == "invoice.approved" and event["actor"] == who and early <= event["at"][:10] <= late
        for event in table(draft, "events").values()
    )
    assert str(count) == draft.goal.answer


def _asked(draft: Draft) -> tuple[str, str, str]:
    early, late = re.findall(r"\d{4}-\d\d-\d\d", draft.instruction)
    names = {user["username"] for user in table(draft, "users").values()}
    asked = draft.instruction.split("Sign in as")[0]
    (who,) = {word.strip("?,.") for word in asked.split()} & names
    return who, early, late


@cases
def test_uploads(level: int, seed: int) -> None:
    draft = drafted("admin-upload", level, seed)
    assert len(set(draft.files["new-people.csv"].decode().splitlines())) == 1 + len(draft.goal.changes)
    names = [user["username"] for user in table(draft, "users").values()]
    made = [one.values for one in draft.goal.changes if isinstance(one, Inserted)]
    assert len(set(names) | {one["username"] for one in made}) == len(names) + len(made)
    heads = {place["id"]: place["head_id"] for place in table(draft, "departments").values()}
    assert all(one["manager_id"] == heads[one["department_id"]] for one in made)


@cases
def test_offboarding(level: int, seed: int) -> None:
    draft = drafted("admin-offboard", level, seed)
    gone = [row for row, values in updates(draft, "users").items() if "status" in values]
    members, assets = table(draft, "memberships"), table(draft, "assets")
    ended = {one.id for one in draft.goal.changes if isinstance(one, Deleted)}
    assert ended == {row for row, member in members.items() if member["user_id"] in gone}
    assert set(updates(draft, "assets")) == {row for row, asset in assets.items() if asset["user_id"] in gone}
    groups = table(draft, "groups")
    assert set(updates(draft, "groups")) == {row for row, group in groups.items() if group["owner_id"] in gone}
    moved = {row for row, values in updates(draft, "users").items() if "manager_id" in values}
    users = table(draft, "users")
    assert moved == {row for row, user in users.items() if user["manager_id"] in gone and user["status"] == "active"}
    notices = [one["body"] for one in table(draft, "documents").values() if one["kind"] == "Notice"]
    void = [body for body in notices if "withdrawn" in body]
    stated = {users[row]["username"] for row in gone}
    if level > 1:
        told = {re.findall(r"\((\S+)\)", body)[0] for body in notices}
        assert stated == told - {re.findall(r"\((\S+)\)", body)[0] for body in void}
