"""json-reshape: fold API pages or a stream of change events into the documents that they describe."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np

from selftrain.envs.checks import UnreadableError, missing, same_value, strict_json, strict_text
from selftrain.envs.families.json_reshape_scripts import EVENTS_ORACLE, PAGES_ORACLE
from selftrain.envs.families.material import (
    SERVICES,
    WORDS,
    Person,
    between,
    chance_of,
    hosts,
    people,
    pick,
    sample,
    start_of_story,
)
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

FOLDER = "/workspace/export"
Document = dict[str, Any]


@dataclass(frozen=True)
class Theme:
    """What the documents are about."""

    noun: str
    labels: tuple[str, ...]
    limits: tuple[str, ...]


THEMES = (
    Theme("device", ("site/rack", "os~image", "firmware"), ("cpu", "memory", "disk")),
    Theme("tenant", ("plan/tier", "sales~region", "contract"), ("seats", "projects", "storage")),
    Theme("service", ("app/name", "run~class", "release"), ("replicas", "cpu", "memory")),
    Theme("queue", ("team/lead", "dead~letter", "priority"), ("depth", "consumers", "age")),
)


def _document(rng: np.random.Generator, theme: Theme, staff: Sequence[Person], big: bool) -> Document:
    owner = pick(rng, staff)
    return {
        "name": f"{pick(rng, SERVICES)}-{between(rng, 1, 999)}",
        "serial": between(rng, 9_100_000_000_000_000, 9_223_000_000_000_000_000) if big else between(rng, 1, 10**9),
        "owner": {"name": owner.name, "email": owner.email},
        "tags": sample(rng, WORDS, between(rng, 0, 3)),
        "labels": {label: pick(rng, WORDS) for label in theme.labels if chance_of(rng, 0.7)},
        "limits": {limit: between(rng, 1, 512) for limit in theme.limits if chance_of(rng, 0.8)},
    }


def _patch(rng: np.random.Generator, theme: Theme, staff: Sequence[Person]) -> Document:
    owner = pick(rng, staff)
    choices: list[Document] = [
        {"owner": {"email": owner.email}},
        {"owner": {"name": owner.name, "email": owner.email}},
        {"tags": sample(rng, WORDS, between(rng, 0, 3))},
        {"labels": {pick(rng, theme.labels): None, pick(rng, WORDS): pick(rng, WORDS)}},
        {"limits": {pick(rng, theme.limits): None}},
        {"limits": {pick(rng, theme.limits): between(rng, 1, 512)}, "note": pick(rng, ("naïve", "50 % → 75 %", "ok"))},
        {"note": None, "name": f"{pick(rng, SERVICES)}-{between(rng, 1, 999)}"},
    ]
    return pick(rng, choices)


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


def _as_v1(body: Document) -> Document | None:
    """The same body in the old schema, or None where the old schema cannot say it."""
    old = {name: value for name, value in body.items() if name not in ("owner", "limits")}
    old |= {f"{limit}_limit": value for limit, value in body.get("limits", {}).items()}
    if "owner" in body:
        if set(body["owner"]) != {"name", "email"}:
            return None
        old["owner"] = f"{body['owner']['name']} <{body['owner']['email']}>"
    return old if body.get("limits") != {} else None


class _Story:
    """Writes events one after another and keeps the documents that they lead to."""

    def __init__(self, rng: np.random.Generator, level: int, theme: Theme) -> None:
        self.rng, self.level, self.theme = rng, level, theme
        staff = people(rng, 12)
        self.documents = [_document(rng, theme, staff, level >= 4) for _ in range(50 * level)]
        self.patches = [_patch(rng, theme, staff) for _ in range(60 * level)]
        self.state: dict[str, Document] = {}
        self.events: list[Document] = []
        self.transactions: dict[str, str] = {}

    def play(self, count: int, keys: Sequence[int | str]) -> None:
        """Add `count` events over `keys`."""
        seq = between(self.rng, 1000, 9000)
        dice = self.rng.random((count, 3))
        for roll, old, txn in dice:
            seq += between(self.rng, 1, 3)
            key = pick(self.rng, keys)
            body: Document | None = None
            if str(key) not in self.state or roll < 0.1:
                op = "patch" if roll > 0.97 else "put"
            else:
                op = "delete" if roll < 0.22 else "patch"
            if op == "put":
                body = pick(self.rng, self.documents)
            elif op == "patch":
                body = pick(self.rng, self.patches)
            event: Document = {"event": self.rng.bytes(6).hex(), "seq": seq, "key": key, "op": op}
            self._finish(event, body, old < 0.5, txn)

    def _finish(self, event: Document, body: Document | None, old: bool, txn: float) -> None:
        written = body
        if self.level >= 4:
            v1 = _as_v1(body) if body is not None and old else None
            event["v"], written = (1, v1) if v1 is not None else (2, body)
        if body is not None:
            event["doc" if event["op"] == "put" else "patch"] = written
        counts = True
        if self.level == 5 and txn < 0.4:
            name = f"t{int(txn * 4000):04d}"
            status = self.transactions.setdefault(name, pick(self.rng, ("committed", "committed", "aborted", "open")))
            event["txn"], counts = name, status == "committed"
        self.events.append(event)
        if counts:
            self._apply(str(event["key"]), event["op"], body)

    def _apply(self, key: str, op: str, body: Document | None) -> None:
        if op == "delete":
            self.state.pop(key, None)
        elif op == "put":
            assert body is not None
            self.state[key] = body
        else:
            self.state[key] = _merged(self.state.get(key, {}), body)

    def redact(self, count: int) -> list[Document]:
        """Choose `count` fields of final documents, remove them, and say how they are named."""
        entries = []
        # one by one, because keys and events share objects
        self.state = {key: copy.deepcopy(document) for key, document in self.state.items()}
        for key in sample(self.rng, sorted(self.state), count):
            path = pick(self.rng, [("owner", "email"), ("note",), *(("labels", label) for label in self.theme.labels)])
            pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
            entries.append({"key": key, "pointer": pointer})
            spot: Any = self.state[key]
            for part in path[:-1]:
                spot = spot.get(part, {})
            spot.pop(path[-1], None)
        return entries

    def lines(self) -> list[str]:
        """The events as NDJSON: shuffled in small blocks, some delivered twice."""
        late = [event["seq"] + int(shift) for event, shift in zip(self.events, self._shifts(), strict=True)]
        order = sorted(range(len(self.events)), key=lambda index: (late[index], index))
        ascii_only = chance_of(self.rng, 0.5)
        lines = [json.dumps(self.events[index], ensure_ascii=ascii_only) for index in order]
        again = sample(self.rng, lines, len(lines) // 12)
        at = sorted((between(self.rng, 0, len(lines)) for _ in again), reverse=True)
        for place, line in zip(at, again, strict=True):
            lines.insert(place, line)
        return lines

    def _shifts(self) -> Any:
        return self.rng.integers(0, 60, len(self.events))


def _judge_lines(path: str, rows: Sequence[Document], evidence: Evidence) -> Check:
    name, data = f"{path} holds the right lines", evidence.get(path)
    if data is None:
        return Check(name, False, missing(evidence, path))
    try:
        found = [strict_json(line.encode()) for line in strict_text(data).split("\n") if line.strip()]
    except UnreadableError as error:
        return Check(name, False, str(error))
    return Check(name, True) if same_value(list(rows), found) else Check(name, False, "wrong content")


def _event_rules(level: int, theme: Theme) -> str:
    text = (
        "Each line is one event: `event` (its identity; deliveries repeat, a repeated identity is the same event), "
        "`seq` (events take effect in ascending seq, whatever the order of lines and files), `key`, and `op`: `put` "
        "replaces the document by `doc`; `patch` applies the JSON merge patch of RFC 7386 in `patch` (to an empty "
        "object when there is no document); `delete` removes the document."
    )
    if level >= 4:
        limits = ", ".join(f"`{limit}_limit`" for limit in theme.limits)
        text += (
            " The last line of a file may be torn off in the middle; such a line does not count, its event was "
            "delivered again elsewhere.\n\nEvents with `v` 1 use the old schema, in `doc` and `patch` alike, and are "
            "brought to the current one first: `owner`, a string `Name <address>`, becomes an object with `name` and "
            f"`email`; {limits} become members of the object `limits`, without the `_limit`. All else stays the same. "
            "Numbers are exact: serials have up to 19 digits."
        )
    if level == 5:
        text += (
            "\n\nEvents with a `txn` count only if /workspace/transactions.ndjson says that it was committed. After "
            "all events, remove from the final documents what /workspace/redactions.json lists (RFC 6901 pointers; "
            "what does not exist is skipped; emptied objects stay)."
        )
    return text


def _events_task(rng: np.random.Generator, level: int) -> Task:
    theme = pick(rng, THEMES)
    story = _Story(rng, level, theme)
    wide = level >= 4
    numbers = rng.choice(10**6, size={3: 40, 4: 120, 5: 400}[level], replace=False)
    keys: list[int | str] = [int(n) + 9_007_199_254_740_993 if wide else f"{theme.noun}-{int(n)}" for n in numbers]
    story.play({3: 300, 4: 1000, 5: 4000}[level], keys)
    redactions = story.redact(80) if level == 5 else []
    lines = story.lines()
    parts = {3: 2, 4: 4, 5: 8}[level]
    size = -(-len(lines) // parts)
    chunks = [lines[start : start + size] for start in range(0, len(lines), size)]
    files: dict[str, bytes] = {}
    for number, chunk in enumerate(chunks):
        torn = chunks[number - 1][0][: between(rng, 20, 60)] if wide else ""
        files[f"{FOLDER}/part-{number:02d}.ndjson"] = ("\n".join(chunk) + "\n" + torn).encode()
    rules = _event_rules(level, theme)
    if level >= 4:
        files["/workspace/FORMAT.md"] = f"# The change stream\n\n{rules}\n".encode()
    if level == 5:
        rows = "".join(
            json.dumps({"txn": t, "status": s}) + "\n" for t, s in sorted(story.transactions.items()) if s != "open"
        )
        files |= {
            "/workspace/transactions.ndjson": rows.encode(),
            "/workspace/redactions.json": json.dumps(redactions).encode(),
        }
    output = f"/workspace/{pick(rng, ('state.json', 'state.ndjson'))}"
    final = [{"key": key, "document": story.state[key]} for key in sorted(story.state)]
    whole = output.endswith(".json")

    def judge(evidence: Evidence) -> list[Check]:
        return [_judge_lines(output, [story.state] if whole else final, evidence)]

    kinds = [("order", 3), ("nulls", 3), ("deletions", 3), ("schemas", 4), ("transactions", 5), ("redactions", 5)]
    scripts = {
        kind: EVENTS_ORACLE.format(skip=kind, level=level, output=output) for kind, least in kinds if level >= least
    }
    shape = (
        "one JSON object on one line, from key (as a string) to the final document"
        if whole
        else (
            "one JSON object a line, "
            '{"key": the key as a string, "document": the final document}, sorted by that string'
        )
    )
    where = "The format is described in /workspace/FORMAT.md." if level >= 4 else rules
    opening = pick(
        rng, ("Rebuild the {0} documents from", "Work out the last state of every {0} from", "Replay")
    ).format(theme.noun)
    return Task(
        instruction=f"{opening} the change events in {FOLDER} (NDJSON{', partly gzipped' if level == 5 else ''}). "
        f"{where}\n\nWrite {output}: {shape}. Documents without an end state (deleted) do not appear.",
        verifier=EvidenceVerifier((output,), judge),
        files=files,
        setup=f"gzip -n {FOLDER}/part-0[0-5].ndjson\n" if level == 5 else "",
        tools=("python3", "gzip"),
        oracle=(EVENTS_ORACLE.format(skip="", level=level, output=output),),
        cheats={f"ignores {kind}": (script,) for kind, script in scripts.items()}
        | {
            "writes nothing": (f"echo '{{}}' > {output}",),
            "links to the input": (f"ln -s {FOLDER}/part-00.ndjson {output}",),
        },
        limits=Limits(steps={3: 35, 4: 50, 5: 70}[level], seconds=300.0 * level),
    )


def _item(
    rng: np.random.Generator, key: int, theme: Theme, staff: Sequence[Person], racks: Sequence[str], start: datetime
) -> Document:
    zone = timezone(timedelta(minutes=pick(rng, (-480, -180, 0, 120, 330, 540))))
    created = (start - timedelta(minutes=between(rng, 0, 500_000))).astimezone(zone)
    document = _document(rng, theme, staff, False)
    if chance_of(rng, 0.15):
        document["owner"] = None
    item = {"id": key, "version": between(rng, 1, 9), "created_at": created.isoformat(), "deleted_at": None}
    return item | {"spec": document, "host": {"name": pick(rng, racks)} if chance_of(rng, 0.8) else {}}


def _pages_task(rng: np.random.Generator, level: int) -> Task:
    theme, staff, start = pick(rng, THEMES), people(rng, 12), start_of_story(rng).astimezone(UTC)
    racks = hosts(rng, 30)
    keys = sorted(int(key) for key in rng.choice(90_000, size=24 if level == 1 else 90, replace=False))
    items = [_item(rng, key, theme, staff, racks, start) for key in keys]
    listed = list(items)
    if level == 2:
        for index in sorted(sample(rng, range(len(items)), 20), reverse=True):
            newer = _item(rng, items[index]["id"], theme, staff, racks, start) | {
                "version": items[index]["version"] + 1
            }
            listed.insert(min(len(listed), index + between(rng, 1, 12)), newer)
            items[index] = newer
        for item in (items[index] for index in sample(rng, range(len(items)), 12)):
            item["deleted_at"] = start.isoformat()
    fields = [("name", "spec.name"), ("email", "spec.owner.email"), ("tags", "spec.tags"), ("host", "host.name")]
    fields += [(limit, f"spec.limits.{limit}") for limit in theme.limits] + [("owner", "spec.owner.name")]
    columns = [("id", "id"), *sample(rng, fields, 5)] + ([("created", "created_at")] if level == 2 else [])
    rows = [_row(item, columns) for item in items if not item["deleted_at"]]
    size = 10 if level == 1 else 18
    pages = [listed[start_at : start_at + size] for start_at in range(0, len(listed), size)]
    files = {
        f"{FOLDER}/page-{number}.json": json.dumps({"page": number, "of": len(pages), "items": page}, indent=1).encode()
        for number, page in enumerate(pages, start=1)
    }
    output = f"/workspace/{theme.noun}s.ndjson"
    mapping = "\n".join(f"- {name}: {path}" for name, path in columns)
    text = (
        f"{FOLDER} holds the pages of an API that lists every {theme.noun}. Write {output}: one JSON object a line for "
    )
    text += f"each {theme.noun}, sorted by id ascending, with exactly these members (name: where it comes from in the "
    text += f"item; null where that does not exist or is null; types unchanged):\n\n{mapping}\n"
    if level == 2:
        text += (
            "\nThe list changed while it was read: the same id may occur more than once, and only the item with the "
        )
        text += "highest version counts. Leave out what that item says is deleted (deleted_at is not null). Write "
        text += "`created` in UTC, as YYYY-MM-DDTHH:MM:SSZ.\n"

    def script(skip: str) -> str:
        return PAGES_ORACLE.format(skip=skip, columns=columns, output=output)

    cheats = {f"ignores {kind}": (script(kind),) for kind in ("versions", "deletions", "offsets")} if level == 2 else {}
    return Task(
        instruction=text,
        verifier=EvidenceVerifier((output,), lambda evidence: [_judge_lines(output, rows, evidence)]),
        files=files,
        tools=("python3",),
        oracle=(script(""),),
        cheats=cheats
        | {
            "writes an empty file": (f": > {output}",),
            "leaves out the last page": (f"mv {FOLDER}/page-{len(pages)}.json /tmp; {script('')}",),
            "links to the input": (f"ln -s {FOLDER}/page-1.json {output}",),
        },
        limits=Limits(steps=20 + 5 * level, seconds=300.0 * level),
    )


def _row(item: Document, columns: Sequence[tuple[str, str]]) -> Document:
    row: Document = {}
    for name, path in columns:
        value: Any = item
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if name == "created":
            value = datetime.fromisoformat(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        row[name] = value
    return row


def build(rng: np.random.Generator, level: int) -> Task:
    """Pages of an API at levels 1 and 2, a stream of change events above."""
    return _pages_task(rng, level) if level <= 2 else _events_task(rng, level)


FAMILY = TaskFamily(
    name="json-reshape",
    summary="Flatten paged API exports, or replay a stream of change events into final documents.",
    skills=("JSON and NDJSON", "merge patches", "event ordering", "schema upgrades", "exact integers"),
    chance=0.0,
    build=build,
)
