"""`selftrain pack ...` and `--pack`: what a vendor types, in order, and what bad input is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from selftrain import cli
from selftrain.envs.packs.starting import start_pack
from selftrain.records import read_records

RUN = ("run", "SelfTrain-Terminal-v0", "--agent", "oracle", "--out", "records", "--json")


def selftrain(*words: str, cwd: Path, packs: str = "") -> subprocess.CompletedProcess[str]:
    command, env = [sys.executable, "-m", "selftrain.cli", *words], {**os.environ, "SELFTRAIN_PACKS": packs}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=env, timeout=300)


def said_by(*words: str, cwd: Path, code: int = 0) -> str:
    done = selftrain(*words, cwd=cwd)
    assert done.returncode == code, done.stderr
    return done.stdout


def json_of(words: Sequence[str], cwd: Path, packs: str = "") -> Any:
    done = selftrain(*words, cwd=cwd, packs=packs)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    return start_pack("acme", tmp_path).folder


def test_from_a_new_pack_to_a_record(tmp_path: Path) -> None:
    assert "next: selftrain pack validate acme" in said_by("pack", "new", "acme", cwd=tmp_path)
    proofs = json_of(("verify", "--pack", "acme", "--repetitions", "1", "--json"), tmp_path)
    assert [(proof["task"], proof["holds"]) for proof in proofs] == [
        ("acme/count-errors", True),
        ("acme/sort-names", True),
    ]
    locked = json_of(("pack", "lock", "acme", "--json"), tmp_path)
    assert locked["tasks"] == 2 and locked["changes"] == []
    report = json_of((*RUN, "--pack", "acme"), tmp_path)
    assert report["score"]["passed"] == report["score"]["episodes"] == 1
    (record,) = read_records(tmp_path / "records")
    assert record.task == "acme/sort-names"
    assert record.pack == {"name": "acme", "version": "0.1.0", "lock": locked["hash"]}
    assert json_of(("replay", "records", "--pack", "acme", "--json"), tmp_path) == {"0": []}


def test_a_run_goes_on_with_the_same_lock_only(acme: Path, tmp_path: Path) -> None:
    said_by("pack", "lock", "acme", cwd=tmp_path)
    words = (*RUN, "--task", "acme/count-errors")
    assert json_of(words, tmp_path, str(acme))["score"]["passed"] == 1
    assert json_of(words, tmp_path, str(acme))["continued"] == 1
    (acme / "tasks" / "count-errors" / "tests" / "expected.txt").write_text("3\n")
    refused = selftrain(*words, "--out", "more", cwd=tmp_path, packs=str(acme))
    assert refused.returncode == 2 and "tests/expected.txt changed since pack.lock was made" in refused.stderr
    assert "task count-errors: changed" in said_by("pack", "list", "--pack", "acme", cwd=tmp_path)
    assert "task count-errors: changed" in said_by("pack", "lock", "acme", cwd=tmp_path)
    other = selftrain(*words, cwd=tmp_path, packs=str(acme))
    assert other.returncode == 3 and "packs" in other.stderr and "Traceback" not in other.stderr


def test_settings_name_pack_and_split(acme: Path, tmp_path: Path) -> None:
    report = json_of((*RUN, "--set", "pack=acme", "--set", "split=test"), tmp_path, str(acme))
    assert report["score"]["passed"] == 1
    assert [record.task for record in read_records(tmp_path / "records")] == ["acme/count-errors"]


def test_offline_is_for_the_tasks_of_a_pack_too(acme: Path, tmp_path: Path) -> None:
    toml = acme / "tasks" / "sort-names" / "task.toml"
    toml.write_text(toml.read_text().replace("no-network", "public"))
    words = ("verify", "acme/sort-names", "--pack", "acme", "--repetitions", "1")
    refused = selftrain(*words, cwd=tmp_path)
    assert refused.returncode == 1 and "play it without: --offline" in " ".join(refused.stderr.split())
    assert "1 of 1 tasks proven" in said_by(*words, "--offline", cwd=tmp_path)


def test_a_verifier_that_breaks_keeps_no_other_task_from_being_proven(acme: Path, tmp_path: Path) -> None:
    (acme / "tasks" / "count-errors" / "tests" / "test.sh").write_text("echo nan > /logs/verifier/reward.txt\n")
    done = selftrain("verify", "--pack", "acme", "--repetitions", "1", cwd=tmp_path)
    assert done.returncode == 1 and "1 of 2 tasks proven" in done.stdout, done.stderr
    assert "acme/count-errors" in done.stderr and "nan" in done.stderr and "acme/sort-names" not in done.stderr


def test_a_task_that_does_not_load_keeps_no_other_from_being_proven(acme: Path, tmp_path: Path) -> None:
    (acme / "tasks" / "count-errors" / "instruction.md").unlink()
    shutil.copytree(acme / "tasks" / "count-errors", tmp_path / "alone")
    words = ("verify", "acme/*", "alone", "--pack", "acme", "--repetitions", "1", "--json")
    proofs = json.loads(said_by(*words, cwd=tmp_path, code=1))
    assert [(proof["task"], proof["holds"]) for proof in proofs] == [
        ("acme/count-errors", False),
        ("acme/sort-names", True),
        ("alone", False),
    ]
    assert all("instruction.md" in proofs[place]["faults"][0] for place in (0, 2))


def test_a_package_to_install(tmp_path: Path) -> None:
    said_by("pack", "new", "big-data", "--python", "--into", "made", cwd=tmp_path)
    folder = tmp_path / "made" / "big-data" / "big_data_tasks"
    assert 'big-data = "big_data_tasks"' in (folder.parent / "pyproject.toml").read_text()
    (found,) = json_of(("pack", "list", "--pack", str(folder), "--json"), tmp_path)["packs"]
    assert found["families"] == ["tally"] and found["splits"] == {"train": ["sort-names"], "test": ["count-errors"]}
    assert found["state"] == "not locked"
    verified = selftrain("verify", "big-data/tally/test/1-2", "--pack", str(folder), "--repetitions", "1", cwd=tmp_path)
    assert "2 of 2 tasks proven" in verified.stdout, verified.stderr


def test_list_tells_of_broken_packs_and_goes_on(acme: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pack.toml").write_text("name = ")
    words = ("pack", "list", "--pack", "acme", "--pack", "broken", "--pack", "absent")
    shown = said_by(*words, cwd=tmp_path)
    assert "acme 0.1.0 (MIT), not locked" in shown and "1 train; 1 test" in shown
    assert "not TOML" in shown and "absent/pack.toml is missing" in shown
    found = json_of((*words, "--json"), tmp_path)
    assert [pack["name"] for pack in found["packs"]] == ["acme"] and len(found["broken"]) == 2
    assert "selftrain pack new" in said_by("pack", "list", cwd=tmp_path)
    (tmp_path / "broken" / "pack.toml").write_text(
        'name = "bare"\nversion = "1"\nlicence = "MIT"\nsummary = "None yet."\n'
    )
    assert "None yet. no tasks" in " ".join(said_by("pack", "list", "--pack", "broken", cwd=tmp_path).split())


def test_list_and_lock_name_a_folder_that_can_be_no_task(acme: Path, tmp_path: Path) -> None:
    (acme / "tasks" / "count-errors" / "task.toml").unlink()
    shown = said_by("pack", "list", "--pack", "acme", cwd=tmp_path)
    assert "1 train; 0 test" in shown and "left out: " in shown and "count-errors/task.toml is missing" in shown
    done = selftrain("pack", "lock", "acme", cwd=tmp_path)
    assert done.returncode == 2 and "acme/count-errors: " in done.stderr


def test_lock_names_every_broken_task_and_writes_nothing(acme: Path, tmp_path: Path) -> None:
    for task in ("sort-names", "count-errors"):
        (acme / "tasks" / task / "instruction.md").unlink()
    done = selftrain("pack", "lock", "acme", cwd=tmp_path)
    assert done.returncode == 2 and "2 of its tasks are broken" in done.stderr
    assert "acme/sort-names" in done.stderr and "acme/count-errors" in done.stderr
    assert not (acme / "pack.lock").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pack", "new", "Acme Tasks"), "no name for a pack"),
        (("pack", "new", "../acme"), "no name for a pack"),
        (("pack", "new", "csv-reshape"), "name of a task family already"),
        (("pack", "new", "acme"), "is there already"),
        (("pack", "lock", "absent"), "pack.toml is missing"),
        (("verify",), "--pack DIR"),
        (("verify", "--pack", "absent"), "pack.toml is missing"),
        (("verify", "acme/sort-nams", "--pack", "acme"), "sort-names"),
        (("verify", "acme/*", "acne/tally", "--pack", "acme"), "task family or pack is named 'acne'"),
        (("verify", "acme/*", "csv-reshape/train/9", "--pack", "acme"), "level=9"),
        (("verify", "csv-reshape/train/5-1"), "names nothing: write 1-5"),
        (("run", "SelfTrain-Terminal-v0", "--pack", "acme", "--set", "split=dev"), "no task in split 'dev'"),
        (("run", "SelfTrain-Terminal-v0", "--set", "pack=acne"), "No pack is named 'acne'"),
        (("run", "SelfTrain-Math-v0", "--pack", "acme"), "terminal task, not a math task"),
        (("pack", "export"), "nothing to export"),
        (("pack", "convert", "acme", "new"), "task.yaml is missing"),
        (("pack", "validate", "absent"), "No folder or pack is named 'absent'"),
        (("verify", "acme/older"), "convert it: selftrain pack convert acme/older OUT"),
        (("pack", "validate", "acme/older"), "convert it: selftrain pack convert acme/older OUT"),
        (("pack", "export", "acme/sort-names", "--base", "debian=nowhere"), "must be IMAGE=OURS or OURS"),
    ],
)
def test_bad_input_gets_a_clear_message(
    acme: Path,
    words: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (acme / "older").mkdir()
    (acme / "older" / "task.yaml").write_text("instruction: Do it.\n")
    monkeypatch.chdir(acme.parent)
    monkeypatch.setenv("SELFTRAIN_PACKS", "")
    monkeypatch.setattr(sys, "argv", ["selftrain", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_tasks_go_out_as_folders_and_one_that_cannot_stops_no_other(acme: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "json-reshape-train-1-0" / "mine").mkdir(parents=True)
    words = (
        "pack",
        "export",
        "json-reshape/train/1/0",
        "acme/*",
        "csv-reshape/train/1/0",
        "--pack",
        "acme",
        "--out",
        "out",
    )
    done = selftrain(*words, "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["exported"]
    assert [(one["task"], bool(one["folder"])) for one in found] == [
        ("json-reshape/train/1/0", False),
        ("acme/count-errors", True),
        ("acme/sort-names", True),
        ("csv-reshape/train/1/0", True),
    ]
    assert "is not empty" in found[0]["why"]
    assert (tmp_path / "out" / "acme-sort-names" / "cheats").is_dir()
    shown = selftrain("pack", "export", "acme/sort-names", "--pack", "acme", "--out", "more", "--prove", cwd=tmp_path)
    assert shown.returncode == 0 and "PASS, PASS" in shown.stdout and "3 of 3" in shown.stdout, shown.stderr
    again = selftrain(*words, cwd=tmp_path)
    assert "is not empty" in again.stderr and "0 of 4 tasks exported" in again.stdout
