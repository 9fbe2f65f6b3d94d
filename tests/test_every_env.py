"""Every registered id against the checkers of Gymnasium and stable-baselines3, and the reference agents."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from backends import needs_coq
from gymnasium.utils.env_checker import check_env, data_equivalence

from selftrain.envs.wrappers import ByteView
from selftrain.errors import OptionError
from selftrain.registration import ENVIRONMENTS

FAMILIES = ["csv-reshape", "dedup-files", "git-repair", "rotate-backups"]
MENU = ["ls -la", "cat *", "pwd", "head -c 300 /workspace/*/*"]


TERMINAL = "selftrain:SelfTrain-Terminal-v0"


@pytest.fixture(params=[pytest.param(one, marks=needs_coq) if "Proof" in one else one for one in ENVIRONMENTS])
def env_id(request: pytest.FixtureRequest) -> str:
    return f"selftrain:{request.param}"


@pytest.fixture
def env() -> Iterator[gym.Env[Any, Any]]:
    with gym.make(TERMINAL) as made:
        yield made


def play(env_id: str, seed: int, actions: Sequence[Any], **arguments: Any) -> list[Any]:
    with gym.make(env_id, **arguments) as env:
        seen: list[Any] = [env.reset(seed=seed)]
        for action in actions:
            seen.append(env.step(action))
            if seen[-1][2]:
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


@pytest.mark.skipif(importlib.util.find_spec("stable_baselines3") is None, reason="the extra sb3 is not installed")
def test_stable_baselines_s_checker_passes_on_the_view_in_bytes(env: gym.Env[Any, Any]) -> None:
    from stable_baselines3.common.env_checker import check_env as check_env_for_sb3

    check_env_for_sb3(ByteView(env, MENU), warn=True)


@pytest.mark.skipif(importlib.util.find_spec("stable_baselines3") is None, reason="the extra sb3 is not installed")
def test_ppo_trains_on_the_view_in_bytes() -> None:
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv

    def make() -> gym.Env[Any, Any]:
        return ByteView(gym.make(TERMINAL, families=["csv-reshape"], max_steps=3), MENU, window=64)

    envs = DummyVecEnv([make, make])
    model = PPO("MlpPolicy", envs, n_steps=8, batch_size=8, n_epochs=1, seed=0, device="cpu")
    before = [parameter.detach().clone() for parameter in model.policy.parameters()]
    model.learn(32)
    envs.close()
    assert model.num_timesteps == 32
    assert any((old != new).any() for old, new in zip(before, model.policy.parameters(), strict=True))


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
def test_the_view_in_bytes_is_an_environment_of_its_own(env: gym.Env[Any, Any]) -> None:
    view = ByteView(env, MENU, window=40)
    check_env(view, skip_render_check=True)
    text, _ = env.reset(seed=5)
    shown, _ = view.reset(seed=5)
    assert bytes(shown) == text.encode()[-40:]
    for number, command in enumerate(MENU):
        env.reset(seed=5)
        expected = env.step(command)
        view.reset(seed=5)
        assert bytes(view.step(np.int64(number))[0]) == expected[0].encode()[-40:].rjust(40, b"\0")
    _, reward, terminated, _, info = view.step(np.int64(len(MENU)))
    assert (reward, terminated, info["verdict"]) == (0.0, True, "fail")


@pytest.mark.parametrize("arguments", [{"menu": []}, {"menu": "ls"}, {"menu": MENU, "window": 0}])
def test_a_view_that_makes_no_sense_is_refused(env: gym.Env[Any, Any], arguments: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"menu=|window=0"):
        ByteView(env, **arguments)


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
        assert json.loads(done.stdout) == [env_id.removeprefix("selftrain:"), repr(env.reset(seed=0)[0]), False]


def test_specs_are_serialisable(env_id: str) -> None:
    arguments: dict[str, Any] = {"render_mode": "ansi"} | ({"families": ["csv-reshape"]} if env_id == TERMINAL else {})
    with gym.make(env_id, **arguments) as env:
        assert env.spec is not None
        again = gym.envs.registration.EnvSpec.from_json(env.spec.to_json())
        assert again.kwargs == arguments
        with gym.make(again) as other:
            assert data_equivalence(env.reset(seed=4), other.reset(seed=4), exact=True)
