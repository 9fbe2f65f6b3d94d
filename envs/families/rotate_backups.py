"""rotate-backups: thin out a folder of database backups after a retention policy, without losing what must stay."""

from __future__ import annotations

import configparser
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import numpy as np

from selftrain.envs.checks import csv_check
from selftrain.envs.families.material import SERVICES, between, chance_of, pick, sample, start_of_story
from selftrain.envs.families.rotate_backups_scripts import ORACLE
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

ROOT, QUARANTINE, REPORT = "/workspace/backups", "/workspace/quarantine", "/workspace/report.csv"
STYLES = ("{db}-%Y%m%dT%H%MZ.dump", "{db}_%d-%m-%Y_%H%M.bak", "{db}.%b-%d-%Y.%H%M.dump", "%H%M-%d%m%Y-{db}.sqlc")
SLOTH = ("zone", "holds", "checksums", "chains")  # what a sloppy solution leaves out
PERIODS = {"daily": "%Y-%m-%d", "weekly": "%G-%V", "monthly": "%Y-%m"}


@dataclass(frozen=True)
class Backup:
    """One backup as it lies on disk; `base` names what an incremental builds on, `bad` why it cannot be trusted."""

    name: str
    moment: datetime
    data: bytes
    base: str = ""
    bad: str = ""
    sidecar: bytes = b""


@dataclass(frozen=True)
class Rules:
    """The retention of one database."""

    counts: dict[str, int]
    as_of: datetime

    def ini(self, db: str) -> str:
        """The section of `policy.ini` for `db`."""
        parser = configparser.ConfigParser()
        parser[db] = {key: str(value) for key, value in self.counts.items()}
        if "incremental_days" in self.counts:
            parser[db]["as_of"] = self.as_of.strftime("%Y-%m-%dT%H:%M")
        out = io.StringIO()
        parser.write(out)
        return out.getvalue()


