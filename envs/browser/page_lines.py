"""The lines of a page's text, and the elements that are gathered on the way."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any, ClassVar

from selftrain.envs.browser.page_names import Names
from selftrain.envs.browser.page_nodes import Element, Node, Numbers, is_hidden
from selftrain.envs.browser.page_roles import NOT_AS_THEY_LOOK, states_of

_Draft = tuple[str, int, str, str, str, str, str, tuple[str, ...], tuple[str, ...]]


class Lines(abc.ABC):
    """One pass over a document.

    A line is put together from `parts`: quoted texts and elements. `flat` is what stands in a cell: nothing in it
    breaks the line. `inline` is what stands in a paragraph or list item: blocks break the line, elements do not.
    """

    handlers: ClassVar[dict[str, Callable[[Any, Node], None]]] = {}
    """How to write a node, by its tag; of any other tag only the children are written."""
    own_rules: ClassVar[frozenset[str]] = frozenset()
    """Tags that say more than a role does."""

    def __init__(self, root: Node, numbers: Numbers) -> None:
        self._root, self._numbers, self._names = root, numbers, Names(root)
        self._lines: list[str] = []
        self._indent = ""
        self._parts: list[str] = []
        self._text: list[str] = []
        self._words: list[str] = []
        self._flat = self._inline = self._disabled = False
        self._item_starts = -1
        self._elements: dict[str, Element | None] = {}
        self._members: list[_Draft] = []

    def written(self) -> tuple[str, dict[str, Element]]:
        """The text and the elements of the whole document."""
        if not is_hidden(self._root):
            self._children(self._root)
        self._flush()
        self._finish_members("")
        return "\n".join(self._lines), {number: each for number, each in self._elements.items() if each is not None}

    @abc.abstractmethod
    def _by_role(self, node: Node) -> bool:
        """Write an element whose attributes say what it is; False when its tag says it after all."""

    def _children(self, node: Node) -> None:
        for child in node[2]:
            if isinstance(child, str):
                self._text.append(child)
            else:
                self._node(child)

    def _children_but(self, skipped: Node | None, node: Node) -> None:
        for child in node[2]:
            if isinstance(child, str):
                self._text.append(child)
            elif child is not skipped:
                self._node(child)

    def _node(self, node: Node) -> None:
        tag, attributes, _, _ = node
        if attributes and not NOT_AS_THEY_LOOK.isdisjoint(attributes):
            if is_hidden(node):
                return
            if tag not in self.own_rules and self._by_role(node):
                return
        handler = self.handlers.get(tag)
        if handler is None:
            self._children(node)
        else:
            handler(self, node)

    # lines

    def _end_text(self) -> None:
        if self._text:
            text = " ".join("".join(self._text).split())
            self._text.clear()
            if text:
                self._parts.append(repr(text))
                self._words.append(text)

    def _flush(self) -> None:
        self._end_text()
        if self._parts:
            self._lines.append(self._indent + " ".join(self._parts))
            self._parts.clear()

    def _break(self) -> None:
        if self._flat:
            self._text.append(" ")
        else:
            self._flush()

    def _token(self, token: str) -> None:
        if self._text:
            self._end_text()
        if self._flat or self._inline:
            self._parts.append(token)
        else:
            self._flush()
            self._lines.append(self._indent + token)

    def _block(self, node: Node) -> None:
        self._break()
        self._children(node)
        self._break()

    def _paragraph(self, node: Node) -> None:
        around, self._inline = self._inline, True
        self._block(node)
        self._inline = around

    def _under(self, head: str, content: Callable[[], None], *, joined: bool, kept: bool = False) -> None:
        """What `content` writes, indented under `head`; behind it on its line where `joined` and it is one line."""
        self._flush()
        start, indent = len(self._lines), self._indent
        self._indent += "  "
        content()
        self._flush()
        self._indent = indent
        new = len(self._lines) - start
        if joined and (new == 1 or (new and head == "-")):
            self._lines[start] = f"{indent}{head} {self._lines[start][len(indent) + 2 :]}"
        elif new or kept:
            self._lines.insert(start, indent + head)

    def _indented(self, content: Callable[[], None]) -> None:
        self._flush()
        indent, self._indent = self._indent, self._indent + "  "
        content()
        self._flush()
        self._indent = indent

    # elements

    def _element(
        self,
        node: Node,
        role: str,
        name: str,
        said: str = "",
        *,
        value: str = "",
        states: tuple[str, ...] | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        tag, attributes, _, key = node
        if states is None:
            states = states_of(node, self._disabled)
        number = self._numbers.of(key)
        token = f"{role} [{number}] {name!r}{said}"
        self._token(f"{token} {' '.join(states)}" if states else token)
        self._words.append(name)
        kind = attributes.get("type", "") if tag != "a" else ""
        self._elements[number] = None
        self._members.append((number, key, role, name, value, tag, kind, states, options))

    def _holder(self, content: Callable[[], None]) -> None:
        """Write what an element's `within` speaks of."""
        self._end_text()
        outer, self._members = self._members, []
        start = len(self._words)
        content()
        self._end_text()
        if self._members:
            self._finish_members(" ".join(self._words[start:]))
        self._members = outer

    def _finish_members(self, within: str) -> None:
        for number, key, role, name, value, tag, kind, states, options in self._members:
            self._elements[number] = Element(number, key, role, name, value, tag, kind, states, within, options)
