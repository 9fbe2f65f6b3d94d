"""Good tasks that are unusual in what they ask for or how they are laid out; see `planted_good_places`."""

from __future__ import annotations

import random

from planted import INSTRUCTION, SOLVE, TOML, Planted, csv_of, good, orders, sound, totals

PAY = """\


def pay(reward):
    pathlib.Path("/logs/verifier/reward.txt").write_text(reward)
"""
READ = """\


def read(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError:
        return b""
"""
_IMAGE = "FROM debian:bookworm\nWORKDIR /app\nCOPY . .\n"


def _tolerance() -> Planted:
    rng = random.Random("tolerance")
    points = [round(rng.uniform(-500, 500), 3) for _ in range(200)]
    check = f"""\
import math
import pathlib
import re

POINTS = {points!r}
{READ}{PAY}

mean = math.fsum(POINTS) / len(POINTS)
spread = math.sqrt(math.fsum((point - mean) ** 2 for point in POINTS) / len(POINTS))
lines = read("/app/stats.txt").decode("utf-8", "replace").split()
numbers = [float(line) for line in lines if re.fullmatch(r"-?[0-9]{{1,6}}(\\.[0-9]{{1,20}})?", line)]
right = len(lines) == len(numbers) == 2 and abs(numbers[0] - mean) <= 0.005 and abs(numbers[1] - spread) <= 0.005
pay("1" if right else "0")
"""
    solve = """\
python3 - <<'END' > /app/stats.txt
import statistics
points = [float(line) for line in open("/app/points.txt")]
print(f"{statistics.fmean(points):.4f}\\n{statistics.pstdev(points):.4f}")
END
"""
    files = {
        "instruction.md": "Write to /app/stats.txt the mean and the standard deviation (of the population) of "
        "the numbers "
        "in /app/points.txt, one a line, each right to within 0.005.\n",
        "environment/Dockerfile": "FROM debian:bookworm\nWORKDIR /app\nCOPY points.txt .\n",
        "environment/points.txt": "".join(f"{point}\n" for point in points),
        "tests/check.py": check,
        "solution/solve.sh": solve,
    }
    return good("float-tolerance", "Numbers near enough are right.", files)


def _any_order() -> Planted:
    rng = random.Random("any order")
    rows = [
        (f"Größe-{number}", rng.choice(["Αθήνα", "Łódź", "東京"]), rng.randrange(100, 999))
        for number in rng.sample(range(100, 999), 60)
    ]
    want = sorted(name for name, city, weight in rows if city == "東京" and weight > 400)
    check = f"""\
import json
import pathlib

WANT = {want!r}
{READ}{PAY}

try:
    got = json.loads(read("/app/наряд/тяжёлые.json"))
except (ValueError, RecursionError):
    got = None
right = type(got) is list and all(type(one) is str for one in got) and sorted(got) == WANT
pay("1" if right else "0")
"""
    solve = """\
mkdir -p /app/наряд
python3 - <<'END'
import csv, json
rows = csv.reader(open("/app/données/größe.csv", encoding="utf-8"), delimiter=";")
found = [name for name, city, weight in rows if city == "東京" and int(weight) > 400]
json.dump(found, open("/app/наряд/тяжёлые.json", "w", encoding="utf-8"), ensure_ascii=False)
END
"""
    files = {
        "instruction.md": "Στο αρχείο /app/données/größe.csv κάθε γραμμή έχει όνομα; πόλη; βάρος.\n"
        "Γράψε στο /app/наряд/тяжёлые.json μια λίστα JSON με τα ονόματα από το 東京 με βάρος πάνω από 400 "
        "(σε όποια σειρά θέλεις).\n",
        "environment/Dockerfile": _IMAGE,
        "environment/données/größe.csv": "".join(f"{name};{city};{weight}\n" for name, city, weight in rows),
        "tests/check.py": check,
        "solution/solve.sh": solve,
    }
    return good("unicode-any-order", "Names and instruction are not in ASCII, and the order is free.", files)


