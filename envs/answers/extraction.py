r"""Where the answer stands in a response.

One pass, linear in the length of the response, over what lies outside thinking blocks. Marked answers come first:
`\boxed{...}` and `\fbox{...}` with balanced braces, `<answer>...</answer>`, a line `answer: ...` or
`final answer: ...`, a line `#### ...`. Without any, a line that begins "the answer is ...". Without that, the whole
response, when it is short enough to be nothing but an answer. Every marked answer is returned: the verifier wants all
of them right, since two that differ are a hedge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from selftrain.envs.answers.nodes import NotReadError, TooLargeError

MAX_RESPONSE = 4 << 20
MAX_MARKED = 500
MAX_DIFFERENT = 4

_THINKING = re.compile(r"<(/?)(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_ANSWER_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox)\s{0,8}\{")
_BRACES = re.compile(r"\\(?:boxed|fbox)\s{0,8}\{|\\[\\{}]|[{}]")
_LINE = re.compile(
    r"^[ \t>*_#-]{0,16}(?:(?:my|the|so|thus|hence|therefore)\b,?[ \t]{1,4}){0,2}(?:final[ \t]{1,4})?answer"
    r"(?:[ \t]{1,4}is)?[*_]{0,2}[ \t]{0,4}[:=]([^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_SENTENCE = re.compile(
    r"^[ \t>*_-]{0,16}(?:(?:so|thus|hence|therefore),?[ \t]{1,4})?(?:the|my)[ \t]{1,4}(?:(?:final|correct)[ \t]{1,4})?"
    r"answer[ \t]{1,4}is[ \t]([^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_HASHES = re.compile(r"^####[ \t]([^\n]*)", re.MULTILINE)
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_NEXT_LINE = re.compile(r"\s*([^\n]*)")
_MORE_BEHIND = re.compile(
    r"[\s$*.,)\\\]]{0,8}\(?\b(?:or|alternatively|maybe|perhaps|possibly)\b\s*(?:\$|\\|\(|[-+]?\d)", re.IGNORECASE
)
_PART_BEHIND = re.compile(r"[ \t]*(?:\^|\\%|%|!|/[ \t]*[\d\\A-Za-z]|[\d]|\\times|\\cdot|[*+][ \t]*[\d\\])")
_PART_BEFORE = re.compile(
    r"(?:[=$(\[][ \t]*[-−]|\S-|^-|\\pm|\\mp|\\approx|≈|\\sqrt|\\frac|\\not|\\neq?|(?<!\s)\d|[\^/+]|(?<![*])[*]|(?<!_)_)[ \t]*\{?$"
    r"|\\(?:sqrt|frac)(?:\{[^{}]*\})?\{[^{}]*$"
)
_WRAPS = (("**", "**"), ("__", "__"), ("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("`", "`"), ('"', '"'))


@dataclass(frozen=True)
class Found:
    """The answers of a response, without dressing; none means that no answer was found.

    `marked` tells those that the response points out from a response that is itself the answer.
    """

    answers: tuple[str, ...]
    marked: bool


def final_answer(response: str) -> Found:
    """Every final answer that the response gives.

    Raises:
        NotReadError: a box does not close, is only a part of the answer, or is followed by another answer.
        TooLargeError: the response is longer than a response may be.
    """
    if len(response) > MAX_RESPONSE:
        raise TooLargeError("refused: too large")
    text = spoken(response)
    found = list(dict.fromkeys(undressed(part) for part in _marked(text)))
    found = [part for part in found if part.strip(".… ")]
    if len(found) > MAX_DIFFERENT:
        raise NotReadError("hedged: several answers")
    if not found:
        found = list(
            dict.fromkeys(
                undressed(part[1])
                for part in _SENTENCE.finditer(text, len(text) - 4 * MAX_MARKED if len(text) > 4 * MAX_MARKED else 0)
            )
        )
    if found:
        return Found(tuple(found), True)
    whole = text.strip()
    return Found((undressed(whole),) if whole and len(whole) <= MAX_MARKED else (), False)


def spoken(response: str) -> str:
    """The response without thinking blocks; one that is never closed takes all that follows it."""
    parts: list[str] = []
    depth, kept_from = 0, 0
    for tag in _THINKING.finditer(response):
        if not tag[1]:
            if depth == 0:
                parts.append(response[kept_from : tag.start()])
            depth += 1
            continue
        if depth == 0:  # the opening tag was part of the prompt: all before is thinking
            parts.clear()
        depth = max(0, depth - 1)
        kept_from = tag.end()
    return "\n".join(parts) if depth else "\n".join([*parts, response[kept_from:]])


def _marked(text: str) -> Iterator[str]:
    boxes = list(_boxes(text)) if "\\boxed" in text or "\\fbox" in text else []
    for start, end, inside in boxes:
        _alone(text, start, end)
        yield text[inside : end - 1]
    if "<answer>" in text.lower():
        yield from _tagged(text)
    for line in _LINE.finditer(text):
        rest, end = line[1], line.end()
        if not rest.strip(" *_\t"):
            following = _NEXT_LINE.match(text, end)
            rest = following[1] if following else ""
        if not _BOX.search(rest) and not _ANSWER_TAG.search(rest):
            yield rest
    last = text.rstrip().rfind("\n") + 1
    for line in _HASHES.finditer(text):
        if (line.start() >= last or not _PROSE.search(line[1])) and not _BOX.search(line[1]):
            yield line[1]


def _boxes(text: str) -> Iterator[tuple[int, int, int]]:
    """Start, end and start of the inside of each outermost box."""
    opened: list[tuple[int, int, bool]] = []
    inner = 0
    first = _BOX.search(text)
    for mark in _BRACES.finditer(text, first.start() if first else len(text)):
        sign = mark[0]
        if sign == "}" and opened:
            start, inside, is_box = opened.pop()
            inner -= is_box
            if is_box and inner == 0:
                yield start, mark.end(), inside
        elif sign == "{" or len(sign) > 2:
            opened.append((mark.start(), mark.end(), len(sign) > 2))
            inner += len(sign) > 2
    if inner:
        raise NotReadError("refused: a box that does not close")


def _alone(text: str, start: int, end: int) -> None:
    """Refuse a box that is a part of a larger expression, or that another answer follows."""
    if _PART_BEHIND.match(text, end) or _PART_BEFORE.search(text[max(0, start - 40) : start].rsplit("\n", 1)[-1]):
        raise NotReadError("refused: the box is only a part of the answer")
    if _MORE_BEHIND.match(text, end):
        raise NotReadError("hedged")


def _tagged(text: str) -> Iterator[str]:
    opened = -1
    for tag in _ANSWER_TAG.finditer(text):
        if not tag[1]:
            opened = tag.end()
        elif opened >= 0:
            inside = text[opened : tag.start()]
            if not _BOX.search(inside):
                yield inside
            opened = -1


def undressed(text: str) -> str:
    """An answer without the dressing of Markdown and mathematics mode, and without a full stop behind it."""
    if len(text) > 4 * MAX_MARKED:
        return text
    text = text.strip()
    for _ in range(8):
        before = text
        text = re.sub(r"^(?:\*\*|__)\s+|\s+(?:\*\*|__)$", "", text)
        if text.endswith((".", ",", ";", ":")) and not text.endswith(("..", "\\,", "\\;", "\\:")):
            text = text[:-1].rstrip()
        for left, right in _WRAPS:
            inside = text[len(left) : -len(right)]
            if len(text) > len(left + right) and text.startswith(left) and text.endswith(right) and left not in inside:
                text = inside.strip()
                break
        if text == before:
            break
    return text
