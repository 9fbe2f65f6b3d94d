"""The reference trainer: it learns, credit belongs to rollouts, and what was sampled is what is trained."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain import credit as token_credit
from selftrain.agents.rollout import rollout, run_episode
from selftrain.errors import OptionError, RecordError
from selftrain.journal import Journal
from selftrain.records import load_samples
from selftrain.rows import token_segments

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from selftrain.agents.curriculum import Direct, Ladder, Point, Uniform, practise  # noqa: E402
from selftrain.agents.policy import PointerPolicy, PolicyAgent, Shape  # noqa: E402
from selftrain.agents.training import (  # noqa: E402
    SPLIT,
    Rows,
    Settings,
    Trainer,
    advantages,
    loss,
    play,
    success,
)

COURIER = "selftrain:SelfTrain-Courier-v0"
KEYRING = "selftrain:SelfTrain-KeyRing-v0"
EASY = {"colours": 2, "decoys": 1, "values": 4}


def fresh_policy(seed: int = 0, env_id: str = COURIER, **kwargs: Any) -> PointerPolicy:
    envs = gym.make_vec(env_id, num_envs=1, **kwargs)
    torch.manual_seed(seed)
    return PointerPolicy(Shape.of(envs.single_observation_space, envs.single_action_space))


SHARING = fresh_policy(0, KEYRING)


def played(policy: PointerPolicy, groups: int = 6, members: int = 8, **kwargs: Any) -> Rows:
    """Sampled rollouts, in groups of 1 to 5 cuts, and rewards that differ within each group."""
    envs = gym.make_vec(COURIER, num_envs=groups * members, **kwargs)
    cuts = np.repeat(1 + np.arange(groups) % 5, members)
    return play(policy, envs, np.repeat(np.arange(groups), members), cuts, np.random.default_rng(0))


def gradient(policy: PointerPolicy, rows: Rows, credit: Any) -> Any:
    policy.zero_grad()
    loss(policy, rows, credit, entropy=0.1).backward()
    return torch.cat([weights.grad.flatten() for weights in policy.parameters()])


def test_practice_on_one_cut_gets_far_above_chance_and_needs_its_notes() -> None:
    course: list[Point] = []
    practice = practise(COURIER, Direct(1), 80_000, seed=1, env_kwargs=EASY, watch=course.append)
    envs = gym.make_vec(COURIER, num_envs=1000, **EASY)
    wiped = gym.make_vec(COURIER, num_envs=1000, ablation="wiped", **EASY)
    assert course[0].passed < 0.4 and tuple(course) == practice.course
    assert success(practice.policy, envs, 1) > 0.6
    assert abs(success(practice.policy, wiped, 1) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 1000)
    assert success(fresh_policy(1, **EASY), envs, 1) < 0.4
    assert 80_000 - 2 * Settings().rollouts < practice.spent == course[-1].spent <= 80_000


def test_two_notes_are_told_apart_where_one_would_do_for_a_while() -> None:
    game: Any = gym.make_vec(KEYRING, num_envs=1000)
    practice = practise(KEYRING, Direct(1), 100_000, seed=1)
    one_note = 0.4 + 0.6 / 4  # the likeliest register is known, else it is a guess
    assert success(practice.policy, game, 1) > one_note + 4 * np.sqrt(one_note * (1 - one_note) / 1000)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_an_item_is_seen_beside_what_it_shares_with_the_notes(seed: int, cuts: int) -> None:
    policy, envs = SHARING, gym.make_vec(KEYRING, num_envs=1)
    observation, _ = envs.reset(seed=[seed], options={"cuts": np.array([3])})
    for _ in range(cuts):
        kept = np.random.default_rng(seed).integers(0, policy.shape.choices, (1, 3)) % [7, 7, 4]
        observation, *_ = envs.step(kept)
    visible, notes = (observation[name][0].tolist() for name in ("visible", "notes"))
    expected = []
    for item in visible:
        expected.append([item[f] == note[f] > 0 for note in notes for f in range(4)])
    for slot, note in enumerate(notes):
        renewed = [any(item[f] == note[f] > 0 for item in visible) for f in range(4)]
        expected.append([own == slot and renewed[f] for own in range(2) for f in range(4)])
    fields = 1 + sum(policy.shape.columns)
    shown = policy.encode(observation)[0, :, fields : fields + policy.shape.shared]
    assert shown.tolist() == np.array(expected, float).tolist()


def split(rows: Rows, random: np.random.Generator, share: float) -> Rows:
    """The same decisions, in rows that are cut anywhere: none with share 0, each decision with share 1."""
    rollout_of = rows.rollout[rows.row]
    order = np.lexsort((rows.step, rollout_of))
    begins = (rows.step[order] == 0) | (random.random(len(order)) < share)
    number = np.empty(len(order), np.int64)
    number[order] = begins.cumsum() - 1
    return replace(rows, row=number, rollout=rollout_of[order][begins])


def shuffled(rows: Rows, random: np.random.Generator) -> Rows:
    order = random.permutation(len(rows.step))
    at = torch.as_tensor(order)
    own = {name: getattr(rows, name)[order] for name in ("rewards", "step", "row")}
    return replace(rows, codes=rows.codes[at], actions=rows.actions[at], logprobs=rows.logprobs[at], **own)


def row_level(rows: Rows) -> Any:
    """The fault: every row counts as a member of the group."""
    returns, groups = rows.returns[rows.rollout], rows.group[rows.rollout]
    means = np.bincount(groups, returns) / np.bincount(groups)
    return (returns - means[groups])[rows.row]


@pytest.mark.parametrize("credit", [advantages, lambda rows: advantages(rows, "grpo", to_go=True)])
def test_the_gradient_does_not_depend_on_where_the_context_was_cut(credit: Callable[[Rows], Any]) -> None:
    policy, random = fresh_policy(values=2), np.random.default_rng(1)
    rows = played(policy, values=2)
    whole = gradient(policy, split(rows, random, 0.0), credit(split(rows, random, 0.0)))
    assert whole.abs().max() > 1e-3
    for share in (0.3, 0.7, 1.0):
        parts = shuffled(split(rows, random, share), random)
        assert (gradient(policy, parts, credit(parts)) - whole).abs().max() < 1e-6


def test_a_baseline_over_rows_is_caught() -> None:
    policy, random = fresh_policy(values=2), np.random.default_rng(1)
    whole = split(played(policy, values=2), random, 0.0)
    parts = split(whole, random, 0.5)
    assert np.allclose(row_level(whole), advantages(whole))
    difference = gradient(policy, parts, row_level(parts)) - gradient(policy, whole, row_level(whole))
    assert difference.abs().max() > 1e-4


rewards_of_groups = st.lists(
    st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=4), min_size=1, max_size=4),
    min_size=1,
    max_size=3,
)


def table(groups: list[list[list[float]]]) -> Rows:
    """Rollouts with these rewards, a row for each decision."""
    rollouts = [(group, rewards) for group, members in enumerate(groups) for rewards in members]
    step = np.concatenate([np.arange(len(rewards)) for _, rewards in rollouts])
    rollout_of = np.repeat(np.arange(len(rollouts)), [len(rewards) for _, rewards in rollouts])
    nothing = torch.zeros(len(step))
    paid = np.concatenate([rewards for _, rewards in rollouts])
    group_of = np.array([group for group, _ in rollouts])
    return Rows(nothing, nothing, nothing, paid, step, np.arange(len(step)), rollout_of, group_of)


@given(rewards_of_groups)
def test_credit_is_what_the_words_say(groups: list[list[list[float]]]) -> None:
    rows, expected, ahead = table(groups), [], []
    for members in groups:
        for rewards in members:
            for step in range(len(rewards)):
                expected.append(sum(rewards) - np.mean([sum(peer) for peer in members]))
                ahead.append(sum(rewards[step:]) - np.mean([sum(peer[step:]) for peer in members]))
    assert np.allclose(advantages(rows), expected)
    assert np.allclose(advantages(rows, to_go=True), ahead)
    batch = rows.returns - rows.returns.mean()
    assert np.allclose(advantages(rows, "batch"), batch[rows.rollout])
    scaled = advantages(rows, "grpo")
    for group in range(len(groups)):
        mine = np.array([scaled[rows.rollout == one][0] for one in np.flatnonzero(rows.group == group)])
        assert np.allclose(mine.mean(), 0) and (np.allclose(mine, 0) or np.isclose(mine.std(), 1, atol=1e-4))


def test_teacher_forced_log_probabilities_are_the_recorded_ones() -> None:
    policy = fresh_policy()
    rows = played(policy)
    forced = policy.log_probs(rows.codes, rows.actions)[0].sum(1)
    assert (forced - rows.logprobs).abs().max() < 1e-5
    with torch.no_grad():
        policy.others.weight += 0.1
    assert (policy.log_probs(rows.codes, rows.actions)[0].sum(1) - rows.logprobs).abs().max() > 1e-3


def test_sampling_is_by_the_probabilities_that_are_recorded() -> None:
    policy, many = fresh_policy(), 20_000
    for last, part in ((False, 0), (False, 1), (True, 2)):  # slots before the last segment, the answer in it
        env = gym.make(COURIER, cuts=1)
        observation, _ = env.reset(seed=2)
        if last:
            observation, *_ = env.step(np.zeros(3, np.int64))
        codes = policy.encode({name: array[None] for name, array in observation.items()}).expand(many, -1, -1)
        actions, logprobs = policy.choose(codes, policy.noise_for(many, np.random.default_rng(0)))
        for choice in actions[:, part].unique():
            mine = actions[:, part] == choice
            chance = logprobs.detach()[mine, part].exp()
            assert torch.allclose(chance, chance[:1]) and abs(float(mine.float().mean()) - float(chance[0])) < 0.02
        without = [other for other in range(3) if (other == 2) != last]
        assert not actions[:, without].any() and not logprobs[:, without].any()


def test_a_record_of_a_learned_episode_gives_rows_with_the_credit_of_the_trainer(tmp_path: Path) -> None:
    policy = fresh_policy(values=2)

    def sampling() -> PolicyAgent:
        return PolicyAgent(policy, sampled=True)

    kwargs = {"cuts": 3, "values": 2}
    rollout(COURIER, sampling, 6, parallel=1, out=tmp_path / "run", env_kwargs=kwargs, progress=False)
    with Journal(tmp_path / "run") as journal:
        records = [load_samples(tmp_path / "run", record) for record in journal.records()]
    rows = [row for record in records for row in token_segments(record, group="one")]
    assert len(records) == 6 and {record.reward for record in records} == {0.0, 1.0}
    assert [row.segment_index for row in rows] == [0, 1, 2, 3] * 6
    credited = token_credit.broadcast(rows, overlong="keep")
    mine = advantages(table([[[record.reward or 0.0] for record in records]]))
    for row, advantage in zip(credited, np.repeat(mine, 4), strict=True):
        assert row.advantages is not None and np.allclose(row.advantages[row.loss_mask], advantage)
    spaces = gym.make(COURIER, **kwargs).observation_space
    assert isinstance(spaces, gym.spaces.Dict)
    shapes = [spaces[name].shape for name in ("visible", "notes", "clock")]
    for row in rows:
        flat = np.split(row.token_ids[: row.prompt_len], np.cumsum([np.prod(shape) for shape in shapes])[:-1])
        seen = {n: x.reshape(1, *s) for n, x, s in zip(("visible", "notes", "clock"), flat, shapes, strict=True)}
        codes = policy.encode(seen)
        counts = policy.effect(codes)[0] > 0
        actions = torch.zeros(1, 3, dtype=torch.int64)
        actions[0, counts] = torch.as_tensor(row.token_ids[row.prompt_len :], dtype=torch.int64)
        forced = policy.log_probs(codes, actions)[0][0, counts].detach().numpy()
        assert np.abs(forced - row.logprobs[row.loss_mask]).max() < 1e-5


REBUILT = """
import json, sys
from selftrain.agents.policy import PolicyAgent
for line in sys.stdin:
    observation, segment = json.loads(line)
    agent = PolicyAgent(sys.argv[1], sampled=True)
    agent.reset(7)
    print(agent.act(observation, {"segment": segment}).tolist())
