"""A document: parsed once, then changed by what is filled in, checked and opened."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from selectolax.lexbor import LexborHTMLParser, LexborNode

from selftrain.envs.browser.dom.values import sanitised
from selftrain.envs.browser.page import Node, Numbers, Page, make_page

_LEFT_OUT = frozenset({"head", "script", "style", "template", "noscript"})
_LIVE = frozenset({":value", ":checked", ":selected", ":hidden", ":focused", ":clickable"})
_REVISED = _LIVE | {"style"}
_EXACT = frozenset({"pre", "textarea"})
"""Where blanks are as they stand."""
_TEXT = 2
"""Lexbor's number for the tag of text, LXB_TAG__TEXT."""
_DEEPEST = 100
_UNSEEN_STYLES = ("display:none", "visibility:hidden")


@dataclass(eq=False)
class Document:
    """One document and its live state, which is in the attributes of its nodes.

    Attributes:
        title: of the document.
        root: its outermost node.
        nodes: every element by its key, in the order of the document.
        parents: for each the key of the element around it; -1 for the root.
        files: chosen in file inputs: key → (name, bytes).
        edited: keys of the fields that were filled in.
        marked: key of the field of which all text is selected, -1 for none.
    """

    title: str = ""
    root: Node = ("html", {}, [], 0)
    nodes: list[Node] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    files: dict[int, list[tuple[str, bytes]]] = field(default_factory=dict)
    edited: set[int] = field(default_factory=set)
    marked: int = -1
    _numbers: Numbers = field(default_factory=Numbers)
    _page: Page | None = None

    def page(self, url: str) -> Page:
        """The page as it stands."""
        if self._page is None or self._page.url != url:
            self._page = make_page(url, self.title, self.root, self._numbers)
        return self._page

    def change(self, node: Node, attribute: str, value: str | None) -> None:
        """Set a live attribute of a node; None takes it away."""
        attributes = cast("dict[str, str]", node[1])
        self._page = None
        if value is None:
            attributes.pop(attribute, None)
        else:
            attributes[attribute] = value

    def focus(self, node: Node | None) -> None:
        """Make this the focused element, and no other; None leaves no element focused."""
        for other in self.nodes:
            if ":focused" in other[1]:
                self.change(other, ":focused", None)
        if node is not None:
            self.change(node, ":focused", "")

    def around(self, node: Node) -> Iterator[Node]:
        """The elements around a node, from the inside."""
        key = self.parents[node[3]]
        while key >= 0:
            yield self.nodes[key]
            key = self.parents[key]

    def by_id(self, name: str) -> Node | None:
        """The first element with this id."""
        return next((node for node in self.nodes if node[1].get("id") == name), None)

    def add(self, tag: str, attributes: dict[str, str], parent: int) -> Node:
        """A new node without children."""
        key = len(self.nodes)
        node: Node = (tag, attributes, [], key)
        self.nodes.append(node)
        self.parents.append(parent)
        return node


def parsed(html: str) -> Document:
    """The document that this HTML is; anything is one."""
    root = LexborHTMLParser(html).root
    document = Document()
    document.root = document.add("html", {}, -1)
    if root is not None:
        document.title = _title(root)
        _convert(document, root, document.root, 1)
    for node in document.nodes:
        if node[0] in _STARTS:
            start_state(document, node)
    return document


def plain(text: str) -> Document:
    """The document that shows a plain text."""
    document = Document()
    document.root = document.add("html", {}, -1)
    shown = document.add("pre", {}, 0)
    shown[2].append(text)
    document.root[2].append(shown)
    return document


def _title(root: LexborNode) -> str:
    head = root.first_child
    node = head.first_child if head is not None and head.tag == "head" else None
    while node is not None:
        if node.tag == "title":
            return " ".join(node.text().split())
        node = node.next
    return ""


def _convert(document: Document, source: LexborNode, target: Node, depth: int) -> None:
    """Add the children of `source` to `target`."""
    children, key = target[2], target[3]
    nodes, parents = document.nodes, document.parents
    exact = target[0] in _EXACT
    child = source.first_child
    while child is not None:
        if child.tag_id == _TEXT:
            children.append(" " if not exact and child.is_empty_text_node else child.text_content or "")
        elif (tag := child.tag or "-")[0] != "-" and tag not in _LEFT_OUT:
            given: dict[str, Any] = child.attributes
            if given and (None in given.values() or not _REVISED.isdisjoint(given)):
                given = _revised(given)
            node: Node = (tag, given, [], len(nodes))
            nodes.append(node)
            parents.append(key)
            children.append(node)
            if depth < _DEEPEST:
                _convert(document, child, node, depth + 1)
            else:
                _flatten(document, child, node)
        child = child.next


def _flatten(document: Document, source: LexborNode, target: Node) -> None:
    """Add all that lies in `source`, at any depth, to `target` itself."""
    for below in itertools.islice(source.traverse(include_text=True), 1, None):
        if below.is_text_node:
            target[2].append(below.text_content or "")
        elif below.is_element_node and below.tag not in _LEFT_OUT:
            target[2].append(document.add(below.tag or "", _revised(below.attributes), target[3]))


def _revised(given: Mapping[str, str | None]) -> dict[str, str]:
    """Attributes as the document has them, without those that only this engine may set."""
    made = {name: value or "" for name, value in given.items() if name not in _LIVE}
    style = made.get("style", "").replace(" ", "").lower()
    if any(unseen in style for unseen in _UNSEEN_STYLES):
        made[":hidden"] = ""
    return made


# the state that a document begins with


def _start_input(document: Document, node: Node) -> None:
    attributes = node[1]
    kind = attributes.get("type", "").lower()
    if kind in {"checkbox", "radio"}:
        document.change(node, ":checked", "" if "checked" in attributes else None)
    else:
        given = "" if kind == "file" else attributes.get("value", "")
        document.change(node, ":value", sanitised(kind, given))


def _start_textarea(document: Document, node: Node) -> None:
    document.change(node, ":value", "".join(child for child in node[2] if isinstance(child, str)))


def _start_select(document: Document, node: Node) -> None:
    options = options_of(node)
    chosen = [option for option in options if "selected" in option[1]]
    if not is_multiple(node):
        free = [option for option in options if "disabled" not in option[1]]
        chosen = chosen[-1:] or (free[:1] if len_shown(node) == 1 else [])
    for option in options:
        document.change(option, ":selected", "" if option in chosen else None)


_STARTS = {"input": _start_input, "textarea": _start_textarea, "select": _start_select}


def start_state(document: Document, field: Node) -> None:
    """Give a field the value that the page came with."""
    if begin := _STARTS.get(field[0]):
        begin(document, field)


def is_multiple(select: Node) -> bool:
    """Whether several options of a select can be chosen."""
    return "multiple" in select[1]


def len_shown(select: Node) -> int:
    """How many options a select shows at once."""
    size = select[1].get("size", "")
    return int(size) if size.isascii() and size.isdigit() and 0 < len(size) < 6 and int(size) else 1


def options_of(select: Node) -> list[Node]:
    """The options of a select, those of groups as well."""
    found: list[Node] = []
    for child in select[2]:
        if not isinstance(child, str):
            if child[0] == "option":
                found.append(child)
            elif child[0] == "optgroup":
                found.extend(option for option in child[2] if not isinstance(option, str) and option[0] == "option")
    return found
