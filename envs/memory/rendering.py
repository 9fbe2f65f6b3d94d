"""A segment of the numeric view as a page for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from selftrain.envs.memory.draws import Small
from selftrain.envs.memory.game import Game
from selftrain.envs.memory.stories import make_story


def page(game: Game, observation: Mapping[str, Small], info: Mapping[str, Any], cuts: int, over: bool) -> str:
    """The items, the notes and the question, one line each."""
    head = f"{game.name}, segment {info['segment']} of {cuts}"
    if over:
        return f"{head}: over, {'passed' if info['passed'] else 'failed'}"
    notes, story = observation["notes"], make_story(game)
    lines = [
        head,
        *(
            f"  {row}: {story.sentence(tuple(item.tolist()))}"
            for row, item in enumerate(observation["visible"])
            if item[0]
        ),
    ]
    if notes.ndim == 1:
        lines.append(f"notes: {' '.join(map(str, notes.tolist()))}")
    else:
        rows = len(observation["visible"])
        lines += [
            "notes:",
            *(f"  {rows + row}: {story.sentence(tuple(item.tolist()))}" for row, item in enumerate(notes) if item[0]),
        ]
    return "\n".join([*lines, "The answer is asked for."] if observation["clock"][1] else lines)
