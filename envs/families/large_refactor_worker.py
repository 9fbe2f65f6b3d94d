"""The worker of `large-refactor`: the place in the checklist, the names, and which modules have names of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from selftrain.envs.families.long_work import SUBMIT, printed, recalled

# "names" are pairs of old and new, "edits" say line.name.occurrence with the number of the name in that list, "own"
# maps modules that others import everything from to the names that are their own
_START: Mapping[str, Any] = {
    "of": "refactor",
    "stage": "begin",
    "line": 1,
    "file": "",
    "names": [],
    "edits": "",
    "renamed": 0,
    "kept": 0,
    "own": {},
}
# edits in one command
AT_ONCE = 4


@dataclass(frozen=True)
class RefactorWorker:
    """Takes file after file from the checklist, looks at the old names in it, edits, and ticks it off."""

    def command(self, memory: Mapping[str, Any]) -> str:
        """What the stage asks for."""
        known = recalled(memory, _START)
        names, file, edits = known["names"], known["file"], known["edits"].split()
        commands = {
            "begin": "grep -e '->' RENAMES.md",
            "head": "echo path,renamed,kept > done.csv",
            "next": f"sed -n {known['line']}p CHECKLIST",
            "look": f"grep -nE '\\<({'|'.join(old for old, _ in names)})\\>|import \\*|pinned' {file}",
            "edit": f"sed -i '{_script(edits[-AT_ONCE:], names)}' {file}",
            "tick": f"echo {file},{known['renamed']},{known['kept']} >> done.csv",
        }
        return commands.get(known["stage"], SUBMIT)

    def learn(self, memory: Mapping[str, Any], command: str, output: str) -> dict[str, Any]:
        """Take names, file or edits from the output."""
        known, text = recalled(memory, _START), printed(output)
        stage = known["stage"]
        if stage == "begin" and (pairs := re.findall(r"`(\w+)` -> `(\w+)`", text)):
            return known | {"stage": "head", "names": [list(pair) for pair in pairs]}
        if stage == "head":
            return known | {"stage": "next"}
        if stage == "next":
            file = re.search(r"[\w/]+\.py", text)
            return known | ({"stage": "look", "file": file[0]} if file else {"stage": "end"})
        if stage == "look":
            return known | _decided(text, known)
        if stage == "edit":
            left = known["edits"].split()[:-AT_ONCE]
            return known | {"stage": "edit" if left else "tick", "edits": " ".join(left)}
        if stage == "tick":
            return known | {"stage": "next", "line": known["line"] + 1, "file": ""}
        return known


def _script(edits: list[str], names: list[list[str]]) -> str:
    """The edits for sed, the last of a line first, so that they do not change each other's numbers."""
    parts = [[int(number) for number in edit.split(".")] for edit in edits]
    return ";".join(
        f"{line}s/\\<{names[at][0]}\\>/{names[at][1]}/{occurrence}"
        for line, at, occurrence in reversed(parts)
        if at < len(names)
    )


def _decided(text: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Which occurrences in a file to rename, and what the file tells about names of its own."""
    lines = [(int(number), line) for number, line in re.findall(r"^(\d+):(.*)", text, re.M)]
    pinned = any("# pinned" in line for _, line in lines)
    own = _own_names(lines, known)
    edits, kept = [], 0
    for number, at, occurrence, is_api in _occurrences(lines, known["names"], own):
        if is_api and not pinned:
            edits.append(f"{number}.{at}.{occurrence}")
        else:
            kept += 1
    decided = {"stage": "edit" if edits else "tick", "edits": " ".join(edits), "renamed": len(edits), "kept": kept}
    module = known["file"].removeprefix("repo/").removesuffix(".py").replace("/", ".")
    if module.endswith(".base") and own:
        decided["own"] = known["own"] | {module: sorted(own)}
    return decided


def _own_names(lines: list[tuple[int, str]], known: Mapping[str, Any]) -> set[int]:
    """Numbers of the names that mean something else in this file: defined there, or from elsewhere than core.client."""
    own: set[int] = set()
    for _, line in lines:
        source = re.match(r"from ([\w.]+) import (.*)", line)
        if source and source[2] == "*":
            own |= set(known["own"].get(source[1], ()))
        for at, (old, _) in enumerate(known["names"]):
            imported = source and source[1] != "core.client" and re.search(rf"\b{old}\b", source[2])
            if imported or re.match(rf"\s*def {old}\(", line):
                own.add(at)
    return own


def _occurrences(
    lines: list[tuple[int, str]], names: list[list[str]], own: set[int]
) -> Iterator[tuple[int, int, int, bool]]:
    """(line, name, which occurrence of it in the line, whether it is the API's function)."""
    for number, line in lines:
        for at, (old, _) in enumerate(names):
            for occurrence, match in enumerate(re.finditer(rf"\b{old}\b", line), 1):
                before, after = line[: match.start()], line[match.end() :]
                if before.count('"') % 2 or re.match(r"=[^=]", after):
                    is_api = False
                elif before.endswith("."):
                    is_api = bool(re.search(r"(?<![\w.])client\.$", before))
                else:
                    is_api = at not in own
                yield number, at, occurrence, is_api
