"""The engines by name: which are there, and what is missing where one is not."""

from __future__ import annotations

from selftrain.envs.browser.engine import Engine
from selftrain.errors import BackendUnavailableError

ENGINES = ("auto", "dom", "chromium")


def chosen_engine(name: str, only_chromium: bool = False) -> str:
    """The engine that `name` means here: "auto" is chromium where one can be started, else dom.

    Args:
        name: one of `ENGINES`.
        only_chromium: what the dom engine cannot do is asked for.

    Raises:
        BackendUnavailableError: there is no Chromium here, and nothing else will do; says what to install.
    """
    if name == "dom":
        return name
    if not (missing := missing_chromium()):
        return "chromium"
    if name == "auto" and not only_chromium:
        return "dom"
    raise BackendUnavailableError(f"engine={name!r} cannot be used here: {missing}")


def missing_chromium() -> str:
    """What keeps Chromium from being used here, and the command that gets it; "" when nothing does."""
    return "the chromium engine is not there yet"


def make_engine(name: str) -> Engine:
    """A browser of the engine `name`, "dom" or "chromium"."""
    from selftrain.envs.browser.dom import DomEngine

    return DomEngine()
