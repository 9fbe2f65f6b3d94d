"""Program, runbook and a careful solution of the family `resume-pipeline`."""

from __future__ import annotations

RUN = '''\
#!/usr/bin/env python3
"""Batch run over shards/. Usage: run.py shard NAME[:LINE,LINE...]... | post NAME... | close NAME... |
rebuild NAME... | reverse NAME RECEIPT | merge | all"""
import csv, glob, json, os, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(HERE, name)


def append(name, line):
    with open(path(name), "rb+") as file:
        if file.seek(0, 2):
            file.seek(-1, 2)
            torn = file.read(1) != b"\\n"
            file.write((b"\\n" if torn else b"") + line.encode() + b"\\n")
        else:
            file.write(line.encode() + b"\\n")


def log(event, shard, **more):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    append("ledger.jsonl", json.dumps({"event": event, "shard": shard, **more, "at": at}))


def summarise(shard, skip):
    totals, rows = {}, 0
    with open(path(f"shards/{shard}.csv"), newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.reader(file), 1):
            if number == 1 or number in skip:
                continue
            if len(row) != 4 or not row[2].lstrip("-").isdigit():
                raise SystemExit(f"{shard}.csv line {number}: malformed row {row}")
            totals[row[1]] = totals.get(row[1], 0) + int(row[2])
            rows += 1
    return {"shard": shard, "rows": rows, "cents": sum(totals.values()), "totals": totals}


def write(shard, output):
    part = path(f"out/{shard}.json.part")
    with open(part, "w") as file:
        json.dump(output, file, indent=1, sort_keys=True)
        file.write("\\n")
    os.replace(part, path(f"out/{shard}.json"))


def load(shard):
    with open(path(f"out/{shard}.json")) as file:
        return json.load(file)


def do_shard(argument):
    """Everything for one shard, with a receipt of its own."""
    shard, _, skip = argument.partition(":")
    output = summarise(shard, {int(line) for line in skip.split(",") if line})
    output["receipt"] = os.urandom(8).hex()
    log("begin", shard)
    write(shard, output)
    do_post(shard)


def do_post(shard):
    """Post an output that is already there, and close the shard."""
    output = load(shard)
    append("postings.csv", f"{shard},{output['cents']},{output['receipt']}")
    do_close(shard)


def do_close(shard):
    """Close a shard whose output is there and posted."""
    log("done", shard, receipt=load(shard)["receipt"])


def do_rebuild(shard):
    """Make the output of a closed shard again, under the receipt of its ledger entry."""
    for line in open(path("ledger.jsonl"), encoding="utf-8"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry["event"] == "done" and entry["shard"] == shard:
            write(shard, {**summarise(shard, set()), "receipt": entry["receipt"]})
            log("rebuilt", shard, receipt=entry["receipt"])
            return
    raise SystemExit(f"{shard} is not closed")


def reverse(shard, receipt):
    """Take back a posting that should not have been made."""
    append("postings.csv", f"{shard},{-load(shard)['cents']},{receipt}")


def merge():
    outputs = [json.load(open(name)) for name in glob.glob(path("out/*.json"))]
    with open(path("summary.json"), "w") as file:
        json.dump({"shards": len(outputs), "cents": sum(each["cents"] for each in outputs)}, file)


def main(arguments):
    steps = {"shard": do_shard, "post": do_post, "close": do_close, "rebuild": do_rebuild}
    if arguments[:1] == ["all"]:
        for name in sorted(os.listdir(path("shards"))):
            do_shard(name[:-4])
        merge()
    elif arguments[:1] == ["merge"]:
        merge()
    elif arguments[:1] == ["reverse"] and len(arguments) == 3:
        reverse(*arguments[1:])
    elif len(arguments) >= 2 and arguments[0] in steps:
        for argument in arguments[1:]:
            steps[arguments[0]](argument)
    else:
        raise SystemExit(__doc__)


main(sys.argv[1:])
'''

