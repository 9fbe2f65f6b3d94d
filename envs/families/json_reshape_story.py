"""The documents of json-reshape, and the events that lead to them."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from selftrain.envs.families.material import SERVICES, WORDS, Person, between, chance_of, people, pick, sample

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


def make_document(rng: np.random.Generator, theme: Theme, staff: Sequence[Person], big: bool) -> Document:
    """A document about `theme`; its serial is `big` where a float would not hold it."""
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


class Story:
    """Writes events one after another and keeps the documents that they lead to."""

    def __init__(self, rng: np.random.Generator, level: int, theme: Theme) -> None:
        self.rng, self.level, self.theme = rng, level, theme
        staff = people(rng, 12)
        self.documents = [make_document(rng, theme, staff, level >= 4) for _ in range(50 * level)]
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
