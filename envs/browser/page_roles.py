"""Which role an element has, whether it can be acted on, and the states that it shows."""

from __future__ import annotations

from collections.abc import Mapping

from selftrain.envs.browser.page_nodes import Node, words

INPUT_ROLES = {
    "button": "button",
    "checkbox": "checkbox",
    "file": "file",
    "image": "button",
    "number": "spinbutton",
    "radio": "radio",
    "range": "slider",
    "reset": "button",
    "search": "searchbox",
    "submit": "button",
}
"""By type; every other one is a "textbox"."""
SHOWN_TYPES = words("date time datetime-local month week color password")
ACTING_ROLES = words(
    "button checkbox combobox gridcell link listbox menuitem menuitemcheckbox menuitemradio option radio scrollbar "
    "searchbox slider spinbutton switch tab textbox treeitem"
)
GROUPING_ROLES = words("alertdialog dialog group navigation radiogroup region search toolbar tablist menu")
HOLDING_ROLES = frozenset({"alertdialog", "dialog", "group", "radiogroup"})
"""Those whose text says where an element stands."""
SPEAKING_ROLES = frozenset({"alert", "status", "log"})
NOT_AS_THEY_LOOK = frozenset(
    {"hidden", ":hidden", "aria-hidden", "role", "tabindex", "draggable", "contenteditable", ":clickable"}
)
"""Attributes with which an element may be other than its tag says."""
_WITH_STATES = words(
    ":checked disabled required readonly multiple draggable :focused aria-checked aria-disabled aria-invalid "
    "aria-expanded aria-selected aria-current"
)


def role_of_field(node: Node) -> str:
    """The role of an input, select or textarea."""
    tag, attributes, _, _ = node
    if tag == "select":
        size = attributes.get("size", "")
        long = size.isascii() and size.isdigit() and len(size) < 6 and int(size) > 1
        return "listbox" if "multiple" in attributes or long else "combobox"
    if tag == "textarea":
        return "textbox"
    kind = attributes.get("type", "").lower()
    if attributes.get("role") in {"switch", "combobox"} and kind not in {"hidden", "submit", "button"}:
        return attributes["role"]
    return INPUT_ROLES.get(kind, "textbox")


def acting_role(node: Node) -> str:
    """The role of an element that is no link, button or field by its tag and can be acted on all the same, else ""."""
    tag, attributes, _, _ = node
    role = attributes.get("role", "").strip().lower().partition(" ")[0]
    if role in ACTING_ROLES:
        return role
    if tag == "button" or (tag == "a" and "href" in attributes):
        return ""
    if attributes.get("contenteditable", "false") != "false":
        return "textbox"
    acts = (
        ":clickable" in attributes
        or attributes.get("draggable") == "true"
        or not attributes.get("tabindex", "-1").lstrip().startswith("-")
    )
    if not acts:
        return ""
    return "listitem" if tag == "li" else role or "generic"


def states_of(node: Node, disabled: bool) -> tuple[str, ...]:
    """The states of an element; `disabled` says that a fieldset around it is."""
    attributes = node[1]
    if not disabled and _WITH_STATES.isdisjoint(attributes):
        return ()
    get = attributes.get
    return tuple(
        name
        for name, holds in (
            ("checked", ":checked" in attributes or get("aria-checked") == "true"),
            ("selected", get("aria-selected") == "true"),
            ("expanded", get("aria-expanded") == "true"),
            ("collapsed", get("aria-expanded") == "false"),
            ("current", get("aria-current", "false") != "false"),
            ("disabled", disabled or "disabled" in attributes or get("aria-disabled") == "true"),
            ("required", "required" in attributes),
            ("readonly", "readonly" in attributes),
            ("invalid", get("aria-invalid", "false") != "false"),
            ("multiple", "multiple" in attributes and node[0] == "input"),
            ("draggable", get("draggable") == "true"),
            ("focused", ":focused" in attributes),
        )
        if holds
    )


def level_of(tag: str, attributes: Mapping[str, str]) -> str:
    """The level of a heading."""
    return tag[1] if len(tag) == 2 and tag[0] == "h" else attributes.get("aria-level", "2")
