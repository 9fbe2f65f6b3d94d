r"""Whether the final answer in a response is the known answer, exactly.

The rules, a line each. They hold for what is compared; where the answer is looked for, `extraction` says.

Several answers: all that the response marks must be right; two that differ are a hedge.
Hedge: more than one value where one is known (`42 or 41`, `42, 41`, `x=1, x=2`, `\pm 42`), "about", `\approx`, `~42`,
    `42?`; where two values are known, `\pm` stands for both.
Names: `x = 5` is 5, with a variable or a sum of variables (`m+n = 42`) on one side, or what names a number in a
    problem (`f(3)`, `P(A)`, `AB`, `|S|`, `[ABC]`, `\angle A`); `5=6`, `41=42` and chains are not, true or false.
Equations: equal up to a constant factor; for `y = ...` also the right side alone; `x=5` is `5`, `x=5` or `5=x`.
Decimals: exactly the number that is written: 0.5 is 1/2, no 0.333... is 1/3 but `0.\overline{3}` is, 3.14 is not pi.
Unfinished: where a number is known, a sum or product of numbers (`6*7`) is a calculation left undone, not an answer;
    fractions not in lowest terms, powers, roots, factorials, binomials, logarithms and angles are accepted.
Percent: `10\%` is the number 1/10, on both sides and everywhere; 10 is not.
Units: the known unit or one that converts exactly; none is accepted; another dimension is wrong. Where no unit is
    known, one that is given, or what is counted (`42 apples`), is taken for the one asked for, except that degrees are
    turned into radians beside pi.
Separators: `1,000`, `1\,000`, `1{,}000` are a thousand; no comma is a decimal one; inside brackets it separates.
Mixed numbers: `1\frac12` and `1 1/2` are 3/2; an improper fraction behind a whole number is refused.
Bases: `1011_2` is `1011_2`; the same number in another base, or without one, is another answer.
Ambiguous: what can be read in two ways is refused, such as `1/2x` and two numbers side by side.
Sets: in any order, each member as often as it is known; a list without brackets is a set; `\{5\}` is not 5.
Tuples: in order; no sets. `(a,b)` is what the known answer is: a pair, or an interval, written `a<x<b` as well.
Intervals: brackets, unions and inequalities alike, joined where they touch; another name for the variable is wrong, and
so is an "or" between sets that overlap.
Matrices: of the same shape and equal everywhere, as an environment, with or without a number before it, or as lists
    in square brackets.
Expressions: equal for all values of their real variables, with the same names; `log` without a base has base 10.
Proof: numbers that agree to many digits are equal only if sympy shows it; what it cannot show in time is refused.
Words: a choice letter with or without brackets, a name, yes or no, in any case, and nothing more; but the letter of a
    choice may stand before its value (`\textbf{(B) } 42`), whichever of the two is known.
Characters: look-alikes, digits of other scripts and invisible characters are refused; − × · ½ √ π ² are read.
Beyond the grammar: a known answer with a sum, integral or limit is evaluated by math-verify; a response's never is.
Code: nothing is evaluated but the grammar of `grammar`; calls other than of its functions are refused.
Size: answers to 500 characters, 30 levels and 20,000 bits; responses to two million characters.
"""

from __future__ import annotations

import re
from functools import lru_cache

from selftrain.envs.answers.compare import Arithmetic, difference, names
from selftrain.envs.answers.exact import rational
from selftrain.envs.answers.extraction import final_answer, undressed
from selftrain.envs.answers.grammar import MAX_ANSWER, read
from selftrain.envs.answers.nodes import Node, NotReadError, number
from selftrain.envs.answers.pool import ask
from selftrain.envs.answers.texts import choice, normal, words
from selftrain.errors import OptionError
from selftrain.verdicts import Check, Verdict

_BEYOND = re.compile(r"\\(?:sum|prod|int|lim|det|gcd|max|min)(?![A-Za-z])|\\begin\{vmatrix\}")


def check_answer(gold: str, response: str) -> Verdict:
    r"""Compare the final answer in `response` with the known one.

    Args:
        gold: the known answer, in LaTeX or plain text, without `\boxed`.
        response: whatever the agent wrote; nothing in it raises.

    Raises:
        OptionError: `gold` is not an answer that can be compared, or comparing it needs the extra `math`.
        VerifierError: no worker could be had to compare; there is no verdict.
    """
    wanted = _known(gold)
    try:
        found = final_answer(response)
    except NotReadError as error:
        return Verdict.fail("answer", str(error))
    if not found.answers:
        return Verdict.fail("answer", "no answer found")
    reasons = [_reason(wanted, answer) for answer in found.answers]
    if len(set(reasons)) > 1 and "" in reasons:
        return Verdict.fail("answer", "hedged: several answers")
    if reasons[0].startswith("refused: not an answer") and not found.marked:
        return Verdict.fail("answer", "no answer found")
    return Verdict.of([Check("answer", not reasons[0], reasons[0])])


@lru_cache(maxsize=1024)
def _known(gold: str) -> Node | tuple[str, ...]:
    """The known answer, read: words, or a tree."""
    if not isinstance(gold, str) or not gold.strip():
        raise OptionError(f"gold must be an answer as text, not {gold!r}")
    text = undressed(gold)
    found = words(text) if len(text) <= MAX_ANSWER else None
    if found is not None:
        return found
    try:
        node = read(text)
        for part in node.walk():
            rational(part)
    except NotReadError as error:
        if _BEYOND.search(text):
            return _evaluated(text)
        raise OptionError(f"gold {gold!r} cannot be compared: {error}") from None
    if node.head == "relation" and not any(part.head == "symbol" for part in node.walk()):
        raise OptionError(f"gold {gold!r} cannot be compared: a relation without a variable")
    return node


def _evaluated(text: str) -> Node:
    """A known answer that is a sum, an integral or the like; a worker tells whether it has a value."""
    node = Node("latex", value=text)
    reason = ask(node, number(0))
    if reason.startswith("refused"):
        raise OptionError(f"gold {text!r} cannot be compared: {reason}")
    return node


def _one_value(text: str) -> bool:
    """Whether it is one value, without letters that could be another choice."""
    try:
        node = read(text)
    except NotReadError:
        return False
    return node.head != "list" and not any(name in "ABCDEFGH" for name in names(node))


def _reason(wanted: Node | tuple[str, ...], answer: str) -> str:
    """Why `answer` is not what is wanted, or ""."""
    letter, value = choice(answer) if len(answer) <= MAX_ANSWER else ("", answer)
    if isinstance(wanted, tuple):
        right = len(answer) <= MAX_ANSWER and (normal(answer) == wanted or ((letter,) == wanted and _one_value(value)))
        return "" if right else "wrong"
    try:
        given = read(value)
        algebra = Arithmetic()
        reason = difference(wanted, given, algebra)
    except NotReadError as error:
        return str(error)
    if reason or not algebra.open:
        return reason
    return ask(wanted, given)
