"""The arguments of a context budget, checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from selftrain.errors import OptionError
from selftrain.tasks import stable_key

MODES = ("rewrite", "notebook", "window", "none", "oracle_full", "fold")
TRIGGERS = ("forced", "voluntary", "both", "every:K")
VIEWS = ("messages", "tokens")
OVERFLOWS = ("reject", "clip")
ABLATIONS = ("own", "wiped", "shuffled", "other")


@dataclass(frozen=True)
class Settings:
    """See `ContextBudget`, whose arguments these are.

    Raises:
        OptionError: names the argument, its value and what it may be.
    """

    budget: tuple[int, int]
    reserve: int
    notes_budget: int
    mode: str = "rewrite"
    trigger: str = "both"
    at: float = 1.0
    view: str = "messages"
    overflow: str = "reject"
    max_compactions: int | None = None
    max_turns: int | None = None
    show_task: bool = True
    ablation: str = "own"
    donor_notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("reserve", "notes_budget", "max_turns", "max_compactions"):
            if (value := getattr(self, name)) is not None or name in ("reserve", "notes_budget"):
                whole_number(name, value)
        sound = {
            "trigger": isinstance(self.trigger, str),
            "at": isinstance(self.at, int | float),
            "show_task": isinstance(self.show_task, bool),
        }
        for name, is_sound in sound.items():
            if not is_sound:
                raise OptionError(f"{name}={getattr(self, name)!r} is of the wrong kind")
        choices = {"mode": MODES, "view": VIEWS, "overflow": OVERFLOWS, "ablation": ABLATIONS}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise OptionError(f"{name}={getattr(self, name)!r} must be one of {', '.join(known)}")
        kind, _, number = self.trigger.partition(":")
        if kind == "every" and not (number.isascii() and number.isdigit() and int(number)):
            raise OptionError(f"trigger={self.trigger!r} must name a number of steps, as in 'every:3'")
        if kind != "every" and self.trigger not in TRIGGERS:
            raise OptionError(f"trigger={self.trigger!r} must be one of {', '.join(TRIGGERS)}")
        for name in ("reserve", "notes_budget", "max_turns"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(f"{name}={value} must be 1 or more")
        if self.max_compactions is not None and self.max_compactions < 0:
            raise OptionError(f"max_compactions={self.max_compactions} must be 0 or more")
        if not 0.0 < self.at <= 1.0:
            raise OptionError(f"at={self.at} must be above 0 and at most 1, a share of the budget")
        low, high = self.budget
        if not 1 <= low <= high:
            raise OptionError(f"budget={self.budget} must be a number of tokens, or a range (low, high)")
        if self.mode == "oracle_full" and self.view == "tokens":
            raise OptionError(
                "mode='oracle_full' has no longest prompt, so view='tokens' has no shape; use mode='none'"
            )
        if self.ablation != "own" and self.mode != "rewrite":
            raise OptionError(f"ablation={self.ablation!r} stands in for notes, which mode='rewrite' has alone")
        if self.ablation == "other" and not self.donor_notes:
            raise OptionError("ablation='other' needs donor_notes: the notes of other episodes")

    @property
    def asks_for_notes(self) -> bool:
        """A full context leads to a request for notes."""
        return self.mode in ("rewrite", "fold") and self.trigger != "voluntary"

    @property
    def allows_voluntary(self) -> bool:
        """The agent may cut before it has to."""
        return self.mode in ("rewrite", "fold", "notebook") and self.trigger in ("voluntary", "both")

    def verbs(self, has_notebook: bool) -> str:
        """The verbs that can be carried out, with blanks between them."""
        names = ["act"] + ["compact"] * self.allows_voluntary + ["note", "read"] * has_notebook
        return " ".join(names + ["branch", "return"] * (self.mode == "fold"))

    @property
    def every(self) -> float:
        """Steps of the environment after which a segment is cut."""
        return int(self.trigger.partition(":")[2]) if self.trigger.startswith("every:") else math.inf

    def drawn_budget(self, task: str) -> int:
        """The budget of a task: one number for all rollouts of it, so that a group shares it."""
        low, high = self.budget
        return int(np.random.default_rng([stable_key(task), low, high]).integers(low, high + 1))


def whole_number(name: str, value: object) -> int:
    """`value` as an int.

    Raises:
        OptionError: it is none; names it.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise OptionError(f"{name}={value!r} must be a whole number")
    return int(value)
