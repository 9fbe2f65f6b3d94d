"""The senior of a lab: what it says, in one of several wordings whose content is exactly that of its atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from selftrain.envs.lab.day import Atom
from selftrain.tasks import stable_key

NOBODY = "Nobody is there to ask."
NO_MORE = "The senior has answered enough questions for today."
FEATURES = {
    "laden": "dark debris inside",
    "giant": "more than one nucleus",
    "spindle": "a shape twice as long as wide",
    "bare": "no vacuoles",
    "kidney": "a kidney-shaped nucleus in the middle",
    "dying": "a shrunken, dense nucleus",
}
"""The borderline traits, as people in labs call them."""
_OF_A_TRAIT: Mapping[str, tuple[str, ...]] = {
    "hp": (
        "It has {}, and counts here all the same.",
        "{}: here that is no reason to leave it out.",
        "Even with {}: it counts.",
    ),
    "hn": (
        "It has {}: that is why it is out.",
        "{}: that alone rules it out here.",
        "What decides is this: {}. We leave it out.",
    ),
    "fp": (
        "Next time: a macrophage with {} counts.",
        "Remember: {} does not rule a macrophage out here.",
        "Go on counting macrophages with {}.",
    ),
    "fn": (
        "Next time: leave out a macrophage with {}.",
        "Remember: {} rules a macrophage out here.",
        "Never count macrophages with {} in this lab.",
    ),
}
_OF_OTHERS: Mapping[str, tuple[str, ...]] = {
    "hn:least": ("It is too small for us.", "Its size decides: too small to count here."),
    "hn:decoy": ("That is no macrophage at all.", "It is something else, not a macrophage."),
    "hp:plain": ("An ordinary macrophage.", "Nothing odd about it: a plain macrophage."),
    "fn:least": ("Next time: nothing below {} µm across counts.", "Remember our least size: {} µm across."),
    "fp:least": ("Remember: no cell is too small for us.", "Size does not matter here: we have no least size."),
}
_LABELS: Mapping[str, tuple[str, ...]] = {
    "yes": ("This one counts.", "In this lab it counts."),
    "no": ("This one does not count.", "Here it does not count."),
}
_JUDGED: Mapping[tuple[bool, str], tuple[str, ...]] = {
    (True, "yes"): ("Right: it counts.", "Well seen, it counts."),
    (True, "no"): ("Right: it does not count.", "Well seen, it does not count."),
    (False, "yes"): ("Wrong: it counts.", "Not so: it counts."),
    (False, "no"): ("Wrong: it does not count.", "Not so: it does not count."),
}


def remark(atoms: Sequence[Atom], kind: str, wording: Sequence[int], right: bool | None = None) -> str:
    """What is said of a cell.

    Args:
        atoms: its content, as `selftrain.envs.lab.day.Day.feedback` has it; without any, nothing is said.
        kind: "verbal", or "label" for the bare label.
        wording: numbers that choose it; the same numbers, the same wording.
        right: whether the answer that it is about was right; None for a question.
    """
    if not atoms:
        return ""
    if kind == "label":
        return f"Label: {atoms[0].about}."
    rng = np.random.default_rng([stable_key("wording of a remark"), *wording])
    return "Senior: " + " ".join(_said(atom, right, rng) for atom in atoms)


def rule(atom: Atom) -> str:
    """A rule ("fp" or "fn") as a protocol has it."""
    if atom.about != "least":
        return f"Macrophages with {FEATURES[atom.about]} {'are counted' if atom.kind == 'fp' else 'are not counted'}."
    return f"Nothing below {atom.least} µm across is counted." if atom.least else "There is no least size."


def _said(atom: Atom, right: bool | None, rng: np.random.Generator) -> str:
    if atom.kind == "r":
        wordings = _LABELS[atom.about] if right is None else _JUDGED[right, atom.about]
    elif atom.about in FEATURES:
        wordings = _OF_A_TRAIT[atom.kind]
    else:
        wordings = _OF_OTHERS[f"{atom.kind}:{atom.about}"]
    said = wordings[rng.integers(len(wordings))].format(FEATURES.get(atom.about, atom.least))
    return said[0].upper() + said[1:]
