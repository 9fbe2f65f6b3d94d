"""The drawing of an episode: tokens of its context at each turn, against the budget, with the cuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT, HEADROOM = 1000.0, 100.0, 1.08


def timeline(turns: Sequence[Mapping[str, Any]], cuts: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Paths in a picture of `WIDTH` by `HEIGHT`, and the sentence that says what they show.

    None when the record counts no tokens, as without a context budget.
    """
    used = [int(turn["context"]) for turn in turns]
    if not any(used):
        return None
    budget, top = max(int(turn["budget"]) for turn in turns), max(used)
    scale = HEIGHT / (HEADROOM * max(budget, top))
    step = WIDTH / len(turns)
    marks = [cut for cut in cuts if cut["is_cut"]]
    points = [(step * (n + 0.5), HEIGHT - tokens * scale) for n, tokens in enumerate(used)]
    line = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return {
        "line": line,
        "area": f"{line}L{points[-1][0]:.1f},{HEIGHT:g}L{points[0][0]:.1f},{HEIGHT:g}Z",
        "budget_y": round(HEIGHT - budget * scale, 1) if budget else None,
        "cuts": [round(step * cut["turn"], 1) for cut in marks],
        "step": step,
        "budget": budget,
        "top": top,
        "says": f"Tokens of the context at each of {len(turns)} turns: at most {top:,}"
        + (f" of a budget of {budget:,}" if budget else "")
        + f", with {len(marks)} cut{'' if len(marks) == 1 else 's'}.",
    }
