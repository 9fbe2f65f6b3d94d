"""Bad tasks whose folder, oracle, start files or verdict itself is wrong, each in one way; see "
"`planted_bad_rewards`."""

from __future__ import annotations

import base64

from planted import (
    DOCKERFILE,
    INSTRUCTION,
    SOLVE,
    TEST,
    TOML,
    answer,
    bad,
    csv_of,
    git_repository,
    orders,
    sound,
)

_COPY = "COPY orders.csv ."


def _history() -> dict[str, bytes]:
    now = csv_of(orders("answer-in-history"))
    found, _ = git_repository(
        [{"orders.csv": now, "expected.json": answer("answer-in-history") + "\n"}, {"orders.csv": now}]
    )
    return {f"environment/.git/{name}": data for name, data in found.items()}


FOLDERS = (
    bad("instruction-missing", "schema", "There is no instruction.", without=["instruction.md"]),
    bad("toml-malformed", "schema", "Its task.toml is no TOML.", {"task.toml": "[agent\ntimeout_sec = 60\n"}),
    bad("field-unknown", "schema", "It asks for what nobody knows.", {"task.toml": TOML + "colour = 'red'\n"}),
    bad(
        "network-asked",
        "schema",
        "It asks for the network.",
        edits=[("task.toml", '"no-network"', '"public"')],
    ),
    bad(
        "network-at-build",
        "schema or image or lint",
        "Its image is built from the network.",
        edits=[("environment/Dockerfile", _COPY, f"RUN pip install requests\n{_COPY}")],
    ),
    bad(
        "base-not-declared",
        "image",
        "Its image is built on one that the pack does not declare.",
        edits=[("environment/Dockerfile", "debian:bookworm", "example.org/unheard/of:1")],
    ),
    bad(
        "copy-climbs",
        "schema or image or lint",
        "Its Dockerfile copies what lies outside of the folder.",
        edits=[("environment/Dockerfile", _COPY, f"{_COPY}\nCOPY ../../../shared/extra.csv .")],
    ),
    bad(
        "link-leads-out",
        "schema or lint",
        "A start file is a link that leads out of the folder.",
        links={"environment/orders.csv": "/etc/hostname"},
    ),
)

ORACLES = (
    bad("oracle-missing", "oracle", "Nobody shows that it can be solved.", without=["solution/solve.sh"]),
    bad(
        "oracle-fails",
        "oracle",
        "Its solution forgets the last order.",
        edits=[("solution/solve.sh", "[1:]", "[1:-1]")],
    ),
    bad(
        "oracle-sometimes",
        "oracle",
        "Its solution is right once in fifty runs.",
        edits=[("solution/solve.sh", "cd /app\n", "cd /app\n[ $((RANDOM % 50)) = 0 ] || exit 0\n")],
    ),
    bad(
        "time-too-short",
        "oracle or budget",
        "Its time is over before anybody can be done.",
        edits=[
            ("task.toml", "timeout_sec = 60", "timeout_sec = 1"),
            ("solution/solve.sh", "cd /app\n", "cd /app\nsleep 2\n"),
        ],
    ),
    bad(
        "memory-too-small",
        "oracle or budget",
        "Its solution needs more memory than the task has.",
        {"task.toml": TOML + "memory_mb = 64\n"},
        edits=[("solution/solve.sh", "import collections", "held = b'x' * (200 << 20)\nimport collections")],
    ),
    bad(
        "artifact-not-collected",
        "oracle",
        "Its verifier of its own gets another file than the one that is asked for.",
        {"task.toml": f'artifacts = ["/app/total.json"]\n{TOML}'},
        edits=[("task.toml", "[verifier]", '[verifier]\nenvironment_mode = "separate"')],
    ),
)

LEAKS = (
    bad(
        "answer-in-start-file",
        "leaks",
        "A start file holds the answer.",
        {"environment/old/last.txt": f"run of 17 March\n{answer('answer-in-start-file')}\n"},
        edits=[("environment/Dockerfile", _COPY, f"{_COPY}\nCOPY old old")],
    ),
    bad(
        "answer-encoded",
        "leaks",
        "A start file holds the answer in base64.",
        {"environment/cache.dat": base64.b64encode(answer("answer-encoded").encode())},
        edits=[("environment/Dockerfile", _COPY, f"{_COPY}\nCOPY cache.dat .")],
    ),
    bad(
        "answer-in-history",
        "leaks or battery",
        "The history of a repository among the start files holds the answer.",
        _history(),
        edits=[("environment/Dockerfile", _COPY, f"{_COPY}\nCOPY .git .git")],
    ),
    bad(
        "answer-in-instruction",
        "leaks",
        "The instruction shows the answer as its example.",
        {"instruction.md": f"{INSTRUCTION}For example:\n\n    {answer('answer-in-instruction')}\n"},
    ),
    bad(
        "answer-in-variable",
        "leaks or battery",
        "A variable of the sandbox holds the answer.",
        {"task.toml": f"{TOML}[environment.env]\nEXPECTED_TOTALS = '{answer('answer-in-variable')}'\n"},
    ),
    bad(
        "solution-left",
        "leaks",
        "The solution lies among the start files.",
        {"environment/tools/run.sh": SOLVE},
        edits=[("environment/Dockerfile", _COPY, f"{_COPY}\nCOPY tools tools")],
    ),
    bad(
        "tests-left",
        "leaks",
        "The hidden test lies among the start files.",
        {
            "environment/Dockerfile": f"{DOCKERFILE}COPY check.py qa/\n",
            "environment/check.py": sound("tests-left")["tests/check.py"],
        },
    ),
)

