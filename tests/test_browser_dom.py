"""The engine without a browser: forms as the HTML standard has them, history, tabs, downloads, and no way out."""

from __future__ import annotations

import ast
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, Response, make_response, redirect, request
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs.browser.dom import DomEngine
from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.page import Element
from selftrain.errors import SandboxError

HOSTS = ("one.test", "two.test")
FILES = {"a.txt": b"hello\r\n", "b.csv": b"x,y\n\xff\x00"}


class Place:
    """An engine on an application whose page `/` is what a test says, and whose `/echo` tells what was sent."""

    def __init__(self, body: str = "") -> None:
        self.pages = {"/": body}
        self.redirects: dict[str, str] = {}
        self.log: list[str] = []
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
        app = Flask("test")
        app.add_url_rule("/echo", "echo", _echo, methods=["GET", "POST"])
        app.add_url_rule("/<path:name>", "page", lambda name: self._page(f"/{name}"), methods=["GET", "POST"])
        app.add_url_rule("/", "home", lambda: self._page("/"), methods=["GET", "POST"])
        return app(environ, start_response)

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


FORM = """<form action=/echo method=post {attributes}>
<label>Name <input name=name value=Ann></label> <input type=hidden name=token value=t>
<input name=gone disabled value=x> <input value=unnamed>
<label><input type=checkbox name=tick> Tick</label> <label><input type=checkbox name=many value=1 checked> One</label>
<label><input type=checkbox name=many value=2> Two</label>
<label><input type=radio name=how value=fast checked> Fast</label>
<label><input type=radio name=how value=slow>Slow</label>
<label>Kind <select name=kind><option value=a>A<option value=b disabled>B<option>C c</select></label>
<label>Tags <select name=tags multiple><option value=1 selected>x<option value=2>y<option value=3>z</select></label>
<label>Note <textarea name=note>
one
two</textarea></label> <label>File <input type=file name=file></label>
<label>Files <input type=file name=files multiple></label>
<fieldset disabled><legend><input name=inlegend value=1></legend>
<input name=infieldset value=1></fieldset>
<button name=go value=1>Send</button> <button name=go value=2 formmethod=get formaction="/echo?old=1#part">Look</button>
<button type=button name=no value=1>Nothing</button> <button type=reset>Reset</button>
</form><input name=outside form=none value=1>"""


def form(attributes: str = "") -> Place:
    return Place(FORM.replace("{attributes}", attributes))


BEFORE = [
    ["name", "Ann"],
    ["token", "t"],
    ["many", "1"],
    ["how", "fast"],
    ["kind", "a"],
    ["tags", "1"],
    ["note", "one\r\ntwo"],
]
AFTER = [["inlegend", "1"], ["go", "1"]]


def test_a_form_sends_its_successful_controls() -> None:
    place = form()
    place.click("Send")
    sent = place.sent()
    assert sent["form"] == [*BEFORE, ["file", ""], ["files", ""], *AFTER]
    assert (sent["method"], sent["type"]) == ("POST", "application/x-www-form-urlencoded")
    assert sent["referrer"] == "http://one.test/"


def test_what_was_filled_in_is_what_is_sent() -> None:
    place = form("enctype=multipart/form-data")
    place.fill("Name", 'Ünï "q" & =+\n')
    for name in ("Tick", "Two", "Slow"):
        place.engine.check(place.number(name), True)
    place.engine.check(place.number("One"), False)
    place.engine.select(place.number("Kind"), ["C c"])
    place.engine.select(place.number("Tags"), ["y", "3"])
    place.fill("Note", "a\nb\r\nc")
    place.engine.upload(place.number("File"), ["a.txt"])
    place.engine.upload(place.number("Files"), ["a.txt", "b.csv"])
    place.click("Send")
    sent = place.sent()
    assert sent["form"] == [
        ["name", 'Ünï "q" & =+'],
        ["token", "t"],
        ["tick", "on"],
        ["many", "2"],
        ["how", "slow"],
        ["kind", "C c"],
        ["tags", "2"],
        ["tags", "3"],
        ["note", "a\r\nb\r\nc"],
        *AFTER,
    ]
    files = [["file", "a.txt"], ["files", "a.txt"], ["files", "b.csv"]]
    assert sent["files"] == [[*each, FILES[each[1]].hex()] for each in files]


