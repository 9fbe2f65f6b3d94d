"""What a person is shown of a game."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from selftrain.envs.memory.draws import Small
from selftrain.envs.memory.game import Game
from selftrain.envs.memory.stories import make_story
from selftrain.envs.rendering import Exchange, picture
from selftrain.errors import OptionError

MODES = ("ansi", "rgb_array")


def check_mode(render_mode: str | None) -> None:
    """Refuse a render mode that does not exist.

    Raises:
        OptionError: names it and those that do.
    """
    if render_mode not in (None, *MODES):
        raise OptionError(f"render_mode={render_mode!r} must be None, 'ansi' or 'rgb_array'")


def render(text: str | None, mode: str | None, title: str) -> str | npt.NDArray[np.uint8] | None:
    """A text as the render mode wants it; None is an episode that has not begun.

    Raises:
        gymnasium.error.ResetNeeded: there is no episode.
    """
    if mode is None:
        gym.logger.warn("render() needs render_mode='ansi' or 'rgb_array', given to gym.make")
        return None
    if text is None:
        raise gym.error.ResetNeeded("There is no episode to render: call reset() first.")
    return text if mode == "ansi" else picture([Exchange("", b"", text)], f"SelfTrain {title}")


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
