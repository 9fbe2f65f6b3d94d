"""The engine `dom`: tabs over documents, and the actions on their elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from selftrain.envs.browser.addresses import resolved, whole_url, without_fragment
from selftrain.envs.browser.dom.document import Document, parsed, plain
from selftrain.envs.browser.dom.fields import Fields, called, require_key
from selftrain.envs.browser.dom.forms import action_of, form_of, is_disabled, kind_of, sending, submits
from selftrain.envs.browser.dom.network import Answer, Body, Network, safe_name
from selftrain.envs.browser.dom.tab import BLANK, Entry, Tab
from selftrain.envs.browser.dom.validity import first_fault
from selftrain.envs.browser.engine import ActionError, View, Wsgi
from selftrain.envs.browser.page import Element, Node
from selftrain.envs.browser.page_nodes import words
from selftrain.errors import SandboxError

MOST_TABS = 20
_SAVED_TEXTS = words("text/csv text/tab-separated-values text/calendar text/vcard text/x-vcard text/directory text/rtf")
"""Media types of text that Chromium saves instead of showing them."""
_IMPLICIT = words("text search tel url email password date month week time datetime-local number")


class DomEngine:
    """A browser without JavaScript and without pictures, inside of the environment's own process.

    It is what `selftrain.envs.browser.engine.Engine` asks for. A page is parsed once; what is filled in lives in its
    nodes. One episode shares nothing with the next.
    """

    def __init__(self) -> None:
        self._closed = False
        self._begin(lambda _environ, _start: [], (), {})

    def _begin(self, sites: Wsgi, hosts: Sequence[str], files: Mapping[str, bytes]) -> None:
        self._hosts = tuple(hosts)
        self._network = Network(sites, self._hosts)
        self._files = files
        self._downloads: dict[str, bytes] = {}
        self._tabs = [Tab()]
        self._active = 0

    def open(self, sites: Wsgi, hosts: Sequence[str], files: Mapping[str, bytes], start: str) -> None:
        self._begin(sites, hosts, files)
        self.goto(start)

    def close(self) -> None:
        self._closed = True

    # what is to be seen

    def view(self) -> View:
        now = self._now()
        tabs = [(tab.now.url, tab.now.document.title) for tab in self._tabs]
        return View(now.document.page(now.url), tabs, self._active)

    def downloads(self) -> Mapping[str, bytes]:
        new, self._downloads = self._downloads, {}
        return new

    def screenshot(self) -> npt.NDArray[np.uint8]:
        raise ActionError("The dom engine has no pictures; only engine='chromium' has.")

    def _now(self) -> Entry:
        if self._closed:
            raise SandboxError("The dom engine is closed.")
        return self._tabs[self._active].now

    def _element(self, number: str) -> tuple[Document, Element, Node]:
        now = self._now()
        elements = now.document.page(now.url).elements
        element = elements.get(number)
        if element is None:
            known = f"its elements are 1 to {max(map(int, elements))}" if elements else "it has no elements"
            raise ActionError(f"There is no element {number!r:.40} on this page; {known}. Look at the page again.")
        return now.document, element, now.document.nodes[element.key]

    def _usable(self, number: str) -> tuple[Document, Element, Node]:
        document, element, node = self._element(number)
        if "disabled" in element.states:
            raise ActionError(f"{called(element)} is disabled; nothing can be done with it now.")
        return document, element, node

    # actions on elements

    def click(self, number: str, count: int = 1) -> None:
        document, _, node = self._usable(number)
        tag, kind = node[0], kind_of(node)
        document.focus(node)
        if tag in {"a", "area"} and "href" in node[1]:
            self._follow(node)
        elif tag == "summary":
            for _ in range(count):
                _toggle(document, node)
        elif tag == "input" and kind in {"checkbox", "radio"}:
            for _ in range(count):
                Fields(document).tick(node, kind == "radio" or ":checked" not in node[1])
        elif tag in {"input", "button"} and kind == "reset":
            if (form := form_of(document, node)) is not None:
                Fields(document).reset(form)
        elif tag in {"input", "button"} and submits(node) and (form := form_of(document, node)) is not None:
            self._submit(document, form, node)

    def hover(self, number: str) -> None:
        self._element(number)

    def focus(self, number: str) -> None:
        document, _, node = self._usable(number)
        document.focus(node)

    def fill(self, number: str, text: str) -> None:
        document, element, node = self._usable(number)
        Fields(document).fill(element, node, text)
        document.focus(node)

    def select(self, number: str, options: Sequence[str]) -> None:
        document, element, node = self._usable(number)
        Fields(document).select(element, node, options)
        document.focus(node)

    def check(self, number: str, on: bool) -> None:
        document, element, node = self._usable(number)
        Fields(document).check(element, node, on)
        document.focus(node)

    def upload(self, number: str, names: Sequence[str]) -> None:
        document, element, node = self._usable(number)
        for name in names:
            if name not in self._files:
                there = ", ".join(map(repr, sorted(self._files))) or "none"
                raise ActionError(f"There is no file {name!r:.100} to upload; files: {there}.")
        Fields(document).upload(element, node, [(name, self._files[name]) for name in names])
        document.focus(node)

    def press(self, number: str, keys: str) -> None:
        document, element, node = self._usable(number)
        require_key(keys)
        document.focus(node)
        if keys in {"Enter", "NumpadEnter"}:
            self._press_enter(document, number, node)
        elif keys in {"Space", " "} and element.role in {"button", "checkbox", "radio"}:
            self.click(number)
        elif keys == "Tab":
            numbers = list(document.page(self._now().url).elements.values())
            after = [other for other in numbers if other.key > element.key and "disabled" not in other.states]
            if after:
                document.focus(document.nodes[after[0].key])
        else:
            Fields(document).type(element, node, keys)

    def drag(self, number: str, onto: str) -> None:
        self._element(number)
        self._element(onto)
        raise ActionError(
            "Nothing can be dragged here: that takes JavaScript, which only engine='chromium' runs. "
            "The page has another way, such as a form."
        )

    def scroll(self, dx: float, dy: float) -> None:
        """Nothing: this engine has no viewport; the environment moves its own window over the text."""

    def answer_dialog(self, accept: bool, text: str) -> None:
        raise ActionError("No dialog is open.")

    def _press_enter(self, document: Document, number: str, node: Node) -> None:
        kind = kind_of(node)
        if node[0] in {"a", "area", "summary", "button"} or kind in {"submit", "image", "reset", "button"}:
            self.click(number)
        elif node[0] == "textarea":
            Fields(document).append(node, "\n")
        elif node[0] == "input" and (form := form_of(document, node)) is not None:
            self._submit_implicitly(document, form)

    def _submit_implicitly(self, document: Document, form: Node) -> None:
        controls = [other for other in document.nodes if other[0] in {"input", "button"}]
        own = [other for other in controls if form_of(document, other) is form]
        default = next((other for other in own if submits(other)), None)
        if default is not None:
            if not is_disabled(document, default):
                self._submit(document, form, default)
        elif sum(other[0] == "input" and (kind_of(other) or "text") in _IMPLICIT for other in own) <= 1:
            self._submit(document, form, None)

    def _submit(self, document: Document, form: Node, submitter: Node | None) -> None:
        unchecked = "novalidate" in form[1] or (submitter is not None and "formnovalidate" in submitter[1])
        if not unchecked and (fault := first_fault(document, form)):
            node, why = fault
            document.focus(node)
            elements = document.page(self._now().url).elements.values()
            name = next((element.name for element in elements if element.key == node[3]), "") or node[1].get("name", "")
            raise ActionError(f"The form was not sent: {name!r} {why}.")
        here = self._now().url
        action = action_of(form, submitter)
        target = resolved(here, action, self._hosts) if action else here
        sent = sending(document, form, submitter, target)
        self._load(sent.method, sent.url, sent.body, new_tab=sent.new_tab)

    def _follow(self, link: Node) -> None:
        here = self._now().url
        url = resolved(here, link[1]["href"], self._hosts)
        new_tab = link[1].get("target", "").lower() not in {"", "_self", "_top", "_parent"}
        if not new_tab and "#" in url and without_fragment(url) == without_fragment(here):
            self._tabs[self._active].show(url, self._now().document, replace=url == here)
        else:
            self._load("GET", url, None, new_tab=new_tab, saved_as=link[1].get("download"))

    # loading

    def _load(
        self,
        method: str,
        url: str,
        body: Body | None,
        *,
        new_tab: bool = False,
        saved_as: str | None = None,
        typed: bool = False,
    ) -> None:
        here = self._now().url
        if new_tab and len(self._tabs) >= MOST_TABS:
            raise ActionError(f"{MOST_TABS} tabs are open, and no more can be; close one with tab_close().")
        answer = self._network.send(method, url, body, "" if typed or here == BLANK else here)
        if saved_as is not None or answer.is_saved(_SAVED_TEXTS):
            self._save(answer, saved_as or "")
        elif answer.status not in {204, 205}:
            if new_tab:
                self._tabs.append(Tab())
                self._active = len(self._tabs) - 1
            same = method == "GET" and without_fragment(url) == without_fragment(here)
            self._tabs[self._active].show(answer.url, _document(answer), replace=same and not new_tab)

    def _save(self, answer: Answer, saved_as: str) -> None:
        name = answer.file_name() or safe_name(saved_as or urlsplit(answer.url).path)
        stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
        count = 0
        while name in self._downloads:
            count += 1
            name = f"{stem} ({count}){dot}{ending}"
        self._downloads[name] = answer.data

    # history and tabs

    def goto(self, url: str) -> None:
        self._load("GET", whole_url(url, self._hosts), None, typed=True)

    def back(self) -> None:
        self._go(-1, "back")

    def forward(self) -> None:
        self._go(1, "forward")

    def _go(self, steps: int, where: str) -> None:
        self._now()
        tab = self._tabs[self._active]
        if not 0 <= tab.at + steps < len(tab.entries):
            raise ActionError(f"There is no page to go {where} to in this tab.")
        tab.at += steps
        tab.now.document.focus(None)

    def new_tab(self) -> None:
        self._now()
        if len(self._tabs) >= MOST_TABS:
            raise ActionError(f"{MOST_TABS} tabs are open, and no more can be; close one with tab_close().")
        self._tabs.append(Tab())
        self._active = len(self._tabs) - 1

    def close_tab(self) -> None:
        self._now()
        del self._tabs[self._active]
        if not self._tabs:
            self._tabs = [Tab()]
        self._active = max(0, self._active - 1)

    def focus_tab(self, index: int) -> None:
        self._now()
        if not 0 <= index < len(self._tabs):
            raise ActionError(f"There is no tab {index}; the open tabs are 0 to {len(self._tabs) - 1}.")
        self._active = index


def _document(answer: Answer) -> Document:
    kind, _ = answer.content_type()
    if kind in {"text/html", "application/xhtml+xml", ""}:
        return parsed(answer.text())
    return plain(answer.text())


def _toggle(document: Document, summary: Node) -> None:
    details = document.nodes[document.parents[summary[3]]]
    if details[0] == "details":
        document.change(details, "open", None if "open" in details[1] else "")
