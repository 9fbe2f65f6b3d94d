"""The upper levels of `permissions-audit`: effective access from inventory, accounts, groups and ACLs of a server."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from selftrain.envs.checks import csv_check
from selftrain.envs.families.material import FIRST_NAMES, WORDS, between, chance_of, pick, sample
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Limits, Task

_HERE = "/workspace/audit"
_REPORT = "/workspace/access.csv"
_GROUPS = ("dev", "ops", "finance", "hr", "support", "auditors", "interns", "backup", "release", "research")
_TOPS = ("/srv", "/home", "/opt/app", "/data", "/var/backups")
_SECRETS = ("id_rsa", "credentials.json", "salaries.csv", "master.key", "tokens.env")
_FOLDER_MODES = (0o755,) * 6 + (0o750, 0o750, 0o711, 0o700, 0o770)
_FILE_MODES = (0o644, 0o644, 0o640, 0o600, 0o660, 0o664, 0o604, 0o044, 0o400)


@dataclass(frozen=True)
class _Entry:
    """One line of the inventory."""

    kind: str
    mode: int
    owner: str
    group: str
    acl: tuple[tuple[str, str, int], ...] = ()  # ("user" or "group", name, bits)
    mask: int = 7


_NOISE = _Entry("f", 0o644, "root", "root")


@dataclass
class _Server:
    """Accounts and entries of the audited machine."""

    users: dict[str, str]  # user → primary group
    members: dict[str, set[str]]  # group → users, primary or not
    entries: dict[str, _Entry] = field(default_factory=dict)

    def allows(self, user: str, path: str, bit: int) -> bool:
        """POSIX.1e access: the first class that fits the user decides, and no other."""
        entry = self.entries[path]
        limit = entry.mask if entry.acl else 7
        if user == entry.owner:
            return bool(entry.mode >> 6 & bit)
        named = {name: bits for tag, name, bits in entry.acl if tag == "user"}
        if user in named:
            return bool(named[user] & limit & bit)
        groups = [(entry.group, entry.mode >> 3 & 7), *((n, b) for tag, n, b in entry.acl if tag == "group")]
        mine = [bits for name, bits in groups if user in self.members[name]]
        if mine:
            return any(bits & limit & bit for bits in mine)
        return bool(entry.mode & bit)

    def reaches(self, user: str, path: str, bit: int) -> bool:
        """The right itself, and search permission on every folder above."""
        parts = path.split("/")
        above = ["/".join(parts[:depth]) for depth in range(2, len(parts))]
        return self.allows(user, path, bit) and all(self.allows(user, folder, 1) for folder in above)


def _accounts(rng: np.random.Generator, level: int) -> _Server:
    names = sample(rng, [name.lower() for name in FIRST_NAMES if name.isascii()], 8 if level == 4 else 14)
    groups = sample(rng, _GROUPS, 5 if level == 4 else 9)
    users = {name: pick(rng, groups) for name in names}
    members: dict[str, set[str]] = {group: {user for user, own in users.items() if own == group} for group in groups}
    for group in groups:
        members[group] |= set(sample(rng, names, between(rng, 0, 4)))
    return _Server(users, members)


def _entry(rng: np.random.Generator, server: _Server, kind: str, level: int) -> _Entry:
    users, groups = list(server.users), list(server.members)
    mode = pick(rng, _FOLDER_MODES if kind == "d" else _FILE_MODES)
    acl: list[tuple[str, str, int]] = []
    if level == 5 and chance_of(rng, 0.08):
        acl += [("user", user, between(rng, 0, 7)) for user in sample(rng, users, between(rng, 1, 2))]
        acl += [("group", group, between(rng, 0, 7)) for group in sample(rng, groups, between(rng, 0, 2))]
    return _Entry(kind, mode, pick(rng, users), pick(rng, groups), tuple(acl), pick(rng, (7, 7, 5, 4)))


def _populate(rng: np.random.Generator, server: _Server, level: int) -> None:
    entries = server.entries
    for top in _TOPS:
        for depth in range(2, len(top.split("/")) + 1):
            entries["/".join(top.split("/")[:depth])] = _Entry("d", 0o755, "root", "root")
    folders = list(_TOPS)
    for _ in range(120 if level == 4 else 1200):
        parent = pick(rng, folders)
        if parent.count("/") > 6:
            continue
        path = f"{parent}/{pick(rng, WORDS)}{pick(rng, ('', '', ' old', '-2'))}"
        if path not in entries:
            entries[path] = _entry(rng, server, "d", level)
            folders.append(path)
    count = 1500 if level == 4 else 20000
    places, words = rng.integers(len(folders), size=count).tolist(), rng.integers(len(WORDS), size=count).tolist()
    for number, place, word in zip(range(count), places, words, strict=True):
        secret = number % (20 if level == 4 else 50) == 0
        path = f"{folders[place]}/{pick(rng, _SECRETS) if secret else f'{WORDS[word]}-{number}.dat'}"
        if secret or number % 37 == 0:
            entries.setdefault(path, _entry(rng, server, "f", level))
        else:  # plain noise: drawing every field of it would cost more than it shows
            entries.setdefault(path, _NOISE)
    server.members["root"] = set()


def _symbolic(kind: str, mode: int) -> str:
    bits = "".join(letter if mode >> (8 - place) & 1 else "-" for place, letter in enumerate("rwxrwxrwx"))
    return ("d" if kind == "d" else "-") + bits


def _inventory(server: _Server) -> bytes:
    """As `find -printf '%M %u %g %p\\n'` prints it; with an ACL the group's bits show the mask."""
    lines = []
    for path, entry in sorted(server.entries.items()):
        mode = entry.mode & 0o707 | entry.mask << 3 if entry.acl else entry.mode
        lines.append(f"{_symbolic(entry.kind, mode)} {entry.owner} {entry.group} {path}")
    return ("\n".join(lines) + "\n").encode()


