"""Commands by number."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

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
        OptionError: the menu is empty or no menu, or `slots` does not fit it.
    """

    def __init__(self, source: MenuSource, slots: int | None = None) -> None:
        given = None if callable(source) else tuple(source)
        if isinstance(source, str) or given == () or not all(isinstance(each, str) for each in given or ()):
            raise OptionError(f"menu={source!r} must be a sequence of at least one command, or a function")
        if (given is None) == (slots is None):
            raise OptionError(f"slots={slots!r} must be given with a menu that is a function, and only then")
        self._source = source
        self.commands: Commands = given or ()
        self.slots = len(self.commands) if slots is None else operator.index(slots)
        if self.slots < 1:
            raise OptionError(f"slots={slots!r} must be 1 or more")

    def look(self, text: str, info: Mapping[str, Any]) -> None:
        """Take notice of what is shown, from which a function makes the commands."""
        if callable(self._source):
            self.commands = tuple(self._source(text, info))[: self.slots]

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
