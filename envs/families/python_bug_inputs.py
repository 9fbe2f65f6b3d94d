"""Random inputs for the functions of `python_bug_material`, rich in the cases that faults get wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from selftrain.envs.families.material import WORDS, between, chance_of, pick, sample


def parse_duration(rng: np.random.Generator) -> list[Any]:
    """Arguments for `parse_duration`."""
    if chance_of(rng, 0.25):
        return [pick(rng, ("", "  ", "h", "5x", "3m2h", "1h1h", "-5s", str(between(rng, 0, 5000)), " 77 "))]
    units = sorted(sample(rng, "dhms", between(rng, 1, 4)), key="dhms".index)
    parts = [f"{between(rng, 0, 99)}{unit}" for unit in units]
    text = pick(rng, ("", " ", "  ")).join(parts)
    return [text.upper() if chance_of(rng, 0.25) else text]


def merge_intervals(rng: np.random.Generator) -> list[Any]:
    """Arguments for `merge_intervals`."""
    pairs = []
    for _ in range(between(rng, 0, 8)):
        start = between(rng, 0, 40)
        pairs.append([start, start + between(rng, -2, 12)])
    return [pairs]


def allocate(rng: np.random.Generator) -> list[Any]:
    """Arguments for `allocate`."""
    count = between(rng, 0, 7)
    weights = [0] * count if chance_of(rng, 0.15) else [between(rng, 0, 9) for _ in range(count)]
    return [between(rng, 0, 1000), weights]


def sort_versions(rng: np.random.Generator) -> list[Any]:
    """Arguments for `sort_versions`."""
    versions: list[str] = []
    for _ in range(between(rng, 3, 9)):
        text = ".".join(str(between(rng, 0, 12)) for _ in range(between(rng, 1, 4)))
        if versions and chance_of(rng, 0.5):
            text = pick(rng, versions).removeprefix("v").split("-")[0] + pick(rng, ("", ".0"))
            text = ".".join(text.split(".")[:4])
        tail = pick(rng, ("", "", "-rc.1", "-rc.2", "-rc.10", "-alpha", "-alpha.1", "-2", "-10"))
        versions.append(pick(rng, ("", "", "v")) + text + tail)
    return [versions]


def split_row(rng: np.random.Generator) -> list[Any]:
    """Arguments for `split_row`."""
    fields = []
    for _ in range(between(rng, 1, 5)):
        word = pick(rng, WORDS)
        kind = between(rng, 0, 7)
        shapes = (word, "", f'"{word}, {word}"', f'"say ""{word}"""', f" {word} ", f'5" {word}', '""', f'{word}"s')
        fields.append(shapes[kind])
    return [",".join(fields)]


def admit(rng: np.random.Generator) -> list[Any]:
    """Arguments for `admit`."""
    window, time, times = between(rng, 2, 12), 0, []
    for _ in range(between(rng, 3, 14)):
        time += pick(rng, (0, 1, 1, 2, 3, window))
        times.append(time)
    return [times, between(rng, 1, 3), window]


def wrap_text(rng: np.random.Generator) -> list[Any]:
    """Arguments for `wrap_text`."""
    words = [pick(rng, WORDS) * pick(rng, (1, 1, 1, 4)) for _ in range(between(rng, 0, 14))]
    return ["".join(word + pick(rng, (" ", " ", "  ", "\n", "\t")) for word in words), between(rng, 5, 22)]


def build_order(rng: np.random.Generator) -> list[Any]:
    """Arguments for `build_order`."""
    names = sample(rng, WORDS, between(rng, 3, 8))
    needs: dict[str, list[str]] = {}
    for position, name in enumerate(names[:-1]):
        below = [pick(rng, names[position + 1 :]) for _ in range(between(rng, 0, 3))]
        needs[name] = below
    if chance_of(rng, 0.2):
        needs[names[-1]] = [names[0]]
    return [{name: needs[name] for name in sample(rng, sorted(needs), len(needs))}]


def percentile(rng: np.random.Generator) -> list[Any]:
    """Arguments for `percentile`."""
    values = [between(rng, -50, 500) for _ in range(between(rng, 0, 9))]
    return [values, pick(rng, (0, 100, 50, 90, 95, between(rng, 1, 99), between(rng, 1, 99), -1, 101))]


def resolve_path(rng: np.random.Generator) -> list[Any]:
    """Arguments for `resolve_path`."""
    parts = [pick(rng, ("..", "..", ".", "", pick(rng, WORDS), pick(rng, WORDS))) for _ in range(between(rng, 1, 7))]
    base = "/" + "/".join(sample(rng, WORDS, between(rng, 0, 3)))
    return [base, pick(rng, ("", "", "/")) + "/".join(parts) + pick(rng, ("", "/"))]


def glob_match(rng: np.random.Generator) -> list[Any]:
    """Arguments for `glob_match`."""
    name = "/".join(pick(rng, ("a", "ab", "abc", "log", "x1.log", "x.py")) for _ in range(between(rng, 1, 4)))
    pattern = ""
    position = 0
    while position < len(name):
        kind = pick(rng, ("same", "same", "same", "?", "*", "**", "none"))
        if kind in ("*", "**"):
            pattern += "" if pattern.endswith("*") else kind
            position += between(rng, 0, 3)
        elif kind != "none" or chance_of(rng, 0.7):
            pattern += "?" if kind == "?" else name[position]
            position += 1
        else:
            position += 1
    return [pattern + pick(rng, ("", "", "", "*", "**", "z")), name]


def replay_cache(rng: np.random.Generator) -> list[Any]:
    """Arguments for `replay_cache`."""
    operations: list[list[Any]] = []
    keys = sample(rng, WORDS, between(rng, 3, 5))
    for number in range(between(rng, 8, 30)):
        key = pick(rng, keys)
        operations.append(["get", key] if chance_of(rng, 0.5) else ["put", key, number])
    return [pick(rng, (0, 1, 2, 2, 3, 3)), operations]


def diff_settings(rng: np.random.Generator) -> list[Any]:
    """Arguments for `diff_settings`."""
    old, new = _settings(rng, 2), _settings(rng, 2)
    new.update({key: old[key] for key in sample(rng, sorted(old), len(old) // 2)})
    return [old, new]


def _settings(rng: np.random.Generator, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in sample(rng, ("db", "host", "port", "debug", "limits", "cache"), between(rng, 2, 5)):
        plain = pick(rng, (1, 1.0, True, 0, False, "1", None, [1, 2]))
        nested = depth and key in ("db", "limits", "cache") and chance_of(rng, 0.8)
        found[key] = _settings(rng, depth - 1) if nested else plain
    return found


def bill_usage(rng: np.random.Generator) -> list[Any]:
    """Arguments for `bill_usage`."""
    customers = [pick(rng, (word, f'"{word}, Inc."', f'"{word} ""x"""')) for word in sample(rng, WORDS, 4)]
    rows = []
    for _ in range(between(rng, 1, 9)):
        start = between(rng, 0, 60)
        rows.append(f"{pick(rng, customers)},{start},{start + between(rng, 1, 25)}")
    return [rows, pick(rng, (1, 5, 10)), between(rng, 100, 5000)]
