"""The judge of goals: every kind of change, a second judge over random edits, and planted faults that it must catch."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from flask import Blueprint
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs.browser import goal_check, goal_judge
from selftrain.envs.browser.answers import same_answer
from selftrain.envs.browser.goal_judge import judge
from selftrain.envs.browser.goals import Contains, Deleted, Goal, IdOf, Inserted, Updated
from selftrain.envs.browser.sites.base import Site
from selftrain.envs.browser.sites.database import new_database, open_database, start_audit
from selftrain.errors import TaskError, VerifierError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.verdicts import Check, Verdict

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, name TEXT, role TEXT, password TEXT);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'new', note TEXT, created_at TEXT
);
CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, item TEXT NOT NULL, count INTEGER DEFAULT 1);
CREATE TABLE cart (id INTEGER PRIMARY KEY, item TEXT);
"""
SITE = Site("desk", "Desk", SCHEMA, Blueprint("desk", __name__), incidental=frozenset({"cart"}))
ACTOR = {"desk": "setup"}  # what the audit says of changes outside of a request
Edit = Callable[[sqlite3.Connection], object]


@pytest.fixture(autouse=True)
def the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (goal_judge, goal_check):
        monkeypatch.setattr(module, "find_site", lambda name: SITE)


def start_database() -> bytes:
    database = new_database(SITE.schema, "2026-03-02 09:00", "secret")
    database.execute("INSERT INTO orders VALUES (1, 'Ada', 'new', NULL, 'then'), (2, 'Bob', 'paid', NULL, 'then')")
    database.execute("INSERT INTO lines VALUES (1, 1, 'mug', 1), (2, 2, 'pen', 5)")
    start_audit(database)
    return database.serialize()


START = start_database()


def sql(*statements: str) -> Edit:
    return lambda database: [database.execute(statement) for statement in statements]


def evidence(edit: Edit, answer: str | None = None, log: bytes = b"[]") -> Evidence:
    with closing(open_database(START)) as database:
        edit(database)
        files = {"/sites/desk.db": database.serialize(), "/requests.json": log}
    if answer is not None:
        files["/answer"] = answer.encode()
    return Evidence({path: EvidenceFile(data) for path, data in files.items()})


def verdict(goal: Goal, edit: Edit, answer: str | None = None, log: bytes = b"[]") -> Verdict:
    goal_check.check_goal(goal, {"desk": START})
    return Verdict.of(judge(goal, {"desk": START}, evidence(edit, answer, log)))


PAID = Goal([Updated("desk", "orders", 1, {"status": "paid"})], ACTOR)
NOTED = Goal([Updated("desk", "orders", 1, {"status": "held", "note": Contains(("#1", "Twice"))})], ACTOR)
GONE = Goal([Deleted("desk", "orders", 2)], ACTOR)
NEW = Goal([Inserted("desk", "orders", {"customer": "Cy"})], ACTOR)
WITH_LINES = Goal(
    [
        Inserted("desk", "orders", {"customer": "Cy"}),
        Inserted("desk", "lines", {"order_id": IdOf(0), "item": "mug", "count": 2}),
        Inserted("desk", "lines", {"order_id": IdOf(0), "item": "pen"}),
    ],
    ACTOR,
)
PAY = "UPDATE orders SET status = 'paid' WHERE id = 1"
CY = "INSERT INTO orders (customer, created_at) VALUES ('Cy', 'now')"


@pytest.mark.parametrize(
    ("goal", "statements"),
    [
        (PAID, [PAY]),
        (PAID, ["UPDATE orders SET status = 'held' WHERE id = 1", PAY]),
        (PAID, ["UPDATE orders SET status = 'paid', created_at = 'now' WHERE id = 1"]),
        (PAID, [PAY, "INSERT INTO cart (item) VALUES ('mug')"]),
        (NOTED, ["UPDATE orders SET status = 'held', note = 'bought #1 twice' WHERE id = 1"]),
        (GONE, ["DELETE FROM orders WHERE id = 2"]),
        (NEW, [CY]),
        (NEW, ["INSERT INTO orders (id, customer) VALUES (77, 'Cy')"]),
        (NEW, ["INSERT INTO orders (customer) VALUES ('C')", "UPDATE orders SET customer = 'Cy' WHERE id = 3"]),
        (WITH_LINES, [CY, "INSERT INTO lines VALUES (8, 3, 'pen', 1)", "INSERT INTO lines VALUES (9, 3, 'mug', 2)"]),
    ],
)
def test_what_was_asked_for_passes(goal: Goal, statements: list[str]) -> None:
    assert verdict(goal, sql(*statements)).why == ""


