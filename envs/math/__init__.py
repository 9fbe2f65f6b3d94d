"""Math problems with checked answers: generated families, a user's own problems, and their environment."""

from __future__ import annotations

if __name__ != "selftrain.envs.math":
    raise ImportError(f"Import selftrain.envs.math, not {__name__}.")
