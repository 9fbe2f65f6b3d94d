"""Environments as numbers: the same task, reward and verifier, in spaces that every library takes."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import pytest
from backends import needs_coq
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode
from hypothesis import given
from hypothesis import strategies as st

from selftrain.envs.context import ContextBudget
from selftrain.envs.families import menu_errands
from selftrain.envs.families.menu_errands import JOBS, MENU, SUBMIT, chance_of_menu, draw_errand, mean_chance
from selftrain.envs.numeric.ends import LimitIsEnd
from selftrain.envs.numeric.images import resized
from selftrain.envs.numeric.menu import Menu
from selftrain.envs.numeric.view import NumericView
from selftrain.envs.numeric.windows import ByteWindow, CountWindow, TokenWindow, token_number
from selftrain.envs.spaces import Text
from selftrain.envs.terminal import TerminalEnv
from selftrain.errors import OptionError, UnknownNameError
from selftrain.tasks import LEVELS

TERMINAL, MENU_ID = "selftrain:SelfTrain-Terminal-v0", "selftrain:SelfTrain-TerminalMenu-v0"
TERMINAL_MENU = ("ls -la", "cat *", "pwd", "head -c 300 /workspace/*/*", "submit")
TEXTS = st.lists(st.text(st.sampled_from("ab. /-_\n1é…"), max_size=60), max_size=6)


# windows


@given(TEXTS, st.integers(1, 40))
def test_a_byte_window_is_the_end_of_the_bytes(texts: list[str], size: int) -> None:
    expected = "\n".join(texts).encode()[-size:].rjust(size, b"\0")
    assert bytes(ByteWindow(size).read(texts)) == expected


@given(TEXTS, st.integers(1, 40))
def test_a_token_window_is_the_end_of_the_words(texts: list[str], size: int) -> None:
    window = TokenWindow(size, 64)
    every = [int(number) for text in texts for number in TokenWindow(200, 64).read([text]) if number]
    expected = [0] * max(0, size - len(every)) + every[-size:]
    assert window.read(texts).tolist() == expected and window.space.contains(window.read(texts))
    counts = CountWindow(size, 64)
    assert counts.read(texts).tolist() == [float(number > 0 and expected.count(number)) for number in range(64)]
    assert counts.space.contains(counts.read(texts))


def test_words_are_whole_and_their_numbers_stay() -> None:
    assert TokenWindow(4, 256).read(["Pack App.log, now"]).tolist() == [
        token_number(word, 256) for word in ("pack", "app.log", ",", "now")
    ]
    assert token_number("gzip", 256) == token_number("GZIP", 256) == 116
    long = "x" * 50_000 + " end"
    assert TokenWindow(3).read([long]).tolist() == TokenWindow(3).read(["x" * 50_000, "end"]).tolist()
    assert (TokenWindow(3).read(["-" * 100_000]) > 0).all()


def test_images_shrink_to_the_means_of_their_areas() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 5, 96, 96, 3), dtype=np.uint8)
    small = resized(images, (48, 32))
    means = images.reshape(2, 5, 48, 2, 32, 3, 3).mean(axis=(3, 5))
    assert small.shape == (2, 5, 48, 32, 3) and np.abs(small - means).max() <= 1
    assert (resized(images[0, 0], (96, 96)) == images[0, 0]).all()
    for wrong in (images[..., 0], images.astype(np.float32), images[0, 0, 0]):
        with pytest.raises(OptionError, match=r"\(\.\.\., height, width, 3\)"):
            resized(wrong, (48, 48))


# menus


def test_a_menu_may_follow_what_is_shown() -> None:
    menu = Menu(lambda text, info: [f"open {word}" for word in text.split()], slots=3)
    assert menu.masks().tolist() == [False] * 3
    menu.look("a b", {})
    assert menu.masks().tolist() == [True, True, False]
    assert [menu.command(number) for number in range(3)] == ["open a", "open b", ""]
    menu.look("a b c d", {})
    assert menu.command(np.int64(2)) == "open c" and menu.masks().all()


@pytest.mark.parametrize("action", [-1, 5, np.int64(7)])
def test_a_number_that_is_not_on_the_menu_is_refused(action: Any) -> None:
    with pytest.raises(OptionError, match="from 0 to 4"):
        Menu(TERMINAL_MENU).command(action)


@pytest.mark.parametrize("action", ["ls", 1.5, None, np.array([0, 1])])
def test_an_action_that_is_no_number_is_refused(action: Any) -> None:
    with pytest.raises(TypeError, match="number of a command"):
        Menu(TERMINAL_MENU).command(action)


# views of every kind of environment


class Pictures(gym.Env[Any, Any]):
    """Texts and images together, as a microscope or a browser shows them."""

    observation_space = gym.spaces.Dict(
        {"text": Text(100), "image": gym.spaces.Box(0, 255, (96, 96, 3), np.uint8), "size": gym.spaces.Discrete(3)}
    )
    action_space = Text(20)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return self._seen("a cell"), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self._seen(f"heard {action}"), float(action == "label yes"), action == "label yes", False, {}

    def _seen(self, text: str) -> dict[str, Any]:
        image = self.np_random.integers(0, 256, (96, 96, 3), dtype=np.uint8)
        return {"text": text, "image": image, "size": np.int64(1)}


def clicks(text: str, info: Mapping[str, Any]) -> list[str]:
    """What can be clicked on the page shown: numbers in brackets."""
    return [f"click('{number}')" for number in re.findall(r"\[(\d+)\]", text)]


def terminal() -> gym.Env[Any, Any]:
    return gym.make(TERMINAL, families=["csv-reshape"], max_steps=3)


VIEWS: dict[str, tuple[Callable[[], gym.Env[Any, Any]], dict[str, Any]]] = {
    "terminal in bytes": (terminal, {"menu": TERMINAL_MENU, "window": 64}),
    "terminal in words": (terminal, {"menu": TERMINAL_MENU, "text": "tokens", "window": 32, "transcript": True}),
    "math in counts": (
        lambda: gym.make("selftrain:SelfTrain-Math-v0", tools=False),
        {"menu": [f"\\boxed{{{number}}}" for number in range(5)], "text": "counts"},
    ),
    "browser": (
        lambda: gym.make("selftrain:SelfTrain-Browser-v0", families=["shop-find"], max_steps=4),
        {"menu": clicks, "slots": 20, "text": "tokens", "window": 100},
    ),
    "proof": (
        lambda: gym.make("selftrain:SelfTrain-Proof-v0", max_steps=3),
        {"menu": ("intros.", "lia.", "reflexivity.", "auto."), "text": "tokens"},
    ),
    "texts and images": (Pictures, {"menu": ("label yes", "label no"), "window": 30, "image": (48, 48)}),
    "images alone": (Pictures, {"menu": ("label yes", "label no"), "text": None, "image": (40, 36)}),
}
NEEDS = {"proof": needs_coq}


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.parametrize("name", [pytest.param(name, marks=NEEDS.get(name, ())) for name in VIEWS])
def test_both_checkers_pass_on_a_view_of(name: str) -> None:
    stable = pytest.importorskip("stable_baselines3.common.env_checker")
    make, arguments = VIEWS[name]
    with contextlib.closing(NumericView(make(), **arguments)) as view:
        check_env(view, skip_render_check=True)
        stable.check_env(view, warn=False)
        assert view.action_masks().shape == (view.action_space.n,)


def test_a_view_shows_what_the_environment_shows_and_pays_what_it_pays() -> None:
    arguments = {"tasks": ["menu-errands/train/3/4"]}
    with gym.make(TERMINAL, **arguments) as plain, gym.make(TERMINAL, **arguments) as inner:
        view = NumericView(inner, MENU, text="tokens", window=50)
        text, info = plain.reset(seed=1)
        seen, own_info = view.reset(seed=1)
        oracle = plain.get_wrapper_attr("task").oracle
        for command in (*oracle, SUBMIT):
            assert (seen == TokenWindow(50).read([text])).all() and info == own_info
            text, *outcome, info = plain.step(command)
            seen, *own_outcome, own_info = view.step(MENU.index(command))
            assert outcome == own_outcome
        assert outcome[:2] == [1.0, True] and info == own_info


def test_a_transcript_holds_what_was_sent_and_shown() -> None:
    with gym.make(TERMINAL, families=["csv-reshape"]) as inner:
        view = NumericView(inner, TERMINAL_MENU, window=30_000, transcript=True)
        shown = [bytes(view.reset(seed=2)[0]), bytes(view.step(2)[0]), bytes(view.step(0)[0])]
        assert b"\npwd\n/workspace\n" in shown[1] and shown[1].lstrip(b"\0") in shown[2]
        assert shown[2].count(b"\nls -la\n") == 1
        assert bytes(view.reset(seed=2)[0]) == shown[0]


def test_a_limit_can_be_an_end() -> None:
    with LimitIsEnd(gym.make(MENU_ID, max_steps=2)) as env:
        env.reset(options={"task": "menu-errands/dev/1/0"})
        oracle = oracle_numbers(env)
        assert env.step(0)[1:4] == (0.0, False, False)
        _, reward, terminated, truncated, info = env.step(oracle[0])
        assert (reward, terminated, truncated, info["truncation"]) == (1.0, True, False, "steps")


def test_a_slot_without_a_command_costs_a_step_and_nothing_else() -> None:
    with gym.make(TERMINAL, families=["csv-reshape"]) as inner:
        view = NumericView(inner, lambda text, info: ["ls"], slots=2)
        view.reset(seed=0)
        assert view.action_masks().tolist() == [True, False]
        _, reward, terminated, truncated, info = view.step(1)
        assert (reward, terminated, truncated, info["step"], info["exit_code"]) == (0.0, False, False, 1, 0)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"menu": []}, "menu="),
    ({"menu": "ls"}, "menu="),
    ({"menu": ["ls", 3]}, "menu="),
    ({"menu": TERMINAL_MENU, "slots": 3}, "slots=3"),
    ({"menu": clicks}, "slots=None"),
    ({"menu": clicks, "slots": 0}, "slots=0"),
    ({"slots": 3}, "slots=3"),
    ({"menu": TERMINAL_MENU, "window": 0}, "window=0"),
    ({"menu": TERMINAL_MENU, "text": "tokens", "tokens": 1}, "tokens=1"),
    ({"menu": TERMINAL_MENU, "text": "counts", "window": 2.5}, "window=2.5"),
    ({"menu": TERMINAL_MENU, "text": "words"}, "kind of window"),
    ({"menu": TERMINAL_MENU, "text": None}, "leaves nothing"),
    ({"menu": TERMINAL_MENU, "image": (48, 48)}, "needs images"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_a_view_that_makes_no_sense_is_refused(arguments: dict[str, Any], said: str) -> None:
    with gym.make(TERMINAL) as env, pytest.raises((OptionError, UnknownNameError), match=said):
        NumericView(env, **arguments)


@pytest.mark.parametrize("size", [48, (48,), (0, 48), (48, 48, 3), "ab", (4.5, 3)])
def test_an_image_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(OptionError, match="image="):
        NumericView(Pictures(), ("label yes",), image=size)


def test_what_cannot_be_seen_as_numbers_is_refused() -> None:
    with gym.make(TERMINAL) as env, pytest.raises(OptionError, match="cannot be seen as numbers"):
        NumericView(ContextBudget(env, budget=4000, reserve=500, notes_budget=500), TERMINAL_MENU)
    with gym.make("selftrain:SelfTrain-Courier-v0") as env:
        with pytest.raises(OptionError, match="actions are texts"):
            NumericView(env, ("yes", "no"))
        with pytest.raises(OptionError, match="needs a menu"):
            NumericView(env).action_masks()


# menu-errands: what is computed about it is what happens


def test_the_commands_of_the_menu_do_in_a_sandbox_what_is_known_of_them() -> None:
    rng = np.random.default_rng(5)
    by_command = {job.command: job for job in JOBS.values()}
    with contextlib.closing(TerminalEnv(backend="bubblewrap")) as env:
        for seed in range(12):
            task = menu_errands.FAMILY.task(seed, 1 + seed % 5)
            env.reset(options={"task": task})
            project: Mapping[str, bytes] = {path.rpartition("/")[2]: data for path, data in task.files.items()}
            ended = False
            while not ended:
                command = MENU[rng.integers(len(MENU) - 1)]
                project = by_command[command].done(project) if command in by_command else project
                *_, ended, _ = env.step(command)
            assert env.evidence is not None
            found = env.evidence.under("/workspace")
            assert {name: menu_errands.unpacked(name, data) for name, data in found.items()} == project


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("level", LEVELS)
def test_the_chance_is_that_of_a_guesser(level: int, masked: bool) -> None:
    """2,000 games of a guesser in the project's model, within 4 standard errors."""
    rng, games, won, chance = np.random.default_rng(level), 2000, 0, 0.0
    by_command = {job.command: job for job in JOBS.values()}
    errands = [draw_errand(np.random.default_rng([level, seed]), level)[0] for seed in range(8)]
    for game in range(games):
        errand = errands[game % 8]
        project: Mapping[str, bytes] = errand.before
        commands = errand.offered if masked else MENU
        for _ in range(errand.steps):
            if (command := commands[rng.integers(len(commands))]) == SUBMIT:
                break
            project = by_command[command].done(project) if command in by_command else project
        won += project == errand.after
    chance = float(np.mean([chance_of_menu(errand, masked) for errand in errands]))
    assert abs(won / games - chance) < 4 * np.sqrt(chance * (1 - chance) / games)


