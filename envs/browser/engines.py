"""The engines by name: which are there, and what is missing where one is not."""

from __future__ import annotations

from selftrain.envs.browser.engine import Engine
from selftrain.errors import OptionError

ENGINES = ("auto", "dom", "chromium")


def make_engine(name: str, javascript: bool = False) -> Engine:
    """A browser of the engine `name`, "dom" or "chromium".

    Raises:
        OptionError: the dom engine was asked to run JavaScript.
        BackendUnavailableError: there is no Chromium here; says what to install.
    """
    if name == "dom":
        from selftrain.envs.browser.dom import DomEngine

        if javascript:
            raise OptionError("javascript=True needs engine='chromium': the dom engine runs no JavaScript")
        return DomEngine()
    raise NotImplementedError
