"""What a form sends: its controls, the data set that they make, and how that is encoded."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from selftrain.envs.browser.dom.document import Document, options_of
from selftrain.envs.browser.dom.network import Body
from selftrain.envs.browser.page import Node

_CONTROLS = frozenset({"input", "select", "textarea", "button", "output"})
_BUTTON_TYPES = frozenset({"submit", "image", "reset", "button"})
File = tuple[str, bytes]


def kind_of(node: Node) -> str:
    """The type of a control, in lower case; a button's is "submit" unless it says otherwise."""
    kind = node[1].get("type", "").lower()
    if node[0] == "button":
        return kind if kind in {"reset", "button"} else "submit"
    return kind if node[0] == "input" else ""


def submits(node: Node) -> bool:
    """Whether a control sends its form."""
    return kind_of(node) in {"submit", "image"}


def form_of(document: Document, control: Node) -> Node | None:
    """The form that a control belongs to."""
    if "form" in control[1]:
        form = document.by_id(control[1]["form"])
        return form if form is not None and form[0] == "form" else None
    return next((node for node in document.around(control) if node[0] == "form"), None)


def controls_of(document: Document, form: Node) -> list[Node]:
    """The controls of a form, in the order of the document."""
    return [node for node in document.nodes if node[0] in _CONTROLS and form_of(document, node) is form]


def is_disabled(document: Document, control: Node) -> bool:
    """Whether a control is disabled, by itself or by a fieldset."""
    if "disabled" in control[1]:
        return True
    inner = control
    for node in document.around(control):
        if node[0] == "fieldset" and "disabled" in node[1]:
            legend = next((child for child in node[2] if not isinstance(child, str) and child[0] == "legend"), None)
            if inner is not legend:
                return True
        inner = node
    return False


def data_set(document: Document, form: Node, submitter: Node | None) -> Iterator[tuple[str, str | File]]:
    """Names and values of the successful controls."""
    for node in controls_of(document, form):
        tag, attributes, _, key = node
        kind, name = kind_of(node), attributes.get("name", "")
        if tag == "output" or is_disabled(document, node) or (kind in _BUTTON_TYPES and node is not submitter):
            continue
        if any(around[0] == "datalist" for around in document.around(node)):
            continue
        if kind == "image":
            prefix = f"{name}." if name else ""
            yield f"{prefix}x", "0"
            yield f"{prefix}y", "0"
        elif not name:
            continue
        elif tag == "select":
            for option in options_of(node):
                if ":selected" in option[1] and not is_disabled_option(document, option):
                    yield name, option_value(option)
        elif kind in {"checkbox", "radio"}:
            if ":checked" in attributes:
                yield name, attributes.get("value", "on")
        elif kind == "file":
            chosen = document.files.get(key) or [("", b"")]
            yield from ((name, file) for file in chosen)
        elif tag == "button":
            yield name, attributes.get("value", "")
        else:
            yield name, attributes.get(":value", attributes.get("value", ""))


def is_disabled_option(document: Document, option: Node) -> bool:
    """Whether an option cannot be chosen."""
    group = document.nodes[document.parents[option[3]]]
    return "disabled" in option[1] or (group[0] == "optgroup" and "disabled" in group[1])


def option_label(option: Node) -> str:
    """What an option says."""
    return " ".join((option[1].get("label") or _text(option)).split())


def option_value(option: Node) -> str:
    """What an option sends."""
    return option[1].get("value", option_label(option) if "label" not in option[1] else " ".join(_text(option).split()))


def _text(node: Node) -> str:
    return "".join(child if isinstance(child, str) else _text(child) for child in node[2])


@dataclass(frozen=True)
class Sending:
    """A form on its way: method, target and body."""

    method: str
    url: str
    body: Body | None
    new_tab: bool


def sending(document: Document, form: Node, submitter: Node | None, action: str) -> Sending:
    """What sending a form asks for; `action` is the resolved URL of `action_of`."""
    fields = list(data_set(document, form, submitter))
    target = _of(form, submitter, "target")
    new_tab = target.lower() not in {"", "_self", "_top", "_parent"}
    if _of(form, submitter, "method").lower() != "post":
        parts = urlsplit(action)
        query = urlencode([(_lines(name), _lines(_told(value))) for name, value in fields])
        return Sending("GET", urlunsplit(parts._replace(query=query)), None, new_tab)
    kind = _of(form, submitter, "enctype").lower()
    return Sending("POST", action, _multipart(fields) if kind == "multipart/form-data" else _encoded(fields), new_tab)


def action_of(form: Node, submitter: Node | None) -> str:
    """Where a form is sent, as the document says it; "" is the page itself."""
    return _of(form, submitter, "action").strip()


def _of(form: Node, submitter: Node | None, name: str) -> str:
    if submitter is not None and f"form{name}" in submitter[1]:
        return submitter[1][f"form{name}"]
    return form[1].get(name, "")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def _told(value: str | File) -> str:
    return value if isinstance(value, str) else value[0]


def _encoded(fields: list[tuple[str, str | File]]) -> Body:
    text = urlencode([(_lines(name), _lines(_told(value))) for name, value in fields])
    return Body(text.encode(), "application/x-www-form-urlencoded")


def _multipart(fields: list[tuple[str, str | File]]) -> Body:
    parts = []
    for name, value in fields:
        head = f'Content-Disposition: form-data; name="{_escaped(_lines(name))}"'
        if isinstance(value, str):
            parts.append(f"{head}\r\n\r\n{_lines(value)}".encode())
        else:
            kind = mimetypes.guess_type(value[0])[0] or "application/octet-stream"
            parts.append(f'{head}; filename="{_escaped(value[0])}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + value[1])
    # the same fields give the same bytes, and none of them can hold the boundary
    boundary = "----SelfTrain" + hashlib.blake2b(b"".join(parts), digest_size=16).hexdigest()
    between = f"--{boundary}\r\n".encode()
    data = b"".join(between + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    return Body(data, f"multipart/form-data; boundary={boundary}")


def _escaped(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