def test_the_stated_chance_is_the_computed_one() -> None:
    assert mean_chance(1) == pytest.approx(menu_errands.FAMILY.chance, abs=0.001)


def test_what_decides_differs_between_levels() -> None:
    for level in LEVELS:
        errands = [draw_errand(np.random.default_rng(seed), level) for seed in range(40)]
        asked = {name for errand, _ in errands for name in errand.jobs}
        assert asked == (set(JOBS) if level > 1 else {"pack", "sort", "rename", "remove", "heading", "switch"})
        assert all(errand.after != errand.before for errand, _ in errands)
        assert all(("ticket.txt" in errand.before) == (level >= 3) for errand, _ in errands)
        choices = sum("if settings.ini says" in " ".join(told) for _, told in errands)
        assert choices == (40 if level == 5 else 0)


# SelfTrain-TerminalMenu-v0


def oracle_numbers(env: gym.Env[Any, Any]) -> list[int]:
    return [MENU.index(command) for command in (*env.get_wrapper_attr("task").oracle, SUBMIT)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("text", ["tokens", "counts", "bytes"])
def test_the_menu_plays_the_very_tasks_of_the_terminal(level: int, text: str) -> None:
    with gym.make(MENU_ID, text=text) as env, gym.make(TERMINAL) as plain:
        task = f"menu-errands/dev/{level}/3"
        seen, info = env.reset(options={"task": task})
        _, expected = plain.reset(options={"task": task})
        masks = env.get_wrapper_attr("action_masks")()
        for number in oracle_numbers(env):
            assert info == expected and env.observation_space.contains(seen) and masks[number]
            seen, *outcome, info = env.step(number)
            _, *theirs, expected = plain.step(MENU[number])
            assert outcome == theirs
        assert outcome[:2] == [1.0, True] and info == expected


def test_what_is_masked_has_never_had_its_file() -> None:
    with gym.make(MENU_ID) as env:
        for seed in range(5):
            env.reset(seed=seed)
            files = env.get_wrapper_attr("task").files
            for number in np.flatnonzero(~env.get_wrapper_attr("action_masks")()):
                assert not any(path.rpartition("/")[2] in MENU[number].split() for path in files)
    with gym.make(MENU_ID, menu=TERMINAL_MENU, families=["csv-reshape"]) as env:
        env.reset(seed=0)
        assert env.get_wrapper_attr("action_masks")().all() and env.action_space == gym.spaces.Discrete(5)


def test_a_state_is_restored_with_its_window() -> None:
    with gym.make(MENU_ID, levels=(3,)) as env:
        env.reset(seed=3)
        seen = env.step(0)
        state = env.get_wrapper_attr("save_state")()
        later = [env.step(number) for number in (1, 4)]
        again, info = env.get_wrapper_attr("restore_state")(state)
        assert (again == seen[0]).all() and info == seen[-1]
        assert data_equivalence([env.step(number) for number in (1, 4)], later, exact=True)


def test_a_wrong_action_is_refused_and_the_episode_goes_on() -> None:
    with contextlib.closing(gym.make(MENU_ID).unwrapped) as env:
        env.reset(seed=0)
        for action, error in ((12, OptionError), (-1, OptionError), ("submit", TypeError)):
            with pytest.raises(error):
                env.step(action)
        assert env.step(0)[-1]["step"] == 1
    with contextlib.closing(gym.make_vec(MENU_ID, num_envs=2)) as envs:
        envs.reset(seed=0)
        with pytest.raises(OptionError, match="from 0 to 11"):
            envs.step(np.array([0, 12]))
        assert envs.step(np.array([0, 0]))[-1]["step"].tolist() == [1, 1]


# vector environments agree


ROUNDS = [(0, 2), (11, 1), (5, 11), (1, 3), (10, 0), (11, 11), (4, 4)]


def played(envs: Any) -> list[Any]:
    """What Gymnasium's vector environments show: observations, rewards, ends, and infos without their masks' keys."""
    return [envs.reset(seed=4), *[envs.step(np.array(actions)) for actions in ROUNDS]]


def test_own_sync_and_async_agree_step_by_step() -> None:
    def make(mode: str | None, **options: Any) -> list[Any]:
        with contextlib.closing(gym.make_vec(MENU_ID, num_envs=2, vectorization_mode=mode, **options)) as envs:
            return played(envs)

    own = make(None)
    # spawned, because forking beside threads is no longer safe
    asynchronous = make("async", vector_kwargs={"context": "spawn"})
    for mine, sync, other in zip(own, make("sync"), asynchronous, strict=True):
        assert data_equivalence(mine, sync, exact=True) and data_equivalence(mine, other, exact=True)
    assert any(step[1].any() or step[2].any() for step in own[1:])


def make_menu() -> gym.Env[Any, Any]:
    return gym.make(MENU_ID)


def stable_steps(envs: Any) -> list[Any]:
    envs.seed(4)
    steps = [(envs.reset(), [dict(info) for info in envs.reset_infos])]
    for actions in ROUNDS:
        observations, rewards, ends, infos = envs.step(np.array(actions))
        steps.append((observations, rewards.tolist(), ends.tolist(), infos))
    envs.close()
    return steps


def test_stable_baselines_vector_environments_agree_with_ours() -> None:
    vectors = pytest.importorskip("stable_baselines3.common.vec_env")
    one = stable_steps(vectors.DummyVecEnv([make_menu] * 2))
    other = stable_steps(vectors.SubprocVecEnv([make_menu] * 2, start_method="spawn"))
    for mine, theirs in zip(one, other, strict=True):
        assert data_equivalence(list(mine), list(theirs), exact=True)
    # the same as gym's in the mode in which SB3 resets
    with contextlib.closing(gym.make_vec(MENU_ID, num_envs=2, autoreset_mode=AutoresetMode.SAME_STEP)) as envs:
        ours = played(envs)
    for (seen, *rest), gyms in zip(one, ours, strict=True):
        assert (seen == gyms[0]).all()
        if len(rest) == 3:
            assert rest[0] == gyms[1].tolist() and rest[1] == (gyms[2] | gyms[3]).tolist()


def test_masks_reach_sb3_contrib_and_its_ppo_trains() -> None:
    contrib = pytest.importorskip("sb3_contrib")
    from sb3_contrib.common.maskable.utils import get_action_masks
    from stable_baselines3.common.vec_env import DummyVecEnv

    envs = DummyVecEnv([functools.partial(gym.make, MENU_ID, text="counts")] * 2)
    envs.seed(1)
    envs.reset()
    masks: npt.NDArray[np.bool_] = get_action_masks(envs)
    assert masks.shape == (2, len(MENU)) and masks.any() and not masks.all()
    model = contrib.MaskablePPO("MlpPolicy", envs, n_steps=8, batch_size=8, n_epochs=1, seed=0, device="cpu")
    assert changed(model, 32)
    envs.close()
    with contextlib.closing(gym.make_vec(MENU_ID, num_envs=2)) as own:
        own.reset(seed=1)
        assert np.stack(own.call("action_masks")).tolist() == masks.tolist()


def changed(model: Any, steps: int) -> bool:
    """Whether training changes the policy."""
    before = [parameter.detach().clone() for parameter in model.policy.parameters()]
    model.learn(steps)
    return any((old != new).any() for old, new in zip(before, model.policy.parameters(), strict=True))


@pytest.mark.parametrize("name", ["terminal in bytes", "texts and images"])
def test_ppo_trains_on_a_view_of(name: str) -> None:
    stable = pytest.importorskip("stable_baselines3")
    make, arguments = VIEWS[name]
    policy = "MultiInputPolicy" if name == "texts and images" else "MlpPolicy"
    view = NumericView(make(), **arguments)
    model = stable.PPO(policy, view, n_steps=8, batch_size=8, n_epochs=1, seed=0, device="cpu")
    assert changed(model, 16)
    view.close()


def test_sequence_of_wrappers_is_recorded() -> None:
    with gym.make(TERMINAL) as env:
        view = NumericView(env, TERMINAL_MENU, window=20)
        assert view.spec is not None
        (kept,) = [spec for spec in view.spec.additional_wrappers if spec.name == "NumericView"]
        assert isinstance(kept.kwargs, dict)
        assert kept.kwargs["menu"] == TERMINAL_MENU and kept.kwargs["window"] == 20


def test_the_example_runs_small(tmp_path: Path) -> None:
    pytest.importorskip("sb3_contrib")
    pytest.importorskip("matplotlib")
    script = Path(__file__).resolve().parents[1] / "examples" / "ppo_terminal_menu.py"
    command = [sys.executable, str(script), "--quick", "--json", "--picture", str(tmp_path / "plot.png")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["oracle"] == 1.0 and 0 < found["chance"] < 0.1 and found["random"] < 0.5
    (run,) = found["runs"]
    assert 0 <= run["success"] <= 1 and run["episodes"] > 20 and run["course"]
    assert (tmp_path / "plot.png").stat().st_size > 10_000
