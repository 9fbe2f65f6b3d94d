"""The context budget, mode by mode: what the agent sees, what costs a turn, and what bad input gets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from selftrain.agents.rollout import rollout
from selftrain.envs.context import ContextBudget, Notebook, make_tokenizer
from selftrain.envs.spaces import Text
from selftrain.errors import ContextError, OptionError, RecordError

ARGUMENTS: dict[str, Any] = {"budget": 1500, "reserve": 100, "notes_budget": 80}


class Pages(gym.Env[str, str]):
    """A small environment of texts for these tests: page after page, forty times."""

    metadata = {"render_modes": []}

    def __init__(self, width: int = 100, task: str = "Read.") -> None:
        self.observation_space, self.action_space = Text(100_000), Text(100_000)
        self._width, self._task, self._page = width, task, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self._page = 0
        return self._task, {"task": self._task}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self._page += 1
        return f"page {self._page} " + "x" * self._width, float(self._page == 40), self._page == 40, False, {}


def opened(seed: int = 0, width: int = 100, task: str = "Read.", **arguments: Any) -> ContextBudget:
    env = ContextBudget(Pages(width, task), **{**ARGUMENTS, **arguments})
    env.reset(seed=seed)
    return env


def until_full(env: ContextBudget) -> dict[str, Any]:
    info: dict[str, Any] = {"phase": ""}
    while info["phase"] != "must_compact":
        info = env.step("next")[-1]
    return info


def last(observation: dict[str, Any]) -> str:
    return str(observation["messages"][-1]["content"])


# the phase in which notes are due


def test_the_environment_waits_while_notes_are_due() -> None:
    env = opened()
    info = until_full(env)
    steps = info["env_steps"]
    observation, reward, _, _, after = env.step("I know it all.")
    assert (reward, after["env_steps"], after["segment"], after["trigger"]) == (0.0, steps, 1, "forced")
    assert [message["role"] for message in observation["messages"]] == ["system", "user"]
    content = last(observation)
    assert content.startswith("Read.\n\n# Your notes\nI know it all.\n\n# Latest\npage ")
    assert content.endswith(f"page {steps} " + "x" * 100)
    assert after["notes"] == "I know it all."


def test_notes_too_long_are_asked_for_again_and_then_there_are_none() -> None:
    env = opened()
    until_full(env)
    for _ in range(2):
        observation, _, _, _, info = env.step("n" * 100)
        assert (info["notes_overflow"], info["phase"], info["segment"]) == ("rejected", "must_compact", 0)
        assert "100 tokens, too long" in last(observation) and "nnn" not in last(observation)
    _, _, _, _, info = env.step("n" * 100)
    assert (info["notes_overflow"], info["segment"], info["notes"]) == ("rejected", 1, "")


def test_notes_too_long_are_clipped_where_that_is_asked_for() -> None:
    env = opened(overflow="clip")
    until_full(env)
    info = env.step("n" * 100)[-1]
    assert (info["notes_overflow"], info["notes"]) == ("clipped", "n" * 80)


def test_an_observation_that_fits_no_context_says_so() -> None:
    env = opened(width=9000)
    until_full(env)
    observation, _, _, _, info = env.step("go on")
    assert info["clipped"] > 7000 and "characters left out ...]" in last(observation)
    assert last(observation).count("page 1 x") == 1 and last(observation).endswith("xxx")


# cuts at will, and after so many steps


def test_an_agent_may_cut_before_it_has_to() -> None:
    env = opened()
    env.step("next")
    observation, _, _, _, info = env.step("/compact\nseen page 1")
    assert (info["trigger"], info["verb"], info["env_steps"]) == ("voluntary", "compact", 1)
    assert last(observation) == "Read.\n\n# Your notes\nseen page 1"


@pytest.mark.parametrize(
    ("message", "arguments", "why"),
    [
        ("/compact x", {"trigger": "forced"}, "no cuts at will"),
        ("/compact " + "n" * 85, {}, "at most 80"),
        ("/compact x", {"max_compactions": 0}, "no cut is left"),
        ("/compact x", {"mode": "window"}, "no cuts at will"),
        ("/branch look", {}, "no branches"),
        ("/branch", {"mode": "fold"}, "needs a description"),
        ("/return x", {"mode": "fold"}, "no branch to return from"),
        ("/note write episode/x\ntext", {}, "no notebook"),
        ("/note scribble x", {"mode": "notebook"}, "/note write PATH"),
        ("/note write ../x\ntext", {"mode": "notebook"}, "../x"),
        ("/read episode/nothing", {"mode": "notebook"}, "nothing"),
        ("m" * 200, {}, "at most 100"),
    ],
)
def test_what_cannot_be_carried_out_costs_a_turn_and_steps_nothing(
    message: str, arguments: dict[str, Any], why: str
) -> None:
    env = opened(**arguments)
    observation, reward, _, _, info = env.step(message)
    assert (info["verb"], info["env_steps"], info["turn"], reward) == ("invalid", 0, 1, 0.0)
    assert why in info["invalid"] and why in last(observation)


def test_a_command_that_only_looks_like_a_verb_is_a_command() -> None:
    for message in ("/compactor run", "ls /compact", "/bin/ls", " echo /note"):
        assert opened().step(message)[-1]["verb"] == "act"


def test_a_cut_comes_after_every_k_steps() -> None:
    env = opened(trigger="every:2")
    phases = [env.step(action)[-1]["phase"] for action in ("a", "b", "notes", "c", "d", "notes")]
    assert phases == ["act", "must_compact", "act", "act", "must_compact", "act"]


# the other modes


def test_only_what_was_written_counts_in_the_notebook_mode() -> None:
    env = opened(mode="notebook")
    env.step("/note write episode/facts\nthe door is green")
    env.step("/note append segment/scratch\nsoon gone")
    info: dict[str, Any] = {"segment": 0}
    while not info["segment"]:
        observation, _, _, _, info = env.step("next")
    assert "episode/facts (17 bytes)" in last(observation) and "green" not in last(observation)
    assert last(env.step("/read episode/facts")[0]) == "the door is green"
    assert last(env.step("/read .")[0]) == "episode/facts (17 bytes)"


def test_a_window_drops_the_oldest_turns() -> None:
    env = opened(mode="window")
    seen: list[Sequence[dict[str, str]]] = []
    for number in range(30):
        observation, _, _, _, info = env.step(f"step {number}")
        seen.append(observation["messages"])
    contents = [message["content"] for message in seen[-1]]
    assert contents[1] == "Read." and contents[-1].startswith("page 30 ")
    assert "step 0" not in contents and "step 29" in contents
    assert info["compactions"] == info["segment"] > 10


def test_no_limit_means_no_limit() -> None:
    env = opened(mode="oracle_full")
    for _ in range(39):
        observation = env.step("next")[0]
    assert len(observation["messages"]) == 2 + 2 * 39


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"mode": "none"}, "context"),
        ({"trigger": "voluntary"}, "context"),
        ({"max_compactions": 1}, "max_compactions"),
        ({"mode": "window", "max_compactions": 3}, "max_compactions"),
        ({"max_turns": 7}, "max_turns"),
    ],
)
def test_limits_truncate_and_say_why(arguments: dict[str, Any], reason: str) -> None:
    env = opened(**arguments)
    over = False
    while not over:
        _, reward, terminated, over, info = env.step("next")
    assert (info["truncation"], terminated, reward) == (reason, False, 0.0)
    assert info["compactions"] <= arguments.get("max_compactions", 0)
    with pytest.raises(gym.error.ResetNeeded):
        env.step("next")


def test_notes_of_exactly_their_budget_are_taken() -> None:
    env = opened()
    until_full(env)
    assert env.step("n" * 80)[-1]["notes"] == "n" * 80


@pytest.mark.parametrize(("overflow", "kept"), [("clip", "n" * 80), ("reject", "")])
def test_a_voluntary_cut_treats_long_notes_as_a_forced_one_does(overflow: str, kept: str) -> None:
    env = opened(overflow=overflow, reserve=200)
    info = env.step("/compact " + "n" * 90)[-1]
    assert (info["notes"], info["compactions"]) == (kept, int(bool(kept)))
    assert info["notes_overflow"] == ("clipped" if kept else "rejected")


def test_a_list_of_files_is_cut_between_lines_and_says_so() -> None:
    env = opened(mode="notebook")
    for number in range(8):
        env.step(f"/note write episode/file-{number}\ntext")
    info = env.step("/compact")[-1]
    assert info["notes_overflow"] == "clipped"
    assert info["notes"].splitlines() == ["episode/file-0 (4 bytes)", "episode/file-1 (4 bytes)", "[6 more: /read .]"]


def test_files_of_earlier_episodes_are_shown_from_the_start(tmp_path: Path) -> None:
    env = opened(mode="notebook", notebook=str(tmp_path))
    env.step("/note write agent/lesson\nsort first")
    observation, info = env.reset(seed=1)
    assert last(observation).endswith("# Your notes\nagent/lesson (10 bytes)") and "agent/lesson" in info["notes"]
    env.close()


def test_a_notebook_that_nobody_gave_lasts_an_episode() -> None:
    env = opened(mode="notebook")
    env.step("/note write agent/lesson\nsort first")
    assert "lesson" not in last(env.reset(seed=1)[0]) and last(env.step("/read .")[0]) == "[no files]"


def test_a_window_that_slides_counts_steps_anew() -> None:
    env = opened(mode="window", trigger="every:3", budget=6000)
    for _ in range(30):
        info = env.step("next")[-1]
    assert info["compactions"] == 10


def test_any_blank_ends_a_verb() -> None:
    for message in ("/compact\tdone", "\r\n/compact done", "/compact\r\ndone"):
        assert opened().step(message)[-1]["notes"] == "done"


@pytest.mark.parametrize("mode", ["none", "window", "rewrite"])
@pytest.mark.parametrize("length", range(75, 100, 4))
def test_the_last_prompt_fits_the_budget_too(mode: str, length: int) -> None:
    env = opened(mode=mode, view="tokens", budget=700, width=300 + length, max_turns=9)
    ids = np.full(length, 65, np.int32)
    over = False
    while not over:
        observation, _, terminated, truncated, info = env.step(ids)
        over = terminated or truncated
    assert int(observation["prompt_len"]) == info["ctx_tokens"] <= 700


def test_messages_that_step_nothing_come_to_an_end() -> None:
    env, over, turns = opened(), False, 0
    while not over:
        info, turns = env.step("/note")[-1], turns + 1
        over = info["truncation"] != ""
    assert (info["truncation"], turns, info["env_steps"]) == ("idle", 100, 0)


def test_notes_that_fill_their_budget_are_kept_whole() -> None:
    env = opened(view="tokens")
    info: dict[str, Any] = {"phase": ""}
    while info["phase"] != "must_compact":
        info = env.step(np.array([65], np.int32))[-1]
    info = env.step(np.full(80, 66, np.int32))[-1]
    assert (info["notes"], info["notes_overflow"]) == ("B" * 80, "")


def test_only_the_message_of_a_branch_stays() -> None:
    env = opened(mode="fold")
    before = env.step("next")[0]["messages"]
    observation, _, _, _, info = env.step("/branch look around\nlook at every corner")
    assert (info["segment"], info["parent"], info["kind"], info["phase"]) == (1, 0, "branch", "branch")
    assert observation["messages"][: len(before)] == before  # the branch sees all of the main context
    env.step("peek")
    observation, _, _, _, info = env.step("/return nothing there")
    assert (info["segment"], info["parent"], info["trigger"]) == (0, -1, "return")
    assert observation["messages"][: len(before)] == before
    assert last(observation) == "[branch 'look around' returned]\nnothing there"
    assert not any("page 2" in message["content"] for message in observation["messages"])


def test_a_full_branch_has_to_return() -> None:
    env = opened(mode="fold")
    env.step("/branch dig")
    info = until_full(env)
    assert info["segment"] == 1
    observation, _, _, _, info = env.step("dug deep")
    assert info["segment"] == 0 and "dug deep\n\n# Latest\npage" in last(observation)


# the budget


def test_all_rollouts_of_a_task_draw_the_same_budget() -> None:
    drawn = {}
    for task in "abcdefgh":
        env = ContextBudget(Pages(task=task), budget=(1000, 4000), reserve=100, notes_budget=80)
        drawn[task] = {env.reset(seed=seed)[1]["budget"] for seed in range(3)}
    assert all(len(budgets) == 1 for budgets in drawn.values())
    assert len(set.union(*drawn.values())) > 4


def test_a_budget_too_small_for_the_task_says_what_would_do() -> None:
    env = ContextBudget(Pages(task="t" * 900), **{**ARGUMENTS, "budget": 1200})
    with pytest.raises(ContextError, match="give at least") as caught:
        env.reset(seed=0)
    enough = int(str(caught.value).rsplit(" ", 1)[1])
    ContextBudget(Pages(task="t" * 900), **{**ARGUMENTS, "budget": enough}).reset(seed=0)
    with pytest.raises(ContextError):
        ContextBudget(Pages(task="t" * 900), **{**ARGUMENTS, "budget": enough - 1}).reset(seed=0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"mode": "forget"},
        {"trigger": "sometimes"},
        {"trigger": "every:0x"},
        {"trigger": "every:"},
        {"view": "pictures"},
        {"overflow": "ignore"},
        {"ablation": "none"},
        {"ablation": "other"},
        {"at": 0.0},
        {"at": 1.5},
        {"reserve": 0},
        {"notes_budget": 0},
        {"budget": 0},
        {"budget": (10, 5)},
        {"budget": (10, 5, 3)},
        {"max_compactions": -1},
        {"max_turns": 0},
        {"budget": 3000.0},
        {"budget": None},
        {"budget": True},
        {"reserve": "many"},
        {"notes_budget": 1.5},
        {"trigger": None},
        {"at": "half"},
        {"ablation": "wiped", "mode": "fold"},
        {"ablation": "wiped", "notebook": "folder"},
        {"mode": "oracle_full", "view": "tokens"},
        {"tokenizer": "no such file"},
    ],
)
def test_arguments_out_of_range_are_named(arguments: dict[str, Any]) -> None:
    name, value = next(iter(arguments.items()))
    with pytest.raises(OptionError, match=name) as caught:
        ContextBudget(Pages(), **{**ARGUMENTS, **arguments})
    assert repr(value).strip("()") in str(caught.value) or name in str(caught.value)


def test_actions_of_another_space_are_refused_and_change_nothing() -> None:
    env = opened()
    with pytest.raises(TypeError, match="an action is a string"):
        env.step(3)
    tokens = opened(view="tokens")
    with pytest.raises(ValueError, match="260"):
        tokens.step(np.array([400], np.int32))
    with pytest.raises(TypeError, match="token ids"):
        tokens.step("text")
    assert env.step("next")[-1]["turn"] == tokens.step(np.array([65], np.int32))[-1]["turn"] == 1


# ablations, tokens, the task


def test_ablations_change_what_is_delivered_and_nothing_else() -> None:
    delivered = {}
    for ablation in ("own", "wiped", "shuffled", "other"):
        env = opened(ablation=ablation, donor_notes=["from elsewhere"])
        until_full(env)
        delivered[ablation] = env.step("one two three four five")[-1]["notes"]
    assert delivered["own"] == "one two three four five" and delivered["wiped"] == ""
    assert (
        sorted(delivered["shuffled"].split()) == sorted(delivered["own"].split())
        and delivered["shuffled"] != delivered["own"]
    )
    assert delivered["other"] == "from elsewhere"


def test_the_task_is_shown_again_only_where_it_is_asked_for() -> None:
    env = opened(show_task=False)
    until_full(env)
    assert "Read." not in last(env.step("notes")[0])


def test_both_views_are_the_same_conversation() -> None:
    tokenizer = make_tokenizer("bytes")
    messages, tokens = opened(), opened(view="tokens")
    for text in ("a", "bb", "ccc"):
        seen, _, _, _, info = messages.step(text)
        ids = np.array(tokenizer.assistant_ids(text), np.int32)
        prompt, _, _, _, other = tokens.step(np.pad(ids, (0, 5), constant_values=-1))
        assert other == info and int(prompt["prompt_len"]) == info["ctx_tokens"]
    written = bytes(int(i) for i in prompt["prompt"] if 0 <= i < 256).decode()
    assert written == "".join(message["content"] for message in seen["messages"])


def test_a_message_without_its_end_is_closed_for_later_prompts() -> None:
    env = opened(view="tokens")
    observation = env.step(np.array([65, 66], np.int32))[0]
    end = make_tokenizer("bytes").assistant_ids("")[-1]
    assert list(observation["prompt"]).count(65) >= 1
    where = [i for i in range(len(observation["prompt"]) - 2) if list(observation["prompt"][i : i + 2]) == [65, 66]]
    assert observation["prompt"][where[0] + 2] == end


# the notebook over episodes


def test_options_of_a_reset_say_what_the_notebook_keeps(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path)
    env = ContextBudget(Pages(), **ARGUMENTS, notebook=notebook)
    env.reset(seed=0)
    for scope in ("segment", "episode", "task", "agent"):
        env.step(f"/note write {scope}/x\n1")
    kept = notebook.snapshot()
    env.reset(seed=1)
    assert last(env.step("/read .")[0]).splitlines() == ["agent/x (1 bytes)", "task/x (1 bytes)"]
    env.reset(options={"notebook": "clear:task"})
    assert last(env.step("/read .")[0]).splitlines() == ["agent/x (1 bytes)"]
    env.reset(options={"notebook": kept})
    assert "task/x" in last(env.step("/read .")[0])
    with pytest.raises(OptionError, match="attic"):
        env.reset(options={"notebook": "clear:attic"})
    with pytest.raises(OptionError, match="notebook="):
        opened().reset(options={"notebook": "clear:task"})


def test_a_folder_is_held_from_reset_to_close(tmp_path: Path) -> None:
    one, other = (ContextBudget(Pages(), **ARGUMENTS, notebook=str(tmp_path)) for _ in range(2))
    one.reset(seed=0)
    one.step("/note write agent/x\nkept")
    with pytest.raises(RecordError, match="in use"):
        other.reset(seed=0)
    one.close()
    other.reset(seed=0)
    assert last(other.step("/read agent/x")[0]) == "kept"
    other.close()


def test_episodes_that_share_a_folder_are_played_one_by_one(tmp_path: Path) -> None:
    report = rollout(
        "selftrain:SelfTrain-Courier-v0",
        "nop",
        3,
        parallel=4,
        env_kwargs={"view": "text", "cuts": 2},
        context={**ARGUMENTS, "mode": "notebook", "trigger": "forced", "notebook": str(tmp_path)},
        progress=False,
    )
    assert report.score.valid == 3
