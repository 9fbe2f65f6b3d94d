"""For tests of the dom engine: an engine on an application whose pages a test writes."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from selftrain.envs.browser.dom import DomEngine
from selftrain.envs.browser.page import Element

HOSTS = ("one.test", "two.test")
FILES = {"a.txt": b"hello\r\n", "b.csv": b"x,y\n\xff\x00"}


class Place:
    """An engine on an application whose page `/` is what a test says, and whose `/echo` tells what was sent."""

    def __init__(self, body: str = "") -> None:
        self.pages = {"/": body}
        self.redirects: dict[str, str] = {}
        self.log: list[str] = []
        self._flask = Flask("test")
        self._flask.add_url_rule("/echo", "echo", _echo, methods=["GET", "POST"])
        self._flask.add_url_rule("/<path:name>", "page", lambda name: self._page(f"/{name}"), methods=["GET", "POST"])
        self._flask.add_url_rule("/", "home", lambda: self._page("/"), methods=["GET", "POST"])
        self.engine = DomEngine()
        self.files = dict(FILES)
        self.open()

    def open(self) -> None:
        self.engine.open(self.app, HOSTS, self.files, "http://one.test/")

    def app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        self.log.append(f"{environ['REQUEST_METHOD']} {environ['HTTP_HOST']}{environ['PATH_INFO']}")
        if environ["PATH_INFO"] in self.redirects:
            start_response("302 Found", [("Location", self.redirects[environ["PATH_INFO"]])])
            return []
        return self._flask(environ, start_response)

    def _page(self, path: str) -> Any:
        page = self.pages.get(path)
        if callable(page):
            return page()
        return ("<title>Nothing</title>No such page.", 404) if page is None else page

    @property
    def text(self) -> str:
        return self.engine.view().page.text

    @property
    def url(self) -> str:
        return self.engine.view().page.url

    def element(self, name: str) -> Element:
        return next(each for each in self.engine.view().page.elements.values() if each.name == name)

    def number(self, name: str) -> str:
        return self.element(name).number

    def click(self, name: str) -> None:
        self.engine.click(self.number(name))

    def fill(self, name: str, text: str) -> None:
        self.engine.fill(self.number(name), text)

    def sent(self) -> dict[str, Any]:
        """What `/echo` was sent, which the page shows."""
        told: dict[str, Any] = json.loads(ast.literal_eval(self.text))
        return told


def _echo() -> Response:
    told = {
        "method": request.method,
        "query": list(request.args.items(multi=True)),
        "form": list(request.form.items(multi=True)),
        "files": [[name, file.filename, file.read().hex()] for name, file in request.files.items(multi=True)],
        "type": request.mimetype,
        "referrer": request.referrer,
        "cookies": dict(request.cookies),
        "host": request.host,
    }
    return Response(json.dumps(told), content_type="text/plain")