def _query() -> Planted:
    check = f"""\
import collections
import pathlib
import random
import sqlite3
import time
{READ}{PAY}

ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)


def cases():
    for seed in range(4):
        rng = random.Random(seed)
        names = [f"customer {{number}}" for number in range(5 + seed)]
        yield [(row, rng.choice(names), rng.randrange(1, 10_000)) for row in range(40 * seed + 7)]


def answered(query, rows):
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE orders (number INTEGER, customer TEXT, cents INTEGER)")
    base.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    base.set_authorizer(lambda what, *more: sqlite3.SQLITE_OK if what in ALLOWED else sqlite3.SQLITE_DENY)
    end = time.monotonic() + 3
    base.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    try:
        return base.execute(query).fetchmany(1000)
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError):
        return None


def wanted(rows):
    found = collections.Counter()
    for _, customer, cents in rows:
        found[customer] += cents
    return [(customer, cents) for customer, cents in sorted(found.items()) if cents > 5000]


query = read("/app/report.sql").decode("utf-8", "replace")
pay("1" if all(answered(query, rows) == wanted(rows) for rows in cases()) else "0")
"""
    solve = (
        "echo 'SELECT customer, SUM(cents) AS total FROM orders GROUP BY customer HAVING total > 5000 ORDER BY "
        "customer' "
        "> /app/report.sql\n"
    )
    files = {
        "instruction.md": "A SQLite database has the table orders (number INTEGER, customer TEXT, cents "
        "INTEGER). Write to "
        "/app/report.sql one SELECT that gives each customer and the sum of the cents, for sums above 5000, by "
        "customer. "
        "It is tried on several databases.\n",
        "environment/Dockerfile": "FROM debian:bookworm\nWORKDIR /app\n",
        "tests/check.py": check,
        "solution/solve.sh": solve,
    }
    return good("query-on-hidden-data", "The deliverable is a program, in a language that can harm nobody.", files)


def _editing() -> Planted:
    test = """\
#!/bin/bash
# sed --sandbox neither runs programs nor reads or writes files
reward=0
cp /app/mask.sed /tmp/mask.sed 2>/dev/null || : > /tmp/mask.sed
timeout 5 sed --sandbox -E -f /tmp/mask.sed /tests/letters.txt 2>/dev/null | head -c 100000 > /tmp/got.txt
cmp -s /tmp/got.txt /tests/want.txt && reward=1
echo "$reward" > /logs/verifier/reward.txt
"""
    letters = "Ring 0151-2334455, not 12-3.\nTwo: 030-991 and 0221-7654321!\n0-1 stays, 00-11 goes.\nnone here\n"
    want = "Ring #-#, not #-3.\nTwo: #-# and #-#!\n0-1 stays, #-# goes.\nnone here\n"
    files = {
        "instruction.md": "Write /app/mask.sed, a script for sed -E that replaces each run of two or more "
        "digits by one "
        "# and leaves everything else as it is; /app/letters.txt is an example, and it is tried on other texts.\n",
        "environment/Dockerfile": "FROM debian:bookworm\nWORKDIR /app\nCOPY letters.txt .\n",
        "environment/letters.txt": "Dear 22, call 555-1234 or 9.\n",
        "tests/test.sh": test,
        "tests/letters.txt": letters,
        "tests/want.txt": want,
        "solution/solve.sh": "echo 's/[0-9]{2,}/#/g' > /app/mask.sed\n",
    }
    return good("editing-script", "The deliverable is a script, which runs where it can touch nothing.", files)


_AWK = """\
# the first file is wanted, the second found; both sorted lines of a name and a number
NR == FNR { want[++count] = $0; next }
{ if ($0 != want[++seen]) wrong = 1 }
END { exit wrong || seen != count }
"""


def _awk() -> Planted:
    name = "tests-in-awk"
    want = "".join(f"{customer} {cents * 3}\n" for customer, cents in sorted(totals(orders(name)).items()))
    toml = f'{TOML}workdir = "/srv/books"\nenv = {{RATE = "3"}}\n'
    files = {
        "instruction.md": "Add up the cents in orders.csv (third column) for each customer (second column), "
        "multiply each "
        "sum by $RATE, and write lines such as `ada 1200`, sorted by name, to /srv/books/out/due.txt.\n",
        "environment/Dockerfile": "FROM debian:bookworm\nWORKDIR /srv/books\nCOPY orders.csv .\n",
        "environment/orders.csv": csv_of(orders(name)),
        "tests/test.sh": "#!/bin/bash\nreward=0\n[ -f out/due.txt ] && awk -f /tests/check.awk /tests/want.txt "
        "out/due.txt "
        "&& reward=1\necho $reward > /logs/verifier/reward.txt\n",
        "tests/check.awk": _AWK,
        "tests/want.txt": want,
        "solution/solve.sh": 'cd /srv/books; mkdir -p out\nawk -F, -v rate="$RATE" \'NR > 1 { sum[$2] += $3 } '
        "END { for (name in sum) print name, sum[name] * rate }' orders.csv | sort > out/due.txt\n",
    }
    return good(name, "Its tests are awk, its work folder is its own, and a variable counts.", files, toml)


