r"""Where the answer stands in a response.

One pass, linear in the length of the response, over what lies outside thinking blocks. Marked answers come first:
`\boxed{...}` and `\fbox{...}` with balanced braces, `<answer>...</answer>`, a line `answer: ...` or
`final answer: ...`, a line `#### ...`. Without any, a line that begins "the answer is ..." and the line below a heading
"answer". Without those, the whole response, when it is short enough to be nothing but an answer. Every marked answer is
returned: the verifier wants all of them right, since two that differ are a hedge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from selftrain.envs.answers.nodes import NotReadError, TooLargeError

MAX_RESPONSE = 2 << 20
MAX_MARKED = 500
MAX_MARKS = 100
MAX_DIFFERENT = 4
_REACH = 4 * MAX_MARKED  # how far a box, a line or the last sentence is followed

_THINKING = re.compile(r"<(/?)(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_ANSWER_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox)\s{0,8}\{")
_BRACES = re.compile(r"\\[\\{}]|[{}]")
_ANSWER_WORD = re.compile("answer", re.IGNORECASE)
_LEAD = 80
_LINE = re.compile(
    r"[ \t>*_#-]{0,16}(?:(?:my|the|so|thus|hence|therefore)\b,?[ \t]{1,4}){0,2}(?:final[ \t]{1,4})?answer"
    r"(?:[ \t]{1,4}is)?[*_]{0,2}[ \t]{0,4}[:=]([^\n]*)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"[ \t>*_-]{0,16}(?:(?:so|thus|hence|therefore),?[ \t]{1,4})?(?:the|my)[ \t]{1,4}(?:(?:final|correct)[ \t]{1,4})?"
    r"answer[ \t]{1,4}is[ \t]([^\n]*)",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"[ \t>*_#-]{0,16}(?:(?:my|the)[ \t]{1,4})?(?:final[ \t]{1,4})?answer[*_]{0,2}[ \t]{0,4}\n\s{0,200}([^\n]*)",
    re.IGNORECASE,
)
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_NEXT_LINE = re.compile(r"\s{0,200}([^\n]*)")
_MORE_BEHIND = re.compile(
    r"[\s$*.,)\\\]]{0,8}\(?\b(?:or|alternatively|maybe|perhaps|possibly)\b\s*(?:\$|\\|\(|[-+]?\d)", re.IGNORECASE
)
_PART_BEHIND = re.compile(r"[ \t]*(?:\^|\\%|%|!|/[ \t]*[\d\\A-Za-z]|[\d]|\\times|\\cdot|[*+][ \t]*[\d\\])")
_PART_BEFORE = re.compile(
    r"(?:[=$(\[][ \t]*[-−]|\S-|^-|\\(?:pm|mp|approx|sqrt|frac|neq?)|(?<!\s)\d|[\^/+≈]|(?<!\*)\*|(?<!_)_)[ \t]*\{?$"
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
        NotReadError: a box does not close, is only a part of the answer, or is followed by another answer; or
            the response marks many answers.
        TooLargeError: the response, or what it marks, is longer than it may be.
    """
    if len(response) > MAX_RESPONSE:
        raise TooLargeError("refused: too large")
    text = spoken(response)
    found = _different(_marked(text)) or _different(_introduced(text))
    if found:
        return Found(found, True)
    whole = text.strip()
    return Found((undressed(whole),) if whole and len(whole) <= MAX_MARKED else (), False)


def _different(parts: Iterable[str]) -> tuple[str, ...]:
    """The parts without dressing, each once, and without those that hold nothing."""
    found: dict[str, None] = {}
    for count, part in enumerate(parts):
        bare = undressed(part)
        if bare.strip(".… "):
            found[bare] = None
        if len(found) > MAX_DIFFERENT or count > MAX_MARKS:
            raise NotReadError("hedged: several answers")
    return tuple(found)


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
    """What the response marks as its answer, in each of the ways of marking."""
    for start, end, inside in _boxes(text):
        _alone(text, start, end)
        yield _unboxed(text[inside : end - 1])
    yield from _tagged(text)
    for line in _lines(text, _LINE):
        rest = line[1]
        if not rest.strip(" *_\t"):
            following = _NEXT_LINE.match(text, line.end())
            rest = following[1] if following else ""
        if not _BOX.search(rest) and not _ANSWER_TAG.search(rest):
            yield rest
    yield from _hashed(text)


def _introduced(text: str) -> Iterator[str]:
    """What follows a heading "answer" or the words "the answer is"."""
    yield from ("" if _PROSE.search(line[1]) else line[1] for line in _lines(text, _HEADING))
    yield from (line[1] for line in _lines(text, _SENTENCE))


def _lines(text: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Lines that begin with `pattern`, which must hold the word "answer" near its beginning."""
    last = -1
    for word in _ANSWER_WORD.finditer(text):
        start = text.rfind("\n", max(0, word.start() - _LEAD), word.start()) + 1
        if start == last or (start == 0 and word.start() > _LEAD):
            continue
        last = start
        line = pattern.match(text, start)
        if line:
            yield line


def _hashed(text: str) -> Iterator[str]:
    """Lines `#### X`: the last line of the response, or others without words, which are no headings."""
    last = text.rstrip().rfind("\n") + 1
    at = 0 if text.startswith("#### ") else text.find("\n#### ") + 1
    while text.startswith("#### ", at):
        end = text.find("\n", at)
        rest = text[at + 5 : end if end >= 0 else len(text)]
        if (at >= last or not _PROSE.search(rest)) and not _BOX.search(rest):
            yield rest
        at = text.find("\n#### ", at) + 1
        if at == 0:
            return


def _boxes(text: str) -> Iterator[tuple[int, int, int]]:
    """Start, end and start of the inside of each outermost box."""
    box = _BOX.search(text)
    while box:
        depth, end = 1, box.end()
        for brace in _BRACES.finditer(text, end, end + _REACH):
            depth += (brace[0] == "{") - (brace[0] == "}")
            end = brace.end()
            if depth == 0:
                break
        if depth:
            raise NotReadError("refused: a box that does not close")
        yield box.start(), end, box.end()
        box = _BOX.search(text, end)


def _unboxed(text: str) -> str:
    """What a box holds, without further boxes around all of it."""
    for start, end, inside in _boxes(text):
        whole = not text[:start].strip(" $") and not text[end:].strip(" $.")
        return _unboxed(text[inside : end - 1]) if whole else text
    return text


def _alone(text: str, start: int, end: int) -> None:
    """Refuse a box that is a part of a larger expression, or that another answer follows."""
    if _PART_BEHIND.match(text, end) or _PART_BEFORE.search(text[max(0, start - 40) : start].rsplit("\n", 1)[-1]):
        raise NotReadError("refused: the box is only a part of the answer")
    if _MORE_BEHIND.match(text, end):
        raise NotReadError("hedged")


def _tagged(text: str) -> Iterator[str]:
    """What stands between answer tags, unless it is a box."""
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
    if len(text) > _REACH:
        return text
    text = text.strip()
    for _ in range(8):
        before = text
        text = re.sub(r"^(?:\*\*|__)\s+|\s+(?:\*\*|__)$", "", text)
        if text.endswith("**") and text.count("**") == 1:  # opened before the words that lead to the answer
            text = text[:-2].rstrip()
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
