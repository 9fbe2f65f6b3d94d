"""The worker of `review-survey`: how far it has read, and for each cause the sums so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from selftrain.envs.families.long_work import SUBMIT, printed, recalled

# how an engineer tells the causes apart
_CAUSES: Mapping[str, str] = {
    "capacity": r"\bload\b|were full|traffic|in use|faster than|left no memory",
    "certificate": r"certificate|signing key|TLS|renewal job",
    "configuration": r"setting|typo|flag|had set|time-out|pointed at|allow-list",
    "hardware": r"broken|power supply|switch died|memory module|controller|fans|sectors",
    "release": r"version|rollout|build|deployment|refactoring|merged",
    "supplier": r"supplier|provider|carrier|cloud|we rent|their status page",
}
_VOID = re.compile(r"exercise|False alarm|Filed twice")
_SPANS = (
    re.compile(r"from (?P<start>\d\d:\d\d) to (?P<end>\d\d:\d\d)"),
    re.compile(r"(?P<start>\d\d:\d\d) first alarm, (?P<end>\d\d:\d\d) all clear"),
    re.compile(r"began at (?P<start>\d\d:\d\d) and was over (?P<minutes>\d+) minutes later"),
    re.compile(r"took (?P<hours>\d+) h (?P<minutes>\d+) min, starting at (?P<start>\d\d:\d\d)"),
)
_LATER_END = re.compile(r"(?:was over at|ended at) (\d\d:\d\d)")
_PAUSE = re.compile(r"etween (\d\d:\d\d) and (\d\d:\d\d)")
# "sums" maps a cause to [reviews, minutes, number of the longest, its minutes]
_START: Mapping[str, Any] = {"of": "survey", "stage": "head", "line": 1, "sums": {}, "row": 0}


@dataclass(frozen=True)
class SurveyWorker:
    """Reads one review after the other, keeps the sums, and writes the report from them."""

    def command(self, memory: Mapping[str, Any]) -> str:
        """The header, the next review, or the next row."""
        known = recalled(memory, _START)
        cause = list(_CAUSES)[known["row"] % len(_CAUSES)]
        count, minutes, longest, _ = known["sums"].get(cause, [0, 0, 0, 0])
        commands = {
            "head": "echo cause,reviews,minutes,longest > report.csv",
            "read": f"cat reviews/$(ls reviews | sed -n {known['line']}p)",
            "write": f"echo {cause},{count},{minutes},PIR-{longest} >> report.csv",
        }
        return commands.get(known["stage"], SUBMIT)

    def learn(self, memory: Mapping[str, Any], command: str, output: str) -> dict[str, Any]:
        """Add what a review says to the sums."""
        known, text = recalled(memory, _START), printed(output)
        stage = known["stage"]
        if stage == "head":
            return known | {"stage": "read"}
        if stage == "write":
            row = known["row"] + 1
            return known | {"row": row, "stage": "end" if row == len(_CAUSES) else "write"}
        if stage != "read":
            return known
        if "Is a directory" in text:  # past the last one
            return known | {"stage": "write"}
        number = re.search(r"PIR-(\d+)", text)
        if number is None:
            return known
        return known | {"line": known["line"] + 1, "sums": _added(known["sums"], int(number[1]), text)}


def _added(sums: Mapping[str, Any], number: int, text: str) -> dict[str, Any]:
    minutes, cause = _minutes(text), _cause(text)
    if _VOID.search(text) or not minutes or not cause:
        return dict(sums)
    count, total, longest, most = sums.get(cause, [0, 0, 0, 0])
    if minutes > most or (minutes == most and number < longest):
        longest, most = number, minutes
    return {**sums, cause: [count + 1, total + minutes, longest, most]}


def _cause(text: str) -> str:
    """What a correction says, else what remains when suspicions are left out."""
    lines = text.splitlines()
    corrections = [line for line in lines if "the cause was" in line]
    for line in corrections or [line for line in lines if not re.search("suspected|ruled out", line)]:
        for cause, marks in _CAUSES.items():
            if re.search(marks, line, re.I):
                return cause
    return ""


def _minutes(text: str) -> int:
    span = next((found for pattern in _SPANS if (found := pattern.search(text))), None)
    if span is None:
        return 0
    told = span.groupdict()
    start = _clock(told["start"])
    lasted = 60 * int(told.get("hours") or 0) + int(told.get("minutes") or 0)
    if later := _LATER_END.search(text):
        lasted = (_clock(later[1]) - start) % 1440
    elif not lasted:
        lasted = (_clock(told["end"]) - start) % 1440
    pause = _PAUSE.search(text)
    return lasted - ((_clock(pause[2]) - _clock(pause[1])) % 1440 if pause else 0)


def _clock(text: str) -> int:
    return 60 * int(text[:2]) + int(text[3:])
