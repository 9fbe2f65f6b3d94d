"""Real pictures as a lab: what is read from folders and from MedMNIST's layout, and what is refused and how."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from selftrain.envs.lab.image_sets import ImageSet, load_image_set
from selftrain.errors import OptionError, TaskError, UnknownNameError

Arrays = dict[str, Any]
SIZES = {"train": 40, "val": 12, "test": 20}


def medmnist(classes: int = 2, colour: bool = True, side: int = 28) -> Arrays:
    """Arrays in MedMNIST's layout; below its first row, which is noise, a picture's colour tells its class."""
    rng = np.random.default_rng(0)
    arrays: Arrays = {}
    for name, count in SIZES.items():
        labels = np.arange(count) % classes
        images = rng.integers(0, 200, (count, side, side, 3) if colour else (count, side, side)).astype(np.uint8)
        images[:, 1:] = (40 + 60 * labels).reshape(-1, *[1] * (images.ndim - 1))
        arrays |= {f"{name}_images": images, f"{name}_labels": labels.reshape(-1, 1).astype(np.uint8)}
    return arrays


def saved(folder: Path, arrays: Arrays, name: str = "set.npz") -> Path:
    np.savez(folder / name, **arrays)
    return folder / name


def folder_of(path: Path, counts: dict[str, int], mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Path:
    """Class folders under `path`; each class has a colour of its own, and each picture a rim of noise."""
    rng = np.random.default_rng(1)
    for number, (name, count) in enumerate(counts.items()):
        (path / name).mkdir(parents=True)
        for index in range(count):
            pixels = np.full((size[1], size[0], 3), (60 + 120 * number, 20, 20), np.uint8)
            pixels[:3] = rng.integers(0, 256, pixels[:3].shape)
            Image.fromarray(pixels).convert(mode).save(path / name / f"{index:03d}.png")
    return path


@pytest.mark.parametrize("colour", [True, False])
def test_an_npz_in_medmnist_s_layout_is_a_lab(tmp_path: Path, colour: bool) -> None:
    found = load_image_set(saved(tmp_path, medmnist(colour=colour)))
    assert (found.name, found.classes, found.counted) == ("set", ("0", "1"), (False, True))
    for split, name in (("train", "train"), ("dev", "val"), ("test", "test")):
        exam = SIZES[name] // 4
        images, labels = found.draw(split, day=0, count=SIZES[name] - exam)
        assert images.shape == (SIZES[name] - exam, 96, 96, 3) and images.dtype == np.uint8
        assert ((images[:, 48, 48, 0] == 100) == labels).all() and 0 < labels.sum() < len(labels)


def test_other_days_show_other_pictures_and_the_same_day_the_same(tmp_path: Path) -> None:
    found = load_image_set(saved(tmp_path, medmnist()))
    one, again, other = (found.draw("train", day, 30)[1].tolist() for day in (3, 3, 4))
    assert one == again != other


def test_an_exam_shows_what_no_day_shows(tmp_path: Path) -> None:
    arrays = medmnist()
    arrays["train_images"][:] = 6 * np.arange(40).reshape(-1, 1, 1, 1)  # each picture has a colour of its own
    found = load_image_set(saved(tmp_path, arrays))

    def seen(purpose: str, count: int) -> set[int]:
        return {int(image[9, 9, 0]) for day in range(4) for image in found.draw("train", day, count, purpose)[0]}

    assert len(seen("exam", 10)) == 10 and len(seen("day", 30)) == 30
    assert not seen("exam", 10) & seen("day", 30)
    with pytest.raises(OptionError, match=r"31 pictures for the day are more than the 30 .* length="):
        found.draw("train", 0, 31)
    with pytest.raises(UnknownNameError, match="train"):
        found.draw("trian", 0, 1)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "1"])
def test_a_folder_of_class_folders_is_a_lab(tmp_path: Path, mode: str) -> None:
    found = load_image_set(folder_of(tmp_path / "slides", {"monocyte": 60, "macrophage": 60}, mode))
    assert found.classes == ("macrophage", "monocyte") and found.counted == (True, False)
    for split in ("train", "dev", "test"):
        images, labels = found.draw(split, 0, 6)
        assert images.shape == (6, 96, 96, 3)
        if mode not in ("1", "L"):
            assert ((images[:, 48, 48, 0] > 120) == labels).all()
    assert 0.5 <= found.majority("train") < 0.8


def test_no_copy_of_a_picture_of_an_exam_is_shown_on_a_day(tmp_path: Path) -> None:
    arrays = medmnist()
    arrays["train_images"][:] = 12 * (np.arange(40) // 2).reshape(-1, 1, 1, 1)  # each twice
    found = load_image_set(saved(tmp_path, arrays))
    exam, day = (
        {int(image[9, 9, 0]) for image in found.draw("train", 0, count, purpose)[0]}
        for purpose, count in (("exam", 10), ("day", 20))
    )
    assert len(exam) > 3 and len(day) > 8 and not exam & day


def test_the_majority_is_that_of_the_exam(tmp_path: Path) -> None:
    found = load_image_set(saved(tmp_path, medmnist()))
    share = found.draw("test", 0, 5, "exam")[1].mean()
    assert found.majority("test") == max(share, 1 - share) > 0.5


def test_what_shows_through_is_white(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "slides", {"a": 30, "b": 30})
    for file in (folder / "b").iterdir():
        picture = np.asarray(Image.open(file).convert("RGBA")).copy()
        picture[20:, :, 3] = 0
        Image.fromarray(picture).save(file)
    images, labels = load_image_set(folder).draw("train", 0, 20)
    assert 0 < labels.sum() < 20
    assert (images[labels, 75:] == 255).all() and (images[~labels, 75:, :, 1] == 20).all()


def test_copies_of_a_picture_lie_in_one_split(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "slides", {"a": 50, "b": 50})
    for file in list((folder / "a").iterdir()):
        shutil.copy(file, file.with_stem(f"copy-{file.stem}"))
    found = load_image_set(folder)
    sizes = {
        split: len(np.unique(part.images.reshape(len(part.labels), -1), axis=0)) for split, part in found.parts.items()
    }
    assert sum(sizes.values()) == 100 and sum(len(part.labels) for part in found.parts.values()) == 150


def test_folders_for_splits_are_kept_apart(tmp_path: Path) -> None:
    for split, count in (("train", 8), ("val", 4), ("test", 6)):
        folder_of(tmp_path / "set" / split, {"no": count, "yes": count})
    found = load_image_set(tmp_path / "set")
    assert {split: len(part.labels) for split, part in found.parts.items()} == {"train": 16, "dev": 8, "test": 12}
    shutil.rmtree(tmp_path / "set" / "val")
    assert_refused(lambda: read(tmp_path / "set"), "none for dev")


def test_of_many_classes_somebody_must_say_which_count(tmp_path: Path) -> None:
    path = saved(tmp_path, medmnist(classes=4))
    with pytest.raises(OptionError, match=r"4 classes \(0, 1, 2, 3\): say with positive="):
        load_image_set(path)
    assert load_image_set(path, "2").counted == load_image_set(path, 2).counted == (False, False, True, False)
    assert load_image_set(path, ["1", "2"]).counted == (False, True, True, False)
    with pytest.raises(UnknownNameError, match="monocyte"):
        load_image_set(path, "monocyte")
    with pytest.raises(OptionError, match="and not all"):
        load_image_set(path, ["0", "1", "2", "3"])
    for wrong in (True, 1.5, b"1", [None], {"1": True}):
        with pytest.raises(OptionError, match="positive="):
            load_image_set(path, wrong)  # type: ignore[arg-type]


def change(**arrays: Any) -> Callable[[Arrays], Arrays]:
    return lambda whole: {**whole, **arrays}


def without(*names: str) -> Callable[[Arrays], Arrays]:
    return lambda whole: {name: array for name, array in whole.items() if name not in names}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (without("val_images", "val_labels"), "lacks the arrays val_images, val_labels"),
        (without("train_labels"), "lacks the array train_labels"),
        (change(train_images=np.zeros((40, 28, 28, 3), np.float32)), "train_images is of type float32"),
        (change(test_images=np.zeros((20, 28, 28, 4), np.uint8)), r"shape \(20, 28, 28, 4\)"),
        (change(test_images=np.zeros((20, 28, 28, 28), np.uint8)), r"shape \(20, 28, 28, 28\)"),
        (change(test_images=np.zeros((20, 4, 28), np.uint8)), "8 pixels or more"),
        (change(val_labels=np.full((12, 1), 7)), "val_labels holds 7, which is outside the set"),
        (change(val_labels=np.full((12, 1), -1)), "val_labels holds -1"),
        (change(val_labels=np.zeros((12, 14), np.int64)), "one class for each"),
        (change(val_labels=np.zeros((11, 1), np.int64)), r"shape \(11, 1\); for 12 pictures"),
        (change(val_labels=np.zeros((12, 1))), "float64"),
        (change(train_labels=np.array([["a"]] * 40)), "whole numbers"),
        (
            change(**{f"{name}_labels": np.zeros((count, 1), np.uint8) for name, count in SIZES.items()}),
            "nothing but 0",
        ),
        (change(train_labels=np.array([[None]] * 40)), "allow_pickle"),
    ],
)
def test_a_broken_npz_says_what_is_wrong(tmp_path: Path, broken: Callable[[Arrays], Arrays], said: str) -> None:
    path = saved(tmp_path, broken(medmnist()))
    assert_refused(lambda: load_image_set(path), said)


def test_what_is_no_image_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 and no more")
    assert_refused(lambda: load_image_set(tmp_path / "torn.npz"), "cannot be read as .npz")
    np.save(tmp_path / "lone.npy", np.zeros(3))
    (tmp_path / "lone.npy").rename(tmp_path / "lone.npz")
    assert_refused(lambda: load_image_set(tmp_path / "lone.npz"), "cannot be read as .npz")
    with pytest.raises(OptionError, match="images=''"):
        load_image_set("")
    with pytest.raises(OptionError, match="neither is there"):
        load_image_set(tmp_path / "nothing.npz")
    (tmp_path / "one").mkdir()
    assert_refused(lambda: read(tmp_path / "one"), "holds 0 folders")
    folder = folder_of(tmp_path / "set", {"a": 30, "b": 30})
    (folder / "c").mkdir()
    assert_refused(lambda: read(folder), "c holds no pictures")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:60]), "is no picture that can be read"),
        (lambda file: file.write_text("a label"), "is no picture that can be read"),
        (lambda file: Image.new("I;16", (40, 30)).save(file), "pixels of type 'I"),
        (lambda file: Image.new("RGB", (40, 3)).save(file), "40 by 3 pixels"),
    ],
)
def test_a_broken_picture_is_named(tmp_path: Path, spoil: Callable[[Path], Any], said: str) -> None:
    folder = folder_of(tmp_path / "set", {"a": 30, "b": 30})
    spoil(folder / "b" / "007.png")
    assert_refused(lambda: read(folder), f"007.png.*{said}")


def read(folder: Path) -> ImageSet:
    return load_image_set(folder)


def assert_refused(load: Callable[[], Any], said: str) -> None:
    with pytest.raises(TaskError, match=said):
        load()
