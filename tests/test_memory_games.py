"""The memory games: chance and optimum as their formulas say, and instances that are what they tell."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.envs.memory.bounds import recall_ceiling
from selftrain.envs.memory.draws import draw, mix
from selftrain.envs.memory.game import Notes
from selftrain.envs.memory.groups import make_group
from selftrain.envs.memory.keyring import KeyRing
from selftrain.envs.memory.players import make_player

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
    possible = int(answers.max()) + 1
    counts = np.bincount(shown.astype(int) * possible + answers, minlength=128 * possible).reshape(-1, possible)
    table = counts[counts.sum(axis=1) > 0]
    expected = table.sum(axis=1, keepdims=True) / possible
    freedom = len(table) * (possible - 1)
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
