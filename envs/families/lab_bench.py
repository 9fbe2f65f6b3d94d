"""lab-bench: a lab's slides as pictures in files, some with labels and remarks, and sealed ones to be answered."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image

from selftrain.envs.lab import protocol, senior, slides
from selftrain.envs.lab.bounds import zero_shot
from selftrain.envs.lab.cells import Bools, Cells, draw_cells
from selftrain.envs.lab.conventions import Belief, Convention
from selftrain.envs.lab.day import DAYS, Day
from selftrain.envs.lab.labs import MOST_LABS, Lab, find_lab
from selftrain.envs.lab.sealed import BAR, COLUMNS, PREDICTIONS, SealedVerifier
from selftrain.errors import OptionError
from selftrain.tasks import SPLITS, Limits, Task, TaskFamily, stable_key

SLIDES, LABELLED, REMARKS = 216, 200, 16
# the sealed slides: macrophages without and with traits, and no macrophages. Whether the lab counts them plays no part
# in the draw, or else the mere numbers of cells with each trait would tell its convention to who has no label.
PLAIN, BORDERLINE, DECOYS = 14, 56, 10
SEALED = PLAIN + BORDERLINE + DECOYS
# the most of the sealed slides that one answer for all, or all macrophages, gets right in any lab of the level
FIXED = 0.875
_LABELS, _SENIOR, _PROTOCOL = "/workspace/labels.csv", "/workspace/senior.txt", "/workspace/protocol.txt"
_SLIDES, _SEALED = "/workspace/slides", "/workspace/sealed"
_POOL = 4000
_WRITTEN = {True: "yes", False: "no"}


@dataclass(frozen=True)
class LabBench(TaskFamily):
    """Tasks whose seed names a lab and its day, as those of `lab-day` do: `lab * DAYS + day`."""

    def built(self, rng: np.random.Generator, level: int, split: str, seed: int) -> Task:
        """The bench of a lab on a day. Seeds beyond the last lab begin again at the first."""
        number, day = divmod(seed, DAYS)
        return _task(find_lab(split, number % MOST_LABS, level), day)


@dataclass(frozen=True)
class Sealed:
    """The sealed slides of a lab on a day: cells in their order, and what is right."""

    lab: Lab
    day: int

    @cached_property
    def cells(self) -> Cells:
        """A draw of cells in fixed shares, see `PLAIN`, as it might be in any lab of the level; no other meets them."""
        rng = np.random.default_rng(
            [stable_key("sealed slides"), SPLITS[self.lab.split], self.lab.level, self.lab.number, self.day]
        )
        pool = draw_cells(rng, _POOL, self.lab.mix)
        macrophage, marked = pool.kind == 0, pool.traits.any(axis=1)
        groups = ((macrophage & ~marked, PLAIN), (marked, BORDERLINE), (~macrophage, DECOYS))
        while True:
            chosen = [rng.choice(np.flatnonzero(group), count, replace=False) for group, count in groups]
            cells = pool[rng.permutation(np.concatenate(chosen))]
            if _best_fixed(self.lab, cells) <= FIXED:
                return cells

    @cached_property
    def labels(self) -> Bools:
        """Whether the lab counts each."""
        return self.lab.convention.labels(self.cells)

    @property
    def names(self) -> tuple[str, ...]:
        """File names; they go on where those of the day end."""
        return _names(SLIDES, SEALED)


def _best_fixed(lab: Lab, cells: Cells) -> float:
    """The best accuracy of an answer that is the same in all labs of the level, in the lab that it suits most."""
    table = Belief(lab.scope).table(cells)
    fixed = (np.ones_like(table), np.zeros_like(table), np.broadcast_to(cells.kind == 0, table.shape))
    return max(float((table == answers).mean(axis=1).max()) for answers in fixed)


def _names(start: int, count: int) -> tuple[str, ...]:
    return tuple(f"{number:03d}.png" for number in range(start + 1, start + count + 1))


def _task(lab: Lab, number: int) -> Task:
    day = Day(lab, number, 0, lab.cells(number, SLIDES))
    sealed = Sealed(lab, number)
    oracle = _written(dict(zip(sealed.names, sealed.labels.tolist(), strict=True)))
    return Task(
        instruction=_instruction(lab),
        verifier=SealedVerifier(sealed.names, tuple(sealed.labels.tolist())),
        files=_files(day, sealed),
        tools=("python3",),
        oracle=(oracle,),
        cheats=_cheats(day, sealed),
        limits=Limits(steps=60, seconds=3600.0, command_seconds=300.0),
        metadata={"lab": lab.name, "zero_shot": zero_shot(lab, sealed.cells), "ceiling": 1.0},
    )


def _instruction(lab: Lab) -> str:
    stain, scale = lab.preparation.stain, lab.preparation.um_per_pixel
    header, first = ",".join(COLUMNS), _names(SLIDES, 1)[0]
    return f"""\
