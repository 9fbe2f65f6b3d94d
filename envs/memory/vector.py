"""The numeric view of thousands of episodes at once, in numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from selftrain.envs.memory.draws import SEEDS, Flags, Words, following
from selftrain.envs.memory.game import Game, Notes, at_least
from selftrain.envs.memory.numeric import cuts_option
from selftrain.envs.memory.play import Observation, Play, action_space, observation_space
from selftrain.errors import OptionError

_TRIGGERS = np.array(["", "every", None], dtype=object)  # None where an environment says nothing, as in Gymnasium


class NumericVectorEnv(VectorEnv[Observation, Any, npt.NDArray[Any]]):
    """Many `NumericEnv` in one, equal to them bit for bit; an episode that ends starts again in the same step.

    Sub-environment i of `reset(seed=s)` plays the instance of seed s+i; `reset(seed=[...])` gives each its own, and
    equal ones to the members of a group. `reset(options={"cuts": array})` sets the cuts of each, from there on.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(self, game: Game, notes: Notes, *, num_envs: int = 1, ablation: str = "own") -> None:
        at_least(1, num_envs=num_envs)
        self.num_envs, self.game, self.notes = num_envs, game, notes
        self.chance, self.optimum, self.note_bits = game.chance, game.optimum(notes), notes.bits(game)
        self.single_observation_space: spaces.Space[Any] = observation_space(game, notes)
        self.single_action_space: spaces.Space[Any] = action_space(game, notes)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._play = Play(game, notes, ablation, num_envs)
        self._begun = False

    def reset(
        self, *, seed: int | Sequence[int] | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start all episodes.

        Args:
            seed: of the first instance, or of each.
            options: {"cuts": a number or an array} sets the number of cuts, of these episodes and those after them.
        """
        super().reset(seed=int(seed) if isinstance(seed, int | np.integer) else None)
        if (cuts := cuts_option(self.game, options, self.num_envs)) is not None:
            self._play.cuts = cuts
        everywhere = np.ones(self.num_envs, np.bool_)
        self._play.begin(everywhere, self._seeds(seed))
        self._begun = True
        return self._play.observation(), self._info(everywhere)

    def step(
        self, actions: Any
    ) -> tuple[Observation, npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], dict[str, Any]]:
        """Carry notes over a cut, or answer, in every episode.

        Raises:
            OptionError: the actions are not of the space.
            gymnasium.error.ResetNeeded: `reset` was not called.
        """
        if not self._begun:
            raise ResetNeeded("There are no episodes: call reset() first.")
        over, passed = self._play.advance(actions)
        info: dict[str, Any] = {}
        if over.any():
            info = {"final_obs": self._final_observations(over), "_final_obs": over.copy()}
            info |= {"final_info": self._info(over, passed), "_final_info": over.copy()}
            self._play.begin(over, following(self._play.seeds))
        else:
            self._play.show()
        info |= self._info(np.ones(self.num_envs, np.bool_))
        never = np.zeros(self.num_envs, np.bool_)
        return self._play.observation(), passed.astype(np.float64), over, never, info

    def _seeds(self, seed: int | Sequence[int] | None) -> Words:
        if seed is None:
            if self._begun:
                return following(self._play.seeds)
            return self.np_random.integers(1 << 63, size=self.num_envs, dtype=np.uint64)
        if isinstance(seed, int | np.integer):
            if not 0 <= seed <= SEEDS - self.num_envs:
                raise OptionError(f"seed={seed} must be from 0 to 2**64 - {self.num_envs}, for {self.num_envs} of them")
            return np.uint64(seed) + np.arange(self.num_envs, dtype=np.uint64)
        seeds = np.asarray(seed)
        if seeds.shape != (self.num_envs,) or seeds.dtype.kind not in "iu" or (seeds < 0).any():
            raise OptionError(f"seed={seed!r} must be a number or {self.num_envs} of them, 0 or more")
        return seeds.astype(np.uint64)

    def _final_observations(self, over: Flags) -> npt.NDArray[np.object_]:
        found = np.full(self.num_envs, None, dtype=object)
        arrays = self._play.observation()
        # all alike, and never written to: an episode that is over shows nothing
        found[over] = {name: np.zeros_like(array[0]) for name, array in arrays.items()}
        return found

    def _info(self, where: Flags, passed: Flags | None = None) -> dict[str, Any]:
        segment = np.where(where, self._play.segment, 0)
        trigger = _TRIGGERS[np.where(where, segment > 0, 2).astype(np.int64)]
        passed = np.zeros(self.num_envs, np.bool_) if passed is None else passed
        values = {"segment": segment, "compactions": segment.copy(), "trigger": trigger, "passed": passed}
        return {**values, **{f"_{name}": where.copy() for name in values}}
