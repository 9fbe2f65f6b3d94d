"""A day in a lab in numbers and in pixels: the same day as in words, one at a time and many at once; and its bounds."""

from __future__ import annotations

import importlib.util
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from selftrain.envs.lab.bounds import expected_accuracy, lab_bounds, mean_bounds, zero_shot
from selftrain.envs.lab.conventions import Belief
from selftrain.envs.lab.labs import find_lab
from selftrain.envs.lab.measured import MEASURES, REMARKS, measure, recognise, remark
from selftrain.errors import OptionError

WORDS = "selftrain:SelfTrain-Lab-v0"
FEATURES = "selftrain:SelfTrain-LabFeatures-v0"
PIXELS = "selftrain:SelfTrain-LabPixels-v0"
SAID = ("label no", "label yes", "ask about this one")
WIDTH = len(MEASURES)
# terms of different kinds: short, with a limit at the last answer, with remarks that must be asked for, with a protocol
TERMS: list[dict[str, Any]] = [
    {"length": 1, "feedback": "none", "questions": None},
    {"length": 4, "feedback": "verbal", "questions": None, "max_steps": 4},
    {"length": 7, "feedback": "label", "questions": None, "levels": (2, 3)},
    {"length": 6, "feedback": "verbal", "questions": 2, "levels": (5,), "protocol": True, "split": "test"},
]
needs_sb3 = pytest.mark.skipif(
    importlib.util.find_spec("stable_baselines3") is None, reason="the extra sb3 is not installed"
)


def same_step(env_id: str, count: int, **terms: Any) -> SyncVectorEnv:
    def make() -> gym.Env[Any, Any]:
        return gym.make(env_id, disable_env_checker=True, **terms)

    return SyncVectorEnv([make] * count, autoreset_mode=AutoresetMode.SAME_STEP)


# one at a time


@pytest.mark.parametrize("env_id", [FEATURES, PIXELS])
def test_gymnasium_s_checker_passes_where_questions_are_asked(env_id: str) -> None:
    with gym.make(env_id, **TERMS[-1]) as env:
        check_env(env.unwrapped)


@needs_sb3
@pytest.mark.parametrize("env_id", [FEATURES, PIXELS])
def test_stable_baselines_s_checker_passes(env_id: str) -> None:
    from stable_baselines3.common.env_checker import check_env as check_env_for_sb3

    with gym.make(env_id, length=3) as env:
        check_env_for_sb3(env.unwrapped, warn=True)


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("env_id", [FEATURES, PIXELS])
def test_it_is_the_day_that_is_played_in_words(env_id: str, terms: dict[str, Any]) -> None:
    view = {"view": "pixels"} if env_id == PIXELS else {}
    with gym.make(env_id, **terms) as ours, gym.make(WORDS, **terms, **view) as theirs:
        rng, rewards = np.random.default_rng(0), set()
        for seed in range(6):
            (seen, info), (expected, words_info) = ours.reset(seed=seed), theirs.reset(seed=seed)
            assert info == words_info
            oracle, over = ours.get_wrapper_attr("task").oracle, False
            assert list(oracle) == list(theirs.get_wrapper_attr("task").oracle)
            while not over:
                action = int(rng.integers(ours.action_space.n))  # type: ignore[attr-defined]
                if seed % 2 and action < 2:  # half of the days are played right
                    action = SAID.index(oracle[info["cell"]])
                seen, reward, over, cut, info = ours.step(action)
                expected, *others, words_info = theirs.step(SAID[action])
                assert ([reward, over, cut], info) == (others, words_info)
                if env_id == PIXELS:
                    assert (seen == expected["image"]).all()
            rewards.add((seed % 2, reward))
    assert (1, 1.0) in rewards and (0, 0.0) in rewards and (1, 0.0) not in rewards


