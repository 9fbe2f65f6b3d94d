"""Scripts of oracles and cheats: what a person would do, in terms of what a page shows instead of numbers."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from selftrain.envs.browser.page import Element, Page
from selftrain.errors import TaskError

_SHOWN = 12
_CALLS = {
    "click": "click({number})",
    "fill": "fill({number}, {value})",
    "select": "select_option({number}, {value})",
    "check": "check({number})",
    "uncheck": "uncheck({number})",
    "press": "press({number}, {value})",
    "upload": "upload_file({number}, {value})",
}


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
    if not do.role:
        return do.verb
    if do.verb not in _CALLS:
        raise TaskError(f"No action of a script is called {do.verb!r}; known: {', '.join(_CALLS)}.")
    return _CALLS[do.verb].format(number=repr(_element(do, page).number), value=repr(do.value))


def _element(do: Do, page: Page) -> Element:
    named = [each for each in page.elements.values() if (each.role, each.name) == (do.role, do.name)]
    fitting = [each for each in named if do.within in each.within]
    if len(fitting) == 1 and do.nth is None:
        return fitting[0]
    if do.nth is not None and 0 <= do.nth < len(fitting):
        return fitting[do.nth]
    wanted = f"{do.role} {do.name!r}" + (f" within {do.within!r}" if do.within else "")
    count = f"{len(fitting)} elements are" if len(fitting) != 1 else "1 element is"
    which = f" and number {do.nth} is asked for" if do.nth is not None else ""
    raise TaskError(f"{count} {wanted} on {page.url} ({page.title!r}){which}. {_near(do, page, fitting or named)}")


def _near(do: Do, page: Page, named: Sequence[Element]) -> str:
    candidates = list(named)
    if not candidates:
        same_name = [each for each in page.elements.values() if each.name == do.name]
        names = [each.name for each in page.elements.values() if each.role == do.role]
        near = difflib.get_close_matches(do.name, names, n=5, cutoff=0.3)
        candidates = same_name + [each for each in page.elements.values() if each.role == do.role and each.name in near]
        candidates = candidates or list(page.elements.values())
    told = [
        f"{each.role} {each.name!r}" + (f" within {each.within!r:.80}" if each.within else "") for each in candidates
    ]
    return f"Near: {'; '.join(told[:_SHOWN]) or 'nothing, the page has no elements'}."
