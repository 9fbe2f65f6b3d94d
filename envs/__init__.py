"""Gymnasium environments, task families and verifiers."""

from __future__ import annotations

if __name__ != "selftrain.envs":
    raise ImportError(f"Import selftrain.envs, not {__name__}.")
