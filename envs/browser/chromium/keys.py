"""Key combinations as agents write them ("Enter", "Control+a"), and the events that they are."""

from __future__ import annotations

from typing import Any

from selftrain.envs.browser.engine import ActionError

_MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8, "ControlOrMeta": 2}
_CODES = {"Alt": 18, "Control": 17, "Meta": 91, "Shift": 16, "ControlOrMeta": 17}
_NAMED = {
    "Backspace": 8,
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "Space": 32,
    "PageUp": 33,
    "PageDown": 34,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
    "Insert": 45,
    "Delete": 46,
    **{f"F{number}": 111 + number for number in range(1, 13)},
}
_TEXTS = {"Enter": "\r", "Space": " "}
# what an editor does at a combination is bound by the platform, and no platform stands around a headless browser
_COMMANDS = {"a": "selectAll", "c": "copy", "v": "paste", "x": "cut", "z": "undo", "y": "redo"}


def key_events(keys: str) -> list[dict[str, Any]]:
    """The parameters of `Input.dispatchKeyEvent`, one event after another, that pressing `keys` is.

    Raises:
        ActionError: there is no such key.
    """
    *held, key = _split(keys)
    unknown = next((name for name in held if name not in _MODIFIERS), "")
    if unknown or not (key in _NAMED or key in _MODIFIERS or (len(key) == 1 and key.isprintable())):
        raise ActionError(
            f"There is no key {unknown or keys!r:.60}; keys are such as 'Enter', 'Tab', 'ArrowDown', 'a'."
        )
    bits, events = 0, []
    for name in held:
        bits |= _MODIFIERS[name]
        events.append(_event("rawKeyDown", name, bits))
    events.append(_down(key, bits))
    events.append(_event("keyUp", key, bits))
    for name in reversed(held):
        bits &= ~_MODIFIERS[name]
        events.append(_event("keyUp", name, bits))
    return events


def _split(keys: str) -> list[str]:
    """At every plus sign but that of the plus key."""
    if keys.endswith("++") or keys == "+":
        return [*filter(None, keys[:-1].split("+")), "+"]
    return keys.split("+")


def _down(key: str, bits: int) -> dict[str, Any]:
    text = _TEXTS.get(key, key if len(key) == 1 else "")
    if bits & ~_MODIFIERS["Shift"]:
        text = ""
    elif bits and len(text) == 1:
        text = text.upper()
    event = _event("keyDown" if text else "rawKeyDown", key, bits)
    if text:
        event |= {"text": text, "unmodifiedText": text}
    if bits == _MODIFIERS["Control"] and key.lower() in _COMMANDS:
        event["commands"] = [_COMMANDS[key.lower()]]
    return event


def _event(kind: str, key: str, bits: int) -> dict[str, Any]:
    name = "Control" if key == "ControlOrMeta" else key
    if len(name) > 1:
        number, code = _NAMED.get(name) or _CODES[name], f"{name}Left" if name in _CODES else name
        named = " " if name == "Space" else name
    else:
        number = ord(name.upper()) if name.isascii() and name.isalnum() else 0
        code = f"Key{name.upper()}" if name.isascii() and name.isalpha() else f"Digit{name}" if name.isdigit() else ""
        named = name.upper() if bits & _MODIFIERS["Shift"] else name
    return {
        "type": kind,
        "key": named,
        "code": code,
        "windowsVirtualKeyCode": number,
        "modifiers": bits,
    }
