"""The numeric view of a game, for small policies: one step is one segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from selftrain.envs.memory import rendering
from selftrain.envs.memory.draws import Ints, Small, following, seed_words
from selftrain.envs.memory.game import Game, Notes
from selftrain.envs.memory.play import Observation, SinglePlay, action_space, observation_space
from selftrain.errors import OptionError


@dataclass(frozen=True)
class State:
    """A branch point of an episode, to be restored as often as wanted, in any environment of the same arguments."""

    seed: int
    cuts: int
    segment: int
    notes: tuple[Any, ...]


class NumericEnv(gym.Env[Observation, Ints]):
    """A game of memory in small whole numbers, for one player.

    ## Description
    One step is one segment: the player sees the items of the segment and its notes, and says what to carry over the
    cut. Nothing else outlives a cut. What a game shows and asks is told by its own class, in `game`.

    ## Action Space
    `MultiDiscrete`, one entry for each slot, then the answer from 0, which counts in the last segment only. With
    pointer notes an entry is the row to carry: 0 to W-1 the visible ones, W to W+S-1 the notes, W+S nothing. With free
    notes it is a symbol from 0 (nothing) to `symbols`.

    ## Observation Space
    `Dict` of int8: `visible` (W, F), one row an item, 0 in the first field where there is none; `notes`, (S, F) with
    pointer notes and (S,) with free ones; `clock` (2,): is this the last segment, and is the answer asked for.

    `info` holds `segment`, `compactions` (cuts so far), `trigger` (what began this segment) and `passed`.

    ## Rewards
    1.0 at the end for the right answer, else 0.0.

    ## Starting State
    The instance of the seed. Without a seed, the one that follows on the last instance.

    ## Episode End
    Terminated by the answer, after `cuts` cuts. `reset(options={"cuts": n})` changes that number from there on.

    ## Arguments
    - `game`, `notes`, `ablation`: see `selftrain.envs.memory.play.Play`.
    - `render_mode`: "ansi", the segment in words, or "rgb_array", a picture of them.
    """

    metadata = {"render_modes": list(rendering.MODES), "render_fps": 4}

    def __init__(self, game: Game, notes: Notes, *, ablation: str = "own", render_mode: str | None = None) -> None:
        rendering.check_mode(render_mode)
        self.game, self.notes, self.render_mode = game, notes, render_mode
        self.chance, self.optimum, self.note_bits = game.chance, game.optimum(notes), notes.bits(game)
        self.observation_space: spaces.Space[Observation] = observation_space(game, notes)
        self.action_space: spaces.Space[Ints] = action_space(game, notes)
        self._play = SinglePlay(game, notes, ablation)
        self._begun = self._over = self._passed = False

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: of the instance.
            options: {"cuts": n} sets the number of cuts, of this episode and those after it.

        Raises:
            OptionError: an unknown option, a number of cuts that makes no game, or a seed over 64 bits.
        """
        super().reset(seed=seed)
        if (cuts := cuts_option(self.game, options, 1)) is not None:
            self._play.cuts = cuts
        if seed is not None:
            seeds = seed_words(seed)
        elif self._begun:
            seeds = following(self._play.seeds)
        else:
            seeds = self.np_random.integers(1 << 63, size=1, dtype=np.uint64)
        self._play.begin(np.array([True]), seeds)
        self._begun, self._over, self._passed = True, False, False
        return self._observation(), self._info()

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Carry notes over a cut, or answer.

        Raises:
            OptionError: the action is not of the space.
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
        """
        self._playing()
        over, passed = self._play.advance(np.asarray(action)[None])
        self._over, self._passed = bool(over[0]), bool(passed[0])
        if not self._over:
            self._play.show()
        return self._observation(), float(self._passed), self._over, False, self._info()

    def save_state(self) -> State:
        """The episode as it stands.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
        """
        play = self._playing()
        return State(int(play.seeds[0]), int(play.cuts[0]), int(play.segment[0]), _nested(play.carried[0]))

    def restore_state(self, state: State) -> tuple[Observation, dict[str, Any]]:
        """Go on from `state`; returns the observation and info that were current there."""
        play = self._play
        play.cuts = np.array([state.cuts])
        play.begin(np.array([True]), np.array([state.seed], np.uint64))
        play.segment = np.array([state.segment])
        play.carried = np.array([state.notes], np.int8)
        play.show()
        self._begun, self._over, self._passed = True, False, False
        return self._observation(), self._info()

    def render(self) -> str | npt.NDArray[np.uint8] | None:
        """The segment in words, as text or as a picture.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode.
        """
        cuts = int(self._play.cuts[0])
        text = rendering.page(self.game, self._observation(), self._info(), cuts, self._over) if self._begun else None
        return rendering.render(text, self.render_mode, self.game.name)

    def _playing(self) -> SinglePlay:
        if not self._begun or self._over:
            why = "The episode is over" if self._over else "There is no episode"
            raise gym.error.ResetNeeded(f"{why}: call reset() or restore_state() first.")
        return self._play

    def _observation(self) -> Observation:
        return {name: array[0].copy() * (not self._over) for name, array in self._play.observation().items()}

    def _info(self) -> dict[str, Any]:
        segment = int(self._play.segment[0])
        trigger = "every" if segment else ""
        return {"segment": segment, "compactions": segment, "trigger": trigger, "passed": self._passed}


def cuts_option(
    game: Game, options: Mapping[str, Any] | None, count: int, known: tuple[str, ...] = ("cuts",)
) -> Ints | None:
    """The numbers of cuts that the options of `reset` ask for; None when they say nothing about it.

    Raises:
        OptionError: an unknown option, or numbers that make no game.
    """
    unknown = sorted(set(options or ()) - set(known))
    if unknown:
        hint = "; a game with view='text' has tasks" if "task" in unknown else ""
        raise OptionError(f"reset has no options {unknown}; it knows {' and '.join(map(repr, known))}{hint}")
    if not options or options.get("cuts") is None:
        return None
    asked = np.asarray(options["cuts"])
    if asked.dtype.kind not in "iu" or asked.shape not in ((), (count,)):
        raise OptionError(f"options['cuts']={options['cuts']!r} must be a whole number or an array of {count} of them")
    cuts = np.broadcast_to(asked, (count,)).astype(np.int64)
    game.check_cuts(cuts)
    return cuts


def _nested(notes: Small) -> tuple[Any, ...]:
    return tuple(map(tuple, notes.tolist())) if notes.ndim > 1 else tuple(notes.tolist())
