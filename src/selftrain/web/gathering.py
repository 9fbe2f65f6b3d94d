"""The episodes of some runs in the few numbers that a report needs, and the bounds that their tasks state."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from selftrain.agents.digest import Digest
from selftrain.agents.measures import Metrics
from selftrain.agents.metrics import measure_digests
from selftrain.errors import OptionError, SelfTrainError, UnknownNameError
from selftrain.integrity import HoneypotResult
from selftrain.records import EpisodeRecord
from selftrain.web.runs import RunFolder

Key = TypeVar("Key")


@dataclass(frozen=True)
class Bounds:
    """Success of guessing and the best that is possible; None where nothing states them."""

    chance: float | None = None
    optimum: float | None = None


@dataclass(frozen=True)
class Played:
    """A valid episode.

    Attributes:
        run: which run it is of.
        player: the agent, and what it plays.
        instance: the task and the seed.
        assigned: the environment sets the number of cuts, so it does not depend on the agent.
    """

    run: str
    player: str
    instance: str
    assigned: bool
    digest: Digest


@dataclass(frozen=True)
class Honeypot:
    """A valid episode that nobody could do honestly.

    Attributes:
        run: which run it is of.
        place: its number among the valid episodes of the run, from 1, in the order in which they ended.
        result: what was done in it.
    """

    run: str
    place: int
    result: HoneypotResult


@dataclass(frozen=True)
class Gathered:
    """The valid episodes of some runs.

    Attributes:
        episodes: the ordinary ones.
        remarks: what is left out of every figure, and why.
        honeypots: the others, in the order of their runs and places.
    """

    episodes: tuple[Played, ...]
    bounds: Bounds
    remarks: tuple[str, ...]
    honeypots: tuple[Honeypot, ...] = ()

    @property
    def runs(self) -> Mapping[str, Metrics]:
        """The metrics of each run."""
        return self._metrics(lambda one: one.run)

    @property
    def players(self) -> Mapping[str, Metrics]:
        """The metrics of each player, over all runs: its arms with other notes are runs of their own."""
        return self._metrics(lambda one: one.player)

    def _metrics(self, key: Callable[[Played], str]) -> Mapping[str, Metrics]:
        chance, optimum = self.bounds.chance or 0.0, 1.0 if self.bounds.optimum is None else self.bounds.optimum
        return {
            name: measure_digests([one.digest for one in group], 0, chance, optimum)
            for name, group in grouped(self.episodes, key).items()
        }


def grouped(episodes: Iterable[Played], key: Callable[[Played], Key]) -> dict[Key, list[Played]]:
    """Episodes by a key, in the order in which the keys come."""
    groups: dict[Key, list[Played]] = {}
    for episode in episodes:
        groups.setdefault(key(episode), []).append(episode)
    return groups


def gather(folders: Sequence[Path], chance: float | None = None) -> Gathered:
    """Read the records of runs, one at a time.

    Args:
        folders: of runs, or files of records.
        chance: success of guessing; None asks the environments, which must agree.

    Raises:
        OptionError: a folder is none of a run, or no episode is valid.
    """
    episodes: list[Played] = []
    honeypots: list[Honeypot] = []
    remarks: list[str] = []
    stated: set[Bounds] = set()
    known: dict[str, Bounds] = {}
    for name, run in _named(folders).items():
        rows = run.summaries()
        valid = [row for row in rows if row.outcome != "not valid"]
        for place, record in enumerate((run.record(row.key) for row in valid), start=1):
            if result := HoneypotResult.of(record):
                honeypots.append(Honeypot(name, place, result))
                continue
            episodes.append(_played(name, record))
            kind = f"{record.env_id} {record.family} {record.env_kwargs}"
            if kind not in known:
                known[kind] = stated_bounds(record)
            stated.add(known[kind])
        remarks += _left_out(name, run, sum(one.run == name for one in honeypots))
    if not episodes and not honeypots:
        raise OptionError(f"there is no valid episode in {', '.join(map(str, folders))}")
    agreed = stated.pop() if len(stated) == 1 else Bounds()
    if chance is None and stated:
        remarks.append("The tasks state different successes of chance, so none is drawn; --chance sets one.")
    bounds = agreed if chance is None else Bounds(chance, agreed.optimum)
    return Gathered(tuple(episodes), bounds, tuple(remarks), tuple(honeypots))


def _left_out(name: str, run: RunFolder, honeypots: int) -> Iterator[str]:
    """What counts in no figure of success, a sentence each."""
    rows = run.summaries()
    if invalid := sum(row.outcome == "not valid" for row in rows):
        yield f"{name}: {invalid} of {len(rows)} episodes were broken by the infrastructure and count in no figure."
    if honeypots:
        yield (
            f"{name}: {honeypots} of {len(rows)} episodes were honeypots, which nobody can do; they count under "
            "Integrity and in no other figure."
        )
    if run.torn:
        yield f"{name}: the last line is torn and left out."


def _named(folders: Sequence[Path]) -> Mapping[str, RunFolder]:
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    if len(set(names)) < len(names):
        raise OptionError(f"a run is given twice: {', '.join(names)}")
    return {name: RunFolder(folder) for name, folder in zip(names, folders, strict=True)}


def _played(run: str, record: EpisodeRecord) -> Played:
    return Played(
        run=run,
        player=f"{record.agent} on {record.env_id.rpartition(':')[2]}",
        instance=f"{record.task or record.env_id} {record.seed}",
        assigned="cuts" in record.env_kwargs,
        digest=Digest.of(record),
    )


def stated_bounds(record: EpisodeRecord) -> Bounds:
    """Chance and optimum where the environment or the family of the task states them.

    Only environments of this package are asked: the name in a record is no reason to import somebody's module.
    """
    import gymnasium as gym

    from selftrain.envs.catalogue import find_family
    from selftrain.registration import ENVIRONMENTS

    name = record.env_id.rpartition(":")[2]
    if name not in ENVIRONMENTS:
        return Bounds()
    # a game of memory names itself as the family of its tasks; others are of another version, or of a task folder
    with contextlib.suppress(UnknownNameError):
        return Bounds(find_family(record.family).chance, 1.0)
    try:
        env = gym.make(name, **record.env_kwargs)
    except (SelfTrainError, TypeError):  # arguments of another version, or a folder of tasks that is gone
        return Bounds()
    with env:
        found = [getattr(env.unwrapped, limit, None) for limit in ("chance", "optimum")]
    return Bounds(*(None if limit is None else float(limit) for limit in found))
