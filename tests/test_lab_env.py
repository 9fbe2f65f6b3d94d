"""A day in a lab, played: the exam that nobody announces, the senior's questions, pictures, branches, and odd input."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st
from test_lab_model import read_remark, read_words

from selftrain.agents.replay import replay
from selftrain.agents.rollout import rollout
from selftrain.envs.catalogue import task_of_id
from selftrain.envs.clean_room import NoCleanRoom
from selftrain.envs.context import ContextBudget
from selftrain.envs.context.notebook import Notebook
from selftrain.envs.lab import senior, work
from selftrain.envs.lab.cells import KINDS, TRAITS
from selftrain.envs.lab.conventions import Convention
from selftrain.envs.lab.day import DAYS, NO, UNANSWERED, YES, find_day
from selftrain.envs.lab.env import LabEnv, LabVectorEnv
from selftrain.envs.lab.labs import MOST_LABS, Lab, find_lab
from selftrain.envs.lab.slides import images
from selftrain.envs.lab.tasks import ExamVerifier, evidence_of, lab_stream
from selftrain.envs.proof import prove
from selftrain.errors import OptionError
from selftrain.records import read_records
from selftrain.sandboxes import make_backend
from selftrain.tasks import Task

ID = "selftrain:SelfTrain-Lab-v0"
DAY = f"lab-day/train/4/{7 * DAYS + 3}"
SMALL: dict[str, Any] = {"length": 20, "questions": None}
VISION: dict[str, Any] = {**SMALL, "length": 6, "view": "both"}


def play(env: gym.Env[Any, Any], actions: Sequence[str], task: str | Task = DAY) -> list[Any]:
    steps: list[Any] = [env.reset(seed=0, options={"task": task})]
    for action in actions:
        steps.append(env.step(action))
        if steps[-1][2] or steps[-1][3]:
            break
    return steps


def oracle(length: int, task: str = DAY, wrong: Sequence[int] = ()) -> list[str]:
    """The right answers of a day, but for the places that are to be wrong."""
    with contextlib.closing(LabEnv(length=length)) as env:
        env.reset(options={"task": task})
        assert env.task
        lines = list(env.task.oracle)
    other = {"label yes": "label no", "label no": "label yes"}
    return [other[line] if place in [one % length for one in wrong] else line for place, line in enumerate(lines)]


@pytest.fixture
def env() -> Iterator[LabEnv]:
    made = LabEnv(**SMALL)
    yield made
    made.close()


# reward


@pytest.mark.parametrize("task", ["lab-day/train/1/0", "lab-day/dev/3/50004", f"lab-day/test/5/{41 * DAYS}"])
def test_oracle_one_nop_and_cheats_zero(task: str) -> None:
    proof = prove(task_of_id(task), make_backend(), repetitions=1)
    assert proof.faults == [] and len(proof.plays) > 8


def test_only_the_exam_counts_and_the_bar_is_enough() -> None:
    env = LabEnv(length=50)  # an exam of ten
    for wrong, reward in ((range(40), 1.0), ([], 1.0), ([-1], 1.0), ([-1, -10], 0.0)):
        last = play(env, oracle(50, wrong=wrong))[-1]
        assert last[1:4] == (reward, True, False)
        assert last[4]["accuracy"] == last[4]["score"] == 1 - 0.1 * len([one for one in wrong if one < 0])
        assert last[4]["verdict"] == ("pass" if reward else "fail")
    assert play(LabEnv(length=50, bar=0.8), oracle(50, wrong=[-1, -10]))[-1][1] == 1.0
    assert play(LabEnv(length=50, bar=1), oracle(50, wrong=[-1]))[-1][1] == 0.0


def test_a_day_of_one_cell_pays_that_cell_s_verdict() -> None:
    env = LabEnv(length=1)
    for number in range(20):
        task = f"lab-day/train/2/{number}"
        right = oracle(1, task)
        assert [play(env, lines, task)[-1][1] for lines in (right, oracle(1, task, wrong=[0]), ["submit"])] == [1, 0, 0]


def test_what_has_no_answer_is_wrong() -> None:
    right = oracle(20)
    last = play(LabEnv(**SMALL), [*right[:19], "submit"])[-1]
    assert last[1:4] == (0.0, True, False) and last[4]["accuracy"] == 0.75
    last = play(LabEnv(**SMALL, max_steps=19), right)[-1]
    assert last[1:4] == (0.0, False, True) and last[4]["accuracy"] == 0.75 and last[4]["truncation"] == "steps"
    last = play(LabEnv(**SMALL, bar=0.75, max_steps=19), right)[-1]
    assert last[1:4] == (1.0, False, True)  # judged as it stands


def test_the_verifier_reads_nothing_but_whole_days() -> None:
    task = task_of_id(DAY)
    assert isinstance(task.verifier, ExamVerifier)
    labels = [YES if line == "label yes" else NO for line in task.oracle]

    def judge(answers: Sequence[int]) -> bool:
        return task.verifier.verify(evidence_of(answers), task, NoCleanRoom()).passed

    assert judge(labels)
    assert not judge(labels[:-1]) and not judge([*labels, YES]) and not judge(labels[-48:])
    assert not judge([UNANSWERED] * 240) and not judge([])


# what is told


def test_someone_who_only_reads_passes_every_level() -> None:
    """Words and remarks are all that there is: read, remembered and applied, they pay."""
    for level, number in itertools.product((1, 3, 5), range(3)):
        env = LabEnv(length=120, questions=None)
        assert Reader().plays(env, f"lab-day/test/{level}/{number * DAYS}") == 1.0


def test_five_questions_are_enough_for_who_asks_well() -> None:
    passed = [Reader().plays(LabEnv(), f"lab-day/test/2/{number * DAYS}") for number in range(6)]
    assert np.mean(passed) >= 0.8
    alone = [Reader().plays(LabEnv(feedback="none"), f"lab-day/test/2/{number * DAYS}") for number in range(6)]
    assert np.mean(alone) <= 0.5


class Reader:
    """Knows cells, and of the lab what it has read: traits that are counted or not, and the least size."""

    def __init__(self) -> None:
        self.rules: dict[str, bool] = {}
        self.least = 0.0

    def plays(self, env: LabEnv, task: str) -> float:
        text, info = env.reset(options={"task": task})
        over, reward = False, 0.0
        while not over:
            counts, traits, size = read_words(text.split("In view: ")[1])
            unknown = [name for name in traits if name not in self.rules]
            if counts and unknown and info["questions_left"] > 0:
                action = "ask does this one count, and why?"
            else:
                out = any(not self.rules.get(name, True) for name in traits)
                action = "label yes" if counts and not out and size >= self.least else "label no"
            text, reward, over, _, info = env.step(action)
            if said := re.search(r"Senior: .*", text):
                self.learn(said[0])
        return reward

    def learn(self, said: str) -> None:
        for atom in read_remark(said):
            if atom.about in TRAITS:
                self.rules[atom.about] = atom.kind[1] == "p"
            elif atom.about == "least" and atom.kind[0] == "f":
                self.least = atom.least


def test_the_senior_says_whether_the_answer_was_right(env: LabEnv) -> None:
    wrong = [0, 3, 4, 9, 12]
    for place, step in enumerate(play(env, oracle(20, wrong=wrong))[1:17]):
        assert re.match(r"Senior: (Wrong|Not so): " if place in wrong else r"Senior: (Right: |Well seen, )", step[0])


def test_label_feedback_is_the_bare_label() -> None:
    steps = play(LabEnv(length=20, feedback="label", questions=None), oracle(20, wrong=[1, 3, 5]))
    for line, step in zip(oracle(20)[:16], steps[1:], strict=False):
        label = line.removeprefix("label ")
        assert step[0].splitlines()[0] == f"Label: {label}." and step[4]["feedback"] == f"r:{label}"
    bits = [step[4]["feedback_bits"] for step in steps[1:]]
    assert max(bits[:16]) > 0.5 and not any(bits[16:])


def test_the_exam_comes_without_a_word_and_without_the_senior(env: LabEnv) -> None:
    right = oracle(20)
    steps = play(env, right)
    shape = re.compile(r"In view: [^\n]+\n\[thing (\d+) of 20, step \d+ of 104\]\Z")
    for number, (text, _, over, _, info) in enumerate(steps[1:], 1):
        said = text.startswith("Senior: ")
        assert said == (info["feedback"] != "") == (number <= 16)
        if not over:
            found = shape.search(text)
            assert found and int(found[1]) == number + 1
    play(env, right[:16])
    text, _, over, _, info = env.step("ask is this one a macrophage?")
    assert text.startswith(senior.NOBODY) and not over and info["asked"] == 0 and info["cell"] == 16
    assert not [word for word in ("exam", "test", "phase") if word in str([steps[0], *steps[1:-1]]).lower()]


def test_questions_are_counted_and_the_day_goes_on_when_they_are_used_up() -> None:
    env = LabEnv(length=20, questions=2)
    steps = play(env, ["ask", "ASK what is it?", "ask once more", "label yes", "ask and this?"])[1:]
    assert [step[4]["questions_left"] for step in steps] == [1, 0, 0, 0, 0]
    assert [step[4]["asked"] for step in steps] == [1, 2, 2, 2, 2]
    assert [step[4]["feedback"] != "" for step in steps] == [True, True, False, False, False]
    assert steps[2][0].startswith(senior.NO_MORE) and [step[4]["cell"] for step in steps] == [0, 0, 0, 1, 1]
    assert "0 questions left" in steps[-1][0]
    assert play(LabEnv(length=20, feedback="none"), ["ask"])[1][0].startswith(senior.NOBODY)
    assert play(LabEnv(length=20, questions=0), ["ask"])[1][0].startswith(senior.NO_MORE)


def test_without_feedback_nothing_that_is_shown_depends_on_the_convention(monkeypatch: pytest.MonkeyPatch) -> None:
    actions = ["ask", *["label yes", "label no"] * 7]
    silent, told = LabEnv(length=20, feedback="none", view="both"), LabEnv(length=20, feedback="label", questions=None)
    before = [play(env, actions) for env in (silent, told)]
    opposite = tuple(not out for out in find_lab("train", 7, 4).convention.left_out[:5])
    monkeypatch.setattr(Lab, "convention", Convention((*opposite, False), 12.5))
    # past the caches, which hold the lab as it is
    monkeypatch.setattr(work, "day_of_seed", lambda *day: find_day.__wrapped__(Lab(day[0], 7, day[1]), 3, day[3]))
    after = [play(env, actions) for env in (silent, told)]
    assert data_equivalence(before[0], after[0], exact=True)
    assert not data_equivalence(before[1], after[1])


def test_the_protocol_hangs_there_only_when_it_is_asked_for() -> None:
    with_it, without = (LabEnv(protocol=wanted).reset(options={"task": DAY})[0] for wanted in (True, False))
    assert "protocol" in with_it and "protocol" not in without
    assert with_it.split("The protocol")[0] == without.split("In view")[0]


def test_observations_never_name_what_a_thing_is(env: LabEnv) -> None:
    steps = play(env, ["label yes"] * 20)
    shown = " ".join(line for step in steps for line in step[0].splitlines() if line.startswith("In view"))
    assert not [name for name in KINDS if re.search(rf"\b{name}", shown)]
    known = {"task", "family", "level", "step", "lab", "cell", "asked", "questions_left", "feedback", "feedback_bits"}
    for info in (steps[0][1], *(step[4] for step in steps[1:-1])):
        assert set(info) == known | {"valid"}
        assert all(type(value) in (int, float, bool, str) for value in info.values())


# actions


@pytest.mark.parametrize(
    "action",
    [
        "", " ", "label", "label maybe", "label yes no", "label yes\nlabel no", "yes", "macrophages", "\0",
        "x" * 100_000, "label yes" + " " * 70 + "label no", "submit" + " " * 70 + "it", "submit it",
        "asking", "not", "λ", "notes", "/note",
    ],
)  # fmt: skip
def test_what_is_not_understood_says_what_is_expected_and_the_day_goes_on(env: LabEnv, action: str) -> None:
    text, reward, terminated, truncated, info = play(env, [action])[1]
    assert text.startswith("[not understood; expected is one of `label yes`, `label no`, `ask <question>`")
    assert (reward, terminated, truncated, info["cell"], info["step"]) == (0.0, False, False, 0, 1)


@pytest.mark.parametrize(
    ("action", "said"),
    [("label yes", YES), (" Label  YES ", YES), ("macrophage", YES), ("label no\n", NO), ("Not a macrophage", NO)],
)
def test_ways_to_answer(action: str, said: int) -> None:
    one = next(number for number in range(20) if oracle(1, f"lab-day/train/1/{number}") == ["label yes"])
    last = play(LabEnv(length=1), [action], f"lab-day/train/1/{one}")[-1]
    assert last[1] == float(said == YES)


def test_notes_cost_a_step_and_leave_the_cell_in_view(env: LabEnv) -> None:
    before, noted = play(env, ["note giants count\nhere"])
    assert noted[0].startswith("[noted]\n") and before[0].split("In view: ")[1].split("\n")[0] in noted[0]
    assert (noted[4]["cell"], noted[4]["step"]) == (0, 1)


@given(
    st.lists(st.text(max_size=30) | st.sampled_from(["label yes", "label no", "ask ", "note ", "submit"]), max_size=30)
)
@settings(max_examples=40)
def test_no_message_breaks_a_day(messages: list[str]) -> None:
    env = LabEnv(length=5, questions=1)
    steps = play(env, messages)
    for text, reward, *_ in steps[1:]:
        assert env.observation_space.contains(text) and reward in (0.0, 1.0)


# pictures


def test_pictures_are_those_of_the_cell_in_view_and_nothing_else() -> None:
    env = LabEnv(**VISION)
    steps = play(env, ["ask", "label yes", "note x", "label no", *["label no"] * 4])
    assert isinstance(env.task, Task) and isinstance(env.task.verifier, ExamVerifier)
    day = env.task.verifier.source.work.day  # type: ignore[union-attr]
    expected = images(day.lab, day.cells)
    for observation, *_, info in steps[:-1]:
        assert env.observation_space.contains(observation)
        assert np.array_equal(observation["image"], expected[info["cell"]])
    assert not steps[-1][0]["image"].any()
    words = play(LabEnv(**{**VISION, "view": "words"}), ["ask", "label yes"])
    assert [step[0]["text"] for step in steps[:3]] == [step[0] for step in words]
    blind = play(LabEnv(**{**VISION, "view": "pixels"}), ["label yes"])
    assert "In view" not in str([step[0]["text"] for step in blind]) and blind[1][0]["text"].startswith("Senior: ")


def test_the_checker_passes_with_pictures() -> None:
    with gym.make(ID, length=2, view="both") as env:
        check_env(env.unwrapped, skip_render_check=True)


# the same again, branches, many at once


def test_the_same_day_is_the_same_everywhere_and_seeds_draw_days() -> None:
    actions = ["label yes", "ask", "label no", "ask"]
    one, again = (play(LabEnv(**VISION), actions) for _ in range(2))
    assert data_equivalence(one, again, exact=True)
    env = LabEnv(length=2, levels=(2, 5), split="test")
    drawn = [env.reset(seed=seed)[1]["task"] for seed in range(8)]
    assert len(set(drawn)) == 8 and {task.split("/")[2] for task in drawn} == {"2", "5"}
    assert drawn == [env.reset(seed=seed)[1]["task"] for seed in range(8)]


def test_branches_are_the_same_and_leave_each_other_alone() -> None:
    env, right = LabEnv(**{**VISION, "length": 10, "questions": 2}), oracle(10)
    play(env, [*right[:4], "ask"])
    state = env.save_state()
    rest = right[4:]
    first = [env.step(action) for action in rest]
    assert first[-1][1] == 1.0
    env.restore_state(state)
    assert [env.step("label yes" if line == "label no" else "label no")[1] for line in rest][-1] == 0.0
    other = LabEnv(**{**VISION, "length": 10, "questions": 2})
    observation, info = other.restore_state(state)
    assert info["asked"] == 1 and info["cell"] == 4 and observation["image"].any()
    assert data_equivalence([other.step(action) for action in rest], first, exact=True)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_vectors_agree_step_by_step(mode: AutoresetMode) -> None:
    arguments: dict[str, Any] = {"length": 3, "questions": None, "view": "both", "tasks": ["lab-day/train/3/0-4"]}
    actions = [("label yes", "label no"), ("ask", "label no"), ("label no", "label yes"), ("submit", "note x")] * 2
    makers = [lambda: gym.make(ID, **arguments).unwrapped] * 2
    played = []
    for envs in (
        LabVectorEnv(2, autoreset_mode=mode, **arguments),
        SyncVectorEnv(makers, autoreset_mode=mode),
        AsyncVectorEnv(makers, shared_memory=False, autoreset_mode=mode),
    ):
        played.append([envs.reset(seed=5), *[envs.step(pair) for pair in actions]])
        envs.close()
    assert data_equivalence(played[0], played[1]) and data_equivalence(played[0], played[2])
    with contextlib.closing(gym.make_vec(ID, 2, **arguments)) as made:
        assert isinstance(made, LabVectorEnv)


# recurring labs, contexts and records


def test_a_stream_names_days_of_labs_that_recur() -> None:
    ids = lab_stream("ABACB", split="test", level=3, first=4)
    assert [int(task.rpartition("/")[2]) for task in ids] == [
        4 * DAYS, 5 * DAYS, 4 * DAYS + 1, 6 * DAYS, 5 * DAYS + 1,
    ]  # fmt: skip
    env = LabEnv(length=1)
    assert [env.reset(options={"task": task})[1]["lab"] for task in ids] == [f"test/3/{n}" for n in (4, 5, 4, 6, 5)]
    for visits in ("", "aB", "A B", 5):
        with pytest.raises(OptionError, match="visits="):
            lab_stream(visits)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=str(MOST_LABS)):
        lab_stream("AB", first=MOST_LABS - 1)


def test_a_notebook_keeps_what_was_learned_of_a_lab_for_that_lab_alone() -> None:
    env = ContextBudget(
        gym.make(ID, **SMALL), budget=6000, reserve=200, notes_budget=300, mode="notebook", notebook=Notebook()
    )
    seen = []
    for task in lab_stream("ABACB", level=3):
        env.reset(seed=1, options={"task": task})
        assert env.notebook
        seen.append([env.notebook.read(file.path) for file in env.notebook.listing()])
        env.step(f"/note append lab/rules.md\n{task} ")
    ids = lab_stream("ABACB", level=3)
    assert seen == [[], [], [f"{ids[0]} "], [], [f"{ids[1]} "]]


def test_a_context_shows_the_text_of_a_day_with_pictures_and_cuts_it(tmp_path: Path) -> None:
    report = rollout(
        ID, "oracle", 1, seed=3, out=tmp_path, env_kwargs=VISION | {"length": 12}, tasks=[DAY],
        context={"budget": 4600, "reserve": 64, "notes_budget": 64}, progress=False,
    )  # fmt: skip
    assert report.score.passed == 1
    record = next(iter(read_records(tmp_path)))
    assert record.costs.compactions >= 1 and "array(" not in str(record.segments)
    assert "In view: " in str(record.segments)
    assert not replay(record)
