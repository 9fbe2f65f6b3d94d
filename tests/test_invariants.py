"""The invariants of long episodes, over environments and settings, and the fault that each of them must catch.

What needs tokens, gradients or files is held beside what it is about: I6 and I4 with real weights in `test_training.py`
and `test_local.py`, I7 and I15 in `test_rows.py`, I8 in `test_training.py`, I9 in `test_credit.py`, I12 in
`test_notebook.py`, I14 of the memory games in `test_memory_envs.py`; each with its planted fault.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from backends import needs_coq
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs.context import ContextBudget, invariants
from selftrain.envs.context.invariants import BrokenInvariantError, Episode, play
from selftrain.envs.context.session import Session
from selftrain.envs.context.verbs import Verb
from selftrain.envs.context.views import TokensView
from selftrain.envs.context.window import Message, Window
from selftrain.envs.spaces import Text
from selftrain.registration import ENVIRONMENTS

CODES = 16
SMALL = {"budget": 1400, "reserve": 80, "notes_budget": 60}
Act = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


class Diary(gym.Env[str, str]):
    """A small environment of texts for these tests: a code is told once, pages follow, and the code is asked for.

    `noise` changes what the pages before a cut say, and nothing else; it is how a pair of episodes is made.
    """

    metadata = {"render_modes": []}

    def __init__(self, pages: int = 20, width: int = 60, noise: str = "a", oversize: int = 0) -> None:
        self.observation_space, self.action_space = Text(100_000), Text(100_000)
        self._pages, self._width, self._noise, self._oversize = pages, width, noise, oversize
        self._page = self._code = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self._page, self._code = 0, int(self.np_random.integers(CODES))
        return "Read the pages; at the end say the code.", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self._page += 1
        over = self._page == self._pages
        told = f" the code is {self._code}." if self._page == 1 else ""
        filler = self._noise * (self._oversize if self._page == 5 and self._oversize else self._width)
        asked = " What was the code?" if self._page == self._pages - 1 else ""
        right = over and action.strip() == f"answer {self._code}"
        return f"page {self._page}:{told} {filler}{asked}", float(right), over, False, {"page": self._page}

    def save_state(self) -> Any:
        return self._page, self._code, copy.deepcopy(self.np_random)

    def restore_state(self, state: Any) -> None:
        self._page, self._code, generator = state
        self.np_random = copy.deepcopy(generator)


def code_in(text: str) -> str:
    return text.split("the code is ")[1].split(".", maxsplit=1)[0] if "the code is " in text else ""


def reader(observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """A pure function of the observation that keeps the code in its notes."""
    text = "\n".join(message["content"] for message in observation["messages"] if message["role"] == "user")
    if observation["phase"] == 1:
        return f"the code is {code_in(text)}." if code_in(text) else "nothing yet"
    return f"answer {code_in(text) or 0}" if text.endswith("What was the code?") else "next"


def babbler(rng: np.random.Generator, longest: int = 90) -> Act:
    """Messages and notes of any length, now and then with a verb or over the budget."""

    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
        text = "".join(rng.choice(list("abc é\n"), size=rng.integers(0, longest)))
        if observation["phase"] != 1 and rng.random() < 0.2:
            return (
                str(rng.choice(["/compact ", "/note write episode/x\n", "/read .", "/note", "/return ", "/branch d\n"]))
                + text
            )
        return text

    return act


def with_canaries(policy: Act) -> tuple[Act, dict[int, str]]:
    """The same policy, with a word of its own in every segment's actions that no notes hold."""
    canaries: dict[int, str] = {}

    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> Any:
        if observation["phase"] == 1:
            return policy(observation, info)
        canary = canaries.setdefault(info["segment"], f"canary{len(canaries):03}x")
        said = policy(observation, info)
        return said if said.startswith(("answer", "/")) else f"{said} # {canary}"

    return act, canaries


budgets = st.fixed_dictionaries(
    {
        "budget": st.integers(1200, 3000),
        "reserve": st.integers(40, 120),
        "notes_budget": st.integers(20, 120),
        "mode": st.sampled_from(["rewrite", "notebook", "window", "none"]),
        "trigger": st.sampled_from(["forced", "both", "every:3", "voluntary"]),
        "at": st.sampled_from([0.9, 1.0]),
        "overflow": st.sampled_from(["reject", "clip"]),
        "show_task": st.booleans(),
    }
)


