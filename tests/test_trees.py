"""Reading and writing folder trees without following links, on folders of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.evidence import ExportLimits
from selftrain.sandboxes.base import TreeEntry
from selftrain.sandboxes.trees import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    (tmp_path / "work" / "deep").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    root = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    yield Tree(root, ("/work", "/work/deep"))
    os.close(root)


@pytest.mark.parametrize("path", ["/secret", "/work/../secret", "work/x", "", "/", "/work/a\0b"])
def test_paths_outside_are_refused(tree: Tree, path: str) -> None:
    with pytest.raises(OSError):
        tree.read(path, 100)
    with pytest.raises(OSError):
        tree.write(path, b"x")


@pytest.mark.parametrize("path", ["/work/link", "/work/up/secret", "/work/up/new"])
def test_links_lead_nowhere(tree: Tree, tmp_path: Path, path: str) -> None:
    (tmp_path / "work" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "work" / "up").symlink_to(tmp_path)
    with pytest.raises(OSError):
        tree.read(path, 100)
    if path != "/work/link":
        with pytest.raises(OSError):
            tree.write(path, b"written")
    else:
        tree.write(path, b"written")
        assert not (tmp_path / "work" / "link").is_symlink()
    assert (tmp_path / "secret").read_text() == "secret"
    assert tree.export(["/work/up/secret", "/work/link/x"], ExportLimits()).files == {}


def test_errors_name_the_path_inside(tree: Tree) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        tree.read("/work/none/x", 1)
    assert caught.value.filename == "/work/none/x"


def test_locked_entries_are_read_and_stay_locked(tree: Tree, tmp_path: Path) -> None:
    folder = tmp_path / "work" / "shut"
    folder.mkdir()
    (folder / "file").write_text("inside")
    (folder / "file").chmod(0)
    folder.chmod(0)
    evidence = tree.export(["/work"], ExportLimits())
    assert evidence.get("/work/shut/file") == b"inside"
    assert (evidence.files["/work/shut/file"].mode, evidence.directories["/work/shut"]) == (0, 0)
    assert folder.stat().st_mode & 0o777 == 0
    folder.chmod(0o700)


def test_deep_trees_end_an_export_but_not_a_snapshot(tree: Tree, tmp_path: Path) -> None:
    place = tmp_path / "work"
    for _ in range(200):
        place /= "d"
        place.mkdir()
    assert tree.export(["/work"], ExportLimits(depth=10_000, path_bytes=10_000)).overrun == "depth"
    assert 100 < len(tree.entries(1 << 20)) < 200


NAMES = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=()), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..") and _encodable(name)
)


def _encodable(name: str) -> bool:
    try:
        return len(os.fsencode(name)) < 200
    except UnicodeEncodeError:
        return False


@settings(max_examples=40, deadline=None)
@given(files=st.dictionaries(NAMES, st.tuples(st.binary(max_size=100), st.sampled_from([0o644, 0o755, 0o400, 0]))))
def test_a_restored_tree_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, tuple[bytes, int]]
) -> None:
    copies: list[tuple[TreeEntry, ...]] = []
    for entries in (None, copies):
        folder = tmp_path_factory.mktemp("tree")
        (folder / "work").mkdir()
        root = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        tree = Tree(root, ("/work",))
        if entries is None:
            for name, (data, mode) in files.items():
                tree.write(f"/work/folder/{name}", data, mode)
        else:
            tree.restore(copies[0])
        copies.append(tree.entries(1 << 20))
        os.close(root)
    assert copies[0] == copies[1]
