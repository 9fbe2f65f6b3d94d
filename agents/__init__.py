"""Agents, rollouts and trainers. An environment is used only through Gymnasium's interface and its id."""

from __future__ import annotations

if __name__ != "selftrain.agents":
    raise ImportError(f"Import selftrain.agents, not {__name__}.")

from selftrain.agents.base import Agent, agent_names, make_agent

__all__ = ["Agent", "agent_names", "make_agent"]
