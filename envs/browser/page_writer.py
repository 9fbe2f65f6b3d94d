"""Writes a document as text, and gathers what can be acted on."""

from __future__ import annotations

from collections.abc import Callable

from selftrain.envs.browser.page_names import LABELLED, Names, collapsed, text_of
from selftrain.envs.browser.page_nodes import BLOCKS, NOT_CONTENT, Element, Node, Numbers, is_hidden, shallow
from selftrain.envs.browser.page_roles import (
    GROUPING_ROLES,
    NOT_AS_THEY_LOOK,
    SHOWN_TYPES,
    SPEAKING_ROLES,
    acting_role,
    level_of,
    role_of_field,
    states_of,
)

MOST_OPTIONS = 30
"""How many options of a combobox or listbox the text shows."""
LONGEST_VALUE = 1000
"""How much of a field's value the text shows, in characters."""


def write(root: Node, numbers: Numbers) -> tuple[str, dict[str, Element]]:
    """The text of a document, and its elements by number, in their order."""
    try:
        return Writer(root, numbers).written()
    except RecursionError:
        return Writer(shallow(root), numbers).written()


class Writer:
    """One pass over a document.

    A line is put together from `parts`: quoted texts and elements. `flat` is what stands in a cell: nothing in it
    breaks the line. `inline` is what stands in a paragraph or list item: blocks break the line, elements do not.
    """

    def __init__(self, root: Node, numbers: Numbers) -> None:
        self._root, self._numbers, self._names = root, numbers, Names(root)
        self._lines: list[str] = []
        self._indent = ""
        self._parts: list[str] = []
        self._text: list[str] = []
        self._words: list[str] = []
        self._flat = self._inline = self._disabled = False
        self._item_starts = -1
        self._elements: dict[str, Element] = {}
        self._members: list[str] = []

    def written(self) -> tuple[str, dict[str, Element]]:
        """The text and the elements of the whole document."""
        if not is_hidden(self._root):
            self._children(self._root)
        self._flush()
        return "\n".join(self._lines), self._elements

    # lines

    def _children(self, node: Node) -> None:
        for child in node[2]:
            if isinstance(child, str):
                self._text.append(child)
            else:
                self._node(child)

    def _node(self, node: Node) -> None:
        tag, attributes, _, _ = node
        if attributes and not NOT_AS_THEY_LOOK.isdisjoint(attributes):
            if is_hidden(node):
                return
            if tag not in _HANDLERS_FIRST and self._by_role(node):
                return
        handler = _HANDLERS.get(tag)
        if handler is None:
            self._children(node)
        else:
            handler(self, node)

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

    # what holds other things

    def _holder(self, node: Node, content: Callable[[], None]) -> None:
        """Write what an element's `within` speaks of."""
        outer, self._members = self._members, []
        start = len(self._words)
        content()
        self._end_text()
        self._fill_within(start)
        self._members = outer

    def _fill_within(self, start: int) -> None:
        if self._members:
            within = " ".join(self._words[start:])
            for number in self._members:
                self._elements[number] = self._elements[number]._replace(within=within)

    def _container(self, node: Node, role: str, name: str, skipped: Node | None = None) -> None:
        if self._flat:
            self._block(node)
            return

        def content() -> None:
            for child in node[2]:
                if child is not skipped:
                    if isinstance(child, str):
                        self._text.append(child)
                    else:
                        self._node(child)

        around, self._inline = self._inline, False
        head = f"{role} {name!r}" if name else role
        if name:
            self._words.append(name)
        self._under(head, content, joined=False, kept=bool(name))
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
        self._holder(node, lambda: self._under("-", lambda: self._children(node), joined=True))
        self._inline, self._item_starts = around, outer

    def _article(self, node: Node) -> None:
        name = self._names.given(node)
        if name and not self._flat:
            self._holder(node, lambda: self._container(node, "article", name))
        elif self._flat or (self._item_starts == len(self._lines) and not self._parts):
            # it is all that an item holds, which has its dash
            self._holder(node, lambda: self._block(node))
        else:
            self._item(node)

    def _fieldset(self, node: Node) -> None:
        legend = next((child for child in node[2] if not isinstance(child, str) and child[0] == "legend"), None)
        name = self._names.given(node) or (text_of(legend) if legend and not is_hidden(legend) else "")
        outer, self._disabled = self._disabled, self._disabled or "disabled" in node[1]
        self._holder(node, lambda: self._container(node, "group", name, skipped=legend))
        self._disabled = outer

    def _dialog(self, node: Node) -> None:
        if "open" in node[1]:
            self._holder(node, lambda: self._container(node, "dialog", self._names.given(node)))

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
        if not shown:
            return

        def content() -> None:
            for child in node[2]:
                if not isinstance(child, str) and child is not summary:
                    self._node(child)
                elif isinstance(child, str):
                    self._text.append(child)

        if self._flat:
            content()
            self._break()
        else:
            self._indented(content)

    def _indented(self, content: Callable[[], None]) -> None:
        self._flush()
        indent, self._indent = self._indent, self._indent + "  "
        content()
        self._flush()
        self._indent = indent

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

    def _by_role(self, node: Node) -> bool:
        """Write an element whose attributes say what it is; False when its tag says it after all."""
        tag, attributes, _, _ = node
        role = attributes.get("role", "").strip().lower().partition(" ")[0]
        if role in GROUPING_ROLES and tag not in {"a", "button"}:
            name = self._names.given(node)
            self._holder(node, lambda: self._container(node, role, name))
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

    # tables

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
            self._fill_within(start)
        self._members = outer

    def _cell(self, node: Node) -> str:
        children = node[2]
        if len(children) == 1 and isinstance(children[0], str) and not node[1].keys() & NOT_AS_THEY_LOOK:
            text = " ".join(children[0].split())
            self._words.append(text)
            return repr(text)
        if is_hidden(node):
            return "''"
        if not self._by_role(node):
            self._children(node)
        self._end_text()
        written = " ".join(self._parts) or "''"
        self._parts.clear()
        return written

    # what can be acted on

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
            states = states_of(node, self._disabled) if attributes else ()
        number = self._numbers.of(key)
        kind = attributes.get("type", "") if tag != "a" else ""
        self._token(" ".join((f"{role} [{number}] {name!r}{said}", *states)))
        self._words.append(name)
        self._members.append(number)
        self._elements[number] = Element(number, key, role, name, value, tag, kind, states, "", options)

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


_LANDMARKS = {"nav": "navigation", "search": "search", "section": "region", "aside": "complementary", "form": "form"}
_ACTING_TAGS = frozenset({"a", "button", "details", *LABELLED})
_HANDLERS: dict[str, Callable[[Writer, Node], None]] = {
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
_HANDLERS_FIRST = frozenset({"input", "textarea", "select", "dialog", "details"})
