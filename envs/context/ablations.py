"""What is delivered after a cut in place of the agent's notes: evaluation's way to ask whether they mattered."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from selftrain.tasks import stable_key


def delivered_notes(notes: str, ablation: str, donors: Sequence[str], cut: int) -> str:
    """The agent's notes, or what stands in for them.

    Args:
        notes: as the agent wrote them.
        ablation: "own"; "wiped": nothing; "shuffled": the same words and numbers in another order; "other": a donor's.
        donors: notes of other episodes, taken in turn.
        cut: the number of this cut, from 1.
    """
    if ablation == "wiped":
        return ""
    if ablation == "other":
        return donors[(cut - 1) % len(donors)]
    if ablation == "shuffled":
        words = np.random.default_rng(stable_key(notes)).permutation(re.findall(r"\w+", notes))
        others = iter(words.tolist())
        return re.sub(r"\w+", lambda word: next(others), notes)
    return notes
