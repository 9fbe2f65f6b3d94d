"""Packs of others' tasks: what is read, found, locked and played, and what a broken one is told."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from selftrain.agents.base import make_agent
from selftrain.agents.rollout import run_episode
from selftrain.envs import selection
from selftrain.envs.packs import registering
from selftrain.envs.packs.finding import VARIABLE, add_folder, find_pack, find_packs, pack_names
from selftrain.envs.packs.locking import lock_hash, lock_state, write_lock
from selftrain.envs.packs.manifest import Pack, read_pack
from selftrain.envs.packs.registering import register_ids
from selftrain.envs.packs.starting import start_pack
from selftrain.envs.packs.tasksets import broken_tasks, expand_pack_selection, pack_taskset
from selftrain.envs.proof import prove, prove_all
from selftrain.envs.selection import Unloadable, expand_selection, select_each, select_tasks
from selftrain.errors import OptionError, SelfTrainError, TaskError, UnknownNameError
from selftrain.sandboxes import make_backend
from selftrain.tasks import Task

TERMINAL = "selftrain:SelfTrain-Terminal-v0"
ID = "acme/sort-names"
FAMILY = """
from selftrain.envs.checks import text_check
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Task, TaskFamily


def build(rng, level):
    number = str(rng.integers(10**level))
    judge = lambda evidence: [text_check(evidence, "/workspace/out.txt", number)]
    return Task(f"Write {number} to /workspace/out.txt.", EvidenceVerifier(("/workspace/out.txt",), judge))


def faulty(rng, level):
    raise RuntimeError("no luck")


def leaves(rng, level):
    raise SystemExit(0)


def judged_by_one_who_leaves(rng, level):
    def judge(evidence):
        raise SystemExit(0)

    return Task("Do it.", EvidenceVerifier(("/workspace/out.txt",), judge))


