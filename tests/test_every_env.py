"""Every registered id against the checkers of Gymnasium and stable-baselines3, and the reference agents."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from backends import needs_coq
from gymnasium.utils.env_checker import check_env, data_equivalence

from selftrain.registration import ENVIRONMENTS

FAMILIES = ["csv-reshape", "dedup-files", "git-repair", "rotate-backups"]


TERMINAL = "selftrain:SelfTrain-Terminal-v0"


@pytest.fixture(params=[pytest.param(one, marks=needs_coq) if "Proof" in one else one for one in ENVIRONMENTS])
def env_id(request: pytest.FixtureRequest) -> str:
    return f"selftrain:{request.param}"


def play(env_id: str, seed: int, actions: Sequence[Any], **arguments: Any) -> list[Any]:
    with gym.make(env_id, **arguments) as env:
        seen: list[Any] = [env.reset(seed=seed)]
        for action in actions:
            seen.append(env.step(action))
            if seen[-1][2] or seen[-1][3]:
                break
        return seen


def play_oracle(seed: int, **arguments: Any) -> list[Any]:
    with gym.make(TERMINAL, **arguments) as env:
        env.reset(seed=seed)
        oracle = env.get_wrapper_attr("task").oracle
    return play(TERMINAL, seed, [*oracle, "submit"], **arguments)


# the checkers


def test_gymnasium_s_checker_passes(env_id: str) -> None:
    with gym.make(env_id) as env:
        check_env(env.unwrapped)


# reference agents, and the same again


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("level", [1, 3])
def test_oracle_gets_one_nop_gets_zero_and_seeds_repeat(family: str, level: int) -> None:
    arguments = {"families": [family], "levels": [level]}
    first, second = (play_oracle(11, **arguments) for _ in range(2))
    assert [step[:4] for step in first[1:]] == [step[:4] for step in second[1:]] and first[0] == second[0]
    assert first[-1][1:3] == (1.0, True)
    for one, other in zip(first, second, strict=True):
        # commits made at another moment have another hash
        assert {**one[-1], "evidence_sha256": ""} == {**other[-1], "evidence_sha256": ""}
    nothing = play(TERMINAL, 11, ["submit"], **arguments)
    assert nothing[0] == first[0] and nothing[-1][1:3] == (0.0, True)
    assert nothing == play(TERMINAL, 11, ["submit"], **arguments)


def test_random_actions_repeat(env_id: str) -> None:
    with gym.make(env_id) as env:
        env.action_space.seed(3)
        actions = [env.action_space.sample() for _ in range(8)]
    assert data_equivalence(play(env_id, 3, actions), play(env_id, 3, actions), exact=True)


def test_other_seeds_give_other_tasks() -> None:
    with gym.make(TERMINAL, families=["csv-reshape"]) as env:
        assert len({env.reset(seed=seed)[0] for seed in range(5)}) == 5


def test_splits_and_levels_are_what_was_asked_for() -> None:
    with gym.make(TERMINAL, families=["csv-reshape"], levels=(2, 4), split="dev") as env:
        infos = [env.reset(seed=seed)[1] for seed in range(8)]
    assert {info["level"] for info in infos} == {2, 4}
    assert all(info["task"].startswith("csv-reshape/dev/") for info in infos)


# registration


def test_the_prefixed_id_needs_no_import_in_a_spawned_process(env_id: str, tmp_path: Path) -> None:
    script = tmp_path / "spawn.py"
    script.write_text(
        "import json, multiprocessing\n"
        "def child(queue):\n"
        "    import gymnasium\n"
        f"    with gymnasium.make({env_id!r}) as env:\n"
        "        first, _ = env.reset(seed=0)\n"
        "        env.action_space.seed(0)\n"
        "        queue.put([env.spec.id, repr(first), env.step(env.action_space.sample())[2]])\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    queue = context.Queue()\n"
        "    process = context.Process(target=child, args=(queue,))\n"
        "    process.start()\n"
        "    print(json.dumps(queue.get(timeout=60)))\n"
        "    process.join()\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0 and done.stderr == ""
    with gym.make(env_id) as env:
        first, _ = env.reset(seed=0)
        env.action_space.seed(0)
        over = env.step(env.action_space.sample())[2]  # a day of one cell is over at once
        assert json.loads(done.stdout) == [env_id.removeprefix("selftrain:"), repr(first), over]


def test_specs_are_serialisable(env_id: str) -> None:
    arguments: dict[str, Any] = {"render_mode": "ansi"} | ({"families": ["csv-reshape"]} if env_id == TERMINAL else {})
    with gym.make(env_id, **arguments) as env:
        assert env.spec is not None
        again = gym.envs.registration.EnvSpec.from_json(env.spec.to_json())
        assert again.kwargs == arguments
        with gym.make(again) as other:
            assert data_equivalence(env.reset(seed=4), other.reset(seed=4), exact=True)
