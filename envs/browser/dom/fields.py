"""What actions do to fields: filling, choosing, checking, typing."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from selftrain.envs.browser.dom.document import Document, is_multiple, len_shown, options_of, start_state
from selftrain.envs.browser.dom.forms import (
    controls_of,
    is_disabled_option,
    kind_of,
    option_label,
    option_value,
)
from selftrain.envs.browser.dom.validity import group_of, length
from selftrain.envs.browser.dom.values import expected, holds_text, is_sound, number_of, sanitised
from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.page import Element, Node
from selftrain.envs.browser.page_nodes import words

LONGEST_FILL = 100_000
"""How many characters an action can fill in."""
_INSTEAD = {
    "checkbox": "use check or uncheck",
    "radio": "use check",
    "combobox": "use select_option",
    "listbox": "use select_option",
    "file": "use upload_file",
}
_HELD_KEYS = frozenset({"Alt", "Control", "ControlOrMeta", "Meta", "Shift"})
_ARROWS = frozenset({"ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft"})
_KEYS = (
    words("Backspace Delete End Enter Escape Home Insert PageDown PageUp Tab F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12")
    | _HELD_KEYS
    | _ARROWS
)


def called(element: Element) -> str:
    """An element as messages name it."""
    return f"{element.role} [{element.number}] {element.name!r:.100}"


def require_key(keys: str) -> None:
    """Raise `ActionError` if there are no such keys as "Control+a"."""
    *held, key = _keys(keys)
    if not set(held) <= _HELD_KEYS or not (key in _KEYS or (len(key) == 1 and key.isprintable())):
        raise ActionError(f"There is no key {keys!r:.60}; keys are such as 'Enter', 'Tab', 'ArrowDown', 'a'.")


def _keys(keys: str) -> list[str]:
    pressed = keys.split("+") if len(keys) > 1 and not keys.endswith("+") else [keys]
    return [*pressed[:-1], " " if pressed[-1] == "Space" else pressed[-1]]


@dataclass(frozen=True)
class Fields:
    """The fields of a document."""

    document: Document

    def fill(self, element: Element, node: Node, text: str) -> None:
        """Make `text` the value of a field."""
        if len(text) > LONGEST_FILL:
            raise ActionError(
                f"The text has {len(text)} characters and was not filled in; at most {LONGEST_FILL} can be."
            )
        kind = kind_of(node)
        writable = node[0] == "textarea" or (node[0] == "input" and (holds_text(kind) or expected(kind)))
        if not writable:
            hint = f"; {_INSTEAD[element.role]}" if element.role in _INSTEAD else ""
            raise ActionError(f"{called(element)} takes no text{hint}.")
        if "readonly" in node[1]:
            raise ActionError(f"{called(element)} is read-only.")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if node[0] == "input":
            stripped = text.strip() if expected(kind) else text
            if not is_sound(kind, stripped):
                raise ActionError(f"{called(element)} takes {expected(kind)}, and not {text!r:.100}.")
            text = sanitised(kind, stripped)
        self._write(node, _cut(node, text))

    def append(self, node: Node, text: str) -> None:
        """Type `text` at the end of a field, or in place of all that is selected in it."""
        self._write(node, _cut(node, self._kept(node) + text))

    def _kept(self, node: Node) -> str:
        return "" if self.document.marked == node[3] else node[1].get(":value", "")

    def _write(self, node: Node, text: str) -> None:
        self.document.change(node, ":value", text)
        self.document.edited.add(node[3])
        self.document.marked = -1

    def select(self, element: Element, node: Node, wanted: Sequence[str]) -> None:
        """Choose the options of these labels or values, and no others."""
        if node[0] != "select":
            raise ActionError(f"{called(element)} has no options to select.")
        if not is_multiple(node) and len(wanted) != 1:
            raise ActionError(f"{called(element)} takes one option, and not {len(wanted)}.")
        chosen = [self._option(element, node, each) for each in wanted]
        for option in options_of(node):
            self.document.change(option, ":selected", "" if option in chosen else None)

    def _option(self, element: Element, select: Node, wanted: str) -> Node:
        options = options_of(select)
        fitting = [option for option in options if option_label(option) == " ".join(wanted.split())]
        fitting = fitting or [option for option in options if option_value(option) == wanted]
        if not fitting:
            labels = [option_label(option) for option in options]
            near = difflib.get_close_matches(wanted[:200], labels, n=5, cutoff=0.4) or labels[:10]
            more = "" if len(near) == len(labels) else f" and {len(labels) - len(near)} more"
            raise ActionError(
                f"{called(element)} has no option {wanted!r:.100}; it has {', '.join(map(repr, near)) or 'none'}{more}."
            )
        free = [option for option in fitting if not is_disabled_option(self.document, option)]
        if not free:
            raise ActionError(f"The option {wanted!r:.100} of {called(element)} is disabled.")
        return free[0]

    def check(self, element: Element, node: Node, on: bool) -> None:
        """Check or uncheck a box."""
        kind = kind_of(node)
        if node[0] != "input" or kind not in {"checkbox", "radio"}:
            raise ActionError(f"{called(element)} is nothing that can be checked.")
        if kind == "radio" and not on:
            raise ActionError(f"{called(element)} cannot be unchecked; check another one of its group.")
        self.tick(node, on)

    def tick(self, node: Node, on: bool) -> None:
        """Set a box, and unset the others of a radio group."""
        if kind_of(node) == "radio" and on:
            for other in group_of(self.document, node):
                self.document.change(other, ":checked", None)
        self.document.change(node, ":checked", "" if on else None)

    def upload(self, element: Element, node: Node, files: Sequence[tuple[str, bytes]]) -> None:
        """Choose files."""
        if node[0] != "input" or kind_of(node) != "file":
            raise ActionError(f"{called(element)} takes no files.")
        if len(files) > 1 and "multiple" not in node[1]:
            raise ActionError(f"{called(element)} takes one file, and not {len(files)}.")
        self.document.files[node[3]] = list(files)
        self.document.change(node, ":value", ", ".join(name for name, _ in files))

    def reset(self, form: Node) -> None:
        """Give all fields of a form the values that they had in the beginning."""
        for node in controls_of(self.document, form):
            self.document.files.pop(node[3], None)
            self.document.edited.discard(node[3])
            start_state(self.document, node)

    def type(self, element: Element, node: Node, keys: str) -> None:
        """Press a key on a field."""
        *held, key = _keys(keys)
        kind = kind_of(node)
        text = node[0] == "textarea" or (node[0] == "input" and holds_text(kind))
        if text and set(held) & {"Control", "ControlOrMeta"} and key.lower() == "a":
            self.document.marked = node[3]
        elif set(held) - {"Shift"}:
            return
        elif key in _ARROWS and not text:
            self._move(node, kind, key)
        elif text and "readonly" not in node[1]:
            if len(key) == 1:
                self.append(node, key.upper() if held else key)
            elif key == "Backspace" or (key == "Delete" and self.document.marked == node[3]):
                self._write(node, self._kept(node)[:-1])

    def _move(self, node: Node, kind: str, key: str) -> None:
        on = 1 if key in {"ArrowDown", "ArrowRight"} else -1
        if node[0] == "select" and not is_multiple(node) and len_shown(node) == 1:
            free = [option for option in options_of(node) if not is_disabled_option(self.document, option)]
            at = next((place for place, option in enumerate(free) if ":selected" in option[1]), 0)
            if free:
                chosen = free[min(max(0, at + on), len(free) - 1)]
                for option in options_of(node):
                    self.document.change(option, ":selected", "" if option is chosen else None)
        elif kind == "radio":
            group = [other for other in group_of(self.document, node) if "disabled" not in other[1]]
            self.tick(group[(group.index(node) + on) % len(group)], True)
        elif kind == "number" and key in {"ArrowUp", "ArrowDown"} and "readonly" not in node[1]:
            number = number_of(kind, node[1].get(":value", "")) or 0.0
            self._write(node, f"{number - on:g}")


def _cut(node: Node, text: str) -> str:
    most = node[1].get("maxlength", "")
    if not (most.isascii() and most.isdigit()) or length(text) <= int(most):
        return text
    kind = kind_of(node)
    if node[0] == "input" and not holds_text(kind):
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * int(most)].decode("utf-16-le", "ignore")