def test_a_button_may_send_its_form_elsewhere_and_a_get_form_replaces_the_query() -> None:
    place = form()
    place.click("Look")
    sent = place.sent()
    assert (sent["method"], sent["form"]) == ("GET", [])
    assert sent["query"] == [*BEFORE, ["file", ""], ["files", ""], ["inlegend", "1"], ["go", "2"]]
    assert place.url.endswith("go=2#part")


def test_reset_and_plain_buttons_send_nothing() -> None:
    place = form()
    before = place.text
    place.fill("Name", "Bob")
    place.engine.select(place.number("Kind"), ["C c"])
    place.engine.check(place.number("Two"), True)
    place.engine.upload(place.number("File"), ["a.txt"])
    place.click("Nothing")
    place.click("Reset")
    assert place.text.replace(" focused", "") == before
    assert place.log == ["GET one.test/"]


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=12)), max_size=5),
    st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data"]),
)
@settings(max_examples=60, deadline=None)
def test_the_other_side_reads_what_was_sent(fields: list[tuple[str, str]], enctype: str) -> None:
    place = Place(f"<form method=post action=/echo enctype={enctype}><textarea></textarea><button>Send</button></form>")
    engine = place.engine
    document = engine._now().document
    document.nodes.clear()
    document.parents.clear()
    root = document.root = document.add("html", {}, -1)
    made = document.add("form", {"method": "post", "action": "/echo", "enctype": enctype}, 0)
    root[2].append(made)
    for name, value in fields:
        made[2].append(document.add("textarea", {"name": name, ":value": value}, made[3]))
    made[2].append(document.add("button", {"aria-label": "Send"}, made[3]))
    document.change(root, ":none", None)
    place.click("Send")
    escaped = {'"': "%22", "\r": "%0D", "\n": "%0A"} if "multipart" in enctype else {}
    names = [_sent_lines(name).translate(str.maketrans(escaped)) for name, _ in fields]
    lines = [[name, _sent_lines(value)] for name, (_, value) in zip(names, fields, strict=True)]
    # what has one name comes together there
    assert place.sent()["form"] == sorted(lines, key=lambda line: names.index(line[0]))


def _sent_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("<input name=f aria-label=F required>", "'F' must be filled in"),
        ("<textarea aria-label=F required></textarea>", "'F' must be filled in"),
        ("<input aria-label=F type=checkbox required>", "'F' must be checked"),
        ("<input aria-label=F type=radio name=r required>", "'F' needs a choice"),
        ("<input aria-label=F type=file required>", "'F' needs a file"),
        ("<select aria-label=F required><option value=''>Choose<option>a</select>", "'F' needs a choice"),
        ("<input aria-label=F type=email value=a>", "'F' must be an e-mail address"),
        ("<input aria-label=F type=url value=a>", "'F' must be a whole URL"),
        ("<input aria-label=F type=number min=3 value=2>", "'F' must be at least 3"),
        ("<input aria-label=F type=number max=3 value=3.5 step=any>", "'F' must be at most 3"),
        ("<input aria-label=F type=number value=0 min=0 step=0.5 id=s><input value=1>", ""),
        ("<input aria-label=F type=number min=1 step=2 value=4>", "'F' must be in steps of 2"),
        ("<input aria-label=F type=number min=0 value=1.5>", "'F' must be in steps of 1"),
        ("<input aria-label=F type=date min=2026-03-02 value=2026-03-01>", "'F' must be at least 2026-03-02"),
        ("<input aria-label=F type=time max=17:00 value=17:30>", "'F' must be at most 17:00"),
        (
            "<input aria-label=F pattern='[A-Z]{3}' value=AB title='three letters'>",
            r"'F' does not have .* \(three letters\)",
        ),
        ("<input aria-label=F pattern='[A-Z]{3}' value=ABC>", ""),
        ("<input aria-label=F required disabled>", ""),
        ("<input aria-label=F required readonly>", ""),
        ("<input aria-label=F minlength=5 value=abc>", ""),
        ("<input type=hidden required>", ""),
        ("<select aria-label=F required><option value=''>Choose<option selected>a</select>", ""),
    ],
)
def test_what_a_browser_would_not_send_is_not_sent(field: str, fault: str) -> None:
    place = Place(f"<form action=/echo>{field}<button>Send</button><button formnovalidate>Draft</button></form>")
    if fault:
        with pytest.raises(ActionError, match=f"The form was not sent: {fault}"):
            place.click("Send")
        assert place.url == "http://one.test/"
        place.click("Draft")
    else:
        place.click("Send")
    assert place.url.startswith("http://one.test/echo")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("<input maxlength=3>", "abcdef", "abc"),
        ("<input maxlength=3>", "a😀😀", "a😀"),
        ("<textarea maxlength=3></textarea>", "abcdef", "abc"),
        ("<input>", "a\nb", "ab"),
        ("<textarea></textarea>", "a\r\nb", "a\nb"),
        ("<input type=email>", " a@b.c ", "a@b.c"),
        ("<input type=number>", " 3.50 ", "3.50"),
        ("<input type=date>", "2024-02-29", "2024-02-29"),
        ("<input type=range>", "7", "7"),
        ("<input type=color>", "#AABBCC", "#aabbcc"),
        ("<input type=unheard>", "abc", "abc"),
    ],
)
def test_filling(field: str, text: str, value: str) -> None:
    place = Place(field)
    place.engine.fill("1", text)
    assert place.engine.view().page.elements["1"].value == value


