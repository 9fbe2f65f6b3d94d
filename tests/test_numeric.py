"""Environments as numbers: the same task, reward and verifier, in spaces that every library takes."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import example, given
from hypothesis import strategies as st

from selftrain.envs.context import ContextBudget
from selftrain.envs.families.menu_errands import MENU, SUBMIT
from selftrain.envs.numeric.ends import LimitIsEnd
from selftrain.envs.numeric.images import resized
from selftrain.envs.numeric.menu import Menu
from selftrain.envs.numeric.view import NumericView
from selftrain.envs.numeric.windows import ByteWindow, CountWindow, TokenWindow, token_number
from selftrain.envs.spaces import Text
from selftrain.errors import OptionError, UnknownNameError

TERMINAL, MENU_ID = "selftrain:SelfTrain-Terminal-v0", "selftrain:SelfTrain-TerminalMenu-v0"
TERMINAL_MENU = ("ls -A", "cat *", "pwd", "head -c 300 /workspace/*/*", "submit")
TEXTS = st.lists(st.text(st.sampled_from("ab. /-_\n1é…"), max_size=60), max_size=6)


# windows


@given(TEXTS, st.integers(1, 40))
def test_a_byte_window_is_the_end_of_the_bytes(texts: list[str], size: int) -> None:
    expected = "\n".join(texts).encode()[-size:].rjust(size, b"\0")
    assert bytes(ByteWindow(size).read(texts)) == expected


@given(TEXTS, st.integers(1, 40))
@example(["1/1111111"], 1)
@example(["a b c./-defghi"], 1)
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


@pytest.mark.parametrize("made", ["open a", None, ["open a", 3], {"open a"}])
def test_a_function_that_makes_no_menu_is_refused(made: Any) -> None:
    with pytest.raises(OptionError, match="the function menu= returned"):
        Menu(lambda text, info: made, slots=3).look("", {})


@pytest.mark.parametrize("action", [-1, 5, np.int64(7)])
def test_a_number_that_is_not_on_the_menu_is_refused(action: Any) -> None:
    with pytest.raises(OptionError, match="from 0 to 4"):
        Menu(TERMINAL_MENU).command(action)


@pytest.mark.parametrize("action", ["ls", 1.5, 1.0, np.float32(1), np.True_, None, np.array([0, 1]), np.array([1])])
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
    "browser": (
        lambda: gym.make("selftrain:SelfTrain-Browser-v0", families=["shop-find-price"], max_steps=4),
        {"menu": clicks, "slots": 20, "text": "tokens", "window": 100},
    ),
    "texts and images": (Pictures, {"menu": ("label yes", "label no"), "window": 30, "image": (48, 48)}),
    "images alone": (Pictures, {"menu": ("label yes", "label no"), "text": None, "image": (40, 36)}),
}


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.parametrize("name", VIEWS)
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
        assert shown[2].count(b"\nls -A\n") == 1
        assert bytes(view.reset(seed=2)[0]) == shown[0]


class TwoTexts(Pictures):
    """Two texts beside each other, as a question and a page."""

    observation_space = gym.spaces.Dict({"first": Text(100), "second": Text(100)})

    def _seen(self, text: str) -> dict[str, Any]:
        return {"first": text, "second": f"not {text}"}


def test_each_text_has_its_own_window() -> None:
    view = NumericView(TwoTexts(), ("label yes",), window=30)
    for seen, text in ((view.reset()[0], "a cell"), (view.step(0)[0], "heard label yes")):
        assert bytes(seen["first"]).lstrip(b"\0").decode() == text
        assert bytes(seen["second"]).lstrip(b"\0").decode() == f"not {text}"


def test_masks_and_attributes_pass_through_wrappers() -> None:
    with LimitIsEnd(NumericView(Pictures(), clicks, slots=4)) as env:
        env.reset()
        assert env.get_wrapper_attr("action_masks")().tolist() == [False] * 4
    with LimitIsEnd(gym.make(MENU_ID)) as env:
        env.reset(seed=0)
        assert NumericView(env).action_masks().tolist() == env.get_wrapper_attr("action_masks")().tolist()


def test_a_limit_can_be_an_end() -> None:
    with LimitIsEnd(gym.make(MENU_ID, max_steps=2)) as env:
        env.reset(options={"task": "menu-errands/dev/1/0"})
        (right,) = env.get_wrapper_attr("task").oracle
        assert env.step(0)[1:4] == (0.0, False, False)
        _, reward, terminated, truncated, info = env.step(MENU.index(right))
        assert (reward, terminated, truncated, info["truncation"]) == (1.0, True, False, "steps")
        env.reset(seed=0)
        assert env.step(MENU.index(SUBMIT))[1:4] == (0.0, True, False)


def test_a_function_s_menu_follows_every_step() -> None:
    def source(text: str, info: Mapping[str, Any]) -> list[str]:
        return [f"echo {info['step']}", *["pwd"] * text.startswith("0")]

    with gym.make(TERMINAL, families=["csv-reshape"]) as inner:
        view = NumericView(inner, source, slots=2, text="bytes", window=2000)
        view.reset(seed=0)
        for number in range(3):
            seen = bytes(view.step(0)[0]).lstrip(b"\0").decode()
            assert seen.startswith(f"{number}\n") and view.action_masks().tolist() == [True, number == 0]
        view.reset(seed=0)
        assert bytes(view.step(0)[0]).lstrip(b"\0").startswith(b"0\n")


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
    ({"menu": ["ls", "pwd", "ls"]}, "'ls' twice"),
    ({"menu": 5}, "menu=5"),
    ({"menu": TERMINAL_MENU, "slots": 3}, "slots=3"),
    ({"menu": clicks}, "slots=None"),
    ({"menu": clicks, "slots": 0}, "slots=0"),
    ({"menu": clicks, "slots": 1.5}, "slots=1.5"),
    ({"menu": clicks, "slots": True}, "slots=True"),
    ({"slots": 3}, "slots=3"),
    ({"menu": TERMINAL_MENU, "window": 0}, "window=0"),
    ({"menu": TERMINAL_MENU, "window": -1}, "window=-1"),
    ({"menu": TERMINAL_MENU, "window": 10**12}, "window=10"),
    ({"menu": TERMINAL_MENU, "text": "counts", "tokens": 10**12}, "tokens=10"),
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


@pytest.mark.parametrize("size", [48, (48,), (0, 48), (48, 48, 3), "ab", (4.5, 3), (float("inf"), 3), (10**9, 10**9)])
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


# training


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
