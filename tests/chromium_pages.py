"""Pages with scripts, for tests of the chromium engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

PAGES = {
    "/": "<h1>Start</h1><a href='/two'>Two</a>",
    "/two": "<h1>Two</h1>",
    "/store": """<h1></h1><script>
        const old = [document.cookie, localStorage.x, sessionStorage.x, name, history.length].join('|');
        document.querySelector('h1').textContent = old;
        document.cookie = 'x=1'; localStorage.x = 1; sessionStorage.x = 1; name = 'me';
        </script>""",
    "/dialogs": """<p id=said></p><button onclick="alert('Ping'); told('pong')">Alert</button>
        <button onclick="told(confirm('Sure?'))">Confirm</button>
        <button onclick="told(prompt('Who?', 'Ada'))">Prompt</button>
        <button onclick="told(confirm('One?') + '/' + confirm('Two?'))">Both</button>
        <script>const told = (x) => { said.textContent = 'said ' + x; };</script>""",
    "/unsaved": """<input aria-label=Name><a href="/two">Away</a>
        <script>addEventListener('beforeunload', (event) => event.preventDefault());</script>""",
    "/windows": """<button onclick="window.open('/two')">Open</button>
        <button onclick="window.open('http://evil.test/')">Evil</button>
        <button onclick="for (let i = 0; i < 30; i++) window.open('/two')">Flood</button>
        <button onclick="location='http://evil.test/'">Leave</button>
        <button onclick="location='data:text/html,x'">Data</button>
        <button onclick="const w = window.open('/two'); setTimeout(() => w.close(), 0)">Blink</button>
        <button onclick="window.close()">Close</button>""",
    "/hang": "<h1>Hang</h1><button onclick='for (;;) {}'>Loop</button>",
    "/clicks": """<style>#cover { position: fixed; inset: 0 0 auto 0; height: 3em; background: red; z-index: 9 }</style>
        <div id=cover>Banner</div><button style="position: fixed; top: 0">Under</button>
        <div style="height: 3000px"></div><button onclick="add()">Far</button><button disabled>Off</button>
        <button onclick="this.remove()">Gone</button><button onclick="this.textContent = 'Twice'" id=d>Once</button>
        <button style="display: none">Hidden</button><span style="cursor: pointer" onclick="add()">Span</span>
        <script>function add() { const b = document.createElement('button'); b.textContent = 'New';
        document.body.prepend(b); }</script>""",
    "/later": """<input aria-label=Word oninput="ask()"><ul></ul><script>async function ask() {
        const text = await (await fetch('/slow?s=0.3')).text();
        setTimeout(() => { document.querySelector('ul').innerHTML = `<li>${text}</li>`; }, 0); }</script>""",
    "/drag": """<ul><li draggable=true id=a>Apple</li></ul><div id=b tabindex=0 role=button>Basket</div><p id=said></p>
        <script>a.ondragstart = (e) => e.dataTransfer.setData('text/plain', 'apple');
        b.ondragover = (e) => e.preventDefault();
        b.ondrop = (e) => { said.textContent = 'got ' + e.dataTransfer.getData('text/plain'); };</script>""",
    "/slider": """<div id=a tabindex=0 role=button>Knob</div><div id=b tabindex=0 role=button>Hole</div><p id=said></p>
        <script>let held = false; a.onmousedown = () => { held = true; };
        b.onmouseup = () => { if (held) said.textContent = 'dropped'; };</script>""",
    "/keys": """<input aria-label=Name value=old><textarea aria-label=Text></textarea><p id=said></p>
        <button onclick="said.textContent = 'pressed'">Go</button><script>const log = [];
        for (const kind of ['input', 'change', 'keydown']) addEventListener(kind, (e) => {
          log.push(kind + (e.key ? ':' + e.key : '')); said.textContent = log.join(' '); }, true);</script>""",
    "/red": "<body style='background: rgb(255, 0, 0)'><p>Red</p>",
    "/big": "<a href='/huge'>Huge</a><a href='/export'>Small</a>",
}


class Scripted:
    """The application: `PAGES` and a few answers that take long, are large or are broken.

    Attributes:
        asked: method, URL and headers of every request.
    """

    def __init__(self, pages: dict[str, str] | None = None) -> None:
        self.pages = PAGES | (pages or {})
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append((request.method, request.url, dict(request.headers)))
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == "/slow":
            time.sleep(float(request.args["s"]))
            return Response("slow answer")
        if request.path == "/broken":
            raise RuntimeError("a table is missing")
        if request.path in {"/huge", "/export"}:
            size = (11 << 20) if request.path == "/huge" else 5
            headers = {"Content-Disposition": 'attachment; filename="data.csv"'}
            return Response(b"x" * size, headers=headers, content_type="text/csv")
        body = self.pages.get(request.path)
        page = f"<!doctype html><title>T</title>{body or 'none'}"
        return Response(page, 200 if body else 404, content_type="text/html; charset=utf-8")