@pytest.mark.parametrize(
    ("goal", "statements", "check"),
    [
        (PAID, [], "goal rows"),
        (PAID, ["UPDATE orders SET status = 'PAID' WHERE id = 1"], "goal rows"),
        (PAID, ["UPDATE orders SET status = 'paid', note = '' WHERE id = 1"], "goal rows"),
        (PAID, ["UPDATE orders SET created_at = 'now' WHERE id = 1"], "goal rows"),
        (PAID, [PAY, "UPDATE orders SET note = 'x' WHERE id = 2"], "nothing else"),
        (PAID, [PAY, "INSERT INTO lines VALUES (9, 1, 'mug', 1)"], "nothing else"),
        (PAID, [PAY, "DELETE FROM lines WHERE id = 2"], "nothing else"),
        (PAID, [PAY, CY, "DELETE FROM orders WHERE customer = 'Cy'"], "audit"),
        (PAID, [PAY, "UPDATE lines SET count = 6", "UPDATE lines SET count = 1 WHERE id = 1"], "nothing else"),
        (
            PAID,
            [PAY, "UPDATE orders SET note = 'x' WHERE id = 2", "UPDATE orders SET note = NULL WHERE id = 2"],
            "audit",
        ),
        (PAID, ["DELETE FROM orders WHERE id = 1", "INSERT INTO orders VALUES (1, 'Ada', 'paid', NULL, 'x')"], "audit"),
        (NOTED, ["UPDATE orders SET status = 'held', note = 'bought twice' WHERE id = 1"], "goal rows"),
        (NOTED, [f"UPDATE orders SET status = 'held', note = '#1 twice {'x' * 400}' WHERE id = 1"], "goal rows"),
        (GONE, ["DELETE FROM orders"], "nothing else"),
        (GONE, ["UPDATE orders SET status = 'gone' WHERE id = 2"], "goal rows"),
        (NEW, [CY, CY], "nothing else"),
        (NEW, ["INSERT INTO orders (customer, status) VALUES ('Cy', 'paid')"], "goal rows"),
        (NEW, ["INSERT INTO orders (customer, note) VALUES ('Cy', '')"], "goal rows"),
        (NEW, ["INSERT INTO orders (customer) VALUES ('C')", "DELETE FROM orders WHERE customer = 'C'", CY], "audit"),
        (
            WITH_LINES,
            [CY, "INSERT INTO lines VALUES (8, 3, 'pen', 1)", "INSERT INTO lines VALUES (9, 2, 'mug', 2)"],
            "goal rows",
        ),
        (
            WITH_LINES,
            [CY, "INSERT INTO lines VALUES (8, 1, 'pen', 1)", "INSERT INTO lines VALUES (9, 1, 'mug', 2)"],
            "goal rows",
        ),
    ],
)
def test_anything_else_fails_for_its_reason(goal: Goal, statements: list[str], check: str) -> None:
    assert verdict(goal, sql(*statements)).why.startswith(f"{check}: ")


def test_who_did_it_counts() -> None:
    by_ada = Goal(PAID.changes, {"desk": "ada"})
    assert verdict(by_ada, sql(PAY)).why.startswith("actors: ")
    assert verdict(Goal(PAID.changes, {"desk": ""}), sql(PAY)).why.startswith("actors: ")


def test_lines_go_to_the_order_that_fits_even_if_orders_look_alike() -> None:
    lines = [Inserted("desk", "lines", {"order_id": IdOf(i), "item": item}) for i, item in ((0, "mug"), (1, "pen"))]
    goal = Goal([*[Inserted("desk", "orders", {"customer": "Cy"})] * 2, *lines], ACTOR)
    for first, second in permutations((3, 4)):
        fill = f"INSERT INTO lines (order_id, item) VALUES ({first}, 'pen'), ({second}, 'mug')"
        assert verdict(goal, sql(CY, CY, fill)).passed
    assert not verdict(goal, sql(CY, CY, "INSERT INTO lines (order_id, item) VALUES (3, 'pen'), (3, 'mug')")).passed


def test_many_rows_that_look_alike_are_matched_in_no_time() -> None:
    goal = Goal(
        [Inserted("desk", "lines", {"order_id": 1, "item": Contains(("m",)), "count": i % 3}) for i in range(60)], ACTOR
    )
    rows = [f"INSERT INTO lines (order_id, item, count) VALUES (1, 'm{i}', {i % 3})" for i in reversed(range(60))]
    assert verdict(goal, sql(*rows)).passed
    assert not verdict(goal, sql(*rows[1:], "INSERT INTO lines (order_id, item, count) VALUES (1, 'x', 2)")).passed


