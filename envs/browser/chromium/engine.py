"""The engine that is a real Chromium, kept over episodes."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from selftrain.envs.browser.addresses import whole_url
from selftrain.envs.browser.chromium.browser import Browser
from selftrain.envs.browser.chromium.faults import require_none, unknown
from selftrain.envs.browser.chromium.keys import key_events
from selftrain.envs.browser.chromium.launch import HEIGHT, WIDTH, find_chromium
from selftrain.envs.browser.chromium.pipe import RefusedError
from selftrain.envs.browser.chromium.tab import BLANK, ContextGoneError, Tab
from selftrain.envs.browser.engine import ActionError, View, Wsgi
from selftrain.envs.browser.loopback import Loopback
from selftrain.envs.browser.page import Element
from selftrain.errors import SandboxError

MOST_FILL = 100_000
MOST_TABS = 20
_TOO_MANY_TABS = f"{MOST_TABS} tabs are open, and no more can be; close one with tab_close()."
_Method = TypeVar("_Method", bound=Callable[..., None])


def _action(method: _Method) -> _Method:
    """An action on the open page: afterwards the page is quiet, and still one of the episode's."""

    @functools.wraps(method)
    def checked(self: ChromiumEngine, *args: Any, **kwargs: Any) -> None:
        browser = self._opened()
        with self._guarded():
            browser.pipe.drain()
            tab = browser.tab
            if tab.dialog:
                raise ActionError(f"A dialog waits: {tab.dialog!r:.200}. Answer it first.")
            refused: ActionError | None = None
            try:
                method(self, *args, **kwargs)
            except ActionError as error:
                refused = error
            except ContextGoneError:
                # while a dialog stops the page, what was begun goes on when it is answered
                if not tab.is_stopped:
                    refused = ActionError("The page changed meanwhile. Look at it again.")
            self._settle()
            if refused is not None:
                raise refused

    return cast("_Method", checked)


