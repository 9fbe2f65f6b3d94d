"""Commands by number."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from selftrain.envs.numeric.windows import at_least
from selftrain.errors import OptionError

Bools = npt.NDArray[np.bool_]
Commands = Sequence[str]
MenuSource = Commands | Callable[[str, Mapping[str, Any]], Commands]


class Menu:
    """What can be sent, by number: always the same commands, or at each step what a function makes of what is shown.

    Args:
        source: the commands; or a function of the observation's text and the info that returns them.
        slots: how many numbers there are; only with a function, whose further commands are left out. A number
            without a command sends the empty string, which no environment of ours takes for work.

    Attributes:
        slots: how many numbers there are.
        commands: what the first of them stand for now.

    Raises:
        OptionError: the menu is empty, repeats itself or is no menu, or `slots` does not fit it.
    """

    def __init__(self, source: MenuSource, slots: int | None = None) -> None:
        if callable(source) != (slots is not None):
            raise OptionError(f"slots={slots!r} must be given with a menu that is a function, and only then")
        if slots is not None:
            at_least(1, slots=slots)
        self._make = source if callable(source) else None
        self.commands: Commands = () if callable(source) else _fixed(source)
        self.slots = len(self.commands) if slots is None else slots

    def look(self, text: str, info: Mapping[str, Any]) -> None:
        """Take notice of what is shown, from which a function makes the commands.

        Raises:
            OptionError: the function returns something else.
        """
        if self._make is not None:
            made = self._make(text, info)
            if not _are_commands(made):
                raise OptionError(f"the function menu= returned {made!r}, which must be a sequence of commands")
            self.commands = tuple(made)[: self.slots]

    def command(self, action: Any) -> str:
        """The command of this number.

        Raises:
            TypeError: it is no whole number. OptionError: there is no such number.
        """
        number = menu_number(action, self.slots)
        return self.commands[number] if number < len(self.commands) else ""

    def masks(self) -> Bools:
        """bool[slots]: which numbers have a command."""
        return np.arange(self.slots) < len(self.commands)


def _fixed(source: Any) -> Commands:
    """The commands of a menu that never changes."""
    if not _are_commands(source) or not source:
        raise OptionError(f"menu={source!r} must be a sequence of at least one command, or a function")
    if twice := [command for command, times in Counter(source).items() if times > 1]:
        # one of two equal numbers is no choice, and makes guessing it likelier than is stated
        raise OptionError(f"menu={source!r} has {twice[0]!r} twice; a command needs one number")
    return tuple(source)


def _are_commands(given: Any) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, str) and all(isinstance(each, str) for each in given)


def menu_number(action: Any, slots: int) -> int:
    """The action of a learner as a number from 0 to `slots` - 1.

    Raises:
        TypeError: it is no whole number. OptionError: it is out of range.
    """
    try:
        number = operator.index(action)
    except TypeError as error:
        raise TypeError(f"an action is the number of a command, not {action!r}") from error
    if not 0 <= number < slots:
        raise OptionError(f"action {number} must be a number from 0 to {slots - 1}")
    return number