def test_numbers_are_the_measures_the_answer_and_what_was_said() -> None:
    with gym.make(FEATURES, length=5, feedback="verbal", protocol=True, levels=(5,)) as env:
        first, info = env.reset(seed=3)
        day = env.get_wrapper_attr("task").verifier.source.work.day
        measured = measure(day.cells)
        assert (first[:WIDTH] == measured[0]).all() and (first[-WIDTH:] == 0).all() and first[WIDTH] == 0
        told = first[WIDTH + 1 : -WIDTH]
        assert 1 <= np.count_nonzero(told) < 7 and told[0] == 0  # about half of what labs differ on, and no label
        second, _, _, _, info = env.step(1)
        assert (second[:WIDTH] == measured[1]).all() and (second[-WIDTH:] == measured[0]).all() and second[WIDTH] == 1
        assert (second[WIDTH + 1 : -WIDTH] == remark(info["feedback"])).all()
        assert second[WIDTH + 1] == (1 if day.labels[0] else -1)
        for _ in range(3):
            last = env.step(0)
            assert last[0][WIDTH] == -1
        assert not last[0][WIDTH + 1 : -WIDTH].any() or last[-1]["feedback"]
        over = env.step(0)
        assert over[2] and not over[0][: WIDTH + 1][:WIDTH].any() and not over[0][WIDTH + 1 : -WIDTH].any()


def test_the_picture_holds_nothing_but_the_picture() -> None:
    shown = []
    for feedback in ("none", "label", "verbal"):
        with gym.make(PIXELS, length=3, feedback=feedback) as env:
            shown.append([env.reset(seed=1)[0], env.step(0)[0], env.step(1)[0]])
    assert (np.array(shown) == shown[0]).all()


def test_a_saved_state_shows_what_was_shown_there() -> None:
    with gym.make(FEATURES, length=6) as env:
        env.reset(seed=2)
        env.step(1)
        seen = env.step(0)[0]
        state = env.get_wrapper_attr("save_state")()
        rest = [env.step(1)[:4] for _ in range(4)]
        assert (env.get_wrapper_attr("restore_state")(state)[0] == seen).all()
        assert data_equivalence([env.step(1)[:4] for _ in range(4)], rest, exact=True)


# many at once


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("env_id", [FEATURES, PIXELS])
def test_arrays_show_and_pay_what_single_environments_do(env_id: str, terms: dict[str, Any]) -> None:
    ours, theirs = gym.make_vec(env_id, num_envs=3, **terms), same_step(env_id, 3, **terms)
    assert ours.observation_space == theirs.observation_space and ours.action_space == theirs.action_space
    ours.action_space.seed(1)
    assert data_equivalence(ours.reset(seed=11)[0], theirs.reset(seed=11)[0], exact=True)
    ended = 0
    for _ in range(20):
        actions = ours.action_space.sample()
        step, expected = ours.step(actions), theirs.step(actions)
        assert data_equivalence(step[:4], expected[:4], exact=True)
        assert {name: expected[4][name].tolist() for name in ("feedback", "cell", "asked")} == {
            name: step[4][name].tolist() for name in ("feedback", "cell", "asked")
        }
        for place in np.flatnonzero(step[2]):
            ended += 1
            assert (step[4]["final_obs"][place] == expected[4]["final_obs"][place]).all()
            final, whole = step[4]["final_info"], expected[4]["final_info"]
            assert {n: final[n][place] for n in final if n[0] != "_"}.items() <= {
                n: whole[n][place] for n in whole
            }.items()
    assert ended > 3
    for seed in ([5, None, 6], None, (4, 4, None)):  # who gets none goes on drawing
        seen, expected_seen = ours.reset(seed=seed)[0], theirs.reset(seed=seed)[0]
        assert data_equivalence(seen, expected_seen, exact=True)
        ours.step(np.zeros(3, np.int64)), theirs.step(np.zeros(3, np.int64))
        assert (seen == expected_seen).all()  # what was shown is not written over


