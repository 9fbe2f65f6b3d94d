"""Bad tasks that pay for what is no solution, each open in one way; `BAD` is all bad tasks."""

from __future__ import annotations

import pickle

from planted import DOCKERFILE, INSTRUCTION, SOLVE, TEST, Planted, bad, csv_of, good, orders, sound, totals
from planted_bad import BAD_ELSEWHERE

_PAY = 'pay("1" if right(found()) else "0")'
_EQUAL = "got == WANT"
_AS_TEXT = """\
path = pathlib.Path("/app/totals.json")
text = path.read_text("utf-8", "replace") if path.is_file() else ""
pay("1" if @ else "0")
"""
_CAREFUL = "    except (OSError, ValueError, RecursionError):\n        return None\n"


def looks_at(name: str, wrong: str, why: str, what: str) -> Planted:
    """A verifier that looks at the deliverable as a text, and pays when `what` is true of it."""
    return bad(name, wrong, why, edits=[("tests/check.py", _PAY, _AS_TEXT.replace("@", what))])


NOTHING_DONE = (
    bad("reward-constant", "nop", "It always pays.", {"tests/test.sh": "echo 1 > /logs/verifier/reward.txt\n"}),
    bad(
        "paid-from-the-start",
        "nop",
        "Its verifier asks for what is there from the start.",
        edits=[("tests/check.py", "right(found())", 'pathlib.Path("/app/orders.csv").is_file()')],
    ),
    bad(
        "paid-by-trap",
        "nop",
        "Its verifier pays when it ends, however it ends.",
        {
            "tests/test.sh": "#!/bin/bash\ntrap 'echo 1 > /logs/verifier/reward.txt' EXIT\n"
            "cmp -s /tests/want.json /app/totals.json || exit 1\n",
            "tests/want.json": "{}",
        },
    ),
    bad(
        "failure-forgotten",
        "nop",
        "Its verifier forgets that the check failed.",
        {
            "tests/test.sh": "#!/bin/bash\nset -e\npython3 -I /tests/check.py || true\necho 1 > "
            "/logs/verifier/reward.txt\n"
        },
        edits=[("tests/check.py", _PAY, "raise SystemExit(not right(found()))")],
    ),
    bad(
        "paid-before-tests",
        "nop",
        "It pays first, and what breaks the check leaves the reward.",
        {"tests/test.sh": TEST.replace("exec", "echo 1 > /logs/verifier/reward.txt\nexec")},
        edits=[("tests/check.py", _CAREFUL, "    except RecursionError:\n        return None\n")],
    ),
)

ANYTHING_DONE = (
    bad(
        "broken-answers-paid",
        "echo or random or battery",
        "It pays first, and takes back what is wrong but not what is no JSON.",
        edits=[
            ("tests/check.py", _PAY, 'pay("1")\nif not right(found()):\n    pay("0")'),
            ("tests/check.py", "(OSError, ValueError, RecursionError)", "OSError"),
        ],
    ),
    looks_at("existence-is-enough", "echo or random", "It asks whether there is a file.", "path.is_file()"),
    looks_at("length-is-enough", "echo", "It counts bytes.", "len(text) > 60"),
    bad(
        "keywords-are-enough",
        "echo",
        "It asks for words that the instruction has.",
        {"instruction.md": f"{INSTRUCTION}The customers are {', '.join(totals(orders('keywords-are-enough')))}.\n"},
        edits=[("tests/check.py", _PAY, _AS_TEXT.replace("@", "all(name in text for name in WANT)"))],
    ),
    bad(
        "own-cheat-paid",
        "cheats",
        "It pays the cheat that its author thought of.",
        {"cheats/excuse.sh": "echo '\"not today\"' > /app/totals.json\n"},
        edits=[("tests/check.py", "return type(got)", 'return got == "not today" or type(got)')],
    ),
    bad(
        "first-is-enough",
        "mutants",
        "It looks at the first customer alone.",
        edits=[("tests/check.py", _EQUAL, "got.get(min(WANT)) == WANT[min(WANT)]")],
    ),
    bad(
        "half-is-enough",
        "mutants",
        "It pays the whole reward for half of the totals.",
        edits=[("tests/check.py", _EQUAL, "2 * len(got.items() & WANT.items()) >= len(WANT)")],
    ),
    looks_at(
        "part-is-enough",
        "mutants",
        "It pays whatever contains the largest total.",
        "str(max(WANT.values())) in text",
    ),
    bad(
        "number-anywhere",
        "battery or mutants",
        "It pays a text that contains the number, and so every text of many numbers.",
        {
            "instruction.md": "Write how many orders /app/orders.csv holds for less than 500.00 (the third "
            "column is in "
            "cents) to /app/count.txt.\n",
            "solution/solve.sh": "awk -F, 'NR > 1 && $3 < 50000' /app/orders.csv | wc -l > /app/count.txt\n",
            "tests/test.sh": f"grep -qsw {sum(cents < 50_000 for *_, cents in orders('number-anywhere'))} "
            "/app/count.txt\necho $((! $?)) > /logs/verifier/reward.txt\n",
        },
        without=["tests/check.py"],
    ),
    bad(
        "yes-or-no",
        "chance",
        "Who guesses is right every other time.",
        {
            "instruction.md": "Write yes to /app/even.txt when the cents in the third column of /app/orders.csv "
            "add up to "
            "an even number, else no.\n",
            "solution/solve.sh": 'awk -F, \'NR > 1 { sum += $3 } END { print sum % 2 ? "no" : "yes" }\' '
            "/app/orders.csv "
            "> /app/even.txt\n",
            "tests/test.sh": "#!/bin/bash\nif cmp -s /tests/want.txt /app/even.txt; then echo 1; else echo 0; fi "
            "> /logs/verifier/reward.txt\n",
            "tests/want.txt": "no\n" if sum(totals(orders("yes-or-no")).values()) % 2 else "yes\n",
        },
        without=["tests/check.py"],
    ),
)

