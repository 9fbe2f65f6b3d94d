"""The numeric view of the memory games: what is shown, what is carried, branch points, and what is refused."""

from __future__ import annotations

import importlib.util
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence

from selftrain.errors import OptionError

GAMES = ("Courier", "KeyRing", "Relay", "Rulebook")


def make(game: str, **arguments: Any) -> Any:
    return gym.make(f"selftrain:SelfTrain-{game}-v0", disable_env_checker=True, **arguments).unwrapped


@pytest.mark.parametrize("notes", ["pointer", "free"])
@pytest.mark.parametrize("game", GAMES)
def test_both_checkers_pass(game: str, notes: str) -> None:
    env = make(game, notes=notes, render_mode="ansi")
    check_env(env)
    if importlib.util.find_spec("stable_baselines3"):
        from stable_baselines3.common.env_checker import check_env as check_env_for_sb3

        check_env_for_sb3(env, warn=False)  # it warns of every table that is no image


@pytest.mark.skipif(importlib.util.find_spec("stable_baselines3") is None, reason="the extra sb3 is not installed")
def test_ppo_trains_by_id() -> None:
    from stable_baselines3 import PPO

    model = PPO("MultiInputPolicy", "selftrain:SelfTrain-Courier-v0", n_steps=32, batch_size=32, seed=0, device="cpu")
    before = [parameter.detach().clone() for parameter in model.policy.parameters()]
    model.learn(64)
    assert any((old != new).any() for old, new in zip(before, model.policy.parameters(), strict=True))


@pytest.mark.parametrize("game", GAMES)
def test_a_segment_s_items_and_notes_are_all_that_is_shown(game: str) -> None:
    env = make(game, cuts=6)
    observation, info = env.reset(seed=5)
    assert info == {"segment": 0, "compactions": 0, "trigger": "", "passed": False}
    rows, slots = len(observation["visible"]), len(observation["notes"])
    for segment in range(1, 7):
        before = observation
        observation, reward, over, truncated, info = env.step([1 % rows, *[rows + slots] * (slots - 1), 0])
        assert (observation["notes"][0] == before["visible"][1 % rows]).all() and not observation["notes"][1:].any()
        assert (reward, over, truncated) == (0.0, False, False)
        assert info == {"segment": segment, "compactions": segment, "trigger": "every", "passed": False}
        assert observation["clock"].tolist() == [segment == 6] * 2
    answer = int(env.game.answer(np.array([5], np.uint64), np.array([6]))[0])
    observation, reward, over, truncated, info = env.step([rows + slots] * slots + [answer])
    assert (reward, over, truncated, info["passed"]) == (1.0, True, False, True)
    assert not any(array.any() for array in observation.values())
    with pytest.raises(gym.error.ResetNeeded, match="is over"):
        env.step(env.action_space.sample())


def test_old_notes_are_carried_on_and_observations_are_the_reader_s_own() -> None:
    env = make("Courier")
    observation, _ = env.reset(seed=1)
    rows = len(observation["visible"])
    place = int(observation["visible"][:, 0].argmax())
    kept = observation["visible"][place].copy()
    observation["visible"][:] = 0  # what a reader does with its copy changes nothing
    observation = env.step([rows + 2, place, 0])[0]
    assert (observation["notes"][1] == kept).all()
    assert (env.step([rows + 1, rows + 2, 0])[0]["notes"][0] == kept).all()


@pytest.mark.parametrize("game", GAMES)
def test_any_step_is_a_branch_point(game: str) -> None:
    env, other = make(game, cuts=4), make(game, cuts=9)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(5)]
    current = [env.reset(seed=3)[0], *(env.step(action)[0] for action in actions[:2])][-1]
    state = env.save_state()
    rest = [env.step(action) for action in actions[2:]]
    for again in (env, other):
        assert data_equivalence(again.restore_state(state)[0], current, exact=True)
        assert data_equivalence([again.step(action) for action in actions[2:]], rest, exact=True)
    assert rest[-1][2]
    with pytest.raises(gym.error.ResetNeeded):
        env.save_state()


def test_episodes_follow_on_each_other_without_a_seed() -> None:
    env, other = make("Courier"), make("Courier")
    seen = [str(env.reset(seed=9)), *(str(env.reset()) for _ in range(20))]
    assert len(set(seen)) > 15
    assert seen == [str(other.reset(seed=9)), *(str(other.reset()) for _ in range(20))]


def test_the_number_of_cuts_can_be_changed_and_stays() -> None:
    env = make("Courier", cuts=2)
    for options, steps in [(None, 3), ({"cuts": 5}, 6), (None, 6), ({"cuts": np.int64(1)}, 2)]:
        env.reset(seed=0, options=options)
        lengths = [env.step(env.action_space.sample())[2] for _ in range(steps)]
        assert lengths == [False] * (steps - 1) + [True]


def test_a_person_can_read_the_segment() -> None:
    env = make("Courier", render_mode="ansi")
    with pytest.raises(gym.error.ResetNeeded):
        env.render()
    env.reset(seed=1)
    assert env.render().splitlines()[:2] == [
        "Courier, segment 0 of 12",
        "  0: A red parcel came in with the number 4 on it.",
    ]
    env.step([0, 6, 0])
    assert "  4: A red parcel came in with the number 4 on it." in env.render().splitlines()
    for _ in range(12):
        env.step([0, 6, 0])
    assert env.render().startswith("Courier, segment 12 of 12: over, ")