def test_asking_for_ever_ends_at_the_limit_alike() -> None:
    terms = {"length": 4, "questions": 1, "feedback": "verbal", "max_steps": 5}
    ours, theirs = gym.make_vec(FEATURES, num_envs=2, **terms), same_step(FEATURES, 2, **terms)
    ours.reset(seed=0), theirs.reset(seed=0)
    cut = []
    for _ in range(12):
        step, expected = ours.step(np.array([2, 0])), theirs.step(np.array([2, 0]))
        assert data_equivalence(step[:4], expected[:4], exact=True)
        cut.append(step[3].tolist())
        if step[3][0]:
            assert step[4]["final_info"]["truncation"][0] == expected[4]["final_info"]["truncation"][0] == "steps"
    assert cut.count([True, False]) == 2 and not any(second for _, second in cut)


def test_sync_and_async_agree() -> None:
    def make() -> gym.Env[Any, Any]:
        return gym.make(FEATURES, length=3)

    sync, other = SyncVectorEnv([make] * 2), AsyncVectorEnv([make] * 2)
    try:
        assert data_equivalence(sync.reset(seed=4)[0], other.reset(seed=4)[0], exact=True)
        for action in (0, 1, 1, 0, 0, 1, 1, 1):
            step, expected = sync.step(np.array([action, 1])), other.step(np.array([action, 1]))
            assert data_equivalence(step[:4], expected[:4], exact=True)
    finally:
        other.close()


@needs_sb3
def test_stable_baselines_gets_the_same_from_arrays_and_from_its_own_vectors() -> None:
    from stable_baselines3.common.vec_env import DummyVecEnv

    from selftrain.integrations.stable_baselines3 import ArrayVecEnv

    def make() -> gym.Env[Any, Any]:
        return gym.make(FEATURES, length=4)

    ours, theirs = ArrayVecEnv(gym.make_vec(FEATURES, num_envs=3, length=4)), DummyVecEnv([make] * 3)
    ours.seed(9), theirs.seed(9)
    assert (ours.reset() == theirs.reset()).all()
    for number in range(9):
        actions = np.array([0, 1, number % 2])
        (seen, rewards, ended, infos), expected = ours.step(actions), theirs.step(actions)
        assert (seen == expected[0]).all() and (rewards == expected[1]).all() and (ended == expected[2]).all()
        for info, other in zip(infos, expected[3], strict=True):
            assert ("terminal_observation" in info) == ("terminal_observation" in other)
            assert info.get("accuracy") == other.get("accuracy")
            if info:
                assert (info["terminal_observation"] == other["terminal_observation"]).all()
                assert info["TimeLimit.truncated"] == other["TimeLimit.truncated"]
    with pytest.raises(OptionError, match="same step"):
        ArrayVecEnv(SyncVectorEnv([make]))


# what is refused


@pytest.mark.parametrize("action", [2, -1, "label yes", 0.5, None])
def test_actions_that_are_none_are_refused_and_the_day_goes_on(action: Any) -> None:
    env = gym.make(FEATURES, length=2).unwrapped
    env.reset(seed=0)
    with pytest.raises(OptionError, match="must be 0"):
        env.step(action)
    assert env.step(np.int64(1))[4]["cell"] == 1


def test_what_makes_no_sense_is_refused() -> None:
    for arguments in ({"view": "both"}, {"images": "somewhere"}):
        with pytest.raises(OptionError, match="is no argument here"):
            gym.make(FEATURES, **arguments)
    for mode in (AutoresetMode.NEXT_STEP, "Disabled"):
        with pytest.raises(OptionError, match="vectorization_mode='sync'"):
            gym.make_vec(PIXELS, num_envs=2, autoreset_mode=mode)
    assert gym.make_vec(PIXELS, num_envs=2, autoreset_mode=AutoresetMode.SAME_STEP).num_envs == 2
    with pytest.raises(OptionError, match="num_envs=0"):
        gym.make_vec(FEATURES, num_envs=0)
    envs = gym.make_vec(FEATURES, num_envs=2)
    with pytest.raises(gym.error.ResetNeeded):
        envs.step(np.array([0, 0]))
    with pytest.raises(OptionError, match="options"):
        envs.reset(options={"task": "lab-day/train/1/0"})
    for seed in ([1], []):
        with pytest.raises(OptionError, match=f"{len(seed)} numbers for 2"):
            envs.reset(seed=seed)
    envs.reset(seed=0)
    for actions in ([0], [0, 2], [0.0, 1.0], ["0", "1"]):
        with pytest.raises(OptionError, match="whole numbers from 0 to 1"):
            envs.step(actions)