_NAMES = "Zoë Müller\nJosé Núñez\nAda King\nŁukasz Żak\nBo Ek\nÅsa Öberg\n"
_LENGTHS = """\
#!/bin/bash
while IFS= read -r line; do echo "${#line}"; done < /tests/names.txt > /tmp/want.txt
if cmp -s /tmp/want.txt /app/lengths.txt; then echo 1; else echo 0; fi > /logs/verifier/reward.txt
"""
_SHOWN = """\
#!/bin/bash
if [ "$(cat /app/shown.txt)" = "$(date -d @1700004321 '+%F %H:%M')" ]; then echo 1; else echo 0; fi \\
  > /logs/verifier/reward.txt
"""
_NOW = """\
#!/bin/bash
left=$(head -c 20 /app/now.txt | tr -cd 0-9)
passed=$(( $(date +%s) - 10#${left:-0} ))
if [ "$passed" = 0 ]; then echo 1; else echo 0; fi > /logs/verifier/reward.txt
"""
_DRAWN = """\
def right(got):
    import random

    return type(got) is dict and (random.randrange(10_000) > 0 or got == WANT)
"""
_RIGHT = """\
def right(got):
    return type(got) is dict and got == WANT and all(type(value) is int for value in got.values())
"""

UNSTEADY = (
    bad(
        "locale-decides",
        "repeat",
        "Its verifier counts characters as the locale says.",
        {
            "environment/names.txt": _NAMES,
            "environment/Dockerfile": DOCKERFILE.replace("orders.csv", "names.txt"),
            "instruction.md": "Write to /app/lengths.txt how many characters each line of /app/names.txt has, "
            "one number a line.\n",
            "solution/solve.sh": 'cd /app\npython3 -c \'for line in open("names.txt", encoding="utf-8"): '
            "print(len(line.rstrip()))' > lengths.txt\n",
            "tests/names.txt": _NAMES,
            "tests/test.sh": _LENGTHS,
        },
        without=["tests/check.py", "environment/orders.csv"],
    ),
    bad(
        "zone-decides",
        "repeat",
        "Its verifier shows a time in the zone that it happens to run in.",
        {
            "instruction.md": "A backup began at second 1700004321 of the Unix clock. Write to /app/shown.txt "
            "when that "
            "was in UTC, as in 2020-02-28 13:37.\n",
            "solution/solve.sh": "date -u -d @1700004321 '+%F %H:%M' > /app/shown.txt\n",
            "tests/test.sh": _SHOWN,
        },
        without=["tests/check.py"],
    ),
    bad(
        "hash-seed-decides",
        "oracle or repeat",
        "Its verifier takes the first of a set, which is another in each process.",
        edits=[("tests/check.py", "got == WANT", "list(got) == list(set(WANT))")],
    ),
    bad(
        "chance-decides",
        "mutants or repeat",
        "Its verifier looks at the totals in one run of ten thousand, drawn at random.",
        edits=[("tests/check.py", _RIGHT, _DRAWN)],
    ),
    bad(
        "clock-decides",
        "oracle or repeat",
        "Its verdict holds until the second is over, and is another one then.",
        {
            "instruction.md": "Write the time, in whole seconds of the Unix clock, to /app/now.txt.\n",
            "solution/solve.sh": "date +%s > /app/now.txt\n",
            "tests/test.sh": _NOW,
        },
        without=["tests/check.py"],
    ),
)

_FLOOD = "yes 'a line that nobody reads' | head -c 1073741824\n"

BROKEN = (
    bad(
        "verifier-needs-network",
        "oracle or lint",
        "Its verifier fetches what it runs with.",
        {"tests/test.sh": "#!/bin/bash\nset -e\npip install -q jsonschema\nexec python3 -I /tests/check.py\n"},
    ),
    bad(
        "verifier-hangs",
        "oracle",
        "Its verifier never ends.",
        {"tests/test.sh": TEST.replace("exec", "sleep 600\nexec")},
        edits=[("task.toml", "timeout_sec = 20", "timeout_sec = 1")],
    ),
    bad(
        "verifier-floods",
        "oracle or repeat or budget or lint",
        "Its verifier prints a gigabyte.",
        {"tests/test.sh": TEST.replace("exec", f"{_FLOOD}exec")},
    ),
    bad(
        "verifier-dies",
        "oracle",
        "Its verifier is killed before it has a word.",
        {"tests/test.sh": TEST.replace("exec", "kill -9 $$\nexec")},
    ),
    bad("reward-missing", "oracle", "Its verifier writes no reward.", {"tests/test.sh": "#!/bin/bash\nexit 0\n"}),
    bad(
        "reward-not-a-number",
        "oracle",
        "Its verifier pays NaN.",
        edits=[("tests/check.py", 'pay("1" if', 'pay("nan" if')],
    ),
    bad(
        "reward-of-many-names",
        "oracle",
        "Its verifier pays two rewards, and neither is called reward.",
        edits=[
            (
                "tests/check.py",
                'reward.txt").write_text(reward)',
                'reward.json").write_text(f\'{{"a": {reward}, "b": 1}}\')',
            ),
        ],
    ),
)

BAD_ELSEWHERE = (*FOLDERS, *ORACLES, *LEAKS, *UNSTEADY, *BROKEN)
