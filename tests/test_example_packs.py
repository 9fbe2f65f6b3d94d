"""The packs in `examples/packs/`: proven, locked, admitted by the gate, and found and played as others would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from backends import backend_or_skip

from selftrain.envs.gate.validating import validate
from selftrain.envs.packs.locking import Guard, lock_state
from selftrain.envs.packs.manifest import Pack, read_pack
from selftrain.envs.packs.tasksets import load_task
from selftrain.envs.proof import prove
from selftrain.sandboxes import make_backend
from selftrain.tasks import LEVELS, SPLITS, Task

PACKS = Path(__file__).resolve().parents[1] / "examples" / "packs"
PLAIN, DRILLS = PACKS / "plain-chores", PACKS / "desk-drills"
MODULE = DRILLS / "desk_drills"
OWN_IMAGE = "count-shards"
FAMILIES = ("free-rooms", "till-prices")
STAND_IN = {"debian:bookworm": "terminal"}


def task_of(pack: Pack, name: str, **how: Any) -> Task:
    return load_task(Guard.of(pack), name, **how)


@pytest.mark.parametrize("folder", [PLAIN, MODULE])
def test_a_pack_is_sound_and_as_it_was_locked(folder: Path) -> None:
    pack = read_pack(folder)
    assert pack.broken == {} and lock_state(pack) == "locked"


def test_plain_tasks_have_splits_and_cheats() -> None:
    pack = read_pack(PLAIN)
    assert set(pack.splits) == set(SPLITS) and len(pack.tasks) >= 5 and OWN_IMAGE in pack.tasks
    assert all(len(task_of(pack, name).cheats) >= 3 for name in pack.tasks)


@pytest.mark.parametrize("name", [name for name in read_pack(PLAIN).tasks if name != OWN_IMAGE])
def test_a_plain_task_is_proven(name: str) -> None:
    assert prove(task_of(read_pack(PLAIN), name), make_backend(), repetitions=1).faults == []


def test_a_task_with_an_image_of_its_own_is_proven_where_images_are_built() -> None:
    backend = backend_or_skip("docker")
    task = task_of(read_pack(PLAIN), OWN_IMAGE, bases=STAND_IN)
    assert task.own_image is not None and task.own_image.needed
    assert prove(task, backend, repetitions=1).faults == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_proven_at_every_level(family: str) -> None:
    pack = read_pack(MODULE)
    for level, split in zip(LEVELS, (*SPLITS, "train", "test"), strict=True):
        assert prove(task_of(pack, f"{family}/{split}/{level}/7"), make_backend(), repetitions=1).faults == []


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_task_and_another_one_another(family: str) -> None:
    names = [f"{family}/{split}/{level}/{seed}" for split in SPLITS for level in LEVELS for seed in range(4)]
    code = (
        "import json, sys\n"
        "from selftrain.envs.selection import select_tasks\n"
        "print(json.dumps([task.fingerprint() for task in select_tasks(sys.argv[1:])]))"
    )
    ids = [f"desk-drills/{name}" for name in names]
    there = json.loads(output_of([sys.executable, "-c", code, *ids], SELFTRAIN_PACKS=str(MODULE), PYTHONHASHSEED="7"))
    assert there == [task_of(read_pack(MODULE), name).fingerprint() for name in names]
    assert len(set(there)) == len(there)


@pytest.mark.parametrize(("folder", "name"), [(PLAIN, "mask-secrets"), (MODULE, "till-prices/train/3/0")])
def test_the_gate_admits_what_runs_a_submission(folder: Path, name: str, tmp_path: Path) -> None:
    card = validate(folder, make_backend(), out=tmp_path, tasks=[name])
    assert card.decision == "admitted", card.verdict
    assert [finding.check for finding in card.findings if finding.state == "fail"] == []


def test_an_installed_pack_is_found_with_an_id_of_its_own(tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    output_of([*pip, "--target", str(site), str(copied(DRILLS, tmp_path))])
    code = (
        "import json, sys, gymnasium as gym\n"
        "import selftrain\n"
        "light = [name for name in sys.modules if name.startswith(('desk_drills', 'selftrain.sandboxes'))]\n"
        "with gym.make('DeskDrills-v0', levels=[2]) as env:\n"
        "    info = env.reset(seed=3)[1]\n"
        "    for command in env.get_wrapper_attr('task').oracle:\n"
        "        env.step(command)\n"
        "    print(json.dumps([light, info['family'], info['level'], env.step('submit')[1]]))"
    )
    light, family, level, reward = json.loads(output_of([sys.executable, "-c", code], PYTHONPATH=str(site)))
    assert light == [] and family in {f"desk-drills/{name}" for name in FAMILIES} and (level, reward) == (2, 1.0)
    listed = output_of([sys.executable, "-m", "selftrain.cli", "pack", "list", "--json"], PYTHONPATH=str(site))
    (found,) = json.loads(listed)["packs"]
    assert (found["name"], found["state"], found["ids"]) == ("desk-drills", "locked", ["DeskDrills-v0"])


def copied(folder: Path, into: Path) -> Path:
    """A copy to build in, for building leaves folders behind."""
    output_of(["cp", "-r", str(folder), str(into)])
    return into / folder.name


def output_of(command: Sequence[str], **more: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "SELFTRAIN_PACKS"} | more
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=PACKS)
    assert done.returncode == 0, done.stderr
    return done.stdout