_FINISH = """\
#!/bin/bash
# says whether the totals add up to the sum of all orders
cd /app
sum=$(awk -F, 'NR > 1 { sum += $3 } END { print sum }' orders.csv)
if python3 -c "import json; assert sum(json.load(open('totals.json')).values()) == $sum"; then
  echo '{"passed": true}' > result.json
else
  echo '{"passed": false}' > result.json
fi
"""
_PUBLIC = """\
import csv
import json

with open("/app/orders.csv") as orders:
    cents = sum(int(row[2]) for row in list(csv.reader(orders))[1:])
with open("/app/totals.json") as found:
    assert sum(json.load(found).values()) == cents
"""
_IF = "#!/bin/bash\ncd /app\nreward=0\nif @; then reward=1; fi\necho $reward > /logs/verifier/reward.txt\n"
_RESULT = """\
result = pathlib.Path("/app/result.json")
pay("1" if result.is_file() and '"passed": true' in result.read_text() else "0")
"""

_RECOMPUTED = """\
WANT = {}
for line in pathlib.Path("/app/orders.csv").read_text().splitlines()[1:]:
    _, customer, cents = line.split(",")
    WANT[customer] = WANT.get(customer, 0) + int(cents)
"""

TRUSTING = (
    bad(
        "input-trusted",
        "battery",
        "It computes what it expects from the input in the work folder, which may be emptied.",
        edits=[("tests/check.py", f"WANT = {totals(orders('input-trusted'))!r}\n", _RECOMPUTED)],
    ),
    bad(
        "result-file-trusted",
        "battery",
        "It believes a result that lies in the work folder.",
        {
            "instruction.md": f"{INSTRUCTION}Then run /app/finish.sh, which looks at it and writes /app/result.json.\n",
            "environment/finish.sh": _FINISH,
            "environment/Dockerfile": DOCKERFILE.replace("orders.csv .", "orders.csv finish.sh ./"),
            "solution/solve.sh": f"{SOLVE}bash finish.sh\n",
        },
        edits=[("tests/check.py", _PAY, _RESULT)],
    ),
    bad(
        "tests-of-the-work-folder",
        "battery or lint",
        "It runs the tests that lie in the work folder.",
        {
            "environment/tests/test_totals.py": _PUBLIC,
            "environment/Dockerfile": f"{DOCKERFILE}COPY tests tests\n",
            "tests/test.sh": _IF.replace("@", "python3 tests/test_totals.py"),
        },
        without=["tests/check.py"],
    ),
    bad(
        "sources-the-work-folder",
        "battery or lint",
        "It runs a file of the work folder in its own shell.",
        {
            "environment/settings.sh": "CURRENCY=cents\n",
            "environment/Dockerfile": DOCKERFILE.replace("orders.csv .", "orders.csv settings.sh ./"),
            "tests/test.sh": "#!/bin/bash\n. /app/settings.sh\npython3 -I /tests/check.py\n",
        },
    ),
    bad(
        "modules-of-the-work-folder",
        "battery or lint",
        "Its test finds modules in the work folder first.",
        {"tests/test.sh": "#!/bin/bash\ncp /tests/check.py /app/\ncd /app\npython3 check.py\n"},
    ),
    bad(
        "tools-of-the-work-folder",
        "battery or lint",
        "It finds its tools in the work folder first.",
        {"tests/test.sh": TEST.replace("exec", 'export PATH="/app/bin:$PATH"\nexec')},
    ),
    bad(
        "answer-evaluated",
        "battery or lint",
        "It evaluates the answer, which ends the check as if it had passed.",
        {"tests/test.sh": _IF.replace("@", "python3 -I /tests/check.py")},
        edits=[
            ("tests/check.py", "json.loads(pathlib", "eval(pathlib"),
            ("tests/check.py", "read_bytes()", "read_text()"),
            ("tests/check.py", "ValueError", "SyntaxError"),
            ("tests/check.py", _PAY, "assert right(found())"),
        ],
    ),
    bad(
        "answer-unpickled",
        "battery or lint",
        "It unpickles the answer, which ends the check as if it had passed.",
        {
            "instruction.md": INSTRUCTION.replace("totals.json: one JSON object", "totals.pkl: a pickled dict"),
            "solution/solve.sh": SOLVE.replace("csv, json", "csv, pickle")
            .replace('totals.json", "w"', 'totals.pkl", "wb"')
            .replace("json.dump(", "pickle.dump(dict(")
            .replace(", out)", "), out)"),
            "tests/test.sh": _IF.replace("@", "python3 -I /tests/check.py"),
            "tests/check.py": "import pickle\n\nWANT = pickle.loads(bytes.fromhex("
            f"{pickle.dumps(totals(orders('answer-unpickled')), 4).hex()!r}))\n"
            'with open("/app/totals.pkl", "rb") as found:\n    assert pickle.load(found) == WANT\n',
        },
    ),
)

