"""The family `dedup-files`: remove duplicate documents from a shared archive, by its retention policy."""

from __future__ import annotations

import csv
import gzip
import io
import json
import posixpath
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone

import numpy as np

from selftrain.envs.checks import csv_check
from selftrain.envs.families.material import WORDS, between, chance_of, pick, sample, sentence, start_of_story
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

_ROOT = "/workspace/archive"
_POLICY = "/workspace/RETENTION.md"
_CATALOG = "/workspace/catalog.csv"
_REPORT = "/workspace/removed.csv"
_TAR = "/tmp/.setup/archive.tar"
_FOLDERS = ("inbox", "scans", "finance", "hr", "projects", "legal-hold", "old-laptop", "shared/from email", "exports")
_KINDS = ("txt", "csv", "md", "json", "log")
_GROUPS = {1: 5, 2: 9, 3: 18, 4: 40, 5: 160}
_ZONES = (-480, -300, 0, 60, 120, 330, 540)


@dataclass
class _Archive:
    """What the archive holds, which folders matter how, and when each file came in."""

    level: int
    ranks: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    arrived: dict[str, int] = field(default_factory=dict)  # minutes since the first arrival

    def add(self, path: str, data: bytes) -> bool:
        """Put a file in, unless its place is taken."""
        if path in self.files:
            return False
        self.files[path] = data
        return True


def _name(rng: np.random.Generator, level: int) -> str:
    words = sample(rng, WORDS, between(rng, 1, 3))
    joint = pick(rng, ("-", "_", ".") if level == 1 else ("-", "_", " ", " - "))
    stem = joint.join(words)
    if level >= 2 and chance_of(rng, 0.15):
        stem = pick(rng, ("-", "é", "naïve ", "(copy) ", "#", "it's ")) + stem
    if level >= 3 and chance_of(rng, 0.08):
        stem = "." + stem
    return f"{stem}.{pick(rng, _KINDS)}"


def _content(rng: np.random.Generator) -> bytes:
    lines = [sentence(rng, between(rng, 3, 9)) for _ in range(between(rng, 2, 12))]
    return ("\n".join([f"Ref {between(rng, 10**6, 10**7)}", *lines]) + "\n").encode()


def _twin(rng: np.random.Generator, data: bytes) -> bytes:
    """Other content of the same size, so that equal sizes prove nothing."""
    place = between(rng, 4, len(data) - 2)
    other = b"x" if data[place : place + 1] != b"x" else b"y"
    return data[:place] + other + data[place + 1 :]


def _place(rng: np.random.Generator, archive: _Archive, name: str, data: bytes) -> None:
    folder = pick(rng, archive.ranks)
    depth = between(rng, 0, 1 if archive.level < 3 else 3)
    path = posixpath.join(folder, *sample(rng, WORDS, depth), name)
    if archive.level >= 4 and chance_of(rng, 0.15):
        path, data = f"{path}.gz", gzip.compress(data, between(rng, 1, 9), mtime=0)
    archive.add(path, data)


def _fill(rng: np.random.Generator, level: int) -> _Archive:
    count = {1: 3, 2: 4, 3: 6}.get(level, len(_FOLDERS))
    ranks = sample(rng, _FOLDERS, count)
    if level >= 3 and "legal-hold" not in ranks:
        ranks[0] = "legal-hold"
    archive = _Archive(level, tuple(ranks))
    for _ in range(_GROUPS[level]):
        data, name = _content(rng), _name(rng, level)
        for copy in range(pick(rng, (2, 2, 2, 3, 4))):
            _place(rng, archive, name if copy == 0 or chance_of(rng, 0.4) else _name(rng, level), data)
    for number in range(_GROUPS[level]):
        data, name = _content(rng), _name(rng, level)
        _place(rng, archive, name, data)
        if number < 3 or chance_of(rng, 0.5):
            _place(rng, archive, f"{pick(rng, WORDS)} {name}", _twin(rng, data))
    for _ in range(2 + level):
        archive.add(posixpath.join(pick(rng, archive.ranks), _name(rng, level)), b"" if level >= 2 else _content(rng))
    if level >= 3:  # one document that lies under legal hold twice and elsewhere once
        data, elsewhere = _content(rng), next(folder for folder in archive.ranks if folder != "legal-hold")
        for folder, word in zip(("legal-hold", "legal-hold", elsewhere), sample(rng, WORDS, 3), strict=True):
            archive.add(f"{folder}/{word}-{between(rng, 1900, 2100)}.md", data)
    for path in sorted(archive.files):
        archive.arrived[path] = between(rng, 0, 60 * 24 * 3)
    return archive


