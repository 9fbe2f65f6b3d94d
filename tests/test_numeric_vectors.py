"""Numeric environments many at once: ours, Gymnasium's and Stable-Baselines3's agree step by step."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import gymnasium as gym
import numpy as np
import pytest
from backends import kill_sandbox
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from selftrain.envs.numeric.view import NumericView
from selftrain.envs.terminal import TerminalEnv
from selftrain.errors import OptionError, SandboxError

MENU_ID = "selftrain:SelfTrain-TerminalMenu-v0"
KEYRING = "selftrain:SelfTrain-KeyRing-v0"
SAME_STEP = AutoresetMode.SAME_STEP
# episodes end here by `submit`, the last number, and by the limit
ROUNDS = [(0, 2), (11, 1), (5, 11), (1, 3), (10, 0), (11, 11), (4, 4), (0, 1), (2, 2), (3, 0), (1, 1), (2, 0)]
STEPS = 3
# one for all, one each, going on in one of them, going on in all, and one task for all
STARTS: list[dict[str, Any]] = [
    {"seed": 4},
    {"seed": [7, 7]},
    {"seed": [9, None]},
    {},
    {"seed": 2, "options": {"task": "menu-errands/dev/4/3"}},
]


def vector(how: str, mode: AutoresetMode) -> VectorEnv[Any, Any, Any]:
    if how == "own":
        return gym.make_vec(MENU_ID, num_envs=2, max_steps=STEPS, autoreset_mode=mode)
    options: dict[str, Any] = {"autoreset_mode": mode}
    if how == "async":  # spawned, because forking beside threads is no longer safe
        options["context"] = "spawn"
    return gym.make_vec(MENU_ID, num_envs=2, vectorization_mode=how, vector_kwargs=options, max_steps=STEPS)


def played(envs: Any) -> list[Any]:
    """All that is shown, and after each step the masks."""
    shown = []
    with contextlib.closing(envs):
        for start in STARTS:
            # copies, because Gymnasium takes the options that it knows out of what it is given
            shown.append((envs.reset(**{**start, "options": dict(start.get("options", {}))}), masks(envs)))
            for actions in ROUNDS:
                shown.append((envs.step(np.array(actions)), masks(envs)))
                over = shown[-1][0][2] | shown[-1][0][3]
                if over.any() and envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED:
                    shown.append((envs.reset(options={"reset_mask": over}), masks(envs)))
    return shown


def masks(envs: Any) -> list[list[bool]]:
    return [mask.tolist() for mask in envs.call("action_masks")]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_own_sync_and_async_agree_step_by_step(mode: AutoresetMode) -> None:
    own = played(vector("own", mode))
    for how in ("sync", "async") if mode is not AutoresetMode.DISABLED else ("sync",):
        for mine, other in zip(own, played(vector(how, mode)), strict=True):
            assert data_equivalence(mine, other, exact=True)
    steps = [step for step, _ in own if len(step) == 5]
    assert any(step[2].any() for step in steps) and any(step[3].any() for step in steps)
    # what an array shows later does not change what it showed before
    assert not data_equivalence(own[0][0][0], own[1][0][0], exact=True)


def test_views_agree_however_they_are_stepped() -> None:
    view = functools.partial(NumericView, menu=("ls -A", "cat *", "submit"), window=40, transcript=True)
    arguments = {"families": ["csv-reshape"], "max_steps": STEPS}
    shown = []
    for how, options in (("sync", {}), ("async", {"context": "spawn"})):
        with contextlib.closing(
            gym.make_vec("selftrain:SelfTrain-Terminal-v0", 2, how, options, [view], **arguments)
        ) as envs:
            shown.append(
                [envs.reset(seed=3), *[envs.step(np.array(each)) for each in [(0, 1), (1, 2), (0, 0), (1, 1)]]]
            )
    assert data_equivalence(shown[0], shown[1], exact=True)


# Stable-Baselines3


def make_menu() -> gym.Env[Any, Any]:
    return gym.make(MENU_ID, max_steps=STEPS)


def ours(env_id: str = MENU_ID, **arguments: Any) -> Any:
    stable = pytest.importorskip("selftrain.integrations.stable_baselines3", exc_type=ImportError)
    return stable.ArrayVecEnv(gym.make_vec(env_id, num_envs=2, **arguments))


def stable_steps(envs: Any, rounds: Sequence[Any], masked: bool = True) -> list[Any]:
    """What Stable-Baselines3 is given; of infos, only those of episodes that ended."""
    with contextlib.closing(envs):
        envs.seed(4)
        steps: list[Any] = [plain(envs.reset())]
        for actions in rounds:
            seen, rewards, ends, infos = envs.step(np.array(actions))
            finals = [info if end else {} for info, end in zip(infos, ends, strict=True)]
            steps.append([plain(seen), rewards.tolist(), ends.tolist(), finals])
            if masked:
                steps.append([mask.tolist() for mask in envs.env_method("action_masks")])
        steps.append(plain(envs.reset()))  # a seed counts once
    envs.close()  # twice is fine
    return steps


def plain(seen: Any) -> Any:
    """Without the order of entries, which SB3 sorts."""
    return dict(sorted(seen.items())) if isinstance(seen, dict) else seen


def test_stable_baselines_vector_environments_agree_with_ours() -> None:
    vectors = pytest.importorskip("stable_baselines3.common.vec_env")
    one = stable_steps(vectors.DummyVecEnv([make_menu] * 2), ROUNDS)
    for envs in (
        vectors.SubprocVecEnv([make_menu] * 2, start_method="forkserver"),
        ours(max_steps=STEPS, autoreset_mode=SAME_STEP),
    ):
        for mine, theirs in zip(one, stable_steps(envs, ROUNDS), strict=True):
            assert data_equivalence(mine, theirs, exact=True)
    finals = [info for step in one[1:-1:2] for info in step[3] if info]
    assert {info["TimeLimit.truncated"] for info in finals} == {True, False}


def test_dicts_of_numbers_agree_too() -> None:
    vectors = pytest.importorskip("stable_baselines3.common.vec_env")
    space = gym.make(KEYRING).action_space
    space.seed(3)
    rounds = [np.stack([space.sample(), space.sample()]) for _ in range(40)]
    one = stable_steps(vectors.DummyVecEnv([functools.partial(gym.make, KEYRING)] * 2), rounds, masked=False)
    assert data_equivalence(one, stable_steps(ours(KEYRING), rounds, masked=False), exact=True)
    assert sum(any(step[2]) for step in one[1:-1]) > 2


def test_options_and_attributes_reach_the_environments() -> None:
    with contextlib.closing(ours(autoreset_mode=SAME_STEP)) as envs:
        from stable_baselines3.common.monitor import Monitor

        envs.set_options({"task": "menu-errands/dev/1/5"})
        envs.seed(1)
        seen = envs.reset()
        assert (seen[0] == seen[1]).all()
        assert [task.id for task in envs.get_attr("task")] == ["menu-errands/dev/1/5"] * 2
        assert len(envs.get_attr("task", 1)) == len(envs.env_method("action_masks", indices=[0])) == 1
        assert envs.has_attr("action_masks") and not envs.has_attr("no_such_thing")
        assert envs.env_is_wrapped(Monitor) == [False, False]
        envs.reset()  # options count once, as in SB3's own
        assert "menu-errands/dev/1/5" not in [task.id for task in envs.get_attr("task")]
        envs.set_options([{"task": "menu-errands/dev/1/5"}, {}])
        with pytest.raises(OptionError, match="the same to all"):
            envs.reset()
        with pytest.raises(OptionError, match="cannot be set"):
            envs.set_attr("render_mode", "ansi")
    with contextlib.closing(ours(KEYRING)) as games:
        assert games.env_is_wrapped(Monitor) == [False, False] and not games.has_attr("action_masks")
        with pytest.raises(OptionError, match="no methods of their own"):
            games.env_method("save_state")


def test_wrappers_of_environments_in_arrays_are_found() -> None:
    stable = pytest.importorskip("selftrain.integrations.stable_baselines3", exc_type=ImportError)
    from stable_baselines3.common.monitor import Monitor

    with contextlib.closing(SyncVectorEnv([lambda: Monitor(make_menu())] * 2, autoreset_mode=SAME_STEP)) as envs:
        assert stable.ArrayVecEnv(envs).env_is_wrapped(Monitor) == [True, True]


def test_what_is_no_array_of_numbers_is_refused() -> None:
    with pytest.raises(OptionError, match="same step"):
        ours()
    with pytest.raises(OptionError, match="not numbers"):
        ours("selftrain:SelfTrain-Terminal-v0", autoreset_mode=SAME_STEP)


def kill(env: Any) -> None:
    """Kill the sandbox of an environment that takes numbers, by commands that are not on its menu."""
    kill_sandbox(cast("gym.Env[Any, Any]", SimpleNamespace(step=functools.partial(TerminalEnv.step, env))))


def test_an_episode_whose_sandbox_dies_is_marked_and_never_judged() -> None:
    vectors = pytest.importorskip("stable_baselines3.common.vec_env")
    with contextlib.closing(ours(autoreset_mode=SAME_STEP)) as envs:
        envs.seed(0)
        envs.reset()
        kill(envs.envs.envs[1])
        seen, rewards, ends, infos = envs.step(np.array([0, 0]))
        assert rewards.tolist() == [0.0, 0.0] and ends.tolist() == [False, True] and infos[0] == {}
        assert not infos[1]["valid"] and infos[1]["error"].startswith("SandboxError") and "verdict" not in infos[1]
        assert infos[1]["TimeLimit.truncated"] and not infos[1]["terminal_observation"].any() and seen[1].any()
        # what one episode says of its end is not said of another that ends in the same step
        kill(envs.envs.envs[0])
        infos = envs.step(np.array([0, 11]))[3]
        assert "verdict" not in infos[0] and "error" not in infos[1] and infos[1]["verdict"] == "fail"
    with contextlib.closing(vectors.DummyVecEnv([make_menu])) as theirs:
        theirs.reset()
        kill(theirs.envs[0].unwrapped)
        with pytest.raises(SandboxError):
            theirs.step(np.array([0]))