@pytest.mark.parametrize(
    ("field", "action", "why"),
    [
        ("<a href=/x>L</a>", lambda e: e.fill("1", "x"), r"link \[1\] 'L' takes no text"),
        ("<input readonly>", lambda e: e.fill("1", "x"), "read-only"),
        ("<input disabled>", lambda e: e.fill("1", "x"), "disabled"),
        ("<button disabled>B</button>", lambda e: e.click("1"), r"button \[1\] 'B' is disabled"),
        ("<input type=checkbox>", lambda e: e.fill("1", "x"), "takes no text; use check or uncheck"),
        ("<select></select>", lambda e: e.fill("1", "x"), "use select_option"),
        ("<input type=file>", lambda e: e.fill("1", "x"), "use upload_file"),
        ("<input type=number>", lambda e: e.fill("1", "x"), "takes a number such as 3, and not 'x'"),
        ("<input type=date>", lambda e: e.fill("1", "2026-02-30"), "takes a date such as 2026-03-02, and not"),
        (
            "<input>",
            lambda e: e.fill("1", "x" * 10_000_000),
            "10000000 characters and was not filled in; at most 100000",
        ),
        ("<input>", lambda e: e.select("1", ["x"]), "has no options to select"),
        (
            "<select><option>Apple<option>Pear</select>",
            lambda e: e.select("1", ["Appel"]),
            "no option 'Appel'; it has 'Apple'",
        ),
        ("<select><option>A<option>B</select>", lambda e: e.select("1", ["A", "B"]), "takes one option, and not 2"),
        ("<select><option disabled>A<option>B</select>", lambda e: e.select("1", ["A"]), "'A' of .* is disabled"),
        ("<input type=radio>", lambda e: e.check("1", False), "cannot be unchecked"),
        ("<input>", lambda e: e.check("1", True), "nothing that can be checked"),
        ("<input>", lambda e: e.upload("1", ["a.txt"]), "takes no files"),
        ("<input type=file>", lambda e: e.upload("1", ["a.txt", "b.csv"]), "takes one file, and not 2"),
        ("<input type=file>", lambda e: e.upload("1", ["c"]), r"no file 'c' to upload; files: 'a.txt', 'b.csv'"),
        ("<a href=/>x</a>", lambda e: e.click("47"), "no element '47' on this page; its elements are 1 to 1"),
        ("", lambda e: e.click("1"), "no element '1' on this page; it has no elements"),
        ("<input>", lambda e: e.press("1", "Foo"), "no key 'Foo'"),
        ("<b draggable=true>a</b><b draggable=true>b</b>", lambda e: e.drag("1", "2"), "takes JavaScript.*chromium"),
        ("", lambda e: e.answer_dialog(True, ""), "No dialog is open"),
        ("", lambda e: e.screenshot(), "only engine='chromium'"),
        ("", lambda e: e.back(), "no page to go back to"),
        ("", lambda e: e.forward(), "no page to go forward to"),
        ("", lambda e: e.focus_tab(1), "no tab 1; the open tabs are 0 to 0"),
    ],
)
def test_what_cannot_be_done_is_said_and_does_nothing(field: str, action: Callable[[DomEngine], Any], why: str) -> None:
    place = Place(field)
    before = place.text
    with pytest.raises(ActionError, match=why):
        action(place.engine)
    assert place.text == before
    assert place.log == ["GET one.test/"]


