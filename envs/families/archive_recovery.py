"""archive-recovery: get files back out of archives that were cut, mangled, misnamed or split on their way."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from selftrain.envs.checks import text_check
from selftrain.envs.families.archive_recovery_scripts import NAIVE, ORACLE, SETUP
from selftrain.envs.families.material import WORDS, between, chance_of, pick, sample, sentence
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

MEDIA, RESTORED, LOST = "/workspace/media", "/workspace/restored", "/workspace/lost.txt"
PLAIN_KINDS = ("misnamed", "junk", "magic", "crlf", "swab", "mail", "no directory")
LOSSY_KINDS = ("cut", "torn zip", "bad header", "spoilt")
STACKABLE = ("junk", "crlf", "swab", "mail")


@dataclass
class Bundle:
    """One archive on its way: what it holds, what was done to it, and which members did not survive."""

    name: str
    source: bytes
    members: dict[str, bytes]
    steps: list[list[Any]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)


def _content(rng: np.random.Generator, path: str) -> bytes:
    if path.endswith((".csv", ".md", ".sql")):
        return "\n".join(sentence(rng, between(rng, 4, 12)) for _ in range(between(rng, 8, 40))).encode()
    return b"\x89IMG\r\n\x1a" + rng.bytes(between(rng, 500, 6000))


def _paths(rng: np.random.Generator, count: int) -> list[str]:
    folders = [f"{word}/{between(rng, 2019, 2025)}" for word in sample(rng, WORDS, 6)]
    names = sample(rng, WORDS, count)
    return [f"{pick(rng, folders)}/{name}.{pick(rng, ('csv', 'md', 'sql', 'png', 'bin'))}" for name in names]


def _tar(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, data in members.items():
            info = tarfile.TarInfo(path)
            info.size, info.mtime, info.uname, info.gname = len(data), 1_700_000_000, "ops", "ops"
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, data in members.items():
            info = zipfile.ZipInfo(path, (2023, 11, 14, 22, 13, 20))
            info.create_system = 3
            archive.writestr(info, data)
    return out.getvalue()


def _header_of(mail: bool, rng: np.random.Generator) -> str:
    if mail:
        return (
            f"From: {pick(rng, WORDS)}@example.com\r\nSubject: the files\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="=_7f"\r\n\r\n--=_7f\r\nContent-Type: application/octet-stream\r\n'
            "Content-Transfer-Encoding: base64\r\n\r\n"
        )
    return (
        f"HTTP/1.1 200 OK\r\nServer: nginx/1.{between(rng, 18, 27)}\r\nContent-Type: application/octet-stream\r\n"
        f"X-Request-Id: {rng.bytes(8).hex()}\r\n\r\n"
    )


def _wrap(rng: np.random.Generator, kind: str) -> list[Any]:
    return [kind, _header_of(kind == "mail", rng) if kind in ("mail", "junk") else 0]


def _bundle(rng: np.random.Generator, name: str, kind: str, members: dict[str, bytes]) -> Bundle:
    """An archive of `members` with the fault `kind`."""
    last = list(members)[-1]
    if kind in ("no directory", "torn zip"):
        whole = _zip(members)
        end = whole.index(b"PK\x01\x02", len(whole) - 200 * len(members))
        gone = {last} if kind == "torn zip" else set()
        end -= len(members[last]) // 2 if gone else 0
        return Bundle(f"{name}.zip", whole[:end], members, lost=gone)
    if kind == "spoilt":
        whole, victim = _zip(members), pick(rng, list(members))
        at = whole.index(members[victim]) + len(members[victim]) // 2
        spoilt = whole[:at] + bytes(byte ^ 0xA5 for byte in whole[at : at + 24]) + whole[at + 24 :]
        return Bundle(f"{name}.zip", spoilt, members, lost={victim})
    if kind == "bad header":
        whole, victim = _tar(members), pick(rng, list(members)[1:-1])
        at = whole.index(victim.encode() + b"\0")
        return Bundle(f"{name}.tar", whole[:at] + rng.bytes(600) + whole[at + 600 :], members, lost={victim})
    if kind == "misnamed":
        return Bundle(f"{name}.{pick(rng, ('zip', 'jpg', 'dat'))}", _tar(members), members, [["xz", 0]])
    bundle = Bundle(f"{name}.tar.gz", _tar(members), members, [["gzip", 0]])
    if kind == "cut":
        bundle.steps.append(["cut", between(rng, 1000, 2000)])
        bundle.lost = {last}
    else:
        bundle.steps.append(_wrap(rng, kind))
        bundle.name = f"{name}.eml" if kind == "mail" else bundle.name
    return bundle


def _members(rng: np.random.Generator, paths: Sequence[str], kind: str) -> dict[str, bytes]:
    members = {path: _content(rng, path) for path in paths}
    if kind == "cut":  # compression must not squeeze the last member in front of the cut
        members[paths[-1]] = rng.bytes(5000)
    return members


def _bundles(rng: np.random.Generator, level: int) -> list[Bundle]:
    # tar finds out by itself what a misnamed archive is: too easy to stand alone
    plain = sample(rng, PLAIN_KINDS[1:] if level == 1 else PLAIN_KINDS, {1: 1, 2: 2, 3: 2, 4: 4, 5: 6}[level])
    lossy = sample(rng, LOSSY_KINDS, {1: 0, 2: 0, 3: 2, 4: 2, 5: 4}[level])
    kinds = sample(rng, [*plain, *lossy], len(plain) + len(lossy))
    each = {1: 4, 2: 5, 3: 6, 4: 7, 5: 9}[level]
    paths = _paths(rng, each * len(kinds))
    names = [f"{word}-{between(rng, 1, 99):02d}" for word in sample(rng, WORDS, len(kinds))]
    bundles = []
    for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        members = _members(rng, paths[number * each : (number + 1) * each], kind)
        bundle = _bundle(rng, name, kind, members)
        if level >= 4 and kind in (*LOSSY_KINDS, "misnamed") and chance_of(rng, 0.6):
            second = pick(rng, STACKABLE)
            bundle.steps.append(_wrap(rng, second))
        bundles.append(bundle)
    for bundle in sample(rng, bundles, {3: 1, 4: 2, 5: 4}.get(level, 0)):
        width = pick(rng, ("part{:02d}", "{:03d}"))
        bundle.parts = [width.format(number) for number in range(1, between(rng, 3, 12))]
    return bundles


def _stale(rng: np.random.Generator, bundles: Sequence[Bundle]) -> Bundle:
    """An old backup in good order: the right names, contents that are out of date."""
    old = {}
    for bundle in bundles:
        for path in sample(rng, sorted(bundle.members), 3) + sorted(bundle.lost):
            old[path] = bundle.members[path][:-20] + rng.bytes(8)
    return Bundle("nightly-old.tar.gz", _tar(old), {}, [["gzip", 0]])


def _instruction(rng: np.random.Generator, level: int) -> str:
    opening = pick(
        rng,
        (
            f"A disk died, and what is left of its archives is in {MEDIA}.",
            f"The archives in {MEDIA} were moved between machines by many hands, and most do not open any more.",
            f"Somebody has to get our files out of {MEDIA} again; ordinary unpacking fails.",
        ),
    )
    text = f"{opening} /workspace/MANIFEST.sha256 lists the SHA-256 and the path of every file wanted. "
    text += f"Write each of them to {RESTORED}/<path>, byte for byte as it was, and nothing else there."
    if level >= 3:
        text += " Not all of them can be recovered: of some, only a part or nothing is left. List the paths of those "
        text += f"in {LOST}, one a line, sorted by code point; a file counts as recovered only if its SHA-256 is right."
    hints = [
        "archives with a wrong extension or without their index",
        "files saved together with protocol headers or as a mail",
    ]
    hints += [
        "files changed by a text-mode transfer (LF became CR LF)",
        "images with the two bytes of each 16-bit word swapped",
    ]
    hints += ["gzip files whose first bytes were overwritten"] + (
        ["archives cut into numbered parts"] if level >= 3 else []
    )
    text += f"\n\nWhat is known to have happened, to some of them{' more than one thing' if level >= 4 else ''}:\n\n"
    text += "".join(f"- {hint}\n" for hint in hints)
    return text


def build(rng: np.random.Generator, level: int) -> Task:
    """Damaged archives and the list of files wanted from them."""
    bundles = _bundles(rng, level)
    kept = {path: data for b in bundles for path, data in b.members.items() if path not in b.lost}
    lost = sorted(path for bundle in bundles for path in bundle.lost)
    every = {path: data for bundle in bundles for path, data in bundle.members.items()}
    shuffled = sample(rng, sorted(every), len(every))
    manifest = "".join(f"{sha256(every[path]).hexdigest()}  {path}\n" for path in shuffled)
    if level == 5:
        bundles = [*bundles, _stale(rng, bundles)]
    plan = [{"name": b.name, "source": f"b{n}", "steps": b.steps, "parts": b.parts} for n, b in enumerate(bundles)]
    setup_files = {f"/tmp/.setup/b{number}": bundle.source for number, bundle in enumerate(bundles)}
    setup_files |= {"/tmp/.setup/plan.json": json.dumps(plan).encode(), "/tmp/.setup/make.py": SETUP.encode()}

    def judge(evidence: Evidence) -> list[Check]:
        found, name = evidence.under(RESTORED), f"{RESTORED} holds the files"
        same = sum(found.get(path) == data for path, data in kept.items())
        checks = [Check(name, same == len(kept), "" if same == len(kept) else "files are missing or differ")]
        extra = found.keys() - kept.keys()
        links = [path for path in (*evidence.links, *evidence.dropped) if path.startswith(RESTORED)]
        checks.append(
            Check(f"{RESTORED} holds nothing else", not extra and not links, "extra files" if extra or links else "")
        )
        return [*checks, text_check(evidence, LOST, "".join(f"{path}\n" for path in lost))] if level >= 3 else checks

    manifest_paths = "cut -c 67- /workspace/MANIFEST.sha256"
    return Task(
        instruction=_instruction(rng, level),
        verifier=EvidenceVerifier((RESTORED, LOST), judge),
        files={"/workspace/MANIFEST.sha256": manifest.encode()},
        setup="python3 /tmp/.setup/make.py\n",
        setup_files=setup_files,
        tools=("python3", "gzip", "xz", "tar", "unzip", "zip", "xxd", "sha256sum"),
        oracle=(ORACLE,),
        cheats={
            "unpacks only what opens": (NAIVE,),
            "makes empty files": (
                f'{manifest_paths} | while read -r p; do mkdir -p "{RESTORED}/$(dirname "$p")"; '
                f': > "{RESTORED}/$p"; done',
            ),
            "calls everything lost": (f"mkdir -p {RESTORED}; {manifest_paths} | LC_ALL=C sort > {LOST}",),
            "links to the media": (f"ln -s {MEDIA} {RESTORED}; : > {LOST}",),
        },
        limits=Limits(steps={1: 25, 2: 35, 3: 50, 4: 70, 5: 100}[level], seconds=300.0 * level),
    )


FAMILY = TaskFamily(
    name="archive-recovery",
    summary="Get files back out of archives that were cut, mangled, misnamed, split or spoilt.",
    skills=("archive formats", "carving", "checksums", "binary inspection"),
    chance=0.0,
    build=build,
)
