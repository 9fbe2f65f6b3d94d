"""The family `resume-pipeline`: bring an interrupted batch run to its end, each shard posted exactly once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from selftrain.envs.checks import UnreadableError, csv_check, json_check, strict_json, strict_text
from selftrain.envs.families.material import SITES, between, later, pick, sample, start_of_story
from selftrain.envs.families.resume_pipeline_material import CAREFUL, RUN, runbook
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

_THEMES = (
    ("settlement", "card settlement", "terminal", "T"),
    ("metering", "electricity billing", "meter", "M"),
    ("parking", "parking charges", "zone", "Z"),
    ("royalties", "royalty payouts", "author", "A"),
    ("tolls", "motorway tolls", "vehicle", "V"),
)
_SHARDS = {1: 6, 2: 12, 3: 24, 4: 60, 5: 240}
# how a shard was left: kinds that a level adds to those below it
_KINDS = {1: ("finished", "untouched"), 2: ("torn", "posted"), 3: ("written",), 4: ("damaged",), 5: ("twice", "poison")}
_REDONE = ("untouched", "torn", "poison")
_RECEIPT = re.compile(r"[0-9a-f]{16}")


@dataclass
class _Run:
    """The state that the crash left, and what the right end state holds."""

    folder: str
    title: str
    key: str
    level: int
    kinds: dict[str, str]
    files: dict[str, bytes] = field(default_factory=dict)
    bodies: dict[str, dict[str, object]] = field(default_factory=dict)  # shard → output without its receipt
    outputs: dict[str, bytes] = field(default_factory=dict)  # shard → bytes that must be there at the end
    cents: dict[str, int] = field(default_factory=dict)
    ledger: list[str] = field(default_factory=list)
    postings: list[str] = field(default_factory=list)
    reversals: list[str] = field(default_factory=list)
    bad_lines: list[tuple[str, int]] = field(default_factory=list)
    receipts: set[str] = field(default_factory=set)

    def path(self, name: str) -> str:
        """Where `name` lies in the sandbox."""
        return f"{self.folder}/{name}"

    def of_kind(self, *kinds: str) -> list[str]:
        """Shards that the crash left so."""
        return [shard for shard, kind in self.kinds.items() if kind in kinds]


def _shard_names(rng: np.random.Generator, count: int) -> list[str]:
    start, sites = start_of_story(rng), sample(rng, SITES, between(rng, 2, 5))
    days = -(-count // len(sites))
    names = [f"{start + timedelta(days=day):%Y-%m-%d}-{site}" for day in range(days) for site in sorted(sites)]
    return names[:count]


def _kinds(rng: np.random.Generator, level: int, shards: list[str]) -> dict[str, str]:
    """At least one shard of each kind of this level; most are finished or untouched."""
    special = [kind for each in range(2, level + 1) for kind in _KINDS[each]]
    kinds = [*_KINDS[1], *_KINDS[1], *special]
    kinds += [pick(rng, (*_KINDS[1] * 4, *special)) for _ in range(len(shards) - len(kinds))]
    return dict(zip(shards, sample(rng, kinds, len(kinds)), strict=True))


def _receipt(rng: np.random.Generator) -> str:
    return rng.bytes(8).hex()


def _shard_file(rng: np.random.Generator, run: _Run, shard: str, prefix: str) -> None:
    """Rows of one shard, and what its output must hold."""
    lines, rows = [f"id,{run.key},cents,note"], 0
    totals: dict[str, int] = {}
    for number in range(between(rng, 8, 30)):
        if run.kinds[shard] == "poison" and number in (2, 5):
            lines.append(pick(rng, (f"{number},{prefix}1,12.5,split", f"{number},{prefix}2", f"{number},{prefix}3,,")))
            run.bad_lines.append((shard, len(lines)))
            continue
        key, cents = f"{prefix}{between(rng, 100, 140)}", between(rng, -900, 25000)
        note = pick(rng, ("", "", "late", '"refund, partial"', '"said ""ok"""', "Zürich"))
        lines.append(f"{number},{key},{cents},{note}")
        totals[key], rows = totals.get(key, 0) + cents, rows + 1
    run.files[run.path(f"shards/{shard}.csv")] = ("\n".join(lines) + "\n").encode()
    run.cents[shard] = sum(totals.values())
    run.bodies[shard] = {"shard": shard, "rows": rows, "cents": run.cents[shard], "totals": totals}


