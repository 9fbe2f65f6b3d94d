"""Characters of an answer: the few beyond ASCII that have one mathematical meaning, and refusal of all others.

Digits of other scripts, full-width forms, Cyrillic and Greek look-alikes and invisible characters are refused rather
than folded: a reader who sees 42 must be looking at 42.
"""

from __future__ import annotations

import re

from selftrain.envs.answers.nodes import NotReadError

_MEANINGS = {
    "−": "-", "–": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "÷": "/", "∕": "/", "⁄": "/",
    "√": r"\surd ", "π": r"\pi ", "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "∪": r"\cup ",
    "∈": r"\in ", "∅": r"\emptyset ", "°": r"^\circ ", "±": r"\pm ", "≈": r"\approx ", "∼": r"\approx ",
    "½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}",
    "⅕": r"\frac{1}{5}", "⅖": r"\frac{2}{5}", "⅗": r"\frac{3}{5}", "⅘": r"\frac{4}{5}", "⅙": r"\frac{1}{6}",
    "⅚": r"\frac{5}{6}", "⅛": r"\frac{1}{8}", "⅜": r"\frac{3}{8}", "⅝": r"\frac{5}{8}", "⅞": r"\frac{7}{8}",
    "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "λ": r"\lambda ", "μ": r"\mu ", "φ": r"\phi ",
    "⟨": r"\langle ", "⟩": r"\rangle ", "€": r"\text{euros}", "£": r"\text{pounds}",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2002": " ", "\u2003": " ", "\u2005": " ", "\u200a": " ",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_RAISED = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_FOREIGN = re.compile(r"[^\x20-\x7e]")


def plain(text: str) -> str:
    """The text in printable ASCII and LaTeX commands.

    Raises:
        NotReadError: it holds a character that has no single meaning here.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _RAISED.sub(lambda found: "^{" + found[0].translate(_SUPERSCRIPTS) + "}", text)
    text = "".join(_MEANINGS.get(character, character) for character in text)
    text = re.sub(r"[\t\n\r]", " ", text)
    if _FOREIGN.search(text):
        raise NotReadError("refused: a character that looks like another or has no meaning here")
    return text