def _rwx(bits: int) -> str:
    return "".join(letter if bits >> (2 - place) & 1 else "-" for place, letter in enumerate("rwx"))


def _acls(server: _Server) -> bytes:
    blocks = []
    for path, entry in sorted(server.entries.items()):
        if not entry.acl:
            continue
        lines = [f"# file: {path[1:]}", f"# owner: {entry.owner}", f"# group: {entry.group}"]
        lines.append(f"user::{_rwx(entry.mode >> 6 & 7)}")
        lines += [f"user:{name}:{_rwx(bits)}" for tag, name, bits in entry.acl if tag == "user"]
        lines.append(f"group::{_rwx(entry.mode >> 3 & 7)}")
        lines += [f"group:{name}:{_rwx(bits)}" for tag, name, bits in entry.acl if tag == "group"]
        blocks.append("\n".join([*lines, f"mask::{_rwx(entry.mask)}", f"other::{_rwx(entry.mode & 7)}", ""]))
    return "\n".join(blocks).encode()


def _account_files(rng: np.random.Generator, server: _Server) -> dict[str, bytes]:
    groups = [group for group in server.members if group != "root"]
    ids = {group: 1000 + 7 * number for number, group in enumerate(groups)}
    passwd = ["root:x:0:0:root:/root:/bin/bash", "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin"]
    for number, (user, group) in enumerate(server.users.items()):
        passwd.append(f"{user}:x:{1000 + number}:{ids[group]}:{user.title()}:/home/{user}:/bin/bash")
    table = ["root:x:0:"]
    for group in groups:
        extra = sorted(user for user in server.members[group] if server.users[user] != group)
        table.append(f"{group}:x:{ids[group]}:{','.join(extra)}")
    order = rng.permutation(len(table))
    return {
        f"{_HERE}/passwd": ("\n".join(passwd) + "\n").encode(),
        f"{_HERE}/group": ("\n".join(table[int(place)] for place in order) + "\n").encode(),
    }


