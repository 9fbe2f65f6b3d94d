"""What values a field can hold: by its type, as the HTML standard has it."""

from __future__ import annotations

import datetime
import re

from selftrain.envs.browser.page_nodes import words

_NOT_TEXT = words(
    "hidden checkbox radio file submit image reset button number range date time datetime-local month week color"
)
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_EMAIL = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_FORMS = {
    "date": ("%Y-%m-%d", r"\d{4}-\d\d-\d\d", "a date such as 2026-03-02"),
    "month": ("%Y-%m", r"\d{4}-\d\d", "a month such as 2026-03"),
    "time": ("%H:%M", r"\d\d:\d\d", "a time such as 09:30"),
    "datetime-local": ("%Y-%m-%dT%H:%M", r"\d{4}-\d\d-\d\dT\d\d:\d\d", "a time such as 2026-03-02T09:30"),
}


def holds_text(kind: str) -> bool:
    """Whether an input of this type takes any text; an unknown type does."""
    return kind not in _NOT_TEXT


def number_of(kind: str, value: str) -> float | None:
    """A value as a number: itself, or the seconds since the beginning of dates; None when it is none of its type."""
    if kind in {"number", "range"}:
        found = float(value) if len(value) < 400 and _NUMBER.fullmatch(value) else None
        return found if found is not None and abs(found) < float("inf") else None
    if kind in _FORMS:
        form, pattern, _ = _FORMS[kind]
        short = value[:-3] if kind in {"time", "datetime-local"} and value.endswith(":00") and len(value) > 6 else value
        if not re.fullmatch(pattern, short, re.ASCII):
            return None
        try:
            moment = datetime.datetime.strptime(short, form).replace(tzinfo=datetime.UTC)
        except ValueError:
            return None
        return (moment - datetime.datetime(1900, 1, 1, tzinfo=datetime.UTC)).total_seconds()
    if kind == "week":
        parts = re.fullmatch(r"(\d{4})-W(\d\d)", value, re.ASCII)
        return float(parts[1]) * 53 + float(parts[2]) if parts and 1 <= int(parts[2]) <= 53 else None
    return None


def expected(kind: str) -> str:
    """What a field of this type takes, in words: "a number such as 3"; "" when it takes anything."""
    if kind in _FORMS:
        return _FORMS[kind][2]
    return {
        "number": "a number such as 3",
        "range": "a number such as 3",
        "week": "a week such as 2026-W10",
        "color": "a colour such as #aabbcc",
    }.get(kind, "")


def is_sound(kind: str, value: str) -> bool:
    """Whether a field of this type can hold `value`."""
    if kind == "color":
        return re.fullmatch(r"#[0-9a-fA-F]{6}", value) is not None
    return not expected(kind) or not value or number_of(kind, value) is not None


def sanitised(kind: str, value: str) -> str:
    """What is left of `value` in a field of this type."""
    if kind == "color":
        return value.lower() if is_sound(kind, value) else "#000000"
    if kind == "range":
        return value if value and is_sound(kind, value) else "50"
    if not holds_text(kind):
        return value if is_sound(kind, value) else ""
    value = value.replace("\n", "").replace("\r", "")
    return value.strip(" \t\f") if kind in {"email", "url"} else value


def is_email(value: str) -> bool:
    """Whether a browser takes this for an address."""
    return _EMAIL.fullmatch(value) is not None


def is_url(value: str) -> bool:
    """Whether a browser takes this for an absolute URL."""
    return _URL.fullmatch(value) is not None
