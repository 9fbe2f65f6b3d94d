"""The page on the logs and the scripted solution of the family `incident-trail`."""

# ruff: noqa: E501 - dense on purpose: a script typed into a shell, not code of this package

from __future__ import annotations

README = """\
# Logs

`logs/SERVICE/SERVICE.log` and its rotated predecessors (`.1` is the youngest of them, the older ones are gzipped).
Each team writes in its own way: key=value, JSON (`ts` counts seconds since 1970, UTC) or prose. All times are UTC.

An item is handed from service to service and gets another id each time; `from=SERVICE/ID` is where it came from. An
item may be tried several times, from several sources. Only the line that says `applied` counts; what was rejected,
expired or ignored had no effect.

`from=batch/ID`: the item came out of a batch. The same service logs the parts of that batch, one line for each tenant;
the item came from where the part of its own tenant came from.

`was=` (`until then` in prose): in everything that is older the tenant goes by this other name. Old names are given
to others later, so the same name can mean somebody else in older logs.

The trail ends where a line says `by=` (`entered by`) instead of `from=`.

# Report

- `/workspace/trail.csv`: header `service,item,file,time`, then one row for each item of the trail, the one in ALERT.txt
  first, its origin last. `file` is the name of the log file (without folder) that holds the line that says `applied`,
  `time` the time of that line as YYYY-MM-DDTHH:MM:SSZ. Batches have no row.
- `/workspace/origin.txt`: what entered the item at its origin, for example job-17.
"""

# the solution, with places where careless ones differ
SCRIPT = """\
cat > /tmp/trail.py <<'PY'
import datetime, glob, gzip, re
slip, folder = "{slip}", "/workspace/"
alert = re.search(r"Item (\\w+) of tenant (t-\\d+) \\w+ (\\w+)", open(folder + "ALERT.txt").read())
item, tenant, service = alert.groups()
logs, rows, by = {{}}, ["service,item,file,time"], ""
def lines(service):
    if service not in logs:
        paths = sorted(glob.glob(f"{{folder}}logs/{{service}}/*"), reverse=True)
        if slip == "rotation": paths = [path for path in paths if path.endswith(".log")]
        logs[service] = [(path.rpartition("/")[2], line) for path in paths
                         for line in (gzip.open if path.endswith(".gz") else open)(path, "rt")]
    return logs[service]
source = re.compile(r'(?:from=|"from":"|received from )(\\w+)/(\\w+)')
while item:
    hits = [hit for hit in lines(service) if item in hit[1] and (slip == "attempts" or "applied" in hit[1])]
    if not hits: break
    file, line = hits[0]
    iso, epoch = re.search(r"(\\d{{4}}-\\d\\d-\\d\\d)[T ](\\d\\d:\\d\\d:\\d\\d)", line), re.search(r'"ts":(\\d+)', line)
    time = f"{{iso[1]}}T{{iso[2]}}Z" if iso else datetime.datetime.fromtimestamp(int(epoch[1]), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows.append(f"{{service}},{{item}},{{file}},{{time}}")
    was = re.search(r'(?:was=|"was":"|until then )(t-\\d+)', line)
    if was and slip != "names": tenant = was[1]
    by, origin = re.search(r'(?:by=|"by":"|entered by )([\\w-]+)', line), source.search(line)
    if not origin or slip == "half" and len(rows) > {half}: break
    if origin[1] == "batch":
        parts = [line for file, line in lines(service) if origin[2] in line and "batch" in line and "applied" not in line]
        parts = [line for line in parts if tenant in line] or parts if slip != "tenants" else parts
        origin = source.search(parts[0]) if parts else None
        if not origin: break
    service, item = origin.groups()
open(folder + "trail.csv", "w").write("\\n".join(rows) + "\\n")
open(folder + "origin.txt", "w").write((by[1] if by else "job-1") + "\\n")
PY
python3 /tmp/trail.py
"""
