"""The outage scenario of log-forensics: what a web service answered during a window, over several hosts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from selftrain.envs.checks import json_check
from selftrain.envs.families.log_outage_scripts import ORACLE
from selftrain.envs.families.material import WORDS, between, hosts, pick, sample, start_of_story
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Limits, Task

LOGS, REPORT = "/workspace/logs", "/workspace/report.json"
BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15",
    "okhttp/4.12.0",
    "python-requests/2.32.3",
)
PROBES = ("kube-probe/1.29", "ELB-HealthChecker/2.0")
STAMP = "%Y-%m-%dT%H:%M:%SZ"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Request(NamedTuple):
    """One request as it really happened; `at` is the true time."""

    at: datetime
    host: str
    client: str
    target: str
    status: int
    size: int
    millis: int
    agent: str
    rid: str


def _requests(
    rng: np.random.Generator, names: Sequence[str], start: datetime, hours: int, count: int, level: int
) -> list[Request]:
    clients = [
        f"{between(rng, 11, 220)}.{between(rng, 0, 255)}.{between(rng, 0, 255)}.{between(rng, 1, 254)}"
        for _ in range(80)
    ]
    paths = [f"/api/v{between(rng, 1, 3)}/{word}" for word in sample(rng, WORDS, 18)]
    seconds = np.sort(rng.integers(0, hours * 3600, count))
    # squares and cubes make a few paths and clients carry most of the traffic
    what, who = (rng.random(count) ** 2 * len(paths)).astype(int), (rng.random(count) ** 3 * 80).astype(int)
    dice, sizes, times = rng.random(count), rng.integers(120, 90_000, count), rng.integers(2, 4000, count)
    raw = rng.bytes(6 * count).hex()
    broken = np.array(sample(rng, range(len(paths)), 4))
    in_outage = np.isin(what, broken) & (seconds >= hours * 3600 * 0.4) & (seconds < hours * 3600 * 0.6)
    failed = dice < np.where(in_outage, 0.35, 0.01)
    requests = []
    columns = (seconds, what, who, dice, sizes, times, failed)
    for index, row in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        second, path, client, roll, size, millis, is_error = row
        status = pick(rng, (500, 502, 503, 504)) if is_error else (404 if roll > 0.96 else 200)
        target = f"{paths[path]}?page={size % 9}&q=%20{millis}" if size % 3 == 0 else paths[path]
        agent = BROWSERS[size % 4]
        if level >= 3 and millis % 12 == 0:
            agent, target, status = PROBES[size % 2], "/healthz", 503 if roll < 0.1 else 200
        at, host, rid = start + timedelta(seconds=second), names[size % len(names)], raw[index * 12 : index * 12 + 12]
        requests.append(Request(at, host, clients[client], target, status, size, millis, agent, rid))
    return requests


def _expected(requests: Sequence[Request], since: datetime, until: datetime, level: int) -> dict[str, Any]:
    rows = [r for r in requests if since <= r.at < until and not r.agent.startswith(("kube", "ELB"))]
    bad = [row for row in rows if row.status >= 500]

    def top(counter: Counter[str], count: int) -> list[tuple[str, int]]:
        return sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:count]

    paths = top(Counter(row.target.split("?")[0] for row in bad), 3)
    clients = top(Counter(row.client for row in bad), 5)
    report: dict[str, Any] = {
        "requests": len(rows),
        "server_errors": len(bad),
        "first_error": min(row.at for row in bad).strftime(STAMP),
        "paths": [{"path": path, "errors": count} for path, count in paths],
        "clients": [{"address": client, "errors": count} for client, count in clients],
    }
    if level >= 3:
        report["bytes_of_errors"] = sum(row.size for row in bad)
    if level == 5:
        times = sorted(row.millis for row in rows)
        report["p95_ms"] = times[-(-95 * len(times) // 100) - 1]
    return report


def _line(request: Request, offset: int, skew: int, proxied: str, as_json: bool) -> str:
    local = request.at + timedelta(minutes=offset, seconds=skew)
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}{abs(offset) % 60:02d}"
    peer, passed = (proxied, f"{request.rid[0]}.example, {request.client}") if proxied else (request.client, "-")
    if as_json:
        row = {"time": f"{local.date()}T{local.time()}{zone[:3]}:{zone[3:]}", "remote_addr": peer}
        row |= {"uri": request.target, "agent": request.agent, "xff": passed, "rid": request.rid}
        return json.dumps({**row, "status": request.status, "bytes": request.size, "ms": request.millis})
    day = f"{local.day:02d}/{MONTHS[local.month - 1]}/{local.year}"
    return (
        f'{peer} - - [{day}:{local.time()} {zone}] "GET {request.target} HTTP/1.1" {request.status} {request.size} '
        f'"-" "{request.agent}" "{passed}" rt={request.millis / 1000:.3f} rid={request.rid}'
    )


def _logs(
    rng: np.random.Generator, requests: Sequence[Request], offsets: dict[str, int], skews: dict[str, int], level: int
) -> dict[str, bytes]:
    """The access logs of all hosts, each written and rotated in its own way."""
    proxies = {name: f"10.0.{at}.7" if level >= 4 and at % 2 == 0 else "" for at, name in enumerate(offsets)}
    style = {name: level >= 4 and number == 1 for number, name in enumerate(offsets)}
    lines: dict[str, list[str]] = {name: [] for name in offsets}
    for request, again in zip(requests, rng.random(len(requests)).tolist(), strict=True):
        host = request.host
        text = _line(request, offsets[host], skews[host], proxies[host], style[host])
        lines[host] += [text] * (2 if level >= 3 and again < 0.03 else 1)
    parts, files = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6}[level], {}
    for name, rows in lines.items():
        size = -(-len(rows) // parts)
        for part in range(parts):
            tail = "" if part == parts - 1 else f".{parts - 1 - part}"
            chunk = rows[part * size : (part + 1) * size]
            files[f"{LOGS}/{name}/access.log{tail}"] = "".join(f"{row}\n" for row in chunk).encode()
    return files


def _notes(level: int, skews: dict[str, int]) -> str:
    text = (
        "Health checks (user agents that start with kube-probe/ or ELB-HealthChecker/) are not requests. The shipper "
    )
    text += "sometimes delivers a line twice, also to another file; lines with the same rid are one request."
    if level >= 4:
        text += (
            " Some hosts stand behind a proxy: where the field after the user agent (`xff` in the JSON form) is not "
        )
        text += (
            "`-`, the client is its last comma-separated item, else the peer at the start of the line (`remote_addr`)."
        )
        text += " Some hosts log JSON instead; its `ms` are milliseconds, as `rt=` is seconds."
    if level == 5:
        listed = "; ".join(
            f"{host}: {abs(skew)} s {'ahead' if skew > 0 else 'behind'}" for host, skew in skews.items() if skew
        )
        text += f"\n\nClocks that were off all the time ({listed}): true time is what the log says, corrected by this."
    return text


def _instruction(rng: np.random.Generator, level: int, notes: str, since: datetime, until: datetime) -> str:
    opening = pick(
        rng,
        (
            "Our web service answered with errors, and the review needs figures.",
            "Customers complained about failed requests. Work out what the access logs say.",
            "Write the numbers for the post-mortem of yesterday's outage.",
        ),
    )
    text = f"{opening} The access logs are in {LOGS}/<host>/access.log"
    text += (
        " and its rotated predecessors, the older ones gzipped. " if level >= 3 else " and, if there, access.log.1. "
    )
    text += (
        "After the usual combined format they have the forwarded-for header, the time taken (rt=) and a request id. "
    )
    text += "/workspace/LOGS.md tells how to read them. " if level >= 4 else (notes if level == 3 else "")
    text += (
        f"\n\nLook at requests from {since.strftime(STAMP)} (inclusive) to "
        f"{until.strftime(STAMP)} (exclusive) and write "
    )
    text += (
        f"{REPORT}, a JSON object with\n\n- requests: their number\n- server_errors: how many "
        f"had a status of 500 or more\n"
    )
    text += "- first_error: time of the first of these, YYYY-MM-DDTHH:MM:SSZ in UTC\n"
    text += '- paths: the 3 paths (without query string) with the most server errors, [{"path", "errors"}, ...]\n'
    text += '- clients: the 5 client addresses with the most server errors, [{"address", "errors"}, ...]\n'
    text += "- bytes_of_errors: bytes sent in server errors, together\n" if level >= 3 else ""
    text += (
        "- p95_ms: 95th percentile (nearest rank) of the time taken by the requests, whole milliseconds\n"
        if level == 5
        else ""
    )
    return text + "\nOrder the lists by errors, most first; ties by path or address as text, ascending."


def _cheats(level: int, scripts: dict[str, str], host: str) -> dict[str, tuple[str, ...]]:
    kinds = (("offsets", 2), ("rotation", 2), ("probes", 3), ("duplicates", 3), ("proxies", 4), ("skew", 5))
    grep = (
        f"n=$(grep -c '\" 5[0-9][0-9] ' {LOGS}/*/access.log | cut -d: -f2 | head -n 1); echo "
        f'"{{\\"server_errors\\": $n}}" > {REPORT}'
    )
    return {f"ignores {kind}": (scripts[kind],) for kind, least in kinds if level >= least} | {
        "counts with grep": (grep,),
        "links to a log": (f"ln -s {LOGS}/{host}/access.log {REPORT}",),
        "counts one error too many": (scripts[""], f"sed -i 's/\"server_errors\": /&1/' {REPORT}"),
    }


def outage(rng: np.random.Generator, level: int) -> Task:
    """Access logs of an outage and the figures wanted."""
    names = sorted(hosts(rng, {1: 1, 2: 1, 3: 2, 4: 3, 5: 5}[level]))
    start, hours = start_of_story(rng).astimezone(UTC).replace(hour=0), {1: 3, 2: 12, 3: 24, 4: 36, 5: 48}[level]
    requests = _requests(rng, names, start, hours, {1: 300, 2: 2000, 3: 5000, 4: 8_000, 5: 14_000}[level], level)
    offsets = {name: 0 if level == 1 else pick(rng, (-420, -300, 120, 330, 480)) for name in names}
    skews = {
        name: pick(rng, (-95, -40, 67, 180)) if level == 5 and index % 2 == 0 else 0 for index, name in enumerate(names)
    }
    files = _logs(rng, requests, offsets, skews, level)
    since = start + timedelta(minutes=0 if level == 1 else hours * 60 // 5)
    until = start + timedelta(minutes=hours * 60 if level == 1 else hours * 60 * 4 // 5)
    notes = _notes(level, skews)
    if level >= 4:
        files["/workspace/LOGS.md"] = f"# The access logs\n\n{notes}\n".encode()
    expected = _expected(requests, since, until, level)
    scripts = {
        skip: ORACLE.format(skip=skip, since=since.isoformat(), until=until.isoformat(), level=level, skews=skews)
        for skip in ("", "offsets", "rotation", "probes", "duplicates", "proxies", "skew")
    }
    return Task(
        instruction=_instruction(rng, level, notes, since, until),
        verifier=EvidenceVerifier((REPORT,), lambda evidence: [json_check(evidence, REPORT, expected)]),
        files=files,
        setup=f"gzip -n {LOGS}/*/access.log.[2-9]\n" if level >= 3 else "",
        tools=("python3", "gzip"),
        oracle=(scripts[""],),
        cheats=_cheats(level, scripts, names[0]),
        limits=Limits(steps={1: 20, 2: 30, 3: 45, 4: 60, 5: 90}[level], seconds=300.0 * level),
    )