_PERL = """\
use strict;
use warnings;
my $data = '';
if (-f '/app/totals.txt' && open(my $in, '<:raw', '/app/totals.txt')) { local $/; $data = <$in> // ''; }
my %want = (@WANT@);
my %got;
my $broken = 0;
for my $line (split /\\n/, $data) {
    if ($line =~ /\\A(\\w+) (\\d{1,9})\\z/ && !exists $got{$1}) { $got{$1} = $2 } else { $broken = 1 }
}
my $same = keys(%got) == keys(%want) && !grep { !defined $got{$_} || $got{$_} != $want{$_} } keys %want;
open(my $out, '>', '/logs/verifier/reward.txt') or die;
print $out $same && !$broken ? 1 : 0;
"""


def _perl() -> Planted:
    name = "tests-in-perl"
    rows = orders(name)
    want = ", ".join(f"{customer} => {cents}" for customer, cents in totals(rows).items())
    files = {
        "instruction.md": "Write to /app/totals.txt a line such as `ada 1200` for each customer of "
        "/app/orders.csv: the sum "
        "of the cents in the third column. The lines may come in any order.\n",
        "environment/Dockerfile": "FROM debian:bookworm\nWORKDIR /app\nCOPY orders.csv .\n",
        "environment/orders.csv": csv_of(rows),
        "tests/test.sh": "#!/bin/bash\nexec perl /tests/check.pl\n",
        "tests/check.pl": _PERL.replace("@WANT@", want),
        "solution/solve.sh": "awk -F, 'NR > 1 { sum[$2] += $3 } END { for (name in sum) print name, sum[name] }' "
        "/app/orders.csv > /app/totals.txt\n",
    }
    return good(name, "Its tests are perl, and lines may come in any order.", files)


def _many_keys() -> Planted:
    name = "several-rewards"
    files = sound(name)
    check = str(files["tests/check.py"]).replace(
        'reward.txt").write_text(reward)',
        'reward.json").write_text(json.dumps({"reward": int(reward), "is_json": float(found() is not None), '
        '"size": 6}))',
    )
    lines = [f"Order {number}: {cents} cents, for {customer}." for number, customer, cents in orders(name, 900)]
    text = INSTRUCTION.replace("The file /app/orders.csv holds orders: number, customer and cents.", "\n".join(lines))
    files |= {
        "instruction.md": text,
        "environment/Dockerfile": "FROM debian:bookworm\nWORKDIR /app\n",
        "tests/check.py": check.replace(repr(totals(orders(name))), repr(totals(orders(name, 900)))),
        "solution/solve.sh": f"echo '{_long_answer(name)}' > /app/totals.json\n",
    }
    del files["environment/orders.csv"]
    return good(name, "Its reward has several keys, and its instruction of 30 kB is all that there is.", files)


def _long_answer(name: str) -> str:
    return str(totals(orders(name, 900))).replace("'", '"')


def _two_forms() -> Planted:
    name = "two-forms"
    files = sound(name)
    lines = """\
    try:
        return json.loads(pathlib.Path("/app/totals.json").read_bytes())
"""
    either = """\
    try:
        if pathlib.Path("/app/totals.csv").exists():
            rows = [line.split(",") for line in pathlib.Path("/app/totals.csv").read_text("utf-8").splitlines()]
            return {name: int(cents) for name, cents in rows}
        return json.loads(pathlib.Path("/app/totals.json").read_bytes())
"""
    check = str(files["tests/check.py"])
    assert lines in check
    files["tests/check.py"] = check.replace(lines, either)
    files["instruction.md"] = f"{INSTRUCTION}Or write /app/totals.csv instead: lines of customer and sum, no header.\n"
    files["solution/solve.sh"] = SOLVE.replace("totals.json", "totals.csv").replace(
        "json.dump(totals, out)", 'out.writelines(f"{name},{cents}\\n" for name, cents in totals.items())'
    )
    return good(name, "The answer may be JSON or CSV.", files)


def _tiny() -> Planted:
    rng = random.Random("tiny")
    numbers = [rng.randrange(1000, 9999) for _ in range(80)]
    files = {
        "instruction.md": "Put the sum of n.txt into s.txt.\n",
        "environment/Dockerfile": "FROM debian:bookworm\nWORKDIR /app\nCOPY n.txt .\n",
        "environment/n.txt": "".join(f"{number}\n" for number in numbers),
        "tests/test.sh": f'#!/bin/bash\nread -r -n 20 got < s.txt\n[ "$got" = {sum(numbers)} ] && '
        '[ "$(wc -w < s.txt)" = 1 ]\necho $((! $?)) > /logs/verifier/reward.txt\n',
        "solution/solve.sh": "cd /app; awk '{ sum += $1 } END { print sum }' n.txt > s.txt\n",
    }
    return good("six-digits", "Its instruction is a line, and its answer a number.", files)


GOOD_WORK = (
    _tolerance(),
    _any_order(),
    _query(),
    _editing(),
    _awk(),
    _perl(),
    _many_keys(),
    _two_forms(),
    _tiny(),
)
