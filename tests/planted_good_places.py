"""Good tasks that are unusual in where they run, in steps, or in the form of what is left; `GOOD` is all good tasks."""

from __future__ import annotations

import random

from planted import DOCKERFILE, TOML, Planted, Text, git_repository, good, orders, sound, totals
from planted_good import GOOD_WORK, PAY, READ

_PLAIN = "FROM debian:bookworm\nWORKDIR /app\n"
_COPIED = f"{_PLAIN}COPY . .\n"


def _steps() -> Planted:
    first = sound("steps-one")
    files: dict[str, Text] = {
        "environment/Dockerfile": DOCKERFILE,
        "environment/orders.csv": first["environment/orders.csv"],
        "steps/sums/instruction.md": first["instruction.md"],
        "steps/sums/tests/test.sh": first["tests/test.sh"],
        "steps/sums/tests/check.py": first["tests/check.py"],
        "steps/sums/solution/solve.sh": first["solution/solve.sh"],
        "steps/best/instruction.md": "Write the customer with the largest sum, and it, to /app/best.txt: `ada 1200`.\n",
        "steps/best/tests/test.sh": "#!/bin/bash\nif cmp -s /tests/want.txt best.txt; then echo 1; else echo 0; fi > "
        "/logs/verifier/reward.txt\n",
        "steps/best/tests/want.txt": "{1} {0}\n".format(
            *max((cents, customer) for customer, cents in totals(orders("steps-one")).items())
        ),
        "steps/best/solution/solve.sh": 'cd /app; python3 -c \'import json; found = json.load(open("totals.json")); '
        "best = max(found, key=found.get); print(best, found[best])' > best.txt\n",
    }
    steps = '[[steps]]\nname = "sums"\n[[steps]]\nname = "best"\n'
    return good("two-steps", "It has two steps, and both count.", files, TOML + steps)


def _separate() -> Planted:
    name = "slow-separate"
    files = sound(name)
    toml = (
        f'artifacts = ["/app/out"]\n{TOML}'.replace("[verifier]", '[verifier]\nenvironment_mode = "separate"')
        + "[verifier.environment]\nworkdir = '/check'\nnetwork_mode = 'no-network'\n"
    )
    want = str(files["tests/check.py"]).replace("/app/totals.json", "/app/out/totals.json")
    files |= {
        "instruction.md": str(files["instruction.md"]).replace("/app/totals.json", "/app/out/totals.json"),
        "tests/check.py": want,
        "tests/test.sh": '#!/bin/bash\nsleep 0.5\n[ "$(cat /check/ready.txt)" = ready ] && exec python3 -I '
        "/tests/check.py\n",
        "tests/Dockerfile": "FROM debian:bookworm\nWORKDIR /check\nCOPY ready.txt .\n",
        "tests/ready.txt": "ready\n",
        "solution/solve.sh": str(files["solution/solve.sh"])
        .replace("cd /app\n", "cd /app\nmkdir -p out\n")
        .replace('"totals.json"', '"out/totals.json"'),
    }
    return good(name, "Its verifier has a sandbox of its own, and takes its time.", files, toml)


_TOOLS = {
    "bin/build": "#!/bin/bash\necho build\n",
    "bin/deploy": "#!/usr/bin/env python3\nprint('deploy')\n",
    "bin/README": "What lies here is run by hand.\n",
    "bin/test": "#!/bin/sh\necho test\n",
    "bin/words": "build\ndeploy\n",
    "lib/clean": "#!/usr/bin/perl\nprint 'clean';\n",
    "lib/common": "# sourced by others\n",
}


def _modes() -> Planted:
    scripts = sorted(name for name, text in _TOOLS.items() if text.startswith("#!"))
    check = f"""\
import os
import pathlib

FILES = {_TOOLS!r}
SCRIPTS = {scripts!r}
{READ}{PAY}

same = all(read("/work/tools/" + name) == text.encode() for name, text in FILES.items())
can = [name for name in sorted(FILES) if os.path.isfile("/work/tools/" + name)]
can = [name for name in can if os.stat("/work/tools/" + name).st_mode & 0o100]
pay("1" if same and can == SCRIPTS else "0")
"""
    files: dict[str, Text] = {f"environment/tools/{name}": text for name, text in _TOOLS.items()}
    files |= {
        "environment/Dockerfile": "FROM debian:bookworm\nUSER root\nWORKDIR /work\nCOPY tools tools\n",
        "instruction.md": "The files below /work/tools lost their modes. Make those that begin with #! "
        "executable, and no "
        "others; leave what is in them as it is.\n",
        "tests/check.py": check,
        "solution/solve.sh": 'cd /work/tools; for file in */*; do [ "$(head -c 2 "$file")" = \'#!\' ] && chmod 755 '
        '"$file"; done; true\n',
    }
    return good("root-sets-modes", "Its user is root, and modes are all that changes.", files)


