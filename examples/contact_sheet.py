"""Draws a sheet of slides: the same sixteen cells in several labs, and which of them each lab calls macrophages.

    python examples/contact_sheet.py --out labs.png

Every row is a lab with its own preparation and convention. A cell in a green frame is a macrophage there; a grey frame
says that it is not. Columns hold two plain macrophages, one of each borderline trait, and one of each other thing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw, ImageFont, ImageOps

from selftrain.envs.lab.cells import KINDS, TRAITS, Cells, Mix, draw_cells
from selftrain.envs.lab.labs import Lab, find_lab
from selftrain.envs.lab.preparation import STAINS
from selftrain.envs.lab.slides import images

SIDE, FRAME, GAP = 96, 4, 6
BITS = 6  # of each colour, which keeps the file small and cannot be seen
LEFT, TOP = 250, 34
CELL = SIDE + 2 * FRAME + GAP
YES, NO, INK, FAINT = (22, 140, 70), (196, 196, 196), (20, 20, 20), (95, 95, 95)


def main(
    out: Annotated[Path, typer.Option(help="picture to write")] = Path("labs.png"),
    labs: Annotated[int, typer.Option(help="how many labs", min=1)] = 10,
    split: Annotated[str, typer.Option(help="train, dev or test")] = "train",
    level: Annotated[int, typer.Option(help="1 to 5, how much labs differ", min=1, max=5)] = 5,
    seed: Annotated[int, typer.Option(help="of the cells")] = 2,
) -> None:
    """Draw and write."""
    shown, heads = specimens(seed)
    sheet = Image.new("RGB", (LEFT + CELL * len(heads), TOP + CELL * labs), "white")
    drawing, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for column, head in enumerate(heads):
        drawing.text((LEFT + CELL * column + CELL // 2, TOP - 14), head, INK, font, anchor="mm")
    for row, lab in enumerate(differing(labs, split, level)):
        top = TOP + CELL * row
        drawing.multiline_text((8, top + 8), described(lab), FAINT, font, spacing=3)
        drawing.text((8, top + 8), lab.name, INK, font)
        pictures, counted = images(lab, shown), lab.convention.labels(shown)
        for column, (picture, yes) in enumerate(zip(pictures, counted, strict=True)):
            left = LEFT + CELL * column
            drawing.rectangle((left, top, left + CELL - GAP, top + CELL - GAP), YES if yes else NO)
            sheet.paste(ImageOps.posterize(Image.fromarray(picture), BITS), (left + FRAME, top + FRAME))
    sheet.save(out, optimize=True)


def specimens(seed: int) -> tuple[Cells, list[str]]:
    """Sixteen cells, each of a sort of its own but for two plain macrophages, and what each is called."""
    cells = draw_cells(np.random.default_rng(seed), 3000, Mix(tuple(range(len(TRAITS))), second=0.0))
    plain = (cells.kind == 0) & ~cells.traits.any(axis=1)
    chosen = [(number, "macrophage") for number in np.flatnonzero(plain & (cells.diameter > 16))[:2]]
    for trait, name in enumerate(TRAITS):
        bearing = cells.traits[:, trait] & (cells.traits.sum(axis=1) == 1) & (cells.diameter > 14.5)
        chosen.append((np.flatnonzero(bearing)[0], name))
    for kind, name in enumerate(KINDS[1:], start=1):
        large = cells.diameter >= np.median(cells.diameter[cells.kind == kind])
        chosen.append((np.flatnonzero((cells.kind == kind) & large)[0], name))
    return cells[[int(number) for number, _ in chosen]], [name for _, name in chosen]


def differing(count: int, split: str, level: int) -> list[Lab]:
    """The first labs of a split, so chosen that all stains occur as often."""
    found: list[Lab] = []
    wanted = [stain for number, stain in zip(range(count), list(STAINS) * count, strict=False)]
    for number in range(100 * count):
        lab = find_lab(split, number, level)
        if lab.preparation.stain in wanted and len(found) < count:
            wanted.remove(lab.preparation.stain)
            found.append(lab)
    return sorted(found, key=lambda lab: list(STAINS).index(lab.preparation.stain))


def described(lab: Lab) -> str:
    """A lab's stain, scale and convention, below a line for its name."""
    left_out = [name for name, left in zip(TRAITS, lab.convention.left_out, strict=True) if left]
    lines = [f"{lab.preparation.stain}, {lab.preparation.um_per_pixel:g} micrometres a pixel", "not counted:"]
    lines += [", ".join(left_out[start : start + 3]) + "," for start in range(0, len(left_out), 3)]
    lines[-1] = lines[-1].rstrip(",")
    if lab.convention.least:
        lines.append(f"nor below {lab.convention.least:g} micrometres")
    return "\n" + "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