def check_everything(episode: Episode, make: Callable[[], gym.Env[Any, Any]], budget: int, seed: int) -> None:
    invariants.check_room(episode, budget)
    invariants.check_notes(episode)
    invariants.check_replay(episode, make, seed)
    invariants.check_delivery(episode)


# properties, over every setting


@settings(max_examples=60)
@given(arguments=budgets, seed=st.integers(0, 1000), width=st.integers(0, 400), oversize=st.sampled_from([0, 0, 6000]))
def test_every_setting_keeps_the_invariants(arguments: dict[str, Any], seed: int, width: int, oversize: int) -> None:
    make = functools.partial(Diary, width=width, oversize=oversize)
    episode = play(make, babbler(np.random.default_rng(seed)), seed=seed, max_turns=200, **arguments)
    check_everything(episode, make, arguments["budget"], seed)
    if arguments["show_task"]:
        invariants.check_fresh(episode)


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), mode=st.sampled_from(["rewrite", "notebook", "window"]))
def test_what_was_cut_never_comes_back(seed: int, mode: str) -> None:
    act, canaries = with_canaries(reader)
    episode = play(Diary, act, seed=seed, mode=mode, **SMALL)
    assert episode.last_info["compactions"] >= 1
    if mode != "window":  # there each cut drops the oldest turns only
        invariants.check_canaries(episode, canaries)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), noises=st.sampled_from([("x", "z"), ("é", "ü")]))
def test_nothing_that_was_cut_has_influence(seed: int, noises: tuple[str, str]) -> None:
    invariants.check_non_interference(*(paired(noise, seed) for noise in noises))


def paired(noise: str, seed: int, wrapper: type[ContextBudget] = ContextBudget) -> Episode:
    """Pages and actions differ by `noise`, except for the page that waits for the cut and for the notes."""

    class Quiet(Diary):
        def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
            observation, *rest = super().step(action)
            return (observation.replace(noise, "-") if self._page % 5 == 0 else observation), *rest

    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
        return "kept" if observation["phase"] == 1 else f"look {noise * 5}"

    make = functools.partial(Quiet, noise=noise)
    return play(make, act, seed=seed, wrapper=wrapper, trigger="every:5", **{**SMALL, "budget": 3000})


def test_any_tokenizer_and_the_view_in_tokens_keep_sampled_tokens() -> None:
    invariants.check_provenance(tokens_episode(ContextBudget))


def tokens_episode(wrapper: type[ContextBudget]) -> Episode:
    rng = np.random.default_rng(5)

    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> Any:
        ids = rng.integers(0, 256, size=rng.integers(1, 50))  # mostly no valid UTF-8: text and back is not the same
        return np.pad(ids, (0, 80 - len(ids)), constant_values=-1).astype(np.int32)

    return play(Diary, act, view="tokens", wrapper=wrapper, **SMALL)


@pytest.mark.parametrize("view", ["messages", "tokens"])
@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
def test_the_checker_passes_and_seeds_repeat(view: str) -> None:
    check_env(ContextBudget(Diary(), view=view, **SMALL), skip_render_check=True)


def test_a_vector_environment_resets_itself_across_a_cut() -> None:
    check_autoreset(ContextBudget)


def check_autoreset(wrapper: type[ContextBudget]) -> None:
    """I13: the second episode of a vector environment is the one that a new environment plays."""
    make = functools.partial(wrapper, Diary(pages=25), **SMALL)
    envs = SyncVectorEnv([make], autoreset_mode=AutoresetMode.SAME_STEP)
    observations, _ = envs.reset(seed=3)
    for _ in range(40):
        observations, _, ended, *_ = envs.step(
            (reader({"messages": observations["messages"][0], "phase": observations["phase"][0]}, {}),)
        )
        if ended[0]:
            break
    fresh, _ = make().reset(seed=3)
    if observations["messages"][0] != fresh["messages"]:
        raise BrokenInvariantError("I13: the episode after a reset holds something of the one before")


def test_notes_are_necessary() -> None:
    own, wiped = success("own"), success("wiped")
    assert own == 1.0
    check_chance(wiped)