_SOLVE = """\
cat > /tmp/access.py <<'EOF'
import csv, gzip, json, os, sys
secrets, kinds, mode = json.load(open("/tmp/ask.json"))
here = "/workspace/audit/"
gids, member = {}, {}
for line in open(here + "group"):
    name, _, gid, users = line.rstrip("\\n").split(":")
    gids[gid] = name
    member[name] = set(filter(None, users.split(",")))
people = []
for line in open(here + "passwd"):
    user, _, uid, gid = line.split(":")[:4]
    if int(uid) >= 1000:
        people.append(user)
        if mode != "noprimary":
            member[gids[gid]].add(user)
def bits(text):
    return sum(1 << (2 - i) for i, c in enumerate(text) if c != "-")
acls = {}
if os.path.exists(here + "acls.txt") and mode != "noacl":
    for line in open(here + "acls.txt"):
        line = line.rstrip("\\n")
        if line.startswith("# file: "):
            current = acls.setdefault("/" + line[8:], [])
        elif ":" in line and line[0] != "#":
            tag, name, text = line.split(":")
            current.append((tag, name, bits(text)))
entries = {}
source = here + "inventory.txt"
for line in (gzip.open(source + ".gz", "rt") if os.path.exists(source + ".gz") else open(source)):
    perms, owner, group, path = line.rstrip("\\n").split(" ", 3)
    entries[path] = (perms, owner, group)
def allows(user, path, bit):
    perms, owner, group = entries[path]
    u, g, o = bits(perms[1:4]), bits(perms[4:7]), bits(perms[7:10])
    if mode == "any":
        return any([user == owner and u & bit, user in member[group] and g & bit, o & bit])
    acl = acls.get(path)
    if user == owner:
        return u & bit
    mask = 7
    if acl:
        mask = [b for t, n, b in acl if t == "mask"][0]
        for tag, name, value in acl:
            if tag == "user" and name == user:
                return value & mask & bit
        found = [b for t, n, b in acl if t == "group" and user in member[n or group]]
    else:
        found = [g] if user in member[group] else []
    if found:
        return any(value & mask & bit for value in found)
    return o & bit
def reaches(user, path, bit):
    parts = path.split("/")
    above = [] if mode == "flat" else ["/".join(parts[:n]) for n in range(2, len(parts))]
    return allows(user, path, bit) and all(allows(user, f, 1) for f in above)
rows = [["user", "path", "access"]]
for path, (perms, _, _) in entries.items():
    if perms[0] == "-" and path.rsplit("/", 1)[1] in secrets:
        for user in people:
            can = "".join(k for k in kinds if reaches(user, path, {"r": 4, "w": 2}[k]))
            if can:
                rows.append([user, path, can])
csv.writer(open("/workspace/access.csv", "w", newline="")).writerows(rows)
EOF
python3 /tmp/access.py
"""


def _rows(server: _Server, secrets: list[str]) -> Iterator[list[str]]:
    for path, entry in server.entries.items():
        if entry.kind == "d" or path.rsplit("/", 1)[1] not in secrets:
            continue
        for user in server.users:
            can = "".join(letter for letter, bit in (("r", 4), ("w", 2)) if server.reaches(user, path, bit))
            if can:
                yield [user, path, can]


def _instruction(secrets: list[str], level: int) -> str:
    acl = (
        " acls.txt is what `getfacl` printed for the entries that have an ACL (it drops the leading slash of "
        "paths); for those the group bits of the inventory show the ACL's mask, as `ls` does."
        if level == 5
        else ""
    )
    return (
        f"{_HERE} holds copies of a server's passwd and group files and an inventory of its disks (gzipped at will), "
        f"one line an entry as `find -printf '%M %u %g %p\\n'` prints it.{acl} Work out which ordinary users (user ID "
        f"1000 and above) can read or write the contents of the files named {' or '.join(secrets)}, as the kernel "
        "would decide: group membership is primary or supplementary, the first class of owner, group and others that "
        "fits a user decides alone, and every folder on the way needs search permission (`/` itself grants it). "
        f"Write {_REPORT}: a header `user,path,access` and a row for each user and file with some access, where access "
        "is r, w or rw; rows in any order, standard CSV quoting."
    ).replace(" (gzipped at will)", "" if level == 4 else " (gzipped)")


def access_task(rng: np.random.Generator, level: int) -> Task:
    """Who can read or write the named secrets, from files that were copied off the server."""
    server = _accounts(rng, level)
    _populate(rng, server, level)
    secrets = sample(rng, _SECRETS, between(rng, 2, 3))
    rows = [["user", "path", "access"], *_rows(server, secrets)]
    inventory = _inventory(server)
    files = _account_files(rng, server)
    if level == 4:
        files[f"{_HERE}/inventory.txt"] = inventory
    else:
        files[f"{_HERE}/inventory.txt.gz"] = gzip.compress(inventory, 6, mtime=0)
        files[f"{_HERE}/acls.txt"] = _acls(server)

    def script(mode: str = "") -> tuple[str, ...]:
        listed = ", ".join(f'"{name}"' for name in secrets)
        return (f'echo \'[[{listed}], "rw", "{mode}"]\' > /tmp/ask.json', _SOLVE)

    cheats = {
        "only the header": (f"echo user,path,access > {_REPORT}",),
        "ignores the folders above": script("flat"),
        "forgets primary groups": script("noprimary"),
        "adds up the classes": script("any"),
        "a link to the inventory": (f"ln -s {_HERE}/passwd {_REPORT}",),
    }
    if level == 5:
        cheats["ignores the ACLs"] = script("noacl")
    return Task(
        instruction=_instruction(secrets, level),
        verifier=EvidenceVerifier((_REPORT,), lambda out: [csv_check(out, _REPORT, rows, ordered=False)]),
        files=files,
        tools=("python3", "gzip"),
        oracle=script(),
        cheats=cheats,
        limits=Limits(steps=20 * level, seconds=300.0 * level),
    )
