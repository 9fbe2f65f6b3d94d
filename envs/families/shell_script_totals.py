"""`shell-script`: totals per host over metric files."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass

import numpy as np

from selftrain.envs.families.material import SERVICES, SITES, WORDS, between, chance_of, pick, sample, start_of_story
from selftrain.envs.families.shell_script_job import Job, Trial


def _zipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, compresslevel=1) as file:
        file.write(text.encode())
    return buffer.getvalue()


@dataclass(frozen=True)
class _Totals:
    """The rules of one totals script: how values are combined and rows are ordered, and its options."""

    level: int
    combine: str
    by_value: bool
    metric_option: str
    top_option: str
    missing_code: int

    def manual(self, name: str) -> str:
        how = {"sum": "the sum", "max": "the largest", "last": "the last one read", "count": "the number"}[self.combine]
        order = "by value, largest first, equal ones by host" if self.by_value else "by host"
        lines = [
            f"{name} [OPTION...] FILE...",
            "",
            "Reads lines `TIME HOST METRIC VALUE` (fields separated by blanks or tabs, VALUE a whole number, maybe",
            f"negative) and prints for each host a line HOST, tab, {how} of its values, {order}",
            "(hosts in the order of their bytes). Empty lines and lines that start with # do not count.",
        ]
        if self.level >= 2:
            lines += [
                "Lines with fewer or more than four fields, or a VALUE that is no whole number, are skipped.",
                "",
                f"  {self.metric_option} METRIC   only lines of this metric",
            ]
        if self.level >= 3:
            lines += [
                f"  {self.top_option} N        only the first N lines of the result",
                "",
                "The FILE - is standard input. File names may hold any character but a newline.",
            ]
        if self.level >= 4:
            lines += [
                "A FILE that cannot be read is named on standard error, the others are read, and the exit code is",
                f"{self.missing_code} in the end (else 0).",
            ]
        if self.level >= 5:
            lines += [
                "A FILE whose name ends in .gz is compressed. A VALUE may end in k (times 1000) or M (times 1000000).",
            ]
        return "\n".join(lines) + "\n"

    def script(self, metric: bool = True, skip: bool = True, missing: bool = True) -> str:
        options = f'while :; do case "$1" in\n  {self.metric_option}) metric=$2; shift 2 ;;\n'
        options += f"  {self.top_option}) top=$2; shift 2 ;;\n  *) break ;;\nesac; done"
        combine = {"sum": "s[$2] += v", "max": "if (!($2 in s) || v > s[$2]) s[$2] = v", "last": "s[$2] = v"}
        test = " || $4 !~ /^-?[0-9]+[kM]?$/ || NF != 4" if skip else ""
        order = "LC_ALL=C sort -t '\t' -k2,2nr -k1,1" if self.by_value else "LC_ALL=C sort -t '\t' -k1,1"
        code = f"code={self.missing_code}" if missing else ":"
        return (
            f"code=0 metric= top=\n{options}\n"
            'for file; do\n  case "$file" in\n    -) cat ;;\n'
            '    *.gz) [ -r "$file" ] && gzip -dc < "$file" ;;\n    *) [ -r "$file" ] && cat < "$file" ;;\n  esac ||'
            f' {{ {code}; echo "cannot read $file" >&2; }}\n  echo\ndone > /tmp/.all\n'
            f'awk -v metric="$metric" \'/^#/ || NF == 0{test} {{ next }}\n'
            + ('metric != "" && $3 != metric { next }\n' if metric else "")
            + '{ v = $4; u = 1; if (v ~ /k$/) u = 1000; if (v ~ /M$/) u = 1000000; sub(/[kM]$/, "", v); v = v * u\n'
            f"  {combine.get(self.combine, 's[$2] += 1')} }}\n"
            f'END {{ for (h in s) printf "%s\\t%.0f\\n", h, s[h] }}\' /tmp/.all | {order} |'
            ' if [ -n "$top" ]; then head -n "$top"; else cat; fi\nexit $code'
        )


def _metric_lines(rng: np.random.Generator, rules: _Totals, hosts: list[str], metrics: list[str]) -> list[str]:
    moment, lines = start_of_story(rng), []
    for _ in range(between(rng, 12, 40)):
        value = str(between(rng, -500, 5000))
        if rules.level >= 5 and chance_of(rng, 0.3):
            value += pick(rng, "kM")
        gap = pick(rng, (" ", "  ", "\t"))
        lines.append(gap.join([f"{moment:%Y-%m-%dT%H:%M:%SZ}", pick(rng, hosts), pick(rng, metrics), value]))
    lines[3:3] = ["# collector restarted", ""]
    if rules.level >= 2:
        first = lines[0].split()
        lines += [
            " ".join(first[:3]),
            " ".join([*first, "extra"]),
            " ".join([*first[:3], "n/a"]),
            f"{first[0]} - x 1.5",
        ]
        lines.insert(between(rng, 0, len(lines)), f"{first[0]} {first[1]} {first[2]} 12abc")
    return lines


def _totals_of(rules: _Totals, lines: list[str], metric: str, top: int) -> str:
    table: dict[str, int] = {}
    for line in lines:
        fields = line.split()
        if line.startswith("#") or len(fields) != 4 or (metric and fields[2] != metric):
            continue
        digits = fields[3].rstrip("kM") if rules.level >= 5 else fields[3]
        if not digits.lstrip("-").isdigit():
            continue
        value = int(digits) * {"k": 1000, "M": 1_000_000}.get(fields[3][-1], 1)
        host, known = fields[1], table.get(fields[1])
        combined = {"sum": (known or 0) + value, "count": (known or 0) + 1, "last": value}
        table[host] = (
            max(value, known if known is not None else value) if rules.combine == "max" else combined[rules.combine]
        )
    rows = sorted(table.items(), key=lambda row: (-row[1], row[0]) if rules.by_value else (0, row[0]))
    return "".join(f"{host}\t{value}\n" for host, value in (rows[:top] if top else rows))


def _trial(rng: np.random.Generator, rules: _Totals, hosts: list[str], metrics: list[str], number: int) -> Trial:
    names = sample(rng, ("a.log", "b.log", "older days.log", "-x.log", "*.log"), 1 + (rules.level > 2) * 2)
    parts = {f"./{part}" if part.startswith("-") else part: _metric_lines(rng, rules, hosts, metrics) for part in names}
    every = [line for lines in parts.values() for line in lines]
    metric = metrics[0] if rules.level >= 2 and number % 2 == 0 else ""
    top = between(rng, 1, 4) if rules.level >= 3 and number % 3 == 1 else 0
    files = {part.removeprefix("./"): ("\n".join(lines) + "\n").encode() for part, lines in parts.items()}
    words, stdin, code = [f"'{part}'" for part in parts], b"", 0
    if rules.level >= 3 and number % 2 == 1:
        extra = _metric_lines(rng, rules, hosts, metrics)
        every += extra
        stdin = ("\n".join(extra) + "\n").encode()
        words.append("-")
    if rules.level >= 4 and number % 3 == 0:
        words.insert(1, "'no such.log'")
        code = rules.missing_code
    if rules.level >= 5:
        zipped = _metric_lines(rng, rules, hosts, metrics)
        files["packed.log.gz"] = _zipped("\n".join(zipped) + "\n")
        every += zipped
        words.append("packed.log.gz")
    given = ([rules.metric_option, metric] if metric else []) + ([rules.top_option, str(top)] if top else [])
    return Trial(" ".join(given + words), _totals_of(rules, every, metric, top), code, stdin, files)


def totals(rng: np.random.Generator, level: int) -> Job:
    """Totals per host over metric files."""
    name = f"{pick(rng, WORDS)}-totals"
    options = sample(rng, ("-m", "-k", "--metric", "-t", "-n", "--top", "-c", "-f"), 2)
    rules = _Totals(
        level=level,
        combine=pick(rng, ("sum", "max", "last", "count")),
        by_value=chance_of(rng, 0.6),
        metric_option=options[0],
        top_option=options[1],
        missing_code=between(rng, 2, 9),
    )
    hosts = [f"{service}-{pick(rng, SITES)}" for service in sample(rng, SERVICES, 7)]
    metrics = sample(rng, WORDS, 3)

    sloppy = {"counts comments and broken lines": rules.script(skip=False).replace("/^#/ || ", "")}
    if level >= 2:
        sloppy["ignores the metric"] = rules.script(metric=False)
    if level >= 4:
        sloppy["ignores absent files"] = rules.script(missing=False)

    def trial(rng: np.random.Generator, number: int) -> Trial:
        return _trial(rng, rules, hosts, metrics, number)

    return Job(name, rules.manual(name), rules.script(), sloppy, trial)
