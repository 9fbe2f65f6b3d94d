"""What `page.js` has against an action, in words for the agent; the dom engine's words where it has them too."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.page import Element, Page

_FORMATS = {
    "date": "a date such as 2026-03-02",
    "month": "a month such as 2026-03",
    "time": "a time such as 09:30",
    "datetime-local": "a time such as 2026-03-02T09:30",
    "week": "a week such as 2026-W10",
    "number": "a number such as 3",
    "range": "a number such as 3",
    "color": "a colour such as #aabbcc",
}
_INSTEAD = {
    "checkbox": "use check or uncheck",
    "radio": "use check",
    "combobox": "use select_option",
    "listbox": "use select_option",
    "file": "use upload_file",
}
_MISSING = {
    "select": "needs a choice",
    "radio": "needs a choice",
    "checkbox": "must be checked",
    "file": "needs a file",
}
_PLAIN = {
    "gone": "is not on the page any more. Look at the page again.",
    "hidden": "is not visible; nothing can be done with it now.",
    "disabled": "is disabled; nothing can be done with it now.",
    "readonly": "is read-only.",
    "unfocusable": "cannot have the focus.",
    "unselectable": "has no options to select.",
    "uncheckable": "is nothing that can be checked.",
    "radio": "cannot be unchecked; check another one of its group.",
    "no-file": "takes no files.",
}


def called(element: Element) -> str:
    """An element as messages name it."""
    return f"{element.role} [{element.number}] {element.name!r:.100}"


def unknown(number: str, elements: Mapping[str, Element]) -> ActionError:
    """That the page has no such element."""
    known = f"its elements are 1 to {max(map(int, elements))}" if elements else "it has no elements"
    return ActionError(f"There is no element {number!r:.40} on this page; {known}. Look at the page again.")


def require_none(found: Mapping[str, Any], element: Element, page: Page) -> None:
    """Raise `ActionError` if `found`, what a function of `page.js` said of an element, is a fault."""
    fault = found.get("fault")
    if fault is None:
        return
    if fault == "invalid":
        field = next((each for each in page.elements.values() if each.key == found["field"]), None)
        name = (field.name if field else "") or found["name"]
        raise ActionError(f"The form was not sent: {name!r} {_wrong(found)}.")
    raise ActionError(_refusal(fault, found, element))


def _refusal(fault: str, found: Mapping[str, Any], element: Element) -> str:
    who = called(element)
    if fault in _PLAIN:
        return f"{who} {_PLAIN[fault]}"
    if fault == "unfillable":
        return f"{who} takes no text{f'; {_INSTEAD[element.role]}' if element.role in _INSTEAD else ''}."
    if fault == "covered":
        return f"{who} is covered by {found['by']}; close or move that first."
    if fault == "single":
        return f"{who} takes one option, and not {found['count']}."
    if fault == "single-file":
        return f"{who} takes one file, and not {found['count']}."
    if fault == "option":
        return f"{who} has no option {found['option']!r:.100}; it has {_options(found['option'], found['known'])}."
    if fault == "option-disabled":
        return f"The option {found['option']!r:.100} of {who} is disabled."
    if fault == "format":
        return f"{who} takes {_FORMATS[found['type']]}, and not {found['text']!r:.100}."
    raise AssertionError(fault)


def _options(wanted: str, labels: Sequence[str]) -> str:
    near = difflib.get_close_matches(wanted[:200], labels, n=5, cutoff=0.4) or labels[:10]
    more = "" if len(near) == len(labels) else f" and {len(labels) - len(near)} more"
    return f"{', '.join(map(repr, near)) or 'none'}{more}"


def _wrong(found: Mapping[str, Any]) -> str:
    """What keeps a field from being sent."""
    why, kind = found["why"], found["type"]
    if why == "valueMissing":
        return _MISSING.get(kind, "must be filled in")
    if why == "patternMismatch":
        return "does not have the form that is asked for" + (f" ({found['hint']})" if found["hint"] else "")
    words = {
        "typeMismatch": "must be an e-mail address" if kind == "email" else "must be a whole URL",
        "badInput": f"takes {_FORMATS.get(kind, 'another format')}",
        "tooShort": f"must have at least {found['shortest']} characters",
        "rangeUnderflow": f"must be at least {found['least']}",
        "rangeOverflow": f"must be at most {found['most']}",
        "stepMismatch": f"must be in steps of {found['step'] or '1'}",
    }
    return words.get(why, f"is not accepted: {found['message']}")