def test_clicks_check_toggle_and_open() -> None:
    place = Place(
        """<label><input type=checkbox> C</label><label><input type=radio name=a> A</label>
        <label><input type=radio name=a checked> B</label><details><summary>More</summary><a href=/>in</a></details>"""
    )
    for name in ("C", "A", "More"):
        place.click(name)
    states = {each.name: set(each.states) - {"focused"} for each in place.engine.view().page.elements.values()}
    assert states == {"C": {"checked"}, "A": {"checked"}, "B": set(), "More": {"expanded"}, "in": set()}
    place.click("C")
    place.click("More")
    assert "in" not in {each.name for each in place.engine.view().page.elements.values()}
    assert place.element("C").states == ()


# keys


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("<input name=q aria-label=Q><input name=r>", True),
        ("<input name=q aria-label=Q><button name=b value=1>Go</button>", True),
        ("<input name=q aria-label=Q><button disabled>Go</button>", False),
        ("<input name=q aria-label=Q><input type=checkbox>", True),
        ("<textarea name=q aria-label=Q></textarea><button>Go</button>", False),
    ],
)
def test_enter_in_a_field_sends_the_form(body: str, sent: bool) -> None:
    two_fields = body.endswith("<input name=r>")
    place = Place(f"<form action=/echo>{body}</form>")
    place.engine.press(place.number("Q"), "Enter")
    assert place.url.startswith("http://one.test/echo") == (sent and not two_fields)


def test_keys_type_move_and_act() -> None:
    place = Place(
        """<input aria-label=T value=ab><select aria-label=S><option>a<option disabled>b<option>c</select>
        <input type=number aria-label=N value=3><a href=/echo>Link</a><button>B</button>
        <input type=checkbox aria-label=C>"""
    )

    def press(name: str, *keys: str) -> str:
        for key in keys:
            place.engine.press(place.number(name), key)
        return place.element(name).value

    assert press("T", "c", "Shift+d", "Space", "Backspace", "Backspace") == "abc"
    assert press("T", "Control+a", "x") == "x"
    assert press("T", "Control+a", "Delete", "F5", "Escape") == ""
    assert press("S", "ArrowDown", "ArrowDown") == "c"
    assert press("N", "ArrowUp") == "4"
    press("C", "Space")
    assert place.element("C").states == ("checked", "focused")
    press("T", "Tab")
    assert place.element("S").states == ("focused",)
    place.engine.press(place.number("Link"), "Enter")
    assert place.url == "http://one.test/echo"


# ways


def test_links_fragments_history_and_what_was_filled_in() -> None:
    place = Place("<title>Home</title><input aria-label=T><a href='a b/../x?q=ü#f'>x</a><a href='#part'>part</a>")
    place.pages["/x"] = "<title>X</title><a href=/y>y</a>"
    place.pages["/y"] = "y"
    engine = place.engine
    place.fill("T", "kept")
    place.click("part")
    assert (place.url, place.log) == ("http://one.test/#part", ["GET one.test/"])
    place.click("x")
    assert place.url == "http://one.test/x?q=%C3%BC#f"
    place.click("y")
    engine.back()
    engine.back()
    engine.back()
    assert (place.url, place.element("T").value) == ("http://one.test/", "kept")
    engine.forward()
    assert place.url == "http://one.test/#part"
    place.click("x")
    with pytest.raises(ActionError):
        engine.forward()
    assert place.log == ["GET one.test/", "GET one.test/x", "GET one.test/y", "GET one.test/x"]


def test_numbers_begin_again_with_a_new_document_and_live_on_in_the_old() -> None:
    place = Place("<a href=/x>x</a><details><summary>s</summary><a href=/>i</a></details><a href=/>e</a>")
    place.pages["/x"] = "<a href=/>home</a>"
    place.click("s")
    assert place.number("i") == "4"
    place.click("x")
    assert place.number("home") == "1"
    place.engine.back()
    assert place.number("i") == "4"


def test_tabs() -> None:
    place = Place(
        "<title>Home</title><a href=/x target=_blank>x</a><form target=other action=/x><button>f</button></form>"
    )
    place.pages["/x"] = "<title>X</title>"
    engine = place.engine
    place.click("x")
    view = engine.view()
    assert (view.tabs, view.active) == ([("http://one.test/", "Home"), ("http://one.test/x", "X")], 1)
    with pytest.raises(ActionError):
        engine.back()
    engine.focus_tab(0)
    place.click("f")
    engine.new_tab()
    assert (engine.view().active, place.url, place.text) == (3, "about:blank", "")
    engine.goto("http://two.test/x")
    engine.close_tab()
    engine.close_tab()
    assert engine.view().active == 1
    engine.close_tab()
    engine.close_tab()
    assert engine.view().tabs == [("about:blank", "")]
    with pytest.raises(ActionError, match="close one"):
        for _ in range(30):
            engine.new_tab()


