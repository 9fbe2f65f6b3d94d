"""Sound Python functions of the kind that every back end has; `python_bug` copies their sources and plants faults."""

from __future__ import annotations

import heapq
import re
from typing import Any

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def parse_duration(text: str) -> int:
    """Seconds in a duration such as "1d2h", "90m" or "1h 30m 5s".

    Units are d, h, m and s (upper case too), each at most once and in that order; blanks between the parts do not
    count. A bare number means seconds. Anything else, the empty text included, raises ValueError.
    """
    compact = text.strip().lower()
    if compact.isdigit():
        return int(compact)
    match = re.fullmatch(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?", compact)
    if match is None or not compact:
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(count) * _UNITS[unit] for count, unit in zip(match.groups(), "dhms", strict=True) if count)


def merge_intervals(intervals: list[list[int]]) -> list[list[int]]:
    """The union of half-open intervals [start, end), as the fewest intervals in ascending order.

    Intervals that only touch are joined. Empty ones (end <= start) are dropped. The input is not changed.
    """
    merged: list[list[int]] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged


def allocate(total: int, weights: list[int]) -> list[int]:
    """Split `total` cents in proportion to `weights`, so that the parts add up to `total` exactly.

    Every part is first rounded down; the cents left over go one each to the parts with the largest remainders, the
    earlier part first where remainders are equal. Weights that are all 0 count as equal weights; no weights give [].
    """
    if not weights:
        return []
    if sum(weights) == 0:
        weights = [1] * len(weights)
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return parts


def sort_versions(versions: list[str]) -> list[str]:
    """Versions such as "1.10.0", "v2.0" or "1.2.0-rc.1" in ascending order; equal ones keep their order.

    A leading "v" does not count, missing numbers are 0, and a pre-release (after "-") comes before its release.
    Pre-releases compare part by part: numbers by value, words by alphabet, numbers before words, fewer parts first.
    """

    def key(version: str) -> tuple[Any, ...]:
        core, _, tail = version.removeprefix("v").partition("-")
        numbers = [int(part) for part in core.split(".")]
        numbers += [0] * (4 - len(numbers))
        parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in tail.split(".")]
        return (numbers, not tail, parts)

    return sorted(versions, key=key)


def split_row(line: str) -> list[str]:
    """The fields of one CSV line: commas, double quotes, and "" for a quote inside quotes.

    Blanks around unquoted fields are kept. A quote that does not start a field is an ordinary character.
    """
    fields: list[str] = []
    field, quoted, position = "", False, 0
    while position < len(line):
        mark = line[position]
        if quoted:
            if mark == '"' and line[position + 1 : position + 2] == '"':
                field += '"'
                position += 1
            elif mark == '"':
                quoted = False
            else:
                field += mark
        elif mark == '"' and field == "":
            quoted = True
        elif mark == ",":
            fields.append(field)
            field = ""
        else:
            field += mark
        position += 1
    return [*fields, field]


def admit(times: list[int], limit: int, window: int) -> list[bool]:
    """For each request time (ascending, in ms): is it admitted by a sliding window?

    A request is admitted when fewer than `limit` requests were admitted in the `window` ms before it; one that is
    exactly `window` ms old no longer counts. Refused requests do not count.
    """
    admitted: list[int] = []
    answers: list[bool] = []
    for time in times:
        recent = [earlier for earlier in admitted if time - earlier < window]
        answers.append(len(recent) < limit)
        if len(recent) < limit:
            admitted.append(time)
    return answers


def wrap_text(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters, filled greedily with the words of `text`.

    Words are parted by any white space and joined by one blank. A word longer than `width` is cut into pieces: it
    starts on a line of its own, and its last piece may be followed by more words. An empty text gives no lines.
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) <= width:
            line = f"{line} {word}"
            continue
        if line:
            lines.append(line)
        line = word
        while len(line) > width:
            lines.append(line[:width])
            line = line[width:]
    return [*lines, line] if line else lines


def build_order(needs: dict[str, list[str]]) -> list[str]:
    """Every target after all that it needs; among those that are ready, the first by name comes first.

    Names that occur only as a need are targets without needs. A need named twice counts once. A circle raises
    ValueError.
    """
    names = set(needs) | {need for below in needs.values() for need in below}
    open_needs = {name: set(needs.get(name, [])) for name in names}
    ready = [name for name in sorted(names) if not open_needs[name]]
    order: list[str] = []
    while ready:
        done = heapq.heappop(ready)
        order.append(done)
        for name in sorted(names):
            if done in open_needs[name]:
                open_needs[name].remove(done)
                if not open_needs[name]:
                    heapq.heappush(ready, name)
    if len(order) < len(names):
        raise ValueError("the needs go in a circle")
    return order


