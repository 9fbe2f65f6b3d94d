"""Images: their recipes, where they lie, what a build says, and what a built one holds."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.errors import ImageMissingError, SandboxError, UnknownNameError
from selftrain.sandboxes import images
from selftrain.sandboxes.docker_images import dockerfile
from selftrain.sandboxes.images import build_image, built_images, image_names, images_folder, read_recipe, rootfs_path

pytestmark = pytest.mark.alone  # it takes the folder of images away


@pytest.fixture
def terminal() -> Path:
    try:
        return rootfs_path("terminal")
    except ImageMissingError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"Nothing may be left out in CI: {error}")
        pytest.skip(str(error))


def test_every_recipe_can_be_read() -> None:
    assert "terminal" in image_names()
    for name in image_names():
        recipe = read_recipe(name)
        assert recipe.description
        assert {"bash", "coreutils", "findutils", "tar", "util-linux"} <= set(recipe.packages), "what docker.py needs"


@pytest.mark.parametrize("call", [read_recipe, build_image])
def test_an_unknown_image_is_answered_with_the_known(call: object) -> None:
    with pytest.raises(UnknownNameError, match="terminal"):
        call("terminl")  # type: ignore[operator]


@given(st.text())
def test_an_image_that_is_not_here_says_how_to_get_it(name: str) -> None:
    if name in image_names():
        return
    with pytest.raises(ImageMissingError, match="docker pull" if ":" in name else "selftrain images build"):
        rootfs_path(name)


def test_the_store_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SELFTRAIN_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert images_folder() == tmp_path / "data" / "selftrain" / "images"
    monkeypatch.setenv("SELFTRAIN_HOME", str(tmp_path / "home"))
    assert images_folder() == tmp_path / "home" / "images"


def test_a_missing_builder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SELFTRAIN_HOME", str(tmp_path))
    with pytest.raises(SandboxError, match="apt-get install mmdebstrap"):
        build_image("terminal", backends=("bubblewrap",))
    assert list((tmp_path / "images").iterdir()) == []


def test_a_failed_build_says_what_the_builder_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "mmdebstrap"
    fake.write_text("#!/bin/sh\necho 'I: a stage'\necho 'E: no such mirror'\nexit 25\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SELFTRAIN_HOME", str(tmp_path))
    told: list[str] = []
    with pytest.raises(SandboxError, match="no such mirror"):
        build_image("terminal", backends=("bubblewrap",), report=told.append)
    assert "a stage" in told


def test_docker_alone_without_a_daemon_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    monkeypatch.setenv("SELFTRAIN_HOME", str(tmp_path))
    with pytest.raises(SandboxError, match="DOCKER_HOST"):
        build_image("terminal", backends=("docker",))
    with pytest.raises(SandboxError, match="DOCKER_HOST"):
        build_image("terminal", from_base="debian:12")
    assert built_images() == []


def test_a_base_image_gets_the_same_packages() -> None:
    recipe = read_recipe("terminal")
    text = dockerfile(recipe, "debian:12")
    assert text.startswith("FROM debian:12\n")
    for package in recipe.packages:
        assert f" {package.partition('=')[0]}" in text


def test_the_lock_names_exact_versions(terminal: Path) -> None:
    lock = json.loads((terminal.parent / images.LOCK_FILE).read_text())
    assert lock["packages"]["python3"].startswith("3.11.")
    assert len(lock["sha256"]) == 64
    wanted = {package.partition("=")[0] for package in read_recipe("terminal").packages}
    assert wanted <= set(lock["packages"])
    built = {found.lock.image: found for found in built_images()}
    assert built["terminal"].lock.sha256 == lock["sha256"]
    assert built["terminal"].rootfs == terminal


def test_a_built_system_says_nothing_of_this_machine(terminal: Path) -> None:
    assert (terminal / "etc/hostname").read_text() == "sandbox\n"
    assert (terminal / "etc/resolv.conf").read_text() == ""
    assert "agent:x:1000:1000:agent:/home/agent:/bin/bash\n" in (terminal / "etc/passwd").read_text()


def test_any_user_may_read_a_built_system(terminal: Path) -> None:
    for path in (terminal, terminal / "usr/bin", terminal / "usr/bin/python3.11", terminal / "etc/passwd"):
        assert path.stat().st_mode & stat.S_IROTH, path
    for folder in (terminal, *terminal.parents[:2]):
        assert folder.stat().st_mode & stat.S_IXOTH, folder
