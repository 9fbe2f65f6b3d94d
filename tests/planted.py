"""What the planted tasks are made of: a sound task to change in one place, and folders written from tables."""

from __future__ import annotations

import hashlib
import json
import random
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TOML = """\
schema_version = "1.4"
[agent]
timeout_sec = 60
[verifier]
timeout_sec = 20
[environment]
network_mode = "no-network"
"""
DOCKERFILE = "FROM debian:bookworm\nWORKDIR /app\nCOPY orders.csv .\n"
INSTRUCTION = """\
The file /app/orders.csv holds orders: number, customer and cents.
Write /app/totals.json: one JSON object that gives for each customer the sum of the cents, as a whole number.
"""
SOLVE = """\
#!/bin/bash
cd /app
python3 - <<'END'
import collections, csv, json
totals = collections.Counter()
with open("orders.csv") as orders:
    for number, customer, cents in list(csv.reader(orders))[1:]:
        totals[customer] += int(cents)
with open("totals.json", "w") as out:
    json.dump(totals, out)
END
"""
TEST = "#!/bin/bash\nexec python3 -I /tests/check.py\n"
CHECK = """\
import json
import pathlib

WANT = @WANT@


def found():
    try:
        return json.loads(pathlib.Path("/app/totals.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def right(got):
    return type(got) is dict and got == WANT and all(type(value) is int for value in got.values())


def pay(reward):
    pathlib.Path("/logs/verifier/reward.txt").write_text(reward)


pay("1" if right(found()) else "0")
"""
_CUSTOMERS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "gorse", "heath", "islet", "jetty", "kayak")

Text = str | bytes


@dataclass(frozen=True)
class Planted:
    """A task folder that is known to be bad, in one way, or good.

    Attributes:
        name: of the folder.
        files: path in the folder → what it holds.
        wrong: checks of the gate, of which at least one must refuse it; none for a good task.
        why: what is wrong with it, or unusual about it.
        links: path in the folder → where a symbolic link leads.
        split: of the pack.
    """

    name: str
    files: Mapping[str, Text]
    wrong: tuple[str, ...]
    why: str
    links: Mapping[str, str] = field(default_factory=dict)
    split: str = "train"


def orders(name: str, count: int = 40) -> list[tuple[int, str, int]]:
    """Number, customer and cents of orders that belong to the task `name` alone."""
    rng = random.Random(name)
    customers = rng.sample(_CUSTOMERS, 6)
    return [(1000 + row, rng.choice(customers), rng.randrange(1000, 90_000)) for row in range(count)]


def totals(rows: Sequence[tuple[int, str, int]]) -> dict[str, int]:
    """Customer → sum of the cents, in the order in which customers appear."""
    found: Counter[str] = Counter()
    for _, customer, cents in rows:
        found[customer] += cents
    return dict(found)


def csv_of(rows: Sequence[tuple[int, str, int]]) -> str:
    """Orders as the task's input."""
    return "number,customer,cents\n" + "".join(f"{number},{customer},{cents}\n" for number, customer, cents in rows)


def sound(name: str) -> dict[str, Text]:
    """The files of a task with nothing wrong; each name has numbers of its own."""
    rows = orders(name)
    return {
        "task.toml": TOML,
        "instruction.md": INSTRUCTION,
        "environment/Dockerfile": DOCKERFILE,
        "environment/orders.csv": csv_of(rows),
        "tests/test.sh": TEST,
        "tests/check.py": CHECK.replace("@WANT@", repr(totals(rows))),
        "solution/solve.sh": SOLVE,
    }


def answer(name: str) -> str:
    """What the oracle of `sound(name)` writes."""
    return json.dumps(totals(orders(name)))


def bad(
    name: str,
    wrong: str,
    why: str,
    files: Mapping[str, Text] | None = None,
    edits: Sequence[tuple[str, str, str]] = (),
    links: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
) -> Planted:
    """The sound task, made bad.

    Args:
        name: of the folder.
        wrong: checks that must see it, "one or another".
        why: what is wrong.
        files: put into it.
        edits: each a file, a text in it, and what takes its place.
        links: see `Planted`.
        without: files that are left out.
    """
    made = {**sound(name), **(files or {})}
    for path, old, new in edits:
        text = made[path]
        assert isinstance(text, str) and old in text, (name, path, old)
        made[path] = text.replace(old, new)
    for path in (*without, *(links or {})):
        made.pop(path, None)
    return Planted(name, made, tuple(wrong.split(" or ")), why, links or {})


def good(name: str, why: str, files: Mapping[str, Text], toml: str = TOML) -> Planted:
    """A good task of its own; its test script is made from `tests/check.py` where it has one and no script."""
    script = {"tests/test.sh": TEST} if "tests/check.py" in files else {}
    return Planted(name, {**script, **files, "task.toml": toml}, (), why)


def write_task(folder: Path, task: Planted) -> Path:
    """The folder of a planted task."""
    for name, text in task.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    for name, target in task.links.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    return folder


def write_pack(root: Path, name: str, tasks: Sequence[Planted]) -> Path:
    """A pack of planted tasks in `root / name`, in the order of their names."""
    folder = root / name
    for task in tasks:
        write_task(folder / "tasks" / task.name, task)
    splits = {split: [task.name for task in tasks if task.split == split] for split in ("train", "dev", "test")}
    listed = "".join(f"{split} = {json.dumps(names)}\n" for split, names in splits.items() if names)
    (folder / "pack.toml").write_text(
        f'name = "{name}"\nversion = "1.0.0"\nlicence = "MIT"\nsummary = "Planted tasks."\n[splits]\n{listed}[images]\n'
        'default = "debian:bookworm"\n'
    )
    return folder


def git_repository(commits: Sequence[Mapping[str, str]], branch: str = "main") -> tuple[dict[str, bytes], list[str]]:
    """The files of a `.git` whose branch has these commits, each of whole trees without folders, and their hashes."""
    found: dict[str, bytes] = {}

    def put(kind: str, data: bytes) -> str:
        whole = f"{kind} {len(data)}\0".encode() + data
        key = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        found[f"objects/{key[:2]}/{key[2:]}"] = zlib.compress(whole)
        return key

    hashes: list[str] = []
    for number, files in enumerate(commits):
        blobs = {name: put("blob", text.encode()) for name, text in files.items()}
        tree = b"".join(f"100644 {name}\0".encode() + bytes.fromhex(blobs[name]) for name in sorted(blobs))
        parent = f"parent {hashes[-1]}\n" if hashes else ""
        who = f"Ada <ada@example.org> {1_700_000_000 + number * 3600} +0000"
        commit = f"tree {put('tree', tree)}\n{parent}author {who}\ncommitter {who}\n\nchange {number}\n"
        hashes.append(put("commit", commit.encode()))
    found["HEAD"] = f"ref: refs/heads/{branch}\n".encode()
    found[f"refs/heads/{branch}"] = f"{hashes[-1]}\n".encode()
    found["config"] = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
    return found, hashes
