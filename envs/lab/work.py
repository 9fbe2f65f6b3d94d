"""A day as an environment shows it, in words and pictures: one in a lab, or one over real pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from selftrain.envs.lab import protocol, senior, slides, words
from selftrain.envs.lab.cells import TRAITS, Bools
from selftrain.envs.lab.day import Atom, Day, Terms, day_of_seed
from selftrain.envs.lab.image_sets import ImageSet, load_image_set
from selftrain.envs.lab.labs import find_lab
from selftrain.tasks import stable_key

Pixels = npt.NDArray[np.uint8]
_OTHER_LABS = 32


class Work(Protocol):
    """What an environment needs of a day."""

    @property
    def lab(self) -> str:
        """Whose day it is."""
        ...

    @property
    def labels(self) -> Bools:
        """(length,) what is right."""
        ...

    @property
    def zero_shot(self) -> float:
        """The accuracy of the best guess that knows nothing of the lab."""
        ...

    @property
    def about(self) -> str:
        """What the agent is told of the lab before the day begins."""
        ...

    @property
    def protocol(self) -> str:
        """The lab's written protocol."""
        ...

    def feedback(self, index: int, kind: str) -> tuple[Atom, ...]:
        """What the senior tells of what is shown at `index`; see `selftrain.envs.lab.day.Day.feedback`."""
        ...

    def bits(self, index: int, kind: str) -> float:
        """What that tells of the lab, in bits."""
        ...

    def words(self, index: int) -> str:
        """What is seen at `index`, in words; "" where there are none."""
        ...

    def picture(self, index: int) -> Pixels:
        """(96, 96, 3) what is seen at `index`."""
        ...

    def elsewhere(self) -> Bools:
        """(length,) what would be right in another lab."""
        ...


@dataclass(frozen=True)
class CellWork:
    """A day over the cells of a lab."""

    day: Day

    @property
    def lab(self) -> str:
        """The lab's name."""
        return self.day.lab.name

    @property
    def labels(self) -> Bools:
        """Exact labels."""
        return self.day.labels

    @property
    def zero_shot(self) -> float:
        """As `selftrain.envs.lab.day.zero_shot`."""
        return self.day.zero_shot

    @property
    def about(self) -> str:
        """What a macrophage is, and on what labs differ."""
        lab = self.day.lab
        features = "; ".join(senior.FEATURES[TRAITS[number]] for number in lab.scope.traits)
        size = ", and on the least size that they count" if len(lab.scope.cuts) > 1 else ""
        called = f"{stable_key(lab.name):08X}"  # the name would tell whether this is training or a test
        return (
            f"Lab {called}, {lab.preparation.stain} slides. A macrophage is a large cell with a ruffled outline, an "
            "oval nucleus at the rim that takes a fifth to a third of it, and vacuoles. Labs differ on borderline "
            f"macrophages, which some count and others leave out ({features}){size}."
        )

    @property
    def protocol(self) -> str:
        """Half of the rules, and nothing of the others."""
        return protocol.text(self.day.lab)

    def feedback(self, index: int, kind: str) -> tuple[Atom, ...]:
        """As the day has it."""
        return self.day.feedback(index, kind)

    def bits(self, index: int, kind: str) -> float:
        """As the day has it."""
        return self.day.bits(index, kind)

    def words(self, index: int) -> str:
        """Measured features."""
        return words.describe(self.day.cells[index : index + 1])[0]

    def picture(self, index: int) -> Pixels:
        """As the lab's microscope shows it."""
        pictures: Pixels = slides.images(self.day.lab, self.day.cells[index : index + 1])
        return np.array(pictures[0])

    def elsewhere(self) -> Bools:
        """What is right in that one of the first labs of this split and level that labels most of the day otherwise."""
        lab = self.day.lab
        others = [find_lab(lab.split, number, lab.level) for number in range(_OTHER_LABS)]
        labels = [other.convention.labels(self.day.cells) for other in others]
        return max(labels, key=lambda other: int((other != self.labels).sum()))


@dataclass(frozen=True)
class PictureWork:
    """A day over an image set; the senior knows the labels, and no more."""

    pictures: ImageSet
    split: str
    number: int
    length: int

    @property
    def lab(self) -> str:
        """The set's name."""
        return self.pictures.name

    @property
    def labels(self) -> Bools:
        """Whether each picture is of a class that counts."""
        return self._drawn[1]

    @property
    def zero_shot(self) -> float:
        """Giving always the answer that is more common."""
        return self.pictures.majority(self.split)

    @property
    def about(self) -> str:
        """No word on what counts: that is to be learned."""
        return f"Pictures of {self.pictures.name}. Which of them count as macrophages here, only this lab can tell."

    @property
    def protocol(self) -> str:
        """There is none."""
        return f"There is no written protocol for {self.pictures.name}."

    def feedback(self, index: int, kind: str) -> tuple[Atom, ...]:
        """The bare label, put into words or not."""
        return () if kind == "none" else (Atom("r", "yes" if self.labels[index] else "no"),)

    def bits(self, index: int, kind: str) -> float:
        """0: what there is to be known about real pictures has no known size."""
        return 0.0

    def words(self, index: int) -> str:
        """None."""
        return ""

    def picture(self, index: int) -> Pixels:
        """The picture."""
        pictures: Pixels = self._drawn[0]
        return np.array(pictures[index])

    def elsewhere(self) -> Bools:
        """The opposite."""
        return ~self.labels

    @cached_property
    def _drawn(self) -> tuple[Pixels, Bools]:
        exam = Terms(self.length).exam
        parts = [
            self.pictures.draw(self.split, self.number, count, purpose)
            for count, purpose in ((self.length - exam, "day"), (exam, "exam"))
        ]
        return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])


@dataclass(frozen=True)
class CellSource:
    """The day of the task `lab-day/<split>/<level>/<seed>`, of this length."""

    split: str
    level: int
    seed: int
    length: int

    @cached_property
    def work(self) -> CellWork:
        """The day itself."""
        return CellWork(day_of_seed(self.split, self.level, self.seed, self.length))


@dataclass(frozen=True)
class PictureSource:
    """The day of the same task over the image set of a folder or file instead."""

    path: str
    positive: tuple[str, ...] | None
    split: str
    seed: int
    length: int

    @cached_property
    def work(self) -> PictureWork:
        """The day itself."""
        return PictureWork(load_image_set(self.path, self.positive), self.split, self.seed, self.length)


Source = CellSource | PictureSource
"""From what a day is made: a small value that can be sent anywhere, and whose repr says all."""
