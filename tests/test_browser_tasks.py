"""Browser tasks made of drafts, and where their sites run: in this process, or in a sandbox."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing

import pytest
from backends import IN_CI
from browser_play import play
from werkzeug.test import Client

from selftrain.envs.browser import hosting
from selftrain.envs.browser.env import BrowserEnv
from selftrain.envs.browser.family import Draft
from selftrain.envs.browser.goals import Goal, Updated
from selftrain.envs.browser.hosting import InProcessSites
from selftrain.envs.browser.sandbox_sites import SandboxSites
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.database import open_database
from selftrain.envs.browser.task import draft_task, task_family
from selftrain.envs.browser.tasks import browser_families
from selftrain.envs.browser.world import World, databases_of
from selftrain.envs.catalogue import task_of_id
from selftrain.errors import SandboxError, TaskError
from selftrain.sandboxes import make_backend
from selftrain.tasks import Task

CHANGE = "forum-bans/train/1/0"
needs_flask_on_the_system = pytest.mark.skipif(
    not IN_CI
    and (
        not shutil.which("/usr/bin/python3")
        or subprocess.run(["/usr/bin/python3", "-I", "-c", "import flask"], capture_output=True, check=False).returncode
        or make_backend("bubblewrap").available() is not None
    ),
    reason="needs bubblewrap and python3-flask",
)


@pytest.fixture
def env() -> Iterator[BrowserEnv]:
    made = BrowserEnv()
    yield made
    made.close()


@pytest.fixture(scope="module")
def task() -> Task:
    return task_of_id(CHANGE)


def test_tasks_know_their_split_and_their_world() -> None:
    family = task_family(browser_families()["booking-find-connection"])
    train, test = family.task(0, 1), family.task(0, 1, "test")
    assert train.setup_files != test.setup_files
    assert databases_of(family.task(5, 2).setup_files).keys() == {"booking"}
    again = family.task(0, 1)
    assert again.fingerprint() == train.fingerprint() and again.oracle == train.oracle and again == train
    assert hash(train.oracle) == hash(again.oracle) and repr(train.oracle).startswith("Played((Do(")


def test_a_fingerprint_takes_no_playing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("selftrain.envs.browser.task.Stage.play")
    tasks = [task_of_id(f"forum-bans/train/1/{seed}") for seed in (0, 0, 1)]
    prints = [task.fingerprint() for task in tasks]
    assert prints[0] == prints[1] != prints[2]


def test_a_script_that_cannot_be_played_says_where() -> None:
    world = World(["mail"], "train", 0)
    draft = Draft("Find it.", world, Goal(answer="x"), [Do("click", "button", "No such button")])
    with pytest.raises(
        TaskError, match=r"step 1 of a script, .*No such button.* cannot be played on http://mail\.test/"
    ):
        len(draft_task(draft).oracle)


def test_a_first_page_that_is_not_there_is_the_task_s_fault(env: BrowserEnv) -> None:
    world = World(["mail"], "train", 0)
    draft = Draft("Find it.", world, Goal(answer="x"), [Do("answer('x')")], start="http://elsewhere.test/")
    with pytest.raises(TaskError, match="begins at a page that cannot be opened"):
        env.reset(options={"task": draft_task(draft)})


def test_the_cheats_of_every_task_are_not_paid(task: Task) -> None:
    assert {"nothing-done", "empty-answer", "only-said-so", "unfinished"} <= task.cheats.keys()
    for name in ("nothing-done", "empty-answer", "only-said-so", "unfinished"):
        assert not play(task, task.cheats[name]).passed
    assert len(task.cheats["unfinished"]) <= len(task.oracle)


def test_updates_that_were_there_already_are_refused() -> None:
    world = World(["mail"], "train", 0)
    row = world.row("mail", "SELECT id, name FROM users LIMIT 1")
    goal = Goal([Updated("mail", "users", row["id"], {"name": row["name"]})], {"mail": "x"})
    with pytest.raises(TaskError, match="already"):
        draft_task(Draft("Do it.", world, goal, []))


# where the sites run


@needs_flask_on_the_system
def test_sites_in_a_sandbox_answer_as_those_in_this_process() -> None:
    databases = World(["mail", "forum"], "train", 3).databases()
    inside = SandboxSites(make_backend("bubblewrap"), "", databases)
    outside = InProcessSites(databases)
    try:
        for path in ("/login", "/nope", "/static/site.css"):
            for host in ("mail", "forum"):
                answers = [Client(sites).get(path, base_url=f"http://{host}.test") for sites in (inside, outside)]
                assert answers[0].status == answers[1].status and answers[0].data == answers[1].data
        form = {"username": "nobody", "password": "ü" * 10_000}
        assert [
            Client(sites).post("/login", data=form, base_url="http://mail.test").status_code
            for sites in (inside, outside)
        ] == [400, 400]
        assert inside.log() and inside.log() == inside.log()
        for name, data in inside.databases().items():
            with closing(open_database(data)) as one, closing(open_database(outside.databases()[name])) as other:
                assert list(map(tuple, one.execute("SELECT * FROM sessions"))) == list(
                    map(tuple, other.execute("SELECT * FROM sessions"))
                )
    finally:
        inside.close()
        inside.close()
        outside.close()
    with pytest.raises(SandboxError):
        inside.databases()


@needs_flask_on_the_system
def test_an_episode_with_sites_in_a_sandbox_gets_the_same_verdicts(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "selftrain.envs.browser.env.open_sites",
        lambda databases, javascript, backend, image: SandboxSites(
            make_backend("bubblewrap"), "", databases, javascript
        ),
    )
    env = BrowserEnv()
    for actions, wanted in ((task.oracle, 1.0), (("submit()",), 0.0)):
        env.reset(options={"task": task})
        for action in actions:
            _, reward, _, _, _ = env.step(action)
        assert reward == wanted
    env.close()


def test_docker_alone_means_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(hosting, "make_backend", lambda name: name)
    monkeypatch.setattr("selftrain.envs.browser.sandbox_sites.SandboxSites", lambda *given: asked.append(given))
    databases = World(["mail"], "train", 0).databases()
    for backend in ("auto", "process", "bubblewrap"):
        assert isinstance(hosting.open_sites(databases, False, backend, ""), InProcessSites)
    hosting.open_sites(databases, True, "docker", "mine")
    assert asked == [("docker", "mine", databases, True)]