def _database() -> Planted:
    name = "database"
    check = f"""\
import pathlib
import shutil
import sqlite3
import time

WANT = {sorted(totals(orders(name)).items())!r}
{PAY}

def rows():
    shutil.copyfile("/app/totals.db", "/tmp/totals.db")
    base = sqlite3.connect("file:/tmp/totals.db?mode=ro&immutable=1", uri=True)
    base.execute("PRAGMA trusted_schema = OFF")
    end = time.monotonic() + 3
    base.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    return base.execute("SELECT customer, cents FROM totals ORDER BY customer").fetchmany(100)


try:
    found = rows()
except (OSError, sqlite3.Error, ValueError):
    found = []
pay("1" if found == WANT and all(type(cents) is int for _, cents in found) else "0")
"""
    files = sound(name) | {
        "instruction.md": "Make the SQLite database /app/totals.db with a table totals (customer TEXT, cents "
        "INTEGER): for "
        "each customer of /app/orders.csv the sum of the cents in the third column.\n",
        "tests/check.py": check,
        "solution/solve.sh": "cd /app; python3 - <<'END'\nimport collections, csv, sqlite3\n"
        "found = collections.Counter()\nfor _, customer, cents in list(csv.reader(open('orders.csv')))[1:]:\n"
        "    found[customer] += int(cents)\nbase = sqlite3.connect('totals.db')\n"
        "base.execute('CREATE TABLE totals (customer TEXT, cents INTEGER)')\n"
        "base.executemany('INSERT INTO totals VALUES (?, ?)', sorted(found.items()))\nbase.commit()\nEND\n",
    }
    toml = f"{TOML}[metadata.selftrain]\nmutation = false\n"
    return good(name, "The deliverable is binary, with bytes that nobody reads, so it allows no mutation.", files, toml)


def _large() -> Planted:
    rng = random.Random("large")
    rows = [(f"{rng.getrandbits(48):012x}", rng.randrange(100_000)) for _ in range(270_000)]
    data = "".join(f"{key} {value}\n" for key, value in rows)
    largest = sorted(rows, key=lambda row: (-row[1], row[0]))[:20]
    files: dict[str, Text] = {
        "instruction.md": "Each line of /app/keys.txt has a key and a number. Write the twenty lines with the largest "
        "numbers to /app/largest.txt, the largest first, and by key where numbers are equal.\n",
        "environment/Dockerfile": _COPIED,
        "environment/keys.txt": data,
        "tests/test.sh": "#!/bin/bash\nif cmp -s /tests/want.txt largest.txt; then echo 1; else echo 0; fi > "
        "/logs/verifier/reward.txt\n",
        "tests/want.txt": "".join(f"{key} {value}\n" for key, value in largest),
        "solution/solve.sh": "cd /app; sort -k2,2nr -k1,1 keys.txt | head -n 20 > largest.txt\n",
    }
    return good("large-input", "Its input has 5 MB.", files)


def _deletion() -> Planted:
    rng = random.Random("deletion")
    texts = {f"cache/{rng.getrandbits(32):08x}.txt": f"kind: {kind}\n{rng.getrandbits(64)}\n" for kind in "ABC" * 6}
    kept = {name: text for name, text in texts.items() if "kind: B" not in text}
    check = f"""\
import pathlib

KEPT = {kept!r}
{READ}{PAY}

there = {{path.relative_to("/app").as_posix() for path in pathlib.Path("/app/cache").rglob("*")}}
pay("1" if there == set(KEPT) and all(read("/app/" + name) == text.encode() for name, text in KEPT.items()) else "0")
"""
    files: dict[str, Text] = {f"environment/{name}": text for name, text in texts.items()}
    files |= {
        "instruction.md": "Remove the files in the folder cache that are of kind B, and change nothing else in it.\n",
        "environment/Dockerfile": f"{_PLAIN}COPY cache cache\n",
        "tests/check.py": check,
        "solution/solve.sh": "cd /app/cache; grep -l '^kind: B' * | xargs rm\n",
    }
    return good("deletion", "What it asks for is that files are gone.", files)


