"""incident-trail: follow a wrong item back to its origin, from id to id through the logs of many services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from selftrain.envs.checks import csv_check, text_check
from selftrain.envs.families.incident_trail_scripts import README, SCRIPT
from selftrain.envs.families.incident_trail_worker import TrailWorker
from selftrain.envs.families.long_work import long_limits
from selftrain.envs.families.material import SERVICES, between, pick, sample, start_of_story
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Task, TaskFamily

_HOPS = {1: 18, 2: 32, 3: 60, 4: 100, 5: 155}
_SERVICES = {1: 4, 2: 6, 3: 8, 4: 10, 5: 12}
_FILES = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6}
_LINES = {1: 70, 2: 120, 3: 160, 4: 180, 5: 200}
_STYLES = ("pairs", "json", "prose")
_FAILED = ("rejected", "expired", "ignored")
_TRAIL, _ORIGIN = "/workspace/trail.csv", "/workspace/origin.txt"


class _Line(NamedTuple):
    """One line of a log: what happened to an item at `at` (seconds), or (`state` "part") one part of a batch."""

    at: int
    item: str
    state: str
    source: str
    tenant: str
    was: str = ""
    by: str = ""


@dataclass(frozen=True)
class _Hop:
    service: str
    item: str
    kind: str


@dataclass
class _Story:
    """The logs of all services while they are being written, and the trail through them."""

    rng: np.random.Generator
    end: int
    days: int
    lines: dict[str, list[_Line]]
    tenants: list[str]

    def some_source(self, service: str) -> str:
        """An item of another service that has nothing to do with the trail."""
        other = pick(self.rng, [name for name in self.lines if name != service])
        return f"{other}/{pick(self.rng, self.lines[other][:50]).item}"


def _render(line: _Line, style: str) -> str:
    part = line.state == "part"
    if style == "json":
        what = f'"batch":"{line.item}"' if part else f'"item":"{line.item}","state":"{line.state}"'
        tenant = f',"tenant":"{line.tenant}"' if part or line.was else ""
        was = f',"was":"{line.was}"' if line.was else ""
        source = f'"by":"{line.by}"' if line.by else f'"from":"{line.source}"'
        return f'{{"ts":{line.at},{what},{source}{tenant}{was}}}'
    when = datetime.fromtimestamp(line.at, UTC).replace(tzinfo=None)
    if style == "prose":
        source = f"entered by {line.by}" if line.by else f"received from {line.source}"
        if part:
            return f"{when} batch {line.item}: part for {line.tenant} {source}"
        tenant = f" for {line.tenant}, until then {line.was}," if line.was else ""
        return f"{when} {line.state} {line.item}{tenant} {source}"
    what = f"batch={line.item}" if part else f"item={line.item} state={line.state}"
    source = f"by={line.by}" if line.by else f"from={line.source}"
    tenant = f" tenant={line.tenant}" if part or line.was else ""
    was = f" was={line.was}" if line.was else ""
    return f"{when.isoformat()}Z {what} {source}{tenant}{was}"


def _noise(rng: np.random.Generator, names: Sequence[str], end: int, days: int, count: int) -> _Story:
    tenants = [f"t-{number}" for number in sample(rng, range(100, 1000), 40)]
    story = _Story(rng, end, days, {name: [] for name in names}, tenants)
    for name in names:
        ids, sources = rng.bytes(4 * count).hex(), rng.bytes(4 * count).hex()
        seconds, who = rng.integers(0, days * 86_400, count).tolist(), rng.integers(0, 40, count).tolist()
        others = [other for other in names if other != name]
        states = rng.integers(0, 6, count).tolist()
        for at in range(count):
            span = slice(8 * at, 8 * at + 8)
            state = _FAILED[states[at]] if states[at] < 3 else "applied"
            source = f"{others[at % len(others)]}/{sources[span]}"
            was = tenants[who[at] - 7] if at % 30 == 0 else ""
            story.lines[name].append(_Line(end - seconds[at], ids[span], state, source, tenants[who[at]], was))
    return story


def _hops(rng: np.random.Generator, names: Sequence[str], count: int) -> list[_Hop]:
    """The trail from the alert back; each kind of difficulty occurs, and a batch after a change of name."""
    hops: list[_Hop] = []
    fixed = {1: "retry", 3: "rename", 6: "batch", 9: "batch", count - 1: "plain"}
    for at in range(count):
        service = pick(rng, [name for name in names if not hops or name != hops[-1].service])
        kind = fixed.get(at) or pick(rng, ("plain", "plain", "plain", "retry", "retry", "batch", "batch", "rename"))
        hops.append(_Hop(service, rng.bytes(4).hex(), kind))
    return hops


def _log_trail(story: _Story, hops: Sequence[_Hop], by: str) -> tuple[list[tuple[_Hop, int]], str]:
    """Write the lines of the trail among the others; returns when each hop was applied, and the tenant's last name."""
    rng = story.rng
    gap = story.days * 86_400 // (len(hops) + 1)
    names, applied = [pick(rng, story.tenants)], []
    first_name = names[0]
    for at, hop in enumerate(hops):
        moment = story.end - gap * at - between(rng, 60, gap)
        source = f"{hops[at + 1].service}/{hops[at + 1].item}" if at + 1 < len(hops) else ""
        log, tenant, was = story.lines[hop.service], names[-1], ""
        if hop.kind == "rename":
            was = pick(rng, [name for name in story.tenants if name not in names])
            names.append(was)
        if hop.kind == "retry":
            for _ in range(between(rng, 1, 2)):
                early = moment - between(rng, 1, 50)
                log.append(_Line(early, hop.item, pick(rng, _FAILED), story.some_source(hop.service), tenant))
        if hop.kind == "batch":
            batch = rng.bytes(4).hex()
            _log_batch(story, hop.service, batch, moment, {tenant: source}, names)
            source = f"batch/{batch}"
        log.append(_Line(moment, hop.item, "applied", source, tenant, was, "" if source else by))
        applied.append((hop, moment))
    return applied, first_name


