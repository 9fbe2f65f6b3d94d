"""The tasks of the tracker: oracles pass, cheats fail, and answers agree with a second way to get them."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict

import pytest
from browser_play import prove_family

from selftrain.envs.browser.goals import Goal, Inserted, Updated
from selftrain.envs.browser.sites.database import open_database
from selftrain.envs.browser.task import task_family
from selftrain.envs.browser.tasks.tracker import FAMILIES
from selftrain.envs.browser.tasks.tracker_release import Lists
from selftrain.envs.browser.world import databases_of
from selftrain.tasks import Task

BY_NAME = {family.name: family for family in FAMILIES}
SEEDS = range(12)


def built(name: str, seed: int, level: int) -> tuple[Task, Goal, sqlite3.Connection]:
    task = task_family(BY_NAME[name]).task(seed, level)
    goal = task.verifier.goal  # type: ignore[attr-defined]
    return task, goal, open_database(databases_of(task.setup_files)["tracker"])


@pytest.mark.parametrize("level", range(1, 6))
@pytest.mark.parametrize("name", BY_NAME)
def test_oracle_passes_and_cheats_fail(name: str, level: int) -> None:
    prove_family(BY_NAME[name], levels=(level,))


@pytest.mark.parametrize("level", [2, 5])
def test_blockers_by_a_recursive_query(level: int) -> None:
    for seed in SEEDS:
        task, goal, database = built("tracker-blockers", seed, level)
        ref = re.search(r"\b[A-Z]{3}-\d+\b", task.instruction)
        assert ref
        (total,) = database.execute(
            "WITH RECURSIVE before(id) AS (SELECT l.issue_id FROM links l JOIN issues i ON i.id = l.other_id "
            "WHERE i.ref = ? AND l.kind = 'blocks' UNION SELECT l.issue_id FROM links l "
            "JOIN before b ON b.id = l.other_id WHERE l.kind = 'blocks') "
            "SELECT SUM(estimate) FROM issues JOIN before USING (id) WHERE status NOT IN ('resolved', 'closed')",
            (ref[0],),
        ).fetchone()
        assert str(total or 0) == goal.answer


def test_late_bugs_by_a_query_on_what_the_guide_says() -> None:
    for seed in SEEDS:
        task, goal, database = built("tracker-count", seed, 5)
        projects = database.execute("SELECT id, name FROM projects").fetchall()
        (project,) = [row["id"] for row in projects if row["name"] in task.instruction]
        sql = "SELECT text FROM guide WHERE project_id = ? AND section = 'Deadlines'"
        guide = " ".join(row["text"] for row in database.execute(sql, (project,)))
        days = {name: int(count) for name, count in re.findall(r"priority (\w+) .*? within (\d+) days", guide)}
        excused, doubled = re.findall(r"label ([\w-]+) (?:is never late|has twice)", guide)
        labels = "SELECT l.name FROM issue_labels x JOIN labels l ON l.id = x.label_id WHERE x.issue_id = i.id"
        has = f"(? IN ({labels}))"
        total = sum(
            database.execute(
                "SELECT COUNT(*) FROM issues i WHERE project_id = ? AND kind = 'bug' AND closed_at IS NULL "
                f"AND status <> 'resolved' AND priority = ? AND NOT {has} "
                f"AND JULIANDAY('2026-03-02') - JULIANDAY(DATE(created_at)) > ? * (1 + {has})",
                (project, name, excused, limit, doubled),
            ).fetchone()[0]
            for name, limit in days.items()
        )
        assert str(total) == goal.answer


@pytest.mark.parametrize("level", [1, 3, 5])
def test_the_first_bad_build_by_reading_all_comments(level: int) -> None:
    for seed in SEEDS:
        task, goal, database = built("tracker-regression", seed, level)
        asked = re.search(r"on (Debian|Windows|macOS)|On (Debian|Windows|macOS)", task.instruction)
        system = (asked[1] or asked[2]) if asked and level >= 3 else ""
        heard = defaultdict(list)
        sql = (
            "SELECT c.issue_id, c.body FROM comments c JOIN issues i ON i.id = c.issue_id WHERE title LIKE 'Test run%'"
        )
        for row in database.execute(f"{sql} ORDER BY c.id"):
            heard[row["issue_id"]].append(row["body"])
        good = ("the start is quick", "the totals agree", "the list is complete", "umlauts are fine")
        results = {}
        for bodies in heard.values():
            build = re.search(r"[Bb]uild (\d+)", bodies[0])
            assert build
            last = [body for body in bodies if "uild" in body][-1]
            if system in bodies[0]:
                results[int(build[1])] = any(text in last for text in good)
        assert len(heard) == (3, 8, 16, 32, 64)[level - 1]
        in_order = [results[build] for build in sorted(results)]
        assert in_order == sorted(in_order, reverse=True)
        assert min(build for build, fine in results.items() if not fine) == int(goal.answer or 0)


def test_duplicates_by_their_error_codes() -> None:
    for seed in SEEDS:
        _, goal, database = built("tracker-duplicates", seed, 5)
        groups = defaultdict(list)
        for row in database.execute("SELECT id, body FROM issues WHERE status = 'new' AND body LIKE '%Code E-%'"):
            groups[re.findall(r"Code (E-\d+)", row["body"])[0]].append(row["id"])
        customers = {
            row["issue_id"]
            for row in database.execute(
                "SELECT issue_id FROM issue_labels JOIN labels l ON l.id = label_id WHERE l.name = 'customer'"
            )
        }
        comments = dict(database.execute("SELECT issue_id, COUNT(*) FROM comments GROUP BY issue_id").fetchall())
        wanted = set()
        for pair in groups.values():
            if len(pair) == 2 and not customers & set(pair):
                kept = max(pair, key=lambda key: (comments.get(key, 0), -key))
                wanted.add((sum(pair) - kept, kept))
        links = {
            (change.values["issue_id"], change.values["other_id"])
            for change in goal.changes
            if isinstance(change, Inserted) and change.table == "links"
        }
        assert links == wanted
        assert len(links) == 5


def test_triage_at_the_top_level_has_every_exception() -> None:
    for seed in SEEDS:
        _, goal, database = built("tracker-triage", seed, 5)
        updated = [change for change in goal.changes if isinstance(change, Updated)]
        new = database.execute("SELECT COUNT(*) FROM issues WHERE status = 'new'").fetchone()[0]
        assert (len(updated), new) == (6, 7)
        kinds = dict(database.execute("SELECT id, kind FROM issues").fetchall())
        features = [change for change in updated if kinds[change.id] == "feature"]
        assert [change.values["priority"] for change in features] == ["low"]


def test_notes_name_exactly_the_issues() -> None:
    notes = Lists(frozenset({"ABC-1", "ABC-12"}), "Approved by x")
    assert notes("- ABC-12: a\n- ABC-1\nApproved by x")
    for wrong in ("ABC-1 ABC-12", "ABC-1 Approved by x", "ABC-1 ABC-12 ABC-2 Approved by x", None):
        assert not notes(wrong)
