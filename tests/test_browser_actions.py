"""The grammar of browser actions: what it takes, what it says about the rest, and that nothing makes it hang."""

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.envs.browser.actions import ALIASES, VERBS, Call, read_action
from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.literals import NotACallError, read_calls

# as in browsergym-core 0.14.3, browsergym/core/action/functions.py: what an agent of BrowserGym may write
BROWSERGYM = {
    "send_msg_to_user": ("text",),
    "report_infeasible": ("reason",),
    "noop": ("wait_ms",),
    "fill": ("bid", "value", "enable_autocomplete_menu"),
    "check": ("bid",),
    "uncheck": ("bid",),
    "select_option": ("bid", "options"),
    "click": ("bid", "button", "modifiers"),
    "dblclick": ("bid", "button", "modifiers"),
    "hover": ("bid",),
    "press": ("bid", "key_comb"),
    "focus": ("bid",),
    "clear": ("bid",),
    "drag_and_drop": ("from_bid", "to_bid"),
    "scroll": ("delta_x", "delta_y"),
    "goto": ("url",),
    "go_back": (),
    "go_forward": (),
    "new_tab": (),
    "tab_close": (),
    "tab_focus": ("index",),
    "upload_file": ("bid", "file"),
}


@pytest.mark.parametrize(("name", "arguments"), BROWSERGYM.items())
def test_every_call_of_browsergym_by_bid_is_taken_with_its_own_names(name: str, arguments: tuple[str, ...]) -> None:
    assert tuple(each.name for each in VERBS[ALIASES.get(name, name)].arguments) == arguments


@pytest.mark.parametrize(
    ("message", "verb", "arguments"),
    [
        ("click('12')", "click", {"bid": "12", "button": "left", "modifiers": ()}),
        ("click(12)", "click", {"bid": "12", "button": "left", "modifiers": ()}),
        ('click(bid="12", button="left")', "click", {"bid": "12", "button": "left", "modifiers": ()}),
        ("  clear('3')  # empties it", "clear", {"bid": "3"}),
        ("select_option('4', ['red', 'green'])", "select_option", {"bid": "4", "options": ("red", "green")}),
        ("select('4', 'red')", "select_option", {"bid": "4", "options": ("red",)}),
        ("upload_file('4', 'a.csv')", "upload_file", {"bid": "4", "file": ("a.csv",)}),
        ("scroll(0, -200.5)", "scroll", {"delta_x": 0.0, "delta_y": -200.5}),
        ("tab(1)", "tab_focus", {"index": 1}),
        ("back()", "go_back", {}),
        ("submit()", "submit", {}),
        ("submit", "submit", {}),
        ("send_msg_to_user('42')", "answer", {"text": "42"}),
        ("answer('''two\nlines''')", "answer", {"text": "two\nlines"}),
        ("answer('it\\'s \\u20ac\\n')", "answer", {"text": "it's €\n"}),
        ("answer(r'a\\nb')", "answer", {"text": "a\\nb"}),
        ("read_file('a.csv')", "read_file", {"name": "a.csv", "start": 0}),
        ("read_file('a.csv', start=800)", "read_file", {"name": "a.csv", "start": 800}),
        ("I open it.\n```python\nhover('7')\n```", "hover", {"bid": "7"}),
        ("```\nclick('1')\n```\nNo, rather:\n```\nhover('7')\n```\n", "hover", {"bid": "7"}),
        ("<think>click('1')? No.</think>hover('7')", "hover", {"bid": "7"}),
    ],
)
def test_a_message_is_one_call(message: str, verb: str, arguments: dict[str, object]) -> None:
    assert read_action(message) == Call(verb, arguments)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("", "the message is empty"),
        ("clik('1')", "there is no action 'clik'; did you mean click"),
        ("frobnicate()", "there is no action 'frobnicate'; there are click, dblclick"),
        ("click()", "bid is missing: click(bid, button='left', modifiers=[])"),
        ("fill('1')", "value is missing: fill(bid, value, enable_autocomplete_menu=False)"),
        ("fill('1', 5)", "value must be a text in quotes: fill("),
        ("click('1', 'right')", "button must be 'left', the only button there is here"),
        ("click('1', 'left', ['Shift'])", "modifiers must be []"),
        ("click('1', 'left', [], 3)", "4 arguments are too many: click("),
        ("click('1', where=3)", "there is no argument 'where': click("),
        ("click('1', bid='2')", "bid is given twice: click("),
        ("click(bid='1', bid='2')", "bid= is given twice"),
        ("click(bid='1', 'left')", "an argument without a name follows one with a name: \"'left'\" at character 16"),
        ("click(True)", "bid must be the number of an element"),
        ("scroll(0, '5')", "delta_y must be a number of pixels"),
        ("scroll(0, 1e9)", "delta_y must be a number of pixels"),
        ("scroll(0, 1e999)", "is no number, or too long a one"),
        ("tab_focus(-1)", "index must be a whole number, 0 or more"),
        ("select_option('1', [1])", "options must be a text in quotes or a list of such texts"),
        ("answer(None)", "text is missing: answer(text)"),
        ("click('1') click('2')", "there are 2 actions in this message; one is carried out in a step"),
        ("click('1'); click('2')", "there are 2 actions in this message"),
        ("```\nclick('1')\nclick('2')\n```", "there are 2 actions in this message"),
        ("```\n\n```", "there is no action in this message"),
        ("I click the button.", "after 'I' a bracket is expected, as in click('12'), not 'click'"),
        ("click('1", "not the quote at character 7, for which there is no second one"),
        ("click('1'", "a comma or ')' is expected, not 'the end'"),
        ("goto(shop)", "texts stand in quotes"),
        ("answer('a' + 'b')", "a comma or ')' is expected, not '+' at character 12"),
        ("answer(f'{1}')", "a text in quotes or a number is expected, not 'f' at character 8"),
        ("answer(open('/etc/passwd').read())", "a text in quotes or a number is expected, not 'open'"),
        ("answer('\\ud800')", "is no character of a text"),
        ("answer('\\N{NO SUCH CHARACTER}')", "is no character"),
        ("answer('\x1b[31m')", "it holds the character U+001B"),
    ],
)
def test_what_is_wrong_is_said(message: str, why: str) -> None:
    with pytest.raises(ActionError) as error:
        read_action(message)
    assert why in str(error.value) and len(str(error.value)) < 500


