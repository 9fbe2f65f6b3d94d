"""The scripts that solve the break-in of log-forensics, filled in with `str.format` where they have fields."""

# ruff: noqa: E501 - dense on purpose: scripts typed into a shell, not code of this package

from __future__ import annotations

ORACLE = """\
cat > /tmp/breakin.py <<'PY'
import bisect, datetime as dt, glob, gzip, json, os, re
skip, offsets, newest = {skip!r}, {offsets!r}, dt.datetime.fromisoformat({newest!r})
least, minutes, follow, trusted = {least}, {minutes}, {follow}, set({trusted!r})
failures, logins, sudo = {{}}, [], []
for path in sorted(glob.glob("/workspace/logs/*/auth.log*")):
    if skip == "rotation" and not path.endswith("auth.log"): continue
    for line in (gzip.open if path.endswith(".gz") else open)(path, "rt"):
        m = re.match(r"(\\w{{3}} [ \\d]\\d [\\d:]{{8}}) (\\S+) (\\w+)\\S*: (.*)", line)
        if not m: continue
        local = dt.datetime.strptime(f"{{newest.year}} {{m[1]}}", "%Y %b %d %H:%M:%S")
        if local > newest + dt.timedelta(days=2): local = local.replace(year=newest.year - 1)
        at = local - dt.timedelta(minutes=0 if skip == "offsets" else offsets[m[2]])
        times, text = 1, m[4]
        again = re.match(r"message repeated (\\d+) times: \\[ (.*)\\]$", text)
        if again:
            times, text = int(again[1]), again[2]
            if skip == "repeats": times = 1
        hit = re.match(r"(Failed|Accepted) (password|publickey) for (?:invalid user )?(\\S+) from (\\S+) port", text)
        if hit and hit[1] == "Failed" and hit[2] == "password": failures.setdefault(hit[4], []).extend([at] * times)
        elif hit and hit[1] == "Accepted" and (hit[2] == "password" or skip == "methods"): logins.append((at, m[2], hit[3], hit[4]))
        who = re.match(r"\\s*(\\S+) : .*COMMAND=(.*)", text) if m[3] == "sudo" else None
        if who: sudo.append((at, m[2], who[1], who[2].rstrip()))
report = []
for at, host, account, address in sorted(logins):
    if address in trusted and skip != "trust": continue
    known = sorted(failures.get(address, []))
    count = bisect.bisect_left(known, at) - bisect.bisect_left(known, at - dt.timedelta(minutes=minutes))
    if count < least: continue
    end = at + dt.timedelta(minutes=follow)
    ran = [command for when, where, who, command in sorted(sudo) if (where, who) == (host, account) and at <= when <= end]
    report.append({{"time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "host": host, "account": account, "address": address, "failures": count, "commands": ran}})
json.dump(report, open("/workspace/report.json", "w"))
PY
python3 /tmp/breakin.py
"""