FAMILY = TaskFamily("other", "Write a number.", (), 0.0, build)
NUMBER = 3
"""


@pytest.fixture(autouse=True)
def own_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a pack imports in one test is unknown in the next."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    known, ids = set(sys.modules), set(gym.registry)
    yield
    for name in set(sys.modules) - known:
        if name.startswith("acme"):
            del sys.modules[name]
    for env_id in set(gym.registry) - ids:
        del gym.registry[env_id]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a pack that is found by its name."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "acme"))
    return start_pack("acme", tmp_path).folder


def pack_task(task_id: str) -> Task:
    (task,) = select_tasks([task_id])
    return task


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def with_family(acme: Path, value: str = "acme_numbers:FAMILY") -> Path:
    """Give the pack a family in Python."""
    (acme / "acme_numbers.py").write_text(FAMILY)
    with (acme / "pack.toml").open("a") as manifest:
        manifest.write(f'\n[families]\nnumbers = "{value}"\n')
    return acme


# played


def test_a_new_pack_is_proven_as_it_stands(acme: Path) -> None:
    for task in select_tasks(["acme/*"]):
        assert {"write-the-verdict", "link-to-the-answer"} <= set(task.cheats)
        assert prove(task, make_backend(), repetitions=1).faults == []


def test_gym_make_plays_a_split(acme: Path) -> None:
    with gym.make(TERMINAL, pack="acme", split="test") as env:
        first, info = env.reset(seed=3)
        assert info["task"] == "acme/count-errors" and info["family"] == "acme" and "server.log" in first
        assert env.reset(seed=3) == (first, info)
        task = env.get_wrapper_attr("task")
        assert (task.split, task.metadata["pack"]) == ("test", {"name": "acme", "version": "0.1.0", "lock": ""})
        for command in task.oracle:
            env.step(command)
        assert env.step("submit")[1:3] == (1.0, True)


@pytest.mark.parametrize("item", ["acme/sort-names", "acme/sort-*"])
def test_an_environment_takes_the_ids(acme: Path, item: str) -> None:
    with gym.make(TERMINAL, tasks=[item]) as env:
        assert env.reset(seed=0)[1]["task"] == ID
        assert env.reset(options={"task": "acme/count-errors"})[1]["task"] == "acme/count-errors"


def test_a_folder_that_nobody_else_knows_will_do(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    with gym.make(TERMINAL, pack=str(acme)) as env:
        assert env.reset(seed=0)[1]["task"] == ID
        assert env.reset(options={"task": "acme/count-errors"})[1]["task"] == "acme/count-errors"
        with pytest.raises(UnknownNameError, match="count-errors"):
            env.reset(options={"task": "acme/count-erors"})


def test_an_environment_without_a_network_plays_what_asks_for_one(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(acme / "tasks" / "sort-names" / "task.toml", "no-network", "public")
    monkeypatch.setenv("SELFTRAIN_OFFLINE", "1")
    with gym.make(TERMINAL, pack="acme") as env:
        assert env.reset(seed=0)[1]["task"] == ID


def test_many_environments_play_a_pack(acme: Path) -> None:
    envs = gym.make_vec(TERMINAL, num_envs=2, vectorization_mode="vector_entry_point", pack="acme")
    _, infos = envs.reset(seed=1)
    assert list(infos["task"]) == [ID, ID]
    envs.close()


def test_a_record_holds_the_lock(acme: Path) -> None:
    write_lock(read_pack(acme))
    with gym.make(TERMINAL, pack="acme") as env:
        record = run_episode(env, make_agent("nop"), 0)
    assert record.pack == {"name": "acme", "version": "0.1.0", "lock": lock_hash(read_pack(acme))}
    assert type(record).from_line(record.to_line()).pack == record.pack and len(record.pack["lock"]) == 64


def test_selections(acme: Path) -> None:
    with_family(acme)
    assert expand_pack_selection("acme") == (ID, *(f"acme/numbers/train/{level}/0" for level in range(1, 6)))
    assert expand_pack_selection("acme/*-*") == ("acme/count-errors", ID)
    assert expand_pack_selection("acme/numbers/test/2/0-1") == ("acme/numbers/test/2/0", "acme/numbers/test/2/1")
    assert expand_selection(ID, "math") == (ID,)  # so that the environment can say whose task it is
    with pytest.raises(UnknownNameError, match="Did you mean sort-names"):
        expand_pack_selection("acme/sort-name")
    with pytest.raises(UnknownNameError, match=r"task family or pack is named 'acne'\. Did you mean acme"):
        expand_selection("acne/sort-names")
    with pytest.raises(TaskError, match="terminal task, not a math task"), gym.make("SelfTrain-Math-v0") as env:
        env.reset(options={"task": ID})


def test_a_taskset_of_a_split(acme: Path) -> None:
    tasks = pack_taskset("acme", "test")
    assert tasks.ids == ("acme/count-errors",) and [task.id for task in tasks] == list(tasks.ids)
    with pytest.raises(OptionError, match="no task in split 'dev'; it has train, test"):
        pack_taskset("acme", "dev")
    with pytest.raises(UnknownNameError, match="split"):
        pack_taskset("acme", "tset")


@pytest.mark.parametrize("more", [{"tasks": [ID]}, {"families": ["csv-reshape"]}])
def test_a_pack_says_everything(acme: Path, more: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="pack= already says"):
        gym.make(TERMINAL, pack="acme", **more)


# the manifest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "acme"', 'name = "acme', "not TOML"),
        ('name = "acme"', 'name = "Acme Tasks"', "no name for a pack"),
        ('name = "acme"', 'name = "../acme"', "no name for a pack"),
        ('name = "acme"', "name = 3", "name = 3 must be a text"),
        ('version = "0.1.0"', "", "version is missing"),
        ('version = "0.1.0"', 'version = "new one"', "must read like 1.0.0"),
        ('licence = "MIT"', 'license = "MIT"', "field license is not known"),
        ('kind = "terminal"', 'kind = "termnal"', "must be one of terminal"),
        ('kind = "terminal"', 'kind = "math"', "task folders are terminal tasks"),
        ('train = ["sort-*"]', 'train = "sort-*"', "must be a list of globs"),
        ('train = ["sort-*"]', 'train = ["/etc/*"]', "must be a glob over the names"),
        ('train = ["sort-*"]', 'train = ["../*"]', "must be a glob over the names"),
        ('train = ["sort-*"]', 'train = [".."]', "must be a glob over the names"),
        ('train = ["sort-*"]', "train = [3]", "must be a glob over the names"),
        ('train = ["sort-*"]', 'train = ["sirt-*"]', "'sirt-\\*' names no folder in tasks/; it has count-errors"),
        ('train = ["sort-*"]', 'training = ["sort-*"]', "splits.training is not known"),
        ('default = "debian:bookworm"', "default = 12", "images.default = 12 must be a text"),
        ("[images]", "[families]\nFine = 'm:f'\n[images]", "families.Fine is no name"),
        ("[images]", "[families]\nfine = '/m.py:f'\n[images]", "must read module:object"),
        ("[images]", "[ids]\nAcme = 'm:f'\n[images]", "must read like Acme-Tidy-v0"),
        ("[images]", "[ids]\nSelfTrain-Mine-v0 = 'm:f'\n[images]", "SelfTrain- is taken"),
        ("[splits]", "[[splits]]", r"\[splits\] must be a table"),
    ],
)
def test_a_broken_manifest_is_told_what_is_wrong(acme: Path, old: str, new: str, said: str) -> None:
    edit(acme / "pack.toml", old, new)
    with pytest.raises(TaskError, match=said) as told:
        read_pack(acme)
    assert str(acme / "pack.toml") in str(told.value)


def bad_bytes(acme: Path) -> None:
    (acme / "pack.toml").write_bytes(b'name = "\xff"')


def deep_toml(acme: Path) -> None:
    (acme / "pack.toml").write_text("name = " + "[" * 100_000)


def long_number(acme: Path) -> None:
    (acme / "pack.toml").write_text(f"name = {'9' * 5000}")


def long_hexadecimal_number(acme: Path) -> None:
    (acme / "pack.toml").write_text(f"name = 0x{'f' * 5000}")


def deep_keys(acme: Path) -> None:
    (acme / "pack.toml").write_text(f"name.{'a.' * 5_000}a = 1")


def no_manifest(acme: Path) -> None:
    (acme / "pack.toml").unlink()


def folder_as_manifest(acme: Path) -> None:
    (acme / "pack.toml").unlink()
    (acme / "pack.toml").mkdir()


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (bad_bytes, "pack.toml is not UTF-8"),
        (deep_toml, "pack.toml is not TOML"),
        (deep_keys, "pack.toml is not TOML"),
        (long_number, "pack.toml is not TOML: .*4300 digits"),
        (long_hexadecimal_number, "pack.toml is not TOML: .*4300 digits"),
        (no_manifest, "pack.toml is missing"),
        (folder_as_manifest, "pack.toml cannot be read"),
    ],
)
def test_a_broken_folder_is_told_what_is_wrong(acme: Path, breaks: Callable[[Path], None], said: str) -> None:
    breaks(acme)
    with pytest.raises(TaskError, match=said):
        read_pack(acme)


def no_task_file(acme: Path) -> str:
    (acme / "tasks" / "count-errors" / "task.toml").unlink()
    return "count-errors"


def linked_task(acme: Path) -> str:
    (acme / "tasks" / "sort-more").symlink_to(acme / "tasks" / "sort-names")
    return "sort-more"


def odd_name(acme: Path) -> str:
    (acme / "tasks" / "count-errors").rename(acme / "tasks" / "count it;rm")
    edit(acme / "pack.toml", '["count-*"]', '["count*"]')
    return "count it;rm"


def twins(acme: Path) -> str:
    shutil.copytree(acme / "tasks" / "count-errors", acme / "tasks" / "count-errorS")
    return "count-errors"


def homeless(acme: Path) -> str:
    edit(acme / "pack.toml", 'test = ["count-*"]', "")
    return "count-errors"


def two_splits(acme: Path) -> str:
    edit(acme / "pack.toml", 'test = ["count-*"]', 'test = ["count-*"]\ndev = ["c*"]')
    return "count-errors"


def named_as_a_family(acme: Path) -> str:
    edit(acme / "pack.toml", "[images]", "[families]\ncount-errors = 'm:f'\n[images]")
    return "count-errors"


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (no_task_file, "count-errors/task.toml is missing"),
        (linked_task, "sort-more is a link"),
        (odd_name, "no name for a task"),
        (twins, "differ in case only, count-errorS and count-errors"),
        (homeless, "count-errors is in no split"),
        (two_splits, "count-errors is in two splits, test and dev"),
        (named_as_a_family, "'count-errors' is a family and a task folder"),
    ],
)
def test_a_folder_that_can_be_no_task_is_named_and_stops_no_other(
    acme: Path, breaks: Callable[[Path], str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = breaks(acme)
    pack = read_pack(acme)
    assert list(pack.broken) == [name] and said in pack.broken[name] and name not in pack.tasks
    with pytest.raises(TaskError, match=re.escape(said)):
        select_tasks([f"acme/{name}"])
    assert any(line.startswith(f"acme/{name}: ") and said in line for line in broken_tasks(pack))
    if name not in pack.families:
        with gym.make(TERMINAL, pack="acme") as env:
            assert said in caplog.text and env.reset(seed=0)[1]["task"] == ID


def test_a_locked_pack_that_lost_a_task_is_refused(acme: Path) -> None:
    write_lock(read_pack(acme))
    no_task_file(acme)
    with pytest.raises(TaskError, match=r"not as it was locked: .*count-errors/task.toml is missing"):
        gym.make(TERMINAL, pack="acme")
    assert pack_task(ID).id == ID
    shutil.rmtree(acme / "tasks" / "count-errors")
    (acme / "tasks" / "count-more").mkdir()
    with pytest.raises(TaskError, match=r"task count-errors is gone since pack\.lock was made"):
        gym.make(TERMINAL, pack="acme")


def test_one_broken_task_stops_no_other(acme: Path) -> None:
    (acme / "tasks" / "count-errors" / "tests" / "test.sh").unlink()
    assert [line.partition(":")[0] for line in broken_tasks(read_pack(acme))] == ["acme/count-errors"]
    assert pack_task(ID).id == ID


# the lock


def test_what_is_locked_is_played_as_it_was(acme: Path) -> None:
    write_lock(read_pack(acme))
    before = pack_task(ID)
    (acme / "tasks" / "sort-names" / "tests" / "__pycache__").mkdir()  # as an installation leaves them
    (acme / "tasks" / "sort-names" / "tests" / "__pycache__" / "x.pyc").touch()
    (acme / "tasks" / "sort-names" / "tests" / "test.sh").chmod(0o600)
    (acme / "README.md").write_text("Other words.")
    assert lock_state(read_pack(acme)) == "locked"
    assert pack_task(ID).metadata["pack"]["lock"] == lock_hash(read_pack(acme))
    assert pack_task(ID).verifier == before.verifier  # so that nothing that is not locked is played


def other_bytes(task: Path) -> None:
    edit(task / "tests" / "expected.txt", "Ada", "Eva")


def other_mode(task: Path) -> None:
    (task / "tests" / "test.sh").chmod(0o755)


def new_file(task: Path) -> None:
    (task / "tests" / "more.sh").touch()


def gone_file(task: Path) -> None:
    (task / "solution" / "solve.sh").unlink()


def file_as_link(task: Path) -> None:
    (task / "tests" / "expected.txt").unlink()
    (task / "tests" / "expected.txt").symlink_to("../instruction.md")


def link_out(task: Path) -> None:
    (task / "tests" / "expected.txt").unlink()
    (task / "tests" / "expected.txt").symlink_to("../../../pack.toml")


def pipe(task: Path) -> None:
    os.mkfifo(task / "tests" / "pipe")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_bytes, "tests/expected.txt changed"),
        (other_mode, "tests/test.sh changed"),
        (new_file, "tests/more.sh is new"),
        (gone_file, "solution/solve.sh is gone"),
        (file_as_link, "tests/expected.txt changed"),
        (link_out, "tests/expected.txt is a link out of"),
        (pipe, "tests/pipe is neither file nor folder"),
        (lambda task: edit(task.parents[1] / "pack.toml", "0.1.0", "0.1.1"), "pack.toml changed"),
    ],
)
def test_a_changed_task_is_refused(acme: Path, change: Callable[[Path], None], said: str) -> None:
    write_lock(read_pack(acme))
    with gym.make(TERMINAL, pack="acme") as env:
        env.reset(seed=0)
        change(acme / "tasks" / "sort-names")
        with pytest.raises(TaskError, match=said):
            env.reset(seed=0)
    with pytest.raises(TaskError, match=said):
        pack_task(ID)


def test_an_environment_keeps_to_the_lock_that_it_began_with(acme: Path) -> None:
    write_lock(read_pack(acme))
    with gym.make(TERMINAL, pack="acme") as env:
        env.reset(seed=0)
        other_bytes(acme / "tasks" / "sort-names")
        write_lock(read_pack(acme))
        with pytest.raises(TaskError, match=r"tests/expected.txt changed"):
            env.reset(seed=0)
    assert pack_task(ID).metadata["pack"]["lock"] == lock_hash(read_pack(acme))


def test_a_task_that_was_never_locked_is_refused_and_the_others_play(acme: Path) -> None:
    write_lock(read_pack(acme))
    (acme / "tasks" / "sort-names").rename(acme / "tasks" / "sort-more")
    with pytest.raises(TaskError, match=r"sort-more is not in .*pack.lock; if that is meant: selftrain pack lock"):
        pack_task("acme/sort-more")
    assert pack_task("acme/count-errors").id == "acme/count-errors"
    assert lock_state(read_pack(acme)) == "changed since it was locked (task sort-more: new, task sort-names: gone)"


@pytest.mark.parametrize("text", ["", "[]", '{"pack": "acme"}', "{}", '{"pack": 3}', "[" * 100_000])
def test_a_lock_that_is_none_is_refused(acme: Path, text: str) -> None:
    (acme / "pack.lock").write_text(text)
    with pytest.raises(TaskError, match=r"pack.lock .* make it again: selftrain pack lock"):
        pack_task(ID)


def test_a_name_that_is_no_utf_8_is_locked(acme: Path) -> None:
    Path(os.fsdecode(os.fsencode(acme / "tasks" / "sort-names") + b"/b\xff")).write_bytes(b"")
    write_lock(read_pack(acme))
    assert lock_state(read_pack(acme)) == "locked"


def test_a_lock_that_contradicts_itself_is_refused(acme: Path) -> None:
    table = vars(write_lock(read_pack(acme)))
    (acme / "pack.lock").write_text(json.dumps({**table, "tasks": dict.fromkeys(table["tasks"], "0" * 64)}))
    with pytest.raises(TaskError, match="contradicts itself"):
        pack_task(ID)


# families in Python


@pytest.mark.parametrize("value", ["acme_numbers:FAMILY", "acme_numbers:build"])
def test_a_family_in_python_is_played(acme: Path, value: str) -> None:
    with_family(acme, value)
    one, other = (pack_task(f"acme/numbers/{split}/4/7") for split in ("train", "test"))
    assert one.id == "acme/numbers/train/4/7" and one.family == "acme/numbers" and one.level == 4
    assert one.instruction != other.instruction
    with gym.make(TERMINAL, pack="acme", split="test", levels=(2, 3)) as env:
        drawn = [env.reset(seed=seed)[1] for seed in range(12)]
    assert {info["task"].split("/")[1] for info in drawn} == {"count-errors", "numbers"}
    made = [info for info in drawn if info["family"] == "acme/numbers"]
    assert {info["level"] for info in made} == {2, 3} and all("/test/" in info["task"] for info in made)


def test_a_family_whose_code_or_data_changed_is_refused(acme: Path) -> None:
    with_family(acme)
    (acme / "data").mkdir()
    (acme / "data" / "words.txt").write_text("one\n")
    write_lock(read_pack(acme))
    assert pack_task("acme/numbers/train/1/0").metadata["pack"]["lock"] == lock_hash(read_pack(acme))
    (acme / "data" / "words.txt").write_text("two\n")
    with pytest.raises(TaskError, match=r"data/words.txt changed"):
        pack_task("acme/numbers/train/1/0")
    (acme / "data" / "words.txt").write_text("one\n")
    edit(acme / "acme_numbers.py", "10**level", "11**level")
    with pytest.raises(TaskError, match=r"acme_numbers.py changed"):
        pack_task("acme/numbers/train/1/0")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("acme_absent:FAMILY", "cannot be imported: ModuleNotFoundError"),
        ("acme_numbers:ABSENT", "cannot be imported: AttributeError"),
        ("acme_numbers:NUMBER", "must be a TaskFamily, or a function"),
        ("acme_numbers:faulty", "cannot make level 1, seed 0: RuntimeError: no luck"),
        ("acme_numbers:leaves", "cannot make level 1, seed 0: SystemExit: 0"),
        ("acme_leaves:FAMILY", "cannot be imported: SystemExit"),
        ("json:loads", "which is not in"),
    ],
)
def test_a_broken_family_is_told_what_is_wrong(acme: Path, value: str, said: str) -> None:
    with_family(acme, value)
    (acme / "acme_leaves.py").write_text("raise SystemExit(3)")
    with pytest.raises(TaskError, match=said):
        pack_task("acme/numbers/train/1/0")
    assert len(broken_tasks(read_pack(acme))) == 1 and pack_task(ID).id == ID


def test_a_verifier_that_leaves_keeps_no_other_task_from_being_proven(acme: Path) -> None:
    with_family(acme, "acme_numbers:judged_by_one_who_leaves")
    tasks = select_each(["acme/numbers/train/1/0", ID])
    first, second = prove_all(tasks, make_backend(), repetitions=1)
    assert first.faults == ["SystemExit: 0"] and second.holds


@pytest.mark.parametrize("error", [MemoryError("too much"), SystemExit(0)])
def test_whatever_a_task_does_when_it_is_loaded_the_others_are(
    acme: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def breaks() -> Task:
        raise error

    task = pack_task(ID)
    loaders = [("acme/odd", breaks), (ID, lambda: task)]
    monkeypatch.setattr(selection, "pack_loaders", lambda item: loaders)
    odd, sound = select_each(["acme/*"])
    assert odd == Unloadable("acme/odd", f"{type(error).__name__}: {error}")
    assert sound is task


def test_an_interrupt_stops_the_loading(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> Task:
        raise KeyboardInterrupt

    monkeypatch.setattr(selection, "pack_loaders", lambda item: [(ID, interrupted)])
    with pytest.raises(KeyboardInterrupt):
        select_each(["acme/*"])


def test_a_family_s_randomness_is_its_own(acme: Path) -> None:
    with_family(acme)
    seen = {pack_task(f"acme/numbers/train/5/{seed}").instruction for seed in range(5)}
    assert len(seen) == 5
    other = np.random.default_rng(0).integers(10**5)
    assert f"Write {other} to /workspace/out.txt." not in seen


# found


def test_a_folder_that_a_list_of_paths_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    odd = start_pack("acme", tmp_path / "a:b").folder
    with pytest.raises(TaskError, match=r"a:b.*rename the folder"):
        add_folder(odd)


def test_a_pack_is_found_once_and_two_of_a_name_not_at_all(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twin = start_pack("acme", acme.parent / "more").folder
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(acme), str(acme), str(acme / ".." / "acme")]))
    assert pack_names() == ("acme",) and find_pack("acme").tasks == ("count-errors", "sort-names")
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(acme), str(twin)]))
    with pytest.raises(TaskError, match="two packs are called 'acme'"):
        find_pack("acme")
    assert find_pack(twin).folder == twin


def test_a_broken_pack_hides_no_other(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = start_pack("broken", acme.parent).folder
    (broken / "pack.toml").write_text("not toml")
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(broken), str(acme), str(acme.parent / "absent")]))
    packs, faults = find_packs()
    assert [pack.name for pack in packs] == ["acme"]
    assert any("not TOML" in fault for fault in faults.values())
    assert any("absent/pack.toml is missing" in fault for fault in faults.values())
    with pytest.raises(TaskError, match="not TOML"):
        find_pack("broken")
    with pytest.raises(UnknownNameError, match="Did you mean acme"):
        gym.make(TERMINAL, pack="acne")


def test_a_name_that_is_taken(acme: Path, tmp_path: Path) -> None:
    edit(acme / "pack.toml", 'name = "acme"', 'name = "csv-reshape"')
    with pytest.raises(TaskError, match="name of a task family already"):
        find_pack(acme)
    for name in ("csv-reshape", "Acme", "", "a/b", ".."):
        with pytest.raises(TaskError, match="name"):
            start_pack(name, tmp_path)
    with pytest.raises(OptionError, match="is there already"):
        start_pack("acme", tmp_path)


def test_a_badly_named_pack_leaves_our_families_alone(acme: Path) -> None:
    edit(acme / "pack.toml", 'name = "acme"', 'name = "csv-reshape"')
    assert [task.id for task in select_tasks(["csv-reshape/train/1/0"])] == ["csv-reshape/train/1/0"]
    assert expand_selection("csv-reshape/train/1/0", "terminal") == ("csv-reshape/train/1/0",)


def test_links_that_go_round_in_a_circle(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (acme.parent / "round").symlink_to("round")
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(acme.parent / "round"), str(acme)]))
    packs, faults = find_packs()
    assert [pack.name for pack in packs] == ["acme"] and len(faults) == 1
    (acme / "tasks" / "sort-names" / "cheats" / "folder.sh").mkdir()
    with pytest.raises(TaskError, match=r"folder\.sh is neither a file"):
        pack_task(ID)


def test_ids_of_its_own(acme: Path) -> None:
    (acme / "acme_env.py").write_text(
        "from selftrain.envs.terminal import TerminalEnv\ndef tidy(**more): return TerminalEnv(pack='acme', **more)\n"
    )
    with (acme / "pack.toml").open("a") as manifest:
        manifest.write('\n[ids]\n"Acme-Tidy-v0" = "acme_env:tidy"\n')
    register_ids(read_pack(acme))
    register_ids(read_pack(acme))
    with gym.make("Acme-Tidy-v0", split="test") as env:
        assert env.reset(seed=0)[1]["task"] == "acme/count-errors"
    edit(acme / "pack.toml", "acme_env:tidy", "acme_env:other")
    with pytest.raises(TaskError, match="Acme-Tidy-v0 is taken already, by acme_env:tidy"):
        register_ids(read_pack(acme))


def test_whatever_one_pack_does_the_ids_of_the_others_are_registered(
    acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = start_pack("abroken", tmp_path).folder
    monkeypatch.setenv(VARIABLE, f"{broken}{os.pathsep}{acme}")
    with (acme / "pack.toml").open("a") as manifest:
        manifest.write('\n[ids]\n"Acme-Tidy-v0" = "acme_env:tidy"\n')

    def register(pack: Pack) -> None:
        if pack.name == "abroken":
            raise MemoryError("too much")
        register_ids(pack)

    monkeypatch.setattr(registering, "register_ids", register)
    registering.register_packs()
    assert "Acme-Tidy-v0" in gym.registry


# installed


def install(site: Path, name: str, code: str = "", manifest: str = "") -> Path:
    """A package with a pack in it, as pip would leave it in `site`."""
    folder = start_pack(name, site / "made", python=True).folder
    package = folder.rename(site / folder.name)
    (package / "__init__.py").write_text(code)
    if manifest:
        (package / "pack.toml").write_text(manifest)
    about = site / f"{package.name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package.name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[selftrain.packs]\n{name} = {package.name}\n")
    return package


def ran(code: str, site: Path, **more: str) -> Any:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]), **more}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env, cwd=site)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return json.loads(done.stdout)


def test_an_installed_pack_is_found_and_its_code_not_imported(tmp_path: Path) -> None:
    package = install(tmp_path, "acme")
    with (package / "pack.toml").open("a") as manifest:
        manifest.write('\n[ids]\n"Acme-Tidy-v0" = "acme_tasks.env:Tidy"\n')
    code = (
        "import json, sys, selftrain, gymnasium as gym\n"
        "light = [m for m in ('acme_tasks', 'selftrain.sandboxes') if m in sys.modules]\n"
        "from selftrain.envs.selection import select_tasks\n"
        "(task,) = select_tasks(['acme/tally/train/2/0'])\n"
        "print(json.dumps(['Acme-Tidy-v0' in gym.registry, light, task.id, task.family]))"
    )
    assert ran(code, tmp_path) == [True, [], "acme/tally/train/2/0", "acme/tally"]


def test_broken_packs_do_not_break_the_import(tmp_path: Path) -> None:
    install(tmp_path, "leaves", code="import sys; sys.exit(3)")
    install(tmp_path, "garbled", manifest="not toml")
    package = install(tmp_path, "taken")
    edit(package / "pack.toml", 'name = "taken"', 'name = "other"')
    (tmp_path / "lost-1.0.dist-info").mkdir()
    (tmp_path / "lost-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: lost\nVersion: 1.0\n")
    (tmp_path / "lost-1.0.dist-info" / "entry_points.txt").write_text(
        "[selftrain.packs]\nlost = leaves_tasks.deeper\ngone = no_such_module\n"
    )
    code = (
        "import json, selftrain, gymnasium as gym\n"
        "from selftrain.envs.packs.finding import find_packs\n"
        "packs, faults = find_packs()\n"
        "print(json.dumps([[pack.name for pack in packs], sorted(faults.values())]))"
    )
    names, faults = ran(code, tmp_path, **{VARIABLE: f"/dev/null{os.pathsep}/absent"})
    assert "leaves" in names and not {"garbled", "taken", "lost"} & set(names)
    for said in ("not TOML", "says 'other'", "leaves_tasks.deeper fails: SystemExit", "there is no module no_such"):
        assert any(said in fault for fault in faults), (said, faults)


def test_import_stays_light_with_and_without_packs(acme: Path, tmp_path: Path) -> None:
    code = (
        "import json, sys, selftrain\n"
        "print(json.dumps([m for m in sys.modules if m.startswith(('selftrain.sandboxes', 'selftrain.envs'))]))"
    )
    assert ran(code, tmp_path, **{VARIABLE: ""}) == []
    loaded = ran(code, tmp_path)
    assert "selftrain.envs.packs.registering" in loaded
    assert not [name for name in loaded if name.startswith(("selftrain.sandboxes", "selftrain.envs.harbor"))]


def test_every_error_is_one_of_ours(acme: Path) -> None:
    for item in ("acme//", "acme/../acme", "acme/sort-names/", "acme/a/b/c/d/e/f", "acme/\0", "acme/[", "/"):
        with pytest.raises(SelfTrainError):
            select_tasks([item])
