"""Both engines on the same pages, and the oracles of real tasks on both."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator

import pytest
from browser_engines import chromium_or_skip

from selftrain.envs.browser.chromium import ChromiumEngine
from selftrain.envs.browser.conformance import SCENES, Scene, check_engines, check_scene, check_task
from selftrain.envs.browser.dom import DomEngine
from selftrain.envs.browser.engine import View
from selftrain.envs.browser.task import task_family
from selftrain.envs.browser.tasks import AREAS


@pytest.fixture(scope="module")
def chromium() -> Iterator[ChromiumEngine]:
    engine = chromium_or_skip()
    yield engine
    engine.close()


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_engines_agree(scene: Scene, chromium: ChromiumEngine) -> None:
    assert check_scene(scene, DomEngine(), chromium).why == ""


@pytest.mark.parametrize("area", AREAS)
def test_oracles_do_the_same_on_both_engines(area: str, chromium: ChromiumEngine) -> None:
    for family in importlib.import_module(f"selftrain.envs.browser.tasks.{area}").FAMILIES:
        task = task_family(family).task(5, 2)
        assert check_task(task, task.oracle, DomEngine(), chromium).why == ""


def test_suite_notices_what_differs() -> None:
    class Shouts(DomEngine):
        def view(self) -> View:
            view = super().view()
            return dataclasses.replace(view, page=dataclasses.replace(view.page, text=view.page.text.upper()))

    class Forgets(DomEngine):
        def fill(self, number: str, text: str) -> None:
            super().fill(number, text[:1])

    assert check_engines(DomEngine(), DomEngine(), ["a_form_by_post", "names"])[1].why == ""
    assert "text" in check_engines(DomEngine(), Shouts(), ["structure"])[0].why
    assert check_engines(DomEngine(), Forgets(), ["a_form_by_post"])[0].name == "a_form_by_post"
    assert check_engines(DomEngine(), Forgets(), ["a_form_by_post"])[0].why != ""


def test_a_task_that_leaves_another_database_is_noticed() -> None:
    class Idle(DomEngine):
        def click(self, number: str, count: int = 1) -> None:
            if count == 1 and self.view().page.elements[number].role != "button":
                super().click(number)

    family = importlib.import_module("selftrain.envs.browser.tasks.forum").FAMILIES[-1]
    task = task_family(family).task(5, 2)
    assert check_task(task, task.oracle[:1], DomEngine(), DomEngine()).why == ""
    assert check_task(task, task.oracle, DomEngine(), Idle()).why != ""
