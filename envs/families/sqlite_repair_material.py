"""Schemas, runbook, probes and a careful solution of the family `sqlite-repair`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from selftrain.envs.families.material import pick

# the pages of the table of lines and of every index are lost, and so is the first line of the file's header
BREAK = b"""\
import sqlite3, sys
path = "/workspace/data.db"
base = sqlite3.connect(path)
size = base.execute("PRAGMA page_size").fetchone()[0]
lost = "SELECT rootpage FROM sqlite_master WHERE type = 'index' OR name = ?"
pages = [row[0] for row in base.execute(lost, sys.argv[1:])]
base.close()
with open(path, "rb+") as file:
    for page in pages:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    file.seek(0)
    file.write(bytes(16))
"""

DUMP = b"""\
import json, sqlite3
ask = json.load(open("/tmp/.case/ask.json"))
base = sqlite3.connect("/workspace/data.db", isolation_level=None)
base.execute("PRAGMA trusted_schema=OFF")
base.execute("PRAGMA foreign_keys=ON")
found = {"integrity": base.execute("PRAGMA integrity_check").fetchone()[0], "tables": {}, "probes": {}}
for name, count in ask["tables"].items():
    kind = base.execute("SELECT type FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    if kind == ("table",):
        rows = base.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchmany(100000)
        found["tables"][name] = [list(row[:count]) for row in rows]
for name, statement in ask["probes"].items():
    base.execute("BEGIN")
    try:
        base.execute(statement)
        # a deferred foreign key speaks up at the end of the transaction only
        found["probes"][name] = base.execute("PRAGMA foreign_key_check").fetchone() is None
    except sqlite3.IntegrityError:
        found["probes"][name] = False
    base.execute("ROLLBACK")
json.dump(found, open("/tmp/.case/found.json", "w"))
"""


def schema(theme: Mapping[str, str]) -> str:
    """The tables as the application made them, without the constraints that it should have had."""
    t = theme
    return f"""\
CREATE TABLE {t["customer"]} (id INTEGER PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL);
CREATE TABLE {t["order"]} (id INTEGER PRIMARY KEY, {t["customer"]}_id INTEGER NOT NULL, {t["at"]} TEXT NOT NULL,
  status TEXT NOT NULL, total_cents INTEGER NOT NULL);
CREATE TABLE {t["line"]} (id INTEGER PRIMARY KEY, {t["order"]}_id INTEGER NOT NULL, product TEXT NOT NULL,
  quantity INTEGER NOT NULL, cents_each INTEGER NOT NULL);
CREATE INDEX {t["order"]}_by_{t["customer"]} ON {t["order"]}({t["customer"]}_id);"""


def _noun(name: str) -> str:
    return name.replace("_", " ")


def runbook(theme: Mapping[str, str], level: int) -> str:
    """The rules of the repair, in the order in which they apply."""
    t = theme
    people, order, line = t["customer"], t["order"], t["line"]
    steps = []
    if level == 5:
        steps.append(
            f"The disk lost blocks: the database does not open, every index and the table `{line}` are gone, the other "
            f"tables are whole. `/workspace/backup/{line}.csv` is last night's export of `{line}`, and "
            f"`{line}.journal.jsonl` beside it holds every change since then, in order. Together they give the table "
            "as it was."
        )
    if level >= 2:
        steps += [
            f"Rows of `{people}` with the same region and the same name, white space at its ends and ASCII case aside, "
            f"are one {_noun(people)}. The row with the lowest id stays as it is, what points at the others is "
            "pointed at it, and the others go.",
            f"Rows of `{order}` whose {_noun(people)} does not exist (and did not before) go.",
        ]
    steps.append(f"Rows of `{line}` whose {_noun(order)} does not exist go.")
    if level >= 4:
        steps.append(
            f"Rows of `{line}` with a quantity of 0 or less leave the table; their ids go to a table "
            "`rejected_line (id INTEGER PRIMARY KEY)`."
        )
    steps.append(f"Rows of `{line}` that agree in everything but the id were imported again: the lowest id stays.")
    if level >= 3:
        steps += [
            f"`{order}.total_cents` is the sum of quantity times cents_each over its rows of `{line}`, 0 without any.",
            f"From then on the database itself must refuse a second row of `{line}` with the same {order}_id, product, "
            "quantity and cents_each.",
        ]
    if level >= 4:
        steps.append(
            f"With `PRAGMA foreign_keys=ON` it must also refuse a row of `{line}` whose {_noun(order)}, "
            f"and one of `{order}` whose "
            f"{_noun(people)}, does not exist; and always a row of `{line}` with a quantity of 0 or less."
        )
    listed = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    columns = "Tables keep their names, and their columns keep names and order. "
    return f"# Repair\n\nApply the steps in this order.\n\n{listed}\n\n{columns}Ids never change.\n"


def instruction(rng: np.random.Generator, theme: Mapping[str, str], level: int) -> str:
    """What the agent is told."""
    opening = pick(
        rng,
        (
            f"/workspace/data.db, the SQLite database of our {theme['what']} system, holds broken data.",
            f"An import into the {theme['what']} database /workspace/data.db (SQLite) went wrong.",
            f"Reports from /workspace/data.db, the SQLite database of the {theme['what']} business, cannot be true.",
        ),
    )
    lost = " On top of that its disk failed, and the file does not even open." if level == 5 else ""
    return (
        f"{opening}{lost} Repair it as /workspace/RUNBOOK.md says. At the end /workspace/data.db must be a sound "
        "database (`PRAGMA integrity_check` says ok) with exactly the rows that the runbook leaves."
    )


def probes(theme: Mapping[str, str], level: int, top: int, row: Sequence[int | str]) -> dict[str, tuple[str, bool]]:
    """Name → (statement on the repaired database, whether it must be accepted)."""
    t = theme
    _, order, product, quantity, cents = row

    def insert(order_id: object, item: object, count: object) -> str:
        values = f"({top + 1}, {order_id}, '{item}', {count}, {cents})"
        return f"INSERT INTO {t['line']} (id, {t['order']}_id, product, quantity, cents_each) VALUES {values}"

    asked = {"a new line": (insert(order, "something else", 3), True)}
    if level >= 3:
        asked["a line again"] = (insert(order, product, quantity), False)
    if level >= 4:
        asked["a line of nothing"] = (insert(order, "something else", 0), False)
        asked["a line without its head"] = (insert(999_999, "something else", 3), False)
        head = f"INSERT INTO {t['order']} VALUES (999998, 999999, '2024-01-01 00:00:00', 'open', 0)"
        asked["a head without its owner"] = (head, False)
    return asked


_RECOVER = """\
cat > /tmp/recover.py <<'EOF'
import csv, json, os, sqlite3, sys
customer, order, line, journal = sys.argv[1:5]
path = "/workspace/data.db"
with open(path, "rb+") as file:
    file.write(b"SQLite format 3\\0")
old = sqlite3.connect(path)
new = sqlite3.connect("/workspace/new.db")
for (sql,) in old.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"):
    new.execute(sql)
for table in (customer, order):
    for row in old.execute(f"SELECT * FROM {table} NOT INDEXED"):
        new.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
rows = {}
for row in csv.DictReader(open(f"/workspace/backup/{line}.csv", newline="")):
    rows[int(row["id"])] = {k: v if k == "product" else int(v) for k, v in row.items()}
for text in open(f"/workspace/backup/{line}.journal.jsonl") if journal == "yes" else []:
    entry = json.loads(text)
    if entry["op"] == "insert":
        rows[entry["row"]["id"]] = entry["row"]
    elif entry["op"] == "update":
        rows[entry["id"]].update(entry["set"])
    else:
        del rows[entry["id"]]
new.executemany(f"INSERT INTO {line} VALUES (?,?,?,?,?)", [tuple(row.values()) for row in rows.values()])
new.commit()
os.replace("/workspace/new.db", path)
EOF
"""


def oracle(theme: Mapping[str, str], level: int, without: str = "") -> tuple[str, ...]:
    """Commands that repair the database, or leave one step out."""
    t = theme
    people, order, line = t["customer"], t["order"], t["line"]
    owner, head = f"{people}_id", f"{order}_id"
    steps = ["BEGIN;"]
    if level >= 2:
        key = "lower(trim({0}.name)) = lower(trim(k.name)) AND {0}.region = k.region"
        first = f"SELECT min(k.id) FROM {people} k, {people} c WHERE c.id = {order}.{owner} AND {key.format('c')}"
        steps.append(f"UPDATE {order} SET {owner} = coalesce(({first}), {owner});")
        same = f"SELECT 1 FROM {people} k WHERE k.id < {people}.id AND {key.format(people)}"
        steps.append(f"DELETE FROM {people} WHERE EXISTS ({same});")
        if without != "orders":
            steps.append(f"DELETE FROM {order} WHERE {owner} NOT IN (SELECT id FROM {people});")
    steps.append(f"DELETE FROM {line} WHERE {head} NOT IN (SELECT id FROM {order});")
    if level >= 4:
        steps.append("CREATE TABLE rejected_line (id INTEGER PRIMARY KEY);")
        steps.append(f"INSERT INTO rejected_line SELECT id FROM {line} WHERE quantity <= 0;")
        steps.append(f"DELETE FROM {line} WHERE quantity <= 0;")
    fields = f"{head}, product, quantity, cents_each"
    if without != "duplicates":
        steps.append(f"DELETE FROM {line} WHERE id NOT IN (SELECT min(id) FROM {line} GROUP BY {fields});")
    if level >= 3:
        value = f"SELECT sum(quantity * cents_each) FROM {line} WHERE {head} = {order}.id"
        steps.append(f"CREATE INDEX by_head ON {line}({head});")
        steps.append(f"UPDATE {order} SET total_cents = coalesce(({value}), 0);")
    if level >= 4 and without != "constraints":
        steps += _with_constraints(theme)
    if level >= 3 and without != "constraints":
        steps.append(f"CREATE UNIQUE INDEX line_once ON {line}({fields});")
    sql = "\n".join([*steps, "COMMIT;"])
    repair = f"cat > /tmp/repair.sql <<'EOF'\n{sql}\nEOF\nsqlite3 /workspace/data.db < /tmp/repair.sql"
    if level < 5:
        return (repair,)
    journal = "no" if without == "journal" else "yes"
    return (f"{_RECOVER}python3 /tmp/recover.py {people} {order} {line} {journal}", repair)


def _with_constraints(theme: Mapping[str, str]) -> list[str]:
    """Both tables made again with the constraints that cannot be added to a table."""
    t = theme
    lines = schema(theme).replace(f"CREATE TABLE {t['order']} ", "CREATE TABLE new_order ")
    lines = lines.replace(f"CREATE TABLE {t['line']} ", "CREATE TABLE new_line ")
    lines = lines.replace(
        f"{t['customer']}_id INTEGER NOT NULL", f"{t['customer']}_id INTEGER NOT NULL REFERENCES {t['customer']}(id)"
    ).replace(f"{t['order']}_id INTEGER NOT NULL", f"{t['order']}_id INTEGER NOT NULL REFERENCES {t['order']}(id)")
    lines = lines.replace("quantity INTEGER NOT NULL", "quantity INTEGER NOT NULL CHECK (quantity > 0)")
    _, new_order, new_line, index = [part.strip() + ";" for part in lines.rstrip(";").split(";")]
    return [
        new_order,
        f"INSERT INTO new_order SELECT * FROM {t['order']};",
        f"DROP TABLE {t['order']};",
        f"ALTER TABLE new_order RENAME TO {t['order']};",
        new_line,
        f"INSERT INTO new_line SELECT * FROM {t['line']};",
        f"DROP TABLE {t['line']};",
        f"ALTER TABLE new_line RENAME TO {t['line']};",
        index,
    ]