# numbers


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_the_measures_decide_every_label(level: int) -> None:
    for number in range(8):
        lab = find_lab("dev", number, level)
        cells = lab.cells(0, 500)
        measured = measure(cells)
        assert measured.shape == (500, WIDTH) and np.abs(measured).max() <= 1
        read = recognise(measured)
        assert ((read.kind == 0) == (cells.kind == 0)).all() and (read.traits == cells.traits).all()
        assert (lab.convention.labels(read) == lab.convention.labels(cells)).all()


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ("", {}),
        ("r:yes hp:plain", {"label": 1}),
        ("r:no hn:giant fp:laden", {"label": -1, "giant": -1, "laden": 1}),
        ("r:no hn:least fn:least:15.5", {"label": -1, "too small": 1, "least": 1}),
        ("hn:decoy fp:least", {"least": -1}),
        ("fn:least:12.5", {"least": 12.5 / 15.5}),
    ],
)
def test_remarks_as_numbers(codes: str, said: dict[str, float]) -> None:
    found = dict(zip(REMARKS, remark(codes).tolist(), strict=True))
    assert {name: value for name, value in found.items() if value} == pytest.approx(said)


# bounds


def test_bounds_are_those_of_the_exact_observer() -> None:
    lab, shots = find_lab("test", 3, 4), (0, 3, 8)
    bounds = lab_bounds(lab, shots, count=200)
    cells = lab.cells(0, 200, purpose="bounds")
    labels = lab.convention.labels(cells)
    found: dict[int, list[float]] = {number: [] for number in shots}
    for day in range(32):
        belief, told = Belief(lab.scope), lab.cells(day, 8, purpose="bounds shots")
        for number, cell in enumerate([*told.each(), None]):
            if number in found:
                found[number].append(expected_accuracy(belief.likely(cells), labels))
            if cell is not None:
                belief.keep(belief.table(cell)[:, 0] == lab.convention.labels(cell)[0])
    assert bounds.shots == pytest.approx({number: np.mean(values) for number, values in found.items()})
    assert bounds.shots[0] == bounds.zero_shot == zero_shot(lab, cells)
    assert bounds.majority == max(labels.mean(), 1 - labels.mean()) and bounds.ceiling == 1.0


def test_nobody_beats_the_zero_shot_line_over_all_conventions() -> None:
    """The mean over conventions is what the best guess gets, and that is the mean of the likelier answer's chance."""
    lab = find_lab("test", 0, 3)
    cells = lab.cells(0, 400)
    likely = Belief(lab.scope).likely(cells)
    mean = np.mean([expected_accuracy(likely, one.labels(cells)) for one in lab.scope.conventions()])
    assert mean == pytest.approx(np.maximum(likely, 1 - likely).mean())


@pytest.mark.parametrize("level", [1, 5])
def test_bounds_rise_with_what_is_known(level: int) -> None:
    labs = [find_lab("test", number, level) for number in range(8)]
    bounds = mean_bounds(labs, shots=(1, 5, 20), count=300)
    ladder = [bounds.chance, bounds.majority, bounds.zero_shot, *bounds.shots.values(), bounds.ceiling]
    assert ladder == sorted(ladder) and bounds.zero_shot < 0.85 < bounds.shots[20]
    assert bounds.normalised(bounds.zero_shot) == 0.0 and bounds.normalised(bounds.ceiling) == 1.0
    assert bounds.normalised(bounds.chance) < 0


def test_bounds_of_nothing_are_refused() -> None:
    with pytest.raises(OptionError, match="at least one lab"):
        mean_bounds([])
    for arguments in ({"count": 0}, {"shots": (-1,)}):
        with pytest.raises(OptionError, match="must be 0 or more"):
            lab_bounds(find_lab("test", 0, 1), **arguments)  # type: ignore[arg-type]
