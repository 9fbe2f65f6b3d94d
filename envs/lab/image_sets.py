"""Real pictures as a lab: a folder of class folders, or an `.npz` in MedMNIST's layout.

MedMNIST v2 (Yang and others, Scientific Data 10:41, 2023) keeps a set in one `.npz` with six arrays:
`train_images`, `val_images` and `test_images`, uint8 of shape (n, h, w) in grey or (n, h, w, 3) in colour, and
`train_labels`, `val_labels` and `test_labels`, whole numbers of shape (n, 1). Its "val" is our "dev".
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from selftrain.errors import OptionError, TaskError, UnknownNameError
from selftrain.tasks import SPLITS, stable_key

Pixels = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

SIDE = 96
# what each split is called, in an `.npz` and as a folder
_NPZ_NAMES = {"train": "train", "dev": "val", "test": "test"}
_FOLDER_NAMES = {"train": ("train",), "dev": ("dev", "val", "valid"), "test": ("test",)}
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp")
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")  # what has eight bits a channel
_LEAST_SIDE = 8
# of ten parts of a folder without splits: those below the first number are train, those below the second dev
_PARTS = (6, 8)
_KEPT_FOR_EXAMS = 0.25
_USUAL_NAMES = ("macrophage", "macrophages", "yes", "positive")


@dataclass(frozen=True)
class Part:
    """The pictures of one split: (n, h, w) or (n, h, w, 3) uint8, and (n,) indices of their classes."""

    images: Pixels
    labels: Ints

    @cached_property
    def same(self) -> Ints:
        """(n,) a number for each picture that copies of it have too."""
        numbers: dict[bytes, int] = {}
        found = [numbers.setdefault(hashlib.sha256(image.tobytes()).digest(), len(numbers)) for image in self.images]
        return np.array(found, np.int64)


@dataclass(frozen=True)
class ImageSet:
    """A set of real pictures, of which some classes are answered with yes.

    Attributes:
        name: of its file or folder, without the suffix.
        classes: names of the classes; in an `.npz` their numbers as text.
        counted: for each class, whether its pictures are answered with yes.
        parts: split → its pictures.
    """

    name: str
    classes: tuple[str, ...]
    counted: tuple[bool, ...]
    parts: Mapping[str, Part]

    def draw(self, split: str, day: int, count: int, purpose: str = "day") -> tuple[Pixels, Bools]:
        """Pictures of a day and their labels; the same arguments, the same pictures.

        A quarter of each split is kept for the purpose "exam", with all copies of its pictures, and is met in no other,
        so that an exam shows what no day has shown. Within one draw no file comes twice.

        Returns:
            (count, 96, 96, 3) pictures, cut to squares around their middle, and (count,) labels.

        Raises:
            UnknownNameError: no such split. OptionError: the split has fewer pictures than that.
        """
        if split not in self.parts:
            raise UnknownNameError("split", split, self.parts)
        pool = self._pool(split, exam=purpose == "exam")
        if not 0 <= count <= len(pool):
            raise OptionError(
                f"{count} pictures for the {purpose} are more than the {len(pool)} that split {split!r} of image set "
                f"{self.name!r} has for it: shorten the day with length="
            )
        rng = np.random.default_rng([stable_key(f"picture set {purpose}"), SPLITS[split], day])
        chosen = rng.permutation(pool)[:count]
        part = self.parts[split]
        pictures = [_squared(part.images[index]) for index in chosen]
        labels = np.array(self.counted)[part.labels[chosen]]
        return np.array(pictures, np.uint8).reshape(count, SIDE, SIDE, 3), labels

    def majority(self, split: str) -> float:
        """Accuracy in the exams of a split of whom always gives the answer that is more common there."""
        share = float(np.array(self.counted)[self.parts[split].labels[self._pool(split, exam=True)]].mean())
        return max(share, 1 - share)

    def _pool(self, split: str, exam: bool) -> Ints:
        same = self.parts[split].same
        order = np.random.default_rng([stable_key("picture set"), SPLITS[split]]).permutation(len(same))
        kept = np.isin(same[order], same[order[: max(1, round(_KEPT_FOR_EXAMS * len(order)))]])
        return order[kept] if exam else order[~kept]


def load_image_set(path: str | Path, positive: str | int | Sequence[str | int] | None = None) -> ImageSet:
    """The image set of a folder or an `.npz`, read once in a process as long as files are neither added nor removed.

    A folder holds a folder for each class, or folders "train", "dev" (or "val") and "test" that hold those. Without
    splits a picture goes to one by the hash of its file, six tenths to train and two each to dev and test, so that
    copies of a picture never lie in two.

    Args:
        path: of the folder or the file.
        positive: the class or classes that are answered with yes, by name or number. None: "macrophage" where there is
            such a class, else the second of two.

    Raises:
        OptionError: the path names neither, or nothing says which classes are answered with yes.
        UnknownNameError: `positive` names no class.
        TaskError: the set is broken: names the file or array, what is wrong and what is expected.
    """
    if not str(path).strip():
        raise OptionError(f"images={str(path)!r} must be a folder of class folders, or a file .npz")
    place = Path(path).resolve()
    return _load(place, named_classes(positive), _state(place))


def named_classes(positive: object) -> tuple[str, ...] | None:
    """Names of the classes that `positive` of `load_image_set` names.

    Raises:
        OptionError: it is neither a name or number nor a sequence of them.
    """
    if positive is None:
        return None
    named = list(positive) if isinstance(positive, list | tuple | set | frozenset | np.ndarray) else [positive]
    if not all(isinstance(one, str | int | np.integer) and not isinstance(one, bool) for one in named):
        raise OptionError(f"positive={positive!r} must be the name or number of a class, or a list of them")
    return tuple(map(str, named))


def _state(path: Path) -> tuple[int, ...]:
    """What changes when an `.npz` is written again, or when a folder gets or loses files."""
    if not path.exists():
        return ()
    places = [path, *(path.glob("*/") if path.is_dir() else ()), *(path.glob("*/*/") if path.is_dir() else ())]
    return tuple(place.stat().st_mtime_ns for place in places)


@lru_cache(maxsize=4)
def _load(path: Path, positive: tuple[str, ...] | None, state: tuple[int, ...]) -> ImageSet:
    if path.is_dir():
        classes, parts = _from_folder(path)
    elif path.suffix == ".npz" and path.is_file():
        classes, parts = _from_npz(path)
    else:
        raise OptionError(f"images={str(path)!r} must be a folder of class folders, or a file .npz; neither is there")
    return ImageSet(path.stem, classes, _counted(path, classes, positive), parts)


def _counted(path: Path, classes: tuple[str, ...], positive: tuple[str, ...] | None) -> tuple[bool, ...]:
    if positive is None:
        usual = tuple(name for name in classes if name.lower() in _USUAL_NAMES)
        if not usual and len(classes) != 2:
            raise OptionError(
                f"{path} has {len(classes)} classes ({', '.join(classes[:12])}): say with positive= which are answered "
                "with yes"
            )
        positive = usual or classes[1:]
    if unknown := [name for name in positive if name not in classes]:
        raise UnknownNameError(f"class of {path.name}", unknown[0], classes)
    counted = tuple(name in positive for name in classes)
    if all(counted) or not any(counted):
        raise OptionError(f"positive={positive!r} must name some of the classes of {path}, and not all")
    return counted


# MedMNIST's layout


def _from_npz(path: Path) -> tuple[tuple[str, ...], dict[str, Part]]:
    arrays = _arrays(path)
    found = {split: _part(path, name, arrays) for split, name in _NPZ_NAMES.items()}
    known = np.unique(found["train"].labels)
    if len(known) < 2:
        raise TaskError(f"{path}: train_labels holds nothing but {int(known[0])}; a set needs two classes or more")
    for split, name in _NPZ_NAMES.items():
        outside = np.setdiff1d(found[split].labels, known)
        if len(outside):
            raise TaskError(
                f"{path}: {name}_labels holds {int(outside[0])}, which is outside the set of classes of train_labels: "
                f"{', '.join(map(str, known[:12]))}"
            )
    classes = tuple(str(number) for number in known)
    return classes, {
        split: Part(part.images, np.searchsorted(known, part.labels).astype(np.int64)) for split, part in found.items()
    }


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    wanted = [f"{name}_{what}" for name in _NPZ_NAMES.values() for what in ("images", "labels")]
    try:
        with path.open("rb") as opened, zipfile.ZipFile(opened):  # a lone array, .npy, is none
            pass
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            if missing := [name for name in wanted if name not in file.files]:
                raise TaskError(
                    f"{path} lacks the array{'s' if len(missing) > 1 else ''} {', '.join(missing)}; MedMNIST's layout "
                    f"has {', '.join(wanted)}"
                )
            return {name: file[name] for name in wanted}
    except (OSError, zipfile.BadZipFile, ValueError, EOFError) as error:
        if isinstance(error, TaskError):
            raise
        raise TaskError(f"{path} cannot be read as .npz: {error}") from error


def _part(path: Path, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> Part:
    images, labels = arrays[f"{name}_images"], arrays[f"{name}_labels"]
    if images.dtype != np.uint8:
        raise TaskError(f"{path}: {name}_images is of type {images.dtype}; pictures are uint8, 0 to 255")
    grey, colour = images.ndim == 3, images.ndim == 4 and images.shape[-1] == 3
    if not (grey or colour) or min(images.shape[1:3]) < _LEAST_SIDE:
        raise TaskError(
            f"{path}: {name}_images has shape {images.shape}; pictures are (n, h, w) in grey or (n, h, w, 3) in "
            f"colour, with {_LEAST_SIDE} pixels or more to a side"
        )
    if not np.issubdtype(labels.dtype, np.integer) or labels.shape not in ((len(images),), (len(images), 1)):
        raise TaskError(
            f"{path}: {name}_labels is of type {labels.dtype} and shape {labels.shape}; for {len(images)} pictures it "
            f"is whole numbers of shape ({len(images)}, 1), one class for each"
        )
    if len(images) < 2:
        raise TaskError(f"{path}: {name}_images holds {len(images)} pictures; a split needs 2 or more")
    return Part(images, labels.reshape(-1).astype(np.int64))


# folders


def _from_folder(path: Path) -> tuple[tuple[str, ...], dict[str, Part]]:
    folders = {
        split: next((path / name for name in names if (path / name).is_dir()), None)
        for split, names in _FOLDER_NAMES.items()
    }
    given = {split: folder for split, folder in folders.items() if folder is not None}
    classes = _classes(given.get("train", path))
    if given and len(given) < len(SPLITS):
        absent = ", ".join(sorted(set(SPLITS) - set(given)))
        raise TaskError(f"{path} has folders for {', '.join(given)} and none for {absent}: give all splits, or none")
    sorted_in: dict[str, list[tuple[Pixels, int]]] = {split: [] for split in SPLITS}
    for split, folder in (given or {"": path}).items():
        if outside := [name for name in _classes(folder) if name not in classes]:
            raise TaskError(
                f"{folder / outside[0]} is outside the set of classes of {given['train']}: {', '.join(classes)}"
            )
        for file, label in _files(folder, classes):
            data = file.read_bytes()
            sorted_in[split or _split_of(data)].append((_decoded(file), label))
    for split, found in sorted_in.items():
        if len(found) < 2:
            raise TaskError(f"{path}: split {split!r} gets {len(found)} pictures; it needs 2 or more")
    return classes, {
        split: Part(np.array([image for image, _ in found]), np.array([label for _, label in found], np.int64))
        for split, found in sorted_in.items()
    }


def _classes(folder: Path) -> tuple[str, ...]:
    found = tuple(sorted(one.name for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")))
    if len(found) < 2:
        raise TaskError(f"{folder} holds {len(found)} folders; it needs one for each class, two or more")
    return found


def _files(folder: Path, classes: Sequence[str]) -> Iterator[tuple[Path, int]]:
    for label, name in enumerate(classes):
        files = sorted((folder / name).iterdir()) if (folder / name).is_dir() else []
        pictures = [file for file in files if file.suffix.lower() in _SUFFIXES]
        if not pictures:
            raise TaskError(f"{folder / name} holds no pictures ({', '.join(_SUFFIXES)})")
        yield from ((file, label) for file in pictures)


def _split_of(data: bytes) -> str:
    part = int.from_bytes(hashlib.sha256(data).digest()[:4], "big") % 10
    return "train" if part < _PARTS[0] else "dev" if part < _PARTS[1] else "test"


def _decoded(file: Path) -> Pixels:
    try:
        with Image.open(file) as image:
            image.load()
            if image.mode not in _MODES:
                raise TaskError(f"{file} has pixels of type {image.mode!r}; 8 bits a channel are needed, grey or RGB")
            if min(image.size) < _LEAST_SIDE:
                raise TaskError(f"{file} is {image.width} by {image.height} pixels; {_LEAST_SIDE} to a side are least")
            return _fitted(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, TaskError):
            raise
        raise TaskError(f"{file} is no picture that can be read: {error}") from error


def _squared(pixels: Pixels) -> Pixels:
    return _fitted(Image.fromarray(pixels))


def _fitted(image: Image.Image) -> Pixels:
    if image.mode in ("LA", "P", "PA", "RGBA"):  # what shows through is white, as light through glass
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    fitted = ImageOps.fit(image.convert("RGB"), (SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(fitted, np.uint8)
