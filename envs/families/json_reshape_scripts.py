"""The scripts that solve json-reshape, filled in with `str.format` where they have fields."""

# ruff: noqa: E501 - dense on purpose: scripts typed into a shell, not code of this package

from __future__ import annotations

PAGES_ORACLE = """\
cat > /tmp/fold.py <<'PY'
import datetime as dt, glob, json
skip, best = {skip!r}, {{}}
for path in sorted(glob.glob("/workspace/export/*.json")):
    for item in json.load(open(path))["items"]:
        old = best.get(item["id"])
        if old is None or (item["version"] > old["version"] and skip != "versions"): best[item["id"]] = item
rows = []
for key in sorted(best):
    item = best[key]
    if item.get("deleted_at") and skip != "deletions": continue
    row = {{}}
    for name, path in {columns!r}:
        value = item
        for part in path.split("."): value = value.get(part) if isinstance(value, dict) else None
        if name == "created" and skip != "offsets": value = dt.datetime.fromisoformat(value).astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        row[name] = value
    rows.append(row)
open({output!r}, "w").writelines(json.dumps(row) + "\\n" for row in rows)
PY
python3 /tmp/fold.py
"""

EVENTS_ORACLE = """\
cat > /tmp/fold.py <<'PY'
import glob, gzip, json, os, re
skip, level = {skip!r}, {level}
def merge(target, patch):
    if not isinstance(patch, dict): return patch
    target = dict(target) if isinstance(target, dict) else {{}}
    for name, value in patch.items():
        if value is None and skip != "nulls": target.pop(name, None)
        else: target[name] = merge(target.get(name), value)
    return target
def upgrade(old):
    new, limits = {{}}, {{}}
    for name, value in old.items():
        if name == "owner" and isinstance(value, str):
            who = re.fullmatch("(.*) <(.*)>", value); new["owner"] = {{"name": who[1], "email": who[2]}}
        elif name.endswith("_limit"): limits[name[:-6]] = value
        else: new[name] = value
    if limits: new["limits"] = limits
    return new
events, seen = [], set()
for path in sorted(glob.glob("/workspace/export/*.ndjson*")):
    for line in (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8"):
        try: event = json.loads(line)
        except ValueError: continue
        if event["event"] not in seen: seen.add(event["event"]); events.append(event)
if skip != "order": events.sort(key=lambda event: event["seq"])
ended = {{}}
if level == 5:
    for line in open("/workspace/transactions.ndjson"): t = json.loads(line); ended[t["txn"]] = t["status"]
state = {{}}
for event in events:
    if event.get("txn") and skip != "transactions" and ended.get(event["txn"]) != "committed": continue
    key, body = str(event["key"]), event.get("doc", event.get("patch"))
    if event.get("v") == 1 and body is not None and skip != "schemas": body = upgrade(body)
    if event["op"] == "put": state[key] = body
    elif event["op"] == "patch": state[key] = merge(state.get(key, {{}}), body)
    elif skip != "deletions": state.pop(key, None)
if level == 5 and skip != "redactions":
    for entry in json.load(open("/workspace/redactions.json")):
        spot = state.get(entry["key"]); parts = [p.replace("~1", "/").replace("~0", "~") for p in entry["pointer"].split("/")[1:]]
        for part in parts[:-1]: spot = spot.get(part) if isinstance(spot, dict) else None
        if isinstance(spot, dict): spot.pop(parts[-1], None)
with open({output!r}, "w") as out:
    if {output!r}.endswith(".json"): json.dump(state, out)
    else: out.writelines(json.dumps({{"key": key, "document": state[key]}}) + "\\n" for key in sorted(state))
PY
python3 /tmp/fold.py
"""