def test_answers_and_requests_are_looked_at() -> None:
    asked = Goal(answer="Blue mug", requests=[r"GET http://desk\.test/policy(\?.*)?"])
    log = b'[{"method": "GET", "url": "http://desk.test/policy?page=2", "status": %d, "user": ""}]'
    assert verdict(asked, sql(), " blue  MUG", log % 200).passed
    assert verdict(asked, sql(), "blue mug", log % 404).why.startswith("requests: ")
    assert verdict(asked, sql(), None, log % 200).why == "answer: no answer was given"
    assert "Blue" not in verdict(asked, sql(), "red mug", log % 200).why
    assert verdict(asked, sql(PAY), "blue mug", log % 200).why.startswith("nothing else: ")


def test_a_report_that_it_cannot_be_done_is_no_success() -> None:
    told = Evidence({**evidence(sql(PAY)).files, "/infeasible": EvidenceFile(b"no")})
    assert Verdict.of(judge(PAID, {"desk": START}, told)).why.startswith("report: ")


@pytest.mark.parametrize(
    ("gold", "kind", "right", "wrong"),
    [
        ("Blue mug", "text", ["blue mug", " Blue\n mug "], ["Blue mug!", "a Blue mug", "Bluemug", ""]),
        (
            "1204",
            "number",
            ["1204", "1,204", "1204.00", "+1204"],
            ["1204 items", "12,04", "1204.001", "0x4b4", "1e3", "١٢٠٤"],
        ),
        (
            "84.20",
            "money",
            ["84.2", "$84.20", "$ 84.20", "84.20 EUR", "USD 84.20"],
            ["84.201", "84", "84.20 or 85", "€ 84.20 $"],
        ),
        ("$84.20", "money", ["84.20", "usd 84.20"], ["€84.20", "84.20 EUR"]),
        ("-5.00", "money", ["-$5", "$-5.00", "−5"], ["5", "--5", "not -5.00"]),
        (
            "2026-03-02",
            "date",
            ["2026-03-02", "2026-3-2 "],
            ["2 March 2026", "2026-03-02 09:00", "2026-02-30", "03-02-2026"],
        ),
        ("a, b;c", "set", ["c,b,a", "A;B;C", "b\nc\na", "a,b,c,"], ["a,b", "a,b,c,d", "abc", ""]),
    ],
)
def test_answers_compare_by_their_kind(gold: str, kind: str, right: list[str], wrong: list[str]) -> None:
    assert [each for each in right if not same_answer(gold, each, kind)] == []
    assert [each for each in wrong if same_answer(gold, each, kind)] == []


@given(st.text(max_size=30), st.sampled_from(["text", "number", "money", "date", "set"]))
def test_any_text_can_be_compared(text: str, kind: str) -> None:
    gold = {"text": "x", "number": "1", "money": "1.00", "date": "2026-01-01", "set": "a,b"}[kind]
    assert same_answer(gold, text, kind) in (True, False)


@pytest.mark.parametrize(
    ("goal", "why"),
    [
        (Goal(), "wants nothing"),
        (Goal([Updated("desk", "orders", 1, {"status": "paid"})]), "actors="),
        (Goal([Updated("shop", "orders", 1, {"status": "paid"})], ACTOR), "a site that the task does not have"),
        (Goal([Inserted("desk", "cart", {"item": "mug"})], ACTOR), "no table that is judged"),
        (Goal([Updated("desk", "orders", 9, {"status": "paid"})], ACTOR), "not there in the beginning"),
        (Goal([Updated("desk", "orders", 1, {"state": "paid"})], ACTOR), "names 'state'; the columns are id, customer"),
        (Goal([Updated("desk", "orders", 2, {"status": "paid"})], ACTOR), "status is 'paid' already"),
        (Goal([Inserted("desk", "lines", {"order_id": IdOf(4)})], ACTOR), "IdOf(4)"),
        (Goal(answer="about 5", answer_kind="number"), "cannot be read as number"),
        (Goal(answer="5", answer_kind="int"), "answer_kind='int' must be one of text, number"),
    ],
)
def test_a_goal_that_cannot_be_judged_is_refused(goal: Goal, why: str) -> None:
    with pytest.raises(TaskError) as error:
        goal_check.check_goal(goal, {"desk": START})
    assert why in str(error.value)