def percentile(values: list[int], percent: int) -> float:
    """The percentile of the values, interpolated linearly between the two nearest ranks.

    The rank of p is p / 100 * (n - 1) over the sorted values, counted from 0. No values, or a percent outside 0 to
    100, raise ValueError. The input is not changed.
    """
    if not values or not 0 <= percent <= 100:
        raise ValueError("values and a percent from 0 to 100 are needed")
    ordered = sorted(values)
    rank = percent * (len(ordered) - 1) / 100
    low = int(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def resolve_path(base: str, path: str) -> str:
    """The absolute path that `path` means in the folder `base` (absolute), without "." and "..".

    An absolute `path` stands for itself; ".." at the root stays at the root; repeated and trailing slashes go.
    """
    whole = path if path.startswith("/") else f"{base}/{path}"
    parts: list[str] = []
    for part in whole.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if parts:
                parts.pop()
        else:
            parts.append(part)
    return "/" + "/".join(parts)


def glob_match(pattern: str, name: str) -> bool:
    """Does the whole `name` match? "*" is any run of characters but "/", "**" any run, "?" one character but "/"."""
    if pattern.startswith("**"):
        return any(glob_match(pattern[2:], name[skip:]) for skip in range(len(name) + 1))
    if pattern.startswith("*"):
        for skip in range(len(name) + 1):
            if glob_match(pattern[1:], name[skip:]):
                return True
            if name[skip : skip + 1] == "/":
                return False
        return False
    if not pattern or not name:
        return pattern == name
    if pattern[0] == "?":
        return name[0] != "/" and glob_match(pattern[1:], name[1:])
    return pattern[0] == name[0] and glob_match(pattern[1:], name[1:])


def replay_cache(size: int, operations: list[list[Any]]) -> list[Any]:
    """What a least-recently-used cache of `size` entries answers to each ["get", key] of the operations.

    ["put", key, value] stores and counts as a use, as does a get that finds its key. When the cache is full, a new
    key drives out the one whose last use is longest ago. A get that finds nothing answers None. Size 0 keeps nothing.
    """
    kept: dict[str, Any] = {}
    answers: list[Any] = []
    for name, key, *rest in operations:
        if name == "get":
            answers.append(kept.get(key))
            if key in kept:
                kept[key] = kept.pop(key)
            continue
        kept.pop(key, None)
        kept[key] = rest[0]
        if len(kept) > size:
            del kept[next(iter(kept))]
    return answers


def diff_settings(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The changes from `old` to `new`, one line each, sorted: "+ key", "- key" or "~ key".

    Objects inside are compared key by key, with dots in the names ("db.port"); every other value as a whole. A value
    of another JSON type is a change (true is not 1, and 1 is not 1.0). A whole object that came or went is one line.
    """
    lines: list[str] = []
    for key in old.keys() | new.keys():
        if key not in old:
            lines.append(f"+ {key}")
        elif key not in new:
            lines.append(f"- {key}")
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            for line in diff_settings(old[key], new[key]):
                lines.append(f"{line[:2]}{key}.{line[2:]}")
        elif type(old[key]) is not type(new[key]) or old[key] != new[key]:
            lines.append(f"~ {key}")
    return sorted(lines)


def bill_usage(rows: list[str], minimum: int, cents: int) -> list[list[Any]]:
    """What each customer pays, from lines "customer,start,end": [customer, seconds, cents], sorted by customer.

    Start and end are seconds. A customer's overlapping or touching times count once, and each stretch that is left
    counts as at least `minimum` seconds. The `cents` of the whole bill are split over the customers in proportion to
    their seconds, as `allocate` does it, the customers taken in sorted order. Customer names may be quoted.
    """
    times: dict[str, list[list[int]]] = {}
    for row in rows:
        customer, start, end = split_row(row)
        times.setdefault(customer, []).append([int(start), int(end)])
    seconds = {
        name: sum(max(end - start, minimum) for start, end in merge_intervals(stretches))
        for name, stretches in times.items()
    }
    names = sorted(seconds)
    shares = allocate(cents, [seconds[name] for name in names])
    return [[name, seconds[name], share] for name, share in zip(names, shares, strict=True)]