def success(ablation: str, wrapper: type[ContextBudget] = ContextBudget, episodes: int = 200) -> float:
    played = [play(Diary, reader, seed=seed, ablation=ablation, wrapper=wrapper, **SMALL) for seed in range(episodes)]
    assert all(episode.last_info["compactions"] >= 1 for episode in played)
    return float(np.mean([sum(turn.reward for turn in episode.turns) for episode in played]))


def check_chance(share: float, episodes: int = 200) -> None:
    """I14: without notes nobody does better than chance."""
    chance = 1 / CODES
    if share > chance + 4 * (chance * (1 - chance) / episodes) ** 0.5:
        raise BrokenInvariantError(f"I14: with its notes wiped the agent wins {share}, chance is {chance}")


def check_amnesia(make_agent: Callable[[], Act]) -> None:
    """I4: an agent that is made anew at every cut acts the same."""

    def forgetful() -> Iterator[Act]:
        agent, segment = make_agent(), 0

        def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> Any:
            nonlocal agent, segment
            if info["segment"] != segment:
                agent, segment = make_agent(), info["segment"]
            return agent(observation, info)

        yield act

    whole = play(Diary, make_agent(), **SMALL)
    parts = play(Diary, next(forgetful()), **SMALL)
    if [turn.action for turn in whole.turns] != [turn.action for turn in parts.turns]:
        raise BrokenInvariantError("I4: the agent carries something past the cut that is not in its notes")


def test_an_agent_made_anew_at_each_cut_acts_the_same() -> None:
    check_amnesia(lambda: reader)


@pytest.mark.parametrize("mode", ["rewrite", "fold"])
def test_a_cut_is_a_branch_point(mode: str) -> None:
    with ContextBudget(Diary(), mode=mode, **SMALL) as env:
        observation, info = env.reset(seed=1)
        while info["phase"] != "must_compact":
            observation, _, _, _, info = env.step("next")
        state = env.save_state()
        ends = []
        for notes in ("the code is 3.", "nothing", "the code is 3."):
            back, told = env.restore_state(state)
            assert invariants.same(back, observation) and told == info
            observation_, total, over = env.step(notes)[0], 0.0, False
            while not over:
                observation_, reward, terminated, truncated, _ = env.step(reader(observation_, {}))
                total, over = total + reward, terminated or truncated
            ends.append((total, str(observation_)))
        assert ends[0] == ends[2] != ends[1]


# every environment of the suite


def in_the_shell(noise: str) -> Act:
    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
        if observation["phase"] == 1:
            return "carried"
        step = info["env_steps"]
        if step >= 12:
            return "submit"
        return "seq 200" if step % 4 == 3 else f"echo {noise * 40}; ls /workspace"

    return act


def in_python(noise: str) -> Act:
    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
        if observation["phase"] == 1:
            return "carried"
        step = info["env_steps"]
        if step >= 12:
            return "answer: 1"
        return "Let us count.\n```python\n" + ("print([*range(99)])" if step % 4 == 3 else f"'{noise * 40}'") + "\n```"

    return act


def in_coq(noise: str) -> Act:
    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
        if observation["phase"] == 1:
            return "carried"
        return "```coq\n" + ("Check nat." if info["env_steps"] % 4 == 3 else f"idtac. apply {noise * 40}.") + "\n```"

    return act


def in_the_browser(noise: str) -> Act:
    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
        if observation["phase"] == 1:
            return "carried"
        if info["env_steps"] >= 12:
            return "submit()"
        return f"I look {noise * 40}.\n```\nscroll(0, {600 if info['env_steps'] % 4 else -600})\n```"

    return act


def in_the_lab(noise: str) -> Act:
    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
        if observation["phase"] == 1:
            return "carried"
        if info["env_steps"] >= 12:
            return "submit"
        return "label no" if info["env_steps"] % 4 == 3 else f"note {noise * 40}"

    return act


def terminal() -> gym.Env[Any, Any]:
    return gym.make("selftrain:SelfTrain-Terminal-v0", tasks=["csv-reshape/train/1/0"], disable_env_checker=True)


