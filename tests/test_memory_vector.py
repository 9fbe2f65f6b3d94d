"""The memory games in arrays: bit for bit what the single environments give, whatever happens."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from selftrain.errors import OptionError

GAMES = ("Courier", "KeyRing", "Relay", "Rulebook")
COUNT = 5


def make_vec(game: str, count: int = COUNT, **arguments: Any) -> Any:
    return gym.make_vec(f"selftrain:SelfTrain-{game}-v0", num_envs=count, **arguments)


def make_sync(game: str, **arguments: Any) -> SyncVectorEnv:
    def make() -> gym.Env[Any, Any]:
        return gym.make(f"selftrain:SelfTrain-{game}-v0", disable_env_checker=True, **arguments)

    return SyncVectorEnv([make] * COUNT, autoreset_mode=AutoresetMode.SAME_STEP)


@pytest.mark.parametrize("ablation", ["own", "wiped", "shuffled"])
@pytest.mark.parametrize("notes", ["pointer", "free"])
@pytest.mark.parametrize("game", GAMES)
def test_all_is_equal_to_the_single_environments(game: str, notes: str, ablation: str) -> None:
    arguments = {"cuts": 4, "notes": notes, "ablation": ablation}
    ours, theirs = make_vec(game, **arguments), make_sync(game, **arguments)
    assert ours.observation_space == theirs.observation_space and ours.action_space == theirs.action_space
    ours.action_space.seed(1)
    assert data_equivalence(ours.reset(seed=11), theirs.reset(seed=11), exact=True)
    passed = 0
    for _ in range(23):
        actions = ours.action_space.sample()
        step = ours.step(actions)
        assert data_equivalence(step, theirs.step(actions), exact=True)
        passed += int(step[1].sum())
    assert data_equivalence(ours.reset(seed=12), theirs.reset(seed=12), exact=True)
    assert data_equivalence(ours.reset(), theirs.reset(), exact=True)
    assert passed > 0


@pytest.mark.parametrize("game", GAMES)
def test_each_may_have_its_own_cuts(game: str) -> None:
    """Episodes of different lengths restart at different times, each with the cuts that it was given."""
    cuts = np.array([2, 3, 2, 5, 4])
    ours = make_vec(game)
    singles = [gym.make(f"selftrain:SelfTrain-{game}-v0") for _ in range(COUNT)]
    observations = ours.reset(seed=40, options={"cuts": cuts})[0]
    expected = [
        single.reset(seed=40 + i, options={"cuts": int(cut)})[0]
        for i, (single, cut) in enumerate(zip(singles, cuts, strict=True))
    ]
    ours.action_space.seed(2)
    ends = np.zeros(COUNT, int)
    for _ in range(30):
        for i in range(COUNT):
            assert data_equivalence({name: array[i] for name, array in observations.items()}, expected[i], exact=True)
        actions = ours.action_space.sample()
        observations, rewards, over, truncated, infos = ours.step(actions)
        for i, single in enumerate(singles):
            expected[i], reward, ended, _, info = single.step(actions[i])
            assert (rewards[i], over[i], truncated[i]) == (reward, ended, False)
            if ended:
                assert infos["final_info"]["passed"][i] == info["passed"]
                assert infos["final_info"]["segment"][i] == cuts[i]
                expected[i], info = single.reset()
            assert all(infos[name][i] == value and infos[f"_{name}"][i] for name, value in info.items())
        ends += over
    assert ends.tolist() == [30 // (cut + 1) for cut in cuts]


@pytest.mark.parametrize("game", GAMES)
def test_a_hundred_cuts_are_equal_too(game: str) -> None:
    envs, single = make_vec(game, 1, cuts=100), gym.make(f"selftrain:SelfTrain-{game}-v0", cuts=100)
    arrays, observation = envs.reset(seed=6)[0], single.reset(seed=6)[0]
    for _ in range(101):
        assert all((arrays[name][0] == array).all() for name, array in observation.items())
        action = single.action_space.sample()
        arrays, rewards, over, _, infos = envs.step(action[None])
        observation, reward, ended, _, info = single.step(action)
        assert (rewards[0], over[0]) == (reward, ended)
    assert ended and infos["final_info"]["compactions"][0] == info["compactions"] == 100


def test_members_of_a_group_play_the_same_instances_on_and_on() -> None:
    envs = make_vec("Courier", 6, cuts=2)
    observations, _ = envs.reset(seed=[3, 3, 3, 8, 8, 8])
    for _ in range(12):
        visible = observations["visible"]
        assert (visible[:3] == visible[0]).all() and (visible[3:] == visible[3]).all()
        assert (visible[0] != visible[3]).any()
        observations = envs.step(envs.action_space.sample())[0]


def test_seeds_are_those_of_single_environments_and_make_the_rest_repeatable() -> None:
    envs, listed, others = (make_vec("Relay") for _ in range(3))
    counted = envs.reset(seed=21)
    assert data_equivalence(counted, listed.reset(seed=np.arange(21, 26)), exact=True)
    assert data_equivalence(envs.reset(), listed.reset(), exact=True)
    assert not data_equivalence(others.reset()[0], make_vec("Relay").reset()[0], exact=True)


def test_what_a_reader_does_to_observations_changes_nothing() -> None:
    envs, others = make_vec("KeyRing"), make_vec("KeyRing")
    envs.reset(seed=0)
    others.reset(seed=0)
    for _ in range(4):
        actions = envs.action_space.sample()
        kept, spoilt = others.step(actions)[0], envs.step(actions)[0]
        assert data_equivalence(kept, spoilt, exact=True)
        for array in spoilt.values():
            array[:] = 0


def test_statistics_of_gymnasium_work() -> None:
    envs = gym.wrappers.vector.RecordEpisodeStatistics(make_vec("Courier", 64, cuts=2))
    envs.reset(seed=0)
    for _ in range(6):
        envs.step(envs.action_space.sample())
    assert list(envs.length_queue) == [3] * 100
    assert 0 < sum(envs.return_queue) < 100


def test_the_spec_says_how_it_was_made() -> None:
    envs = make_vec("Courier", cuts=3)
    assert envs.spec.kwargs["cuts"] == 3 and envs.num_envs == COUNT
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert (envs.chance, envs.optimum) == (0.25, 1.0)
    envs.close()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"view": "text"}, "view='text' has no form in arrays"),
        ({"cuts": 0}, "cuts=0 must be"),
        ({"colors": 1}, "colors=1 is no argument of Courier"),
        ({"ablation": "no"}, "ablation='no' must be"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(OptionError, match=why):
        make_vec("Courier", **arguments)


@pytest.mark.parametrize("seed", [[1, 2], [-1] * COUNT, [0.5] * COUNT])
def test_seeds_that_make_no_sense_are_refused(seed: list[float]) -> None:
    with pytest.raises(OptionError, match="seed="):
        make_vec("Courier").reset(seed=seed)


@pytest.mark.parametrize("options", [{"cuts": [1, 2]}, {"cuts": [0] * COUNT}, {"mask": [True] * COUNT}])
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="cuts"):
        make_vec("Courier").reset(seed=0, options=options)


def test_actions_that_make_no_sense_are_refused() -> None:
    envs = make_vec("Courier")
    with pytest.raises(gym.error.ResetNeeded):
        envs.step(envs.action_space.sample())
    envs.reset(seed=0)
    for actions in (np.zeros((COUNT, 2), int), np.full((COUNT, 3), 9), np.zeros((COUNT, 3))):
        with pytest.raises(OptionError, match="action"):
            envs.step(actions)
