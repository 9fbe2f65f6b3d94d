"""What pages are made of: the nodes that an engine hands over, the elements made of them, and their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Node = tuple[str, Mapping[str, str], list["Node | str"], int]
"""Tag in lower case, attributes, children (text as it stands), and a number that the element keeps while it lives.

Besides the attributes of the document (those of `ATTRIBUTES`) there are the live ones: ":value" of an input, textarea
or select, ":checked" and ":selected" ("" when true, absent when false), ":hidden" of what is not rendered, ":focused",
and ":clickable" of what a script has made so without saying it in a role.
Left out with all that they hold: head, script, style, template, noscript, comments.
"""


def words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


ATTRIBUTES = words(
    "id name type value href for role alt title placeholder hidden disabled checked selected multiple readonly "
    "required open colspan scope action method enctype download accept tabindex maxlength draggable "
    "contenteditable label size aria-label aria-labelledby aria-describedby aria-hidden aria-expanded "
    "aria-checked aria-selected aria-current aria-invalid aria-disabled"
)
DEEPEST = 60
"""Levels of nesting that a page has once it was too deep to be written; what lies deeper is lifted to there."""
HIDING = frozenset({"hidden", ":hidden", "aria-hidden"})
NOT_CONTENT = words("head script style template noscript iframe object canvas audio video datalist")
BLOCKS = words(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol p pre search section summary table tbody "
    "td tfoot th thead tr ul br option"
)


class Element(NamedTuple):
    """What an action can be about.

    Attributes:
        number: what actions call it: BrowserGym's bid.
        key: the number of its node.
        role, name: as an accessibility tree has them ("link", "button", "textbox", "searchbox", "spinbutton",
            "combobox", "listbox", "checkbox", "radio", "slider"); a file input is a "file", the summary of a `details`
            is a "button".
        value: of a field; of a combobox or listbox the labels that are chosen, joined by ", ".
        tag, type: of the element.
        states: "disabled", "checked", "required", "readonly", "invalid", "expanded", "collapsed", "selected",
            "current", "multiple", "draggable", "focused".
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


class Numbers:
    """The numbers of a document's elements: one keeps its own while the document lives, a new one gets the next."""

    def __init__(self) -> None:
        self._of: dict[int, str] = {}

    def of(self, key: int) -> str:
        """The number of the element with this key."""
        number = self._of.get(key)
        if number is None:
            number = self._of[key] = str(len(self._of) + 1)
        return number


def is_hidden(node: Node) -> bool:
    """Whether a node, by itself, keeps all that it holds from view."""
    tag, attributes, _, _ = node
    if tag in NOT_CONTENT or (tag == "dialog" and "open" not in attributes):
        return True
    if HIDING.isdisjoint(attributes):
        return False
    return "hidden" in attributes or ":hidden" in attributes or attributes["aria-hidden"] == "true"


def shallow(root: Node) -> Node:
    """The same document with nothing deeper than `DEEPEST` levels."""
    made: Node = (root[0], root[1], [], root[3])
    waiting: list[tuple[Node, Node, int]] = [(root, made, 1)]
    while waiting:
        source, target, depth = waiting.pop()
        children, lifted = target[2], list(reversed(source[2]))
        while lifted:
            child = lifted.pop()
            if isinstance(child, str):
                children.append(child)
                continue
            copy: Node = (child[0], child[1], [], child[3])
            children.append(copy)
            if depth < DEEPEST:
                waiting.append((child, copy, depth + 1))
            else:
                lifted.extend(reversed(child[2]))
    return made
