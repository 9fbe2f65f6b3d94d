"""Gymnasium environments, task families and verifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if __name__ != "selftrain.envs":
    raise ImportError(f"Import selftrain.envs, not {__name__}.")

if TYPE_CHECKING:
    from selftrain.envs.answers.check import check_answer

__all__ = ["check_answer"]


def __getattr__(name: str) -> Any:
    """Load `check_answer` when it is first asked for, so that importing an environment stays light."""
    if name != "check_answer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from selftrain.envs.answers.check import check_answer

    return check_answer
