"""The memory games: chance and optimum as their formulas say, the same instance in every view, and the checkers."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.agents.rollout import run_episode
from selftrain.agents.scripted import OracleAgent
from selftrain.envs.context import ContextBudget
from selftrain.envs.memory.bounds import recall_ceiling
from selftrain.envs.memory.draws import draw, mix
from selftrain.envs.memory.game import Notes
from selftrain.envs.memory.groups import make_group
from selftrain.envs.memory.keyring import KeyRing
from selftrain.envs.memory.players import make_player
from selftrain.envs.memory.stories import make_story
from selftrain.errors import OptionError

GAMES = ("Courier", "KeyRing", "Relay", "Rulebook")
EPISODES = 2048
# (game, arguments): every formula of an optimum, in both kinds of notes
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("Courier", {}),
    ("Courier", {"slots": 1, "colours": 5, "decoys": 4, "delay": 3}),
    ("Courier", {"cuts": 1}),
    ("Courier", {"notes": "free"}),
    ("Courier", {"notes": "free", "slots": 1, "symbols": 7}),
    ("KeyRing", {}),
    ("KeyRing", {"slots": 6}),
    ("KeyRing", {"slots": 1, "registers": 6, "skew": 3, "updates": 6}),
    ("KeyRing", {"notes": "free", "slots": 3, "skew": 0}),
    ("Relay", {}),
    ("Relay", {"group": "S3", "steps": 1}),
    ("Relay", {"checkpoint_every": 1}),
    ("Relay", {"group": "S5", "notes": "free", "legend": False, "slots": 2, "symbols": 10}),
    ("Rulebook", {}),
    ("Rulebook", {"slots": 3}),
    ("Rulebook", {"notes": "free", "values": 3, "slots": 4}),
    ("Rulebook", {"rule": "table", "values": 5}),
    ("Rulebook", {"rule": "table", "values": 5, "notes": "free", "slots": 3}),
    ("Rulebook", {"rule": "copy", "inputs": 6, "values": 3}),
    ("Rulebook", {"rule": "copy", "inputs": 2, "notes": "free", "cuts": 2}),
]
Act = Callable[[dict[str, Any]], Any]


def make(game: str, **arguments: Any) -> Any:
    return gym.make(f"selftrain:SelfTrain-{game}-v0", disable_env_checker=True, **arguments).unwrapped


def success(game: str, policy: Callable[[Any], Act], **arguments: Any) -> float:
    """Share of episodes passed; every episode has an instance of its own, and the policy sees one at a time."""
    arguments = {"cuts": 5, **arguments}
    envs: Any = gym.make_vec(f"selftrain:SelfTrain-{game}-v0", num_envs=EPISODES, **arguments)
    act = policy(envs)
    observations, _ = envs.reset(seed=7)
    for _ in range(arguments["cuts"]):
        singles = ({name: array[i] for name, array in observations.items()} for i in range(EPISODES))
        observations, _, over, _, _ = envs.step(np.array([act(single) for single in singles]))
        assert not over.any()
    singles = ({name: array[i] for name, array in observations.items()} for i in range(EPISODES))
    _, rewards, over, _, _ = envs.step(np.array([act(single) for single in singles]))
    assert over.all()
    return float(rewards.mean())


def reference(envs: Any) -> Act:
    return make_player(envs.game, envs.notes).act


def random_policy(envs: Any) -> Act:
    space = envs.single_action_space
    space.seed(3)
    return lambda observation: space.sample()


def four_sigma(rate: float, count: int = EPISODES) -> float:
    return 4 * float(np.sqrt(rate * (1 - rate) / count))


# chance and optimum


@pytest.mark.parametrize(("game", "arguments"), SETTINGS)
def test_the_reference_player_reaches_the_optimum(game: str, arguments: dict[str, Any]) -> None:
    optimum = make(game, **arguments).optimum
    reached = success(game, reference, **arguments)
    assert abs(reached - optimum) <= four_sigma(optimum)
    assert optimum < 1 or reached == 1


@pytest.mark.parametrize("ablation", ["wiped", "shuffled"])
@pytest.mark.parametrize(("game", "arguments"), SETTINGS[::3] + SETTINGS[-2:])
def test_without_its_notes_the_reference_player_is_at_chance(
    game: str, arguments: dict[str, Any], ablation: str
) -> None:
    chance = make(game, **arguments).chance
    assert success(game, reference, ablation=ablation, **arguments) <= chance + four_sigma(chance)


@pytest.mark.parametrize(("game", "arguments"), SETTINGS[::4])
def test_a_random_player_is_at_chance(game: str, arguments: dict[str, Any]) -> None:
    chance = make(game, **arguments).chance
    assert abs(success(game, random_policy, **arguments) - chance) <= four_sigma(chance)


def test_a_control_that_shows_everything_needs_no_notes() -> None:
    assert success("Courier", reference, ablation="wiped", order_visible=True) == 1


@pytest.mark.parametrize(("game", "arguments"), SETTINGS)
def test_the_last_segment_tells_nothing_of_the_answer(game: str, arguments: dict[str, Any]) -> None:
    """No policy can then be above chance when its notes are wiped: what it sees at the end is independent."""
    physics, count = make(game, **arguments).game, 20_000
    seeds, cuts = np.arange(count, dtype=np.uint64), np.full(count, arguments.get("cuts", 5))
    answers = physics.answer(seeds, cuts)
    visible = physics.visible(seeds, cuts, cuts).reshape(count, -1)
    columns = [column for column in visible.T if len(set(column.tolist())) > 1]
    pairs = [(one.astype(int) * 128 + other) % 7919 % 61 for one, other in itertools.combinations(columns, 2)]
    for shown in [np.zeros(count, int), *columns, *pairs]:
        assert independent(shown, answers)


def independent(shown: np.ndarray[Any, Any], answers: np.ndarray[Any, Any]) -> bool:
    """The chi-square statistic of the answer being uniform whatever is shown, within six sigma."""
    kinds, number = np.unique(shown, return_inverse=True)
    possible = int(answers.max()) + 1
    table = np.zeros((len(kinds), possible))
    np.add.at(table, (number, answers), 1)
    expected = table.sum(axis=1, keepdims=True) / possible
    freedom = len(kinds) * (possible - 1)
    return bool(((table - expected) ** 2 / expected).sum() < freedom + 6 * np.sqrt(2 * freedom) + 20)


def test_coding_can_beat_storing_and_the_ceiling_knows() -> None:
    """One slot for two registers of two values: keep the first if both are equal, else the second, and know both."""
    game, notes = KeyRing(registers=2, values=2, updates=0, skew=0), Notes("pointer", 1, 1)
    seeds = np.arange(200, dtype=np.uint64)
    cuts = np.ones(200, np.int64)
    first = game.visible(seeds, cuts, 0 * cuts)
    last = game.visible(seeds, cuts, cuts)
    kept = np.where(first[:, 0, 3] == first[:, 1, 3], 0, 1)
    register, value = kept + 1, first[np.arange(200), kept, 3]
    asked = last[:, :, 1].max(axis=1)
    replies = np.where((asked == register) | (kept == 0), value, 3 - value) - 1
    assert (replies == game.answer(seeds, cuts)).all()
    assert game.optimum(notes) == 0.75 and game.ceiling(notes) == 1.0


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(2, 5), st.floats(0.1, 20), st.floats(0.1, 5))
def test_the_ceiling_grows_with_bits_from_chance_to_one(
    parts: list[int], values: int, bits: float, more: float
) -> None:
    weights = [part / sum(parts) for part in parts]
    ceiling = recall_ceiling(weights, values, bits)
    assert 1 / values <= ceiling <= recall_ceiling(weights, values, bits + more) + 1e-9 <= 1 + 1e-9
    assert recall_ceiling(weights, values, len(parts) * np.log2(values)) == 1
    assert recall_ceiling(weights, values, 1e-9) == pytest.approx(1 / values, abs=1e-3)


@pytest.mark.parametrize(("count", "values", "states"), [(2, 2, 2), (3, 2, 2), (2, 3, 3), (2, 3, 4), (3, 2, 3)])
def test_no_code_exceeds_the_ceiling(count: int, values: int, states: int) -> None:
    secrets = np.array(list(itertools.product(range(values), repeat=count)))
    recalled = (secrets[:, None] == secrets[None]).mean(axis=2)
    best = max(
        float(recalled[:, list(book)].max(axis=1).mean())
        for book in itertools.combinations(range(len(secrets)), states)
    )
    assert best <= recall_ceiling([1 / count] * count, values, float(np.log2(states))) + 1e-9


# instances


def test_the_mixing_function_is_splitmix64() -> None:
    golden = 0x9E3779B97F4A7C15
    states = np.array([(1234567 + i * golden) % 2**64 for i in range(3)], np.uint64)
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.integers(0, 2**64 - 1), st.integers(0, 255), st.integers(1, 2**31), st.integers(0, 2**20), st.integers(0, 99))
def test_numbers_are_what_plain_python_computes(seed: int, purpose: int, below: int, segment: int, place: int) -> None:
    def plain(z: int) -> int:
        z = (z + 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    word = plain((plain(seed) + (purpose << 52 | segment << 12 | place) * 0x9E3779B97F4A7C15) % 2**64)
    drawn = draw(np.array([seed], np.uint64), purpose, below, np.array([segment]), place)
    assert drawn.tolist() == [(word >> 32) * below >> 32]


@pytest.mark.parametrize(
    ("game", "digest"),
    list(zip(GAMES, ("668ebfb0", "54c829a3", "a5049d97", "6e4d8f15"), strict=True)),
)
def test_instances_stay_what_they_are(game: str, digest: str) -> None:
    """Another instance for the same seed is another environment, and needs another version in its id."""
    physics = make(game).game
    seeds, segments = (grid.ravel() for grid in np.meshgrid(np.arange(50), np.arange(13)))
    cuts = np.full(len(seeds), 12)
    shown = physics.visible(seeds.astype(np.uint64), cuts, segments)
    answers = physics.answer(seeds.astype(np.uint64), cuts).astype(np.int8)
    assert hashlib.sha256(shown.tobytes() + answers.tobytes()).hexdigest().startswith(digest)


@pytest.mark.parametrize("name", ["Z2", "Z7", "S3", "S4"])
def test_groups_are_groups(name: str) -> None:
    group = make_group(name)
    table, everything = group.table, np.arange(len(group))
    assert (table[0] == everything).all() and (table[:, 0] == everything).all()
    assert (table[everything, group.inverse] == 0).all()
    assert (table[table[:, :, None], everything] == table[everything[:, None, None], table]).all()
    assert (table == table.T).all() == (name[0] == "Z")


@pytest.mark.parametrize("every", [0, 1, 3])
def test_steps_multiply_to_checkpoints_and_to_the_answer(every: int) -> None:
    physics = make("Relay", group="S3", checkpoint_every=every).game
    seeds, cuts = np.arange(300, dtype=np.uint64), np.full(300, 7)
    product, seen = np.zeros(300, np.int64), 0
    for segment in range(7):
        rows = physics.visible(seeds, cuts, np.full(300, segment)).astype(np.int64)
        if rows[0, 2, 0] == 2:
            seen += 1
            assert (rows[:, 2, 2] - 1 == product).all()
        for step in range(2):
            product = physics.elements.table[product, rows[:, step, 2] - 1]
    assert (product == physics.answer(seeds, cuts)).all()
    assert seen == {0: 0, 1: 6, 3: 2}[every]
    steps = np.bincount(rows[:, :2, 2].ravel() - 1, minlength=6)
    assert (np.abs(steps - 100) < 4 * np.sqrt(100)).all()


def test_registers_hold_what_was_written_last() -> None:
    physics = make("KeyRing", registers=5, updates=1).game
    seeds, cuts = np.arange(300, dtype=np.uint64), np.full(300, 9)
    held = np.zeros((300, 5), np.int64)
    for segment in range(9):
        rows = physics.visible(seeds, cuts, np.full(300, segment))
        assert ((rows[:, :, 0] == 1).sum(axis=1) == (5 if segment == 0 else 1)).all()
        held = np.where(rows[:, :, 0] == 1, rows[:, :, 3], held)
    last = physics.visible(seeds, cuts, cuts)
    asked = last[:, :, 0].argmax(axis=1)
    assert (last.astype(bool).sum(axis=(1, 2)) == 3).all() and not last[:, :, 3].any()
    assert (held[np.arange(300), asked] - 1 == physics.answer(seeds, cuts)).all()


def test_the_asked_register_follows_the_announced_weights() -> None:
    physics = KeyRing(registers=4, skew=2)
    seeds = np.arange(20_000, dtype=np.uint64)
    ranks = physics.ranks(seeds)[np.arange(20_000), physics.asked(seeds)]
    shares = np.bincount(ranks, minlength=4) / 20_000
    for share, weight in zip(shares, (16, 9, 4, 1), strict=True):
        assert abs(share - weight / 30) < four_sigma(weight / 30, 20_000)


# the numeric view


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
        ({"task": "x"}, r"no options \['task'\]"),
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


# the view in words


@pytest.mark.parametrize("game", GAMES)
def test_the_view_in_words_passes_the_checker(game: str) -> None:
    check_env(make(game, view="text", render_mode="ansi"))


@settings(max_examples=20)
@given(st.integers(0, 2**63 - 1), st.integers(0, 12), st.sampled_from(SETTINGS))
def test_notices_say_what_the_numeric_view_shows(seed: int, segment: int, setting: tuple[str, dict[str, Any]]) -> None:
    game, arguments = setting
    arguments = {name: value for name, value in arguments.items() if name not in ("notes", "slots", "symbols", "cuts")}
    env = make(game, view="text", **arguments)
    env.reset(seed=seed)
    notices = [env.step("go on")[0] for _ in range(segment + 1)]
    rows = env.game.visible(np.array([seed], np.uint64), np.array([12]), np.array([segment]))[0]
    shown = [tuple(row) for row in rows.tolist() if row[0] and not (game == "Relay" and row[0] == 3)]
    assert make_story(env.game).items(notices[-1]) == shown


@pytest.mark.parametrize(
    ("game", "arguments"), [("Courier", {"colours": 20}), ("KeyRing", {"registers": 30}), ("Relay", {"group": "S4"})]
)
def test_every_variant_of_a_sentence_reads_back(game: str, arguments: dict[str, Any]) -> None:
    env = make(game, **arguments)
    story = make_story(env.game)
    rows = env.game.visible(np.arange(40, dtype=np.uint64), np.full(40, 3), np.arange(40) % 4)
    for item in {tuple(row) for row in rows.reshape(-1, rows.shape[-1]).tolist() if row[0]}:
        assert [story.items(story.sentence(item, variant)) for variant in range(3)] == [[item]] * 3


@pytest.mark.parametrize(("game", "arguments"), [(game, {}) for game in GAMES] + [("Relay", {"group": "S3"})])
def test_the_task_s_own_solution_passes_and_tells_the_rules_only(game: str, arguments: dict[str, Any]) -> None:
    env = make(game, view="text", cuts=3, **arguments)
    openings = set()
    for seed in range(5):
        opening, info = env.reset(seed=seed)
        openings.add(opening)
        steps = [env.step(action) for action in env.task.oracle]
        assert [step[1:4] for step in steps] == [(0.0, False, False)] * 4 + [(1.0, True, False)]
        assert steps[-1][4] | {"verdict": "pass", "passed": True, "truncation": "", "level": 3} == steps[-1][4]
        assert info["task"] == f"{game.lower()}/3/{seed}" and env.verdict.passed and env.evidence is not None
    assert len(openings) == 1 and env.chance == make(game, **arguments).chance
    with pytest.raises(gym.error.ResetNeeded):
        env.step("next")


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("answer: {}", True),
        ("Let me see.\n**Answer: {}.**\n", True),
        ("answer: 0\nanswer: {}", True),
        ("answer: {}\nanswer: 0", False),
        ("{}", False),
        ("", False),
        ("answer:", False),
        ("answer: none of them", False),
        ("\n" * 100_000 + "answer: {}", True),
    ],
)
def test_the_last_line_that_answers_counts(reply: str, right: bool) -> None:
    env = make("Courier", view="text", cuts=1)
    for early in ("answer: {}", "go on"):
        env.reset(seed=1)
        answer = env.task.oracle[-1].removeprefix("answer: ")
        for _ in range(2):
            assert env.step(early.format(answer))[1:3] == (0.0, False)
        assert env.step(reply.format(answer))[1:3] == (float(right), True)
    with pytest.raises(TypeError):
        env.step(3)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("wiped", [False, True])
def test_the_worker_needs_its_memory_and_nothing_else(game: str, wiped: bool) -> None:
    """Its memory goes through JSON at every notice, as through notes; without it, it guesses."""
    env, passed, episodes = make(game, view="text", cuts=2), 0.0, 200
    for seed in range(episodes):
        env.reset(seed=seed)
        memory: dict[str, Any] = {}
        over = False
        while not over:
            command = env.worker.command(memory)
            notice, reward, over, _, _ = env.step(command)
            memory = json.loads(json.dumps(env.worker.learn({} if wiped else memory, command, notice)))
            passed += reward
    chance = env.chance
    assert passed / episodes <= chance + four_sigma(chance, episodes) if wiped else passed == episodes


@pytest.mark.parametrize("game", GAMES)
def test_under_a_context_budget_the_oracle_passes_with_its_notes_only(game: str) -> None:
    """The whole way: a cut after every notice, notes by the oracle, and none of them in the other arm."""
    shares = {}
    for ablation, episodes in {"own": 5, "wiped": 40}.items():
        inner = gym.make(f"selftrain:SelfTrain-{game}-v0", view="text", cuts=2)
        limits = {"budget": 2400, "reserve": 300, "notes_budget": 300, "trigger": "every:1"}
        with ContextBudget(inner, ablation=ablation, **limits) as env:
            records = [run_episode(env, OracleAgent(), seed) for seed in range(episodes)]
        shares[ablation] = np.mean([record.reward for record in records])
        assert {record.costs.compactions for record in records} == {3}
    chance = inner.unwrapped.chance
    assert shares["own"] == 1 and shares["wiped"] <= chance + four_sigma(chance, 40)
    assert (records[0].family, records[0].level, records[0].task) == (game.lower(), 2, f"{game.lower()}/2/0")


def test_a_branch_point_in_words() -> None:
    env, other = make("KeyRing", view="text", cuts=2), make("KeyRing", view="text")
    env.reset(seed=4)
    notice, *_, info = env.step("next")
    state = env.save_state()
    rest = [env.step(action) for action in env.task.oracle[1:]]
    assert other.restore_state(state) == (notice, info)
    assert [other.step(action) for action in env.task.oracle[1:]] == rest and rest[-1][1] == 1.0


def test_a_person_can_read_the_notices() -> None:
    env = make("Courier", view="text", cuts=1, render_mode="ansi")
    opening, _ = env.reset(seed=1)
    assert env.render() == opening
    notice = env.step("next")[0]
    assert env.render() == f"> next\n{notice}"
    env.step("next")
    env.step("answer: 1")
    assert env.render() in ("> answer: 1\nright", "> answer: 1\nwrong")