@pytest.mark.parametrize("view", ["numeric", "text"])
def test_a_picture_shows_it_too(view: str) -> None:
    env = make("Relay", view=view, render_mode="rgb_array")
    env.reset(seed=1)
    first = env.render()
    env.step("next" if view == "text" else [5, 0])
    assert first.dtype == np.uint8 and first.shape == env.render().shape and (first != env.render()).any()


@pytest.mark.parametrize(
    ("game", "arguments", "why"),
    [
        ("Courier", {"cuts": 0}, "cuts=0 must be a whole number, 1 or more"),
        ("Courier", {"cuts": 2.5}, "cuts=2.5 must be a whole number"),
        ("Courier", {"slots": 0}, "slots=0 must be a whole number, 1 or more"),
        ("Courier", {"colours": 1}, "colours=1 must be a whole number, 2 or more"),
        ("Courier", {"values": 1}, "values=1 must be a whole number, 2 or more"),
        ("Courier", {"values": 200}, "values above 127"),
        ("Courier", {"decoys": -1}, "decoys=-1 must be"),
        ("Courier", {"decoys": 9999}, "at most 4096 can be shown"),
        ("Courier", {"colors": 3}, "colors=3 is no argument of Courier; it takes cuts, colours,"),
        ("Courier", {"view": "picture"}, "view='picture' must be 'numeric' or 'text'"),
        ("Courier", {"view": "text", "slots": 3}, "slots=3 is for view='numeric'"),
        ("Courier", {"notes": "own"}, "notes='own' must be 'pointer' or 'free'"),
        ("Courier", {"ablation": "none"}, "ablation='none' must be 'own' or 'wiped' or 'shuffled'"),
        ("Courier", {"notes": "free", "symbols": 3}, "symbols=3 with slots=2 hold neither"),
        ("Courier", {"render_mode": "human"}, "render_mode='human' must be None, 'ansi' or 'rgb_array'"),
        (
            "Courier",
            {"view": "text", "render_mode": "human"},
            "render_mode='human' must be None, 'ansi' or 'rgb_array'",
        ),
        ("KeyRing", {"updates": 5}, "updates=5 must be at most registers=4"),
        ("KeyRing", {"skew": 40}, "skew=40 with registers=4 is too steep"),
        ("KeyRing", {"notes": "free", "symbols": 3}, "symbols=3 must be 4 or more"),
        ("KeyRing", {"notes": "free", "symbols": 128}, "symbols=128 must be at most 127"),
        ("Relay", {"group": "D4"}, "group='D4' must be 'Z2' to 'Z120'"),
        ("Relay", {"legend": False}, "legend=False leaves pointer notes nothing"),
        ("Relay", {"notes": "free", "symbols": 3}, "symbols=3 with slots=1 cannot tell 5 elements apart"),
        ("Rulebook", {"rule": "magic"}, "rule='magic' must be 'copy' or 'table' or 'sum'"),
        ("Rulebook", {"rule": "copy", "inputs": 1}, "inputs=1 must be a whole number, 2 or more"),
        ("Rulebook", {"cuts": 1}, "cuts=1 must be a whole number, 2 or more"),
        ("Rulebook", {"rule": "copy", "slots": 1}, "slots=1 must be 2 or more"),
        ("Rulebook", {"values": 4, "slots": 3}, "slots=3 must be 5 or more"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(game: str, arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(OptionError) as error:
        make(game, **arguments)
    assert why in str(error.value)


def test_notes_and_rules_are_measured_in_bits() -> None:
    assert make("Rulebook", notes="free", inputs=7, symbols=3).note_bits == 8 * 2
    assert make("Courier", slots=3, colours=3, values=5).note_bits == 3 * 4
    depths = {rule: make("Rulebook", rule=rule, inputs=4, values=4).game.depth for rule in ("copy", "table", "sum")}
    assert depths == {"copy": 4, "table": 8, "sum": 10}


@pytest.mark.parametrize("view", ["numeric", "text"])
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"cuts": 0}, "cuts=0 must be 1"),
        ({"cuts": "3"}, "must be a whole number"),
        ({"seed": 1}, r"no options \['seed'\]"),
    ],
)
def test_options_that_make_no_sense_are_refused(view: str, options: dict[str, Any], why: str) -> None:
    with pytest.raises(OptionError, match=why):
        make("Courier", view=view).reset(seed=0, options=options)


@pytest.mark.parametrize("action", [[0, 0], [0, 0, 0, 0], [0, 0, 4], [7, 0, 0], [-1, 0, 0], [0.0, 0.0, 0.0]])
def test_actions_outside_the_space_are_refused(action: list[float]) -> None:
    env = make("Courier")
    with pytest.raises(gym.error.ResetNeeded):
        env.step([0, 0, 0])
    env.reset(seed=0)
    with pytest.raises(OptionError, match=r"action"):
        env.step(action)
    env.step([6, 0, 3])
