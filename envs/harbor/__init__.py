"""Task folders in Harbor's format, both ways, and Terminal-Bench 1's older layout made into them."""

from __future__ import annotations

from selftrain.envs.harbor.loading import load_harbor_task
from selftrain.envs.harbor.terminal_bench import convert_terminal_bench

if __name__ != "selftrain.envs.harbor":
    raise ImportError(f"Import selftrain.envs.harbor, not {__name__}.")

__all__ = ["convert_terminal_bench", "load_harbor_task"]
