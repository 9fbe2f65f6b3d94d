"""The scripts that solve csv-reshape, filled in with `str.format` where they have fields."""

# ruff: noqa: E501 - dense on purpose: scripts typed into a shell, not code of this package

from __future__ import annotations

ORACLE = """\
mkdir -p /workspace/out; cat > /tmp/reshape.py <<'PY'
import csv, datetime as dt, glob, io, json, os, re
skip, level = {skip!r}, {level}
best, cancelled = {{}}, set(json.loads({cancelled!r}))
for path, d in json.loads({dialects!r}).items():
    text = open("/workspace/in/" + path, encoding=d["encoding"], newline="").read().lstrip("\\ufeff")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=d["delimiter"])
    names = None
    for row in rows:
        if names is None:
            if set(d["header"]) <= set(row): names = [{fields!r}[d["header"].index(cell)] for cell in row]
            continue
        got = dict(zip(names, row))
        if not re.fullmatch("[A-Z]{{2}}-[0-9]{{6}}", got.get("order_id", "")): continue
        got["dialect"] = d
        old = best.get(got["order_id"])
        if old is None or (int(got["rev"]) > int(old["rev"]) and skip != "revisions"): best[got["order_id"]] = got
skus = dict(csv.reader(open("/workspace/skus.csv"))) if level >= 4 else None
rates = {{}}
if level >= 4:
    for row in csv.DictReader(open("/workspace/fx.csv")): rates.setdefault(row["currency"], []).append((row["date"], int(row["rate"].replace(".", ""))))
voids = set(open("/workspace/void.txt").read().split()) if level == 5 and skip != "voids" else set()
forms = {forms!r}
lines, rejects, totals = [], [], {{}}
for key in sorted(best):
    got = best[key]; d = got["dialect"]
    if key in voids or (got["status"] in cancelled and skip != "cancellations"): continue
    reason, day = "", None
    try: day = dt.datetime.strptime(got["date"], forms[d["dates"]]).date()
    except ValueError: reason = "bad_date"
    if not reason and not re.fullmatch("[1-9][0-9]*", got["quantity"]): reason = "bad_quantity"
    if not reason and level >= 4 and got["sku"] not in skus: reason = "unknown_sku"
    if reason: rejects.append([key, reason]); continue
    price = got["price"].replace(d["thousands"], "") if d["thousands"] else got["price"]
    cents = int(price.replace(d["decimal"], "")) * int(got["quantity"])
    if level >= 4 and got["currency"] != "EUR" and skip != "currencies":
        rate = max(r for r in rates[got["currency"]] if r[0] <= day.isoformat())[1]
        cents = (cents * rate + 5000) // 10000
    lines.append([key, day.isoformat(), " ".join(got["customer"].split()), got["sku"], got["quantity"], f"{{cents // 100}}.{{cents % 100:02d}}"])
    per = totals.setdefault(got["sku"], {{}}); month = day.isoformat()[:7]; per[month] = per.get(month, 0) + cents
months = sorted({{m for per in totals.values() for m in per}})
def put(name, rows): csv.writer(open("/workspace/out/" + name, "w", newline="")).writerows(rows)
put("lines.csv", [["order_id", "date", "customer", "sku", "quantity", "amount"], *lines])
put("pivot.csv", [["sku", *months], *[[s, *[f"{{p.get(m, 0) // 100}}.{{p.get(m, 0) % 100:02d}}" for m in months]] for s, p in sorted(totals.items())]])
put("rejects.csv", [["order_id", "reason"], *rejects])
PY
python3 /tmp/reshape.py
"""
