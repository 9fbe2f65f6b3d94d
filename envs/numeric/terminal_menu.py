"""The terminal environment as numbers: a menu of commands, and a window on what was said and shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import gymnasium as gym
import numpy as np

from selftrain.envs.families import MENU_NAMES
from selftrain.envs.families.menu_errands import MENU
from selftrain.envs.numeric.menu import Bools, Menu, menu_number
from selftrain.envs.numeric.windows import make_window
from selftrain.envs.task_env import Episode, Turn
from selftrain.envs.terminal import Terminal, TerminalEnv
from selftrain.envs.vector import TaskVectorEnv


class TerminalMenuEnv(TerminalEnv):
    """Work at a terminal by choosing from a menu.

    ## Description
    As `TerminalEnv`: the same tasks, sandboxes and verifiers, for learners that neither read nor write text. Where
    neither `tasks` nor `families` says otherwise, the tasks are menu-errands: one to three small jobs in a project
    folder, told in the instruction or, from level 3, in a ticket that has to be read.

    ## Action Space
    `Discrete(len(menu))`: the number of a command; the last of the usual menu is `submit`. `action_masks()` (for
    sb3-contrib's MaskablePPO; `envs.call("action_masks")` of a vector environment) leaves out the commands whose file
    the project has never had. They can be sent all the same, and then fail in the shell.

    ## Observation Space
    The end of the whole episode so far, since a learner may have no memory: the instruction, then each command and
    what it printed. As the last `window` words, each a number below `tokens` (`MultiDiscrete([tokens] * window)`); with
    `text="counts"` as how often each number occurs there (`Box(0, window, (tokens,), float32)`); with `text="bytes"` as
    the last `window` bytes (`Box(0, 255, (window,), uint8)`).

    ## Rewards, Starting State, Episode End
    Those of `TerminalEnv`. `info` is the same too.

    An agent that draws commands evenly succeeds at levels 1 to 5 with probability 0.048, 0.025, 0.022, 0.008 and
    0.007, computed exactly by `selftrain.envs.families.menu_errands.mean_chance`; the oracle always does.

    ## Arguments
    - `menu`: the commands; None takes those of menu-errands.
    - `text`, `window`, `tokens`: see above.
    - all of `TerminalEnv`.

    ## Version History
    - v0: the first.
    """

    pool: ClassVar[tuple[str, ...]] = MENU_NAMES

    def __init__(
        self,
        *,
        menu: Sequence[str] | None = None,
        text: str = "tokens",
        window: int = 128,
        tokens: int = 256,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self._menu = Menu(MENU if menu is None else menu)
        self._window = make_window(text, window, tokens)
        self.action_space = cast("Any", gym.spaces.Discrete(self._menu.slots))
        self.observation_space = cast("Any", self._window.space)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Send the command of this number.

        Raises:
            TypeError, OptionError: the action is no number of the menu; the episode goes on.
            Otherwise as `TerminalEnv`.
        """
        return super().step(self._menu.command(action))

    def action_masks(self) -> Bools:
        """bool[n]: which commands this task's project has the files for; all of them where a task says nothing."""
        masks = self._menu.masks()
        offered = self.task.metadata.get("menu") if self.task else None
        if offered is not None:
            masks &= np.array([command in offered for command in self._menu.commands])
        return masks

    def _opening(self, episode: Episode[Terminal]) -> Turn:
        # how commands are written need not be told to who picks them
        opening = super()._opening(episode)
        status = opening.observation.rpartition("\n")[2]
        return Turn(f"{episode.task.instruction.rstrip()}\n{status}", opening.output, opening.info)

    def _observation(self, episode: Episode[Terminal], text: str) -> Any:
        return self._window.read([part for each in episode.exchanges for part in (each.action, each.observation)])


class TerminalMenuVectorEnv(TaskVectorEnv):
    """`TerminalMenuEnv` times `num_envs`, stepped from one process."""

    env_class = TerminalMenuEnv

    def _check_action(self, action: Any) -> None:
        menu_number(action, int(cast("gym.spaces.Discrete", self.single_action_space).n))
