"""Writes a document as text, and gathers what can be acted on."""

from __future__ import annotations

from selftrain.envs.browser.page_fields import FieldLines
from selftrain.envs.browser.page_names import text_of
from selftrain.envs.browser.page_nodes import BLOCKS, NOT_CONTENT, Element, Node, Numbers, is_hidden, shallow
from selftrain.envs.browser.page_roles import (
    GROUPING_ROLES,
    HOLDING_ROLES,
    NOT_AS_THEY_LOOK,
    SPEAKING_ROLES,
    acting_role,
    level_of,
    states_of,
)


def write(root: Node, numbers: Numbers) -> tuple[str, dict[str, Element]]:
    """The text of a document, and its elements by number, in their order."""
    try:
        return Writer(root, numbers).written()
    except RecursionError:
        return Writer(shallow(root), numbers).written()


class Writer(FieldLines):
    """The writer of whole documents."""

    def _by_role(self, node: Node) -> bool:
        """Write an element whose attributes say what it is; False when its tag says it after all."""
        tag, attributes, _, _ = node
        role = attributes.get("role", "").strip().lower().partition(" ")[0]
        if role in GROUPING_ROLES and tag not in {"a", "button"}:
            name = self._names.given(node)
            if role in HOLDING_ROLES:
                self._holder(lambda: self._container(node, role, name))
            else:
                self._container(node, role, name)
        elif role in SPEAKING_ROLES and not self._flat:
            self._speaking(node, role)
        elif role == "heading" and not self._flat:
            self._heading(node)
        elif role == "img":
            if name := self._names.given(node):
                self._token(f"image {name!r}")
                self._words.append(name)
        elif role := acting_role(node):
            if tag in {"tr", "table", "tbody", "ul", "ol", "fieldset", "form"}:
                return False
            self._acting(node, role)
        else:
            return False
        return True

    def _container(self, node: Node, role: str, name: str, skipped: Node | None = None) -> None:
        if self._flat:
            self._block(node)
            return
        around, self._inline = self._inline, False
        head = f"{role} {name!r}" if name else role
        if name:
            self._words.append(name)
        self._under(head, lambda: self._children_but(skipped, node), joined=False, kept=bool(name))
        self._inline = around

    def _landmark(self, node: Node) -> None:
        name = self._names.given(node)
        role = _LANDMARKS[node[0]]
        if name or role in {"navigation", "search"}:
            self._container(node, role, name)
        else:
            self._block(node)

    def _item(self, node: Node) -> None:
        if self._flat:
            self._block(node)
            return
        outer, around = self._item_starts, self._inline
        self._flush()
        self._inline = True
        self._item_starts = len(self._lines)
        self._holder(lambda: self._under("-", lambda: self._children(node), joined=True))
        self._inline, self._item_starts = around, outer

    def _article(self, node: Node) -> None:
        name = self._names.given(node)
        if name and not self._flat:
            self._holder(lambda: self._container(node, "article", name))
        elif self._flat or (self._item_starts == len(self._lines) and not self._parts):
            # it is all that an item holds, which has its dash
            self._holder(lambda: self._block(node))
        else:
            self._item(node)

    def _fieldset(self, node: Node) -> None:
        legend = next((child for child in node[2] if not isinstance(child, str) and child[0] == "legend"), None)
        name = self._names.given(node) or (text_of(legend) if legend and not is_hidden(legend) else "")
        outer, self._disabled = self._disabled, self._disabled or "disabled" in node[1]
        self._holder(lambda: self._container(node, "group", name, skipped=legend))
        self._disabled = outer

    def _dialog(self, node: Node) -> None:
        if "open" in node[1]:
            self._holder(lambda: self._container(node, "dialog", self._names.given(node)))

    def _details(self, node: Node) -> None:
        summary = next((child for child in node[2] if not isinstance(child, str) and child[0] == "summary"), None)
        shown = "open" in node[1]
        if summary is not None and not is_hidden(summary):
            self._break()
            name = self._names.of_content(summary)
            state = "expanded" if shown else "collapsed"
            self._element(summary, "button", name, states=(state, *states_of(summary, False)))
            self._only_elements(summary)
            self._break()
        if shown and self._flat:
            self._children_but(summary, node)
            self._break()
        elif shown:
            self._indented(lambda: self._children_but(summary, node))

    def _heading(self, node: Node) -> None:
        if self._flat:
            self._block(node)
            return
        self._speaking(node, f"heading {level_of(node[0], node[1])}")

    def _speaking(self, node: Node, head: str) -> None:
        around, self._inline = self._inline, True
        if name := self._names.given(node):
            self._words.append(name)
            self._under(f"{head} {name!r}", lambda: self._only_elements(node), joined=True, kept=True)
        else:
            self._under(head, lambda: self._children(node), joined=True)
        self._inline = around

    def _term(self, node: Node) -> None:
        self._paragraph_left_open(node)
        if self._parts and not self._flat:
            self._parts[-1] += ":"

    def _paragraph_left_open(self, node: Node) -> None:
        around, self._inline = self._inline, True
        self._break()
        self._children(node)
        self._end_text()
        self._inline = around

    def _description(self, node: Node) -> None:
        around, self._inline = self._inline, True
        if self._flat or not (self._parts and self._parts[-1].endswith(":")):
            self._break()
        self._children(node)
        self._break()
        self._inline = around

    def _table(self, node: Node) -> None:
        if self._flat:
            self._block(node)
            return
        caption = next((child for child in node[2] if not isinstance(child, str) and child[0] == "caption"), None)
        name = self._names.given(node) or (text_of(caption) if caption and not is_hidden(caption) else "")
        self._container(node, "table", name, skipped=caption)

    def _row(self, node: Node) -> None:
        if self._flat:
            self._block(node)
            return
        self._flush()
        outer, self._members = self._members, []
        start = len(self._words)
        self._flat = True
        cells = [self._cell(child) for child in node[2] if not isinstance(child, str) and child[0] in {"td", "th"}]
        self._flat = False
        if cells:
            self._lines.append(f"{self._indent}row | {' | '.join(cells)} |")
            if self._members:
                self._finish_members(" ".join(self._words[start:]))
        self._members = outer

    def _cell(self, node: Node) -> str:
        children = node[2]
        plain = NOT_AS_THEY_LOOK.isdisjoint(node[1])
        if plain and len(children) == 1 and isinstance(children[0], str):
            text = " ".join(children[0].split())
            self._words.append(text)
            return repr(text)
        if plain or not (is_hidden(node) or self._by_role(node)):
            self._children(node)
        self._end_text()
        written = " ".join(self._parts) or "''"
        self._parts.clear()
        return written

    def _pre(self, node: Node) -> None:
        if self._flat or any(not isinstance(child, str) for child in node[2]):
            self._block(node)
            return
        self._flush()
        for line in "".join(str(child) for child in node[2]).splitlines():
            self._lines.append(self._indent + repr(line.rstrip()))
            self._words.append(line)

    def _nothing(self, node: Node) -> None:
        """What shows nothing that can be written."""

    def _line_break(self, node: Node) -> None:
        self._break()


_LANDMARKS = {"nav": "navigation", "search": "search", "section": "region", "aside": "complementary", "form": "form"}
Writer.handlers = {
    **dict.fromkeys(BLOCKS, Writer._block),
    **dict.fromkeys(_LANDMARKS, Writer._landmark),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), Writer._heading),
    **dict.fromkeys(("p", "address", "figcaption"), Writer._paragraph),
    **dict.fromkeys(("a", "area"), Writer._link),
    **dict.fromkeys(("del", "s"), Writer._deleted),
    **dict.fromkeys(("hr", *NOT_CONTENT), Writer._nothing),
    "li": Writer._item,
    "article": Writer._article,
    "fieldset": Writer._fieldset,
    "dialog": Writer._dialog,
    "details": Writer._details,
    "dt": Writer._term,
    "dd": Writer._description,
    "table": Writer._table,
    "tr": Writer._row,
    "button": Writer._button,
    "input": Writer._input,
    "textarea": Writer._textarea,
    "select": Writer._select,
    "label": Writer._label,
    "img": Writer._image,
    "pre": Writer._pre,
    "br": Writer._line_break,
}
Writer.own_rules = frozenset({"input", "textarea", "select", "dialog", "details"})