def _document(level: int, path: str, data: bytes) -> bytes:
    """The content that counts for equality: at higher levels a gzipped file is the document inside."""
    return gzip.decompress(data) if level >= 4 and path.endswith(".gz") else data


def _preference(archive: _Archive, path: str) -> tuple[int | bytes, ...]:
    """Smallest is kept."""
    raw = path.encode()
    if archive.level <= 2:
        return (raw,)
    rank = min(i for i, folder in enumerate(archive.ranks) if path.startswith(folder + "/"))
    if archive.level == 3:
        return (rank, len(raw), raw)
    return (int(path.endswith(".gz")), archive.arrived[path] if archive.level == 5 else 0, rank, raw)


def _decide(archive: _Archive) -> dict[str, str]:
    """Removed path → the path kept instead."""
    groups: dict[bytes, list[str]] = {}
    for path in sorted(archive.files):
        data = _document(archive.level, path, archive.files[path])
        if data or archive.level == 1:
            groups.setdefault(data, []).append(path)
    decisions = {}
    for paths in groups.values():
        held = [path for path in paths if archive.level >= 3 and path.startswith("legal-hold/")]
        kept = min(held or paths, key=lambda path: _preference(archive, path))
        decisions.update({path: kept for path in paths if path != kept and path not in held})
    return decisions


def _policy(archive: _Archive) -> str:
    rules = [
        "Two files are duplicates when their contents are the same byte for byte; names do not matter.",
        "Empty files are placeholders. They are never duplicates and always stay.",
        "Nothing under `legal-hold/` is ever removed or changed. When copies of a document lie there, each of them "
        "stays, all copies elsewhere go, and the kept copy (for the report) is chosen among those under `legal-hold/`.",
    ]
    order = ", ".join(f"`{folder}/`" for folder in archive.ranks)
    if archive.level == 3:
        rules.append(
            f"Keep the copy in the most trusted folder, in this order: {order}. Within one folder keep the shortest "
            "path below `archive/` (in bytes), and of those the first in byte order."
        )
    else:
        rules.append(
            "A `.gz` file counts as the document inside it: it is a duplicate of every file, gzipped or not, that "
            "holds the same document (an empty document is still a placeholder). A copy that is not gzipped is kept "
            "rather than a gzipped one."
        )
        if archive.level == 5:
            rules.append(
                "Among what is left, keep the copy that arrived first. `/workspace/catalog.csv` holds `path` (below "
                "`archive/`) and `received`, in local time with its offset from UTC; two offices feed the catalogue "
                "in two notations. A file with several rows was received again later; its first arrival counts."
            )
        tie = "Of several" if archive.level == 4 else "When that is a tie"
        rules.append(f"{tie}, keep the one in the most trusted folder, in this order: {order}.")
        rules.append("Within one folder keep the first path in byte order.")
        rules.append(
            "In place of each removed file leave a relative symbolic link with the same name that points "
            "straight at the kept file."
        )
    listed = "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, 1))
    return f"# Retention of duplicates\n\nThe rules apply in this order.\n\n{listed}\n"


