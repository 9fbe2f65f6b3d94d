"""The answer verifier: exact equivalence of mathematical answers, bounded in time and memory."""

from __future__ import annotations

if __name__ != "selftrain.envs.answers":
    raise ImportError(f"Import selftrain.envs.answers, not {__name__}.")
