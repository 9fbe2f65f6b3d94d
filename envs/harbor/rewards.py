"""What a test script paid: the reward files, read as Harbor reads them, and the one number that they come to."""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Mapping, Sequence

from selftrain.envs.checks import UnreadableError, strict_json, strict_text
from selftrain.verdicts import CaseOutput

REWARD_JSON, REWARD_TEXT = "/logs/verifier/reward.json", "/logs/verifier/reward.txt"
REWARD = "reward"


def read_rewards(output: CaseOutput) -> dict[str, float]:
    """Rewards by name: `reward.json` when it is there, else `reward.txt`, which holds the one named "reward".

    Raises:
        UnreadableError: there is no file, or it does not hold finite numbers; says which and why.
    """
    if output.timed_out:
        raise UnreadableError("timeout")
    if (data := output.files.get(REWARD_JSON)) is not None:
        return json_rewards(data)
    if (data := output.files.get(REWARD_TEXT)) is not None:
        return {REWARD: _number(data)}
    raise UnreadableError("neither reward.json nor reward.txt was written")


def json_rewards(data: bytes) -> dict[str, float]:
    """Rewards by name out of a `reward.json`; errors as `read_rewards`."""
    if not data.strip():
        raise UnreadableError("reward.json is empty")
    try:
        table = strict_json(data)
    except UnreadableError as error:
        raise UnreadableError(f"reward.json: {error}") from error
    rewards = table if isinstance(table, dict) else {REWARD: table}
    if not rewards:
        raise UnreadableError("reward.json holds no reward")
    return {key: _finite(value, f"reward.json: {key!r}") for key, value in rewards.items()}


def _number(data: bytes) -> float:
    text = strict_text(data).strip()
    if not text:
        raise UnreadableError("reward.txt is empty")
    try:
        return _finite(float(text), "reward.txt")
    except ValueError as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"reward.txt is not a number: {reprlib.repr(text)}") from error


def _finite(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise UnreadableError(f"{what} is not a finite number: {reprlib.repr(value)}")
    return float(value)


def the_reward(rewards: Mapping[str, float]) -> float:
    """The one that counts: the key "reward", else the only key.

    Raises:
        UnreadableError: there are several and none is called so; lists them.
    """
    if REWARD in rewards:
        return rewards[REWARD]
    if len(rewards) == 1:
        return next(iter(rewards.values()))
    listed = ", ".join(sorted(rewards)[:8])
    raise UnreadableError(f"{len(rewards)} rewards and none of them is called 'reward': {listed}")


def mean_rewards(steps: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each key over steps; a key that a step lacks counts as 0 there."""
    keys = {key for rewards in steps for key in rewards}
    return {key: sum(rewards.get(key, 0.0) for rewards in steps) / len(steps) for key in keys}