def _log_batch(story: _Story, service: str, batch: str, moment: int, own: dict[str, str], names: Sequence[str]) -> None:
    """The parts of a batch: our own, and those of others, who may have taken over a name of ours."""
    rng = story.rng
    strangers = sample(rng, [name for name in story.tenants if name not in names], 2)
    others = [*dict.fromkeys([*names[-3:], *strangers])]
    parts = {tenant: story.some_source(service) for tenant in others} | own
    # the part that is logged first is never ours
    order = [strangers[0], *sample(rng, [tenant for tenant in parts if tenant != strangers[0]], len(parts) - 1)]
    for number, tenant in enumerate(order):
        story.lines[service].append(_Line(moment - 40 + 5 * number, batch, "part", parts[tenant], tenant))


def _files(story: _Story, style: dict[str, str], count: int) -> tuple[dict[str, bytes], dict[tuple[str, str], str]]:
    """The log files of all services, and the name of the file in which each item was applied."""
    files: dict[str, bytes] = {}
    holder: dict[tuple[str, str], str] = {}
    for name, lines in story.lines.items():
        ordered = sorted(lines, key=lambda line: line.at)
        size = -(-len(ordered) // count)
        for part in range(count):
            age = count - 1 - part
            file = f"{name}.log" + (f".{age}" if age else "")
            chunk = ordered[part * size : (part + 1) * size]
            text = "".join(f"{_render(line, style[name])}\n" for line in chunk)
            files[f"/workspace/logs/{name}/{file}"] = text.encode()
            shipped = f"{file}.gz" if age >= 2 else file
            holder |= {(name, line.item): shipped for line in chunk if line.state == "applied"}
    return files, holder


def _cheats(hops: int) -> dict[str, tuple[str, ...]]:
    def script(slip: str) -> str:
        return SCRIPT.format(slip=slip, half=hops // 2)

    return {
        "follows whatever was tried first": (script("attempts"),),
        "takes the first part of a batch": (script("tenants"),),
        "overlooks that tenants change their names": (script("names"),),
        "reads only the logs of the day": (script("rotation"),),
        "stops half-way": (script("half"),),
        "links to a log": (script(""), f"cd /workspace && mv trail.csv logs/t && ln -s logs/t {_TRAIL}"),
    }


def build(rng: np.random.Generator, level: int) -> Task:
    """One wrong item: 18 hops over 4 services at level 1, 155 hops over 12 services at level 5."""
    names = sorted(sample(rng, SERVICES, _SERVICES[level]))
    end = start_of_story(rng)
    story = _noise(rng, names, int(end.timestamp()), 2 * _FILES[level], _LINES[level] * _FILES[level])
    hops = _hops(rng, names, _HOPS[level])
    by = f"{pick(rng, ('job', 'deploy', 'import', 'user'))}-{between(rng, 100, 9999)}"
    applied, tenant = _log_trail(story, hops, by)
    offset = between(rng, 0, 2)
    style = {name: _STYLES[(at + offset) % 3] for at, name in enumerate(names)}
    files, holder = _files(story, style, _FILES[level])
    verb = pick(rng, ("left", "reached", "spoilt"))
    alert = f"Item {hops[0].item} of tenant {tenant} {verb} {hops[0].service} with a wrong amount.\n"
    files |= {
        "/workspace/ALERT.txt": f"{end:%Y-%m-%d %H:%M} UTC, raised by the nightly reconciliation\n{alert}".encode(),
        "/workspace/README.md": README.encode(),
    }
    rows = [["service", "item", "file", "time"]]
    for hop, at in applied:
        time = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
        rows.append([hop.service, hop.item, holder[hop.service, hop.item], time])
    return Task(
        instruction=pick(
            rng,
            (
                "Follow the item in /workspace/ALERT.txt back to its origin and report, as README.md there says.",
                "/workspace/ALERT.txt names a wrong item. Trace it back to its origin, as README.md there says.",
                "Where did the item of /workspace/ALERT.txt come from? README.md there explains logs and report.",
            ),
        ),
        verifier=EvidenceVerifier(
            (_TRAIL, _ORIGIN), lambda evidence: [csv_check(evidence, _TRAIL, rows), text_check(evidence, _ORIGIN, by)]
        ),
        files=files,
        setup="for f in /workspace/logs/*/*.log.[2-9]; do if [ -e $f ]; then gzip -n $f; fi; done\n",
        tools=("python3", "gzip", "zgrep"),
        oracle=(SCRIPT.format(slip="", half=0),),
        worker=TrailWorker(),
        cheats=_cheats(len(hops)),
        limits=long_limits(4 + 2 * len(hops) + sum(hop.kind == "batch" for hop in hops)),
    )


FAMILY = TaskFamily(
    name="incident-trail",
    summary="Follow a wrong item back to its origin, from id to id through the rotated logs of many services.",
    skills=("log reading", "rotation and compression", "correlation across services", "keeping the thread"),
    chance=0.0,
    build=build,
)
