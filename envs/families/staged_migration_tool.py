"""The tool, the runbook and the scripted solution of the family `staged-migration`."""

# ruff: noqa: E501 - dense on purpose: a script typed into a shell, not code of this package

from __future__ import annotations

TOOL = '''\
#!/usr/bin/env python3
"""Moves tables from v1/ to v2/, one stage after the other. RUNBOOK.md tells how."""

import csv
import datetime
import decimal
import hashlib
import json
import pathlib
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
STATE = HERE / "state.json"
DAYS = {"iso": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}


def old(table):
    lines = (HERE / "v1" / f"{table}.csv").read_text().splitlines()
    trailer = dict(item.split("=") for item in lines[-1].removeprefix("#").split())
    return list(csv.DictReader(lines[:-1])), trailer


def block(table):
    return 40 + zlib.crc32((HERE / "v1" / f"{table}.csv").read_bytes()) % 900


def moved(table):
    with open(HERE / "v2" / f"{table}.csv", newline="") as file:
        return list(csv.DictReader(file))


def save(table, rows, header):
    with open(HERE / "v2" / f"{table}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\\n")
        writer.writeheader()
        writer.writerows(rows)


def cents(text, amount):
    number = decimal.Decimal(text.replace(",", ".") if amount == "comma" else text)
    return int(number if amount == "cents" else number * 100)


def orphans(table):
    rows = moved(table)
    found = []
    for column in rows[0] if rows else ():
        if column.endswith("_id"):
            there = {row["id"] for row in moved(column[:-3])}
            found += [row["id"] for row in rows if row[column] not in there and row["id"] not in found]
    return sorted(found, key=int)


def seal(table):
    return hashlib.sha256((HERE / "v2" / f"{table}.csv").read_bytes()).hexdigest()[:8]


def convert(state, table, words):
    if state["converted"]:
        sys.exit(f"{table} is converted already; `undo {table}` takes that back")
    options = dict(zip(words[::2], words[1::2]))
    bases = dict(word.split("=") for option, word in zip(words[::2], words[1::2]) if option == "--base")
    if options.get("--day") not in DAYS or options.get("--amount") not in ("cents", "point", "comma"):
        sys.exit("give --day iso|dmy|mdy and --amount cents|point|comma")
    rows, trailer = old(table)
    for row in rows:
        row["id"] = int(row["id"]) + state["next_id"]
        for column in [name for name in row if name.endswith("_id")]:
            if column[:-3] not in bases:
                sys.exit(f"{table} has {column}: give --base {column[:-3]}=NUMBER")
            row[column] = int(row[column]) + int(bases[column[:-3]])
        row["amount"] = cents(row["amount"], options["--amount"])
        row["day"] = datetime.datetime.strptime(row["day"], DAYS[options["--day"]]).date().isoformat()
    save(table, rows, list(rows[0]))
    state |= {"converted": True, "base": state["next_id"], "next_id": state["next_id"] + block(table)}
    print(f"{table}: {len(rows)} rows converted, base {state['base']}")
    print(f"later asked for by: {trailer['asked_by'].replace(';', ' ')}")


def undo(state, table, words):
    if state["converted"]:
        (HERE / "v2" / f"{table}.csv").unlink()
        state |= {"converted": False, "next_id": state["base"]}
    print(f"{table}: not converted")


def verify(state, table, words):
    lost = orphans(table)
    if lost:
        print(f"{table}: {len(lost)} orphans: {' '.join(lost)}")
    else:
        print(f"{table}: {len(moved(table))} rows, no orphans, seal {seal(table)}")


def drop(state, table, words):
    rows = moved(table)
    save(table, [row for row in rows if row["id"] not in words], list(rows[0]))
    print(f"{table}: {len(rows) - len(moved(table))} rows dropped")


def switch(state, table, words):
    if not state["converted"] or words != [seal(table)]:
        sys.exit(f"that is not the seal of {table}: verify it first")
    with open(HERE / "switched.csv", "a") as file:
        file.write(f"{table},{state['base']},{len(moved(table))}\\n")
    following = old(table)[1]["then"]
    state |= {"open": following, "converted": False}
    print(f"{table} is switched. Next: {following}" if following != "-" else f"{table} is switched. It was the last.")


def main(words):
    stages = {"convert": convert, "undo": undo, "verify": verify, "drop": drop, "switch": switch}
    if len(words) < 2 or words[0] not in stages:
        sys.exit(f"usage: migrate.py {'|'.join(stages)} TABLE ...")
    state = json.loads(STATE.read_text())
    if words[1] != state["open"]:
        sys.exit(f"{words[1]} is not open: it is not its turn")
    stages[words[0]](state, words[1], words[2:])
    STATE.write_text(json.dumps(state))


if __name__ == "__main__":
    main(sys.argv[1:])
'''

RUNBOOK = """\
# From v1 to v2

Begin with `{first}`. One table is open at a time; `switch` closes it and names the next. For each table:

1. Look at the first lines of v1/TABLE.csv. The columns that end in `_id` refer to other tables. Departments wrote
   days and amounts in their own ways: `iso` 2024-03-31, `dmy` 31/03/2024, `mdy` 03/31/2024; `cents` 1250,
   `point` 12.50, `comma` "12,50".
2. `./migrate.py convert TABLE --day iso|dmy|mdy --amount cents|point|comma [--base PARENT=NUMBER]...`
   New ids are the old ones plus a base, which it prints. The tool keeps no list of bases and cannot tell a wrong one:
   hand over those of all tables that TABLE refers to. Write down what it prints, later tables will ask for it.
3. `./migrate.py verify TABLE` prints the seal, or the orphans: rows that refer to rows which are not in v2. Orphans
   that come from v1 are dropped: `./migrate.py drop TABLE ID...`, then verify again. Should nearly all rows be
   orphans, then a base was wrong: `./migrate.py undo TABLE` takes the conversion back.
4. `./migrate.py switch TABLE SEAL`. There is no way back from here.
"""

# the solution, with a place where a careless one differs
SCRIPT = """\
cd /workspace && python3 - <<'PY'
import contextlib, io, pathlib, re, sys
sys.path.insert(0, ".")
import migrate
slip, bases, count = "{slip}", {{}}, 0
def run(*words):
    said = io.StringIO()
    with contextlib.redirect_stdout(said): migrate.main(list(words))
    return said.getvalue()
table = re.search(r"Begin with `(\\w+)`", pathlib.Path("RUNBOOK.md").read_text())[1]
while table:
    lines = pathlib.Path(f"v1/{{table}}.csv").read_text().splitlines()[:-1]
    text = "\\n".join(lines[1:])
    amount = "comma" if '"' in text else "point" if re.search(r"\\d\\.\\d", text) else "cents"
    if slip == "amounts" and amount == "cents": amount = "point"
    dates = re.findall(r"(\\d+)/(\\d+)/\\d+", text)
    day = "iso" if not dates else "mdy" if any(int(b) > 12 for a, b in dates) else "dmy"
    words = ["convert", table, "--day", day, "--amount", amount]
    for column in lines[0].split(","):
        if column.endswith("_id"): words += ["--base", f"{{column[:-3]}}={{1000 if slip == 'bases' else bases[column[:-3]]}}"]
    bases[table] = re.search(r"base (\\d+)", run(*words))[1]
    lost = re.search(r"orphans: (.+)", run("verify", table))
    if lost: run("drop", table, *lost[1].split())
    following = re.search(r"Next: (\\w+)", run("switch", table, re.search(r"seal (\\w+)", run("verify", table))[1]))
    table, count = following and following[1], count + 1
    if slip == "half" and count == {half}: break
PY
"""