@pytest.mark.parametrize(
    "message",
    [
        "fill('1', '" + "x" * 10_000_000 + "')",
        "(" * 65_000,
        "click(" * 10_000,
        "click([" + "[" * 60_000,
        "click(" + "1" * 60_000 + "x)",
        "click(" + "1." * 30_000 + ")",
        "click('" + "\\" * 60_001,
        "'''" * 20_000,
        "'''\\'" * 15_000,
        "\\'" * 30_000,
        "click('\\'" + "\\'" * 30_000,
        "aaaa'bbbb\"" * 6_000,
        "r" * 65_000,
        "-" * 65_000,
        "1e" * 30_000,
        "1e+" * 20_000,
        "\"'" * 30_000,
        "a" * 65_000 + "'",
        "#" * 65_000,
        "click('1')\n" * 5_000,
        "```\n" * 15_000,
        "- " * 30_000,
        "click(" + "a=1," * 15_000 + ")",
        "<think>" * 9_000,
    ],
    ids=lambda message: f"{message[:12]!r} of {len(message)}",
)
def test_nothing_makes_it_hang(message: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ActionError):
        read_action(message)
    assert time.perf_counter() - start < 5.0  # quadratic would be minutes


@given(st.text(max_size=40), st.one_of(st.text(max_size=20), st.integers(), st.booleans()))
def test_literals_are_read_as_python_reads_them(text: str, value: str | int | bool) -> None:
    written = f"f({text!r}, [{value!r}], k={value!r})"
    if "\\ud" in written.lower() or "\\x00" in written:
        return  # half characters and NUL are refused
    (call,) = read_calls(written)
    parsed = ast.parse(written, mode="eval").body
    assert isinstance(parsed, ast.Call)
    expected = [ast.literal_eval(argument) for argument in parsed.args]
    assert list(call.positional) == expected == [text, [value]] and call.keywords == {"k": value}


@given(st.text(alphabet="click('12\")[],=; \\\n#ru0.-e", max_size=60))
def test_any_text_is_a_call_or_no_call(text: str) -> None:
    try:
        calls = read_calls(text)
    except NotACallError:
        return
    assert all(call.name for call in calls)
