"""Why a browser would not send a form: the constraints that its fields break."""

from __future__ import annotations

import re

from selftrain.envs.browser.dom.document import Document, is_multiple, len_shown, options_of
from selftrain.envs.browser.dom.forms import controls_of, form_of, is_disabled, kind_of, option_value
from selftrain.envs.browser.dom.values import holds_text, is_email, is_url, number_of
from selftrain.envs.browser.page import Node

_BARRED = frozenset({"hidden", "reset", "button", "submit", "image"})
_STEPS = {"number": (1.0, 1.0), "range": (1.0, 1.0), "date": (1.0, 86_400.0), "time": (60.0, 1.0)}
"""By type: the step that a field has without saying so, and how many units of its number one step is."""


def first_fault(document: Document, form: Node) -> tuple[Node, str] | None:
    """The first control that keeps a form from being sent, and what is wrong with it ("must be filled in")."""
    for node in controls_of(document, form):
        kind = kind_of(node)
        attributes = node[1]
        read_only = "readonly" in attributes and node[0] != "select" and kind not in {"checkbox", "radio", "file"}
        if node[0] == "output" or kind in _BARRED or read_only or is_disabled(document, node):
            continue
        if why := _fault(document, node, kind):
            return node, why
    return None


def _fault(document: Document, node: Node, kind: str) -> str:
    attributes = node[1]
    required = "required" in attributes
    if node[0] == "select":
        return "needs a choice" if required and _nothing_chosen(node) else ""
    if kind == "checkbox":
        return "must be checked" if required and ":checked" not in attributes else ""
    if kind == "radio":
        return "needs a choice" if _group_lacks_choice(document, node) else ""
    if kind == "file":
        return "needs a file" if required and not document.files.get(node[3]) else ""
    value = attributes.get(":value", "")
    if not value:
        return "must be filled in" if required else ""
    if node[0] == "textarea" or holds_text(kind):
        return _text_fault(document, node, kind, value)
    return _range_fault(node, kind, value)


def _nothing_chosen(select: Node) -> bool:
    chosen = [option for option in options_of(select) if ":selected" in option[1]]
    if not chosen:
        return True
    options = options_of(select)
    placeholder = not is_multiple(select) and len_shown(select) == 1 and options[0] in select[2]
    return placeholder and chosen[0] is options[0] and option_value(options[0]) == ""


def group_of(document: Document, radio: Node) -> list[Node]:
    """The radio buttons of which only one can be checked, the given one among them."""
    name, form = radio[1].get("name", ""), form_of(document, radio)
    if not name:
        return [radio]
    return [
        node
        for node in document.nodes
        if node[0] == "input"
        and node[1].get("name") == name
        and kind_of(node) == "radio"
        and form_of(document, node) is form
    ]


def _group_lacks_choice(document: Document, radio: Node) -> bool:
    group = group_of(document, radio)
    return any("required" in node[1] for node in group) and not any(":checked" in node[1] for node in group)


def _text_fault(document: Document, node: Node, kind: str, value: str) -> str:
    attributes = node[1]
    if kind == "email":
        addresses = value.split(",") if "multiple" in attributes else [value]
        if not all(is_email(address.strip()) for address in addresses):
            return "must be an e-mail address"
    if kind == "url" and not is_url(value):
        return "must be a whole URL"
    least = attributes.get("minlength", "")
    if node[3] in document.edited and least.isascii() and least.isdigit() and length(value) < int(least):
        return f"must have at least {least} characters"
    pattern = attributes.get("pattern", "")
    if node[0] == "input" and pattern and not _matches(pattern, value):
        hint = attributes.get("title", "")
        return f"does not have the form that is asked for{f' ({hint})' if hint else ''}"
    return ""


def length(value: str) -> int:
    """Length as HTML counts it: in UTF-16 units."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value[:1000]) is not None
    except re.error:
        return True


def _range_fault(node: Node, kind: str, value: str) -> str:
    attributes = node[1]
    number = number_of(kind, value)
    least, most = (number_of(kind, attributes.get(bound, "")) for bound in ("min", "max"))
    if number is None:
        return ""
    if least is not None and number < least:
        return f"must be at least {attributes['min']}"
    if most is not None and number > most:
        return f"must be at most {attributes['max']}"
    if kind not in _STEPS or attributes.get("step", "").lower() == "any":
        return ""
    default, unit = _STEPS[kind]
    asked = number_of("number", attributes.get("step", ""))
    step = (asked if asked and asked > 0 else default) * unit
    start = number_of(kind, attributes.get("value", ""))
    base = least if least is not None else start if start is not None else number_of(kind, "1970-01-01") or 0.0
    steps = (number - base) / step
    return "" if abs(steps - round(steps)) < 1e-7 * max(1.0, abs(steps)) else f"must be in steps of {step / unit:g}"
