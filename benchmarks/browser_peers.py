"""Other browser environments on a page of MiniWoB++, behind one small interface for `browser.py`."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

PAGE = "enter-text"
_TEXTBOX = re.compile(r"\[(\w+)\] textbox")


class Peer(NamedTuple):
    """Two actions on the page: begin an episode of this seed; fill this text into its field, and look again."""

    reset: Callable[[int], Any]
    step: Callable[[str], Any]


Opener = Callable[[], AbstractContextManager[Peer]]


class PeerMissingError(Exception):
    """This peer cannot run here; says why."""


def pages() -> Path:
    """The folder of MiniWoB++'s pages."""
    spec = importlib.util.find_spec("miniwob")
    if spec is None or spec.origin is None:
        raise PeerMissingError("miniwob is not installed")
    return Path(spec.origin).parent / "html" / "miniwob"


def browsergym(**settings: Any) -> Opener:
    """BrowserGym's environment; without settings as it ships, with a browser for the page and one for its chat."""

    @contextlib.contextmanager
    def opened() -> Iterator[Peer]:
        try:
            import browsergym.miniwob  # noqa: F401
            import gymnasium as gym
            import playwright.sync_api as playwright
            from browsergym.utils.obs import flatten_axtree_to_str
        except ImportError as error:
            raise PeerMissingError(f"browsergym-miniwob is not installed ({error})") from error
        executable = shutil.which("chromium")
        if executable is None:
            raise PeerMissingError("chromium is not installed")
        os.environ["MINIWOB_URL"] = f"{pages().as_uri()}/"
        launch = playwright.BrowserType.launch

        def launched(self: Any, **options: Any) -> Any:
            # the browser that playwright 1.44 brings along cannot be downloaded here, and root has no sandbox
            options |= {"executable_path": executable, "args": [*options.get("args", []), "--no-sandbox"]}
            return launch(self, **options)

        playwright.BrowserType.launch = launched
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            env = gym.make(f"browsergym/miniwob.{PAGE}", **settings)
            field = ""

            def reset(seed: int) -> None:
                nonlocal field
                tree = flatten_axtree_to_str(env.reset(seed=seed)[0]["axtree_object"])
                field = _TEXTBOX.findall(tree)[0]

            def step(text: str) -> None:
                error = env.step(f"fill({field!r}, {text!r})")[0]["last_action_error"]
                assert not error, error

            try:
                yield Peer(reset, step)
            finally:
                env.close()
                playwright.BrowserType.launch = launch

    return opened


@contextlib.contextmanager
def miniwob_selenium() -> Iterator[Peer]:
    """The `miniwob` package's own environment, which drives Chromium through chromedriver."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        raise PeerMissingError("chromium or chromedriver is not installed: apt-get install chromium-driver")
    os.environ |= {"MINIWOB_CHROME_BINARY": chromium, "MINIWOB_CHROMEDRIVER": driver}
    try:
        import gymnasium as gym
        import miniwob
        from miniwob.action import ActionTypes
    except ImportError as error:
        raise PeerMissingError(f"miniwob is not installed ({error})") from error

    logging.getLogger("selenium").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gym.register_envs(miniwob)
        env = gym.make(f"miniwob/{PAGE}-v1")
        inner: Any = env.unwrapped
        field = 0

        def reset(seed: int) -> None:
            nonlocal field
            elements = env.reset(seed=seed)[0]["dom_elements"]
            field = next(each["ref"] for each in elements if each["tag"] == "input_text")

        def step(text: str) -> None:
            env.step(inner.create_action(ActionTypes.FOCUS_ELEMENT_AND_TYPE_TEXT, ref=field, text=text))

        try:
            yield Peer(reset, step)
        finally:
            env.close()