@pytest.mark.parametrize(("status", "kept"), [(301, False), (302, False), (303, False), (307, True), (308, True)])
def test_redirects_keep_or_drop_what_was_posted(status: int, kept: bool) -> None:
    place = Place("<form method=post action=/to><input name=a value=1><button>Send</button></form>")
    place.pages["/to"] = lambda: redirect("/echo?b=2", status)
    place.click("Send")
    sent = place.sent()
    assert (sent["method"], sent["form"]) == (("POST", [["a", "1"]]) if kept else ("GET", []))
    assert place.url == "http://one.test/echo?b=2"
    place.engine.back()
    assert place.url == "http://one.test/"


def test_redirects_end() -> None:
    place = Place("<a href=/loop>loop</a><a href=/out>out</a>")
    place.pages["/loop"] = lambda: redirect("/loop")
    place.pages["/out"] = lambda: redirect("http://evil.test/")
    with pytest.raises(ActionError, match="more than 20 times"):
        place.click("loop")
    assert len(place.log) == 22
    with pytest.raises(ActionError, match=r"evil\.test.*outside of this task"):
        place.click("out")
    assert place.url == "http://one.test/"


def test_cookies_belong_to_their_host_and_to_the_episode() -> None:
    def answer() -> Response:
        made = make_response("<a href=/echo>echo</a><a href=http://two.test/echo>two</a><a href=/off>off</a>")
        made.set_cookie("a", "1", httponly=True)
        made.set_cookie("deep", "1", path="/deeper")
        made.set_cookie("shared", "1", domain="test")
        return made

    def off() -> Response:
        made = make_response("<a href=/echo>echo</a>")
        made.delete_cookie("a")
        return made

    place = Place()
    place.pages |= {"/": answer, "/off": off}
    place.open()
    place.click("echo")
    assert place.sent()["cookies"] == {"a": "1"}
    place.engine.back()
    place.click("two")
    told = place.sent()
    assert (told["cookies"], told["host"], told["referrer"]) == ({}, "two.test", "http://one.test/")
    place.engine.goto("http://one.test/off")
    place.click("echo")
    assert place.sent()["cookies"] == {}
    place.engine.goto("http://one.test/")
    place.pages["/"] = "x"
    place.open()
    place.engine.goto("http://one.test/echo")
    assert place.sent()["cookies"] == {}
    place.engine.back()
    with pytest.raises(ActionError):
        place.engine.back()


def test_downloads_leave_the_page_alone() -> None:
    place = Place(
        "<a href=/report>report</a><a href=/table.csv>csv</a><a href=/plain download>plain</a><a href=/none>none</a>"
    )
    saved = {"Content-Disposition": 'attachment; filename="../r\x7feport.csv"'}
    place.pages |= {
        "/report": lambda: Response(b"a\n\xff", headers=saved),
        "/table.csv": lambda: Response("a,b", content_type="text/csv"),
        "/plain": lambda: Response("p", content_type="text/plain"),
        "/none": lambda: Response(status=204),
    }
    for name in ("report", "report", "csv", "plain", "none"):
        place.click(name)
    assert place.url == "http://one.test/"
    expected = {"report.csv": b"a\n\xff", "report (1).csv": b"a\n\xff", "table.csv": b"a,b", "plain": b"p"}
    assert dict(place.engine.downloads()) == expected
    assert dict(place.engine.downloads()) == {}


def test_text_is_shown_as_it_stands_and_so_are_errors() -> None:
    place = Place("<a href=/t>t</a><a href=/missing>m</a>")
    place.pages["/t"] = lambda: Response("<b>a</b>\n\n  b".encode("utf-16"), content_type="text/plain; charset=utf-16")
    place.click("t")
    assert place.text == "'<b>a</b>'\n''\n'  b'"
    place.engine.back()
    place.click("m")
    assert (place.text, place.engine.view().page.title) == ("'No such page.'", "Nothing")


# no way out


