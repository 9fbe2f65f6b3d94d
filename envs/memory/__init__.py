"""Environments in which notes are necessary, with chance and optimum known."""

from __future__ import annotations

if __name__ != "selftrain.envs.memory":
    raise ImportError(f"Import selftrain.envs.memory, not {__name__}.")
