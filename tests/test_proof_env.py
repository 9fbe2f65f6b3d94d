"""The proof environment: a prover that answers, rules that hold, and a fresh prover that has the last word."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from backends import needs_coq

from selftrain.agents.rollout import rollout
from selftrain.envs.context import ContextBudget
from selftrain.envs.proof import prove
from selftrain.envs.theorems.env import ProofEnv
from selftrain.envs.theorems.families import theorem_families
from selftrain.envs.theorems.tasks import proof_family, statement_task
from selftrain.envs.theorems.theorem import Statement
from selftrain.errors import MissingToolError, OptionError, TaskError, UnknownNameError
from selftrain.sandboxes import make_backend
from selftrain.tasks import Task

pytestmark = needs_coq

ID = "selftrain:SelfTrain-Proof-v0"
TASK = statement_task(
    Statement("forall P Q : Prop, P /\\ Q -> Q /\\ P", name="swap"),
    proof="intros P Q [p q]. split; assumption.",
    informal="Conjunction commutes.",
    name="swap/given/1/0",
)


@pytest.fixture(scope="module")
def env() -> Iterator[ProofEnv]:
    env = ProofEnv()
    yield env
    env.close()


def play(env: ProofEnv, *actions: str, task: Task = TASK) -> list[Any]:
    env.reset(seed=0, options={"task": task})
    return [env.step(action) for action in actions]


def test_the_opening_shows_theorem_rules_and_goal(env: ProofEnv) -> None:
    opening, info = env.reset(options={"task": TASK})
    assert "Conjunction commutes." in opening and "Theorem swap :" in opening
    assert "Q /\\ P" in opening and "[0 sentences in the proof, step 0 of 64]" in opening
    assert info["prover"] == "coq" and info["sentences"] == 0
    assert "assumption" not in opening.replace("`assert`", "")


def test_scripts_go_on_from_where_the_proof_is(env: ProofEnv) -> None:
    first, wrong, last = play(env, "intros P Q [p q].", "split. exact q. exact q.", "exact p.")
    assert "p : P" in first[0] and first[4]["accepted"] == 1 and not first[4]["error"]
    assert wrong[4]["error"] and wrong[4]["accepted"] == 2 and wrong[4]["sentences"] == 3
    assert 'has type "Q" while it is expected to have type "P"' in " ".join(wrong[0].split())
    assert last[1:4] == (1.0, True, False) and last[4]["verdict"] == "pass"


def test_a_whole_proof_in_a_fenced_block_begins_again(env: ProofEnv) -> None:
    message = (
        "First I thought of auto.\n```coq\nProof.\n  intros P Q H. destruct H as [p q]. split; assumption.\nQed.\n```"
    )
    first, last = play(env, "intros A B H.", message)
    assert first[4]["sentences"] == 1 and last[1:3] == (1.0, True)


def test_sentences_are_taken_back(env: ProofEnv) -> None:
    outcomes = play(env, "intros P Q. intros [p q].", "undo", "goals", "undo 7", "intros A B [a b].", "restart")
    assert [outcome[4]["sentences"] for outcome in outcomes] == [2, 1, 1, 0, 1, 0]
    assert "P /\\ Q -> Q /\\ P" in outcomes[2][0] and "forall P Q" in outcomes[-1][0]
    assert env.step("intros P Q [p q]. split; assumption.")[1] == 1.0


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("", "the message is empty"),
        ("\0", "U+0000"),
        ("x" * 65_537, "at most 65536"),
        ("Axiom a : False.", "not admitted"),
        ("admit.", "not admitted"),
        ("Proof. Abort. Theorem t : True. exact I. Qed.", "not admitted"),
        ("Lemma l : True. Proof. exact I. Qed.", "not admitted"),
        ("intros P Q", "not admitted"),
        ("```python\nintros.\n```", "no tactics; a fenced block is coq's"),
        ("Qed.", "no tactics"),
        ("please prove it", "not admitted"),
        ("apply nothing_like_this.", "nothing_like_this"),
    ],
)
def test_what_is_no_script_is_told_and_the_episode_goes_on(env: ProofEnv, message: str, says: str) -> None:
    (wrong,) = play(env, message)
    assert says in wrong[0] and wrong[1:4] == (0.0, False, False)
    assert wrong[4]["error"] and wrong[4]["sentences"] == 0
    assert env.step("intros P Q [p q]. split; assumption.")[1] == 1.0


def test_questions_are_answered_and_change_nothing(env: ProofEnv) -> None:
    outcomes = play(env, "intros P Q [p q].", "Search (_ /\\ _ -> _).", "Check and_comm. About conj.", "Check nothing.")
    assert "and_comm" in outcomes[2][0] and "proj1" in outcomes[1][0] and "was not found" in outcomes[3][0]
    assert [outcome[4]["sentences"] for outcome in outcomes] == [1, 1, 1, 1]
    assert [outcome[4]["error"] for outcome in outcomes] == [False, False, False, True]
    assert "and_comm" in env.step('Search "and_comm".')[0] and "sumbool" in env.step('Locate "+".')[0]
    assert env.step("split; assumption.")[1] == 1.0


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ('Print Universes "/tmp/out".', "Print takes no strings"),
        ("Check and_comm. Axiom a : False.", "in a message of their own"),
        ("Check and_comm", "each with its full stop"),
        ("Check and_comm. (* no end", "each with its full stop"),
        ("Check and_comm.\u00a0Axiom a : False.", "rror"),
        ("Check and_comm.\u2003exact a.", "rror"),
    ],
)
def test_a_question_is_no_way_to_a_command(env: ProofEnv, message: str, says: str) -> None:
    outcomes = play(env, message, "Check a.", "goals")
    assert says in outcomes[0][0] and outcomes[0][4]["error"]
    assert "a was not found" in outcomes[1][0] and "forall P Q" in outcomes[2][0]


def test_the_opening_names_the_questions(env: ProofEnv) -> None:
    assert "`Search`, `Check`, `About`, `Print` and `Locate`" in env.reset(options={"task": TASK})[0]


def test_an_unfinished_proof_pays_nothing(env: ProofEnv) -> None:
    assert play(env, "submit")[0][1:3] == (0.0, True)
    assert play(env, "intros P Q [p q].", "submit")[1][1:3] == (0.0, True)


def test_limits_truncate_and_the_proof_is_judged() -> None:
    env = ProofEnv(max_steps=2)
    outcomes = play(env, "intros P Q [p q].", "split. exact q.")
    assert outcomes[-1][1:4] == (0.0, False, True) and outcomes[-1][4]["truncation"] == "steps"
    assert outcomes[-1][4]["verdict"] == "fail"
    env.close()


def test_a_saved_episode_is_a_branch_point(env: ProofEnv) -> None:
    play(env, "intros P Q [p q].", "split.")
    state = env.save_state()
    assert env.step("submit")[1] == 0.0
    for _ in range(2):
        observation, info = env.restore_state(state)
        assert "[2 sentences in the proof, step 2 of 64]" in observation and info["sentences"] == 2
        assert env.step("exact q. exact p.")[1:3] == (1.0, True)


def test_endless_tactics_are_stopped(env: ProofEnv) -> None:
    slow = statement_task(Statement("True"), name="slow/given/1/0")
    object.__setattr__(slow, "limits", slow.limits.__class__(steps=9, command_seconds=1.0))
    stopped, last = play(env, "repeat (assert True by exact I).", "exact I.", task=slow)
    assert stopped[4]["error"] and stopped[1:4] == (0.0, False, False)
    assert last[1] == 1.0


@pytest.mark.parametrize("name", sorted(theorem_families())[::10])
def test_families_are_proven_as_tasks(name: str) -> None:
    proof = prove(proof_family(name).task(0, 2), make_backend("auto"), repetitions=1)
    assert proof.faults == []


def test_the_oracle_scores_one_and_the_nop_agent_zero(tmp_path: Path) -> None:
    for agent, passed in {"oracle": 2, "nop": 0}.items():
        task = f"{next(iter(theorem_families()))}/test/1/0"
        score = rollout(ID, agent, 2, tasks=[task], out=tmp_path / agent, progress=False).score
        assert (score.passed, score.valid) == (passed, 2)


def test_it_works_under_a_context_budget() -> None:
    wrapped = ContextBudget(gym.make(ID), budget=3000, reserve=300, notes_budget=300)
    observation, info = wrapped.reset(seed=0, options={"task": TASK})
    over, reward = False, 0.0
    while not over:
        action = "goals" if info["env_steps"] < 20 else "intros P Q [p q]. split; assumption."
        observation, reward, terminated, truncated, info = wrapped.step(
            "nothing is proven yet" if observation["phase"] else action
        )
        over = terminated or truncated
    assert reward == 1.0 and info["compactions"] >= 1
    wrapped.close()


def test_a_statement_of_one_s_own_from_a_file(env: ProofEnv, tmp_path: Path) -> None:
    path = tmp_path / "double.v"
    path.write_text(
        "Require Import Arith.\n(* twice *)\nDefinition double (n : nat) := n + n.\n\n"
        "Theorem double_even : forall n, Nat.even (double n) = true.\n"
    )
    opening, _ = env.reset(options={"task": str(path)})
    assert "Definition double" in opening and "Theorem double_even" in opening
    script = "intro n. unfold double. rewrite Nat.even_add. destruct (Nat.even n); reflexivity."
    assert env.step(script)[1:3] == (1.0, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Theorem t : forall n, n + = n.", "t.v|Syntax|syntax"),
        ("Definition a := 1.", "t.v"),
        ("Section s.\nVariable n : nat.\nTheorem t : n = n.", "Section or Module open"),
    ],
)
def test_a_statement_that_is_none_is_a_fault_of_the_task(env: ProofEnv, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "t.v"
    path.write_text(text)
    with pytest.raises(TaskError, match=says):
        env.reset(options={"task": str(path)})


def test_a_machine_without_coq_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    task = statement_task(Statement("True"), name="t/given/1/0")
    object.__setattr__(task, "tools", ("coqc-that-is-not-there",))
    env = ProofEnv()
    with pytest.raises(MissingToolError, match="apt-get install"):
        env.reset(options={"task": task})
    env.close()


@pytest.mark.skipif(shutil.which("lean") is not None, reason="this machine has a Lean")
def test_a_machine_without_lean_is_not_told_of_a_package(env: ProofEnv, tmp_path: Path) -> None:
    path = tmp_path / "t.lean"
    path.write_text("theorem t : 1 = 1 := by\n  sorry\n")
    with pytest.raises(MissingToolError, match="unpack a release of Lean 4"):
        env.reset(options={"task": str(path)})


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"observation_bytes": 1}, OptionError, "observation_bytes=1"),
        ({"families": ["divisor-counts"]}, OptionError, "played by SelfTrain-Math-v0"),
        ({"families": ["nothing"]}, UnknownNameError, "nothing"),
    ],
)
def test_arguments_that_make_no_sense_say_so(arguments: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        ProofEnv(**arguments)