_ALWAYS = """\
# Runbook: {title}

`run.py` works on the shards in `shards/` one by one. For each it

1. appends a `begin` entry to `ledger.jsonl`,
2. writes `out/NAME.json.part` and renames it to `out/NAME.json`; the output carries a random receipt
   (16 hexadecimal digits),
3. appends one line to `postings.csv`, which the bank reads: shard, cents, receipt,
4. appends a `done` entry with the receipt to `ledger.jsonl`.

`run.py all` is for the first start only. It knows nothing of earlier work and posts everything again.

## After a crash

Look at the state of each shard, not at the order of the names: shards run side by side.

- A shard with a `done` entry is finished. Leave it alone.
- A shard without a `begin` entry was not started: `run.py shard NAME`.
- When all shards are closed: `run.py merge`.
"""
_MORE = {
    2: """\
- A shard with `begin` but without an output died in step 2: remove its `.part` file and start it again
  with `run.py shard NAME`. The second `begin` entry is right.
- A shard with an output and a posting but no `done` entry died between steps 3 and 4. It must not be posted again:
  `run.py close NAME`.
""",
    3: """\
- A shard with an output but neither posting nor `done` entry died between steps 2 and 3: `run.py post NAME` posts
  the output that is there and closes the shard.
""",
    4: """\
- The disk was not well. A shard with a `done` entry whose output is no longer valid JSON is damaged:
  `run.py rebuild NAME` makes it again under the old receipt, without posting.
- The last line of the ledger may be torn. It counts as nothing; leave it where it is (`run.py` starts a line of its
  own after it).
""",
    5: """\
- An operator restarted the job once by hand, so that some finished shards are posted twice. The posting whose receipt
  is that of the output is the right one; take the other back with `run.py reverse NAME RECEIPT`, once.
- A row is malformed when it has not exactly four fields or its cents are not a whole number. `run.py shard` stops at
  it. Leave malformed rows out with `run.py shard NAME:LINE,LINE` (line numbers of the file; the header is line 1) and
  list them all in `quarantine.csv` beside this file: a header `shard,line`, one row each, in any order.
""",
}


def runbook(title: str, level: int) -> str:
    """What the operators' manual says, as far as this level needs it."""
    text = _ALWAYS.format(title=title)
    more = "".join(_MORE[each] for each in range(2, level + 1))
    return text + more if more else text


CAREFUL = """\
cat > /tmp/resume.py <<'EOF'
import csv, glob, json, os, subprocess
begun, done, posted = set(), {}, {}
for line in open("ledger.jsonl"):
    try:
        entry = json.loads(line)
    except ValueError:
        continue
    if entry["event"] == "begin":
        begun.add(entry["shard"])
    elif entry["event"] == "done":
        done[entry["shard"]] = entry["receipt"]
for row in csv.DictReader(open("postings.csv")):
    posted.setdefault(row["shard"], []).append(row["receipt"])
todo = {"shard": [], "post": [], "close": [], "rebuild": []}
wrong, bad = [], []
for name in sorted(os.listdir("shards")):
    shard = name[:-4]
    out = f"out/{shard}.json"
    if shard in done:
        try:
            json.load(open(out))
        except (ValueError, UnicodeDecodeError):
            todo["rebuild"].append(shard)
        wrong += [(shard, receipt) for receipt in posted[shard] if receipt != done[shard]]
    elif os.path.exists(out):
        todo["close" if shard in posted else "post"].append(shard)
    else:
        rows = list(csv.reader(open(f"shards/{name}", newline="")))
        lines = [n for n, r in enumerate(rows, 1) if n > 1 and (len(r) != 4 or not r[2].lstrip("-").isdigit())]
        bad += [(shard, n) for n in lines]
        todo["shard"].append(shard + (":" + ",".join(map(str, lines)) if lines else ""))
for part in glob.glob("out/*.part"):
    os.remove(part)
for step, names in todo.items():
    if names:
        subprocess.run(["python3", "run.py", step, *names], check=True)
for shard, receipt in wrong:
    subprocess.run(["python3", "run.py", "reverse", shard, receipt], check=True)
with open("quarantine.csv", "w", newline="") as file:
    csv.writer(file).writerows([("shard", "line"), *bad])
subprocess.run(["python3", "run.py", "merge"], check=True)
EOF
python3 /tmp/resume.py
"""
