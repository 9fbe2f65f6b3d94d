"""One tab of the browser: what its events tell, waiting until it is quiet, and calls into `page.js`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from selftrain.envs.browser.chromium.launch import HEIGHT, WIDTH
from selftrain.envs.browser.chromium.pipe import Message, NoAnswerError, Pipe, RefusedError
from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.page import ATTRIBUTES, Numbers, Page, make_page
from selftrain.errors import SandboxError

LOAD_SECONDS = 15.0
"""How long a page may load before it is stopped."""
_FETCH_SECONDS = 5.0
_ROUNDS = 8
_WORLD = "selftrain"
_GONE = (
    "context",
    "Inspected target navigated",
    "Promise was collected",
    "frame for given id",
    "Session with given id",
)
BLANK = "about:blank"
EMPTY = Page(BLANK, "", "", {})


@cache
def _source() -> str:
    text = resources.files(__package__).joinpath("page.js").read_text("utf-8")
    return text.replace("__ATTRIBUTES__", json.dumps(sorted(ATTRIBUTES)))


class ContextGoneError(Exception):
    """The document was replaced while it was asked, or a dialog stops its scripts."""


class Tab:
    """A page of the browser.

    Args:
        pipe: to the browser.
        target, session: what the protocol calls it.
        headers: added to every request.
        expects: URL that it was opened for, "" for none.

    Attributes:
        url: of its document.
        dialog: kind and message of the dialog that stops it, or "".
        crashed, closed: its process, or the tab itself, is gone.
        failed: URL that could not be loaded, while an error page stands in its place.
        opened: URL of the last window that it opened.
        page: as it was read last.
    """

    def __init__(self, pipe: Pipe, target: str, session: str, headers: Mapping[str, str], expects: str = "") -> None:
        self.target, self.session = target, session
        self.url, self.title, self.failed, self.opened, self.dialog = BLANK, "", "", "", ""
        self.crashed = self.closed = False
        self.page = EMPTY
        self._pipe = pipe
        self._loading = expects not in {"", BLANK}
        self._requested = False
        self._fetching: set[str] = set()
        self._dragged: Message | None = None
        self._world: int | None = None
        self._numbers = Numbers()
        self._start(headers)

    def _start(self, headers: Mapping[str, str]) -> None:
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        for method, params in (
            ("Page.enable", {}),
            ("Network.enable", {}),
            ("Inspector.enable", {}),
            ("Network.setExtraHTTPHeaders", {"headers": dict(headers)}),
            ("Page.setInterceptFileChooserDialog", {"enabled": True}),
            ("Emulation.setDeviceMetricsOverride", size),
            ("Emulation.setFocusEmulationEnabled", {"enabled": True}),
        ):
            self._send(method, params)

    def _send(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a command whose answer nobody needs."""
        self._pipe.forget(self._pipe.send(method, params, self.session))

    def let_go(self) -> None:
        """Let a fresh tab begin with what it was opened for."""
        self._send("Runtime.runIfWaitingForDebugger", {})

    # events

    def on_event(self, name: str, params: Message) -> None:
        """Take note of an event of this tab."""
        if (react := _EVENTS.get(name)) is not None:
            react(self, params)

    def _is_main(self, params: Message) -> bool:
        return params.get("frameId") == self.target

    def _on_requested(self, params: Message) -> None:
        if self._is_main(params) and params.get("disposition") == "currentTab":
            self._requested = True

    def _on_cleared(self, params: Message) -> None:
        if self._is_main(params):
            self._requested = False

    def _on_started(self, params: Message) -> None:
        if self._is_main(params):
            self._loading, self._requested = True, False

    def _on_stopped(self, params: Message) -> None:
        if self._is_main(params):
            self._loading = self._requested = False

    def _on_navigated(self, params: Message) -> None:
        frame = params["frame"]
        if frame["id"] == self.target:
            self.url = frame["url"] + frame.get("urlFragment", "")
            self.failed = frame.get("unreachableUrl", "")
            self._world, self._numbers = None, Numbers()
            self._fetching.clear()

    def _on_moved(self, params: Message) -> None:
        if self._is_main(params):
            self.url, self._requested = params["url"], False

    def _on_request(self, params: Message) -> None:
        if params.get("type") in {"XHR", "Fetch"}:
            self._fetching.add(params["requestId"])

    def _on_response(self, params: Message) -> None:
        self._fetching.discard(params["requestId"])

    def _on_dialog(self, params: Message) -> None:
        self.dialog = f"{params['type']}: {params['message']}"

    def _on_dialog_closed(self, _params: Message) -> None:
        self.dialog = ""

    def _on_crash(self, _params: Message) -> None:
        self.crashed = True

    def _on_window(self, params: Message) -> None:
        self.opened = params["url"]

    # commands

    def ask(self, method: str, params: Mapping[str, Any] | None = None, seconds: float | None = None) -> Message:
        """Send a command to this tab and wait for its answer.

        Raises:
            ContextGoneError: a dialog stands in the way; the command goes on when it is answered.
            RefusedError: the answer is an error.
            SandboxError: the tab crashed, or its page hangs.
        """
        return self.ask_all([(method, params or {})], seconds)[0]

    def ask_all(self, commands: list[tuple[str, Mapping[str, Any]]], seconds: float | None = None) -> list[Message]:
        """Send several commands at once, and wait for all of their answers."""
        pipe = self._pipe
        seconds = pipe.patience if seconds is None else seconds
        numbers = [pipe.send(method, params, self.session) for method, params in commands]
        waited = pipe.wait(lambda: self.is_stopped or all(pipe.answered(number) for number in numbers), seconds)
        if all(pipe.answered(number) for number in numbers):
            return [pipe.answer(number) for number in numbers]
        for number in numbers:
            pipe.forget(number)
        self._require_alive()
        if not waited:
            raise NoAnswerError(f"browser crashed: its page did not answer for {seconds:.0f} seconds")
        raise ContextGoneError(self.dialog)

    def run(self, expression: str, *, in_page: bool = False, by_value: bool = True) -> Any:
        """The value of an expression over `selftrain`, in our world; or of any, in the page's own.

        Raises:
            ContextGoneError: the document went away meanwhile.
        """
        params: Message = {"expression": expression, "returnByValue": by_value, "awaitPromise": True}
        try:
            if not in_page:
                if self._world is None:
                    made = {"frameId": self.target, "worldName": _WORLD}
                    self._world = int(self.ask("Page.createIsolatedWorld", made)["executionContextId"])
                    params["expression"] = f"{_source()}\n{expression}"
                params["contextId"] = self._world
            answer = self.ask("Runtime.evaluate", params)
        except RefusedError as error:
            if any(sign in str(error) for sign in _GONE):
                self._world = None
                raise ContextGoneError(str(error)) from error
            raise
        if "exceptionDetails" in answer:
            told = answer["exceptionDetails"].get("exception", {}).get("description", "")
            raise SandboxError(f"{expression[:80]} failed in the page: {told[:500]}")
        return answer["result"].get("value") if by_value else answer["result"]

    def call(self, function: str, *arguments: Any) -> Any:
        """A call of a function of `page.js` with these arguments."""
        return self.run(f"selftrain.{function}({', '.join(map(json.dumps, arguments))})")

    # waiting

    @property
    def is_still(self) -> bool:
        """Whether nothing is being loaded."""
        return not (self._loading or self._requested)

    @property
    def is_stopped(self) -> bool:
        """Whether no script of the page can run: it is gone, or a dialog waits."""
        return self.crashed or self.closed or bool(self.dialog)

    def _require_alive(self) -> None:
        if self.crashed:
            raise SandboxError("browser crashed: the process of a page died")

    def settle(self) -> None:
        """Wait until the page is loaded and its scripts have done what they were set off to do, or a dialog is open.

        Raises:
            ActionError: it does not finish loading; it was stopped.
            SandboxError: it crashed or hangs.
        """
        deadline = time.monotonic() + LOAD_SECONDS
        for _ in range(_ROUNDS):
            if not self._pipe.wait(lambda: self.is_still or self.is_stopped, deadline - time.monotonic()):
                self._stop()
                raise ActionError(f"The page did not finish loading in {LOAD_SECONDS:.0f} seconds and was stopped.")
            self._pipe.wait(lambda: not self._fetching or not self.is_still or self.is_stopped, _FETCH_SECONDS)
            self._require_alive()
            if self.is_stopped:
                return
            try:
                self.call("settled")
            except ContextGoneError:
                continue
            if self.is_still and not self._fetching:
                return

    def navigate(self, url: str) -> None:
        """Begin to load a URL; the browser answers when the first bytes of the page are there, so `settle` waits."""
        self._requested = True
        self._send("Page.navigate", {"url": url})

    def travel(self, entry: Mapping[str, Any]) -> None:
        """Begin to go to an entry of the history."""
        self._requested = True
        self.ask("Page.navigateToHistoryEntry", {"entryId": entry["id"]})

    def answer_dialog(self, accept: bool, text: str) -> None:
        """Answer the dialog that waits."""
        self._requested = accept and self.dialog.startswith("beforeunload:")
        self.dialog = ""
        try:
            self.ask("Page.handleJavaScriptDialog", {"accept": accept, "promptText": text})
        except ContextGoneError:  # there is another one already
            return

    def drag(self, start: Mapping[str, float], find_end: Callable[[], Mapping[str, float]]) -> None:
        """Press the mouse at `start`, move it to where `find_end` then says, and release it."""
        x, y = start["x"], start["y"]
        self._dragged = None
        self.ask("Input.setInterceptDrags", {"enabled": True})
        self._mouse("mouseMoved", x, y, 0)
        self._mouse("mousePressed", x, y, 1)
        for way in (4, 8):  # what is dragged is decided now, for looking for the end may scroll
            self._mouse("mouseMoved", x + way, y + way, 1)
        end = find_end()
        for part in (0.5, 0.9, 1.0):
            self._mouse("mouseMoved", x + (end["x"] - x) * part, y + (end["y"] - y) * part, 1)
        if self._dragged is not None:
            for kind in ("dragEnter", "dragOver", "drop"):
                event = {"type": kind, "x": end["x"], "y": end["y"], "data": self._dragged}
                self.ask("Input.dispatchDragEvent", event)
        self._mouse("mouseReleased", end["x"], end["y"], 0)
        self.ask("Input.setInterceptDrags", {"enabled": False})

    def _mouse(self, kind: str, x: float, y: float, buttons: int) -> None:
        button = "none" if kind == "mouseMoved" and not buttons else "left"
        event = {"type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", event)

    def _on_drag(self, params: Message) -> None:
        self._dragged = params["data"]

    def _stop(self) -> None:
        self.ask("Page.stopLoading")
        self._loading = self._requested = False

    def read(self) -> Page:
        """The page as it stands; while a dialog stops it, as it was read last.

        Raises:
            SandboxError: it crashed or hangs.
        """
        for _ in range(_ROUNDS):
            self._require_alive()
            if self.is_stopped:
                break
            try:
                told = json.loads(self.call("read"))
            except ContextGoneError:
                self.settle()
                continue
            self.url, self.title = told["url"], told["title"]
            self.page = make_page(self.url, self.title, told["root"], self._numbers)
            break
        return self.page


_EVENTS = {
    "Page.frameRequestedNavigation": Tab._on_requested,
    "Page.frameClearedScheduledNavigation": Tab._on_cleared,
    "Page.frameStartedLoading": Tab._on_started,
    "Page.frameStoppedLoading": Tab._on_stopped,
    "Page.frameNavigated": Tab._on_navigated,
    "Page.navigatedWithinDocument": Tab._on_moved,
    "Page.javascriptDialogOpening": Tab._on_dialog,
    "Page.javascriptDialogClosed": Tab._on_dialog_closed,
    "Page.windowOpen": Tab._on_window,
    "Input.dragIntercepted": Tab._on_drag,
    "Network.requestWillBeSent": Tab._on_request,
    "Network.loadingFinished": Tab._on_response,
    "Network.loadingFailed": Tab._on_response,
    "Inspector.targetCrashed": Tab._on_crash,
}
