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
    from selftrain.envs.browser.chromium import find_chromium

    try:
        find_chromium()
    except BackendUnavailableError:
        if name == "auto" and not only_chromium:
            return "dom"
        raise
    return "chromium"


def make_engine(name: str) -> Engine:
    """A browser of the engine `name`, "dom" or "chromium"; it starts when it is first used.

    Raises:
        BackendUnavailableError: there is no Chromium here; says what to install.
    """
    if name == "chromium":
        from selftrain.envs.browser.chromium import ChromiumEngine

        return ChromiumEngine()
    from selftrain.envs.browser.dom import DomEngine

    return DomEngine()
