"""Rows in the forms that trainers read: plain lists and dictionaries, so that none of them needs to be installed.

Each function takes all rows of a batch, from `token_segments`. What differs between trainers, and has
to be known to whoever trains on episodes of several rows, is said with each. The forms were read in the versions named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from selftrain.errors import OptionError
from selftrain.segments import TokenSegment, token_segments

__all__ = ["TokenSegment", "to_prime", "to_skyrl", "to_slime", "to_tinker", "to_trl", "to_verl", "token_segments"]

Rollout = list[TokenSegment]


def to_prime(rows: Sequence[TokenSegment]) -> list[dict[str, Any]]:
    """Fields of prime-rl's `TrainingSample` (src/prime_rl/transport/types.py), one for each branch of a trace.

    There is no split into prompt and completion: four lists of equal length, as in `verifiers.v1.trace.Branch`
    (verifiers 0.4.0). `advantages` is None before `selftrain.credit`. The loss is normalised by all trained tokens of
    the batch, in which a long rollout counts more than a short one; `rl_weights` makes rollouts count alike.
    """
    rollouts = _rollouts(rows)
    trained = [sum(row.trained for row in rollout) for rollout in rollouts]
    scale = sum(trained) / max(sum(1 for count in trained if count), 1)
    return [
        {
            "token_ids": row.token_ids.tolist(),
            "mask": row.loss_mask.tolist(),
            "logprobs": row.logprobs.tolist(),
            "temperatures": [row.temperature] * len(row.token_ids),
            "env_name": row.env_id,
            "reward": row.ret,
            "advantages": None if row.advantages is None else row.advantages.tolist(),
            "rl_weights": (row.loss_mask * row.weight * scale).tolist(),
        }
        for rollout in rollouts
        for row in rollout
    ]


def to_verl(rows: Sequence[TokenSegment]) -> dict[str, dict[str, Any]]:
    """Arguments of verl's `AgentLoopOutput` (verl/experimental/agent_loop/agent_loop.py, verl 0.9.1), by their keys.

    A key is `{uid}_{session}_{index}`, as in verl/trainer/ppo/v1/agent_loop_tq.py: the group, the rollout in it, the
    row in that. GRPO takes the advantage of a session from a trained position of the row with the highest index and
    gives it to the others (verl/trainer/ppo/v1/utils.py); a row in which nothing is trained would hand on a zero, so
    such rows come first. Other estimators take each row for an episode of its own: use GRPO.
    """
    table = {}
    for uid, group in _groups(rows).items():
        for session, rollout in enumerate(group):
            for index, row in enumerate(sorted(rollout, key=lambda row: (row.trained > 0, row.row))):
                table[f"{uid}_{session}_{index}"] = {
                    "prompt_ids": _prompt(row),
                    "response_ids": _response(row),
                    "response_mask": _response_mask(row),
                    "response_logprobs": _response_logprobs(row),
                    "reward_score": row.ret,
                    "metrics": {},
                    "extra_fields": {"rollout_id": row.rollout_id, "weight": row.weight},
                }
    return table


def to_skyrl(rows: Sequence[TokenSegment]) -> dict[str, Any]:
    """SkyRL's `GeneratorOutput` for step-wise training (skyrl/train/generators/base.py, skyrl 0.4.0).

    The rows of a rollout stand side by side and the last has `is_last_step`, as `_validate_step_wise_fields`
    (skyrl/train/utils/trainer_utils.py) demands. Only the reward of the last row is read; its advantage goes to all.
    `trajectory_ids` are the arguments of `TrajectoryID`. With `sequence_mean` a rollout of more rows counts more.
    """
    ordered, names = [], []
    for instance, group in _groups(rows).items():
        for repetition, rollout in enumerate(group):
            ordered += rollout
            names += [{"instance_id": instance, "repetition_id": repetition}] * len(rollout)
    last = [row.row == row.n_rows - 1 for row in ordered]
    return {
        "prompt_token_ids": [_prompt(row) for row in ordered],
        "response_ids": [_response(row) for row in ordered],
        "rewards": [row.ret if ends else 0.0 for row, ends in zip(ordered, last, strict=True)],
        "loss_masks": [_response_mask(row) for row in ordered],
        "stop_reasons": [row.finish_reason for row in ordered],
        "rollout_metrics": None,
        "rollout_logprobs": [_response_logprobs(row) for row in ordered],
        "trajectory_ids": names,
        "is_last_step": last,
    }


def to_slime(rows: Sequence[TokenSegment]) -> list[list[list[dict[str, Any]]]]:
    """slime's samples (`Sample.from_dict`, slime/utils/types.py), nested as groups of rollouts of rows.

    Rows of one rollout share a `rollout_id`, which makes the loss count the rollout once (`rollout_mask_sums`), and
    each has the whole reward. Give slime a reward function that groups by rollout: its own takes all rows for one
    group when rollouts have unequal numbers of rows.
    """
    samples: list[list[list[dict[str, Any]]]] = []
    index = rollout_id = 0
    for group_index, group in enumerate(_groups(rows).values()):
        samples.append([])
        for rollout in group:
            samples[-1].append([])
            for row in rollout:
                sample = _slime_sample(row) | {"group_index": group_index, "index": index, "rollout_id": rollout_id}
                samples[-1][-1].append(sample)
                index += 1
            rollout_id += 1
    return samples


def _slime_sample(row: TokenSegment) -> dict[str, Any]:
    return {
        "tokens": row.token_ids.tolist(),
        "response_length": len(row.token_ids) - row.prompt_len,
        "loss_mask": _response_mask(row),
        "rollout_log_probs": _response_logprobs(row),
        "reward": row.ret,
        "status": "truncated" if row.truncated else "completed",
        "weight_versions": [str(row.policy_version)],
        "metadata": {"rollout_id": row.rollout_id, "segment": row.segment_index},
    }


def to_trl(rows: Sequence[TokenSegment]) -> dict[str, list[Any]]:
    """What a `rollout_func` of TRL's GRPOTrainer returns (trl/trainer/grpo_trainer.py, trl 1.16.0).

    One pair of prompt and completion a row; `env_mask` has 0 on tokens that the model did not write. `ret` and
    `rollout_id` reach the reward functions. The trainer takes its baseline over rows, in groups of `num_generations`
    that follow one another, so a batch fits it as it is only when each rollout is one row; for others, take the
    advantages of `selftrain.credit`, which come along where they are known.
    """
    ordered = [row for rollout in _rollouts(rows) for row in rollout]
    table: dict[str, list[Any]] = {
        "prompt_ids": [_prompt(row) for row in ordered],
        "completion_ids": [_response(row) for row in ordered],
        "logprobs": [_response_logprobs(row) for row in ordered],
        "env_mask": [_response_mask(row) for row in ordered],
        "ret": [row.ret for row in ordered],
        "rollout_id": [row.rollout_id for row in ordered],
    }
    advantages = [row.advantages[row.prompt_len :].tolist() for row in ordered if row.advantages is not None]
    return {**table, "advantages": advantages} if len(advantages) == len(ordered) else table


def to_tinker(rows: Sequence[TokenSegment]) -> list[dict[str, Any]]:
    """Fields of tinker's `Datum` (tinker/types/datum.py, tinker 0.38.0), shifted by one as the cookbook does.

    Inputs are all tokens but the last, targets all but the first (tinker_cookbook/rl/data_processing.py,
    tinker-cookbook 0.6.1). The loss is a sum over tokens: a rollout counts by the number of its trained tokens.

    Raises:
        OptionError: a row has no advantages; tinker computes none.
    """
    data = []
    for row in (row for rollout in _rollouts(rows) for row in rollout):
        if row.advantages is None:
            raise OptionError(f"row {row.row} of {row.rollout_id} has no advantages; give the rows to selftrain.credit")
        data.append(
            {
                "model_input": {"chunks": [{"type": "encoded_text", "tokens": row.token_ids[:-1].tolist()}]},
                "loss_fn_inputs": {
                    "target_tokens": row.token_ids[1:].tolist(),
                    "logprobs": row.logprobs[1:].tolist(),
                    "advantages": row.advantages[1:].tolist(),
                    "mask": row.loss_mask[1:].astype(float).tolist(),
                },
            }
        )
    return data


def _rollouts(rows: Sequence[TokenSegment]) -> list[Rollout]:
    """Whole rollouts, each with its rows in order, in the order in which they are first met."""
    found: dict[str, Rollout] = {}
    for row in rows:
        found.setdefault(row.rollout_id, []).append(row)
    for name, rollout in found.items():
        rollout.sort(key=lambda row: row.row)
        if [row.row for row in rollout] != list(range(rollout[0].n_rows)):
            numbers = ", ".join(str(row.row) for row in rollout)
            raise OptionError(
                f"rollout {name} has rows {numbers} here and {rollout[0].n_rows} in all; give each of them once, "
                "and each episode a name of its own"
            )
    return list(found.values())


def _groups(rows: Sequence[TokenSegment]) -> dict[str, list[Rollout]]:
    groups: dict[str, list[Rollout]] = {}
    for rollout in _rollouts(rows):
        groups.setdefault(rollout[0].group_id, []).append(rollout)
    return groups


def _prompt(row: TokenSegment) -> list[int]:
    ids: list[int] = row.token_ids[: row.prompt_len].tolist()
    return ids


def _response(row: TokenSegment) -> list[int]:
    ids: list[int] = row.token_ids[row.prompt_len :].tolist()
    return ids


def _response_mask(row: TokenSegment) -> list[int]:
    mask: list[int] = row.loss_mask[row.prompt_len :].astype(int).tolist()
    return mask


def _response_logprobs(row: TokenSegment) -> list[float]:
    logprobs: list[float] = row.logprobs[row.prompt_len :].tolist()
    return logprobs