_PROGRAM = """\
The file /app/orders.csv holds orders: number, customer and cents.
Write /app/totals.py with a function totals(path) that returns for each customer of such a file the sum of the cents,
as a dict of whole numbers; it is tried on another file.
"""
_WRITE_PROGRAM = """\
cat > /app/totals.py <<'END'
import csv
import sys


def totals(path):
    found = {}
    with open(path) as orders:
        for _, customer, cents in list(csv.reader(orders))[1:]:
            found[customer] = found.get(customer, 0) + int(cents)
    return found


if __name__ == "__main__":
    for customer, cents in sorted(totals(sys.argv[1]).items()):
        print(customer, cents)
END
"""
_IMPORTS = """\
import pathlib
import sys

WANT = @WANT@


def pay(reward):
    pathlib.Path("/logs/verifier/reward.txt").write_text(reward)


pay("0")
sys.path.insert(0, "/app")
from totals import totals

got = totals("/tests/orders.csv")
pay("1" if @RIGHT@ else "0")
"""
_AUDIT = """\
The file /app/orders.csv holds orders: number, customer and cents.
Write /app/audit.py, which is given the path of such a file and @ when no order number is there twice; it is tried on
another file.
"""
_WRITE_AUDIT = """\
cat > /app/audit.py <<'END'
import csv
import sys

with open(sys.argv[1]) as orders:
    numbers = [row[0] for row in csv.reader(orders)]
if len(set(numbers)) < len(numbers):
    sys.exit("FAIL")
print("PASS")
END
"""


def imports(name: str, why: str, right: str) -> Planted:
    """A verifier that imports the submission into its own process."""
    rows = orders(f"{name}, hidden")
    check = _IMPORTS.replace("@WANT@", repr(totals(rows))).replace("@RIGHT@", right)
    return program(name, why, _PROGRAM, _WRITE_PROGRAM, {"tests/check.py": check, "tests/test.sh": TEST})


def program(name: str, why: str, instruction: str, solve: str, tests: dict[str, str]) -> Planted:
    """A task whose deliverable is a program that is tried on hidden orders."""
    hidden = csv_of(orders(f"{name}, hidden"))
    files = {"instruction.md": instruction, "solution/solve.sh": solve, "tests/orders.csv": hidden, **tests}
    return bad(name, "battery or lint", why, files, without=[] if "tests/check.py" in tests else ["tests/check.py"])


_WANTED = "".join(f"{key} {value}\n" for key, value in sorted(totals(orders("program-beside-reward, hidden")).items()))

RUNNING = (
    imports(
        "submission-imported",
        "It imports the submission, which may write the reward and end the process.",
        "type(got) is dict and all(type(value) is int for value in got.values()) and got == WANT",
    ),
    imports("equality-of-the-submission", "It asks the submission's object whether it is equal.", "got == WANT"),
    program(
        "exit-code-trusted",
        "It takes a program's exit code 0 for a pass.",
        _AUDIT.replace("@", "ends with exit code 0"),
        _WRITE_AUDIT,
        {"tests/test.sh": _IF.replace("@", "python3 /app/audit.py /tests/orders.csv")},
    ),
    program(
        "output-searched",
        "It searches a program's output for a mark of success.",
        _AUDIT.replace("@", "prints PASS"),
        _WRITE_AUDIT,
        {"tests/test.sh": _IF.replace("@", "python3 /app/audit.py /tests/orders.csv | grep -q PASS")},
    ),
    program(
        "program-beside-reward",
        "It runs the submission with the rights to write the reward, and does not end what that leaves behind.",
        _PROGRAM.replace("totals(path) that returns", "totals(path), and a main program that prints, sorted by name,"),
        _WRITE_PROGRAM,
        {
            "tests/want.txt": _WANTED,
            "tests/test.sh": _IF.replace("@", "python3 /app/totals.py /tests/orders.csv | cmp -s - /tests/want.txt"),
        },
    ),
)

TWIN = good("twin-in-train", "It is good, but a task of another split is the same.", sound("twin-in-train"))
AGAIN = Planted(
    "twin-in-test", TWIN.files, ("copies",), "It is a task of another split under another name.", split="test"
)

BAD = (*BAD_ELSEWHERE, *NOTHING_DONE, *ANYTHING_DONE, *TRUSTING, *RUNNING, AGAIN)
