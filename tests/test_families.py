"""Every terminal family, held to the contract: pure, disjoint over splits, and proven by oracle, nop and cheats."""

from __future__ import annotations

import pytest
from backends import backend_or_skip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selftrain.envs.families import ALL_NAMES, LAB_NAMES, LONG_NAMES, MENU_NAMES, NAMES, terminal_family
from selftrain.envs.proof import prove
from selftrain.errors import OptionError, SelfTrainError, TaskError, UnknownNameError
from selftrain.sandboxes import backend_names
from selftrain.tasks import LEVELS, SPLITS, Task, expand_task_ids, parse_task_id

# the other levels of the long families are left to `selftrain verify`: they take minutes
PROVEN = [(name, level) for name in (*NAMES, *MENU_NAMES) for level in LEVELS]
PROVEN += [(name, 1) for name in (*LONG_NAMES, *LAB_NAMES)]


@pytest.mark.parametrize(("name", "level"), PROVEN)
def test_oracle_is_paid_and_nop_and_cheats_are_not(name: str, level: int) -> None:
    task = terminal_family(name).task(seed=level, level=level)
    # the same each time is shown at three levels of five; `selftrain verify` plays all twice
    proof = prove(task, backend_or_skip("bubblewrap"), repetitions=1 + level % 2)
    assert proof.faults == []


@pytest.mark.parametrize("name", ALL_NAMES)
def test_both_backends_give_the_same_verdicts(name: str) -> None:
    task = terminal_family(name).task(seed=7, level=1 if name in LONG_NAMES else 2, split="dev")
    verdicts = {}
    for backend in backend_names():
        proof = prove(task, backend_or_skip(backend), repetitions=1)
        assert proof.faults == []
        verdicts[backend] = [(play.agent, play.verdicts) for play in proof.plays]
    assert verdicts["bubblewrap"] == verdicts["docker"]


@pytest.mark.parametrize("name", [name for name in ALL_NAMES if name not in LAB_NAMES])  # those in test_lab_bench.py
@given(seed=st.integers(0, 2**40), level=st.sampled_from(LEVELS), split=st.sampled_from(sorted(SPLITS)))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_family_is_a_pure_function(name: str, seed: int, level: int, split: str) -> None:
    family = terminal_family(name)
    task = family.task(seed, level, split)
    assert task.fingerprint() == family.task(seed, level, split).fingerprint()
    assert parse_task_id(task.id) == (name, split, level, seed)


@pytest.mark.parametrize("name", ALL_NAMES)
def test_seeds_and_splits_give_different_tasks(name: str) -> None:
    family = terminal_family(name)
    seeds = range(2 if name in LAB_NAMES else 8)  # pictures take seconds
    tasks = [family.task(seed, 3, split) for split in SPLITS for seed in seeds]
    seen = {(task.instruction, tuple(sorted(task.files.items())), task.setup, repr(task.setup_files)) for task in tasks}
    assert len(seen) == len(tasks)


@pytest.mark.parametrize("name", ALL_NAMES)
def test_a_family_says_what_it_is(name: str) -> None:
    family = terminal_family(name)
    assert family.name == name and family.summary and family.skills and 0.0 <= family.chance < 0.05
    for level in LEVELS:
        task = family.task(0, level)
        assert task.oracle and len(task.cheats) >= 3 and task.verifier.exports
        assert all(path in task.instruction or "/workspace" in path for path in task.verifier.exports)
        assert hidden_words(task) == []


def hidden_words(task: Task) -> list[str]:
    """Traces of the generator that an agent could use: task ids and the package's own name."""
    seen = "\n".join([task.instruction, *task.files, *(data.decode("latin-1") for data in task.files.values())])
    return [word for word in (task.id, "selftrain", "oracle") if word in seen.lower()]


def test_unknown_names_list_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="log-forensics"):
        terminal_family("log-forensic")
    with pytest.raises(UnknownNameError, match="train"):
        terminal_family("csv-reshape").task(0, 1, "trian")
    with pytest.raises(OptionError, match="level=6"):
        terminal_family("csv-reshape").task(0, 6)
    with pytest.raises(TaskError, match="family/split/level/seed"):
        parse_task_id("csv-reshape")


def test_selections_expand() -> None:
    assert expand_task_ids("git-*/dev/1-2/3", NAMES) == (
        "git-repair/dev/1/3",
        "git-repair/dev/2/3",
        "git-bisect/dev/1/3",
        "git-bisect/dev/2/3",
    )
    assert len(expand_task_ids("*", NAMES)) == len(NAMES) * len(LEVELS)
    assert expand_task_ids("csv-reshape/train/2/0-1", NAMES) == ("csv-reshape/train/2/0", "csv-reshape/train/2/1")


@given(st.text(max_size=30))
def test_any_selection_is_ids_or_a_clear_error(text: str) -> None:
    try:
        ids = expand_task_ids(text, NAMES)
    except SelfTrainError as error:
        assert str(error)
    else:
        assert all(parse_task_id(task_id) for task_id in ids[:100])
