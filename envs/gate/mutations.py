"""Small changes to the bytes of a right file, each of which a verifier that looks should notice.

Method: mutation analysis (DeMillo, Lipton, Sayward: Hints on test data selection, 1978), on the work that a task's
oracle leaves in place of a program under test. Where the file was there from the start, only what the oracle changed
is changed again, for the rest may be nobody's concern.

Words and numbers are changed so that sizes, lines and the forms of JSON, tables and settings stay as they are: who
looks at these alone notices nothing.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selftrain.envs.gate.program_mutations import behaviour_changes, is_program

PLACES = 6
_LARGEST_TEXT = 1 << 20
_MOST_LINES = 20_000
_TABLES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml", ".toml", ".ini", ".xml", ".cfg")
# a name before its value stays, for a changed name breaks the form; so does what a backslash begins
_TOKEN = re.compile(
    r"""(?P<stay>\\u[0-9a-fA-F]{4}|\\.|\b(?:true|false|null|None|True|False)\b|[\w-]+(?="?\s*[:=]))"""
    r"|(?P<number>(?<![^\W\d_])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![^\W\d_]))"
    r"|(?P<word>[^\W_]+)"
)
_LITERALS = {"true": "false", "false": "true", "True": "False", "False": "True"}
# no longer ones, for Python takes no whole number of thousands of digits
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,18}(?:\.\d{1,18})?(?!\w|\.\d)")
_WORD = re.compile(r"[^\W\d_]{2,}")
_Span = tuple[int, int, int]  # number of a line, and from where to where in it
_FLIPPED = bytes(byte ^ 0x55 if byte else 0 for byte in range(256))


@dataclass(frozen=True)
class Change:
    """One change to a file.

    Attributes:
        kind: what is done, for example "number changed".
        place: where; -1 is no place in particular. A verifier that looks at one place alone notices only changes there.
        data: the file after it.
    """

    kind: str
    place: int
    data: bytes


def is_text(data: bytes) -> bool:
    """Whether it is UTF-8 without NUL, and no larger than what is changed line by line."""
    if len(data) > _LARGEST_TEXT or b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_table(path: str, data: bytes) -> bool:
    """Whether every part of the file says something: a form for data, or a text more than half of which is numbers."""
    if path.endswith(_TABLES):
        return True
    found = [match.lastgroup for match in _TOKEN.finditer(data.decode("utf-8", "replace"))]
    return found.count("number") * 2 > len(found)


def disguised(data: bytes) -> bytes:
    """The text with every word and number another one of the same length (not truth values); other bytes likewise."""
    if not is_text(data):
        return data.translate(_FLIPPED)
    return _disguise(data.decode()).encode()


def changes(path: str, start: bytes | None, end: bytes) -> Iterator[Change]:
    """Changes to what the oracle left at `path`, the same each time, each another file than `start` and `end`.

    Args:
        path: by which programs and data are told apart.
        start: what was there before the oracle, None for nothing.
        end: what it left.
    """
    # space at the end is nobody's concern
    seen = {b"", end.rstrip(), (start or b"").rstrip()}
    for change in _all_changes(path, start, end):
        if change.data.rstrip() not in seen:
            seen.add(change.data.rstrip())
            yield change


def _all_changes(path: str, start: bytes | None, end: bytes) -> Iterator[Change]:
    if not is_text(end):
        yield from _byte_changes(start, end)
        return
    lines = end.decode().splitlines(keepends=True)
    before = start.decode().splitlines(keepends=True) if start is not None and is_text(start) else []
    touched = _touched(before, lines)
    if is_program(path, end):
        behaviour = list(behaviour_changes(path, end, set(touched)))
        for place, kind, data in behaviour:
            yield Change(kind, place, data)
        if len(behaviour) >= 3:  # what breaks the program is no news to who runs it
            return
    yield from _text_changes(lines, touched, path.endswith(_TABLES))


def _touched(before: Sequence[str], lines: Sequence[str]) -> list[int]:
    """Numbers of the lines that the oracle wrote; all of them where it only took lines away."""
    everything = list(range(len(lines)))
    if not before or len(lines) + len(before) > _MOST_LINES:
        return everything
    matcher = difflib.SequenceMatcher(None, before, lines, autojunk=len(lines) > 2000)
    blocks = [range(j1, j2) for tag, _, _, j1, j2 in matcher.get_opcodes() if tag != "equal"]
    return [number for block in blocks for number in block] or everything


