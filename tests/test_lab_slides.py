"""Slides: what is drawn follows the cells' numbers, light follows its laws, and no shortcut tells a label."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from selftrain.envs.lab import optics
from selftrain.envs.lab.cells import KINDS, TRAITS, Cells, Mix, draw_cells
from selftrain.envs.lab.drawing import draw
from selftrain.envs.lab.drawing_parts import CHROMATIN, MATTER, SIDE
from selftrain.envs.lab.drawing_spots import nuclei, outline, placed
from selftrain.envs.lab.labs import Lab, find_lab
from selftrain.envs.lab.preparation import STAINS, Preparation, draw_preparation
from selftrain.envs.lab.slides import PictureCache, images, render
from selftrain.errors import OptionError

Numbers = npt.NDArray[Any]
Told = Callable[[Numbers], Numbers]

MIX = Mix(tuple(range(len(TRAITS))), second=0.3)
LABS, EACH = 8, 180


def cells_of(kind: str, count: int, traits: tuple[str, ...] = ()) -> Cells:
    """Cells of a kind with just these traits."""
    drawn = draw_cells(np.random.default_rng(5), 4000, replace(MIX, plain=0.4))
    wanted = np.array([trait in traits for trait in TRAITS])
    return drawn[np.flatnonzero((drawn.kind == KINDS.index(kind)) & (drawn.traits == wanted).all(axis=1))[:count]]


def preparation_of(stain: str) -> Preparation:
    drawn = (draw_preparation(np.random.default_rng(seed)) for seed in range(100))
    return next(preparation for preparation in drawn if preparation.stain == stain)


PLAIN = Preparation("H&E", STAINS["H&E"])


# a cell's picture


@pytest.mark.parametrize("stain", STAINS)
def test_a_picture_depends_on_its_cell_and_the_preparation_alone(stain: str) -> None:
    cells, preparation = draw_cells(np.random.default_rng(1), 20, MIX), preparation_of(stain)
    all_at_once = render(cells, preparation)
    assert all_at_once.shape == (20, 96, 96, 3)
    assert all_at_once.dtype == np.uint8
    one_by_one = np.concatenate([render(cell, preparation) for cell in cells.each()])
    assert (one_by_one == all_at_once).all()
    assert (render(cells[::-1], preparation)[::-1] == all_at_once).all()
    assert (render(cells, replace(preparation, um_per_pixel=0.5)) != all_at_once).mean() > 0.3


def test_no_cells_make_no_pictures() -> None:
    assert render(cells_of("macrophage", 0), PLAIN).shape == (0, 96, 96, 3)


def test_another_process_draws_the_same() -> None:
    script = (
        "import hashlib\nfrom selftrain.envs.lab.labs import find_lab\nfrom selftrain.envs.lab.slides import images\n"
        "lab = find_lab('dev', 3, 2)\nprint(hashlib.sha256(images(lab, lab.cells(1, 6)).tobytes()).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    lab = find_lab("dev", 3, 2)
    assert there.stdout.strip() == hashlib.sha256(images(lab, lab.cells(1, 6)).tobytes()).hexdigest()


# what is drawn is what the numbers say


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("dust", "precipitate")])
def test_the_area_is_that_of_the_diameter_at_every_magnification(kind: str) -> None:
    cells = cells_of(kind, 24)
    for um_per_pixel in (0.36, 0.5):
        _, covered = draw(cells, um_per_pixel)
        inside = ~(covered[:, [0, -1]].any(axis=(1, 2)) | covered[:, :, [0, -1]].any(axis=(1, 2)))
        area = covered.sum(axis=(1, 2)) * um_per_pixel**2 / (np.pi / 4 * cells.diameter**2)
        assert inside.sum() > 8
        assert abs(np.median(area[inside]) - 1) < 0.08
        assert np.abs(area[inside] - 1).max() < 0.35


@pytest.mark.parametrize("kind", ["macrophage", "monocyte", "neutrophil", "lymphocyte"])
def test_nuclei_have_their_share_of_the_area(kind: str) -> None:
    cells = cells_of(kind, 24)
    matter, _ = draw(cells, 0.36)
    nuclear = (matter[:, CHROMATIN] > 0.45).sum(axis=(1, 2)) * 0.36**2
    share = nuclear / (np.pi / 4 * cells.diameter**2) / cells.nuclear_share
    assert abs(np.median(share) - 1) < 0.12


def test_vacuoles_and_inclusions_are_as_many_as_said_and_apart() -> None:
    cells = cells_of("macrophage", 40, ("laden",))
    core, rim = nuclei(cells), outline(cells)
    inclusions = placed(cells, rim, cells.inclusions, core, 6, (0.07, 0.1))
    vacuoles = placed(cells, rim, cells.vacuoles, core.beside(inclusions), 7, (0.055, 0.09))
    assert ((inclusions.radius > 0).sum(axis=1) == cells.inclusions).all()
    assert ((vacuoles.radius > 0).sum(axis=1) == cells.vacuoles).all()
    every = core.beside(inclusions).beside(vacuoles)
    for x, y, radius in zip(every.x, every.y, every.radius, strict=True):
        there = radius > 0
        gap = np.hypot(x[there, None] - x[there], y[there, None] - y[there]) - radius[there, None] - radius[there]
        assert gap[~np.eye(there.sum(), dtype=bool)].min() > -0.35


CHANGES: dict[str, dict[str, Any]] = {
    "laden": {"inclusions": 2},
    "giant": {"nuclei": 2},
    "spindle": {"aspect": 2.1},
    "bare": {"vacuoles": 0},
    "kidney": {"indentation": 0.8, "offset": 0.1},
    "dying": {"chromatin": 2.1, "nuclear_share": 0.085},
}


@pytest.mark.parametrize("stain", STAINS)
@pytest.mark.parametrize("trait", TRAITS)
def test_every_trait_is_to_be_seen_in_every_stain(trait: str, stain: str) -> None:
    cells = cells_of("macrophage", 60)
    cells = cells[cells.diameter > 14][:12]
    same = {name: np.full_like(getattr(cells, name), value) for name, value in CHANGES[trait].items()}
    preparation = preparation_of(stain)
    before, after = render(cells, preparation).astype(float), render(replace(cells, **same), preparation).astype(float)
    change = np.abs(after - before).mean(axis=3)
    middle, about = change[:, 20:76, 20:76], np.concatenate([change[:, :6], change[:, -6:]], axis=1)
    # of the middle a patch of some µm changes far more than noise and the camera's exposure change the rest
    strongest = np.sort(middle.reshape(len(cells), -1), axis=1)[:, -60:].mean(axis=1)
    assert np.median(strongest) > 4 * np.median(about.mean(axis=(1, 2)))
    assert np.median(strongest) > 25


# light


def matter_of(amounts: dict[str, float]) -> npt.NDArray[np.float32]:
    matter = np.zeros((1, len(MATTER), SIDE, SIDE), np.float32)
    for name, amount in amounts.items():
        matter[:, MATTER.index(name)] = amount
    return matter


@pytest.mark.parametrize("stain", ["H&E", "Giemsa", "DAB"])
def test_optical_densities_add_and_the_dyes_can_be_told_apart(stain: str) -> None:
    preparation = Preparation(stain, STAINS[stain], lamp=(1.0, 0.9, 0.8))

    def density(amounts: dict[str, float]) -> Numbers:
        found: Numbers = -np.log10(optics.lit(matter_of(amounts), preparation)[0, :, 0, 0] / np.array(preparation.lamp))
        return found

    nucleus, body = density({"chromatin": 0.7}), density({"acid": 0.4})
    assert density({"chromatin": 0.7, "acid": 0.4}) == pytest.approx(nucleus + body, abs=1e-4)
    assert density({"chromatin": 1.4}) == pytest.approx(2 * nucleus, abs=1e-4)
    of_dyes, rest, *_ = np.linalg.lstsq(np.array(preparation.dyes).T, density({"base": 0.5, "ground": 0.6}), rcond=None)
    assert (of_dyes > 0).all()
    assert rest == pytest.approx(0, abs=1e-6)


def test_emitted_light_adds() -> None:
    preparation = Preparation("fluorescence", STAINS["fluorescence"])
    dark, nucleus, body = (optics.lit(matter_of(of), preparation) for of in ({}, {"chromatin": 0.7}, {"acid": 0.4}))
    both = optics.lit(matter_of({"chromatin": 0.7, "acid": 0.4}), preparation)
    assert both == pytest.approx(nucleus + body - dark, abs=1e-5)
    assert (nucleus > dark).all()


def test_blur_noise_and_compression_do_what_they_say() -> None:
    cells = cells_of("macrophage", 8)

    def detail(**changes: Any) -> float:
        pictures = render(cells, replace(PLAIN, **{"quality": 95, "photons": 1e6, **changes})).astype(float)
        return float(np.abs(np.diff(pictures, axis=2)).mean())

    assert detail(blur=0.8) < 0.9 * detail(blur=0.2)
    assert detail(photons=300.0) > 1.3 * detail()
    assert detail(quality=20) != detail()


def test_stains_are_drawn_as_often_and_dyes_differ_between_labs() -> None:
    drawn = [draw_preparation(np.random.default_rng(seed)) for seed in range(200)]
    counts = {stain: sum(preparation.stain == stain for preparation in drawn) for stain in STAINS}
    assert min(counts.values()) > 25
    assert len({preparation.dyes for preparation in drawn}) == 200
    assert np.linalg.norm([preparation.dyes for preparation in drawn], axis=2) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"stain": "PAS"}, "stain='PAS'"), ({"quality": 0}, "quality=0"), ({"um_per_pixel": 0.0}, "um_per_pixel=0.0")],
)
def test_what_cannot_be_prepared_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        replace(PLAIN, **changes)


# what was drawn is kept


def test_pictures_are_drawn_once_and_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def counted(cells: Cells, preparation: Preparation) -> Numbers:
        drawn.append(len(cells))
        return render(cells, preparation)

    monkeypatch.setattr("selftrain.envs.lab.slides.render", counted)
    picture = SIDE * SIDE * 3
    cache, cells = PictureCache(4 * picture), cells_of("lymphocyte", 6)
    first = cache.images(cells[:4], PLAIN)
    assert (cache.images(cells[[2, 0, 2]], PLAIN) == first[[2, 0, 2]]).all()
    first[:] = 0  # the caller's own
    assert cache.images(cells[:4], PLAIN).any()
    assert drawn == [4]
    cache.images(cells, PLAIN)
    assert drawn == [4, 2]
    assert cache.bytes == 4 * picture
    assert cache.images(cells[:1], replace(PLAIN, thickness=1.1)).shape == (1, 96, 96, 3)
    assert drawn == [4, 2, 1]


# no shortcut


def fitted_accuracy(features: Numbers, labels: Numbers) -> float:
    """Accuracy on cells that it has not seen, of a logistic regression, in five parts."""
    scaled = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
    design = np.column_stack([scaled, np.ones(len(labels))])
    right = 0
    for part in range(5):
        held = np.arange(len(labels)) % 5 == part
        known, weights = design[~held], np.zeros(design.shape[1])
        for _ in range(15):  # Newton's method
            likely = 1 / (1 + np.exp(-known @ weights))
            curvature = (known.T * (likely * (1 - likely))) @ known + 1e-2 * np.eye(len(weights))
            weights -= np.linalg.solve(curvature, known.T @ (likely - labels[~held]) + 1e-2 * weights)
        right += int(((design[held] @ weights > 0) == labels[held]).sum())
    return right / len(labels)


def colours(pictures: Numbers) -> Numbers:
    """Means of red, green and blue."""
    found: Numbers = pictures.mean(axis=(1, 2))
    return found


def brightness(pictures: Numbers) -> Numbers:
    """The mean of all."""
    found: Numbers = colours(pictures).mean(axis=1, keepdims=True)
    return found


def sizes(pictures: Numbers) -> Numbers:
    """Bytes of each as JPEG and as PNG."""
    found = []
    for picture in pictures:
        files = [io.BytesIO(), io.BytesIO()]
        for file, kind in zip(files, ("JPEG", "PNG"), strict=True):
            Image.fromarray(picture).save(file, kind)
        found.append([len(file.getvalue()) for file in files])
    return np.array(found, float)


def over_the_majority(labs: list[Lab], shown: list[Numbers], told_by: Told) -> float:
    """By how much a shortcut beats always giving a lab's more common label, in the mean over labs."""
    gains = []
    for lab, pictures in zip(labs, shown, strict=True):
        labels = lab.convention.labels(lab.cells(0, EACH)).astype(float)
        gains.append(fitted_accuracy(told_by(pictures), labels) - max(labels.mean(), 1 - labels.mean()))
    return float(np.mean(gains))


