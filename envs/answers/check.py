r"""Whether the final answer in a response is the known answer, exactly.

The rules, a line each.

Where the answer is: see `selftrain.envs.answers.extraction`. All answers that a response marks must be right.
"""

from __future__ import annotations

from functools import lru_cache

from selftrain.envs.answers.compare import Arithmetic, difference
from selftrain.envs.answers.exact import rational
from selftrain.envs.answers.extraction import final_answer, undressed
from selftrain.envs.answers.grammar import MAX_ANSWER, read
from selftrain.envs.answers.nodes import Node, NotReadError
from selftrain.envs.answers.texts import normal, words
from selftrain.errors import OptionError
from selftrain.verdicts import Check, Verdict


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
        raise OptionError(f"gold {gold!r} cannot be compared: {error}") from None
    if node.head == "relation" and not any(part.head == "symbol" for part in node.walk()):
        raise OptionError(f"gold {gold!r} cannot be compared: a relation without a variable")
    return node


def _reason(wanted: Node | tuple[str, ...], answer: str) -> str:
    """Why `answer` is not what is wanted, or ""."""
    if isinstance(wanted, tuple):
        return "" if len(answer) <= MAX_ANSWER and normal(answer) == wanted else "wrong"
    try:
        given = read(answer)
        algebra = Arithmetic()
        reason = difference(wanted, given, algebra)
    except NotReadError as error:
        return str(error)
    if reason or not algebra.open:
        return reason
    from selftrain.envs.answers.pool import ask

    return ask(wanted, given)