def _text_changes(lines: Sequence[str], touched: Sequence[int], table: bool) -> Iterator[Change]:
    """First the places one by one, then changes that are smaller or of the form."""
    whole, places = "".join(lines), _places(lines, touched, table)
    for number, spans in enumerate(places):
        yield Change("words and numbers changed", number, _disguise_within(lines, spans).encode())
    written = [number for number in touched if lines[number].strip()]
    if not written:
        return
    yield from _token_changes(lines, written, places)
    yield Change("cut to the first half", -1, whole[: len(whole) // 2].encode())
    for number in dict.fromkeys((written[len(written) // 2], written[-1])):
        yield Change("line dropped", -1, "".join([*lines[:number], *lines[number + 1 :]]).encode())
    yield from _swapped(lines, written)


def _token_changes(lines: Sequence[str], written: Sequence[int], places: Sequence[Sequence[_Span]]) -> Iterator[Change]:
    """A single number or word is changed: from the middle, the end, and the start."""
    for pattern, kind, makers in (
        (_NUMBER, "number changed", (_other_number, _zero, _negative)),
        (_WORD, "word changed", (_disguise_word,)),
    ):
        holding = [number for number in written if pattern.search(lines[number])]
        picked = dict.fromkeys((holding[len(holding) // 2], holding[-1], holding[0])) if holding else {}
        for number in picked:
            line, found = lines[number], list(pattern.finditer(lines[number]))
            for match in (found[len(found) // 2], found[-1]):
                for make in makers[: 3 if len(picked) == 1 else 1]:
                    changed = line[: match.start()] + make(match[0]) + line[match.end() :]
                    data = "".join([*lines[:number], changed, *lines[number + 1 :]]).encode()
                    yield Change(kind, _place_of(places, number, match.start()), data)


def _place_of(places: Sequence[Sequence[_Span]], line: int, column: int) -> int:
    for number, spans in enumerate(places):
        if any(line == one and first <= column < last for one, first, last in spans):
            return number
    return -1


def _swapped(lines: Sequence[str], written: Sequence[int]) -> Iterator[Change]:
    pairs = [(one, two) for one, two in itertools.pairwise(written) if two == one + 1 and lines[one] != lines[two]]
    if pairs:
        one, two = pairs[len(pairs) // 2]
        first, second = lines[one].rstrip("\n"), lines[two]
        changed = [second if second.endswith("\n") else f"{second}\n", first + second[len(second.rstrip("\n")) :]]
        yield Change("two lines swapped", -1, "".join([*lines[:one], *changed, *lines[two + 1 :]]).encode())


def _places(lines: Sequence[str], touched: Sequence[int], table: bool) -> list[list[_Span]]:
    """Up to `PLACES` parts: runs of lines; of a single line the numbers, in a table the words too, or else the line."""
    written = [number for number in touched if _TOKEN.search(lines[number])]
    if len(written) != 1:
        count = min(PLACES, len(written))
        edges = [len(written) * part // count for part in range(count + 1)] if count else []
        return [
            [(number, 0, len(lines[number])) for number in written[first:last]]
            for first, last in itertools.pairwise(edges)
        ]
    (only,) = written
    kinds = ("number", "word") if table else ("number",)
    found = [match.span() for match in _TOKEN.finditer(lines[only]) if match.lastgroup in kinds]
    spans = found or [(0, len(lines[only]))]
    step = -(-len(spans) // PLACES)
    return [[(only, *span) for span in spans[first : first + step]] for first in range(0, len(spans), step)]


def _disguise_within(lines: Sequence[str], place: Sequence[_Span]) -> str:
    found = list(lines)
    for number, first, last in reversed(place):
        line = found[number]
        found[number] = line[:first] + _disguise(line[first:last]) + line[last:]
    return "".join(found)


def _disguise(text: str) -> str:
    def other(match: re.Match[str]) -> str:
        if match.lastgroup == "number":
            return _nines(match[0])
        return _LITERALS.get(match[0], match[0]) if match.lastgroup == "stay" else _disguise_word(match[0])

    return _TOKEN.sub(other, text)


def _nines(number: str) -> str:
    """A number of the same form, and larger than most, for sums must not come out the same."""
    nines = re.sub(r"\d", "9", number)
    return nines if nines != number else re.sub(r"\d", "1", number)


def _disguise_word(word: str) -> str:
    return "".join(map(_next_character, word))


def _next_character(character: str) -> str:
    if character.isdigit():
        return "1" if character == "9" else "9"
    if character in "zZ":
        return chr(ord(character) - 25)
    following = chr(ord(character) + 1) if character.isalpha() else character
    return following if following.isalpha() else character


def _other_number(number: str) -> str:
    """Far from it by any tolerance."""
    return f"{float(number) * 3 + 17:g}" if "." in number else str(int(number) * 3 + 17)


def _zero(number: str) -> str:
    return "0"


def _negative(number: str) -> str:
    return number[1:] if number.startswith("-") else f"-{number}"


def _byte_changes(start: bytes | None, end: bytes) -> Iterator[Change]:
    """One byte flipped in each of several places that hold something, then whole places, and the file cut."""
    edges = [len(end) * part // PLACES for part in range(PLACES + 1)]
    parts = list(itertools.pairwise(edges))
    for place, (first, last) in enumerate(parts):
        told = (i for i in range((first + last) // 2, last) if end[i] and (start or b"")[i : i + 1] != end[i : i + 1])
        if (spot := next(told, None)) is not None:
            yield Change("byte flipped", place, end[:spot] + bytes([end[spot] ^ 0x55]) + end[spot + 1 :])
    for place, (first, last) in enumerate(parts):
        yield Change("bytes changed", place, end[:first] + end[first:last].translate(_FLIPPED) + end[last:])
    yield Change("cut to the first half", -1, end[: len(end) // 2])
