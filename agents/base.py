"""What an agent is, and the table of agents by name."""

from __future__ import annotations

import importlib
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


def agent_names() -> tuple[str, ...]:
    """The agents that ship with the package, by name."""
    return tuple(_AGENTS)


def make_agent(name: str) -> Agent:
    """A new agent: a name of the table, or `module:Class` for one of your own.

    Raises:
        UnknownNameError: no agent has this name; lists the near ones.
        OptionError: `module:Class` cannot be loaded, or is no agent.
    """
    if name in _AGENTS:
        return _load(_AGENTS[name])
    if ":" in name:
        return _load(name)
    raise UnknownNameError("agent", name, [*_AGENTS, "module:Class"])


def _load(path: str) -> Agent:
    module, _, class_name = path.partition(":")
    try:
        made = getattr(importlib.import_module(module), class_name)()
    except (ImportError, AttributeError, ValueError) as error:
        raise OptionError(f"agent={path!r} cannot be loaded: {error}") from error
    if not (callable(getattr(made, "act", None)) and callable(getattr(made, "reset", None))):
        raise OptionError(f"agent={path!r} must have the methods reset(seed) and act(observation, info)")
    agent: Agent = made
    return agent
