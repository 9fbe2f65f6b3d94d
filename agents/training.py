"""The reference trainer: policy gradients over rollouts whose contexts were cut into segments.

A rollout gives one or more rows (maximal runs of decisions in one context). Credit belongs to the rollout: returns and
baselines are computed over rollouts and then given to every decision of every row, so that the number of cuts never
weighs in the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium.vector import VectorEnv
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from selftrain.agents.policy import Ints, PointerPolicy
from selftrain.errors import OptionError

Floats = npt.NDArray[np.float64]
Envs = VectorEnv[Any, Any, Any]
BASELINES = ("group", "grpo", "batch")
SPLIT = 1 << 30  # seeds below it are for training, those from it on for tests


@dataclass(frozen=True)
class Rows:
    """Rollouts as a trainer sees them. The first axis of the upper fields runs over all decisions of all rollouts.

    Attributes:
        codes, actions, logprobs: what was seen (encoded), done, and how likely that was when it was sampled.
        rewards: for each decision.
        step: its number in its rollout.
        row: the row that it stands in.
        rollout: of each row.
        group: of each rollout; the members of a group played the same instance.
    """

    codes: Tensor
    actions: Tensor
    logprobs: Tensor
    rewards: Floats
    step: Ints
    row: Ints
    rollout: Ints
    group: Ints

    @property
    def returns(self) -> Floats:
        """The sum of rewards of each rollout."""
        sums = np.zeros(len(self.group))
        np.add.at(sums, self.rollout[self.row], self.rewards)
        return sums


@dataclass(frozen=True)
class Settings:
    """How the reference trainer learns.

    Attributes:
        groups, per_group: rollouts of an update: this many instances, each played this often.
        baseline: "group": the mean of the group (REINFORCE); "grpo": that, in units of the group's standard
            deviation; "batch": the mean of all rollouts of the update.
        to_go: credit a decision with the rewards that come after it, not with those of the whole rollout.
        rate: of Adam.
        entropy: weight of the mean entropy of decisions, which keeps the policy trying.
        clip: largest norm of a gradient.
        memory: of the moving average of weights that is handed out at the end, per update.
    """

    groups: int = 16
    per_group: int = 8
    baseline: str = "group"
    to_go: bool = False
    rate: float = 5e-3
    entropy: float = 0.03
    clip: float = 1.0
    memory: float = 0.98

    def __post_init__(self) -> None:
        if self.baseline not in BASELINES:
            raise OptionError(f"baseline={self.baseline!r} must be one of {', '.join(BASELINES)}")
        if self.groups < 1 or self.per_group < 1:
            raise OptionError(f"groups={self.groups} and per_group={self.per_group} must be 1 or more")

    @property
    def rollouts(self) -> int:
        """Rollouts of an update."""
        return self.groups * self.per_group


def advantages(rows: Rows, baseline: str = "group", to_go: bool = False) -> Floats:
    """The advantage of each decision, computed over rollouts whatever rows they are in.

    With `to_go` the baseline of a decision is the mean over its peers at the same step; those that had ended by then
    count with 0.
    """
    rollout = rows.rollout[rows.row]
    gains = np.zeros((len(rows.group), int(rows.step.max()) + 1))
    gains[rollout, rows.step] = rows.rewards
    returns = gains[:, ::-1].cumsum(1)[:, ::-1] if to_go else np.broadcast_to(gains.sum(1, keepdims=True), gains.shape)
    peers = np.zeros(len(rows.group), np.int64) if baseline == "batch" else rows.group
    better = returns - _means(returns, peers)
    if baseline == "grpo":
        better = better / (np.sqrt(_means(better**2, peers)) + 1e-6)
    return np.asarray(better[rollout, rows.step])


def _means(values: Floats, peers: Ints) -> Floats:
    """For each row of `values`, the mean over the rows of the same peers."""
    sums = np.zeros((int(peers.max()) + 1, values.shape[1]))
    np.add.at(sums, peers, values)
    return np.asarray((sums / np.maximum(np.bincount(peers), 1)[:, None])[peers])


def loss(policy: PointerPolicy, rows: Rows, credit: Floats, entropy: float = 0.0) -> Tensor:
    """What an update descends: a rollout weighs the same however many rows or decisions it has."""
    parts, spread = policy.log_probs(rows.codes, rows.actions)
    gain = (parts.sum(1) * torch.as_tensor(credit, dtype=parts.dtype)).sum() / len(rows.group)
    return -gain - entropy * spread.mean()


@torch.no_grad()
def play(
    policy: PointerPolicy,
    envs: Envs,
    seeds: Ints,
    cuts: Ints,
    random: np.random.Generator | None = None,
) -> Rows:
    """One rollout in each sub-environment, a row for each segment; those of equal seeds make a group.

    Args:
        policy: who plays.
        envs: numeric memory environments in arrays, which start again by themselves when an episode ends.
        seeds, cuts: of each sub-environment.
        random: draws the actions; None takes the likeliest ones.
    """
    each: Any = seeds.tolist()  # Gymnasium's vector environments take a seed for each, and do not declare it
    observation, _ = envs.reset(seed=each, options={"cuts": cuts})
    playing = np.arange(envs.num_envs)
    everyone = np.zeros((envs.num_envs, policy.shape.slots + 1), np.int64)
    decisions: list[tuple[Tensor, Tensor, Tensor]] = []
    places: list[tuple[Floats, Ints, Ints]] = []
    while len(playing):
        codes = policy.encode({name: array[playing] for name, array in observation.items()})
        actions, logprobs = policy.choose(codes, None if random is None else policy.noise_for(len(codes), random))
        everyone[playing] = actions.numpy()
        observation, rewards, terminated, truncated, _ = envs.step(everyone)
        decisions.append((codes, actions, logprobs.sum(1)))
        places.append((rewards[playing], np.full(len(playing), len(places)), playing))
        everyone[playing] = 0
        playing = playing[~(terminated | truncated)[playing]]
    gains, step, rollout = (np.concatenate(column) for column in zip(*places, strict=True))
    codes, actions, logprobs = (torch.cat(column) for column in zip(*decisions, strict=True))
    group = np.unique(seeds, return_inverse=True)[1]
    return Rows(codes, actions, logprobs, gains, step, np.arange(len(step)), rollout, group)


def success(policy: PointerPolicy, envs: Envs, cuts: int) -> float:
    """Share of test instances that the policy solves greedily after this many cuts, one for each sub-environment."""
    seeds = SPLIT + np.arange(envs.num_envs)
    return float((play(policy, envs, seeds, np.full(envs.num_envs, cuts)).returns > 0).mean())


class Trainer:
    """Trains a policy by rollouts of its own.

    Args:
        policy: changed in place.
        envs: as many numeric memory environments as `settings` has rollouts.
        settings: how.
        seed: of the instances and the sampling.
    """

    def __init__(self, policy: PointerPolicy, envs: Envs, settings: Settings, seed: int) -> None:
        if envs.num_envs != settings.rollouts:
            raise OptionError(f"{envs.num_envs} environments do not hold the {settings.rollouts} rollouts of an update")
        self.policy, self.envs, self.settings = policy, envs, settings
        self.spent = 0
        self._random = np.random.default_rng([seed, 1])
        self._optimizer = torch.optim.Adam(policy.parameters(), lr=settings.rate)
        smooth = get_ema_multi_avg_fn(settings.memory)  # type: ignore[no-untyped-call]
        self._average = AveragedModel(policy, multi_avg_fn=smooth)

    @property
    def average(self) -> PointerPolicy:
        """The moving average of the weights: less at the mercy of the last updates than the weights themselves."""
        average = self._average.module
        assert isinstance(average, PointerPolicy)
        return average

    def cost(self, cuts: Ints) -> int:
        """Segment-steps of an update with these cuts, one number for each group."""
        return int((cuts + 1).sum()) * self.settings.per_group

    def update(self, cuts: Ints) -> Floats:
        """Play every group once with its cuts, take one step, and return the success of each group."""
        settings = self.settings
        seeds = self._random.choice(SPLIT, settings.groups, replace=False)
        rows = play(
            self.policy,
            self.envs,
            np.repeat(seeds, settings.per_group),
            np.repeat(cuts, settings.per_group),
            self._random,
        )
        credit = advantages(rows, settings.baseline, settings.to_go)
        self._optimizer.zero_grad()
        loss(self.policy, rows, credit, settings.entropy).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), settings.clip)
        self._optimizer.step()
        self._average.update_parameters(self.policy)
        self.spent += len(rows.step)
        passed: Floats = (rows.returns > 0).reshape(settings.groups, -1).mean(1)
        return passed
