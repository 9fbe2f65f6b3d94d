"""The scripts that solve the outage of log-forensics, filled in with `str.format` where they have fields."""

# ruff: noqa: E501 - dense on purpose: scripts typed into a shell, not code of this package

from __future__ import annotations

ORACLE = """\
cat > /tmp/outage.py <<'PY'
import collections, datetime as dt, glob, gzip, json, re
skip, since, until = {skip!r}, dt.datetime.fromisoformat({since!r}), dt.datetime.fromisoformat({until!r})
level, skews, seen, rows = {level}, {skews!r}, set(), []
form = re.compile(r'(\\S+) - \\S+ \\[([^]]+)\\] "(\\S+) (\\S+) [^"]*" (\\d+) (\\d+) "[^"]*" "([^"]*)" "([^"]*)" rt=([\\d.]+) rid=(\\w+)')
for path in sorted(glob.glob("/workspace/logs/*/access.log*")):
    if skip == "rotation" and not path.endswith("access.log"): continue
    host = path.split("/")[3]
    for line in (gzip.open if path.endswith(".gz") else open)(path, "rt"):
        if line.startswith("{{"):
            got = json.loads(line)
            peer, at, target, status, size = got["remote_addr"], dt.datetime.fromisoformat(got["time"]), got["uri"], got["status"], got["bytes"]
            agent, passed, ms, rid = got["agent"], got["xff"], got["ms"], got["rid"]
        else:
            m = form.match(line)
            peer, at = m[1], dt.datetime.strptime(m[2], "%d/%b/%Y:%H:%M:%S %z")
            if skip == "offsets": at = at.replace(tzinfo=dt.timezone.utc)
            target, status, size, agent, passed, ms, rid = m[4], int(m[5]), int(m[6]), m[7], m[8], round(float(m[9]) * 1000), m[10]
        at -= dt.timedelta(seconds=0 if skip == "skew" else skews.get(host, 0))
        if not since <= at < until: continue
        if rid in seen and level >= 3 and skip != "duplicates": continue
        seen.add(rid)
        if agent.startswith(("kube-probe/", "ELB-HealthChecker/")) and level >= 3 and skip != "probes": continue
        client = passed.split(",")[-1].strip() if level >= 4 and passed != "-" and skip != "proxies" else peer
        rows.append((at, client, target.split("?")[0], status, size, ms))
bad = [row for row in rows if row[3] >= 500]
def top(at, count): return sorted(collections.Counter(row[at] for row in bad).items(), key=lambda pair: (-pair[1], pair[0]))[:count]
report = {{"requests": len(rows), "server_errors": len(bad), "first_error": min(bad)[0].astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "paths": [{{"path": key, "errors": count}} for key, count in top(2, 3)], "clients": [{{"address": key, "errors": count}} for key, count in top(1, 5)]}}
if level >= 3: report["bytes_of_errors"] = sum(row[4] for row in bad)
if level == 5: times = sorted(row[5] for row in rows); report["p95_ms"] = times[-(-95 * len(times) // 100) - 1]
json.dump(report, open("/workspace/report.json", "w"))
PY
python3 /tmp/outage.py
"""