You help in a lab that counts macrophages under the microscope. Which borderline cells count is this lab's own
convention: the same picture can be a macrophage here and none in another lab. In /workspace lie

  slides/        {SLIDES} pictures, 001.png to {SLIDES}.png, 96 by 96 pixels, of one thing each, in the middle
  labels.csv     what the lab says of the first {LABELLED} of them: {header}, with yes or no
  senior.txt     what the senior remarked on {REMARKS} of the others
  protocol.txt   the lab's written protocol; it does not settle everything
  sealed/        {SEALED} more pictures of the same lab, whose labels nobody here has

The stain is {stain}, and a pixel shows {scale:g} µm. Find out what this lab calls a macrophage, and write
{PREDICTIONS} for the pictures in sealed/: a first line {header}, then for each picture
a line with its file name and yes or no, for example {first},yes. A picture without an answer counts as wrong.
At least {BAR:.0%} must be right. There is python3; where it has numpy and Pillow, you can train a classifier with it.
"""


def _files(day: Day, sealed: Sealed) -> dict[str, bytes]:
    names = _names(0, SLIDES)
    labels = zip(names[:LABELLED], day.labels.tolist(), strict=False)
    table = "".join(f"{name},{_WRITTEN[label]}\n" for name, label in labels)
    remarks = []
    for index in range(LABELLED, LABELLED + REMARKS):
        said = senior.remark(day.feedback(index, "verbal"), "verbal", (int(day.cells.texture[index]),))
        remarks.append(f"{names[index]}  {said}\n")
    return {
        _LABELS: f"{','.join(COLUMNS)}\n{table}".encode(),
        _SENIOR: "".join(remarks).encode(),
        _PROTOCOL: f"{protocol.text(day.lab)}\n".encode(),
        **_pictures(_SLIDES, names, slides.images(day.lab, day.cells)),
        **_pictures(_SEALED, sealed.names, slides.images(day.lab, sealed.cells)),
    }


def _pictures(folder: str, names: Sequence[str], pixels: npt.NDArray[np.uint8]) -> dict[str, bytes]:
    return {f"{folder}/{name}": png(picture) for name, picture in zip(names, pixels, strict=True)}


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A picture as a PNG file that is not compressed, so that all files have one size, with nothing but the picture."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    return file.getvalue()


# scripts


def _written(answers: Mapping[str, bool]) -> str:
    lines = "".join(f"{name},{_WRITTEN[answer]}\n" for name, answer in answers.items())
    return f"cat > {PREDICTIONS} <<'END'\n{','.join(COLUMNS)}\n{lines}END"


def _cheats(day: Day, sealed: Sealed) -> dict[str, tuple[str, ...]]:
    """Answers that come from anywhere but this lab's pictures."""
    head = f"echo {','.join(COLUMNS)} > {PREDICTIONS}"
    loop = f"for one in $(ls {_SEALED}); do echo $one,{{}} >> {PREDICTIONS}; done"
    labels = f"paste -d, <(ls {_SEALED}) <(tail -n +2 {_LABELS} | head -n {SEALED} | cut -d, -f2) >> {PREDICTIONS}"
    textbook = dict(zip(sealed.names, (sealed.cells.kind == 0).tolist(), strict=True))
    return {
        "always yes": (head, loop.format("yes")),
        "always no": (head, loop.format("no")),
        "both answers": (head, loop.format("yes"), loop.format("no")),
        "labels of other slides": (head, labels),
        "labels as they are": (f"cp {_LABELS} {PREDICTIONS}",),
        "every macrophage": (_written(textbook),),
        "another lab": (_written(dict(zip(sealed.names, _elsewhere(day.lab, sealed), strict=True))),),
    }


def _elsewhere(lab: Lab, sealed: Sealed) -> list[bool]:
    """What the lab of the same level that agrees least would answer."""

    def agreement(other: Convention) -> int:
        return int((other.labels(sealed.cells) == sealed.labels).sum())

    found: list[bool] = min(lab.scope.conventions(), key=agreement).labels(sealed.cells).tolist()
    return found


def _no_build(rng: np.random.Generator, level: int) -> Task:
    raise OptionError("a bench needs a split and a seed for its lab: call task(seed, level, split)")


FAMILY = LabBench(
    name="lab-bench",
    summary="Learn a lab's way of seeing from labelled slides and remarks, and answer sealed ones.",
    skills=("image classification", "learning from few labels", "reading remarks", "python"),
    chance=0.0,
    build=_no_build,
)