MAKE = {
    "SelfTrain-Terminal-v0": terminal,
    "SelfTrain-TerminalLong-v0": lambda: gym.make(
        "selftrain:SelfTrain-TerminalLong-v0", tasks=["staged-migration/train/1/0"], disable_env_checker=True
    ),
    "SelfTrain-Math-v0": lambda: gym.make("selftrain:SelfTrain-Math-v0", disable_env_checker=True),
    "SelfTrain-Proof-v0": lambda: gym.make("selftrain:SelfTrain-Proof-v0", disable_env_checker=True),
    "SelfTrain-Browser-v0": lambda: gym.make(
        "selftrain:SelfTrain-Browser-v0", observation_chars=600, disable_env_checker=True
    ),
    "SelfTrain-Lab-v0": lambda: gym.make("selftrain:SelfTrain-Lab-v0", view="both", disable_env_checker=True),
    "SelfTrain-LabBench-v0": lambda: gym.make("selftrain:SelfTrain-LabBench-v0", disable_env_checker=True),
}
ACTING = {
    "SelfTrain-Math-v0": in_python,
    "SelfTrain-Proof-v0": in_coq,
    "SelfTrain-Browser-v0": in_the_browser,
    "SelfTrain-Lab-v0": in_the_lab,
}
# a context is made of text, and these show none
NUMERIC = {"SelfTrain-TerminalMenu-v0", "SelfTrain-LabPixels-v0", "SelfTrain-LabFeatures-v0"}
NEEDS = {"SelfTrain-Proof-v0": needs_coq}
BUDGET = {"budget": 4200, "reserve": 200, "notes_budget": 120, "trigger": "every:4"}


@pytest.mark.parametrize(
    "env_id", [pytest.param(env_id, marks=NEEDS.get(env_id, ())) for env_id in ENVIRONMENTS if env_id not in NUMERIC]
)
def test_every_environment_keeps_the_invariants(env_id: str) -> None:
    def in_words() -> gym.Env[Any, Any]:
        return gym.make(f"selftrain:{env_id}", view="text", cuts=14, disable_env_checker=True)

    make = MAKE.get(env_id, in_words)
    acting = ACTING.get(env_id, in_the_shell)
    one, other = (play(make, acting(noise), max_turns=60, **BUDGET) for noise in "ab")
    assert one.last_info["compactions"] >= 3 and sum(turn.reward for turn in one.turns) in (0.0, 1.0)
    check_everything(one, make, BUDGET["budget"], 0)
    invariants.check_fresh(one)
    invariants.check_non_interference(one, other)


def test_the_final_state_of_a_terminal_is_judged_when_the_context_ends_it() -> None:
    arguments = {**BUDGET, "trigger": "both", "mode": "none"}
    episode = play(terminal, lambda observation, info: "seq 300", **arguments)
    assert episode.last_info["truncation"] == "context" and episode.last_info["verdict"] == "fail"


# each invariant must catch its fault


class WithoutReserve(Session):
    """Fault: the agent's own message is not counted."""

    @property
    def ceiling(self) -> float:
        return self.budget


class KeepsTail(Session):
    """Fault: the last exchange of the old context stays after a cut."""

    def cut(self, notes: str, trigger: str) -> None:
        old = self._full or self.window
        super().cut(notes, trigger)
        self.window = Window(self.window.system, (*self.window.turns, *old.turns[-2:]))


class GoesOn(Session):
    """Fault: notes are taken, and the old context goes on (as FoldAgent's released baseline does)."""

    def cut(self, notes: str, trigger: str) -> None:
        old, pending = self._full or self.window, self.pending
        super().cut(notes, trigger)
        self.window = old.answered(pending, self.tokenizer)


class SharedMemory(Session):
    """Fault: a cache that all contexts share finds its way into the next prompt."""

    cache: list[str] = []

    def deliver(self, message: Message, text: str, *, acted: bool = False) -> None:
        self.cache.append(message.text)
        super().deliver(message, text, acted=acted)

    def cut(self, notes: str, trigger: str) -> None:
        self.pending += "\n" + self.cache[-1]
        super().cut(notes, trigger)


class DropsObservation(Session):
    """Fault: what did not fit is gone after the cut."""

    def cut(self, notes: str, trigger: str) -> None:
        self.pending = ""
        super().cut(notes, trigger)


class KeepsLongNotes(Session):
    """Fault: nobody looks at the length of the notes."""

    def take_notes(self, message: Message) -> None:
        self.cut(message.text, self._because)

    def _within(self, text: str, limit: int | None = None) -> str:
        return text


