"""Scripts of oracles and cheats: what a person would do, in terms of what a page shows instead of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from selftrain.envs.browser.page import Page


@dataclass(frozen=True)
class Do:
    """One action on an element that is found by its role and name.

    Attributes:
        verb: "click", "fill", "select", "check", "uncheck", "press", "upload"; or a whole action of the grammar when
            `role` is "" (`Do("goto('http://mail.test/')")`, `Do("answer('12')")`).
        role, name: of the element; the name must be whole and is compared with case.
        value: what is filled in, chosen, pressed or uploaded.
        within: a text that the element's row, list item, group or article must hold.
        nth: which of several that fit, from 0; without it there must be one.
    """

    verb: str
    role: str = ""
    name: str = ""
    value: str = ""
    within: str = ""
    nth: int | None = None


Script = Sequence[Do]


def to_action(do: Do, page: Page) -> str:
    """The action of the grammar that does this on `page`.

    Raises:
        TaskError: no element fits, or several do.
    """
    raise NotImplementedError