def _repository() -> Planted:
    notes = [f"line {number}\n" for number in range(5)]
    commits = [{"notes.txt": "".join(notes[: count + 1]), "by.txt": "Ada\n"} for count in range(5)]
    found, hashes = git_repository(commits, "trunk")
    found["HEAD"] = b"ref: refs/heads/master\n"
    found["refs/heads/trunk"] = b"0" * 40 + b"\n"
    test = f"""\
#!/bin/bash
# only objects and references are taken over, into a repository without the submission's settings and hooks
reward=0
git init -q --bare /tmp/judged.git
for part in HEAD packed-refs refs objects; do
  [ -e "/app/notes/.git/$part" ] && rm -rf "/tmp/judged.git/$part" && cp -r "/app/notes/.git/$part" /tmp/judged.git/
done
rm -rf /tmp/judged.git/objects/info
cd /tmp/judged.git
[ "$(git symbolic-ref HEAD 2>/dev/null)" = refs/heads/trunk ] &&
  [ "$(git rev-parse -q --verify 'refs/heads/trunk^{{commit}}' 2>/dev/null)" = {hashes[-1]} ] &&
  git fsck --strict --no-progress >/dev/null 2>&1 &&
  [ "$(cat /app/notes/notes.txt)" = "$(git show trunk:notes.txt)" ] && reward=1
echo $reward > /logs/verifier/reward.txt
"""
    files: dict[str, Text] = {f"environment/notes/.git/{name}": data for name, data in found.items()}
    files |= {
        "instruction.md": "A crash broke the repository /app/notes: its branch trunk points to no commit, and "
        "HEAD to a "
        "branch that never was. All commits are still there, one after another. Point trunk to the last one and "
        "HEAD to "
        "trunk, and check its files out.\n",
        "environment/Dockerfile": f"{_PLAIN}COPY notes notes\n",
        "tests/test.sh": test,
        "solution/solve.sh": """\
cd /app/notes
mkdir -p .git/refs/heads
echo 'ref: refs/heads/trunk' > .git/HEAD
rm .git/refs/heads/trunk
last=$(git fsck --no-progress 2>/dev/null | awk '/dangling commit/ { print $3 }')
git update-ref refs/heads/trunk "$last"
git reset -q --hard
""",
    }
    return good("repository-repaired", "It mends a git repository.", files)


def _tree() -> Planted:
    rng = random.Random("tree")
    letters = {
        f"{rng.getrandbits(32):08x}.txt": f"date: {rng.randrange(2019, 2023)}-{rng.randrange(1, 13):02}-07\n"
        for _ in range(24)
    }
    want = {f"{text[6:10]}/{text[11:13]}/{name}": text for name, text in letters.items()}
    check = f"""\
import pathlib

WANT = {want!r}
{READ}{PAY}

top = pathlib.Path("/app/sorted")
there = {{path.relative_to(top).as_posix() for path in top.rglob("*") if not path.is_dir()}}
pay("1" if there == set(WANT) and all(read(top / name) == text.encode() for name, text in WANT.items()) else "0")
"""
    files: dict[str, Text] = {f"environment/inbox/{name}": text for name, text in letters.items()}
    files |= {
        "instruction.md": "Each file in /app/inbox begins with its date. Copy them all to "
        "/app/sorted/<year>/<month>/, under "
        "the same names, for example /app/sorted/2018/03/a.txt; nothing else may lie there.\n",
        "environment/Dockerfile": f"{_PLAIN}COPY inbox inbox\n",
        "tests/check.py": check,
        "solution/solve.sh": 'cd /app/inbox; for file in *; do date=$(head -n 1 "$file"); '
        'place=/app/sorted/${date:6:4}/${date:11:2}; mkdir -p "$place"; cp "$file" "$place/"; done\n',
    }
    return good("folder-tree", "The deliverable is a tree of folders.", files)


def _archive() -> Planted:
    rng = random.Random("archive")
    parts = {f"part-{number}.csv": f"{rng.getrandbits(64):x},{rng.getrandbits(64):x}\n" * 3 for number in range(9)}
    want = {f"even/{name}": text for name, text in parts.items() if int(name[5]) % 2 == 0}
    check = f"""\
import io
import pathlib
import tarfile

WANT = {want!r}
{READ}{PAY}

def members():
    found = {{}}
    with tarfile.open(fileobj=io.BytesIO(read("/app/even.tar")), mode="r:") as archive:
        for member in archive:
            if member.isdir() and member.name == "even":
                continue
            if not member.isreg() or member.name in found or member.size > 10_000:
                return None
            found[member.name] = archive.extractfile(member).read().decode()
    return found


try:
    right = members() == WANT
except (tarfile.TarError, ValueError, EOFError):
    right = False
pay("1" if right else "0")
"""
    files: dict[str, Text] = {f"environment/parts/{name}": text for name, text in parts.items()}
    files |= {
        "instruction.md": "Pack the files of /app/parts with even numbers into /app/even.tar, an archive without "
        "compression and without links, as even/part-0.csv and so on.\n",
        "environment/Dockerfile": f"{_PLAIN}COPY parts parts\n",
        "tests/check.py": check,
        "solution/solve.sh": "cd /tmp; mkdir even; cp /app/parts/part-[02468].csv even/\n"
        "tar --format=ustar --owner=0 --group=0 --mtime=@0 --sort=name -cf /app/even.tar even\n",
    }
    toml = f"{TOML}[metadata.selftrain]\nmutation = false\n"
    return good("archive", "The deliverable is an archive, padded with bytes that nobody reads.", files, toml)


GOOD = (
    *GOOD_WORK,
    _steps(),
    _separate(),
    _modes(),
    _database(),
    _large(),
    _deletion(),
    _repository(),
    _tree(),
    _archive(),
)
