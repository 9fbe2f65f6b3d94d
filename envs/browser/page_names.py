"""Accessible names: what an element is called, by the rules of the accessibility tree that matter to plain pages."""

from __future__ import annotations

from selftrain.envs.browser.page_nodes import BLOCKS, Node, is_hidden

LABELLED = frozenset({"input", "select", "textarea", "meter", "progress", "output"})
_GIVEN = frozenset({"aria-label", "aria-labelledby"})
_FIELDS = frozenset({"input", "select", "textarea"})
_BUTTONS = {"submit": "Submit", "reset": "Reset", "button": "", "image": "Submit"}


def collapsed(text: str) -> str:
    """Text with every run of blanks as one blank, and none at the ends."""
    return " ".join(text.split())


def text_of(node: Node) -> str:
    """What a node says, on one line, without what is hidden in it and without its fields."""
    children = node[2]
    if len(children) == 1 and isinstance(children[0], str):
        return " ".join(children[0].split())
    pieces: list[str] = []
    _gather(node, pieces)
    return " ".join("".join(pieces).split())


def _gather(node: Node, pieces: list[str]) -> None:
    for child in node[2]:
        if isinstance(child, str):
            pieces.append(child)
            continue
        tag, attributes, _, _ = child
        if is_hidden(child) or tag in _FIELDS:
            continue
        if label := attributes.get("aria-label", ""):
            pieces.append(f" {label} ")
        elif tag == "img":
            pieces.append(attributes.get("alt", ""))
        elif tag in BLOCKS:
            pieces.append(" ")
            _gather(child, pieces)
            pieces.append(" ")
        else:
            _gather(child, pieces)


class Names:
    """The names in one document; looks through it for labels when the first one is asked for."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._ids: dict[str, Node] | None = None
        self._labels: dict[int, list[Node]] = {}

    def of_content(self, node: Node) -> str:
        """The name of what is called by what it holds: a link, a button, a heading."""
        return self.given(node) or text_of(node) or collapsed(node[1].get("title", ""))

    def given(self, node: Node) -> str:
        """The name that an author gave by `aria-labelledby` or `aria-label`, or ""."""
        attributes = node[1]
        if _GIVEN.isdisjoint(attributes):
            return ""
        if others := attributes.get("aria-labelledby"):
            ids = self._known_ids()
            told = " ".join(text_of(ids[other]) for other in others.split() if other in ids)
            if told.strip():
                return collapsed(told)
        return collapsed(attributes.get("aria-label", ""))

    def of_field(self, node: Node) -> str:
        """The name of a field, or of a button that is an input."""
        tag, attributes, _, key = node
        if given := self.given(node):
            return given
        kind = attributes.get("type", "").lower() if tag == "input" else ""
        if kind in _BUTTONS:
            own = attributes.get("alt", "") if kind == "image" else attributes.get("value", "")
            if own or kind != "image":
                return collapsed(own or _BUTTONS[kind])
        self._known_ids()
        if labels := self._labels.get(key):
            return collapsed(" ".join(text_of(label) for label in labels))
        return collapsed(attributes.get("title", "") or attributes.get("placeholder", "") or _BUTTONS.get(kind, ""))

    def labelled_by(self, label: Node) -> Node | None:
        """The field that takes its name from this label element, if it is there to be seen."""
        self._known_ids()
        target = label[1].get("for")
        field = self._known_ids().get(target) if target is not None else _first_field(label)
        if field is None or field[0] not in LABELLED or is_hidden(field) or self.given(field):
            return None
        return None if field[1].get("type", "").lower() in {"hidden", *_BUTTONS} else field

    def _known_ids(self) -> dict[str, Node]:
        if self._ids is not None:
            return self._ids
        ids: dict[str, Node] = {}
        labels: list[Node] = []
        waiting = [self._root]
        while waiting:
            node = waiting.pop()
            tag, attributes, children, _ = node
            if attributes and "id" in attributes:
                ids.setdefault(attributes["id"], node)
            if tag == "label":
                labels.append(node)
            if len(children) != 1 or not isinstance(children[0], str):  # most hold a text and nothing else
                waiting.extend([child for child in reversed(children) if not isinstance(child, str)])
        self._ids = ids
        for label in labels:
            target = label[1].get("for")
            field = ids.get(target) if target is not None else _first_field(label)
            if field is not None:
                self._labels.setdefault(field[3], []).append(label)
        return ids


def _first_field(label: Node) -> Node | None:
    waiting = [child for child in reversed(label[2]) if not isinstance(child, str)]
    while waiting:
        node = waiting.pop()
        if node[0] in LABELLED and node[1].get("type") != "hidden":
            return node
        waiting.extend([child for child in reversed(node[2]) if not isinstance(child, str)])
    return None
