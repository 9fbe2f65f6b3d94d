"""Theorems whose proofs a kernel checks: statements, provers, families and their environment."""

from __future__ import annotations

if __name__ != "selftrain.envs.theorems":
    raise ImportError(f"Import selftrain.envs.theorems, not {__name__}.")
