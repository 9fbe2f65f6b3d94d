"""The engine without a browser: fields and forms as the HTML standard has them, and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browser_place import FILES, Place
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs.browser.dom import DomEngine
from selftrain.envs.browser.engine import ActionError

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


_CHARACTERS = st.one_of(st.characters(exclude_categories=("Cs", "Cc")), st.sampled_from("\r\n\t"))
# werkzeug takes a backslash before a quote for an escape, which browsers do not write
_NAMES = st.text(_CHARACTERS.filter(lambda character: character != "\\"), min_size=1, max_size=8)


@given(
    st.lists(st.tuples(_NAMES, st.text(_CHARACTERS, max_size=12)), max_size=5),
    st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data"]),
)
@settings(max_examples=60, deadline=None)
def test_the_other_side_reads_what_was_sent(fields: list[tuple[str, str]], enctype: str) -> None:
    written = "".join(f"<textarea name='{_escaped(name)}'>\n{_escaped(value)}</textarea>" for name, value in fields)
    place = Place(f"<form method=post action=/echo enctype={enctype}>{written}<button>Send</button></form>")
    place.click("Send")
    names = [_read_name(name, enctype) for name, _ in fields]
    lines = [[name, _sent_lines(value)] for name, (_, value) in zip(names, fields, strict=True)]
    # what has one name comes together there
    assert place.sent()["form"] == sorted(lines, key=lambda line: names.index(line[0]))


def _escaped(text: str) -> str:
    return "".join(f"&#{ord(character)};" for character in text)


def _read_name(name: str, enctype: str) -> str:
    """A field's name as werkzeug reads it: of what stands for a line break or a quote it takes back the quote alone."""
    sent = _sent_lines(name)
    return sent if "multipart" not in enctype else sent.replace("\r", "%0D").replace("\n", "%0A").replace("%22", '"')


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
