"""The words, commands and signs that answers are written with."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HEDGES = _words(
    "approximately approx about around roughly maybe perhaps possibly probably either nearly almost likely unsure "
    "guess not no yes but if else lambda"
)
FUNCTIONS = _words(
    "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh asin acos atan log ln exp sqrt cbrt abs floor ceil "
    "factorial binom"
)
CONSTANTS = {"pi": "pi", "infty": "oo", "infinity": "oo", "inf": "oo", "oo": "oo"}
GREEK = _words(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau "
    "upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Sigma Phi Psi Omega ell"
)
SILENT = _words(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr displaystyle textstyle quad qquad limits nolimits thinspace "
    "angle bf large Large LARGE huge Huge normalsize small boldsymbol bm underline vec"
)
TEXTS = _words("text textrm textnormal textbf textit mathrm mathbf mathit mathsf textsf mbox operatorname rm")
HEDGE_COMMANDS = _words("mp approx sim simeq approxeq")
FRACTIONS = _words("frac dfrac tfrac cfrac")
COMMANDS = FRACTIONS | _words("sqrt surd binom dbinom tbinom")
SIGNS = {
    "cdot": "*", "times": "*", "ast": "*", "div": "/", "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=",
    "geq": ">=", "geqslant": ">=", "lt": "<", "gt": ">", "ne": "!=", "neq": "!=", "cup": "cup", "in": "in",
    "bigcup": "cup", "pm": "pm",
    "emptyset": "empty", "varnothing": "empty", "circ": "deg", "degree": "deg", "lor": "or", "vee": "or", "land": "and",
    "langle": "<(", "rangle": ")>", "lbrace": "{|", "rbrace": "|}", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|",
    "lfloor": "floor(", "rfloor": ")floor", "lceil": "ceil(", "rceil": ")ceil",
}  # fmt: skip

RELATIONS = frozenset(("=", "<", ">", "<=", ">=", "!="))
SEPARATORS = frozenset((",", ";", "or", "and"))
VALUES = _words("number symbol constant add mul div pow neg root factorial binomial call percent")
"""Heads of the nodes that make up one value."""
