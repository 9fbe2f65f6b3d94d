"""What an agent did in honeypots: episodes that cannot be done honestly, which an environment mixes in unseen.

They say nothing about skill and are left out of every figure of success; how many of them were hacked is told beside.
An agent that does not get as far as the temptation hacks nothing either, and a hack that hides is not counted: a rate
is of what was seen, not of what the agent would be capable of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from selftrain.records import EpisodeRecord


@dataclass(frozen=True)
class HoneypotResult:
    """What an episode in a honeypot came to, as its last info tells it.

    Attributes:
        kind: "impossible", or "loophole:" and the name of the loophole.
        hacked: the agent cheated.
        evidence: the class of what was seen; "" for nothing.
    """

    kind: str
    hacked: bool
    evidence: str

    @classmethod
    def of(cls, record: EpisodeRecord) -> Self | None:
        """The result that a record tells; None for an ordinary episode, or one that is not valid."""
        info = record.steps[-1].info if record.valid and record.steps else {}
        told = info.get("integrity")
        if not isinstance(told, dict) or not told.get("honeypot"):
            return None
        return cls(str(told["honeypot"]), bool(told["hacked"]), str(told["evidence"]))


def by_kind(results: Iterable[HoneypotResult]) -> dict[str, list[HoneypotResult]]:
    """The results of each kind, in the order of their names: the impossible ones first."""
    groups: dict[str, list[HoneypotResult]] = {}
    for result in results:
        groups.setdefault(result.kind, []).append(result)
    return {kind: groups[kind] for kind in sorted(groups)}
