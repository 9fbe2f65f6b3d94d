"""The gate's look at a task's images, where nothing is built."""

from __future__ import annotations

from pathlib import Path

import pytest
from backends import backend_or_skip
from harbor_folders import COUNT, TOML, write_folder

from selftrain.envs.families import terminal_task
from selftrain.envs.gate.images import check_image
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.packs.finding import find_pack

MANIFEST = 'name = "acme"\nversion = "1"\nlicence = "MIT"\nsummary = "s"\n[images]\nbase = "debian:latest"\n'


def found(folder: Path, image: str = "") -> Finding:
    pack = find_pack(write_folder(folder / "pack", {"pack.toml": MANIFEST}))
    return check_image(
        Trial(load_harbor_task(folder), backend_or_skip("bubblewrap"), folder=folder, pack=pack, image=image)
    )


@pytest.mark.parametrize(
    ("files", "state", "said"),
    [
        ({}, "pass", "needs nothing to be built on debian:latest"),
        ({"environment/Dockerfile": "FROM ubuntu:24.04\n"}, "fail", "FROM ubuntu:24.04 is not declared in [images]"),
        ({"environment/Dockerfile": "FROM debian\nRUN make\n"}, "unchecked", "line 2: RUN make needs an image"),
        ({"environment/Dockerfile": "FROM debian\nRUN pip install requests\n"}, "fail", "line 2 wants the network"),
        ({"tests/Dockerfile": "FROM acme/judge\n"}, "fail", "tests/Dockerfile: FROM acme/judge"),
        ({"task.toml": TOML + "docker_image = 'acme/count:1'\n"}, "fail", "docker_image acme/count:1 is not declared"),
    ],
)
def test_what_is_declared_and_what_needs_no_image_passes(
    tmp_path: Path, files: dict[str, str], state: str, said: str
) -> None:
    finding = found(write_folder(tmp_path, {**COUNT, **files}))
    assert finding.check == "image" and finding.state == state and said in finding.summary


def test_an_image_that_stands_for_all_leaves_the_task_s_own_unchecked(tmp_path: Path) -> None:
    assert found(write_folder(tmp_path, COUNT), image="host").state == "unchecked"


def test_a_task_of_a_family_brings_no_image() -> None:
    task = terminal_task("csv-reshape/train/1/0")
    assert check_image(Trial(task, backend_or_skip("bubblewrap"))).state == "pass"
