"""The worker of `incident-trail`: where the trail stands, whom it is about, and the row to be noted next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from selftrain.envs.families.long_work import SUBMIT, printed, recalled

# "at" is service/item, "next" the one that it came from, "row" file and time of the line that says so
_START: Mapping[str, Any] = {
    "of": "trail",
    "stage": "begin",
    "at": "",
    "tenant": "",
    "next": "",
    "batch": "",
    "row": "",
    "by": "",
}
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)")
_EPOCH = re.compile(r'"ts":(\d+)')
_FROM = re.compile(r'(?:from=|"from":"|received from )(\w+)/([0-9a-f]{8})')
_WAS = re.compile(r'(?:was=|"was":"|until then )(t-\d+)')
_BY = re.compile(r'(?:by=|"by":"|entered by )([\w-]+)')


@dataclass(frozen=True)
class TrailWorker:
    """Finds the line that applied an item, notes it, and goes on to where the item came from."""

    def command(self, memory: Mapping[str, Any]) -> str:
        """What the stage asks for."""
        known = recalled(memory, _START)
        service, _, item = known["at"].partition("/")
        commands = {
            "begin": "tail -n 1 ALERT.txt",
            "head": "echo service,item,file,time > trail.csv",
            "find": f"zgrep -F {item} logs/{service}/* | grep applied",
            "batch": f"zgrep -hF {known['batch']} logs/{service}/* | grep {known['tenant']}",
            "note": f"echo {service},{item},{known['row']} >> trail.csv",
            "origin": f"echo {known['by']} > origin.txt",
        }
        return commands.get(known["stage"], SUBMIT)

    def learn(self, memory: Mapping[str, Any], command: str, output: str) -> dict[str, Any]:
        """Take the next step of the trail from the output."""
        known, text = recalled(memory, _START), printed(output)
        stage = known["stage"]
        if stage == "begin" and (alert := re.search(r"Item (\w+) of tenant (t-\d+) \w+ (\w+)", text)):
            return known | {"stage": "head", "at": f"{alert[3]}/{alert[1]}", "tenant": alert[2]}
        if stage == "head":
            return known | {"stage": "find"}
        if stage == "find":
            return known | _applied(text)
        if stage == "batch" and (part := _FROM.search(text)):
            return known | {"stage": "note", "next": f"{part[1]}/{part[2]}", "batch": ""}
        if stage == "note":
            step = {"stage": "find", "at": known["next"], "next": ""} if known["next"] else {"stage": "origin"}
            return known | step | {"row": ""}
        return known | {"stage": "end"} if stage == "origin" else known


def _applied(text: str) -> dict[str, Any]:
    """What a line such as `logs/orders/orders.log.2.gz:...` says, as far as it says it."""
    file, time = re.search(r"logs/\w+/([\w.]+):", text), _time(text)
    if not file or not time:
        return {}
    found: dict[str, Any] = {"stage": "note", "row": f"{file[1]},{time}"}
    if was := _WAS.search(text):
        found["tenant"] = was[1]
    if by := _BY.search(text):
        return found | {"by": by[1]}
    if not (source := _FROM.search(text)):
        return {}
    if source[1] == "batch":
        return found | {"stage": "batch", "batch": source[2]}
    return found | {"next": f"{source[1]}/{source[2]}"}


def _time(text: str) -> str:
    if iso := _ISO.search(text):
        return f"{iso[1]}T{iso[2]}Z"
    epoch = _EPOCH.search(text)
    return f"{datetime.fromtimestamp(int(epoch[1]), UTC):%Y-%m-%dT%H:%M:%SZ}" if epoch else ""
