"""Images of tasks on docker: built offline and once, what they hold is there, and what cannot be built is told why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import gymnasium as gym
import pytest
from backends import backend_or_skip
from harbor_folders import COUNT, TOML, write_folder

from selftrain.envs.families import terminal_task
from selftrain.envs.gate.images import check_image
from selftrain.envs.gate.trial import Trial
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.harbor.export import export_task
from selftrain.envs.harbor.proof import compare
from selftrain.envs.packs.finding import find_pack
from selftrain.envs.proof import prove
from selftrain.errors import ImageMissingError, TaskError
from selftrain.sandboxes import Backend
from selftrain.sandboxes.docker_builds import own_image
from selftrain.sandboxes.docker_daemon import open_client

BASES = {"acme/base": "terminal"}
# what later lines did to copied files counts, and so do links, modes, variables and what no COPY brought
DOCKERFILE = """\
FROM acme/base
WORKDIR /app
COPY data data
RUN echo made > made && mkdir -p deep/empty && ln -s ../made deep/link && echo d >> data/lines.txt && touch data/gone
RUN rm data/gone && mkdir -p /opt/x/bin && printf '#!/bin/sh\\necho hi' > /opt/x/bin/hi && chmod 755 /opt/x/bin/hi
ENV PATH=/opt/x/bin:$PATH LIBRARIES=/a:$LIBRARIES
COPY note.txt /etc/note
"""
SOLVE = """\
cd /app
[ "$(cat deep/link)" = made ] && [ -L deep/link ] && [ -d deep/empty ] && [ "$(hi)" = hi ] && [ -r /etc/note ] &&
    [ ! -e data/gone ] && [ "$LIBRARIES" = /a: ] && tail -n 1 data/lines.txt > count.txt
"""
TEST = '[ "$(cat count.txt)$(cat data/lines.txt | wc -l)" = d4 ]; echo $((! $?)) > /logs/verifier/reward.txt\n'
SEPARATE = TOML.replace("[task]", 'artifacts = ["count.txt"]\n[task]').replace(
    "= 20", "= 20\nenvironment_mode='separate'"
)
JUDGE = "FROM acme/base\nWORKDIR /check\nCOPY want.txt .\nRUN sed -i s/x/d/ want.txt && cp want.txt again.txt\n"


@pytest.fixture(scope="module")
def backend() -> Backend:
    return backend_or_skip("docker")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    more = {"environment/Dockerfile": DOCKERFILE, "solution/solve.sh": SOLVE, "tests/test.sh": TEST}
    return write_folder(tmp_path, {**COUNT, **more})


@pytest.fixture
def tagged(backend: Backend) -> Iterator[str]:
    """Our image under a name of somebody else's."""
    name, client = "selftrain-test/count:7", open_client()
    client.tag("selftrain/terminal:latest", *name.split(":"))
    yield name
    client.remove_image(name, noprune=True)
    client.close()


def test_an_image_is_built_once_and_what_it_holds_is_there(folder: Path, backend: Backend) -> None:
    task = load_harbor_task(folder, BASES)
    assert prove(task, backend, repetitions=1).faults == []
    assert task.own_image is not None
    found = own_image(task.own_image)
    assert found.log == () and found.name.startswith("selftrain-task:")
    (folder / "environment" / "note.txt").write_text("another\n")
    again = load_harbor_task(folder, BASES).own_image
    assert again is not None and own_image(again).id != found.id


def test_a_separate_verifier_has_its_own_image(folder: Path, backend: Backend) -> None:
    write_folder(folder, {"task.toml": SEPARATE, "tests/Dockerfile": JUDGE, "tests/want.txt": "x\n"})
    (folder / "tests" / "test.sh").write_text(
        "cmp want.txt again.txt && cmp want.txt /app/count.txt; echo $((! $?)) > /logs/verifier/reward.txt\n"
    )
    assert prove(load_harbor_task(folder, BASES), backend, repetitions=1).faults == []


