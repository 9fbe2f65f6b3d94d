"""What an agent is, and the table of agents by name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from selftrain.errors import OptionError, UnknownNameError
from selftrain.tasks import Task
from selftrain.tokens import Sample

SUBMIT = "submit"

_AGENTS = {
    "oracle": "selftrain.agents.scripted:OracleAgent",
    "nop": "selftrain.agents.scripted:NopAgent",
    "random": "selftrain.agents.scripted:RandomAgent",
    "human": "selftrain.agents.human:HumanAgent",
    "chat": "selftrain.agents.chat:ChatAgent",
    "local": "selftrain.agents.local:LocalAgent",
}


class Agent(Protocol):
    """Chooses actions from observations. One instance plays one episode at a time."""

    def reset(self, seed: int) -> None:
        """Begin an episode; all randomness of the agent comes from `seed`."""
        ...

    def act(self, observation: Any, info: Mapping[str, Any]) -> Any:
        """The action to take after this observation."""
        ...


@runtime_checkable
class TaskReader(Protocol):
    """A reference agent that plays from the hidden side of a task. No agent that learns or is compared is one."""

    def read_task(self, task: Task) -> None:
        """Take in the task of the episode that begins; called after `reset`."""
        ...


@runtime_checkable
class Sampler(Protocol):
    """An agent that knows the tokens of its last action; the recorder keeps them."""

    @property
    def sample(self) -> Sample | None:
        """The model call behind the last action, or None when no model was asked."""
        ...


@runtime_checkable
class ContextUser(Protocol):
    """An agent that plays under a context budget; the rollout makes one with these arguments unless told others."""

    @property
    def context(self) -> Mapping[str, Any]:
        """Arguments of the context budget."""
        ...


@runtime_checkable
class Closeable(Protocol):
    """An agent that holds something open, such as a connection; the rollout closes it, also in the middle of `act`."""

    def close(self) -> None:
        """Let go; a call of `act` under way in another thread ends with an error. Closing twice is fine."""
        ...


def agent_names() -> tuple[str, ...]:
    """The agents that ship with the package, by name."""
    return tuple(_AGENTS)


def make_agent(name: str, **options: Any) -> Agent:
    """A new agent: a name of the table, or `module:Class` for one of your own, made with `options`.

    Raises:
        UnknownNameError: no agent has this name; lists the near ones.
        OptionError: `module:Class` cannot be loaded, or is no agent, or does not take an option.
    """
    if name in _AGENTS:
        return _load(name, _AGENTS[name], options)
    if ":" in name:
        return _load(name, name, options)
    raise UnknownNameError("agent", name, [*_AGENTS, "module:Class"])


def _load(name: str, path: str, options: Mapping[str, Any]) -> Agent:
    module, _, class_name = path.partition(":")
    try:
        make = getattr(importlib.import_module(module), class_name)
        _check_options(name, make, options)
        made = make(**options)
    except OptionError:
        raise
    except (ImportError, AttributeError, ValueError) as error:
        raise OptionError(f"agent={name!r} cannot be loaded: {error}") from error
    if not (callable(getattr(made, "act", None)) and callable(getattr(made, "reset", None))):
        raise OptionError(f"agent={name!r} must have the methods reset(seed) and act(observation, info)")
    agent: Agent = made
    return agent


def _check_options(name: str, make: Any, options: Mapping[str, Any]) -> None:
    if not options:
        return
    taken = inspect.signature(make).parameters
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in taken.values()):
        return
    if wrong := [option for option in options if option not in taken]:
        raise OptionError(f"agent={name!r} takes no {', '.join(wrong)}; it takes {', '.join(taken) or 'no options'}")
