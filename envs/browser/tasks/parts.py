"""What the task families of all sites share: choosing, wordings, and the parts of scripts that every site has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from selftrain.envs.browser.script import Do

_Option = TypeVar("_Option")


def one_of(rng: np.random.Generator, options: Sequence[_Option]) -> _Option:
    """One of the options."""
    return options[int(rng.integers(len(options)))]


def some_of(rng: np.random.Generator, options: Sequence[_Option], count: int) -> list[_Option]:
    """This many different ones of the options, in any order."""
    return [options[at] for at in rng.permutation(len(options))[:count].tolist()]


def said(rng: np.random.Generator, wordings: Sequence[str], **values: Any) -> str:
    """One of several wordings, filled in."""
    return one_of(rng, wordings).format(**values)


def signing_in(root: str, username: str, password: str) -> tuple[Do, ...]:
    """The script that signs in at the site whose pages begin with `root`."""
    return (
        Do(f"goto('{root}/login')"),
        Do("fill", "textbox", "User name", username),
        Do("fill", "textbox", "Password", password),
        Do("click", "button", "Sign in"),
    )


def answering(answer: object) -> tuple[Do, ...]:
    """The script that only gives this answer."""
    return (Do(f"answer({str(answer)!r})"),)
