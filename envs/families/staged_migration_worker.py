"""The worker of `staged-migration`: the open table, its stage, and the bases that later tables will ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from selftrain.envs.families.long_work import SUBMIT, printed, recalled

# "how" are the options of convert, "asked" the tables that the open one refers to, "with" orphans or the seal,
# "bases" maps a table to its base and to how many tables will still ask for it
_START: Mapping[str, Any] = {
    "of": "migration",
    "table": "",
    "stage": "begin",
    "how": "",
    "asked": [],
    "with": "",
    "bases": {},
}


@dataclass(frozen=True)
class MigrationWorker:
    """Looks at a table, converts, verifies, drops orphans, switches, and goes on to the table named."""

    def command(self, memory: Mapping[str, Any]) -> str:
        """The command of the stage that the open table is in."""
        known = recalled(memory, _START)
        table, stage = known["table"], known["stage"]
        if stage == "begin":
            return "grep -o 'Begin with .*`' RUNBOOK.md"
        if stage == "look":
            return f"head -n 5 v1/{table}.csv"
        if stage == "convert":
            bases = (f" --base {name}={known['bases'].get(name, [0])[0]}" for name in known["asked"])
            return f"./migrate.py convert {table} {known['how']}{''.join(bases)}"
        if stage == "verify":
            return f"./migrate.py verify {table}"
        return SUBMIT if stage == "end" else f"./migrate.py {stage} {table} {known['with']}"

    def learn(self, memory: Mapping[str, Any], command: str, output: str) -> dict[str, Any]:
        """Take what the next stage needs from the output; output that does not have it leaves the memory as it is."""
        known, text = recalled(memory, _START), printed(output)
        stage = known["stage"]
        if stage == "begin" and (first := re.search(r"Begin with `(\w+)`", text)):
            return known | {"table": first[1], "stage": "look"}
        if stage == "look" and (header := re.search(r"^id,.*", text, re.M)):
            asked = re.findall(r"(\w+)_id\b", header[0])
            return known | {"stage": "convert", "how": _formats(text[header.end() :]), "asked": asked}
        if stage == "convert" and (base := re.search(r" base (\d+)\nlater asked for by: (.*)", text)):
            return known | {"stage": "verify", "bases": _bases(known, int(base[1]), base[2].split()), "how": ""}
        if stage == "verify" and (found := re.search(r"(orphans: |seal )([\w ]+)", text)):
            return known | {"stage": "switch" if found[1] == "seal " else "drop", "with": found[2]}
        if stage == "drop" and "dropped" in text:
            return known | {"stage": "verify", "with": ""}
        if stage == "switch" and "is switched" in text:
            following = re.search(r"Next: (\w+)", text)
            following_stage = {"table": following[1], "stage": "look"} if following else {"stage": "end"}
            return known | following_stage | {"with": "", "asked": []}
        return known


def _formats(rows: str) -> str:
    dates = re.findall(r"(\d+)/(\d+)/\d{4}", rows)
    day = "iso" if not dates else "mdy" if any(int(middle) > 12 for _, middle in dates) else "dmy"
    amount = "comma" if '"' in rows else "point" if re.search(r",\d+\.\d", rows) else "cents"
    return f"--day {day} --amount {amount}"


def _bases(known: Mapping[str, Any], base: int, children: list[str]) -> dict[str, list[int]]:
    """The bases that somebody will still ask for, the new one among them."""
    uses_of_new = 0 if children == ["nobody"] else len(children)
    bases = {**known["bases"], known["table"]: [base, uses_of_new]}
    left = {name: [number, uses - (name in known["asked"])] for name, (number, uses) in bases.items()}
    return {name: pair for name, pair in left.items() if pair[1] > 0}