def _series(rng: np.random.Generator, db: str, style: str, level: int, as_of: datetime) -> list[Backup]:
    count = {1: 14, 2: 36, 3: 50, 4: 60, 5: 80}[level] + between(rng, 0, 10)
    days = {1: 40, 2: 75, 3: 90, 4: 210, 5: 300}[level]
    recent = rng.choice(days * 360, size=count // 2, replace=False)  # half of them in the last quarter
    older = rng.choice(days * 1440, size=count, replace=False)
    ages = sorted({int(age) for age in (*recent, *older)}, reverse=True)[:count]
    backups: list[Backup] = []
    for age in ages:
        moment = as_of - timedelta(minutes=age + 1)
        name = moment.strftime(style.format(db=db))
        data = b"PGDMP\x01\x0e" + rng.bytes(between(rng, 60, 300))
        base = backups[-1].name if level == 5 and backups and chance_of(rng, 0.6) else ""
        backups.append(Backup(name, moment, data, base=base))
    return [_damaged(rng, backup, level) for backup in backups] if level >= 3 else backups


def _damaged(rng: np.random.Generator, backup: Backup, level: int) -> Backup:
    line = f"{sha256(backup.data).hexdigest()}  {backup.name}\n".encode()
    fault = pick(rng, ("flip", "cut", "empty", "orphan")) if chance_of(rng, 0.09) else ""
    if fault == "orphan" and level == 3:
        fault = "flip"
    if fault == "flip":
        at = between(rng, 8, len(backup.data) - 1)
        spoilt = backup.data[:at] + bytes([backup.data[at] ^ 0x20]) + backup.data[at + 1 :]
        return replace(backup, data=spoilt, bad=fault, sidecar=line)
    if fault in ("cut", "empty"):
        return replace(
            backup, data=backup.data[: len(backup.data) // 2 if fault == "cut" else 0], bad=fault, sidecar=line
        )
    return replace(backup, bad=fault, sidecar=b"" if fault else line)


def _kept(backups: Sequence[Backup], rules: Rules, held: set[str], skip: str = "") -> set[str]:
    """Names to keep; `skip` leaves out one consideration, as a sloppy solution would."""
    good = {backup.name: backup for backup in backups if not backup.bad or skip == "checksums"}
    fulls = [backup for backup in reversed(backups) if backup.name in good and not backup.base]
    keep = {backup.name for backup in fulls[: rules.counts.get("last", 0)]}
    keep |= held & good.keys() if skip != "holds" else set()
    shift = timedelta(minutes=0 if skip == "zone" else rules.counts.get("utc_offset_minutes", 0))
    for period, form in PERIODS.items():
        newest: dict[str, str] = {}
        for backup in fulls:
            newest.setdefault((backup.moment + shift).strftime(form), backup.name)
        keep |= set(list(newest.values())[: rules.counts.get(period, 0)])
    if "incremental_days" in rules.counts and skip != "chains":
        since = rules.as_of - timedelta(days=rules.counts["incremental_days"])
        for backup in backups:
            if backup.base and backup.moment >= since:
                chain = [backup.name]
                while chain[-1] in good and good[chain[-1]].base:
                    chain.append(good[chain[-1]].base)
                keep |= set(chain) if chain[-1] in good else set()
    return keep


def _rules(rng: np.random.Generator, level: int, as_of: datetime) -> Rules:
    counts = {"last": between(rng, 3, 6)}
    if level >= 2:
        counts |= {"daily": between(rng, 4, 9), "weekly": between(rng, 3, 7)}
    if level >= 4:
        counts |= {"monthly": between(rng, 3, 6)}
        counts["utc_offset_minutes"] = pick(rng, (-480, -300, -210, 120, 330, 345, 540, 570))
    if level == 5:
        counts["incremental_days"] = between(rng, 12, 30)
    return Rules(counts, as_of)


_TERMS = {
    "last": "- `last`: the N newest good full backups.",
    "daily": "- `daily`: of each of the N most recent days that have a good full backup, the newest one of that day.",
    "weekly": "- `weekly`: the same with ISO weeks (Monday to Sunday).",
    "monthly": "- `monthly`: the same with calendar months.",
    "utc_offset_minutes": "- `utc_offset_minutes`: days, weeks and months are those of the database's site, this many "
    "minutes ahead of UTC (negative: behind). Times in file names are UTC all the same.",
    "incremental_days": "- `incremental_days`, `as_of`: an incremental taken at `as_of` (UTC) minus N days or later is "
    "kept, together with everything it builds on down to its full, provided that every backup of that chain is present "
    "and good. Other incrementals are deleted, unless a legal hold keeps them "
    "(a hold keeps that one file only). Incrementals never count as full backups for the rules above.",
}


def _policy_text(level: int, rules: Rules, style: str) -> str:
    parts = ["A backup is kept if any one of these rules keeps it; otherwise it is deleted:"]
    parts += [_TERMS[key] for key in rules.counts]
    shown = style.format(db="<database>").replace("%b", "Mon").replace("%d", "DD").replace("%m", "MM")
    shown = shown.replace("%Y", "YYYY").replace("%H", "HH").replace("%M", "MM")
    parts.append(f"File names read {shown}: date, and hour and minute (HHMM), in UTC.")
    if level < 5:
        parts.append("All backups here are full ones." if level >= 3 else "All backups here are full ones, and good.")
    if level >= 3:
        orphan = ", or that has no `.sha256` file," if level >= 4 else ""
        parts.append(
            f"A backup whose SHA-256 differs from the one in its `.sha256` file{orphan} is not good. It counts for no "
            f"rule: move it, with its `.sha256` file if there is one, to {QUARANTINE}/<database>/ unchanged. A deleted "
            "backup takes its `.sha256` file along, a kept one keeps it. Delete files that end in `.partial`."
        )
    if level >= 4:
        parts.append(
            "Legal holds are in /workspace/holds.csv. A good backup with a hold that is not "
            "released (empty `released`) "
            "is kept; a released hold means nothing."
        )
    if level == 5:
        parts.append(
            "/workspace/catalog.csv names for each incremental the backup it builds on (`base`, empty for a full one)."
        )
    return "\n".join(parts)


def _holds(rng: np.random.Generator, backups: Sequence[Backup], level: int) -> tuple[set[str], list[list[str]]]:
    if level < 4:
        return set(), []
    rows = []
    for backup in sample(rng, backups, 5):
        released = "" if chance_of(rng, 0.6) else (backup.moment + timedelta(days=30)).strftime("%Y-%m-%d")
        rows.append([backup.name, f"case {between(rng, 1000, 9999)}", released])
    return {row[0] for row in rows if not row[2]}, rows


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _judge(expected: dict[str, bytes], folder: str, evidence: Evidence) -> Check:
    found = evidence.under(folder)
    name = f"{folder} holds what it should"
    if any(path.startswith(folder + "/") for path in (*evidence.links, *evidence.dropped)):
        return Check(name, False, "holds links or special files")
    if found.keys() - expected.keys():
        return Check(name, False, "holds files that should be gone")
    if expected.keys() - found.keys():
        return Check(name, False, "lacks files")
    return Check(name, found == expected, "" if found == expected else "a file was altered")


def _instruction(rng: np.random.Generator, level: int, policy: str, databases: Sequence[str], ini: str) -> str:
    opening = pick(
        rng,
        (
            "The backup volume is nearly full. Thin out {root} after the retention policy.",
            "Nobody has run the retention job for months. Do its work by hand on {root}.",
            "Apply the retention policy to the backups below {root}.",
        ),
    ).format(root=ROOT)
    text = f"{opening} Each database has a folder there: {', '.join(databases)}. The files were copied from another "
    text += "volume, so their modification times mean nothing; go by the names.\n\n"
    if level >= 3:
        text += "The policy is in /workspace/POLICY.md and the numbers for each database in /workspace/policy.ini. "
        text += f"When you are done, {ROOT} must hold exactly what the policy keeps"
        text += f" and {QUARANTINE} exactly what it sets aside, contents unchanged."
    else:
        text += (
            f"{policy}\n\nThe numbers:\n\n{ini}\n{ROOT} must then hold exactly the kept backups, contents unchanged."
        )
    if level == 5:
        text += (
            f" Also write {REPORT}: CSV with the header database,kept,deleted,quarantined and "
            f"one row for each database "
            "in alphabetical order, counting backups (full and incremental) without `.sha256` and `.partial` files."
        )
    return text


@dataclass
class _Volume:
    """All databases of a volume: what lies there, what shall be left, and what is written about it."""

    files: dict[str, bytes] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    aside: dict[str, bytes] = field(default_factory=dict)
    ini: str = ""
    report: list[list[str]] = field(default_factory=lambda: [["database", "kept", "deleted", "quarantined"]])
    holds: list[list[str]] = field(default_factory=list)
    catalog: list[list[str]] = field(default_factory=lambda: [["file", "base"]])
    sloth: set[str] = field(default_factory=set)

    def add(self, db: str, backups: Sequence[Backup], rules: Rules, held: set[str]) -> None:
        """Put one database on the volume and apply its rules."""
        kept = _kept(backups, rules, held)
        self.sloth |= {skip for skip in SLOTH if _kept(backups, rules, held, skip) != kept}
        self.ini += rules.ini(db)
        self.catalog += [[backup.name, backup.base] for backup in backups]
        for backup in backups:
            pair = {f"{db}/{backup.name}": backup.data}
            if backup.sidecar:
                pair[f"{db}/{backup.name}.sha256"] = backup.sidecar
            self.files |= {f"{ROOT}/{name}": data for name, data in pair.items()}
            self.aside |= pair if backup.bad else {}
            self.kept |= pair if backup.name in kept else {}
        bad = sum(1 for backup in backups if backup.bad)
        self.report.append([db, str(len(kept)), str(len(backups) - bad - len(kept)), str(bad)])

    def write_documents(self, level: int, policy: str) -> None:
        """Put what the agent has to read beside the backups."""
        if level >= 3:
            self.files["/workspace/POLICY.md"] = f"# Retention\n\n{policy}\n".encode()
            self.files["/workspace/policy.ini"] = self.ini.encode()
        if level >= 4:
            self.files["/workspace/holds.csv"] = _csv([["file", "matter", "released"], *sorted(self.holds)])
        if level == 5:
            self.files["/workspace/catalog.csv"] = _csv(self.catalog)


def _script(style: str, level: int, ini: str, skip: str = "") -> str:
    return ORACLE.format(style=style, level=level, skip=skip, policy=ini)


def _cheats(style: str, level: int, volume: _Volume) -> dict[str, tuple[str, ...]]:
    honest = _script(style, level, volume.ini)
    empty = f'find {ROOT} -type f | while read -r f; do : > "$f"; done'
    sloppy = {f"ignores {skip}": (_script(style, level, volume.ini, skip),) for skip in SLOTH if skip in volume.sloth}
    return sloppy | {
        "deletes everything": (f"rm -rf {ROOT}/*",),
        "keeps the right names without their contents": (honest, empty),
        "keeps links to one file": (
            honest,
            f"cd {ROOT}; for f in */*; do cp $f /tmp/one; ln -sf /tmp/one $f; done",
        ),
        "keeps the last names in the listing": (
            f"cd {ROOT}; for d in *; do ls -d $d/* | head -n -7 | xargs -r rm; done",
        ),
    }


def build(rng: np.random.Generator, level: int) -> Task:
    """One volume of backups with its policy."""
    as_of, style = start_of_story(rng), pick(rng, STYLES)
    databases = sorted(sample(rng, SERVICES, {1: 1, 2: 2, 3: 2, 4: 3, 5: 4}[level]))
    volume = _Volume()
    rules = _rules(rng, level, as_of)
    for db in databases:
        rules = replace(_rules(rng, level, as_of), as_of=as_of.astimezone(UTC))
        backups = _series(rng, db, style, level, as_of)
        held, rows = _holds(rng, backups, level)
        volume.holds += rows
        volume.add(db, backups, rules, held)
        if level >= 3:
            half = (as_of - timedelta(minutes=1)).strftime(style.format(db=db))
            volume.files[f"{ROOT}/{db}/{half}.partial"] = rng.bytes(40)
    policy = _policy_text(level, rules, style)
    volume.write_documents(level, policy)

    def judge(evidence: Evidence) -> list[Check]:
        checks = [_judge(volume.kept, ROOT, evidence), _judge(volume.aside, QUARANTINE, evidence)]
        return [*checks, csv_check(evidence, REPORT, volume.report)] if level == 5 else checks

    return Task(
        instruction=_instruction(rng, level, policy, databases, volume.ini),
        verifier=EvidenceVerifier((ROOT, QUARANTINE, REPORT), judge),
        files=volume.files,
        tools=("python3", "sha256sum"),
        oracle=(_script(style, level, volume.ini),),
        cheats=_cheats(style, level, volume),
        limits=Limits(steps={1: 20, 2: 25, 3: 40, 4: 50, 5: 70}[level], seconds=300.0 * level),
    )


FAMILY = TaskFamily(
    name="rotate-backups",
    summary="Thin out database backups after a retention policy: periods, time zones, checksums, holds, chains.",
    skills=("retention policies", "dates and time zones", "checksums", "careful deletion"),
    chance=0.0,
    build=build,
)