_OUTSIDE = """javascript:alert(1) JavaScript:x data:text/html,x file:///etc/passwd blob:http://one.test/x about:blank
chrome://version view-source:http://one.test/ about:srcdoc https://one.test/ ftp://one.test/ ws://one.test/ http:///x
http://evil.test/ http://one.test.evil/ http://evil/one.test http://one.test:81/ http://one.test:8080/ http://127.0.0.1/
http://localhost/ http://[::1]/ http://one.test@evil.test/ http://a:b@one.test/ http://one.test:x/ http:////evil.test
http://one.test%2eevil/ http://evil.test#one.test http://evil.test\\@one.test/ mailto:a@one.test http://[one.test]/
filesystem:http://one.test/ http://one.test:99999/"""


@pytest.mark.parametrize("url", [*_OUTSIDE.split(), "java\tscript:x", " http://evil.test/", "\x01javascript:x"])
def test_no_way_out(url: str) -> None:
    place = Place(f"<a href='{url}'>link</a><form action='{url}' method=post><button>form</button></form>")
    actions = [lambda: place.engine.goto(url), lambda: place.click("link"), lambda: place.click("form")]
    for action in actions:
        with pytest.raises(ActionError, match=r"http://one.test/"):
            action()
    place.redirects["/"] = url
    with pytest.raises(ActionError, match=r"http://one.test/"):
        place.engine.goto("http://one.test/")
    assert place.url == "http://one.test/"
    assert {line.split("/")[0] for line in place.log} == {"GET one.test"}


@pytest.mark.parametrize("url", ["", "one.test", "/x", "//one.test/", "x", "http:", " "])
def test_goto_takes_whole_urls(url: str) -> None:
    with pytest.raises(ActionError, match=r"http://one\.test/"):
        Place().engine.goto(url)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("HTTP://ONE.test:80", "http://one.test/"),
        (" http://one.test/a\n/../b?x=1 2#f ", "http://one.test/b?x=1%202#f"),
        ("http:\\\\one.test\\c", "http://one.test/c"),
        ("http://one.test./%41%zz", "http://one.test/%41%zz"),
    ],
)
def test_goto_reads_urls_as_a_browser_does(url: str, asked: str) -> None:
    place = Place()
    place.engine.goto(url)
    assert place.url == asked


@given(st.text(max_size=40), st.sampled_from(["", "http:", "http://", "http://one.test", "//", "\\\\", "?", "#"]))
@settings(max_examples=200, deadline=None)
def test_no_url_leads_out(text: str, start: str) -> None:
    place = Place("home")
    for go in (place.engine.goto, lambda url: _follow(place, url)):
        try:
            go(start + text)
        except ActionError:
            continue
    assert {line.split(" ")[1].split("/")[0] for line in place.log} <= set(HOSTS)


def _follow(place: Place, url: str) -> None:
    document = place.engine._now().document
    link = document.add("a", {"href": url, "aria-label": "made"}, 0)
    document.root[2].append(link)
    document.change(link, ":none", None)
    place.click("made")


# faults


def test_a_site_that_fails_is_no_answer() -> None:
    def broken() -> Any:
        raise ZeroDivisionError("x")

    place = Place("<a href=/broken>b</a>")
    place.pages["/broken"] = broken

    def strict(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        if environ["PATH_INFO"] == "/broken":
            broken()
        yield from place.app(environ, start_response)

    place.engine.open(strict, HOSTS, {}, "http://one.test/")
    with pytest.raises(SandboxError, match=r"GET http://one\.test/broken: ZeroDivisionError"):
        place.click("b")


def test_what_is_closed_does_nothing_more() -> None:
    place = Place("<a href=/>x</a>")
    worker = threading.Thread(target=place.engine.close)
    worker.start()
    worker.join()
    place.engine.close()
    for action in (place.engine.view, lambda: place.engine.click("1"), place.engine.back, place.engine.new_tab):
        with pytest.raises(SandboxError, match="closed"):
            action()


def test_engines_share_nothing_and_work_in_threads() -> None:
    places = [Place(f"<input aria-label=T><p>{number}") for number in range(8)]

    def work(number: int) -> None:
        for round_ in range(20):
            places[number].fill("T", f"{number}/{round_}")

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [place.element("T").value for place in places] == [f"{number}/19" for number in range(8)]
    assert all(f"'{number}'" in place.text for number, place in enumerate(places))


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_answer_is_a_page(data: bytes) -> None:
    place = Place("x")
    place.pages["/any"] = lambda: Response(data, content_type="text/html; charset=utf-8")
    start = time.perf_counter()
    place.engine.goto("http://one.test/any")
    assert place.url == "http://one.test/any"
    assert time.perf_counter() - start < 5
