"""Writes what can be acted on: links, buttons and fields."""

from __future__ import annotations

from selftrain.envs.browser.page_lines import Lines
from selftrain.envs.browser.page_names import LABELLED, collapsed, text_of
from selftrain.envs.browser.page_nodes import BLOCKS, Node, is_hidden
from selftrain.envs.browser.page_roles import SHOWN_TYPES, acting_role, role_of_field

MOST_OPTIONS = 30
"""How many options of a combobox or listbox the text shows."""
LONGEST_VALUE = 1000
"""How much of a field's value the text shows, in characters."""
_ACTING_TAGS = frozenset({"a", "button", "details", *LABELLED})


class FieldLines(Lines):
    """The part of the writer that knows what can be acted on."""

    def _acting(self, node: Node, role: str) -> None:
        name = self._names.of_content(node)
        block = node[0] in BLOCKS
        if block:
            self._break()
        self._element(node, role, name)
        self._only_elements(node)
        if block:
            self._break()

    def _only_elements(self, node: Node) -> None:
        """Write the elements in `node`, whose text is told already."""
        for child in node[2]:
            if isinstance(child, str) or is_hidden(child):
                continue
            if child[0] in _ACTING_TAGS or (child[1] and acting_role(child)):
                self._node(child)
                self._text.clear()
            else:
                self._only_elements(child)

    def _link(self, node: Node) -> None:
        if "href" not in node[1]:
            self._children(node)
        else:
            self._element(node, "link", self._names.of_content(node))

    def _button(self, node: Node) -> None:
        self._element(node, "button", self._names.of_content(node))

    def _input(self, node: Node) -> None:
        attributes = node[1]
        kind = attributes.get("type", "").lower()
        if kind == "hidden":
            return
        role, name = role_of_field(node), self._names.of_field(node)
        if role in {"button", "checkbox", "radio", "switch"}:
            self._element(node, role, name)
            return
        value = attributes.get(":value", "")
        if kind == "password":
            value = "•" * len(value)
        said = f" type={kind}" if kind in SHOWN_TYPES else ""
        self._field(node, role, name, value, said)

    def _textarea(self, node: Node) -> None:
        self._field(node, "textbox", self._names.of_field(node), node[1].get(":value", ""), "")

    def _field(self, node: Node, role: str, name: str, value: str, said: str) -> None:
        shown = repr(value) if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]!r}... {len(value)} characters"
        said += f" value={shown}"
        hint = collapsed(node[1].get("placeholder", ""))
        if hint and not value and hint != name:
            said += f" placeholder={hint!r}"
        self._element(node, role, name, said, value=value)

    def _select(self, node: Node) -> None:
        labels: list[str] = []
        chosen: list[str] = []
        _options(node, labels, chosen)
        shown = ",".join(map(repr, labels[:MOST_OPTIONS]))
        if len(labels) > MOST_OPTIONS:
            shown += f",... {len(labels) - MOST_OPTIONS} more"
        said = f" value={','.join(map(repr, chosen)) or repr('')} options={shown}"
        name = self._names.of_field(node)
        self._element(node, role_of_field(node), name, said, value=", ".join(chosen), options=tuple(labels))

    def _label(self, node: Node) -> None:
        if self._names.labelled_by(node) is None:
            self._children(node)
        else:
            # its text is the name of the field, and is told there
            self._text.append(" ")
            self._only_elements(node)

    def _image(self, node: Node) -> None:
        if name := self._names.given(node) or collapsed(node[1].get("alt", "")):
            self._end_text()
            self._parts.append(f"image {name!r}")
            self._words.append(name)

    def _deleted(self, node: Node) -> None:
        self._end_text()
        if said := text_of(node):
            self._parts.append(f"deleted {said!r}")
            self._words.append(said)


def _options(node: Node, labels: list[str], chosen: list[str]) -> None:
    for child in node[2]:
        if isinstance(child, str) or is_hidden(child):
            continue
        if child[0] == "option":
            label = child[1].get("label", "") or text_of(child)
            labels.append(label)
            if ":selected" in child[1]:
                chosen.append(label)
        elif child[0] == "optgroup":
            _options(child, labels, chosen)
