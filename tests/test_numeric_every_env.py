"""Every environment of the suite as numbers: both checkers pass, and task, reward and verdict are the very same."""

from __future__ import annotations

import contextlib
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from backends import needs_coq
from gymnasium.utils.env_checker import check_env, data_equivalence

from selftrain.envs.numeric.view import NumericView
from selftrain.envs.numeric.windows import ByteWindow
from selftrain.registration import ENVIRONMENTS

WINDOW = 300
# what makes a test cheap where nothing is lost by it
SMALL: dict[str, dict[str, Any]] = {
    "SelfTrain-Proof-v0": {"max_steps": 3},
    "SelfTrain-LabBench-v0": {"tasks": ["lab-bench/train/1/0"]},
}
# forms with other spaces than an id has without arguments
FORMS: list[tuple[str, dict[str, Any]]] = [
    *[(f"SelfTrain-{game}-v0", {"view": "text"}) for game in ("Courier", "KeyRing", "Relay", "Rulebook")],
    *[("SelfTrain-Lab-v0", {"view": view, "length": 6}) for view in ("both", "pixels")],
]
KINDS = [
    pytest.param(f"selftrain:{env_id}", arguments, id=env_id + arguments.get("view", ""), marks=marks)
    for env_id, arguments in [*((one, SMALL.get(one, {})) for one in ENVIRONMENTS), *FORMS]
    for marks in [[needs_coq] if "Proof" in env_id else []]
]


def plays(env: gym.Env[Any, Any]) -> list[Any]:
    """Actions that end the episode: the oracle's where they are texts, else some at random."""
    if isinstance(env.action_space, gym.spaces.Text):
        return [*env.get_wrapper_attr("task").oracle, "submit"]
    env.action_space.seed(0)
    return [env.action_space.sample() for _ in range(50)]


def alike(shown: Any, seen: Any) -> bool:
    """Whether `seen` is the view of `shown`: texts as the end of their bytes, all else as it is."""
    if isinstance(shown, str):
        return bool(data_equivalence(seen, ByteWindow(WINDOW).read([shown]), exact=True))
    if isinstance(shown, dict):
        return shown.keys() == seen.keys() and all(alike(shown[name], seen[name]) for name in shown)
    return bool(np.all(shown == seen))


@pytest.mark.parametrize(("env_id", "arguments"), KINDS)
def test_task_reward_and_verdict_are_the_very_same(env_id: str, arguments: dict[str, Any]) -> None:
    with gym.make(env_id, **arguments) as plain, gym.make(env_id, **arguments) as inner:
        shown, info = plain.reset(seed=5)
        sent = plays(plain)
        menu = tuple(dict.fromkeys(sent)) if isinstance(sent[0], str) else None
        view = NumericView(inner, menu, window=WINDOW)
        seen, own_info = view.reset(seed=5)
        for action in sent:
            assert view.observation_space.contains(seen) and alike(shown, seen) and own_info == info
            shown, reward, *ends, info = plain.step(action)
            seen, own_reward, *own_ends, own_info = view.step(menu.index(action) if menu else action)
            assert (own_reward, own_ends) == (reward, ends) and type(own_reward) is float
            if any(ends):
                break
        # commits made at another moment have another hash
        assert any(ends) and {**own_info, "evidence_sha256": ""} == {**info, "evidence_sha256": ""}
        assert reward == 1.0 or menu is None
        verdict, own_verdict = (getattr(env.unwrapped, "verdict", None) for env in (plain, view))
        assert verdict == own_verdict


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.parametrize(("env_id", "arguments"), KINDS)
def test_both_checkers_pass(env_id: str, arguments: dict[str, Any]) -> None:
    stable = pytest.importorskip("stable_baselines3.common.env_checker")
    inner = gym.make(env_id, **arguments)
    menu = ("submit", "ls", "label yes") if isinstance(inner.action_space, gym.spaces.Text) else None
    with contextlib.closing(NumericView(inner, menu, text="counts")) as view:
        check_env(view, skip_render_check=True)
        stable.check_env(view, warn=False)
