"""An honest solution of a lab's bench, for an agent with python3, numpy and Pillow: look, measure, learn, answer.

Run in /workspace as `python3 solution.py STAIN UM_PER_PIXEL`, both as the instruction tells them. It takes the stains
apart, cuts out the cell and its nuclei, measures what a microscopist would, and learns from labels.csv which of it
counts, by boosted trees (Friedman, Greedy function approximation, Annals of Statistics 29, 2001, 1189-1232). Senior and
protocol it does not read.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Array = Any
Tree = float | tuple[int, float, Any, Any]

# textbook optical densities in red, green and blue, of the dye of the nucleus and of that of the body
DYES = {
    "H&E": ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11)),
    "Giemsa": ((0.83, 0.51, 0.20), (0.09, 0.95, 0.28)),
    "DAB": ((0.65, 0.70, 0.29), (0.27, 0.57, 0.78)),
}
Y, X = np.mgrid[-48:48, -48:48] + 0.5
FROM_MIDDLE = np.hypot(Y, X)
ROUNDS, RATE, DEPTH, SPREAD = 300, 0.075, 2, 1.0


def smooth(planes: Array, sigma: float) -> Array:
    """Planes (n, 96, 96) blurred by a Gaussian."""
    reach = int(3 * sigma) + 1
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    padded = np.pad(planes, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    down = sum(weight * padded[:, i : i + 96] for i, weight in enumerate(weights))
    return sum(weight * down[:, :, i : i + 96] for i, weight in enumerate(weights))


def threshold(values: Array) -> float:
    """Otsu's: the value that parts two kinds of pixels best."""
    counts, edges = np.histogram(values, 64)
    middles = (edges[1:] + edges[:-1]) / 2
    below, moment = counts.cumsum(), (counts * middles).cumsum()
    between = (moment[-1] * below / below[-1] - moment) ** 2 / np.maximum(below * (below[-1] - below), 1)
    return float(middles[between.argmax()])


def grown(mask: Array) -> Array:
    """A mask and the neighbours of its pixels."""
    found = mask.copy()
    found[1:] |= mask[:-1]
    found[:-1] |= mask[1:]
    found[:, 1:] |= mask[:, :-1]
    found[:, :-1] |= mask[:, 1:]
    return found


def shrunk(mask: Array) -> Array:
    """A mask without the pixels at its edge."""
    return ~grown(~mask)


def parts(mask: Array) -> Array:
    """A number for each connected part of a mask, 0 outside of it."""
    own = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        found = own.copy()
        for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:-1], np.s_[1:])):
            found[one] = np.maximum(found[one], own[other])
            found[:, one] = np.maximum(found[:, one], own[:, other])
        found[~mask] = 0
        if (found == own).all():
            return own
        own = np.where(mask, found.ravel()[np.maximum(found, 1) - 1], 0)


def sizes(mask: Array) -> Array:
    """Pixels of each part, the largest first."""
    numbers = parts(mask)
    return np.sort(np.unique(numbers[numbers > 0], return_counts=True)[1])[::-1]


def filled(mask: Array) -> Array:
    """A mask with its holes."""
    numbers = parts(~mask)
    rim = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    return mask | ~np.isin(numbers, rim[rim > 0])


def largest(mask: Array, among: Array) -> Array:
    """The part of a mask that has most pixels among some."""
    numbers = parts(mask)
    seen = numbers[among & mask]
    return numbers == np.bincount(seen).argmax() if len(seen) else among


def form(mask: Array) -> tuple[float, float, float, float]:
    """Middle, elongation and the share of an ellipse of the same moments that a mask fills."""
    if mask.sum() < 5:
        return 0.0, 0.0, 1.0, 0.0
    low, high = np.maximum(np.linalg.eigvalsh(np.cov([Y[mask], X[mask]])), 1e-6)
    return Y[mask].mean(), X[mask].mean(), np.sqrt(high / low), mask.sum() / (4 * np.pi * np.sqrt(low * high))


def dyes(pictures: Array, stain: str) -> tuple[Array, Array, Array]:
    """How much of the nucleus's dye, of the body's, and of all lies over each pixel."""
    light = pictures.astype(float)
    if stain == "fluorescence":
        nuclear, body = light[..., 2] / 255, light[..., :2].max(axis=-1) / 255
        total = nuclear + body
    else:
        glass = np.quantile(light.reshape(-1, 3), 0.97, axis=0)
        density = -np.log10((light + 1) / (glass + 1))
        nuclear, body = np.moveaxis(density @ np.linalg.pinv(np.array(DYES[stain])), -1, 0)
        total = density.sum(axis=-1)
    return smooth(nuclear, 0.7), smooth(body, 0.7), smooth(total, 0.7)


