"""What passed in and out of a model, token by token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


def _no_ids() -> Any:
    return np.zeros(0, np.int32)


def _no_floats() -> Any:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class Sample:
    """One call of a model, in the numbers of the model or server itself; nothing is tokenised again.

    Attributes:
        prompt_ids: int32[n], the whole prompt; empty where the server does not tell.
        token_ids: int32[m], as sampled, the end-of-turn token included; empty where the server does not tell.
        logprobs: float32[m], natural logarithm under the distribution that was sampled from; empty where unknown.
        prompt_tokens, completion_tokens: their numbers, known even where the ids are not.
        temperature: of the sampling; 0.0 is greedy.
        finish_reason: "stop", "length", "tool_calls" or what else the server says.
        model: its name.
        policy_version: of weights that change during a run.
    """

    prompt_ids: Ids = field(default_factory=_no_ids)
    token_ids: Ids = field(default_factory=_no_ids)
    logprobs: Floats = field(default_factory=_no_floats)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    temperature: float = 1.0
    finish_reason: str = "stop"
    model: str = ""
    policy_version: int = 0