def _instruction(rng: np.random.Generator, level: int) -> str:
    opening = pick(
        rng,
        (
            f"The shared archive in {_ROOT} holds many copies of the same documents.",
            f"Backups of {_ROOT} no longer fit, since people keep saving the same documents again.",
            f"We merged several drives into {_ROOT} and now have documents in it more than once.",
        ),
    )
    report = (
        f"Also write {_REPORT}: a header `removed,kept` and one row for each removed file, both paths "
        "relative to the archive folder, rows in any order, standard CSV quoting."
    )
    if level <= 2:
        empty = "" if level == 1 else " Empty files are placeholders that must all stay."
        text = (
            f"{opening} Of every set of files with identical content, keep the one whose path is first in byte "
            f"order (as `LC_ALL=C sort` orders paths relative to {_ROOT}) and delete the others.{empty} "
            "Leave all other files and their contents as they are, and add none to the archive."
        )
        return text if level == 1 else f"{text} {report}"
    return (
        f"{opening} Remove the duplicates as {_POLICY} says. Everything that the policy does not remove must stay as "
        f"it is, and the archive must get no other files. {report}"
    )


def _catalog(rng: np.random.Generator, archive: _Archive) -> bytes:
    start = start_of_story(rng)
    rows = []
    for path in archive.files:
        minutes = [archive.arrived[path]]
        if chance_of(rng, 0.1):
            minutes.append(minutes[0] + between(rng, 60, 9000))
        for each in minutes:
            moment = (start + timedelta(minutes=each)).astimezone(timezone(timedelta(minutes=pick(rng, _ZONES))))
            notation = pick(rng, ("%Y-%m-%dT%H:%M:%S%z", "%d.%m.%Y %H:%M:%S %z"))
            rows.append([path, moment.strftime(notation)])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["path", "received"])
    writer.writerows(rows[int(index)] for index in rng.permutation(len(rows)))
    return out.getvalue().encode()


