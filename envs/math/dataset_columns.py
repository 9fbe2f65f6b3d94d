r"""What the columns of the known collections of problems mean: the problem, its answer, its level and its split.

Names are compared in lower case with "_" for spaces and hyphens. The first name of a list that a row has, and whose
value is not empty, counts. An answer is, in this order: what follows `####` in the last line (GSM8K), the content of
the last `\boxed{}` (MATH), or the whole value; of a worked solution without either only a short single line is taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from selftrain.envs.observations import LONGEST_INSTRUCTION

PROBLEM = (
    "problem", "question", "problem_statement", "statement", "problem_text", "question_text", "query", "prompt",
    "instruction", "input",
)  # fmt: skip
ANSWER = (
    "final_answer", "expected_answer", "gold_answer", "gold", "ground_truth", "groundtruth", "correct_answer",
    "answer", "answers", "target", "reward_model", "label", "solution", "reference_solution", "output", "response",
)  # fmt: skip
LEVEL = ("level", "difficulty", "difficulty_level")
SPLIT = ("split", "subset", "partition")
_SPLIT_NAMES = {"train": "train", "training": "train", "dev": "dev", "valid": "dev", "val": "dev"}
_SPLIT_NAMES |= {"validation": "dev", "test": "test", "testing": "test", "eval": "test"}
_WORKED = {"solution", "reference_solution", "output", "response"}
# what collections write where there is no answer
_NO_ANSWER = {"proof", "notfound", "not found", "none", "nan", "null", "n/a", "unknown"}
_LONGEST_BARE = 60


class BrokenRowError(ValueError):
    """A row that gives no problem with an answer; says why."""


def column(name: object) -> str:
    """A column's name in the form in which names are compared."""
    return re.sub(r"[\s-]+", "_", str(name).strip().lower())


def known_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row by compared names; of two columns that are compared as one the first counts."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        found.setdefault(column(name), value)
    return found


def problem_of(row: Mapping[str, Any]) -> str:
    """The statement in a row by compared names.

    Raises:
        BrokenRowError: there is none.
    """
    name, value = _first(row, PROBLEM, "problem")
    if isinstance(value, list):  # a chat, as trainers keep prompts
        said = [turn.get("content") for turn in value if isinstance(turn, Mapping) and turn.get("role") == "user"]
        value = said[-1] if said else None
    if not isinstance(value, str) or not value.strip():
        raise BrokenRowError(f"{name} is not a text")
    if len(text := _clean(value, name)) > LONGEST_INSTRUCTION:
        raise BrokenRowError(f"{name} has {len(text)} characters, over {LONGEST_INSTRUCTION}")
    return text


def answer_of(row: Mapping[str, Any]) -> str:
    """The known answer in a row by compared names.

    Raises:
        BrokenRowError: there is none.
    """
    name, value = _first(row, ANSWER, "answer")
    if isinstance(value, Mapping):
        value = value.get("ground_truth")
    if isinstance(value, list):
        if len(value) != 1:
            raise BrokenRowError(f"{name} holds {len(value)} answers")
        value = value[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or isinstance(value, (list, Mapping)):
        raise BrokenRowError(f"{name} is not an answer")
    answer = _final(name, _clean(str(value), name))
    if not answer or answer.lower() in _NO_ANSWER:
        raise BrokenRowError(f"{name} is empty" if not answer else f"{name} says {answer!r}, which is no answer")
    return answer


def level_of(row: Mapping[str, Any]) -> int:
    """The level from 1 to 5, or 0 where the row does not tell: "Level 3" as it stands, a difficulty up to 10 halved."""
    for name in LEVEL:
        match = re.search(r"\d+(?:\.\d+)?", str(row.get(name, "")))
        if match:
            number = min(10.0, float(match[0]))
            return min(5, max(1, math.ceil(number if name == "level" else number / 2)))
    return 0


def split_of(row: Mapping[str, Any]) -> str:
    """The split that the row names, or "".

    Raises:
        BrokenRowError: it names one that is unknown.
    """
    for name in SPLIT:
        if value := str(row.get(name) or "").strip():
            if value.lower() not in _SPLIT_NAMES:
                raise BrokenRowError(f"{name} {value!r} is none of {', '.join(_SPLIT_NAMES)}")
            return _SPLIT_NAMES[value.lower()]
    return ""


def split_in(name: str) -> str:
    """The split that the name of a file tells, such as "gsm8k-train", or ""."""
    found = [_SPLIT_NAMES[word] for word in re.split(r"[^a-z]+", name.lower()) if word in _SPLIT_NAMES]
    return found[0] if len(set(found)) == 1 else ""


def last_box(text: str) -> str | None:
    r"""The content of the last `\boxed{...}` or `\fbox{...}`, braces balanced, or None."""
    starts = [match.end() for match in re.finditer(r"\\f?box(?:ed)?\s*\{", text)]
    if not starts:
        return None
    depth, end = 1, starts[-1]
    while end < len(text) and depth:
        escaped = text[end - 1] == "\\"
        depth += 0 if escaped else (text[end] == "{") - (text[end] == "}")
        end += 1
    return None if depth else text[starts[-1] : end - 1]


def _first(row: Mapping[str, Any], names: Sequence[str], what: str) -> tuple[str, Any]:
    present = [name for name in names if name in row]
    for name in present:
        if row[name] is not None and row[name] != "" and row[name] != []:
            return name, row[name]
    if present:
        raise BrokenRowError(f"{present[0]} is empty")
    raise BrokenRowError(f"no column with the {what}")


def _clean(text: str, name: str) -> str:
    if any("\ud800" <= mark <= "\udfff" for mark in text):
        raise BrokenRowError(f"{name} is not UTF-8")
    return text.strip()


def _final(name: str, text: str) -> str:
    if marked := re.search(r"####\s*(\S[^\n]*)$", text):
        return re.sub(r"(?<=\d),(?=\d{3}\b)", "", marked[1])
    if (boxed := last_box(text)) is not None:
        return boxed.strip()
    if name in _WORKED and ("\n" in text or len(text) > _LONGEST_BARE):
        raise BrokenRowError(f"{name} has neither a \\boxed{{}} nor a last line with ####")
    if len(text) > 2 and text.startswith("$") and text.endswith("$") and text.count("$") == 2:
        return text[1:-1].strip()
    return text
