"""json-reshape: fold API pages or a stream of change events into the documents that they describe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np

from selftrain.envs.checks import UnreadableError, missing, same_value, strict_json, strict_text
from selftrain.envs.families.json_reshape_scripts import EVENTS_ORACLE, PAGES_ORACLE
from selftrain.envs.families.json_reshape_story import THEMES, Document, Story, Theme, make_document
from selftrain.envs.families.material import Person, between, chance_of, hosts, people, pick, sample, start_of_story
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

FOLDER = "/workspace/export"


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


def _parts(rng: np.random.Generator, lines: list[str], level: int) -> dict[str, bytes]:
    """The stream cut into files; from level 4 each ends in the torn start of a line that another file has whole."""
    size = -(-len(lines) // {3: 2, 4: 4, 5: 8}[level])
    chunks = [lines[start : start + size] for start in range(0, len(lines), size)]
    files = {}
    for number, chunk in enumerate(chunks):
        torn = chunks[number - 1][0][: between(rng, 20, 60)] if level >= 4 else ""
        files[f"{FOLDER}/part-{number:02d}.ndjson"] = ("\n".join(chunk) + "\n" + torn).encode()
    return files


def _companions(level: int, rules: str, story: Story, redactions: Sequence[Document]) -> dict[str, bytes]:
    files = {}
    if level >= 4:
        files["/workspace/FORMAT.md"] = f"# The change stream\n\n{rules}\n".encode()
    if level == 5:
        rows = "".join(
            json.dumps({"txn": t, "status": s}) + "\n" for t, s in sorted(story.transactions.items()) if s != "open"
        )
        files["/workspace/transactions.ndjson"] = rows.encode()
        files["/workspace/redactions.json"] = json.dumps(redactions).encode()
    return files


def _events_instruction(rng: np.random.Generator, level: int, noun: str, rules: str, output: str) -> str:
    shape = (
        "one JSON object on one line, from key (as a string) to the final document"
        if output.endswith(".json")
        else "one JSON object a line, "
        '{"key": the key as a string, "document": the final document}, sorted by that string (by code points)'
    )
    where = "The format is described in /workspace/FORMAT.md." if level >= 4 else rules
    opening = pick(
        rng, ("Rebuild the {0} documents from", "Work out the last state of every {0} from", "Replay")
    ).format(noun)
    return (
        f"{opening} the change events in {FOLDER} (NDJSON{', partly gzipped' if level == 5 else ''}). "
        f"{where}\n\nWrite {output}: {shape}. Documents that are deleted in the end do not appear."
    )


def _events_cheats(level: int, output: str) -> dict[str, tuple[str, ...]]:
    kinds = [("order", 3), ("nulls", 3), ("deletions", 3), ("schemas", 4), ("transactions", 5), ("redactions", 5)]
    cheats: dict[str, tuple[str, ...]] = {
        f"ignores {kind}": (EVENTS_ORACLE.format(skip=kind, level=level, output=output),)
        for kind, least in kinds
        if level >= least
    }
    return cheats | {
        "writes nothing": (f"echo '{{}}' > {output}",),
        "links to the input": (f"ln -s {FOLDER}/part-00.ndjson {output}",),
    }


def _events_task(rng: np.random.Generator, level: int) -> Task:
    theme = pick(rng, THEMES)
    story = Story(rng, level, theme)
    numbers = [int(n) for n in rng.choice(10**6, size={3: 40, 4: 120, 5: 400}[level], replace=False)]
    keys: list[int | str] = [n + 9_007_199_254_740_993 if level >= 4 else f"{theme.noun}-{n}" for n in numbers]
    story.play({3: 300, 4: 1000, 5: 4000}[level], keys)
    redactions = story.redact(80) if level == 5 else []
    files, rules = _parts(rng, story.lines(), level), _event_rules(level, theme)
    files |= _companions(level, rules, story, redactions)
    output = f"/workspace/{pick(rng, ('state.json', 'state.ndjson'))}"
    final = [{"key": key, "document": story.state[key]} for key in sorted(story.state)]
    wanted = [story.state] if output.endswith(".json") else final

    def judge(evidence: Evidence) -> list[Check]:
        return [_judge_lines(output, wanted, evidence)]

    return Task(
        instruction=_events_instruction(rng, level, theme.noun, rules, output),
        verifier=EvidenceVerifier((output,), judge),
        files=files,
        setup=f"gzip -n {FOLDER}/part-0[0-5].ndjson\n" if level == 5 else "",
        tools=("python3", "gzip"),
        oracle=(EVENTS_ORACLE.format(skip="", level=level, output=output),),
        cheats=_events_cheats(level, output),
        limits=Limits(steps={3: 35, 4: 50, 5: 70}[level], seconds=300.0 * level),
    )


def _item(
    rng: np.random.Generator, key: int, theme: Theme, staff: Sequence[Person], racks: Sequence[str], start: datetime
) -> Document:
    zone = timezone(timedelta(minutes=pick(rng, (-480, -180, 0, 120, 330, 540))))
    created = (start - timedelta(minutes=between(rng, 0, 500_000))).astimezone(zone)
    document = make_document(rng, theme, staff, False)
    if chance_of(rng, 0.15):
        document["owner"] = None
    item = {"id": key, "version": between(rng, 1, 9), "created_at": created.isoformat(), "deleted_at": None}
    return item | {"spec": document, "host": {"name": pick(rng, racks)} if chance_of(rng, 0.8) else {}}


def _listing(rng: np.random.Generator, level: int, theme: Theme) -> tuple[list[Document], list[Document]]:
    """The items of an API as they are in the end, and as its pages list them."""
    staff, start = people(rng, 12), start_of_story(rng).astimezone(UTC)
    racks = hosts(rng, 30)
    keys = sorted(int(key) for key in rng.choice(90_000, size=24 if level == 1 else 90, replace=False))
    items = [_item(rng, key, theme, staff, racks, start) for key in keys]
    listed = list(items)
    if level == 2:
        for index in sorted(sample(rng, range(len(items)), 20), reverse=True):
            newer = _item(rng, items[index]["id"], theme, staff, racks, start)
            newer["version"] = items[index]["version"] + 1
            listed.insert(min(len(listed), index + between(rng, 1, 12)), newer)
            items[index] = newer
        for item in (items[index] for index in sample(rng, range(len(items)), 12)):
            item["deleted_at"] = start.isoformat()
    return items, listed


_CHANGED = """
The list changed while it was read: the same id may occur more than once, and only the item with the highest version \
counts. Leave out what that item says is deleted (deleted_at is not null). Write `created` in UTC, as \
YYYY-MM-DDTHH:MM:SSZ.
"""


def _pages_instruction(level: int, noun: str, columns: Sequence[tuple[str, str]], output: str) -> str:
    mapping = "\n".join(f"- {name}: {path}" for name, path in columns)
    return (
        f"{FOLDER} holds the pages of an API that lists every {noun}. Write {output}: one JSON object a line for "
        f"each {noun}, sorted by id ascending, with exactly these members (name: where it comes from in the "
        f"item; null where that does not exist or is null; types unchanged):\n\n{mapping}\n"
    ) + (_CHANGED if level == 2 else "")


def _pages_task(rng: np.random.Generator, level: int) -> Task:
    theme = pick(rng, THEMES)
    items, listed = _listing(rng, level, theme)
    fields = [("name", "spec.name"), ("email", "spec.owner.email"), ("tags", "spec.tags"), ("host", "host.name")]
    fields += [(limit, f"spec.limits.{limit}") for limit in theme.limits] + [("owner", "spec.owner.name")]
    columns = [("id", "id"), *sample(rng, fields, 5)] + ([("created", "created_at")] if level == 2 else [])
    rows = [_row(item, columns) for item in items if not item["deleted_at"]]
    size = 10 if level == 1 else 18
    pages = [listed[start : start + size] for start in range(0, len(listed), size)]
    files = {
        f"{FOLDER}/page-{number}.json": json.dumps({"page": number, "of": len(pages), "items": page}, indent=1).encode()
        for number, page in enumerate(pages, start=1)
    }
    output = f"/workspace/{theme.noun}s.ndjson"

    def script(skip: str) -> str:
        return PAGES_ORACLE.format(skip=skip, columns=columns, output=output)

    cheats = {f"ignores {kind}": (script(kind),) for kind in ("versions", "deletions", "offsets")} if level == 2 else {}
    return Task(
        instruction=_pages_instruction(level, theme.noun, columns, output),
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
