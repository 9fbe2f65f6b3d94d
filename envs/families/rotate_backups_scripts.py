"""The scripts that solve rotate-backups, filled in with `str.format` where they have fields."""

# ruff: noqa: E501 - dense on purpose: scripts typed into a shell, not code of this package

from __future__ import annotations

ORACLE = """\
cat > /tmp/rotate.py <<'PY'
import configparser, csv, datetime as dt, hashlib, os, shutil, sys
style, level, skip = {style!r}, {level}, {skip!r}
root, aside = "/workspace/backups", "/workspace/quarantine"
policy = configparser.ConfigParser(); policy.read_string({policy!r})
periods = {{"daily": "%Y-%m-%d", "weekly": "%G-%V", "monthly": "%Y-%m"}}
held = set()
if os.path.exists("/workspace/holds.csv") and skip != "holds":
    held = {{row["file"] for row in csv.DictReader(open("/workspace/holds.csv")) if row["released"] == ""}}
base = {{}}
if os.path.exists("/workspace/catalog.csv"):
    base = {{row["file"]: row["base"] for row in csv.DictReader(open("/workspace/catalog.csv"))}}
table = []
for db in sorted(policy.sections()):
    rules = {{key: int(value) for key, value in policy[db].items() if key != "as_of"}}
    shift = dt.timedelta(minutes=0 if skip == "zone" else rules.get("utc_offset_minutes", 0))
    folder = f"{{root}}/{{db}}"
    names = [n for n in os.listdir(folder) if not n.endswith((".sha256", ".partial"))]
    def when(name): return dt.datetime.strptime(name, style.format(db=db))
    bad = set()
    for name in names:
        if level < 3 or skip == "checksums": break
        data = open(f"{{folder}}/{{name}}", "rb").read()
        side = f"{{folder}}/{{name}}.sha256"
        if not os.path.exists(side) or open(side).read().split()[0] != hashlib.sha256(data).hexdigest(): bad.add(name)
    good = [n for n in names if n not in bad]
    fulls = sorted((n for n in good if not base.get(n)), key=when, reverse=True)
    keep = set(fulls[: rules.get("last", 0)]) | (held & set(good))
    for period, form in periods.items():
        newest = {{}}
        for name in fulls: newest.setdefault((when(name) + shift).strftime(form), name)
        keep |= set(list(newest.values())[: rules.get(period, 0)])
    if "incremental_days" in rules:
        since = dt.datetime.fromisoformat(policy[db]["as_of"]) - dt.timedelta(days=rules["incremental_days"])
        for name in good if skip != "chains" else []:
            if base.get(name) and when(name) >= since:
                chain = [name]
                while base.get(chain[-1]): chain.append(base[chain[-1]])
                if set(chain) <= set(good): keep |= set(chain)
    for name in os.listdir(folder):
        stem = name[:-7] if name.endswith(".sha256") else name
        if stem in bad:
            os.makedirs(f"{{aside}}/{{db}}", exist_ok=True); shutil.move(f"{{folder}}/{{name}}", f"{{aside}}/{{db}}/{{name}}")
        elif stem not in keep: os.remove(f"{{folder}}/{{name}}")
    table.append([db, len(keep), len(names) - len(bad) - len(keep), len(bad)])
if level == 5:
    csv.writer(open("/workspace/report.csv", "w")).writerows([["database", "kept", "deleted", "quarantined"], *table])
PY
python3 /tmp/rotate.py
"""
