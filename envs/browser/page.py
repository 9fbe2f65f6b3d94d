"""A page as both engines give it, and the text that the agent reads.

An engine hands over the document as nested nodes; names, roles, numbers and text are made here and nowhere else, so
that both engines show the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Node = tuple[str, Mapping[str, str], list["Node | str"], int]
"""Tag in lower case, attributes, children (text as it stands), and a number that the element keeps while it lives.

Besides the attributes of the document (those of `ATTRIBUTES`) there are the live ones: ":value" of an input, textarea
or select, ":checked" and ":selected" ("" when true, absent when false), ":hidden" of what is not rendered, ":focused".
Left out with all that they hold: head, script, style, template, noscript, comments.
"""
ATTRIBUTES = frozenset(
    "id name type value href for role alt title placeholder hidden disabled checked selected multiple readonly required "
    "open colspan scope action method enctype download accept tabindex maxlength draggable contenteditable "
    "aria-label aria-labelledby aria-describedby aria-hidden aria-expanded aria-checked aria-selected aria-current "
    "aria-invalid aria-disabled".split()
)


@dataclass(frozen=True)
class Element:
    """What an action can be about.

    Attributes:
        number: what actions call it: BrowserGym's bid.
        key: the number of its node.
        role, name: as an accessibility tree has them ("link", "button", "textbox", "combobox", "checkbox", ...).
        value: of a field.
        tag, type: of the element.
        states: "disabled", "checked", "required", "expanded", ...
        within: the text of the row, list item, article, group or dialog that holds it, else "".
        options: labels of a combobox or listbox.
    """

    number: str
    key: int
    role: str
    name: str
    value: str = ""
    tag: str = ""
    type: str = ""
    states: tuple[str, ...] = ()
    within: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """One document as it stands.

    Attributes:
        url, title: of the document.
        text: the tree, one element a line.
        elements: by number.
    """

    url: str
    title: str
    text: str
    elements: Mapping[str, Element]