def quantile(values: Array, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else 0.0


def measured(nuclear: Array, body: Array, total: Array, rough: Array, um: float) -> list[float]:
    """What one picture shows of the cell in its middle."""
    above = total - np.median(total[FROM_MIDDLE > 40])
    mask = shrunk(grown(filled(above > 0.5 * threshold(above[FROM_MIDDLE < 26]))))
    cell = filled(largest(mask & (FROM_MIDDLE < 38), FROM_MIDDLE < 8))
    pixels, edge = max(int(cell.sum()), 1), cell & ~shrunk(cell)
    middle_y, middle_x, elongation, full = form(cell)
    dark = grown(shrunk(cell & (nuclear > max(threshold(nuclear[cell]), 0.0))))
    areas = sizes(dark) * um * um
    nucleus = largest(dark, dark)
    nuclear_y, nuclear_x, nuclear_elongation, nuclear_full = form(nucleus)
    closed = grown(grown(nucleus))
    notch = (shrunk(shrunk(filled(closed))) & ~nucleus).sum() / max(nucleus.sum(), 1)
    inner = shrunk(shrunk(cell)) & ~grown(grown(dark))
    pale, spots = (rough - total)[inner], (total - rough)[shrunk(shrunk(cell)) & ~grown(nucleus)]
    holes = sizes(inner & (rough - total > 0.12 * total[cell].std() + 0.03))
    away = np.hypot(nuclear_y - middle_y, nuclear_x - middle_x) / np.sqrt(pixels / np.pi)
    return [
        *(np.sqrt(pixels) * um, elongation, full, edge.sum() ** 2 / pixels),
        *((areas > 6).sum(), ((areas > 0.8) & (areas <= 6)).sum(), areas[1] if len(areas) > 1 else 0.0),
        *(dark.sum() / pixels, nucleus.sum() / pixels, nucleus.sum() * um * um),
        *(away, nuclear_elongation, nuclear_full, notch),
        *(quantile(nuclear[nucleus], 0.5), quantile(nuclear[cell], 0.99)),
        *(quantile(pale, 0.95), pale.std() if len(pale) else 0.0, (holes >= 4).sum()),
        *(quantile(spots, 0.98), quantile(spots, 1.0), spots.std() if len(spots) else 0.0),
        *(quantile(nuclear[inner], 0.98), quantile(nuclear[inner], 0.5), quantile(body[inner], 0.5)),
        *(body[cell].std(), total[cell].mean(), inner.sum() / pixels),
        np.hypot(Y[edge] - middle_y, X[edge] - middle_x).std() * um,
    ]


def features(pictures: Array, stain: str, um: float) -> Array:
    """(n, any) measurements of pictures (n, 96, 96, 3)."""
    nuclear, body, total = dyes(pictures, stain)
    rough = smooth(total, 2.5)
    return np.array([measured(*planes, um) for planes in zip(nuclear, body, total, rough, strict=True)])


def grow(known: Array, slope: Array, curve: Array, rows: Array, depth: int) -> Tree:
    """A tree that lowers the logistic loss by Newton's step in each leaf."""
    leaf = -slope[rows].sum() / (curve[rows].sum() + SPREAD)
    if depth == 0 or len(rows) < 8:
        return float(leaf)
    order = rows[known[rows].argsort(axis=0)]
    values = np.take_along_axis(known, order, axis=0)
    left, weight = slope[order].cumsum(axis=0), curve[order].cumsum(axis=0)
    gain = left**2 / (weight + SPREAD) + (left[-1] - left) ** 2 / (weight[-1] - weight + SPREAD)
    gain[:-1][values[1:] <= values[:-1]] = -1
    gain[:2] = gain[-3:] = -1
    at, column = np.unravel_index(gain.argmax(), gain.shape)
    limit = (values[at, column] + values[at + 1, column]) / 2
    low = known[rows, column] <= limit
    if low.all() or not low.any():
        return float(leaf)
    below, above = (grow(known, slope, curve, rows[side], depth - 1) for side in (low, ~low))
    return int(column), float(limit), below, above


def read(tree: Tree, rows: Array) -> Array:
    """What a tree says of each row."""
    if isinstance(tree, float):
        return np.full(len(rows), tree)
    column, limit, low, high = tree
    return np.where(rows[:, column] <= limit, read(low, rows), read(high, rows))


def answers(known: Array, labels: Array, asked: Array) -> Array:
    """Whether each row of `asked` counts, as learned from known rows and their labels."""
    rng = np.random.default_rng(0)
    score, found = np.zeros(len(known)), np.zeros(len(asked))
    for _ in range(ROUNDS):  # each tree of its own rows and columns
        likely = 1 / (1 + np.exp(-score))
        columns = rng.permutation(known.shape[1])[: known.shape[1] // 2]
        rows = np.flatnonzero(rng.random(len(known)) < 0.7)
        tree = grow(known[:, columns], likely - labels, likely * (1 - likely), rows, DEPTH)
        score += RATE * read(tree, known[:, columns])
        found += RATE * read(tree, asked[:, columns])
    return found > 0


def main(stain: str, um: float) -> None:
    rows = list(csv.DictReader(Path("labels.csv").read_text().splitlines()))
    sealed = sorted(Path("sealed").glob("*.png"))
    files = [Path("slides") / row["slide"] for row in rows] + sealed
    found = features(np.array([np.asarray(Image.open(file)) for file in files]), stain, um)
    labels = np.array([row["macrophage"] == "yes" for row in rows], float)
    counted = answers(found[: len(rows)], labels, found[len(rows) :])
    lines = [f"{file.name},{'yes' if one else 'no'}\n" for file, one in zip(sealed, counted, strict=True)]
    Path("predictions.csv").write_text("slide,macrophage\n" + "".join(lines))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
