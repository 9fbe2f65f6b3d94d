"""The protocol of engines: what carries out the actions of the browser environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from selftrain.envs.browser.page import Page

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ActionError(Exception):
    """An action that cannot be carried out: the agent is told why, and the episode goes on."""


@dataclass(frozen=True)
class View:
    """What an engine shows after an action.

    Attributes:
        page: of the active tab.
        tabs: URL and title of every open tab, in order.
        active: index of the active tab.
        dialog: kind and message of a JavaScript dialog that waits ("confirm: Delete it?"), or "".
    """

    page: Page
    tabs: Sequence[tuple[str, str]]
    active: int = 0
    dialog: str = ""


class Engine(Protocol):
    """One browser with its tabs, cookies and history.

    Methods raise `ActionError` for what cannot be done, with a message that names the thing and what would do, and
    `SandboxError` when the browser itself failed. `number` is an element's, as the last view has it.
    """

    def open(self, sites: Wsgi, hosts: Sequence[str], files: Mapping[str, bytes], start: str) -> None:
        """Begin an episode: nothing is left of the last one, and the page `start` is open.

        Args:
            sites: answers every request.
            hosts: the only ones that may be visited ("shop.test").
            files: name → bytes of what can be uploaded; downloads are added to it by `downloads`.
            start: URL of the first page.
        """
        ...

    def view(self) -> View:
        """What is to be seen now."""
        ...

    def click(self, number: str, count: int = 1) -> None: ...
    def hover(self, number: str) -> None: ...
    def focus(self, number: str) -> None: ...
    def fill(self, number: str, text: str) -> None: ...
    def select(self, number: str, options: Sequence[str]) -> None:
        """Choose these options, by label or else by value, and no others."""
        ...

    def check(self, number: str, on: bool) -> None: ...
    def press(self, number: str, keys: str) -> None: ...
    def drag(self, number: str, onto: str) -> None: ...
    def upload(self, number: str, names: Sequence[str]) -> None: ...
    def scroll(self, dx: float, dy: float) -> None: ...
    def goto(self, url: str) -> None: ...
    def back(self) -> None: ...
    def forward(self) -> None: ...
    def new_tab(self) -> None: ...
    def close_tab(self) -> None: ...
    def focus_tab(self, index: int) -> None: ...
    def answer_dialog(self, accept: bool, text: str) -> None: ...

    def downloads(self) -> Mapping[str, bytes]:
        """What was downloaded since the last call, by file name."""
        ...

    def screenshot(self) -> npt.NDArray[np.uint8]:
        """The viewport, shape (720, 1280, 3)."""
        ...

    def close(self) -> None:
        """Free everything; closing twice is fine, and from another thread it breaks off what is under way."""
        ...
