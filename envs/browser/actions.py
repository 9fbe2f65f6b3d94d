"""The grammar of actions: one call in the notation of BrowserGym 0.14, and a few verbs of our own.

A message is one call, `click('12')`, or a longer text whose last fenced block is one call. Arguments are Python
literals, by place or by name. `VERBS` is the whole grammar; `ALIASES` are short names for some of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.literals import NotACallError, RawCall, Value, read_calls
from selftrain.envs.messages import read_message, refusal

_LANGUAGES = ("", "python", "py", "action", "browser", "tool_code", "text")
_FURTHEST = 1_000_000.0


@dataclass(frozen=True)
class Call:
    """An action: a verb of `VERBS`, and a value for each of its arguments."""

    verb: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Argument:
    """An argument of a verb: its name, how it is read, and its default (None: it must be given)."""

    name: str
    read: Callable[[Value], Any]
    default: Value = None


@dataclass(frozen=True)
class Verb:
    """What an agent can do: the arguments, how the call is written, and one line on what it does."""

    arguments: tuple[Argument, ...]
    written: str
    summary: str


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise ValueError("a text in quotes")
    return value


def _bid(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("the number of an element, as in '12'")
    return str(value).strip().removeprefix("[").removesuffix("]")


def _texts(value: Value) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in given):
        raise ValueError("a text in quotes or a list of such texts")
    return tuple(str(each) for each in given)


def _pixels(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _FURTHEST:
        raise ValueError("a number of pixels")
    return float(value)


def _whole(value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1 << 40:
        raise ValueError("a whole number, 0 or more")
    return value


def _left(value: Value) -> str:
    if value != "left":
        raise ValueError("'left', the only button there is here")
    return "left"


def _none(value: Value) -> tuple[str, ...]:
    if value != []:
        raise ValueError("[]: no keys can be held here")
    return ()


def _flag(value: Value) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


_ELEMENT = Argument("bid", _bid)
_CLICK = (_ELEMENT, Argument("button", _left, "left"), Argument("modifiers", _none, []))

VERBS: Mapping[str, Verb] = {
    "click": Verb(_CLICK, "click('12')", "click an element"),
    "dblclick": Verb(_CLICK, "dblclick('12')", "click it twice"),
    "hover": Verb((_ELEMENT,), "hover('12')", "move the mouse onto it"),
    "focus": Verb((_ELEMENT,), "focus('12')", "move the focus to it"),
    "fill": Verb(
        (_ELEMENT, Argument("value", _text), Argument("enable_autocomplete_menu", _flag, False)),
        "fill('12', 'text')",
        "replace what a field holds",
    ),
    "clear": Verb((_ELEMENT,), "clear('12')", "empty a field"),
    "select_option": Verb(
        (_ELEMENT, Argument("options", _texts)), "select_option('12', 'label')", "choose an option, or a list of them"
    ),
    "check": Verb((_ELEMENT,), "check('12')", "tick a checkbox or choose a radio button"),
    "uncheck": Verb((_ELEMENT,), "uncheck('12')", "untick a checkbox"),
    "press": Verb((_ELEMENT, Argument("key_comb", _text)), "press('12', 'Enter')", "press a key in an element"),
    "drag_and_drop": Verb(
        (Argument("from_bid", _bid), Argument("to_bid", _bid)), "drag_and_drop('12', '15')", "drag one onto another"
    ),
    "upload_file": Verb(
        (_ELEMENT, Argument("file", _texts)), "upload_file('12', 'name.csv')", "choose a file, or a list of files"
    ),
    "scroll": Verb(
        (Argument("delta_x", _pixels), Argument("delta_y", _pixels)), "scroll(0, 600)", "show what lies further down"
    ),
    "goto": Verb((Argument("url", _text),), "goto('http://shop.test/')", "open an address"),
    "go_back": Verb((), "go_back()", "the page before"),
    "go_forward": Verb((), "go_forward()", "the page after"),
    "new_tab": Verb((), "new_tab()", "open an empty tab"),
    "tab_close": Verb((), "tab_close()", "close the active tab"),
    "tab_focus": Verb((Argument("index", _whole),), "tab_focus(1)", "make another tab the active one"),
    "accept_dialog": Verb((Argument("text", _text, ""),), "accept_dialog()", "say yes to a dialog"),
    "dismiss_dialog": Verb((), "dismiss_dialog()", "say no to a dialog"),
    "noop": Verb((Argument("wait_ms", _pixels, 1000),), "noop()", "look again"),
    "read_file": Verb(
        (Argument("name", _text), Argument("start", _whole, 0)),
        "read_file('name.csv')",
        "show one of your files, from this character on",
    ),
    "write_file": Verb(
        (Argument("name", _text), Argument("text", _text)), "write_file('name.csv', 'text')", "make a file to upload"
    ),
    "answer": Verb((Argument("text", _text),), "answer('text')", "give the answer; this ends the episode"),
    "submit": Verb((), "submit()", "say that the work is done; this ends the episode"),
    "report_infeasible": Verb(
        (Argument("reason", _text),), "report_infeasible('reason')", "say that it cannot be done; this ends the episode"
    ),
}
"""Names and arguments are those of BrowserGym 0.14; ours are the dialogs, files, `answer` and `submit`."""

ALIASES: Mapping[str, str] = {
    "send_msg_to_user": "answer",
    "back": "go_back",
    "forward": "go_forward",
    "tab": "tab_focus",
    "select": "select_option",
    "upload": "upload_file",
    "download": "click",
}
"""Other names of verbs. What a link offers for download is downloaded by a click."""


def read_action(message: str) -> Call:
    """The one call that a message holds.

    Raises:
        ActionError: it holds none, several, or one that is not of the grammar; says what is wrong and what would do.
    """
    if wrong := refusal(message):
        raise ActionError(f"{wrong}; {_expected()}")
    taken = read_message(message, _LANGUAGES)
    text = (taken.blocks[-1] if taken.blocks else taken.text).strip()
    if text == "submit":
        return Call("submit", {})
    try:
        calls = read_calls(text)
    except NotACallError as error:
        raise ActionError(f"this is no action: {error}; {_expected()}") from error
    if len(calls) != 1:
        many = f"there are {len(calls)} actions" if calls else "there is no action"
        raise ActionError(f"{many} in this message; one is carried out in a step")
    return _bound(calls[0])


def grammar() -> str:
    """The verbs as the agent is told of them, one a line."""
    return "\n".join(f"{verb.written}  {verb.summary}" for verb in VERBS.values())


def _expected() -> str:
    return "write one call such as click('12'), alone or in the last fenced block of the message"


def _bound(raw: RawCall) -> Call:
    name = ALIASES.get(raw.name, raw.name)
    if name not in VERBS:
        near = difflib.get_close_matches(raw.name, [*VERBS, *ALIASES], n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(VERBS)}"
        raise ActionError(f"there is no action {raw.name[:60]!r}; {hint}")
    arguments = VERBS[name].arguments
    signature = f"{raw.name}({', '.join(_shown(argument) for argument in arguments)})"
    given = _given(raw, [argument.name for argument in arguments], signature)
    bound = {}
    for argument in arguments:
        value = given.get(argument.name, argument.default)
        if value is None:
            raise ActionError(f"{argument.name} is missing: {signature}")
        try:
            bound[argument.name] = argument.read(value)
        except ValueError as error:
            raise ActionError(f"{argument.name} must be {error}: {signature}") from error
    return Call(name, bound)


def _given(raw: RawCall, names: Sequence[str], signature: str) -> dict[str, Value]:
    if len(raw.positional) > len(names):
        raise ActionError(f"{len(raw.positional)} arguments are too many: {signature}")
    given = dict(zip(names, raw.positional, strict=False))
    for name, value in raw.keywords.items():
        if name not in names:
            raise ActionError(f"there is no argument {name[:60]!r}: {signature}")
        if name in given:
            raise ActionError(f"{name} is given twice: {signature}")
        given[name] = value
    return given


def _shown(argument: Argument) -> str:
    return argument.name if argument.default is None else f"{argument.name}={argument.default!r}"