# the standard deviation of an accuracy over all cells of all labs is at most this; three of them are allowed
BAND = 3 * 0.5 / np.sqrt(LABS * EACH)


@pytest.fixture(scope="module")
def shown() -> tuple[list[Lab], list[Numbers]]:
    labs = [find_lab("train", number, 3) for number in range(LABS)]
    return labs, [render(lab.cells(0, EACH), lab.preparation) for lab in labs]


@pytest.mark.parametrize("told_by", [colours, brightness, sizes])
def test_a_label_cannot_be_told_without_looking(told_by: Told, shown: tuple[list[Lab], list[Numbers]]) -> None:
    labs, pictures = shown
    assert len({lab.preparation.stain for lab in labs}) >= 3
    assert over_the_majority(labs, pictures, told_by) < BAND


def test_a_shortcut_would_be_found(shown: tuple[list[Lab], list[Numbers]]) -> None:
    labs, pictures = shown
    marked = []
    for lab, some in zip(labs, pictures, strict=True):
        labels = lab.convention.labels(lab.cells(0, EACH))
        brighter = np.clip(some.astype(int) + 6 * labels[:, None, None, None], 0, 255)
        marked.append(brighter.astype(np.uint8))
    assert over_the_majority(labs, marked, brightness) > BAND


# the sheet of slides


def test_the_contact_sheet_is_drawn(tmp_path: Path) -> None:
    path = Path(__file__).parents[1] / "examples" / "contact_sheet.py"
    spec = importlib.util.spec_from_file_location("contact_sheet", path)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.main(out=tmp_path / "labs.png", labs=2, split="test", level=4, seed=1)
    with Image.open(tmp_path / "labs.png") as sheet:
        assert sheet.size == (example.LEFT + 16 * example.CELL, example.TOP + 2 * example.CELL)
        frames = {sheet.getpixel((example.LEFT + example.CELL * column, example.TOP)) for column in range(16)}
    assert len(frames) == 2  # some are counted, some are not