def test_an_image_that_is_there_is_taken_by_its_name(folder: Path, backend: Backend, tagged: str) -> None:
    image = load_harbor_task(folder, BASES).own_image
    assert image is not None
    client = open_client()
    client.tag(own_image(image).name, "selftrain-test/built", "1")
    try:
        (folder / "task.toml").write_text(TOML + 'docker_image = "selftrain-test/built:1"\n')
        assert prove(load_harbor_task(folder), backend, repetitions=1).faults == []
    finally:
        client.remove_image("selftrain-test/built:1", noprune=True)
        client.close()
    with pytest.raises(
        ImageMissingError, match=r"docker pull selftrain-test/built:1; .* --base selftrain-test/built:1="
    ):
        prove(load_harbor_task(folder), backend)
    (folder / "task.toml").write_text(TOML)
    own = load_harbor_task(folder, {"acme/base": tagged}).own_image
    assert own is not None and own.bases == (tagged,) and own_image(own).id


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("RUN echo why >&2; exit 3", r"line 4: RUN echo why.* code: 3(.|\n)*why"),
        ("RUN python3 -c 'import urllib.request as u; u.urlopen(\"http://example.org\")'", "wants the network"),
        ("RUN sleep 60", r"line 4: RUN sleep 60 takes more than 3 seconds .environment\.build_timeout_sec"),
        ("RUN head -c 40000000 /dev/zero > /app/large", r"/app.* holds more than 5 MB"),
        ("BUILD it", "unknown instruction: BUILD"),
    ],
)
def test_what_does_not_build_is_told_by_line(folder: Path, backend: Backend, line: str, said: str) -> None:
    (folder / "environment" / "Dockerfile").write_text(f"FROM acme/base\n\nWORKDIR /app\n{line}\n")
    seconds = 3 if "sleep" in line else 60
    (folder / "task.toml").write_text(TOML + f"storage_mb = 5\nbuild_timeout_sec = {seconds}\n")
    start = time.monotonic()
    with pytest.raises(TaskError, match=said):
        prove(load_harbor_task(folder, BASES), backend)
    assert time.monotonic() - start < 40


def test_a_base_that_is_not_here_is_asked_for_or_done_without(folder: Path, backend: Backend) -> None:
    with pytest.raises(ImageMissingError, match=r"docker pull acme/base:latest; .*--base acme/base:latest=terminal"):
        prove(load_harbor_task(folder), backend)
    assert prove(load_harbor_task(write_folder(folder, COUNT)), backend, repetitions=1).faults == []


def test_an_environment_follows_the_bases_of_the_process(
    folder: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFTRAIN_BASES", "acme/base=terminal")
    env = gym.make("selftrain:SelfTrain-Terminal-v0", backend="docker", tasks=[str(folder)])
    env.reset(seed=0)
    assert env.step("hi")[0].startswith("hi")
    env.close()


def test_the_gate_builds_from_declared_bases(folder: Path, backend: Backend, tmp_path: Path) -> None:
    manifest = 'name = "acme"\nversion = "1"\nlicence = "MIT"\nsummary = "s"\n[images]\nbase = "acme/base"\n'
    pack = find_pack(write_folder(tmp_path / "pack", {"pack.toml": manifest}))
    task = load_harbor_task(folder, BASES)
    found = check_image(Trial(task, backend, folder=folder, pack=pack))
    assert found.state == "pass" and found.evidence["images"][0]["id"].startswith("sha256:")
    without = check_image(Trial(load_harbor_task(folder), backend, folder=folder, pack=pack))
    assert without.state == "unchecked" and "docker pull acme/base" in without.summary
    (folder / "environment" / "Dockerfile").write_text("FROM acme/base\nRUN false\n")
    broken = check_image(Trial(load_harbor_task(folder, BASES), backend, folder=folder, pack=pack))
    assert broken.state == "fail" and "line 2: RUN false" in broken.summary


def test_both_forms_of_a_task_agree_in_containers(backend: Backend, tmp_path: Path) -> None:
    """The folder's own images, as docker builds and runs them for Harbor; a case that runs the submission is in it."""
    task = terminal_task("python-bug/train/1/3")
    compared = compare(task, export_task(task, tmp_path / "task", backend), backend)
    assert [(one.agent.split()[0], one.same) for one in compared] == [("oracle", True), ("nop", True), ("cheat", True)]
