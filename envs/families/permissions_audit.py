"""The family `permissions-audit`: bring file modes in line with a policy, or find who can reach what on a server."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selftrain.envs.checks import csv_check
from selftrain.envs.families.material import WORDS, between, chance_of, pick, sample
from selftrain.envs.families.permissions_access import access_task
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

_REPORT = "/workspace/findings.csv"
_POLICY = "/workspace/POLICY.md"
_FILE_MODES = (0o644, 0o644, 0o664, 0o666, 0o600, 0o640, 0o755, 0o775, 0o777, 0o744, 0o444)
_FOLDER_MODES = (0o755, 0o755, 0o775, 0o777, 0o700, 0o750)
_APPS = ("shop", "intranet", "payroll", "wiki", "tracker", "portal", "warehouse")
# pattern (shell style, on the path below the root), mode, words for the level-1 instruction
_SECRETS = (("*.key", 0o600), ("*.pem", 0o640), ("*.env", 0o600), ("*.p12", 0o400), ("*.kdbx", 0o600))
_SCRIPTS = (("*.sh", 0o755), ("*.py", 0o755), ("*.pl", 0o755))
_SPECIAL_FOLDERS = (("shared", 0o2775), ("drop", 0o1777), ("private", 0o700), ("uploads", 0o2770))


@dataclass(frozen=True)
class _Rule:
    """Entries of one kind ("f" or "d") whose path matches get this mode; the last rule that matches counts."""

    kind: str
    pattern: str
    mode: int

    def matches(self, kind: str, path: str) -> bool:
        """Whether the rule speaks about this entry; `*` also crosses slashes."""
        return kind == self.kind and fnmatch.fnmatchcase(path, self.pattern)


def _rules(rng: np.random.Generator, level: int) -> list[_Rule]:
    rules = [_Rule("f", "*", 0o644), _Rule("d", "*", 0o755)]
    rules += [_Rule("f", *entry) for entry in sample(rng, _SCRIPTS, level if level < 3 else 3)]
    rules += [_Rule("f", *entry) for entry in sample(rng, _SECRETS, level + 1)]
    if level >= 2:
        rules += [_Rule("d", f"*/{name}", mode) for name, mode in sample(rng, _SPECIAL_FOLDERS, level)]
    if level >= 3:
        rules += [
            _Rule("f", "*/private/*", 0o600),
            _Rule("d", "*/private/*", 0o700),
            _Rule("f", "*/samples/*.key", 0o644),
            _Rule("f", "*/bin/[a-z]*", 0o755),
            _Rule("f", "*.sample", 0o444),
        ]
    return rules


def _tree(rng: np.random.Generator, level: int) -> tuple[list[str], list[str]]:
    """Folders (parents first) and files of an application tree, as paths below the root."""
    special = [name for name, _ in _SPECIAL_FOLDERS] + ["bin", "samples", "etc", "lib"]
    folders = [*sample(rng, ("app", "srv", "data", "ops", "web"), between(rng, 2, 2 + level // 2))]
    for _ in range({1: 3, 2: 9, 3: 40}[level]):
        name = pick(rng, special) if chance_of(rng, 0.6) else pick(rng, WORDS)
        if level >= 2 and chance_of(rng, 0.1):
            name = pick(rng, (f"{name} old", f".{name}", f"{name}-ü"))
        folders.append(f"{pick(rng, folders)}/{name}")
    folders = list(dict.fromkeys(folders))
    endings = [pattern[1:] for pattern, _ in (*_SECRETS, *_SCRIPTS)] + [".txt", ".conf", ".sample", "", ".key.sample"]
    files = [f"{folder}/{name}{end}" for folder, (name, end) in _always(folders, endings)]
    for _ in range({1: 6, 2: 25, 3: 160}[level]):
        name = pick(rng, WORDS) + pick(rng, endings)
        if level >= 2 and chance_of(rng, 0.15):
            name = pick(rng, (f"my {name}", f".{name}", f"-{name}", f"{name[:3]}'s {name}"))
        files.append(f"{pick(rng, folders)}/{name}")
    return folders, [path for path in dict.fromkeys(files) if path not in folders]


def _always(folders: Sequence[str], endings: Sequence[str]) -> list[tuple[str, tuple[str, str]]]:
    """One file of each ending, so that every rule finds something to speak about."""
    return [(folders[i % len(folders)], (f"main{i}", end)) for i, end in enumerate(endings)]


def _wanted(rules: Sequence[_Rule], kind: str, path: str) -> int:
    return [rule.mode for rule in rules if rule.matches(kind, path)][-1]


def _start_mode(rng: np.random.Generator, level: int, kind: str, wanted: int) -> int:
    if chance_of(rng, 0.45):
        return wanted
    mode = pick(rng, _FILE_MODES if kind == "f" else _FOLDER_MODES)
    if level >= 2 and kind == "f" and chance_of(rng, 0.12):
        mode |= 0o4000
    return mode


def _policy(rules: Sequence[_Rule]) -> str:
    kinds = {"f": "file", "d": "folder"}
    lines = [f"| {kinds[rule.kind]} | `{rule.pattern}` | {rule.mode:04o} |" for rule in rules]
    table = "\n".join(["| kind | pattern | mode |", "|---|---|---|", *lines])
    return (
        "# File modes\n\nA pattern is a shell pattern over the whole path below the root, for example "
        "`app/private/main.key`; `*` also matches slashes. The root itself is not in question. Of all rules that match "
        f"an entry of their kind, the LAST one counts.\n\n{table}\n"
    )


def _in_words(rules: Sequence[_Rule]) -> str:
    special = ", ".join(f"files named `{rule.pattern}` {rule.mode:04o}" for rule in rules[2:])
    return f"{special}, all other files 0644, and all folders 0755 (the root itself is not in question)"


def _setup(root: str, modes: dict[str, int]) -> str:
    """Create folders first, and set modes from the deepest entry up so that none locks the next out."""
    lines = [f"chmod {modes[path]:04o} {_quoted(f'{root}/{path}')}" for path in sorted(modes, key=len, reverse=True)]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _judge(
    root: str, wanted: dict[str, int], folders: set[str], files: dict[str, bytes], rows: list[list[str]], out: Evidence
) -> list[Check]:
    prefix = root + "/"
    found = {path.removeprefix(prefix): file.mode for path, file in out.files.items() if path.startswith(prefix)}
    found |= {path.removeprefix(prefix): mode for path, mode in out.directories.items() if path.startswith(prefix)}
    same = out.under(root) == files and {p.removeprefix(prefix) for p in out.directories if p != root} >= folders
    wrong = any(found.get(path) != mode for path, mode in wanted.items())
    checks = [
        Check(
            "the tree holds the same files", same and found.keys() == wanted.keys(), "something came, went or changed"
        ),
        Check("every mode is right", not wrong, "a mode breaks the policy"),
    ]
    return [*checks, csv_check(out, _REPORT, rows, ordered=False)] if rows else checks


_FIX = """\
cat > /tmp/fix.py <<'EOF'
import csv, fnmatch, os, re, stat, sys
root, source, mode = sys.argv[1:4]
rules = []
for line in open(source):
    row = re.match(r"\\| (file|folder) \\| `(.*)` \\| ([0-7]{4}) \\|", line)
    if row:
        rules.append((row[1], row[2], int(row[3], 8)))
