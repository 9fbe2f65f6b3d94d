"""What is seen of a thing under the microscope, in words: measured and described, never named.

The words decide everything that a lab can differ on, and what is a macrophage: sizes keep their distance from every
limit (`selftrain.envs.lab.cells.CUTS`), and shapes are described by words whose bounds no cell comes near.
"""

from __future__ import annotations

from selftrain.envs.lab.cells import Cells

# a value below the bound is called so; the last name is for all above
_OUTLINES = ((0.065, "smooth"), (1.0, "ruffled"))
_RAGGED = 0.05
_PLACES = ((0.5, "in the middle"), (1.0, "at the rim"))
_CHROMATIN = ((1.15, "loose"), (1.6, "coarse"), (9.0, "shrunken and dense"))
_GRANULES = ((0.4, "hardly granular"), (1.0, "full of granules"))
_KIDNEY = 0.4


def describe(cells: Cells) -> list[str]:
    """One line for each cell, such as

    "17.3 µm across, 1.1 times as long as wide, outline ruffled; one nucleus, oval, at the rim, 25 % of the area,
    chromatin loose; 5 vacuoles; 2 dark inclusions; hardly granular".
    """
    return [_described(cell) for cell in cells.each()]


def _described(cell: Cells) -> str:
    size = f"{cell.diameter[0]:.1f} µm across, {cell.aspect[0]:.1f} times as long as wide, outline "
    if cell.nuclei[0] == 0:
        inside = "jagged; no nucleus; solid" if cell.ruffle[0] >= _RAGGED else "a sharp ring; no nucleus; clear inside"
        return f"{size}{inside}"
    parts = [
        size + _named(cell.ruffle[0], _OUTLINES),
        _nuclei(cell),
        _counted(int(cell.vacuoles[0]), "vacuole"),
        _counted(int(cell.inclusions[0]), "dark inclusion"),
        _named(cell.granules[0], _GRANULES),
    ]
    return "; ".join(parts)


def _nuclei(cell: Cells) -> str:
    count = int(cell.nuclei[0])
    if cell.lobes[0]:
        shape = f"in {cell.lobes[0]} lobes"
    elif cell.indentation[0] > _KIDNEY:
        shape = "kidney-shaped"
    else:
        shape = "oval"
    nuclei = "one nucleus" if count == 1 else f"{count} nuclei"
    place = _named(cell.offset[0], _PLACES)
    share = f"{100 * cell.nuclear_share[0]:.0f} % of the area"
    return f"{nuclei}, {shape}, {place}, {share}, chromatin {_named(cell.chromatin[0], _CHROMATIN)}"


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _named(value: float, names: tuple[tuple[float, str], ...]) -> str:
    return next((name for bound, name in names if value < bound), names[-1][1])