def _crash(rng: np.random.Generator, run: _Run) -> None:
    """Write ledger, postings and outputs as the shards' kinds say."""
    moment = start_of_story(rng)
    for shard, kind in run.kinds.items():
        receipt, out = _receipt(rng), run.path(f"out/{shard}.json")
        output = json.dumps({**run.bodies[shard], "receipt": receipt}, indent=1, sort_keys=True).encode() + b"\n"
        stamp = (moment := later(rng, moment, 3)).strftime("%Y-%m-%dT%H:%M:%SZ")
        if kind in ("untouched", "poison"):
            continue
        run.ledger.append(json.dumps({"event": "begin", "shard": shard, "at": stamp}))
        if kind == "torn":
            run.files[f"{out}.part"] = output[: between(rng, 10, len(output) - 5)]
            continue
        run.receipts.add(receipt)
        run.files[out] = run.outputs[shard] = output
        if kind != "written":
            run.postings.append(f"{shard},{run.cents[shard]},{receipt}")
        if kind == "twice":
            wrong = _receipt(rng)
            run.receipts.add(wrong)
            run.postings.insert(between(rng, 0, len(run.postings)), f"{shard},{run.cents[shard]},{wrong}")
            run.reversals.append(f"{shard},{-run.cents[shard]},{wrong}")
        if kind == "damaged":
            run.files[out] = output[: len(output) // 2] + bytes(between(rng, 3, 40))
        if kind in ("finished", "damaged", "twice"):
            run.ledger.append(json.dumps({"event": "done", "shard": shard, "receipt": receipt, "at": stamp}))


def _ledger_bytes(rng: np.random.Generator, run: _Run) -> bytes:
    text = "\n".join(run.ledger) + "\n"
    if run.level >= 4:
        text += text[: between(rng, 20, 40)]  # the write that the crash cut short
    return text.encode()


def _appended(evidence: Evidence, path: str, before: bytes) -> list[str] | None:
    """Lines that were added to an append-only file, or None when anything else happened to it."""
    data = evidence.get(path)
    if data is None or not data.startswith(before):
        return None
    try:
        lines = strict_text(data[len(before) :]).split("\n")
    except UnreadableError:
        return None
    return [line.strip() for line in lines if line.strip()]


def _events(lines: list[str]) -> list[tuple[str, str, str]] | None:
    """(event, shard, receipt) of each appended line of the ledger, or None."""
    events = []
    for line in lines:
        try:
            entry = strict_json(line.encode())
        except UnreadableError:
            return None
        if not isinstance(entry, dict):
            return None
        events.append((str(entry.get("event")), str(entry.get("shard")), str(entry.get("receipt", ""))))
    return events


def _new_receipts(run: _Run, evidence: Evidence) -> tuple[dict[str, str], list[Check]]:
    """Receipts of shards that had to be run, after a look at all outputs."""
    found = evidence.under(run.path("out"))
    fresh: dict[str, str] = {}
    right = True
    for shard in run.of_kind(*_REDONE):
        try:
            output = strict_json(found.get(f"{shard}.json", b""))
        except UnreadableError:
            output = None
        receipt = output.pop("receipt", None) if isinstance(output, dict) else None
        if output != run.bodies[shard] or not isinstance(receipt, str) or not _RECEIPT.fullmatch(receipt):
            right = False
            continue
        fresh[shard] = receipt
    kept = all(found.get(f"{shard}.json") == data for shard, data in run.outputs.items())
    unique = len(set(fresh.values()) | run.receipts) == len(fresh) + len(run.receipts)
    names = {f"{shard}.json" for shard in run.kinds}
    return fresh, [
        Check("missing outputs were made", right, "an output is missing or wrong"),
        Check("finished outputs are untouched", kept, "finished work was redone or lost"),
        Check("receipts are unique", unique, "a receipt was used again"),
        Check("out/ holds the outputs only", set(found) == names, "files are missing or left over"),
    ]


def _judge(run: _Run, evidence: Evidence) -> list[Check]:
    fresh, checks = _new_receipts(run, evidence)
    if not all(check.passed for check in checks):
        return checks
    receipts = {shard: json.loads(data)["receipt"] for shard, data in run.outputs.items()} | fresh
    added = _appended(evidence, run.path("postings.csv"), run.files[run.path("postings.csv")])
    wanted = [f"{shard},{run.cents[shard]},{receipts[shard]}" for shard in run.of_kind(*_REDONE, "written")]
    once = added is not None and sorted(added) == sorted([*wanted, *run.reversals])
    lines = _appended(evidence, run.path("ledger.jsonl"), run.files[run.path("ledger.jsonl")])
    events = None if lines is None else _events(lines)
    open_shards = run.of_kind(*_REDONE, "written", "posted")
    done = [("done", shard, receipts[shard]) for shard in open_shards]
    done += [("rebuilt", shard, receipts[shard]) for shard in run.of_kind("damaged")]
    begun = {("begin", shard, "") for shard in run.of_kind(*_REDONE)}
    closed = events is not None and sorted(event for event in events if event not in begun) == sorted(done)
    total = {"shards": len(run.kinds), "cents": sum(run.cents.values())}
    shards = {path: data for path, data in run.files.items() if "/shards/" in path}
    checks += [
        Check("every shard is posted exactly once", once, "postings are not the old ones and one for each open shard"),
        Check("the ledger closes every shard once", closed, "the ledger is not the old one and what was open"),
        Check("shards are unchanged", all(evidence.get(p) == d for p, d in shards.items()), "a shard was changed"),
        json_check(evidence, run.path("summary.json"), total),
    ]
    if run.level == 5:
        rows = [["shard", "line"], *([shard, str(line)] for shard, line in run.bad_lines)]
        checks.append(csv_check(evidence, run.path("quarantine.csv"), rows, ordered=False))
    return checks


def _cheats(run: _Run) -> dict[str, tuple[str, ...]]:
    cd, merge = f"cd {run.folder}", "python3 run.py merge"
    total = json.dumps({"shards": len(run.kinds), "cents": sum(run.cents.values())})
    return {
        "runs everything again": (f"{cd} && python3 run.py shard $(ls shards | sed 's/.csv$//'); {merge}",),
        "starts from nothing": (f"{cd} && rm -f out/* && : > ledger.jsonl && : > postings.csv && python3 run.py all",),
        "only writes the summary": (f"echo '{total}' > {run.path('summary.json')}",),
        "marks open shards as done": (
            f"{cd} && for s in $(ls shards | sed 's/.csv$//'); do "
            'grep -q "done.*$s" ledger.jsonl || '
            'echo "{\\"event\\": \\"done\\", \\"shard\\": \\"$s\\", \\"receipt\\": \\"\\"}" >> ledger.jsonl; done',
            f"echo '{total}' > {run.path('summary.json')}",
        ),
        "one receipt for all": (f"{cd} && sed -i 's/os.urandom(8).hex()/\"0123456789abcdef\"/' run.py && {CAREFUL}",),
        "output folder is a link": (f"{cd} && {CAREFUL}", f"{cd} && mv out /tmp/out && ln -s /tmp/out out"),
    }


def _instruction(rng: np.random.Generator, run: _Run) -> str:
    opening = pick(
        rng,
        (
            f"The nightly {run.title} run in {run.folder} was killed half-way when its host lost power.",
            f"Somebody stopped the {run.title} batch in {run.folder} in the middle of its work.",
            f"The {run.title} job in {run.folder} ran out of memory and died before it was through.",
        ),
    )
    return (
        f"{opening} Bring it to its end as {run.path('RUNBOOK.md')} says: every shard in shards/ must end with "
        "its output in out/, exactly one posting in postings.csv and a closed entry in ledger.jsonl. Work that was "
        "finished must not be done again (its output and receipt stay as they are), nothing may be posted twice or "
        "lost, "
        "ledger.jsonl and postings.csv are append-only, and the shards are not to be changed. Leave nothing but the "
        f"outputs in out/. At the end {run.path('summary.json')} must hold the totals that `run.py merge` writes."
    )


def build(rng: np.random.Generator, level: int) -> Task:
    """One interrupted run, with as many kinds of half-done work as the level has."""
    name, title, key, prefix = pick(rng, _THEMES)
    shards = _shard_names(rng, _SHARDS[level])
    run = _Run(f"/workspace/{name}", title, key, level, _kinds(rng, level, shards))
    for shard in shards:
        _shard_file(rng, run, shard, prefix)
    _crash(rng, run)
    run.files[run.path("ledger.jsonl")] = _ledger_bytes(rng, run)
    run.files[run.path("postings.csv")] = ("\n".join(["shard,cents,receipt", *run.postings]) + "\n").encode()
    run.files[run.path("run.py")] = RUN.replace("@KEY@", key).encode()
    run.files[run.path("RUNBOOK.md")] = runbook(title, level).encode()
    outputs = ("out", "shards", "ledger.jsonl", "postings.csv", "summary.json", "quarantine.csv")
    return Task(
        instruction=_instruction(rng, run),
        verifier=EvidenceVerifier(tuple(run.path(each) for each in outputs), lambda evidence: _judge(run, evidence)),
        files=run.files,
        setup=f"mkdir -p {run.path('out')}\n",
        tools=("python3",),
        oracle=(f"cd {run.folder} && {CAREFUL}",),
        cheats=_cheats(run),
        limits=Limits(steps=20 + 8 * level, seconds=300.0 + 180.0 * level),
    )


FAMILY = TaskFamily(
    name="resume-pipeline",
    summary="Bring an interrupted batch run to its end, each shard posted exactly once.",
    skills=("idempotence", "reading ledgers", "crash recovery", "scripting"),
    chance=0.0,
    build=build,
)
