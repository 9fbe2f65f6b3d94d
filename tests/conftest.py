"""Settings for every test."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# how long an example takes says more about the machine's load than about the code
settings.register_profile("selftrain", deadline=None)
settings.load_profile("selftrain")
# tests of these are skipped on a user's machine that lacks them; `make test` installs them
OPTIONAL = ("cryptography", "matplotlib", "sb3_contrib", "stable_baselines3", "torchrl", "yaml")


def pytest_configure() -> None:
    """In CI a missing component is a failure, not a skip."""
    missing = [name for name in OPTIONAL if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("CI") == "true":
        raise pytest.UsageError(f"CI=true and not installed: {', '.join(missing)}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, driven by playwright."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None and os.environ.get("CI") != "true":
        pytest.skip("chromium is not installed: apt-get install chromium")
    assert path, "chromium is not installed"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test when a script breaks, its policy is violated or anything but pages is fetched."""
    context = browser.new_context(viewport={"width": 1500, "height": 950}, reduced_motion="reduce")
    made, faults = context.new_page(), list[str]()
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    made.on("request", lambda request: None if _is_ours(request.url) else faults.append(request.url))
    yield made
    context.close()
    assert faults == []


@pytest.fixture(scope="session")
def accessible() -> Callable[[Page], None]:
    """Asserts that axe finds no fault of accessibility in a page as it is shown: WCAG 2.2 A and AA, and its advice."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    def check(page: Page) -> None:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()

    return check


def _is_ours(url: str) -> bool:
    return url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:"))
