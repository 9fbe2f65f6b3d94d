r"""Answers in words: a choice such as `A`, `(A)` or `\text{A}`, yes or no, a name, a short phrase."""

from __future__ import annotations

import re
import unicodedata

from selftrain.envs.answers.units import UNITS
from selftrain.envs.answers.vocabulary import CONSTANTS, FUNCTIONS

_WRAPPED = re.compile(r"\\(?:text(?:bf|it|rm|sf)?|math(?:rm|bf|it|sf)|mbox|operatorname)\s*\{([^{}]*)\}")
_LEAD = re.compile(r"^(?:option|choice)\s+(?=\(?[a-z]\)?$)")
_CHOICE = re.compile(r"(?:\(([A-H])\)|([A-H])[).:])(?:\s|~|\\[ ,;:]|\\q?quad\b)+(?=\S)(.*)", re.DOTALL)
_WORDS = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+)*\.?")
_JOINTS = re.compile(r"\s*,\s*and\s+|\s*[,;]\s*|\s+and\s+")
_VOWELS = frozenset("aeiou")
_PRODUCTS = frozenset(("ab", "abc", "abcd", "ac", "ad", "ax", "ay", "bx"))


def words(gold: str) -> tuple[str, ...] | None:
    """The words, or listed words, that `gold` is; None when it is mathematics."""
    inside, wrapped = _unwrapped(gold)
    parts = _JOINTS.split(inside)
    whole = _WRAPPED.fullmatch(gold.strip())
    if whole and re.search("[A-Za-z]{3}", inside):
        return normal(gold)
    if not all(_WORDS.fullmatch(part) for part in parts):
        return None
    if not wrapped and any(_mathematical(part) for part in parts):
        return None
    return normal(gold)


def normal(text: str) -> tuple[str, ...]:
    """Words as they are compared: without dressing, case folded, listed ones in a fixed order."""
    inside, _ = _unwrapped(text)
    folded = " ".join(unicodedata.normalize("NFC", inside).casefold().split())
    return tuple(sorted(_unbracketed(_LEAD.sub("", part)) for part in _JOINTS.split(folded)))


def choice(text: str) -> tuple[str, str]:
    r"""The letter of a choice and the value behind it, of `\textbf{(B) } 42`; or "" and the text itself."""
    found = _CHOICE.fullmatch(_WRAPPED.sub(r"\1", text).strip())
    return ((found[1] or found[2]).casefold(), found[3]) if found else ("", text)


def _unwrapped(text: str) -> tuple[str, bool]:
    plain = _WRAPPED.sub(r"\1", text).replace("\\ ", " ").strip()
    return _unbracketed(plain), plain != text.strip() or _unbracketed(plain) != plain


def _unbracketed(text: str) -> str:
    text = text.strip().removesuffix(".").strip()
    if text.startswith("(") and text.endswith(")") and "(" not in text[1:] and "," not in text:
        return text[1:-1].strip()
    return text[:-1] if len(text) == 2 and text.endswith(")") else text


def _mathematical(part: str) -> bool:
    """Whether bare letters are variables, constants or units rather than a word."""
    if len(part) == 1:
        return not part.isupper()
    if " " in part:
        return False
    known = part in FUNCTIONS or part in CONSTANTS or part in UNITS or part in _PRODUCTS
    return known or (
        part.islower()
        and part.isascii()
        and len(part) <= 4
        and not _VOWELS & set(part)
        and part not in ("fly", "sky", "dry", "why", "try", "by", "my")
    )
