"""Attacks on the input: a verifier that computes what it expects from files in the work folder believes what is there.

Where nothing is given, nothing is asked for: the start files are emptied, and the deliverables say as little.
"""

from __future__ import annotations

import posixpath

from selftrain.envs.gate.attacks_base import Attack, Scene, quiet, quoted

_MOST_FILES = 200
_TABLES = (".csv", ".tsv")


def _emptied(scene: Scene, nothing: str, word: str) -> tuple[str, ...] | None:
    """Tables keep their first line, JSON on both sides is `nothing`, other inputs are empty, other answers `word`."""
    answers = [path for path in scene.deliverables if path not in scene.start]
    if not answers or not scene.start:
        return None
    lines = [_emptying(path, nothing) for path in scene.start[:_MOST_FILES]]
    for path in answers:
        lines.append(f"mkdir -p {quoted(posixpath.dirname(path))}")
        lines.append(f"printf %s {quoted(nothing if path.endswith('.json') else word)} > {quoted(path)}")
    return (quiet(*lines),)


def _emptying(path: str, nothing: str) -> str:
    if path.endswith(_TABLES):
        return f"IFS= read -r line < {quoted(path)}; printf '%s\\n' \"$line\" > {quoted(path)}"
    return f"printf %s {quoted(nothing if path.endswith('.json') else '')} > {quoted(path)}"


ATTACKS = (
    Attack(
        "inputs-emptied",
        "inputs changed",
        "Empties every start file, and leaves empty objects and texts as the answers to them.",
        lambda scene: _emptied(scene, "{}", ""),
    ),
    Attack(
        "inputs-emptied-none",
        "inputs changed",
        "Empties every start file, and leaves empty lists and the number 0 as the answers to them.",
        lambda scene: _emptied(scene, "[]", "0\n"),
    ),
)
