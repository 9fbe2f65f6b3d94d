"""How the answers of browser tasks compare: exactly, but for what people write differently without meaning it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

LONGEST_ANSWER = 10_000
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.[0-9]{1,12})?")
_CURRENCY = r"(\$|€|£|(?i:USD|EUR|GBP))"  # and no other word: "not 12.50" is no amount
_MONEY = re.compile(rf"(-?)\s?{_CURRENCY}?\s?(-?[0-9][0-9,]*(?:\.[0-9]{{1,2}})?)(?:\s?{_CURRENCY})?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_CODES = {"$": "usd", "€": "eur", "£": "gbp"}


def same_answer(gold: str, given: str, kind: str) -> bool:
    """Whether `given` says what `gold` says and nothing else.

    Args:
        gold: the answer.
        given: what the agent said; what cannot be read as this kind is not the answer.
        kind: one of `KINDS`. "text": case and runs of blanks do not count. "number": commas between thousands and
            zeros at the end of a fraction do not count. "money": as numbers, with or without its currency.
            "date": year-month-day. "set": texts separated by commas, semicolons or new lines, in any order.
    """
    if len(given) > LONGEST_ANSWER:
        return False
    read = KINDS[kind]
    wanted, said = read(gold), read(given)
    if kind == "money" and wanted and said:
        return bool(wanted[0] == said[0]) and ("" in (wanted[1], said[1]) or bool(wanted[1] == said[1]))
    return said is not None and bool(wanted == said)


def _text(text: str) -> str | None:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()) or None


def _number(text: str) -> Decimal | None:
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    return Decimal(plain.replace(",", "")) if _NUMBER.fullmatch(plain) else None


def _money(text: str) -> tuple[Decimal, str] | None:
    found = _MONEY.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-"))
    if found is None or (found[2] and found[4]):
        return None
    amount, code = _number(found[1] + found[3]), (found[2] or found[4] or "").lower()
    return None if amount is None else (amount, _CODES.get(code, code))


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text.strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _set(text: str) -> frozenset[str] | None:
    return frozenset(part for each in re.split("[,;\n]", text) if (part := _text(each))) or None


KINDS: Mapping[str, Callable[[str], Any]] = {
    "text": _text,
    "number": _number,
    "money": _money,
    "date": _date,
    "set": _set,
}
