"""`SelfTrain-TerminalMenu-v0` and menu-errands: what is computed about them is what happens."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

from selftrain.envs.families import menu_errands
from selftrain.envs.families.menu_errands import JOBS, LOOKS, MENU, SUBMIT, chance_of_menu, draw_errand, mean_chance
from selftrain.envs.terminal import TerminalEnv
from selftrain.errors import OptionError
from selftrain.tasks import LEVELS

TERMINAL, MENU_ID = "selftrain:SelfTrain-Terminal-v0", "selftrain:SelfTrain-TerminalMenu-v0"
TERMINAL_MENU = ("ls -A", "cat *", "pwd", "head -c 300 /workspace/*/*", "submit")


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


def test_the_window_holds_the_instruction_and_all_that_was_sent_and_shown() -> None:
    with gym.make(MENU_ID, text="bytes", window=20_000) as env, gym.make(TERMINAL) as plain:
        task = {"task": "menu-errands/dev/3/1"}
        seen, (opening, _) = env.reset(options=task)[0], plain.reset(options=task)
        # the advice on how to write commands is left out
        told = ["", env.get_wrapper_attr("task").instruction.rstrip(), opening.rpartition("\n")[2]]
        for number in (0, 4, 11):
            assert bytes(seen).lstrip(b"\0").decode() == "\n".join(told)
            seen, (shown, *_) = env.step(number)[0], plain.step(MENU[number])
            told += [MENU[number], shown]
        assert bytes(seen).lstrip(b"\0").decode() == "\n".join(told)


def test_what_is_masked_has_never_had_its_file() -> None:
    file_of = {job.command: job.needs for job in JOBS.values()} | {look: file for file, look in LOOKS.items()}
    masked = 0
    with gym.make(MENU_ID) as env:
        for seed in range(5):
            env.reset(seed=seed)
            files = {path.rpartition("/")[2] for path in env.get_wrapper_attr("task").files}
            offered = [command == SUBMIT or file_of[command] in files for command in MENU]
            assert env.get_wrapper_attr("action_masks")().tolist() == offered
            masked += offered.count(False)
    assert masked
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


# the example


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
