"""The context budget: what an agent may see at once, the cut, the notes, and the notebook."""

from __future__ import annotations

if __name__ != "selftrain.envs.context":
    raise ImportError(f"Import selftrain.envs.context, not {__name__}.")