class ChromiumEngine:
    """See `Engine`. The browser starts with the first `open` and stays until `close`.

    Args:
        executable: path or name of a Chromium; by default the first of `launch.NAMES` that is installed.
        arguments: more flags for it.

    Raises:
        BackendUnavailableError: there is no Chromium; says which package has it.
    """

    def __init__(self, executable: str | None = None, arguments: Sequence[str] = ()) -> None:
        self._executable, self._arguments = find_chromium(executable), tuple(arguments)
        self._browser: Browser | None = None
        self._loopback: Loopback | None = None
        self._hosts: tuple[str, ...] = ()
        self._files: Mapping[str, bytes] = {}
        self._downloaded: dict[str, bytes] = {}
        self._is_open = False

    # episodes

    def open(self, sites: Wsgi, hosts: Sequence[str], files: Mapping[str, bytes], start: str) -> None:
        self._is_open = False
        self._loopback = self._loopback or Loopback()
        secret = self._loopback.begin(sites, hosts)
        self._hosts, self._files, self._downloaded = tuple(hosts), files, {}
        url = whole_url(start, hosts)
        try:
            self._begin(secret, url)
        except SandboxError:  # the browser of the last episode may have died since
            self._drop()
            self._begin(secret, url)
        self._is_open = True
        with self._guarded():
            self._settle()

    def _begin(self, secret: str, url: str) -> None:
        assert self._loopback is not None
        self._browser = self._browser or Browser(self._executable, self._loopback.port, self._arguments)
        self._browser.begin(secret, self._hosts, url)

    def close(self) -> None:
        self._is_open = False
        self._drop()
        if self._loopback is not None:
            self._loopback.close()
            self._loopback = None

    def _drop(self) -> None:
        browser, self._browser = self._browser, None
        if browser is not None:
            browser.end()

    def _opened(self) -> Browser:
        if self._browser is None or not self._is_open:
            raise SandboxError("browser crashed: no episode is open")
        return self._browser

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """A browser that failed is not used again, and a site that failed is told of."""
        try:
            yield
        except (SandboxError, RefusedError) as error:
            self._drop()
            if isinstance(error, RefusedError):
                raise SandboxError(f"browser crashed: it refused a command: {error}") from error
            raise
        finally:
            if self._loopback is not None:
                self._loopback.raise_fault()

    # looking

    def view(self) -> View:
        browser = self._opened()
        with self._guarded():
            browser.pipe.drain()
            if not browser.tabs or not browser.tab.is_still:
                browser.settle()
            page = browser.tab.read()
            if len(browser.tabs) == 1:
                tabs = [(page.url, page.title)]
            else:
                infos = {each["targetId"]: each for each in browser.pipe.call("Target.getTargets")["targetInfos"]}
                tabs = [(tab.url, infos[tab.target]["title"] if tab.url != BLANK else "") for tab in browser.tabs]
            return View(page, tabs, browser.active, browser.tab.dialog)

    def screenshot(self) -> npt.NDArray[np.uint8]:
        browser = self._opened()
        with self._guarded():
            try:
                shot = browser.tab.ask("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
            except ContextGoneError:  # a dialog stops the page
                return np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        image = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
        return np.asarray(image if image.size == (WIDTH, HEIGHT) else image.resize((WIDTH, HEIGHT)), np.uint8)

    def downloads(self) -> Mapping[str, bytes]:
        new = self._opened().take_downloads({*self._files, *self._downloaded})
        self._downloaded |= new
        return new

    # elements

    def _element(self, number: str) -> tuple[Tab, Element]:
        tab = self._opened().tab
        element = tab.page.elements.get(number)
        if element is None:
            raise unknown(number, tab.page.elements)
        return tab, element

    def _call(self, function: str, number: str, *arguments: Any) -> Any:
        """Call a function of `page.js` on an element; a fault that it finds is raised."""
        tab, element = self._element(number)
        found = tab.call(function, element.key, *arguments)
        require_none(found, element, tab.page)
        return found

    def _mouse(self, tab: Tab, *events: tuple[str, float, float, int]) -> None:
        """Mouse events, each a kind, a place and a count of clicks."""
        pressed = {"mousePressed": 1, "mouseReleased": 0}
        tab.ask_all(
            [
                (
                    "Input.dispatchMouseEvent",
                    {
                        "type": kind,
                        "x": x,
                        "y": y,
                        "button": "left" if kind in pressed else "none",
                        "buttons": pressed.get(kind, 0),
                        "clickCount": count,
                    },
                )
                for kind, x, y, count in events
            ]
        )

    @_action
    def click(self, number: str, count: int = 1) -> None:
        tab, _ = self._element(number)
        found = self._call("clickable", number)
        if found["link"] and not found["link"].startswith("javascript:"):
            whole_url(found["link"], self._hosts)
        x, y = found["x"], found["y"]
        clicks = [(kind, x, y, n + 1) for n in range(count) for kind in ("mousePressed", "mouseReleased")]
        self._mouse(tab, ("mouseMoved", x, y, 0), *clicks)
        if found["saves"]:
            self._opened().await_download()

    @_action
    def hover(self, number: str) -> None:
        found = self._call("point", number)
        self._mouse(self._opened().tab, ("mouseMoved", found["x"], found["y"], 0))

    @_action
    def focus(self, number: str) -> None:
        self._call("focus", number)

    @_action
    def fill(self, number: str, text: str) -> None:
        if len(text) > MOST_FILL:
            raise ActionError(f"The text has {len(text)} characters and was not filled in; at most {MOST_FILL} can be.")
        tab, _ = self._element(number)
        found = self._call("prepareFill", number, text)
        if found["how"] == "insert":
            if text:
                tab.ask("Input.insertText", {"text": text})
            elif not found["empty"]:
                self._press(tab, "Delete")

    @_action
    def select(self, number: str, options: Sequence[str]) -> None:
        self._call("select", number, list(options))

    @_action
    def check(self, number: str, on: bool) -> None:
        self._call("check", number, on)

    @_action
    def press(self, number: str, keys: str) -> None:
        key_events(keys)
        tab, _ = self._element(number)
        self._call("focusFor", number, keys == "Enter")
        self._press(tab, keys)

    def _press(self, tab: Tab, keys: str) -> None:
        tab.ask_all([("Input.dispatchKeyEvent", event) for event in key_events(keys)])

    @_action
    def drag(self, number: str, onto: str) -> None:
        tab, _ = self._element(number)
        tab.drag(self._call("grip", number), lambda: self._call("point", onto))

    @_action
    def upload(self, number: str, names: Sequence[str]) -> None:
        tab, element = self._element(number)
        known = {**self._downloaded, **self._files}  # what was written last under a name is meant
        for name in names:
            if name not in known:
                there = ", ".join(map(repr, sorted(known))) or "none"
                raise ActionError(f"There is no file {name!r:.100} to upload; files: {there}.")
        self._call("file", number, len(names))
        paths = [str(path) for path in self._written([(name, known[name]) for name in names])]
        found = tab.run(f"selftrain.find({element.key})", by_value=False)
        tab.ask("DOM.setFileInputFiles", {"files": paths, "objectId": found["objectId"]})

    def _written(self, files: Sequence[tuple[str, bytes]]) -> list[Path]:
        """The files in folders of their own, from which a browser can read them as long as the episode lasts."""
        folder = self._opened().process.folder / "uploads" / str(time.monotonic_ns())
        paths = []
        for number, (name, data) in enumerate(files):
            path = folder / str(number) / (Path(name).name or "file")
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
            paths.append(path)
        return paths

    # the page as a whole

    @_action
    def scroll(self, dx: float, dy: float) -> None:
        wheel = {"type": "mouseWheel", "x": WIDTH / 2, "y": HEIGHT / 2, "deltaX": dx, "deltaY": dy}
        self._opened().tab.ask("Input.dispatchMouseEvent", wheel)

    @_action
    def goto(self, url: str) -> None:
        whole = whole_url(url, self._hosts)
        self._opened().tab.navigate(whole)

    @_action
    def back(self) -> None:
        self._travel(-1, "back")

    @_action
    def forward(self) -> None:
        self._travel(1, "forward")

    def _travel(self, by: int, where: str) -> None:
        tab = self._opened().tab
        history = tab.ask("Page.getNavigationHistory")
        target = history["currentIndex"] + by
        entries = history["entries"]
        if not 0 <= target < len(entries) or (target == 0 and by < 0 and entries[0]["url"] == BLANK):
            raise ActionError(f"There is no page to go {where} to in this tab.")
        tab.travel(entries[target])

    # tabs

    @_action
    def new_tab(self) -> None:
        browser = self._opened()
        if len(browser.tabs) >= MOST_TABS:
            raise ActionError(_TOO_MANY_TABS)
        browser.open_tab()

    @_action
    def close_tab(self) -> None:
        browser = self._opened()
        closed = browser.tab
        if len(browser.tabs) == 1:
            browser.open_tab()
        browser.close_tab(closed)

    def focus_tab(self, index: int) -> None:
        browser = self._opened()
        if not 0 <= index < len(browser.tabs):
            raise ActionError(f"There is no tab {index}; the open tabs are 0 to {len(browser.tabs) - 1}.")
        with self._guarded():
            browser.active = index
            browser.pipe.call("Target.activateTarget", {"targetId": browser.tab.target})

    def answer_dialog(self, accept: bool, text: str) -> None:
        browser = self._opened()
        if not browser.tab.dialog:
            raise ActionError("No dialog is open.")
        with self._guarded():
            browser.tab.answer_dialog(accept, text)
            self._settle()

    # confinement

    def _settle(self) -> None:
        """Wait until all is quiet; a page outside of the episode's hosts is left again."""
        browser = self._opened()
        browser.settle()
        for tab in [tab for tab in browser.tabs if tab.failed or not self._may_show(tab.url)]:
            where = tab.failed or tab.url
            self._leave(browser, tab)
            whole_url(where, self._hosts)
            raise ActionError(f"{where!r:.200} could not be loaded; the browser went back.")
        if len(browser.tabs) > MOST_TABS:
            while len(browser.tabs) > MOST_TABS:
                browser.close_tab(browser.tabs[-1])
            raise ActionError(f"The page opened too many tabs; {MOST_TABS} are left.")

    def _may_show(self, url: str) -> bool:
        if url.partition("#")[0] == BLANK or url == "":
            return True
        try:
            whole_url(url, self._hosts)
        except ActionError:
            return False
        return True

    def _leave(self, browser: Browser, tab: Tab) -> None:
        history = tab.ask("Page.getNavigationHistory")
        if history["currentIndex"] > 0:
            tab.travel(history["entries"][history["currentIndex"] - 1])
            tab.settle()
        elif len(browser.tabs) > 1:
            browser.close_tab(tab)
        else:
            tab.navigate(BLANK)
            tab.settle()