def faulty(session: type[Session]) -> type[ContextBudget]:
    """The wrapper with another session."""

    class Faulty(ContextBudget):
        def reset(self, **arguments: Any) -> tuple[Any, dict[str, Any]]:
            observation, info = super().reset(**arguments)
            assert self._session is not None
            self._session.__class__ = session
            return observation, info

    return Faulty


class StepsTwice(ContextBudget):
    """Fault: a command is run a second time when the notes have been taken."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self._playing().phase == 1:
            self.env.step("again")
        return super().step(action)


class LosesActions(ContextBudget):
    """Fault: the action that meets a full context is reported and never carried out."""

    def _act(self, session: Session, message: Message, text: str) -> tuple[float, bool, bool]:
        if self._counts.turn == 3:
            session.deliver(message, "done")
            return 0.0, False, False
        return super()._act(session, message, text)


class TokenisesAgain(TokensView):
    """Fault: the sampled tokens are turned into text and back."""

    def message(self, action: Any) -> Message:
        return Message.of(super().message(action).text, self._tokenizer)


class WithTokenisesAgain(ContextBudget):
    def __init__(self, env: gym.Env[Any, Any], **arguments: Any) -> None:
        super().__init__(env, **arguments)
        self._view = TokenisesAgain(self._settings, self._tokenizer)


class NeverForgets(ContextBudget):
    """Fault: an episode begins with the notes of the last one."""

    def reset(self, **arguments: Any) -> tuple[Any, dict[str, Any]]:
        before = self._info.get("notes", "")
        super().reset(**arguments)
        assert self._session is not None
        self._session.window = self._session._open(before or None, "")
        return self._view.observation(self._session), self._report(self._session, Verb("act"))


def played(wrapper: type[ContextBudget], act: Act = reader, **more: Any) -> Episode:
    return play(Diary, act, wrapper=wrapper, **{**SMALL, **more})


def canaries_of(session: type[Session]) -> None:
    act, canaries = with_canaries(reader)
    invariants.check_canaries(play(Diary, act, wrapper=faulty(session), **SMALL), canaries)


def hidden_state() -> Act:
    heard: list[str] = []

    def act(observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
        heard.append(observation["messages"][-1]["content"])
        return "kept" if observation["phase"] == 1 else f"next {code_in(' '.join(heard))}"

    return act


FAULTS: dict[str, Callable[[], None]] = {
    "I1 no reserve": lambda: invariants.check_room(played(faulty(WithoutReserve)), SMALL["budget"]),
    "I2 tail kept": lambda: invariants.check_non_interference(*(paired(noise, 0, faulty(KeepsTail)) for noise in "xz")),
    "I2 old context goes on": lambda: invariants.check_non_interference(
        *(paired(noise, 0, faulty(GoesOn)) for noise in "xz")
    ),
    "I2b tail kept": lambda: invariants.check_fresh(played(faulty(KeepsTail))),
    "I2b old context goes on": lambda: invariants.check_fresh(played(faulty(GoesOn))),
    "I3 shared cache": lambda: canaries_of(SharedMemory),
    "I3 tail kept": lambda: canaries_of(KeepsTail),
    "I4 hidden state": lambda: check_amnesia(hidden_state),
    "I5 double step": lambda: invariants.check_replay(played(StepsTwice), Diary),
    "I5 lost action": lambda: invariants.check_replay(played(LosesActions), Diary),
    "I6 tokenised again": lambda: invariants.check_provenance(tokens_episode(WithTokenisesAgain)),
    "I10 dropped observation": lambda: invariants.check_delivery(played(faulty(DropsObservation))),
    "I11 long notes": lambda: invariants.check_notes(
        played(faulty(KeepsLongNotes), babbler(np.random.default_rng(0), longest=400))
    ),
    "I13 notes of the last episode": lambda: check_autoreset(NeverForgets),
    "I14 old context goes on": lambda: check_chance(success("wiped", faulty(GoesOn), 60), 60),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_invariant_catches_its_fault(name: str) -> None:
    with pytest.raises(BrokenInvariantError, match=name.split(maxsplit=1)[0] + ":"):
        FAULTS[name]()