"""


def test_nothing_outlives_a_cut_but_the_notes(tmp_path: Path) -> None:
    policy = fresh_policy()
    policy.save(tmp_path / "weights.pt")
    env, agent = gym.make(COURIER, cuts=8), PolicyAgent(policy, sampled=True)
    (observation, info), over = env.reset(seed=3), False
    agent.reset(7)
    seen, done = [], []
    while not over:
        seen.append(json.dumps([{name: array.tolist() for name, array in observation.items()}, info["segment"]]))
        done.append(agent.act(observation, info))
        observation, _, over, _, info = env.step(done[-1])
    command = [sys.executable, "-c", REBUILT, str(tmp_path / "weights.pt")]
    backwards = "\n".join(reversed(seen))
    answer = subprocess.run(command, input=backwards, capture_output=True, text=True, check=True, timeout=120)
    assert [json.loads(line) for line in answer.stdout.splitlines()] == [action.tolist() for action in reversed(done)]
    agent.reset(8)
    other = [agent.act(observation, {"segment": segment}) for observation, segment in map(json.loads, seen)]
    assert not np.array_equal(other, done)


def test_one_player_acts_as_the_arrays_do() -> None:
    policy = fresh_policy(4)
    envs = gym.make_vec(COURIER, num_envs=12, cuts=6)
    scores = play(policy, envs, np.arange(12), np.full(12, 6)).returns
    env = gym.make(COURIER, cuts=6)
    records = [run_episode(env, PolicyAgent(policy), seed) for seed in range(12)]
    assert [record.reward for record in records] == scores.tolist()
    assert all(len(record.segments) == 7 for record in records)


@pytest.mark.parametrize(
    ("env_id", "kwargs"),
    [
        (COURIER, {}),
        (COURIER, {"notes": "free"}),
        (KEYRING, {}),
        ("selftrain:SelfTrain-Relay-v0", {}),
    ],
)
def test_every_action_is_of_the_space_and_noise_reaches_all_choices(env_id: str, kwargs: dict[str, Any]) -> None:
    policy = fresh_policy(0, env_id, **kwargs)
    envs = gym.make_vec(env_id, num_envs=256, **kwargs)
    rows = play(policy, envs, np.arange(256), np.full(256, 2), np.random.default_rng(0))
    single = envs.single_action_space
    assert isinstance(single, gym.spaces.MultiDiscrete)
    assert all(single.contains(action) for action in rows.actions.numpy())
    assert set(rows.actions[rows.step == 2][:, -1].tolist()) == set(range(policy.shape.answers))


def test_weights_come_back_and_a_file_can_run_no_code(tmp_path: Path) -> None:
    policy = fresh_policy(5)
    policy.save(tmp_path / "kept.pt")
    again = PointerPolicy.load(tmp_path / "kept.pt")
    rows = played(policy)
    assert torch.equal(again.log_probs(rows.codes, rows.actions)[0], policy.log_probs(rows.codes, rows.actions)[0])
    torch.save({"shape": print}, tmp_path / "code.pt")
    for name in ("code.pt", "missing.pt"):
        with pytest.raises(RecordError, match=name):
            PointerPolicy.load(tmp_path / name)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_the_ladder_climbs_by_success_in_practice_alone(course: list[float]) -> None:
    ladder, rate = Ladder(3), 0.0
    for passed in course:
        before = ladder.rung
        assert set(ladder.cuts(4)) == {before}
        ladder.learn(np.array([passed]))
        rate = 0.9 * rate + 0.1 * passed
        assert ladder.rung == before + (rate > 0.8 and before < 3)
        rate = rate if ladder.rung == before else 0.0


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_ladder_asks_for_what_the_game_allows(one: float, other: float) -> None:
    chance, optimum = min(one, other), max(one, other)
    ladder = Ladder.between(chance, optimum, top=3)
    assert np.isclose(ladder.enough, chance / 5 + 4 * optimum / 5)


def test_uniform_practice_is_seeded_and_meets_every_difficulty() -> None:
    first, second = Uniform(5, seed=1), Uniform(5, seed=1)
    cuts = first.cuts(500)
    assert set(cuts) == {1, 2, 3, 4, 5} and (cuts == second.cuts(500)).all()


def test_practice_never_sees_a_test_instance_and_repeats_itself() -> None:
    seen: list[int] = []
    settings = Settings(groups=4, per_group=2)

    class Watched(gym.vector.VectorWrapper):  # type: ignore[misc,type-arg]
        def reset(self, *, seed: Any = None, options: Any = None) -> Any:
            seen.extend(seed)
            return self.env.reset(seed=seed, options=options)

    trained = []
    for _ in range(2):
        policy = fresh_policy()
        trainer = Trainer(policy, Watched(gym.make_vec(COURIER, num_envs=8)), settings, seed=3)
        for _ in range(3):
            trainer.update(np.array([1, 2, 1, 3]))
        trained.append(torch.cat([weights.flatten() for weights in trainer.average.parameters()]))
        assert trainer.spent == 3 * trainer.cost(np.array([1, 2, 1, 3])) == 3 * 2 * 11
    assert torch.equal(*trained) and max(seen) < SPLIT and seen[:24] == seen[24:]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(OptionError, match="budget=10"):
        practise(COURIER, Direct(1), 10, seed=0)
    with pytest.raises(OptionError, match="baseline='rows'"):
        Settings(baseline="rows")
    with pytest.raises(OptionError, match="3 environments"):
        Trainer(fresh_policy(), gym.make_vec(COURIER, num_envs=3), Settings(), seed=0)
    with pytest.raises(OptionError, match="Dict"):
        Shape.of(gym.spaces.Discrete(2), gym.spaces.Discrete(2))


def test_stable_baselines_trains_on_the_numeric_view() -> None:
    sb3 = pytest.importorskip("stable_baselines3")
    env = gym.make(COURIER, cuts=2)
    model = sb3.PPO("MultiInputPolicy", env, n_steps=64, batch_size=32, n_epochs=2, seed=0, device="cpu")
    before = [weights.detach().clone() for weights in model.policy.parameters()]
    model.learn(192)
    after = list(model.policy.parameters())
    assert model.num_timesteps == 192
    assert all(torch.isfinite(weights).all() for weights in after)
    assert any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))
    observation, _ = env.reset(seed=0)
    action, _ = model.predict(observation)
    assert env.action_space.contains(action)
    model.get_env().close()
