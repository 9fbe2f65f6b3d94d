"""The terminal environment over tasks that no context holds: 40 to 400 commands of real work."""

from __future__ import annotations

from typing import ClassVar

from selftrain.envs.families import LONG_NAMES
from selftrain.envs.terminal import TerminalEnv
from selftrain.envs.vector import TaskVectorEnv


class TerminalLongEnv(TerminalEnv):
    """Long work at a terminal: a migration in stages, a trail through logs, a refactoring, a survey.

    ## Description
    As `TerminalEnv`, with tasks of 40 commands (level 1) to 400 (level 5). Facts are met early and needed late, and
    the outputs together are many times a small context, so that it takes notes to get to the end. Instructions are
    short, since a context budget shows them again after each cut; README and runbook lie in the sandbox. Each task
    has a `worker`, a reference solver that learns everything from outputs and keeps it in a few hundred bytes.

    ## Action Space, Observation Space, Rewards, Starting State, Episode End, Arguments
    Those of `TerminalEnv`; where neither `tasks` nor `families` says otherwise, tasks are drawn from the long families.

    ## Version History
    - v0: the first.
    """

    pool: ClassVar[tuple[str, ...]] = LONG_NAMES


class TerminalLongVectorEnv(TaskVectorEnv):
    """`TerminalLongEnv` times `num_envs`, stepped from one process."""

    env_class = TerminalLongEnv
