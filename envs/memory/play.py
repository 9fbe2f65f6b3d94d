"""Many episodes of a game at once, in arrays; a single environment plays one."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from selftrain.envs.memory.draws import Flags, Ints, Small, Words, draw
from selftrain.envs.memory.game import Game, Notes, one_of
from selftrain.errors import OptionError

ABLATIONS = ("own", "wiped", "shuffled")
_AHEAD = 32  # segments that a single episode looks at in one go
_SHUFFLE = 255  # the purpose of these draws, far from those of the games

Observation = dict[str, Small]


class Play:
    """The state of `count` episodes and the rules by which they go on; all methods take and give arrays.

    Args:
        game: which is played.
        notes: what can be carried.
        ablation: what is delivered after a cut. "own": the notes. "wiped": nothing. "shuffled": notes of the same
            shape, every value that is no kind of item drawn again.
        count: episodes.
    """

    def __init__(self, game: Game, notes: Notes, ablation: str, count: int) -> None:
        one_of(ABLATIONS, ablation=ablation)
        self.game, self.notes, self._ablation = game, notes, ablation
        self.seeds: Words = np.zeros(count, np.uint64)
        self.cuts: Ints = np.full(count, game.cuts, np.int64)
        self.segment: Ints = np.zeros(count, np.int64)
        self.carried: Small = notes.empty(game, count)
        self.visible: Small = np.zeros((count, game.rows, len(game.highs)), np.int8)
        self._choices = action_choices(game, notes)

    def begin(self, where: Flags, seeds: Words) -> None:
        """Start the episodes that are marked, from these seeds (one for each episode, marked or not)."""
        self.seeds = np.where(where, seeds, self.seeds)
        self.segment = np.where(where, 0, self.segment)
        self.carried = self.carried.copy()
        self.carried[where] = 0
        self.show()

    def show(self) -> None:
        """Look at the segments in which the episodes are."""
        self.visible = self.game.visible(self.seeds, self.cuts, self.segment)

    def advance(self, actions: Any) -> tuple[Flags, Flags]:
        """Go over a cut, or end; returns which episodes are over and which of them passed. Ended ones stand still."""
        actions = self._checked(actions)
        over = self.segment == self.cuts
        passed = np.zeros(len(over), np.bool_)
        if over.any():
            passed[over] = actions[over, -1] == self.game.answer(self.seeds[over], self.cuts[over])
        carried = self.notes.carry(self.game, self.visible, self.carried, actions[:, :-1])
        self.segment = self.segment + ~over
        self.carried = self._delivered(carried)
        return over, passed

    def observation(self) -> Observation:
        """What the players see."""
        asked = (self.segment == self.cuts).astype(np.int8)
        return {"visible": self.visible.copy(), "notes": self.carried.copy(), "clock": np.stack([asked, asked], axis=1)}

    def _delivered(self, carried: Small) -> Small:
        if self._ablation == "own":
            return carried
        if self._ablation == "wiped":
            return np.zeros_like(carried)
        flat = carried.reshape(len(carried), -1)
        highs = (
            np.tile(self.game.highs, self.notes.slots) if self.notes.pointer else [self.notes.symbols] * flat.shape[1]
        )
        shuffled = np.zeros_like(flat)
        for place, high in enumerate(highs):
            shuffled[:, place] = draw(self.seeds, _SHUFFLE, int(high), self.segment, place) + 1
        if self.notes.pointer:
            kinds = np.arange(len(highs)) % len(self.game.highs) == 0
            shuffled[:, kinds] = flat[:, kinds]
        return np.where(flat > 0, shuffled, 0).astype(np.int8).reshape(carried.shape)

    def _checked(self, actions: Any) -> Ints:
        array = np.asarray(actions)
        choices = self._choices
        if array.shape != (len(self.seeds), len(choices)) or array.dtype.kind not in "iu":
            raise OptionError(
                f"actions of shape {array.shape} and type {array.dtype} must be whole numbers of shape "
                f"{(len(self.seeds), len(choices))}: a choice for each slot, then the answer"
            )
        array = array.astype(np.int64)
        if (wrong := (array < 0) | (array >= choices)).any():
            place = int(np.argwhere(wrong)[0, 1])
            value = array[wrong][0]
            raise OptionError(f"action[{place}]={value} must be from 0 to {choices[place] - 1}")
        return array


class SinglePlay(Play):
    """One episode, which looks at many segments at once, because that costs hardly more than one."""

    def __init__(self, game: Game, notes: Notes, ablation: str) -> None:
        super().__init__(game, notes, ablation, 1)
        self._ahead: Small = self.visible[:0]
        self._of = (-1, -1, -1)

    def show(self) -> None:
        """Look at the segment in which the episode is."""
        block, place = divmod(int(self.segment[0]), _AHEAD)
        of = int(self.seeds[0]), int(self.cuts[0]), block
        if of != self._of:
            segments = np.arange(block * _AHEAD, min((block + 1) * _AHEAD, of[1] + 1))
            count = len(segments)
            self._ahead = self.game.visible(self.seeds.repeat(count), self.cuts.repeat(count), segments)
            self._of = of
        self.visible = self._ahead[place : place + 1]


def action_choices(game: Game, notes: Notes) -> Ints:
    """The number of choices of each entry of an action."""
    return np.array([notes.choices(game)] * notes.slots + [game.answers])


def observation_space(game: Game, notes: Notes) -> spaces.Space[Any]:
    """What a single player sees."""
    highs = np.array(game.highs, np.int8)
    items = np.tile(highs, (game.rows, 1))
    kept = np.tile(highs, (notes.slots, 1)) if notes.pointer else np.full(notes.slots, notes.symbols, np.int8)
    return spaces.Dict(
        {
            "visible": spaces.Box(np.zeros_like(items), items, dtype=np.int8),
            "notes": spaces.Box(np.zeros_like(kept), kept, dtype=np.int8),
            "clock": spaces.Box(0, 1, (2,), np.int8),
        }
    )


def action_space(game: Game, notes: Notes) -> spaces.Space[Any]:
    """What a single player does."""
    return spaces.MultiDiscrete(action_choices(game, notes))