@pytest.mark.parametrize(
    "broken",
    [
        {"/sites/desk.db": b"no database"},
        {"/sites/desk.db": START[:4096] + b"\0" * 4096},
        {"/requests.json": b"[{}]"},
    ],
    ids=["no database", "a torn one", "no log"],
)
def test_broken_evidence_is_no_verdict(broken: Mapping[str, bytes]) -> None:
    files = {**evidence(sql()).files, **{path: EvidenceFile(data) for path, data in broken.items()}}
    with pytest.raises(VerifierError):
        judge(Goal(answer="x", requests=["GET .*"]), {"desk": START}, Evidence(files))


@pytest.mark.parametrize(
    "statement",
    ["DROP TRIGGER audit_orders_update", "CREATE TABLE more (id INTEGER PRIMARY KEY)"],
)
def test_another_schema_is_no_verdict(statement: str) -> None:
    with pytest.raises(VerifierError, match="schema"):
        verdict(PAID, sql(statement, PAY))


# a second judge, which knows no rows of a goal but only what the database should be


def expected_database(statements: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    with closing(open_database(START)) as database:
        sql(*statements)(database)
        tables = ("users", "orders", "lines")
        return {table: sorted(map(tuple, database.execute(f"SELECT * FROM {table}")), key=repr) for table in tables}


def touched(database: sqlite3.Connection) -> set[tuple[str, int]]:
    return {(tab, row) for tab, row in database.execute("SELECT tab, row FROM audit WHERE tab <> 'cart'")}


EDITS = st.lists(
    st.sampled_from(
        [
            PAY,
            "UPDATE orders SET status = 'new' WHERE id = 1",
            "UPDATE orders SET note = 'x' WHERE id = 1",
            "UPDATE orders SET note = NULL WHERE id = 1",
            "UPDATE lines SET count = count + 1 WHERE id = 2",
            "UPDATE lines SET count = count - 1 WHERE id = 2",
            "INSERT INTO cart (item) VALUES ('mug')",
            "DELETE FROM cart",
            "INSERT INTO lines VALUES (9, 1, 'cup', 1)",
            "DELETE FROM lines WHERE id = 9",
        ]
    ),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(EDITS)
def test_a_second_judge_agrees_on_random_edits(statements: list[str]) -> None:
    try:
        made = evidence(sql(*statements))
    except sqlite3.IntegrityError:
        return  # the line is there already
    with closing(open_database(made.files["/sites/desk.db"].data)) as database:
        passes = expected_database(statements) == expected_database([PAY]) and touched(database) == {("orders", 1)}
    assert Verdict.of(judge(PAID, {"desk": START}, made)).passed == passes


# faults of the judge, each of which one of these must catch; what `_nothing_else` finds, `_audit` finds as well


def probes() -> list[bool]:
    """Whether each of these is judged as it should be."""
    undone = sql(PAY, "UPDATE orders SET note = 'x' WHERE id = 2", "UPDATE orders SET note = NULL WHERE id = 2")
    return [
        verdict(PAID, sql(PAY)).passed,
        not verdict(PAID, sql()).passed,
        not verdict(PAID, sql(PAY, CY)).passed,
        not verdict(PAID, undone).passed,
        not verdict(Goal(PAID.changes, {"desk": "ada"}), sql(PAY)).passed,
        not verdict(NEW, sql("INSERT INTO orders (customer, note) VALUES ('Cy', 'x')")).passed,
        not verdict(Goal(answer="x"), sql(), "x or y").passed,
    ]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("_goal_rows", lambda *_: Check("goal rows", True)),
        ("_audit", lambda *_: Check("audit", True)),
        ("_actors", lambda *_: Check("actors", True)),
        ("_answer", lambda *_: Check("answer", True)),
        ("_defaults", lambda *_: iter(())),
        ("same_answer", lambda gold, given, kind: gold in given),
    ],
)
def test_a_planted_fault_is_caught(monkeypatch: pytest.MonkeyPatch, name: str, fault: Callable[..., Any]) -> None:
    assert all(probes())
    monkeypatch.setattr(goal_judge, name, fault)
    assert not all(probes())


def test_a_column_may_be_the_site_s_own_in_one_table_alone() -> None:
    site = replace(SITE, generated=frozenset({"id", "lines.item"}))
    assert site.generated_in("lines") == {"id", "item"}
    assert site.generated_in("cart") == {"id"}