rows = []
for folder, folders, files in os.walk(root, topdown=False):
    for kind, names in (("file", files), ("folder", folders)):
        for name in names:
            full = os.path.join(folder, name)
            path = os.path.relpath(full, root)
            fits = [m for k, p, m in rules if k == kind and fnmatch.fnmatchcase(path, p)]
            want = fits[0 if mode == "first" else -1]
            have = stat.S_IMODE(os.lstat(full).st_mode)
            if mode == "nobits":
                have, want = have & 0o777, want & 0o777
            if have != want:
                rows.append([path, f"{have:04o}", f"{want:04o}"])
                if mode != "report":
                    os.chmod(full, want)
with open("/workspace/findings.csv", "w", newline="") as out:
    csv.writer(out).writerows([["path", "found", "set"], *rows])
EOF
"""


def _instruction(root: str, rules: Sequence[_Rule], level: int) -> str:
    return (
        f"An audit of {root} found modes that are too open or too tight. Set the mode of every file and folder below "
        f"it: {_in_words(rules)}. Change nothing else."
        if level == 1
        else f"Bring the modes of every file and folder below {root} in line with {_POLICY}; set-user-ID, set-group-ID "
        "and sticky bits count as part of a mode. Change nothing else there. Report what was wrong in "
        f"{_REPORT}: a header `path,found,set` and a row for each entry whose mode you had to change, with its path "
        "relative to that folder and both modes as four octal digits; rows in any order, standard CSV quoting."
    )


def _modes_task(rng: np.random.Generator, level: int) -> Task:
    root = f"/workspace/{pick(rng, _APPS)}"
    rules = _rules(rng, level)
    folders, files = _tree(rng, level)
    wanted = {path: _wanted(rules, "d", path) for path in folders} | {p: _wanted(rules, "f", p) for p in files}
    start = {path: _start_mode(rng, level, "d" if path in folders else "f", mode) for path, mode in wanted.items()}
    start[files[0]] = 0o777  # at least one fault
    if level >= 2:
        start[files[1]] = wanted[files[1]] | 0o4000
    contents = {path: f"{pick(rng, WORDS)} {between(rng, 0, 10**9)}\n".encode() for path in files}
    placeholders = {f"{root}/{path}/.keep": b"" for path in folders}
    rows = [[path, f"{start[path]:04o}", f"{mode:04o}"] for path, mode in wanted.items() if start[path] != mode]
    report = [["path", "found", "set"], *rows] if level >= 2 else []
    policy = _policy(rules)
    fix = f"{_FIX}cat > /tmp/policy <<'EOF'\n{policy}\nEOF\n"
    run = f"python3 /tmp/fix.py {root} /tmp/policy"
    cheats = {
        "opens everything": (f"chmod -R 777 {root}",),
        "one mode for all": (f"find {root} -mindepth 1 -type f -exec chmod 644 {{}} +",),
        "first rule wins": (f"{fix}{run} first",),
        "report only": (f"{fix}{run} report",),
        "removes what is wrong": (f"{fix}{run} last", f"find {root} -name '*.key*' -delete"),
    }
    if level >= 2:
        cheats["forgets the report"] = (f"{fix}{run} last", f"rm -f {_REPORT}")
        cheats["fixes without the special bits"] = (f"{fix}{run} nobits",)
    return Task(
        instruction=_instruction(root, rules, level),
        verifier=EvidenceVerifier(
            (root, _REPORT), lambda out: _judge(root, wanted, set(folders), contents, report, out)
        ),
        files={f"{root}/{path}": data for path, data in contents.items()}
        | placeholders
        | ({_POLICY: policy.encode()} if level >= 2 else {}),
        setup=f"find {root} -name .keep -size 0 -delete\n" + _setup(root, start),
        tools=("python3",),
        oracle=(f"{fix}{run} last",),
        cheats=cheats,
        limits=Limits(steps=20 + 10 * level, seconds=300.0 + 120.0 * level),
    )


def build(rng: np.random.Generator, level: int) -> Task:
    """Levels 1 to 3 repair modes in place; 4 and 5 work out effective access from a server's inventory."""
    return _modes_task(rng, level) if level <= 3 else access_task(rng, level)


FAMILY = TaskFamily(
    name="permissions-audit",
    summary="Bring file modes in line with a policy, or find who can reach which secrets on a server.",
    skills=("file modes", "policies with exceptions", "groups and ACLs", "path traversal rights"),
    chance=0.0,
    build=build,
)