def _tar(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.mtime = len(files[path]), 0o644, 1_700_000_000
            tar.addfile(entry, io.BytesIO(files[path]))
    return out.getvalue()


def _judge(archive: _Archive, decisions: Mapping[str, str], evidence: Evidence) -> list[Check]:
    found = evidence.under(_ROOT)
    wanted = {path: data for path, data in archive.files.items() if path not in decisions}
    prefix = _ROOT + "/"
    links = {path.removeprefix(prefix): to for path, to in evidence.links.items() if path.startswith(prefix)}
    checks = [
        Check("every file to keep is there", wanted.keys() <= found.keys(), "a kept file is gone"),
        Check("only those files are there", found.keys() <= wanted.keys(), "a duplicate or another file is left"),
        Check("contents are unchanged", all(wanted.get(p) == d for p, d in found.items()), "a file was changed"),
    ]
    if archive.level >= 4:
        ends = {path: posixpath.normpath(posixpath.join(posixpath.dirname(path), to)) for path, to in links.items()}
        relative = not any(to.startswith("/") for to in links.values())
        checks.append(Check("links lead to the kept files", relative and ends == dict(decisions), "wrong links"))
    else:
        checks.append(Check("there are no links", not links, "a symbolic link is no file"))
    if archive.level >= 2:
        rows = [["removed", "kept"], *([path, kept] for path, kept in decisions.items())]
        checks.append(csv_check(evidence, _REPORT, rows, ordered=False))
    return checks


_SOLVER = """\
cat > /tmp/dedup.py <<'EOF'
import csv, gzip, json, os, sys
from datetime import datetime
level, ranks, mode = json.load(open("/tmp/rules.json"))
root = "/workspace/archive"
paths = [os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs]
arrived = {}
if level == 5:
    for row in csv.DictReader(open("/workspace/catalog.csv", newline="")):
        text = row["received"]
        form = "%Y-%m-%dT%H:%M:%S%z" if "T" in text else "%d.%m.%Y %H:%M:%S %z"
        moment = datetime.strptime(text if mode != "zone" else text[:-5] + "+0000", form)
        path = row["path"]
        arrived[path] = min(moment, arrived.get(path, moment)) if mode != "last" else moment
groups = {}
for path in sorted(paths, key=os.fsencode):
    full = os.path.join(root, path)
    data = open(full, "rb").read()
    if level >= 4 and path.endswith(".gz") and mode != "gz":
        data = gzip.decompress(data)
    if mode == "size":
        data = len(data)
    if data or level == 1 or mode == "empty":
        groups.setdefault(data, []).append(path)
def order(path):
    raw = os.fsencode(path)
    if level <= 2 or mode == "sorted":
        return (raw,)
    rank = [path.startswith(r + "/") for r in ranks].index(True)
    if level == 3:
        return (rank, len(raw), raw)
    return (path.endswith(".gz"), arrived[path] if level == 5 else 0, rank, raw)
rows = []
for group in groups.values():
    held = [p for p in group if level >= 3 and p.startswith("legal-hold/") and mode != "hold"]
    kept = min(held or group, key=order)
    for path in group:
        if path != kept and path not in held:
            os.remove(os.path.join(root, path))
            if level >= 4:
                os.symlink(os.path.relpath(kept, os.path.dirname(path)), os.path.join(root, path))
            rows.append([path, kept])
with open("/workspace/removed.csv", "w", newline="") as out:
    csv.writer(out).writerows([["removed", "kept"], *rows])
EOF
python3 /tmp/dedup.py
"""


def _solve(archive: _Archive, mode: str = "") -> tuple[str, str]:
    rules = json.dumps([archive.level, archive.ranks, mode])
    return (f"cat > /tmp/rules.json <<'EOF'\n{rules}\nEOF", _SOLVER)


def _cheats(archive: _Archive) -> dict[str, tuple[str, ...]]:
    cheats: dict[str, tuple[str, ...]] = {
        "reports and deletes nothing": (f"printf 'removed,kept\\n' > {_REPORT}",),
        "goes by size": _solve(archive, "size"),
        "empties the archive": (f"find {_ROOT} -type f -delete", f"printf 'removed,kept\\n' > {_REPORT}"),
        "replaces the archive by a link": (f"cp -r {_ROOT} /tmp/copy && rm -rf {_ROOT} && ln -s /tmp/copy {_ROOT}",),
    }
    sloppy: Sequence[str] = {1: (), 2: ("empty",), 3: ("sorted", "hold")}.get(archive.level, ("sorted", "hold", "gz"))
    for mode in (*sloppy, *(("zone", "last") if archive.level == 5 else ())):
        cheats[f"gets the rule wrong: {mode}"] = _solve(archive, mode)
    return cheats


def build(rng: np.random.Generator, level: int) -> Task:
    """One archive with duplicates, near duplicates and the rules for them."""
    archive = _fill(rng, level)
    decisions = _decide(archive)
    files = {_POLICY: _policy(archive).encode()} if level >= 3 else {}
    if level == 5:
        files[_CATALOG] = _catalog(rng, archive)
    return Task(
        instruction=_instruction(rng, level),
        verifier=EvidenceVerifier((_ROOT, _REPORT), lambda evidence: _judge(archive, decisions, evidence)),
        files=files,
        setup=f"mkdir {_ROOT}\ntar -xf {_TAR} -C {_ROOT}\n",
        setup_files={_TAR: _tar(archive.files)},
        tools=("python3", "tar"),
        oracle=_solve(archive),
        cheats=_cheats(archive),
        limits=Limits(steps=20 + 10 * level, seconds=300.0 + 180.0 * level),
    )


FAMILY = TaskFamily(
    name="dedup-files",
    summary="Remove duplicate documents from a shared archive, by its retention policy.",
    skills=("find and hashing", "awkward file names", "retention rules", "links"),
    chance=0.0,
    build=build,
)
