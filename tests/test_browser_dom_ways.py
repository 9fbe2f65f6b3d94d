"""The engine without a browser: links, history, tabs, redirects, cookies, downloads, and no way out."""

from __future__ import annotations

import contextlib
import html
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser_place import HOSTS, Place
from flask import Response, make_response, redirect, request
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs.browser.engine import ActionError
from selftrain.errors import SandboxError


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
        "<a href=/report>report</a><a href=/table.csv>csv</a><a href=/plain download>plain</a>"
        "<a href=/plain download='../mine.txt'>named</a><a href=/none>none</a>"
    )
    saved = {"Content-Disposition": 'attachment; filename="../r\x7feport.csv"'}
    place.pages |= {
        "/report": lambda: Response(b"a\n\xff", headers=saved),
        "/table.csv": lambda: Response("a,b", content_type="text/csv"),
        "/plain": lambda: Response("p", content_type="text/plain"),
        "/none": lambda: Response(status=204),
    }
    for name in ("report", "report", "csv", "plain", "named", "none"):
        place.click(name)
    assert place.url == "http://one.test/"
    reports = {"report.csv": b"a\n\xff", "report (1).csv": b"a\n\xff"}
    expected = {**reports, "table.csv": b"a,b", "plain": b"p", "mine.txt": b"p"}
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


def test_a_link_tells_where_it_stood_and_a_typed_address_does_not() -> None:
    place = Place("<a href='/next'>on</a>")
    told = []
    place.pages["/next"] = lambda: str(told.append(request.headers.get("Referer")))
    place.engine.click(place.element("on").number)
    place.engine.goto("http://one.test/next")
    assert told == ["http://one.test/", None]


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
    place = Place()
    place.pages["/page"] = f"<a href='{html.escape(start + text)}'>link</a>"
    place.engine.goto("http://one.test/page")
    for go in (lambda: place.click("link"), lambda: place.engine.goto(start + text)):
        with contextlib.suppress(ActionError):
            go()
    assert {line.split(" ")[1].split("/")[0] for line in place.log} <= set(HOSTS)


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
